// SPDX-License-Identifier: Apache-2.0
// Blocks. The first byte chooses: hostile bytes, whose CRC is put right so that they get past
// it, are opened and read in every way; or bytes become points, which must come back as they
// were.
#include "base/digest.h"
#include "base/log.h"
#include "core/series_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static block b;
static spt points[BLOCK_MAX];

static void read_all(size_t n) {
    int64_t min, max, steps[BLOCK_MAX];
    ssum s;
    block_all(&b, points);
    block_steps(&b, steps);
    for (size_t i = 0; i < b.n; i += 1 + i / 4) {
        spt p = block_at(&b, i);
        BUG_ON(!spt_eq(&p, &points[i]) || block_place(&b, SERIES_BY_STEP, i) != steps[i] || steps[i] != p.step);
        BUG_ON(block_lower(&b, SERIES_BY_STEP, p.step) > b.n);
        BUG_ON(block_lower(&b, SERIES_BY_TIME, p.time) > b.n);
        block_range(&b, i, b.n, &min, &max);
        block_nans(&b, i, b.n);
    }
    BUG_ON(block_lower(&b, SERIES_BY_STEP, (int64_t)n) > b.n);
    block_sum(&b, &s);
    bhead h = bhead_of(&b, points, 0, 1);
    BUG_ON(h.n != (int64_t)b.n);
}

static void hostile(const uint8_t *data, size_t size) {
    err e = {0};
    // Its own allocation, so that a read out of bounds is seen.
    uint8_t *copy = malloc(size + 1);
    memcpy(copy, data, size);
    if (size >= 5) {
        uint32_t crc = crc32c(0, copy + 5, size - 5);
        copy[0] = 1;
        for (int i = 0; i < 4; i++)
            copy[1 + i] = (uint8_t)(crc >> (8 * i));
    }
    if (block_open(&b, str_n(copy, size), &e)) read_all(size);
    free(copy);
}

static void there_and_back(const uint8_t *data, size_t size, int type) {
    static spt p[BLOCK_MAX], scratch[BLOCK_MAX];
    size_t n = 0;
    cur c = cur_of(str_n(data, size));
    err e = {0};
    spt at = {0};
    for (; n < BLOCK_MAX && cur_left(&c) >= 3; n++) {
        at.step = wrap_add(at.step, cur_ivar(&c));
        at.time = wrap_add(at.time, cur_ivar(&c));
        uint64_t bits = cur_left(&c) >= 8 && n % 3 ? cur_u64(&c) : cur_uvar(&c);
        double v;
        memcpy(&v, &bits, sizeof v);
        at.val = type == SERIES_I64 ? (int64_t)bits
                                    : rank_of(n % 3 ? v : (double)(int64_t)bits / 10);
        p[n] = at;
    }
    n = spt_sort(p, n, scratch, spt_cmp);
    if (!n) return;
    buf out = BUF_MAX(1 << 20);
    block_write(&out, p, n, type);
    BUG_ON(!block_open(&b, buf_view(&out), &e) || b.n != n);
    read_all(0);
    BUG_ON(memcmp(points, p, n * sizeof *p));
    ssum want = {0}, got;
    for (size_t i = 0; i < n; i++)
        ssum_add(&want, &p[i], type);
    block_sum(&b, &got);
    BUG_ON(got.count != want.count || !spt_eq(&got.first, &want.first) ||
           !spt_eq(&got.last, &want.last) || got.ranged != want.ranged);
    BUG_ON(got.ranged && (got.min != want.min || got.max != want.max));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    log_set_level(LOG_OFF);
    if (!size) return 0;
    if (data[0] % 3 == 0)
        hostile(data + 1, size - 1);
    else
        there_and_back(data + 1, size - 1, data[0] % 3);
    return 0;
}
