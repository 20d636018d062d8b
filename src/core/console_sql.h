// SPDX-License-Identifier: Apache-2.0
// Queries of the console.
#ifndef STEMMA_CORE_CONSOLE_SQL_H
#define STEMMA_CORE_CONSOLE_SQL_H

#include "core/sql.h"

#define CONSOLE_SQL(X)                                                                         \
    X(console_head, true,                                                                      \
      "SELECT lines, bytes, closed FROM console WHERE ws = $1 AND run = $2")                   \
    X(console_grow, true,                                                                      \
      "INSERT INTO console (ws, run, lines, bytes, closed) VALUES ($1, $2, $3, $4, 0)"         \
      " ON CONFLICT (ws, run) DO UPDATE SET lines = console.lines + $3, bytes = "              \
      "console.bytes + $4"                                                                     \
      " WHERE console.closed = 0 AND console.lines + $3 <= $5 AND console.bytes + $4 <= $6"    \
      " RETURNING lines")                                                                      \
    X(console_close, true,                                                                     \
      "UPDATE console SET lines = lines + 1, closed = 1"                                       \
      " WHERE ws = $1 AND run = $2 AND closed = 0 RETURNING lines")                            \
    X(console_source_set, true,                                                                \
      "INSERT INTO console_source (ws, run, source, batch) VALUES ($1, $2, $3, $4)"            \
      " ON CONFLICT (ws, run, source) DO UPDATE SET batch = $4 WHERE console_source.batch < "  \
      "$4")                                                                                    \
    X(console_insert, true,                                                                    \
      "INSERT INTO console_record (ws, run, first, n, data) VALUES ($1, $2, $3, $4, $5)")      \
    X(console_at, true,                                                                        \
      "SELECT first FROM console_record WHERE ws = $1 AND run = $2 AND first <= $3"            \
      " ORDER BY first DESC LIMIT 1")                                                          \
    X(console_forward, true,                                                                   \
      "SELECT first, n, data FROM console_record WHERE ws = $1 AND run = $2 AND first >= $3"   \
      " ORDER BY first LIMIT 64")                                                              \
    X(console_backward, true,                                                                  \
      "SELECT first, n, data FROM console_record WHERE ws = $1 AND run = $2 AND first <= $3"   \
      " ORDER BY first DESC LIMIT 64")                                                         \
    X(console_next_run, true,                                                                  \
      "SELECT run, lines FROM console WHERE ws = $1 AND run > $2 ORDER BY run LIMIT 1")        \
    X(console_first, true,                                                                     \
      "SELECT first FROM console_record WHERE ws = $1 AND run = $2 ORDER BY first LIMIT $3")   \
    X(console_delete, true,                                                                    \
      "DELETE FROM console_record WHERE ws = $1 AND run = $2 AND first <= $3")                 \
    X(console_source_delete, true, "DELETE FROM console_source WHERE ws = $1 AND run = $2")    \
    X(console_head_delete, true, "DELETE FROM console WHERE ws = $1 AND run = $2")

CONSOLE_SQL(SQL_QUERY)

#endif
