// SPDX-License-Identifier: Apache-2.0
// str: comparing, searching and checking borrowed bytes. Nothing here allocates or keeps state;
// any thread.
#include "base/str.h"

#include "base/utf8_internal.h"

int str_cmp(str a, str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n ? memcmp(a.p, b.p, n) : 0;
    if (d) return d;
    return (a.n > b.n) - (a.n < b.n);
}

static inline unsigned char lower(char c) {
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

bool str_eq_nocase(str a, str b) {
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) return false;
    }
    return true;
}

size_t str_find(str a, char c, size_t from) {
    if (from >= a.n) return SIZE_MAX;
    const char *hit = memchr(a.p + from, c, a.n - from);
    return hit ? (size_t)(hit - a.p) : SIZE_MAX;
}

size_t str_find_str(str a, str needle, size_t from) {
    if (from > a.n || a.n - from < needle.n) return SIZE_MAX;
    if (!needle.n) return from;
    const char *hit = memmem(a.p + from, a.n - from, needle.p, needle.n);
    return hit ? (size_t)(hit - a.p) : SIZE_MAX;
}

size_t str_behind_last(str a, char c) {
    size_t n = a.n;
    while (n && a.p[n - 1] != c)
        n--;
    return n;
}

str str_last_name(str path) {
    return str_from(path, str_behind_last(path, '/'));
}

bool str_split(str *rest, char sep, str *part) {
    if (!rest->p) return false; // also how the end is marked: "a," gives "a" and "", then false
    size_t at = str_find(*rest, sep, 0);
    if (at == SIZE_MAX) {
        *part = *rest;
        *rest = (str){0};
        return true;
    }
    *part = str_upto(*rest, at);
    *rest = str_n(rest->p + at + 1, rest->n - at - 1);
    return true;
}

static inline bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

str str_trim(str a) {
    while (a.n && is_space(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n && is_space(a.p[a.n - 1]))
        a.n--;
    return a;
}

bool str_to_i64(str a, int64_t *out) {
    bool minus = a.n && a.p[0] == '-';
    size_t i = minus;
    if (i == a.n) return false;
    int64_t v = 0; // kept negative: INT64_MIN has no positive twin
    for (; i < a.n; i++) {
        if (a.p[i] < '0' || a.p[i] > '9') return false;
        if (__builtin_mul_overflow(v, 10, &v)) return false;
        if (__builtin_sub_overflow(v, a.p[i] - '0', &v)) return false;
    }
    if (!minus && v == INT64_MIN) return false;
    *out = minus ? v : -v;
    return true;
}

bool str_is_text(str a) {
    if (!a.n) return true;
    if (memchr(a.p, 0, a.n)) return false;
    return utf8_valid(a.p, a.p + a.n);
}

size_t str_text_prefix(str a) {
    const char *nul = a.n ? memchr(a.p, 0, a.n) : NULL, *p = a.p;
    const char *end = nul ? nul : a.p + a.n;
    while (p < end) {
        p = utf8_ascii_end(p, end);
        size_t n = p < end ? utf8_len(p, end) : 0;
        if (!n) break;
        p += n;
    }
    return (size_t)(p - a.p);
}

size_t str_code_points(str a) {
    size_t n = 0;
    for (size_t i = 0; i < a.n; i++)
        n += (a.p[i] & 0xc0) != 0x80;
    return n;
}

str str_upto_code_points(str a, size_t max) {
    if (a.n <= max) return a; // a code point has at least one byte
    size_t n = 0;
    for (size_t i = 0; i < a.n; i++) {
        if ((a.p[i] & 0xc0) == 0x80) continue;
        if (n++ == max) return str_upto(a, i);
    }
    return a;
}

size_t str_distance(str x, str y) {
    enum { MOST = 40 };
    size_t d[MOST + 1][MOST + 1];
    if (x.n > MOST || y.n > MOST) return MOST;
    for (size_t i = 0; i <= x.n; i++) {
        for (size_t j = 0; j <= y.n; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            size_t best = d[i - 1][j - 1] + (x.p[i - 1] != y.p[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            bool swapped =
                i > 1 && j > 1 && x.p[i - 1] == y.p[j - 2] && x.p[i - 2] == y.p[j - 1];
            if (swapped && d[i - 2][j - 2] + 1 < best) best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[x.n][y.n];
}
