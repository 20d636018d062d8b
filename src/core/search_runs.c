// SPDX-License-Identifier: Apache-2.0
// search_runs: one query over the runs of some projects. Within one snapshot, project by
// project: the marked runs' facts are read and evaluated as chunks of their own, and their
// slots are masked out (I2); then the stored chunks are evaluated a block at a time (I3). A
// heap keeps the best rows. When a project lacks a column that the query names, the snapshot is
// given up, the column is built, and the search begins anew. Memory: a block, a batch of marked
// runs, and the page. Any thread.
#include "base/metrics.h"
#include "base/vec.h"
#include "core/search_internal.h"
#include "core/search_sql.h"

#include <stdlib.h>

#define MARKED_BATCH  1024
#define MAX_BLOCK     32  // chunks
#define BLOCK_COLUMNS 256 // chunks x columns of a block, about
#define TRIES         4

typedef struct plan {
    arena *a;
    VEC(search_column) columns; // the fixed ones first
    search_prog *prog;
    size_t *sort_columns;
    bool *descending;
    search_hash hash;
} plan;

typedef struct finder {
    ctx *c;
    const search_query *q;
    int64_t *projects; // sorted, each once
    size_t n_projects;
    plan plan;
    arena *work, *part;     // of a try; of a block or batch
    search_column *columns; // the plan's, with the present project's fields
    search_top *top;
    search_scan scan;
    VEC(int64_t) marked;  // slots of the present project, ascending
    VEC(int64_t) missing; // projects that lack a column
} finder;

// ---- planning ------------------------------------------------------------------------------
static bool column_of(void *arg, const search_field *f, search_type t, size_t *column, err *e) {
    (void)e;
    plan *p = arg;
    bool keyed =
        f->domain == SEARCH_PARAM || f->domain == SEARCH_TAG || f->domain == SEARCH_METRIC;
    bool text = f->domain == SEARCH_PARAM || f->domain == SEARCH_TAG;
    search_column c = {
        .domain = f->domain, .which = text ? 0 : f->which, .key = STR(""), .type = t};
    if (keyed && f->key.n) c.key = f->key;
    for (*column = 0; *column < p->columns.n; ++*column) {
        if (search_column_eq(&p->columns.p[*column], &c)) return true;
    }
    vec_push(p->a, &p->columns, c);
    return true;
}

static bool plan_sort(plan *p, const search_query *q, err *e) {
    if (q->n_sort > SEARCH_MAX_SORT)
        return err_set(e, ERR_INVALID, "A search may sort by %d keys at most", SEARCH_MAX_SORT);
    p->sort_columns = ARENA_ARRAY(p->a, size_t, q->n_sort + 1);
    p->descending = ARENA_ARRAY(p->a, bool, q->n_sort + 1);
    for (size_t i = 0; i < q->n_sort; i++) {
        const search_field *f = &q->sort[i].field;
        search_type t;
        if (!search_run_type(NULL, f, &t, e)) return false;
        if (t == SEARCH_T_SET)
            return err_set(e, ERR_INVALID, "Runs can not be sorted by their data sets");
        column_of(p, f, t, &p->sort_columns[i], e);
        p->descending[i] = q->sort[i].descending;
    }
    p->sort_columns[q->n_sort] = SEARCH_F_START - 1; // ties: the newest first, then by id
    p->descending[q->n_sort] = true;
    return true;
}

static bool make_plan(plan *p, const search_query *q, err *e) {
    search_column fixed[SEARCH_F_FIXED];
    search_column_fixed(fixed);
    for (size_t i = 0; i < SEARCH_F_FIXED; i++) {
        vec_push(p->a, &p->columns, fixed[i]);
    }
    search_fields f = {search_run_type, column_of, p};
    if (!search_compile(p->a, q->where, &f, &p->prog, e) || !plan_sort(p, q, e)) return false;
    p->hash = search_hash_query("runs", q->projects, q->n_projects, q->view, q->where, q->sort,
                                q->n_sort, (str){0});
    return true;
}

static bool begin_after(finder *f, err *e) {
    if (!f->q->after.n) return true;
    size_t n = f->q->n_sort;
    search_row *row = ARENA_NEW(f->work, search_row);
    row->keys = ARENA_ARRAY(f->work, search_key, n + 1);
    for (size_t i = 0; i <= n; i++) {
        search_type t = f->plan.columns.p[f->plan.sort_columns[i]].type;
        row->keys[i].type = t == SEARCH_T_STATE ? SEARCH_T_TEXT : t;
    }
    if (!search_cursor_read(f->work, f->q->after, f->plan.hash, row->keys, n + 1, &row->id, e))
        return false;
    search_top_after(f->top, row);
    return true;
}

// ---- one chunk -----------------------------------------------------------------------------
static bool in_view(view v, uint8_t state) {
    if (!state) return false;
    return v == VIEW_ALL || (search_state_life(state) == LIFE_ACTIVE) == (v == VIEW_ACTIVE);
}

static bool visible_rows(finder *f, search_bits *mask, err *e) {
    const search_chunk *states = search_scan_column(&f->scan, SEARCH_F_STATE - 1, e);
    if (!states) return false;
    *mask = (search_bits){0};
    for (size_t i = 0; i < f->scan.n; i++) {
        mask->w[i / 64] |= (uint64_t)in_view(f->q->view, states->raw[i]) << (i % 64);
    }
    return true;
}

static bool add_chunk(finder *f, search_bits *mask, err *e) {
    search_bits rows;
    return search_eval_chunk(f->plan.prog, &f->scan, mask, &rows, e) &&
           search_top_add(f->top, &f->scan, &rows, e);
}

// ---- marked runs ---------------------------------------------------------------------------
static bool add_batch(finder *f, search_run *runs, size_t n, err *e) {
    if (!search_runs_read(f->scan.tx, f->part, f->scan.place, runs, n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].has_slot) vec_push(f->work, &f->marked, runs[i].slot);
    }
    size_t n_columns = f->plan.columns.n;
    search_cell **cells = ARENA_ARRAY(f->part, search_cell *, n_columns);
    for (size_t k = 0; k < n_columns; k++) {
        cells[k] = ARENA_ARRAY(f->part, search_cell, n);
    }
    if (!search_facts(f->scan.tx, f->part, f->scan.place.ws, f->columns, n_columns, runs, n,
                      cells, e))
        return false;
    f->scan.made = search_scan_made(f->part, f->columns, n_columns, cells, n, e);
    f->scan.n = (uint32_t)n;
    search_bits mask;
    return f->scan.made && visible_rows(f, &mask, e) && add_chunk(f, &mask, e);
}

static bool read_marks(finder *f, str after, search_run *runs, size_t *n, err *e) {
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

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool add_marked(finder *f, err *e) {
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
static void mask_marked(const finder *f, int64_t chunk, search_bits *mask) {
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

static bool add_block(finder *f, const search_head *heads, size_t n, err *e) {
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        search_bits mask;
        f->scan.at = i;
        f->scan.n = (uint32_t)heads[i].slots;
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

static bool add_stored(finder *f, err *e) {
    size_t block = BLOCK_COLUMNS / f->plan.columns.n;
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
static bool add_project(finder *f, err *e) {
    search_head last;
    bool folded;
    size_t missing = 0;
    memcpy(f->columns, f->plan.columns.p, f->plan.columns.n * sizeof *f->columns);
    if (!search_head_last(f->scan.tx, f->scan.place, &last, &folded, e)) return false;
    if (folded && !search_column_find(f->scan.tx, f->scan.place, f->columns, f->plan.columns.n,
                                      &missing, e))
        return false;
    if (missing) vec_push(f->work, &f->missing, f->scan.place.project);
    if (f->missing.n) return true; // this try only finds out what to build
    return add_marked(f, e) && (!folded || add_stored(f, e));
}

static bool find(db_tx *tx, void *arg, err *e) {
    finder *f = arg;
    arena_reset(f->part);
    arena_reset(f->work);
    f->missing.n = f->missing.cap = f->marked.n = f->marked.cap = 0;
    f->columns = ARENA_ARRAY(f->work, search_column, f->plan.columns.n);
    f->top = search_top_new(f->work, f->plan.sort_columns, f->plan.descending, f->q->n_sort + 1,
                            f->q->max + 1);
    f->scan = (search_scan){.tx = tx, .columns = f->columns, .n_columns = f->plan.columns.n};
    if (!begin_after(f, e)) return false;
    for (size_t i = 0; i < f->n_projects; i++) {
        f->scan.place = (search_place){f->c->ws, f->projects[i]};
        if (!add_project(f, e)) return false;
    }
    return true;
}

static void fill_page(finder *f, search_page *out) {
    size_t n;
    const search_row **rows = search_top_sorted(f->top, f->work, &n);
    out->n = n > f->q->max ? f->q->max : n;
    out->ids = ARENA_ARRAY(f->c->a, id, out->n);
    for (size_t i = 0; i < out->n; i++) {
        out->ids[i] = rows[i]->id;
    }
    if (n > out->n && out->n) {
        const search_row *last = rows[out->n - 1];
        out->next =
            search_cursor_write(f->c->a, f->plan.hash, last->keys, f->q->n_sort + 1, last->id);
    }
}

static bool find_or_build(finder *f, err *e) {
    for (int i = 0; i < TRIES; i++) {
        if (!db_read(core_db(f->c->core), find, f, e)) return false;
        if (!f->missing.n) return true;
        for (size_t k = 0; k < f->missing.n; k++) {
            search_place p = {f->c->ws, f->missing.p[k]};
            if (!search_column_build(f->c->core, p, f->plan.columns.p, f->plan.columns.n, e))
                return false;
        }
    }
    return err_set(e, ERR_UNAVAILABLE, "Too many searches need new columns at once; try again");
}

static void take_projects(finder *f, arena *a) {
    const search_query *q = f->q;
    f->projects = ARENA_ARRAY(a, int64_t, q->n_projects);
    if (q->n_projects) memcpy(f->projects, q->projects, q->n_projects * sizeof *f->projects);
    qsort(f->projects, q->n_projects, sizeof *f->projects, by_number);
    for (size_t i = 0; i < q->n_projects; i++) {
        if (i && f->projects[i] == f->projects[f->n_projects - 1]) continue;
        f->projects[f->n_projects++] = f->projects[i];
    }
}

bool search_runs(ctx *c, const search_query *q, search_page *out, err *e) {
    METRIC_ADD(search_queries_total, 1);
    *out = (search_page){0};
    arena *a = arena_new();
    finder f = {.c = c, .q = q, .plan = {.a = a}, .work = arena_new(), .part = arena_new()};
    bool ok = make_plan(&f.plan, q, e);
    if (ok) {
        take_projects(&f, a);
        ok = find_or_build(&f, e);
    }
    if (ok) fill_page(&f, out);
    arena_free(f.part);
    arena_free(f.work);
    arena_free(a);
    return ok;
}
