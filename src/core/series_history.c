// SPDX-License-Identifier: Apache-2.0
// The whole history of a key, a page at a time, in one of two orders. By step everything is
// merged. By time, sequences that rise in time are merged as they are; of the others, blocks
// are taken in the order of their least time until the page can not change any more. Any
// thread.
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

// A block whose points are not in the order of time.
typedef struct unordered {
    const sview *v;
    bhead h;
} unordered;
typedef VEC(unordered) unordered_list;

static bool list_tier(db_tx *tx, arena *a, const sview *v, int64_t tier, spt after,
                      unordered_list *list, err *e) {
    bscan s = bscan_new(tx, v, tier);
    for (const bhead *h; (h = bscan_next(&s, e));) {
        if (h->max_time >= after.time) vec_push(a, list, (unordered){v, *h});
    }
    return e->code == ERR_NONE;
}

static int by_min_time(const void *a, const void *b) {
    const unordered *x = a, *y = b;
    return (x->h.min_time > y->h.min_time) - (x->h.min_time < y->h.min_time);
}

static bool collect_blocks(db_tx *tx, const unordered_list *list, scollect *c, err *e) {
    buf bytes = BUF_MAX(1 << 20);
    block *b = mem_alloc(sizeof *b);
    spt *points = mem_alloc(BLOCK_MAX * sizeof *points);
    bool ok = true;
    for (size_t i = 0; ok && i < list->n; i++) {
        const unordered *u = &list->p[i];
        bool opened;
        if (c->barred && u->h.min_time > c->bar.time) break;
        ok = sview_block(tx, u->v, &u->h, &bytes, b, &opened, e);
        if (!ok || !opened) continue;
        block_all(b, points);
        spt_to_f64(points, b->n, b->type);
        scollect_add(c, points, b->n, u->v->limit);
    }
    buf_free(&bytes);
    free(b);
    free(points);
    return ok;
}

static bool collect_unordered(db_tx *tx, arena *a, const sviews *vs, scollect *c, err *e) {
    unordered_list list = {0};
    for (size_t i = 0; i < vs->v.n; i++) {
        const srow *r = &vs->v.p[i].row;
        for (int64_t t = 0; r->next_block && t <= r->tiers; t++) {
            if (smerge_by_time(r, t)) continue;
            if (!list_tier(tx, a, &vs->v.p[i], t, c->after, &list, e)) return false;
        }
    }
    if (!list.n) return true;
    qsort(list.p, list.n, sizeof *list.p, by_min_time);
    return collect_blocks(tx, &list, c, e);
}

bool shistory_page(db_tx *tx, arena *a, const sviews *vs, str key, series_order order,
                   spt after, size_t max, spt *out, size_t *n, err *e) {
    scollect c = scollect_new(max, spt_order_of(order), after);
    bool ok = series_small(tx, vs, key, scollect_add, &c, e);
    if (ok && order == SERIES_BY_TIME) ok = collect_unordered(tx, a, vs, &c, e);
    scollect_end(&c);
    if (ok) {
        smerge *m = smerge_new(tx, vs, &c, order, after);
        ok = smerge_next(m, out, max, n, e);
        smerge_free(m);
    }
    scollect_free(&c);
    return ok;
}

// ---- the call ------------------------------------------------------------------------------

typedef struct history {
    ctx *c;
    id run;
    str key;
    series_order order;
    spt after;
    size_t max;
    spt *points; // malloc'd, max of them
    size_t n;
} history;

static bool read_page(db_tx *tx, void *arg, err *e) {
    history *q = arg;
    sviews vs;
    return sviews_of(tx, q->c->a, q->c->ws, q->run, q->key, &vs, e) &&
           shistory_page(tx, q->c->a, &vs, q->key, q->order, q->after, q->max, q->points, &q->n,
                         e);
}

bool series_history(ctx *c, id run_id, str key, series_order order, const series_value *after,
                    size_t max, series_value **out, size_t *n, err *e) {
    history q = {.c = c,
                 .run = run_id,
                 .key = key,
                 .order = order,
                 .after = after ? spt_of(*after) : SPT_LEAST,
                 .max = max < SERIES_PAGE_MAX ? max : SERIES_PAGE_MAX};
    *out = NULL;
    *n = 0;
    if (!max) return true;
    q.points = mem_realloc(NULL, q.max * sizeof *q.points);
    bool ok = db_read(core_db(c->core), read_page, &q, e);
    if (ok) {
        *out = ARENA_ARRAY(c->a, series_value, q.n);
        *n = q.n;
        for (size_t i = 0; i < q.n; i++)
            (*out)[i] = spt_value(q.points[i]);
    }
    free(q.points);
    return ok;
}
