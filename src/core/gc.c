// SPDX-License-Identifier: Apache-2.0
// gc: walks the bin by key in small transactions. The run's row goes last, so that a killed gc
// finds it again. One gc at a time is enough; two do no harm, because every step checks the
// state it removes.
#include "core/gc.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/artifact.h"
#include "core/beat.h"
#include "core/console.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/gc_sql.h"

#define PROXY_SCHEME "mlflow-artifacts:/"

typedef struct bin_item {
    id id;
    int64_t project, deleted_us;
    str artifact_uri;
} bin_item;

typedef struct gc {
    ctx *c;
    int64_t before_us;
    bool dry;
    gc_report *report;
    // the page being read, and where the next begins
    bool models;
    int64_t after_us;
    id after;
    bin_item *items;
    size_t n;
    // the item being removed
    const bin_item *item;
    bool done;
} gc;

static bool read_page(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    VEC(bin_item) v = {0};
    db_rows *rows = g->models
                        ? db_select(tx, &Q_gc_models, e, DB_I64(g->c->ws), DB_ID(g->after),
                                    DB_I64(g->before_us / 1000))
                        : db_select(tx, &Q_gc_runs, e, DB_I64(g->c->ws), DB_I64(g->after_us),
                                    DB_ID(g->after), DB_I64(g->before_us));
    if (!rows) return false;
    while (db_next(rows, e)) {
        bin_item i = {.id = db_id(rows, 0),
                      .project = db_i64(rows, 1),
                      .artifact_uri = arena_str(g->c->a, db_text(rows, 2))};
        if (!g->models) i.deleted_us = db_i64(rows, 3);
        vec_push(g->c->a, &v, i);
    }
    db_end(rows);
    g->items = v.p;
    g->n = v.n;
    return e->code == ERR_NONE;
}

// The item's part of the artifact tree, when it lies in ours: not on another host ("//host/..."),
// and not under what is no path (clients may name any location; nothing could be put there).
static bool free_artifacts(gc *g, const bin_item *i, err *e) {
    str scheme = STR(PROXY_SCHEME), path;
    err no_path;
    if (!str_starts(i->artifact_uri, scheme)) return true;
    str rest = str_from(i->artifact_uri, scheme.n);
    if (str_starts(rest, STR("/")) || !artifact_path(g->c->a, rest, &path, &no_path) || !path.n)
        return true;
    return artifact_delete(g->c, path, e);
}

static bool still_deleted(db_tx *tx, const gc *g, bool *yes, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_gc_still_deleted, &row, e, DB_I64(g->c->ws), DB_ID(g->item->id));
    *yes = found > 0 && db_i64(row, 0) == LIFE_DELETED;
    return found >= 0;
}

static bool forget_points(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    bool deleted;
    g->done = true; // restored meanwhile, or gone: nothing to forget
    if (!still_deleted(tx, g, &deleted, e)) return false;
    if (!deleted) return true;
    return series_forget_step(tx, g->c->ws, g->item->id, &g->done, e) &&
           (!g->done || console_forget_step(tx, g->c->ws, g->item->id, &g->done, e));
}

// Out of the search first: it needs the run's row to know its slot.
static bool forget_rows(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    const bin_item *i = g->item;
    bool deleted = g->models;
    g->done = false;
    if (!g->models && !still_deleted(tx, g, &deleted, e)) return false;
    if (!deleted) return true; // restored meanwhile
    if (!g->models && !search_forget(tx, g->c->ws, i->project, i->id, e)) return false;
    int64_t n =
        db_do(tx, g->models ? &Q_gc_model : &Q_gc_run, e, DB_I64(g->c->ws), DB_ID(i->id));
    g->done = n == 1;
    if (n != 1) return n == 0;
    return db_do(tx, &Q_gc_attr, e, DB_I64(g->c->ws), DB_ID(i->id)) >= 0 &&
           db_do(tx, &Q_gc_edge_tag, e, DB_I64(g->c->ws), DB_ID(i->id)) >= 0 &&
           db_do(tx, &Q_gc_edge, e, DB_I64(g->c->ws), DB_ID(i->id)) >= 0 &&
           beat_forget(tx, g->c->ws, i->id, e) &&
           event_add(tx, g->c, EVENT_gc_freed, i->project, id_str(db_tx_arena(tx), i->id), (str){0}, e);
}

static bool free_item(gc *g, const bin_item *i, err *e) {
    g->item = i;
    if (!free_artifacts(g, i, e)) return false;
    g->done = g->models;
    while (!g->done) {
        if (!db_write(g->c->core->db, forget_points, g, e)) return false;
    }
    if (!db_write(g->c->core->db, forget_rows, g, e)) return false;
    if (g->done) *(g->models ? &g->report->models : &g->report->runs) += 1;
    return true;
}

static bool free_kind(gc *g, bool models, err *e) {
    g->models = models;
    g->after_us = INT64_MIN;
    g->after = (id){0};
    do {
        arena_reset(g->c->a);
        if (!db_read(g->c->core->db, read_page, g, e)) return false;
        for (size_t i = 0; i < g->n; i++) {
            g->after = g->items[i].id;
            g->after_us = g->items[i].deleted_us;
            if (g->dry)
                *(models ? &g->report->models : &g->report->runs) += 1;
            else if (!free_item(g, &g->items[i], e))
                return false;
        }
    } while (g->n);
    return true;
}

static bool next_workspace(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_gc_workspace, &row, e, DB_I64(g->c->ws));
    g->done = found == 0;
    if (found > 0) g->c->ws = db_i64(row, 0);
    return found >= 0;
}

static bool is_used(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    (void)arg;
    return artifact_uses(tx, digest, yes, e);
}

bool gc_bin(core *c, int64_t older_us, bool dry, gc_report *out, err *e) {
    ctx k = {.core = c, .a = arena_new(), .ws = INT64_MIN, .user = STR("gc"), .proven = true};
    gc g = {.c = &k, .before_us = clock_now_us() - older_us, .dry = dry, .report = out};
    *out = (gc_report){0};
    bool ok;
    for (;;) {
        ok = db_read(c->db, next_workspace, &g, e);
        if (!ok || g.done) break;
        ok = free_kind(&g, false, e) && free_kind(&g, true, e);
        if (!ok) break;
    }
    arena_free(k.a);
    return ok && store_gc(c->store, is_used, NULL, dry, &out->objects, e);
}
