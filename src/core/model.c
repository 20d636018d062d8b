// SPDX-License-Identifier: Apache-2.0
// model: rows of `model`; parameters and tags are rows of `attr` with the model as owner. Any
// thread.
#include "core/model.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/model_internal.h"
#include "core/model_sql.h"
#include "core/project_internal.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

#define POINTS_MAX 100000 // of one model, shown with it

static model model_of_row(db_rows *row, arena *a) {
    return (model){.id = db_id(row, 0),
                   .project = db_i64(row, 1),
                   .name = arena_str(a, db_text(row, 2)),
                   .type = arena_str(a, db_text(row, 3)),
                   .status = (model_status)db_i64(row, 4),
                   .status_message = arena_str(a, db_text(row, 5)),
                   .source_run = db_id(row, 6),
                   .user = arena_str(a, db_text(row, 7)),
                   .artifact_uri = arena_str(a, db_text(row, 8)),
                   .created_ms = db_i64(row, 9),
                   .updated_ms = db_i64(row, 10)};
}

static bool model_not_found(id model_id, err *e) {
    char hex[ID_HEX];
    id_hex(model_id, hex);
    return err_set(e, ERR_NOT_FOUND, "Logged model with ID 'm-%s' not found.", hex);
}

static bool read_attrs(db_tx *tx, const ctx *c, model *m, err *e) {
    return attr_read(tx, c, m->id, ATTR_PARAM, c->a, &m->params, &m->n_params, e) &&
           attr_read(tx, c, m->id, ATTR_TAG, c->a, &m->tags, &m->n_tags, e);
}

bool model_read_any(db_tx *tx, const ctx *c, id model_id, model *out, lifecycle *life, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_model_get, &row, e, DB_I64(c->ws), DB_ID(model_id));
    if (found < 0) return false;
    if (!found) return model_not_found(model_id, e);
    *life = (lifecycle)db_i64(row, 11);
    *out = model_of_row(row, c->a);
    return read_attrs(tx, c, out, e);
}

static bool model_read(db_tx *tx, const ctx *c, id model_id, model *out, err *e) {
    lifecycle life;
    return model_read_any(tx, c, model_id, out, &life, e) &&
           (life != LIFE_DELETED || model_not_found(model_id, e));
}

bool model_require(db_tx *tx, const ctx *c, id model_id, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_model_get, &row, e, DB_I64(c->ws), DB_ID(model_id));
    return found > 0 || (found == 0 && model_not_found(model_id, e));
}

typedef struct model_call {
    ctx *c;
    id id;
    model *out;
    const model_new *new;
    model_status status;
    const kv *items;
    size_t n;
    str key;
    model_edit edit;
    void *edit_arg;
} model_call;

// ---- create ---------------------------------------------------------------------------------

static bool insert_params(db_tx *tx, const ctx *c, const model *m, const kv *params, size_t n,
                          err *e) {
    map there = map_new(db_tx_arena(tx));
    for (size_t i = 0; i < m->n_params; i++)
        map_at(&there, m->params[i].key, NULL);
    for (size_t i = 0; i < n; i++) {
        bool added;
        map_at(&there, params[i].key, &added);
        if (!added) {
            return err_set(e, ERR_EXISTS,
                           "The parameter '%.*s' of this logged model is set already.",
                           STR_F(params[i].key));
        }
        if (!db_push(tx, &Q_attr_insert, e, DB_I64(c->ws), DB_ID(m->id), DB_I64(ATTR_PARAM),
                     DB_TEXT(params[i].key), DB_TEXT(params[i].value))) {
            return false;
        }
    }
    return true;
}

static bool set_tag_rows(db_tx *tx, const ctx *c, id owner, const kv *tags, size_t n, err *e) {
    for (size_t i = 0; i < n; i++) {
        if (!attr_set(tx, c, owner, ATTR_TAG, tags[i].key, tags[i].value, e)) return false;
    }
    return true;
}

static bool create(db_tx *tx, void *arg, err *e) {
    model_call *k = arg;
    ctx *c = k->c;
    const model_new *n = k->new;
    project p;
    if (!project_read_active(tx, c, n->project, &p, e)) return false;
    int64_t now = clock_now_us() / 1000;
    model m = {.id = k->id,
               .project = n->project,
               .name = n->name,
               .type = n->type,
               .status = MODEL_PENDING,
               .source_run = n->source_run,
               .user = c->user.p ? c->user : STR(""),
               .created_ms = now,
               .updated_ms = now};
    m.artifact_uri =
        core_uri_join(c->a, p.artifact_location,
                      arena_printf(c->a, "models/m-%s/artifacts", id_str(c->a, m.id).p));
    bool from_run = !id_is_zero(m.source_run);
    if (!db_push(tx, &Q_model_insert, e, DB_I64(c->ws), DB_ID(m.id), DB_I64(m.project),
                 DB_TEXT(m.name), DB_TEXT(m.type), DB_I64(m.status),
                 from_run ? DB_ID(m.source_run) : DB_NULL, DB_TEXT(m.user),
                 DB_TEXT(m.artifact_uri), DB_I64(now)) ||
        !insert_params(tx, c, &m, n->params, n->n_params, e) ||
        !set_tag_rows(tx, c, m.id, n->tags, n->n_tags, e)) {
        return false;
    }
    *k->out = m;
    return read_attrs(tx, c, k->out, e) &&
           event_add(tx, c, EVENT_model_created, m.project, id_str(c->a, m.id), (str){0}, e);
}

bool model_create(ctx *c, const model_new *n, model *out, err *e) {
    model_call k = {.c = c, .id = id_new(), .new = n, .out = out};
    return db_write(core_db(c->core), create, &k, e);
}

// ---- read -----------------------------------------------------------------------------------

static bool get(db_tx *tx, void *arg, err *e) {
    model_call *g = arg;
    return model_read(tx, g->c, g->id, g->out, e);
}

static bool get_any(db_tx *tx, void *arg, err *e) {
    model_call *g = arg;
    lifecycle life;
    return model_read_any(tx, g->c, g->id, g->out, &life, e);
}

bool model_get_any(ctx *c, id model_id, model *out, err *e) {
    model_call g = {.c = c, .id = model_id, .out = out};
    return db_read(core_db(c->core), get_any, &g, e);
}

bool model_get(ctx *c, id model_id, model *out, err *e) {
    model_call g = {.c = c, .id = model_id, .out = out};
    return db_read(core_db(c->core), get, &g, e);
}

bool model_points(ctx *c, id model_id, model_point **out, size_t *n, err *e) {
    series_model_point *p;
    if (!series_of_model(c, model_id, POINTS_MAX, &p, n, e)) return false;
    *out = ARENA_ARRAY(c->a, model_point, *n);
    for (size_t i = 0; i < *n; i++) {
        (*out)[i] = (model_point){.key = p[i].key,
                                  .step = p[i].v.step,
                                  .time_ms = p[i].v.time_ms,
                                  .value = p[i].v.value,
                                  .run = p[i].run,
                                  .dataset_name = p[i].dataset_name,
                                  .dataset_digest = p[i].dataset_digest};
    }
    return true;
}

typedef struct page_call {
    ctx *c;
    int64_t project, after_created;
    id after;
    size_t max, n;
    model *out;
} page_call;

static bool page(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    VEC(model) v = {0};
    db_rows *rows = db_select(tx, &Q_model_page, e, DB_I64(p->c->ws), DB_I64(p->project),
                              DB_I64(p->after_created), DB_ID(p->after), DB_I64(p->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(p->c->a, &v, model_of_row(rows, p->c->a));
    db_end(rows);
    for (size_t i = 0; i < v.n && e->code == ERR_NONE; i++)
        read_attrs(tx, p->c, &v.p[i], e);
    p->out = v.p;
    p->n = v.n;
    return e->code == ERR_NONE;
}

bool model_page(ctx *c, int64_t project_number, int64_t after_created, id after, size_t max,
                model **out, size_t *n, err *e) {
    page_call p = {.c = c,
                   .project = project_number,
                   .after_created = after_created,
                   .after = after,
                   .max = max};
    if (!db_read(core_db(c->core), page, &p, e)) return false;
    *out = p.out;
    *n = p.n;
    return true;
}

// ---- change ---------------------------------------------------------------------------------

static bool finalize(db_tx *tx, void *arg, err *e) {
    model_call *f = arg;
    ctx *c = f->c;
    if (!model_read(tx, c, f->id, f->out, e)) return false;
    f->out->status = f->status;
    f->out->updated_ms = clock_now_us() / 1000;
    return db_do(tx, &Q_model_set_status, e, DB_I64(c->ws), DB_ID(f->id), DB_I64(f->status),
                 DB_I64(f->out->updated_ms)) >= 0 &&
           event_add(tx, c, EVENT_model_finalized, f->out->project, id_str(c->a, f->id),
                     (str){0}, e);
}

bool model_finalize(ctx *c, id model_id, model_status s, model *out, err *e) {
    model_call f = {.c = c, .id = model_id, .status = s, .out = out};
    return db_write(core_db(c->core), finalize, &f, e);
}

static bool delete_model(db_tx *tx, void *arg, err *e) {
    model_call *d = arg;
    model m;
    lifecycle life;
    if (!model_read_any(tx, d->c, d->id, &m, &life, e)) return false;
    if (life == LIFE_DELETED) return true;
    return db_do(tx, &Q_model_set_life, e, DB_I64(d->c->ws), DB_ID(d->id), DB_I64(LIFE_DELETED),
                 DB_I64(clock_now_us() / 1000)) >= 0 &&
           event_add(tx, d->c, EVENT_model_deleted, m.project, id_str(d->c->a, d->id), (str){0},
                     e);
}

bool model_delete(ctx *c, id model_id, err *e) {
    model_call d = {.c = c, .id = model_id};
    return db_write(core_db(c->core), delete_model, &d, e);
}

static bool set_tags(db_tx *tx, void *arg, err *e) {
    model_call *t = arg;
    model m;
    return model_read(tx, t->c, t->id, &m, e) &&
           set_tag_rows(tx, t->c, t->id, t->items, t->n, e);
}

bool model_set_tags(ctx *c, id model_id, const kv *tags, size_t n, err *e) {
    model_call t = {.c = c, .id = model_id, .items = tags, .n = n};
    return db_write(core_db(c->core), set_tags, &t, e);
}

static bool edit_tag(db_tx *tx, void *arg, err *e) {
    model_call *t = arg;
    model m;
    str value = {0};
    if (!model_read(tx, t->c, t->id, &m, e)) return false;
    for (size_t i = 0; i < m.n_tags; i++)
        if (str_eq(m.tags[i].key, t->key)) value = m.tags[i].value;
    return attr_set(tx, t->c, t->id, ATTR_TAG, t->key, t->edit(t->edit_arg, t->c->a, value), e);
}

bool model_edit_tag(ctx *c, id model_id, str key, model_edit edit, void *arg, err *e) {
    model_call t = {.c = c, .id = model_id, .key = key, .edit = edit, .edit_arg = arg};
    return db_write(core_db(c->core), edit_tag, &t, e);
}

static bool delete_tag(db_tx *tx, void *arg, err *e) {
    model_call *t = arg;
    model m;
    if (!model_read(tx, t->c, t->id, &m, e)) return false;
    int64_t n = db_do(tx, &Q_attr_delete, e, DB_I64(t->c->ws), DB_ID(t->id), DB_I64(ATTR_TAG),
                      DB_TEXT(t->key));
    if (n == 0) {
        return err_set(e, ERR_NOT_FOUND,
                       "No tag with key '%.*s' found for model with ID 'm-%s'.", STR_F(t->key),
                       id_str(t->c->a, t->id).p);
    }
    return n > 0;
}

bool model_delete_tag(ctx *c, id model_id, str key, err *e) {
    model_call t = {.c = c, .id = model_id, .key = key};
    return db_write(core_db(c->core), delete_tag, &t, e);
}

static bool add_params(db_tx *tx, void *arg, err *e) {
    model_call *p = arg;
    model m;
    return model_read(tx, p->c, p->id, &m, e) && insert_params(tx, p->c, &m, p->items, p->n, e);
}

bool model_add_params(ctx *c, id model_id, const kv *params, size_t n, err *e) {
    model_call p = {.c = c, .id = model_id, .items = params, .n = n};
    return db_write(core_db(c->core), add_params, &p, e);
}
