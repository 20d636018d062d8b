// SPDX-License-Identifier: Apache-2.0
// json writer: puts values into a buf and remembers one thing, whether a comma stands before
// the next. Room for a value is asked for once and then filled without further checks. That
// brackets match is the caller's duty. A writer belongs to one thread.
#include "base/json.h"
#include "base/json_scan_internal.h"
#include "base/utf8_internal.h"

#include <math.h>

json_writer json_writer_new(buf *out) {
    return (json_writer){.out = out, .flush_at = SIZE_MAX};
}

// Room for n bytes of a value, behind the comma that it may need; NULL when they do not fit.
// The caller adds to out->n.
static inline char *value_room(json_writer *w, size_t n) {
    buf *b = w->out;
    if (__builtin_expect(b->n > w->flush_at, 0) && w->flush && !b->full)
        w->flush(w->flush_arg, b);
    size_t comma = w->comma;
    w->comma = true;
    char *to = buf_room(b, n + comma);
    if (!to) return NULL;
    *to = ','; // overwritten when there is none: no branch
    b->n += comma;
    return to + comma;
}

static inline void put_value(json_writer *w, const char *p, size_t n) {
    char *to = value_room(w, n);
    if (!to) return;
    memcpy(to, p, n);
    w->out->n += n;
}

void json_object(json_writer *w) {
    put_value(w, "{", 1);
    w->comma = false;
}

void json_array(json_writer *w) {
    put_value(w, "[", 1);
    w->comma = false;
}

void json_object_end(json_writer *w) {
    buf_byte(w->out, '}');
    w->comma = true;
}

void json_array_end(json_writer *w) {
    buf_byte(w->out, ']');
    w->comma = true;
}

void json_key_lit(json_writer *w, const char *quoted_with_colon, size_t n) {
    put_value(w, quoted_with_colon, n);
    w->comma = false;
}

void json_put(json_writer *w, str ready_made) {
    put_value(w, ready_made.p, ready_made.n);
}

void json_bool(json_writer *w, bool v) {
    if (v)
        put_value(w, "true", 4);
    else
        put_value(w, "false", 5);
}

void json_null(json_writer *w) {
    put_value(w, "null", 4);
}

void json_i64(json_writer *w, int64_t v) {
    char text[NUM_MAX];
    put_value(w, text, num_i64(text, v));
}

void json_f64(json_writer *w, double v) {
    char text[NUM_MAX + 2];
    bool quoted = !isfinite(v) && !w->bare_nan;
    size_t n = num_f64(text + quoted, v) + 2 * (size_t)quoted;
    if (quoted) text[0] = text[n - 1] = '"';
    put_value(w, text, n);
}

// The end of what can be copied as it is: no escape, and valid UTF-8.
static const char *plain_end(const char *p, const char *end) {
    bool wide = false;
    const char *stop = json_scan(p, end, &wide);
    if (!wide) return stop;
    while (p < stop) {
        p = utf8_ascii_end(p, stop);
        if (p == stop) break;
        size_t n = utf8_len(p, stop);
        if (!n) return p;
        p += n;
    }
    return stop;
}

// One byte that can not stand in a JSON string as it is.
static void put_escape(buf *b, unsigned char c) {
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    static const char digits[] = "0123456789abcdef";
    if (c >= 0x80) {
        buf_add(b, "\xef\xbf\xbd", 3); // U+FFFD
    } else if (c >= 0x20 || letters[c]) {
        char two[2] = {'\\', c >= 0x20 ? (char)c : letters[c]};
        buf_add(b, two, 2);
    } else {
        char six[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
        buf_add(b, six, 6);
    }
}

// The rest of a string from `p`, and the quote behind it.
static void put_rest(buf *b, const char *p, const char *end) {
    for (;;) {
        const char *stop = plain_end(p, end);
        buf_add(b, p, (size_t)(stop - p));
        if (stop == end) break;
        put_escape(b, (unsigned char)*stop);
        p = stop + 1;
    }
    buf_byte(b, '"');
}

static inline void put_string(json_writer *w, str s, bool is_key) {
    char *to = value_room(w, s.n + 2 + is_key); // escapes only make it longer
    if (!to) return;
    buf *b = w->out;
    *to++ = '"';
    if (s.n) {
        const char *end = s.p + s.n, *stop = plain_end(s.p, end);
        memcpy(to, s.p, (size_t)(stop - s.p));
        to += stop - s.p;
        if (stop < end) {
            b->n = (size_t)(to - b->p);
            put_rest(b, stop, end);
            if (is_key) buf_byte(b, ':');
            return;
        }
    }
    *to++ = '"';
    if (is_key) *to++ = ':';
    b->n = (size_t)(to - b->p);
}

void json_string(json_writer *w, str s) {
    put_string(w, s, false);
}

void json_key(json_writer *w, str key) {
    put_string(w, key, true);
    w->comma = false;
}
