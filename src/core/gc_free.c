// SPDX-License-Identifier: Apache-2.0
// gc_free: removes an item of the bin in small transactions, each of which asks whether the
// item is still due. Its row goes last, so that a killed gc finds it again. The thread of the
// gc.
#include "core/gc_internal.h"

#include "core/beat.h"
#include "core/console.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/gc_sql.h"
#include "core/table.h"

typedef struct freeing {
    ctx *c;
    const bin_item *item;
    int64_t before_us;
    const table *t; // whose rows go
    bool due, done, freed;
} freeing;

// Is it (still) in the bin since then? Times of models and projects are milliseconds.
static bool ask_due(db_tx *tx, void *arg, err *e) {
    freeing *f = arg;
    const bin_item *i = f->item;
    static const db_query *const alone[] = {&Q_gc_run_due, &Q_gc_model_due, &Q_gc_project_due};
    static const db_query *const with[] = {&Q_gc_run_due_with, &Q_gc_model_due_with};
    const db_query *q = (i->with_project ? with : alone)[i->kind];
    bool in_us = q == &Q_gc_run_due;
    db_rows *row;
    int found = db_get(tx, q, &row, e, DB_I64(f->c->ws),
                       i->kind == BIN_PROJECT ? DB_I64(i->project) : DB_ID(i->id),
                       DB_I64(in_us ? f->before_us : f->before_us / 1000));
    f->due = found > 0;
    f->done = !f->due; // restored meanwhile, or gone: nothing to remove
    return found >= 0;
}

static bool until_done(freeing *f, db_fn step, err *e) {
    do {
        if (!db_write(f->c->core->db, step, f, e)) return false;
    } while (!f->done);
    return true;
}

static bool tell(db_tx *tx, freeing *f, str object, err *e) {
    f->done = f->freed = true;
    return event_add(tx, f->c, EVENT_gc_freed, f->item->project, object, (str){0}, e);
}

// ---- runs and logged models -----------------------------------------------------------------

// A search sees the run until its row goes, so every step marks it.
static bool mark(db_tx *tx, const freeing *f, err *e) {
    const bin_item *i = f->item;
    return i->kind != BIN_RUN || search_mark(tx, f->c->core, f->c->ws, i->project, i->id, e);
}

static bool forget_points(db_tx *tx, void *arg, err *e) {
    freeing *f = arg;
    int64_t ws = f->c->ws;
    id who = f->item->id;
    if (!ask_due(tx, f, e)) return false;
    if (!f->due) return true;
    return series_forget_step(tx, ws, who, &f->done, e) &&
           (!f->done || console_forget_step(tx, ws, who, &f->done, e)) && mark(tx, f, e);
}

static bool wipe_page(db_tx *tx, void *arg, err *e) {
    freeing *f = arg;
    if (!ask_due(tx, f, e)) return false;
    if (!f->due) return true;
    int64_t n = db_do(tx, &f->t->owned_wipe, e, DB_I64(f->c->ws), DB_ID(f->item->id));
    f->done = n == 0;
    return n == 0 || (n > 0 && mark(tx, f, e));
}

// Rows of the item in every table that has some, but for its own.
static bool wipe_rows(freeing *f, err *e) {
    const table_set *set = table_set_at(0);
    for (size_t i = 0; i < set->n; i++) {
        f->t = &set->tables[i];
        if (!f->t->owned || str_is(f->t->name, "run") || str_is(f->t->name, "model")) continue;
        if (!until_done(f, wipe_page, e)) return false;
    }
    return true;
}

// Out of the search first: it needs the run's row to know its slot.
static bool forget_row(db_tx *tx, void *arg, err *e) {
    freeing *f = arg;
    const bin_item *i = f->item;
    f->freed = false;
    if (!ask_due(tx, f, e)) return false;
    if (!f->due) return true;
    if (i->kind == BIN_RUN && !search_forget(tx, f->c->ws, i->project, i->id, e)) return false;
    return db_push(tx, i->kind == BIN_RUN ? &Q_gc_run : &Q_gc_model, e, DB_I64(f->c->ws),
                   DB_ID(i->id)) &&
           tell(tx, f, id_str(db_tx_arena(tx), i->id), e);
}

static bool free_owner(freeing *f, err *e) {
    return (f->item->kind != BIN_RUN || until_done(f, forget_points, e)) && wipe_rows(f, e) &&
           until_done(f, forget_row, e);
}

// ---- projects -------------------------------------------------------------------------------

// The derived tables and the data sets a page at a time; what a restored project would miss
// goes with its row. A data set that a run has taken to another project stays.
static bool forget_project(db_tx *tx, void *arg, err *e) {
    freeing *f = arg;
    static const db_query *const last[] = {&Q_gc_project_tags, &Q_gc_project_imports,
                                           &Q_gc_project};
    db_arg ws = DB_I64(f->c->ws), number = DB_I64(f->item->project);
    bool columns;
    f->freed = false;
    if (!ask_due(tx, f, e)) return false;
    if (!f->due) return true;
    if (!search_forget_project(tx, f->c->ws, f->item->project, &columns, e)) return false;
    int64_t sets = db_do(tx, &Q_gc_datasets, e, ws, number);
    if (sets < 0) return false;
    if (!columns || sets) return true;
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        if (!db_push(tx, last[i], e, ws, number)) return false;
    }
    str object = arena_printf(db_tx_arena(tx), "%lld", (long long)f->item->project);
    return tell(tx, f, object, e);
}

bool bin_free(ctx *c, const bin_item *i, int64_t before_us, bool *freed, err *e) {
    freeing f = {.c = c, .item = i, .before_us = before_us};
    *freed = false;
    if (!db_read(c->core->db, ask_due, &f, e)) return false;
    if (!f.due) return true;
    bool ok = bin_free_files(c, i, e) &&
              (i->kind == BIN_PROJECT ? until_done(&f, forget_project, e) : free_owner(&f, e));
    *freed = f.freed;
    return ok;
}
