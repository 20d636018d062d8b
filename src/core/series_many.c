// SPDX-License-Identifier: Apache-2.0
// Summaries of many runs at once, for searches and for pages of runs: a fixed number of
// statements a batch of runs and only the columns that a summary needs. Runs with a fork or a
// cut take the long way (series_summary.c). Any thread, within a snapshot.
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

enum { WIDTH = 32 };

typedef struct part {
    str key;
    ssum sum; // values as doubles' ranks
} part;
typedef VEC(part) parts;

typedef struct batch {
    db_tx *tx;
    arena *a;
    int64_t ws;
    const id *runs;
    size_t n, last; // last: the run of the row before
    bool one_key;
    str key;
    db_arg args[WIDTH + 2];
    bool forked[WIDTH];
    parts found[WIDTH];
} batch;

// Which run a row belongs to; rows of one run mostly follow each other. WIDTH: none.
static size_t run_of(batch *b, id run_id) {
    if (id_eq(b->runs[b->last], run_id)) return b->last;
    for (size_t i = 0; i < b->n; i++) {
        if (id_eq(b->runs[i], run_id)) return b->last = i;
    }
    return WIDTH;
}

static bool find_forks(batch *b, err *e) {
    db_rows *rows = db_query_rows(b->tx, &Q_series_forks, b->args, 1 + WIDTH, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        size_t i = run_of(b, db_id(rows, 0));
        if (i < WIDTH) b->forked[i] = true;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static void add(batch *b, size_t i, str key, ssum sum, int type) {
    if (i == WIDTH || b->forked[i] || !sum.count) return;
    ssum_to_f64(&sum, type);
    parts *p = &b->found[i];
    if (p->n && str_eq(p->p[p->n - 1].key, key))
        ssum_join(&p->p[p->n - 1].sum, &sum);
    else
        vec_push(b->a, p, (part){arena_str(b->a, key), sum});
}

static bool add_packed(batch *b, err *e) {
    db_rows *rows = db_query_rows(b->tx, b->one_key ? &Q_series_sums_of_key : &Q_series_sums,
                                  b->args, 1 + WIDTH + b->one_key, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        size_t i = run_of(b, db_id(rows, 0));
        str key = db_text(rows, 1);
        int type = (int)db_i64(rows, 2);
        cur c = cur_of(db_blob(rows, 3));
        ssum sum;
        if (ssum_get(&c, &sum, type) && !cur_left(&c)) {
            add(b, i, key, sum, type);
            continue;
        }
        err_set(e, ERR_CORRUPT, "the summary of series %.*s is damaged; run `stemma rebuild`",
                STR_F(key));
        if (!series_passable(e)) break;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static void add_record(batch *b, size_t i, const srec *rec) {
    for (size_t k = 0; k < rec->n_series; k++) {
        const srec_series *s = &rec->series[k];
        if (!b->one_key || str_eq(s->key, b->key)) add(b, i, s->key, s->sum, s->type);
    }
}

static bool add_pending(batch *b, err *e) {
    db_rows *rows = db_query_rows(b->tx, &Q_point_log_heads_many, b->args, 1 + WIDTH, e);
    if (!rows) return false;
    arena *a = arena_new();
    while (db_next(rows, e)) {
        srec rec;
        arena_reset(a);
        if (srec_open(&rec, a, db_blob(rows, 1), (str){0}, e))
            add_record(b, run_of(b, db_id(rows, 0)), &rec);
        else if (!series_passable(e))
            break;
    }
    arena_free(a);
    db_end(rows);
    return e->code == ERR_NONE;
}

static int by_key(const void *a, const void *b) {
    return str_cmp(((const part *)a)->key, ((const part *)b)->key);
}

// Parts of one key become one summary; there are several with pending records, models or data
// sets.
static void join(batch *b, parts *p, series_summary **out, size_t *n) {
    bool sorted = true;
    for (size_t i = 1; i < p->n && sorted; i++) {
        sorted = by_key(&p->p[i - 1], &p->p[i]) < 0;
    }
    if (!sorted) qsort(p->p, p->n, sizeof *p->p, by_key);
    *out = ARENA_ARRAY(b->a, series_summary, p->n);
    *n = 0;
    for (size_t i = 0, k; i < p->n; i = k) {
        for (k = i + 1; k < p->n && str_eq(p->p[k].key, p->p[i].key); k++) {
            ssum_join(&p->p[i].sum, &p->p[k].sum);
        }
        (*out)[(*n)++] = series_summary_of(p->p[i].key, &p->p[i].sum);
    }
}

static bool forked_run(batch *b, id run_id, series_summary **out, size_t *n, err *e) {
    if (!series_summaries_tx(b->tx, b->a, b->ws, run_id, out, n, e)) return false;
    size_t i = 0;
    while (b->one_key && i < *n && !str_eq((*out)[i].key, b->key)) {
        i++;
    }
    if (!b->one_key) return true;
    *out += i;
    *n = i < *n;
    return true;
}

static bool read_batch(batch *b, series_summary **out, size_t *n, err *e) {
    b->args[0] = DB_I64(b->ws);
    for (size_t i = 0; i < WIDTH; i++) {
        b->args[1 + i] = DB_ID(b->runs[i < b->n ? i : b->n - 1]);
    }
    b->args[1 + WIDTH] = DB_TEXT(b->key);
    if (!find_forks(b, e) || !add_packed(b, e) || !add_pending(b, e)) return false;
    for (size_t i = 0; i < b->n; i++) {
        if (!b->forked[i])
            join(b, &b->found[i], &out[i], &n[i]);
        else if (!forked_run(b, b->runs[i], &out[i], &n[i], e))
            return false;
    }
    return true;
}

bool series_summaries_many(db_tx *tx, arena *a, int64_t ws, const id *runs, size_t n_runs,
                           const str *key, series_summary **out, size_t *n, err *e) {
    for (size_t at = 0; at < n_runs; at += WIDTH) {
        batch b = {.tx = tx,
                   .a = a,
                   .ws = ws,
                   .runs = runs + at,
                   .n = n_runs - at < WIDTH ? n_runs - at : WIDTH,
                   .one_key = key != NULL,
                   .key = key ? *key : STR("")};
        if (!read_batch(&b, out + at, n + at, e)) return false;
    }
    return true;
}
