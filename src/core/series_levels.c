// SPDX-License-Identifier: Apache-2.0
// Levels: the summaries of each 1,024 points of a block, kept beside it in a small row of their
// own (block_level), so that a chart of a million points reads some kilobytes and no block.
// They are derived: whoever writes a block writes its levels in the same transaction.
// docs/formats-series.md has the bytes. Pure; any thread.
#include "core/series_levels.h"
#include "base/digest.h"

void block_part(const block *b, size_t from, size_t to, slevel *out) {
    *out = (slevel){.nan = block_nans(b, from, to)};
    out->sum =
        (ssum){.count = to - from, .first = block_at(b, from), .last = block_at(b, to - 1)};
    out->sum.ranged = block_range(b, from, to, &out->sum.min, &out->sum.max);
}

void slevels_put(buf *out, const block *b) {
    buf list = BUF_MAX(64u << 10);
    for (size_t from = 0; from < b->n; from += LEVEL_POINTS) {
        slevel part;
        block_part(b, from, b->n - from < LEVEL_POINTS ? b->n : from + LEVEL_POINTS, &part);
        ssum_put(&list, &part.sum, b->type);
        buf_uvar(&list, part.nan);
    }
    buf_byte(out, 1);
    buf_u32(out, crc32c(0, list.p, list.n));
    buf_str(out, buf_view(&list));
    buf_free(&list);
}

bool slevels_get(str data, int type, slevels *out, err *e) {
    cur c = cur_of(data);
    bool known = cur_u8(&c) == 1;
    uint32_t crc = cur_u32(&c);
    *out = (slevels){0};
    if (!known || c.bad || crc != crc32c(0, c.p, cur_left(&c)))
        return series_corrupt("a block's levels do not match their checksum", e);
    while (cur_left(&c) && out->n < LEVELS_MAX) {
        slevel *l = &out->level[out->n];
        if (!ssum_get(&c, &l->sum, type) || !l->sum.count) break;
        l->nan = cur_uvar(&c);
        if (c.bad) break;
        out->points += l->sum.count;
        out->n++;
    }
    if (c.bad || cur_left(&c) || !out->n)
        return series_corrupt("a block's levels are damaged", e);
    return true;
}
