// SPDX-License-Identifier: Apache-2.0
// Numbers in texts, durations, groups of runs, and what keys runs have: folded, not folded, and
// half of each.
#include "core_help.h"

#include "core/search_internal.h"

#include <math.h>

static const int64_t zero = 0;

#define PARAM(k) ((search_field){.domain = SEARCH_PARAM, .key = STR_K(k)})
#define NUMBER(k)                                                                              \
    ((search_field){.domain = SEARCH_PARAM, .which = SEARCH_AS_NUMBER, .key = STR_K(k)})
#define METRIC(k) ((search_field){.domain = SEARCH_METRIC, .key = STR_K(k)})
#define ATTR(w)   ((search_field){.domain = SEARCH_ATTRIBUTE, .which = (w)})

static id add(core_fix *x, const char *lr, const char *opt, double loss) {
    err e;
    run r;
    kv params[2];
    size_t n = 0;
    if (lr) params[n++] = (kv){STR("lr"), str_of(lr)};
    if (opt) params[n++] = (kv){STR("opt"), str_of(opt)};
    run_new new = {.name = STR_K("r"),
                   .user = STR_K("u"),
                   .has_start = true,
                   .start_ms = 1000,
                   .params = params,
                   .n_params = n};
    OK(run_create(&x->c, &new, &r, &e));
    if (loss != -1) core_fix_log(x, r.id, "loss", 1, loss);
    return r.id;
}

static search_page find(core_fix *x, const search_node *where, const search_sort *sort,
                        size_t n_sort) {
    err e;
    search_page page;
    search_query q = {.projects = &zero,
                      .n_projects = 1,
                      .view = VIEW_ACTIVE,
                      .where = where,
                      .sort = sort,
                      .n_sort = n_sort,
                      .max = 100};
    OK(search_runs(&x->c, &q, &page, &e));
    return page;
}

// The names of texts that are numbers, in three states of the index.
static void texts_as_numbers(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    static const char *const texts[] = {"10",   "9",  "1e1", "adam", "nan",
                                        "-inf", " 3", "",    NULL};
    enum { N = sizeof texts / sizeof *texts };
    id ids[N];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; round == 0 && i < N; i++)
            ids[i] = add(x, texts[i], NULL, -1);
        if (round == 1) OK(search_fold_all(x->core, &e));
        search_node n = {.op = SEARCH_GE, .field = NUMBER("lr"), .number = 9.5};
        assert_int_equal(find(x, &n, NULL, 0).n, 2);
        n.op = SEARCH_NE;
        n.number = 10;
        assert_int_equal(find(x, &n, NULL, 0).n, 2); // 9, -inf
        n.op = SEARCH_IS_NULL;
        assert_int_equal(find(x, &n, NULL, 0).n, N - 5);
        search_node text = {.op = SEARCH_GE, .field = PARAM("lr"), .text = STR_K("9")};
        assert_int_equal(find(x, &text, NULL, 0).n, 3); // 9, adam, nan
        // numbers by value, then texts, then what is missing
        search_sort sort[] = {{NUMBER("lr"), false}, {PARAM("lr"), false}};
        static const int want[] = {5, 1, 0, 2, 4, 7, 6, 3, 8};
        search_page page = find(x, NULL, sort, 2);
        assert_int_equal(page.n, N);
        for (int i = 0; i < N; i++)
            assert_true(id_eq(page.ids[i], ids[want[i]]));
        if (round == 1) core_fix_log(x, ids[2], "m", 1, 1); // one is marked again
    }
    core_fix_close(x);
}

static void durations(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    id ids[4];
    run now;
    for (int i = 0; i < 4; i++)
        ids[i] = add(x, NULL, NULL, -1); // began at 1,000 ms
    for (int i = 0; i < 2; i++) {
        run_change end = {.has_status = true,
                          .status = RUN_FINISHED,
                          .has_end = true,
                          .end_ms = 2500 + i * 9000};
        OK(run_update(&x->c, ids[i], &end, &now, &e));
    }
    run_change no_end = {.has_status = true, .status = RUN_FAILED};
    OK(run_update(&x->c, ids[2], &no_end, &now, &e));
    for (int round = 0; round < 2; round++) {
        search_node n = {.op = SEARCH_EQ, .field = ATTR(SEARCH_DURATION), .number = 1.5};
        search_page page = find(x, &n, NULL, 0);
        assert_true(page.n == 1 && id_eq(page.ids[0], ids[0]));
        n.op = SEARCH_GT;
        n.number = 1e6; // the one that runs since 1970
        page = find(x, &n, NULL, 0);
        assert_true(page.n == 1 && id_eq(page.ids[0], ids[3]));
        n.op = SEARCH_IS_NULL;
        page = find(x, &n, NULL, 0);
        assert_true(page.n == 1 && id_eq(page.ids[0], ids[2]));
        search_sort sort = {ATTR(SEARCH_DURATION), true};
        page = find(x, NULL, &sort, 1);
        assert_true(id_eq(page.ids[0], ids[3]) && id_eq(page.ids[1], ids[1]));
        assert_true(id_eq(page.ids[2], ids[0]) && id_eq(page.ids[3], ids[2]));
        OK(search_fold_all(x->core, &e));
    }
    core_fix_close(x);
}

// ---- groups --------------------------------------------------------------------------------
static search_group *groups(core_fix *x, const search_field *by, size_t n_by,
                            const search_field *of, size_t n_of, size_t *n) {
    err e;
    search_group *out;
    search_groups_query q = {.runs = {.projects = &zero, .n_projects = 1, .view = VIEW_ACTIVE},
                             .by = by,
                             .n_by = n_by,
                             .of = of,
                             .n_of = n_of};
    OK(search_groups(&x->c, &q, &out, n, NULL, &e));
    return out;
}

static bool near(double a, double b) {
    return fabs(a - b) < 1e-12;
}

static void statistics(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    add(x, "0.1", "adam", 1);
    add(x, "0.2", "adam", 3);
    add(x, "x", "adam", NAN);
    add(x, "0.5", "sgd", 7);
    add(x, NULL, NULL, INFINITY);
    for (int round = 0; round < 3; round++) {
        size_t n;
        search_field by = PARAM("opt"), of[] = {METRIC("loss"), NUMBER("lr")};
        search_group *g = groups(x, &by, 1, of, 2, &n);
        assert_int_equal(n, 3);
        SAME(g[0].by[0], "adam");
        assert_int_equal(g[0].runs, 3);
        assert_true(g[0].of[0].n == 2 && near(g[0].of[0].mean, 2));
        assert_true(near(g[0].of[0].deviation, sqrt(2)) && near(g[0].of[0].max, 3));
        assert_true(g[0].of[1].n == 2 && near(g[0].of[1].mean, 0.15));
        SAME(g[1].by[0], "sgd");
        assert_true(g[1].of[0].n == 1 && isnan(g[1].of[0].deviation));
        assert_null(g[2].by[0].p);
        assert_true(isinf(g[2].of[0].mean) && g[2].of[1].n == 0);
        // nothing to group by: all runs are one group; two fields: pairs
        g = groups(x, NULL, 0, of, 1, &n);
        assert_true(n == 1 && g[0].runs == 5 && g[0].of[0].n == 4);
        search_field two[] = {ATTR(SEARCH_STATUS), NUMBER("lr")};
        g = groups(x, two, 2, NULL, 0, &n);
        assert_int_equal(n, 4);
        SAME(g[0].by[0], "RUNNING");
        assert_true(g[0].runs == 2 && !g[0].by[1].p);
        SAME(g[1].by[1], "0.1");
        if (round == 0) OK(search_fold_all(x->core, &e));
        if (round == 1) {
            run r;
            search_page page = find(x, NULL, NULL, 0);
            run_change name = {.has_name = true, .name = STR_K("again")};
            OK(run_update(&x->c, page.ids[1], &name, &r, &e));
        }
    }
    core_fix_close(x);
}

static void groups_have_limits(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    search_group *out;
    size_t n;
    bool more;
    add(x, "1", "a", 1);
    search_field by[SEARCH_MAX_BY + 1], set = {.domain = SEARCH_DATASET},
                                        name = ATTR(SEARCH_NAME);
    for (size_t i = 0; i <= SEARCH_MAX_BY; i++)
        by[i] = PARAM("opt");
    search_groups_query q = {.runs = {.projects = &zero, .n_projects = 1, .view = VIEW_ACTIVE},
                             .by = by,
                             .n_by = SEARCH_MAX_BY + 1};
    FAILS(ERR_INVALID, search_groups(&x->c, &q, &out, &n, &more, &e));
    q.n_by = 1;
    q.by = &set;
    FAILS(ERR_INVALID, search_groups(&x->c, &q, &out, &n, &more, &e));
    q.by = by;
    q.of = &name;
    q.n_of = 1;
    FAILS(ERR_INVALID, search_groups(&x->c, &q, &out, &n, &more, &e));
    q.n_of = 0;
    q.prefix = STR("b");
    OK(search_groups(&x->c, &q, &out, &n, &more, &e));
    assert_true(n == 0 && !more);
    core_fix_close(x);
}

static bool insert_runs(db_tx *tx, void *arg, err *e) {
    static const db_query insert = {
        "test_run_insert",
        "INSERT INTO run (ws, run, project, name, user_name, status, life, artifact_uri,"
        " created_us) VALUES ($1, $2, 0, $3, '', 1, 0, '', 1)",
        false};
    core_fix *x = arg;
    for (int i = 0; i <= SEARCH_MAX_GROUPS; i++) {
        id r = id_new();
        str name = arena_printf(db_tx_arena(tx), "n%d", i);
        if (!db_push(tx, &insert, e, DB_I64(WORKSPACE_DEFAULT), DB_ID(r), DB_TEXT(name)) ||
            !search_mark(tx, x->core, WORKSPACE_DEFAULT, 0, r, e))
            return false;
    }
    return true;
}

// One more than there may be: an error that says so, or a part.
static void too_many_groups(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    search_group *out;
    size_t n;
    bool more;
    OK(db_write(core_db(x->core), insert_runs, x, &e));
    search_field by = ATTR(SEARCH_NAME);
    search_groups_query q = {.runs = {.projects = &zero, .n_projects = 1, .view = VIEW_ACTIVE},
                             .by = &by,
                             .n_by = 1};
    FAILS(ERR_TOO_LARGE, search_groups(&x->c, &q, &out, &n, &more, &e));
    q.cut = true;
    OK(search_groups(&x->c, &q, &out, &n, &more, &e));
    assert_true(n == SEARCH_MAX_GROUPS && more);
    // and names of a large project are read from some of it
    search_names_page page;
    OK(search_names(&x->c, 0, SEARCH_TAG, (str){0}, &page, &e));
    assert_true(!page.all && page.looked_at <= SEARCH_NAME_RUNS + 32);
    assert_true(page.looked_at > SEARCH_NAME_RUNS / 2);
    core_fix_close(x);
}

// ---- names ---------------------------------------------------------------------------------
static void names(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    search_names_page page;
    OK(search_names(&x->c, 0, SEARCH_PARAM, (str){0}, &page, &e));
    assert_true(page.n == 0 && page.all && page.looked_at == 0);
    for (int i = 0; i < 70; i++)
        add(x, i % 2 ? "1" : NULL, "adam", i < 3 ? 1 : -1);
    OK(search_names(&x->c, 0, SEARCH_PARAM, (str){0}, &page, &e));
    assert_true(page.n == 2 && page.all && page.looked_at == 70);
    SAME(page.names[0].key, "lr");
    assert_true(page.names[0].runs == 35 && page.names[1].runs == 70);
    OK(search_names(&x->c, 0, SEARCH_METRIC, (str){0}, &page, &e));
    assert_true(page.n == 1 && page.names[0].runs == 3);
    OK(search_names(&x->c, 0, SEARCH_PARAM, STR("op"), &page, &e));
    assert_int_equal(page.n, 1);
    OK(search_names(&x->c, 7, SEARCH_TAG, (str){0}, &page, &e));
    assert_int_equal(page.n, 0);
    core_fix_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_as_numbers), cmocka_unit_test(durations),
        cmocka_unit_test(statistics),       cmocka_unit_test(groups_have_limits),
        cmocka_unit_test(too_many_groups),  cmocka_unit_test(names)};
    return core_fix_main("search_group", tests, sizeof tests / sizeof *tests);
}
