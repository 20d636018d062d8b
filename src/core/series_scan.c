// SPDX-License-Identifier: Apache-2.0
// Going through what is stored of a key: the heads of blocks in order, blocks by their heads,
// and the small parts (pending records, tails). Any thread, within a snapshot.
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

// ---- blocks --------------------------------------------------------------------------------

bscan bscan_new(db_tx *tx, const sview *v, int64_t tier) {
    return (bscan){.tx = tx, .v = v, .tier = tier, .from = {INT64_MIN, INT64_MIN, INT64_MIN}};
}

static bool heads(const bscan *s, bkey at, bool before, bhead *out, size_t max, size_t *n,
                  err *e) {
    const sview *v = s->v;
    return block_heads(s->tx, v->ws, v->run, v->row.number, s->tier, at, before, out, max, n,
                       e);
}

static bool seek_step(bscan *s, spt at, err *e) {
    size_t n;
    bhead h;
    if (!heads(s, (bkey){at.step, at.time, INT64_MIN}, true, &h, 1, &n, e)) return false;
    if (n) s->from = bkey_of(&h);
    return true;
}

// Guesses by step, as the cursor mostly is a point of this sequence, then goes down until a
// block begins before the cursor. (A guess too low costs passing heads.)
static bool seek_time(bscan *s, spt at, err *e) {
    bhead h[BSCAN_QUEUE];
    size_t n;
    if (!heads(s, s->from, false, h, 1, &n, e)) return false;
    if (!n || h[0].first_time < at.time) return true;
    do {
        if (!heads(s, s->from, true, h, BSCAN_QUEUE, &n, e)) return false;
        if (n) s->from = bkey_of(&h[n - 1]);
    } while (n && h[n - 1].first_time >= at.time);
    return true;
}

bool bscan_seek(bscan *s, spt at, series_order order, err *e) {
    return seek_step(s, at, e) && (order == SERIES_BY_STEP || seek_time(s, at, e));
}

static bool fill(bscan *s, err *e) {
    s->q = s->n = 0;
    if (s->end) return true;
    if (!heads(s, s->from, false, s->queue, BSCAN_QUEUE, &s->n, e)) return false;
    s->end = s->n < BSCAN_QUEUE;
    if (!s->n) return true;
    s->from = bkey_of(&s->queue[s->n - 1]);
    s->from.number++; // numbers are given from 1 on, one by one
    return true;
}

const bhead *bscan_next(bscan *s, err *e) {
    if (s->q == s->n && !fill(s, e)) return NULL;
    if (s->q == s->n) return NULL;
    const bhead *h = &s->queue[s->q++];
    if (h->first_step <= s->v->limit) return h;
    s->end = true;
    s->q = s->n = 0;
    return NULL;
}

// A whole block may still be another one than its row says.
static bool is_of_row(const block *b, const bhead *h) {
    spt first = block_at(b, 0), last = block_at(b, b->n - 1);
    return b->n == h->n && first.step == h->first_step && first.time == h->first_time &&
           last.step == h->last_step && last.time == h->last_time;
}

bool sview_block(db_tx *tx, const sview *v, const bhead *h, buf *bytes, block *b, bool *opened,
                 err *e) {
    *opened = false;
    if (!block_fetch(tx, v->ws, v->run, v->row.number, h, bytes, opened, e)) return false;
    if (!*opened) return true;
    *opened = block_open(b, buf_view(bytes), e) &&
              (is_of_row(b, h) || series_corrupt("a block is not the one of its row", e));
    return *opened || series_passable(e);
}

bool series_passable(err *e) {
    if (e->code != ERR_CORRUPT) return false;
    *e = (err){0};
    return true;
}

// ---- the small parts ------------------------------------------------------------------------

typedef struct small {
    const str *keys;
    void *const *args; // one a key
    size_t n;
    int64_t limit;
    small_fn fn;
} small;

// Which of the keys it is; n: none.
static size_t key_at(const small *s, str key) {
    size_t i = 0;
    while (i < s->n && !str_eq(s->keys[i], key))
        i++;
    return i;
}

static bool give_points(const small *s, void *arg, const srec_series *r, err *e) {
    spt *p = mem_realloc(NULL, r->sum.count * sizeof *p);
    bool ok = srec_points(r, p, e);
    if (ok) {
        spt_to_f64(p, r->sum.count, r->type);
        s->fn(arg, p, r->sum.count, s->limit);
    }
    free(p);
    return ok;
}

static bool give_record(const small *s, arena *a, const db_rows *rows, err *e) {
    srec r;
    bool wanted = false;
    if (!srec_open(&r, a, db_blob(rows, 1), (str){0}, e)) return false;
    for (size_t i = 0; i < r.n_series && !wanted; i++)
        wanted = key_at(s, r.series[i].key) < s->n;
    if (!wanted) return true;
    if (!srec_open(&r, a, db_blob(rows, 1), db_blob(rows, 2), e)) return false;
    for (size_t i = 0; i < r.n_series; i++) {
        size_t k = key_at(s, r.series[i].key);
        if (k < s->n && !give_points(s, s->args[k], &r.series[i], e)) return false;
    }
    return true;
}

static bool give_pending(const small *s, db_tx *tx, int64_t ws, id run_id, err *e) {
    db_rows *rows = db_select(tx, &Q_point_log_points, e, DB_I64(ws), DB_ID(run_id));
    if (!rows) return false;
    arena *a = arena_new();
    while (db_next(rows, e)) {
        arena_reset(a);
        if (!give_record(s, a, rows, e) && !series_passable(e)) break;
    }
    arena_free(a);
    db_end(rows);
    return e->code == ERR_NONE;
}

bool series_pending(db_tx *tx, const sviews *vs, const str *keys, size_t n, small_fn fn,
                    void *const *args, err *e) {
    small s = {.keys = keys, .args = args, .n = n, .fn = fn};
    for (size_t i = 0; i < vs->n_runs; i++) {
        s.limit = vs->runs[i].limit;
        if (!give_pending(&s, tx, vs->ws, vs->runs[i].run, e)) return false;
    }
    return true;
}

static bool give_tail(block *b, const sview *v, small_fn fn, void *arg, err *e) {
    if (!block_open(b, v->row.tail, e)) return series_passable(e);
    spt *p = mem_realloc(NULL, b->n * sizeof *p);
    block_all(b, p);
    spt_to_f64(p, b->n, b->type);
    fn(arg, p, b->n, v->limit);
    free(p);
    return true;
}

bool series_tails(const sviews *vs, small_fn fn, void *arg, err *e) {
    block *b = mem_alloc(sizeof *b);
    bool ok = true;
    for (size_t i = 0; ok && i < vs->v.n; i++) {
        if (vs->v.p[i].row.tail.p) ok = give_tail(b, &vs->v.p[i], fn, arg, e);
    }
    free(b);
    return ok;
}

bool series_small(db_tx *tx, const sviews *vs, str key, small_fn fn, void *arg, err *e) {
    return series_pending(tx, vs, &key, 1, fn, &arg, e) && series_tails(vs, fn, arg, e);
}
