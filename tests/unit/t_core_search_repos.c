// SPDX-License-Identifier: Apache-2.0
// search_repos and search_versions: filters, those that an index answers among them, orders,
// pages, and what is deleted.
#include "core/search_repos.h"
#include "core_help.h"

#define ATTRIBUTE(w)                                                                           \
    { .domain = SEARCH_ATTRIBUTE, .which = (w) }

static void make_repo(core_fix *x, const char *name, const char *tag) {
    err e;
    repo r;
    kv t = {STR("k"), str_of(tag ? tag : "")};
    repo_new n = {
        .name = str_of(name), .kind = REPO_MODEL, .tags = &t, .n_tags = tag ? 1 : 0};
    OK(repo_create(&x->c, &n, &r, &e));
}

static version publish(core_fix *x, const char *name, const char *source, id run_id) {
    err e;
    version v;
    version_new n = {.source = str_of(source), .run = run_id};
    OK(version_create(&x->c, str_of(name), &n, &v, &e));
    return v;
}

// ---- repos ----------------------------------------------------------------------------------

// The names of all pages, as "a b ".
static str repos_found(core_fix *x, search_repos_query q, size_t max) {
    err e;
    str out = STR("");
    q.max = max;
    for (;;) {
        repo *r;
        size_t n;
        OK(search_repos(&x->c, &q, &r, &n, &q.after, &e));
        assert_true(n <= max && (!q.after.n || n == max));
        for (size_t i = 0; i < n; i++)
            out = arena_printf(x->c.a, "%.*s%.*s ", STR_F(out), STR_F(r[i].name));
        if (!q.after.n) return out;
    }
}

CORE_TEST(repos) {
    err e;
    repo r;
    make_repo(x, "b", "1");
    make_repo(x, "a", "2");
    make_repo(x, "c", NULL);
    SAME(repos_found(x, (search_repos_query){0}, 2), "a b c ");
    search_node tagged = {
        .op = SEARCH_NE, .field = {.domain = SEARCH_TAG, .key = STR_K("k")}, .text = STR("1")};
    SAME(repos_found(x, (search_repos_query){.where = &tagged}, 2), "a ");
    search_sort down = {ATTRIBUTE(SEARCH_NAME), true};
    SAME(repos_found(x, (search_repos_query){.sort = &down, .n_sort = 1}, 1), "c b a ");
    OK(repo_describe(&x->c, STR("a"), STR("newest"), &r, &e));
    str names[] = {STR("c"), STR("a"), STR("nobody"), STR("a")};
    search_node named = {
        .op = SEARCH_IN, .field = ATTRIBUTE(SEARCH_NAME), .list = names, .n_list = 4};
    SAME(repos_found(x, (search_repos_query){.where = &named}, 1), "a c ");
    search_node both = {.op = SEARCH_AND, .left = &tagged, .right = &named};
    SAME(repos_found(x, (search_repos_query){.where = &both}, 1), "a ");
    OK(repo_delete(&x->c, STR("a"), STR("old"), &e));
    SAME(repos_found(x, (search_repos_query){0}, 9), "b c ");
    SAME(repos_found(x, (search_repos_query){.where = &named}, 9), "c ");
}

CORE_TEST(a_repo_has_no_run) {
    err e;
    repo *r;
    size_t n;
    str next;
    search_node where = {.op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_SOURCE_RUN)};
    search_repos_query q = {.where = &where, .max = 1};
    FAILS(ERR_INVALID, search_repos(&x->c, &q, &r, &n, &next, &e));
    q = (search_repos_query){.max = 1, .after = STR("garbage")};
    FAILS(ERR_INVALID, search_repos(&x->c, &q, &r, &n, &next, &e));
}

// ---- versions -------------------------------------------------------------------------------

typedef struct found {
    arena *a;
    str text;
} found;

static bool emit(void *arg, const version *v, err *e) {
    (void)e;
    found *f = arg;
    f->text = arena_printf(f->a, "%.*s%.*s/%d ", STR_F(f->text), STR_F(v->repo_name),
                           (int)v->number);
    return true;
}

static str versions_found(core_fix *x, search_repos_query q, size_t max) {
    err e;
    found f = {x->c.a, STR("")};
    q.max = max;
    for (;;) {
        id *ids;
        size_t n;
        OK(search_versions(&x->c, &q, &ids, &n, &q.after, &e));
        assert_true(n <= max && (!q.after.n || n == max));
        OK(version_of_ids(&x->c, ids, n, emit, &f, &e));
        if (!q.after.n) return f.text;
    }
}

static void four_versions(core_fix *x, id run_id) {
    make_repo(x, "b", NULL);
    make_repo(x, "a", NULL);
    publish(x, "b", "s3://1", (id){0});
    publish(x, "a", "s3://1", run_id);
    publish(x, "b", "s3://2", run_id);
    publish(x, "b", "s3://3", (id){0});
}

static const search_sort by_number[] = {{ATTRIBUTE(SEARCH_NUMBER), false}};

CORE_TEST(versions) {
    err e;
    version v;
    id run_id = id_new();
    four_versions(x, run_id);
    search_repos_query q = {.sort = by_number, .n_sort = 1};
    SAME(versions_found(x, q, 3), "a/1 b/1 b/2 b/3 ");
    search_node number = {.op = SEARCH_GE, .field = ATTRIBUTE(SEARCH_NUMBER), .number = 2};
    q.where = &number;
    SAME(versions_found(x, q, 1), "b/2 b/3 ");
    search_node source = {
        .op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_ARTIFACT_URI), .text = STR("s3://1")};
    q.where = &source;
    SAME(versions_found(x, q, 9), "a/1 b/1 ");
    OK(version_delete(&x->c, STR("b"), 1, (str){0}, &e));
    SAME(versions_found(x, q, 9), "a/1 ");
    OK(repo_delete(&x->c, STR("a"), STR("old"), &e));
    SAME(versions_found(x, q, 9), "");
    OK(version_describe(&x->c, STR("b"), 2, STR("newest"), &v, &e));
    SAME(versions_found(x, (search_repos_query){0}, 1), "b/2 b/3 ");
}

CORE_TEST(versions_by_an_index) {
    id run_id = id_new();
    four_versions(x, run_id);
    str runs[] = {id_str(x->c.a, run_id), STR("no id"), id_str(x->c.a, run_id)};
    str names[] = {STR("b"), STR("nobody"), STR("b")};
    search_node of_run = {
        .op = SEARCH_IN, .field = ATTRIBUTE(SEARCH_SOURCE_RUN), .list = runs, .n_list = 3};
    search_node of_name = {
        .op = SEARCH_IN, .field = ATTRIBUTE(SEARCH_NAME), .list = names, .n_list = 3};
    search_node both = {.op = SEARCH_AND, .left = &of_run, .right = &of_name};
    search_node no_run = {
        .op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_SOURCE_RUN), .text = STR("")};
    search_repos_query q = {.where = &of_run, .sort = by_number, .n_sort = 1};
    SAME(versions_found(x, q, 1), "a/1 b/2 ");
    q.where = &of_name;
    SAME(versions_found(x, q, 2), "b/1 b/2 b/3 ");
    q.where = &both;
    SAME(versions_found(x, q, 2), "b/2 ");
    q.where = &no_run;
    SAME(versions_found(x, q, 2), "b/1 b/3 ");
}

// More than one page of what is read, by each way.
CORE_TEST(many_versions) {
    err e;
    id run_id = id_new(), *ids;
    size_t n;
    str next;
    make_repo(x, "a", NULL);
    for (int i = 0; i < 450; i++)
        publish(x, "a", "s3://x", run_id);
    search_node of_run = {
        .op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_SOURCE_RUN), .text = id_str(x->c.a, run_id)};
    search_node of_name = {
        .op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_NAME), .text = STR("a")};
    const search_node *ways[] = {NULL, &of_run, &of_name};
    for (size_t i = 0; i < 3; i++) {
        search_repos_query q = {.where = ways[i], .max = 1000};
        OK(search_versions(&x->c, &q, &ids, &n, &next, &e));
        assert_int_equal(n, 450);
        assert_int_equal(next.n, 0);
    }
    found f = {x->c.a, STR("")};
    OK(version_of_ids(&x->c, ids, n, emit, &f, &e));
    assert_true(str_ends(f.text, STR("a/2 a/1 ")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repos),    cmocka_unit_test(a_repo_has_no_run),
        cmocka_unit_test(versions), cmocka_unit_test(versions_by_an_index),
        cmocka_unit_test(many_versions),
    };
    return core_fix_main("search repos", tests, sizeof tests / sizeof *tests);
}
