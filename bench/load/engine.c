// SPDX-License-Identifier: Apache-2.0
// engine: keeps every connection busy with one request. Connections are dealt to the drivers
// (threads) once; what a slot and a driver hold is touched by that thread alone, so nothing is
// locked. Sockets do not block; a request is written at once and what does not fit waits for
// EPOLLOUT. With patience, a connection that is lost is made again and the same request sent
// again (the writes that are measured so are idempotent).
#include "load/load.h"

#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_CHUNK   (256u << 10)
#define RETRY_US     20000
#define NO_ANSWER_US 600000000 // a reply that takes longer is an error

typedef struct driver {
    pthread_t thread;
    load *l;
    int epoll;
    size_t first, alive; // slots first, first + threads, ...
    hist latency;
    uint64_t replies, reconnects, bytes_in, bytes_out;
    char *chunk; // READ_CHUNK bytes
} driver;

void load_fail(load *l, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    if (!__atomic_exchange_n(&l->stop, true, __ATOMIC_ACQ_REL))
        vsnprintf(l->error, sizeof l->error, fmt, ap);
    va_end(ap);
}

static bool stopped(const load *l) {
    return __atomic_load_n(&l->stop, __ATOMIC_ACQUIRE);
}

static void watch(slot *s, int op, bool out) {
    struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0u), .data.ptr = s};
    s->wants_out = out;
    if (epoll_ctl(s->driver->epoll, op, s->fd, &ev))
        load_fail(s->load, "epoll_ctl: %s", strerror(errno));
}

static bool dial(slot *s) {
    const load_options *o = s->load->o;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    int one = 1;
    if (inet_pton(AF_INET, o->host, &to.sin_addr) != 1) return errno = EINVAL, false;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0) return false;
    if (connect(s->fd, (struct sockaddr *)&to, sizeof to)) {
        int why = errno;
        close(s->fd);
        s->fd = -1;
        return errno = why, false;
    }
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    watch(s, EPOLL_CTL_ADD, false);
    return true;
}

static void lost(slot *s, const char *why) {
    load *l = s->load;
    int64_t now = clock_mono_us();
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    if (!s->lost_us) s->lost_us = now;
    if (now - s->lost_us >= l->patience_us) load_fail(l, "connection %zu: %s", s->index, why);
    s->retry_at_us = now + RETRY_US;
}

static bool would_block(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// What is to be written next: the head's rest and as much of the body as is contiguous.
static int pieces(slot *s, struct iovec v[2]) {
    int n = 0;
    uint64_t at = s->sent > s->head.n ? s->sent - s->head.n : 0;
    if (s->sent < s->head.n)
        v[n++] = (struct iovec){s->head.p + s->sent, s->head.n - (size_t)s->sent};
    if (at < s->body_n) {
        size_t offset = (size_t)(at % s->body_span), len = s->body_span - offset;
        if (len > s->body_n - at) len = (size_t)(s->body_n - at);
        v[n++] = (struct iovec){(void *)((uintptr_t)s->body + offset), len};
    }
    return n;
}

static void push(slot *s) {
    struct iovec v[2];
    for (int n; (n = pieces(s, v)) > 0;) {
        struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
        ssize_t sent = sendmsg(s->fd, &m, MSG_NOSIGNAL);
        if (sent >= 0) {
            s->sent += (uint64_t)sent;
            s->driver->bytes_out += (uint64_t)sent;
        } else if (would_block()) {
            if (!s->wants_out) watch(s, EPOLL_CTL_MOD, true);
            return;
        } else {
            // A server that refuses a body may answer and close: what it said is read first.
            if (s->wants_out) watch(s, EPOLL_CTL_MOD, false);
            return;
        }
    }
    if (s->wants_out) watch(s, EPOLL_CTL_MOD, false);
}

static void again(slot *s) { // the request that is in s, from its start
    s->sent = 0;
    s->got = 0;
    reply_init(&s->in);
    buf_clear(&s->kept);
    if (s->fd < 0) {
        if (!dial(s)) return lost(s, strerror(errno));
        s->driver->reconnects++;
    }
    push(s);
}

static void begin(slot *s) {
    load *l = s->load;
    buf_clear(&s->head);
    s->body_n = 0;
    if (stopped(l) || !l->next(l->arg, s)) {
        s->over = true;
        s->driver->alive--;
        return;
    }
    if (s->head.full) return load_fail(l, "a request is too long");
    s->began_us = clock_mono_us();
    again(s);
}

static void body_bytes(void *arg, const char *p, size_t n) {
    slot *s = arg;
    if (s->load->piece)
        s->load->piece(s->load->arg, s, p, n);
    else if (s->kept.n + n <= s->load->keep)
        buf_add(&s->kept, p, n);
}

static void finish(slot *s) {
    load *l = s->load;
    s->status = s->in.status;
    s->got = s->in.n;
    s->took_us = clock_mono_us() - s->began_us;
    s->lost_us = 0;
    s->driver->replies++;
    hist_add(&s->driver->latency, (uint64_t)s->took_us);
    if (s->in.close) {
        close(s->fd);
        s->fd = -1;
    }
    if (!l->done(l->arg, s))
        return load_fail(l, "status %d: %.*s", s->status,
                         STR_F(str_upto(buf_view(&s->kept), 300)));
    begin(s);
}

static void pull(slot *s) {
    const char *why = "";
    ssize_t n = recv(s->fd, s->driver->chunk, READ_CHUNK, 0);
    if (n < 0 && would_block()) return;
    if (n <= 0)
        return lost(s, n ? strerror(errno) : "closed by the server before its reply was whole");
    s->driver->bytes_in += (uint64_t)n;
    if (s->over) return; // held open, and the server says something: nothing to us
    if (!reply_feed(&s->in, s->driver->chunk, (size_t)n, body_bytes, s, &why))
        return load_fail(s->load, "connection %zu: %s", s->index, why);
    if (s->in.state == REPLY_DONE) finish(s);
}

// Connections that were lost and are due, and replies that never come.
static void tend(driver *d) {
    load *l = d->l;
    int64_t now = clock_mono_us();
    for (size_t i = d->first; i < l->conns; i += (size_t)l->o->threads) {
        slot *s = &l->slots[i];
        if (s->over) continue;
        if (s->fd < 0 && now >= s->retry_at_us) again(s);
        if (now - s->began_us > NO_ANSWER_US) load_fail(l, "connection %zu: no answer", i);
    }
}

static void *drive(void *arg) {
    driver *d = arg;
    load *l = d->l;
    for (size_t i = d->first; i < l->conns; i += (size_t)l->o->threads) {
        slot *s = &l->slots[i];
        s->driver = d;
        if (!dial(s))
            load_fail(l, "connect to %s:%d: %s", l->o->host, (int)l->o->port, strerror(errno));
        else
            begin(s);
    }
    for (int64_t tended = clock_mono_us(); d->alive && !stopped(l);) {
        struct epoll_event ev[64];
        int n = epoll_wait(d->epoll, ev, 64, 10);
        for (int i = 0; i < n && !stopped(l); i++) {
            slot *s = ev[i].data.ptr;
            if (s->fd >= 0 && ev[i].events & EPOLLOUT) push(s);
            if (s->fd >= 0 && ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) pull(s);
        }
        if (clock_mono_us() - tended > 10000) {
            tend(d);
            tended = clock_mono_us();
        }
    }
    return NULL;
}

static void gather(load *l, const driver *d) {
    hist_merge(&l->latency, &d->latency);
    l->replies += d->replies;
    l->reconnects += d->reconnects;
    l->bytes_in += d->bytes_in;
    l->bytes_out += d->bytes_out;
}

bool load_run(load *l, void *states, size_t state_size) {
    size_t threads = (size_t)l->o->threads;
    int64_t began = clock_mono_us();
    double cpu = process_cpu(l->o->pid);
    l->slots = mem_alloc(l->conns * sizeof *l->slots);
    l->drivers = mem_alloc(threads * sizeof *l->drivers);
    for (size_t i = 0; i < l->conns; i++) {
        slot *s = &l->slots[i];
        s->index = i;
        s->load = l;
        s->fd = -1;
        s->state = states ? (char *)states + i * state_size : NULL;
        s->head = BUF_MAX(32 << 20);
        s->kept = BUF_MAX(l->keep);
    }
    for (size_t t = 0; t < threads; t++) {
        driver *d = &l->drivers[t];
        *d = (driver){.l = l,
                      .first = t,
                      .epoll = epoll_create1(EPOLL_CLOEXEC),
                      .chunk = mem_alloc(READ_CHUNK)};
        if (d->epoll < 0) load_fail(l, "epoll_create1: %s", strerror(errno));
        d->alive = l->conns > t ? (l->conns - t + threads - 1) / threads : 0;
        thread_start(&d->thread, "load", 0, true, drive, d);
    }
    for (size_t t = 0; t < threads; t++) {
        pthread_join(l->drivers[t].thread, NULL);
        gather(l, &l->drivers[t]);
    }
    l->wall_us = clock_mono_us() - began;
    l->server_cpu_s = process_cpu(l->o->pid) - cpu;
    return !l->error[0];
}

void load_close(load *l) {
    for (size_t i = 0; i < l->conns; i++) {
        slot *s = &l->slots[i];
        if (s->fd >= 0) close(s->fd);
        buf_free(&s->head);
        buf_free(&s->kept);
    }
    for (size_t t = 0; t < (size_t)l->o->threads; t++) {
        close(l->drivers[t].epoll);
        free(l->drivers[t].chunk);
    }
    free(l->slots);
    free(l->drivers);
}

void report_load(report *r, const load *l) {
    report_i64(r, "requests", (int64_t)l->replies);
    report_f64(r, "wall_s", (double)l->wall_us / 1e6);
    hist_report(&l->latency, r, "");
    report_f64(r, "sent_mb", (double)l->bytes_out / 1e6);
    report_f64(r, "received_mb", (double)l->bytes_in / 1e6);
    if (l->reconnects) report_i64(r, "reconnects", (int64_t)l->reconnects);
    report_f64(r, "server_cpu_s", l->server_cpu_s);
}
