// SPDX-License-Identifier: Apache-2.0
// One connection's life: the states of http_internal.h and what leads from one to the next. A
// function that returns `true` here has left the connection to the caller; `false`: it is
// parked, queued or closed and must not be touched.
#include "net/http_internal.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BURST = 64 }; // pipelined requests served before others have their turn

// ---- input that waits -----------------------------------------------------------------
static void input_load(http_worker *w, http_conn *c) {
    w->in_at = 0;
    w->in_n = c->n_saved;
    if (c->n_saved) memcpy(w->in, c->saved, c->n_saved);
    free(c->saved);
    c->saved = NULL;
    c->n_saved = 0;
}

static void input_save(http_worker *w, http_conn *c) {
    size_t n = w->in_n - w->in_at;
    if (n) {
        c->saved = mem_realloc(NULL, n);
        memcpy(c->saved, w->in + w->in_at, n);
        c->n_saved = n;
    }
    w->in_at = w->in_n = 0;
}

// ---- parking --------------------------------------------------------------------------
static int64_t deadline_of(const http_server *s, const http_conn *c, int64_t now) {
    switch ((http_state)c->state) {
    case HTTP_READ: return c->n_saved ? c->since + s->c.header_us : now + s->c.idle_us;
    case HTTP_LINGER: return c->since + HTTP_LINGER_US;
    case HTTP_WRITE: return now + s->c.header_us; // the keeper looks then whether it reads on
    case HTTP_STREAM: return 0;                   // the hub's
    case HTTP_RUN:
    case HTTP_BODY: break;
    }
    return http_rate_deadline(s, c->since, c->moved, now);
}

static void account(http_server *s, http_conn *c) {
    int64_t held = (int64_t)(c->n_saved + c->out.cap + (c->req ? c->req->body.got.cap : 0));
    if (held != c->held)
        atomic_fetch_add_explicit(&s->held, held - c->held, memory_order_relaxed);
    c->held = held;
}

// The event may be served, and the descriptor closed, before this returns. That is fine: the
// call has its own reference to the socket. The thread sanitizer models descriptors as memory
// and would call it a race, hence not through the wrapper that it watches.
static void arm(int epoll, int fd, struct epoll_event *ev) {
    BUG_ON(syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, fd, ev) != 0);
}

static void park_for(http_worker *w, http_conn *c, http_state state, uint32_t events) {
    http_server *s = w->s;
    c->state = state;
    input_save(w, c);
    account(s, c);
    struct epoll_event ev = {.events = events | EPOLLONESHOT, .data.ptr = c};
    int epoll = s->epoll, fd = c->fd;
    atomic_store_explicit(&c->deadline, deadline_of(s, c, clock_mono_us()),
                          memory_order_release);
    arm(epoll, fd, &ev); // the last touch (I1)
}

void http_park(http_worker *w, http_conn *c, http_state state) {
    park_for(w, c, state, state == HTTP_WRITE ? EPOLLOUT : EPOLLIN);
}

static void close_hard(http_worker *w, http_conn *c) { // the peer must not take it for an end
    struct linger now = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    http_conn_close(c, w->s);
}

static void linger_on(http_worker *w, http_conn *c) {
    while (c->moved <= HTTP_LINGER_BYTES && !c->expired) {
        ssize_t n = http_recv(c, w->in, HTTP_INPUT);
        if (n > 0) continue;
        if (n != HTTP_AGAIN) break;
        http_park(w, c, HTTP_LINGER);
        return;
    }
    http_conn_close(c, w->s);
}

// Closing at once would throw away what the peer still sends, with a reset that may overtake
// our reply.
static void close_softly(http_worker *w, http_conn *c) {
    shutdown(c->fd, SHUT_WR);
    c->since = clock_mono_us();
    c->moved = 0;
    w->in_at = w->in_n = 0;
    linger_on(w, c);
}

// ---- after a reply --------------------------------------------------------------------
static bool reply_done(http_worker *w, http_conn *c) {
    http_req *r = c->req;
    bool cut = r->cut || c->broken, close = r->close;
    bool soft = !http_body_consumed(&r->body) || w->in_at < w->in_n || c->n_saved;
    http_req_free(r, w);
    if (!cut && !close) return true;
    if (cut)
        close_hard(w, c);
    else if (soft && !c->eof)
        close_softly(w, c);
    else
        http_conn_close(c, w->s);
    return false;
}

static bool after_handler(http_worker *w, http_conn *c) {
    http_req *r = c->req;
    if (r->stream) {
        http_stream_hand(w, c);
        return false;
    }
    bool waits = !c->broken && !r->cut && (c->out.n || r->pump.on);
    if (!waits) return reply_done(w, c);
    http_note_unread(c);
    http_park(w, c, HTTP_WRITE);
    return false;
}

static bool flush_out(http_conn *c) { // true: all is out, or nothing more will go
    while (c->out_at < c->out.n) {
        struct iovec iov = {c->out.p + c->out_at, c->out.n - c->out_at};
        ssize_t n = http_send(c, &iov, 1, c->req->pump.on);
        if (n == HTTP_AGAIN) return false;
        if (n == HTTP_GONE) break;
        c->out_at += (size_t)n;
    }
    buf_free(&c->out);
    c->out_at = 0;
    return true;
}

static bool write_on(http_worker *w, http_conn *c) {
    http_req *r = c->req;
    if (c->expired) {
        METRIC_ADD(http_refused_total, 1);
        r->cut = true;
        return reply_done(w, c);
    }
    bool waits = !flush_out(c);
    if (!waits && r->pump.on && !c->broken) waits = http_pump_run(r) == HTTP_PUMP_LATER;
    if (!waits) return reply_done(w, c);
    http_note_unread(c);
    http_park(w, c, HTTP_WRITE);
    return false;
}

// ---- running a handler ----------------------------------------------------------------
static void run_handler(http_worker *w, http_req *r) {
    err e;
    atomic_store_explicit(&w->busy, clock_mono_us(), memory_order_relaxed);
    METRIC_ADD(workers_busy, 1);
    if (!w->second && !w->s->idle1) http_keeper_poke(w->s);
    if (http_body_prepare(r, &e))
        r->match.bound->route->handler(r);
    else
        http_fail(r, &e);
    if (!r->status)
        http_fail_code(r, ERR_INTERNAL, "The request was not answered. This is a bug.");
    if (!r->replied) r->cut = true; // a stream that was not ended
    METRIC_ADD(workers_busy, -1);
    atomic_store_explicit(&w->busy, 0, memory_order_relaxed);
    http_pool_unlend(w);
}

static bool run(http_worker *w, http_conn *c) {
    http_req *r = c->req;
    http_payload *b = &r->body;
    if (b->got.n) b->have = buf_view(&b->got);
    r->bytes_in = b->have.n;
    bool second =
        r->match.bound->route->flags & HTTP_LONG || !b->done || b->have.n > HTTP_SMALL_BODY;
    if (second && !w->second) {
        if (!b->got.n) b->have = arena_str(r->a, b->have); // it lies in this worker's input
        input_save(w, c);
        c->state = HTTP_RUN;
        account(w->s, c);
        if (http_pool_submit(w->s, c)) return false;
        input_load(w, c);
    }
    run_handler(w, r);
    return after_handler(w, c);
}

// ---- gathering the body ---------------------------------------------------------------
static bool refuse_body(http_worker *w, http_conn *c, err_code code, const char *msg) {
    METRIC_ADD(http_refused_total, 1);
    c->req->close = true;
    http_fail_code(c->req, code, msg);
    return after_handler(w, c);
}

// What the route lets be gathered before its handler runs.
static size_t gather_limit(const http_route *route) {
    if (route->flags & HTTP_STREAM_BODY) return HTTP_SMALL_BODY;
    return route->max_body ? route->max_body : HTTP_SMALL_BODY;
}

// Reads what is there: into place when the length is known, else through the worker's input.
static ssize_t gather_some(http_worker *w, http_conn *c, size_t limit) {
    http_payload *b = &c->req->body;
    if (b->framing == HTTP_CHUNKED) {
        ssize_t n = http_recv(c, w->in, HTTP_INPUT);
        if (n <= 0) return n;
        w->in_n = (size_t)n;
        w->in_at = http_body_feed(b, w->in, w->in_n);
        return n;
    }
    size_t want = limit - b->got.n < b->left ? limit - b->got.n : (size_t)b->left;
    size_t step = b->got.n > HTTP_INPUT ? b->got.n : HTTP_INPUT;
    if (want > step) want = step;
    ssize_t n = http_recv(c, buf_room(&b->got, want), want);
    if (n <= 0) return n;
    b->got.n += (size_t)n;
    b->left -= (uint64_t)n;
    b->done = !b->left;
    return n;
}

static bool no_more(http_worker *w, http_conn *c, ssize_t n) {
    if (n == HTTP_AGAIN) {
        http_park(w, c, HTTP_BODY);
        return false;
    }
    if (c->expired)
        return refuse_body(w, c, ERR_TIMEOUT, "The body came too slowly. Send it again.");
    c->req->status = 499; // for the log: the peer left
    c->broken = true;
    return reply_done(w, c);
}

static bool gather(http_worker *w, http_conn *c) {
    http_req *r = c->req;
    http_payload *b = &r->body;
    const http_route *route = r->match.bound->route;
    size_t limit = gather_limit(route);
    bool streams = route->flags & HTTP_STREAM_BODY;
    for (;;) {
        if (b->bad) return refuse_body(w, c, ERR_MALFORMED, b->bad);
        if (!streams && b->got.n > limit)
            return refuse_body(w, c, ERR_TOO_LARGE,
                               "The body is longer than this request takes.");
        if (b->done || (streams && b->got.n >= limit)) return run(w, c);
        if (b->got.n > HTTP_INPUT && w->s->held > HTTP_HELD_MAX) {
            if (streams) return run(w, c);
            return refuse_body(w, c, ERR_UNAVAILABLE,
                               "Too many half requests. Try again later.");
        }
        ssize_t n = gather_some(w, c, limit);
        if (n <= 0) return no_more(w, c, n);
    }
}

static bool begin_body(http_worker *w, http_conn *c) {
    http_req *r = c->req;
    http_payload *b = &r->body;
    size_t there = w->in_n - w->in_at;
    c->since = r->began;
    c->moved = 0;
    if (b->framing == HTTP_LENGTH && b->left <= there) { // all is here: read where it lies
        b->have = str_n(w->in + w->in_at, (size_t)b->left);
        w->in_at += (size_t)b->left;
        b->left = 0;
        b->done = true;
        return run(w, c);
    }
    w->in_at += http_body_feed(b, w->in + w->in_at, there);
    if (r->head.expects && !there) http_reply_continue(r);
    return gather(w, c);
}

// ---- accepting a request ---------------------------------------------------------------
static http_req *request_new(http_worker *w, http_conn *c, size_t head) {
    arena *a = w->spare ? w->spare : arena_new();
    w->spare = NULL;
    http_req *r = ARENA_NEW(a, http_req);
    char *text = arena_bytes(a, head);
    memcpy(text, w->in + w->in_at, head);
    w->in_at += head;
    *r = (http_req){.c = c, .w = w, .a = a, .began = clock_mono_us()};
    r->peer = http_addr_text(a, &c->ip);
    c->req = r;
    if (!http_head_parse(a, text, head, &r->head)) r->close = true;
    http_body_init(r);
    return r;
}

static bool begin_request(http_worker *w, http_conn *c, size_t head) {
    http_req *r = request_new(w, c, head);
    if (r->head.refuse) {
        METRIC_ADD(http_refused_total, 1);
        r->body.done = false; // whatever follows is not a request
        http_reply_plain(r, r->head.refuse, r->head.why);
        return after_handler(w, c);
    }
    // What is whole already is not in the way of the next request, whatever the answer.
    if (r->body.framing == HTTP_LENGTH && r->body.left <= w->in_n - w->in_at)
        r->body.done = true;
    bool ok = http_admit(r);
    if (ok) return begin_body(w, c);
    if (r->body.done) w->in_at += (size_t)r->body.left;
    return after_handler(w, c);
}

// ---- reading heads --------------------------------------------------------------------
// No request to answer, but the peer shall know why.
static void refuse_input(http_worker *w, http_conn *c, int status, const char *why) {
    w->in_at = w->in_n;
    http_req *r = request_new(w, c, 0);
    r->head.refuse = 0;
    r->head.path = STR("");
    r->body.done = false;
    r->close = true;
    METRIC_ADD(http_refused_total, 1);
    http_reply_plain(r, status, why);
    after_handler(w, c);
}

static bool more_input(http_worker *w, http_conn *c) {
    size_t n = w->in_n - w->in_at;
    if (w->in_at) memmove(w->in, w->in + w->in_at, n);
    w->in_at = 0;
    w->in_n = n;
    ssize_t got = http_recv(c, w->in + n, HTTP_INPUT - n);
    if (got > 0) {
        if (!n) c->since = clock_mono_us();
        w->in_n += (size_t)got;
        return true;
    }
    if (got == HTTP_AGAIN)
        http_park(w, c, HTTP_READ);
    else if (c->expired && n && !c->broken)
        refuse_input(w, c, 408, "the header came too slowly");
    else
        http_conn_close(c, w->s);
    return false;
}

// Empty lines before a request are skipped (RFC 9112, section 2.2).
static void skip_empty_lines(http_worker *w) {
    while (w->in_n - w->in_at >= 2 && !memcmp(w->in + w->in_at, "\r\n", 2))
        w->in_at += 2;
}

static void read_requests(http_worker *w, http_conn *c) {
    for (int served = 0;;) {
        size_t line = 0, head = 0;
        const char *why = NULL;
        skip_empty_lines(w);
        size_t there = w->in_n - w->in_at;
        bool cr = there == 1 && w->in[w->in_at] == '\r';
        if (there && !cr) head = http_head_end(w->in + w->in_at, there, &line, &why);
        if (why) return refuse_input(w, c, 400, why);
        if (head > HTTP_HEAD_MAX || (!head && there >= HTTP_HEAD_MAX))
            return refuse_input(w, c, 431, "the header is longer than 16 KiB");
        if (!head && served && !there) return http_park(w, c, HTTP_READ);
        if (!head && !more_input(w, c)) return;
        if (!head) continue;
        if (served++ == BURST) return park_for(w, c, HTTP_READ, EPOLLIN | EPOLLOUT);
        if (!begin_request(w, c, head)) return;
        c->since = clock_mono_us();
    }
}

// ---- entry ----------------------------------------------------------------------------
void http_conn_event(http_worker *w, http_conn *c) {
    (void)atomic_exchange_explicit(&c->deadline, 0, memory_order_acquire);
    if (c->req) c->req->w = w;
    input_load(w, c);
    switch ((http_state)c->state) {
    case HTTP_BODY:
        if (gather(w, c)) read_requests(w, c);
        break;
    case HTTP_WRITE:
        if (write_on(w, c)) read_requests(w, c);
        break;
    case HTTP_LINGER: linger_on(w, c); break;
    case HTTP_STREAM: break; // is not in this epoll set
    case HTTP_READ:
    case HTTP_RUN: read_requests(w, c);
    }
}

void http_conn_job(http_worker *w, http_conn *c) {
    c->req->w = w;
    input_load(w, c);
    run_handler(w, c->req);
    if (!after_handler(w, c)) return;
    c->since = clock_mono_us();
    park_for(w, c, HTTP_READ, w->in_at < w->in_n ? EPOLLIN | EPOLLOUT : EPOLLIN);
}
