// SPDX-License-Identifier: Apache-2.0
// quote: values as the reference server's messages show them: as json.dumps writes them, and as
// Python's repr does. Long ones are cut: a message is for people. Pure; any thread.
#include "api/mlflow/mlflow_internal.h"

#define SHOWN_MAX 300 // code points of a value in a message

// One code point of text that is known to be UTF-8; moves past it.
static unsigned next_code_point(str *s) {
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned char c = (unsigned char)s->p[0];
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    unsigned cp = c & lead[n];
    for (size_t i = 1; i < n; i++)
        cp = cp << 6 | ((unsigned char)s->p[i] & 0x3f);
    *s = str_from(*s, n);
    return cp;
}

static str taken(arena *a, buf *b) {
    str out = arena_str(a, buf_view(b));
    buf_free(b);
    return out;
}

static void put_utf16(buf *b, unsigned cp) {
    if (cp < 0x10000) {
        buf_printf(b, "\\u%04x", cp);
        return;
    }
    cp -= 0x10000;
    buf_printf(b, "\\u%04x\\u%04x", 0xd800 + (cp >> 10), 0xdc00 + (cp & 0x3ff));
}

// JSON text without the white space between its tokens, and in ASCII.
static str compact(arena *a, str json) {
    buf b = BUF_MAX(16u << 10);
    bool quoted = false, escaped = false;
    while (json.n) {
        unsigned cp = next_code_point(&json);
        bool space = cp == ' ' || cp == '\t' || cp == '\n' || cp == '\r';
        if (space && !quoted) continue;
        if (cp == '"' && !escaped) quoted = !quoted;
        escaped = cp == '\\' && !escaped;
        if (cp < 0x80)
            buf_byte(&b, (char)cp);
        else
            put_utf16(&b, cp);
    }
    return taken(a, &b);
}

str mlflow_compact_json(arena *a, str json) {
    return compact(a, str_upto_code_points(json, SHOWN_MAX));
}

str mlflow_json_text(arena *a, str s) {
    buf b = BUF_MAX(8u << 10);
    json_writer w = json_writer_new(&b);
    json_string(&w, str_upto_code_points(s, SHOWN_MAX));
    return compact(a, taken(a, &b));
}

static void put_python(buf *b, unsigned cp, str bytes, char quote) {
    switch (cp) {
    case '\n': buf_str(b, STR("\\n")); return;
    case '\r': buf_str(b, STR("\\r")); return;
    case '\t': buf_str(b, STR("\\t")); return;
    default: break;
    }
    if (cp == '\\' || cp == (unsigned char)quote) buf_byte(b, '\\');
    if (cp < 0x20 || (cp >= 0x7f && cp <= 0xa0) || cp == 0xad)
        buf_printf(b, "\\x%02x", cp);
    else
        buf_str(b, bytes);
}

str mlflow_repr(arena *a, str s) {
    s = str_upto_code_points(s, SHOWN_MAX);
    bool apostrophe = str_find(s, '\'', 0) != SIZE_MAX,
         quotes = str_find(s, '"', 0) != SIZE_MAX;
    char quote = apostrophe && !quotes ? '"' : '\'';
    buf b = BUF_MAX(8u << 10);
    buf_byte(&b, quote);
    while (s.n) {
        str before = s;
        unsigned cp = next_code_point(&s);
        put_python(&b, cp, str_upto(before, before.n - s.n), quote);
    }
    buf_byte(&b, quote);
    return taken(a, &b);
}

str mlflow_float_repr(arena *a, double v) {
    char text[NUM_MAX];
    if (v != v) return STR("nan");
    if (v - v != 0) return v > 0 ? STR("inf") : STR("-inf");
    return arena_str(a, str_n(text, num_f64(text, v)));
}
