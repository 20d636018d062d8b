// SPDX-License-Identifier: Apache-2.0
// Replies whose bytes come from a file or a function: conditions and ranges (RFC 9110, sections
// 13 and 14), and the pump that moves the bytes. The pump keeps nothing but an offset, so it
// may go on in any thread whenever the peer has room: a slow reader costs no thread and no
// buffer.
#include "net/http_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    READ_PIECE = 256 << 10,
    TURN = 4 << 20, // then others have their turn: a quick reader must not keep a thread
};

static bool pump_check(http_req *r, err *e) {
    http_pump *p = &r->pump;
    if (!p->s.check || p->at < p->checked || p->at == p->end) return true;
    uint64_t n = p->end - p->at < HTTP_PIECE ? p->end - p->at : HTTP_PIECE;
    if (!p->s.check(p->s.arg, p->at, (size_t)n, e)) return false;
    p->checked = p->at + n;
    return true;
}

static size_t piece(const http_pump *p, size_t most) {
    uint64_t end = p->s.check ? p->checked : p->end;
    return end - p->at < most ? (size_t)(end - p->at) : most;
}

// Bytes sent, HTTP_AGAIN, HTTP_GONE; 0 when the source has fewer bytes than it said.
static ssize_t send_read(http_req *r, err *e) {
    http_pump *p = &r->pump;
    size_t n = piece(p, READ_PIECE);
    char *tmp = mem_realloc(NULL, n);
    ssize_t got = p->s.read(p->s.arg, p->at, tmp, n, e);
    struct iovec iov = {tmp, got > 0 ? (size_t)got : 0};
    ssize_t sent = got > 0 ? http_send(r->c, &iov, 1, p->at + (uint64_t)got < p->end) : 0;
    free(tmp);
    return sent;
}

static ssize_t send_some(http_req *r, err *e) {
    http_pump *p = &r->pump;
    if (p->s.fd >= 0)
        return http_send_file(r->c, p->s.fd, p->s.base + p->at, piece(p, HTTP_PIECE));
    return send_read(r, e);
}

http_pumped http_pump_run(http_req *r) {
    http_pump *p = &r->pump;
    for (uint64_t turn = p->at + TURN; p->at < p->end;) {
        if (p->at >= turn) return HTTP_PUMP_LATER;
        err e = {.code = ERR_INTERNAL, .msg = "the source ended early"};
        ssize_t sent = pump_check(r, &e) ? send_some(r, &e) : 0;
        if (sent == HTTP_AGAIN) return HTTP_PUMP_LATER;
        if (sent == HTTP_GONE) return HTTP_PUMP_CUT;
        if (sent == 0) {
            log_msg(LOG_ERROR, "http.source", "cut a reply: %s", e.msg);
            r->cut = true;
            return HTTP_PUMP_CUT;
        }
        p->at += (uint64_t)sent;
        r->bytes_out += (uint64_t)sent;
    }
    p->on = false;
    return HTTP_PUMP_DONE;
}

// ---- conditions and ranges
// ----------------------------------------------------------------------------------- Weak
// comparison, as If-None-Match wants it.
static bool etag_listed(str list, str etag) {
    if (str_is(str_trim(list), "*")) return true;
    for (str one; str_split(&list, ',', &one);) {
        one = str_trim(one);
        if (str_starts(one, STR("W/"))) one = str_from(one, 2);
        if (str_eq(one, etag)) return true;
    }
    return false;
}

typedef enum range { RANGE_NONE, RANGE_ONE, RANGE_BAD } range;

static bool digits(str s, uint64_t *out) {
    int64_t v;
    if (!s.n || *s.p == '-') return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    *out = str_to_i64(s, &v) ? (uint64_t)v : INT64_MAX;
    return true;
}

// "bytes=a-b", "bytes=a-", "bytes=-n". Several ranges, other units and what can not be read are
// no range at all.
static range parse_range(str v, uint64_t length, uint64_t *from, uint64_t *to) {
    if (!str_starts(v, STR("bytes=")) || memchr(v.p, ',', v.n)) return RANGE_NONE;
    v = str_trim(str_from(v, 6));
    size_t dash = str_find(v, '-', 0);
    if (dash == SIZE_MAX) return RANGE_NONE;
    str a = str_trim(str_upto(v, dash)), b = str_trim(str_from(v, dash + 1));
    uint64_t x = 0, y = 0;
    if (!a.n) { // the last y bytes
        if (!digits(b, &y)) return RANGE_NONE;
        *from = y < length ? length - y : 0;
        *to = length;
        return y && length ? RANGE_ONE : RANGE_BAD;
    }
    if (!digits(a, &x) || (b.n && !digits(b, &y)) || (b.n && y < x)) return RANGE_NONE;
    *from = x;
    *to = b.n && y < length ? y + 1 : length;
    return x < length ? RANGE_ONE : RANGE_BAD;
}

static range asked_range(http_req *r, const http_source *s, uint64_t *from, uint64_t *to) {
    str v = http_header(r, "range");
    if (!v.n || r->head.is_head) return RANGE_NONE;
    str only_if = http_header(r, "if-range"); // a date never matches: we send none
    if (only_if.p && (!s->etag.n || !str_eq(only_if, s->etag))) return RANGE_NONE;
    return parse_range(v, s->length, from, to);
}

static void not_satisfiable(http_req *r, uint64_t length) {
    char text[64];
    snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)length);
    http_set_header(r, "Content-Range", str_of(text));
    http_fail_code(r, ERR_RANGE, "The file is shorter than the start of the range.");
}

void http_reply_source(http_req *r, const http_source *s) {
    uint64_t from = 0, to = s->length;
    if (s->etag.n) http_set_header(r, "ETag", s->etag);
    str known = http_header(r, "if-none-match");
    if (known.p && s->etag.n && etag_listed(known, s->etag)) {
        http_reply(r, 304, NULL, (str){0});
        return;
    }
    range got = asked_range(r, s, &from, &to);
    if (got == RANGE_BAD) {
        not_satisfiable(r, s->length);
        return;
    }
    http_pump *p = &r->pump;
    *p = (http_pump){.s = *s, .at = from, .end = to, .on = !r->head.is_head && from < to};
    err e;
    if (p->on && !pump_check(r, &e)) { // before anything is promised
        p->on = false;
        http_fail(r, &e);
        return;
    }
    http_set_header(r, "Accept-Ranges", STR("bytes"));
    if (got == RANGE_ONE) {
        char text[96];
        snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)from,
                 (unsigned long long)(to - 1), (unsigned long long)s->length);
        http_set_header(r, "Content-Range", str_of(text));
    }
    http_head_send(r, got == RANGE_ONE ? 206 : 200, s->content_type, (int64_t)(to - from), NULL,
                   0, true);
    r->replied = true;
    if (p->on && !r->c->out.n) http_pump_run(r);
}
