// SPDX-License-Identifier: Apache-2.0
// steps: a set of steps, gathered from blocks and points, whose members are asked for by rank.
#ifndef STEMMA_CORE_SERIES_STEPS_H
#define STEMMA_CORE_SERIES_STEPS_H

#include "base/vec.h"

typedef struct steps_even {
    int64_t first, stride;
    uint64_t n;
} steps_even;

typedef struct steps {
    arena *a;
    int64_t lo, hi; // least and greatest, once there are any
    bool any;
    bool over;     // more single steps than are kept
    int64_t *each; // malloc'd
    size_t n, cap;
    VEC(steps_even) even;
    uint64_t even_points;
    // after steps_end:
    uint64_t count; // distinct steps
    uint64_t *bits;
    size_t word;
    uint64_t before; // bits before the word
} steps;

extern size_t steps_most; // single steps that are kept; tests make it small

void steps_add(steps *s, int64_t step);
void steps_add_even(steps *s, int64_t first, int64_t stride, uint64_t n); // n > 0, stride > 0
bool steps_fits(const steps *s); // else the caller must count another way
void steps_end(steps *s);
int64_t steps_at(steps *s, uint64_t rank);   // ranks in rising order
int steps_cmp(const void *a, const void *b); // for qsort of int64
void steps_free(steps *s);

#endif
