// SPDX-License-Identifier: Apache-2.0
// run: the row of a run: create, read. Changing it is in run_change.c, logging in run_log.c.
// Every change is one transaction with its mark for the search and, where the design calls for
// one, its event. Any thread.
#include "core/run.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/project_internal.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

const msg_name run_status_names[] = {{"running", RUN_RUNNING},
                                     {"scheduled", RUN_SCHEDULED},
                                     {"finished", RUN_FINISHED},
                                     {"failed", RUN_FAILED},
                                     {"killed", RUN_KILLED},
                                     {"crashed", RUN_CRASHED},
                                     {NULL, 0}};

run run_of_row(db_rows *row, arena *a) {
    return (run){.id = db_id(row, 0),
                 .project = db_i64(row, 1),
                 .name = arena_str(a, db_text(row, 2)),
                 .user = arena_str(a, db_text(row, 3)),
                 .artifact_uri = arena_str(a, db_text(row, 4)),
                 .status = (run_status)db_i64(row, 5),
                 .life = (lifecycle)db_i64(row, 6),
                 .has_start = !db_is_null(row, 7),
                 .start_ms = db_i64(row, 7),
                 .has_end = !db_is_null(row, 8),
                 .end_ms = db_i64(row, 8),
                 .created_us = db_i64(row, 9),
                 .reason = db_is_null(row, 10) ? (str){0} : arena_str(a, db_text(row, 10))};
}

static bool read_by(const db_query *q, db_tx *tx, const ctx *c, id run_id, run *out, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, q, &row, e, DB_I64(c->ws), DB_ID(run_id));
    if (found < 0) return false;
    if (!found) {
        char hex[ID_HEX];
        id_hex(run_id, hex);
        return err_set(e, ERR_NOT_FOUND, "Run with id=%s not found", hex);
    }
    *out = run_of_row(row, c->a);
    return true;
}

static bool require_active(const run *r, err *e) {
    if (r->life == LIFE_ACTIVE) return true;
    char hex[ID_HEX];
    id_hex(r->id, hex);
    return err_set(e, ERR_STATE,
                   "The run %s must be in the 'active' state. Current state is deleted.", hex);
}

bool run_read(db_tx *tx, const ctx *c, id run_id, run *out, err *e) {
    return read_by(&Q_run_get, tx, c, run_id, out, e);
}

bool run_read_active(db_tx *tx, const ctx *c, id run_id, run *out, err *e) {
    return run_read(tx, c, run_id, out, e) && require_active(out, e);
}

bool run_read_active_locked(db_tx *tx, const ctx *c, id run_id, run *out, err *e) {
    return read_by(&Q_run_get_shared, tx, c, run_id, out, e) && require_active(out, e);
}

bool run_ended(const run *r) {
    return r->status >= RUN_FINISHED;
}

bool run_touched(db_tx *tx, const ctx *c, const run *r, err *e) {
    return search_mark(tx, c->core, c->ws, r->project, r->id, e) &&
           (!run_ended(r) ||
            event_add(tx, c, EVENT_run_edited, r->project, id_str(c->a, r->id), (str){0}, e));
}

bool run_files_moved(db_tx *tx, const ctx *c, id run_id, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_run_project, &row, e, DB_I64(c->ws), DB_ID(run_id));
    return found == 0 ||
           (found > 0 && search_mark(tx, c->core, c->ws, db_i64(row, 0), run_id, e));
}

bool attr_set(db_tx *tx, const ctx *c, id owner, attr_kind kind, str key, str value, err *e) {
    return db_push(tx, &Q_attr_set, e, DB_I64(c->ws), DB_ID(owner), DB_I64(kind), DB_TEXT(key),
                   DB_TEXT(value));
}

bool attr_read(db_tx *tx, const ctx *c, id owner, attr_kind kind, arena *a, kv **out, size_t *n,
               err *e) {
    db_rows *rows = db_select(tx, &Q_attr_all, e, DB_I64(c->ws), DB_ID(owner), DB_I64(kind));
    return core_read_kv(rows, a, out, n, e);
}

// ---- create ---------------------------------------------------------------------------------

typedef struct create_call {
    ctx *c;
    const run_new *n;
    run *out;
} create_call;

static bool create(db_tx *tx, void *arg, err *e) {
    create_call *k = arg;
    ctx *c = k->c;
    run *r = k->out;
    project p;
    if (!project_read_active(tx, c, k->n->project, &p, e)) return false;
    r->artifact_uri = core_uri_join(c->a, p.artifact_location,
                                    arena_printf(c->a, "%s/artifacts", id_str(c->a, r->id).p));
    if (!db_push(tx, &Q_run_insert, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(r->project),
                 DB_TEXT(r->name), DB_TEXT(r->user), DB_I64(r->status),
                 DB_MAYBE_I64(r->has_start, r->start_ms), DB_TEXT(r->artifact_uri),
                 DB_I64(r->created_us))) {
        return false;
    }
    for (size_t i = 0; i < k->n->n_tags; i++) {
        if (!attr_set(tx, c, r->id, ATTR_TAG, k->n->tags[i].key, k->n->tags[i].value, e))
            return false;
    }
    for (size_t i = 0; i < k->n->n_params; i++) {
        if (!attr_set(tx, c, r->id, ATTR_PARAM, k->n->params[i].key, k->n->params[i].value, e))
            return false;
    }
    return search_mark(tx, c->core, c->ws, r->project, r->id, e) &&
           event_add(tx, c, EVENT_run_created, r->project, id_str(c->a, r->id), (str){0}, e);
}

bool run_create(ctx *c, const run_new *n, run *out, err *e) {
    *out = (run){.id = id_new(),
                 .project = n->project,
                 .name = n->name,
                 .user = n->user,
                 .status = RUN_RUNNING,
                 .has_start = n->has_start,
                 .start_ms = n->start_ms,
                 .created_us = clock_now_us()};
    create_call k = {.c = c, .n = n, .out = out};
    return db_write(core_db(c->core), create, &k, e);
}

// ---- read -----------------------------------------------------------------------------------

typedef struct get_call {
    ctx *c;
    id id;
    run *out;
} get_call;

static bool get(db_tx *tx, void *arg, err *e) {
    get_call *g = arg;
    return run_read(tx, g->c, g->id, g->out, e);
}

bool run_get(ctx *c, id run_id, run *out, err *e) {
    get_call g = {.c = c, .id = run_id, .out = out};
    return db_read(core_db(c->core), get, &g, e);
}

typedef struct there_call {
    ctx *c;
    const id *ids;
    size_t n;
} there_call;

static bool all_there(db_tx *tx, void *arg, err *e) {
    there_call *g = arg;
    run r;
    for (size_t i = 0; i < g->n; i++) {
        if (!run_read(tx, g->c, g->ids[i], &r, e)) return false;
    }
    return true;
}

bool run_all_there(ctx *c, const id *run_ids, size_t n, err *e) {
    there_call g = {.c = c, .ids = run_ids, .n = n};
    return db_read(core_db(c->core), all_there, &g, e);
}

typedef struct attrs_call {
    ctx *c;
    id owner;
    attr_kind kind;
    kv *out;
    size_t n;
} attrs_call;

static bool attrs(db_tx *tx, void *arg, err *e) {
    attrs_call *g = arg;
    return attr_read(tx, g->c, g->owner, g->kind, g->c->a, &g->out, &g->n, e);
}

bool run_attrs(ctx *c, id owner, attr_kind kind, kv **out, size_t *n, err *e) {
    attrs_call g = {.c = c, .owner = owner, .kind = kind};
    if (!db_read(core_db(c->core), attrs, &g, e)) return false;
    *out = g.out;
    *n = g.n;
    return true;
}
