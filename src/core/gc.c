// SPDX-License-Identifier: Apache-2.0
// gc: walks the bin by key in small transactions. A page of it is written to the undo file and
// synced before any of it is removed. The run's row goes last, so that a killed gc finds it
// again. One gc at a time is enough; two do no harm, because every step checks the state it
// removes.
#include "core/gc_internal.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/artifact.h"
#include "core/beat.h"
#include "core/console.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/gc_sql.h"
#include "core/table.h"

#define PROXY_SCHEME "mlflow-artifacts:/"

typedef struct gc {
    ctx *c;
    int64_t before_us;
    const gc_options *o;
    gc_report *report;
    undo_out *undo; // NULL: not kept
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

// The item's part of the artifact tree, when it lies in ours: not on another host
// ("//host/..."), and not under what is no path (clients may name any location; nothing could
// be put there).
static void find_path(gc *g, bin_item *i) {
    str scheme = STR(PROXY_SCHEME), path;
    err no_path;
    if (!str_starts(i->artifact_uri, scheme)) return;
    str rest = str_from(i->artifact_uri, scheme.n);
    if (!str_starts(rest, STR("/")) && artifact_path(g->c->a, rest, &path, &no_path))
        i->path = path;
}

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
        bin_item i = {.model = g->models,
                      .id = db_id(rows, 0),
                      .project = db_i64(rows, 1),
                      .artifact_uri = arena_str(g->c->a, db_text(rows, 2))};
        if (!g->models) i.deleted_us = db_i64(rows, 3);
        find_path(g, &i);
        vec_push(g->c->a, &v, i);
    }
    db_end(rows);
    g->items = v.p;
    g->n = v.n;
    return e->code == ERR_NONE;
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

typedef struct wiping {
    gc *g;
    const table *t;
    int64_t n;
} wiping;

static bool wipe_page(db_tx *tx, void *arg, err *e) {
    wiping *w = arg;
    const bin_item *i = w->g->item;
    bool deleted = i->model;
    w->n = 0;
    if (!i->model && !still_deleted(tx, w->g, &deleted, e)) return false;
    if (deleted) w->n = db_do(tx, &w->t->owned_wipe, e, DB_I64(w->g->c->ws), DB_ID(i->id));
    return w->n >= 0;
}

// Rows of the item in every table that has some, but for its own.
static bool wipe_rows(gc *g, err *e) {
    const table_set *set = table_set_at(0);
    for (size_t i = 0; i < set->n; i++) {
        wiping w = {.g = g, .t = &set->tables[i]};
        if (!w.t->owned || str_is(w.t->name, "run") || str_is(w.t->name, "model")) continue;
        do {
            if (!db_write(g->c->core->db, wipe_page, &w, e)) return false;
        } while (w.n);
    }
    return true;
}

// Out of the search first: it needs the run's row to know its slot.
static bool forget_row(db_tx *tx, void *arg, err *e) {
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
    return event_add(tx, g->c, EVENT_gc_freed, i->project, id_str(db_tx_arena(tx), i->id),
                     (str){0}, e);
}

static bool free_item(gc *g, const bin_item *i, err *e) {
    g->item = i;
    if (i->path.n && !artifact_delete(g->c, i->path, e)) return false;
    g->done = g->models;
    while (!g->done) {
        if (!db_write(g->c->core->db, forget_points, g, e)) return false;
    }
    if (!wipe_rows(g, e) || !db_write(g->c->core->db, forget_row, g, e)) return false;
    if (g->done) *(g->models ? &g->report->models : &g->report->runs) += 1;
    if (g->o->progress) g->o->progress(g->o->arg, g->report);
    return core_goes_on(g->c->core, e);
}

// ---- the walk -------------------------------------------------------------------------------

typedef struct measuring {
    gc *g;
    const bin_item *item;
    bin_files files;
} measuring;

static bool measure_row(void *arg, const table *t, const db_rows *row, err *e) {
    (void)t, (void)e;
    bin_count(arg, row);
    return true;
}

static bool measure_fn(db_tx *tx, void *arg, err *e) {
    measuring *m = arg;
    m->files = (bin_files){0};
    return artifact_each(tx, m->g->c->ws, m->item->path, measure_row, &m->files, e);
}

static bool measure(gc *g, const bin_item *i, bin_files *out, err *e) {
    measuring m = {.g = g, .item = i};
    if (i->path.n && !db_snapshot(g->c->core->db, measure_fn, &m, e)) return false;
    *out = m.files;
    return true;
}

// Counts the files of each item, on the way into the undo file where there is one.
static bool keep_page(gc *g, err *e) {
    if (!g->n) return true;
    for (size_t i = 0; i < g->n; i++) {
        const bin_item *item = &g->items[i];
        bin_files f = {0};
        if (!(g->undo ? undo_item(g->undo, g->c->ws, item, &f, e) : measure(g, item, &f, e)))
            return false;
        g->report->files += f.n;
        g->report->file_bytes += f.bytes;
    }
    return !g->undo || undo_sync(g->undo, e);
}

static bool free_kind(gc *g, bool models, err *e) {
    g->models = models;
    g->after_us = INT64_MIN;
    g->after = (id){0};
    do {
        arena_reset(g->c->a);
        if (!core_goes_on(g->c->core, e) || !db_read(g->c->core->db, read_page, g, e) ||
            !keep_page(g, e))
            return false;
        for (size_t i = 0; i < g->n; i++) {
            g->after = g->items[i].id;
            g->after_us = g->items[i].deleted_us;
            if (g->o->dry)
                *(models ? &g->report->models : &g->report->runs) += 1;
            else if (!free_item(g, &g->items[i], e))
                return false;
        }
    } while (g->n);
    return true;
}

static bool is_used(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    (void)arg;
    return artifact_uses(tx, digest, yes, e);
}

static bool free_records(gc *g, err *e) {
    for (bool found;;) {
        if (!core_next_workspace(g->c->core, &g->c->ws, &found, e)) return false;
        if (!found) return true;
        if (!free_kind(g, false, e) || !free_kind(g, true, e)) return false;
    }
}

bool gc_bin(core *c, const gc_options *o, gc_report *out, err *e) {
    ctx k = {.core = c, .a = arena_new(), .ws = INT64_MIN, .user = STR("gc"), .proven = true};
    int64_t now = clock_now_us();
    bool kept = !o->dry && o->hold_us > 0 && core_undo_dir(c).n;
    gc g = {.c = &k, .before_us = now - o->older_us, .o = o, .report = out};
    *out = (gc_report){0};
    bool ok = !kept || (g.undo = undo_begin(c, e));
    ok = ok && free_records(&g, e);
    if (g.undo) ok = undo_end(g.undo, ok, e) && ok;
    arena_free(k.a);
    return ok && store_gc(c->store, is_used, NULL, o->hold_us, o->dry, &out->objects, e) &&
           (o->dry || undo_forget(c, now - o->hold_us, e));
}
