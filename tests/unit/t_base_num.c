// SPDX-License-Identifier: Apache-2.0
// num against the C library (correctly rounded, and slow): the same double from every text, the
// shortest text for every double, Python's layout, the grammars, the ends of buffers, the order
// of keys, and the table of powers by its own arithmetic. STEMMA_NUM_RANDOM sets how many
// random doubles are tried (200,000 if it is not).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num_internal.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t next_random(void) { // xorshift64, the same in each run
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static long random_count(void) {
    const char *n = getenv("STEMMA_NUM_RANDOM");
    return n ? atol(n) : 200000;
}

// ---- helpers: reading -----------------------------------------------------------------------

static void expect_same(double got, double want, const char *text, size_t n) {
    if (num_bits(got) == num_bits(want)) return;
    fail_msg("%.*s reads as %a, not %a", n > 200 ? 200 : (int)n, text, got, want);
}

// The whole text is one number for both functions, and its double is `want`.
static void expect_reads(const char *text, double want) {
    size_t n = strlen(text);
    double f = 0;
    int64_t i;
    bool is_int;
    assert_int_equal(num_read(text, text + n, &f, &i, &is_int), n);
    expect_same(f, want, text, n);
    assert_true(num_parse_f64(str_of(text), &f));
    expect_same(f, want, text, n);
}

static void expect_reads_as_library(const char *text) {
    expect_reads(text, strtod(text, NULL));
}

// ---- helpers: printing ----------------------------------------------------------------------

static void print(char out[NUM_MAX + 1], double v) {
    size_t n = num_f64(out, v);
    assert_in_range(n, 3, NUM_MAX);
    out[n] = 0;
}

static void expect_prints(double v, const char *want) {
    char got[NUM_MAX + 1];
    print(got, v);
    assert_string_equal(got, want);
}

// Python's layout of digits d.ddd * 10^e, the plain way.
static void python_layout(char *out, const char *digits, int e) {
    int n = (int)strlen(digits);
    if (e < -4 || e >= 16) {
        sprintf(out, n > 1 ? "%.1s.%se%c%02d" : "%.1s%se%c%02d", digits, digits + 1,
                e < 0 ? '-' : '+', abs(e));
    } else if (e < 0) {
        sprintf(out, "0.%.*s%s", -e - 1, "000", digits);
    } else if (e + 1 >= n) {
        sprintf(out, "%s%.*s.0", digits, e + 1 - n, "0000000000000000");
    } else {
        sprintf(out, "%.*s.%s", e + 1, digits, digits + e + 1);
    }
}

// Whether `n` digits are enough for v by the C library; `digits` and `e` are them.
static bool enough_digits(double v, int n, char *digits, int *e) {
    char text[40];
    snprintf(text, sizeof text, "%.*e", n - 1, v);
    if (strtod(text, NULL) != v) return false;
    *e = atoi(strchr(text, 'e') + 1);
    digits[0] = text[0];
    memcpy(digits + 1, text + 2, (size_t)(n - 1));
    digits[n] = 0;
    return true;
}

static bool power_of_two(double v) {
    return !(num_bits(v) << 12);
}

// v > 0. The C library finds the nearest decimal of n digits. Below a power of two the
// neighbour is nearer than above, so there the nearest one may not read back while a shorter
// one does: then only the length is held against it.
static void expect_shortest(double v) {
    char got[NUM_MAX + 1], want[64], digits[20];
    int n = 1, e = 0;
    while (!enough_digits(v, n, digits, &e)) {
        n++;
    }
    python_layout(want, digits, e);
    print(got, v);
    if (!strcmp(got, want)) return;
    if (power_of_two(v) && strlen(got) <= strlen(want)) return;
    fail_msg("%a prints as %s, not %s", v, got, want);
}

// All that is claimed of one finite double but the search for its length.
static void expect_round_trip(double v) {
    char text[NUM_MAX + 1], longer[400];
    print(text, v);
    double back = strtod(text, NULL);
    expect_same(back, v, text, strlen(text));
    expect_reads(text, v);
    snprintf(longer, sizeof longer, "%.16e", v);
    expect_reads(longer, v);
    snprintf(longer, sizeof longer, "%.29e", v); // beyond 19 digits
    expect_reads(longer, v);
}

static void expect_all(double v) {
    if (!isfinite(v)) return;
    expect_round_trip(v);
    expect_round_trip(-v);
    if (v != 0) expect_shortest(fabs(v));
}

static void expect_all_near(double v) {
    expect_all(nextafter(v, 0));
    expect_all(v);
    expect_all(nextafter(v, INFINITY));
}

// ---- doubles, there and back ----------------------------------------------------------------

static void test_powers(void **state) {
    (void)state;
    for (int e = -1074; e <= 1023; e++) {
        expect_all_near(ldexp(1, e));
    }
    for (int e = -330; e <= 310; e++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        expect_reads_as_library(text);
        expect_all_near(strtod(text, NULL));
        for (int m = 2; m < 10; m++) {
            text[0] = (char)('0' + m);
            expect_reads_as_library(text);
            expect_all(strtod(text, NULL));
        }
    }
}

static void test_subnormals(void **state) {
    (void)state;
    for (uint64_t bits = 1; bits < 3000; bits++) {
        expect_all(num_from_bits(bits));
        expect_all(num_from_bits(((uint64_t)1 << 52) - 1500 + bits));
    }
    for (int i = 0; i < 5000; i++) {
        expect_all(num_from_bits(next_random() >> 12 >> next_random() % 50));
    }
}

// Digits of a text with an exponent, which has no zeros in front.
static int mantissa_digits(const char *text) {
    int n = 0;
    for (; *text != 'e'; text++) {
        n += *text != '.';
    }
    return n;
}

static void expect_random(double v) {
    char text[NUM_MAX + 1], digits[20], want[64];
    print(text, v);
    expect_reads(text, v);
    snprintf(want, sizeof want, "%.*e", 15 + (int)(next_random() % 12), v);
    expect_reads_as_library(want);
    if (!strchr(text, 'e') || power_of_two(v)) return; // others try these
    int n = mantissa_digits(text), e = 0;
    assert_true(enough_digits(v, n, digits, &e)); // ours are the nearest of their number,
    python_layout(want, digits, e);
    assert_string_equal(text, want);
    assert_false(n > 1 && enough_digits(v, n - 1, digits, &e)); // and one less is too few
}

static void test_random_bits(void **state) {
    (void)state;
    for (long i = random_count(); i > 0; i--) {
        double v = fabs(num_from_bits(next_random()));
        if (isfinite(v)) expect_random(v);
    }
}

// What people log: few digits, moderate exponents; and what came from a float.
static void test_random_decimals(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        uint64_t w = next_random() >> (next_random() % 63);
        snprintf(text, sizeof text, "%" PRIu64 "e%d", w, (int)(next_random() % 50) - 25);
        expect_reads_as_library(text);
        expect_all(strtod(text, NULL));
        snprintf(text, sizeof text, "%d.%0*u", (int)(next_random() % 100), 1 + i % 9,
                 (unsigned)(next_random() % 10));
        expect_reads_as_library(text);
        expect_all(strtod(text, NULL));
        expect_all((double)(float)(1 / (double)(next_random() % 100000 + 1)));
    }
}

// ---- layout ---------------------------------------------------------------------------------

static void test_python_layout(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.3 - 0.1, "0.19999999999999998"},
        {100000, "100000.0"},
        {1e15, "1000000000000000.0"},
        {1234567890123456, "1234567890123456.0"},
        {123456789012345.6, "123456789012345.6"},
        {9007199254740991, "9007199254740991.0"},
        {9007199254740992, "9007199254740992.0"},
        {9999999999999998, "9999999999999998.0"},
        {1e16, "1e+16"},
        {12345678901234568, "1.2345678901234568e+16"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {0.0001, "0.0001"},
        {0.00012345678901234567, "0.00012345678901234567"},
        {-0.00012345678901234567, "-0.00012345678901234567"},
        {0.00001, "1e-05"},
        {1.5e-7, "1.5e-07"},
        {1e100, "1e+100"},
        {5e-324, "5e-324"},
        {1e-323, "1e-323"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {-DBL_MIN, "-2.2250738585072014e-308"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {-DBL_MAX, "-1.7976931348623157e+308"},
        {0x1p-44, "5.684341886080802e-14"},
        {9.5367431640625e-07, "9.5367431640625e-07"},
        {2.0e-3, "0.002"},
        {4.35, "4.35"},
        {2.2250738585072011e-308, "2.225073858507201e-308"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
        {-NAN, "NaN"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_prints(rows[i].v, rows[i].text);
    }
}

static void expect_int(int64_t v) {
    char got[NUM_MAX], want[NUM_MAX];
    size_t n = num_i64(got, v), m = (size_t)snprintf(want, sizeof want, "%" PRId64, v);
    assert_int_equal(n, m);
    assert_memory_equal(got, want, n);
    double f;
    int64_t back = ~v;
    bool is_int = false;
    assert_int_equal(num_read(got, got + n, &f, &back, &is_int), n);
    assert_true(is_int);
    assert_true(back == v && f == (double)v);
    n = num_u64(got, (uint64_t)v);
    m = (size_t)snprintf(want, sizeof want, "%" PRIu64, (uint64_t)v);
    assert_int_equal(n, m);
    assert_memory_equal(got, want, n);
}

static void test_integers(void **state) {
    (void)state;
    for (int64_t v = -12000; v <= 12000; v++) {
        expect_int(v);
    }
    uint64_t ten = 1;
    for (int i = 0; i < 20; i++, ten *= 10) {
        expect_int((int64_t)(ten - 1));
        expect_int((int64_t)ten);
        expect_int(-(int64_t)ten);
    }
    expect_int(INT64_MAX);
    expect_int(INT64_MIN);
    expect_int(-1);
    for (int i = 0; i < 50000; i++) {
        expect_int((int64_t)(next_random() >> next_random() % 64));
    }
}

// ---- middles --------------------------------------------------------------------------------

// The middle above v, exactly: a long double holds it, and the C library prints all its digits.
static void middle_above(char *out, size_t size, double v) {
    long double up = v == DBL_MAX ? 0x1p1024L : (long double)nextafter(v, INFINITY);
    snprintf(out, size, "%.780Le", ((long double)v + up) / 2);
}

// One less in the last of the digits: just below.
static void step_down(char *text) {
    char *p = strchr(text, 'e') - 1;
    for (; *p == '0' || *p == '.'; p--) {
        if (*p == '0') *p = '9';
    }
    --*p;
}

static void insert_digit(char *text, char digit) { // behind all others: just above
    char *e = strchr(text, 'e');
    memmove(e + 1, e, strlen(e) + 1);
    *e = digit;
}

static void expect_middle(double v) {
    char text[1000];
    double up = nextafter(v, INFINITY);
    middle_above(text, sizeof text, v);
    expect_reads(text, num_bits(v) & 1 ? up : v);
    expect_reads_as_library(text);
    step_down(text);
    expect_reads(text, v);
    middle_above(text, sizeof text, v);
    insert_digit(text, '0');
    expect_reads(text, num_bits(v) & 1 ? up : v);
    insert_digit(text, '1');
    expect_reads(text, up);
}

static void test_middles(void **state) {
    (void)state;
    expect_middle(0);
    expect_middle(num_from_bits(1));
    expect_middle(num_from_bits(2));
    expect_middle(nextafter(DBL_MIN, 0));
    expect_middle(DBL_MIN);
    expect_middle(DBL_MAX);
    expect_middle(nextafter(DBL_MAX, 0));
    for (int e = -1074; e < 1023; e += 7) {
        expect_middle(ldexp(1, e));
        expect_middle(nextafter(ldexp(1, e), 0));
        expect_middle(nextafter(ldexp(1, e), INFINITY));
    }
    for (int i = 0; i < 3000; i++) {
        double v = fabs(num_from_bits(next_random()));
        if (isfinite(v)) expect_middle(v);
    }
}

// Middles that 19 digits can hold, and their neighbours.
static void test_short_middles(void **state) {
    (void)state;
    for (int i = 1; i < 1000; i++) { // some round numbers are middles: 1e23 is
        for (int e = 16; e < 40; e++) {
            char text[32];
            snprintf(text, sizeof text, "%de%d", i, e);
            expect_all_near(strtod(text, NULL));
        }
    }
    static const char *const texts[] = {
        "9007199254740993",
        "9007199254740993.0",
        "9007199254740995",
        "9007199254740993e0",
        "9007199254740993.00",
        "900719925474099.3e1",
        "9007199254740993000",
        "9007199254740993e3",
        "4503599627370496.5",
        "4503599627370497.5",
        "2251799813685248.25",
        "2251799813685248.75",
        "1125899906842624.125",
        "1125899906842624.375",
        "9223372036854775807",
        "9223372036854775808",
        "18014398509481985e-1",
        "36028797018963967",
        "9223372036854776832",
        "18446744073709551615",
        "18446744073709551616",
        "1e23",
        "8.5e22",
        "7.2057594037927933e+16",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        expect_reads_as_library(texts[i]);
    }
    for (int i = 0; i < 20000;
         i++) { // an odd multiple of half a unit, by a power of five or ten
        char text[64];
        uint64_t m = ((uint64_t)1 << 53 | next_random() >> 11) | 1;
        int drop = (int)(next_random() % 4);
        snprintf(text, sizeof text, "%" PRIu64 "e%d", m, (int)(next_random() % 8));
        expect_reads_as_library(text);
        snprintf(text, sizeof text, "%.*Lf", drop, (long double)m / (long double)(1 << drop));
        expect_reads_as_library(text);
    }
}

// ---- range and size -------------------------------------------------------------------------

static void test_out_of_range(void **state) {
    (void)state;
    expect_reads("1e309", INFINITY);
    expect_reads("-1e309", -INFINITY);
    expect_reads("1.7976931348623158e308", DBL_MAX);
    expect_reads("1.7976931348623159e308", INFINITY);
    expect_reads("179769313486231580793e289", INFINITY);
    expect_reads("1e99999999999999999999999999", INFINITY);
    expect_reads("0e99999999999999999999999999", 0);
    expect_reads("-0e309", -0.0);
    expect_reads("0.000e-400", 0);
    expect_reads("1e-99999999999999999999999999", 0);
    expect_reads("2.4703282292062327e-324", 0);
    expect_reads("2.4703282292062328e-324", num_from_bits(1));
    expect_reads("-2e-324", -0.0);
    expect_reads("9999999999999999999e-343", 0);
    expect_reads("9999999999999999999e-342", strtod("9999999999999999999e-342", NULL));
    expect_reads("99999999999999999999999e-346", strtod("99999999999999999999999e-346", NULL));
    expect_reads("2.2250738585072011e-308", 2.2250738585072011e-308);
    expect_reads("2.2250738585072012e-308", DBL_MIN);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// text[at .. at + n) = digit; returns where it ends.
static size_t fill(char *text, size_t at, char digit, size_t n) {
    memset(text + at, digit, n);
    return at + n;
}

static void test_long_strings(void **state) {
    (void)state;
    const size_t n = 1000000;
    char *text = malloc(n * 2 + 2000);
    assert_non_null(text);
    double start = seconds();

    strcpy(text + fill(text, 0, '9', n), "");
    expect_reads(text, INFINITY);
    strcpy(text + fill(text, 0, '9', n), "e-999990");
    expect_reads(text, 1e10);

    strcpy(text, "0.");
    strcpy(text + fill(text, 2, '0', n), "1");
    expect_reads(text, 0);
    strcpy(text + fill(text, 2, '0', n), "125e1000001");
    expect_reads(text, 1.25);

    middle_above(text, 1000, 1.0); // a middle, a million zeros, and one more digit far behind
    char *end = strchr(text, 'e');
    size_t at = fill(text, (size_t)(end - text), '0', n);
    strcpy(text + at, "");
    expect_reads(text, 1.0);
    strcpy(text + at, "1");
    expect_reads(text, nextafter(1.0, 2));

    strcpy(text, "1e");
    strcpy(text + fill(text, 2, '0', n), "5");
    expect_reads(text, 1e5);

    strcpy(text + fill(text, 0, '0', n),
           "7.5"); // leading zeros: only the loose grammar takes them
    double f;
    assert_true(num_parse_f64(str_of(text), &f));
    assert_true(f == 7.5);

    // 20 readings of a megabyte; anything that is not linear takes hours
    assert_true(seconds() - start < 5);
    free(text);
}

// ---- grammars -------------------------------------------------------------------------------

static void test_json_grammar(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        bool is_int;
        double f;
    } rows[] = {
        {"", 0, false, 0},
        {"-", 0, false, 0},
        {"+1", 0, false, 0},
        {".5", 0, false, 0},
        {"-.5", 0, false, 0},
        {"e5", 0, false, 0},
        {"x", 0, false, 0},
        {"NaN", 0, false, 0},
        {"-Infinity", 0, false, 0},
        {" 1", 0, false, 0},
        {"--1", 0, false, 0},
        {"0", 1, true, 0},
        {"-0", 2, true, -0.0},
        {"-0.0", 4, false, -0.0},
        {"7", 1, true, 7},
        {"01", 1, true, 0},
        {"00", 1, true, 0},
        {"-012.5", 2, true, -0.0},
        {"0000000000000000000000000001", 1, true, 0},
        {"1.", 1, true, 1},
        {"1.e5", 1, true, 1},
        {"1.5", 3, false, 1.5},
        {"1e5", 3, false, 1e5},
        {"1E+5", 4, false, 1e5},
        {"1e-5", 4, false, 1e-5},
        {"1e05", 4, false, 1e5},
        {"1e", 1, true, 1},
        {"1e+", 1, true, 1},
        {"1.5e-", 3, false, 1.5},
        {"1.5ex", 3, false, 1.5},
        {"12,34", 2, true, 12},
        {"1.5.5", 3, false, 1.5},
        {"12345678:", 8, true, 12345678},
        {"12345678/", 8, true, 12345678},
        {"1234567\xb0", 7, true, 1234567},
        {"0x10", 1, true, 0},
        {"9223372036854775807", 19, true, 9223372036854775807.0},
        {"9223372036854775808", 19, false, 9223372036854775808.0},
        {"-9223372036854775808", 20, true, -9223372036854775808.0},
        {"-9223372036854775809", 20, false, -9223372036854775808.0},
        {"18446744073709551617", 20, false, 18446744073709551616.0}, // 1 modulo 2^64
        {"184467440737095516170000000001", 30, false, 184467440737095516170000000001.0},
        {"1.0", 3, false, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].text;
        double f = 0;
        int64_t v = 0;
        bool is_int = false;
        size_t n = num_read(text, text + strlen(text), &f, &v, &is_int);
        if (n != rows[i].n || is_int != rows[i].is_int || num_bits(f) != num_bits(rows[i].f)) {
            fail_msg("'%s': %zu bytes, %s %a", text, n, is_int ? "int" : "float", f);
        }
        if (is_int && fabs(f) < 1e15) assert_true((double)v == f);
    }
}

static void test_loose_grammar(void **state) {
    (void)state;
    static const char *const good[] = {
        "1",         "+1",      "-1",
        "007",       ".5",      "5.",
        "-.5e1",     "+5.e-1",  "0.001",
        "1e5",       "1E5",     "inf",
        "+Inf",      "-INF",    "nan",
        "+NaN",      "-nan",    "Infinity",
        "-iNfInItY", "000.000", "00000000000000000000000001.5",
        "0",         "-0",      "1e400",
        "+0.0",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double f = 1, want = strtod(good[i], NULL);
        if (!num_parse_f64(str_of(good[i]), &f)) fail_msg("'%s' is refused", good[i]);
        if (isnan(want)) {
            assert_true(isnan(f));
        } else {
            expect_same(f, want, good[i], strlen(good[i]));
        }
    }
    static const char *const bad[] = {
        "",     " ",      "1 ",  " 1",   "+",    "-",         ".",     "-.",           "e5",
        ".e5",  "1e",     "1e+", "1.5x", "--1",  "+-1",       "1_000", "0x10",         "infi",
        "nano", "nan(1)", "in",  "1,5",  "1..5", "infinityy", "1e5.5", "\xef\xbc\x91", "1\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double f;
        if (num_parse_f64(str_of(bad[i]), &f)) fail_msg("'%s' is taken", bad[i]);
    }
    double f;
    assert_false(num_parse_f64(str_n("1\0", 2), &f));
    assert_false(num_parse_f64((str){NULL, 0}, &f));
}

// Every prefix of every text ends at a page that cannot be read.
static void test_end_of_buffer(void **state) {
    (void)state;
    static const char *const texts[] = {
        "-123456789.123456789e-123",
        "0.00000000000000000000000000012345678901234567890123456789",
        "-9223372036854775808",
        "12345678",
        "infinity",
        "99999999999999999999999999999999.5e+10",
    };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(m != MAP_FAILED);
    assert_int_equal(mprotect(m + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t n = 0; n <= strlen(texts[i]); n++) {
            char *p = m + page - n;
            memcpy(p, texts[i], n);
            double f = 0, g = 0;
            int64_t v;
            bool is_int;
            size_t used = num_read(p, m + page, &f, &v, &is_int);
            assert_true(used <= n);
            if (used == n && n) {
                assert_true(num_parse_f64(str_n(p, n), &g));
                assert_true(num_bits(f) == num_bits(g));
            } else {
                num_parse_f64(str_n(p, n), &g);
            }
        }
    }
    munmap(m, 2 * page);
}

// ---- order ----------------------------------------------------------------------------------

static void test_order(void **state) {
    (void)state;
    const double up[] = {-INFINITY, -DBL_MAX, -1.5, -1,  -DBL_MIN, -5e-324,  -0.0, 0.0,
                         5e-324,    DBL_MIN,  1,    1.5, DBL_MAX,  INFINITY, NAN};
    for (size_t i = 0; i < sizeof up / sizeof *up; i++) {
        if (i) assert_true(num_order(up[i - 1]) < num_order(up[i]));
        if (!isnan(up[i]))
            assert_true(num_bits(num_unorder(num_order(up[i]))) == num_bits(up[i]));
    }
    assert_true(num_order(0.0) == 0 && num_order(-0.0) == -1);
    assert_true(num_order(-NAN) == num_order(NAN));
    assert_true(num_order(num_from_bits(0xfff0000000000001u)) == num_order(NAN));
    assert_true(isnan(num_unorder(num_order(NAN))));
    const int64_t beyond[] = {INT64_MAX, INT64_MIN, num_order(INFINITY) + 1,
                              num_order(-INFINITY) - 1};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        assert_true(num_bits(num_unorder(beyond[i])) == NUM_F64_NAN);
    }
    for (int i = 0; i < 100000; i++) {
        double a = num_from_bits(next_random()), b = num_from_bits(next_random());
        if (isnan(a) || isnan(b)) continue;
        assert_true((a < b) == (num_order(a) < num_order(b)));
        assert_true(num_bits(num_unorder(num_order(a))) == num_bits(a));
    }
}

// ---- the table of powers --------------------------------------------------------------------

// Integers of 72 words, little ones first: nothing here is shared with the code under test.
typedef struct wide {
    uint32_t word[72];
} wide;

static void wide_mul(wide *x, uint32_t by) {
    uint64_t carry = 0;
    for (int i = 0; i < 72; i++) {
        carry += (uint64_t)x->word[i] * by;
        x->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    assert_true(carry == 0);
}

static int wide_bits(const wide *x) {
    for (int i = 71; i >= 0; i--) {
        if (x->word[i]) return 32 * i + 32 - __builtin_clz(x->word[i]);
    }
    return 0;
}

static wide wide_of(num_u128 v, int shift) {
    wide x = {{0}};
    for (int i = 0; i < 4; i++) {
        x.word[i] = (uint32_t)(v >> 32 * i);
    }
    for (; shift >= 16; shift -= 16) {
        wide_mul(&x, 65536);
    }
    wide_mul(&x, (uint32_t)1 << shift);
    return x;
}

static int wide_cmp(const wide *a, const wide *b) {
    for (int i = 71; i >= 0; i--) {
        if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
    }
    return 0;
}

// low <= x < low + one, as wide integers
static void expect_floor(const wide *x, const wide *low, const wide *above, int e) {
    if (wide_cmp(low, x) > 0 || wide_cmp(x, above) >= 0) fail_msg("10^%d is wrong", e);
}

static void test_table(void **state) {
    (void)state;
    wide five = {{1}};
    for (int e = 0; e <= NUM_POW10_MAX; e++, wide_mul(&five, 5)) {
        int bits = wide_bits(&five);
        assert_int_equal(num_log2_pow10(e), bits - 1 + e);
        num_pow10 g = num_pow10_floor(e);
        num_u128 v = (num_u128)g.hi << 64 | g.lo;
        wide x = five, low, above;
        if (bits < 128) { // exact: v = 5^e * 2^(128 - bits)
            for (int i = bits; i < 128; i++) {
                wide_mul(&x, 2);
            }
            low = wide_of(v, 0);
            assert_true(wide_cmp(&low, &x) == 0);
        } else {
            low = wide_of(v, bits - 128);
            above = wide_of(v + 1, bits - 128);
            expect_floor(&x, &low, &above, e);
        }
        assert_int_equal(num_pow10_exact(e), bits <= 128);
    }
    five = (wide){{5}};
    for (int e = -1; e >= NUM_POW10_MIN; e--, wide_mul(&five, 5)) { // v <= 2^n / 5^-e < v + 1
        int bits = wide_bits(&five);
        assert_int_equal(num_log2_pow10(e), -bits + e);
        num_pow10 g = num_pow10_floor(e);
        num_u128 v = (num_u128)g.hi << 64 | g.lo;
        assert_true(g.hi >> 63);
        wide x = wide_of(1, 127 + bits), low = wide_of(v, 0), above = wide_of(v + 1, 0);
        for (int i = 0; i > e; i--) {
            wide_mul(&low, 5);
            wide_mul(&above, 5);
        }
        expect_floor(&x, &low, &above, e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_powers),        cmocka_unit_test(test_subnormals),
        cmocka_unit_test(test_random_bits),   cmocka_unit_test(test_random_decimals),
        cmocka_unit_test(test_python_layout), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_middles),       cmocka_unit_test(test_short_middles),
        cmocka_unit_test(test_out_of_range),  cmocka_unit_test(test_long_strings),
        cmocka_unit_test(test_json_grammar),  cmocka_unit_test(test_loose_grammar),
        cmocka_unit_test(test_end_of_buffer), cmocka_unit_test(test_order),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
