// SPDX-License-Identifier: Apache-2.0
// Reading numbers. Pure functions over [p, end), any thread; never reads at or past `end`, and
// is linear in the length.
//
// A number is scanned, eight digits at a time, into at most 19 significant digits w and an
// exponent of ten q. Then
//   I1  w <= 2^53 and |q| <= 22: one exact multiplication or division (W. D. Clinger, "How to
//       read floating point numbers accurately", 1990);
//   I2  else w times the 128-bit power of ten (D. Lemire, "Number parsing at a gigabyte per
//       second", 2021). The power is cut, and w may be, so the product is a lower bound and a
//       known error away from an upper one. Both round to the same double in nearly all cases;
//   I3  else they round to neighbours, and exact integers decide (num_big.c).
// Doubles must be computed as doubles, in the default rounding mode, for I1.
#include "base/num_internal.h"
#include "base/word.h"

#include <float.h>
#include <math.h>

_Static_assert(FLT_EVAL_METHOD == 0, "I1 needs doubles that are not wider inside");

static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The 128-bit number hi:lo, times 2^(exp2 - 127), to the nearest double, ties to even. Its top
// bit is set.
static inline uint64_t round_bits(uint64_t hi, uint64_t lo, int exp2) {
    int biased = exp2 + 1023, drop = 11;
    if (biased >= 2047) return NUM_F64_INF;
    if (biased <= 0) { // subnormal: fewer bits stay
        drop = 12 - biased;
        if (drop > 64) return 0;
        biased = 0;
    }
    uint64_t m = drop < 64 ? hi >> drop : 0, rest = hi << (64 - drop);
    const uint64_t half = (uint64_t)1 << 63;
    m += (rest > half) | ((rest == half) & ((lo != 0) | (m & 1))); // a coin toss: no branches
    // the hidden bit, and a carry out of the fraction, add themselves to the exponent
    return biased ? ((uint64_t)(biased - 1) << 52) + m : m;
}

static inline uint64_t round_product(uint64_t hi, uint64_t lo, int exp2) {
    int up = !(hi >> 63); // a coin toss as well
    hi = hi << up | lo >> 1 >> (63 - up);
    return round_bits(hi, lo << up, exp2 - up);
}

static __attribute__((noinline)) uint64_t decide_exactly(const num_decimal *d, uint64_t low) {
    int c = num_cmp_middle(d, low);
    return c > 0 || (c == 0 && low & 1) ? low + 1 : low;
}

// I2; w is not zero and q is in the table.
static inline uint64_t multiply(const num_decimal *d) {
    int q = (int)d->q, zeros = __builtin_clzll(d->w);
    num_pow10 g = num_pow10_floor(q);
    uint64_t w = d->w << zeros;
    num_u128 low = (num_u128)w * g.lo;
    num_u128 high = (num_u128)w * g.hi + (uint64_t)(low >> 64);
    int exp2 = num_log2_pow10(q) + 64 - zeros;
    uint64_t sticky = (uint64_t)low != 0;
    uint64_t a = round_product((uint64_t)(high >> 64), (uint64_t)high | sticky, exp2);
    if (!d->cut) {
        // The error is below 2 in the last of the 128 bits: it matters only if it carries
        // out of the last word, or if that one is zero.
        uint64_t last = (uint64_t)high | sticky;
        if (num_pow10_exact(q) || (last && last < UINT64_MAX - 1)) return a;
        high += 2;
    } else {
        high += (num_u128)(((uint64_t)1 << zeros) + 1) << 64;
    }
    uint64_t b = round_product((uint64_t)(high >> 64), (uint64_t)high, exp2);
    return a == b ? a : decide_exactly(d, a);
}

static inline __attribute__((always_inline)) double to_double(const num_decimal *d) {
    if (d->w <= (uint64_t)1 << 53 && d->q >= -22 && d->q <= 22 && !d->cut) {
        double w = (double)d->w;
        return d->q < 0 ? w / exact_pow10[-d->q] : w * exact_pow10[d->q];
    }
    // below 10^19 * 10^-343 is less than half of the least subnormal
    if (!d->w || d->q < NUM_POW10_MIN) return 0;
    if (d->q > 308) return HUGE_VAL;
    return num_from_bits(multiply(d));
}

// ---- scanning -------------------------------------------------------------------------------

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Eight values 0..9, the most significant lowest, to their number: pairs, then fours, then all.
static uint64_t join8(uint64_t v) {
    v = (v * 10 + (v >> 8)) & 0x00ff00ff00ff00ffu;
    v = (v * 100 + (v >> 16)) & 0x0000ffff0000ffffu;
    return (v * 10000 + (v >> 32)) & 0xffffffffu;
}

// Appends the digits at p to *w (modulo 2^64; the caller counts them) and returns where they
// end.
static inline __attribute__((always_inline)) const char *
scan_digits(const char *p, const char *end, uint64_t *w) {
    static const uint32_t scale[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    if (end - p >= 2 && is_digit(*p) && !is_digit(p[1])) { // "0." and ".0" are most frequent
        *w = *w * 10 + (uint64_t)(*p - '0');
        return p + 1;
    }
    while (end - p >= 8) {
        uint64_t v = word_load(p) ^ NUM_EACH(0x30); // digits become 0..9, all else more
        uint64_t other = (((v & NUM_EACH(0x7f)) + NUM_EACH(0x76)) | v) & NUM_EACH(0x80);
        if (other) {
            int n = __builtin_ctzll(other) >> 3;
            if (n) *w = *w * scale[n] + join8(v << (64 - 8 * n));
            return p + n;
        }
        *w = *w * 100000000 + join8(v);
        p += 8;
    }
    for (; p < end && is_digit(*p); p++) {
        *w = *w * 10 + (uint64_t)(*p - '0');
    }
    return p;
}

// An exponent at p, if a whole one stands there: adds it to *q. Cut at 10^16, far beyond what
// digits can undo.
static inline const char *scan_exponent(const char *p, const char *end, int64_t *q) {
    if (p == end || (*p != 'e' && *p != 'E')) return p;
    const char *at = p + 1;
    bool neg = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    const char *first = at;
    int64_t e = 0;
    for (; at < end && is_digit(*at); at++) {
        if (e < 1000000000000000) e = e * 10 + (*at - '0');
    }
    if (at == first) return p;
    *q += neg ? -e : e;
    return at;
}

// More than 19 digits were scanned: leaves out leading zeros, and keeps the first 19 when there
// still are more.
static __attribute__((noinline)) void keep_significant(num_decimal *d, size_t n) {
    const char *p = d->digits;
    for (; p < d->digits_end && (*p == '0' || *p == '.'); p++) {
        if (*p == '0') n--;
    }
    if (n <= NUM_DIGITS) return; // w did not overflow
    d->digits = p;
    d->cut = true;
    d->q += (int64_t)n - NUM_DIGITS;
    d->w = 0;
    for (int left = NUM_DIGITS; left; p++) {
        if (*p == '.') continue;
        d->w = d->w * 10 + (uint64_t)(*p - '0');
        left--;
    }
}

// The longest number without a sign at p; NULL when there is none. `loose` is the grammar of
// num_parse_f64, else JSON. *whole: neither point nor exponent.
static inline __attribute__((always_inline)) const char *
scan(const char *p, const char *end, bool loose, num_decimal *d, bool *whole) {
    *d = (num_decimal){.digits = p};
    const char *at = scan_digits(p, end, &d->w);
    size_t n = (size_t)(at - p);
    *whole = true;
    if (!loose) {
        if (!n) return NULL;
        if (n > 1 && *p == '0') { // only the zero belongs to it
            *d = (num_decimal){0};
            return p + 1;
        }
    }
    const char *int_end = at;
    if (at < end && *at == '.') {
        const char *frac_end = scan_digits(at + 1, end, &d->w);
        size_t frac = (size_t)(frac_end - at - 1);
        if (frac || (loose && n)) {
            n += frac;
            d->q = -(int64_t)frac;
            at = frac_end;
        }
    }
    if (!n) return NULL;
    d->digits_end = at;
    at = scan_exponent(at, end, &d->q);
    *whole = at == int_end;
    if (__builtin_expect(n > NUM_DIGITS, 0)) keep_significant(d, n);
    return at;
}

// ---- the interface --------------------------------------------------------------------------

static double with_sign(double v, bool neg) {
    return neg ? -v : v;
}

size_t num_read(const char *p, const char *end, double *f, int64_t *i, bool *is_int) {
    num_decimal d;
    bool neg = p < end && *p == '-', whole;
    const char *at = scan(p + neg, end, false, &d, &whole);
    if (!at) return 0;
    *is_int = whole && !d.cut && d.w <= (uint64_t)INT64_MAX + neg;
    if (*is_int) {
        *i = (int64_t)(neg ? -d.w : d.w);
        *f = with_sign((double)d.w, neg);
    } else {
        *f = with_sign(to_double(&d), neg);
    }
    return (size_t)(at - p);
}

bool num_parse_f64(str s, double *out) {
    bool neg = s.n && *s.p == '-', whole;
    if (s.n && (*s.p == '-' || *s.p == '+')) s = str_from(s, 1);
    if (!s.n) return false;
    num_decimal d;
    const char *end = s.p + s.n;
    if (scan(s.p, end, true, &d, &whole) == end) {
        *out = with_sign(to_double(&d), neg);
    } else if (str_eq_nocase(s, STR("inf")) || str_eq_nocase(s, STR("infinity"))) {
        *out = with_sign(HUGE_VAL, neg);
    } else if (str_eq_nocase(s, STR("nan"))) {
        *out = num_from_bits(NUM_F64_NAN);
    } else {
        return false;
    }
    return true;
}
