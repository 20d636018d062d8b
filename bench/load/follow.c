// SPDX-License-Identifier: Apache-2.0
// follow: --conns event streams are held open while --rate projects a second are created, for
// --seconds; how long it took from an event's own time (stamped within the transaction, so the
// commit is included) until its last byte was read, over all streams. Creations go to
// --write-port, which may be another server on the same database. Every stream must get every
// event once, in order.
#include "base/thread.h"
#include "load/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 64 << 10, DRAIN_US = 10000000 };

typedef struct stream {
    int fd;
    int64_t last; // number; -1: the head was not read yet
    uint64_t events;
    size_t n; // bytes kept of a block that is not whole
    char *part;
} stream;

typedef struct follow {
    const load_options *o;
    int epoll;
    stream *streams;
    size_t n;
    hist latency;
    char *room;
    // the writer
    load_options to;
    load *writer;
    int64_t began_us;
    int64_t sent;
    _Atomic int64_t created; // -1: it failed
    char error[500];
} follow;

// ---- the writer ----------------------------------------------------------------------------

static bool create_next(void *arg, slot *s) {
    follow *f = arg;
    int64_t due = f->began_us + f->sent * 1000000 / f->o->rate, now = clock_mono_us();
    if (due - f->began_us > f->o->seconds * 1000000) return false;
    if (due > now) {
        struct timespec t = {(due - now) / 1000000, (due - now) % 1000000 * 1000};
        nanosleep(&t, NULL);
    }
    char body[100];
    int n = snprintf(body, sizeof body, "{\"name\":\"follow %llx\"}",
                     (unsigned long long)mix64((uint64_t)(f->began_us + ++f->sent)));
    request(s, &f->to, "POST", STR("/api/v1/projects"), str_n(body, (size_t)n));
    return true;
}

static bool create_done(void *arg, slot *s) {
    follow *f = arg;
    f->created++;
    return s->status == 201;
}

static void *write_main(void *arg) {
    follow *f = arg;
    if (!load_run(f->writer, NULL, 0)) f->created = -1;
    return NULL;
}

// ---- the streams ---------------------------------------------------------------------------

static bool open_one(follow *f, stream *s) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->o->port)};
    inet_pton(AF_INET, f->o->host, &to.sin_addr);
    char text[600];
    const char *token = f->o->token;
    int n = snprintf(text, sizeof text,
                     "GET /api/v1/events/stream HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n", f->o->host,
                     *token ? "Authorization: Bearer " : "", token, *token ? "\r\n" : "");
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = s};
    s->last = -1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return s->fd >= 0 && !connect(s->fd, (struct sockaddr *)&to, sizeof to) &&
           send(s->fd, text, (size_t)n, MSG_NOSIGNAL) == n &&
           !epoll_ctl(f->epoll, EPOLL_CTL_ADD, s->fd, &ev);
}

static bool wrong(follow *f, const char *what, str block) {
    if (!f->error[0])
        snprintf(f->error, sizeof f->error, "%s: %.*s", what, STR_F(str_upto(block, 300)));
    return false;
}

static int64_t number_behind(str block, const char *name) {
    size_t at = str_find_str(block, str_of(name), 0);
    return at == SIZE_MAX ? -1 : strtoll(block.p + at + strlen(name), NULL, 10);
}

// The head, a place, an event or a comment.
static bool take_block(follow *f, stream *s, str block, int64_t now) {
    if (str_starts(block, STR(":"))) return true;
    int64_t id = number_behind(block, "id: "), time_us = number_behind(block, "\"time_us\":");
    if (s->last < 0) {
        if (id < 0) return str_starts(block, STR("HTTP/1.1 200")) || wrong(f, "refused", block);
        s->last = id;
        return true;
    }
    if (id != s->last + 1 || time_us < 0) return wrong(f, "not the next event", block);
    s->last = id;
    s->events++;
    hist_add(&f->latency, now > time_us ? (uint64_t)(now - time_us) : 0);
    return true;
}

// Blocks end with an empty line; the head's lines end in CR LF.
static size_t block_end(str text, size_t *next) {
    size_t a = str_find_str(text, STR("\n\n"), 0), b = str_find_str(text, STR("\r\n\r\n"), 0);
    bool crlf = b < a;
    size_t end = crlf ? b : a;
    *next = end == SIZE_MAX ? 0 : end + (crlf ? 4 : 2);
    return end;
}

static bool read_stream(follow *f, stream *s) {
    memcpy(f->room, s->part, s->n);
    ssize_t got = recv(s->fd, f->room + s->n, ROOM - s->n, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) return wrong(f, "a stream ended", (str){0});
    int64_t now = clock_now_us();
    str left = str_n(f->room, s->n + (size_t)got);
    for (size_t end, next; (end = block_end(left, &next)) != SIZE_MAX;) {
        if (!take_block(f, s, str_upto(left, end), now)) return false;
        left = str_from(left, next);
    }
    s->part = mem_realloc(s->part, left.n ? left.n : 1);
    memcpy(s->part, left.p, left.n);
    s->n = left.n;
    return left.n < ROOM / 2 || wrong(f, "an event without an end", left);
}

static bool read_some(follow *f) {
    struct epoll_event ev[256];
    int n = epoll_wait(f->epoll, ev, 256, 20);
    for (int i = 0; i < n; i++) {
        if (!read_stream(f, ev[i].data.ptr)) return false;
    }
    return true;
}

// Do all of them stand where they shall begin? And later: have all of them everything?
static bool all_have(const follow *f, int64_t events) {
    for (size_t i = 0; i < f->n; i++) {
        const stream *s = &f->streams[i];
        if (s->last < 0 || (int64_t)s->events < events) return false;
    }
    return true;
}

static bool run(follow *f) {
    pthread_t thread;
    for (size_t i = 0; i < f->n; i++) {
        if (!open_one(f, &f->streams[i])) return wrong(f, "open", str_of(strerror(errno)));
        if (i % 64 == 63 && !read_some(f)) return false;
    }
    while (!all_have(f, 0)) {
        if (!read_some(f)) return false;
    }
    f->began_us = clock_mono_us();
    int64_t stop = f->began_us + f->o->seconds * 1000000 + DRAIN_US;
    thread_start(&thread, "writer", 0, true, write_main, f);
    bool ok = true;
    while (ok && clock_mono_us() < stop - DRAIN_US)
        ok = read_some(f);
    pthread_join(thread, NULL);
    if (f->created < 0) return wrong(f, "create", str_of(f->writer->error));
    while (ok && !all_have(f, f->created)) {
        ok = read_some(f);
        if (clock_mono_us() > stop) return wrong(f, "events did not come", (str){0});
    }
    return ok;
}

static void allow_files(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int cmd_follow(const load_options *o, arena *a, report *r) {
    follow *f = arena_alloc(a, sizeof *f);
    *f = (follow){
        .o = o, .n = (size_t)o->conns, .to = *o, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    f->streams = ARENA_ARRAY(a, stream, f->n);
    f->room = arena_bytes(a, ROOM);
    f->to.threads = 1;
    if (o->write_port) f->to.port = o->write_port;
    f->writer = mem_alloc(sizeof *f->writer);
    *f->writer = (load){.o = &f->to,
                        .conns = 1,
                        .keep = 4096,
                        .arg = f,
                        .next = create_next,
                        .done = create_done};
    allow_files();
    double cpu = process_cpu(o->pid);
    bool ok = run(f);
    report_i64(r, "streams", (int64_t)f->n);
    report_i64(r, "events", f->created);
    report_i64(r, "received", (int64_t)f->latency.n);
    hist_report(&f->latency, r, "");
    if (o->pid) report_f64(r, "server_cpu_s", process_cpu(o->pid) - cpu);
    report_f64(r, "own_cpu_s", own_cpu());
    for (size_t i = 0; i < f->n; i++) {
        if (f->streams[i].fd > 0) close(f->streams[i].fd);
        free(f->streams[i].part);
    }
    close(f->epoll);
    if (f->writer->slots) load_close(f->writer);
    free(f->writer);
    return ok ? 0 : failed(r, arena_cstr(a, str_of(f->error)));
}
