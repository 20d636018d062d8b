// SPDX-License-Identifier: Apache-2.0
// A request's body: off the wire (a length or chunks), then unpacked (gzip, deflate), then to
// the handler. Small bodies are whole in memory before the handler runs (http_conn.c gathers
// them without a thread); of longer ones the first part is, and the rest is read from the
// socket straight into the handler's buffer. Called by the thread that has the connection.
#include "net/http_internal.h"

#include <poll.h>

void http_body_init(http_req *r) {
    http_payload *b = &r->body;
    b->framing = r->head.framing;
    b->left = r->head.length;
    b->done = b->framing == HTTP_NO_BODY;
    b->got.max = SIZE_MAX / 2; // the caller feeds no more than the route takes
    if (b->framing == HTTP_CHUNKED) b->chunks = http_chunks_new(r->a);
}

void http_body_free(http_payload *b) {
    buf_free(&b->got);
    http_inflate_free(b->inflate);
    b->inflate = NULL;
}

static void put(void *arg, str bytes) {
    http_payload *b = arg;
    if (!b->to) {
        buf_str(&b->got, bytes);
        return;
    }
    memcpy(b->to + b->n_to, bytes.p, bytes.n); // never more than was fed, and that fits
    b->n_to += bytes.n;
}

size_t http_body_feed(http_payload *b, const char *p, size_t n) {
    if (b->done || !n) return 0;
    if (b->framing == HTTP_CHUNKED) {
        size_t used = http_chunks_feed(b->chunks, p, n, put, b);
        b->done = http_chunks_done(b->chunks);
        b->bad = http_chunks_bad(b->chunks);
        return used;
    }
    if (n > b->left) n = (size_t)b->left;
    put(b, str_n(p, n));
    b->left -= n;
    b->done = !b->left;
    return n;
}

bool http_body_consumed(const http_payload *b) {
    return b->done && !b->bad;
}

// ---- off the wire ---------------------------------------------------------------------
static ssize_t too_slow(http_req *r, err *e) {
    METRIC_ADD(http_refused_total, 1);
    r->close = true;
    err_set(e, ERR_TIMEOUT, "The body came too slowly, or stopped coming. Send it again.");
    return -1;
}

static ssize_t broken(http_req *r, err *e, const char *why) {
    r->close = true;
    err_set(e, ERR_MALFORMED, "The request's body can not be read: %s.", why);
    return -1;
}

// Bytes from the socket, waiting for them.
static ssize_t wire_wait(http_req *r, void *p, size_t n, err *e) {
    http_conn *c = r->c;
    for (;;) {
        ssize_t got = http_recv(c, p, n);
        if (got > 0) return got;
        if (got != HTTP_AGAIN) return broken(r, e, "it is shorter than announced");
        int64_t now = clock_mono_us();
        int64_t until = http_rate_deadline(r->w->s, c->since, c->moved, now);
        if (!http_wait(c, POLLIN, until)) return too_slow(r, e);
    }
}

// Feeds [p, p + n) of the wire; what is in it lands at `to`. The rest of the input belongs to
// the next request.
static ssize_t chunks_into(http_req *r, char *to, size_t n, err *e) {
    http_payload *b = &r->body;
    http_worker *w = r->w;
    b->to = to;
    b->n_to = 0;
    while (!b->n_to && !b->done && !b->bad) {
        if (w->in_at == w->in_n) {
            ssize_t got = wire_wait(r, w->in, HTTP_INPUT, e);
            if (got < 0) break;
            w->in_at = 0;
            w->in_n = (size_t)got;
        }
        size_t some = w->in_n - w->in_at < n ? w->in_n - w->in_at : n;
        w->in_at += http_body_feed(b, w->in + w->in_at, some);
    }
    b->to = NULL;
    if (b->bad) return broken(r, e, b->bad);
    return b->n_to || b->done ? (ssize_t)b->n_to : -1;
}

static ssize_t length_into(http_req *r, char *to, size_t n, err *e) {
    http_payload *b = &r->body;
    ssize_t got = wire_wait(r, to, b->left < n ? (size_t)b->left : n, e);
    if (got < 0) return got;
    b->left -= (uint64_t)got;
    b->done = !b->left;
    return got;
}

static ssize_t wire_read(http_req *r, char *to, size_t n, err *e) {
    http_payload *b = &r->body;
    if (b->have.n) {
        if (n > b->have.n) n = b->have.n;
        memcpy(to, b->have.p, n);
        b->have = str_n(b->have.p + n, b->have.n - n);
        if (!b->have.n) buf_free(&b->got);
        return (ssize_t)n;
    }
    if (b->done || !n) return 0;
    ssize_t got =
        b->framing == HTTP_CHUNKED ? chunks_into(r, to, n, e) : length_into(r, to, n, e);
    if (got > 0) r->bytes_in += (uint64_t)got;
    return got;
}

// ---- unpacked -------------------------------------------------------------------------
static ssize_t unpacked_read(http_req *r, char *to, size_t n, err *e) {
    http_payload *b = &r->body;
    for (;;) {
        ssize_t got = http_inflate_some(b->inflate, &b->packed_left, to, n);
        if (got < 0) return broken(r, e, "its compression is damaged");
        if (got) return got;
        if (b->packed_left.n) continue;
        ssize_t more = wire_read(r, b->packed, HTTP_INPUT, e);
        if (more < 0) return more;
        if (!more && http_inflate_ended(b->inflate)) return 0;
        if (!more) return broken(r, e, "its compression ends too early");
        b->packed_left = str_n(b->packed, (size_t)more);
    }
}

ssize_t http_read(http_req *r, void *p, size_t n, err *e) {
    http_payload *b = &r->body;
    if (b->bad) return broken(r, e, b->bad);
    if (!n) return 0;
    if (n > INT32_MAX) n = INT32_MAX;
    ssize_t got = b->inflate ? unpacked_read(r, p, n, e) : wire_read(r, p, n, e);
    uint32_t limit = r->match.bound->route->max_body;
    if (got > 0) b->given += (uint64_t)got;
    if (got > 0 && limit && b->given > limit) {
        r->close = true;
        err_set(e, ERR_TOO_LARGE, "The body is longer than %u bytes.", limit);
        return -1;
    }
    return got;
}

bool http_read_full(http_req *r, void *p, size_t n, size_t *got, err *e) {
    ssize_t some = 1;
    for (*got = 0; *got < n && some > 0; *got += (size_t)some) {
        some = http_read(r, (char *)p + *got, n - *got, e);
        if (some < 0) return false;
    }
    return true;
}

int64_t http_content_length(http_req *r) {
    if (r->head.framing == HTTP_CHUNKED || r->body.inflate) return -1;
    return (int64_t)r->head.length;
}

// All of a small body, unpacked into the arena.
static bool unpack_whole(http_req *r, err *e) {
    http_payload *b = &r->body;
    uint32_t limit = r->match.bound->route->max_body;
    if (!limit) limit = HTTP_SMALL_BODY;
    buf all = BUF_MAX((size_t)limit + 1);
    ssize_t got;
    do {
        char *to = buf_room(&all, all.max - all.n < HTTP_INPUT ? all.max - all.n : HTTP_INPUT);
        got = unpacked_read(r, to, all.max - all.n < HTTP_INPUT ? all.max - all.n : HTTP_INPUT,
                            e);
        if (got > 0) all.n += (size_t)got;
    } while (got > 0 && all.n <= limit);
    bool ok = got >= 0;
    if (ok && all.n > limit)
        ok = err_set(e, ERR_TOO_LARGE, "The body unpacks to more than %u bytes.", limit);
    if (ok) b->have = arena_str(r->a, buf_view(&all));
    buf_free(&all);
    http_inflate_free(b->inflate);
    b->inflate = NULL;
    return ok;
}

bool http_body_prepare(http_req *r, err *e) {
    str encoding = http_header(r, "content-encoding");
    if (!encoding.n || str_eq_nocase(encoding, STR("identity"))) return true;
    if (!str_eq_nocase(encoding, STR("gzip")) && !str_eq_nocase(encoding, STR("x-gzip")) &&
        !str_eq_nocase(encoding, STR("deflate")))
        return err_set(e, ERR_INVALID,
                       "This Content-Encoding is not supported. Send gzip, deflate or none.");
    if (r->body.done && !r->body.have.n) return true; // nothing is nothing in any encoding
    r->body.inflate = http_inflate_new();
    r->body.packed = arena_bytes(r->a, HTTP_INPUT);
    return r->match.bound->route->flags & HTTP_STREAM_BODY || unpack_whole(r, e);
}

str http_body(http_req *r) {
    return r->body.have;
}
