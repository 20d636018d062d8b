// SPDX-License-Identifier: Apache-2.0
// Summaries of a run: of each key, packed rows and the heads of pending records together.
// Points are decoded only where a fork or a cut goes through a series. Any thread.
#include "base/map.h"
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

typedef struct entry {
    str key;
    ssum sum;   // values as doubles' ranks
    bool exact; // no: the limit cuts a series; ask the blocks
} entry;

typedef struct table {
    arena *a;
    map by_key;
    VEC(entry *) v;
} table;

static void table_add(table *t, str key, ssum sum, int type, int64_t limit) {
    ssum_to_f64(&sum, type);
    if (sum.first.step > limit) return;
    entry *x = map_get(&t->by_key, key);
    if (!x) {
        x = ARENA_NEW(t->a, entry);
        *x = (entry){.key = arena_str(t->a, key), .exact = true};
        *map_at(&t->by_key, x->key, NULL) = x;
        vec_push(t->a, &t->v, x);
    }
    if (sum.last.step > limit)
        x->exact = false;
    else
        ssum_join(&x->sum, &sum);
}

static bool add_packed(db_tx *tx, table *t, int64_t ws, sview_run r, err *e) {
    db_rows *rows = db_select(tx, &Q_series_of_run, e, DB_I64(ws), DB_ID(r.run));
    if (!rows) return false;
    while (db_next(rows, e)) {
        srow s;
        if (srow_read(rows, t->a, &s, e))
            table_add(t, s.key, s.sum, s.type, r.limit);
        else if (!series_passable(e))
            break;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool add_pending(db_tx *tx, table *t, int64_t ws, sview_run r, err *e) {
    db_rows *rows = db_select(tx, &Q_point_log_heads, e, DB_I64(ws), DB_ID(r.run));
    if (!rows) return false;
    arena *a = arena_new();
    while (db_next(rows, e)) {
        srec rec;
        arena_reset(a);
        if (!srec_open(&rec, a, db_blob(rows, 1), (str){0}, e)) {
            if (series_passable(e)) continue;
            break;
        }
        for (size_t i = 0; i < rec.n_series; i++) {
            const srec_series *s = &rec.series[i];
            table_add(t, s->key, s->sum, s->type, r.limit);
        }
    }
    arena_free(a);
    db_end(rows);
    return e->code == ERR_NONE;
}

static int by_key(const void *a, const void *b) {
    const entry *const *x = a, *const *y = b;
    return str_cmp((*x)->key, (*y)->key);
}

series_summary series_summary_of(str key, const ssum *s) {
    return (series_summary){.key = key,
                            .first = spt_value(s->first),
                            .last = spt_value(s->last),
                            .min = s->ranged ? rank_value(s->min) : (double)NAN,
                            .max = s->ranged ? rank_value(s->max) : (double)NAN,
                            .at_most = s->count};
}

bool series_summaries_tx(db_tx *tx, arena *a, int64_t ws, id run_id, series_summary **out,
                         size_t *n, err *e) {
    sview_run *runs;
    size_t n_runs;
    table t = {.a = a, .by_key = map_new(a)};
    *n = 0;
    if (!sview_runs(tx, a, ws, run_id, &runs, &n_runs, e)) return false;
    for (size_t i = 0; i < n_runs; i++) {
        if (!add_packed(tx, &t, ws, runs[i], e) || !add_pending(tx, &t, ws, runs[i], e))
            return false;
    }
    if (t.v.n) qsort(t.v.p, t.v.n, sizeof *t.v.p, by_key);
    *out = ARENA_ARRAY(a, series_summary, t.v.n);
    for (size_t i = 0; i < t.v.n; i++) {
        entry *x = t.v.p[i];
        if (!x->exact && !schart_sum(tx, a, ws, run_id, x->key, &x->sum, e)) return false;
        if (x->sum.count) (*out)[(*n)++] = series_summary_of(x->key, &x->sum);
    }
    return true;
}

typedef struct summaries_call {
    ctx *c;
    id run;
    series_summary *out;
    size_t n;
} summaries_call;

static bool read_summaries(db_tx *tx, void *arg, err *e) {
    summaries_call *s = arg;
    return series_summaries_tx(tx, s->c->a, s->c->ws, s->run, &s->out, &s->n, e);
}

bool series_summaries(ctx *c, id run_id, series_summary **out, size_t *n, err *e) {
    summaries_call s = {.c = c, .run = run_id};
    if (!db_read(core_db(c->core), read_summaries, &s, e)) return false;
    *out = s.out;
    *n = s.n;
    return true;
}
