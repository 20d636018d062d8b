// SPDX-License-Identifier: Apache-2.0
// db: chooses the engine, and does what is the same on both: the checks of arguments, the typed
// columns, the state of a transaction. Any thread; a transaction and its rows belong to the
// thread that runs fn.
#include "base/clock.h"
#include "base/metrics.h"
#include "db/db_internal.h"

#include <stdlib.h>

db *db_open(const db_config *c, err *e) {
    db_config full = *c;
    if (full.wait_us <= 0) full.wait_us = DB_WAIT_US;
    if (full.retry_us <= 0) full.retry_us = DB_RETRY_US;
    if (str_starts(c->url, STR("sqlite:"))) return sqlite_open(&full, e);
    if (str_starts(c->url, STR("postgresql://")) || str_starts(c->url, STR("postgres://"))) {
        return postgres_open(&full, e);
    }
    err_set(e, ERR_INVALID,
            "the database must be sqlite:PATH or postgresql://..., not \"%.*s\"",
            STR_F(c->url));
    return NULL;
}

void db_close(db *d) {
    if (d) d->ops->close(d);
}

db_engine db_engine_of(const db *d) {
    return d->engine;
}

// ---- transactions ----

static bool run(db *d, db_mode mode, db_fn fn, void *arg, err *e) {
    err own;
    if (!e) e = &own;
    e->code = ERR_NONE;
    int64_t began = mode == DB_MODE_READ ? 0 : clock_mono_us();
    bool ok = d->ops->run(d, mode, fn, arg, e);
    if (mode != DB_MODE_READ) METRIC_TIME(db_write, clock_mono_us() - began);
    if (ok) e->code = ERR_NONE; // fn may have met an error and gone on
    return ok;
}

bool db_write(db *d, db_fn fn, void *arg, err *e) {
    return run(d, DB_MODE_WRITE, fn, arg, e);
}

bool db_write_by(db *d, uint64_t key, db_fn fn, void *arg, err *e) {
    turn *t = d->ops->turn_of ? d->ops->turn_of(d, key) : NULL;
    if (!t) return db_write(d, fn, arg, e);
    if (!turn_take(t, clock_mono_us() + DB_RETRY_US))
        return err_set(e, ERR_UNAVAILABLE, "many change the same thing at this moment");
    bool ok = db_write(d, fn, arg, e);
    turn_leave(t);
    return ok;
}

bool db_append(db *d, db_fn fn, void *arg, err *e) {
    return run(d, DB_MODE_APPEND, fn, arg, e);
}

bool db_read(db *d, db_fn fn, void *arg, err *e) {
    return run(d, DB_MODE_READ, fn, arg, e);
}

bool db_snapshot(db *d, db_fn fn, void *arg, err *e) {
    atomic_fetch_add(&d->snapshots, 1);
    bool ok = db_read(d, fn, arg, e);
    atomic_fetch_sub(&d->snapshots, 1);
    return ok;
}

void db_tx_begin(db_tx *tx, db_mode mode) {
    arena_reset(tx->a);
    tx->mode = mode;
    tx->faulty = tx->touched = false;
}

void db_tx_free(db_tx *tx) {
    arena_free(tx->a);
    free(tx->hooks);
}

bool db_tx_fail(db_tx *tx, const err *e) {
    if (!tx->faulty) {
        tx->faulty = true;
        tx->fault = *e;
    }
    return false;
}

bool db_tx_result(db_tx *tx, bool ok, err *e) {
    if (tx->faulty && (ok || e->code == ERR_NONE)) {
        *e = tx->fault;
        return false;
    }
    if (!ok && e->code == ERR_NONE) {
        err_set(e, ERR_INTERNAL, "a database function failed without an error");
    }
    return ok;
}

void db_after_commit(db_tx *tx, void (*fn)(void *), void *arg) {
    if (tx->hooks_n == tx->hooks_cap) {
        tx->hooks_cap = tx->hooks_cap ? tx->hooks_cap * 2 : 16;
        tx->hooks = mem_realloc(tx->hooks, tx->hooks_cap * sizeof *tx->hooks);
    }
    tx->hooks[tx->hooks_n++] = (db_hook){fn, arg};
}

void db_run_hooks(db_tx *tx) {
    for (size_t i = 0; i < tx->hooks_n; i++) {
        tx->hooks[i].fn(tx->hooks[i].arg);
    }
    tx->hooks_n = 0;
}

db_engine db_tx_engine(const db_tx *tx) {
    return tx->d->engine;
}

arena *db_tx_arena(db_tx *tx) {
    return tx->a;
}

// ---- statements ----

static bool check_args(const db_query *q, const db_arg *args, size_t n, err *e) {
    if (n > DB_ARGS_MAX) return err_set(e, ERR_INTERNAL, "%s: too many arguments", q->name);
    for (size_t i = 0; i < n; i++) {
        if (args[i].type == DB_A_TEXT && !str_is_text(args[i].s)) {
            return err_set(e, ERR_INVALID, "a text is not UTF-8 or holds a NUL character");
        }
    }
    return true;
}

// May a statement start? On a fault the transaction only repeats it.
static bool may_start(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    if (tx->faulty) {
        tx->touched = true;
        *e = tx->fault;
        return false;
    }
    if (!check_args(q, args, n, e)) return db_tx_fail(tx, e);
    return true;
}

static bool may_change(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    if (tx->mode == DB_MODE_READ) {
        err_set(e, ERR_INTERNAL, "%s: a change within db_read", q->name);
        return db_tx_fail(tx, e);
    }
    return may_start(tx, q, args, n, e);
}

db_rows *db_query_rows(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    err own;
    if (!e) e = &own;
    return may_start(tx, q, args, n, e) ? tx->d->ops->rows(tx, q, args, n, e) : NULL;
}

bool db_next(db_rows *rows, err *e) {
    err own;
    if (!e) e = &own;
    if (!rows) return false; // db_query_rows has set *e
    e->code = ERR_NONE;
    if (rows->done) return false;
    if (rows->tx->faulty) {
        *e = rows->tx->fault;
        return false;
    }
    if (rows->tx->d->ops->next(rows, e)) return true;
    rows->done = true;
    return false;
}

void db_end(db_rows *rows) {
    if (!rows) return;
    rows->done = true;
    rows->tx->d->ops->end(rows);
}

int db_one(db_tx *tx, const db_query *q, db_rows **row, const db_arg *args, size_t n, err *e) {
    err own;
    if (!e) e = &own;
    *row = db_query_rows(tx, q, args, n, e);
    if (!*row) return -1;
    if (db_next(*row, e)) return 1;
    db_end(*row);
    return e->code == ERR_NONE ? 0 : -1;
}

int64_t db_change(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    err own;
    if (!e) e = &own;
    return may_change(tx, q, args, n, e) ? tx->d->ops->change(tx, q, args, n, e) : -1;
}

bool db_push_args(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    err own;
    if (!e) e = &own;
    return may_change(tx, q, args, n, e) && tx->d->ops->push(tx, q, args, n, e);
}

// ---- columns ----

static const char *const cell_names[] = {"NULL", "an integer", "a text", "a blob",
                                         "of another type"};

static void wrong_type(const db_rows *rows, int column, int wanted, int found) {
    err e;
    err_set(&e, ERR_INTERNAL, "%s: column %d is %s, not %s", rows->q->name, column,
            cell_names[found], cell_names[wanted]);
    db_tx_fail(rows->tx, &e);
}

// The value when it has the wanted type; NULL's cell otherwise.
static db_cell cell_of(const db_rows *rows, int column, int wanted) {
    if (rows->done) return (db_cell){.type = DB_CELL_NULL};
    db_cell c = rows->tx->d->ops->cell(rows, column);
    if ((int)c.type == wanted || c.type == DB_CELL_NULL) return c;
    wrong_type(rows, column, wanted, c.type);
    return (db_cell){.type = DB_CELL_NULL};
}

bool db_is_null(const db_rows *rows, int column) {
    return rows->done || rows->tx->d->ops->cell(rows, column).type == DB_CELL_NULL;
}

int64_t db_i64(const db_rows *rows, int column) {
    return cell_of(rows, column, DB_CELL_I64).i;
}

str db_text(const db_rows *rows, int column) {
    return cell_of(rows, column, DB_CELL_TEXT).s;
}

str db_blob(const db_rows *rows, int column) {
    return cell_of(rows, column, DB_CELL_BLOB).s;
}

id db_id(const db_rows *rows, int column) {
    str s = db_blob(rows, column);
    id out = {0};
    if (s.n == sizeof out.b) memcpy(out.b, s.p, sizeof out.b);
    return out;
}

// ---- what the engine says about itself ----

typedef struct report_job {
    const db_query *q;
    buf out;
} report_job;

enum { REPORT_MAX = 1 << 20 };

static bool explain(db_tx *tx, void *arg, err *e) {
    report_job *r = arg;
    buf_clear(&r->out);
    return tx->d->ops->explain(tx, r->q, &r->out, e);
}

static bool integrity(db_tx *tx, void *arg, err *e) {
    report_job *r = arg;
    buf_clear(&r->out);
    return tx->d->ops->integrity(tx, &r->out, e);
}

static bool report_run(db *d, db_fn fn, const db_query *q, arena *a, str *out, err *e) {
    report_job r = {q, BUF_MAX(REPORT_MAX)};
    bool ok = db_read(d, fn, &r, e);
    if (ok) *out = arena_str(a, buf_view(&r.out));
    buf_free(&r.out);
    return ok;
}

bool db_explain(db *d, const db_query *q, arena *a, str *plan, err *e) {
    return report_run(d, explain, q, a, plan, e);
}

bool db_integrity(db *d, arena *a, str *report, err *e) {
    return report_run(d, integrity, NULL, a, report, e);
}

bool db_shrink_step(db *d, err *e) {
    err own;
    if (!e) e = &own;
    e->code = ERR_NONE;
    return d->ops->shrink(d, e);
}
