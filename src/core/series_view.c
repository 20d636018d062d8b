// SPDX-License-Identifier: Apache-2.0
// What a run shows: its own series up to its cut, and its ancestors' up to the fork; and the
// bounded collecting of points. Any thread, within a snapshot.
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

enum { ANCESTORS_MAX = 64 };

bool sview_runs(db_tx *tx, arena *a, int64_t ws, id run_id, sview_run **out, size_t *n,
                err *e) {
    VEC(sview_run) v = {0};
    int64_t limit = INT64_MAX;
    for (int depth = 0; depth < ANCESTORS_MAX; depth++) {
        db_rows *row = NULL;
        int found = db_get(tx, &Q_series_fork, &row, e, DB_I64(ws), DB_ID(run_id));
        if (found < 0) return false;
        int64_t cut = found && !db_is_null(row, 2) ? db_i64(row, 2) : INT64_MAX;
        vec_push(a, &v, (sview_run){run_id, least_of(limit, cut)});
        if (!found || db_is_null(row, 0) || db_is_null(row, 1)) break;
        limit = least_of(limit, db_i64(row, 1));
        run_id = db_id(row, 0);
    }
    *out = v.p;
    *n = v.n;
    return true;
}

static bool views_of_run(db_tx *tx, arena *a, int64_t ws, sview_run r, str key, sviews *out,
                         err *e) {
    db_rows *rows = db_select(tx, &Q_series_of_key, e, DB_I64(ws), DB_ID(r.run), DB_TEXT(key));
    if (!rows) return false;
    while (db_next(rows, e)) {
        sview s = {.ws = ws, .run = r.run, .limit = r.limit};
        if (!srow_read(rows, a, &s.row, e)) break;
        vec_push(a, &out->v, s);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool sviews_add(db_tx *tx, arena *a, str key, sviews *out, err *e) {
    for (size_t i = 0; i < out->n_runs; i++) {
        if (!views_of_run(tx, a, out->ws, out->runs[i], key, out, e)) return false;
    }
    return true;
}

bool sviews_of(db_tx *tx, arena *a, int64_t ws, id run_id, str key, sviews *out, err *e) {
    *out = (sviews){.ws = ws};
    return sview_runs(tx, a, ws, run_id, &out->runs, &out->n_runs, e) &&
           sviews_add(tx, a, key, out, e);
}

// ---- collecting ----------------------------------------------------------------------------

scollect scollect_new(size_t max, spt_order cmp, spt after) {
    return (scollect){.max = max, .cmp = cmp, .after = after};
}

void scollect_free(scollect *c) {
    free(c->p);
    free(c->scratch);
    c->p = c->scratch = NULL;
}

static void settle(scollect *c) {
    if (!c->scratch) c->scratch = mem_realloc(NULL, c->cap * sizeof *c->scratch);
    c->n = spt_sort(c->p, c->n, c->scratch, c->cmp);
    if (c->n > c->max) c->n = c->max;
    if (c->n == c->max && c->n) {
        c->bar = c->p[c->n - 1];
        c->barred = true;
    }
}

static void make_room(scollect *c) {
    if (c->n / 2 >= c->max) settle(c);
    if (c->n < c->cap) return;
    c->cap = c->cap ? c->cap * 2 : 256;
    c->p = mem_realloc(c->p, c->cap * sizeof *c->p);
    free(c->scratch);
    c->scratch = NULL;
}

void scollect_add(void *arg, const spt *p, size_t n, int64_t limit) {
    scollect *c = arg;
    for (size_t i = 0; i < n; i++) {
        if (p[i].step > limit || c->cmp(&p[i], &c->after) <= 0) continue;
        if (c->barred && c->cmp(&p[i], &c->bar) >= 0) continue;
        if (c->n == c->cap || c->n / 2 >= c->max) make_room(c);
        c->p[c->n++] = p[i];
    }
}

void scollect_end(scollect *c) {
    if (c->n) settle(c);
}
