// SPDX-License-Identifier: Apache-2.0
// JSON replies: written into the worker's buffer; short ones leave whole, longer ones turn into
// a stream of chunks (or bytes up to the close, for HTTP/1.0), packed on the way when the peer
// takes it. Called by the thread that has the request.
#include "net/http_internal.h"

#include <stdio.h>

enum { STREAM_PIECE = 256 << 10, KEEP_BUFFER = 256 << 10, LOOK_AGAIN_US = 5000 };

static void send_piece(http_req *r, str bytes) {
    char size[24];
    if (!bytes.n || r->head.is_head) return;
    int n = snprintf(size, sizeof size, "%zx\r\n", bytes.n);
    struct iovec chunk[3] = {{size, (size_t)n},
                             {(void *)(uintptr_t)bytes.p, bytes.n},
                             {(void *)(uintptr_t) "\r\n", 2}};
    if (r->chunked)
        http_write(r, chunk, 3, false);
    else
        http_write(r, chunk + 1, 1, false);
}

static void begin_stream(http_req *r) {
    if (http_gzip_wanted(r, r->json_type)) r->deflate = http_deflate_new();
    r->streaming = true;
    r->json.flush_at = STREAM_PIECE;
    http_head_send(r, r->json_status, r->json_type, -1, NULL, 0, false);
}

static void pass_on(http_req *r, buf *out, bool end) {
    if (out->full) r->cut = true; // a value longer than HTTP_JSON_MAX: the reply is not whole
    if (r->deflate) {
        buf packed = BUF_MAX(SIZE_MAX / 2);
        http_deflate_add(r->deflate, buf_view(out), end, &packed);
        send_piece(r, buf_view(&packed));
        buf_free(&packed);
    } else {
        send_piece(r, buf_view(out));
    }
    buf_clear(out);
}

static void flush(void *arg, buf *out) {
    http_req *r = arg;
    if (!r->streaming) begin_stream(r);
    if (r->c->broken)
        buf_clear(out); // nobody listens; http_gone tells the handler
    else
        pass_on(r, out, false);
}

json_writer *http_json(http_req *r, int status, const char *type) {
    r->json_status = status;
    r->json_type = arena_cstr(r->a, str_of(type));
    if (!r->out.max) {
        r->out = r->w->out;
        r->w->out = BUF_MAX(HTTP_JSON_MAX);
    }
    buf_clear(&r->out);
    r->json = json_writer_new(&r->out);
    r->json.flush = flush;
    r->json.flush_arg = r;
    r->json.flush_at = HTTP_STREAM_AT;
    return &r->json;
}

void http_json_flush(http_req *r) {
    if (r->out.n >= r->json.flush_at) flush(r, &r->out);
}

void http_json_send(http_req *r) {
    if (r->out.n) flush(r, &r->out);
}

// The buffer goes back to its worker, unless it grew large.
void http_json_release(http_req *r, http_worker *w) {
    if (!r->out.max) return;
    if (r->out.cap > KEEP_BUFFER) buf_free(&r->out);
    buf_free(&w->out);
    w->out = r->out;
    buf_clear(&w->out);
    r->out = (buf){0};
}

void http_json_end(http_req *r) {
    if (!r->streaming && r->out.full) {
        buf_clear(&r->out);
        http_fail_code(r, ERR_TOO_LARGE, "The reply would be too large. Ask for less at once.");
        return;
    }
    if (!r->streaming) {
        http_reply(r, r->json_status, r->json_type, buf_view(&r->out));
        http_json_release(r, r->w); // what a slow reader has not taken is kept elsewhere
        return;
    }
    pass_on(r, &r->out, true);
    struct iovec end = {(void *)(uintptr_t) "0\r\n\r\n", 5};
    if (r->chunked && !r->head.is_head && !r->cut) http_write(r, &end, 1, true);
    r->replied = true;
}

void http_json_fail(http_req *r, const err *e) {
    buf_clear(&r->out);
    http_fail(r, e); // cuts when bytes went out
}

bool http_gone(http_req *r) {
    int64_t now = clock_mono_us(); // asked once a row, so it must cost little
    if (!r->c->broken && now < r->look_at) return false;
    r->look_at = now + LOOK_AGAIN_US;
    return http_peer_left(r->c);
}
