// SPDX-License-Identifier: Apache-2.0
// What a walk reads: the rows of nodes, and the other ends of their edges. Each function is one
// snapshot and one statement for up to SEARCH_IN_WIDTH keys; rows of pages live until the
// walker's scratch arena is reset. Any thread.
#include "core/lineage_internal.h"
#include "core/ref.h"

typedef struct read_call {
    lineage_walker *w;
    lineage_batch *batch;
    lineage_kind kind;
    const db_query *q;
    const db_arg *args;
    size_t n_args;
    lineage_rows *out;
} read_call;

static bool read(read_call *k, db_fn fn, err *e) {
    return db_read(core_db(k->w->c->core), fn, k, e);
}

// ws, and the keys; the last one fills the width.
static void put_keys(db_arg *args, int64_t ws, const db_arg *keys, size_t n) {
    args[0] = DB_I64(ws);
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++)
        args[1 + i] = keys[i < n ? i : n - 1];
}

// ---- the other ends -------------------------------------------------------------------------

static bool read_page(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    arena *a = k->w->scratch;
    bool text = k->args[1].type == DB_A_TEXT;
    k->out->n = 0;
    db_rows *rows = db_query_rows(tx, k->q, k->args, k->n_args, e);
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(a, k->out,
                 (lineage_row){.key = arena_str(a, text ? db_text(rows, 0) : db_blob(rows, 0)),
                               .other = db_id(rows, 1),
                               .relations = db_i64(rows, 2)});
    db_end(rows);
    return e->code == ERR_NONE;
}

bool lineage_page(lineage_walker *w, const db_query *q, const db_arg *keys, size_t n,
                  const lineage_row *after, int64_t edge_kind, lineage_rows *out, err *e) {
    db_arg args[SEARCH_IN_WIDTH + 5];
    put_keys(args, w->c->ws, keys, n);
    db_arg *more = args + 1 + SEARCH_IN_WIDTH;
    more[0] = (db_arg){.type = keys[0].type, .s = str_or_empty(after->key)};
    more[1] = DB_ID(after->other);
    more[2] = DB_I64(LINEAGE_PAGE);
    more[3] = DB_I64(edge_kind);
    read_call k = {.w = w,
                   .q = q,
                   .args = args,
                   .n_args = SEARCH_IN_WIDTH + 4 + (edge_kind > 0),
                   .out = out};
    return read(&k, read_page, e);
}

static bool read_firsts(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    arena *a = k->w->scratch;
    k->out->n = 0;
    db_rows *rows = db_query_rows(tx, &Q_lineage_firsts, k->args, k->n_args, e);
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(a, k->out,
                 (lineage_row){.key = arena_str(a, db_blob(rows, 0)), .other = db_id(rows, 1)});
    db_end(rows);
    return e->code == ERR_NONE;
}

bool lineage_firsts(lineage_walker *w, const db_arg *keys, size_t n, lineage_rows *out,
                    err *e) {
    db_arg args[SEARCH_IN_WIDTH + 1];
    put_keys(args, w->c->ws, keys, n);
    read_call k = {.w = w, .args = args, .n_args = SEARCH_IN_WIDTH + 1, .out = out};
    return read(&k, read_firsts, e);
}

static bool read_parents(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    arena *a = k->w->scratch;
    k->out->n = 0;
    db_rows *rows = db_query_rows(tx, &Q_lineage_parents, k->args, k->n_args, e);
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(a, k->out,
                 (lineage_row){.key = arena_str(a, db_blob(rows, 0)),
                               .other = db_id(rows, 1),
                               .relations = (int64_t)1 << (db_i64(rows, 2) & 31),
                               .address = arena_str(a, db_text(rows, 3))});
    db_end(rows);
    return e->code == ERR_NONE;
}

bool lineage_parents(lineage_walker *w, const db_arg *keys, size_t n, lineage_rows *out,
                     err *e) {
    db_arg args[SEARCH_IN_WIDTH + 1];
    put_keys(args, w->c->ws, keys, n);
    read_call k = {.w = w, .args = args, .n_args = SEARCH_IN_WIDTH + 1, .out = out};
    return read(&k, read_parents, e);
}

// ---- nodes ----------------------------------------------------------------------------------

static void fill_version(lineage_node *x, db_rows *row, arena *a) {
    x->name = arena_str(a, db_text(row, 1));
    x->repo_kind = (repo_kind)db_i64(row, 2);
    x->number = db_i64(row, 3);
    x->mark_sum = db_i64(row, 4);
    x->created_us = db_i64(row, 5);
    x->deleted = db_i64(row, 6) != 0;
    x->has_content = !db_is_null(row, 7);
    sha256_copy(db_blob(row, 7), &x->content);
    sha256_copy(db_blob(row, 8), &x->tree);
    x->run = db_id(row, 9);
    x->model = db_id(row, 10);
    x->run_link = arena_str(a, db_text(row, 11));
}

static void fill(lineage_node *x, db_rows *row, arena *a) {
    x->freed = false;
    if (x->kind == LINEAGE_VERSION) {
        fill_version(x, row, a);
        return;
    }
    x->name = arena_str(a, db_text(row, 1));
    if (x->kind == LINEAGE_DATASET) {
        x->deleted = false;
        x->digest = arena_str(a, db_text(row, 2));
        x->source = arena_str(a, db_text(row, 3));
        return;
    }
    x->status = db_i64(row, 2);
    x->deleted = db_i64(row, 3) != LIFE_ACTIVE;
    if (x->kind == LINEAGE_MODEL) x->run = db_id(row, 4);
}

static bool read_nodes(db_tx *tx, void *arg, err *e) {
    static const db_query *const of[] = {[LINEAGE_VERSION] = &Q_lineage_version_rows,
                                         [LINEAGE_RUN] = &Q_lineage_run_rows,
                                         [LINEAGE_MODEL] = &Q_lineage_model_rows,
                                         [LINEAGE_DATASET] = &Q_lineage_dataset_rows};
    read_call *k = arg;
    lineage_walker *w = k->w;
    db_rows *rows = db_query_rows(tx, of[k->kind], k->args, k->n_args, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        size_t i;
        if (lineage_at(w, k->kind, db_id(rows, 0), (str){0}, &i))
            fill(&w->nodes.p[i], rows, w->c->a);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static void batch_args(const lineage_batch *b, db_arg *args) {
    db_arg keys[SEARCH_IN_WIDTH];
    for (size_t i = 0; i < b->n; i++)
        keys[i] = DB_ID(b->w->nodes.p[b->at[i]].id);
    put_keys(args, b->w->c->ws, keys, b->n);
}

bool lineage_load(lineage_batch *b, lineage_kind kind, err *e) {
    db_arg args[SEARCH_IN_WIDTH + 1];
    for (size_t i = 0; i < b->n; i++) { // until its row is seen
        lineage_node *x = &b->w->nodes.p[b->at[i]];
        x->freed = x->deleted = kind != LINEAGE_ELSEWHERE;
    }
    if (kind == LINEAGE_ELSEWHERE) return true;
    batch_args(b, args);
    read_call k = {.w = b->w, .kind = kind, .args = args, .n_args = SEARCH_IN_WIDTH + 1};
    return read(&k, read_nodes, e);
}

// ---- refs -----------------------------------------------------------------------------------

// Refs are few: grown one by one.
static void add_name(arena *a, str **names, size_t *n, str name) {
    str *more = ARENA_ARRAY(a, str, *n + 1);
    if (*n) memcpy(more, *names, *n * sizeof *more);
    more[(*n)++] = arena_str(a, name);
    *names = more;
}

static bool read_refs(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    lineage_walker *w = k->w;
    for (size_t i = 0; i < k->batch->n; i++) { // it may run again
        lineage_node *x = &w->nodes.p[k->batch->at[i]];
        x->n_aliases = x->n_sealed = 0;
    }
    db_rows *rows = db_query_rows(tx, &Q_lineage_refs, k->args, k->n_args, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        size_t i;
        if (!lineage_at(w, LINEAGE_VERSION, db_id(rows, 0), (str){0}, &i)) continue;
        lineage_node *x = &w->nodes.p[i];
        if (db_i64(rows, 1) == REF_ALIAS)
            add_name(w->c->a, &x->aliases, &x->n_aliases, db_text(rows, 2));
        else
            add_name(w->c->a, &x->sealed, &x->n_sealed, db_text(rows, 2));
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool lineage_load_refs(lineage_batch *b, err *e) {
    db_arg args[SEARCH_IN_WIDTH + 1];
    batch_args(b, args);
    read_call k = {.w = b->w, .batch = b, .args = args, .n_args = SEARCH_IN_WIDTH + 1};
    return read(&k, read_refs, e);
}
