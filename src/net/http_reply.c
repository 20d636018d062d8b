// SPDX-License-Identifier: Apache-2.0
// Replies: the head, and whole bodies in one sendmsg. What the peer does not take at once is
// kept and goes out by events after the handler has returned (http_conn.c). Called by the
// thread that has the request.
#include "net/http_internal.h"

#include <stdio.h>

const char *http_status_text(int status) {
    static const struct {
        int status;
        const char *text;
    } all[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {499, "Client Closed Request"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].status == status) return all[i].text;
    return "Status";
}

// ---- headers --------------------------------------------------------------------------
static bool is_token(str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c)) return false;
    }
    return s.n > 0;
}

static bool is_value(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || !s.p[i]) return false;
    return true;
}

void http_set_header(http_req *r, const char *name, str value) {
    str n = str_of(name);
    if (!is_token(n) || !is_value(value)) {
        log_msg(LOG_WARN, "http.header", "dropped a reply header that would break the reply");
        return;
    }
    if (str_eq_nocase(n, STR("content-encoding"))) r->has_encoding = true;
    if (!r->extra.max) r->extra = BUF_MAX(HTTP_HEAD_MAX);
    size_t before = r->extra.n;
    buf_str(&r->extra, n);
    buf_add(&r->extra, ": ", 2);
    buf_str(&r->extra, value);
    buf_add(&r->extra, "\r\n", 2);
    if (!r->extra.full) return;
    log_msg(LOG_WARN, "http.header", "dropped reply headers past 16 KiB");
    r->extra.n = before;
    r->extra.full = false;
}

static str date_line(http_worker *w) {
    int64_t now = clock_now_us();
    if (now / 1000000 != w->date_s) {
        arena *a = arena_new();
        str text = clock_http_date(a, now);
        snprintf(w->date, sizeof w->date, "%.*s", STR_F(text));
        arena_free(a);
        w->date_s = now / 1000000;
    }
    return str_of(w->date);
}

static void add_connection(http_req *r, buf *b) {
    const http_server *s = r->w->s;
    if (!r->head.keep_alive || !http_body_consumed(&r->body) || s->stopping || r->c->eof)
        r->close = true;
    if (r->close)
        buf_str(b, STR("Connection: close\r\n"));
    else if (r->head.old)
        buf_str(b, STR("Connection: keep-alive\r\n"));
}

static bool has_no_body(int status) {
    return status == 204 || status == 304 || status < 200;
}

static void add_line(buf *b, const char *name_and_colon, str value) {
    buf_str(b, str_of(name_and_colon));
    buf_str(b, value);
    buf_add(b, "\r\n", 2);
}

// length -1: chunked, or until the connection closes when the peer speaks HTTP/1.0;
// HTTP_UNTIL_CLOSE: that in any case.
static void make_head(http_req *r, int status, const char *type, int64_t length) {
    buf *b = &r->w->head;
    char number[NUM_MAX];
    buf_clear(b);
    buf_str(b, STR("HTTP/1.1 "));
    buf_add(b, number, num_i64(number, status));
    buf_byte(b, ' ');
    buf_str(b, str_of(http_status_text(status)));
    buf_str(b, STR("\r\nServer: stemma\r\nDate: "));
    buf_str(b, date_line(r->w));
    buf_str(b, STR("\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: SAMEORIGIN\r\n"));
    if (type && is_value(str_of(type))) add_line(b, "Content-Type: ", str_of(type));
    r->chunked = length == -1 && !r->head.old;
    if (length < 0 && !r->chunked) r->close = true;
    if (length >= 0 && !(has_no_body(status) && !length))
        add_line(b, "Content-Length: ", str_n(number, num_i64(number, length)));
    if (r->chunked) buf_str(b, STR("Transfer-Encoding: chunked\r\n"));
    buf_str(b, buf_view(&r->extra));
    add_connection(r, b);
    buf_add(b, "\r\n", 2);
}

bool http_head_send(http_req *r, int status, const char *type, int64_t length,
                    struct iovec *rest, int n_rest, bool last) {
    struct iovec iov[4];
    make_head(r, status, type, length);
    r->status = status;
    iov[0] = (struct iovec){r->w->head.p, r->w->head.n};
    if (r->head.is_head || has_no_body(status)) n_rest = 0;
    for (int i = 0; i < n_rest; i++)
        iov[i + 1] = rest[i];
    return http_write(r, iov, n_rest + 1, last);
}

void http_reply_continue(http_req *r) {
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec iov = {(void *)(uintptr_t)line, sizeof line - 1};
    http_write(r, &iov, 1, true);
}

// ---- whole bodies ---------------------------------------------------------------------
bool http_takes_gzip(http_req *r) {
    return http_list_has(http_header(r, "accept-encoding"), STR("gzip"));
}

bool http_gzip_wanted(http_req *r, const char *type) {
    static const char *const packable[] = {"text/", "application/json",
                                           "application/javascript", "application/xml",
                                           "image/svg+xml"};
    bool may = false;
    for (size_t i = 0; type && !may && i < sizeof packable / sizeof *packable; i++)
        may = str_starts(str_of(type), str_of(packable[i]));
    if (!may || r->has_encoding || (r->c->loopback && !r->w->s->c.compress_local)) return false;
    http_set_header(r, "Vary", STR("Accept-Encoding"));
    if (!http_takes_gzip(r)) return false;
    http_set_header(r, "Content-Encoding", STR("gzip"));
    return true;
}

void http_reply(http_req *r, int status, const char *type, str body) {
    if (r->status) {
        log_msg(LOG_ERROR, "http.twice", "a second reply to one request was dropped");
        return;
    }
    buf packed = BUF_MAX(SIZE_MAX / 2);
    if (body.n >= HTTP_GZIP_AT && body.n <= UINT32_MAX && http_gzip_wanted(r, type)) {
        http_deflate *z = http_deflate_new();
        http_deflate_add(z, body, true, &packed);
        http_deflate_free(z);
        body = buf_view(&packed);
    }
    struct iovec iov = {(void *)(uintptr_t)body.p, body.n};
    http_head_send(r, status, type, (int64_t)body.n, &iov, body.n ? 1 : 0, true);
    r->replied = true;
    buf_free(&packed);
}

void http_reply_plain(http_req *r, int status, const char *why) {
    char text[200];
    int n = snprintf(text, sizeof text, "%d %s: %s\n", status, http_status_text(status), why);
    http_reply(r, status, "text/plain; charset=utf-8", str_n(text, (size_t)n));
}

// ---- errors ---------------------------------------------------------------------------
void http_fail(http_req *r, const err *e) {
    if (r->status) {
        log_msg(LOG_ERROR, "http.failed", "after the reply began: %s", e->msg);
        r->cut = true;
        return;
    }
    bool again = r->failing; // a dialect whose own rendering fails
    r->failing = true;
    if (!again && r->dialect && r->dialect->render_error) r->dialect->render_error(r, e);
    if (!r->status) http_reply_plain(r, err_about(e->code)->http, e->msg);
}

void http_fail_code(http_req *r, err_code code, const char *msg) {
    err e;
    err_set(&e, code, "%s", msg);
    http_fail(r, &e);
}
