// SPDX-License-Identifier: Apache-2.0
// What the tests of core/ share: a whole core over a database and a content folder of its own,
// without background threads.
#ifndef STEMMA_TESTS_CORE_HELP_H
#define STEMMA_TESTS_CORE_HELP_H

#include "store_help.h"

#include "core/artifact.h"
#include "core/check.h"
#include "core/event.h"
#include "core/gc.h"
#include "core/input.h"
#include "core/model.h"
#include "core/project.h"
#include "core/run.h"
#include "core/schema.h"
#include "core/search.h"
#include "core/series.h"

typedef struct core_fix {
    fix f; // its own migration is not used: see core_fix_open
    core *core;
    ctx c;
} core_fix;

// Opens (again) what lies in x->f.
static inline void core_fix_start(core_fix *x) {
    err e;
    db_config d = {.url = str_of(x->f.url)};
    OK(x->f.db = db_open(&d, &e));
    OK(core_migrate(x->f.db, "test", &e));
    OK(x->f.s = store_open(x->f.db, str_of(x->f.dir), &e));
    core_config c = {
        .db = x->f.db, .store = x->f.s, .artifact_root = STR("mlflow-artifacts:/")};
    OK(x->core = core_open(&c, "test", &e));
    x->c = (ctx){.core = x->core,
                 .a = arena_new(),
                 .ws = WORKSPACE_DEFAULT,
                 .user = STR("tester"),
                 .proven = true,
                 .maintains = true};
}

static inline void core_fix_place(core_fix *x) {
    *x = (core_fix){.f = {.top = "/tmp/stemma-t-core-XXXXXX"}};
    if (!mkdtemp(x->f.top)) fail_msg("mkdtemp");
    snprintf(x->f.dir, sizeof x->f.dir, "%s/content", x->f.top);
    fix_url(&x->f);
}

static inline void core_fix_open(core_fix *x) {
    core_fix_place(x);
    core_fix_start(x);
}

// Opens data that `fill` wrote when migration `last` was the newest.
static inline void core_fix_open_old(core_fix *x, int last,
                                     bool (*fill)(db_tx *tx, void *arg, err *e), void *arg) {
    err e;
    size_t n = 0;
    core_fix_place(x);
    db_config config = {.url = str_of(x->f.url)};
    db *d;
    OK(d = db_open(&config, &e));
    while (n < schema_migrations_n && schema_migrations[n].number <= last)
        n++;
    OK(db_migrate(d, schema_migrations, n, "old", &e));
    OK(db_write(d, fill, arg, &e));
    db_close(d);
    core_fix_start(x);
}

static inline void core_fix_close(core_fix *x) {
    arena_free(x->c.a);
    core_close(x->core);
    fix_close(&x->f);
}

// CORE_TEST(name) { ... }: a test with a core x of its own.
static inline void core_fix_with(void (*test)(core_fix *x)) {
    core_fix x;
    core_fix_open(&x);
    test(&x);
    core_fix_close(&x);
}
#define CORE_TEST(name)                                                                        \
    static void body_##name(core_fix *x);                                                      \
    static void name(void **state) {                                                           \
        (void)state;                                                                           \
        core_fix_with(body_##name);                                                            \
    }                                                                                          \
    static void body_##name(core_fix *x)

// A run in the Default project.
static inline run core_fix_run(core_fix *x, const char *name) {
    err e;
    run r;
    run_new n = {
        .name = str_of(name), .user = STR("u"), .has_start = true, .start_ms = 1700000000000};
    OK(run_create(&x->c, &n, &r, &e));
    return r;
}

// A logged model in the Default project.
static inline id core_fix_model(core_fix *x) {
    err e;
    model m;
    model_new n = {.name = STR("m")};
    OK(model_create(&x->c, &n, &m, &e));
    return m.id;
}

static inline void core_fix_bad(void *arg, const char *where, const char *what) {
    snprintf(arg, 200, "%s: %s", where, what);
}

// What core_check names, the last of it; empty: all is whole.
static inline str core_fix_checked(core_fix *x) {
    err e;
    char found[200] = "";
    check_report report;
    check_watch w = {.bad = core_fix_bad, .arg = found};
    OK(core_check(x->core, false, &w, &report, &e));
    return arena_str(x->c.a, str_of(found));
}

static inline void core_fix_log(core_fix *x, id run_id, const char *key, int64_t step,
                                double value) {
    err e;
    point p = {
        .key = str_of(key), .step = step, .time_ms = 1700000000000 + step, .value = value};
    run_batch b = {.points = &p, .n_points = 1};
    OK(run_log(&x->c, run_id, &b, &e));
}

#define FAILS(want, call)                                                                      \
    do {                                                                                       \
        e = (err){0};                                                                          \
        if (call) fail_msg("%s:%d: %s was to fail", __FILE__, __LINE__, #call);                \
        if (e.code != (want))                                                                  \
            fail_msg("%s:%d: %s: %d %s", __FILE__, __LINE__, #call, e.code, e.msg);            \
    } while (0)

#define SAME(got, want) assert_string_equal(arena_cstr(x->c.a, (got)), (want))

// No hot query of `all` may read a whole table, nor have `nor` in its plan (NULL: anything else).
static inline void core_fix_no_scans(core_fix *x, const db_query *all, size_t n,
                                     const char *nor) {
    const char *const bad[] = {"SCAN", "Seq Scan", nor};
    for (size_t i = 0; i < n; i++) {
        str plan;
        err e;
        if (!all[i].hot) continue;
        OK(db_explain(x->f.db, &all[i], x->c.a, &plan, &e));
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            if (bad[j] && str_find_str(plan, str_of(bad[j]), 0) != SIZE_MAX)
                fail_msg("%s: %s:\n%.*s", all[i].name, bad[j], STR_F(plan));
        }
    }
}

// Runs the tests on SQLite, and on PostgreSQL when STEMMA_TEST_PG names one.
static inline int core_fix_main(const char *name, const struct CMUnitTest *tests, size_t n) {
    log_set_level(LOG_ERROR);
    int failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
    fix_pg = getenv("STEMMA_TEST_PG");
    return failed + (fix_pg ? _cmocka_run_group_tests(name, tests, n, NULL, NULL) : 0);
}

#endif
