// SPDX-License-Identifier: Apache-2.0
// What the tests of the metric store share: a naive model of a series (a sorted array of
// points), and the comparison of everything that can be read with it.
#ifndef STEMMA_TESTS_SERIES_HELP_H
#define STEMMA_TESTS_SERIES_HELP_H

#include "core_help.h"

#include "core/series_internal.h"
#include "core/series_pack_step.h"
#include "core/series_sql.h"

static uint64_t seed = 88172645463325252u;
static inline uint64_t rnd(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}
static inline size_t below(size_t n) {
    return (size_t)(rnd() % n);
}

// ---- the model -----------------------------------------------------------------------------

typedef struct model_set {
    spt *p;
    size_t n, cap;
    bool sorted;
} model_set;

static inline void set_add(model_set *m, const point *p) {
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 1024;
        m->p = mem_realloc(m->p, m->cap * sizeof *m->p);
    }
    m->p[m->n++] = (spt){p->step, p->time_ms, rank_of(p->value)};
    m->sorted = false;
}

static inline int q_step(const void *a, const void *b) {
    return spt_cmp(a, b);
}
static inline int q_time(const void *a, const void *b) {
    return spt_cmp_time(a, b);
}

static inline void set_sort(model_set *m) {
    size_t k = 0;
    if (m->sorted) return;
    if (m->n) qsort(m->p, m->n, sizeof *m->p, q_step);
    for (size_t i = 0; i < m->n; i++) {
        if (!k || !spt_eq(&m->p[k - 1], &m->p[i])) m->p[k++] = m->p[i];
    }
    m->n = k;
    m->sorted = true;
}

static inline void set_free(model_set *m) {
    free(m->p);
    *m = (model_set){0};
}

// ---- comparing -----------------------------------------------------------------------------

static inline void same_point(series_value v, spt want, const char *what, size_t i) {
    spt got = spt_of(v);
    if (!spt_eq(&got, &want)) {
        fail_msg("%s %zu: (%lld,%lld,%g) is not (%lld,%lld,%g)", what, i, (long long)got.step,
                 (long long)got.time, v.value, (long long)want.step, (long long)want.time,
                 rank_value(want.val));
    }
}

static inline void check_history(core_fix *x, id run_id, const char *key, model_set *m,
                                 series_order order, size_t page) {
    err e = {0};
    set_sort(m);
    spt *want = mem_alloc((m->n + 1) * sizeof *want);
    if (m->n) memcpy(want, m->p, m->n * sizeof *want);
    if (order == SERIES_BY_TIME && m->n) qsort(want, m->n, sizeof *want, q_time);
    size_t at = 0;
    series_value after;
    for (;;) {
        series_value *out;
        size_t n;
        OK(series_history(&x->c, run_id, str_of(key), order, at ? &after : NULL, page, &out, &n,
                          &e));
        if (at + n > m->n) fail_msg("%s: %zu points more than %zu", key, at + n, m->n);
        for (size_t i = 0; i < n; i++)
            same_point(out[i], want[at + i], order == SERIES_BY_TIME ? "by time" : "by step",
                       at + i);
        at += n;
        if (n) after = out[n - 1];
        arena_reset(x->c.a);
        if (n < page) break;
    }
    if (at != m->n) fail_msg("%s: %zu points of %zu", key, at, m->n);
    free(want);
}

static inline void same_double(double a, double b, const char *what) {
    if (rank_of(a) != rank_of(b)) fail_msg("%s: %g is not %g", what, a, b);
}

static inline ssum sum_of(const spt *p, size_t n) {
    ssum s = {0};
    for (size_t i = 0; i < n; i++)
        ssum_add(&s, &p[i], SERIES_F64);
    return s;
}

static inline void check_summary(core_fix *x, id run_id, const char *key, model_set *m) {
    err e = {0};
    series_summary *out, *s = NULL;
    size_t n;
    set_sort(m);
    OK(series_summaries(&x->c, run_id, &out, &n, &e));
    for (size_t i = 0; i < n; i++) {
        if (i) assert_true(str_cmp(out[i - 1].key, out[i].key) < 0);
        if (str_is(out[i].key, key)) s = &out[i];
    }
    if (!m->n) {
        assert_null(s);
        return;
    }
    assert_non_null(s);
    ssum want = sum_of(m->p, m->n);
    same_point(s->first, want.first, "first", 0);
    same_point(s->last, want.last, "last", 0);
    same_double(s->min, want.ranged ? rank_value(want.min) : NAN, "min");
    same_double(s->max, want.ranged ? rank_value(want.max) : NAN, "max");
    assert_true(s->at_most >= m->n);
    arena_reset(x->c.a);
}

static inline void check_chart(core_fix *x, id run_id, const char *key, model_set *m,
                               int64_t start, int64_t end, size_t buckets, bool exact) {
    err e = {0};
    series_bucket *out;
    size_t n, at = 0;
    set_sort(m);
    OK(series_chart(&x->c, run_id, str_of(key), start, end, buckets, &out, &n, &e));
    assert_true(n <= buckets);
    while (at < m->n && m->p[at].step < start)
        at++;
    for (size_t i = 0; i < n; i++) {
        assert_true(out[i].start <= out[i].end && out[i].start >= start);
        assert_true(out[i].end <= end);
        size_t to = at;
        while (to < m->n && m->p[to].step <= out[i].end)
            to++;
        if (to == at || m->p[at].step < out[i].start)
            fail_msg("bucket %zu is misplaced", i);
        ssum want = sum_of(m->p + at, to - at);
        uint64_t nan = 0;
        for (size_t k = at; k < to; k++)
            nan += m->p[k].val == RANK_NAN;
        same_point(out[i].first, want.first, "bucket's first", i);
        same_point(out[i].last, want.last, "bucket's last", i);
        same_double(out[i].min, want.ranged ? rank_value(want.min) : NAN, "bucket's min");
        same_double(out[i].max, want.ranged ? rank_value(want.max) : NAN, "bucket's max");
        if (exact ? out[i].n != to - at : out[i].n < to - at)
            fail_msg("bucket %zu has %llu points, not %zu", i, (unsigned long long)out[i].n,
                     to - at);
        if (exact ? out[i].nan != nan : out[i].nan < nan)
            fail_msg("bucket %zu has %llu NaN, not %llu", i, (unsigned long long)out[i].nan,
                     (unsigned long long)nan);
        at = to;
    }
    if (at < m->n && m->p[at].step <= end) fail_msg("a bucket is missing");
    arena_reset(x->c.a);
}

static inline int q_i64(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static inline size_t unique(int64_t *s, size_t n) {
    size_t k = 0;
    if (n) qsort(s, n, sizeof *s, q_i64);
    for (size_t i = 0; i < n; i++) {
        if (!k || s[k - 1] != s[i]) s[k++] = s[i];
    }
    return k;
}

// MLflow's algorithm as the reference words it.
static inline size_t naive_picks(model_set **m, size_t n_runs, int64_t start, int64_t end,
                                 size_t max, int64_t **out) {
    size_t total = 0, n = 0;
    for (size_t r = 0; r < n_runs; r++)
        total += m[r]->n;
    int64_t *s = mem_alloc((total + 1) * sizeof *s), *picks;
    for (size_t r = 0; r < n_runs; r++) {
        for (size_t i = 0; i < m[r]->n; i++) {
            if (m[r]->p[i].step >= start && m[r]->p[i].step <= end) s[n++] = m[r]->p[i].step;
        }
    }
    n = unique(s, n);
    picks = mem_alloc((n + 2 * n_runs + 2 + max) * sizeof *picks);
    size_t k = 0;
    if (n <= max) {
        for (size_t i = 0; i < n; i++)
            picks[k++] = s[i];
    } else {
        double interval = (double)n / (double)max;
        for (size_t i = 0; i < max; i++)
            picks[k++] = s[(size_t)((double)i * interval)];
        picks[k++] = s[n - 1];
    }
    for (size_t r = 0; r < n_runs; r++) {
        const spt *lo = NULL, *hi = NULL;
        for (size_t i = 0; i < m[r]->n; i++) {
            const spt *p = &m[r]->p[i];
            if (p->step < start || p->step > end) continue;
            if (!lo) lo = p;
            hi = p;
        }
        if (lo) picks[k++] = lo->step;
        if (hi) picks[k++] = hi->step;
    }
    free(s);
    *out = picks;
    return unique(picks, k);
}

static inline void check_sample(core_fix *x, const id *runs, model_set **m, size_t n_runs,
                                const char *key, int64_t start, int64_t end, size_t max) {
    err e = {0};
    series_interval out[8];
    int64_t *picks;
    for (size_t r = 0; r < n_runs; r++)
        set_sort(m[r]);
    size_t n = naive_picks(m, n_runs, start, end, max, &picks);
    OK(series_sample(&x->c, runs, n_runs, str_of(key), start, end, max, out, &e));
    for (size_t r = 0; r < n_runs; r++) {
        size_t k = 0;
        assert_true(id_eq(out[r].run, runs[r]));
        for (size_t i = 0; i < m[r]->n && k < 25000; i++) {
            const spt *p = &m[r]->p[i];
            if (!n || !bsearch(&p->step, picks, n, sizeof *picks, q_i64)) continue;
            if (k >= out[r].n) fail_msg("sample of run %zu is short: %zu", r, out[r].n);
            same_point(out[r].points[k], *p, "sample", k);
            k++;
        }
        if (k != out[r].n) fail_msg("sample of run %zu: %zu points, not %zu", r, out[r].n, k);
    }
    free(picks);
    arena_reset(x->c.a);
}

static inline void no_bad(void *arg, id run_id, const char *what) {
    char hex[ID_HEX];
    (void)arg;
    id_hex(run_id, hex);
    fail_msg("check: run %s: %s", hex, what);
}

static inline void check_whole(core_fix *x) {
    err e = {0};
    uint64_t blocks;
    OK(series_check(x->core, no_bad, NULL, &blocks, &e));
}

static inline int64_t random_step(const model_set *m) {
    return m->n && below(4) ? m->p[below(m->n)].step : (int64_t)rnd();
}

static inline void check_all(core_fix *x, id run_id, const char *key, model_set *m,
                             bool exact) {
    set_sort(m);
    check_history(x, run_id, key, m, SERIES_BY_STEP, 1 + below(30000));
    check_history(x, run_id, key, m, SERIES_BY_TIME, 2000 + below(30000));
    check_summary(x, run_id, key, m);
    if (!m->n) return;
    check_chart(x, run_id, key, m, m->p[0].step, m->p[m->n - 1].step, 1 + below(300), exact);
    check_chart(x, run_id, key, m, INT64_MIN, INT64_MAX, 1 + below(50), exact);
    check_sample(x, &run_id, &m, 1, key, INT64_MIN, INT64_MAX, 1 + below(500));
    for (int i = 0; i < 3; i++) {
        int64_t a = random_step(m), b = random_step(m);
        if (a > b) {
            int64_t t = a;
            a = b;
            b = t;
        }
        check_chart(x, run_id, key, m, a, b, 1 + below(100), exact);
        check_sample(x, &run_id, &m, 1, key, a, b, 1 + below(100));
    }
    check_whole(x);
}

static inline void log_points(core_fix *x, id run_id, point *p, size_t n) {
    err e = {0};
    run_batch b = {.points = p, .n_points = n};
    OK(run_log(&x->c, run_id, &b, &e));
    arena_reset(x->c.a);
}

// Packs all, with small bounds, so that little data takes the ways of much.
static inline void pack_small(core_fix *x, pack_limits limits) {
    err e = {0};
    pack_step *s = pack_step_new(core_db(x->core), true);
    s->limits = limits;
    for (size_t packed = 1; packed;) {
        packed = 0;
        s->from_ws = INT64_MIN;
        s->from_run = (id){0};
        do {
            size_t n;
            OK(pack_step_run(s, &n, &e));
            packed += n;
        } while (!s->end);
    }
    pack_step_free(s);
}

#endif
