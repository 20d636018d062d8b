// SPDX-License-Identifier: Apache-2.0
// A walk over the route table with a real server: every row lets in whom its permission names
// and nobody else, and answers garbage with a client's error in the dialect's shape, never with
// a crash or a 500.
#include "core_help.h"

#include "api/api.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

// Who comes: `role` in the default workspace, `elsewhere` in 'team'; and which they name.
typedef struct caller {
    const char *name;
    user_role role, elsewhere;
    const char *asks; // NULL: the default one
    str header;
} caller;

enum { STRANGER, UNKNOWN, FIRST_USER, CALLERS = 12 };

typedef struct walk {
    caller callers[CALLERS];
    core_fix x;
    api app;
    http_server *server;
    const http_dialect *dialect; // whose rows are visited
    int rows;
} walk;

// A live stream never ends: its head is the answer.
static bool stays_open(const buf *b) {
    size_t end = str_find_str(buf_view(b), STR("\r\n\r\n"), 0);
    return end != SIZE_MAX &&
           str_find_str(str_upto(buf_view(b), end), STR("Content-Type: text/event-stream"),
                        0) != SIZE_MAX;
}

// One request on a connection of its own; the whole answer as text.
static str ask(walk *w, const char *method, const char *path, const char *headers, str body) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_server_port(w->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    str q = arena_printf(w->x.c.a,
                         "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: "
                         "close\r\n%sContent-Length: %zu\r\n\r\n",
                         method, path, headers, body.n);
    assert_int_equal(send(fd, q.p, q.n, MSG_NOSIGNAL), q.n);
    // A refusal may come before the body is read.
    if (body.n && send(fd, body.p, body.n, MSG_NOSIGNAL) < 0)
        assert_true(errno == EPIPE || errno == ECONNRESET);
    buf b = BUF_MAX(4u << 20);
    for (ssize_t got; (got = recv(fd, buf_room(&b, 65536), 65536, 0)) > 0 && !stays_open(&b);)
        b.n += (size_t)got;
    close(fd);
    str out = arena_str(w->x.c.a, buf_view(&b));
    buf_free(&b);
    return out;
}

static int status_of(str answer) {
    int64_t status = 0;
    if (!str_starts(answer, STR("HTTP/1.1 "))) return 0;
    str_to_i64(str_n(answer.p + 9, 3), &status);
    return (int)status;
}

static str body_of(str answer) {
    return str_from(answer, str_find_str(answer, STR("\r\n\r\n"), 0) + 4);
}

static const char *method_name(unsigned m) {
    return m & HTTP_GET     ? "GET"
           : m & HTTP_POST  ? "POST"
           : m & HTTP_PUT   ? "PUT"
           : m & HTTP_PATCH ? "PATCH"
                            : "DELETE";
}

// "{id}" and "{path...}" filled with something that is no id.
static const char *fill(arena *a, const char *pattern) {
    buf b = BUF_MAX(4096);
    for (const char *p = pattern; *p; p++) {
        if (*p != '{') {
            buf_byte(&b, *p);
            continue;
        }
        buf_str(&b, STR("x-1"));
        while (*p != '}')
            p++;
    }
    char *out = arena_cstr(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static bool is_mlflow_error(str answer, const json_value *v, int status) {
    (void)answer, (void)status;
    return json_get(v, "error_code") && json_get(v, "message");
}

// RFC 9457.
static bool is_problem(str answer, const json_value *v, int status) {
    static const char *const members[] = {"type", "title", "detail", "code", "retry"};
    str head = str_upto(answer, str_find_str(answer, STR("\r\n\r\n"), 0));
    const json_value *told = json_get(v, "status");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!json_get(v, members[i])) return false;
    }
    return told && told->i == status &&
           str_find_str(head, STR("Content-Type: application/problem+json\r\n"), 0) != SIZE_MAX;
}

// What the page's files are asked for, a browser shows.
static bool is_plain(str answer) {
    return str_find_str(answer, STR("Content-Type: text/plain; charset=utf-8\r\n"), 0) !=
           SIZE_MAX;
}

static void expect_error_shape(walk *w, const char *what, str answer, int status) {
    str error;
    bool native = !strcmp(w->dialect->name, "native");
    if (!strcmp(w->dialect->name, "web") && is_plain(answer)) return;
    json_value *v = json_parse(w->x.c.a, body_of(answer), 0, &error);
    if (!v || !(native ? is_problem : is_mlflow_error)(answer, v, status)) {
        fail_msg("%s: %d without the shape of %s: %.*s", what, status, w->dialect->name,
                 STR_F(str_upto(answer, 500)));
    }
}

// What a row may be told that its body is.
static const char *const types[] = {"application/json",
                                    "application/x-ndjson",
                                    "application/vnd.stemma.points",
                                    "application/octet-stream",
                                    "text/html",
                                    NULL};

// Garbage with the token: a client's error in the dialect's shape, or something that works.
static void send_garbage(walk *w, const char *method, const char *path, const char *query,
                         const char *type, const char *body) {
    char what[400];
    str target = arena_printf(w->x.c.a, "%s%s", path, query);
    str head =
        arena_printf(w->x.c.a, "Authorization: Bearer secret\r\nContent-Type: %s\r\n", type);
    str answer = ask(w, method, target.p, head.p, str_of(body));
    int status = status_of(answer);
    snprintf(what, sizeof what, "%s %s with '%s' as %s", method, target.p, body, type);
    if (status == 0 || status == 401 || status == 403 || (status >= 500 && status != 501))
        fail_msg("%s: %.*s", what, STR_F(str_upto(answer, 500)));
    if (status >= 400) expect_error_shape(w, what, answer, status);
}

// Written anew, so that a slip in the server's own table is seen.
static bool shall_pass(http_perm p, const caller *who) {
    static const user_role least[] = {[PERM_KNOWN] = USER_NONE,
                                      [PERM_READ] = USER_READER,
                                      [PERM_WRITE] = USER_WRITER,
                                      [PERM_MAINTAIN] = USER_MAINTAINER,
                                      [PERM_ADMIN] = USER_ADMIN,
                                      [PERM_OPERATE] = USER_ADMIN};
    user_role role = who->asks && p != PERM_OPERATE ? who->elsewhere : who->role;
    bool gives_roles = p == PERM_ADMIN && who->role == USER_ADMIN;
    return p == PERM_PUBLIC || role >= least[p] || gives_roles;
}

// Of a workspace that they have no role in nobody learns that it is there.
static bool shall_see(const caller *who) {
    return !who->asks ||
           (!strcmp(who->asks, "team") && (who->elsewhere || who->role == USER_ADMIN));
}

static void visit_as(walk *w, const caller *who, const char *method, const char *path,
                     const http_route *r) {
    char what[300];
    bool is_user = who >= &w->callers[FIRST_USER];
    str answer = ask(w, method, path, who->header.p, (str){0});
    int status = status_of(answer);
    snprintf(what, sizeof what, "%s %s as %s", method, path, who->name);
    if (is_user && r->perm != PERM_PUBLIC && !shall_see(who)) {
        str body = body_of(answer);
        if (status != 404 || str_find_str(body, STR("Workspace '"), 0) == SIZE_MAX)
            fail_msg("%s: %d %.*s", what, status, STR_F(str_upto(body, 300)));
        return;
    }
    bool refused = status == 401 || status == 403;
    if (refused != !(is_user ? shall_pass(r->perm, who) : r->perm == PERM_PUBLIC))
        fail_msg("%s: %d", what, status);
    if (!refused) return;
    assert_int_equal(status, is_user ? 403 : 401);
    expect_error_shape(w, what, answer, status);
}

static void visit(void *arg, const char *pattern, const http_route *r) {
    static const char *const garbage[] = {"",
                                          "{",
                                          "[]",
                                          "null",
                                          "{\"run_id\":7,\"metrics\":{},\"tags\":[1]}",
                                          "{\"run_id\":\"\\u0000\"}",
                                          "{\"project\":[],\"points\":{},\"runs\":7,\"key\":1}",
                                          "\xff\xfe",
                                          "{\"a\":{\"a\":{\"a\":[[[[]]]]}}}"};
    static const char *const queries[] = {"",
                                          "?",
                                          "?run_id=%00",
                                          "?run_id=%ff&path=..%2f..",
                                          "?max_results=x",
                                          "?limit=0&after=%",
                                          "?=&&&%"};
    walk *w = arg;
    char what[300];
    w->rows++;
    const char *path = fill(w->x.c.a, pattern), *method = method_name(r->methods);
    for (size_t i = 0; i < CALLERS; i++)
        visit_as(w, &w->callers[i], method, path, r);
    str answer = ask(w, method, path, "", (str){0});
    int status = status_of(answer);
    snprintf(what, sizeof what, "%s %s without a token", method, path);
    bool is_asset = str_starts(str_of(path), STR("/assets/")); // and there is none named x-1
    if (r->perm == PERM_PUBLIC && status != (is_asset ? 404 : 200))
        fail_msg("%s: %d", what, status);
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        for (size_t j = 0; j < sizeof queries / sizeof *queries; j++)
            send_garbage(w, method, path, queries[j], types[0], garbage[i]);
        for (size_t k = 1; types[k]; k++)
            send_garbage(w, method, path, "", types[k], garbage[i]);
    }
}

static str bearer(walk *w, str secret, const char *asks) {
    str line = arena_printf(w->x.c.a, "Authorization: Bearer %.*s\r\n", STR_F(secret));
    return asks ? arena_printf(w->x.c.a, "%.*sX-MLFLOW-WORKSPACE: %s\r\n", STR_F(line), asks)
                : line;
}

// A user for each role, one with none, and one whose role is in another workspace only.
static void make_callers(walk *w) {
    static const caller all[CALLERS] = {[STRANGER] = {.name = "a stranger"},
                                        [UNKNOWN] = {.name = "an unknown token"},
                                        {.name = "reader", .role = USER_READER},
                                        {.name = "writer", .role = USER_WRITER},
                                        {.name = "maintainer", .role = USER_MAINTAINER},
                                        {.name = "admin", .role = USER_ADMIN},
                                        {.name = "nobody"},
                                        {.name = "elsewhere", .elsewhere = USER_ADMIN},
                                        {.name = "there", .elsewhere = USER_ADMIN, .asks = "team"},
                                        {.name = "operator", .role = USER_ADMIN, .asks = "team"},
                                        {.name = "intruder", .role = USER_WRITER, .asks = "team"},
                                        {.name = "lost", .role = USER_ADMIN, .asks = "no-such"}};
    workspace_row team;
    err e;
    memcpy(w->callers, all, sizeof all);
    w->callers[STRANGER].header = STR("");
    w->callers[UNKNOWN].header = bearer(w, STR("stm_00ff"), "team");
    OK(workspace_create(&w->x.c, STR("team"), (str){0}, &team, &e));
    for (size_t i = FIRST_USER; i < CALLERS; i++) {
        caller *k = &w->callers[i];
        user_account u;
        str secret;
        user_new n = {.name = str_of(k->name), .role = k->role, .token = true};
        OK(user_create(&w->x.c, &n, &u, &secret, &e));
        ctx other = w->x.c;
        other.ws = team.number;
        if (k->elsewhere) OK(user_set_role(&other, n.name, k->elsewhere, &e));
        k->header = bearer(w, secret, k->asks);
    }
}

static void open_walk(walk *w) {
    err e;
    *w = (walk){0};
    core_fix_open(&w->x);
    make_callers(w);
    w->app = (api){.core = w->x.core, .token = STR("secret")};
    http_config c = {.host = STR("127.0.0.1"),
                     .dialects = api_dialects,
                     .app = &w->app,
                     .authorise = api_authorise};
    OK(w->server = http_server_start(&c, &e));
}

static void close_walk(walk *w) {
    http_server_stop(w->server, 5000000);
    core_fix_close(&w->x);
}

static void every_row(void **state) {
    (void)state;
    walk w;
    open_walk(&w);
    for (size_t i = 0; api_dialects[i]; i++) {
        w.dialect = api_dialects[i];
        http_routes_each(w.dialect, visit, &w);
    }
    assert_true(w.rows > 60);
    close_walk(&w);
}

static int with(walk *w, const char *headers) {
    str h = arena_printf(w->x.c.a, "Content-Type: application/json\r\n%s", headers);
    return status_of(ask(w, "POST", "/api/2.0/mlflow/runs/search", h.p,
                         STR("{\"experiment_ids\":[\"0\"]}")));
}

static void tokens(void **state) {
    (void)state;
    walk w;
    open_walk(&w);
    assert_int_equal(with(&w, "Authorization: Bearer secret\r\n"), 200);
    assert_int_equal(with(&w, "Authorization: Basic dTpzZWNyZXQ=\r\n"), 200); // u:secret
    assert_int_equal(with(&w, "Authorization: Basic c2VjcmV0Og==\r\n"),
                     401); // secret: as the user's name
    assert_int_equal(with(&w, "Authorization: Bearer secre\r\n"), 401);
    assert_int_equal(with(&w, "Authorization: Bearer\r\n"), 401);
    assert_int_equal(with(&w, "Authorization: Basic ====\r\n"), 401);
    assert_int_equal(with(&w, "Authorization: Bearer stm_\r\n"), 401);
    assert_int_equal(with(&w, ""), 401);
    close_walk(&w);
}

static int host(walk *w, const char *name, const char *method, const char *path,
                const char *more) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_server_port(w->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char answer[64] = "";
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    str q = arena_printf(
        w->x.c.a,
        "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: Bearer secret\r\n%s"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        method, path, name, more);
    assert_int_equal(send(fd, q.p, q.n, MSG_NOSIGNAL), q.n);
    recv(fd, answer, sizeof answer - 1, MSG_WAITALL);
    close(fd);
    return status_of(str_of(answer));
}

static void hosts_and_origins(void **state) {
    (void)state;
    static const char search[] = "/api/2.0/mlflow/runs/search";
    static const char *const good[] = {"localhost", "localhost:5000", "127.0.0.1:5000",
                                       "[::1]",     "[::1]:5000",     "192.168.1.2:80",
                                       "10.0.0.1",  "172.31.0.9"};
    static const char *const bad[] = {"evil.example",      "localhost.evil.example",
                                      "172.32.0.1",        "127.0.0.1.evil.example",
                                      "10.evil.example",   "192.168.evil.example",
                                      "[fc00:evil.example"};
    walk w;
    open_walk(&w);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(host(&w, good[i], "POST", search, ""), 200);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(host(&w, bad[i], "POST", search, ""), 403);
    assert_int_equal(host(&w, "evil.example", "GET", "/health", ""), 200);
    assert_int_equal(host(&w, "localhost", "POST", search, "Origin: http://localhost:3000\r\n"),
                     200);
    assert_int_equal(host(&w, "localhost", "POST", search, "Origin: https://evil.example\r\n"),
                     403);
    assert_int_equal(
        host(&w, "localhost", "POST", "/ajax-api/2.0/mlflow/runs/search", "Origin: null\r\n"),
        403);
    // The server's own page, at a name of its own or behind a proxy that ends TLS.
    assert_int_equal(
        host(&w, "10.0.0.1:5000", "POST", search, "Origin: http://10.0.0.1:5000\r\n"), 200);
    assert_int_equal(host(&w, "10.0.0.1", "POST", search, "Origin: https://10.0.0.1\r\n"),
                     200);
    assert_int_equal(
        host(&w, "10.0.0.1:5000", "POST", search, "Origin: http://10.0.0.1:5001\r\n"), 403);
    assert_int_equal(
        host(&w, "10.0.0.1:5000", "POST", search, "Origin: http://10.0.0.1\r\n"), 403);
    w.app.allowed_origins = STR("https://good.example");
    assert_int_equal(host(&w, "localhost", "POST", search, "Origin: https://good.example\r\n"),
                     200);
    w.app.allowed_hosts = STR("*.example");
    assert_int_equal(host(&w, "a.example:80", "POST", search, ""), 200);
    assert_int_equal(host(&w, "localhost", "POST", search, ""), 200);
    assert_int_equal(host(&w, "192.168.1.2", "POST", search, ""), 403); // not in the list
    close_walk(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(tokens),
        cmocka_unit_test(hosts_and_origins),
    };
    return core_fix_main("routes", tests, sizeof tests / sizeof *tests);
}
