// SPDX-License-Identifier: Apache-2.0
// input: rows of `dataset`, `edge` and `edge_tag`. Any thread.
#include "core/input.h"

#include "base/vec.h"
#include "core/core_internal.h"
#include "core/edge.h"
#include "core/input_internal.h"
#include "core/input_sql.h"
#include "core/run_internal.h"

typedef struct log_call {
    ctx *c;
    id run;
    const dataset_input *datasets;
    size_t n;
    const model_link *models;
    size_t n_models;
    edge_kind kind;
} log_call;

// The id of the data set of this name and digest; the first to log it decides the rest.
static bool ensure_dataset(db_tx *tx, const ctx *c, int64_t number, const dataset *d, id *out,
                           err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_dataset_find, &row, e, DB_I64(c->ws), DB_I64(number),
                       DB_TEXT(d->name), DB_TEXT(d->digest));
    if (found < 0) return false;
    if (found) {
        *out = db_id(row, 0);
        return true;
    }
    *out = id_new();
    return db_push(tx, &Q_dataset_insert, e, DB_I64(c->ws), DB_ID(*out), DB_I64(number),
                   DB_TEXT(d->name), DB_TEXT(d->digest), DB_TEXT(d->source_type),
                   DB_TEXT(d->source), DB_MAYBE_TEXT(d->schema), DB_MAYBE_TEXT(d->profile));
}

static bool add_dataset(db_tx *tx, const ctx *c, const run *r, const dataset_input *d, err *e) {
    id dst;
    if (!ensure_dataset(tx, c, r->project, &d->dataset, &dst, e)) return false;
    int64_t added = db_do(tx, &Q_edge_insert, e, DB_I64(c->ws), DB_ID(r->id),
                          DB_I64(EDGE_USED_DATASET), DB_ID(dst), DB_I64(0));
    for (size_t i = 0; added == 1 && i < d->n_tags; i++) {
        if (!db_push(tx, &Q_edge_tag_set, e, DB_I64(c->ws), DB_ID(r->id),
                     DB_I64(EDGE_USED_DATASET), DB_ID(dst), DB_TEXT(d->tags[i].key),
                     DB_TEXT(d->tags[i].value))) {
            return false;
        }
    }
    return added >= 0;
}

static bool add_models(db_tx *tx, const ctx *c, const run *r, edge_kind kind,
                       const model_link *models, size_t n, err *e) {
    for (size_t i = 0; i < n; i++) {
        if (!db_push(tx, &Q_edge_insert, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(kind),
                     DB_ID(models[i].model),
                     DB_I64(kind == EDGE_MADE_MODEL ? models[i].step : 0))) {
            return false;
        }
    }
    return true;
}

bool input_write(db_tx *tx, const ctx *c, const run *r, const run_links *l, err *e) {
    for (size_t i = 0; i < l->n_datasets; i++) {
        if (!add_dataset(tx, c, r, &l->datasets[i], e)) return false;
    }
    return add_models(tx, c, r, EDGE_USED_MODEL, l->inputs, l->n_inputs, e) &&
           add_models(tx, c, r, EDGE_MADE_MODEL, l->outputs, l->n_outputs, e);
}

static bool log_links(db_tx *tx, void *arg, err *e) {
    log_call *l = arg;
    run r;
    if (!run_read_active_locked(tx, l->c, l->run, &r, e)) return false;
    for (size_t i = 0; i < l->n; i++) {
        if (!add_dataset(tx, l->c, &r, &l->datasets[i], e)) return false;
    }
    return add_models(tx, l->c, &r, l->kind, l->models, l->n_models, e) &&
           run_touched(tx, l->c, &r, e);
}

bool input_log(ctx *c, id run_id, const dataset_input *datasets, size_t n,
               const model_link *models, size_t n_models, err *e) {
    log_call l = {.c = c,
                  .run = run_id,
                  .datasets = datasets,
                  .n = n,
                  .models = models,
                  .n_models = n_models,
                  .kind = EDGE_USED_MODEL};
    return db_write(core_db(c->core), log_links, &l, e);
}

bool output_log(ctx *c, id run_id, const model_link *models, size_t n, err *e) {
    log_call l = {
        .c = c, .run = run_id, .models = models, .n_models = n, .kind = EDGE_MADE_MODEL};
    return db_write(core_db(c->core), log_links, &l, e);
}

// ---- reading --------------------------------------------------------------------------------

static bool read_dataset(db_tx *tx, arena *a, int64_t ws, id run_id, id dst, dataset_input *out,
                         err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_dataset_get, &row, e, DB_I64(ws), DB_ID(dst));
    if (found <= 0)
        return found == 0 &&
               err_set(e, ERR_CORRUPT, "an input names a data set that is not there");
    str schema = db_text(row, 4), profile = db_text(row, 5);
    out->dataset = (dataset){.id = dst,
                             .name = arena_str(a, db_text(row, 0)),
                             .digest = arena_str(a, db_text(row, 1)),
                             .source_type = arena_str(a, db_text(row, 2)),
                             .source = arena_str(a, db_text(row, 3)),
                             .schema = schema.p ? arena_str(a, schema) : (str){0},
                             .profile = profile.p ? arena_str(a, profile) : (str){0}};
    db_rows *tags = db_select(tx, &Q_edge_tags, e, DB_I64(ws), DB_ID(run_id),
                              DB_I64(EDGE_USED_DATASET), DB_ID(dst));
    return core_read_kv(tags, a, &out->tags, &out->n_tags, e);
}

typedef VEC(model_link) links;

bool input_read(db_tx *tx, arena *a, int64_t ws, id run_id, run_links *out, err *e) {
    links inputs = {0}, outputs = {0};
    VEC(dataset_input) datasets = {0};
    db_rows *rows = db_select(tx, &Q_edge_of_run, e, DB_I64(ws), DB_ID(run_id));
    if (!rows) return false;
    while (db_next(rows, e)) {
        model_link link = {.model = db_id(rows, 1), .step = db_i64(rows, 2)};
        switch ((edge_kind)db_i64(rows, 0)) {
        case EDGE_USED_DATASET:
            vec_push(a, &datasets, (dataset_input){.dataset.id = link.model});
            break;
        case EDGE_USED_MODEL: vec_push(a, &inputs, link); break;
        case EDGE_MADE_MODEL: vec_push(a, &outputs, link); break;
        }
    }
    db_end(rows);
    for (size_t i = 0; i < datasets.n && e->code == ERR_NONE; i++) {
        read_dataset(tx, a, ws, run_id, datasets.p[i].dataset.id, &datasets.p[i], e);
    }
    *out = (run_links){.datasets = datasets.p,
                       .n_datasets = datasets.n,
                       .inputs = inputs.p,
                       .n_inputs = inputs.n,
                       .outputs = outputs.p,
                       .n_outputs = outputs.n};
    return e->code == ERR_NONE;
}

typedef struct read_call {
    ctx *c;
    id run;
    run_links *out;
} read_call;

static bool read_links(db_tx *tx, void *arg, err *e) {
    read_call *r = arg;
    return input_read(tx, r->c->a, r->c->ws, r->run, r->out, e);
}

bool input_of_run(ctx *c, id run_id, run_links *out, err *e) {
    read_call r = {.c = c, .run = run_id, .out = out};
    return db_read(core_db(c->core), read_links, &r, e);
}

typedef struct summaries_call {
    ctx *c;
    const int64_t *projects;
    size_t n_projects, max;
    dataset_summary *out;
    size_t n;
} summaries_call;

static bool read_summaries(db_tx *tx, void *arg, err *e) {
    summaries_call *s = arg;
    arena *a = s->c->a;
    VEC(dataset_summary) v = {0};
    for (size_t i = 0; i < s->n_projects && v.n < s->max; i++) {
        db_rows *rows = db_select(tx, &Q_dataset_summaries, e, DB_I64(s->c->ws),
                                  DB_I64(s->projects[i]), DB_I64(s->max - v.n));
        if (!rows) return false;
        while (db_next(rows, e)) {
            str context = db_text(rows, 2);
            vec_push(
                a, &v,
                (dataset_summary){.project = s->projects[i],
                                  .name = arena_str(a, db_text(rows, 0)),
                                  .digest = arena_str(a, db_text(rows, 1)),
                                  .context = context.p ? arena_str(a, context) : (str){0}});
        }
        db_end(rows);
    }
    s->out = v.p;
    s->n = v.n;
    return e->code == ERR_NONE;
}

bool dataset_summaries(ctx *c, const int64_t *projects, size_t n_projects, size_t max,
                       dataset_summary **out, size_t *n, err *e) {
    summaries_call s = {.c = c, .projects = projects, .n_projects = n_projects, .max = max};
    if (!db_read(core_db(c->core), read_summaries, &s, e)) return false;
    *out = s.out;
    *n = s.n;
    return true;
}
