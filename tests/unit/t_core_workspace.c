// SPDX-License-Identifier: Apache-2.0
// Workspaces: their life, and that nothing of one is seen from another: projects, runs, logged
// models, repos, versions, files, events, and the objects that all of them share.
#include "core_help.h"

#include "core/content.h"
#include "core/content_sql.h"
#include "core/repo.h"
#include "core/workspace.h"
#include "core/workspace_sql.h"

static workspace_row make(core_fix *x, const char *name) {
    err e;
    workspace_row w;
    OK(workspace_create(&x->c, str_of(name), STR("about"), &w, &e));
    return w;
}

static ctx within(core_fix *x, const workspace_row *w) {
    ctx c = x->c;
    c.ws = w->number;
    return c;
}

CORE_TEST(a_workspace_lives) {
    err e;
    workspace_row w, *v;
    size_t n;
    int64_t number;
    bool several;
    OK(workspace_several(x->core, &several, &e));
    assert_false(several);
    workspace_row team = make(x, "team"), other = make(x, "other");
    assert_true(team.number > WORKSPACE_DEFAULT && other.number > team.number);
    OK(workspace_several(x->core, &several, &e));
    assert_true(several);
    for (int cached = 0; cached < 2; cached++) {
        OK(workspace_find(x->core, STR("team"), &number, &e));
        assert_int_equal(number, team.number);
    }
    OK(workspace_find(x->core, STR("default"), &number, &e));
    assert_int_equal(number, WORKSPACE_DEFAULT);
    OK(workspace_find(x->core, STR("none"), &number, &e));
    assert_int_equal(number, WORKSPACE_NONE);
    OK(workspace_page(&x->c, NULL, (str){0}, 2, &v, &n, &e));
    assert_int_equal(n, 2);
    SAME(v[0].name, "default");
    SAME(v[1].name, "other");
    OK(workspace_page(&x->c, NULL, STR("other"), 2, &v, &n, &e));
    assert_int_equal(n, 1);
    OK(workspace_describe(&x->c, STR("team"), STR("new"), &w, &e));
    OK(workspace_get(&x->c, NULL, STR("team"), &w, &e));
    SAME(w.description, "new");
    OK(workspace_delete(&x->c, STR("team"), &e));
    FAILS(ERR_NOT_FOUND, workspace_get(&x->c, NULL, STR("team"), &w, &e));
    FAILS(ERR_NOT_FOUND, workspace_delete(&x->c, STR("team"), &e));
    OK(workspace_find(x->core, STR("team"), &number, &e));
    assert_int_equal(number, WORKSPACE_NONE);
    assert_true(make(x, "team").number > other.number); // numbers do not come again
}

CORE_TEST(names_that_are_refused) {
    static const char *const bad[] = {"", "a", "-a", "a-", "A1", "a.b", "a/b", "a b", "#2",
                                      "api", "workspaces", "default"};
    char longest[WORKSPACE_NAME_MAX + 2];
    err e;
    workspace_row w;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(ERR_INVALID, workspace_create(&x->c, str_of(bad[i]), (str){0}, &w, &e));
    memset(longest, 'a', sizeof longest);
    FAILS(ERR_INVALID, workspace_create(&x->c, str_n(longest, WORKSPACE_NAME_MAX + 1),
                                        (str){0}, &w, &e));
    OK(workspace_create(&x->c, str_n(longest, WORKSPACE_NAME_MAX), (str){0}, &w, &e));
    FAILS(ERR_EXISTS, workspace_create(&x->c, w.name, (str){0}, &w, &e));
    FAILS(ERR_INVALID, workspace_delete(&x->c, STR("default"), &e));
}

// Each has its own Default project and its own numbers and names, and files below its own root.
CORE_TEST(each_has_its_own) {
    err e;
    project p;
    workspace_row team = make(x, "team");
    ctx c = within(x, &team);
    int64_t here, there;
    OK(project_get(&c, 0, &p, &e));
    SAME(p.name, "Default");
    SAME(p.artifact_location, "mlflow-artifacts:/workspaces/team/0");
    OK(project_create(&x->c, STR("digits"), (str){0}, NULL, 0, &here, &e));
    OK(project_create(&c, STR("digits"), (str){0}, NULL, 0, &there, &e));
    assert_int_equal(here, there);
    OK(project_get(&c, there, &p, &e));
    SAME(p.artifact_location, "mlflow-artifacts:/workspaces/team/1");
    OK(project_delete(&c, there, &e));
    OK(project_get(&x->c, here, &p, &e));
    assert_int_equal(p.life, LIFE_ACTIVE);
}

CORE_TEST(nothing_is_seen_from_another) {
    err e;
    run r;
    model m;
    repo got;
    workspace_row team = make(x, "team");
    ctx c = within(x, &team);
    run mine = core_fix_run(x, "mine");
    id logged = core_fix_model(x);
    repo_new n = {.name = STR("bot"), .kind = REPO_MODEL};
    OK(repo_create(&x->c, &n, &got, &e));
    FAILS(ERR_NOT_FOUND, run_get(&c, mine.id, &r, &e));
    FAILS(ERR_NOT_FOUND, model_get(&c, logged, &m, &e));
    FAILS(ERR_NOT_FOUND, repo_get(&c, STR("bot"), &got, &e));
    FAILS(ERR_NOT_FOUND, repo_by_id(&c, got.id, &got, &e));
    run_batch b = {0};
    point p = {.key = STR("k"), .time_ms = 1, .value = 1};
    b.points = &p;
    b.n_points = 1;
    FAILS(ERR_NOT_FOUND, run_log(&c, mine.id, &b, &e));
    int64_t last;
    OK(event_last(&c, &last, &e));
    assert_int_equal(last, 0);
    OK(repo_create(&c, &n, &got, &e)); // the same name, there
}

CORE_TEST(only_an_empty_one_is_deleted) {
    err e;
    repo r;
    run made;
    int64_t number;
    workspace_row runs = make(x, "runs"), repos = make(x, "repos"), projects = make(x, "projects");
    ctx c = within(x, &runs);
    run_new n = {.name = STR("r"), .user = STR("u")};
    OK(run_create(&c, &n, &made, &e));
    OK(run_delete(&c, made.id, &e)); // in the bin it is still there
    FAILS(ERR_STATE, workspace_delete(&x->c, STR("runs"), &e));
    c = within(x, &repos);
    repo_new rn = {.name = STR("bot"), .kind = REPO_MODEL};
    OK(repo_create(&c, &rn, &r, &e));
    FAILS(ERR_STATE, workspace_delete(&x->c, STR("repos"), &e));
    OK(repo_delete(&c, STR("bot"), STR("old"), &e));
    OK(workspace_delete(&x->c, STR("repos"), &e));
    c = within(x, &projects);
    OK(project_create(&c, STR("p"), (str){0}, NULL, 0, &number, &e));
    FAILS(ERR_STATE, workspace_delete(&x->c, STR("projects"), &e));
    made = (run){0};
    c = within(x, &repos);
    FAILS(ERR_NOT_FOUND, run_create(&c, &n, &made, &e)); // its Default project is gone
}

// ---- objects --------------------------------------------------------------------------------

static sha256 put(core_fix *x, const char *text) {
    err e;
    store_item i = {.p = text, .n = strlen(text), .digest = sha256_of(text, strlen(text))};
    OK(store_put_many(x->f.s, &i, 1, &e));
    return i.digest;
}

static bool sees(ctx *c, sha256 d) {
    err e;
    bool may;
    OK(content_seen(c, &d, 1, &may, &e));
    return may;
}

static sha256 tree_of(ctx *c, sha256 d, size_t size) {
    err e;
    sha256 tree;
    tree_sum sum;
    tree_change change = {.file = {.path = STR("f"), .size = size, .digest = d}};
    OK(content_edit(c, NULL, &change, 1, &tree, &sum, &e));
    return tree;
}

static bool run_query(db_tx *tx, void *arg, err *e) {
    return db_change(tx, *(const db_query **)arg, NULL, 0, e) >= 0;
}

static bool test_do(core_fix *x, const db_query *q) {
    err e;
    return db_write(x->f.db, run_query, &q, &e);
}

CORE_TEST(objects_are_known_where_they_are_used) {
    err e;
    sha256 d = put(x, "secret weights"), tree;
    int64_t size;
    tree_sum sum;
    content sealed;
    version v;
    repo bot;
    assert_true(sees(&x->c, d)); // one workspace: nothing to keep apart
    workspace_row team = make(x, "team"), other = make(x, "other");
    ctx c = within(x, &team), o = within(x, &other);
    assert_false(sees(&c, d) || sees(&o, d) || sees(&x->c, d));
    OK(content_find(&c, &d, 1, &size, &e));
    assert_int_equal(size, -1);
    tree_change change = {.file = {.path = STR("f"), .size = 14, .digest = d}};
    FAILS(ERR_NOT_FOUND, content_edit(&c, NULL, &change, 1, &tree, &sum, &e));
    OK(content_sent(&c, &d, 1, &e));
    assert_true(sees(&c, d) && !sees(&o, d) && !sees(&x->c, d));
    OK(content_find(&c, &d, 1, &size, &e));
    assert_int_equal(size, 14);
    tree = tree_of(&c, d, 14);
    assert_true(sees(&c, tree) && !sees(&o, tree));
    FAILS(ERR_NOT_FOUND, content_measure(&o, tree, &sum, &e));
    OK(content_measure(&c, tree, &sum, &e));
    OK(content_seal_tree(&c, REPO_MODEL, tree, &sum, &sealed, &e));
    repo_new n = {.name = STR("bot"), .kind = REPO_MODEL};
    OK(repo_create(&c, &n, &bot, &e));
    version_new vn = {.content = &sealed};
    OK(version_create(&c, STR("bot"), &vn, &v, &e));
    // What was sent is forgotten after a while; the version goes on to hold it.
    static const db_query forget = {"test.forget", "DELETE FROM object_sent", false};
    assert_true(test_do(x, &forget));
    assert_true(sees(&c, d) && sees(&c, tree) && !sees(&o, d) && !sees(&x->c, tree));
    OK(version_delete(&c, STR("bot"), v.number, STR("a test"), &e));
    assert_false(sees(&c, d));
}

CORE_TEST(what_was_sent_is_forgotten_after_a_week) {
    static const db_query age = {"test.age", "UPDATE object_sent SET sent_us = 1", false};
    err e;
    size_t n;
    sha256 d = put(x, "old"), fresh = put(x, "fresh");
    workspace_row team = make(x, "team");
    ctx c = within(x, &team);
    OK(content_sent(&c, &d, 1, &e));
    assert_true(test_do(x, &age));
    OK(content_sent(&c, &fresh, 1, &e));
    OK(content_clean(x->core, &n, &e));
    assert_int_equal(n, 1);
    assert_true(!sees(&c, d) && sees(&c, fresh));
}

CORE_TEST(hot_queries_do_not_scan) {
    static const db_query all[] = {WORKSPACE_SQL(SQL_ROW) CONTENT_SQL(SQL_ROW)};
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workspace_lives),
        cmocka_unit_test(names_that_are_refused),
        cmocka_unit_test(each_has_its_own),
        cmocka_unit_test(nothing_is_seen_from_another),
        cmocka_unit_test(only_an_empty_one_is_deleted),
        cmocka_unit_test(objects_are_known_where_they_are_used),
        cmocka_unit_test(what_was_sent_is_forgotten_after_a_week),
        cmocka_unit_test(hot_queries_do_not_scan),
    };
    return core_fix_main("workspaces", tests, sizeof tests / sizeof *tests);
}
