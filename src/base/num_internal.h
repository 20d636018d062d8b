// SPDX-License-Identifier: Apache-2.0
// What the files of num share: the table of powers, 128-bit words and the exact comparison.
#ifndef STEMMA_BASE_NUM_INTERNAL_H
#define STEMMA_BASE_NUM_INTERNAL_H

#include "base/num.h"

typedef unsigned __int128 num_u128;

// 10^e for e in [NUM_POW10_MIN, NUM_POW10_MAX], scaled by a power of two so that floor() of it
// has exactly 128 bits. The entries of 0 <= e <= NUM_POW10_EXACT are exact. The generator
// proves that no low word is all ones, so adding one to an entry (an upper bound) is adding one
// to `lo`.
#define NUM_POW10_MIN   (-342)
#define NUM_POW10_MAX   324
#define NUM_POW10_EXACT 55
typedef struct num_pow10 {
    uint64_t hi, lo;
} num_pow10;
extern const num_pow10 num_pow10_table[NUM_POW10_MAX - NUM_POW10_MIN + 1];

static inline num_pow10 num_pow10_floor(int e) {
    return num_pow10_table[e - NUM_POW10_MIN];
}
static inline bool num_pow10_exact(int e) {
    return e >= 0 && e <= NUM_POW10_EXACT;
}

// floor(log2(10^e)); the generator proves it for every entry of the table.
static inline int num_log2_pow10(int e) {
    return (e * 1741647) >> 19;
}

static inline uint64_t num_bits(double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}
static inline double num_from_bits(uint64_t bits) {
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

// A word of eight equal bytes.
#define NUM_EACH(byte) ((byte)*0x0101010101010101u)

#define NUM_F64_INF 0x7ff0000000000000u
#define NUM_F64_NAN 0x7ff8000000000000u

// A decimal as the scanner found it: w * 10^q when not `cut`; else w holds the first 19
// significant digits and the value lies in (or at the low end of) [w, w + 1) * 10^q.
#define NUM_DIGITS 19 // as many as always fit a uint64_t
typedef struct num_decimal {
    uint64_t w;
    int64_t q;
    const char *digits, *digits_end; // when cut: from the first significant digit, '.' within
    bool cut;
} num_decimal;

// The sign of d minus the middle between the finite non-negative double `bits` and the next one
// up; exact. Asked only when the two are the neighbours of d (which bounds the size of the
// integers), so at most in one of 10^3 long numbers and hardly ever for those of up to 19
// digits.
int num_cmp_middle(const num_decimal *d, uint64_t bits);

#endif
