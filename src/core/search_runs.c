// SPDX-License-Identifier: Apache-2.0
// search_runs: a page of the runs that a query finds, in its order: a walk (search_find) whose
// rows go into a heap of the best. A page far from the first is found by walks before that one
// (search_skip). Memory: the page and what that takes, beside the walk's. Any thread.
#include "base/metrics.h"
#include "core/search_internal.h"

typedef struct pager {
    search_find f;
    size_t n_sort; // the query's, and the start for ties
    size_t *columns;
    bool *descending;
    search_hash hash;
    search_skip *skip;
    search_top *top; // NULL until the place is found
    size_t rest;     // rows of the heap before the page
    bool counted;    // the first walk is over
    uint64_t total;
} pager;

// ---- planning ------------------------------------------------------------------------------
static bool plan_sort(pager *p, const search_query *q, err *e) {
    if (q->n_sort > SEARCH_MAX_SORT)
        return err_set(e, ERR_INVALID, "A search may sort by %d keys at most", SEARCH_MAX_SORT);
    p->columns = ARENA_ARRAY(p->f.a, size_t, q->n_sort + 1);
    p->descending = ARENA_ARRAY(p->f.a, bool, q->n_sort + 1);
    for (size_t i = 0; i < q->n_sort; i++) {
        if (q->sort[i].field.domain == SEARCH_DATASET)
            return err_set(e, ERR_INVALID, "Runs can not be sorted by their data sets");
        if (!search_find_column(&p->f, &q->sort[i].field, &p->columns[i], e)) return false;
        p->descending[i] = q->sort[i].descending;
    }
    p->columns[q->n_sort] = SEARCH_F_START - 1; // ties: the newest first, then by id
    p->descending[q->n_sort] = true;
    p->n_sort = q->n_sort + 1;
    p->hash = search_hash_query("runs", q->projects, q->every_project ? 0 : q->n_projects,
                                q->view, q->where, q->sort, q->n_sort, (str){0});
    return true;
}

// ---- a try ---------------------------------------------------------------------------------
static bool begin_after(pager *p, err *e) {
    arena *a = p->f.work;
    search_row *row = ARENA_NEW(a, search_row);
    row->keys = ARENA_ARRAY(a, search_key, p->n_sort);
    for (size_t i = 0; i < p->n_sort; i++) {
        search_type t = p->f.wanted.p[p->columns[i]].type;
        row->keys[i].type = t == SEARCH_T_STATE ? SEARCH_T_TEXT : t;
    }
    if (!search_cursor_read(a, p->f.q->after, p->hash, row->keys, p->n_sort, &row->id, e))
        return false;
    search_top_after(p->top, row);
    return true;
}

// False: the query ends before the place.
static bool keep_rows(pager *p) {
    if (!search_skip_left(p->skip, &p->rest)) return false;
    p->top = search_top_new(p->f.work, p->columns, p->descending, p->n_sort,
                            p->rest + p->f.q->max + 1);
    return true;
}

static bool begin(void *arg, err *e) {
    pager *p = arg;
    const search_query *q = p->f.q;
    p->skip = search_skip_new(p->f.work, p->columns, p->descending, p->n_sort, q->skip);
    p->top = NULL;
    p->total = 0;
    p->counted = false;
    if (search_skip_found(p->skip)) keep_rows(p);
    return !q->after.n || begin_after(p, e);
}

static bool take(void *arg, search_scan *s, const search_bits *rows, err *e) {
    pager *p = arg;
    for (size_t i = 0; i < SEARCH_WORDS && !p->counted; i++) {
        p->total += (uint64_t)__builtin_popcountll(rows->w[i]);
    }
    if (!p->top) return search_skip_add(p->skip, s, rows, e);
    search_bits behind = *rows;
    return search_skip_mask(p->skip, s, &behind, e) && search_top_add(p->top, s, &behind, e);
}

static bool again(void *arg) {
    pager *p = arg;
    p->counted = true;
    if (p->top) return false;
    return search_skip_again(p->skip, p->f.wanted.p) || keep_rows(p);
}

static void fill_page(pager *p, search_page *out) {
    size_t n = 0, max = p->f.q->max;
    arena *a = p->f.c->a;
    const search_row **rows = p->top ? search_top_sorted(p->top, p->f.work, &n) : NULL;
    size_t before = p->rest < n ? p->rest : n;
    out->total = p->total;
    if (!rows) return;
    rows += before;
    n -= before;
    out->n = n > max ? max : n;
    out->ids = ARENA_ARRAY(a, id, out->n);
    for (size_t i = 0; i < out->n; i++) {
        out->ids[i] = rows[i]->id;
    }
    if (n > out->n && out->n) {
        const search_row *last = rows[out->n - 1];
        out->next = search_cursor_write(a, p->hash, last->keys, p->n_sort, last->id);
    }
}

bool search_runs(ctx *c, const search_query *q, search_page *out, err *e) {
    METRIC_ADD(search_queries_total, 1);
    *out = (search_page){0};
    pager p = {0};
    if (q->skip > SEARCH_SKIP_MAX || (q->skip && q->after.n))
        return err_set(e, ERR_INVALID,
                       "A page begins behind a cursor, or behind %d runs at most",
                       SEARCH_SKIP_MAX);
    bool ok = search_find_plan(&p.f, c, q, e) && plan_sort(&p, q, e);
    p.f.begin = begin;
    p.f.take = take;
    p.f.again = again;
    p.f.arg = &p;
    ok = ok && search_find_run(&p.f, e);
    if (ok) fill_page(&p, out);
    search_find_end(&p.f);
    return ok;
}
