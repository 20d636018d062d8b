// SPDX-License-Identifier: Apache-2.0
// semver: see semver.h. No state.
#include "core/semver.h"

enum { DIGITS_MAX = 18 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_number(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i])) return false;
    return s.n > 0;
}

static bool leads_with_zero(str number) {
    return number.n > 1 && number.p[0] == '0';
}

static bool read_number(str s, uint64_t *out) {
    if (!is_number(s) || s.n > DIGITS_MAX || leads_with_zero(s)) return false;
    *out = 0;
    for (size_t i = 0; i < s.n; i++)
        *out = *out * 10 + (uint64_t)(s.p[i] - '0');
    return true;
}

static bool is_identifier(str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], lower = (char)(c | 0x20);
        if (!is_digit(c) && c != '-' && (lower < 'a' || lower > 'z')) return false;
    }
    return s.n > 0;
}

// What stands behind '-' or '+': identifiers with dots between them.
static bool are_identifiers(str s, bool zeros) {
    str rest = s;
    for (str one; str_split(&rest, '.', &one);)
        if (!is_identifier(one) || (!zeros && is_number(one) && leads_with_zero(one)))
            return false;
    return true;
}

// Splits off what stands behind the first `sep`; false when that is nothing.
static bool split_tail(str *s, char sep, str *tail) {
    size_t at = str_find(*s, sep, 0);
    *tail = STR("");
    if (at == SIZE_MAX) return true;
    *tail = str_from(*s, at + 1);
    *s = str_upto(*s, at);
    return tail->n > 0;
}

bool semver_parse(str text, semver *out) {
    str number, rest = text;
    *out = (semver){.v = text.n && text.p[0] == 'v'};
    uint64_t *const parts[] = {&out->major, &out->minor, &out->patch};
    if (out->v) rest = str_from(rest, 1);
    if (!split_tail(&rest, '+', &out->build) || !split_tail(&rest, '-', &out->pre))
        return false;
    if (out->build.n && !are_identifiers(out->build, true)) return false;
    if (out->pre.n && !are_identifiers(out->pre, false)) return false;
    for (size_t i = 0; i < 3; i++)
        if (!str_split(&rest, '.', &number) || !read_number(number, parts[i])) return false;
    return !str_split(&rest, '.', &number);
}

// ---- order ----------------------------------------------------------------------------------

static int order(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

// Numbers by their value and before words; words by their bytes.
static int identifier_cmp(str a, str b) {
    bool x = is_number(a), y = is_number(b);
    if (x != y) return x ? -1 : 1;
    if (x && a.n != b.n) return a.n < b.n ? -1 : 1; // without zeros before them
    return str_cmp(a, b);
}

static int pre_cmp(str a, str b) {
    if (!a.n || !b.n) return (b.n > 0) - (a.n > 0); // a release comes after its candidates
    for (str x, y;;) {
        bool more = str_split(&a, '.', &x), other = str_split(&b, '.', &y);
        if (!more || !other) return more - other;
        int c = identifier_cmp(x, y);
        if (c) return c;
    }
}

int semver_cmp(const semver *a, const semver *b) {
    int c = order(a->major, b->major);
    if (!c) c = order(a->minor, b->minor);
    if (!c) c = order(a->patch, b->patch);
    return c ? c : pre_cmp(a->pre, b->pre);
}

// ---- the next -------------------------------------------------------------------------------

str semver_next(arena *a, const semver *of, semver_part part) {
    if (!of->major && part != SEMVER_PATCH) part--;
    uint64_t major = of->major + (part == SEMVER_MAJOR);
    uint64_t minor = part == SEMVER_MAJOR ? 0 : of->minor + (part == SEMVER_MINOR);
    uint64_t patch = part == SEMVER_PATCH ? of->patch + 1 : 0;
    return arena_printf(a, "%s%llu.%llu.%llu", of->v ? "v" : "", (unsigned long long)major,
                        (unsigned long long)minor, (unsigned long long)patch);
}
