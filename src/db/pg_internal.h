// SPDX-License-Identifier: Apache-2.0
// What the files of the PostgreSQL engine share: a connection in pipeline mode, its statements,
// the pools.
#ifndef STEMMA_DB_PG_INTERNAL_H
#define STEMMA_DB_PG_INTERNAL_H

#include "db/db_internal.h"

#include <libpq-fe.h>
#include <pthread.h>

enum {
    PG_STATEMENT_MS = 60 * 1000,     // statement_timeout
    PG_ANSWER_US = 70 * 1000 * 1000, // how long an answer may take: a little more
    PG_PENDING_MAX = 512,            // answers that may stand out before they are read
};

typedef struct pg_stmt pg_stmt;

typedef struct pg_rows {
    db_rows base;
    PGresult *result; // NULL once ended
    int at;           // current row
    struct pg_rows *next_live;
} pg_rows;

enum {
    PG_PLAIN,
    PG_GUARDED, // variant of an INSERT for db_change: see pg_stmt.c
};

struct pg_stmt {
    stmt_key key;
    char name[16]; // on the server
    char *text;
    bool prepared; // sent, and not known to have failed
    bool guarded;  // no changed row means a unique violation
    size_t params;
    Oid types[DB_ARGS_MAX]; // 0: never bound to more than NULL, inferred by the server
    pg_rows rows;
};

// An answer that stands out.
typedef struct pg_wait {
    enum { PG_WAIT_PREPARE, PG_WAIT_RUN, PG_WAIT_PUSH, PG_WAIT_COMMIT, PG_WAIT_SYNC } kind;
    pg_stmt *stmt; // PG_WAIT_PREPARE, _PUSH
} pg_wait;

// Why a transaction came to its fault: what may be done about it.
typedef enum pg_fate {
    PG_FINAL,   // the error is the answer
    PG_RETRY,   // refused for what others did meanwhile: run fn again
    PG_LOST,    // the connection is gone, and COMMIT was not run
    PG_STALE,   // a prepared statement no longer fits: a new connection has none
    PG_CAREFUL, // a unique violation outside of a savepoint: if fn goes on, run it again with
                // savepoints
    PG_UNKNOWN, // the connection was lost during COMMIT
} pg_fate;

typedef struct pg_conn {
    db_tx tx; // first: a db_tx of this engine is its connection
    PGconn *pg;
    int version; // of the server, 150004
    stmt_cache cache;
    unsigned names; // given to statements
    pg_rows *live;
    pg_wait *ring; // answers that stand out, oldest at `ring_at`; ring_cap is a power of two
    size_t ring_at, ring_n, ring_cap;
    bool broken;  // to be closed
    bool aborted; // the server skips what it gets until the next sync
    bool careful; // each change has a savepoint
    bool patient; // no statement_timeout in this transaction
    bool committed;
    bool commit_sent;
    size_t answered; // statements of fn that were answered
    pg_fate fate;    // with tx.faulty
    int64_t answer_us;
    struct pg_conn *next; // in the pool
} pg_conn;

typedef struct pg_pool {
    pthread_mutex_t m; // guards what follows
    pthread_cond_t freed;
    pg_conn *idle;
    int open, busy, max;
} pg_pool;

typedef struct postgres_db {
    db base;
    char *url;
    int64_t wait_us, retry_us;
    pg_pool readers, writers;
    turn refused;            // who runs again after a refusal (postgres.c)
    turn keyed[DB_TURNS];    // db_write_by
    _Atomic int64_t lost_us; // when the server was last found gone; monotonic
    _Atomic bool serving; // db_open is through: errors go to clients, no more to the operator
} postgres_db;

// ---- a connection (pg_conn.c) ----
// By `until` (monotonic). `*final` is set when trying again can not help (a wrong password).
pg_conn *pg_connect(postgres_db *d, int64_t until, bool *final, err *e);
void pg_conn_close(pg_conn *c);
// Is an idle connection still good? Reads what stands out.
bool pg_conn_check(pg_conn *c);
void pg_expect(pg_conn *c, int kind, pg_stmt *stmt);
// Asks for and reads all answers that stand out. *last, when asked for, is the last one's (to
// be cleared), and an error in it is left to the caller; an error in any other is the
// transaction's fault. False when it has one.
bool pg_drain(pg_conn *c, PGresult **last);
bool pg_sync(pg_conn *c); // the same up to a sync point, after which the server listens again
bool pg_sync_later(pg_conn *c); // sends it, and leaves the answers for pg_conn_check
// Makes a failed answer (NULL: the connection's own failure) the transaction's fault. Always
// false.
bool pg_fault(pg_conn *c, const PGresult *r, err *e);
bool pg_sent(pg_conn *c, int sent); // libpq's answer to PQsend...

// ---- errors and values (pg_types.c) ----
void pg_error_of(const PGresult *r, err *e);
pg_fate pg_fate_of(const PGresult *r);
bool pg_is_violation(const PGresult *r);
Oid pg_type_of(const db_arg *v); // 0 for NULL
db_cell pg_cell_of(const PGresult *r, int row, int column);

// ---- statements (pg_stmt.c) ----
bool pg_push_own(pg_conn *c, const db_query *q,
                 int kind); // BEGIN, COMMIT ...: without arguments
void pg_stmts_free(pg_conn *c);
void pg_rows_end_all(pg_conn *c);
db_rows *pg_rows_start(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
bool pg_next(db_rows *rows, err *e);
void pg_end(db_rows *rows);
db_cell pg_cell(const db_rows *rows, int column);
int64_t pg_change(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
bool pg_push(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);

// ---- texts that are not prepared (pg_text.c) ----
extern const sql_tokens pg_tokens;
bool pg_exec(db_tx *tx, str sql, buf *out, err *e);
bool pg_explain(db_tx *tx, const db_query *q, buf *out, err *e);
bool pg_integrity(db_tx *tx, buf *out, err *e);

// ---- pools (pg_pool.c) ----
void pg_pool_init(pg_pool *p, int max);
void pg_pool_close(pg_pool *p); // waits for those in use
pg_conn *pg_pool_get(postgres_db *d, pg_pool *p, int64_t until, err *e);
void pg_pool_put(pg_pool *p, pg_conn *c); // closes a broken one
// Sleeps before attempt `n` of something, longer each time, by chance; not past `until`.
void pg_pause(unsigned n, int64_t until);

#endif
