// SPDX-License-Identifier: Apache-2.0
// Around llhttp (RFC 9112): heads and chunked bodies, and the strictness that llhttp leaves to
// its caller within a line: names with spaces, folded lines, the number of lines, CR and LF
// alone between chunks, what extensions and trailers may cost. Pure functions; a http_chunks
// belongs to one thread at a time.
#include "net/http_wire.h"

#include <llhttp.h>

// What the lines around chunks may be in all: some, and some a byte of body.
#define CHUNK_LINES(body) ((uint64_t)(16 << 10) + 8 * (body))

typedef struct head_parse {
    http_wire_head *out;
    char *text;
    const char *end; // of the request line's target
    size_t n_values; // of the last name
} head_parse;

static int refuse(http_wire_head *h, int status, const char *why) {
    if (!h->refuse) {
        h->refuse = status;
        h->why = why;
    }
    return HPE_USER;
}

static int on_url(llhttp_t *l, const char *at, size_t n) {
    head_parse *p = l->data;
    p->out->target = str_n(at, n);
    return 0;
}

static int on_field(llhttp_t *l, const char *at, size_t n) {
    head_parse *p = l->data;
    http_wire_head *h = p->out;
    if (h->n_fields == h->room) return refuse(h, 431, "too many header lines");
    if (!n || memchr(at, ' ', n) || memchr(at, '\t', n))
        return refuse(h, 400, "a header name is empty or holds a space");
    char *name = p->text + (at - p->text);
    for (size_t i = 0; i < n; i++)
        if (name[i] >= 'A' && name[i] <= 'Z') name[i] = (char)(name[i] | 0x20);
    h->fields[h->n_fields++] = (http_field){.name = {name, n}};
    p->n_values = 0;
    return 0;
}

static int on_value(llhttp_t *l, const char *at, size_t n) {
    head_parse *p = l->data;
    if (p->n_values++) return refuse(p->out, 400, "a header line is folded");
    p->out->fields[p->out->n_fields - 1].value = str_trim(str_n(at, n));
    return 0;
}

static int pause(llhttp_t *l) {
    (void)l;
    return HPE_PAUSED;
}

static const llhttp_settings_t head_settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = pause,
};

static const char *reason(const llhttp_t *l) {
    return l->reason && *l->reason ? l->reason : "the request can not be read";
}

bool http_wire_head_read(char *text, size_t n, http_wire_head *out) {
    head_parse p = {.out = out, .text = text};
    llhttp_t l;
    llhttp_init(&l, HTTP_REQUEST, &head_settings);
    l.data = &p;
    llhttp_errno_t rc = llhttp_execute(&l, text, n);
    if (str_starts(str_n(text, n), STR("PRI * "))) return !refuse(out, 505, "no HTTP/2 here");
    if (rc == HPE_PAUSED && llhttp_get_error_pos(&l) != text + n) rc = HPE_STRICT;
    if (rc != HPE_PAUSED) return !refuse(out, 400, rc == HPE_USER ? "" : reason(&l));
    out->method = str_n(text, str_find(str_n(text, n), ' ', 0));
    out->major = l.http_major;
    out->minor = l.http_minor;
    out->has_encoding = l.flags & F_TRANSFER_ENCODING;
    out->chunked = l.flags & F_CHUNKED;
    out->has_length = l.flags & F_CONTENT_LENGTH;
    out->length = out->has_length ? l.content_length : 0;
    out->keep_alive = llhttp_should_keep_alive(&l);
    return true;
}

// ---- chunks ---------------------------------------------------------------------------
struct http_chunks {
    llhttp_t l;
    void (*give)(void *arg, str bytes);
    void *arg;
    const char *checked;  // in the piece being fed: how far the lines were looked at
    uint64_t body, lines; // bytes of each so far
    char last;            // byte of a line before `checked`
    bool done;
    const char *bad;
};

// Lines (everything but the bytes that the chunks carry) end in CR LF and hold neither alone.
static void check_lines(http_chunks *c, const char *end) {
    for (const char *p = c->checked; p < end; p++) {
        if ((*p == '\n') != (c->last == '\r')) c->bad = "CR or LF alone between chunks";
        if (!*p) c->bad = "NUL between chunks";
        c->last = *p;
    }
    c->lines += (uint64_t)(end - c->checked);
    if (c->lines > CHUNK_LINES(c->body)) c->bad = "too much between chunks";
}

static int on_body(llhttp_t *l, const char *at, size_t n) {
    http_chunks *c = l->data;
    check_lines(c, at);
    if (c->bad) return HPE_USER;
    c->checked = at + n;
    c->last = 0;
    c->body += n;
    c->give(c->arg, str_n(at, n));
    return 0;
}

static int on_end(llhttp_t *l) {
    http_chunks *c = l->data;
    c->done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t chunk_settings = {.on_body = on_body,
                                                 .on_message_complete = on_end};

http_chunks *http_chunks_new(arena *a) {
    static const char head[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    http_chunks *c = ARENA_NEW(a, http_chunks);
    llhttp_init(&c->l, HTTP_REQUEST, &chunk_settings);
    c->l.data = c;
    llhttp_execute(&c->l, head, sizeof head - 1);
    return c;
}

size_t http_chunks_feed(http_chunks *c, const char *p, size_t n, void (*give)(void *, str),
                        void *arg) {
    if (c->done || c->bad || !n) return 0;
    c->give = give;
    c->arg = arg;
    c->checked = p;
    llhttp_errno_t rc = llhttp_execute(&c->l, p, n);
    const char *end = c->done ? llhttp_get_error_pos(&c->l) : p + n;
    if (rc != HPE_OK && !c->done && !c->bad) c->bad = reason(&c->l);
    if (!c->bad) check_lines(c, end);
    return (size_t)(end - p);
}

bool http_chunks_done(const http_chunks *c) {
    return c->done;
}

const char *http_chunks_bad(const http_chunks *c) {
    return c->bad;
}
