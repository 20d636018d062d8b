// SPDX-License-Identifier: Apache-2.0
// run_log: what a running program logs. A batch is one transaction: points (one record),
// parameters (set once), tags. The record is made before the transaction, so that the writer
// only appends it. Any thread.
#include "core/run.h"

#include "base/map.h"
#include "base/metrics.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/model_internal.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

typedef struct log_call {
    ctx *c;
    id run;
    run_batch *b;
    str record; // empty without points
} log_call;

// What the run has, by key; one more of the batch joins it, so that a batch can not contradict
// itself either.
static bool set_params(db_tx *tx, log_call *l, err *e) {
    arena *a = db_tx_arena(tx);
    kv *there;
    size_t n;
    VEC(param_conflict) conflicts = {0};
    map by_key = map_new(a);
    if (!attr_read(tx, l->c, l->run, ATTR_PARAM, a, &there, &n, e)) return false;
    for (size_t i = 0; i < n; i++)
        *map_at(&by_key, there[i].key, NULL) = &there[i];
    for (size_t i = 0; i < l->b->n_params; i++) {
        kv p = l->b->params[i], **old = (kv **)map_at(&by_key, p.key, NULL);
        if (*old) {
            if (str_eq((*old)->value, p.value)) continue;
            vec_push(l->c->a, &conflicts,
                     (param_conflict){p.key, arena_str(l->c->a, (*old)->value), p.value});
            continue;
        }
        *old = ARENA_NEW(a, kv);
        **old = p;
        if (!db_push(tx, &Q_attr_insert, e, DB_I64(l->c->ws), DB_ID(l->run), DB_I64(ATTR_PARAM),
                     DB_TEXT(p.key), DB_TEXT(p.value))) {
            return false;
        }
    }
    l->b->conflicts = conflicts.p;
    l->b->n_conflicts = conflicts.n;
    return conflicts.n == 0 || err_set(e, ERR_EXISTS, "Changing param values is not allowed.");
}

static bool rename_by_tag(db_tx *tx, log_call *l, run *r, str name, err *e) {
    if (str_eq(r->name, name)) return true;
    r->name = name;
    return db_push(tx, &Q_run_update, e, DB_I64(l->c->ws), DB_ID(r->id), DB_TEXT(name),
                   DB_I64(r->status), DB_MAYBE_I64(r->has_end, r->end_ms),
                   DB_MAYBE_TEXT(r->reason)) &&
           event_add(tx, l->c, EVENT_run_renamed, r->project, id_str(l->c->a, r->id), (str){0},
                     e);
}

// A run keeps its name: an empty one is passed over.
static bool set_tags(db_tx *tx, log_call *l, run *r, err *e) {
    for (size_t i = 0; i < l->b->n_tags; i++) {
        const kv *t = &l->b->tags[i];
        if (str_is(t->key, RUN_NAME_TAG) && !t->value.n) continue;
        if (!attr_set(tx, l->c, l->run, ATTR_TAG, t->key, t->value, e)) return false;
        if (str_is(t->key, RUN_NAME_TAG) && !rename_by_tag(tx, l, r, t->value, e)) return false;
    }
    return true;
}

// The models that points name are there. Most points name none, or the one of the point before.
static bool require_models(db_tx *tx, const log_call *l, err *e) {
    map seen = map_new(db_tx_arena(tx));
    const id *last = NULL;
    for (size_t i = 0; l->b->points && i < l->b->n_points; i++) {
        const id *m = &l->b->points[i].model;
        bool added;
        if (id_is_zero(*m) || (last && id_cmp(*m, *last) == 0)) continue;
        last = m;
        map_at(&seen, str_n(m, sizeof *m), &added);
        if (added && !model_require(tx, l->c, *m, e)) return false;
    }
    return true;
}

static bool log_one(db_tx *tx, log_call *l, err *e) {
    run r;
    if (!run_read_active_locked(tx, l->c, l->run, &r, e) || !require_models(tx, l, e))
        return false;
    if (l->b->n_params && !set_params(tx, l, e)) return false;
    if (l->record.n && !series_append(tx, l->c->core, l->c->ws, l->run, l->record, e))
        return false;
    return set_tags(tx, l, &r, e) && run_touched(tx, l->c, &r, e);
}

typedef struct log_calls {
    log_call *list;
    size_t n, at; // the one at work
} log_calls;

static bool log_all(db_tx *tx, void *arg, err *e) {
    log_calls *s = arg;
    for (s->at = 0; s->at < s->n; s->at++) {
        if (!log_one(tx, &s->list[s->at], e)) return false;
    }
    return true;
}

bool run_log_all(ctx *c, run_entry *list, size_t n, size_t *wrong, err *e) {
    log_calls s = {.list = ARENA_ARRAY(c->a, log_call, n), .n = n};
    // Points alone need no serialisable transaction: the check that the run is active is a
    // locked read.
    bool only_points = true;
    size_t points = 0;
    for (size_t i = 0; i < n; i++) {
        run_batch *b = &list[i].batch;
        log_call *l = &s.list[i];
        *l = (log_call){.c = c, .run = list[i].run, .b = b, .record = list[i].record};
        if (b->n_points && b->points) l->record = series_record(c->a, b->points, b->n_points);
        only_points = only_points && !b->n_params && !b->n_tags;
        points += b->n_points;
    }
    bool ok = only_points ? db_append(core_db(c->core), log_all, &s, e)
                          : db_write(core_db(c->core), log_all, &s, e);
    if (ok) METRIC_ADD(points_in_total, (int64_t)points);
    *wrong = s.at;
    return ok;
}

bool run_log(ctx *c, id run_id, run_batch *b, err *e) {
    run_entry one = {.run = run_id, .batch = *b};
    size_t wrong;
    bool ok = run_log_all(c, &one, 1, &wrong, e);
    b->conflicts = one.batch.conflicts;
    b->n_conflicts = one.batch.n_conflicts;
    return ok;
}

// ---- tags -----------------------------------------------------------------------------------

typedef struct tag_call {
    ctx *c;
    id run;
    str key;
    bool (*edit)(void *arg, str old, arena *a, str *value, err *e);
    void *arg;
} tag_call;

static bool delete_tag(db_tx *tx, void *arg, err *e) {
    tag_call *t = arg;
    run r;
    if (!run_read_active_locked(tx, t->c, t->run, &r, e)) return false;
    int64_t n = db_do(tx, &Q_attr_delete, e, DB_I64(t->c->ws), DB_ID(t->run), DB_I64(ATTR_TAG),
                      DB_TEXT(t->key));
    if (n == 0) {
        return err_set(e, ERR_NOT_FOUND, "No tag with name: %.*s in run with id %s",
                       STR_F(t->key), id_str(t->c->a, t->run).p);
    }
    return n > 0 && run_touched(tx, t->c, &r, e);
}

bool run_delete_tag(ctx *c, id run_id, str key, err *e) {
    tag_call t = {.c = c, .run = run_id, .key = key};
    return db_write(core_db(c->core), delete_tag, &t, e);
}

static bool edit_tag(db_tx *tx, void *arg, err *e) {
    tag_call *t = arg;
    run r;
    db_rows *row = NULL;
    str value;
    if (!run_read_active_locked(tx, t->c, t->run, &r, e)) return false;
    int found = db_get(tx, &Q_attr_get, &row, e, DB_I64(t->c->ws), DB_ID(t->run),
                       DB_I64(ATTR_TAG), DB_TEXT(t->key));
    if (found < 0) return false;
    str old = found ? arena_str(db_tx_arena(tx), db_text(row, 0)) : (str){0};
    return t->edit(t->arg, old, t->c->a, &value, e) &&
           attr_set(tx, t->c, t->run, ATTR_TAG, t->key, value, e) &&
           run_touched(tx, t->c, &r, e);
}

bool run_edit_tag(ctx *c, id run_id, str key,
                  bool (*edit)(void *arg, str old, arena *a, str *value, err *e), void *arg,
                  err *e) {
    tag_call t = {.c = c, .run = run_id, .key = key, .edit = edit, .arg = arg};
    return db_write(core_db(c->core), edit_tag, &t, e);
}
