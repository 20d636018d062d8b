// SPDX-License-Identifier: Apache-2.0
// Differences from inside: lines against the shortest edit there is, and against a patch that
// is applied; measures of tensors against plain loops, over all types and with values that are
// not finite; ranges read ahead; what the native tests (tests/native/test_diff.py) can not see.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/diff_ahead.h"
#include "core/diff_internal.h"
#include "core/diff_measure.h"
#include "core_help.h"

#include <math.h>

static uint64_t seed = 1;
static uint32_t rnd(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

// ---- lines ----------------------------------------------------------------------------------

// Applies hunks to `was`; fails unless the result is `is`.
static void check_patch(arena *a, str was, str is, str hunks) {
    buf out = BUF_MAX(1 << 24);
    str rest = was, line, from;
    for (size_t at = 0; hunks.n && str_split(&hunks, '\n', &line);) {
        if (!line.n) continue;
        if (line.p[0] == '@') {
            size_t begin = strtoul(arena_cstr(a, str_from(line, 4)), NULL, 10);
            size_t count =
                strtoul(arena_cstr(a, str_from(line, str_find(line, ',', 0) + 1)), NULL, 10);
            for (; at + (count > 0) < begin; at++) {
                assert_true(str_split(&rest, '\n', &from));
                buf_str(&out, from);
                buf_byte(&out, '\n');
            }
            continue;
        }
        if (line.p[0] == '\\') { // no newline at the end of the line before
            if (out.n && out.p[out.n - 1] == '\n' && !str_ends(is, STR("\n"))) out.n--;
            continue;
        }
        if (line.p[0] != '+') {
            assert_true(str_split(&rest, '\n', &from));
            assert_true(str_eq(from, str_from(line, 1)));
            at++;
        }
        if (line.p[0] == '-') continue;
        buf_str(&out, str_from(line, 1));
        buf_byte(&out, '\n');
    }
    buf_str(&out, rest);
    if (!str_eq(buf_view(&out), is) && !str_eq(str_upto(buf_view(&out), out.n - 1), is))
        fail_msg("patched to '%.*s', not '%.*s'", (int)out.n, out.p, STR_F(is));
    buf_free(&out);
}

// The length of the shortest edit of two texts of one-letter lines.
static size_t shortest(str a, str b) {
    size_t n = a.n / 2, m = b.n / 2, lcs[41][41] = {{0}};
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++)
            lcs[i][j] = a.p[2 * i - 2] == b.p[2 * j - 2] ? lcs[i - 1][j - 1] + 1
                        : lcs[i - 1][j] > lcs[i][j - 1]  ? lcs[i - 1][j]
                                                         : lcs[i][j - 1];
    return n + m - 2 * lcs[n][m];
}

static str some_lines(arena *a, uint32_t n, uint32_t letters) {
    char *p = arena_bytes(a, 2 * n + 1);
    for (uint32_t i = 0; i < n; i++) {
        p[2 * i] = (char)('a' + rnd(letters));
        p[2 * i + 1] = '\n';
    }
    return str_n(p, 2 * n);
}

static void lines_are_the_shortest_edit(void **state) {
    (void)state;
    arena *a = arena_new();
    for (int i = 0; i < 3000; i++) {
        uint32_t letters = 1 + rnd(6);
        str x = some_lines(a, rnd(40), letters), y = some_lines(a, rnd(40), letters);
        diff_text d = diff_lines(a, x, y, 1 << 20);
        assert_int_equal(d.added + d.removed, shortest(x, y));
        assert_false(d.cut);
        if (x.n && y.n) check_patch(a, x, y, d.unified);
        arena_reset(a);
    }
    arena_free(a);
}

// Far more differences than are sought exactly: right all the same, and soon.
static void long_texts(void **state) {
    (void)state;
    arena *a = arena_new();
    str x = some_lines(a, 60000, 26), y = some_lines(a, 50000, 26);
    diff_text d = diff_lines(a, x, y, 1 << 24);
    assert_int_equal(60000 - d.removed, 50000 - d.added); // what is kept
    assert_true(d.removed < 55000);
    check_patch(a, x, y, d.unified);
    d = diff_lines(a, x, y, 100);
    assert_true(d.cut && d.unified.n <= 100 && str_ends(d.unified, STR("\n")));
    d = diff_lines(a, STR("a\nb"), STR("a\nb\n"), 1000);
    assert_true(
        str_eq(d.unified, STR("@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n")));
    arena_free(a);
}

// ---- measures -------------------------------------------------------------------------------

static double plain(weights_type t, const uint8_t *p) {
    uint16_t h;
    uint32_t w;
    memcpy(&h, p, 2);
    switch (t) {
    case WEIGHTS_F64: {
        double d;
        memcpy(&d, p, 8);
        return d;
    }
    case WEIGHTS_F32: {
        float f;
        memcpy(&f, p, 4);
        return f;
    }
    case WEIGHTS_BF16: {
        float f;
        w = (uint32_t)h << 16;
        memcpy(&f, &w, 4);
        return f;
    }
    case WEIGHTS_F16: {
        int e = h >> 10 & 31, m = h & 1023;
        double v = e == 31 ? (m ? (double)NAN : (double)INFINITY)
                           : ldexp(e ? 1024 + m : m, (e ? e : 1) - 25);
        return h & 0x8000 ? -v : v;
    }
    case WEIGHTS_F8_E4M3: {
        int e = *p >> 3 & 15, m = *p & 7;
        double v = (*p & 127) == 127 ? (double)NAN : ldexp(e ? 8 + m : m, (e ? e : 1) - 10);
        return *p & 128 ? -v : v;
    }
    case WEIGHTS_F8_E5M2: {
        int e = *p >> 2 & 31, m = *p & 3;
        double v = e == 31 ? (m ? (double)NAN : (double)INFINITY)
                           : ldexp(e ? 4 + m : m, (e ? e : 1) - 17);
        return *p & 128 ? -v : v;
    }
    case WEIGHTS_BOOL: return *p != 0;
    case WEIGHTS_I8: return (int8_t)*p;
    case WEIGHTS_U8: return *p;
    case WEIGHTS_I16: return (int16_t)h;
    case WEIGHTS_I32: {
        int32_t i;
        memcpy(&i, p, 4);
        return i;
    }
    case WEIGHTS_I64: {
        int64_t i;
        memcpy(&i, p, 8);
        return (double)i;
    }
    default: fail_msg("no such type"); return 0;
    }
}

static bool near(double a, double b) {
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static void check_measure(weights_type ta, const uint8_t *a, weights_type tb, const uint8_t *b,
                          size_t n) {
    unsigned wa = weights_type_about(ta)->bytes, wb = weights_type_about(tb)->bytes;
    long double aa = 0, bb = 0, ab = 0, dd = 0; // which hold the squares of all doubles
    double largest = 0;
    uint64_t equal = 0, nan_was = 0, inf_is = 0, finite = 0;
    for (size_t i = 0; i < n; i++) {
        double x = plain(ta, a + i * wa), y = plain(tb, b + i * wb);
        nan_was += isnan(x) != 0;
        inf_is += isinf(y) != 0;
        bool wide = ta == WEIGHTS_I64 && ta == tb; // doubles do not tell all of them apart
        equal += wide ? !memcmp(a + i * 8, b + i * 8, 8) : x == y || (isnan(x) && isnan(y));
        if (!isfinite(x) || !isfinite(y)) continue;
        long double wide_x = x, wide_y = y, d = wide_y - wide_x;
        aa += wide_x * wide_x;
        bb += wide_y * wide_y;
        ab += wide_x * wide_y;
        dd += d * d;
        finite++;
        largest = fmax(largest, fabs(y - x));
    }
    diff_sums s = {0};
    size_t first = n > 3 ? rnd((uint32_t)n) : 0; // in two pieces
    diff_measure_add(&s, ta, a, tb, b, first);
    diff_measure_add(&s, ta, a + first * wa, tb, b + first * wb, n - first);
    diff_measure m = diff_measure_end(&s);
    const char *name = weights_type_about(ta)->name;
    assert_int_equal(m.elements, n);
    if (m.equal != equal)
        fail_msg("%s: %llu equal, not %llu", name, (unsigned long long)m.equal,
                 (unsigned long long)equal);
    assert_int_equal(m.odd.nan_was, nan_was);
    assert_int_equal(m.odd.inf_is, inf_is);
    double change = dd == 0 ? (finite ? 0 : (double)NAN) : (double)(sqrtl(dd) / sqrtl(aa));
    if (!near(m.norm_was, (double)sqrtl(aa)) || !near(m.norm_is, (double)sqrtl(bb)) ||
        !near(m.largest, largest) || !near(m.change, change))
        fail_msg("%s: change %g, largest %g", name, m.change, m.largest);
    if (dd != 0 && aa > 0 && bb > 0 && fabs(m.cosine - (double)(ab / sqrtl(aa) / sqrtl(bb))) > 1e-9)
        fail_msg("%s: cosine %.17g", name, m.cosine);
}

static const weights_type measured[] = {
    WEIGHTS_F64,  WEIGHTS_F32, WEIGHTS_BF16, WEIGHTS_F16, WEIGHTS_F8_E4M3, WEIGHTS_F8_E5M2,
    WEIGHTS_BOOL, WEIGHTS_I8,  WEIGHTS_U8,   WEIGHTS_I16, WEIGHTS_I32,     WEIGHTS_I64};

// Random bytes hold NaN and infinities of every type; odd places and lengths, runs that are
// the same, and tensors of two types.
static void measures_of_all_types(void **state) {
    (void)state;
    enum { N = 3000, BYTES = N * 8 + 8 };
    static uint8_t a[BYTES], b[BYTES];
    for (size_t k = 0; k < sizeof measured / sizeof *measured; k++)
        for (int round = 0; round < 4; round++) {
            weights_type t = measured[k];
            for (size_t i = 0; i < BYTES; i++) {
                a[i] = (uint8_t)rnd(256);
                b[i] = round == 0 ? a[i] : rnd(3) ? a[i] : (uint8_t)rnd(256);
            }
            unsigned w = weights_type_about(t)->bytes;
            for (size_t i = w - 1; round > 1 && i < BYTES; i += w) { // only small ones
                a[i] &= 0x3f;
                b[i] &= 0x3f;
            }
            if (round == 3) memcpy(b, a, BYTES / 2);
            check_measure(t, a + round, t, b + round, N - (size_t)rnd(600));
            check_measure(t, a, measured[rnd(4)], b, 700);
        }
    assert_false(diff_can_measure(WEIGHTS_Q4_K) || diff_can_measure(WEIGHTS_F4) ||
                 diff_can_measure(WEIGHTS_C64) || diff_can_measure(WEIGHTS_F8_E8M0));
    assert_int_equal(diff_bytes_differ("abcd", "abXY", 4), 2);
    memset(a, 0, BYTES);
    memset(b, 1, BYTES);
    assert_int_equal(diff_bytes_differ(a, b, BYTES), BYTES);
    diff_sums s = {0};
    diff_measure_add(&s, WEIGHTS_U8, a, WEIGHTS_U8, b, 100);
    assert_true(isinf(diff_measure_end(&s).change)); // from zero
}

static diff_measure of_doubles(const double *a, const double *b, size_t n) {
    diff_sums s = {0};
    diff_measure_add(&s, WEIGHTS_F64, a, WEIGHTS_F64, b, n);
    return diff_measure_end(&s);
}

// The same numbers, but a million times a million times ... larger, or smaller.
static void measures_of_large_and_small(void **state) {
    (void)state;
    enum { N = 1500 };
    static const double scale[] = {1, 1e300, 1e-300, 1e140, 1e-140, 1e121, 1e-121};
    for (size_t k = 0; k < sizeof scale / sizeof *scale; k++) {
        double a[N], b[N];
        for (size_t i = 0; i < N; i++) {
            a[i] = (double)(i % 7) * scale[k];
            b[i] = i == 700 ? 9 * scale[k] : a[i];
        }
        diff_measure m = of_doubles(a, b, N);
        assert_int_equal(m.equal, N - 1);
        double aa = 0; // in units of the scale
        for (size_t i = 0; i < N; i++)
            aa += (double)(i % 7) * (double)(i % 7);
        if (!near(m.norm_was / scale[k], sqrt(aa)) || !near(m.change, 9 / sqrt(aa)) ||
            !near(m.largest, 9 * scale[k]) || !(m.cosine > 0.9 && m.cosine < 1))
            fail_msg("%g: norm %g, change %g, cosine %g", scale[k], m.norm_was, m.change,
                     m.cosine);
    }
    // Of all sizes in one, where only the small one changed.
    double a[] = {3e200, 4e200, 2, 1e-250}, b[] = {3e200, 4e200, 5, 1e-250};
    diff_measure m = of_doubles(a, b, 4);
    assert_true(near(m.norm_was, 5e200) && near(m.change, 3 / 5e200));
    b[2] = 2, b[3] = 3e-250;
    m = of_doubles(a, b, 4);
    assert_int_equal(m.equal, 3);
    assert_true(near(m.largest, 2e-250));
    // Of nothing that is finite no change is told.
    a[0] = 1, b[0] = (double)NAN, a[1] = -(double)INFINITY, b[1] = 1;
    m = of_doubles(a, b, 2);
    assert_true(isnan(m.change));
    assert_int_equal(m.odd.nan_is, 1);
    assert_true(diff_odd_grew(&m.odd));
}

static void measures_of_wide_integers(void **state) {
    (void)state;
    enum { N = 600 };
    int64_t a[N], b[N];
    for (size_t i = 0; i < N; i++)
        a[i] = b[i] = INT64_MAX - (int64_t)i;
    b[3]--, b[599] -= 5;
    static const weights_type types[] = {WEIGHTS_I64, WEIGHTS_U64};
    for (int k = 0; k < 4; k++) {
        diff_sums s = {0};
        diff_measure_add(&s, types[k & 1], a, types[k >> 1], b, N);
        diff_measure m = diff_measure_end(&s);
        assert_int_equal(m.equal, N - 2);
        assert_true(m.largest == 5 && m.change > 0);
    }
    uint64_t high = UINT64_MAX;
    int64_t low = -1;
    diff_sums s = {0};
    diff_measure_add(&s, WEIGHTS_I64, &low, WEIGHTS_U64, &high, 1); // the same bits
    assert_int_equal(diff_measure_end(&s).equal, 0);
    int8_t one = 1;
    int64_t same = 1;
    s = (diff_sums){0};
    diff_measure_add(&s, WEIGHTS_I8, &one, WEIGHTS_I64, &same, 1);
    assert_int_equal(diff_measure_end(&s).equal, 1);
}

// An integer that became a float is compared with what the float is, not with what the integer
// would be as one.
static void measures_of_wide_integers_and_floats(void **state) {
    (void)state;
    const double inf = (double)INFINITY;
    static const int64_t two53 = (int64_t)1 << 53;
    const int64_t wide[] = {two53 + 1, -two53 - 1, INT64_MAX, INT64_MIN, 5, 5, 0, 7, 9, two53 - 1};
    const double as[] = {0x1p53, -0x1p53, 0x1p63, -0x1p63, 5, 5.25, -0.0, inf, 1e300, 0x1p53 - 1};
    enum { N = sizeof as / sizeof *as };
    for (int turned = 0; turned < 2; turned++) {
        diff_sums s = {0};
        if (turned)
            diff_measure_add(&s, WEIGHTS_F64, as, WEIGHTS_I64, wide, N);
        else
            diff_measure_add(&s, WEIGHTS_I64, wide, WEIGHTS_F64, as, N);
        diff_measure m = diff_measure_end(&s);
        assert_int_equal(m.equal, 4); // the least, 5, 0 and the last
        assert_int_equal(turned ? m.odd.inf_was : m.odd.inf_is, 1);
        assert_true(near(m.largest, 1e300));
        s = (diff_sums){0};
        if (turned)
            diff_measure_add(&s, WEIGHTS_F64, as, WEIGHTS_I64, wide, 6);
        else
            diff_measure_add(&s, WEIGHTS_I64, wide, WEIGHTS_F64, as, 6);
        m = diff_measure_end(&s);
        assert_true(m.largest == 1 && near(m.change * m.norm_was, sqrt(3.0625)));
    }
    uint64_t most = UINT64_MAX;
    float rounded = 0x1p64f;
    diff_sums s = {0};
    diff_measure_add(&s, WEIGHTS_U64, &most, WEIGHTS_F32, &rounded, 1);
    diff_measure m = diff_measure_end(&s);
    assert_true(m.equal == 0 && m.largest == 1);
}

// Two halves are the whole.
static void measures_join(void **state) {
    (void)state;
    double a[] = {1, 2, (double)NAN, 1e300, 5}, b[] = {1, (double)INFINITY, 3, 2e300, 1e-300};
    diff_sums one = {0}, two = {0}, all = {0};
    diff_measure_add(&one, WEIGHTS_F64, a, WEIGHTS_F64, b, 3);
    diff_measure_add(&two, WEIGHTS_F64, a + 3, WEIGHTS_F64, b + 3, 2);
    diff_measure_add(&all, WEIGHTS_F64, a, WEIGHTS_F64, b, 5);
    diff_measure_join(&one, &two);
    diff_measure m = diff_measure_end(&one), n = diff_measure_end(&all);
    assert_memory_equal(&m, &n, sizeof m);
    assert_int_equal(m.odd.nan_was, 1);
    assert_int_equal(m.odd.inf_is, 1);
}

// ---- reading ahead --------------------------------------------------------------------------

CORE_TEST(ranges_are_read_in_order) {
    enum { N = 5 << 20 };
    uint8_t *p = mem_alloc(N);
    sha256 one, two;
    err e = {0};
    for (size_t i = 0; i < N; i++)
        p[i] = (uint8_t)rnd(256);
    OK(store_put(x->f.s, p, N, &one, &e));
    p[N - 1] ^= 1;
    OK(store_put(x->f.s, p, N, &two, &e));
    sha256 none = sha256_of("none", 4);
    diff_job jobs[] = {{{one, 3, 1}, {two, 3, 1}, N - 3, true},
                       {{one, 0, 2}, {none, 0, 2}, 10, true},
                       {{one, 10, 1}, {one, 10, 1}, N - 10, true},
                       {{one, 5, 2}, {two, 1, 1}, 100, false}};
    diff_ahead *h = diff_ahead_start(x->f.s, jobs, 4, &e);
    diff_piece piece;
    size_t at = 3, ended = 0, pieces = 0;
    while (diff_ahead_next(h, &piece)) {
        pieces++;
        ended += piece.last;
        if (piece.job == 0) {
            assert_memory_equal(piece.is, p + at, piece.n);
            at += piece.n;
        }
        assert_int_equal(piece.failed, piece.job == 1);
        if (piece.failed) assert_true(piece.of_is && piece.e.code == ERR_NOT_FOUND);
        assert_int_equal(piece.same, piece.job == 2);
        if (piece.job == 3) assert_memory_equal((const char *)piece.is + 99, p + 100, 1);
    }
    assert_int_equal(at, N);
    assert_int_equal(ended, 4);
    assert_int_equal(pieces, 6);
    diff_ahead_stop(h);
    h = diff_ahead_start(x->f.s, jobs, 4, &e); // given up at once
    diff_ahead_stop(h);
    free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_shortest_edit),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(measures_of_all_types),
        cmocka_unit_test(measures_of_large_and_small),
        cmocka_unit_test(measures_of_wide_integers),
        cmocka_unit_test(measures_of_wide_integers_and_floats),
        cmocka_unit_test(measures_join),
        cmocka_unit_test(ranges_are_read_in_order),
    };
    return core_fix_main("diff", tests, sizeof tests / sizeof *tests);
}
