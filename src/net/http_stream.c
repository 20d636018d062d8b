// SPDX-License-Identifier: Apache-2.0
// Replies that stay open. The hub is one thread with an epoll set of its own; a connection
// whose handler began a stream is handed to it and leaves the workers for good. Whoever has
// news (http_stream_send, any thread) writes without waiting; what the peer does not take is
// kept, within a bound, and goes out by events here. A stream that waits costs its struct and
// that of its connection: no thread, no buffer, no request.
//
// S1. hub->lock guards every stream's fields and the lists. No callback is called under it.
// S2. `ready` and `closed` are called by the hub's thread only, so never at once; a stream is
//     freed there, right after `closed`.
// S3. A stream is `handed` when its connection is the hub's; only then can it be closed.
#include "net/http_internal.h"

#include "base/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SEND_BUFFER = 16 << 10, // in the kernel; it doubles that
    TICK_US = 1000000,
};

struct http_stream {
    http_hub *hub;
    http_conn *c; // NULL until handed
    http_stream_events ev;
    str heartbeat;
    buf kept; // not taken by the peer yet
    size_t kept_at;
    int64_t spoke_us; // when something was last given
    int64_t moved_us; // when the peer last took something, while bytes are kept
    bool over, hard, wants_out;
    http_stream *prev, *next; // all
    http_stream *next_over;
};

struct http_hub {
    http_server *s;
    int epoll, wake;
    pthread_t thread;
    bool started, stopping, quitting;
    pthread_mutex_t lock;
    http_stream *all, *over;
    int n;
};

// ---- under the lock ------------------------------------------------------------------------

static void poke(http_hub *h) {
    uint64_t one = 1;
    (void)!write(h->wake, &one, sizeof one);
}

static void set_over(http_stream *t, bool hard) {
    if (t->over) return;
    t->over = true;
    t->hard = hard;
    if (!t->c) return; // http_stream_hand sees it
    t->next_over = t->hub->over;
    t->hub->over = t;
    poke(t->hub);
}

static void want_out(http_stream *t, bool yes) {
    if (t->wants_out == yes) return;
    struct epoll_event ev = {.events = EPOLLRDHUP | (yes ? EPOLLOUT : 0u), .data.ptr = t};
    t->wants_out = yes;
    BUG_ON(epoll_ctl(t->hub->epoll, EPOLL_CTL_MOD, t->c->fd, &ev) != 0);
}

static void keep(http_stream *t, str bytes) {
    bool first = !t->kept.n;
    size_t n = t->kept.n - t->kept_at + bytes.n;
    if (!first && n > HTTP_STREAM_KEPT_MAX) {
        METRIC_ADD(http_streams_dropped_total, 1);
        set_over(t, true);
        return;
    }
    if (first) {
        t->moved_us = clock_mono_us();
        t->kept = BUF_MAX(bytes.n > HTTP_STREAM_KEPT_MAX ? bytes.n : HTTP_STREAM_KEPT_MAX);
    } else {
        buf_drop(&t->kept, t->kept_at);
        t->kept_at = 0;
    }
    buf_str(&t->kept, bytes);
}

// Bytes that the peer took.
static size_t send_now(http_stream *t, str bytes) {
    struct iovec iov = {(void *)(uintptr_t)bytes.p, bytes.n};
    ssize_t n = http_send(t->c, &iov, 1, false);
    if (n == HTTP_GONE) set_over(t, false);
    if (n <= 0) return 0;
    METRIC_ADD(http_bytes_out_total, n);
    return (size_t)n;
}

static void flush_kept(http_stream *t) {
    size_t n = send_now(t, str_from(buf_view(&t->kept), t->kept_at));
    t->kept_at += n;
    if (n) t->moved_us = clock_mono_us();
    if (t->kept_at < t->kept.n) return;
    buf_free(&t->kept);
    t->kept_at = 0;
}

static http_streamed give(http_stream *t, str bytes) {
    if (t->over) return HTTP_STREAM_OVER;
    t->spoke_us = clock_mono_us();
    if (t->c && !t->kept.n) bytes = str_from(bytes, send_now(t, bytes));
    if (bytes.n && !t->over) keep(t, bytes);
    if (t->over) return HTTP_STREAM_OVER;
    if (t->c && t->kept.n) want_out(t, true);
    return t->c && !t->kept.n ? HTTP_STREAM_SENT : HTTP_STREAM_KEPT;
}

static void list_out(http_stream *t) {
    http_hub *h = t->hub;
    if (t->prev)
        t->prev->next = t->next;
    else
        h->all = t->next;
    if (t->next) t->next->prev = t->prev;
    h->n--;
    METRIC_ADD(http_streams, -1);
}

// ---- the thread ----------------------------------------------------------------------------

static void on_event(http_stream *t, uint32_t events) {
    http_hub *h = t->hub;
    pthread_mutex_lock(&h->lock);
    if (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) set_over(t, false);
    if (!t->over && t->kept.n) flush_kept(t);
    bool ready = !t->over && !t->kept.n && events & EPOLLOUT;
    if (ready) want_out(t, false);
    pthread_mutex_unlock(&h->lock);
    if (ready) t->ev.ready(t->ev.arg); // S2: nobody frees it meanwhile
}

// Heartbeats, and peers that take nothing.
static void tick(http_hub *h, int64_t now) {
    const http_config *c = &h->s->c;
    pthread_mutex_lock(&h->lock);
    for (http_stream *t = h->all; t; t = t->next) {
        if (!t->c || t->over) continue;
        if (t->kept.n && now - t->moved_us > c->stream_stall_us) {
            METRIC_ADD(http_streams_dropped_total, 1);
            set_over(t, true);
        } else if (!t->kept.n && now - t->spoke_us >= c->stream_beat_us) {
            give(t, t->heartbeat);
        }
    }
    pthread_mutex_unlock(&h->lock);
}

static void close_stream(http_stream *t) {
    struct linger now = {1, 0};
    t->ev.closed(t->ev.arg);
    if (t->hard) setsockopt(t->c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    http_conn_close(t->c, t->hub->s);
    buf_free(&t->kept);
    free(t);
}

static void close_over(http_hub *h) {
    pthread_mutex_lock(&h->lock);
    http_stream *over = h->over;
    h->over = NULL;
    for (http_stream *t = over; t; t = t->next_over)
        list_out(t);
    pthread_mutex_unlock(&h->lock);
    while (over) {
        http_stream *t = over;
        over = t->next_over;
        close_stream(t);
    }
}

static bool goes_on(http_hub *h) {
    pthread_mutex_lock(&h->lock);
    bool yes = !h->quitting;
    pthread_mutex_unlock(&h->lock);
    return yes;
}

static void *hub_main(void *arg) {
    http_hub *h = arg;
    int64_t beat = h->s->c.stream_beat_us < h->s->c.stream_stall_us ? h->s->c.stream_beat_us
                                                                    : h->s->c.stream_stall_us;
    int64_t every = beat / 4 < TICK_US ? beat / 4 : TICK_US, next = clock_mono_us() + every;
    while (goes_on(h)) {
        struct epoll_event ev[64];
        int64_t left = next - clock_mono_us();
        int n = epoll_wait(h->epoll, ev, 64, left > 0 ? (int)(left / 1000 + 1) : 0);
        for (int i = 0; i < n; i++) {
            uint64_t woken;
            if (ev[i].data.ptr)
                on_event(ev[i].data.ptr, ev[i].events);
            else
                (void)!read(h->wake, &woken, sizeof woken);
        }
        int64_t now = clock_mono_us();
        if (now >= next) {
            tick(h, now);
            next = now + every;
        }
        close_over(h); // last: events of this round may name them
    }
    return NULL;
}

// ---- for handlers and those who have news --------------------------------------------------

// Under the lock.
static bool may_open(http_hub *h, err *e) {
    if (h->stopping) return err_set(e, ERR_UNAVAILABLE, "The server stops.");
    if (h->n >= h->s->c.max_streams)
        return err_set(e, ERR_UNAVAILABLE,
                       "There are %d streams open already. Try again later.", h->n);
    if (!h->started)
        h->started = thread_start(&h->thread, "http-streams", 0, false, hub_main, h);
    return h->started || err_set(e, ERR_UNAVAILABLE, "The server has no threads left.");
}

http_stream *http_reply_stream(http_req *r, const char *type, str heartbeat,
                               const http_stream_events *events, err *e) {
    http_hub *h = r->w->s->hub;
    pthread_mutex_lock(&h->lock);
    if (!may_open(h, e)) {
        pthread_mutex_unlock(&h->lock);
        return NULL;
    }
    http_stream *t = mem_alloc(sizeof *t);
    *t = (http_stream){.hub = h,
                       .ev = *events,
                       .heartbeat = heartbeat,
                       .spoke_us = clock_mono_us(),
                       .next = h->all};
    if (h->all) h->all->prev = t;
    h->all = t;
    h->n++;
    METRIC_ADD(http_streams, 1);
    pthread_mutex_unlock(&h->lock);
    r->stream = t;
    http_head_send(r, 200, type, HTTP_UNTIL_CLOSE, NULL, 0, true);
    r->replied = true;
    return t;
}

http_streamed http_stream_send(http_stream *t, str bytes) {
    pthread_mutex_lock(&t->hub->lock);
    http_streamed now = give(t, bytes);
    pthread_mutex_unlock(&t->hub->lock);
    return now;
}

void http_stream_end(http_stream *t) {
    pthread_mutex_lock(&t->hub->lock);
    set_over(t, false);
    pthread_mutex_unlock(&t->hub->lock);
}

void http_stream_hand(http_worker *w, http_conn *c) {
    http_req *r = c->req;
    http_stream *t = r->stream;
    http_hub *h = t->hub;
    int small = SEND_BUFFER;
    buf head = c->out; // what of the head did not fit
    c->out = (buf){0};
    http_req_free(r, w);
    w->in_at = w->in_n = 0; // a stream is the last reply of its connection
    atomic_fetch_sub_explicit(&w->s->held, c->held, memory_order_relaxed);
    c->held = 0;
    c->state = HTTP_STREAM;
    epoll_ctl(w->s->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    pthread_mutex_lock(&h->lock);
    if (head.n) {
        head.max += t->kept.n;
        buf_str(&head, buf_view(&t->kept));
        buf_free(&t->kept);
        t->kept = head;
        t->moved_us = clock_mono_us();
    }
    t->c = c;
    t->wants_out = true; // so that `ready` comes, whatever was given before
    struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLOUT, .data.ptr = t};
    bool watched = !epoll_ctl(h->epoll, EPOLL_CTL_ADD, c->fd, &ev);
    bool over = t->over || h->stopping || c->broken || !watched;
    t->over = false; // anew: now there is something to close
    if (over) set_over(t, t->hard);
    pthread_mutex_unlock(&h->lock); // t and c may be gone now
}

// ---- start and stop ------------------------------------------------------------------------

http_hub *http_hub_new(http_server *s, err *e) {
    http_hub *h = mem_alloc(sizeof *h);
    h->s = s;
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&h->lock, NULL);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    if (h->epoll >= 0 && h->wake >= 0 && !epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->wake, &ev))
        return h;
    err_errno(e, "The server can not watch streams");
    http_hub_free(h);
    return NULL;
}

void http_hub_stop(http_hub *h) {
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    for (http_stream *t = h->all; t; t = t->next)
        if (t->c) set_over(t, false);
    pthread_mutex_unlock(&h->lock);
}

void http_hub_free(http_hub *h) {
    if (!h) return;
    pthread_mutex_lock(&h->lock);
    h->quitting = true;
    bool started = h->started;
    pthread_mutex_unlock(&h->lock);
    poke(h);
    if (started) pthread_join(h->thread, NULL);
    BUG_ON(h->n);
    if (h->epoll >= 0) close(h->epoll);
    if (h->wake >= 0) close(h->wake);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
