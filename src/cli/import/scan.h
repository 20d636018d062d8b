// SPDX-License-Identifier: Apache-2.0
// scan: the rows of one table of a foreign database in the order of row numbers, past damaged
// places: what can not be read is told with its range of row numbers, and the scan goes on
// behind it. (PostgreSQL has no such numbers: there an error ends the scan.) One thread.
#ifndef STEMMA_CLI_IMPORT_SCAN_H
#define STEMMA_CLI_IMPORT_SCAN_H

#include "cli/import/source.h"
#include "cli/import/sql.h"

typedef struct scan {
    const sql *db;
    source_log *log;
    const char *text;  // "SELECT <rowid>, ... WHERE <rowid> >= $1 ... ORDER BY <rowid>"
    const char *table; // for people
    str of;            // the run whose rows they are; empty: all
    sql_arg args[2];   // the row number to begin at, and one of the caller's
    size_t n_args;
    bool big;
    void *rows;
    int64_t at;  // the next row number
    int64_t bad; // the first unreadable one, while looking for the next readable
    int64_t gap;
    bool damaged; // something was passed over
} scan;

// Makes the query's text: columns and table, and a condition on $2 ("run_uuid = $2", or NULL).
// (Without row numbers the condition's parameter is $1.)
const char *scan_text(arena *a, const sql *from, const char *columns, const char *table,
                      const char *column, const char *more);
scan scan_new(const sql *from, source_log *log, const char *text, const char *table, str of,
              const sql_arg *arg, bool big);
// Columns of the caller begin at SCAN_FIRST. False at the end and on an error.
#define SCAN_FIRST 1
bool scan_next(scan *s, err *e);
void scan_end(scan *s);

#endif
