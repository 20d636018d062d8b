// SPDX-License-Identifier: Apache-2.0
// table: the tables as rows of cells, without knowing what they mean: for everything that moves
// records as a whole (backup, restore, migrate, undo). The list is read out of the schema's own
// text (schema.c), so a table or column that an area adds is in it at once.
//
// A row's bytes, the same for both engines: for each column a NULL is one byte 0; an integer is
// the byte 1 and the number (zigzag LEB128); a text or blob is its length + 1 (LEB128) and its
// bytes. Rows stand in the order of their key.
#ifndef STEMMA_CORE_TABLE_H
#define STEMMA_CORE_TABLE_H

#include "base/buf.h"
#include "core/core.h"

#define TABLE_COLUMNS_MAX 48
#define TABLE_KEY_MAX     8
#define TABLE_BLOCK       (1u << 20) // bytes of rows that are gathered before they go on

typedef enum table_type { TABLE_I64 = 1, TABLE_TEXT = 2, TABLE_BLOB = 3 } table_type;

typedef struct table_column {
    str name;
    table_type type;
} table_column;

typedef struct table {
    str name;
    table_column columns[TABLE_COLUMNS_MAX];
    size_t n;
    size_t key[TABLE_KEY_MAX]; // indexes of columns
    size_t n_key;
    // Its rows belong to a run or a logged model: the key begins with the workspace and its id.
    bool owned;
    // Made from the above. Named for the engine's caches, so a table is never freed.
    db_query first, after, insert, wipe, owned_first, owned_after, owned_wipe;
    db_query range_first, range_after;     // when the key's second column is a text
    db_query project_first, project_after; // when it is not owned and has a column `project`
} table;

typedef struct table_set {
    int schema;          // the migration up to which it is read
    const table *tables; // in the order in which the schema makes them
    size_t n;
} table_set;

// The tables of the schema up to migration `number` (0: the newest). Lives as long as the
// process. NULL: this program knows no schema of that number.
const table_set *table_set_at(int number);
const table *table_named(const table_set *s, str name); // or NULL

// Every row, or those of one owner, in the order of the key and by bounded pages, within the
// caller's snapshot. fn may read the row's columns until it returns.
typedef bool (*table_fn)(void *arg, const table *t, const db_rows *row, err *e);
bool table_each(db_tx *tx, const table *t, table_fn fn, void *arg, err *e);
bool table_each_owned(db_tx *tx, const table *t, int64_t ws, id owner, table_fn fn, void *arg,
                      err *e);

// Of one workspace, where the key's second column (a text) is in [from, to).
bool table_each_range(db_tx *tx, const table *t, int64_t ws, str from, str to, table_fn fn,
                      void *arg, err *e);

// Of one project, by the column `project`.
bool table_each_of_project(db_tx *tx, const table *t, int64_t ws, int64_t project, table_fn fn,
                           void *arg, err *e);

void table_row_put(buf *b, const table *t, const db_rows *row);
// The next row of a block as arguments for its insert; false (cur->bad) when it is damaged.
bool table_row_get(cur *c, const table *t, db_arg *cells);

// Inserts a block of rows in one transaction; those whose key is there already are passed over.
// *n counts rows of the block.
bool table_insert_block(db *d, const table *t, str block, uint64_t *n, err *e);
// Deletes every row of a table, in bounded transactions.
bool table_wipe(db *d, const table *t, err *e);

#endif
