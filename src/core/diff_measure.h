// SPDX-License-Identifier: Apache-2.0
// diff_measure: how far two tensors are from each other, element by element, without holding
// them: their bytes come in pieces. Elements of any plain type become doubles, so tensors of
// two types compare too, and sums are of doubles. Integers of 64 bits, which doubles do not
// hold, are told apart as what they are, also from floats. Pure; any thread, a measure one at a
// time.
#ifndef STEMMA_CORE_DIFF_MEASURE_H
#define STEMMA_CORE_DIFF_MEASURE_H

#include "core/diff.h"

typedef struct diff_squares {
    double aa, bb, ab, dd;
} diff_squares;

// Squares of numbers beyond 2^400 and below 2^-400 are of numbers that were brought nearer.
enum { DIFF_SMALL, DIFF_PLAIN, DIFF_LARGE, DIFF_SCALES };

typedef struct diff_sums {
    diff_squares of[DIFF_SCALES];
    double largest;
    uint64_t elements, equal;
    uint64_t apart; // elements that are not finite in one or both
    diff_odd odd;
} diff_sums;

// Are elements of this type numbers that can be told one by one? Else only bytes compare.
bool diff_can_measure(weights_type t);
// n more elements of each.
void diff_measure_add(diff_sums *s, weights_type ta, const void *a, weights_type tb,
                      const void *b, size_t n);
void diff_measure_join(diff_sums *to, const diff_sums *more);
void diff_odd_join(diff_odd *to, const diff_odd *more);
diff_measure diff_measure_end(const diff_sums *s);

// Bytes that differ.
uint64_t diff_bytes_differ(const void *a, const void *b, size_t n);

#endif
