// SPDX-License-Identifier: Apache-2.0
// check: reads everything and names what is damaged: the engine's own check, events, series,
// search columns, objects.
#include "cli/findings.h"
#include "core/check.h"

#include <stdio.h>

static bool check_engine(cli_data *d, arena *a, findings *f, err *e) {
    str report;
    if (!db_integrity(d->db, a, &report, e)) return false;
    for (str line; str_split(&report, '\n', &line);) {
        if (str_trim(line).n) findings_bad(f, "database", arena_cstr(a, line));
    }
    return true;
}

static const char *counts_of(arena *a, const check_report *r, bool json) {
    return arena_printf(a,
                        json ? "\"events\":%llu,\"blocks\":%llu,\"consoles\":%llu,"
                               "\"objects\":%llu,\"bytes\":%llu"
                             : "%llu events, %llu blocks of points, %llu records of consoles, "
                               "%llu objects with %llu bytes",
                        (unsigned long long)r->events, (unsigned long long)r->blocks,
                        (unsigned long long)r->consoles, (unsigned long long)r->objects.objects,
                        (unsigned long long)r->objects.bytes)
        .p;
}

int cli_check(const cli_options *o, arena *a, cli_data *d) {
    err e = {0};
    findings f = findings_new(o, NULL, NULL);
    check_watch w = {.bad = findings_bad, .arg = &f};
    check_report r;
    if (!check_engine(d, a, &f, &e) || !core_check(d->core, o->deep.n > 0, &w, &r, &e)) {
        findings_free(&f);
        return cli_fail(&e);
    }
    if (r.objects.orphan_files && !f.json) {
        printf("%llu files that no record names (stemma gc removes them once they are old)\n",
               (unsigned long long)r.objects.orphan_files);
    }
    return findings_end(&f, counts_of(a, &r, f.json));
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
