// SPDX-License-Identifier: Apache-2.0
// The route table: what wins, what is decoded, what is refused at start.
#include "net/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void none(http_req *r) {
    (void)r;
}

static const char *const prefixes[] = {"/api/2.0/", "/ajax/2.0/", NULL};
static const http_route routes[] = {
    ROUTE(HTTP_GET, "/", PUBLIC, none, "root"),
    ROUTE(HTTP_GET, "runs/{id}", READ, none, "one"),
    ROUTE(HTTP_PATCH | HTTP_DELETE, "runs/{run_id}", WRITE, none, "change"),
    ROUTE(HTTP_POST, "runs/search", READ, none, "search"),
    ROUTE(HTTP_GET, "runs/{id}/files/{name}", READ, none, "file"),
    ROUTE(HTTP_GET, "runs/special/files/all", READ, none, "all"),
    ROUTE(HTTP_GET | HTTP_PUT, "/files/{rest...}", READ, none, "files"),
    ROUTE(HTTP_GET, "/files/list", READ, none, "list"),
    ROUTE(HTTP_GET, "/v/{a}/{b}/{rest...}", READ, none, "deep"),
};

static bool owns_ajax(str path) {
    return str_starts(path, STR("/ajax/"));
}

static const http_dialect first = {.name = "first",
                                   .prefixes = prefixes,
                                   .routes = routes,
                                   .n = sizeof routes / sizeof *routes};
static const http_dialect second = {.name = "second", .owns = owns_ajax};
static const http_dialect *const both[] = {&first, &second, NULL};

typedef struct found {
    arena *a;
    http_match m;
} found;

static found look(const char *path, http_method method) {
    found f = {.a = arena_new()};
    err e;
    http_router *r = http_router_new(f.a, both, &e);
    assert_non_null(r);
    http_router_find(r, f.a, arena_str(f.a, str_of(path)), method, &f.m);
    return f;
}

static void expect(const char *path, http_method method, const char *doc, const char *v1,
                   const char *v2) {
    found f = look(path, method);
    assert_non_null(f.m.bound);
    assert_false(f.m.broken);
    assert_string_equal(f.m.bound->route->doc, doc);
    assert_int_equal(f.m.bound->n_names, (v1 != NULL) + (v2 != NULL));
    if (v1) assert_true(str_is(f.m.values[0], v1));
    if (v2) assert_true(str_is(f.m.values[1], v2));
    arena_free(f.a);
}

static void expect_none(const char *path, http_method method, unsigned methods) {
    found f = look(path, method);
    assert_null(f.m.bound);
    assert_int_equal(f.m.methods, methods);
    arena_free(f.a);
}

static void test_finds(void **state) {
    (void)state;
    expect("/", HTTP_GET, "root", NULL, NULL);
    expect("//", HTTP_GET, "root", NULL, NULL);
    expect("/api/2.0/runs/7", HTTP_GET, "one", "7", NULL);
    expect("/ajax/2.0/runs/7", HTTP_DELETE, "change", "7", NULL);
    expect("/api/2.0/runs/search", HTTP_POST, "search", NULL, NULL);
    expect("//api///2.0//runs/%73earch", HTTP_POST, "search", NULL, NULL);
    expect("/api/2.0/runs/a%2Fb%20", HTTP_GET, "one", "a/b ", NULL);
    expect("/api/2.0/runs/a+b", HTTP_GET, "one", "a+b", NULL);
    expect("/files/list", HTTP_GET, "list", NULL, NULL);
    expect("/files/list/x", HTTP_GET, "files", "list/x", NULL);
    expect("/files//a//b%2f..%00/", HTTP_PUT, "files", "a//b%2f..%00/", NULL);
}

static void test_goes_back(void **state) {
    (void)state;
    // The literal leads nowhere, or does not take the method: the parameter is asked.
    expect("/api/2.0/runs/search", HTTP_GET, "one", "search", NULL);
    expect("/api/2.0/runs/special/files/x", HTTP_GET, "file", "special", "x");
    expect("/api/2.0/runs/special/files/all", HTTP_GET, "all", NULL, NULL);
    expect("/files/list", HTTP_PUT, "files", "list", NULL);
}

static void test_finds_none(void **state) {
    (void)state;
    expect_none("/runs/7", HTTP_GET, 0);
    expect_none("/api/2.0/runs", HTTP_GET, 0);
    expect_none("/api/2.0/runs/", HTTP_GET, 0);
    expect_none("/api/2.0/runs/7/", HTTP_GET, 0);
    expect_none("/api/2.0/runs/7/files", HTTP_GET, 0);
    expect_none("/files/", HTTP_GET, 0);
    expect_none("/v/a/b", HTTP_GET, 0);
    expect_none("/api/2.0/runs/7", HTTP_PUT, HTTP_GET | HTTP_PATCH | HTTP_DELETE);
    expect_none("/api/2.0/runs/search", HTTP_PUT,
                HTTP_GET | HTTP_POST | HTTP_PATCH | HTTP_DELETE);
}

static void test_broken_escapes(void **state) {
    (void)state;
    static const char *const paths[] = {"/api/2.0/runs/%",   "/api/2.0/runs/%4",
                                        "/api/2.0/runs/%zz", "/api/2.0/runs/%ff",
                                        "/api/2.0/runs/%00", "/api/2.0/runs/%ed%a0%80",
                                        "/v/%ff/b/c"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        found f = look(paths[i], HTTP_GET);
        assert_non_null(f.m.bound);
        assert_true(f.m.broken);
        arena_free(f.a);
    }
}

static void test_rest_is_not_judged(void **state) {
    (void)state;
    found f = look("/v/a/b/%ff/%zz", HTTP_GET);
    assert_non_null(f.m.bound);
    assert_false(f.m.broken);
    assert_true(str_is(f.m.values[2], "%ff/%zz"));
    arena_free(f.a);
}

static void test_deep_paths(void **state) {
    (void)state;
    char path[4001] = "/files";
    for (size_t i = 6; i < 4000; i++)
        path[i] = i % 2 ? 'x' : '/';
    found f = look(path, HTTP_GET);
    assert_non_null(f.m.bound);
    assert_int_equal(f.m.values[0].n, 4000 - 7);
    arena_free(f.a);
    memcpy(path, "/fil/s", 6);
    expect_none(path, HTTP_GET, 0);
}

static void test_same_route_twice(void **state) {
    (void)state;
    static const http_route twice[] = {ROUTE(HTTP_GET, "/a/{b}", READ, none, "1"),
                                       ROUTE(HTTP_GET | HTTP_PUT, "/a/{c}", READ, none, "2")};
    static const http_dialect d = {.name = "d", .routes = twice, .n = 2};
    static const http_dialect *const all[] = {&d, NULL};
    arena *a = arena_new();
    err e;
    assert_null(http_router_new(a, all, &e));
    arena_free(a);
}

static void test_owner(void **state) {
    (void)state;
    arena *a = arena_new();
    err e;
    http_router *r = http_router_new(a, both, &e);
    assert_ptr_equal(http_router_owner(r, STR("/ajax/x")), &second);
    assert_ptr_equal(http_router_owner(r, STR("/x")), &first);
    arena_free(a);
}

static void count_one(void *arg, const char *pattern, const http_route *r) {
    assert_true(*pattern == '/' && r->perm != PERM_NONE_);
    ++*(int *)arg;
}

static void test_each(void **state) {
    (void)state;
    int n = 0;
    http_routes_each(&first, count_one, &n);
    assert_int_equal(n, 4 + 2 * 5);
    assert_string_equal(http_perm_name(PERM_WRITE), "WRITE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_goes_back),
        cmocka_unit_test(test_finds_none),
        cmocka_unit_test(test_broken_escapes),
        cmocka_unit_test(test_rest_is_not_judged),
        cmocka_unit_test(test_deep_paths),
        cmocka_unit_test(test_same_route_twice),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
