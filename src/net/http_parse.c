// SPDX-License-Identifier: Apache-2.0
// The head of a request: where it ends, and what of it is served. Refused here: bare CR and LF,
// NUL, obs-fold, a missing or repeated Host, Transfer-Encoding other than "chunked" or in
// HTTP/1.0, targets other than a path, versions other than 1.0 and 1.1. Whoever sends such a
// thing loses the connection: two servers that read it differently are how requests are
// smuggled (RFC 9112, section 11.2). Pure functions: any thread.
#include "net/http_internal.h"

// A line without its LF: does it hold what no head may?
static const char *line_fault(const char *p, size_t n) {
    if (!n || p[n - 1] != '\r') return "a line ends with LF alone";
    if (memchr(p, '\r', n - 1)) return "CR without LF";
    if (memchr(p, 0, n)) return "NUL in the header";
    if (*p == ' ' || *p == '\t') return "a header line is folded";
    return NULL;
}

size_t http_head_end(const char *p, size_t n, size_t *line, const char **why) {
    if (n && (*p < 'A' || *p > 'Z')) {
        *why = "this is not HTTP";
        return 0;
    }
    for (;;) {
        const char *begin = p + *line;
        const char *lf = memchr(begin, '\n', n - *line);
        if (!lf) return 0;
        size_t len = (size_t)(lf - begin);
        *why = line_fault(begin, len);
        if (*why) return 0;
        *line += len + 1;
        if (len == 1) return *line; // CR LF: the empty line
    }
}

str http_head_field(const http_head *h, const char *name) {
    str want = str_of(name);
    for (size_t i = 0; i < h->n_fields; i++)
        if (str_eq(h->fields[i].name, want)) return h->fields[i].value;
    return (str){0};
}

static bool weight_is_zero(str params) {
    for (str one; str_split(&params, ';', &one);) {
        one = str_trim(one);
        if (one.n < 3 || (*one.p | 0x20) != 'q' || one.p[1] != '=') continue;
        for (size_t i = 2; i < one.n; i++)
            if (one.p[i] != '.' && one.p[i] != '0') return false;
        return true;
    }
    return false;
}

bool http_list_has(str list, str token) {
    for (str one; str_split(&list, ',', &one);) {
        size_t at = str_find(one, ';', 0);
        str name = str_trim(str_upto(one, at == SIZE_MAX ? one.n : at));
        if (str_eq_nocase(name, token))
            return at == SIZE_MAX || !weight_is_zero(str_from(one, at + 1));
    }
    return false;
}

static bool refuse(http_head *h, int status, const char *why) {
    h->refuse = status;
    h->why = why;
    return false;
}

// The request line must be exactly "METHOD target HTTP/1.x": llhttp also takes several spaces,
// other protocols and HTTP/0.9.
static bool check_line(http_head *h, const char *text, size_t n, const http_wire_head *w) {
    const char *after = w->target.p + w->target.n;
    if (w->target.p != text + w->method.n + 1 || (size_t)(text + n - after) < 11 ||
        memcmp(after, " HTTP/", 6))
        return refuse(h, 400, "the request line can not be read");
    if (w->major != 1 || w->minor > 1)
        return refuse(h, 505, "only HTTP/1.0 and HTTP/1.1 are served here");
    h->old = w->minor == 0;
    return true;
}

static bool take_method(http_head *h, str m) {
    static const struct {
        const char *name;
        http_method method;
    } known[] = {{"GET", HTTP_GET},     {"POST", HTTP_POST},     {"PUT", HTTP_PUT},
                 {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}, {"HEAD", HTTP_GET}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!str_is(m, known[i].name)) continue;
        h->method = known[i].method;
        h->is_head = *known[i].name == 'H';
        return true;
    }
    h->is_options = str_is(m, "OPTIONS");
    return h->is_options || refuse(h, 501, "this method is not served");
}

static bool take_target(http_head *h, str t) {
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.p[i] <= ' ' || (unsigned char)t.p[i] >= 0x7f || t.p[i] == '#')
            return refuse(h, 400, "the target holds a byte that must be percent-encoded");
    bool star = h->is_options && str_is(t, "*");
    if (!t.n || (*t.p != '/' && !star)) return refuse(h, 400, "the target must be a path");
    size_t at = str_find(t, '?', 0);
    h->path = str_upto(t, at == SIZE_MAX ? t.n : at);
    h->query = at == SIZE_MAX ? (str){0} : str_from(t, at + 1);
    return true;
}

static bool take_host(http_head *h) {
    size_t n = 0;
    for (size_t i = 0; i < h->n_fields; i++) {
        if (!str_is(h->fields[i].name, "host")) continue;
        str v = h->fields[i].value;
        if (memchr(v.p, ' ', v.n) || memchr(v.p, ',', v.n) || memchr(v.p, '/', v.n))
            return refuse(h, 400, "Host is not a host");
        n++;
    }
    if (n > 1) return refuse(h, 400, "Host is repeated");
    return n || h->old || refuse(h, 400, "Host is missing");
}

static bool take_framing(http_head *h, const http_wire_head *w) {
    size_t encodings = 0;
    for (size_t i = 0; i < h->n_fields; i++)
        encodings += str_is(h->fields[i].name, "transfer-encoding");
    if (encodings) {
        if (h->old) return refuse(h, 400, "Transfer-Encoding in HTTP/1.0");
        if (w->has_length) return refuse(h, 400, "Transfer-Encoding and Content-Length");
        if (encodings > 1 || !w->chunked ||
            !str_eq_nocase(http_head_field(h, "transfer-encoding"), STR("chunked")))
            return refuse(h, 400, "only the transfer encoding chunked is served");
        h->framing = HTTP_CHUNKED;
    } else if (w->length) {
        if (w->length > INT64_MAX) return refuse(h, 400, "Content-Length is too large");
        h->framing = HTTP_LENGTH;
        h->length = w->length;
    }
    return true;
}

static bool take_expect(http_head *h) {
    str v = http_head_field(h, "expect");
    if (!v.p) return true;
    if (!str_eq_nocase(v, STR("100-continue")))
        return refuse(h, 417, "this Expect is not served");
    h->expects = !h->old && h->framing != HTTP_NO_BODY;
    return true;
}

bool http_head_parse(arena *a, char *text, size_t n, http_head *h) {
    http_field fields[HTTP_FIELDS_MAX];
    http_wire_head w = {.fields = fields, .room = HTTP_FIELDS_MAX};
    if (!http_wire_head_read(text, n, &w)) return refuse(h, w.refuse, w.why);
    h->fields = arena_array(a, sizeof *fields, w.n_fields);
    if (w.n_fields) memcpy(h->fields, fields, w.n_fields * sizeof *fields);
    h->n_fields = w.n_fields;
    h->keep_alive = w.keep_alive;
    return check_line(h, text, n, &w) && take_method(h, w.method) && take_target(h, w.target) &&
           take_host(h) && take_framing(h, &w) && take_expect(h);
}
