// SPDX-License-Identifier: Apache-2.0
// See version_runs.h. A page is read in one snapshot; pages are snapshots of their own.
#include "core/version_runs.h"

#include "base/vec.h"
#include "core/edge.h"
#include "core/repo_internal.h"
#include "core/run_internal.h"
#include "core/version_runs_sql.h"

typedef struct page_call {
    ctx *c;
    str repo_name;
    int64_t before;
    size_t max;
    version_runs *v;
    size_t n;
} page_call;

static void add_run(version_runs *v, id run_id) {
    for (size_t i = 0; i < v->n_runs; i++)
        if (id_eq(v->runs[i], run_id)) return;
    if (v->n_runs < sizeof v->runs / sizeof *v->runs) v->runs[v->n_runs++] = run_id;
}

static void take_version(version_runs *v, db_rows *row) {
    *v = (version_runs){.id = db_id(row, 0),
                        .number = db_i64(row, 1),
                        .created_us = db_i64(row, 2),
                        .mark_sum = db_i64(row, 3),
                        .deleted = db_i64(row, 4) != 0,
                        .has_content = !db_is_null(row, 5),
                        .model = db_id(row, 7)};
    sha256_copy(db_blob(row, 5), &v->content);
    id made = db_is_null(row, 6) ? db_id(row, 8) : db_id(row, 6);
    v->made = !id_is_zero(made);
    if (v->made) add_run(v, made);
}

static bool read_versions(db_tx *tx, page_call *k, id repo_id, err *e) {
    db_rows *rows = db_select(tx, &Q_version_runs_page, e, DB_I64(k->c->ws), DB_ID(repo_id),
                              DB_I64(k->before), DB_I64(k->max));
    if (!rows) return false;
    for (k->n = 0; k->n < k->max && db_next(rows, e);)
        take_version(&k->v[k->n++], rows);
    db_end(rows);
    return e->code == ERR_NONE;
}

// The keys of up to SEARCH_IN_WIDTH versions, the last one repeated.
static void put_keys(const page_call *k, size_t from, bool models, db_arg *args) {
    size_t n = k->n - from < SEARCH_IN_WIDTH ? k->n - from : SEARCH_IN_WIDTH;
    args[0] = DB_I64(k->c->ws);
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++) {
        const version_runs *v = &k->v[from + (i < n ? i : n - 1)];
        args[1 + i] = models ? DB_ID(v->model) : DB_ID(v->id);
    }
}

// Tags are few: grown one by one.
static void add_tag(arena *a, version_runs *v, str key, str value) {
    kv *more = ARENA_ARRAY(a, kv, v->n_tags + 1);
    if (v->n_tags) memcpy(more, v->tags, v->n_tags * sizeof *more);
    more[v->n_tags++] = (kv){arena_str(a, key), arena_str(a, value)};
    v->tags = more;
}

static bool read_tags(db_tx *tx, page_call *k, size_t from, err *e) {
    db_arg args[SEARCH_IN_WIDTH + 2];
    put_keys(k, from, false, args);
    args[1 + SEARCH_IN_WIDTH] = DB_I64(ATTR_TAG);
    db_rows *rows = db_query_rows(tx, &Q_version_runs_tags, args, 2 + SEARCH_IN_WIDTH, e);
    if (!rows) return false;
    while (db_next(rows, e))
        for (size_t i = from; i < k->n && i < from + SEARCH_IN_WIDTH; i++)
            if (id_eq(k->v[i].id, db_id(rows, 0)))
                add_tag(k->c->a, &k->v[i], db_text(rows, 1), db_text(rows, 2));
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool read_evaluations(db_tx *tx, page_call *k, size_t from, err *e) {
    db_arg args[SEARCH_IN_WIDTH + 3];
    put_keys(k, from, true, args);
    args[1 + SEARCH_IN_WIDTH] = DB_I64(EDGE_USED_MODEL);
    args[2 + SEARCH_IN_WIDTH] = DB_I64(VERSION_EVALUATIONS_MAX);
    db_rows *rows =
        db_query_rows(tx, &Q_version_runs_evaluations, args, 3 + SEARCH_IN_WIDTH, e);
    if (!rows) return false;
    while (db_next(rows, e))
        for (size_t i = from; i < k->n && i < from + SEARCH_IN_WIDTH; i++)
            if (id_eq(k->v[i].model, db_id(rows, 0))) add_run(&k->v[i], db_id(rows, 1));
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool page(db_tx *tx, void *arg, err *e) {
    page_call *k = arg;
    repo r;
    if (!repo_read(tx, k->c, k->repo_name, &r, e) || !read_versions(tx, k, r.id, e))
        return false;
    for (size_t from = 0; from < k->n; from += SEARCH_IN_WIDTH)
        if (!read_tags(tx, k, from, e) || !read_evaluations(tx, k, from, e)) return false;
    return true;
}

bool version_runs_page(ctx *c, str repo_name, int64_t before, size_t max, version_runs **out,
                       size_t *n, err *e) {
    page_call k = {.c = c,
                   .repo_name = repo_name,
                   .before = before,
                   .max = max,
                   .v = ARENA_ARRAY(c->a, version_runs, max)};
    if (!db_read(core_db(c->core), page, &k, e)) return false;
    *out = k.v;
    *n = k.n;
    return true;
}
