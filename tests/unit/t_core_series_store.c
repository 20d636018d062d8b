// SPDX-License-Identifier: Apache-2.0
// The metric store's edges: forks and cuts, integers, models, damage, steps that are cut short
// or meet, packing beside logging, care, and the plans of its queries.
#include "series_help.h"

#include <stdatomic.h>

static point pt(const char *key, int64_t step, double value) {
    return (point){
        .key = str_of(key), .step = step, .time_ms = 1700000000000 + step * 10, .value = value};
}

// Steps from..to-1 of a key, logged in one batch and put into the model.
static void log_range(core_fix *x, id run_id, const char *key, int64_t from, int64_t to,
                      model_set *m) {
    size_t n = (size_t)(to - from);
    point *p = mem_alloc((n + 1) * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        p[i] = pt(key, from + (int64_t)i, (double)(rnd() % 10000) / 100);
        if (m) set_add(m, &p[i]);
    }
    for (size_t i = 0; i < n; i += 1000)
        log_points(x, run_id, p + i, n - i < 1000 ? n - i : 1000);
    free(p);
}

static void pack(core_fix *x) {
    err e = {0};
    OK(series_pack_all(x->core, &e));
}

// ---- statements of the tests ---------------------------------------------------------------

// Statements are prepared by their address: each text has one.
static const db_query *query_of(const char *sql) {
    static db_query all[64];
    static size_t n;
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(all[i].sql, sql)) return &all[i];
    }
    assert_true(n < 64);
    all[n] = (db_query){"test", sql, false};
    return &all[n++];
}

typedef struct statement {
    const db_query *q;
    db_arg args[4];
    size_t n;
    int64_t changed;
} statement;

static bool run_statement(db_tx *tx, void *arg, err *e) {
    statement *s = arg;
    s->changed = db_change(tx, s->q, s->args, s->n, e);
    return s->changed >= 0;
}

static int64_t change(core_fix *x, const char *sql, db_arg a, db_arg b, size_t n) {
    err e = {0};
    statement s = {.q = query_of(sql), .args = {a, b}, .n = n};
    OK(db_write(core_db(x->core), run_statement, &s, &e));
    return s.changed;
}

typedef struct count_of {
    const db_query *q;
    int64_t n;
} count_of;
static bool run_count(db_tx *tx, void *arg, err *e) {
    count_of *c = arg;
    db_rows *row = NULL;
    int there = db_one(tx, c->q, &row, NULL, 0, e);
    c->n = there == 1 ? db_i64(row, 0) : -1;
    return there >= 0;
}
static int64_t count(core_fix *x, const char *sql) {
    err e = {0};
    count_of c = {.q = query_of(sql)};
    OK(db_read(core_db(x->core), run_count, &c, &e));
    return c.n;
}

// ---- forks and cuts ------------------------------------------------------------------------

static void fork_from(core_fix *x, id child, id parent, int64_t step) {
    err e = {0};
    statement s = {.q = query_of("UPDATE run SET fork_run = $2, fork_step = $3 WHERE run = $1"),
                   .args = {DB_ID(child), DB_ID(parent), DB_I64(step)},
                   .n = 3};
    OK(db_write(core_db(x->core), run_statement, &s, &e));
    assert_int_equal(s.changed, 1);
}

static void add_upto(model_set *to, const model_set *from, int64_t limit) {
    for (size_t i = 0; i < from->n; i++) {
        if (from->p[i].step > limit) continue;
        series_value v = spt_value(from->p[i]);
        point p = {.step = v.step, .time_ms = v.time_ms, .value = v.value};
        set_add(to, &p);
    }
}

static void forks_in(core_fix *x) {
    id a = core_fix_run(x, "a").id, b = core_fix_run(x, "b").id, c = core_fix_run(x, "c").id;
    model_set own[3] = {{0}}, want = {0};
    log_range(x, a, "loss", 0, 20000, &own[0]);
    log_range(x, b, "loss", 12001, 15000, &own[1]);
    pack(x);
    log_range(x, c, "loss", 13001, 13500, &own[2]);
    fork_from(x, b, a, 12000);
    fork_from(x, c, b, 13000);
    // c: its own, b's up to 13,000, a's up to 12,000
    add_upto(&want, &own[2], INT64_MAX);
    add_upto(&want, &own[1], 13000);
    add_upto(&want, &own[0], 12000);
    for (int packed = 0; packed < 2; packed++) {
        check_history(x, c, "loss", &want, SERIES_BY_STEP, 3000);
        check_history(x, c, "loss", &want, SERIES_BY_TIME, 3000);
        check_summary(x, c, "loss", &want);
        check_chart(x, c, "loss", &want, 0, 30000, 77, true);
        model_set *one = &want;
        check_sample(x, &c, &one, 1, "loss", 100, 13200, 333);
        pack(x);
    }
    // a rewind hides what c logged behind a step, and a fork of c sees no more than c does
    change(x, "UPDATE run SET cut_step = $2 WHERE run = $1", DB_ID(c), DB_I64(13100), 2);
    id d = core_fix_run(x, "d").id;
    fork_from(x, d, c, 20000);
    set_free(&want);
    add_upto(&want, &own[2], 13100);
    add_upto(&want, &own[1], 13000);
    add_upto(&want, &own[0], 12000);
    check_history(x, c, "loss", &want, SERIES_BY_STEP, 4000);
    check_summary(x, c, "loss", &want);
    check_history(x, d, "loss", &want, SERIES_BY_STEP, 25000);
    check_summary(x, d, "loss", &want);
    // a circle ends
    fork_from(x, a, d, 5);
    err e = {0};
    series_value *v;
    size_t n;
    OK(series_history(&x->c, a, STR("loss"), SERIES_BY_STEP, NULL, 10, &v, &n, &e));
    assert_int_equal(n, 10);
    for (int i = 0; i < 3; i++)
        set_free(&own[i]);
    set_free(&want);
}

// ---- integers ------------------------------------------------------------------------------

typedef struct append_call {
    core_fix *x;
    id run;
    str record;
} append_call;
static bool append_record(db_tx *tx, void *arg, err *e) {
    append_call *a = arg;
    return series_append(tx, a->x->core, a->x->c.ws, a->run, a->record, e);
}

static void log_ints(core_fix *x, id run_id, const int64_t *v, size_t n, int64_t step,
                     model_set *m) {
    err e = {0};
    point *p = mem_alloc(n * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        p[i] = pt("seen", step + (int64_t)i, (double)v[i]);
        set_add(m, &p[i]);
        memcpy(&p[i].value, &v[i], sizeof v[i]);
    }
    append_call a = {x, run_id, srec_build(x->c.a, p, n, SERIES_I64)};
    OK(db_write(core_db(x->core), append_record, &a, &e));
    free(p);
}

static void integers_in(core_fix *x) {
    id r = core_fix_run(x, "ints").id;
    model_set m = {0};
    int64_t v[600] = {INT64_MIN, INT64_MAX, 0, -1, ((int64_t)1 << 53) + 1, INT64_MAX - 1};
    for (size_t i = 6; i < 600; i++)
        v[i] = (int64_t)i * 1000000007;
    log_ints(x, r, v, 600, 0, &m);
    check_all(x, r, "seen", &m, true);
    pack(x);
    check_all(x, r, "seen", &m, true);
    log_range(x, r, "seen", 500, 1500, &m); // it turns to floats, and overlaps
    check_all(x, r, "seen", &m, false);
    pack(x);
    check_all(x, r, "seen", &m, false);
    assert_int_equal(count(x, "SELECT count(*) FROM series WHERE key = 'seen'"), 2);
    int64_t same[1] = {7}; // an integer and a float that are equal are one point
    point p = pt("seen", 9000, 7);
    log_points(x, r, &p, 1);
    log_ints(x, r, same, 1, 9000, &m);
    check_history(x, r, "seen", &m, SERIES_BY_STEP, 5000);
    pack(x);
    check_history(x, r, "seen", &m, SERIES_BY_TIME, 5000);
    set_free(&m);
}

// ---- models --------------------------------------------------------------------------------

static void models_in(core_fix *x) {
    err e = {0};
    id a = core_fix_run(x, "a").id, b = core_fix_run(x, "b").id;
    id m1 = core_fix_model(x), m2 = core_fix_model(x);
    for (int round = 0; round < 2; round++) { // the second batch is a retry
        for (int i = 0; i < 2; i++) {
            point p[6];
            for (int k = 0; k < 6; k++) {
                p[k] = pt(k % 2 ? "acc" : "loss", k / 2, k);
                p[k].model = k < 4 ? m1 : m2;
                if (k == 3) {
                    p[k].dataset_name = STR("mnist");
                    p[k].dataset_digest = STR("abc");
                }
            }
            log_points(x, i ? b : a, p, 6);
        }
        series_model_point *out;
        size_t n;
        OK(series_of_model(&x->c, m1, 100, &out, &n, &e));
        assert_int_equal(n, 8);
        size_t with_data = 0;
        for (size_t i = 0; i < n; i++) {
            assert_true(id_eq(out[i].run, i < 4 ? a : b));
            with_data += str_is(out[i].dataset_name, "mnist") && out[i].v.value == 3;
        }
        assert_int_equal(with_data, 2);
        OK(series_of_model(&x->c, m1, 3, &out, &n, &e));
        assert_int_equal(n, 3);
        OK(series_of_model(&x->c, m2, 100, &out, &n, &e));
        assert_int_equal(n, 4);
        OK(series_of_model(&x->c, id_new(), 100, &out, &n, &e));
        assert_int_equal(n, 0);
        series_value *v;
        OK(series_history(&x->c, a, STR("acc"), SERIES_BY_STEP, NULL, 100, &v, &n, &e));
        assert_int_equal(n, 3); // a run shows all under the key
        pack(x);
    }
    check_whole(x);
}

// Digests tell series of one key apart, and those have bytes of every value.
static void many_data_sets_in(core_fix *x) {
    enum { N = 2000 };
    err e = {0};
    id r = core_fix_run(x, "many").id, m = core_fix_model(x);
    point *p = ARENA_ARRAY(x->c.a, point, N + 1);
    for (int i = 0; i < N; i++) {
        p[i] = pt("acc", i, i);
        p[i].model = m;
        p[i].dataset_name = arena_printf(x->c.a, "%d", i);
        p[i].dataset_digest = STR("d");
    }
    p[N] = pt("acc", N, N); // of no model
    log_points(x, r, p, N + 1);
    for (int round = 0; round < 2; round++) {
        series_model_point *out;
        size_t n;
        OK(series_of_model(&x->c, m, N + 1, &out, &n, &e));
        assert_int_equal(n, N);
        for (size_t i = 0; i < n; i++)
            assert_true(str_eq(out[i].dataset_name,
                               arena_printf(x->c.a, "%lld", (long long)out[i].v.step)));
        pack(x);
    }
    check_whole(x);
}

// ---- sampling ------------------------------------------------------------------------------

static void steps_are(core_fix *x, const id *runs, size_t n_runs, size_t max,
                      const int64_t *want, size_t n) {
    err e = {0};
    series_interval out[2];
    int64_t got[64];
    size_t k = 0;
    OK(series_sample(&x->c, runs, n_runs, STR("m"), INT64_MIN, INT64_MAX, max, out, &e));
    for (size_t r = 0; r < n_runs; r++) {
        for (size_t i = 0; i < out[r].n; i++)
            got[k++] = out[r].points[i].step;
    }
    k = unique(got, k);
    assert_int_equal(k, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(got[i], want[i]);
}

static void sampling_in(core_fix *x) {
    id r[2] = {core_fix_run(x, "ten").id, core_fix_run(x, "twenty").id};
    log_range(x, r[0], "m", 0, 10, NULL);
    log_range(x, r[1], "m", 0, 20, NULL);
    for (int packed = 0; packed < 2; packed++) {
        steps_are(x, r, 1, 5, (int64_t[]){0, 2, 4, 6, 8, 9}, 6);
        steps_are(x, r, 2, 5, (int64_t[]){0, 4, 8, 9, 12, 16, 19}, 7);
        steps_are(x, r, 1, 10, (int64_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10);
        pack(x);
    }
    model_set m[2] = {{0}};
    model_set *ms[2] = {&m[0], &m[1]};
    log_range(x, r[0], "big", 0, 30000, &m[0]);
    for (int64_t s = 5000; s < 90000; s += 3)
        log_range(x, r[1], "big", s, s + 1, &m[1]), s += 6000;
    log_range(x, r[1], "big", 100, 200, &m[1]);
    for (int packed = 0; packed < 2; packed++) {
        check_sample(x, r, ms, 2, "big", INT64_MIN, INT64_MAX, 250);
        check_sample(x, r, ms, 2, "big", 150, 6000, 40);
        check_sample(x, r, ms, 2, "big", 95000, 96000, 40);
        pack(x);
    }
    set_free(&m[0]);
    set_free(&m[1]);
}

// ---- steps that are cut short, or meet -----------------------------------------------------

static void interrupted_in(core_fix *x) {
    err e = {0};
    size_t n;
    id r = core_fix_run(x, "r").id;
    model_set m = {0};
    log_range(x, r, "loss", 0, 9000, &m);
    pack_step *killed = pack_step_new(core_db(x->core), true);
    OK(pack_step_read(killed, &e)); // and never written
    pack_step_free(killed);
    check_all(x, r, "loss", &m, true);

    for (int again = 0; again < 2; again++) { // the first time for the run, and later
        pack_step *slow = pack_step_new(core_db(x->core), true);
        OK(pack_step_read(slow, &e));
        pack(x); // another server was faster
        log_range(x, r, "loss", 9000 + again * 500, 9500 + again * 500, &m);
        FAILS(ERR_CONFLICT, pack_step_write(slow, &n, &e));
        pack_step_free(slow);
        check_all(x, r, "loss", &m, true);
    }
    pack_step *slow = pack_step_new(core_db(x->core), true);
    OK(pack_step_read(slow, &e));
    log_range(x, r, "loss", 20000, 20100, &m); // what it has not read stays
    OK(pack_step_write(slow, &n, &e));
    assert_true(n > 0);
    pack_step_free(slow);
    check_all(x, r, "loss", &m, true);
    set_free(&m);
}

static void due_in(core_fix *x) {
    err e = {0};
    id quiet = core_fix_run(x, "quiet").id, busy = core_fix_run(x, "busy").id;
    log_range(x, busy, "loss", 0, 132000, NULL);
    log_range(x, quiet, "loss", 0, 10, NULL); // last: it is young however long that took
    pack_step *s = pack_step_new(core_db(x->core), false);
    size_t n;
    OK(pack_step_run(s, &n, &e));
    assert_int_equal(n, 132);        // enough of them; the quiet one may wait
    assert_int_equal(s->waiting, 1); // its one record
    assert_true(s->end);
    pack_step_free(s);
}

// ---- beside logging ------------------------------------------------------------------------

enum { WRITERS = 3, WRITER_BATCHES = 60 };
typedef struct writer {
    core_fix *x;
    id run;
    int number;
    model_set m;
    atomic_bool *stop;
} writer;

static void *write_points(void *arg) {
    writer *w = arg;
    err e = {0};
    ctx c = w->x->c;
    c.a = arena_new();
    for (int i = 0; i < WRITER_BATCHES; i++) {
        point p[200];
        for (int k = 0; k < 200; k++) {
            p[k] = pt(w->number ? "loss" : "late", i * 200 + k, w->number + k);
            if (!w->number) p[k].step = (p[k].step * 7919) % 20011;
        }
        run_batch b = {.points = p, .n_points = 200};
        for (int k = 0; k < 200; k++)
            set_add(&w->m, &p[k]);
        BUG_ON(!run_log(&c, w->run, &b, &e));
        arena_reset(c.a);
    }
    arena_free(c.a);
    return NULL;
}

// What was read once is there for good.
static void *read_points(void *arg) {
    writer *w = arg;
    err e = {0};
    ctx c = w->x->c;
    c.a = arena_new();
    size_t before = 0;
    while (!atomic_load(w->stop)) {
        series_value *v;
        series_summary *s;
        size_t n, k;
        BUG_ON(
            !series_history(&c, w->run, STR("loss"), SERIES_BY_STEP, NULL, 100000, &v, &n, &e));
        BUG_ON(n < before);
        BUG_ON(!series_summaries(&c, w->run, &s, &k, &e));
        before = n;
        arena_reset(c.a);
    }
    arena_free(c.a);
    return NULL;
}

static void beside_logging_in(core_fix *x) {
    err e = {0};
    pthread_t t[WRITERS], reader;
    writer w[WRITERS], watch;
    atomic_bool stop = false;
    id shared = core_fix_run(x, "shared").id;
    for (int i = 0; i < WRITERS; i++)
        w[i] = (writer){.x = x, .run = shared, .number = i};
    watch = (writer){.x = x, .run = shared, .stop = &stop};
    thread_start(&reader, "reader", 1 << 20, true, read_points, &watch);
    for (int i = 0; i < WRITERS; i++)
        thread_start(&t[i], "writer", 1 << 20, true, write_points, &w[i]);
    for (int i = 0; i < 30; i++) { // while they log, packed again and again
        series_packer *p = i % 10 ? NULL : series_packer_start(x->core);
        pack(x);
        if (p) series_packer_stop(p);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(t[i], NULL);
    atomic_store(&stop, true);
    pthread_join(reader, NULL);
    add_upto(&w[1].m, &w[2].m, INT64_MAX);
    check_all(x, shared, "loss", &w[1].m, false);
    check_all(x, shared, "late", &w[0].m, false);
    OK(series_pack_all(x->core, &e));
    check_all(x, shared, "loss", &w[1].m, false);
    check_all(x, shared, "late", &w[0].m, false);
    for (int i = 0; i < WRITERS; i++)
        set_free(&w[i].m);
}

// The thread itself packs what is old enough.
static void packer_in(core_fix *x) {
    id r = core_fix_run(x, "r").id;
    series_packer *p = series_packer_start(x->core);
    log_range(x, r, "loss", 0, 5, NULL);
    int64_t until = clock_mono_us() + 20000000;
    while (count(x, "SELECT count(*) FROM point_log") && clock_mono_us() < until)
        usleep(50000);
    assert_int_equal(count(x, "SELECT count(*) FROM point_log"), 0);
    assert_int_equal(count(x, "SELECT count(*) FROM series"), 1);
    series_packer_stop(p);
}

// ---- many runs -----------------------------------------------------------------------------

static void many_runs_in(core_fix *x) {
    enum { RUNS = 150 };
    id r[RUNS];
    for (int i = 0; i < RUNS; i++) {
        r[i] = core_fix_run(x, "r").id;
        for (int k = 0; k < 5; k++)
            core_fix_log(x, r[i], k % 2 ? "a" : "b", k, i);
    }
    pack(x);
    assert_int_equal(count(x, "SELECT count(*) FROM point_log"), 0);
    assert_int_equal(count(x, "SELECT count(*) FROM block"), 0); // all in tails
    assert_int_equal(count(x, "SELECT count(*) FROM series"), 2 * RUNS);
    for (int i = 0; i < RUNS; i++) {
        err e = {0};
        series_value *v;
        size_t n;
        OK(series_history(&x->c, r[i], STR("b"), SERIES_BY_TIME, NULL, 10, &v, &n, &e));
        assert_int_equal(n, 3);
        assert_true(v[2].step == 4 && v[2].value == i);
    }
    check_whole(x);
}

// ---- damage --------------------------------------------------------------------------------

typedef struct found {
    size_t n;
    char last[300];
} found;
static void note(void *arg, id run_id, const char *what) {
    found *f = arg;
    (void)run_id;
    f->n++;
    snprintf(f->last, sizeof f->last, "%s", what);
}
static found check_found(core_fix *x) {
    err e = {0};
    found f = {0};
    uint64_t blocks;
    OK(series_check(x->core, note, &f, &blocks, &e));
    return f;
}

static size_t points_of_key(core_fix *x, id r, const char *key, series_order o) {
    err e = {0};
    series_value *v;
    series_bucket *b;
    series_interval s;
    size_t n, k;
    OK(series_history(&x->c, r, str_of(key), o, NULL, 500000, &v, &n, &e));
    OK(series_chart(&x->c, r, str_of(key), INT64_MIN, INT64_MAX, 10, &b, &k, &e));
    OK(series_sample(&x->c, &r, 1, str_of(key), INT64_MIN, INT64_MAX, 10, &s, &e));
    arena_reset(x->c.a);
    return n;
}

static void damage_in(core_fix *x) {
    id r = core_fix_run(x, "r").id;
    str junk = STR("\1 this is no block at all, and no record");
    log_points(x, r, (point[]){pt("tail", 1, 1)}, 1);
    log_range(x, r, "loss", 0, 30000, NULL);
    pack(x);
    log_points(x, r, (point[]){pt("tail", 2, 2)}, 1);
    log_points(x, r, (point[]){pt("tail", 3, 3)}, 1);
    assert_int_equal(check_found(x).n, 0);
    int64_t before = METRIC_GET(corrupt_total);
    log_set_level(LOG_OFF);

    int64_t lost = count(x, "SELECT min(n) FROM block WHERE first_step > 0 AND n > 1000");
    assert_int_equal(change(x, "UPDATE block SET data = $1 WHERE n = $2 AND first_step > 0",
                            DB_BLOB(junk), DB_I64(lost), 2),
                     1);
    assert_int_equal(points_of_key(x, r, "loss", SERIES_BY_STEP), 30000 - lost);
    assert_int_equal(points_of_key(x, r, "loss", SERIES_BY_TIME), 30000 - lost);
    assert_true(METRIC_GET(corrupt_total) > before);
    assert_int_equal(check_found(x).n, 1);

    // a damaged record stays, the others are packed
    change(x,
           "UPDATE point_log SET data = $1 WHERE seq = (SELECT seq FROM point_log ORDER BY seq "
           "LIMIT 1)",
           DB_BLOB(junk), DB_NULL, 1);
    assert_int_equal(points_of_key(x, r, "tail", SERIES_BY_STEP), 2);
    pack(x);
    assert_int_equal(count(x, "SELECT count(*) FROM point_log"), 1);
    assert_int_equal(points_of_key(x, r, "tail", SERIES_BY_STEP), 2);
    assert_int_equal(check_found(x).n, 2);

    // a damaged tail is kept aside when the series goes on
    assert_int_equal(
        change(x, "UPDATE series SET tail = $1 WHERE key = 'tail'", DB_BLOB(junk), DB_NULL, 1),
        1);
    assert_int_equal(points_of_key(x, r, "tail", SERIES_BY_STEP), 0);
    assert_int_equal(check_found(x).n, 3);
    log_points(x, r, (point[]){pt("tail", 4, 4)}, 1);
    pack(x);
    assert_int_equal(points_of_key(x, r, "tail", SERIES_BY_STEP), 1);
    assert_int_equal(points_of_key(x, r, "tail", SERIES_BY_TIME), 1);
    assert_int_equal(check_found(x).n, 3);

    // late points around the damaged block: it is left as it is
    for (int64_t s = 0; s < 30000; s += 100)
        log_points(x, r, (point[]){pt("loss", s, -1)}, 1);
    pack(x);
    assert_int_equal(points_of_key(x, r, "loss", SERIES_BY_STEP), 30000 - lost + 300);
    assert_int_equal(check_found(x).n, 3);
    log_set_level(LOG_ERROR);
}

static void summaries_anew_in(core_fix *x) {
    err e = {0};
    uint64_t n;
    size_t packed;
    id r = core_fix_run(x, "r").id;
    model_set m = {0};
    log_range(x, r, "loss", 0, 10000, &m);
    log_range(x, r, "acc", 0, 10, NULL);
    pack(x);
    OK(series_rebuild(x->core, &n, &e));
    assert_int_equal(n, 0);
    change(x,
           "UPDATE series SET summary = (SELECT summary FROM series WHERE key = 'acc')"
           " WHERE key = 'loss'",
           DB_NULL, DB_NULL, 0);
    assert_int_equal(check_found(x).n, 1);
    log_range(x, r, "loss", 10000, 10010, &m);
    pack_step *slow = pack_step_new(core_db(x->core), true);
    OK(pack_step_read(slow, &e));
    OK(series_rebuild(x->core, &n, &e));
    assert_int_equal(n, 1);
    FAILS(ERR_CONFLICT, pack_step_write(slow, &packed, &e)); // it had read the wrong one
    pack_step_free(slow);
    check_all(x, r, "loss", &m, true);
    change(x, "UPDATE series SET summary = $1 WHERE key = 'loss'", DB_BLOB(STR("x")), DB_NULL,
           1);
    OK(series_rebuild(x->core, &n, &e));
    assert_int_equal(n, 1);
    check_all(x, r, "loss", &m, true);
    set_free(&m);
}

// ---- rows that are refused ------------------------------------------------------------------

// A record that can not become rows is not taken; one that came otherwise keeps nobody waiting.
static void refused_in(core_fix *x) {
    err e = {0};
    id bad = core_fix_run(x, "bad").id, good = core_fix_run(x, "good").id;
    str head, data;
    point p = pt("acc", 1, 1);
    p.dataset_name = STR("\xff");
    arena *own = arena_new(); // logging resets the other
    append_call a = {x, bad, series_record(own, &p, 1)};
    assert_false(db_write(core_db(x->core), append_record, &a, &e));
    assert_int_equal(e.code, ERR_INVALID);
    e = (err){0};
    log_points(x, bad, (point[]){pt("acc", 1, 1)}, 1);
    log_points(x, good, (point[]){pt("acc", 2, 2)}, 1);
    assert_true(srec_split(a.record, &head, &data));
    assert_int_equal(change(x,
                            "UPDATE point_log SET head = $1, data = $2 WHERE seq = (SELECT "
                            "seq FROM point_log ORDER BY seq LIMIT 1)",
                            DB_BLOB(head), DB_BLOB(data), 2),
                     1);
    arena_free(own);
    log_set_level(LOG_OFF);
    pack(x);
    log_set_level(LOG_ERROR);
    assert_int_equal(count(x, "SELECT count(*) FROM point_log"), 1);
    assert_int_equal(count(x, "SELECT count(*) FROM series"), 1);
    assert_int_equal(points_of_key(x, good, "acc", SERIES_BY_STEP), 1);
    assert_int_equal(points_of_key(x, bad, "acc", SERIES_BY_STEP), 1);
}

// ---- removing ------------------------------------------------------------------------------

typedef struct forget_call {
    core_fix *x;
    id run;
    bool done;
} forget_call;
static bool forget(db_tx *tx, void *arg, err *e) {
    forget_call *f = arg;
    return series_forget_step(tx, f->x->c.ws, f->run, &f->done, e);
}

static void removing_in(core_fix *x) {
    err e = {0};
    size_t n;
    id gone = core_fix_run(x, "gone").id, stays = core_fix_run(x, "stays").id;
    model_set m = {0};
    for (int i = 0; i < 200; i++) {
        char key[20];
        snprintf(key, sizeof key, "key%d", i);
        point p = pt(key, i, i);
        p.model = core_fix_model(x);
        log_points(x, gone, &p, 1);
    }
    log_range(x, gone, "loss", 0, 20000, NULL);
    log_range(x, stays, "loss", 0, 2000, &m);
    pack(x);
    log_range(x, gone, "more", 0, 100000, NULL);
    pack_step *slow = pack_step_new(core_db(x->core), true);
    OK(pack_step_read(slow, &e));
    forget_call f = {.x = x, .run = gone};
    int steps = 0;
    while (!f.done) {
        OK(db_write(core_db(x->core), forget, &f, &e));
        assert_true(++steps < 100);
    }
    assert_true(steps > 3);
    FAILS(ERR_CONFLICT, pack_step_write(slow, &n, &e)); // it may not come back
    pack_step_free(slow);
    assert_int_equal(count(x, "SELECT count(*) FROM point_log"), 0);
    assert_int_equal(count(x, "SELECT count(*) FROM series"), 1);
    assert_int_equal(count(x, "SELECT count(*) FROM series_run"), 1);
    assert_int_equal(count(x, "SELECT count(*) FROM model_run"), 0);
    check_all(x, stays, "loss", &m, true);
    set_free(&m);
}

// ---- plans
// -----------------------------------------------------------------------------------

static void plans_in(core_fix *x) {
    static const db_query all[] = {SERIES_SQL(SQL_ROW)};
    core_fix_no_scans(x, all, sizeof all / sizeof *all, "TEMP B-TREE");
}

#define TESTS(X)                                                                               \
    X(forks)                                                                                   \
    X(integers)                                                                                \
    X(models)                                                                                  \
    X(many_data_sets)                                                                          \
    X(sampling)                                                                                \
    X(interrupted)                                                                             \
    X(due)                                                                                     \
    X(beside_logging)                                                                          \
    X(packer)                                                                                  \
    X(many_runs)                                                                               \
    X(damage)                                                                                  \
    X(refused)                                                                                 \
    X(summaries_anew)                                                                          \
    X(removing)                                                                                \
    X(plans)
#define TEST_FUNCTION(name)                                                                    \
    static void name(void **state) {                                                           \
        (void)state;                                                                           \
        core_fix_with(name##_in);                                                              \
    }
#define TEST_ROW(name) cmocka_unit_test(name),
TESTS(TEST_FUNCTION)

int main(void) {
    static const struct CMUnitTest tests[] = {TESTS(TEST_ROW)};
    return core_fix_main("core_series_store", tests, sizeof tests / sizeof *tests);
}
