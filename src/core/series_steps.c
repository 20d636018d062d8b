// SPDX-License-Identifier: Apache-2.0
// A set of steps out of many series, and its members by rank. Blocks whose distinct steps are
// evenly spaced bring three numbers, others each step. When the range is narrow the set is a
// bitmap; else a sorted array, as long as that is small enough (steps_fits). Pure.
#include "core/series_steps.h"

#include <stdlib.h>

enum { SPAN_BITS = 27 };

size_t steps_most = 4 << 20;

void steps_free(steps *s) {
    free(s->each);
    free(s->bits);
    s->each = NULL;
    s->bits = NULL;
}

static void widen(steps *s, int64_t lo, int64_t hi) {
    if (!s->any || lo < s->lo) s->lo = lo;
    if (!s->any || hi > s->hi) s->hi = hi;
    s->any = true;
}

void steps_add(steps *s, int64_t step) {
    widen(s, step, step);
    if (s->n && s->each[s->n - 1] == step) return;
    if (s->n >= steps_most) {
        s->over = true;
        return;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 1024;
        s->each = mem_realloc(s->each, s->cap * sizeof *s->each);
    }
    s->each[s->n++] = step;
}

void steps_add_even(steps *s, int64_t first, int64_t stride, uint64_t n) {
    int64_t last = (int64_t)((uint64_t)first + (uint64_t)stride * (n - 1));
    widen(s, first, last);
    for (size_t i = s->even.n; i-- > 0 && i + 4 > s->even.n;) { // runs often log the same steps
        steps_even *o = &s->even.p[i];
        int64_t end = (int64_t)((uint64_t)o->first + (uint64_t)o->stride * (o->n - 1));
        if (o->first == first && o->stride == stride && o->n == n) return;
        if (o->stride == stride && end < first &&
            (uint64_t)first - (uint64_t)end == (uint64_t)stride) {
            o->n += n;
            return;
        }
    }
    s->even_points += n;
    vec_push(s->a, &s->even, (steps_even){first, stride, n});
}

static bool narrow(const steps *s) {
    return (uint64_t)s->hi - (uint64_t)s->lo < (uint64_t)1 << SPAN_BITS;
}

// ---- as bits -------------------------------------------------------------------------------

static void set_run(uint64_t *bits, size_t from, size_t n) {
    for (; n && from % 64; from++, n--)
        bits[from / 64] |= (uint64_t)1 << from % 64;
    for (; n >= 64; from += 64, n -= 64)
        bits[from / 64] = UINT64_MAX;
    for (; n; from++, n--)
        bits[from / 64] |= (uint64_t)1 << from % 64;
}

static void make_bits(steps *s) {
    size_t words = ((uint64_t)s->hi - (uint64_t)s->lo) / 64 + 1;
    s->bits = mem_alloc(words * sizeof *s->bits);
    for (size_t i = 0; i < s->n; i++) {
        uint64_t at = (uint64_t)s->each[i] - (uint64_t)s->lo;
        s->bits[at / 64] |= (uint64_t)1 << at % 64;
    }
    for (size_t i = 0; i < s->even.n; i++) {
        const steps_even *v = &s->even.p[i];
        uint64_t at = (uint64_t)v->first - (uint64_t)s->lo;
        if (v->stride == 1) set_run(s->bits, at, v->n);
        for (uint64_t k = 0; v->stride != 1 && k < v->n; k++, at += (uint64_t)v->stride)
            s->bits[at / 64] |= (uint64_t)1 << at % 64;
    }
    s->count = 0;
    for (size_t w = 0; w < words; w++)
        s->count += (unsigned)__builtin_popcountll(s->bits[w]);
}

// Ranks come in rising order: the search goes on where it stopped.
static int64_t bit_at(steps *s, uint64_t rank) {
    for (;; s->word++) {
        unsigned here = (unsigned)__builtin_popcountll(s->bits[s->word]);
        if (rank < s->before + here) break;
        s->before += here;
    }
    uint64_t w = s->bits[s->word];
    for (uint64_t k = s->before; k < rank; k++)
        w &= w - 1;
    return (int64_t)((uint64_t)s->lo + s->word * 64 + (unsigned)__builtin_ctzll(w));
}

// ---- as an array ---------------------------------------------------------------------------

int steps_cmp(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void make_array(steps *s) {
    size_t cap = s->n + (size_t)s->even_points;
    s->each = mem_realloc(s->each, cap * sizeof *s->each);
    for (size_t i = 0; i < s->even.n; i++) {
        const steps_even *v = &s->even.p[i];
        for (uint64_t k = 0; k < v->n && s->n < cap; k++)
            s->each[s->n++] = (int64_t)((uint64_t)v->first + (uint64_t)v->stride * k);
    }
    bool sorted = true;
    for (size_t i = 1; sorted && i < s->n; i++)
        sorted = s->each[i - 1] <= s->each[i];
    if (!sorted) qsort(s->each, s->n, sizeof *s->each, steps_cmp);
    for (size_t i = 0; i < s->n; i++) {
        if (i && s->each[i] == s->each[i - 1]) continue;
        s->each[s->count++] = s->each[i];
    }
}

// ---- the set -------------------------------------------------------------------------------

bool steps_fits(const steps *s) {
    if (s->over) return false;
    return !s->any || narrow(s) || s->n + s->even_points <= steps_most;
}

void steps_end(steps *s) {
    s->count = 0;
    if (!s->any) return;
    if (narrow(s))
        make_bits(s);
    else
        make_array(s);
}

int64_t steps_at(steps *s, uint64_t rank) {
    return s->bits ? bit_at(s, rank) : s->each[rank];
}
