// SPDX-License-Identifier: Apache-2.0
// rebuild, gc, version: small commands over core.
#include "cli/cli_internal.h"
#include "core/gc.h"
#include "core/search.h"
#include "core/series.h"

#include <stdio.h>

typedef unsigned long long ull;

int cmd_rebuild(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    uint64_t series = 0, runs = 0;
    if (!cli_data_there(o, a, &e) || !cli_open(o, a, false, &d, &e)) return cli_fail(&e);
    bool ok = series_rebuild(d.core, &series, &e) && search_rebuild(d.core, &runs, &e);
    cli_close(&d);
    if (!ok) return cli_fail(&e);
    if (o->json.n)
        printf("{\"series\":%llu,\"runs\":%llu}\n", (ull)series, (ull)runs);
    else
        printf("mended the summaries of %llu series, rebuilt the search columns of %llu runs\n",
               (ull)series, (ull)runs);
    return CLI_OK;
}

static int gc_undo_last(const cli_options *o, core *c) {
    err e = {0};
    gc_undone u;
    if (!gc_undo(c, &u, &e)) return cli_fail(&e);
    printf(o->json.n ? "{\"runs\":%llu,\"models\":%llu,\"projects\":%llu,\"rows\":%llu,"
                       "\"missing\":%llu}\n"
                     : "brought back %llu runs, %llu logged models and %llu projects to the "
                       "bin (%llu rows); %llu "
                       "of their files are gone for good\n",
           (ull)u.runs, (ull)u.models, (ull)u.projects, (ull)u.rows, (ull)u.missing);
    return CLI_OK;
}

static void print_gc(const gc_report *r, const gc_options *g) {
    const store_freed *f = &r->objects;
    printf("%s %llu runs, %llu logged models and %llu projects with %llu files (%llu bytes)\n",
           g->dry ? "would free" : "freed", (ull)r->runs, (ull)r->models, (ull)r->projects,
           (ull)r->files, (ull)r->file_bytes);
    printf("stored files that nothing names: %llu (%llu bytes) %s now, %llu (%llu bytes) "
           "removed for good, %llu (%llu bytes) kept until their hold is over\n",
           (ull)f->objects, (ull)f->bytes, g->dry ? "to be set aside" : "set aside",
           (ull)f->removed, (ull)f->removed_bytes, (ull)f->waiting, (ull)f->waiting_bytes);
}

static void print_gc_json(const gc_report *r, const gc_options *g) {
    const store_freed *f = &r->objects;
    printf("{\"dry_run\":%s,\"runs\":%llu,\"models\":%llu,\"projects\":%llu,\"files\":%llu,"
           "\"file_bytes\":%llu,"
           "\"objects\":%llu,\"bytes\":%llu,\"removed\":%llu,\"removed_bytes\":%llu,"
           "\"waiting\":%llu,\"waiting_bytes\":%llu}\n",
           g->dry ? "true" : "false", (ull)r->runs, (ull)r->models, (ull)r->projects,
           (ull)r->files, (ull)r->file_bytes, (ull)f->objects, (ull)f->bytes, (ull)f->removed,
           (ull)f->removed_bytes, (ull)f->waiting, (ull)f->waiting_bytes);
}

static int gc_run(const cli_options *o, core *c) {
    err e = {0};
    gc_report r;
    gc_options g = {.dry = o->dry_run.n > 0};
    cli_seconds(o->older_than, &g.older_us);
    cli_seconds(o->hold, &g.hold_us);
    g.older_us *= 1000000;
    g.hold_us *= 1000000;
    if (!gc_bin(c, &g, &r, &e)) return cli_fail(&e);
    (o->json.n ? print_gc_json : print_gc)(&r, &g);
    return CLI_OK;
}

int cmd_gc(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    if (!cli_data_there(o, a, &e) || !cli_open(o, a, false, &d, &e)) return cli_fail(&e);
    int code = o->undo.n ? gc_undo_last(o, d.core) : gc_run(o, d.core);
    cli_close(&d);
    return code;
}

int cmd_version(const cli_options *o, arena *a) {
    (void)a;
    if (o->json.n)
        printf("{\"version\":\"%s\"}\n", STEMMA_VERSION);
    else
        printf("stemma %s\n", STEMMA_VERSION);
    return CLI_OK;
}
