// SPDX-License-Identifier: Apache-2.0
// Exact comparison of a decimal with the middle between two doubles, by integers of a bounded
// size. Any thread.
//
// The middle of two doubles has at most 767 significant digits, so of a longer decimal only the
// first 768 count, and whether anything but zeros follows. Both sides are multiplied by powers
// of 5 and 2 until they are integers; they are neighbours, so neither is longer than 770 digits
// * log2(10) + 64 bits.
#include "base/err.h"
#include "base/num_internal.h"

#define BIG_LIMBS  48  // 3,072 bits
#define BIG_DIGITS 768 // decimal digits of a long number that count

typedef struct big {
    unsigned n; // limbs in use; the highest is not zero
    uint64_t limb[BIG_LIMBS];
} big;

static void big_push(big *b, uint64_t limb) {
    if (!limb) return;
    BUG_ON(b->n == BIG_LIMBS);
    b->limb[b->n++] = limb;
}

static void big_mul_add(big *b, uint64_t factor, uint64_t carry) {
    for (unsigned i = 0; i < b->n; i++) {
        num_u128 t = (num_u128)b->limb[i] * factor + carry;
        b->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    big_push(b, carry);
}

static void big_mul_pow5(big *b, unsigned e) {
    const uint64_t pow5_27 = 7450580596923828125u; // the greatest that fits
    for (; e >= 27; e -= 27) {
        big_mul_add(b, pow5_27, 0);
    }
    uint64_t rest = 1;
    while (e--) {
        rest *= 5;
    }
    big_mul_add(b, rest, 0);
}

static void big_shift_left(big *b, unsigned bits) {
    unsigned whole = bits / 64, part = bits % 64;
    if (part) big_mul_add(b, (uint64_t)1 << part, 0);
    if (!whole || !b->n) return;
    BUG_ON(b->n + whole > BIG_LIMBS);
    memmove(b->limb + whole, b->limb, b->n * sizeof *b->limb);
    memset(b->limb, 0, whole * sizeof *b->limb);
    b->n += whole;
}

static int big_cmp(const big *a, const big *b) {
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    for (unsigned i = a->n; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

static bool any_digit_but_zero(const char *p, const char *end) {
    for (; p < end; p++) {
        if (*p != '0' && *p != '.') return true;
    }
    return false;
}

// The digits of a cut decimal as an integer; returns the exponent of ten that belongs to it.
static int big_read(big *b, const num_decimal *d) {
    uint64_t w = 0, scale = 1;
    unsigned n = 0;
    const char *p = d->digits;
    for (; p < d->digits_end && n < BIG_DIGITS; p++) {
        if (*p == '.') continue;
        w = w * 10 + (uint64_t)(*p - '0');
        scale *= 10;
        if (++n % NUM_DIGITS) continue;
        big_mul_add(b, scale, w);
        w = 0;
        scale = 1;
    }
    if (any_digit_but_zero(p, d->digits_end)) { // one more digit stands for all that follow
        w = w * 10 + 1;
        scale *= 10;
        n++;
    }
    big_mul_add(b, scale, w);
    return (int)d->q + NUM_DIGITS - (int)n;
}

// `bits` as m * 2^*e2, without the hidden bit for a subnormal.
static uint64_t split(uint64_t bits, int *e2) {
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int biased = (int)(bits >> 52);
    *e2 = (biased ? biased : 1) - 1075;
    return biased ? fraction | (uint64_t)1 << 52 : fraction;
}

int num_cmp_middle(const num_decimal *d, uint64_t bits) {
    big left = {0}, right = {0};
    int e10 = (int)d->q, e2;
    if (d->cut) {
        e10 = big_read(&left, d);
    } else {
        big_push(&left, d->w);
    }
    big_push(&right, split(bits, &e2) * 2 + 1);
    e2 -= 1;
    // left * 5^e10 * 2^e10 against right * 2^e2
    big_mul_pow5(e10 >= 0 ? &left : &right, (unsigned)(e10 >= 0 ? e10 : -e10));
    int shift = e10 - e2;
    big_shift_left(shift >= 0 ? &left : &right, (unsigned)(shift >= 0 ? shift : -shift));
    return big_cmp(&left, &right);
}
