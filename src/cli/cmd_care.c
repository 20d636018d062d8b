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

int cmd_gc(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    gc_report r;
    int64_t older = 0;
    bool dry = o->dry_run.n > 0;
    cli_seconds(o->older_than, &older);
    if (!cli_data_there(o, a, &e) || !cli_open(o, a, false, &d, &e)) return cli_fail(&e);
    bool ok = gc_bin(d.core, older * 1000000, dry, &r, &e);
    cli_close(&d);
    if (!ok) return cli_fail(&e);
    if (o->json.n) {
        printf(
            "{\"dry_run\":%s,\"runs\":%llu,\"models\":%llu,\"objects\":%llu,\"bytes\":%llu}\n",
            dry ? "true" : "false", (ull)r.runs, (ull)r.models, (ull)r.objects.objects,
            (ull)r.objects.bytes);
    } else {
        printf("%s %llu runs and %llu logged models; %llu stored files with %llu bytes\n",
               dry ? "would free" : "freed", (ull)r.runs, (ull)r.models, (ull)r.objects.objects,
               (ull)r.objects.bytes);
    }
    return CLI_OK;
}

int cmd_version(const cli_options *o, arena *a) {
    (void)a;
    if (o->json.n)
        printf("{\"version\":\"%s\"}\n", STEMMA_VERSION);
    else
        printf("stemma %s\n", STEMMA_VERSION);
    return CLI_OK;
}
