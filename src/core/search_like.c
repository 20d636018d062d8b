// SPDX-License-Identifier: Apache-2.0
// LIKE and ILIKE: % is any run of characters, _ one code point, no escape. A pattern is cut at
// its % into parts; the first is tied to the start, the last to the end, and those between are
// found from left to right, each at its first place (which is enough, because a later place
// never allows more). So the cost is at most length x longest part. Case is folded by the C
// library's simple mapping in its own UTF-8 locale, whatever the process' locale is. Immutable
// after search_pattern_new; any thread.
#include "base/vec.h"
#include "core/search_internal.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

typedef struct like_part {
    str text;   // folded when the pattern is
    bool plain; // neither _ nor folding: bytes decide
} like_part;

struct search_pattern {
    like_part *parts;
    size_t n;
    bool fold;
};

static locale_t utf8_locale;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void open_locale(void) {
    utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static uint32_t fold_char(uint32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    return utf8_locale ? (uint32_t)towlower_l((wint_t)c, utf8_locale) : c;
}

// One code point of valid UTF-8 (a stray byte counts as one), its length in *len.
static uint32_t read_char(const char *p, const char *end, size_t *len) {
    uint8_t b = (uint8_t)*p;
    size_t n = b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
    if (n == 1 || (size_t)(end - p) < n) return *len = 1, b;
    uint32_t c = b & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        c = c << 6 | ((uint8_t)p[i] & 0x3F);
    }
    *len = n;
    return c;
}

// Bytes of `text` from `p` that the part takes, or SIZE_MAX when it does not fit there.
static size_t part_at(const like_part *part, bool fold, const char *p, const char *end) {
    const char *start = p;
    const char *q = part->text.p, *q_end = q + part->text.n;
    if (part->plain) {
        if ((size_t)(end - p) < part->text.n || memcmp(p, q, part->text.n)) return SIZE_MAX;
        return part->text.n;
    }
    while (q < q_end) {
        if (p >= end) return SIZE_MAX;
        size_t n, m;
        uint32_t c = read_char(p, end, &n), want = read_char(q, q_end, &m);
        if (want != '_' && (fold ? fold_char(c) : c) != want) return SIZE_MAX;
        p += n;
        q += m;
    }
    return (size_t)(p - start);
}

// The first place at or behind p, NULL when there is none; *taken as part_at.
static const char *part_find(const like_part *part, bool fold, const char *p, const char *end,
                             size_t *taken) {
    if (part->plain) {
        size_t at = str_find_str(str_n(p, (size_t)(end - p)), part->text, 0);
        *taken = part->text.n;
        return at == SIZE_MAX ? NULL : p + at;
    }
    for (;;) {
        *taken = part_at(part, fold, p, end);
        if (*taken != SIZE_MAX) return p;
        if (p >= end) return NULL;
        size_t n;
        read_char(p, end, &n);
        p += n;
    }
}

// Does the part fit so that it ends where the text ends? It counts code points from behind.
static bool part_ends(const like_part *part, bool fold, const char *p, const char *end) {
    if (part->plain) return str_ends(str_n(p, (size_t)(end - p)), part->text);
    const char *at = end;
    for (size_t n = str_code_points(part->text); n; n--) {
        if (at == p) return false;
        do {
            at--;
        } while (at > p && ((uint8_t)*at & 0xC0) == 0x80);
    }
    return part_at(part, fold, at, end) == (size_t)(end - at);
}

static str fold_text(arena *a, str s) {
    char *out = arena_bytes(a, s.n * 2 + 4),
         *w = out; // folding may change the length by a byte a character
    for (const char *p = s.p, *end = p + s.n; p < end;) {
        size_t n;
        uint32_t c = fold_char(read_char(p, end, &n));
        p += n;
        if (c < 0x80 || n == 1) {
            *w++ = (char)c;
        } else if (c < 0x800) {
            *w++ = (char)(0xC0 | c >> 6);
            *w++ = (char)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            *w++ = (char)(0xE0 | c >> 12);
            *w++ = (char)(0x80 | (c >> 6 & 0x3F));
            *w++ = (char)(0x80 | (c & 0x3F));
        } else {
            *w++ = (char)(0xF0 | c >> 18);
            *w++ = (char)(0x80 | (c >> 12 & 0x3F));
            *w++ = (char)(0x80 | (c >> 6 & 0x3F));
            *w++ = (char)(0x80 | (c & 0x3F));
        }
    }
    return str_n(out, (size_t)(w - out));
}

search_pattern *search_pattern_new(arena *a, str pattern, bool fold) {
    pthread_once(&utf8_once, open_locale);
    search_pattern *p = ARENA_NEW(a, search_pattern);
    p->fold = fold;
    VEC(like_part) parts = {0};
    str text = fold ? fold_text(a, pattern) : arena_str(a, pattern);
    for (size_t from = 0;;) {
        size_t at = str_find(text, '%', from);
        str piece = str_upto(str_from(text, from), at == SIZE_MAX ? SIZE_MAX : at - from);
        bool plain = !fold && str_find(piece, '_', 0) == SIZE_MAX;
        vec_push(a, &parts, (like_part){piece, plain});
        if (at == SIZE_MAX) break;
        from = at + 1;
    }
    p->parts = parts.p;
    p->n = parts.n;
    return p;
}

bool search_pattern_match(const search_pattern *pat, str text) {
    const char *p = text.n ? text.p : "", *end = p + text.n;
    size_t taken = part_at(&pat->parts[0], pat->fold, p, end);
    if (taken == SIZE_MAX) return false;
    p += taken;
    if (pat->n == 1) return p == end;
    for (size_t i = 1; i + 1 < pat->n; i++) {
        p = part_find(&pat->parts[i], pat->fold, p, end, &taken);
        if (!p) return false;
        p += taken;
    }
    return part_ends(&pat->parts[pat->n - 1], pat->fold, p, end);
}

bool search_like(str text, str pattern, bool fold) {
    arena *a = arena_new();
    bool yes = search_pattern_match(search_pattern_new(a, pattern, fold), text);
    arena_free(a);
    return yes;
}
