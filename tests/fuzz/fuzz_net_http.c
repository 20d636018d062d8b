// SPDX-License-Identifier: Apache-2.0
// Bytes into the connection's state machine, over a socket pair and without threads. The first
// byte cuts the rest into pieces, so that every state meets input that ends anywhere. Checked:
// what comes out are whole HTTP replies or a close, nothing is left behind, and a route that
// echoes gives back what some framing carried.
#include "net/http_internal.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void echo(http_req *r) {
    http_reply(r, 200, "text/plain", http_body(r));
}

static void count(http_req *r) {
    char tmp[97];
    err e;
    ssize_t n;
    uint64_t sum = 0;
    while ((n = http_read(r, tmp, sizeof tmp, &e)) > 0)
        sum += (uint64_t)n;
    if (n < 0) {
        http_fail(r, &e);
        return;
    }
    json_writer *w = http_json(r, 200, "application/json");
    json_i64(w, (int64_t)sum);
    http_json_end(r);
}

static ssize_t letters(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    (void)arg, (void)offset, (void)e;
    memset(p, 'x', n);
    return (ssize_t)n;
}

static void source(http_req *r) {
    http_source s = {.length = 3000,
                     .etag = STR("\"e\""),
                     .content_type = "text/plain",
                     .fd = -1,
                     .read = letters};
    http_reply_source(r, &s);
}

static void params(http_req *r) {
    BUG_ON(!str_is_text(http_param(r, "a")));
    http_set_header(r, "X-Rest", http_param(r, "rest"));
    http_reply(r, 200, "text/plain", http_param(r, "a"));
}

static const http_route routes[] = {
    ROUTE(HTTP_GET | HTTP_POST, "/", PUBLIC, echo, ".", .max_body = 5000),
    ROUTE(HTTP_PUT | HTTP_POST, "/c", PUBLIC, count, ".", .flags = HTTP_STREAM_BODY,
          .max_body = 100000),
    ROUTE(HTTP_GET, "/s", PUBLIC, source, "."),
    ROUTE(HTTP_GET, "/p/{a}/{rest...}", PUBLIC, params, "."),
    ROUTE(HTTP_DELETE, "/p/{a}", PUBLIC, params, "."),
};

static http_server *server;
static http_worker *worker;

static void start(void) {
    static const http_dialect d = {
        .name = "fuzz", .routes = routes, .n = sizeof routes / sizeof *routes};
    static const http_dialect *const all[] = {&d, NULL};
    // Short deadlines: the stream's handler must not wait for bytes that never come.
    http_config c = {.host = STR("127.0.0.1"),
                     .dialects = all,
                     .header_us = 1,
                     .idle_us = 1,
                     .compress_local = true,
                     .long_workers = 1};
    err e;
    log_set_level(LOG_OFF);
    server = http_server_new(&c, &e);
    BUG_ON(!server);
    worker = http_worker_new(server, true); // as one of pool 2 it runs everything itself
}

static void serve(void) {
    struct epoll_event ev;
    while (epoll_wait(server->epoll, &ev, 1, 0) == 1)
        http_conn_event(worker, ev.data.ptr);
}

static void read_replies(int fd, buf *out) {
    char tmp[4096];
    for (ssize_t n; (n = recv(fd, tmp, sizeof tmp, MSG_DONTWAIT)) > 0;)
        buf_add(out, tmp, (size_t)n);
}

static void check_replies(const buf *out) {
    BUG_ON(out->n && (out->n < 15 || memcmp(out->p, "HTTP/1.1 ", 9)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    int pair[2];
    struct sockaddr none = {.sa_family = AF_UNIX};
    buf out = BUF_MAX(16 << 20);
    if (!server) start();
    if (!n) return 0;
    BUG_ON(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
    http_conn_add(server, pair[0], &none);
    size_t piece = data[0] ? data[0] : n;
    for (size_t at = 1; at < n && server->n_conns; at += piece) {
        size_t some = n - at < piece ? n - at : piece;
        if (send(pair[1], data + at, some, MSG_NOSIGNAL) < 0) break;
        serve();
        read_replies(pair[1], &out);
    }
    shutdown(pair[1], SHUT_WR);
    serve();
    read_replies(pair[1], &out);
    close(pair[1]);
    serve();
    check_replies(&out);
    BUG_ON(server->n_conns || server->held); // nothing is left behind
    buf_free(&out);
    return 0;
}
