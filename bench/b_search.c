// SPDX-License-Identifier: Apache-2.0
// What a search costs in core, without HTTP:
//
//   b_search [runs=100000] [url=sqlite:...|postgresql://...] [repeats=50]
//
// Fills one project with runs of 100 metrics, 50 parameters and 50 tags (unless the database
// has it already), packs and folds them, and then times for each of five queries: the first
// time (columns are built), the page of 100 runs (search alone, and all that the runs hold),
// a page 50 pages behind the first, and a page of 200 in the middle
// (skip). Without a url the data lies in
// ./b_search.data, which is kept for the next time.
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "core/project.h"
#include "core/run.h"
#include "core/search.h"
#include "core/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { METRICS = 100, PARAMS = 50, TAGS = 50, BATCH = 100, PAGE = 100, DEEP = 50 };

typedef struct bench {
    db *d;
    store *s;
    core *c;
    ctx x;
    int64_t project, runs;
    int repeats;
    uint64_t seed;
    int64_t from, made; // of the fill
} bench;

static void fail(const char *what, const err *e) {
    fprintf(stderr, "%s: %s\n", what, e->msg);
    exit(1);
}

static uint64_t next(bench *b) {
    b->seed ^= b->seed << 13;
    b->seed ^= b->seed >> 7;
    b->seed ^= b->seed << 17;
    return b->seed >> 11;
}

// ---- the fill ------------------------------------------------------------------------------
static const db_query add_run = {"bench.run",
                                 "INSERT INTO run (ws, run, project, name, user_name, status, "
                                 "life, start_ms, artifact_uri, created_us)"
                                 " VALUES ($1, $2, $3, $4, 'bench', 3, 0, $5, $6, $7)",
                                 false};
static const db_query add_attr = {
    "bench.attr",
    "INSERT INTO attr (ws, owner, kind, key, type, text) VALUES ($1, $2, $3, $4, 1, $5)",
    false};

static bool add_texts(bench *b, db_tx *tx, id run_id, attr_kind kind, int n, err *e) {
    for (int i = 0; i < n; i++) {
        char key[16], value[40];
        snprintf(key, sizeof key, "%s_%02d", kind == ATTR_PARAM ? "param" : "tag", i);
        // Every fifth is a number of its own, others are one of a few words.
        if (i % 5 == 4)
            snprintf(value, sizeof value, "%.6f", (double)(next(b) % 1000000) / 1e6);
        else
            snprintf(value, sizeof value, "value-%d", (int)(next(b) % 8));
        if (!db_push(tx, &add_attr, e, DB_I64(WORKSPACE_DEFAULT), DB_ID(run_id), DB_I64(kind),
                     DB_TEXT(str_of(key)), DB_TEXT(str_of(value))))
            return false;
    }
    return true;
}

static bool add_points(bench *b, db_tx *tx, id run_id, err *e) {
    point p[METRICS];
    char keys[METRICS][16];
    for (int i = 0; i < METRICS; i++) {
        snprintf(keys[i], sizeof keys[i], "metric_%02d", i);
        p[i] = (point){.key = str_of(keys[i]),
                       .time_ms = 1700000000000,
                       .value = (double)(next(b) % 1000000) / 1e6};
    }
    return series_append(tx, b->c, WORKSPACE_DEFAULT, run_id,
                         series_record(db_tx_arena(tx), p, METRICS), e);
}

static bool add_batch(db_tx *tx, void *arg, err *e) {
    bench *b = arg;
    for (int i = 0; i < BATCH; i++) {
        id run_id = id_new();
        char name[40], uri[60];
        snprintf(name, sizeof name, "run-%lld", (long long)(b->made + i));
        snprintf(uri, sizeof uri, "mlflow-artifacts:/1/%lld/artifacts",
                 (long long)(b->made + i));
        if (!db_push(tx, &add_run, e, DB_I64(WORKSPACE_DEFAULT), DB_ID(run_id),
                     DB_I64(b->project), DB_TEXT(str_of(name)),
                     DB_I64(1700000000000 + b->made + i), DB_TEXT(str_of(uri)),
                     DB_I64(clock_now_us())) ||
            !add_texts(b, tx, run_id, ATTR_PARAM, PARAMS, e) ||
            !add_texts(b, tx, run_id, ATTR_TAG, TAGS, e) || !add_points(b, tx, run_id, e) ||
            !search_mark(tx, b->c, WORKSPACE_DEFAULT, b->project, run_id, e))
            return false;
    }
    return true;
}

static void fill(bench *b) {
    err e = {0};
    project p;
    if (project_by_name(&b->x, STR("bench"), &p, &e)) {
        b->project = p.number;
        return;
    }
    e = (err){0};
    if (!project_create(&b->x, STR("bench"), (str){0}, NULL, 0, &b->project, &e))
        fail("project", &e);
    int64_t from = clock_mono_us();
    for (b->made = 0; b->made < b->runs; b->made += BATCH) {
        if (!db_write(b->d, add_batch, b, &e)) fail("fill", &e);
    }
    printf("filled %lld runs in %.1f s\n", (long long)b->runs,
           (double)(clock_mono_us() - from) / 1e6);
    from = clock_mono_us();
    if (!series_pack_all(b->c, &e)) fail("pack", &e);
    printf("packed in %.1f s\n", (double)(clock_mono_us() - from) / 1e6);
}

// ---- the queries ---------------------------------------------------------------------------
#define METRIC(k)                                                                              \
    { .domain = SEARCH_METRIC, .which = SEARCH_LAST, .key = STR_K(k) }
#define PARAM(k)                                                                               \
    { .domain = SEARCH_PARAM, .key = STR_K(k) }
#define TAG(k)                                                                                 \
    { .domain = SEARCH_TAG, .key = STR_K(k) }
static search_node metric = {.op = SEARCH_GT, .field = METRIC("metric_10"), .number = 0.3};
static search_node param = {
    .op = SEARCH_EQ, .field = PARAM("param_03"), .text = STR_K("value-5")};
static search_node like = {
    .op = SEARCH_LIKE, .field = PARAM("param_14"), .text = STR_K("0.1%7%")};
static search_node ilike = {.op = SEARCH_ILIKE, .field = TAG("tag_09"), .text = STR_K("%99%")};
static search_node tag = {.op = SEARCH_NE, .field = TAG("tag_21"), .text = STR_K("value-1")};
static search_node match = {
    .op = SEARCH_MATCH, .field = TAG("tag_33"), .text = STR_K("^value-[1-4]$")};
static search_node both = {.op = SEARCH_AND, .left = &metric, .right = &param};
static search_node either = {.op = SEARCH_OR, .left = &metric, .right = &param};
static search_node liked = {.op = SEARCH_AND, .left = &metric, .right = &like};
static search_node iliked = {.op = SEARCH_AND, .left = &ilike, .right = &metric};
static search_node tagged = {.op = SEARCH_AND, .left = &both, .right = &tag};
static search_node matched = {.op = SEARCH_AND, .left = &match, .right = &both};
static const search_sort by_metric = {.field = METRIC("metric_77"), .descending = true};

static const struct {
    const char *name;
    const search_node *where;
} queries[] = {{"everything", NULL},         {"metric and param", &both},
               {"metric or param", &either}, {"with LIKE", &liked},
               {"with ILIKE", &iliked},      {"with a tag", &tagged},
               {"with a regex", &matched}};

typedef struct sink {
    json_writer *w;
    buf *b;
    size_t values;
} sink;

// About what a dialect does with a view.
static bool render(void *arg, const run_view *v, err *e) {
    (void)e;
    sink *s = arg;
    for (size_t i = 0; i < v->n_metrics; i++) {
        buf_str(s->b, v->metrics[i].key);
        buf_u64(s->b, (uint64_t)v->metrics[i].last.step);
    }
    for (size_t i = 0; i < v->n_params; i++) {
        buf_str(s->b, v->params[i].value);
    }
    for (size_t i = 0; i < v->n_tags; i++) {
        buf_str(s->b, v->tags[i].value);
    }
    s->values += v->n_metrics + v->n_params + v->n_tags;
    return true;
}

static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void percentiles(int64_t *t, int n, const char *what) {
    qsort(t, (size_t)n, sizeof *t, by_value);
    printf("  %s p50 %.2f p95 %.2f ms", what, (double)t[n / 2] / 1e3,
           (double)t[n * 95 / 100] / 1e3);
}

typedef struct place { // of a page
    str after;
    size_t skip, max;
} place;

static search_page page_of(bench *b, const search_node *where, place p) {
    err e = {0};
    search_page page;
    search_query q = {.projects = &b->project,
                      .n_projects = 1,
                      .view = VIEW_ACTIVE,
                      .where = where,
                      .sort = &by_metric,
                      .n_sort = 1,
                      .after = p.after,
                      .skip = p.skip,
                      .max = p.max};
    if (!search_runs(&b->x, &q, &page, &e)) fail("search", &e);
    return page;
}

static void time_pages(bench *b, const search_node *where, place at, const char *what) {
    int64_t *search_us = ARENA_ARRAY(b->x.a, int64_t, (size_t)b->repeats),
            *view_us = ARENA_ARRAY(b->x.a, int64_t, (size_t)b->repeats), cpu = 0, view_cpu = 0;
    buf out = BUF_MAX(64 << 20);
    sink s = {.b = &out};
    err e = {0};
    search_page page = {0};
    for (int i = 0; i < b->repeats; i++) {
        int64_t from = clock_mono_us(), cpu_from = cpu_us();
        page = page_of(b, where, at);
        int64_t mid = clock_mono_us();
        cpu += cpu_us() - cpu_from;
        cpu_from = cpu_us();
        buf_clear(&out);
        s.values = 0;
        if (!search_views(&b->x, page.ids, page.n, render, &s, &e)) fail("views", &e);
        search_us[i] = mid - from;
        view_us[i] = clock_mono_us() - mid;
        view_cpu += cpu_us() - cpu_from;
    }
    printf("  %-5s %3zu runs %5zu values", what, page.n, s.values);
    percentiles(search_us, b->repeats, "search");
    percentiles(view_us, b->repeats, "views");
    printf("  CPU %.2f + %.2f ms\n", (double)cpu / b->repeats / 1e3,
           (double)view_cpu / b->repeats / 1e3);
    buf_free(&out);
}

static void measure(bench *b, const char *name, const search_node *where) {
    const place first = {.max = PAGE};
    int64_t from = clock_mono_us();
    search_page page = page_of(b, where, first);
    printf("%s (first time %.1f ms)\n", name, (double)(clock_mono_us() - from) / 1e3);
    time_pages(b, where, first, "first");
    for (int i = 0; i < DEEP && page.next.n; i++) {
        page = page_of(b, where, (place){.after = page.next, .max = PAGE});
    }
    if (page.next.n) time_pages(b, where, (place){.after = page.next, .max = PAGE}, "deep");
    time_pages(b, where, (place){.skip = page.total / 2, .max = 2 * PAGE}, "half");
    arena_reset(b->x.a);
}

static void open_all(bench *b, str url) {
    err e = {0};
    db_config d = {.url = url};
    if (!(b->d = db_open(&d, &e)) || !core_migrate(b->d, "bench", &e)) fail("open", &e);
    if (!(b->s = store_open(b->d, STR("b_search.data"), &e))) fail("store", &e);
    core_config c = {.db = b->d, .store = b->s};
    if (!(b->c = core_open(&c, "bench", &e))) fail("core", &e);
    b->x = (ctx){.core = b->c, .a = arena_new(), .ws = WORKSPACE_DEFAULT, .user = STR("bench")};
}

int main(int argc, char **argv) {
    bench b = {.runs = 100000, .repeats = 50, .seed = 88172645463325252};
    str url = STR("sqlite:b_search.data/bench.db");
    err e = {0};
    for (int i = 1; i < argc; i++) {
        str a = str_of(argv[i]);
        int64_t v = 0;
        if (str_starts(a, STR("url=")))
            url = str_from(a, 4);
        else if (str_starts(a, STR("runs=")) && str_to_i64(str_from(a, 5), &v))
            b.runs = v;
        else if (str_starts(a, STR("repeats=")) && str_to_i64(str_from(a, 8), &v) && v > 0)
            b.repeats = (int)v;
        else
            return fprintf(stderr, "b_search: unknown argument %s\n", argv[i]), 2;
    }
    log_set_level(LOG_WARN);
    mkdir("b_search.data", 0700);
    open_all(&b, url);
    fill(&b);
    int64_t from = clock_mono_us();
    if (!search_fold_all(b.c, &e)) fail("fold", &e);
    printf("folded in %.2f s\n", (double)(clock_mono_us() - from) / 1e6);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        measure(&b, queries[i].name, queries[i].where);
    }
    arena_free(b.x.a);
    core_close(b.c);
    store_close(b.s);
    db_close(b.d);
    return 0;
}
