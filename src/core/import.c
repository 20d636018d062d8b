// SPDX-License-Identifier: Apache-2.0
// import: runs and models, put and read back; rows of import_item. Repos: import_repo.c. Any
// thread.
//
// I1. A run's mark is whole only in the transaction that stores the last of it.
// I2. Every transaction may run again with the same parts: rows are set to what the part says,
// and points are a set.
#include "core/import.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/import_internal.h"
#include "core/import_sql.h"
#include "core/input_internal.h"
#include "core/model_internal.h"
#include "core/project_internal.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

#define HISTORY_PAGE 200000
#define PAYLOAD_MAX  4096

// Where projects came from: `number` is the source's, `project` ours. What a run or a model was
// like when it came over: import_mark.
const char import_schema[] =
    "CREATE TABLE import_project (ws {i64} NOT NULL, source {text} NOT NULL, number {i64} NOT "
    "NULL, project {i64} NOT NULL, shared {i64} NOT NULL, PRIMARY KEY (ws, source, number)) "
    "{clustered};\n"
    "CREATE TABLE import_item (ws {i64} NOT NULL, item {blob} NOT NULL, whole {i64} NOT NULL,"
    " rows_sum {i64} NOT NULL, points {i64} NOT NULL, points_sum {i64} NOT NULL,"
    " PRIMARY KEY (ws, item)) {clustered}";

// ---- marks ----------------------------------------------------------------------------------

typedef struct mark_call {
    ctx *c;
    id item;
    bool is_model;
    import_mark *out;
} mark_call;

bool import_mark_read(db_tx *tx, const ctx *c, id item, bool there, import_mark *out, err *e) {
    db_rows *row = NULL;
    *out = (import_mark){.there = there};
    int known = db_get(tx, &Q_import_item_get, &row, e, DB_I64(c->ws), DB_ID(item));
    if (known <= 0) return known == 0;
    out->known = true;
    out->whole = db_i64(row, 0) != 0;
    out->rows = (uint64_t)db_i64(row, 1);
    out->points = (import_sum){(uint64_t)db_i64(row, 2), (uint64_t)db_i64(row, 3)};
    return true;
}

static bool read_mark(db_tx *tx, void *arg, err *e) {
    mark_call *m = arg;
    db_rows *row = NULL;
    int there = m->is_model ? (model_require(tx, m->c, m->item, e) ? 1
                               : e->code == ERR_NOT_FOUND          ? 0
                                                                   : -1)
                            : db_get(tx, &Q_run_get, &row, e, DB_I64(m->c->ws), DB_ID(m->item));
    if (there < 0) return false;
    e->code = ERR_NONE;
    return import_mark_read(tx, m->c, m->item, there > 0, m->out, e);
}

bool import_mark_of_run(ctx *c, id run_id, import_mark *out, err *e) {
    mark_call m = {.c = c, .item = run_id, .out = out};
    return db_read(core_db(c->core), read_mark, &m, e);
}

bool import_mark_of_model(ctx *c, id model_id, import_mark *out, err *e) {
    mark_call m = {.c = c, .item = model_id, .is_model = true, .out = out};
    return db_read(core_db(c->core), read_mark, &m, e);
}

bool import_mark_write(db_tx *tx, const ctx *c, id item, const import_mark *m, err *e) {
    return db_push(tx, &Q_import_item_set, e, DB_I64(c->ws), DB_ID(item), DB_I64(m->whole),
                   DB_I64(m->rows), DB_I64(m->points.n), DB_I64(m->points.sum));
}

// ---- putting --------------------------------------------------------------------------------

typedef struct put_call {
    ctx *c;
    str source;
    const import_part *parts;
    const import_model *models;
    size_t n;
} put_call;

bool import_put_attrs(db_tx *tx, const ctx *c, id owner, attr_kind kind, const kv *p, size_t n,
                      err *e) {
    for (size_t i = 0; i < n; i++) {
        if (!attr_set(tx, c, owner, kind, p[i].key, p[i].value, e)) return false;
    }
    return true;
}

static bool put_run_row(db_tx *tx, const ctx *c, const import_run *r, err *e) {
    const run *x = &r->row;
    int64_t now = clock_now_us();
    bool deleted = x->life == LIFE_DELETED;
    int64_t deleted_us = r->deleted_ms ? r->deleted_ms * 1000 : now;
    return db_push(tx, &Q_import_run_put, e, DB_I64(c->ws), DB_ID(x->id), DB_I64(x->project),
                   DB_TEXT(x->name), DB_TEXT(x->user), DB_I64(x->status), DB_I64(x->life),
                   DB_MAYBE_I64(x->has_start, x->start_ms), DB_MAYBE_I64(x->has_end, x->end_ms),
                   DB_TEXT(x->artifact_uri), DB_I64(now), DB_MAYBE_I64(deleted, deleted_us));
}

// The row, and everything that hangs on it but points, are what r says.
static bool put_run(db_tx *tx, const ctx *c, const import_run *r, err *e) {
    id run_id = r->row.id;
    return put_run_row(tx, c, r, e) &&
           db_push(tx, &Q_import_attrs_clear, e, DB_I64(c->ws), DB_ID(run_id)) &&
           db_push(tx, &Q_import_edge_tags_clear, e, DB_I64(c->ws), DB_ID(run_id)) &&
           db_push(tx, &Q_import_edges_clear, e, DB_I64(c->ws), DB_ID(run_id)) &&
           import_put_attrs(tx, c, run_id, ATTR_PARAM, r->params, r->n_params, e) &&
           import_put_attrs(tx, c, run_id, ATTR_TAG, r->tags, r->n_tags, e) &&
           input_write(tx, c, &r->row, &r->links, e);
}

static bool put_part(db_tx *tx, const ctx *c, const import_part *p, err *e) {
    run there; // it may have been moved to another project
    if (p->run && !put_run(tx, c, p->run, e)) return false;
    for (size_t i = 0; i < p->n_records; i++) {
        if (!series_append(tx, c->core, c->ws, p->id, p->records[i], e)) return false;
    }
    return run_read(tx, c, p->id, &there, e) &&
           search_mark(tx, c->core, c->ws, there.project, p->id, e) &&
           import_mark_write(tx, c, p->id, &p->mark, e);
}

typedef struct told { // what a transaction brought to one project
    int64_t project;
    uint64_t items, points;
} told;
typedef VEC(told) told_list;

static told *told_of(arena *a, told_list *list, int64_t number) {
    for (size_t i = list->n; i > 0; i--) { // mostly the last one
        if (list->p[i - 1].project == number) return &list->p[i - 1];
    }
    vec_push(a, list, (told){.project = number});
    return &list->p[list->n - 1];
}

bool import_told(db_tx *tx, const ctx *c, str source, int64_t in_project, const char *what,
                 uint64_t items, uint64_t points, err *e) {
    buf b = BUF_MAX(PAYLOAD_MAX);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "what", str_of(what));
    json_m_i64(&w, "count", (int64_t)items);
    if (points) json_m_i64(&w, "points", (int64_t)points);
    json_object_end(&w);
    bool ok = event_add(tx, c, EVENT_imported, in_project, source, buf_view(&b), e);
    buf_free(&b);
    return ok;
}

static bool add_events(db_tx *tx, const put_call *k, const char *what, const told_list *list,
                       err *e) {
    project there; // a gc may have freed it since
    for (size_t i = 0; i < list->n; i++) {
        const told *t = &list->p[i];
        if (!project_read(tx, k->c, t->project, &there, e) ||
            !import_told(tx, k->c, k->source, t->project, what, t->items, t->points, e))
            return false;
    }
    return true;
}

static bool put_parts(db_tx *tx, void *arg, err *e) {
    put_call *k = arg;
    told_list list = {0};
    for (size_t i = 0; i < k->n; i++) {
        told *t = told_of(db_tx_arena(tx), &list, k->parts[i].project);
        if (!put_part(tx, k->c, &k->parts[i], e)) return false;
        t->items += k->parts[i].run != NULL;
        t->points += k->parts[i].n_points;
    }
    return add_events(tx, k, "runs", &list, e);
}

bool import_put_runs(ctx *c, str source, const import_part *parts, size_t n, err *e) {
    put_call k = {.c = c, .source = source, .parts = parts, .n = n};
    return !n || db_write(core_db(c->core), put_parts, &k, e);
}

static bool put_model(db_tx *tx, const ctx *c, const import_model *im, err *e) {
    const model *m = &im->m;
    import_sums s = {0};
    import_mark mark = {.whole = true, .rows = import_sum_model(&s, im)};
    bool from_run = !id_is_zero(m->source_run);
    return db_push(tx, &Q_import_model_put, e, DB_I64(c->ws), DB_ID(m->id), DB_I64(m->project),
                   DB_TEXT(m->name), DB_TEXT(m->type), DB_I64(m->status),
                   DB_TEXT(m->status_message), from_run ? DB_ID(m->source_run) : DB_NULL,
                   DB_TEXT(m->user), DB_TEXT(m->artifact_uri), DB_I64(m->created_ms),
                   DB_I64(m->updated_ms), DB_I64(im->life)) &&
           db_push(tx, &Q_import_attrs_clear, e, DB_I64(c->ws), DB_ID(m->id)) &&
           import_put_attrs(tx, c, m->id, ATTR_PARAM, m->params, m->n_params, e) &&
           import_put_attrs(tx, c, m->id, ATTR_TAG, m->tags, m->n_tags, e) &&
           import_mark_write(tx, c, m->id, &mark, e);
}

static bool put_models(db_tx *tx, void *arg, err *e) {
    put_call *k = arg;
    told_list list = {0};
    for (size_t i = 0; i < k->n; i++) {
        told_of(db_tx_arena(tx), &list, k->models[i].m.project)->items++;
        if (!put_model(tx, k->c, &k->models[i], e)) return false;
    }
    return add_events(tx, k, "models", &list, e);
}

bool import_put_models(ctx *c, str source, const import_model *models, size_t n, err *e) {
    put_call k = {.c = c, .source = source, .models = models, .n = n};
    return !n || db_write(core_db(c->core), put_models, &k, e);
}

// ---- reading back ---------------------------------------------------------------------------

typedef struct get_call {
    ctx *c;
    id id;
    import_run *run;
    import_model *model;
} get_call;

static bool read_run(db_tx *tx, void *arg, err *e) {
    get_call *g = arg;
    import_run *r = g->run;
    arena *a = g->c->a;
    kv *params, *tags;
    *r = (import_run){0};
    if (!run_read(tx, g->c, g->id, &r->row, e) ||
        !attr_read(tx, g->c, g->id, ATTR_PARAM, a, &params, &r->n_params, e) ||
        !attr_read(tx, g->c, g->id, ATTR_TAG, a, &tags, &r->n_tags, e)) {
        return false;
    }
    r->params = params;
    r->tags = tags;
    return input_read(tx, a, g->c->ws, g->id, &r->links, e);
}

bool import_get_run(ctx *c, id run_id, import_run *out, err *e) {
    get_call g = {.c = c, .id = run_id, .run = out};
    return db_read(core_db(c->core), read_run, &g, e);
}

static bool read_model(db_tx *tx, void *arg, err *e) {
    get_call *g = arg;
    return model_read_any(tx, g->c, g->id, &g->model->m, &g->model->life, e);
}

bool import_get_model(ctx *c, id model_id, import_model *out, err *e) {
    get_call g = {.c = c, .id = model_id, .model = out};
    return db_read(core_db(c->core), read_model, &g, e);
}

// One key, a page at a time; the arena holds one page.
static bool sum_key(ctx *c, id run_id, str key, import_sum *out, err *e) {
    import_point_base base = import_point_base_of(run_id, key);
    series_value *v, last;
    size_t n = HISTORY_PAGE;
    ctx page = *c;
    page.a = arena_new();
    bool ok = true;
    for (const series_value *after = NULL; ok && n == HISTORY_PAGE; after = &last) {
        arena_reset(page.a);
        ok = series_history(&page, run_id, key, SERIES_BY_STEP, after, HISTORY_PAGE, &v, &n, e);
        for (size_t i = 0; ok && i < n; i++)
            import_sum_point(out, &base, v[i].step, v[i].time_ms, v[i].value);
        if (ok && n) last = v[n - 1];
    }
    arena_free(page.a);
    return ok;
}

bool import_sum_points(ctx *c, id run_id, import_sum *out, err *e) {
    series_summary *s;
    size_t n;
    if (!series_summaries(c, run_id, &s, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        if (!sum_key(c, run_id, s[i].key, out, e)) return false;
    }
    return true;
}

bool import_sum_model_points(ctx *c, id model_id, import_sum *out, err *e) {
    series_model_point *p;
    size_t n;
    if (!series_of_model(c, model_id, SIZE_MAX, &p, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        point x = {.key = p[i].key,
                   .step = p[i].v.step,
                   .time_ms = p[i].v.time_ms,
                   .value = p[i].v.value,
                   .model = model_id,
                   .dataset_name = p[i].dataset_name,
                   .dataset_digest = p[i].dataset_digest};
        import_sum_model_point(out, p[i].run, &x);
    }
    return true;
}
