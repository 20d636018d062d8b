// SPDX-License-Identifier: Apache-2.0
// Reading evaluations: one, a page of a version's, and what versions have of scores. No state;
// any thread.
#include "base/num.h"
#include "base/vec.h"
#include "core/evaluation_internal.h"
#include "core/evaluation_sql.h"
#include "core/repo_internal.h"

enum { PAGE_SCORES = 20000 }; // of a page that is not the only evaluation on it

// ---- rows -----------------------------------------------------------------------------------

static evaluation of_row(db_rows *row, arena *a) {
    return (evaluation){.number = db_i64(row, 0),
                        .suite = arena_str(a, db_text(row, 1)),
                        .run = db_id(row, 2),
                        .data = db_id(row, 3),
                        .data_repo = arena_str(a, db_text(row, 4)),
                        .data_number = db_i64(row, 5),
                        .n_scores = (size_t)db_i64(row, 6),
                        .note = arena_str(a, db_text(row, 7)),
                        .user = arena_str(a, db_text(row, 8)),
                        .proven = db_i64(row, 9) != 0,
                        .created_us = db_i64(row, 10),
                        .withdrawn = db_i64(row, 11) != 0,
                        .withdrawn_us = db_i64(row, 11),
                        .withdrawn_by = arena_str(a, db_text(row, 12)),
                        .withdrawn_proven = db_i64(row, 13) != 0,
                        .withdrawn_reason = arena_str(a, db_text(row, 14))};
}

static bool take_value(str text, double *out, err *e) {
    return num_parse_f64(text, out) ||
           err_set(e, ERR_CORRUPT, "a score of an evaluation is damaged");
}

static bool read_scores(db_tx *tx, const ctx *c, id version_id, evaluation *x, err *e) {
    VEC(evaluation_score) v = {0};
    db_rows *rows = db_select(tx, &Q_evaluation_scores, e, DB_I64(c->ws), DB_ID(version_id),
                              DB_I64(x->number));
    if (!rows) return false;
    while (db_next(rows, e)) {
        evaluation_score s = {.name = arena_str(c->a, db_text(rows, 0))};
        if (!take_value(db_text(rows, 1), &s.value, e)) break;
        vec_push(c->a, &v, s);
    }
    db_end(rows);
    x->scores = v.p;
    x->n_scores = v.n;
    return e->code == ERR_NONE;
}

bool evaluation_read(db_tx *tx, const ctx *c, const version *v, int64_t which, evaluation *out,
                     err *e) {
    db_rows *row;
    int found =
        db_get(tx, &Q_evaluation_get, &row, e, DB_I64(c->ws), DB_ID(v->id), DB_I64(which));
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "version %lld of '%.*s' has no evaluation %lld",
                       (long long)v->number, STR_F(v->repo_name), (long long)which);
    if (found < 0) return false;
    *out = of_row(row, c->a);
    return read_scores(tx, c, v->id, out, e);
}

// ---- one, many ------------------------------------------------------------------------------

typedef struct read_call {
    ctx *c;
    str repo_name;
    int64_t number, which, before;
    size_t max;
    evaluation *out;
    VEC(evaluation) page;
    bool more;
} read_call;

static bool get(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    version v;
    return version_read_bare(tx, k->c, k->repo_name, k->number, &v, e) &&
           evaluation_read(tx, k->c, &v, k->which, k->out, e);
}

bool evaluation_get(ctx *c, str repo_name, int64_t number, int64_t which, evaluation *out,
                    err *e) {
    read_call k = {
        .c = c, .repo_name = repo_name, .number = number, .which = which, .out = out};
    return db_read(core_db(c->core), get, &k, e);
}

// As many rows as the page takes.
static bool read_rows(db_tx *tx, read_call *k, id version_id, err *e) {
    size_t scores = 0;
    db_rows *rows = db_select(tx, &Q_evaluation_page, e, DB_I64(k->c->ws), DB_ID(version_id),
                              DB_I64(k->before), DB_I64(k->max + 1));
    if (!rows) return false;
    while (!k->more && db_next(rows, e)) {
        evaluation x = of_row(rows, k->c->a);
        scores += x.n_scores;
        k->more = k->page.n == k->max || (k->page.n && scores > PAGE_SCORES);
        if (!k->more) vec_push(k->c->a, &k->page, x);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool page(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    version v;
    k->page.n = 0;
    k->more = false;
    if (!version_read_bare(tx, k->c, k->repo_name, k->number, &v, e) ||
        !read_rows(tx, k, v.id, e))
        return false;
    for (size_t i = 0; i < k->page.n; i++)
        if (!read_scores(tx, k->c, v.id, &k->page.p[i], e)) return false;
    return true;
}

bool evaluation_page(ctx *c, str repo_name, int64_t number, int64_t before, size_t max,
                     evaluation **out, size_t *n, bool *more, err *e) {
    read_call k = {
        .c = c, .repo_name = repo_name, .number = number, .before = before, .max = max};
    if (!db_read(core_db(c->core), page, &k, e)) return false;
    *out = k.page.p;
    *n = k.page.n;
    *more = k.more;
    return true;
}

// ---- what a version has ---------------------------------------------------------------------

typedef struct values_call {
    ctx *c;
    id version;
    VEC(evaluation_value) list;
    bool any;
} values_call;

static bool values(db_tx *tx, void *arg, err *e) {
    values_call *k = arg;
    arena *a = k->c->a;
    k->list.n = 0;
    db_rows *rows = db_select(tx, &Q_evaluation_newest, e, DB_I64(k->c->ws), DB_ID(k->version),
                              DB_I64(EVALUATION_VALUES_MAX));
    if (!rows) return false;
    while (db_next(rows, e)) {
        evaluation_value v = {.suite = arena_str(a, db_text(rows, 0)),
                              .name = arena_str(a, db_text(rows, 1))};
        if (!take_value(db_text(rows, 2), &v.value, e)) break;
        vec_push(a, &k->list, v);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool evaluation_values(ctx *c, id version_id, evaluation_value **out, size_t *n, err *e) {
    values_call k = {.c = c, .version = version_id};
    if (!db_read(core_db(c->core), values, &k, e)) return false;
    *out = k.list.p;
    *n = k.list.n;
    return true;
}

static bool any(db_tx *tx, void *arg, err *e) {
    values_call *k = arg;
    db_rows *row;
    int found = db_get(tx, &Q_evaluation_counts, &row, e, DB_I64(k->c->ws), DB_ID(k->version));
    k->any = found > 0;
    return found >= 0;
}

bool evaluation_any(ctx *c, id version_id, bool *out, err *e) {
    values_call k = {.c = c, .version = version_id};
    bool ok = db_read(core_db(c->core), any, &k, e);
    *out = k.any;
    return ok;
}

// ---- of many versions -----------------------------------------------------------------------

typedef struct many_call {
    ctx *c;
    str suite, name;
    const id *versions;
    size_t n;
    double *out;
    bool *has;
} many_call;

static bool read_batch(db_tx *tx, many_call *k, size_t from, err *e) {
    size_t n = k->n - from < SEARCH_IN_WIDTH ? k->n - from : SEARCH_IN_WIDTH;
    db_arg args[SEARCH_IN_WIDTH + 3] = {DB_I64(k->c->ws)};
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++)
        args[1 + i] = DB_ID(k->versions[from + (i < n ? i : n - 1)]);
    args[1 + SEARCH_IN_WIDTH] = DB_TEXT(k->suite);
    args[2 + SEARCH_IN_WIDTH] = DB_TEXT(k->name);
    db_rows *rows = db_query_rows(tx, &Q_evaluation_of_versions, args, SEARCH_IN_WIDTH + 3, e);
    if (!rows) return false;
    while (db_next(rows, e))
        for (size_t i = from; i < from + n && !db_is_null(rows, 1); i++)
            if (id_eq(k->versions[i], db_id(rows, 0)))
                k->has[i] = take_value(db_text(rows, 1), &k->out[i], e);
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool many(db_tx *tx, void *arg, err *e) {
    many_call *k = arg;
    for (size_t from = 0; from < k->n; from += SEARCH_IN_WIDTH)
        if (!read_batch(tx, k, from, e)) return false;
    return true;
}

bool evaluation_value_of(ctx *c, str key, const id *versions, size_t n, double *out, bool *has,
                         err *e) {
    size_t dot = str_find(key, '.', 0);
    memset(has, 0, n * sizeof *has);
    if (dot == SIZE_MAX) return true;
    many_call k = {.c = c,
                   .suite = str_upto(key, dot),
                   .name = str_from(key, dot + 1),
                   .versions = versions,
                   .n = n,
                   .out = out,
                   .has = has};
    return db_read(core_db(c->core), many, &k, e);
}
