// SPDX-License-Identifier: Apache-2.0
// gc: walks the bin by key in small transactions: in each workspace the runs and logged models
// that were deleted, then the deleted projects with what is left in them. A page of it is
// written to the undo file and synced before any of it is removed (gc_free.c). One gc at a time
// is enough; two do no harm, because every step checks the state it removes.
#include "core/gc_internal.h"
#include "core/repo.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/artifact.h"
#include "core/core_internal.h"
#include "core/gc_sql.h"
#include "core/table.h"

#define IN_NONE 0 // the project Default, which is never freed

typedef struct gc {
    ctx *c;
    int64_t before_us;
    const gc_options *o;
    gc_report *report;
    undo_out *undo; // NULL: not kept
    int64_t in;     // the project that is freed; IN_NONE: what was deleted itself
    // the page being read, and where the next begins
    bin_kind kind;
    int64_t after_at;
    id after;
    bin_item *items;
    size_t n;
} gc;

// The item's part of the artifact tree, when it lies in ours: not on another host
// ("//host/..."), and not under what is no path (clients may name any location; nothing could
// be put there).
static void find_path(gc *g, bin_item *i) {
    str scheme = STR(ARTIFACT_SCHEME), path;
    err no_path;
    if (!str_starts(i->artifact_uri, scheme)) return;
    str rest = str_from(i->artifact_uri, scheme.n);
    if (!str_starts(rest, STR("/")) && artifact_path(g->c->a, rest, &path, &no_path))
        i->path = path;
}

static db_rows *select_page(db_tx *tx, const gc *g, err *e) {
    db_arg ws = DB_I64(g->c->ws), in = DB_I64(g->in), at = DB_I64(g->after_at),
           after = DB_ID(g->after), us = DB_I64(g->before_us), ms = DB_I64(g->before_us / 1000);
    if (g->in != IN_NONE)
        return g->kind == BIN_RUN ? db_select(tx, &Q_gc_runs_of, e, ws, in, after, us)
                                  : db_select(tx, &Q_gc_models_of, e, ws, in, at, after, ms);
    return g->kind == BIN_RUN ? db_select(tx, &Q_gc_runs, e, ws, at, after, us)
                              : db_select(tx, &Q_gc_models, e, ws, after, ms);
}

static bool read_page(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    VEC(bin_item) v = {0};
    db_rows *rows = select_page(tx, g, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        bin_item i = {.kind = g->kind,
                      .with_project = g->in != IN_NONE,
                      .id = db_id(rows, 0),
                      .project = db_i64(rows, 1),
                      .artifact_uri = arena_str(g->c->a, db_text(rows, 2)),
                      .at = db_i64(rows, 3)};
        find_path(g, &i);
        vec_push(g->c->a, &v, i);
    }
    db_end(rows);
    g->items = v.p;
    g->n = v.n;
    return e->code == ERR_NONE;
}

// ---- what is kept and told ------------------------------------------------------------------

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
    return bin_each_file(tx, m->g->c->ws, m->item, measure_row, &m->files, e);
}

static bool measure(gc *g, const bin_item *i, bin_files *out, err *e) {
    measuring m = {.g = g, .item = i};
    if (!db_snapshot(g->c->core->db, measure_fn, &m, e)) return false;
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

// ---- the walk -------------------------------------------------------------------------------

static bool free_item(gc *g, const bin_item *i, err *e) {
    uint64_t *const counts[] = {&g->report->runs, &g->report->models, &g->report->projects};
    bool freed = g->o->dry;
    if (!freed && !bin_free(g->c, i, g->before_us, &freed, e)) return false;
    *counts[i->kind] += freed;
    if (g->o->progress && !g->o->dry) g->o->progress(g->o->arg, g->report);
    return core_goes_on(g->c->core, e);
}

static bool free_page(gc *g, err *e) {
    if (!keep_page(g, e)) return false;
    for (size_t i = 0; i < g->n; i++) {
        g->after = g->items[i].id;
        g->after_at = g->items[i].at;
        if (!free_item(g, &g->items[i], e)) return false;
    }
    return true;
}

static bool free_kind(gc *g, bin_kind kind, err *e) {
    g->kind = kind;
    g->after_at = INT64_MIN;
    g->after = (id){0};
    do {
        arena_reset(g->c->a);
        if (!core_goes_on(g->c->core, e) || !db_read(g->c->core->db, read_page, g, e) ||
            !free_page(g, e))
            return false;
    } while (g->n);
    return true;
}

static bool next_project(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    db_rows *row;
    int found = db_get(tx, &Q_gc_next_project, &row, e, DB_I64(g->c->ws), DB_I64(g->in),
                       DB_I64(g->before_us / 1000));
    g->n = found > 0;
    if (g->n) g->in = db_i64(row, 0);
    return found >= 0;
}

// What lies below its number in the tree is the project's, whatever its location is.
static bool free_project(gc *g, err *e) {
    arena_reset(g->c->a);
    bin_item item = {.kind = BIN_PROJECT,
                     .project = g->in,
                     .path = arena_printf(g->c->a, "%lld", (long long)g->in)};
    g->items = &item;
    g->n = 1;
    return free_page(g, e);
}

static bool free_projects(gc *g, err *e) {
    for (g->in = IN_NONE;;) {
        if (!db_read(g->c->core->db, next_project, g, e)) return false;
        if (!g->n) return true;
        if (!free_kind(g, BIN_RUN, e) || !free_kind(g, BIN_MODEL, e) || !free_project(g, e))
            return false;
    }
}

static bool is_used(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    (void)arg;
    return artifact_uses(tx, digest, yes, e) && (*yes || version_uses(tx, digest, yes, e));
}

static bool free_records(gc *g, err *e) {
    for (bool found;;) {
        if (!core_next_workspace(g->c->core, &g->c->ws, &found, e)) return false;
        if (!found) return true;
        g->in = IN_NONE;
        if (!free_kind(g, BIN_RUN, e) || !free_kind(g, BIN_MODEL, e) || !free_projects(g, e))
            return false;
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
