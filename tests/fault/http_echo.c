// SPDX-License-Identifier: Apache-2.0
// A server with one route for each thing that HTTP clients do, for the tests that send exact
// bytes and for load generators. Prints its port, runs until its standard input ends, then
// stops gracefully. Options are name=value: header_ms, idle_ms, rate, conns, per_address,
// workers, long, gzip (to loopback too), log, grace_ms, file (served by /file), host, port.
#include "base/clock.h"
#include "base/log.h"
#include "net/http.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct app {
    int fd; // of the file that is served
    uint64_t length;
    bool fail_checks;
} app;

static int64_t arg(http_req *r, const char *name, int64_t otherwise) {
    str query = http_query(r);
    for (str one; str_split(&query, '&', &one);) {
        size_t at = str_find(one, '=', 0);
        int64_t v;
        if (at != SIZE_MAX && str_is(str_upto(one, at), name) &&
            str_to_i64(str_from(one, at + 1), &v))
            return v;
    }
    return otherwise;
}

static void hello(http_req *r) {
    http_reply(r, 200, "text/plain", STR("hello\n"));
}

static void echo(http_req *r) {
    str type = http_header(r, "content-type");
    if (type.n) http_set_header(r, "X-Type", type);
    http_reply(r, 200, "application/octet-stream", http_body(r));
}

static void param(http_req *r) {
    http_set_header(r, "X-Bad", STR("a\r\nX-Injected: 1"));
    http_reply(r, 200, "text/plain",
               arena_printf(http_arena(r), "%.*s|%.*s", STR_F(http_param(r, "name")),
                            STR_F(http_param(r, "rest"))));
}

static void count(http_req *r) { // streams the body
    err e;
    uint64_t n = 0, sum = 0;
    ssize_t got;
    size_t piece = (size_t)arg(r, "piece", 262144);
    unsigned char *p = (unsigned char *)arena_bytes(http_arena(r), piece);
    bool adds = arg(r, "sum", 1);
    while ((got = http_read(r, p, piece, &e)) > 0) {
        n += (uint64_t)got;
        for (ssize_t i = 0; adds && i < got; i++)
            sum += p[i];
    }
    if (got < 0) {
        http_fail(r, &e);
        return;
    }
    http_reply(r, 200, "text/plain",
               arena_printf(http_arena(r), "%llu %llu %lld\n", (unsigned long long)n,
                            (unsigned long long)sum, (long long)http_content_length(r)));
}

static void ignore_body(http_req *r) {
    http_reply(r, 200, "text/plain", STR("ignored\n"));
}

static void text(http_req *r) {
    size_t n = (size_t)arg(r, "n", 100);
    char *p = arena_bytes(http_arena(r), n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 26);
    http_reply(r, 200, "text/plain", str_n(p, n));
}

static void json(http_req *r) {
    int64_t n = arg(r, "n", 10), fail = arg(r, "fail", -1);
    json_writer *w = http_json(r, 200, "application/json");
    json_array(w);
    for (int64_t i = 0; i < n && !http_gone(r); i++) {
        if (i == fail) {
            err e;
            err_set(&e, ERR_NOT_FOUND, "gone at %lld", (long long)i);
            http_json_fail(r, &e);
            return;
        }
        json_i64(w, i);
    }
    json_array_end(w);
    http_json_end(r);
}

static bool check(void *at, uint64_t offset, size_t n, err *e) {
    (void)n;
    const app *a = at;
    return !a->fail_checks || !offset ||
           err_set(e, ERR_CORRUPT, "block at %llu", (unsigned long long)offset);
}

static void file(http_req *r) {
    app *a = http_app(r);
    app *mine = ARENA_NEW(http_arena(r), app);
    mine->fail_checks = arg(r, "damaged", 0);
    http_source s = {.length = a->length,
                     .etag = STR("\"v1\""),
                     .content_type = "application/octet-stream",
                     .fd = a->fd,
                     .check = check,
                     .arg = mine};
    http_reply_source(r, &s);
}

static ssize_t make(void *at, uint64_t offset, void *p, size_t n, err *e) {
    const int64_t *stop = at;
    if (*stop >= 0 && offset >= (uint64_t)*stop)
        return err_set(e, ERR_CORRUPT, "made to fail"), -1;
    for (size_t i = 0; i < n; i++)
        ((char *)p)[i] = (char)('a' + (offset + i) % 26);
    return (ssize_t)n;
}

static void made(http_req *r) {
    int64_t *stop = ARENA_NEW(http_arena(r), int64_t);
    *stop = arg(r, "stop", -1);
    http_source s = {.length = (uint64_t)arg(r, "n", 1000),
                     .etag = STR("\"m\""),
                     .content_type = "text/plain",
                     .fd = -1,
                     .read = make,
                     .arg = stop};
    http_reply_source(r, &s);
}

static void slow(http_req *r) { // blocks its thread
    usleep((useconds_t)arg(r, "ms", 10) * 1000);
    http_reply(r, 200, "text/plain", STR("slept\n"));
}

static void fail(http_req *r) {
    err e;
    err_set(&e, ERR_NOT_FOUND, "no such thing");
    http_fail(r, &e);
}

static void silent(http_req *r) {
    (void)r;
}

#define BOTH (HTTP_GET | HTTP_POST)
static const http_route routes[] = {
    ROUTE(HTTP_GET, "/", PUBLIC, hello, "Says hello."),
    ROUTE(HTTP_GET, "/hello", PUBLIC, hello, "Says hello."),
    ROUTE(HTTP_GET, "/quiet", PUBLIC, hello, "Says hello, unlogged.", .flags = HTTP_NO_LOG),
    ROUTE(HTTP_GET, "/secret", READ, hello, "Says hello to those who know the token."),
    ROUTE(HTTP_POST | HTTP_PUT, "/echo", PUBLIC, echo, "Gives the body back."),
    ROUTE(HTTP_POST, "/small", PUBLIC, echo, "Gives a small body back.", .max_body = 1000),
    ROUTE(HTTP_POST, "/large", PUBLIC, echo, "Gives a body back.", .max_body = 16 << 20),
    ROUTE(HTTP_POST, "/secret", WRITE, echo,
          "Gives the body back to those who know the token."),
    ROUTE(HTTP_GET, "/x/{name}", PUBLIC, param, "Shows its parameter."),
    ROUTE(HTTP_GET, "/x/literal", PUBLIC, hello, "Wins over the parameter."),
    ROUTE(HTTP_POST, "/x/posted", PUBLIC, echo, "Leaves GET to the parameter."),
    ROUTE(HTTP_GET, "/r/{name}/{rest...}", PUBLIC, param, "Shows its parameters."),
    ROUTE(HTTP_PUT | HTTP_POST, "/count", PUBLIC, count, "Counts the body.",
          .flags = HTTP_STREAM_BODY),
    ROUTE(HTTP_PUT, "/count-some", PUBLIC, count, "Counts a bounded body.",
          .flags = HTTP_STREAM_BODY, .max_body = 3 << 20),
    ROUTE(HTTP_PUT, "/ignore", PUBLIC, ignore_body, "Does not read the body.",
          .flags = HTTP_STREAM_BODY),
    ROUTE(HTTP_GET, "/text", PUBLIC, text, "n letters."),
    ROUTE(HTTP_GET, "/json", PUBLIC, json, "n numbers."),
    ROUTE(HTTP_GET, "/long-json", PUBLIC, json, "n numbers.", .flags = HTTP_LONG),
    ROUTE(HTTP_GET, "/file", PUBLIC, file, "The file."),
    ROUTE(HTTP_GET, "/made", PUBLIC, made, "n letters from a function."),
    ROUTE(BOTH, "/slow", PUBLIC, slow, "Sleeps."),
    ROUTE(HTTP_GET, "/fail", PUBLIC, fail, "Fails."),
    ROUTE(HTTP_GET, "/silent", PUBLIC, silent, "Forgets to reply."),
    ROUTE(HTTP_GET, "pre", PUBLIC, hello, "Stands under prefixes."),
};

static void render(http_req *r, const err *e) {
    json_writer *w = http_json(r, err_about(e->code)->http, "application/json");
    json_object(w);
    json_m_string(w, "error", str_of(err_about(e->code)->name));
    json_m_string(w, "message", str_of(e->msg));
    json_object_end(w);
    http_json_end(r);
}

static void render_other(http_req *r, const err *e) {
    http_reply(r, err_about(e->code)->http, "text/plain", str_of(e->msg));
}

static bool owns_other(str path) {
    return str_starts(path, STR("/other/"));
}

static bool authorise(http_req *r, const http_route *route, err *e) {
    if (route->perm == PERM_PUBLIC) return true;
    if (!str_is(http_header(r, "authorization"), "Bearer t0ken"))
        return err_set(e, ERR_UNAUTHENTICATED, "a token is needed");
    http_set_user(r, STR("tester"), true);
    return true;
}

static int64_t option(int argc, char **argv, const char *name, int64_t otherwise) {
    size_t n = strlen(name);
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], name, n) && argv[i][n] == '=') return atoll(argv[i] + n + 1);
    return otherwise;
}

static const char *option_text(int argc, char **argv, const char *name, const char *otherwise) {
    size_t n = strlen(name);
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], name, n) && argv[i][n] == '=') return argv[i] + n + 1;
    return otherwise;
}

int main(int argc, char **argv) {
    static const char *const prefixes[] = {"/a/", "/b/", NULL};
    const http_dialect all = {.name = "echo",
                              .prefixes = prefixes,
                              .routes = routes,
                              .n = sizeof routes / sizeof *routes,
                              .render_error = render};
    const http_dialect other = {
        .name = "other", .render_error = render_other, .owns = owns_other};
    const http_dialect *const dialects[] = {&all, &other, NULL};
    app a = {.fd = -1};
    const char *path = option_text(argc, argv, "file", NULL);
    if (path) {
        struct stat st;
        a.fd = open(path, O_RDONLY | O_CLOEXEC);
        if (a.fd >= 0 && !fstat(a.fd, &st)) a.length = (uint64_t)st.st_size;
    }
    log_set_level(option(argc, argv, "log", 0) ? LOG_INFO : LOG_WARN);
    http_config c = {
        .host = str_of(option_text(argc, argv, "host", "127.0.0.1")),
        .port = (int)option(argc, argv, "port", 0),
        .dialects = dialects,
        .app = &a,
        .authorise = authorise,
        .workers = (int)option(argc, argv, "workers", 0),
        .long_workers = (int)option(argc, argv, "long", 0),
        .max_connections = (int)option(argc, argv, "conns", 0),
        .max_per_address = (int)option(argc, argv, "per_address", 0),
        .header_us = option(argc, argv, "header_ms", 0) * 1000,
        .idle_us = option(argc, argv, "idle_ms", 0) * 1000,
        .min_body_rate = option(argc, argv, "rate", 0),
        .compress_local = option(argc, argv, "gzip", 0),
    };
    err e;
    http_server *s = http_server_start(&c, &e);
    if (!s) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    printf("%d\n", http_server_port(s));
    fflush(stdout);
    char drop[64];
    while (read(0, drop, sizeof drop) > 0)
        continue;
    int64_t began = clock_mono_us();
    http_server_stop(s, option(argc, argv, "grace_ms", 2000) * 1000);
    printf("stopped in %lld ms\n", (long long)((clock_mono_us() - began) / 1000));
    if (a.fd >= 0) close(a.fd);
    return 0;
}
