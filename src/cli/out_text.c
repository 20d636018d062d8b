// SPDX-License-Identifier: Apache-2.0
// out_text: texts of others made harmless, and how wide they are. A pure function of its input
// but for wcwidth, which asks the locale (out_is_utf8 sets it). Any thread.
#include "base/utf8_internal.h"
#include "cli/out.h"

#include <stdlib.h>
#include <wchar.h>

// Decodes one character, *len bytes; U+FFFD for a byte that begins none.
static unsigned decode(str s, size_t at, size_t *len) {
    const unsigned char *p = (const unsigned char *)s.p + at;
    size_t n = utf8_len(s.p + at, s.p + s.n);
    *len = n ? n : 1;
    switch (n) {
    case 1: return p[0];
    case 2: return (p[0] & 31u) << 6 | (p[1] & 63u);
    case 3: return (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
    case 4: return (p[0] & 7u) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u);
    default: return 0xFFFD;
    }
}

// Controls (C0, DEL, C1), the line and paragraph separators, and what turns the direction of
// writing, hides text (tags) or annotates it.
static bool is_control(unsigned c) {
    return c < 32 || (c >= 127 && c < 160) || c == 0x61C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

// \n, \t, \x1b, \u202e, \U0001f600
static str escape_of(arena *a, unsigned c) {
    if (c == '\n') return STR("\\n");
    if (c == '\t') return STR("\\t");
    if (c == '\r') return STR("\\r");
    return arena_printf(a, c < 256 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

static bool is_harmless(str s, bool utf8) {
    for (size_t i = 0, len; i < s.n; i += len) {
        unsigned c = decode(s, i, &len);
        if (is_control(c) || (c >= 128 && !utf8) || (c == 0xFFFD && len == 1)) return false;
    }
    return true;
}

str out_escape(arena *a, str s, bool utf8) {
    if (is_harmless(s, utf8)) return s;
    buf b = BUF_MAX(SIZE_MAX / 2);
    for (size_t i = 0, len; i < s.n; i += len) {
        unsigned c = decode(s, i, &len);
        if (c == 0xFFFD && len == 1)
            buf_str(&b, arena_printf(a, "\\x%02x", (unsigned char)s.p[i]));
        else if (is_control(c) || (c >= 128 && !utf8))
            buf_str(&b, escape_of(a, c));
        else
            buf_add(&b, s.p + i, len);
    }
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static int columns_of(unsigned c) {
    if (c < 128) return 1;
    int n = wcwidth((wchar_t)c);
    return n < 0 ? 1 : n;
}

int out_width(str s) {
    int n = 0;
    for (size_t i = 0, len; i < s.n; i += len)
        n += columns_of(decode(s, i, &len));
    return n;
}

// The longest prefix of at most `columns`; never within a character.
static str cut(str s, int columns) {
    int n = 0;
    for (size_t i = 0, len; i < s.n; i += len) {
        n += columns_of(decode(s, i, &len));
        if (n > columns) return str_upto(s, i);
    }
    return s;
}

str out_fit(arena *a, str s, int columns, bool utf8) {
    if (out_width(s) <= columns) return s;
    if (columns < 2) return cut(s, columns);
    return arena_printf(a, "%.*s%s", STR_F(cut(s, columns - 1)), utf8 ? "\u2026" : "~");
}

static int by_text(const void *x, const void *y) {
    return str_cmp(*(const str *)x, *(const str *)y);
}

size_t out_telling(arena *a, const str *ids, size_t n, size_t least) {
    str *sorted = ARENA_ARRAY(a, str, n);
    if (n) memcpy(sorted, ids, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 1; i < n; i++) {
        str x = sorted[i - 1], y = sorted[i];
        size_t same = 0;
        while (same < x.n && same < y.n && x.p[same] == y.p[same])
            same++;
        if (!str_eq(x, y) && same >= least) least = same + 1;
    }
    return least;
}

// Only within strings can these characters stand, and there an escape means the same.
void out_json(cli_out *t, str json) {
    size_t from = 0;
    for (size_t i = 0, len; t->terminal && i < json.n; i += len) {
        unsigned c = decode(json, i, &len);
        if (c < 127 || (t->utf8 && !is_control(c))) continue;
        out_add(t, (str){json.p + from, i - from});
        if (c >= 0x10000)
            out_printf(t, "\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10),
                       0xDC00 + ((c - 0x10000) & 0x3FF));
        else
            out_printf(t, "\\u%04x", c);
        from = i + len;
    }
    out_add(t, str_from(json, from));
}
