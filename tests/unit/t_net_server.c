// SPDX-License-Identifier: Apache-2.0
// A whole server under many clients at once, in one process, so that the thread sanitizer sees
// it: every kind of request on connections that are kept, broken off and stopped under load.
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "net/http.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS = 12, ROUNDS = 60 };

static void echo(http_req *r) {
    http_set_user(r, STR("somebody"), false);
    http_reply(r, 200, "text/plain", http_body(r));
}

static void count(http_req *r) {
    char tmp[10000];
    uint64_t sum = 0;
    err e;
    ssize_t n;
    while ((n = http_read(r, tmp, sizeof tmp, &e)) > 0)
        sum += (uint64_t)n;
    if (n < 0)
        http_fail(r, &e);
    else
        http_reply(r, 200, "text/plain",
                   arena_printf(http_arena(r), "%llu", (unsigned long long)sum));
}

static void numbers(http_req *r) {
    json_writer *w = http_json(r, 200, "application/json");
    json_array(w);
    for (int i = 0; i < 300000 && !http_gone(r); i++)
        json_i64(w, i);
    json_array_end(w);
    http_json_end(r);
}

static ssize_t letters(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    (void)arg, (void)offset, (void)e;
    memset(p, 'x', n);
    return (ssize_t)n;
}

static void source(http_req *r) {
    http_source s = {
        .length = 3000000, .content_type = "text/plain", .fd = -1, .read = letters};
    http_reply_source(r, &s);
}

static void nap(http_req *r) {
    usleep(2000);
    http_reply(r, 200, "text/plain", STR("slept"));
}

static const http_route routes[] = {
    ROUTE(HTTP_POST, "/echo", PUBLIC, echo, "."),
    ROUTE(HTTP_POST, "/count", PUBLIC, count, ".", .flags = HTTP_STREAM_BODY),
    ROUTE(HTTP_GET, "/numbers", PUBLIC, numbers, ".", .flags = HTTP_LONG),
    ROUTE(HTTP_GET, "/source", PUBLIC, source, "."),
    ROUTE(HTTP_GET, "/nap", PUBLIC, nap, "."),
};

static http_server *start(void) {
    static const http_dialect d = {
        .name = "test", .routes = routes, .n = sizeof routes / sizeof *routes};
    static const http_dialect *const all[] = {&d, NULL};
    const http_config c = {.host = STR("127.0.0.1"), .dialects = all, .header_us = 2000000};
    err e;
    http_server *s = http_server_start(&c, &e);
    assert_non_null(s);
    return s;
}

// ---- clients --------------------------------------------------------------------------
typedef struct client {
    pthread_t thread;
    int port, number;
    _Atomic bool *stop; // NULL: ROUNDS, and every reply must be right
    int replies;
} client;

static int dial(int port) {
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {20, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (!connect(fd, (struct sockaddr *)&sa, sizeof sa)) return fd;
    close(fd);
    return -1;
}

static bool say(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool say_text(int fd, const char *text) {
    return say(fd, text, strlen(text));
}

// Reads one reply; the number of bytes of its body, -1 when the connection ended.
static ssize_t hear(int fd, buf *in) {
    size_t end, need = SIZE_MAX;
    bool chunked = false;
    for (;;) {
        str all = buf_view(in);
        end = str_find_str(all, STR("\r\n\r\n"), 0);
        if (end != SIZE_MAX && need == SIZE_MAX) {
            size_t at = str_find_str(str_upto(all, end), STR("Content-Length: "), 0);
            chunked = at == SIZE_MAX;
            need = chunked ? 0 : end + 4 + strtoul(all.p + at + 16, NULL, 10);
        }
        if (need != SIZE_MAX && !chunked && all.n >= need) break;
        if (chunked && str_ends(all, STR("\r\n0\r\n\r\n"))) {
            need = all.n;
            break;
        }
        char *to = buf_room(in, 65536);
        if (!to) return -1;
        ssize_t n = recv(fd, to, 65536, 0);
        if (n <= 0) return -1;
        in->n += (size_t)n;
    }
    bool ok = str_starts(buf_view(in), STR("HTTP/1.1 200 "));
    buf_drop(in, need);
    return ok ? (ssize_t)(need - end - 4) : -1;
}

static bool one_round(client *c, int fd, buf *in, unsigned kind) {
    static char body[1500000];
    char head[200];
    size_t n = kind == 0 ? 500 : kind == 1 ? 100000 : sizeof body;
    int len;
    switch (kind) {
    case 0:
    case 1:
        len = snprintf(head, sizeof head,
                       "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", n);
        if (!say(fd, head, (size_t)len) || !say(fd, body, n) || hear(fd, in) != (ssize_t)n)
            return false;
        break;
    case 2:
        len = snprintf(head, sizeof head,
                       "POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", n);
        if (!say(fd, head, (size_t)len) || !say(fd, body, n) || hear(fd, in) != 7) return false;
        break;
    case 3:
        if (!say_text(fd, "GET /numbers HTTP/1.1\r\nHost: t\r\n\r\n") || hear(fd, in) < 1900000)
            return false;
        break;
    case 4:
        if (!say_text(fd, "GET /source HTTP/1.1\r\nHost: t\r\n\r\n") || hear(fd, in) != 3000000)
            return false;
        break;
    default: // two at once
        if (!say_text(
                fd,
                "GET /nap HTTP/1.1\r\nHost: t\r\n\r\nGET /nap HTTP/1.1\r\nHost: t\r\n\r\n") ||
            hear(fd, in) != 5 || hear(fd, in) != 5)
            return false;
    }
    c->replies++;
    return true;
}

static void *work(void *arg) {
    client *c = arg;
    buf in = BUF_MAX(16 << 20);
    unsigned seed = (unsigned)c->number;
    int fd = -1;
    for (int i = 0; c->stop ? !*c->stop : i < ROUNDS; i++) {
        if (fd < 0) fd = dial(c->port);
        if (fd < 0) break;
        bool ok = one_round(c, fd, &in, (unsigned)rand_r(&seed) % 6);
        bool hang_up = rand_r(&seed) % 5 == 0;
        if (!ok || hang_up) {
            if (hang_up)
                say_text(fd, "POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nab");
            close(fd);
            fd = -1;
            buf_clear(&in);
        }
    }
    if (fd >= 0) close(fd);
    buf_free(&in);
    return NULL;
}

static void run_clients(client *all, int port, _Atomic bool *stop) {
    for (int i = 0; i < CLIENTS; i++) {
        all[i] = (client){.port = port, .number = i + 1, .stop = stop};
        thread_start(&all[i].thread, "client", 0, true, work, &all[i]);
    }
}

static void test_many_clients(void **state) {
    (void)state;
    client all[CLIENTS];
    http_server *s = start();
    run_clients(all, http_server_port(s), NULL);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].replies, ROUNDS);
    }
    http_server_stop(s, 1000000);
}

static void test_stop_under_load(void **state) {
    (void)state;
    for (int round = 0; round < 5; round++) {
        client all[CLIENTS];
        _Atomic bool stop = false;
        http_server *s = start();
        run_clients(all, http_server_port(s), &stop);
        usleep(100000);
        int64_t began = clock_mono_us();
        http_server_stop(s, round % 2 ? 0 : 500000);
        assert_true(clock_mono_us() - began < 10000000);
        stop = true;
        for (int i = 0; i < CLIENTS; i++)
            pthread_join(all[i].thread, NULL);
    }
}

static void test_start_fails_cleanly(void **state) {
    (void)state;
    http_server *s = start();
    const http_dialect *const none[] = {NULL};
    http_config c = {.host = STR("127.0.0.1"), .port = http_server_port(s), .dialects = none};
    err e;
    assert_null(http_server_start(&c, &e)); // the port is taken
    assert_non_null(strstr(e.msg, "127.0.0.1"));
    c.host = STR("localhost");
    assert_null(http_server_start(&c, &e)); // names are not looked up
    assert_int_equal(e.code, ERR_INVALID);
    http_server_stop(s, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_clients),
        cmocka_unit_test(test_stop_under_load),
        cmocka_unit_test(test_start_fails_cleanly),
    };
    log_set_level(LOG_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
