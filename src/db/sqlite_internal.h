// SPDX-License-Identifier: Apache-2.0
// What the files of the SQLite engine share: a connection with its statements, the pool of
// readers, the writer.
#ifndef STEMMA_DB_SQLITE_INTERNAL_H
#define STEMMA_DB_SQLITE_INTERNAL_H

#include "db/db_internal.h"

#include <pthread.h>
#include <sqlite3.h>

typedef struct sq_stmt sq_stmt;

typedef struct sq_rows {
    db_rows base;
    sq_stmt *stmt;
} sq_rows;

struct sq_stmt {
    stmt_key key;
    sqlite3_stmt *st;
    size_t params;
    sq_rows rows;
    bool active; // stepped and not reset: in the connection's list
    sq_stmt *next_active;
};

typedef struct sq_conn {
    db_tx tx; // first: a db_tx of this engine is its connection
    sqlite3 *h;
    stmt_cache cache;
    sq_stmt *active;
    size_t bytes;         // bound since the group began
    bool sync_failed;     // an fsync failed once: what the kernel dropped can not be known
    struct sq_conn *next; // in the pool
} sq_conn;

typedef struct sq_writer sq_writer;

typedef struct sqlite_db {
    db base;
    char *path;
    int lock; // descriptor of PATH.lock
    int64_t wait_us;
    sq_writer *writer;
    // The pool of readers; `m` guards what follows.
    pthread_mutex_t m;
    pthread_cond_t freed;
    sq_conn *idle; // the one used last first: its cache is warm
    int open, busy, max;
} sqlite_db;

extern const db_ops sqlite_ops;

// ---- a connection and its statements (sqlite_stmt.c) ----
// Fills *e from the handle's last error, and fails the transaction when the error ends it.
// Always false.
bool sq_fail(sq_conn *c, const char *what, err *e);
err_code sq_code(int rc, int system_errno);
// Runs a statement that needs no answer: BEGIN, COMMIT ...
bool sq_run(sq_conn *c, const db_query *q, err *e);
void sq_end_all(sq_conn *c); // resets what is active
void sq_stmts_free(sq_conn *c);
bool sq_pragma_i64(sq_conn *c, const db_query *q, int64_t *out, err *e);

db_rows *sq_rows_start(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
bool sq_next(db_rows *rows, err *e);
void sq_end(db_rows *rows);
db_cell sq_cell(const db_rows *rows, int column);
int64_t sq_change(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
bool sq_push(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
bool sq_exec(db_tx *tx, str sql, buf *out, err *e);
bool sq_explain(db_tx *tx, const db_query *q, buf *out, err *e);
bool sq_integrity(db_tx *tx, buf *out, err *e);

// ---- opening (sqlite.c) ----
typedef enum sq_role { SQ_READER, SQ_WRITER } sq_role;
sq_conn *sq_conn_open(sqlite_db *d, sq_role role, err *e);
void sq_conn_close(sq_conn *c);

// ---- the lock file (sqlite_lock.c) ----
// A descriptor to close, -1 when another process has the database (ERR_CONFLICT) or the file
// can not be made.
int sq_lock(const char *path, err *e);

// ---- the writer (sqlite_writer.c) ----
sq_writer *sq_writer_start(sqlite_db *d, err *e);
void sq_writer_stop(
    sq_writer *w); // after everything queued; checkpoints and closes its connection
bool sq_writer_run(sq_writer *w, db_fn fn, void *arg, err *e);
bool sq_shrink(db *d, err *e);

// ---- what the writer does between groups and when idle (sqlite_tend.c) ----
typedef struct sq_tend {
    sq_conn *c;
    int wal_pages;   // frames in the WAL after the last commit
    int tried_pages; // as many as there were at the last checkpoint, done or not
    bool shrinking;  // free pages are being given back
    bool resting;    // nothing to do until something is written
} sq_tend;

void sq_tend_start(sq_tend *t, sq_conn *c);
void sq_tend_after_group(sq_tend *t);
// A bounded piece of work; false when there is nothing more to do.
bool sq_tend_idle(sq_tend *t);
bool sq_tend_shrink(sq_tend *t, bool *more, err *e);
void sq_tend_stop(sq_tend *t); // empties the WAL

#endif
