// SPDX-License-Identifier: Apache-2.0
// Folding: what quiet runs' facts say goes into the columns, and their marks go (I4). Step by
// step, each bounded:
//
//   read a page of marks -> groups by chunk (new runs: the last chunk) -> for a group, a slice
//   of columns at a time: read facts and chunks in a snapshot, compute new chunks, write them
//   if the head is still the one of that snapshot (I6) -> with the last slice also the slots of
//   new runs, and the deletion of exactly the stamps that were read.
//
// Each write is short: the expensive part happens between transactions. Being cut off anywhere
// leaves marks, which hide what is half done. Two folders at once do each other's work twice or
// give up, and lose nothing; the lease only saves the effort. Any thread; no state outside of a
// pass.
#include "base/clock.h"
#include "base/metrics.h"
#include "base/vec.h"
#include "core/search_internal.h"
#include "core/search_sql.h"

#include <stdlib.h>

#define PAGE          2048 // marks read at once
#define GROUP         1024 // runs folded at once
#define SLICE         16   // columns computed at once
#define SLICE_METRICS 256  // small ones, which share the reading of summaries
#define COMPACT_ABOVE 16   // stamps of one run

typedef struct marked_run {
    search_run run;
    id *stamps;
    size_t n_stamps;
    int64_t newest_ms;
    int64_t chunk; // NEW_CHUNK: it has no slot yet
} marked_run;
#define NEW_CHUNK INT64_MAX

typedef struct fold {
    search_pass *pass;
    search_place place;
    arena *a; // of the page
    id after_run, after_stamp;
    marked_run *runs;
    size_t n;
    bool last_page;
    // the group
    arena *own;
    marked_run *group;
    size_t n_group;
    search_head head, next;
    bool found;
    search_column *columns;
    size_t n_columns;
    // the slice
    arena *part;
    size_t from, to; // columns
    bool last_slice;
    int64_t first_new; // slots given to new runs from here
    search_run *rows;  // the group's runs as the slice's snapshot has them
    str *blobs;        // of columns[from .. to)
    bool done;
} fold;

// ---- a page of marks -----------------------------------------------------------------------
static bool read_stamps(fold *f, db_tx *tx, err *e) {
    VEC(marked_run) runs = {0};
    VEC(id) stamps = {0};
    size_t rows_read = 0;
    db_rows *rows =
        db_select(tx, &Q_search_mark_stamps, e, DB_I64(f->place.ws), DB_I64(f->place.project),
                  DB_ID(f->after_run), DB_ID(f->after_stamp), DB_I64(PAGE));
    if (!rows) return false;
    while (db_next(rows, e)) {
        id run_id = db_id(rows, 0), stamp = db_id(rows, 1);
        if (!runs.n || !id_eq(runs.p[runs.n - 1].run.id, run_id))
            vec_push(f->a, &runs, (marked_run){.run = {.id = run_id}, .chunk = NEW_CHUNK});
        marked_run *m = &runs.p[runs.n - 1];
        if (!db_is_null(rows, 2)) {
            m->run.has_slot = true;
            m->run.slot = db_i64(rows, 2);
        }
        m->n_stamps++;
        m->newest_ms = id_ms(stamp) > m->newest_ms ? id_ms(stamp) : m->newest_ms;
        vec_push(f->a, &stamps, stamp);
        rows_read++;
    }
    db_end(rows);
    size_t at = 0;
    for (size_t i = 0; i < runs.n; i++) { // now that the vector does not move any more
        runs.p[i].stamps = stamps.p + at;
        at += runs.p[i].n_stamps;
    }
    f->runs = runs.p;
    f->n = runs.n;
    f->last_page = rows_read < PAGE;
    return e->code == ERR_NONE;
}

static bool read_page(db_tx *tx, void *arg, err *e) {
    fold *f = arg;
    arena_reset(f->a);
    if (!read_stamps(f, tx, e) || !f->n) return e->code == ERR_NONE;
    // The last run of a full page may have more stamps: they are the next page's, and keep it
    // marked until then.
    search_run *rows = ARENA_ARRAY(f->a, search_run, f->n);
    for (size_t i = 0; i < f->n; i++) {
        rows[i] = f->runs[i].run;
    }
    if (!search_runs_read(tx, f->a, f->place, rows, f->n, e)) return false;
    for (size_t i = 0; i < f->n; i++) {
        f->runs[i].run = rows[i];
        if (rows[i].has_slot) f->runs[i].chunk = rows[i].slot / SEARCH_CHUNK;
    }
    return true;
}

// ---- compaction (I5) -----------------------------------------------------------------------
static bool drop_stamps(db_tx *tx, const fold *f, const marked_run *m, err *e) {
    for (size_t i = 0; i < m->n_stamps; i++) {
        if (!db_push(tx, &Q_search_mark_drop, e, DB_I64(f->place.ws), DB_I64(f->place.project),
                     DB_ID(m->run.id), DB_ID(m->stamps[i])))
            return false;
    }
    return true;
}

static bool compact(db_tx *tx, void *arg, err *e) {
    fold *f = arg;
    for (size_t i = 0; i < f->n_group; i++) {
        const marked_run *m = &f->group[i];
        if (!search_mark(tx, f->pass->c, f->place.ws, f->place.project, m->run.id, e) ||
            !drop_stamps(tx, f, m, e))
            return false;
    }
    return true;
}

// ---- a slice of columns
// ---------------------------------------------------------------------------------------- The
// chunk's cells with the group's put in; NULL when nothing changes.
static search_cell *changed_cells(const fold *f, const search_chunk *old,
                                  const search_cell *facts, size_t slots) {
    search_cell *cells = ARENA_ARRAY(f->part, search_cell, slots);
    bool changed = old->n < slots;
    for (size_t i = 0; i < slots; i++) {
        cells[i] = search_chunk_cell(old, i);
    }
    for (size_t i = 0; i < f->n_group; i++) {
        const marked_run *m = &f->group[i];
        if (!m->run.has_slot) continue;
        search_cell *cell = &cells[m->run.slot % SEARCH_CHUNK];
        if (old->type == SEARCH_T_ID && !facts[i].has)
            continue; // a gone run's id stays; its state hides it
        changed |= !search_cell_eq(old->type, cell, &facts[i]);
        *cell = facts[i];
    }
    return changed ? cells : NULL;
}

static bool compute_column(fold *f, db_tx *tx, size_t k, const search_cell *facts, err *e) {
    search_chunk *old = NULL;
    const search_column *c = &f->columns[k];
    if (!search_chunk_load(tx, f->place, c, f->head.chunk, f->head.chunk, &old, e))
        return false;
    if (!old) return true; // still being built: the builder reads the facts later (I7)
    size_t slots = (size_t)f->next.slots > old->n ? (size_t)f->next.slots : old->n;
    const search_cell *cells = changed_cells(f, old, facts, slots);
    if (cells) f->blobs[k - f->from] = search_chunk_encode(f->part, c->type, cells, slots);
    search_chunk_release(old);
    return true;
}

// New runs take the next slots; who got one meanwhile is left for the next pass, and who is
// gone needs none. The first slice decides. False: runs came or went since, so that the columns
// of the slices before have others in these slots.
static bool give_slots(fold *f) {
    int64_t slot = f->head.chunk * SEARCH_CHUNK + f->head.slots;
    f->first_new = slot;
    for (size_t i = 0; i < f->n_group; i++) {
        marked_run *m = &f->group[i];
        bool wanted = f->rows[i].exists && !f->rows[i].has_slot;
        if (m->chunk != NEW_CHUNK) {
            // It left the slot, which was folded, and came back without one.
            if (wanted || f->rows[i].slot != m->run.slot) f->rows[i].exists = false;
            continue;
        }
        if (f->from && m->run.has_slot != wanted) return false;
        m->run.has_slot = wanted;
        m->run.slot = m->run.has_slot ? slot++ : 0;
    }
    f->next = (search_head){f->head.chunk, search_stamp(), slot - f->head.chunk * SEARCH_CHUNK};
    return true;
}

static bool begin_slice(fold *f, db_tx *tx, err *e) {
    search_head now;
    size_t n = 0;
    if (!search_heads(tx, f->place, f->head.chunk, &now, 1, &n, e)) return false;
    f->found =
        n == 1 && now.chunk == f->head.chunk && (f->from == 0 || now.stamp == f->head.stamp);
    if (!f->found) return true;
    f->head = now;
    f->rows = ARENA_ARRAY(f->part, search_run, f->n_group);
    for (size_t i = 0; i < f->n_group; i++) {
        f->rows[i] = (search_run){.id = f->group[i].run.id};
    }
    if (!search_runs_read(tx, f->part, f->place, f->rows, f->n_group, e)) return false;
    f->found = give_slots(f);
    return !f->found || f->from ||
           search_column_list(tx, f->own, f->place, &f->columns, &f->n_columns, e);
}

static int metrics_last(const void *a, const void *b) {
    const search_column *x = a, *y = b;
    return (x->domain == SEARCH_METRIC) - (y->domain == SEARCH_METRIC);
}

// Where the slice that begins at f->from ends. Metric columns stand last.
static size_t slice_end(const fold *f) {
    bool numbers = f->columns[f->from].domain == SEARCH_METRIC;
    size_t to = f->from, max = numbers ? SLICE_METRICS : SLICE;
    while (to < f->n_columns && to - f->from < max &&
           (f->columns[to].domain == SEARCH_METRIC) == numbers) {
        to++;
    }
    return to;
}

static bool compute_slice(db_tx *tx, void *arg, err *e) {
    fold *f = arg;
    arena_reset(f->part);
    if (!begin_slice(f, tx, e)) return false;
    if (!f->found) return true;
    if (!f->from) qsort(f->columns, f->n_columns, sizeof *f->columns, metrics_last);
    f->to = slice_end(f);
    f->last_slice = f->to == f->n_columns;
    size_t n = f->to - f->from;
    f->blobs = ARENA_ARRAY(f->part, str, n);
    search_cell **cells = ARENA_ARRAY(f->part, search_cell *, n);
    for (size_t k = 0; k < n; k++) {
        cells[k] = ARENA_ARRAY(f->part, search_cell, f->n_group);
    }
    if (!search_facts(tx, f->part, f->place.ws, f->columns + f->from, n, f->rows, f->n_group,
                      cells, e))
        return false;
    for (size_t k = 0; k < n; k++) {
        if (!compute_column(f, tx, f->from + k, cells[k], e)) return false;
    }
    return true;
}

// All or nothing: every new run of the group has its slot now.
static bool check_slots(fold *f, db_tx *tx, err *e) {
    int64_t end = f->head.chunk * SEARCH_CHUNK + f->next.slots;
    if (end == f->first_new) return true;
    db_rows *row = NULL;
    if (db_get(tx, &Q_search_run_slots, &row, e, DB_I64(f->place.ws), DB_I64(f->place.project),
               DB_I64(f->first_new), DB_I64(end)) != 1)
        return false;
    return db_i64(row, 0) == end - f->first_new ||
           err_set(e, ERR_CONFLICT, "a run went away while it was folded");
}

static bool end_group(fold *f, db_tx *tx, err *e) {
    for (size_t i = 0; i < f->n_group; i++) {
        const marked_run *m = &f->group[i];
        if (m->chunk != NEW_CHUNK || !m->run.has_slot) continue;
        if (!db_push(tx, &Q_search_run_set_slot, e, DB_I64(f->place.ws), DB_ID(m->run.id),
                     DB_I64(m->run.slot)))
            return false;
    }
    if (!check_slots(f, tx, e)) return false;
    for (size_t i = 0; i < f->n_group; i++) {
        const marked_run *m = &f->group[i];
        bool left = m->chunk == NEW_CHUNK && f->rows[i].exists && f->rows[i].has_slot;
        if (!left && !drop_stamps(tx, f, m, e)) return false;
    }
    return true;
}

// What the marks knew of when the project last changed. (A fold of everything is a command's,
// of marks that may be its own.)
static bool note_change(const fold *f, db_tx *tx, err *e) {
    int64_t newest_ms = 0;
    for (size_t i = 0; i < f->n_group; i++) {
        if (f->group[i].newest_ms > newest_ms) newest_ms = f->group[i].newest_ms;
    }
    return f->pass->all || db_push(tx, &Q_search_moved_set, e, DB_I64(f->place.ws),
                                   DB_I64(f->place.project), DB_I64(newest_ms * 1000));
}

static bool store_slice(db_tx *tx, void *arg, err *e) {
    fold *f = arg;
    search_head next = f->next;
    if (!f->last_slice) next.slots = f->head.slots;
    if (!search_head_move(tx, f->place, f->head, next, &f->done, e)) return false;
    if (!f->done) return true;
    for (size_t k = f->from; k < f->to; k++) {
        if (!f->blobs[k - f->from].p) continue;
        if (!db_push(tx, &Q_search_chunk_set, e, DB_I64(f->place.ws), DB_I64(f->place.project),
                     DB_I64(f->columns[k].field), DB_I64(f->head.chunk), DB_I64(search_stamp()),
                     DB_BLOB(f->blobs[k - f->from])))
            return false;
    }
    return !f->last_slice || (end_group(f, tx, e) && note_change(f, tx, e));
}

// ---- a group -------------------------------------------------------------------------------
// Somebody else was quicker: not an error, the marks are still there.
static bool beaten(err *e) {
    if (e->code != ERR_CONFLICT && e->code != ERR_EXISTS) return false;
    *e = (err){0};
    return true;
}

static bool fold_group(fold *f, err *e) {
    f->from = 0;
    arena_reset(f->own);
    do {
        if (!db_read(core_db(f->pass->c), compute_slice, f, e)) return false;
        if (!f->found) return true;
        if (!db_write(core_db(f->pass->c), store_slice, f, e)) return beaten(e);
        if (!f->done) return true;
        f->head.stamp = f->next.stamp;
        f->from = f->to;
    } while (!f->last_slice);
    f->pass->folded += f->n_group;
    METRIC_ADD(search_folded_runs_total, (int64_t)f->n_group);
    return true;
}

// A new chunk is empty and has a row in every column of the project, ready or not (I7).
static bool add_chunk(db_tx *tx, void *arg, err *e) {
    fold *f = arg;
    search_head last;
    bool some;
    if (!search_head_last(tx, f->place, &last, &some, e)) return false;
    if (some && last.slots < SEARCH_CHUNK) return true;
    int64_t chunk = some ? last.chunk + 1 : 0;
    search_column *columns;
    size_t n;
    if (!search_column_list(tx, db_tx_arena(tx), f->place, &columns, &n, e)) return false;
    if (db_do(tx, &Q_search_head_add, e, DB_I64(f->place.ws), DB_I64(f->place.project),
              DB_I64(chunk), DB_I64(search_stamp()), DB_I64(0)) < 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        str blob = search_chunk_encode(db_tx_arena(tx), columns[i].type, NULL, 0);
        if (!search_chunk_put(tx, f->place, columns[i].field, chunk, blob, e)) return false;
    }
    return true;
}

static bool find_last(db_tx *tx, void *arg, err *e) {
    fold *f = arg;
    return search_head_last(tx, f->place, &f->head, &f->found, e);
}

// The chunk that new runs go into, with room in it.
static bool open_chunk(fold *f, err *e) {
    if (!db_read(core_db(f->pass->c), find_last, f, e)) return false;
    if (f->found && f->head.slots < SEARCH_CHUNK) return true;
    if (!db_write(core_db(f->pass->c), add_chunk, f, e) && !beaten(e)) return false;
    return db_read(core_db(f->pass->c), find_last, f, e);
}

static bool fold_new(fold *f, marked_run *runs, size_t n, err *e) {
    while (n) {
        if (!open_chunk(f, e)) return false;
        size_t room = f->found ? (size_t)(SEARCH_CHUNK - f->head.slots) : 0;
        if (!room) return true; // others fill chunks as fast as we make them: next pass
        f->group = runs;
        f->n_group = n < room ? n : room;
        if (f->n_group > GROUP) f->n_group = GROUP;
        runs += f->n_group;
        n -= f->n_group;
        if (!fold_group(f, e)) return false;
    }
    return true;
}

static int by_chunk(const void *a, const void *b) {
    const marked_run *x = a, *y = b;
    if (x->chunk != y->chunk) return x->chunk < y->chunk ? -1 : 1;
    return id_cmp(x->run.id, y->run.id);
}

static bool fold_runs(fold *f, marked_run *runs, size_t n, err *e) {
    qsort(runs, n, sizeof *runs, by_chunk);
    size_t i = 0;
    while (i < n && runs[i].chunk != NEW_CHUNK) {
        size_t k = i;
        while (k < n && k - i < GROUP && runs[k].chunk == runs[i].chunk) {
            k++;
        }
        f->group = runs + i;
        f->n_group = k - i;
        f->head.chunk = runs[i].chunk;
        if (!fold_group(f, e)) return false;
        i = k;
    }
    return fold_new(f, runs + i, n - i, e);
}

// ---- a project -----------------------------------------------------------------------------
static bool compact_runs(fold *f, marked_run *runs, size_t n, err *e) {
    f->group = runs;
    f->n_group = n;
    f->pass->compacted += n;
    return !n || db_write(core_db(f->pass->c), compact, f, e) || beaten(e);
}

static bool go_on(const search_pass *p) {
    return !p->go_on || p->go_on(p->arg);
}

static bool fold_page(fold *f, err *e) {
    int64_t quiet = clock_now_us() / 1000 - SEARCH_QUIET_MS;
    marked_run *fold_these = ARENA_ARRAY(f->a, marked_run, f->n),
               *compact_these = ARENA_ARRAY(f->a, marked_run, f->n);
    size_t n_fold = 0, n_compact = 0;
    for (size_t i = 0; i < f->n; i++) {
        const marked_run *m = &f->runs[i];
        if (f->pass->all || m->newest_ms <= quiet)
            fold_these[n_fold++] = *m;
        else if (m->n_stamps > COMPACT_ABOVE)
            compact_these[n_compact++] = *m;
    }
    return compact_runs(f, compact_these, n_compact, e) && fold_runs(f, fold_these, n_fold, e);
}

static bool fold_project(fold *f, err *e) {
    f->after_run = f->after_stamp = (id){0};
    do {
        if (!db_read(core_db(f->pass->c), read_page, f, e)) return false;
        if (!f->n) return true;
        const marked_run *last = &f->runs[f->n - 1];
        f->after_run = last->run.id;
        f->after_stamp = last->stamps[last->n_stamps - 1];
        if (!fold_page(f, e)) return false;
    } while (!f->last_page && go_on(f->pass));
    return true;
}

static bool next_project(db_tx *tx, void *arg, err *e) {
    fold *f = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_search_mark_project, &row, e, DB_I64(f->place.ws),
                       DB_I64(f->place.project));
    f->found = found > 0;
    if (f->found) f->place = (search_place){db_i64(row, 0), db_i64(row, 1)};
    return found >= 0;
}

bool search_fold_pass(search_pass *p, err *e) {
    fold f = {.pass = p,
              .place = {INT64_MIN, INT64_MIN},
              .a = arena_new(),
              .own = arena_new(),
              .part = arena_new()};
    bool ok;
    while ((ok = db_read(core_db(p->c), next_project, &f, e)) && f.found && go_on(p)) {
        if (!(ok = fold_project(&f, e))) break;
    }
    arena_free(f.part);
    arena_free(f.own);
    arena_free(f.a);
    return ok;
}
