// SPDX-License-Identifier: Apache-2.0
// b_load: the load generator. One command measures one thing over the public API, reads back
// what was acknowledged and prints the result; the parts are in load/. bench/run.py calls it
// for Stemma and for its peer.
#include "load/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(const load_options *o, arena *a, report *r);
    const char *doc;
} commands[] = {
    {"points", cmd_points,
     "log-batch, then every acknowledged point is read back and compared"},
    {"ingest", cmd_ingest,
     "the same in bulk: --batch points of --keys series a request, in the compact form"},
    {"charts", cmd_charts, "--keys series of --run, as ingest made them, drawn in one request"},
    {"runs", cmd_runs, "create runs, then find each of them once"},
    {"moves", cmd_moves, "move one alias from all connections, then find each move once, in one order"},
    {"search", cmd_search, "pages of runs/search in --experiment, to the last byte"},
    {"history", cmd_history, "the whole history of --run and --key, page after page"},
    {"interval", cmd_interval, "the sampled points of --run and --key for a chart"},
    {"up", cmd_up, "one artifact of --size bytes up"},
    {"down", cmd_down, "the artifact --path down"},
    {"files", cmd_files, "many artifacts of --size bytes, then all of them back"},
    {"idle", cmd_idle, "hold connections open"},
    {"follow", cmd_follow, "event streams held open while projects are created"},
    {"fill", cmd_fill, "--runs runs of many columns through the API"},
    {"fill-peer", cmd_fill_peer, "the same runs straight into an MLflow server's SQLite file"},
    {"series-peer", cmd_series_peer, "one series of --count points straight into it"},
    {"history-peer", cmd_history_peer, "--runs runs with --count points each straight into it"},
    {"sink", cmd_sink, "a server that throws everything away: shows what the generator can"},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

typedef enum kind { TEXT, NUMBER, FLAG } kind;
static const struct option {
    const char *name;
    kind kind;
    const char *fallback, *doc;
    size_t offset;
} options[] = {
#define ROW(name, kind, fallback, doc)                                                         \
    {#name, kind, fallback, doc, offsetof(load_options, name)},
    LOAD_OPTIONS(ROW)};
#define N_OPTIONS (sizeof options / sizeof *options)

static int usage(const char *problem) {
    if (problem) fprintf(stderr, "b_load: %s\n", problem);
    printf("usage: b_load COMMAND [--option value]...\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        printf("  %-14s %s\n", commands[i].name, commands[i].doc);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        printf("  --%-14s %s%s%s%s\n", options[i].name, options[i].doc,
               *options[i].fallback ? " [" : "", options[i].fallback,
               *options[i].fallback ? "]" : "");
    }
    return 2;
}

static bool set(load_options *o, const struct option *p, const char *value) {
    char *at = (char *)o + p->offset;
    int64_t n;
    switch (p->kind) {
    case TEXT: *(const char **)(void *)at = value; return true;
    case FLAG: *(bool *)at = *value; return true;
    case NUMBER:
        if (!str_to_i64(str_of(value), &n) || n < 0) return false;
        *(int64_t *)(void *)at = n;
        return true;
    }
    return false;
}

// "--skip-readback" names skip_readback.
static const struct option *find(const char *word) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *a = word + 2, *b = options[i].name;
        while (*a && (*a == *b || (*a == '-' && *b == '_')))
            a++, b++;
        if (!*a && !*b) return &options[i];
    }
    return NULL;
}

static const char *parse(int argc, char **argv, load_options *o) {
    for (size_t i = 0; i < N_OPTIONS; i++)
        set(o, &options[i], options[i].fallback);
    for (int i = 2; i < argc; i++) {
        const struct option *p = strncmp(argv[i], "--", 2) ? NULL : find(argv[i]);
        if (!p || (p->kind != FLAG && i + 1 == argc)) return argv[i];
        if (!set(o, p, p->kind == FLAG ? "1" : argv[++i])) return argv[i];
    }
    if (o->conns < 1 || o->threads < 1 || o->threads > 64 || o->keys < 1 || o->batch < 1 ||
        o->size < 1)
        return "conns, threads, keys, batch and size are at least 1";
    if (o->threads > o->conns) o->threads = o->conns;
    return NULL;
}

int main(int argc, char **argv) {
    load_options o;
    report r;
    const char *wrong = argc < 2 ? "which command?" : parse(argc, argv, &o);
    if (wrong) return usage(wrong);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name)) continue;
        arena *a = arena_new();
        report_init(&r, a);
        int status = commands[i].run(&o, a, &r);
        if (status || commands[i].run != cmd_idle) report_print(&r, o.json);
        buf_free(&r.json);
        buf_free(&r.text);
        arena_free(a);
        return status;
    }
    return usage(argv[1]);
}
