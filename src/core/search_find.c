// SPDX-License-Identifier: Apache-2.0
// search_find: walks the runs that a query shows. Within one snapshot, project by project: the
// marked runs' facts are read and evaluated as chunks of their own, and their slots are masked
// out (I2); then the stored chunks are evaluated a block at a time (I3). What fits goes to the
// caller. When a project lacks a column that the query names, the snapshot is given up, the
// column is built, and the walk begins anew. Memory: a block, a batch of marked runs, and what
// the caller keeps. Any thread, each with a search_find of its own.
#include "base/clock.h"
#include "core/search_internal.h"
#include "core/search_sql.h"

#include <stdlib.h>

#define MARKED_BATCH  1024
#define MAX_BLOCK     32  // chunks
#define BLOCK_COLUMNS 256 // chunks x columns of a block, about
// Each builds columns that stay; projects that are folded for the first time may turn up
// meanwhile.
#define TRIES 20

// ---- planning ------------------------------------------------------------------------------
static size_t add_column(search_find *f, const search_column *c) {
    size_t i = 0;
    while (i < f->wanted.n && !search_column_eq(&f->wanted.p[i], c)) {
        i++;
    }
    if (i == f->wanted.n) vec_push(f->a, &f->wanted, *c);
    return i;
}

static bool column_of(void *arg, const search_field *field, search_type t, size_t *column,
                      err *e) {
    (void)e;
    search_find *f = arg;
    bool keyed = field->domain == SEARCH_PARAM || field->domain == SEARCH_TAG ||
                 field->domain == SEARCH_METRIC;
    search_column c = {
        .domain = field->domain, .which = field->which, .key = STR(""), .type = t};
    if (keyed && field->key.n) c.key = field->key;
    c.derived = c.domain == SEARCH_ATTRIBUTE && c.which == SEARCH_DURATION;
    if (c.derived) {
        search_column end = {.which = SEARCH_END, .key = STR(""), .type = SEARCH_T_INT};
        add_column(f, &end);
    }
    *column = add_column(f, &c);
    return true;
}

bool search_find_column(search_find *f, const search_field *field, size_t *column, err *e) {
    search_type t;
    return search_run_type(NULL, field, &t, e) && column_of(f, field, t, column, e);
}

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void take_projects(search_find *f) {
    const search_query *q = f->q;
    f->projects = ARENA_ARRAY(f->a, int64_t, q->n_projects);
    if (q->n_projects) memcpy(f->projects, q->projects, q->n_projects * sizeof *f->projects);
    qsort(f->projects, q->n_projects, sizeof *f->projects, by_number);
    for (size_t i = 0; i < q->n_projects; i++) {
        if (i && f->projects[i] == f->projects[f->n_projects - 1]) continue;
        f->projects[f->n_projects++] = f->projects[i];
    }
}

bool search_find_plan(search_find *f, ctx *c, const search_query *q, err *e) {
    *f = (search_find){
        .c = c, .q = q, .a = arena_new(), .work = arena_new(), .part = arena_new()};
    search_column fixed[SEARCH_F_FIXED];
    search_column_fixed(fixed);
    for (size_t i = 0; i < SEARCH_F_FIXED; i++) {
        vec_push(f->a, &f->wanted, fixed[i]);
    }
    take_projects(f);
    search_fields fields = {search_run_type, column_of, f};
    return search_compile(f->a, q->where, &fields, &f->prog, e);
}

void search_find_end(search_find *f) {
    arena_free(f->part);
    arena_free(f->work);
    arena_free(f->a);
}

// ---- one chunk -----------------------------------------------------------------------------
static bool in_view(view v, uint8_t state) {
    if (!state) return false;
    return v == VIEW_ALL || (search_state_life(state) == LIFE_ACTIVE) == (v == VIEW_ACTIVE);
}

static bool visible_rows(search_find *f, search_bits *mask, err *e) {
    const search_chunk *states = search_scan_column(&f->scan, SEARCH_F_STATE - 1, e);
    if (!states) return false;
    *mask = (search_bits){0};
    for (size_t i = 0; i < f->scan.n; i++) {
        mask->w[i / 64] |= (uint64_t)in_view(f->q->view, states->raw[i]) << (i % 64);
    }
    return true;
}

static bool add_chunk(search_find *f, search_bits *mask, err *e) {
    search_bits rows;
    return search_eval_chunk(f->prog, &f->scan, mask, &rows, e) &&
           f->take(f->arg, &f->scan, &rows, e);
}

// ---- marked runs ---------------------------------------------------------------------------
static bool add_batch(search_find *f, search_run *runs, size_t n, err *e) {
    if (!search_runs_read(f->scan.tx, f->part, f->scan.place, runs, n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].has_slot) vec_push(f->work, &f->marked, runs[i].slot);
    }
    size_t n_columns = f->wanted.n;
    search_cell **cells = ARENA_ARRAY(f->part, search_cell *, n_columns);
    for (size_t k = 0; k < n_columns; k++) {
        cells[k] = ARENA_ARRAY(f->part, search_cell, n);
    }
    if (!search_facts(f->scan.tx, f->part, f->scan.place.ws, f->columns, n_columns, runs, n,
                      cells, e))
        return false;
    const search_chunk **made = search_scan_made(f->part, f->columns, n_columns, cells, n, e);
    if (!made) return false;
    search_scan_move(&f->scan, made, 0, (uint32_t)n);
    search_bits mask;
    return visible_rows(f, &mask, e) && add_chunk(f, &mask, e);
}

static bool read_marks(search_find *f, str after, search_run *runs, size_t *n, err *e) {
    *n = 0;
    db_rows *rows =
        db_select(f->scan.tx, &Q_search_mark_runs, e, DB_I64(f->scan.place.ws),
                  DB_I64(f->scan.place.project), DB_BLOB(after), DB_I64(MARKED_BATCH));
    if (!rows) return false;
    while (*n < MARKED_BATCH && db_next(rows, e)) {
        search_run *r = &runs[(*n)++];
        *r = (search_run){
            .id = db_id(rows, 0), .has_slot = !db_is_null(rows, 1), .slot = db_i64(rows, 1)};
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool add_marked(search_find *f, err *e) {
    f->marked.n = 0;
    id last = {0};
    for (size_t n = MARKED_BATCH; n == MARKED_BATCH;) {
        arena_reset(f->part);
        search_run *runs = ARENA_ARRAY(f->part, search_run, MARKED_BATCH);
        if (!read_marks(f, str_n(last.b, sizeof last.b), runs, &n, e)) return false;
        if (!n) break;
        last = runs[n - 1].id;
        if (!add_batch(f, runs, n, e)) return false;
    }
    f->scan.made = NULL;
    if (f->marked.n) qsort(f->marked.p, f->marked.n, sizeof *f->marked.p, by_number);
    return true;
}

// ---- stored chunks -------------------------------------------------------------------------
static void mask_marked(const search_find *f, int64_t chunk, search_bits *mask) {
    int64_t first = chunk * SEARCH_CHUNK;
    size_t lo = 0, hi = f->marked.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (f->marked.p[mid] < first)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < f->marked.n && f->marked.p[lo] < first + SEARCH_CHUNK; lo++) {
        size_t at = (size_t)(f->marked.p[lo] - first);
        mask->w[at / 64] &= ~(1ull << (at % 64));
    }
}

static bool add_block(search_find *f, const search_head *heads, size_t n, err *e) {
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        search_bits mask;
        search_scan_move(&f->scan, NULL, i, (uint32_t)heads[i].slots);
        ok = visible_rows(f, &mask, e);
        if (!ok) break;
        mask_marked(f, heads[i].chunk, &mask);
        ok = add_chunk(f, &mask, e);
    }
    return ok;
}

static bool heads_fit(const search_head *heads, size_t n, int64_t first) {
    for (size_t i = 0; i < n; i++) {
        if (heads[i].chunk != first + (int64_t)i || heads[i].slots < 0 ||
            heads[i].slots > SEARCH_CHUNK)
            return false;
    }
    return true;
}

static bool add_stored(search_find *f, err *e) {
    size_t block = BLOCK_COLUMNS / f->wanted.n;
    block = block > MAX_BLOCK ? MAX_BLOCK : block ? block : 1;
    search_head heads[MAX_BLOCK];
    size_t n = block;
    for (int64_t first = 0; n == block; first += (int64_t)n) {
        if (!search_heads(f->scan.tx, f->scan.place, first, heads, block, &n, e)) return false;
        if (!n) break;
        if (!heads_fit(heads, n, first))
            return err_set(e, ERR_CORRUPT,
                           "The search columns have gaps; run `stemma rebuild`");
        arena_reset(f->part);
        search_scan_set_block(&f->scan, f->part, first, n);
        bool ok = add_block(f, heads, n, e);
        search_scan_drop_block(&f->scan);
        if (!ok) return false;
    }
    return true;
}

// ---- the whole -----------------------------------------------------------------------------
static bool add_project(search_find *f, err *e) {
    search_head last;
    bool folded;
    size_t missing = 0;
    memcpy(f->columns, f->wanted.p, f->wanted.n * sizeof *f->columns);
    if (!search_head_last(f->scan.tx, f->scan.place, &last, &folded, e)) return false;
    if (folded &&
        !search_column_find(f->scan.tx, f->scan.place, f->columns, f->wanted.n, &missing, e))
        return false;
    if (missing) vec_push(f->work, &f->missing, f->scan.place.project);
    if (f->missing.n) return true; // this try only finds out what to build
    return add_marked(f, e) && (!folded || add_stored(f, e));
}

static bool walk(search_find *f, err *e) {
    for (size_t i = 0; i < f->n_projects; i++) {
        f->scan.place = (search_place){f->c->ws, f->projects[i]};
        if (!add_project(f, e)) return false;
    }
    return true;
}

static bool find(db_tx *tx, void *arg, err *e) {
    search_find *f = arg;
    arena_reset(f->part);
    arena_reset(f->work);
    f->missing.n = f->missing.cap = f->marked.n = f->marked.cap = 0;
    f->columns = ARENA_ARRAY(f->work, search_column, f->wanted.n);
    f->scan = (search_scan){.tx = tx,
                            .a = f->work,
                            .columns = f->columns,
                            .n_columns = f->wanted.n,
                            .now_ms = f->q->now_ms ? f->q->now_ms : clock_now_us() / 1000};
    if (!f->begin(f->arg, e)) return false;
    do {
        if (!walk(f, e)) return false;
    } while (!f->missing.n && f->again && f->again(f->arg));
    return true;
}

bool search_find_run(search_find *f, err *e) {
    for (int i = 0; i < TRIES; i++) {
        if (!db_read(core_db(f->c->core), find, f, e)) return false;
        if (!f->missing.n) return true;
        for (size_t k = 0; k < f->missing.n; k++) {
            search_place p = {f->c->ws, f->missing.p[k]};
            if (!search_column_build(f->c->core, p, f->wanted.p, f->wanted.n, e)) return false;
        }
    }
    return err_set(e, ERR_UNAVAILABLE, "Too many searches need new columns at once; try again");
}
