// SPDX-License-Identifier: Apache-2.0
// The metric store against a naive model: a sorted array of points a key. Each scenario logs
// points in some order of arrival, packs now and then, and compares everything that can be
// read.
#include "core_help.h"

#include "core/series_internal.h"
#include "core/series_pack_step.h"
#include "core/series_sql.h"

static uint64_t seed = 88172645463325252u;
static uint64_t rnd(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}
static size_t below(size_t n) {
    return (size_t)(rnd() % n);
}

// ---- the model
// -----------------------------------------------------------------------------------

typedef struct model_set {
    spt *p;
    size_t n, cap;
    bool sorted;
} model_set;

static void set_add(model_set *m, const point *p) {
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 1024;
        m->p = mem_realloc(m->p, m->cap * sizeof *m->p);
    }
    m->p[m->n++] = (spt){p->step, p->time_ms, rank_of(p->value)};
    m->sorted = false;
}

static int q_step(const void *a, const void *b) {
    return spt_cmp(a, b);
}
static int q_time(const void *a, const void *b) {
    return spt_cmp_time(a, b);
}

static void set_sort(model_set *m) {
    size_t k = 0;
    if (m->sorted) return;
    if (m->n) qsort(m->p, m->n, sizeof *m->p, q_step);
    for (size_t i = 0; i < m->n; i++) {
        if (!k || !spt_eq(&m->p[k - 1], &m->p[i])) m->p[k++] = m->p[i];
    }
    m->n = k;
    m->sorted = true;
}

static void set_free(model_set *m) {
    free(m->p);
    *m = (model_set){0};
}

// ---- comparing
// -----------------------------------------------------------------------------------

static void same_point(series_value v, spt want, const char *what, size_t i) {
    spt got = spt_of(v);
    if (!spt_eq(&got, &want)) {
        fail_msg("%s %zu: (%lld,%lld,%g) is not (%lld,%lld,%g)", what, i, (long long)got.step,
                 (long long)got.time, v.value, (long long)want.step, (long long)want.time,
                 rank_value(want.val));
    }
}

static void check_history(core_fix *x, id run_id, const char *key, model_set *m,
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

static void same_double(double a, double b, const char *what) {
    if (rank_of(a) != rank_of(b)) fail_msg("%s: %g is not %g", what, a, b);
}

static ssum sum_of(const spt *p, size_t n) {
    ssum s = {0};
    for (size_t i = 0; i < n; i++)
        ssum_add(&s, &p[i], SERIES_F64);
    return s;
}

static void check_summary(core_fix *x, id run_id, const char *key, model_set *m) {
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

static void check_chart(core_fix *x, id run_id, const char *key, model_set *m, int64_t start,
                        int64_t end, size_t buckets, bool exact) {
    err e = {0};
    series_bucket *out;
    size_t n, at = 0;
    set_sort(m);
    OK(series_chart(&x->c, run_id, str_of(key), start, end, buckets, &out, &n, &e));
    assert_true(n <= buckets);
    while (at < m->n && m->p[at].step < start)
        at++;
    for (size_t i = 0; i < n; i++) {
        assert_true(out[i].first_step <= out[i].last_step && out[i].first_step >= start);
        assert_true(out[i].last_step <= end);
        size_t to = at;
        while (to < m->n && m->p[to].step <= out[i].last_step)
            to++;
        if (to == at || m->p[at].step < out[i].first_step)
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

static int q_i64(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static size_t unique(int64_t *s, size_t n) {
    size_t k = 0;
    if (n) qsort(s, n, sizeof *s, q_i64);
    for (size_t i = 0; i < n; i++) {
        if (!k || s[k - 1] != s[i]) s[k++] = s[i];
    }
    return k;
}

// MLflow's algorithm as the reference words it.
static size_t naive_picks(model_set **m, size_t n_runs, int64_t start, int64_t end, size_t max,
                          int64_t **out) {
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

static void check_sample(core_fix *x, const id *runs, model_set **m, size_t n_runs,
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

static void no_bad(void *arg, id run_id, const char *what) {
    char hex[ID_HEX];
    (void)arg;
    id_hex(run_id, hex);
    fail_msg("check: run %s: %s", hex, what);
}

static void check_whole(core_fix *x) {
    err e = {0};
    uint64_t blocks;
    OK(series_check(x->core, no_bad, NULL, &blocks, &e));
}

static int64_t random_step(const model_set *m) {
    return m->n && below(4) ? m->p[below(m->n)].step : (int64_t)rnd();
}

static void check_all(core_fix *x, id run_id, const char *key, model_set *m, bool exact) {
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

// ---- scenarios
// -----------------------------------------------------------------------------------

typedef enum order_of {
    IN_ORDER,
    JITTERED,
    SHUFFLED,
    REVERSED,
    SAME_STEP,
    EXTREME,
    SMALL_RANGE,
    SPARSE
} order_of;

static double odd_value(void) {
    static const double odd[] = {0.0,
                                 -0.0,
                                 1.0,
                                 -1.0,
                                 INFINITY,
                                 -INFINITY,
                                 1e300,
                                 5e-324,
                                 0.1,
                                 1.0 / 3,
                                 NAN,
                                 -2.5,
                                 1.7976931348623157e308,
                                 16777217.0,
                                 3.14};
    return odd[below(sizeof odd / sizeof *odd)];
}

static int64_t odd_int(void) {
    static const int64_t odd[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    return below(3) ? odd[below(sizeof odd / sizeof *odd)] : (int64_t)rnd();
}

static point make_point(order_of o, size_t i, size_t n) {
    int64_t t = 1700000000000;
    double noise = (double)below(1000) / 1000;
    point p = {.step = (int64_t)i,
               .time_ms = t + (int64_t)i * 1000 + (int64_t)below(41) - 20,
               .value = (double)(float)(1 + noise * 0.06)};
    switch (o) {
    case IN_ORDER: break;
    case JITTERED: p.step += (int64_t)below(200); break;
    case SHUFFLED: // a permutation of 0..n-1, n a power of two
        p.step = (int64_t)((i * 2654435761u + 12345) & (n - 1));
        p.time_ms = t + p.step * 1000;
        break;
    case REVERSED: p.step = (int64_t)(n - i); break;
    case SAME_STEP: p.step = 0; break;
    case EXTREME:
        p.step = odd_int();
        p.time_ms = odd_int();
        p.value = odd_value();
        break;
    case SMALL_RANGE:
        p.step = (int64_t)below(300);
        p.time_ms = (int64_t)below(20);
        p.value = below(2) ? odd_value() : (double)below(5) / 10;
        break;
    case SPARSE:
        p.step = (int64_t)i * 1000003 + (int64_t)below(1000) * ((int64_t)1 << 20);
        break;
    }
    return p;
}

static void log_points(core_fix *x, id run_id, point *p, size_t n) {
    err e = {0};
    run_batch b = {.points = p, .n_points = n};
    OK(run_log(&x->c, run_id, &b, &e));
    arena_reset(x->c.a);
}

static void scenario(core_fix *x, order_of o, size_t n, size_t batch, size_t pack_every) {
    err e = {0};
    run r = core_fix_run(x, "scenario");
    id run_id = r.id;
    model_set m = {0};
    point *p = mem_alloc(batch * sizeof *p), *again = mem_alloc(batch * sizeof *p);
    size_t n_again = 0, batches = 0;
    for (size_t i = 0; i < n;) {
        size_t k = 0, want = 1 + below(batch);
        for (; k < want && i < n; k++, i++) {
            p[k] = make_point(o, i, n);
            p[k].key = STR("loss");
            set_add(&m, &p[k]);
        }
        log_points(x, run_id, p, k);
        if (below(10) ==
            0) { // a client that did not hear the acknowledgement, maybe much later
            if (n_again) log_points(x, run_id, again, n_again);
            memcpy(again, p, k * sizeof *p);
            n_again = k;
        }
        if (++batches % pack_every == 0) OK(series_pack_all(x->core, &e));
        if (below(n / batch + 1) == 0) check_all(x, run_id, "loss", &m, false);
    }
    check_all(x, run_id, "loss", &m, false);
    OK(series_pack_all(x->core, &e));
    check_all(x, run_id, "loss", &m, n_again == 0);
    set_free(&m);
    free(p);
    free(again);
}

static void with_core(void (*fn)(core_fix *x)) {
    core_fix fixture;
    core_fix_open(&fixture);
    fn(&fixture);
    core_fix_close(&fixture);
}

static void in_order_in(core_fix *x) {
    scenario(x, IN_ORDER, 40000, 1000, 3);
    scenario(x, IN_ORDER, 3000, 10, 5);
}
static void jittered_in(core_fix *x) {
    scenario(x, JITTERED, 40000, 1000, 4);
}
static void shuffled_in(core_fix *x) {
    scenario(x, SHUFFLED, 65536, 2000, 2);
    scenario(x, SHUFFLED, 4096, 30, 3);
}
static void reversed_in(core_fix *x) {
    scenario(x, REVERSED, 30000, 700, 3);
}
static void same_step_in(core_fix *x) {
    scenario(x, SAME_STEP, 40000, 1000, 4);
}
static void extreme_in(core_fix *x) {
    scenario(x, EXTREME, 20000, 500, 4);
}
static void small_range_in(core_fix *x) {
    scenario(x, SMALL_RANGE, 40000, 1000, 3);
}
static void sparse_in(core_fix *x) {
    scenario(x, SPARSE, 30000, 1000, 3);
}

#define SCENARIO(name)                                                                         \
    static void name(void **state) {                                                           \
        (void)state;                                                                           \
        with_core(name##_in);                                                                  \
    }
SCENARIO(in_order)
SCENARIO(jittered)
SCENARIO(shuffled)
SCENARIO(reversed)
SCENARIO(same_step)
SCENARIO(extreme)
SCENARIO(small_range)
SCENARIO(sparse)

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),    cmocka_unit_test(jittered),  cmocka_unit_test(shuffled),
        cmocka_unit_test(reversed),    cmocka_unit_test(same_step), cmocka_unit_test(extreme),
        cmocka_unit_test(small_range), cmocka_unit_test(sparse),
    };
    return core_fix_main("core_series", tests, sizeof tests / sizeof *tests);
}
