// SPDX-License-Identifier: Apache-2.0
// check: reads everything and names what is damaged: the engine's own check, events, series,
// search columns, objects.
#include "cli/cli_internal.h"
#include "core/check.h"

#include <stdio.h>

#define SHOWN_MAX 100 // findings printed; all are counted

void cli_found(void *findings, const char *where, const char *what) {
    cli_findings *f = findings;
    if (f->n++ < SHOWN_MAX && !f->quiet) printf("damaged: %s: %s\n", where, what);
}

static bool check_engine(cli_data *d, arena *a, cli_findings *f, err *e) {
    str report;
    if (!db_integrity(d->db, a, &report, e)) return false;
    for (str line; str_split(&report, '\n', &line);) {
        if (str_trim(line).n) cli_found(f, "database", arena_cstr(a, line));
    }
    return true;
}

int cli_check(const cli_options *o, arena *a, cli_data *d) {
    err e = {0};
    cli_findings f = {.quiet = o->json.n > 0};
    check_watch w = {.bad = cli_found, .arg = &f};
    check_report r;
    if (!check_engine(d, a, &f, &e) || !core_check(d->core, o->deep.n > 0, &w, &r, &e))
        return cli_fail(&e);
    if (r.objects.orphan_files && !f.quiet) {
        printf("%llu files that no record names (stemma gc removes them once they are old)\n",
               (unsigned long long)r.objects.orphan_files);
    }
    printf(f.quiet ? "{\"whole\":%s,\"damaged\":%llu,\"events\":%llu,\"blocks\":%llu,"
                     "\"consoles\":%llu,\"objects\":%llu,\"bytes\":%llu}\n"
                   : "%s: %llu damaged; %llu events, %llu blocks of points, %llu records of "
                     "consoles, %llu objects with %llu bytes\n",
           f.quiet ? (f.n ? "false" : "true") : (f.n ? "not whole" : "whole"),
           (unsigned long long)f.n, (unsigned long long)r.events, (unsigned long long)r.blocks,
           (unsigned long long)r.consoles, (unsigned long long)r.objects.objects,
           (unsigned long long)r.objects.bytes);
    return f.n ? CLI_UNSOUND : CLI_OK;
}

int cmd_check(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    if (o->n_words) return cmd_check_backup(o, a);
    if (!cli_data_there(o, a, &e) || !cli_open(o, a, false, &d, &e)) return cli_fail(&e);
    int code = cli_check(o, a, &d);
    cli_close(&d);
    return code;
}
