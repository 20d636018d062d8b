// SPDX-License-Identifier: Apache-2.0
// Records of a batch: hostile bytes with their CRCs put right are opened and decoded; and bytes
// become a batch, which must come back as the points that it had.
#include "base/digest.h"
#include "base/log.h"
#include "core/series_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_crc(uint8_t *at, const uint8_t *p, size_t n) {
    uint32_t crc = crc32c(0, p, n);
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(crc >> (8 * i));
}

static void decode(arena *a, str head, str data) {
    err e = {0};
    srec r;
    if (!srec_open(&r, a, head, data, &e)) return;
    uint64_t sum = 0;
    for (size_t i = 0; i < r.n_series; i++) {
        const srec_series *s = &r.series[i];
        BUG_ON(s->sum.count >
               s->columns.n); // so what is allocated is bounded by what was stored
        spt *p = malloc(s->sum.count * sizeof *p);
        srec_points(s, p, &e);
        free(p);
        sum += s->sum.count;
        srow_identity(a, s);
    }
    BUG_ON(sum != r.n);
}

static void hostile(arena *a, const uint8_t *p, size_t n) {
    size_t head_n = n ? (p[0] * n) / 256 : 0;
    uint8_t *head = malloc(head_n + 1), *data = malloc(n - head_n + 1);
    memcpy(head, p, head_n);
    memcpy(data, p + head_n, n - head_n);
    if (head_n >= 5) {
        head[0] = 1;
        put_crc(head + 1, head + 5, head_n - 5);
    }
    if (n - head_n >= 4) put_crc(data, data + 4, n - head_n - 4);
    decode(a, str_n(head, head_n), str_n(data, n - head_n));
    str h, d;
    srec_split(str_n(p, n), &h, &d);
    free(head);
    free(data);
}

static void there_and_back(arena *a, const uint8_t *data, size_t size) {
    enum { MOST = 300 };
    static const char *const keys[] = {"", "a", "loss", "acc", "b/c", "x y"};
    point p[MOST];
    size_t n = 0;
    cur c = cur_of(str_n(data, size));
    err e = {0};
    int64_t step = 0, time = 0;
    for (; n < MOST && cur_left(&c) >= 4; n++) {
        uint8_t what = cur_u8(&c);
        step = wrap_add(step, cur_ivar(&c));
        time = wrap_add(time, cur_ivar(&c));
        uint64_t bits = what & 64 ? cur_u64(&c) : cur_uvar(&c);
        double v = (double)(float)(int64_t)bits;
        if (what & 64) memcpy(&v, &bits, sizeof v);
        p[n] =
            (point){.key = str_of(keys[what % 6]), .step = step, .time_ms = time, .value = v};
        if (what & 8) p[n].model.b[15] = what & 3;
        if (what & 16) p[n].dataset_name = STR("d");
        if (what & 32) p[n].dataset_digest = STR("0123");
    }
    if (!n) return;
    str head, body;
    srec r;
    BUG_ON(!srec_split(series_record(a, p, n), &head, &body));
    BUG_ON(!srec_open(&r, a, head, body, &e) || r.n != n);
    for (size_t i = 0; i < r.n_series; i++) {
        const srec_series *s = &r.series[i];
        spt *out = malloc(s->sum.count * sizeof *out);
        ssum sum = {0};
        size_t k = 0;
        BUG_ON(!srec_points(s, out, &e));
        for (size_t m = 0; m < n; m++) {
            if (!str_eq(p[m].key, s->key) || !id_eq(p[m].model, s->model) ||
                !str_eq(p[m].dataset_name, s->dataset_name) ||
                !str_eq(p[m].dataset_digest, s->dataset_digest))
                continue;
            spt want = {p[m].step, p[m].time_ms, rank_of(p[m].value)};
            BUG_ON(k >= s->sum.count || !spt_eq(&out[k], &want));
            ssum_add(&sum, &out[k++], SERIES_F64);
        }
        BUG_ON(k != s->sum.count || !spt_eq(&sum.first, &s->sum.first) ||
               !spt_eq(&sum.last, &s->sum.last) || sum.ranged != s->sum.ranged ||
               sum.min != s->sum.min || sum.max != s->sum.max);
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    log_set_level(LOG_OFF);
    if (!size) return 0;
    arena *a = arena_new();
    if (data[0] & 1)
        hostile(a, data + 1, size - 1);
    else
        there_and_back(a, data + 1, size - 1);
    arena_free(a);
    return 0;
}
