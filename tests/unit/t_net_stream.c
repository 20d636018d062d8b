// SPDX-License-Identifier: Apache-2.0
// Replies that stay open: a source numbers its lines and gives each to whoever can take it, the
// clients check that they miss none; others never read, leave, or come when the server stops.
// In one process, so that the thread sanitizer sees it.
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
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

enum { READERS = 8, SLEEPERS = 8, LINES = 3000, WAIT_US = 60000000 };

// ---- the source
// ------------------------------------------------------------------------------- As the feed
// of events does it: who is behind is fed from where it stands.
typedef struct follower {
    struct source *src;
    http_stream *stream;
    int next; // line
    bool waits;
    struct follower *before, *behind;
} follower;

typedef struct source {
    pthread_mutex_t lock;
    follower *all;
    int lines; // that there are
    int opened, closed;
    atomic_bool stop;
    pthread_t thread;
} source;

static void on_ready(void *arg) {
    follower *f = arg;
    pthread_mutex_lock(&f->src->lock);
    f->waits = false;
    pthread_mutex_unlock(&f->src->lock);
}

static void on_closed(void *arg) {
    follower *f = arg;
    source *src = f->src;
    pthread_mutex_lock(&src->lock);
    if (f->before)
        f->before->behind = f->behind;
    else
        src->all = f->behind;
    if (f->behind) f->behind->before = f->before;
    src->closed++;
    pthread_mutex_unlock(&src->lock);
    free(f);
}

static void follow(http_req *r) {
    source *src = http_app(r);
    err e;
    follower *f = calloc(1, sizeof *f);
    *f = (follower){.src = src, .waits = true};
    http_stream_events on = {on_ready, on_closed, f};
    f->stream = http_reply_stream(r, "text/event-stream", STR(":\n"), &on, &e);
    if (!f->stream) {
        free(f);
        http_fail(r, &e);
        return;
    }
    http_stream_send(f->stream, STR("hello\n"));
    pthread_mutex_lock(&src->lock);
    f->behind = src->all;
    if (src->all) src->all->before = f;
    src->all = f;
    src->opened++;
    pthread_mutex_unlock(&src->lock);
}

static void give(follower *f) {
    char text[4096];
    size_t n = 0;
    while (f->next < f->src->lines && n < sizeof text - 200)
        n += (size_t)snprintf(text + n, sizeof text - n, "%d %0100d\n", f->next++, 0);
    if (n) f->waits = http_stream_send(f->stream, str_n(text, n)) != HTTP_STREAM_SENT;
}

static void *feed(void *arg) {
    source *src = arg;
    while (!atomic_load(&src->stop)) {
        pthread_mutex_lock(&src->lock);
        if (src->lines < LINES) src->lines += 3;
        for (follower *f = src->all; f; f = f->behind)
            if (!f->waits) give(f);
        pthread_mutex_unlock(&src->lock);
        usleep(200);
    }
    return NULL;
}

static int closed_of(source *src) {
    pthread_mutex_lock(&src->lock);
    int n = src->closed;
    pthread_mutex_unlock(&src->lock);
    return n;
}

static int opened_of(source *src) {
    pthread_mutex_lock(&src->lock);
    int n = src->opened;
    pthread_mutex_unlock(&src->lock);
    return n;
}

static void until(source *src, int (*what)(source *), int n) {
    int64_t end = clock_mono_us() + WAIT_US;
    while (what(src) < n) {
        if (clock_mono_us() > end) fail_msg("waited too long: %d of %d", what(src), n);
        usleep(2000);
    }
}

// ---- server and clients --------------------------------------------------------------------
static void plain(http_req *r) {
    http_reply(r, 200, "text/plain", STR("plain"));
}

static const http_route routes[] = {
    ROUTE(HTTP_GET, "/follow", PUBLIC, follow, "."),
    ROUTE(HTTP_GET, "/plain", PUBLIC, plain, "."),
};

static http_server *start(source *src, const http_config *more) {
    static const http_dialect d = {
        .name = "test", .routes = routes, .n = sizeof routes / sizeof *routes};
    static const http_dialect *const all[] = {&d, NULL};
    http_config c = *more;
    c.host = STR("127.0.0.1");
    c.dialects = all;
    c.app = src;
    err e;
    *src = (source){0};
    pthread_mutex_init(&src->lock, NULL);
    http_server *s = http_server_start(&c, &e);
    assert_non_null(s);
    thread_start(&src->thread, "source", 0, true, feed, src);
    return s;
}

static void stop(http_server *s, source *src) {
    http_server_stop(s, 10000000);
    assert_int_equal(closed_of(src), opened_of(src));
    atomic_store(&src->stop, true);
    pthread_join(src->thread, NULL);
    pthread_mutex_destroy(&src->lock);
}

static int ask(int port, const char *path, int buffer) {
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {60, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (buffer) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa)) fail_msg("connect");
    char text[200];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    return fd;
}

typedef struct reader {
    int port;
    pthread_t thread;
    int lines, beats, wrong;
} reader;

// Reads until it has LINES, or the end; checks that lines come in order.
static void read_lines(reader *c, FILE *in) {
    char line[400];
    while (c->lines < LINES && fgets(line, sizeof line, in)) {
        if (line[0] == ':') c->beats++;
        if (line[0] < '0' || line[0] > '9') continue;
        if (atoi(line) != c->lines) c->wrong++;
        c->lines++;
    }
}

static void *read_all(void *arg) {
    reader *c = arg;
    FILE *in = fdopen(ask(c->port, "/follow", 0), "r");
    read_lines(c, in);
    fclose(in);
    return NULL;
}

// ---- tests ---------------------------------------------------------------------------------
static void in_order_beside_sleepers(void **state) {
    (void)state;
    source src;
    http_server *s =
        start(&src, &(http_config){.stream_stall_us = 2000000, .stream_beat_us = 200000});
    int port = http_server_port(s), asleep[SLEEPERS];
    int64_t dropped = METRIC_GET(http_streams_dropped_total);
    reader readers[READERS] = {{0}};
    for (int i = 0; i < SLEEPERS; i++)
        asleep[i] = ask(port, "/follow", 4096);
    for (int i = 0; i < READERS; i++) {
        readers[i].port = port;
        thread_start(&readers[i].thread, "reader", 0, true, read_all, &readers[i]);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_true(readers[i].lines == LINES && !readers[i].wrong);
    }
    until(&src, closed_of, READERS + SLEEPERS); // readers left, sleepers were dropped
    assert_int_equal(METRIC_GET(http_streams_dropped_total) - dropped, SLEEPERS);
    assert_int_equal(METRIC_GET(http_streams), 0);
    for (int i = 0; i < SLEEPERS; i++)
        close(asleep[i]);
    stop(s, &src);
}

static void heartbeats(void **state) {
    (void)state;
    source src;
    http_server *s = start(&src, &(http_config){.stream_beat_us = 50000});
    pthread_mutex_lock(&src.lock);
    src.lines = LINES; // nothing new comes
    pthread_mutex_unlock(&src.lock);
    FILE *in = fdopen(ask(http_server_port(s), "/follow", 0), "r");
    reader c = {0};
    read_lines(&c, in);
    char line[400];
    for (int i = 0; i < 3; i++)
        assert_true(fgets(line, sizeof line, in) && line[0] == ':');
    fclose(in);
    until(&src, closed_of, 1);
    stop(s, &src);
}

static void cap(void **state) {
    (void)state;
    source src;
    char text[100] = "";
    http_server *s = start(&src, &(http_config){.max_streams = 2});
    int port = http_server_port(s);
    int a = ask(port, "/follow", 0), b;
    until(&src, opened_of, 1);
    b = ask(port, "/follow", 0);
    until(&src, opened_of, 2);
    int c = ask(port, "/follow", 0);
    assert_true(recv(c, text, 12, MSG_WAITALL) == 12 && !memcmp(text, "HTTP/1.1 503", 12));
    close(c);
    c = ask(port, "/plain", 0); // others are served
    assert_true(recv(c, text, 12, MSG_WAITALL) == 12 && !memcmp(text, "HTTP/1.1 200", 12));
    close(a);
    until(&src, closed_of, 1);
    int d = ask(port, "/follow", 0);
    until(&src, opened_of, 3);
    stop(s, &src); // with two open
    close(b);
    close(c);
    close(d);
}

static void *come_and_go(void *arg) {
    reader *c = arg;
    for (int i = 0; i < 40; i++) {
        int fd = ask(c->port, "/follow", 0);
        char text[300];
        if (i % 3) (void)!recv(fd, text, sizeof text, 0);
        close(fd); // at once, or behind the first bytes
    }
    return NULL;
}

static void leaving(void **state) {
    (void)state;
    source src;
    http_server *s = start(&src, &(http_config){0});
    reader readers[READERS] = {{0}};
    for (int i = 0; i < READERS; i++) {
        readers[i].port = http_server_port(s);
        thread_start(&readers[i].thread, "reader", 0, true, come_and_go, &readers[i]);
    }
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i].thread, NULL);
    int last = ask(http_server_port(s), "/follow", 0);
    char text[300];
    assert_true(recv(last, text, sizeof text, 0) > 0);
    stop(s, &src); // some may be on their way to be closed
    close(last);
}

int main(void) {
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_beside_sleepers),
        cmocka_unit_test(heartbeats),
        cmocka_unit_test(cap),
        cmocka_unit_test(leaving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
