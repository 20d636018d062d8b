// SPDX-License-Identifier: Apache-2.0
// search_views: pages of runs with all they hold. Runs are read in batches of up to 32, each in
// one snapshot with a fixed number of statements (attributes, links) and the summaries of each
// run's series; what was read is emitted behind the snapshot's end, and the memory is used
// again. A batch that grows past BATCH_BYTES is begun anew with fewer runs, so that a page of
// enormous runs holds one of them at a time. Any thread.
#include "base/vec.h"
#include "core/edge.h"
#include "core/input.h"
#include "core/search_internal.h"
#include "core/search_sql.h"
#include "core/series.h"

#include <stdlib.h>

#define BATCH_BYTES (4u << 20)
#define FEW_KEYS    8 // of a kind: sought one by one

typedef VEC(kv) kv_list;
typedef VEC(dataset_input) input_list;
typedef VEC(model_link) link_list;

typedef struct one {
    search_run row;
    run_view view;
    kv_list params, tags;
    input_list datasets;
    link_list inputs, outputs;
    run_links links;
} one;

typedef struct viewer {
    ctx *c;
    const search_keys *only; // NULL: everything
    const id *ids;
    size_t n; // of this batch
    arena *a;
    one *runs;
    bool too_much;
    db_arg args[1 + SEARCH_IN_WIDTH + 2];
} viewer;

static one *find(viewer *v, id run_id) {
    for (size_t i = 0; i < v->n; i++) {
        if (id_eq(v->ids[i], run_id)) return &v->runs[i];
    }
    return NULL;
}

static void take_ids(viewer *v) {
    v->args[0] = DB_I64(v->c->ws);
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++) {
        v->args[1 + i] = DB_ID(v->ids[i < v->n ? i : v->n - 1]);
    }
}

static db_rows *select_batch(viewer *v, db_tx *tx, const db_query *q, err *e) {
    take_ids(v);
    return db_query_rows(tx, q, v->args, 1 + SEARCH_IN_WIDTH, e);
}

static bool past_limit(viewer *v) {
    v->too_much = v->n > 1 && arena_used(v->a) > BATCH_BYTES;
    return v->too_much;
}

// ---- parts ---------------------------------------------------------------------------------
static bool read_rows(viewer *v, db_tx *tx, err *e) {
    search_run *rows = ARENA_ARRAY(v->a, search_run, v->n);
    for (size_t i = 0; i < v->n; i++) {
        rows[i].id = v->ids[i];
    }
    if (!search_runs_read(tx, v->a, (search_place){v->c->ws, -1}, rows, v->n, e)) return false;
    for (size_t i = 0; i < v->n; i++) {
        const search_run *r = &rows[i];
        v->runs[i].row = *r;
        v->runs[i].view.run = (run){.id = r->id,
                                    .project = r->project,
                                    .name = r->name,
                                    .user = r->user,
                                    .artifact_uri = r->artifact_uri,
                                    .status = search_state_status(r->state),
                                    .life = search_state_life(r->state),
                                    .has_start = r->has_start,
                                    .start_ms = r->start_ms,
                                    .has_end = r->has_end,
                                    .end_ms = r->end_ms,
                                    .created_us = r->created_us,
                                    .reason = r->reason};
    }
    return true;
}

// The parameters or tags of some keys.
static bool read_some_attrs(viewer *v, db_tx *tx, attr_kind kind, const str *keys,
                            size_t n_keys, err *e) {
    for (size_t k = 0; k < n_keys; k++) {
        take_ids(v);
        v->args[1 + SEARCH_IN_WIDTH] = DB_I64(kind);
        v->args[2 + SEARCH_IN_WIDTH] = DB_TEXT(keys[k]);
        db_rows *rows = db_query_rows(tx, &Q_search_attr_one, v->args, 3 + SEARCH_IN_WIDTH, e);
        if (!rows) return false;
        while (!past_limit(v) && db_next(rows, e)) {
            one *o = find(v, db_id(rows, 0));
            kv x = {arena_str(v->a, keys[k]), arena_str(v->a, db_text(rows, 1))};
            if (o) vec_push(v->a, kind == ATTR_PARAM ? &o->params : &o->tags, x);
        }
        db_end(rows);
        if (e->code) return false;
    }
    return true;
}

static bool read_attrs(viewer *v, db_tx *tx, err *e) {
    const search_keys *k = v->only;
    if (k && k->n_params <= FEW_KEYS && k->n_tags <= FEW_KEYS)
        return read_some_attrs(v, tx, ATTR_PARAM, k->params, k->n_params, e) &&
               read_some_attrs(v, tx, ATTR_TAG, k->tags, k->n_tags, e);
    db_rows *rows = select_batch(v, tx, &Q_search_attr_all, e);
    if (!rows) return false;
    while (!past_limit(v) && db_next(rows, e)) {
        one *o = find(v, db_id(rows, 0));
        if (!o) continue;
        kv x = {arena_str(v->a, db_text(rows, 2)), arena_str(v->a, db_text(rows, 3))};
        vec_push(v->a, db_i64(rows, 1) == ATTR_PARAM ? &o->params : &o->tags, x);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

// Those of some keys, in the order of the keys given.
static bool read_some_summaries(viewer *v, db_tx *tx, err *e) {
    series_summary *out[SEARCH_IN_WIDTH];
    size_t n[SEARCH_IN_WIDTH];
    for (size_t i = 0; i < v->n; i++) {
        v->runs[i].view.metrics = ARENA_ARRAY(v->a, series_summary, v->only->n_metrics);
    }
    for (size_t k = 0; k < v->only->n_metrics && !past_limit(v); k++) {
        if (!series_summaries_many(tx, v->a, v->c->ws, v->ids, v->n, &v->only->metrics[k], out,
                                   n, e))
            return false;
        for (size_t i = 0; i < v->n; i++) {
            run_view *r = &v->runs[i].view;
            if (n[i]) r->metrics[r->n_metrics++] = out[i][0];
        }
    }
    return true;
}

static bool read_summaries(viewer *v, db_tx *tx, err *e) {
    series_summary *out[SEARCH_IN_WIDTH];
    size_t n[SEARCH_IN_WIDTH];
    if (past_limit(v)) return true;
    if (v->only && v->only->n_metrics <= FEW_KEYS) return read_some_summaries(v, tx, e);
    if (!series_summaries_many(tx, v->a, v->c->ws, v->ids, v->n, NULL, out, n, e)) return false;
    for (size_t i = 0; i < v->n; i++) {
        v->runs[i].view.metrics = out[i];
        v->runs[i].view.n_metrics = n[i];
    }
    return true;
}

static str maybe_text(arena *a, str s) {
    return s.p ? arena_str(a, s) : s;
}

static bool read_datasets(viewer *v, db_tx *tx, err *e) {
    db_rows *rows = select_batch(v, tx, &Q_search_input_of, e);
    if (!rows) return false;
    while (!past_limit(v) && db_next(rows, e)) {
        one *o = find(v, db_id(rows, 0));
        if (!o) continue;
        dataset_input in = {.dataset = {.id = db_id(rows, 1),
                                        .name = arena_str(v->a, db_text(rows, 2)),
                                        .digest = arena_str(v->a, db_text(rows, 3)),
                                        .source_type = arena_str(v->a, db_text(rows, 4)),
                                        .source = arena_str(v->a, db_text(rows, 5)),
                                        .schema = maybe_text(v->a, db_text(rows, 6)),
                                        .profile = maybe_text(v->a, db_text(rows, 7))}};
        vec_push(v->a, &o->datasets, in);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static dataset_input *find_input(one *o, id dataset_id) {
    for (size_t i = 0; o && i < o->datasets.n; i++) {
        if (id_eq(o->datasets.p[i].dataset.id, dataset_id)) return &o->datasets.p[i];
    }
    return NULL;
}

static bool read_input_tags(viewer *v, db_tx *tx, err *e) {
    db_rows *rows = select_batch(v, tx, &Q_search_input_tags, e);
    if (!rows) return false;
    while (!past_limit(v) && db_next(rows, e)) {
        dataset_input *in = find_input(find(v, db_id(rows, 0)), db_id(rows, 1));
        if (!in) continue;
        // Tags of an input are one or two: grown one by one.
        kv *more = ARENA_ARRAY(v->a, kv, in->n_tags + 1);
        if (in->n_tags) memcpy(more, in->tags, in->n_tags * sizeof *more);
        more[in->n_tags++] =
            (kv){arena_str(v->a, db_text(rows, 2)), arena_str(v->a, db_text(rows, 3))};
        in->tags = more;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool read_models(viewer *v, db_tx *tx, err *e) {
    db_rows *rows = select_batch(v, tx, &Q_search_model_links, e);
    if (!rows) return false;
    while (!past_limit(v) && db_next(rows, e)) {
        one *o = find(v, db_id(rows, 0));
        if (!o) continue;
        model_link link = {db_id(rows, 2), db_i64(rows, 3)};
        vec_push(v->a, db_i64(rows, 1) == EDGE_MADE_MODEL ? &o->outputs : &o->inputs, link);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

// ---- order ---------------------------------------------------------------------------------
static int by_key(const void *a, const void *b) {
    return str_cmp(((const kv *)a)->key, ((const kv *)b)->key);
}

static int by_dataset(const void *a, const void *b) {
    return id_cmp(((const dataset_input *)a)->dataset.id,
                  ((const dataset_input *)b)->dataset.id);
}

static int by_model(const void *a, const void *b) {
    const model_link *x = a, *y = b;
    int cmp = id_cmp(x->model, y->model);
    return cmp ? cmp : (x->step > y->step) - (x->step < y->step);
}

// The engines give rows in the order of the key without being asked, as a rule.
static void sort(void *p, size_t n, size_t size, int (*cmp)(const void *, const void *)) {
    for (size_t i = 1; i < n; i++) {
        if (cmp((char *)p + (i - 1) * size, (char *)p + i * size) <= 0) continue;
        qsort(p, n, size, cmp);
        return;
    }
}

static void finish(one *o, bool links) {
    sort(o->params.p, o->params.n, sizeof(kv), by_key);
    sort(o->tags.p, o->tags.n, sizeof(kv), by_key);
    sort(o->datasets.p, o->datasets.n, sizeof(dataset_input), by_dataset);
    for (size_t i = 0; i < o->datasets.n; i++) {
        sort(o->datasets.p[i].tags, o->datasets.p[i].n_tags, sizeof(kv), by_key);
    }
    sort(o->inputs.p, o->inputs.n, sizeof(model_link), by_model);
    sort(o->outputs.p, o->outputs.n, sizeof(model_link), by_model);
    o->links = (run_links){.datasets = o->datasets.p,
                           .n_datasets = o->datasets.n,
                           .inputs = o->inputs.p,
                           .n_inputs = o->inputs.n,
                           .outputs = o->outputs.p,
                           .n_outputs = o->outputs.n};
    o->view.params = o->params.p;
    o->view.n_params = o->params.n;
    o->view.tags = o->tags.p;
    o->view.n_tags = o->tags.n;
    o->view.links = links ? &o->links : NULL;
}

// ---- batches -------------------------------------------------------------------------------
static bool read_batch(db_tx *tx, void *arg, err *e) {
    viewer *v = arg;
    arena_reset(v->a);
    v->too_much = false;
    v->runs = ARENA_ARRAY(v->a, one, v->n);
    if (!read_rows(v, tx, e) || !read_attrs(v, tx, e) ||
        (!v->too_much && !read_summaries(v, tx, e)))
        return false;
    return v->only || ((v->too_much || read_datasets(v, tx, e)) &&
                       (v->too_much || read_input_tags(v, tx, e)) &&
                       (v->too_much || read_models(v, tx, e)));
}

bool search_views(ctx *c, const id *ids, size_t n,
                  bool (*emit)(void *arg, const run_view *v, err *e), void *arg, err *e) {
    return search_views_of(c, ids, n, NULL, emit, arg, e);
}

bool search_views_of(ctx *c, const id *ids, size_t n, const search_keys *only,
                     bool (*emit)(void *arg, const run_view *v, err *e), void *arg, err *e) {
    viewer v = {.c = c, .only = only, .a = arena_new()};
    size_t batch = SEARCH_IN_WIDTH;
    bool ok = true;
    for (size_t at = 0; at < n && ok;) {
        v.ids = ids + at;
        v.n = n - at < batch ? n - at : batch;
        ok = db_read(core_db(c->core), read_batch, &v, e);
        if (ok && v.too_much) {
            batch = v.n / 4 ? v.n / 4 : 1;
            continue;
        }
        for (size_t i = 0; i < v.n && ok; i++) {
            finish(&v.runs[i], !only);
            if (v.runs[i].row.exists) ok = emit(arg, &v.runs[i].view, e);
        }
        at += v.n;
    }
    arena_free(v.a);
    return ok;
}
