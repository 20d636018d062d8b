// SPDX-License-Identifier: Apache-2.0
// sqlite_stmt: statements of one SQLite connection: prepared once, bound, stepped, read.
//
// I1  A statement that was stepped and not reset is in the connection's list `active`, and
//     sq_end_all resets it at the end of the transaction: an open read would keep the WAL from
//     being reset, an open RETURNING would fail the commit.
// I2  What is bound for a statement that gives rows is copied into the transaction's arena,
//     since rows are read after the call returned. A change runs within the call and borrows
//     its arguments.
// I3  An error after which SQLite has rolled the whole transaction back (disk full, I/O) fails
//     the transaction, so that no later statement can run, and commit, by itself.
//
// The thread that has the connection.
#include "base/log.h"
#include "db/sqlite_internal.h"

#include <errno.h>
#include <stdlib.h>

static const sql_tokens tokens = {
    .i64 = "INTEGER",
    .text = "TEXT",
    .blob = "BLOB",
    .table = "STRICT",
    .clustered = "STRICT, WITHOUT ROWID",
    .big = "",
    .share = "",
    .placeholder = '?',
};

static sq_conn *conn_of(db_tx *tx) {
    return (sq_conn *)tx;
}

// ---- errors ----

err_code sq_code(int rc, int system_errno) {
    switch (rc & 0xff) {
    case SQLITE_FULL: return ERR_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_CORRUPT;
    case SQLITE_TOOBIG: return ERR_TOO_LARGE;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       rc == SQLITE_CONSTRAINT_ROWID
                   ? ERR_EXISTS
                   : ERR_INTERNAL;
    case SQLITE_IOERR:
        return rc == SQLITE_IOERR_SHMSIZE || system_errno == ENOSPC || system_errno == EDQUOT ||
                       system_errno == EFBIG
                   ? ERR_NO_SPACE
                   : ERR_UNAVAILABLE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_READONLY: return ERR_UNAVAILABLE;
    default: return ERR_INTERNAL;
    }
}

bool sq_fail(sq_conn *c, const char *what, err *e) {
    int last = errno; // a failed write within COMMIT is not kept by SQLite
    int rc = sqlite3_extended_errcode(c->h);
    err_code code = sq_code(rc, rc == SQLITE_IOERR_WRITE ? last : sqlite3_system_errno(c->h));
    if ((rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC) && !c->sync_failed) {
        c->sync_failed = true;
        log_msg(LOG_ERROR, "db.sync",
                "the disk failed to sync the database: no more is written until a restart");
    }
    if (code == ERR_NO_SPACE) {
        err_set(e, code, "the disk or its quota is full: nothing was written; free some space");
    } else if (code == ERR_EXISTS) {
        return err_set(e, code, "an object of this name is there already");
    } else {
        err_set(e, code, "SQLite, %s: %s (%d)", what, sqlite3_errmsg(c->h), rc);
    }
    return db_tx_fail(&c->tx, e);
}

// ---- preparing ----

static bool prepare(sq_conn *c, sq_stmt *s, err *e) {
    const db_query *q = s->key.q;
    char *text = sql_expand(&tokens, c->tx.a, str_of(q->sql), &s->params, e);
    if (!text) return db_tx_fail(&c->tx, e);
    int rc = sqlite3_prepare_v3(c->h, text, -1, SQLITE_PREPARE_PERSISTENT, &s->st, NULL);
    return rc == SQLITE_OK || sq_fail(c, q->name, e);
}

static sq_stmt *stmt_of(sq_conn *c, const db_query *q, err *e) {
    sq_stmt *s = (sq_stmt *)stmt_cache_get(&c->cache, q, 0);
    if (s) return s;
    s = mem_alloc(sizeof *s);
    s->key.q = q;
    if (!prepare(c, s, e)) {
        free(s);
        return NULL;
    }
    stmt_cache_add(&c->cache, &s->key);
    return s;
}

static void stmt_free(stmt_key *k) {
    sq_stmt *s = (sq_stmt *)k;
    sqlite3_finalize(s->st);
    free(s);
}

void sq_stmts_free(sq_conn *c) {
    c->active = NULL;
    stmt_cache_clear(&c->cache, stmt_free);
}

// ---- running ----

// The reset of a statement that failed repeats its error, which was told.
static void stmt_end(sq_conn *c, sq_stmt *s) {
    if (!s->active) return;
    s->active = false;
    sqlite3_reset(s->st);
    for (sq_stmt **p = &c->active; *p; p = &(*p)->next_active) {
        if (*p != s) continue;
        *p = s->next_active;
        break;
    }
}

void sq_end_all(sq_conn *c) {
    while (c->active) {
        c->active->rows.base.done = true;
        stmt_end(c, c->active);
    }
}

static int bind_one(sqlite3_stmt *st, int at, const db_arg *v) {
    const char *p = v->s.p ? v->s.p : ""; // NULL would bind NULL
    switch (v->type) {
    case DB_A_I64: return sqlite3_bind_int64(st, at, v->i);
    case DB_A_TEXT: return sqlite3_bind_text64(st, at, p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_A_BLOB: return sqlite3_bind_blob64(st, at, p, v->s.n, SQLITE_STATIC);
    case DB_A_NULL: break;
    }
    return sqlite3_bind_null(st, at);
}

// I2
static db_arg keep(sq_conn *c, db_arg v) {
    if (v.s.n && (v.type == DB_A_TEXT || v.type == DB_A_BLOB)) v.s = arena_str(c->tx.a, v.s);
    return v;
}

static bool bind(sq_conn *c, sq_stmt *s, const db_arg *args, size_t n, bool copy, err *e) {
    if (n != s->params) {
        err_set(e, ERR_INTERNAL, "%s: %zu arguments for %zu placeholders", s->key.q->name, n,
                s->params);
        return db_tx_fail(&c->tx, e);
    }
    for (size_t i = 0; i < n; i++) {
        db_arg v = copy ? keep(c, args[i]) : args[i];
        if (bind_one(s->st, (int)i + 1, &v) != SQLITE_OK) return sq_fail(c, s->key.q->name, e);
        c->bytes += v.type == DB_A_I64 || v.type == DB_A_NULL ? 0 : v.s.n;
    }
    return true;
}

// Ready to step; NULL on an error.
static sq_stmt *start(sq_conn *c, const db_query *q, const db_arg *args, size_t n, bool copy,
                      err *e) {
    sq_stmt *s = stmt_of(c, q, e);
    if (!s) return NULL;
    stmt_end(c, s);
    if (!bind(c, s, args, n, copy, e)) return NULL;
    s->active = true;
    s->next_active = c->active;
    c->active = s;
    return s;
}

db_rows *sq_rows_start(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    sq_stmt *s = start(conn_of(tx), q, args, n, true, e);
    if (!s) return NULL;
    s->rows = (sq_rows){{tx, q, false}, s};
    return &s->rows.base;
}

bool sq_next(db_rows *rows, err *e) {
    sq_stmt *s = ((sq_rows *)rows)->stmt;
    sq_conn *c = conn_of(rows->tx);
    int rc = sqlite3_step(s->st);
    if (rc == SQLITE_ROW) return true;
    if (rc != SQLITE_DONE) sq_fail(c, rows->q->name, e);
    stmt_end(c, s);
    return false;
}

void sq_end(db_rows *rows) {
    stmt_end(conn_of(rows->tx), ((sq_rows *)rows)->stmt);
}

// Steps to the end; rows of RETURNING are passed over.
static bool finish(sq_conn *c, sq_stmt *s, err *e) {
    int rc;
    errno = 0;
    while ((rc = sqlite3_step(s->st)) == SQLITE_ROW) {
    }
    bool ok = rc == SQLITE_DONE || sq_fail(c, s->key.q->name, e);
    stmt_end(c, s);
    return ok;
}

int64_t sq_change(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    sq_conn *c = conn_of(tx);
    sq_stmt *s = start(c, q, args, n, false, e);
    return s && finish(c, s, e) ? sqlite3_changes64(c->h) : -1;
}

bool sq_push(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    sq_conn *c = conn_of(tx);
    sq_stmt *s = start(c, q, args, n, false, e);
    return s && finish(c, s, e);
}

bool sq_run(sq_conn *c, const db_query *q, err *e) {
    sq_stmt *s = start(c, q, NULL, 0, false, e);
    return s && finish(c, s, e);
}

bool sq_pragma_i64(sq_conn *c, const db_query *q, int64_t *out, err *e) {
    sq_stmt *s = start(c, q, NULL, 0, false, e);
    if (!s) return false;
    if (sqlite3_step(s->st) == SQLITE_ROW) *out = sqlite3_column_int64(s->st, 0);
    return finish(c, s, e);
}

// ---- columns ----

db_cell sq_cell(const db_rows *rows, int column) {
    sqlite3_stmt *st = ((const sq_rows *)rows)->stmt->st;
    const char *p;
    switch (sqlite3_column_type(st, column)) {
    case SQLITE_NULL: return (db_cell){.type = DB_CELL_NULL};
    case SQLITE_INTEGER:
        return (db_cell){.type = DB_CELL_I64, .i = sqlite3_column_int64(st, column)};
    case SQLITE_TEXT:
        p = (const char *)sqlite3_column_text(st, column);
        return (db_cell){.type = DB_CELL_TEXT,
                         .s = {p ? p : "", (size_t)sqlite3_column_bytes(st, column)}};
    case SQLITE_BLOB:
        p = sqlite3_column_blob(st, column);
        return (db_cell){.type = DB_CELL_BLOB,
                         .s = {p ? p : "", (size_t)sqlite3_column_bytes(st, column)}};
    default: return (db_cell){.type = DB_CELL_OTHER};
    }
}

// ---- texts that are not kept prepared ----

static void add_line(sqlite3_stmt *st, int column, buf *out) {
    if (!out) return;
    buf_add(out, sqlite3_column_text(st, column), (size_t)sqlite3_column_bytes(st, column));
    buf_byte(out, '\n');
}

static bool exec_text(sq_conn *c, const char *text, int column, buf *out, err *e) {
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(c->h, text, -1, 0, &st, NULL);
    if (rc == SQLITE_OK) {
        while ((rc = sqlite3_step(st)) == SQLITE_ROW)
            add_line(st, column, out);
    }
    bool ok = rc == SQLITE_DONE || sq_fail(c, text, e);
    sqlite3_finalize(st);
    return ok;
}

bool sq_exec(db_tx *tx, str sql, buf *out, err *e) {
    size_t params;
    char *text = sql_expand(&tokens, tx->a, sql, &params, e);
    if (!text) return db_tx_fail(tx, e);
    return exec_text(conn_of(tx), text, 0, out, e);
}

bool sq_explain(db_tx *tx, const db_query *q, buf *out, err *e) {
    size_t params;
    char *text = sql_expand(&tokens, tx->a, str_of(q->sql), &params, e);
    if (!text) return db_tx_fail(tx, e);
    str sql = arena_printf(tx->a, "EXPLAIN QUERY PLAN %s", text);
    return exec_text(conn_of(tx), sql.p, 3, out, e);
}

bool sq_integrity(db_tx *tx, buf *out, err *e) {
    if (!exec_text(conn_of(tx), "PRAGMA integrity_check", 0, out, e)) return false;
    if (str_is(buf_view(out), "ok\n")) buf_clear(out);
    return true;
}
