// SPDX-License-Identifier: Apache-2.0
// Points in memory: sorting, and summaries with their coding. Pure; any thread.
#include "core/series_internal.h"

#include <stdlib.h>

void spt_to_f64(spt *p, size_t n, int type) {
    if (type != SERIES_I64) return;
    for (size_t i = 0; i < n; i++)
        p[i].val = rank_of((double)p[i].val);
}

// ---- sorting -------------------------------------------------------------------------------

enum { RUN_LEAST = 16 }; // shorter sorted runs are made this long by insertion

static void insert_sort(spt *p, size_t sorted, size_t n, spt_order cmp) {
    for (size_t i = sorted; i < n; i++) {
        spt x = p[i];
        size_t k = i;
        for (; k > 0 && cmp(&p[k - 1], &x) > 0; k--)
            p[k] = p[k - 1];
        p[k] = x;
    }
}

// The end of the sorted run that begins at `from`, made at least RUN_LEAST long.
static size_t run_end(spt *p, size_t from, size_t n, spt_order cmp) {
    size_t i = from + 1;
    while (i < n && cmp(&p[i - 1], &p[i]) <= 0)
        i++;
    if (i - from >= RUN_LEAST || i == n) return i;
    size_t end = n - from < RUN_LEAST ? n : from + RUN_LEAST;
    insert_sort(p + from, i - from, end - from, cmp);
    return end;
}

static void merge_runs(const spt *a, size_t na, const spt *b, size_t nb, spt *out,
                       spt_order cmp) {
    while (na && nb) {
        if (cmp(a, b) <= 0) {
            *out++ = *a++;
            na--;
        } else {
            *out++ = *b++;
            nb--;
        }
    }
    if (na) memcpy(out, a, na * sizeof *a);
    if (nb) memcpy(out, b, nb * sizeof *b);
}

static size_t drop_repeats(spt *p, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (k && spt_eq(&p[k - 1], &p[i])) continue;
        if (k != i) p[k] = p[i];
        k++;
    }
    return k;
}

// One round of merging neighbouring runs; `ends` are the ends of runs. Returns how many remain.
static size_t merge_round(const spt *from, spt *to, size_t *ends, size_t runs, spt_order cmp) {
    size_t left = 0, begin = 0;
    for (size_t r = 0; r < runs; r += 2) {
        size_t mid = ends[r], end = r + 1 < runs ? ends[r + 1] : mid;
        merge_runs(from + begin, mid - begin, from + mid, end - mid, to + begin, cmp);
        ends[left++] = begin = end;
    }
    return left;
}

size_t spt_sort(spt *p, size_t n, spt *scratch, spt_order cmp) {
    if (n < 2) return n;
    size_t first = run_end(p, 0, n, cmp);
    if (first == n) return drop_repeats(p, n);
    size_t *ends = mem_alloc((n / RUN_LEAST + 2) * sizeof *ends), runs = 0;
    ends[runs++] = first;
    while (ends[runs - 1] < n) {
        size_t end = run_end(p, ends[runs - 1], n, cmp);
        ends[runs++] = end;
    }
    spt *from = p, *to = scratch;
    while (runs > 1) {
        runs = merge_round(from, to, ends, runs, cmp);
        spt *swap = from;
        from = to;
        to = swap;
    }
    free(ends);
    if (from != p) memcpy(p, from, n * sizeof *p);
    return drop_repeats(p, n);
}

// ---- summaries -----------------------------------------------------------------------------

void ssum_range(ssum *s, int64_t min, int64_t max) {
    if (!s->ranged || min < s->min) s->min = min;
    if (!s->ranged || max > s->max) s->max = max;
    s->ranged = true;
}

void ssum_add_by(ssum *s, const spt *p, int type, series_order o) {
    if (!s->count || spt_cmp_by(o, p, &s->last) > 0) s->last = *p;
    if (!s->count || spt_cmp_by(o, p, &s->first) < 0) s->first = *p;
    s->count++;
    if (type == SERIES_I64 || p->val != RANK_NAN) ssum_range(s, p->val, p->val);
}

void ssum_join_by(ssum *s, const ssum *more, series_order o) {
    if (!more->count) return;
    if (!s->count || spt_cmp_by(o, &more->last, &s->last) > 0) s->last = more->last;
    if (!s->count || spt_cmp_by(o, &more->first, &s->first) < 0) s->first = more->first;
    s->count += more->count;
    if (more->ranged) ssum_range(s, more->min, more->max);
}

void ssum_add(ssum *s, const spt *p, int type) {
    ssum_add_by(s, p, type, SERIES_BY_STEP);
}

void ssum_join(ssum *s, const ssum *more) {
    ssum_join_by(s, more, SERIES_BY_STEP);
}

void ssum_to_f64(ssum *s, int type) {
    if (type != SERIES_I64) return;
    spt_to_f64(&s->first, 1, type);
    spt_to_f64(&s->last, 1, type);
    s->min = rank_of((double)s->min);
    s->max = rank_of((double)s->max);
}

// Flags of a coded summary: what need not be written because it is another value's.
enum {
    SUM_ONE = 1,       // last is first
    SUM_ALL_NAN = 2,   // neither min nor max
    SUM_MIN_FIRST = 4, // min is the first value
    SUM_MIN_LAST = 8,
    SUM_MAX_FIRST = 16,
    SUM_MAX_LAST = 32,
    SUM_F32 = 64, // values are floats
};

static bool rank_is_f32(int64_t r) {
    double v = rank_value(r);
    return r == RANK_NAN || (double)(float)v == v;
}

static void val_put(buf *b, int64_t val, bool f32) {
    if (!f32) {
        buf_u64(b, (uint64_t)val);
        return;
    }
    float f = (float)rank_value(val);
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    buf_u32(b, bits);
}

static int64_t val_get(cur *c, bool f32) {
    if (!f32) return (int64_t)cur_u64(c);
    uint32_t bits = cur_u32(c);
    float f;
    memcpy(&f, &bits, sizeof f);
    return rank_of((double)f);
}

static uint8_t sum_flags(const ssum *s, int type) {
    unsigned f = 0;
    if (spt_eq(&s->first, &s->last)) f |= SUM_ONE;
    if (!s->ranged)
        f |= SUM_ALL_NAN;
    else {
        f |= s->min == s->first.val ? SUM_MIN_FIRST : s->min == s->last.val ? SUM_MIN_LAST : 0;
        f |= s->max == s->first.val ? SUM_MAX_FIRST : s->max == s->last.val ? SUM_MAX_LAST : 0;
    }
    if (type == SERIES_F64 && rank_is_f32(s->first.val) && rank_is_f32(s->last.val) &&
        (!s->ranged || (rank_is_f32(s->min) && rank_is_f32(s->max)))) {
        f |= SUM_F32;
    }
    return (uint8_t)f;
}

void ssum_put(buf *b, const ssum *s, int type) {
    uint8_t f = sum_flags(s, type);
    bool f32 = f & SUM_F32;
    buf_byte(b, (char)f);
    buf_uvar(b, s->count);
    buf_ivar(b, s->first.step);
    buf_ivar(b, s->first.time);
    val_put(b, s->first.val, f32);
    if (!(f & SUM_ONE)) {
        buf_ivar(b, wrap_sub(s->last.step, s->first.step));
        buf_ivar(b, wrap_sub(s->last.time, s->first.time));
        val_put(b, s->last.val, f32);
    }
    if (f & SUM_ALL_NAN) return;
    if (!(f & (SUM_MIN_FIRST | SUM_MIN_LAST))) val_put(b, s->min, f32);
    if (!(f & (SUM_MAX_FIRST | SUM_MAX_LAST))) val_put(b, s->max, f32);
}

bool ssum_get(cur *c, ssum *s, int type) {
    uint8_t f = cur_u8(c);
    bool f32 = f & SUM_F32;
    if (f32 && type != SERIES_F64) return false;
    *s = (ssum){.count = cur_uvar(c), .ranged = !(f & SUM_ALL_NAN)};
    s->first.step = cur_ivar(c);
    s->first.time = cur_ivar(c);
    s->first.val = val_get(c, f32);
    s->last = s->first;
    if (!(f & SUM_ONE)) {
        s->last.step = wrap_add(s->first.step, cur_ivar(c));
        s->last.time = wrap_add(s->first.time, cur_ivar(c));
        s->last.val = val_get(c, f32);
    }
    if (!s->ranged) return !c->bad;
    s->min = f & SUM_MIN_FIRST  ? s->first.val
             : f & SUM_MIN_LAST ? s->last.val
                                : val_get(c, f32);
    s->max = f & SUM_MAX_FIRST  ? s->first.val
             : f & SUM_MAX_LAST ? s->last.val
                                : val_get(c, f32);
    return !c->bad;
}
