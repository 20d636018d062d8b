// SPDX-License-Identifier: Apache-2.0
// Changing runs: state with end and reason, tags in the same transaction, moving to another
// project, and many at once.
#include "core_help.h"

static const int64_t zero = 0;

static size_t found_in(core_fix *x, int64_t project_number, const search_node *where) {
    err e;
    search_page page;
    search_query q = {.projects = &project_number,
                      .n_projects = 1,
                      .view = VIEW_ALL,
                      .where = where,
                      .max = 1000};
    OK(search_runs(&x->c, &q, &page, &e));
    return page.n;
}

static int64_t other_project(core_fix *x, const char *name) {
    err e;
    int64_t number;
    OK(project_create(&x->c, str_of(name), (str){0}, NULL, 0, &number, &e));
    return number;
}

static size_t events_of(core_fix *x, event_kind kind) {
    err e;
    event_query all = {.max = 1000};
    event_list out;
    size_t count = 0, sealed;
    OK(event_seal(x->core, &sealed, &e));
    OK(event_page(&x->c, &all, &out, &e));
    for (size_t i = 0; i < out.n; i++)
        count += out.v[i].kind == kind;
    return count;
}

static str tag_of(core_fix *x, id run_id, const char *key) {
    err e;
    kv *tags;
    size_t n;
    OK(run_attrs(&x->c, run_id, ATTR_TAG, &tags, &n, &e));
    for (size_t i = 0; i < n; i++) {
        if (str_is(tags[i].key, key)) return tags[i].value;
    }
    return (str){0};
}

static void states(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    run r = core_fix_run(x, "r"), now;
    run_change crash = {.has_status = true,
                        .status = RUN_CRASHED,
                        .has_end = true,
                        .end_if_open = true,
                        .end_ms = 77,
                        .reason = STR_K("no sign of life")};
    OK(run_update(&x->c, r.id, &crash, &now, &e));
    assert_true(now.status == RUN_CRASHED && now.has_end && now.end_ms == 77);
    OK(run_get(&x->c, r.id, &now, &e));
    assert_true(now.status == RUN_CRASHED && now.created_us > 0);
    SAME(now.reason, "no sign of life");
    assert_int_equal(events_of(x, EVENT_run_ended), 1);
    // an end that is there stays; the reason stays with the status
    crash.end_ms = 78;
    crash.reason = (str){0};
    OK(run_update(&x->c, r.id, &crash, &now, &e));
    assert_int_equal(now.end_ms, 77);
    SAME(now.reason, "no sign of life");
    // running again: no end, no reason
    run_change again = {.has_status = true, .status = RUN_RUNNING, .end_none = true};
    OK(run_update(&x->c, r.id, &again, &now, &e));
    assert_true(!now.has_end && !now.reason.p);
    OK(run_get(&x->c, r.id, &now, &e));
    assert_true(!now.has_end && !now.reason.p);
    core_fix_close(x);
}

static void tags_go_with_the_rest(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    run r = core_fix_run(x, "r"), now;
    kv set[] = {{STR_K("a"), STR_K("1")}, {STR_K("b"), STR_K("")}};
    run_change c = {.tags = set, .n_tags = 2, .has_name = true, .name = STR_K("new")};
    OK(run_update(&x->c, r.id, &c, &now, &e));
    SAME(tag_of(x, r.id, "a"), "1");
    SAME(tag_of(x, r.id, "b"), "");
    SAME(tag_of(x, r.id, RUN_NAME_TAG), "new");
    kv drop[] = {{STR_K("a"), {0}}, {STR_K("never"), {0}}, {STR_K(RUN_NAME_TAG), STR_K("by")}};
    c = (run_change){.tags = drop, .n_tags = 3};
    OK(run_update(&x->c, r.id, &c, &now, &e));
    assert_null(tag_of(x, r.id, "a").p);
    SAME(now.name, "by");
    SAME(tag_of(x, r.id, RUN_NAME_TAG), "by");
    // a project that is not there: nothing of the change is done
    kv more = {STR_K("c"), STR_K("3")};
    c = (run_change){
        .tags = &more, .n_tags = 1, .has_project = true, .project = 99, .has_name = true};
    c.name = STR("lost");
    FAILS(ERR_NOT_FOUND, run_update(&x->c, r.id, &c, &now, &e));
    assert_null(tag_of(x, r.id, "c").p);
    OK(run_get(&x->c, r.id, &now, &e));
    SAME(now.name, "by");
    OK(run_delete(&x->c, r.id, &e));
    c.has_project = false;
    FAILS(ERR_STATE, run_update(&x->c, r.id, &c, &now, &e));
    core_fix_close(x);
}

static void bad(void *arg, const char *what) {
    ++*(size_t *)arg;
    print_error("%s\n", what);
}

static void whole(core_fix *x) {
    err e;
    size_t n = 0;
    OK(search_check(x->core, bad, &n, &e));
    assert_int_equal(n, 0);
}

// Every way of folding between the moves; each run is found once, where it is.
static void moves(void **state) {
    (void)state;
    for (int folds = 0; folds < 8; folds++) {
        core_fix own, *x = &own;
        core_fix_open(x);
        err e;
        int64_t two = other_project(x, "two");
        run stay = core_fix_run(x, "stay"), r = core_fix_run(x, "go"), now;
        search_node loss = {.op = SEARCH_EQ,
                            .field = {.domain = SEARCH_METRIC, .key = STR_K("loss")},
                            .number = 0.5};
        core_fix_log(x, r.id, "loss", 1, 0.5);
        if (folds & 1) OK(search_fold_all(x->core, &e));
        assert_int_equal(found_in(x, 0, &loss), 1);
        run_change there = {.has_project = true, .project = two},
                   back = {.has_project = true, .project = 0};
        OK(run_update(&x->c, r.id, &there, &now, &e));
        assert_int_equal(now.project, two);
        whole(x);
        if (folds & 2) OK(search_fold_all(x->core, &e));
        assert_int_equal(found_in(x, 0, NULL), 1);
        assert_int_equal(found_in(x, 0, &loss), 0);
        assert_int_equal(found_in(x, two, &loss), 1);
        // and what is logged there is found there
        core_fix_log(x, r.id, "acc", 1, 1);
        core_fix_log(x, stay.id, "loss", 1, 0.5);
        OK(run_update(&x->c, r.id, &back, &now, &e));
        if (folds & 4) OK(search_fold_all(x->core, &e));
        whole(x);
        assert_int_equal(found_in(x, 0, &loss), 2);
        assert_int_equal(found_in(x, two, NULL), 0);
        OK(run_update(&x->c, stay.id, &there, &now, &e));
        uint64_t n;
        OK(search_rebuild(x->core, &n, &e));
        assert_int_equal(found_in(x, 0, &loss), 1);
        assert_int_equal(found_in(x, two, &loss), 1);
        whole(x);
        assert_int_equal(events_of(x, EVENT_run_moved), 3);
        SAME(now.artifact_uri, arena_cstr(x->c.a, stay.artifact_uri));
        core_fix_close(x);
    }
}

// Moved and not folded when the columns are dropped: the slot it left becomes another run's.
static void rebuild_forgets_left_slots(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    int64_t two = other_project(x, "two");
    run r[4], now;
    for (int i = 0; i < 4; i++)
        r[i] = core_fix_run(x, "r");
    OK(search_fold_all(x->core, &e));
    run_change there = {.has_project = true, .project = two};
    OK(run_update(&x->c, r[0].id, &there, &now, &e));
    uint64_t n;
    OK(search_rebuild(x->core, &n, &e));
    OK(search_fold_all(x->core, &e));
    assert_int_equal(found_in(x, 0, NULL), 3);
    assert_int_equal(found_in(x, two, NULL), 1);
    whole(x);
    core_fix_close(x);
}

static void not_into_the_bin(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    int64_t two = other_project(x, "two");
    run r = core_fix_run(x, "r"), now;
    OK(project_delete(&x->c, two, &e));
    run_change there = {.has_project = true, .project = two};
    FAILS(ERR_STATE, run_update(&x->c, r.id, &there, &now, &e));
    there.project = 12345;
    FAILS(ERR_NOT_FOUND, run_update(&x->c, r.id, &there, &now, &e));
    there.project = zero; // where it is: fine, and nothing happens
    OK(run_update(&x->c, r.id, &there, &now, &e));
    assert_int_equal(events_of(x, EVENT_run_moved), 0);
    core_fix_close(x);
}

static void many(void **state) {
    (void)state;
    core_fix own, *x = &own;
    core_fix_open(x);
    err e;
    enum { N = 2 * RUN_BULK + 7 };
    static id ids[N];
    static str failed[N];
    for (int i = 0; i < N; i++)
        ids[i] = core_fix_run(x, "r").id;
    OK(run_delete(&x->c, ids[3], &e));
    ids[150] = id_new();
    kv tag = {STR_K("t"), STR_K("1")};
    run_change c = {.tags = &tag, .n_tags = 1};
    OK(run_bulk(&x->c, RUN_DO_CHANGE, &c, ids, N, failed, &e));
    for (int i = 0; i < N; i++) {
        assert_true(!failed[i].p == (i != 3 && i != 150));
        if (!failed[i].p) SAME(tag_of(x, ids[i], "t"), "1");
    }
    OK(run_bulk(&x->c, RUN_DO_DELETE, NULL, ids, N, failed, &e));
    assert_true(!failed[3].p && failed[150].p);
    run r;
    OK(run_get(&x->c, ids[N - 1], &r, &e));
    assert_true(r.life == LIFE_DELETED);
    OK(run_bulk(&x->c, RUN_DO_RESTORE, NULL, ids, N, failed, &e));
    assert_true(!failed[3].p && failed[150].p);
    assert_int_equal(found_in(x, 0, NULL), N);
    core_fix_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(states),
                                       cmocka_unit_test(tags_go_with_the_rest),
                                       cmocka_unit_test(moves),
                                       cmocka_unit_test(rebuild_forgets_left_slots),
                                       cmocka_unit_test(not_into_the_bin),
                                       cmocka_unit_test(many)};
    return core_fix_main("run_change", tests, sizeof tests / sizeof *tests);
}
