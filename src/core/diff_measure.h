// SPDX-License-Identifier: Apache-2.0
// diff_measure: how far two tensors are from each other, element by element, without holding
// them: their bytes come in pieces. Elements of any plain type become doubles, so tensors of
// two types compare too, and sums are of doubles. Pure; any thread, a measure one at a time.
#ifndef STEMMA_CORE_DIFF_MEASURE_H
#define STEMMA_CORE_DIFF_MEASURE_H

#include "core/diff.h"

typedef struct diff_sums {
    double aa, bb, ab, dd, largest;
    uint64_t elements, equal;
    uint64_t nan_was, nan_is, inf_was, inf_is;
} diff_sums;

// Are elements of this type numbers that can be told one by one? Else only bytes compare.
bool diff_can_measure(weights_type t);
// n more elements of each.
void diff_measure_add(diff_sums *s, weights_type ta, const void *a, weights_type tb,
                      const void *b, size_t n);
void diff_measure_join(diff_sums *to, const diff_sums *more);
diff_measure diff_measure_end(const diff_sums *s);

// Bytes that differ.
uint64_t diff_bytes_differ(const void *a, const void *b, size_t n);

#endif
