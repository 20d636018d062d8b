// SPDX-License-Identifier: Apache-2.0
// Searches, writers and folders at the same time: what was acknowledged is found by every
// search that begins later, pages neither repeat nor skip runs whose keys stand still, and the
// columns agree with the facts at the end. On PostgreSQL two servers share the database and
// fold against each other.
#include "core/search_internal.h"
#include "search_model.h"

#include <stdatomic.h>

enum { WRITERS = 3, RUNS = 60, STEPS = 40, STILL = 50, MOVERS = 5 };

typedef struct race {
    core_fix x;
    core *other; // PostgreSQL: a second server
    run runs[WRITERS][RUNS];
    run still[STILL];
    run movers[MOVERS];
    int64_t elsewhere; // a project
    atomic_int failures, writing;
} race;

typedef struct worker {
    race *r;
    core *core;
    int number;
    pthread_t thread;
} worker;

static void check(race *r, bool good, const char *what, const err *e) {
    if (good) return;
    print_error("%s: %d %s\n", what, e->code, e->msg);
    atomic_fetch_add(&r->failures, 1);
}

// How many runs have the tag with this value.
static size_t count(race *r, ctx *c, str key, str value) {
    static const int64_t zero = 0;
    err e = {0};
    search_page page = {0};
    search_node n = {
        .op = SEARCH_EQ, .field = {.domain = SEARCH_TAG, .key = key}, .text = value};
    bool ok = search_runs(
        c,
        &(search_query){
            .projects = &zero, .n_projects = 1, .view = VIEW_ALL, .where = &n, .max = 10},
        &page, &e);
    check(r, ok, "search", &e);
    return ok ? page.n : 1;
}

static void *writer(void *arg) {
    worker *w = arg;
    race *r = w->r;
    ctx c = r->x.c;
    c.core = w->core;
    c.a = arena_new();
    for (int i = 0; i < STEPS; i++) {
        err e = {0};
        char key[16], value[16];
        snprintf(key, sizeof key, "w%d", w->number);
        snprintf(value, sizeof value, "%d", i);
        kv tag = {str_of(key), str_of(value)};
        run_batch b = {.tags = &tag, .n_tags = 1};
        check(r, run_log(&c, r->runs[w->number][i % RUNS].id, &b, &e), "log", &e);
        // Found at once, and the value before no longer on this run.
        if (count(r, &c, tag.key, tag.value) != 1)
            check(r, false, "an acknowledged tag was not found", &e);
        arena_reset(c.a);
    }
    arena_free(c.a);
    atomic_fetch_sub(&r->writing, 1);
    return NULL;
}

static void *folder(void *arg) {
    worker *w = arg;
    while (atomic_load(&w->r->writing)) {
        err e = {0};
        search_pass p = {.c = w->core, .all = true};
        check(w->r, search_fold_pass(&p, &e), "fold", &e);
    }
    return NULL;
}

static size_t movers_in(race *r, ctx *c, int64_t project_number) {
    err e = {0};
    search_page page = {0};
    search_node n = {.op = SEARCH_EQ,
                     .field = {.domain = SEARCH_PARAM, .key = STR_K("mover")},
                     .text = STR_K("yes")};
    search_query q = {.projects = &project_number,
                      .n_projects = 1,
                      .view = VIEW_ALL,
                      .where = &n,
                      .max = 100};
    bool ok = search_runs(c, &q, &page, &e);
    check(r, ok, "search of movers", &e);
    return ok ? page.n : 0;
}

// Some runs go from project to project and back: each is always found, once, where it is.
static void *mover(void *arg) {
    worker *w = arg;
    race *r = w->r;
    ctx c = r->x.c;
    c.core = w->core;
    c.a = arena_new();
    for (int i = 0; i < STEPS; i++) {
        err e = {0};
        run now;
        bool there = i / MOVERS % 2 == 0;
        run_change to = {.has_project = true, .project = there ? r->elsewhere : 0};
        check(r, run_update(&c, r->movers[i % MOVERS].id, &to, &now, &e), "move", &e);
        size_t gone = (size_t)(there ? i % MOVERS + 1 : MOVERS - 1 - i % MOVERS);
        if (movers_in(r, &c, r->elsewhere) != gone || movers_in(r, &c, 0) != MOVERS - gone)
            check(r, false, "a moved run is not where it is", &e);
        arena_reset(c.a);
    }
    arena_free(c.a);
    return NULL;
}

// The runs that stand still, page by page, while everything else moves.
static void *reader(void *arg) {
    worker *w = arg;
    race *r = w->r;
    ctx c = r->x.c;
    c.core = w->core;
    c.a = arena_new();
    static const int64_t zero = 0;
    search_node n = {.op = SEARCH_EQ,
                     .field = {.domain = SEARCH_PARAM, .key = STR_K("still")},
                     .text = STR_K("yes")};
    search_sort by = {
        .field = {.domain = SEARCH_METRIC, .key = STR_K("m"), .which = SEARCH_LAST}};
    while (atomic_load(&r->writing)) {
        search_query q = {.projects = &zero,
                          .n_projects = 1,
                          .view = VIEW_ALL,
                          .where = &n,
                          .sort = &by,
                          .n_sort = 1,
                          .max = 7};
        size_t seen = 0;
        for (;;) {
            err e = {0};
            search_page page = {0};
            bool ok = search_runs(&c, &q, &page, &e);
            check(r, ok, "page", &e);
            for (size_t i = 0; ok && i < page.n; i++, seen++) {
                check(r, seen < STILL && id_eq(page.ids[i], r->still[seen].id),
                      "a page repeats or skips", &e);
            }
            if (!ok || !page.next.n) break;
            q.after = page.next;
        }
        if (seen != STILL) check(r, false, "not all that stands still was found", &(err){0});
        arena_reset(c.a);
    }
    arena_free(c.a);
    return NULL;
}

static void complain(void *arg, const char *what) {
    print_error("%s\n", what);
    ++*(int *)arg;
}

static void start(race *r, worker *w, core *on, int number, void *(*fn)(void *)) {
    *w = (worker){.r = r, .core = on, .number = number};
    thread_start(&w->thread, "race", 1 << 20, true, fn, w);
}

static void everybody_at_once(void **state) {
    (void)state;
    race *r = calloc(1, sizeof *r);
    err e;
    core_fix_open(&r->x);
    kv yes = {STR("still"), STR("yes")};
    for (int i = 0; i < STILL; i++) {
        point p = {.key = STR("m"), .value = i};
        run_batch b = {.params = &yes, .n_params = 1, .points = &p, .n_points = 1};
        r->still[i] = core_fix_run(&r->x, "still");
        OK(run_log(&r->x.c, r->still[i].id, &b, &e));
    }
    for (int w = 0; w < WRITERS; w++) {
        for (int i = 0; i < RUNS; i++) {
            r->runs[w][i] = core_fix_run(&r->x, "moving");
        }
    }
    kv mover_tag = {STR("mover"), STR("yes")};
    OK(project_create(&r->x.c, STR("elsewhere"), (str){0}, NULL, 0, &r->elsewhere, &e));
    for (int i = 0; i < MOVERS; i++) {
        run_batch b = {.params = &mover_tag, .n_params = 1};
        r->movers[i] = core_fix_run(&r->x, "mover");
        OK(run_log(&r->x.c, r->movers[i].id, &b, &e));
    }
    db *second = NULL;
    r->other = r->x.core;
    if (fix_pg) {
        db_config d = {.url = str_of(r->x.f.url)};
        OK(second = db_open(&d, &e));
        core_config c = {
            .db = second, .store = r->x.f.s, .artifact_root = STR("mlflow-artifacts:/")};
        OK(r->other = core_open(&c, "test", &e));
    }
    worker w[WRITERS + 4];
    atomic_store(&r->writing, WRITERS);
    for (int i = 0; i < WRITERS; i++) {
        start(r, &w[i], i % 2 ? r->other : r->x.core, i, writer);
    }
    start(r, &w[WRITERS], r->x.core, 0, folder);
    start(r, &w[WRITERS + 1], r->other, 0, folder);
    start(r, &w[WRITERS + 2], r->other, 0, reader);
    start(r, &w[WRITERS + 3], r->other, 0, mover);
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
        pthread_join(w[i].thread, NULL);
    }
    int bad = 0;
    OK(search_fold_all(r->x.core, &e));
    OK(search_check(r->x.core, complain, &bad, &e));
    assert_int_equal(bad, 0);
    assert_int_equal(atomic_load(&r->failures), 0);
    if (second) {
        core_close(r->other);
        db_close(second);
    }
    core_fix_close(&r->x);
    free(r);
}

// The real thread: quiet runs are folded within some seconds, busy ones stay marked and their
// stamps few.
static bool count_rows(db_tx *tx, void *arg, err *e) {
    static const db_query marks = {"test_marks",
                                   "SELECT count(*), count(DISTINCT run) FROM run_mark", false};
    db_rows *row = NULL;
    if (db_one(tx, &marks, &row, NULL, 0, e) != 1) return false;
    ((int64_t *)arg)[0] = db_i64(row, 0);
    ((int64_t *)arg)[1] = db_i64(row, 1);
    return true;
}

static void the_thread_folds(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    run quiet = core_fix_run(&x, "quiet"), busy = core_fix_run(&x, "busy");
    (void)quiet;
    search_folder *f = search_folder_start(x.core);
    int64_t n[2] = {0}, until = clock_mono_us() + 120000000, logged = 0;
    while (clock_mono_us() < until) {
        for (int i = 0; i < 10; i++) {
            kv t = {STR("t"), STR("v")};
            run_batch b = {.tags = &t, .n_tags = 1};
            OK(run_log(&x.c, busy.id, &b, &e));
            logged++;
        }
        OK(db_read(core_db(x.core), count_rows, n, &e));
        if (n[1] == 1 && n[0] < 12 && logged > 20) break; // quiet is folded, busy compacted
        usleep(5000);
    }
    search_folder_stop(f);
    assert_int_equal(n[1], 1);
    assert_true(clock_mono_us() < until);
    core_fix_close(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(everybody_at_once),
                                       cmocka_unit_test(the_thread_folds)};
    return core_fix_main("search_race", tests, sizeof tests / sizeof *tests);
}
