// SPDX-License-Identifier: Apache-2.0
// The statistics of why: Spearman's rank correlation, the share of variance between groups, and
// one permutation test for both. Numbers are finite. The permutations are those of a fixed
// sequence, and stop early (Besag and Clifford) once STOP of them did as well: what is noise
// costs little. No state; any thread.
#include "core/why_internal.h"

#include <math.h>
#include <stdlib.h>

enum { EXACT_MAX = 7, PERMUTATIONS = 9999, STOP = 50 };
#define SAME 1e-12 // relative: sums in another order

typedef struct sample {
    const double *x;      // numbers: centred ranks; NULL: groups
    const int32_t *group; // else
    size_t n_groups, n;
    double *y;    // centred; permuted in place
    double *sums; // of groups
    double *sizes;
} sample;

// ---- ranks ----------------------------------------------------------------------------------

typedef struct ranked {
    double v;
    size_t at;
} ranked;

static int by_value(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->v != y->v) return x->v < y->v ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

// Ranks minus their mean; equal ones share theirs.
static double *ranks(arena *a, const double *v, size_t n) {
    ranked *r = ARENA_ARRAY(a, ranked, n);
    double *out = ARENA_ARRAY(a, double, n);
    for (size_t i = 0; i < n; i++)
        r[i] = (ranked){v[i], i};
    qsort(r, n, sizeof *r, by_value);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && r[end].v == r[i].v;)
            end++;
        double rank = ((double)i + (double)end - 1) / 2 - ((double)n - 1) / 2;
        for (size_t k = i; k < end; k++)
            out[r[k].at] = rank;
    }
    return out;
}

static double square_sum(const double *v, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += v[i] * v[i];
    return s;
}

// ---- the statistic --------------------------------------------------------------------------

static double product(const sample *s) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->x[i] * s->y[i];
    return sum;
}

static double between(const sample *s) {
    double sum = 0;
    for (size_t g = 0; g < s->n_groups; g++)
        s->sums[g] = 0;
    for (size_t i = 0; i < s->n; i++)
        s->sums[s->group[i]] += s->y[i];
    for (size_t g = 0; g < s->n_groups; g++)
        sum += s->sums[g] * s->sums[g] / s->sizes[g];
    return sum;
}

static double statistic(const sample *s) {
    return s->x ? fabs(product(s)) : between(s);
}

// ---- permutations ---------------------------------------------------------------------------

static uint64_t next(uint64_t *state) { // splitmix64
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void swap(double *y, size_t i, size_t k) {
    double t = y[i];
    y[i] = y[k];
    y[k] = t;
}

// Counts those of all orders of y[0, k) that do as well (Heap's algorithm).
static void try_all(sample *s, size_t k, double least, size_t *good, size_t *all) {
    if (k <= 1) {
        ++*all;
        *good += statistic(s) >= least;
        return;
    }
    for (size_t i = 0; i < k; i++) {
        try_all(s, k - 1, least, good, all);
        if (i + 1 < k) swap(s->y, k % 2 ? 0 : i, k - 1);
    }
}

static double try_some(sample *s, double least) {
    uint64_t state = 20260301;
    size_t good = 0, all = 0;
    while (all < PERMUTATIONS && good < STOP) {
        for (size_t i = s->n - 1; i > 0; i--)
            swap(s->y, i, (size_t)((next(&state) >> 32) * (i + 1) >> 32));
        good += statistic(s) >= least;
        all++;
    }
    return good == STOP ? (double)good / (double)all : ((double)good + 1) / ((double)all + 1);
}

static void test(sample *s, why_test *out) {
    double observed = statistic(s), least = observed - SAME * fabs(observed);
    size_t good = 0, all = 0;
    out->exact = s->n <= EXACT_MAX;
    if (!out->exact) {
        out->p = try_some(s, least);
        return;
    }
    try_all(s, s->n, least, &good, &all);
    out->p = (double)good / (double)all;
}

why_test why_numbers(arena *a, const double *x, const double *y, size_t n) {
    why_test out = {.p = 1};
    sample s = {.n = n, .x = ranks(a, x, n), .y = ranks(a, y, n)};
    double scale = sqrt(square_sum(s.x, n)) * sqrt(square_sum(s.y, n));
    if (scale == 0) return out;
    out.effect = product(&s) / scale;
    test(&s, &out);
    return out;
}

why_test why_groups(arena *a, const int32_t *group, size_t n_groups, const double *y,
                    size_t n) {
    why_test out = {.p = 1};
    sample s = {.n = n, .group = group, .n_groups = n_groups};
    double mean = 0, most = 0;
    s.y = ARENA_ARRAY(a, double, n);
    s.sums = ARENA_ARRAY(a, double, n_groups);
    s.sizes = ARENA_ARRAY(a, double, n_groups);
    for (size_t i = 0; i < n; i++) { // scaled, so that no square overflows
        s.sizes[group[i]]++;
        most = fabs(y[i]) > most ? fabs(y[i]) : most;
    }
    for (size_t i = 0; i < n && most > 0; i++)
        mean += y[i] / most / (double)n;
    for (size_t i = 0; i < n && most > 0; i++)
        s.y[i] = y[i] / most - mean;
    double total = square_sum(s.y, n);
    if (total <= SAME * (double)n) return out; // all equal, but for rounding
    out.effect = between(&s) / total;
    test(&s, &out);
    return out;
}

// Abramowitz and Stegun 26.7.3 and 26.7.4: a finite sum for each whole number of degrees.
double why_t_tail(double t, size_t df) {
    bool odd = df % 2;
    double angle = atan(fabs(t) / sqrt((double)df)), c = cos(angle);
    double term = odd ? c : 1, sum = 0;
    for (size_t k = odd ? 3 : 2; k <= df; k += 2) {
        sum += term;
        term *= c * c * (double)(k - 1) / (double)k;
    }
    double within = odd ? 2 / M_PI * (angle + sin(angle) * sum) : sin(angle) * sum;
    return within < 1 ? 1 - within : 0;
}
