// SPDX-License-Identifier: Apache-2.0
// sql: reading a foreign database, SQLite (sql_sqlite.c) or PostgreSQL (sql_postgres.c): one
// snapshot for the whole import, nothing is ever written. Placeholders are $1, $2 ... One
// thread.
#ifndef STEMMA_CLI_IMPORT_SQL_H
#define STEMMA_CLI_IMPORT_SQL_H

#include "base/arena.h"
#include "base/err.h"

typedef struct sql_arg {
    bool is_text;
    str s;
    int64_t i;
} sql_arg;
#define SQL_TEXT(v) ((sql_arg){.is_text = true, .s = (v)})
#define SQL_I64(v)  ((sql_arg){.i = (v)})

typedef struct sql_ops {
    // `big`: more rows than should be held at once. NULL on an error; ERR_CORRUPT: damage.
    void *(*query)(void *db, const char *sql, const sql_arg *args, size_t n, bool big, err *e);
    bool (*next)(void *rows, err *e); // false at the end and on an error
    void (*end)(void *rows);
    bool (*is_null)(void *rows, int column);
    int64_t (*i64)(void *rows, int column); // booleans too
    double (*f64)(void *rows, int column);
    str (*text)(void *rows, int column); // until the next row; NULL: p is NULL
    bool (*has)(void *db, const char *table, const char *column); // NULL: the table
    // Makes rows of `table` quick to find by `column`, where this costs the source nothing.
    void (*index)(void *db, const char *table, const char *column);
    void (*close)(void *db);
    const char *rowid; // what names a row and orders the table; NULL: nothing does
} sql_ops;

typedef struct sql {
    const sql_ops *ops;
    void *db;
} sql;

// A consistent copy of the moment: SQLite files that are no WAL database in use are copied into
// `scratch` first, so that a long import does not hold up who writes there.
bool sql_open_sqlite(arena *a, str path, str scratch, sql *out, err *e);
bool sql_open_postgres(arena *a, str url, sql *out, err *e);

#endif
