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
#include "base/word.h"

typedef struct decimal {
    uint64_t digits;
    int exp10;
} decimal;

// ---- integers -------------------------------------------------------------------------------

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

static inline void put2(char *p, uint32_t x) {
    memcpy(p, pairs + 2 * x, 2);
}

// The eight digits of x < 10^8, one a byte, the first one lowest: halves, quarters, eighths. In
// a register, because loading a word that was stored in smaller pieces stalls.
static inline uint64_t split8(uint32_t x) {
    uint64_t v = x / 10000 | (uint64_t)(x % 10000) << 32;
    uint64_t hundreds = (v * 10486 >> 20) & 0x0000007f0000007fu;
    v = hundreds | (v - 100 * hundreds) << 16;
    uint64_t tens = (v * 103 >> 10) & 0x000f000f000f000fu;
    v = tens | (v - 10 * tens) << 8;
    return v + NUM_EACH('0');
}

static inline void put8(char *p, uint32_t x) {
    word_store(p, split8(x));
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

// ---- the shortest decimal -------------------------------------------------------------------

// g * x / 2^128 rounded to odd: the last bit is set when anything is cut off. g is up to one
// too great in its last place, which adds less than 2^64 to the product: to the lowest word, so
// that one does not count (no product of the paper's range has all its fraction there).
static inline uint64_t times_to_odd(num_pow10 g, uint64_t x) {
    num_u128 low = (num_u128)g.lo * x;
    num_u128 high = (num_u128)g.hi * x + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high != 0);
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
    return (decimal){s + ((v > middle) | ((v == middle) & s & 1)), k}; // a coin toss: no branch
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

// A decimal as text: 17 digits, so that their number costs no branches.
typedef struct digits {
    char first;
    num_u128 rest; // 16 bytes, the first digit lowest
    int n;         // how many are left without the zeros at the end
    int point;     // how many stand before the point; may be negative or beyond n
} digits;

static inline digits to_digits(decimal d) {
    const uint64_t e8 = 100000000, e16 = e8 * e8;
    bool less = d.digits < e16;
    uint64_t s = less ? d.digits * 10 : d.digits;
    int point = 17 + d.exp10 - less;
    for (; s < e16; s *= 10) {
        point--;
    }
    uint64_t high = split8((uint32_t)(s / e8 % e8)), low = split8((uint32_t)(s % e8));
    uint64_t a = high ^ NUM_EACH('0'), b = low ^ NUM_EACH('0'); // last digits highest
    int n = b ? 17 - (__builtin_clzll(b) >> 3) : a ? 9 - (__builtin_clzll(a) >> 3) : 1;
    return (digits){(char)('0' + s / e16), (num_u128)low << 64 | high, n, point};
}

// ---- as Python writes it --------------------------------------------------------------------

static char *put_exponent(char *p, int e) {
    *p++ = 'e';
    *p++ = e < 0 ? '-' : '+';
    uint32_t x = (uint32_t)(e < 0 ? -e : e);
    if (x >= 100) *p++ = (char)('0' + x / 100);
    put2(p, x % 100);
    return p + 2;
}

static inline char *put_rest(char *p, num_u128 rest) {
    word_store(p, (uint64_t)rest);
    word_store(p + 8, (uint64_t)(rest >> 64));
    return p + 16;
}

// Fixed for 1e-4 <= v < 1e16, else with an exponent of at least two digits. All digits are
// written, which is faster than as many as count; NUM_MAX has the room.
static inline char *put_decimal(char *p, digits d) {
    if (d.point > 16 || d.point < -3) {
        p[0] = d.first;
        p[1] = '.';
        put_rest(p + 2, d.rest);
        return put_exponent(d.n > 1 ? p + d.n + 1 : p + 1, d.point - 1);
    }
    if (d.point <= 0) {
        memcpy(p, "0.000", 5);
        p += 2 - d.point;
        *p = d.first;
        put_rest(p + 1, d.rest);
        return p + d.n;
    }
    *p = d.first;
    put_rest(p + 1, d.rest);
    p[d.point] = '.';
    num_u128 tail = d.rest >> 8 * (d.point - 1);
    word_store(p + d.point + 1, (uint64_t)tail);
    if (d.point <= 8) word_store(p + d.point + 9, (uint64_t)(tail >> 64));
    return p + (d.n > d.point ? d.n + 1 : d.point + 2);
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
    return (size_t)(put_decimal(p, to_digits(shortest(magnitude))) - out);
}
