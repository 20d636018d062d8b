// SPDX-License-Identifier: Apache-2.0
// db: one SQL interface with two engines, SQLite (embedded) and PostgreSQL 13+ (and what speaks
// its protocol).
//
// Writing. `db_write` runs `fn` in a transaction. fn holds every check that decides, may run
// more than once, and has no side effects but through its transaction (and what it fills in
// `arg`, anew each time). True: committed and synced.
//   SQLite: one writer thread runs many fns, a savepoint each, in one commit, and wakes all
//   callers after it; if the commit fails, all fail; after a failed fsync nothing is written
//   until a restart. The writer also checkpoints. PostgreSQL: fn runs in a SERIALIZABLE
//   transaction of its own on a pooled connection, again on 40001/40P01 and, when the
//   connection was lost before COMMIT was sent, on a new one.
// Reading. `db_read` runs `fn` on one snapshot that ends when fn returns. Never wait for a
// socket inside: read at most about 1 MiB or 50 ms, end it, send, go on by key.
//
// SQL is the subset that both engines run (shared notes in docs/architecture.md): $1, $2 ...
// placeholders, keys made by the client, ON CONFLICT upserts, keyset paging. DDL and queries
// may use tokens that the engine replaces:
//   {i64} {text} {blob}   column types (text has binary collation)
//   {table}               behind CREATE TABLE (...): STRICT / nothing
//   {clustered}           the same for tables that are read by ranges of their key: STRICT,
//   WITHOUT ROWID / nothing {big}                 behind the type of a blob column that is
//   compressed already: nothing / STORAGE EXTERNAL {share}               behind a SELECT ...
//   WHERE of db_append: nothing / FOR SHARE
// Queries are constants: a connection keeps what it prepared by the query's address.
//
// Errors inside fn. ERR_EXISTS (a unique violation) leaves the transaction as it was, and fn
// may go on. After any other error of the engine the transaction can only end: later calls
// repeat the error, and fn's `true` is not believed.
//
// Text is valid UTF-8 without U+0000 (checked at binding: ERR_INVALID). Doubles are never
// bound: store num_order().
#ifndef STEMMA_DB_DB_H
#define STEMMA_DB_DB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"

typedef struct db db;
typedef struct db_tx db_tx;     // a transaction, for one thread
typedef struct db_rows db_rows; // a result being read

typedef enum db_engine { DB_SQLITE, DB_POSTGRES } db_engine;

typedef struct db_config {
    str url;          // "sqlite:PATH" or "postgresql://..." / "postgres://..."
    int readers;      // connections that read; 0: as fits the machine
    int writers;      // PostgreSQL only; 0: as fits
    int64_t wait_us;  // how long a call waits for a connection or a restarting server; 0: 10 s
    int64_t retry_us; // how long a transaction is retried after serialisation failures; 0: 10 s
} db_config;

db *db_open(const db_config *c, err *e);
void db_close(db *d); // waits for what runs; checkpoints and truncates SQLite's WAL
db_engine db_engine_of(const db *d);

typedef bool (*db_fn)(db_tx *tx, void *arg, err *e);
bool db_write(db *d, db_fn fn, void *arg, err *e);
// The same; writes of one key run one after the other in this process, in the order in which
// they came, as all do on SQLite: for those that would take each other back on PostgreSQL. Who
// waits for 10 s gets ERR_UNAVAILABLE.
bool db_write_by(db *d, uint64_t key, db_fn fn, void *arg, err *e);
// db_write for the hot path: on PostgreSQL in READ COMMITTED instead of SERIALIZABLE, so it is
// for functions whose checks are conditional statements or rows locked by {share}. On SQLite it
// is db_write.
bool db_append(db *d, db_fn fn, void *arg, err *e);
// fn may run again when its very first statement failed (a connection that the server had
// closed meanwhile).
bool db_read(db *d, db_fn fn, void *arg, err *e);
// db_read for minutes: a dump of everything to a file, never to a socket. SQLite's writer does
// not wait for it (its WAL grows by what is written meanwhile); PostgreSQL bounds each
// statement, not the whole.
bool db_snapshot(db *d, db_fn fn, void *arg, err *e);

// Runs once for each committed transaction in which it was asked for, after the commit, on some
// thread, briefly (a wake-up of a background thread), perhaps when db_write has returned
// already. It is lost when the process dies: a hint, nothing that decides.
void db_after_commit(db_tx *tx, void (*fn)(void *arg), void *arg);
// The transaction's engine, for the few statements that differ.
db_engine db_tx_engine(const db_tx *tx);
// Lives as long as this run of fn.
arena *db_tx_arena(db_tx *tx);

// ---- queries -------------------------------------------------------------------------------
// Every SQL text is a named query, kept in one table an area (core/x_sql.h). Prepared once a
// connection.
typedef struct db_query {
    const char *name; // "run.by_id"
    const char *sql;
    bool hot; // its plan is tested not to scan
} db_query;

typedef struct db_arg {
    enum { DB_A_NULL, DB_A_I64, DB_A_TEXT, DB_A_BLOB } type;
    int64_t i;
    str s;
} db_arg;
#define DB_NULL    ((db_arg){.type = DB_A_NULL})
#define DB_I64(v)  ((db_arg){.type = DB_A_I64, .i = (int64_t)(v)})
#define DB_TEXT(v) ((db_arg){.type = DB_A_TEXT, .s = (v)})
#define DB_BLOB(v) ((db_arg){.type = DB_A_BLOB, .s = (v)})
#define DB_ID(v)                                                                               \
    ((db_arg){.type = DB_A_BLOB,                                                               \
              .s = {(const char *)(v).b, sizeof(v).b}}) // an lvalue: id, sha256
#define DB_MAYBE_I64(has, v) ((has) ? DB_I64(v) : DB_NULL)
#define DB_MAYBE_TEXT(v)     ((v).p ? DB_TEXT(v) : DB_NULL)

#define DB_ARGS(...)                                                                           \
    (const db_arg[]){__VA_ARGS__}, sizeof((const db_arg[]){__VA_ARGS__}) / sizeof(db_arg)

// Rows of a SELECT (or of ... RETURNING). NULL on an error. Close it before the next statement
// of this transaction uses the same query; db_end, and the end of the transaction, close too.
db_rows *db_query_rows(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
bool db_next(db_rows *rows,
             err *e); // false at the end and on an error: then e->code is not ERR_NONE
void db_end(db_rows *rows);

// Reading a column as what it does not hold (a text as an integer ...) gives the same as NULL
// and fails the transaction.
bool db_is_null(const db_rows *rows, int column); // columns from 0
int64_t db_i64(const db_rows *rows, int column);  // NULL gives 0
str db_text(const db_rows *rows, int column); // until the next db_next; NULL gives p == NULL
str db_blob(const db_rows *rows, int column);
id db_id(const db_rows *rows, int column); // a blob of 16 bytes, else zero

#define db_select(tx, q, e, ...) db_query_rows((tx), (q), DB_ARGS(__VA_ARGS__), (e))

// At most one row: 1 found (columns readable until the next statement of this query), 0 none,
// -1 error.
int db_one(db_tx *tx, const db_query *q, db_rows **row, const db_arg *args, size_t n, err *e);
#define db_get(tx, q, row, e, ...) db_one((tx), (q), (row), DB_ARGS(__VA_ARGS__), (e))

// INSERT, UPDATE, DELETE: rows changed, or -1. A unique violation is ERR_EXISTS (fn may go on:
// it is undone alone).
int64_t db_change(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
#define db_do(tx, q, e, ...) db_change((tx), (q), DB_ARGS(__VA_ARGS__), (e))
// The same when nobody needs the count and no violation is expected: PostgreSQL sends it
// without waiting, and an error shows at a later call, at the latest at the commit. False on an
// error.
bool db_push_args(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
#define db_push(tx, q, e, ...) db_push_args((tx), (q), DB_ARGS(__VA_ARGS__), (e))

// ---- schema --------------------------------------------------------------------------------
// Numbered, forward only; each runs once under a lock, one statement at a time (separated by
// ";\n"). Data of a newer number than the table's last is refused with a message that says
// which version wrote it.
typedef struct db_migration {
    int number;
    const char *name;
    const char *sql;
} db_migration;
bool db_migrate(db *d, const db_migration *m, size_t n, const char *program_version, err *e);
int db_schema_number(db *d, err *e); // -1 on an error, 0 when empty

// The engine's own words about how it will run q, one step a line (EXPLAIN); for tests.
bool db_explain(db *d, const db_query *q, arena *a, str *plan, err *e);
// The engine's own integrity check (PRAGMA integrity_check; PostgreSQL: amcheck is not assumed,
// it reads every row of every table). True: it ran; *report is empty when nothing is wrong,
// else one finding a line.
bool db_integrity(db *d, arena *a, str *report, err *e);
// Gives free pages back to the file system, a bounded step; true while there is more (SQLite's
// writer calls it itself when idle). False with e->code ERR_NONE: nothing more to do.
bool db_shrink_step(db *d, err *e);

#endif
