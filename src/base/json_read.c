// SPDX-License-Identifier: Apache-2.0
// json reader: one call, one value; the state between calls is a place in the text and a bit a
// level.
//
// I1  `depth` levels are open; bit 0 of `in_object` is the innermost's, set for an object.
// I2  `comma` says that the level has a value already, so a comma or its end must follow. At
// depth 0 it says that the
//     document's value was read (or entered and left).
// I3  once `error` is set nothing moves.
// No byte at or behind `end` is ever read. A reader belongs to one thread.
#include "base/json.h"

#include "base/hex.h"
#include "base/json_scan_internal.h"
#include "base/utf8_internal.h"

void json_reader_init(json_reader *r, arena *a, str text, unsigned flags) {
    const char *start = text.n ? text.p : "";
    *r = (json_reader){.start = start,
                       .p = start,
                       .end = start + text.n,
                       .a = a,
                       .flags = flags,
                       .value = start};
}

static json_type fail(json_reader *r, const char *at, const char *why) {
    r->error = why;
    r->at = (size_t)(at - r->start);
    return JSON_ERROR;
}

static inline const char *skip_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

// ---- strings -------------------------------------------------------------------------------

// Four hex digits at p as a number, -1 when they are not there.
static int four_digits(const char *p, const char *end) {
    if (end - p < 4) return -1;
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0) return -1;
        v = v << 4 | d;
    }
    return v;
}

// The escape \uXXXX at p, or the two of a surrogate pair. Returns its bytes, 0 with *why.
static size_t read_unicode(const char *p, const char *end, unsigned *cp, const char **why) {
    int high = four_digits(p + 2, end);
    if (high < 0) {
        *why = "\\u needs four hexadecimal digits";
        return 0;
    }
    if (high == 0) {
        *why = "U+0000 is not allowed in a string";
        return 0;
    }
    *cp = (unsigned)high;
    if (high < 0xd800 || high > 0xdfff) return 6;
    int low = high < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u'
                  ? four_digits(p + 8, end)
                  : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        *why = "a lone surrogate is not allowed in a string";
        return 0;
    }
    *cp = 0x10000 + ((unsigned)high - 0xd800) * 0x400 + (unsigned)low - 0xdc00;
    return 12;
}

// The escape at p (a backslash; p < end). Returns its bytes, 0 with *why.
static size_t read_escape(const char *p, const char *end, unsigned *cp, const char **why) {
    switch (end - p < 2 ? 0 : p[1]) {
    case '"': *cp = '"'; return 2;
    case '\\': *cp = '\\'; return 2;
    case '/': *cp = '/'; return 2;
    case 'b': *cp = '\b'; return 2;
    case 'f': *cp = '\f'; return 2;
    case 'n': *cp = '\n'; return 2;
    case 'r': *cp = '\r'; return 2;
    case 't': *cp = '\t'; return 2;
    case 'u': return read_unicode(p, end, cp, why);
    default: *why = "unknown escape in a string"; return 0;
    }
}

// A string that was checked, into `to`, which has just the room.
static void decode(const char *p, const char *end, char *to) {
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((slash ? slash : end) - p);
        memcpy(to, p, run);
        if (!slash) return;
        to += run;
        unsigned cp;
        const char *why;
        p = slash + read_escape(slash, end, &cp, &why);
        to += utf8_put(to, cp);
    }
}

// A string with an escape, or one that does not end; [p, q) needs no care. Checks all of it
// first, and so learns its length. Returns what follows the closing quote, NULL after an error.
static const char *read_escaped(json_reader *r, const char *p, const char *q, bool wide,
                                str *out) {
    size_t saved = 0; // by which the decoded text is shorter
    const char *end = r->end, *why = NULL;
    while (q < end && *q != '"') {
        if (*q != '\\') {
            fail(r, q, "a control character in a string must be escaped");
            return NULL;
        }
        unsigned cp;
        size_t n = read_escape(q, end, &cp, &why);
        if (!n) {
            fail(r, q, why);
            return NULL;
        }
        char coded[4];
        saved += n - utf8_put(coded, cp);
        q = json_scan(q + n, end, &wide);
    }
    if (q == end) {
        fail(r, p - 1, "the string does not end");
        return NULL;
    }
    if (wide && !utf8_valid(p, q)) {
        fail(r, p - 1, "the string is not valid UTF-8");
        return NULL;
    }
    *out = str_n(p, (size_t)(q - p));
    if (saved && !r->discard) { // each escape saves a byte at least
        char *to = arena_bytes(r->a, out->n - saved);
        decode(p, q, to);
        *out = str_n(to, out->n - saved);
    }
    return q + 1;
}

// The string whose first byte behind the quote is p.
static inline const char *read_string(json_reader *r, const char *p, str *out) {
    bool wide = false;
    const char *q = json_scan(p, r->end, &wide);
    if (__builtin_expect(q == r->end || *q != '"', 0)) return read_escaped(r, p, q, wide, out);
    if (__builtin_expect(wide, 0) && !utf8_valid(p, q)) {
        fail(r, p - 1, "the string is not valid UTF-8");
        return NULL;
    }
    *out = str_n(p, (size_t)(q - p));
    return q + 1;
}

// ---- values --------------------------------------------------------------------------------

static inline bool starts(const json_reader *r, const char *p, const char *word, size_t n) {
    return (size_t)(r->end - p) >= n && !memcmp(p, word, n);
}

static json_type read_word(json_reader *r, const char *p, const char *word, size_t n,
                           json_type type) {
    if (!starts(r, p, word, n)) return fail(r, p, "a value was expected");
    r->p = p + n;
    return type;
}

static json_type read_special(json_reader *r, const char *p, const char *word, double v) {
    size_t n = strlen(word);
    if (!(r->flags & JSON_NAN)) return fail(r, p, "NaN and Infinity are not JSON numbers");
    r->f = v;
    r->text = str_n(p, n);
    r->p = p + n;
    return JSON_DOUBLE;
}

// What can stand here is NaN, Infinity or -Infinity.
static json_type read_odd(json_reader *r, const char *p) {
    if (starts(r, p, "NaN", 3)) return read_special(r, p, "NaN", __builtin_nan(""));
    if (starts(r, p, "Infinity", 8)) return read_special(r, p, "Infinity", __builtin_inf());
    if (starts(r, p, "-Infinity", 9)) return read_special(r, p, "-Infinity", -__builtin_inf());
    return fail(r, p, "a value was expected");
}

static inline json_type read_number(json_reader *r, const char *p) {
    bool is_int;
    size_t n = num_read(p, r->end, &r->f, &r->i, &is_int);
    if (!n) return read_odd(r, p);
    r->text = str_n(p, n);
    r->p = p + n;
    return is_int ? JSON_INT : JSON_DOUBLE;
}

static inline json_type enter(json_reader *r, const char *p, json_type type) {
    if (r->depth == JSON_DEPTH) return fail(r, p, "nested too deeply");
    r->depth++;
    r->in_object = r->in_object << 1 | (type == JSON_OBJECT);
    r->comma = false;
    r->p = p + 1;
    return type;
}

static inline json_type leave(json_reader *r, const char *p) {
    r->depth--;
    r->in_object >>= 1;
    r->comma = true;
    r->p = p + 1;
    return JSON_END;
}

static inline json_type read_value(json_reader *r, const char *p) {
    r->value = p;
    r->comma = true;
    switch (*p) {
    case '"': {
        const char *q = read_string(r, p + 1, &r->text);
        if (!q) return JSON_ERROR;
        r->p = q;
        return JSON_STRING;
    }
    case '{': return enter(r, p, JSON_OBJECT);
    case '[': return enter(r, p, JSON_ARRAY);
    case 't': return read_word(r, p, "true", 4, JSON_TRUE);
    case 'f': return read_word(r, p, "false", 5, JSON_FALSE);
    case 'n': return read_word(r, p, "null", 4, JSON_NULL);
    default: return read_number(r, p);
    }
}

static json_type at_end(json_reader *r) {
    if (!r->depth && r->comma) return JSON_END;
    return fail(r, r->end, "the text ends too early");
}

// The member name at p and its colon; returns the first byte of the value, NULL after an error.
static inline const char *read_key(json_reader *r, const char *p) {
    if (*p != '"') {
        fail(r, p, "a member name in quotes was expected");
        return NULL;
    }
    p = read_string(r, p + 1, &r->key);
    if (!p) return NULL;
    p = skip_space(p, r->end);
    if (p == r->end || *p != ':') {
        fail(r, p, "a colon was expected");
        return NULL;
    }
    p = skip_space(p + 1, r->end);
    if (p < r->end) return p;
    at_end(r);
    return NULL;
}

json_type json_next(json_reader *r) {
    if (r->error) return JSON_ERROR;
    const char *p = skip_space(r->p, r->end);
    if (p == r->end) return at_end(r);
    if (!r->depth) {
        if (r->comma) return fail(r, p, "there is more behind the value");
        return read_value(r, p);
    }
    bool object = r->in_object & 1;
    if (*p == (object ? '}' : ']')) return leave(r, p);
    if (r->comma) {
        if (*p != ',')
            return fail(r, p,
                        object ? "a comma or } was expected" : "a comma or ] was expected");
        p = skip_space(p + 1, r->end);
        if (p == r->end) return at_end(r);
    }
    if (object) {
        p = read_key(r, p);
        if (!p) return JSON_ERROR;
    }
    return read_value(r, p);
}

bool json_skip(json_reader *r, json_type just_read) {
    if (just_read == JSON_ARRAY || just_read == JSON_OBJECT) {
        bool before = r->discard;
        unsigned outer = r->depth - 1;
        r->discard = true;
        while (!r->error && r->depth > outer)
            json_next(r);
        r->discard = before;
    }
    return !r->error;
}

size_t json_offset(const json_reader *r) {
    return (size_t)(r->value - r->start);
}

str json_raw(json_reader *r, json_type just_read, size_t start) {
    if (!json_skip(r, just_read)) return (str){0};
    return str_n(r->start + start, (size_t)(r->p - r->start) - start);
}
