// SPDX-License-Identifier: Apache-2.0
// Between which times the points of a key lie. A sequence of blocks that rises in time tells it
// by its two ends; of any other all heads are passed, and no block is read but those that a
// fork or a cut goes through. Any thread, within a snapshot.
#include "core/series_levels.h"

#include <stdlib.h>

static void widen(stimes *t, int64_t least, int64_t greatest) {
    if (least < t->least) t->least = least;
    if (greatest > t->greatest) t->greatest = greatest;
}

void stimes_points(void *times, const spt *p, size_t n, int64_t limit) {
    stimes *t = times;
    for (size_t i = 0; i < n; i++) {
        if (p[i].step <= limit) widen(t, p[i].time, p[i].time);
    }
}

// What a block shows up to the view's limit.
static bool add_cut(db_tx *tx, const sview *v, const bhead *h, stimes *t, err *e) {
    buf bytes = BUF_MAX(1 << 20);
    block *b = mem_alloc(sizeof *b);
    spt p[MINI];
    bool opened, ok = sview_block(tx, v, h, &bytes, b, &opened, e);
    for (size_t m = 0; ok && opened && m < b->minis; m++)
        stimes_points(t, p, block_mini(b, m, p), v->limit);
    free(b);
    buf_free(&bytes);
    return ok;
}

static bool add_head(db_tx *tx, const sview *v, const bhead *h, stimes *t, err *e) {
    if (h->last_step > v->limit) return add_cut(tx, v, h, t, e);
    widen(t, h->min_time, h->max_time);
    return true;
}

// The first and the last block of a tier that rises.
static bool add_ends(db_tx *tx, const sview *v, int64_t tier, stimes *t, err *e) {
    bkey least = {INT64_MIN, INT64_MIN, INT64_MIN};
    bkey limit = {v->limit, INT64_MAX, INT64_MAX};
    for (int last = 0; last < 2; last++) {
        bhead h;
        size_t n;
        if (!block_heads(tx, v->ws, v->run, v->row.number, tier, last ? limit : least, last, &h,
                         1, &n, e)) {
            return false;
        }
        if (n && h.first_step <= v->limit && !add_head(tx, v, &h, t, e)) return false;
    }
    return true;
}

static bool add_all(db_tx *tx, const sview *v, int64_t tier, stimes *t, err *e) {
    bscan s = bscan_new(tx, v, tier);
    for (const bhead *h; (h = bscan_next(&s, e));) {
        if (!add_head(tx, v, h, t, e)) return false;
    }
    return e->code == ERR_NONE;
}

bool stimes_blocks(db_tx *tx, const sviews *vs, stimes *t, err *e) {
    for (size_t i = 0; i < vs->v.n; i++) {
        const sview *v = &vs->v.p[i];
        for (int64_t tier = 0; v->row.next_block && tier <= v->row.tiers; tier++) {
            bool ok = smerge_by_time(&v->row, tier) ? add_ends(tx, v, tier, t, e)
                                                    : add_all(tx, v, tier, t, e);
            if (!ok) return false;
        }
    }
    return true;
}
