// SPDX-License-Identifier: Apache-2.0
// Printing numbers. Pure functions, any thread; each writes at most NUM_MAX bytes of its
// buffer.
//
// Doubles: Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2021). v = c * 2^q
// rounds back from every decimal between the middles to its neighbours. Among the multiples of
// 10^k with the greatest k whose distance is below the width of that interval there is at least
// one inside; if a multiple of 10^(k+1) is, it is shorter; else the one nearest to v is taken.
// The three numbers (v and the middles, in quarters of 10^k) come from one 128-bit power of
// ten, rounded to odd, which is exact enough for every double (theorem of the paper; our power
// has two bits more).
#include "base/num_internal.h"

typedef struct decimal {
    uint64_t digits;
    int exp10;
} decimal;

// ---- integers
// ------------------------------------------------------------------------------------------------

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

static inline void put2(char *p, uint32_t x) {
    memcpy(p, pairs + 2 * x, 2);
}
static inline void put4(char *p, uint32_t x) {
    put2(p, x / 100);
    put2(p + 2, x % 100);
}
static inline void put8(char *p, uint32_t x) {
    put4(p, x / 10000);
    put4(p + 4, x % 10000);
}

// Below 10^8, without leading zeros; returns the end.
static inline char *put_short(char *p, uint32_t x) {
    unsigned n = 1 + (x >= 10) + (x >= 100) + (x >= 1000) + (x >= 10000) + (x >= 100000) +
                 (x >= 1000000) + (x >= 10000000);
    char *at = p + n;
    for (; x >= 100; x /= 100) {
        put2(at -= 2, x % 100);
    }
    if (x >= 10) {
        put2(p, x);
    } else {
        *p = (char)('0' + x);
    }
    return p + n;
}

static inline char *put_u64(char *p, uint64_t v) {
    const uint64_t e8 = 100000000;
    if (v < e8) return put_short(p, (uint32_t)v);
    uint64_t high = v / e8;
    if (high < e8) {
        p = put_short(p, (uint32_t)high);
    } else {
        p = put_short(p, (uint32_t)(high / e8));
        put8(p, (uint32_t)(high % e8));
        p += 8;
    }
    put8(p, (uint32_t)(v % e8));
    return p + 8;
}

size_t num_u64(char out[NUM_MAX], uint64_t v) {
    return (size_t)(put_u64(out, v) - out);
}

size_t num_i64(char out[NUM_MAX], int64_t v) {
    uint64_t magnitude = (uint64_t)v;
    char *p = out;
    if (v < 0) {
        *p++ = '-';
        magnitude = -magnitude;
    }
    return (size_t)(put_u64(p, magnitude) - out);
}

// ---- the shortest decimal
// ------------------------------------------------------------------------------------

// g * x / 2^128 rounded to odd: the last bit is set when anything is cut off. g may be one too
// great in its last place, which leaves less than 2 in the middle word, and counts as nothing.
static inline uint64_t times_to_odd(num_pow10 g, uint64_t x) {
    num_u128 low = (num_u128)g.lo * x;
    num_u128 high = (num_u128)g.hi * x + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

// `even`: c is even, so the middles themselves round to v.
static inline decimal choose(uint64_t below, uint64_t v, uint64_t above, bool even, int k) {
    uint64_t from = below + !even, to = above - !even; // what lies inside, in quarters
    uint64_t s = v / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool lower = from <= 40 * tens, upper = 40 * tens + 40 <= to;
        if (lower != upper) return (decimal){tens + upper, k + 1};
    }
    bool lower = from <= 4 * s, upper = 4 * s + 4 <= to;
    if (lower != upper) return (decimal){s + upper, k};
    uint64_t middle = 4 * s + 2;
    return (decimal){s + (v > middle || (v == middle && s & 1)), k};
}

// v = c * 2^q, finite and not zero; `bits` is without the sign.
static inline decimal shortest(uint64_t bits) {
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int biased = (int)(bits >> 52);
    uint64_t c = biased ? fraction | (uint64_t)1 << 52 : fraction;
    int q = (biased ? biased : 1) - 1075;
    bool narrow = !fraction && biased > 1; // the neighbour below is only half as far
    // floor(log10(2^q)), or of 3/4 * 2^q: the width of the interval; the generator of the table
    // proves both
    int k = narrow ? (q * 1262611 - 524031) >> 22 : (q * 1262611) >> 22;
    int shift = q + num_log2_pow10(-k) + 1;
    num_pow10 g = num_pow10_floor(-k);
    g.lo += !num_pow10_exact(-k);
    uint64_t quarters = 4 * c;
    return choose(times_to_odd(g, (quarters - 2 + narrow) << shift),
                  times_to_odd(g, quarters << shift), times_to_odd(g, (quarters + 2) << shift),
                  !(c & 1), k);
}

static inline decimal without_zeros(decimal d) {
    while (d.digits % 10000 == 0) {
        d.digits /= 10000;
        d.exp10 += 4;
    }
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exp10++;
    }
    return d;
}

// ---- as Python writes it
// -------------------------------------------------------------------------------------

static char *put_exponent(char *p, int e) {
    *p++ = 'e';
    *p++ = e < 0 ? '-' : '+';
    uint32_t x = (uint32_t)(e < 0 ? -e : e);
    if (x >= 100) *p++ = (char)('0' + x / 100);
    put2(p, x % 100);
    return p + 2;
}

// Fixed for 1e-4 <= v < 1e16, else with an exponent of at least two digits. The copies have a
// fixed length where the buffer has the room, which is faster; what they write behind the
// number does not count.
static char *put_decimal(char *p, decimal d) {
    char digits[NUM_MAX];
    int n = (int)(put_u64(digits, d.digits) - digits);
    int point = n + d.exp10; // digits before the point
    if (point > 16 || point < -3) {
        *p++ = digits[0];
        if (n > 1) {
            *p = '.';
            memcpy(p + 1, digits + 1, 16);
            p += n;
        }
        return put_exponent(p, point - 1);
    }
    if (point <= 0) {
        memcpy(p, "0.000", 5);
        memcpy(p + 2 - point, digits, 17);
        return p + 2 - point + n;
    }
    memcpy(p, digits, 17);
    if (point < n) {
        p[point] = '.';
        memcpy(p + point + 1, digits + point, (size_t)(n - point));
        return p + n + 1;
    }
    memset(p + n, '0', (size_t)(point - n));
    memcpy(p + point, ".0", 2);
    return p + point + 2;
}

static size_t put_special(char *out, uint64_t bits) {
    const char *name = bits << 12 ? "NaN" : bits >> 63 ? "-Infinity" : "Infinity";
    size_t n = strlen(name);
    memcpy(out, name, n);
    return n;
}

size_t num_f64(char out[NUM_MAX], double v) {
    uint64_t bits = num_bits(v), magnitude = bits << 1 >> 1;
    if (magnitude >= NUM_F64_INF) return put_special(out, bits);
    char *p = out;
    *p = '-';
    p += bits >> 63;
    v = num_from_bits(magnitude);
    if (v < 0x1p53 && v == (double)(uint64_t)v) { // whole: all its digits are needed
        p = put_u64(p, (uint64_t)v);
        memcpy(p, ".0", 2);
        return (size_t)(p + 2 - out);
    }
    return (size_t)(put_decimal(p, without_zeros(shortest(magnitude))) - out);
}
