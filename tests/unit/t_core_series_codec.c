// SPDX-License-Identifier: Apache-2.0
// The pure codec of the metric store: ranks, columns, records and blocks; golden bytes (what is
// on somebody's disk must stay readable: these never change, a new version gets its own), and
// damage at every byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "core/series_internal.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t seed = 88172645463325252u;
static uint64_t rnd(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void ranks(void **state) {
    (void)state;
    static const double v[] = {-INFINITY, -DBL_MAX, -1.5, -DBL_MIN, -5e-324, -0.0,    NAN, 0.0,
                               5e-324,    DBL_MIN,  1,    1.5,      DBL_MAX, INFINITY};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        double back = rank_value(rank_of(v[i]));
        if (i) assert_true(rank_of(v[i - 1]) < rank_of(v[i]));
        assert_true(v[i] != v[i] ? back != back : !memcmp(&back, &v[i], sizeof back));
    }
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = rnd();
        double d;
        memcpy(&d, &bits, sizeof d);
        double back = rank_value(rank_of(d));
        assert_true(d != d ? back != back : !memcmp(&back, &d, sizeof d));
        assert_int_equal(rank_of(back), rank_of(d));
        rank_value((int64_t)bits); // any integer is some double
    }
    assert_int_equal(rank_of(rank_value(INT64_MAX)), RANK_NAN);
    assert_int_equal(rank_of(rank_value(INT64_MIN)), RANK_NAN);
}

// ---- columns -------------------------------------------------------------------------------

static void column_is(const int64_t *v, size_t n, int64_t slope, size_t at) {
    col c = col_plan(v, n, slope, at);
    size_t bytes = col_bytes(&c, n);
    uint8_t *p = malloc(bytes + 1); // exactly, so that the sanitizer sees a read behind it
    int64_t out[MINI];
    col_write(&c, v, n, slope, at, p);
    for (size_t room = 0; room < 40; room += 13) {
        uint8_t *roomy = malloc(bytes + room + 1);
        memcpy(roomy, p, bytes);
        col_read(&c, roomy, roomy + bytes + room, n, slope, at, out);
        assert_memory_equal(out, v, n * sizeof *v);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(col_get(&c, roomy, roomy + bytes + room, n, slope, at, i), v[i]);
        free(roomy);
    }
    free(p);
}

static void columns(void **state) {
    (void)state;
    int64_t v[MINI];
    for (unsigned width = 0; width <= 64; width++) {
        for (int kind = 0; kind < 4; kind++) {
            size_t n = 1 + rnd() % MINI;
            uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1, sum = rnd();
            for (size_t i = 0; i < n; i++) {
                sum += rnd() & mask;
                v[i] = (int64_t)(kind == 0   ? rnd() & mask
                                 : kind == 1 ? (rnd() & mask) - ((uint64_t)1 << 63)
                                 : kind == 2 ? sum
                                             : sum - (mask / 2) * i);
            }
            column_is(v, n, 0, 0);
            column_is(v, n, (int64_t)rnd(), 64 * (rnd() % 128));
        }
    }
    for (size_t i = 0; i < MINI; i++)
        v[i] = (int64_t)i % 2 ? INT64_MIN : INT64_MAX;
    column_is(v, MINI, 0, 0);
    column_is(v, MINI, INT64_MIN, 64);
    for (size_t i = 0; i < MINI; i++)
        v[i] = 1000 + (int64_t)i * 7;
    assert_int_equal(col_plan(v, MINI, 7 << 16, 0).width, 0); // a progression is free
}

static void kind_is(const double *v, size_t n, uint8_t want) {
    int64_t val[MINI], code[MINI];
    uint8_t kind;
    for (size_t i = 0; i < n; i++)
        val[i] = rank_of(v[i]);
    val_plan(val, n, SERIES_F64, code, &kind);
    assert_int_equal(kind, want);
    val_decode(code, n, kind);
    assert_memory_equal(code, val, n * sizeof *val);
}

static void values(void **state) {
    (void)state;
    kind_is((double[]){0.1, 0.25, 12.375, 99.999}, 4, VAL_DEC + 3);
    kind_is((double[]){1, 2, 1000, 70000}, 4, VAL_DEC);
    kind_is((double[]){(double)0.1f, (double)0.2f, (double)0.3f}, 3, VAL_F32);
    kind_is((double[]){0.1f, -0.0, NAN, INFINITY}, 4, VAL_F32);
    kind_is((double[]){1.0 / 3, 2.0 / 3, 0.1}, 3, VAL_RANK);
    kind_is((double[]){1e300, 1e-300}, 2, VAL_RANK);
    kind_is((double[]){0.1, -0.0}, 2, VAL_RANK); // a decimal has no minus zero
    kind_is((double[]){5, 5, 5}, 3, VAL_RANK);   // nothing to code at all
}

// ---- sorting -------------------------------------------------------------------------------

static int by_cmp(const void *a, const void *b) {
    return spt_cmp(a, b);
}

static void sorting(void **state) {
    (void)state;
    enum { MOST = 5000 };
    static spt p[MOST], q[MOST], scratch[MOST];
    for (int round = 0; round < 300; round++) {
        size_t n = rnd() % (round % 10 ? 200 : MOST), k = 0;
        for (size_t i = 0; i < n; i++) {
            int64_t step = round % 3 ? (int64_t)(rnd() % 50) : (int64_t)i;
            if (round % 3 == 2) step = (int64_t)(i % 100);
            q[i] = p[i] = (spt){step, (int64_t)(rnd() % 3), (int64_t)(rnd() % 3)};
        }
        if (n) qsort(q, n, sizeof *q, by_cmp);
        for (size_t i = 0; i < n; i++) {
            if (!k || !spt_eq(&q[k - 1], &q[i])) q[k++] = q[i];
        }
        assert_int_equal(spt_sort(p, n, scratch, spt_cmp), k);
        if (k) assert_memory_equal(p, q, k * sizeof *p);
    }
}

// ---- blocks --------------------------------------------------------------------------------

static block b;
static spt out[BLOCK_MAX];

static void block_is(const spt *p, size_t n, int type) {
    err e = {0};
    buf bytes = BUF_MAX(1 << 20);
    block_write(&bytes, p, n, type);
    uint8_t *exact = malloc(bytes.n);
    memcpy(exact, bytes.p, bytes.n);
    if (!block_open(&b, str_n(exact, bytes.n), &e)) fail_msg("%s", e.msg);
    assert_int_equal(b.n, n);
    block_all(&b, out);
    assert_memory_equal(out, p, n * sizeof *p);
    for (int i = 0; i < 50; i++) {
        size_t at = rnd() % n, to = at + 1 + rnd() % (n - at);
        spt x = block_at(&b, at);
        assert_true(spt_eq(&x, &p[at]));
        size_t lower = block_lower(&b, SERIES_BY_STEP, p[at].step);
        assert_true(p[lower].step == p[at].step && (!lower || p[lower - 1].step < p[at].step));
        ssum want = {0};
        uint64_t nan = 0;
        for (size_t k = at; k < to; k++) {
            ssum_add(&want, &p[k], type);
            nan += type == SERIES_F64 && p[k].val == RANK_NAN;
        }
        int64_t min, max;
        assert_int_equal(block_range(&b, at, to, &min, &max), want.ranged);
        if (want.ranged) assert_true(min == want.min && max == want.max);
        assert_int_equal(block_nans(&b, at, to), nan);
    }
    assert_int_equal(
        block_lower(&b, SERIES_BY_STEP, p[n - 1].step == INT64_MAX ? INT64_MAX : p[n - 1].step + 1),
        p[n - 1].step == INT64_MAX ? block_lower(&b, SERIES_BY_STEP, INT64_MAX) : n);
    free(exact);
    buf_free(&bytes);
}

static void blocks(void **state) {
    (void)state;
    static spt p[BLOCK_MAX], scratch[BLOCK_MAX];
    static const size_t sizes[] = {1, 2, 63, 64, 65, 128, 4095, 4096, 4097, 8191, 8192};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        for (int kind = 0; kind < 6; kind++) {
            for (size_t i = 0; i < sizes[k]; i++) {
                int64_t s = (int64_t)i;
                spt *x = &p[i];
                if (kind == 0) *x = (spt){s, 1000 * s, rank_of((double)s / 10)};
                if (kind == 1)
                    *x = (spt){s * 3, 1000 * s + (int64_t)(rnd() % 40), (int64_t)rnd()};
                if (kind == 2) *x = (spt){(int64_t)rnd(), (int64_t)rnd(), rank_of(NAN)};
                if (kind == 3)
                    *x = (spt){7, s, rnd() % 5 ? rank_of((double)(float)rnd()) : RANK_NAN};
                if (kind == 4) *x = (spt){INT64_MIN + s, INT64_MAX - s, rank_of(INFINITY)};
                if (kind == 5)
                    *x = (spt){s % 2 ? INT64_MAX : INT64_MIN, s, s > 100 ? RANK_NAN : s};
            }
            size_t n = spt_sort(p, sizes[k], scratch, spt_cmp);
            block_is(p, n, kind == 1 ? SERIES_I64 : SERIES_F64);
        }
    }
}

static void size_of_a_point(void **state) {
    (void)state;
    static spt p[BLOCK_MAX];
    for (size_t i = 0; i < BLOCK_MAX; i++) {
        double noise = 0;
        for (int k = 0; k < 12; k++)
            noise += (double)(rnd() >> 11) / 9007199254740992.0;
        float v = (float)((2.3 / (1 + (double)i / 5000) + 0.2) * (1 + 0.01 * (noise - 6)));
        p[i] = (spt){(int64_t)i, 1700000000000 + (int64_t)i * 1000 + (int64_t)(rnd() % 41) - 20,
                     rank_of((double)v)};
    }
    buf bytes = BUF_MAX(1 << 20);
    block_write(&bytes, p, BLOCK_MAX, SERIES_F64);
    assert_true(bytes.n * 10 < 34 * BLOCK_MAX); // float32 values, 1 % noise, 20 ms of jitter
    buf_free(&bytes);
    for (size_t i = 0; i < BLOCK_MAX; i++)
        p[i] = (spt){(int64_t)i, (int64_t)i * 1000, rank_of(0.5)};
    block_write(&bytes, p, BLOCK_MAX, SERIES_F64);
    assert_true(bytes.n * 5 < BLOCK_MAX);
    buf_free(&bytes);
}

// Whatever byte is hit, the block is refused; with the CRC put right nothing is read out of
// bounds (the sanitizer watches; the fuzzers go on from here).
static void damaged_blocks(void **state) {
    (void)state;
    spt p[200];
    err e = {0};
    for (int64_t i = 0; i < 200; i++)
        p[i] = (spt){i, i * 1000 + (int64_t)(rnd() % 9), rank_of((double)(i % 17) / 10)};
    buf bytes = BUF_MAX(1 << 20);
    block_write(&bytes, p, 200, SERIES_F64);
    for (size_t i = 0; i < bytes.n; i++) {
        bytes.p[i] ^= (char)(1 << rnd() % 8);
        char was = bytes.p[i];
        e = (err){0};
        assert_false(block_open(&b, buf_view(&bytes), &e));
        assert_int_equal(e.code, ERR_CORRUPT);
        for (int bit = 0; bit < 8; bit++) {
            bytes.p[i] = (char)(was ^ 1 << bit);
            if (block_open(&b, buf_view(&bytes), &e)) break; // it is whole again
        }
        assert_int_equal(b.n, 200);
    }
    for (size_t n = 0; n < bytes.n; n++)
        assert_false(block_open(&b, str_n(bytes.p, n), &e));
    assert_true(block_open(&b, buf_view(&bytes), &e));
    buf_free(&bytes);
}

// ---- golden bytes --------------------------------------------------------------------------

static void bytes_are(str got, const char *want) {
    static char hex[8192];
    for (size_t i = 0; i < got.n && i < sizeof hex / 2 - 1; i++)
        snprintf(hex + 2 * i, 3, "%02x", (uint8_t)got.p[i]);
    assert_string_equal(hex, want);
}

static const char golden_block[] =
    "010901217b01014600010a8080508080c03e0101000780a0abfef96242808080f807000301010007"
    "005a818080f80700030000244992244992244992244992244992240000403333a399999999990000"
    "403333a399999999990000403333a399999999990000403333a399999999990000403333a3999999"
    "99990000403333a399999999990000403333a399999999990000403333a399999999990000403333"
    "a399999999990000403333a399999999990000403333a399999999990000403333a3999999999900"
    "00403333a399999999990000403333a399999999990000403333a399999999990000403333a39999"
    "9999994902010080bf3333e30f0000009c9999fe010080bf3333e30f";
static const char golden_tail[] =
    "0153826f2a02010100000100000000ffffffffffffffffff0100feffffffffffffffff0100090000";
static const char golden_record[] =
    "5b000000017cd1fa780503046c6f737303616363056d6e697374031100440307a01f0000803e0c06"
    "0000c07f0000003f160101150102d00f9a9999999999b93f0f1d01ab000000000000000000000000"
    "0000000201550104a01f000000800b1c9825260102020b01d00fd60f050000003f0000c07f000080"
    "3e00020000d00f009a9999999999b93f00040000a01f0000000080";

static void golden(void **state) {
    (void)state;
    spt p[70];
    buf bytes = BUF_MAX(1 << 20);
    for (int64_t i = 0; i < 70; i++) {
        p[i] = (spt){i * 10, 1700000000000 + i * 1000 + i % 3,
                     i == 66 ? RANK_NAN : rank_of((double)(float)(1 + 0.1 * (double)(i % 4)))};
    }
    block_write(&bytes, p, 70, SERIES_F64);
    bytes_are(buf_view(&bytes), golden_block);
    block_is(p, 70, SERIES_F64);
    buf_clear(&bytes);
    block_write(&bytes, &(spt){INT64_MIN, INT64_MAX, -5}, 1, SERIES_I64);
    bytes_are(buf_view(&bytes), golden_tail);
    buf_free(&bytes);

    arena *a = arena_new();
    point q[5] = {{.key = STR("loss"), .step = 1, .time_ms = 1000, .value = 0.5},
                  {.key = STR("acc"), .step = 1, .time_ms = 1000, .value = 0.1},
                  {.key = STR("loss"), .step = 2, .time_ms = 2003, .value = NAN},
                  {.key = STR("acc"), .step = 2, .time_ms = 2000, .value = -0.0},
                  {.key = STR("loss"), .step = -4, .time_ms = 2000, .value = 0.25}};
    q[3].dataset_name = STR("mnist");
    q[3].dataset_digest = STR("acc");
    q[3].model.b[0] = 0xab;
    bytes_are(series_record(a, q, 5), golden_record);
    arena_free(a);
}

// ---- records -------------------------------------------------------------------------------

static void records(void **state) {
    (void)state;
    enum { MOST = 3000 };
    static point p[MOST];
    static char keys[40][20];
    arena *a = arena_new();
    for (int i = 0; i < 40; i++)
        snprintf(keys[i], sizeof keys[i], "key/%d", i);
    for (int round = 0; round < 60; round++) {
        size_t n = 1 + rnd() % (round % 5 ? 300 : MOST), n_keys = 1 + rnd() % 40;
        for (size_t i = 0; i < n; i++) {
            size_t k = round % 2 ? i % n_keys : rnd() % n_keys;
            uint64_t bits = rnd();
            double v = round % 3 ? (double)(float)(bits % 1000) / 8 : 0;
            if (!(round % 3)) memcpy(&v, &bits, sizeof v);
            p[i] = (point){.key = str_of(keys[k]),
                           .step = round % 4 ? (int64_t)(i / n_keys) : (int64_t)rnd(),
                           .time_ms = round % 4 ? (int64_t)(i * 100) : (int64_t)rnd(),
                           .value = v};
            if (round % 7 == 0) p[i].model.b[3] = (uint8_t)(rnd() % 3);
        }
        str head, data;
        srec r;
        err e = {0};
        assert_true(srec_split(series_record(a, p, n), &head, &data));
        assert_true(srec_open(&r, a, head, (str){0}, &e)); // the head alone
        assert_int_equal(r.n, n);
        assert_true(srec_open(&r, a, head, data, &e));
        size_t seen = 0;
        for (size_t s = 0; s < r.n_series; s++) {
            spt *got = malloc(r.series[s].sum.count * sizeof *got);
            assert_true(srec_points(&r.series[s], got, &e));
            for (size_t i = 0, k = 0; i < n; i++) {
                if (!str_eq(p[i].key, r.series[s].key) || !id_eq(p[i].model, r.series[s].model))
                    continue;
                spt want = {p[i].step, p[i].time_ms, rank_of(p[i].value)};
                assert_true(spt_eq(&got[k++], &want));
                seen++;
            }
            free(got);
        }
        assert_int_equal(seen, n);
        arena_reset(a);
    }
    arena_free(a);
}

static void damaged_records(void **state) {
    (void)state;
    arena *a = arena_new();
    point p[60];
    str head, data;
    srec r;
    err e = {0};
    for (int i = 0; i < 60; i++)
        p[i] = (point){
            .key = i % 2 ? STR("a") : STR("b"), .step = i / 2, .time_ms = i * 37, .value = i};
    str record = series_record(a, p, 60);
    assert_true(srec_split(record, &head, &data));
    char *h = arena_cstr(a, head), *d = arena_cstr(a, data);
    for (size_t i = 0; i < head.n; i++) {
        h[i] ^= 4;
        assert_false(srec_open(&r, a, str_n(h, head.n), str_n(d, data.n), &e));
        h[i] ^= 4;
    }
    for (size_t i = 0; i < data.n; i++) {
        d[i] ^= 4;
        assert_false(srec_open(&r, a, str_n(h, head.n), str_n(d, data.n), &e));
        assert_int_equal(e.code, ERR_CORRUPT);
        d[i] ^= 4;
    }
    for (size_t n = 0; n < record.n; n++) {
        if (srec_split(str_n(record.p, n), &head, &data))
            assert_false(srec_open(&r, a, head, data, &e));
    }
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks),          cmocka_unit_test(columns),
        cmocka_unit_test(values),         cmocka_unit_test(sorting),
        cmocka_unit_test(blocks),         cmocka_unit_test(size_of_a_point),
        cmocka_unit_test(damaged_blocks), cmocka_unit_test(golden),
        cmocka_unit_test(records),        cmocka_unit_test(damaged_records),
    };
    log_set_level(LOG_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
