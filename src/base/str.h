// SPDX-License-Identifier: Apache-2.0
// str: a borrowed run of bytes. Not NUL-terminated, never freed through this type; whoever made
// the bytes says how long they live (mostly: as long as the request's arena). The bytes may
// hold NUL unless a decoder refused it.
#ifndef STEMMA_BASE_STR_H
#define STEMMA_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct str {
    const char *p; // may be NULL when n is 0
    size_t n;      // bytes
} str;

// A literal as a str, usable in initialisers: STR("abc").
#define STR(lit) ((str){(lit), sizeof(lit) - 1})
#define STR_K(lit)                                                                             \
    { (lit), sizeof(lit) - 1 } // for static tables
// For printf's "%.*s".
#define STR_F(s) (int)(s).n, (s).n ? (s).p : ""

static inline str str_of(const char *c) {
    return (str){c, c ? strlen(c) : 0};
}
static inline str str_n(const void *p, size_t n) {
    return (str){p, n};
}

static inline str str_or_empty(str a) { // p is never NULL
    return a.p ? a : str_of("");
}
static inline bool str_eq(str a, str b) {
    return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}
static inline bool str_is(str a, const char *c) {
    return str_eq(a, str_of(c));
}
static inline bool str_starts(str a, str prefix) {
    return a.n >= prefix.n && (!prefix.n || !memcmp(a.p, prefix.p, prefix.n));
}
static inline bool str_ends(str a, str suffix) {
    return a.n >= suffix.n && (!suffix.n || !memcmp(a.p + a.n - suffix.n, suffix.p, suffix.n));
}
static inline str str_from(str a, size_t at) { // what stands at `at` and behind
    return at >= a.n ? (str){a.p, 0} : (str){a.p + at, a.n - at};
}
static inline str str_upto(str a, size_t n) {
    return (str){a.p, n < a.n ? n : a.n};
}

// Byte order, shorter first on a common prefix: what "binary collation" means on both SQL
// engines.
int str_cmp(str a, str b);
// ASCII letters compare without case.
bool str_eq_nocase(str a, str b);
// Index of the first `c` or `needle` at or behind `from`; SIZE_MAX when there is none.
size_t str_find(str a, char c, size_t from);
size_t str_find_str(str a, str needle, size_t from);
// Index behind the last `c`; 0 when there is none.
size_t str_behind_last(str a, char c);
str str_last_name(str path); // what stands behind its last '/'
// Splits off what stands before the first `sep`; `*rest` is what follows (empty at the end).
// False once `*rest` was exhausted: for (str part; str_split(&rest, ',', &part);) ... An empty
// text has one empty part (none when its p is NULL), and "a," has two.
bool str_split(str *rest, char sep, str *part);
// Without ASCII white space at both ends.
str str_trim(str a);
// Decimal digits only, optional '-', no overflow. `*out` is left alone on false.
bool str_to_i64(str a, int64_t *out);
// Letters to add, drop, change or swap to get from one word to the other; 40 when one is
// longer.
size_t str_distance(str x, str y);
// Valid UTF-8 without U+0000 and lone surrogates: what may be stored as text on both engines.
bool str_is_text(str a);
size_t str_text_prefix(str a); // bytes of its longest beginning that is so
// Number of code points of valid UTF-8.
size_t str_code_points(str a);
// The longest prefix of at most `max` code points.
str str_upto_code_points(str a, size_t max);

#endif
