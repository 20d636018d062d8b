// SPDX-License-Identifier: Apache-2.0
// The points that were logged with a model's id: model_run tells the runs, their series and
// pending records with that id the points. Any thread.
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

typedef struct model_call {
    ctx *c;
    id model;
    size_t max;
    VEC(series_model_point) out;
} model_call;

typedef struct model_source {
    str key, dataset_name, dataset_digest;
    scollect points;
    sviews vs; // of this one series
} model_source;
typedef VEC(model_source *) source_list;

static model_source *source_of(model_call *q, source_list *list, str key, str name,
                               str digest) {
    for (size_t i = 0; i < list->n; i++) {
        model_source *s = list->p[i];
        if (str_eq(s->key, key) && str_eq(s->dataset_name, name) &&
            str_eq(s->dataset_digest, digest))
            return s;
    }
    model_source *s = ARENA_NEW(q->c->a, model_source);
    *s = (model_source){.key = arena_str(q->c->a, key),
                        .dataset_name = arena_str(q->c->a, name),
                        .dataset_digest = arena_str(q->c->a, digest)};
    s->points = scollect_new(q->max, spt_cmp, SPT_LEAST);
    s->vs.ws = q->c->ws;
    vec_push(q->c->a, list, s);
    return s;
}

static bool packed_sources(db_tx *tx, model_call *q, sview_run r, source_list *list, err *e) {
    db_rows *rows = db_select(tx, &Q_series_of_run, e, DB_I64(q->c->ws), DB_ID(r.run));
    if (!rows) return false;
    while (db_next(rows, e)) {
        sview v = {.ws = q->c->ws, .run = r.run, .limit = r.limit};
        if (!id_eq(db_id(rows, 2), q->model)) continue;
        if (!srow_read(rows, q->c->a, &v.row, e)) {
            if (series_passable(e)) continue;
            break;
        }
        model_source *s =
            source_of(q, list, v.row.key, v.row.dataset_name, v.row.dataset_digest);
        vec_push(q->c->a, &s->vs.v, v);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool pending_points(model_call *q, const srec *r, int64_t limit, source_list *list,
                           err *e) {
    for (size_t i = 0; i < r->n_series; i++) {
        const srec_series *s = &r->series[i];
        if (!id_eq(s->model, q->model)) continue;
        model_source *to = source_of(q, list, s->key, s->dataset_name, s->dataset_digest);
        spt *p = mem_realloc(NULL, s->sum.count * sizeof *p);
        bool ok = srec_points(s, p, e);
        if (ok) {
            spt_to_f64(p, s->sum.count, s->type);
            scollect_add(&to->points, p, s->sum.count, limit);
        }
        free(p);
        if (!ok) return false;
    }
    return true;
}

static bool pending_sources(db_tx *tx, model_call *q, sview_run r, source_list *list, err *e) {
    db_rows *rows = db_select(tx, &Q_point_log_points, e, DB_I64(q->c->ws), DB_ID(r.run));
    if (!rows) return false;
    arena *a = arena_new();
    while (db_next(rows, e)) {
        srec rec;
        arena_reset(a);
        bool ok = srec_open(&rec, a, db_blob(rows, 1), db_blob(rows, 2), e) &&
                  pending_points(q, &rec, r.limit, list, e);
        if (!ok && !series_passable(e)) break;
    }
    arena_free(a);
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool give_source(db_tx *tx, model_call *q, model_source *s, id run_id, err *e) {
    size_t left = q->max - q->out.n, n = 0;
    if (!left) return true;
    spt *p = mem_realloc(NULL, left * sizeof *p);
    bool ok = series_small(tx, &s->vs, s->key, scollect_add, &s->points, e);
    scollect_end(&s->points);
    if (ok) {
        smerge *m = smerge_new(tx, &s->vs, &s->points, SERIES_BY_STEP, SPT_LEAST);
        ok = smerge_next(m, p, left, &n, e);
        smerge_free(m);
    }
    for (size_t i = 0; ok && i < n; i++) {
        vec_push(q->c->a, &q->out,
                 (series_model_point){s->key, s->dataset_name, s->dataset_digest, run_id,
                                      spt_value(p[i])});
    }
    free(p);
    return ok;
}

// A run's own points: an ancestor's are its own run's.
static bool points_of_run(db_tx *tx, model_call *q, id run_id, err *e) {
    source_list list = {0};
    sview_run *runs;
    size_t n;
    if (!sview_runs(tx, q->c->a, q->c->ws, run_id, &runs, &n, e)) return false;
    bool ok =
        packed_sources(tx, q, runs[0], &list, e) && pending_sources(tx, q, runs[0], &list, e);
    for (size_t i = 0; i < list.n; i++) {
        ok = ok && give_source(tx, q, list.p[i], run_id, e);
        scollect_free(&list.p[i]->points);
    }
    return ok;
}

static bool read_model(db_tx *tx, void *arg, err *e) {
    model_call *q = arg;
    VEC(id) runs = {0};
    q->out.n = 0;
    db_rows *rows = db_select(tx, &Q_model_run_list, e, DB_I64(q->c->ws), DB_ID(q->model));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(q->c->a, &runs, db_id(rows, 0));
    db_end(rows);
    for (size_t i = 0; e->code == ERR_NONE && i < runs.n && q->out.n < q->max; i++) {
        if (!points_of_run(tx, q, runs.p[i], e)) return false;
    }
    return e->code == ERR_NONE;
}

bool series_of_model(ctx *c, id model_id, size_t max, series_model_point **out, size_t *n,
                     err *e) {
    model_call q = {
        .c = c, .model = model_id, .max = max < SERIES_PAGE_MAX ? max : SERIES_PAGE_MAX};
    *out = NULL;
    *n = 0;
    if (!db_read(core_db(c->core), read_model, &q, e)) return false;
    *out = q.out.p;
    *n = q.out.n;
    return true;
}
