// SPDX-License-Identifier: Apache-2.0
// run_change: everything that changes a run's row: its state, name, tags, project, and the bin;
// of one run, or of many in one transaction. What can be refused is checked before the first
// write, so that a bulk may go on behind a run that is refused. Any thread.
#include "base/clock.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/project_internal.h"
#include "core/run.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

// ---- change ---------------------------------------------------------------------------------

static void change_fields(const run_change *change, const run *old, run *now) {
    if (change->has_status) now->status = change->status;
    if (change->has_end && !(change->end_if_open && old->has_end)) {
        now->has_end = true;
        now->end_ms = change->end_ms;
    }
    if (change->end_none) now->has_end = false;
    if (now->status != old->status || change->reason.p) now->reason = change->reason;
    if (change->has_name) now->name = change->name;
    for (size_t i = 0; i < change->n_tags; i++) {
        const kv *t = &change->tags[i];
        if (str_is(t->key, RUN_NAME_TAG) && t->value.n) now->name = t->value;
    }
}

// An empty name tag is passed over: a run keeps its name.
static bool change_tags(db_tx *tx, const ctx *c, const run_change *change, const run *now,
                        err *e) {
    for (size_t i = 0; i < change->n_tags; i++) {
        const kv *t = &change->tags[i];
        if (str_is(t->key, RUN_NAME_TAG)) continue;
        bool ok = t->value.p ? attr_set(tx, c, now->id, ATTR_TAG, t->key, t->value, e)
                             : db_push(tx, &Q_attr_delete, e, DB_I64(c->ws), DB_ID(now->id),
                                       DB_I64(ATTR_TAG), DB_TEXT(t->key));
        if (!ok) return false;
    }
    return true;
}

// The run leaves its slot, and takes the one that it had in the other project, if a mark still
// remembers it.
static bool change_project(db_tx *tx, const ctx *c, run *now, int64_t to, err *e) {
    bool has_slot;
    int64_t slot, from = now->project;
    str object = id_str(c->a, now->id);
    now->project = to;
    return search_forget(tx, c->ws, from, now->id, e) &&
           search_slot_left(tx, c->ws, to, now->id, &has_slot, &slot, e) &&
           db_push(tx, &Q_run_set_project, e, DB_I64(c->ws), DB_ID(now->id), DB_I64(to),
                   DB_MAYBE_I64(has_slot, slot)) &&
           event_add(tx, c, EVENT_run_moved, to, object,
                     arena_printf(c->a, "{\"from\":%lld,\"to\":%lld}", (long long)from,
                                  (long long)to),
                     e);
}

// The events that a change from `old` to `now` is.
static bool change_events(db_tx *tx, const ctx *c, const run_change *change, const run *old,
                          const run *now, err *e) {
    str object = id_str(c->a, now->id);
    if (run_ended(now) && now->status != old->status) {
        if (!event_add(tx, c, EVENT_run_ended, now->project, object, (str){0}, e)) return false;
    } else if (run_ended(old) && change->n_tags) {
        if (!event_add(tx, c, EVENT_run_edited, now->project, object, (str){0}, e))
            return false;
    }
    return str_eq(old->name, now->name) ||
           event_add(tx, c, EVENT_run_renamed, now->project, object, (str){0}, e);
}

static bool change_run(db_tx *tx, const ctx *c, id run_id, const run_change *change, run *out,
                       err *e) {
    run old;
    project target;
    if (!run_read_active(tx, c, run_id, &old, e)) return false;
    run now = old;
    bool moves = change->has_project && change->project != old.project;
    if (moves && !project_read_active(tx, c, change->project, &target, e)) return false;
    change_fields(change, &old, &now);
    bool named = change->has_name || !str_eq(old.name, now.name);
    if (named && !attr_set(tx, c, now.id, ATTR_TAG, STR(RUN_NAME_TAG), now.name, e))
        return false;
    if (!change_tags(tx, c, change, &now, e) ||
        !db_push(tx, &Q_run_update, e, DB_I64(c->ws), DB_ID(now.id), DB_TEXT(now.name),
                 DB_I64(now.status), DB_MAYBE_I64(now.has_end, now.end_ms),
                 DB_MAYBE_TEXT(now.reason)))
        return false;
    if (moves && !change_project(tx, c, &now, change->project, e)) return false;
    *out = now;
    return search_mark(tx, c->core, c->ws, now.project, now.id, e) &&
           change_events(tx, c, change, &old, &now, e);
}

typedef struct run_call {
    ctx *c;
    id id;
    run *out;
    const run_change *change;
    lifecycle to;
} run_call;

static bool update(db_tx *tx, void *arg, err *e) {
    run_call *u = arg;
    return change_run(tx, u->c, u->id, u->change, u->out, e);
}

bool run_update(ctx *c, id run_id, const run_change *change, run *out, err *e) {
    run_call u = {.c = c, .id = run_id, .change = change, .out = out};
    return db_write(core_db(c->core), update, &u, e);
}

// ---- the bin --------------------------------------------------------------------------------

static bool change_life(db_tx *tx, const ctx *c, id run_id, lifecycle to, err *e) {
    run r;
    if (!run_read(tx, c, run_id, &r, e)) return false;
    if (r.life == to) return true;
    event_kind kind = to == LIFE_DELETED ? EVENT_run_deleted : EVENT_run_restored;
    return db_push(tx, &Q_run_set_life, e, DB_I64(c->ws), DB_ID(r.id), DB_I64(to),
                   DB_MAYBE_I64(to == LIFE_DELETED, clock_now_us())) &&
           search_mark(tx, c->core, c->ws, r.project, r.id, e) &&
           event_add(tx, c, kind, r.project, id_str(c->a, r.id), (str){0}, e);
}

static bool live(db_tx *tx, void *arg, err *e) {
    run_call *m = arg;
    return change_life(tx, m->c, m->id, m->to, e);
}

bool run_delete(ctx *c, id run_id, err *e) {
    run_call m = {.c = c, .id = run_id, .to = LIFE_DELETED};
    return db_write(core_db(c->core), live, &m, e);
}

bool run_restore(ctx *c, id run_id, err *e) {
    run_call m = {.c = c, .id = run_id, .to = LIFE_ACTIVE};
    return db_write(core_db(c->core), live, &m, e);
}

// ---- many -----------------------------------------------------------------------------------

typedef struct bulk_call {
    ctx *c;
    run_act act;
    const run_change *change;
    const id *ids;
    size_t n;
    str *failed;
} bulk_call;

static bool bulk_one(db_tx *tx, const bulk_call *b, id run_id, err *e) {
    run out;
    if (b->act == RUN_DO_CHANGE) return change_run(tx, b->c, run_id, b->change, &out, e);
    lifecycle to = b->act == RUN_DO_DELETE ? LIFE_DELETED : LIFE_ACTIVE;
    return change_life(tx, b->c, run_id, to, e);
}

static bool bulk(db_tx *tx, void *arg, err *e) {
    bulk_call *b = arg;
    for (size_t i = 0; i < b->n; i++) {
        b->failed[i] = (str){0};
        if (bulk_one(tx, b, b->ids[i], e)) continue;
        if (e->code != ERR_NOT_FOUND && e->code != ERR_STATE) return false;
        b->failed[i] = arena_str(b->c->a, str_of(e->msg));
        *e = (err){0};
    }
    return true;
}

bool run_bulk(ctx *c, run_act act, const run_change *change, const id *ids, size_t n,
              str *failed, err *e) {
    for (size_t at = 0; at < n; at += RUN_BULK) {
        bulk_call b = {.c = c,
                       .act = act,
                       .change = change,
                       .ids = ids + at,
                       .n = n - at < RUN_BULK ? n - at : RUN_BULK,
                       .failed = failed + at};
        if (!db_write(core_db(c->core), bulk, &b, e)) return false;
    }
    return true;
}
