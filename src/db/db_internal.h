// SPDX-License-Identifier: Apache-2.0
// What the files of db share: the table of functions that an engine fills, the heads of the
// structs that engines extend, and the small tools that both use.
#ifndef STEMMA_DB_DB_INTERNAL_H
#define STEMMA_DB_DB_INTERNAL_H

#include "base/buf.h"
#include "base/turn.h"
#include "db/db.h"

#include <stdatomic.h>

enum {
    DB_WAIT_US = 10 * 1000 * 1000,  // default of db_config.wait_us
    DB_RETRY_US = 10 * 1000 * 1000, // default of db_config.retry_us
    DB_ARGS_MAX = 64,               // placeholders of one statement
    DB_TURNS = 64,                  // keys of db_write_by that never wait for each other
};

typedef enum db_mode { DB_MODE_READ, DB_MODE_WRITE, DB_MODE_APPEND } db_mode;

// A value of the current row. Engines give DB_CELL_OTHER for what is neither of ours (a float,
// a date).
typedef struct db_cell {
    enum { DB_CELL_NULL, DB_CELL_I64, DB_CELL_TEXT, DB_CELL_BLOB, DB_CELL_OTHER } type;
    int64_t i;
    str s; // p is never NULL for a text or a blob
} db_cell;

// An engine. Errors are told through `e`, which is never NULL here.
typedef struct db_ops {
    void (*close)(db *d);
    // Runs fn in a transaction, as often as it takes, and ends it.
    bool (*run)(db *d, db_mode mode, db_fn fn, void *arg, err *e);
    turn *(*turn_of)(db *d, uint64_t key); // NULL: all writes take turns anyway
    // Starts a statement that gives rows; they belong to the transaction.
    db_rows *(*rows)(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
    bool (*next)(db_rows *rows, err *e); // not called again after it gave false
    void (*end)(db_rows *rows);          // may be called more than once
    db_cell (*cell)(const db_rows *rows, int column);
    int64_t (*change)(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
    bool (*push)(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e);
    // Runs one statement without parameters that may not be prepared ahead: DDL, SET, EXPLAIN.
    // When `out` is given, the first column of each row is added to it, a line each.
    bool (*exec)(db_tx *tx, str sql, buf *out, err *e);
    bool (*explain)(db_tx *tx, const db_query *q, buf *out, err *e);
    bool (*integrity)(db_tx *tx, buf *out, err *e);
    bool (*shrink)(db *d, err *e);
    const db_query *has_table; // of one integer: is there a table $1?
} db_ops;

struct db {
    const db_ops *ops;
    db_engine engine;
    _Atomic int snapshots; // readers that stay for minutes
};

typedef struct db_hook {
    void (*fn)(void *);
    void *arg;
} db_hook;

struct db_tx {
    db *d;
    arena *a;
    db_mode mode;
    // The first error that ends the transaction (db.h), or a column read as another type.
    // Sticky.
    bool faulty;
    bool touched; // a statement was tried after the fault: fn went on
    err fault;
    db_hook *hooks; // after-commit; the memory is kept for the next transaction
    size_t hooks_n, hooks_cap;
};

struct db_rows {
    db_tx *tx;
    const db_query *q;
    bool done; // no row is current, none will come
};

db *sqlite_open(const db_config *c, err *e);
db *postgres_open(const db_config *c, err *e);

// ---- transactions (db.c) -------------------------------------------------------------------
void db_tx_begin(db_tx *tx, db_mode mode); // forgets a fault, resets the arena; keeps the hooks
void db_tx_free(db_tx *tx);
// Makes *e the transaction's fault, if it has none yet; always false.
bool db_tx_fail(db_tx *tx, const err *e);
// fn's answer, corrected: false with the fault in *e when the transaction is faulty, and never
// false without a code.
bool db_tx_result(db_tx *tx, bool ok, err *e);
void db_run_hooks(db_tx *tx); // and forgets them

// ---- SQL text (sql_text.c) -----------------------------------------------------------------
typedef struct sql_tokens {
    const char *i64, *text, *blob, *table, *clustered, *big, *share;
    char placeholder; // what stands before a parameter's number: '?' or '$'
} sql_tokens;
// `sql` with its tokens and placeholders replaced, NUL-terminated in the arena; text in quotes
// is left alone. NULL for a token that does not exist. `*params` is the highest placeholder.
char *sql_expand(const sql_tokens *t, arena *a, str sql, size_t *params, err *e);
// A statement's first word, and whether a word stands in it outside of quotes and parentheses;
// ASCII case is ignored.
bool sql_is(const char *sql, const char *verb);
// Offset of the word, SIZE_MAX when it is not there.
size_t sql_find(const char *sql, const char *word);

// ---- prepared statements of a connection, by query (stmt_cache.c) --------------------------
typedef struct stmt_key { // the first member of what is cached
    const db_query *q;
    unsigned variant;
} stmt_key;

typedef struct stmt_cache {
    stmt_key **slots;
    size_t n, cap; // cap is 0 or a power of two
} stmt_cache;

stmt_key *stmt_cache_get(const stmt_cache *c, const db_query *q, unsigned variant);
void stmt_cache_add(stmt_cache *c, stmt_key *k);
void stmt_cache_remove(stmt_cache *c, const stmt_key *k);
// Calls fn for every entry, then forgets all and frees the table (not the entries).
void stmt_cache_clear(stmt_cache *c, void (*fn)(stmt_key *));

#endif
