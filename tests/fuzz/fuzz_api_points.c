// SPDX-License-Identifier: Apache-2.0
// Frames of points as they come from the network: hostile payloads with their checksum put
// right are read, and made into records, which must open and decode to as many points.
#include "api/native/points.h"
#include "base/digest.h"
#include "base/log.h"
#include "core/series_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(arena *a, str record, uint64_t points) {
    err e = {0};
    str head, body;
    srec r;
    BUG_ON(!srec_split(record, &head, &body) || !srec_open(&r, a, head, body, &e));
    BUG_ON(r.n != points);
    for (size_t i = 0; i < r.n_series; i++) {
        const srec_series *s = &r.series[i];
        spt *p = malloc(s->sum.count * sizeof *p);
        BUG_ON(!srec_points(s, p, &e));
        ssum sum = {0};
        for (size_t k = 0; k < s->sum.count; k++)
            ssum_add(&sum, &p[k], SERIES_F64);
        BUG_ON(!spt_eq(&sum.first, &s->sum.first) || !spt_eq(&sum.last, &s->sum.last) ||
               sum.ranged != s->sum.ranged ||
               (sum.ranged && (sum.min != s->sum.min || sum.max != s->sum.max)));
        free(p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    log_set_level(LOG_OFF);
    uint8_t head[POINTS_FRAME_HEAD], *copy = malloc(size + 1); // reading past its end is seen
    uint32_t crc = crc32c(0, data, size);
    arena *a = arena_new();
    points_frame f;
    err e = {0};
    size_t n;
    memcpy(copy, data, size);
    for (int i = 0; i < 4; i++) {
        head[i] = (uint8_t)(size >> (8 * i));
        head[4 + i] = (uint8_t)(crc >> (8 * i));
    }
    bool ok = points_frame_length(head, &n, &e) &&
              points_frame_read(a, head, str_n(copy, size), &f, &e);
    uint64_t points = 0;
    for (size_t i = 0; ok && i < f.n; i++) {
        str record;
        points += f.runs[i].points;
        if (series_record_columns(a, f.runs[i].series, f.runs[i].n, &record, &e))
            check_record(a, record, f.runs[i].points);
    }
    BUG_ON(ok && points != f.points);
    arena_free(a);
    free(copy);
    return 0;
}
