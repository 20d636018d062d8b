// SPDX-License-Identifier: Apache-2.0
// Charts of many series against a naive model, by step and by time, drawn out of levels, blocks,
// tails and pending records; levels after every kind of packing; records out of coded columns;
// batches of several runs.
#include "series_help.h"

#include "core/series_levels.h"

enum { LINES_MAX = 64 };

typedef struct drawing {
    core_fix *x;
    series_line line[LINES_MAX];
    size_t n, stop_at;
} drawing;

static bool keep(void *arg, const series_line *l) {
    drawing *d = arg;
    series_line *to = &d->line[d->n++];
    *to = *l;
    to->buckets = ARENA_ARRAY(d->x->c.a, series_bucket, l->n);
    memcpy(to->buckets, l->buckets, l->n * sizeof *to->buckets);
    return d->n != d->stop_at;
}

static void ask(core_fix *x, drawing *d, series_charts_query q) {
    err e = {0};
    *d = (drawing){.x = x};
    OK(series_charts(&x->c, &q, keep, d, &e));
}

static void draw(core_fix *x, drawing *d, const id *runs, size_t n_runs, const str *keys,
                 size_t n_keys, int64_t start, int64_t end, size_t buckets) {
    ask(x, d,
        (series_charts_query){.runs = runs,
                              .n_runs = n_runs,
                              .keys = keys,
                              .n_keys = n_keys,
                              .start = start,
                              .end = end,
                              .buckets = buckets});
}

// Parts in order that hold every point once, each with the sums of what is in it: of n points
// each, the next n. Repeats are none. Late points lie in tiers of their own, so parts may
// interleave: then only the whole is compared.
static void check_line_by(series_order by, const series_line *l, model_set *m, int64_t start,
                          int64_t end, bool apart) {
    ssum all = {0}, want = {0};
    uint64_t n = 0;
    set_sort(m);
    if (by == SERIES_BY_TIME && m->n) qsort(m->p, m->n, sizeof *m->p, q_time);
    m->sorted = by == SERIES_BY_STEP;
    size_t at = 0, to;
    while (at < m->n && spt_place(by, &m->p[at]) < start)
        at++;
    for (to = at; to < m->n && spt_place(by, &m->p[to]) <= end; to++)
        ssum_add_by(&want, &m->p[to], SERIES_F64, by);
    for (size_t i = 0; i < l->n; i++) {
        const series_bucket *b = &l->buckets[i];
        n += b->n;
        ssum part = {.count = b->n, .first = spt_of(b->first), .last = spt_of(b->last)};
        part.ranged = b->min == b->min;
        part.min = rank_of(b->min);
        part.max = rank_of(b->max);
        ssum_join_by(&all, &part, by);
        if (!apart) continue;
        assert_true(at + b->n <= to);
        ssum is = {0};
        for (size_t k = 0; k < b->n; k++)
            ssum_add_by(&is, &m->p[at + k], SERIES_F64, by);
        same_point(b->first, is.first, "first", i);
        same_point(b->last, is.last, "last", i);
        same_double(b->min, is.ranged ? rank_value(is.min) : NAN, "min");
        same_double(b->max, is.ranged ? rank_value(is.max) : NAN, "max");
        at += b->n;
    }
    assert_int_equal(n, want.count);
    if (!n) return;
    assert_true(spt_eq(&all.first, &want.first) && spt_eq(&all.last, &want.last));
    assert_true(all.ranged == want.ranged && all.min == want.min && all.max == want.max);
}

static void check_line(const series_line *l, model_set *m, int64_t start, int64_t end,
                       bool apart) {
    check_line_by(SERIES_BY_STEP, l, m, start, end, apart);
}

static void log_some(core_fix *x, id run_id, const char *key, int64_t from, int64_t to,
                     int64_t stride, model_set *m) {
    enum { BATCH = 10000 };
    err e = {0};
    point *p = mem_alloc(BATCH * sizeof *p);
    while (from < to) {
        size_t n = 0;
        for (; n < BATCH && from < to; from += stride, n++) {
            p[n] = (point){.key = str_of(key),
                           .step = from,
                           .time_ms = 1700000000000 + from * 10,
                           .value = from % 1000 == 7 ? (double)NAN
                                                     : (double)(int64_t)(rnd() % 100000) / 7};
            if (m) set_add(m, &p[n]);
        }
        run_batch b = {.points = p, .n_points = n};
        OK(run_log(&x->c, run_id, &b, &e));
        arena_reset(x->c.a);
    }
    free(p);
}

static void pack(core_fix *x) {
    err e = {0};
    OK(series_pack_all(x->core, &e));
}

static const db_query level_rows = {"test", "SELECT count(*) FROM block_level", false};
static const db_query block_rows = {"test", "SELECT count(*) FROM block", false};
static bool count_in(db_tx *tx, void *arg, err *e) {
    int64_t *n = arg;
    db_rows *row = NULL;
    bool ok = db_one(tx, n[1] ? &level_rows : &block_rows, &row, NULL, 0, e) == 1;
    if (ok) n[0] = db_i64(row, 0);
    return ok;
}
static int64_t rows_of(core_fix *x, bool levels) {
    err e = {0};
    int64_t n[2] = {0, levels};
    OK(db_read(core_db(x->core), count_in, n, &e));
    return n[0];
}

static void note_bad(void *arg, id run_id, const char *what) {
    (void)arg;
    (void)run_id;
    fail_msg("check: %s", what);
}

static void all_whole(core_fix *x) {
    err e = {0};
    uint64_t blocks;
    OK(series_check(x->core, note_bad, NULL, &blocks, &e));
    assert_int_equal(rows_of(x, true), rows_of(x, false));
}

// Out of levels, exactly, and everything between, with pending points and a tail.
static void shapes_in(core_fix *x) {
    id r = core_fix_run(x, "r").id;
    str key = STR("loss");
    model_set m = {0};
    drawing d;
    log_some(x, r, "loss", 0, 150000, 1, &m);
    pack(x);
    log_some(x, r, "loss", 150000, 150700, 1, &m);
    static const struct {
        int64_t start, end;
        size_t buckets;
    } cases[] = {{0, 150699, 100}, {0, 150699, 290},          {0, 150699, 1000},
                 {0, 150699, 1},   {0, 150699, 20000},        {-50, 200000, 64},
                 {777, 99999, 50}, {777, 99999, 900},         {777, 140001, 500},
                 {149000, 150699, 10},
                 {5, 5, 10},       {INT64_MIN, INT64_MAX, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        draw(x, &d, &r, 1, &key, 1, cases[i].start, cases[i].end, cases[i].buckets);
        assert_int_equal(d.n, 1);
        assert_true(d.line[0].n <= cases[i].buckets);
        check_line(&d.line[0], &m, cases[i].start, cases[i].end, true);
        arena_reset(x->c.a);
    }
    draw(x, &d, &r, 1, &key, 1, 0, 150699, 290); // half as many levels: no block was needed
    assert_true(d.line[0].n >= 145);
    draw(x, &d, &r, 1, &key, 1, 300000, 400000, 10);
    assert_int_equal(d.n, 0);
    all_whole(x);
    set_free(&m);
}

// Late points go to tiers and are merged; every block has its levels all the while.
static void late_in(core_fix *x) {
    id r = core_fix_run(x, "r").id;
    str key = STR("loss");
    model_set m = {0};
    drawing d;
    for (int round = 0; round < 8; round++) {
        log_some(x, r, "loss", round, 120000, 8, &m); // between those that are there
        pack(x);
        all_whole(x);
        draw(x, &d, &r, 1, &key, 1, 0, 120000, 20);
        check_line(&d.line[0], &m, 0, 120000, false);
        arena_reset(x->c.a);
    }
    set_free(&m);
}

// Many runs and keys: lines in the order asked for; what is not there is left out.
static void many_in(core_fix *x) {
    id runs[3];
    static const str keys[] = {STR_K("c"), STR_K("a"), STR_K("none"), STR_K("b")};
    model_set m[3][4] = {{{0}}};
    drawing d;
    err e = {0};
    int64_t start, end;
    bool any;
    for (int r = 0; r < 3; r++) {
        runs[r] = core_fix_run(x, "r").id;
        for (int k = 0; k < 4; k++) {
            if (k == 2 || (r == 1 && k == 3)) continue;
            log_some(x, runs[r], keys[k].p, 10 * r, 3000 * (k + 1), 1, &m[r][k]);
        }
        if (r < 2) pack(x);
    }
    OK(series_extent(&x->c, runs, 3, keys, 4, &start, &end, &any, &e));
    assert_true(any && start == 0 && end == 11999);
    OK(series_extent(&x->c, runs + 2, 1, keys + 2, 1, &start, &end, &any, &e));
    assert_false(any);
    static const str five[] = {STR_K("x"), STR_K("a"), STR_K("y"), STR_K("z"), STR_K("w")};
    OK(series_extent(&x->c, runs + 2, 1, five, 5, &start, &end, &any, &e));
    assert_true(any && start == 20 && end == 5999);
    for (size_t buckets = 5; buckets < 100000; buckets *= 9) { // a transaction and many
        draw(x, &d, runs, 3, keys, 4, 0, 11999, buckets);
        assert_int_equal(d.n, 8);
        size_t i = 0;
        for (int r = 0; r < 3; r++) {
            for (int k = 0; k < 4; k++) {
                if (!m[r][k].n) continue;
                assert_true(id_eq(d.line[i].run, runs[r]) && str_eq(d.line[i].key, keys[k]));
                check_line(&d.line[i++], &m[r][k], 0, 11999, true);
            }
        }
        arena_reset(x->c.a);
    }
    series_charts_query q = {
        .runs = runs, .n_runs = 3, .keys = keys, .n_keys = 4, .end = 100, .buckets = 10};
    d = (drawing){.x = x, .stop_at = 2};
    FAILS(ERR_CANCELLED, series_charts(&x->c, &q, keep, &d, &e));
    assert_int_equal(d.n, 2);
    for (int i = 0; i < 12; i++)
        set_free(&m[i / 4][i % 4]);
}

// ---- by time --------------------------------------------------------------------------------

// What point i of a series is, by how its times go with its steps.
static int64_t even_times(int64_t step) {
    return step * 100;
}
static int64_t slowing(int64_t step) { // a hundred times as far apart at the end
    return step * step / 1000;
}
static int64_t falling(int64_t step) {
    return -step * 7;
}
static int64_t jumping(int64_t step) { // anywhere
    return (int64_t)((uint64_t)step * 2654435761u % 1000003);
}
static int64_t resting(int64_t step) { // many at once, and long pauses
    return step / 500 * 100000;
}

typedef struct course {
    int64_t (*time)(int64_t step);
    int64_t steps; // that there are; behind them they begin anew, with later times. 1: none rise
    bool late;     // a part comes behind the others
} course;

static void log_course(core_fix *x, id r, const course *k, int64_t from, int64_t to,
                       int64_t stride, model_set *m) {
    enum { BATCH = 5000 };
    point *p = mem_alloc(BATCH * sizeof *p);
    while (from < to) {
        size_t n = 0;
        for (; n < BATCH && from < to; from += stride, n++) {
            p[n] = (point){.key = STR("k"),
                           .step = k->steps ? from % k->steps : from,
                           .time_ms = k->time(from),
                           .value = from % 1000 == 7 ? (double)NAN
                                                     : (double)(int64_t)(rnd() % 100000) / 7};
            set_add(m, &p[n]);
        }
        log_points(x, r, p, n);
    }
    free(p);
}

static void check_times(core_fix *x, id r, model_set *m, int64_t start, int64_t end,
                        bool own, size_t buckets) {
    static const str key = STR_K("k");
    drawing d;
    ask(x, &d,
        (series_charts_query){.runs = &r,
                              .n_runs = 1,
                              .keys = &key,
                              .n_keys = 1,
                              .start = start,
                              .end = end,
                              .by = SERIES_BY_TIME,
                              .own_start = own,
                              .own_end = own,
                              .buckets = buckets});
    if (!d.n)
        d.line[0].n = 0;
    else if (own) // its parts begin with its points
        assert_int_equal(d.line[0].buckets[0].start, d.line[0].buckets[0].first.time_ms);
    assert_true(d.line[0].n <= buckets);
    check_line_by(SERIES_BY_TIME, &d.line[0], m, own ? INT64_MIN : start, own ? INT64_MAX : end,
                  true);
    arena_reset(x->c.a);
}

static void check_course(core_fix *x, id r, const course *k, int64_t n, model_set *m) {
    int64_t third = k->time(n / 3), half = k->time(n / 2);
    int64_t start = third < half ? third : half, end = third < half ? half : third;
    static const size_t buckets[] = {1, 20, 300, 20000};
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++) {
        check_times(x, r, m, INT64_MIN, INT64_MAX, true, buckets[i]);
        check_times(x, r, m, start, end, false, buckets[i]);
        check_times(x, r, m, INT64_MIN, start, false, buckets[i]);
        check_times(x, r, m, end, INT64_MAX, false, buckets[i]);
    }
    check_times(x, r, m, start, start, false, 10);
}

static void times_in(core_fix *x) {
    enum { N = 40000 };
    static const course courses[] = {{even_times, 0, false}, {slowing, 0, false},
                                     {falling, 0, false},    {jumping, 0, false},
                                     {resting, 0, false},    {even_times, 1, false},
                                     {slowing, 20000, false}, {slowing, 0, true},
                                     {jumping, 0, true}};
    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++) {
        const course *k = &courses[i];
        id r = core_fix_run(x, "r").id;
        model_set m = {0};
        check_times(x, r, &m, INT64_MIN, INT64_MAX, true, 10); // nothing there
        log_course(x, r, k, 0, 90, 1, &m);
        check_course(x, r, k, 90, &m); // pending
        pack(x);
        check_course(x, r, k, 90, &m); // a tail
        for (int64_t part = 0; part < (k->late ? 3 : 1); part++) {
            log_course(x, r, k, 90 + part, N, k->late ? 3 : 1, &m);
            pack(x);
            check_course(x, r, k, N, &m);
        }
        log_course(x, r, k, N, N + 700, 1, &m);
        check_course(x, r, k, N + 700, &m);
        set_free(&m);
    }
}

// A run that inherits shows times up to its fork only.
static bool fork_in(db_tx *tx, void *arg, err *e) {
    static const db_query fork = {
        "test", "UPDATE run SET fork_run = $2, fork_step = $3 WHERE run = $1", false};
    const id *pair = arg; // the child, and its parent
    db_arg args[] = {DB_ID(pair[0]), DB_ID(pair[1]), DB_I64(9000)};
    return db_change(tx, &fork, args, 3, e) >= 0;
}

static void fork_times_in(core_fix *x) {
    static const course rising = {slowing, 0, false}, not = {jumping, 0, false};
    for (int i = 0; i < 2; i++) {
        const course *k = i ? &not: &rising;
        id runs[2] = {core_fix_run(x, "child").id, core_fix_run(x, "parent").id};
        model_set m = {0}, behind = {0};
        err e = {0};
        log_course(x, runs[1], k, 0, 9001, 1, &m);
        log_course(x, runs[1], k, 9001, 20000, 1, &behind);
        pack(x);
        OK(db_write(core_db(x->core), fork_in, runs, &e));
        check_course(x, runs[0], k, 9000, &m);
        set_free(&m);
        set_free(&behind);
    }
}

// Series from before there were levels are drawn from their blocks; rebuild gives them levels.
static bool forget_in(db_tx *tx, void *arg, err *e) {
    static const db_query none = {"test", "DELETE FROM block_level", false},
                          flag = {"test", "UPDATE series SET flags = flags - 2", false};
    (void)arg;
    return db_change(tx, &none, NULL, 0, e) >= 0 && db_change(tx, &flag, NULL, 0, e) >= 0;
}

static void rebuilt_in(core_fix *x) {
    id r = core_fix_run(x, "r").id;
    str key = STR("loss");
    model_set m = {0};
    drawing d;
    err e = {0};
    uint64_t n;
    log_some(x, r, "loss", 0, 60000, 1, &m);
    pack(x);
    all_whole(x);
    OK(db_write(core_db(x->core), forget_in, NULL, &e));
    draw(x, &d, &r, 1, &key, 1, 0, 59999, 20);
    check_line(&d.line[0], &m, 0, 59999, true);
    assert_int_equal(rows_of(x, true), 0);
    OK(series_rebuild(x->core, &n, &e));
    assert_int_equal(n, rows_of(x, false) + 1);
    all_whole(x);
    OK(series_rebuild(x->core, &n, &e));
    assert_int_equal(n, 0);
    draw(x, &d, &r, 1, &key, 1, 0, 59999, 20);
    check_line(&d.line[0], &m, 0, 59999, true);
    set_free(&m);
}

// What a deleted run held goes with its levels.
typedef struct forgetting {
    int64_t ws;
    id run;
    bool done;
} forgetting;
static bool forget_step(db_tx *tx, void *arg, err *e) {
    forgetting *f = arg;
    return series_forget_step(tx, f->ws, f->run, &f->done, e);
}

static void forgotten_in(core_fix *x) {
    forgetting f = {.ws = x->c.ws, .run = core_fix_run(x, "r").id};
    id other = core_fix_run(x, "other").id;
    err e = {0};
    log_some(x, f.run, "loss", 0, 30000, 1, NULL);
    log_some(x, other, "loss", 0, 9000, 1, NULL);
    pack(x);
    int64_t before = rows_of(x, true);
    while (!f.done)
        OK(db_write(core_db(x->core), forget_step, &f, &e));
    assert_true(rows_of(x, true) > 0 && rows_of(x, true) < before);
    all_whole(x);
}

// ---- columns that came coded ----------------------------------------------------------------

static str even(arena *a, int64_t first, size_t n, const double *v) {
    buf b = BUF_MAX(1 << 20);
    for (int i = 0; i < 2; i++) {
        buf_byte(&b, 0);
        buf_ivar(&b, first * (i + 1));
        buf_ivar(&b, 3);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        buf_u64(&b, bits);
    }
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static void columns_in(core_fix *x) {
    err e = {0};
    id runs[2] = {core_fix_run(x, "a").id, core_fix_run(x, "b").id};
    double v[] = {1.5, (double)NAN, -2.25};
    series_columns s[2] = {{.key = STR("k"), .n = 3, .wide = true},
                           {.key = STR("l"), .n = 1, .wide = true}};
    s[0].columns = even(x->c.a, 5, 3, v);
    s[1].columns = even(x->c.a, -1, 1, v);
    run_entry list[3] = {{.run = runs[0], .batch.n_points = 4},
                         {.run = runs[1], .batch.n_points = 4},
                         {.run = {{1}}, .batch.n_points = 4}};
    for (int i = 0; i < 3; i++)
        OK(series_record_columns(x->c.a, s, 2, &list[i].record, &e));
    size_t wrong;
    FAILS(ERR_NOT_FOUND, run_log_all(&x->c, list, 3, &wrong, &e)); // nothing of it is there
    assert_int_equal(wrong, 2);
    series_summary *sums;
    size_t n;
    OK(series_summaries(&x->c, runs[0], &sums, &n, &e));
    assert_int_equal(n, 0);
    OK(run_log_all(&x->c, list, 2, &wrong, &e));
    model_set m = {0};
    for (int i = 0; i < 3; i++)
        set_add(&m, &(point){.step = 5 + 3 * i, .time_ms = 10 + 3 * i, .value = v[i]});
    for (int packed = 0; packed < 2; packed++) {
        for (int i = 0; i < 2; i++) {
            check_history(x, runs[i], "k", &m, SERIES_BY_STEP, 2);
            check_summary(x, runs[i], "k", &m);
        }
        pack(x);
    }
    set_free(&m);
    str record, good = even(x->c.a, 5, 3, v);
    for (size_t cut = 0; cut < good.n; cut++) { // no prefix is taken for the whole
        s[0].columns = str_upto(good, cut);
        FAILS(ERR_INVALID, series_record_columns(x->c.a, s, 1, &record, &e));
    }
    s[0].columns = good;
    s[0].n = 2;
    FAILS(ERR_INVALID, series_record_columns(x->c.a, s, 1, &record, &e));
    s[0].n = 0;
    FAILS(ERR_INVALID, series_record_columns(x->c.a, s, 1, &record, &e));
}

// ---- levels ---------------------------------------------------------------------------------

static void levels_in(core_fix *x) {
    (void)x;
    enum { N = 2500 };
    static spt p[N];
    static block b;
    err e = {0};
    slevels l;
    for (int i = 0; i < N; i++)
        p[i] = (spt){i * 2, i, rank_of(i < 1024 ? (double)NAN : i * 0.5)};
    buf bytes = BUF_MAX(1 << 20), out = BUF_MAX(1 << 20);
    block_write(&bytes, p, N, SERIES_F64);
    OK(block_open(&b, buf_view(&bytes), &e));
    slevels_put(&out, &b);
    OK(slevels_get(buf_view(&out), SERIES_F64, &l, &e));
    assert_int_equal(l.n, 3);
    assert_int_equal(l.points, N);
    assert_true(l.level[0].nan == 1024 && !l.level[0].sum.ranged && !l.level[1].nan);
    ssum want = sum_of(p + 1024, 1024);
    assert_true(spt_eq(&l.level[1].sum.first, &want.first) &&
                spt_eq(&l.level[1].sum.last, &want.last) && l.level[1].sum.min == want.min &&
                l.level[1].sum.max == want.max);
    log_set_level(LOG_OFF);
    for (size_t i = 0; i < out.n; i++) { // damage at every byte is seen
        out.p[i] ^= 0x10;
        FAILS(ERR_CORRUPT, slevels_get(buf_view(&out), SERIES_F64, &l, &e));
        out.p[i] ^= 0x10;
        FAILS(ERR_CORRUPT, slevels_get(str_n(out.p, i), SERIES_F64, &l, &e));
    }
    log_set_level(LOG_ERROR);
    buf_free(&bytes);
    buf_free(&out);
}

#define ON_A_CORE(name)                                                                        \
    static void name(void **state) {                                                           \
        core_fix x;                                                                            \
        (void)state;                                                                           \
        core_fix_open(&x);                                                                     \
        name##_in(&x);                                                                         \
        core_fix_close(&x);                                                                    \
    }
ON_A_CORE(shapes)
ON_A_CORE(late)
ON_A_CORE(many)
ON_A_CORE(times)
ON_A_CORE(fork_times)
ON_A_CORE(rebuilt)
ON_A_CORE(forgotten)
ON_A_CORE(columns)
ON_A_CORE(levels)

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes),    cmocka_unit_test(late),
                                       cmocka_unit_test(many),      cmocka_unit_test(times), cmocka_unit_test(fork_times), cmocka_unit_test(rebuilt),
                                       cmocka_unit_test(forgotten), cmocka_unit_test(columns),
                                       cmocka_unit_test(levels)};
    return core_fix_main("series charts", tests, sizeof tests / sizeof *tests);
}
