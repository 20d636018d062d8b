// SPDX-License-Identifier: Apache-2.0
// check: reads everything and names what is damaged: the engine's own check, events, series,
// search columns, objects.
#include "cli/cli_internal.h"
#include "core/console.h"
#include "core/event.h"
#include "core/search.h"
#include "core/series.h"

#include <stdio.h>

#define SHOWN_MAX 100 // findings printed; all are counted

void cli_found(cli_findings *f, const char *where, const char *what) {
    if (f->n++ < SHOWN_MAX && !f->quiet) printf("damaged: %s: %s\n", where, what);
}

static void bad_object(void *arg, sha256 digest, const char *what) {
    char hex[SHA256_HEX], where[SHA256_HEX + 8];
    sha256_hex(digest, hex);
    snprintf(where, sizeof where, "object %s", hex);
    cli_found(arg, where, what);
}

static void bad_run(void *arg, id run_id, const char *what) {
    char hex[ID_HEX], where[ID_HEX + 8];
    id_hex(run_id, hex);
    snprintf(where, sizeof where, "run %s", hex);
    cli_found(arg, where, what);
}

static void bad_search(void *arg, const char *what) {
    cli_found(arg, "search columns (stemma rebuild mends them)", what);
}

static void bad_event(void *arg, int64_t ws, int64_t number, const char *what) {
    char where[64];
    snprintf(where, sizeof where, "event %lld of workspace %lld", (long long)number,
             (long long)ws);
    cli_found(arg, where, what);
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
    uint64_t blocks = 0, events = 0, consoles = 0;
    store_report objects = {0};
    if (!check_engine(d, a, &f, &e) || !event_check(d->core, bad_event, &f, &events, &e) ||
        !series_check(d->core, bad_run, &f, &blocks, &e) ||
        !console_check(d->core, bad_run, &f, &consoles, &e) ||
        !search_check(d->core, bad_search, &f, &e) ||
        !store_check(d->store, o->deep.n > 0, bad_object, &f, &objects, &e))
        return cli_fail(&e);
    if (objects.orphan_files && !f.quiet) {
        printf("%llu files that no record names (stemma gc removes them once they are old)\n",
               (unsigned long long)objects.orphan_files);
    }
    printf(f.quiet ? "{\"whole\":%s,\"damaged\":%llu,\"events\":%llu,\"blocks\":%llu,"
                     "\"consoles\":%llu,\"objects\":%llu,\"bytes\":%llu}\n"
                   : "%s: %llu damaged; %llu events, %llu blocks of points, %llu records of "
                     "consoles, %llu objects with %llu bytes\n",
           f.quiet ? (f.n ? "false" : "true") : (f.n ? "not whole" : "whole"),
           (unsigned long long)f.n, (unsigned long long)events, (unsigned long long)blocks,
           (unsigned long long)consoles, (unsigned long long)objects.objects,
           (unsigned long long)objects.bytes);
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
