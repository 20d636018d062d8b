// SPDX-License-Identifier: Apache-2.0
// Queries of signs of life.
#ifndef STEMMA_CORE_BEAT_SQL_H
#define STEMMA_CORE_BEAT_SQL_H

#include "core/sql.h"

#define BEAT_SQL(X)                                                                            \
    X(beat_set, true,                                                                          \
      "INSERT INTO beat (ws, run, every_us, seen_us, due_us, crashed, source)"                 \
      " VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (ws, run) DO UPDATE SET every_us = $3," \
      " seen_us = $4, due_us = $5, source = $6")                                               \
    X(beat_get, true,                                                                          \
      "SELECT every_us, seen_us, due_us, crashed, source FROM beat WHERE ws = $1 AND run = "   \
      "$2")                                                                                    \
    X(beat_due, true,                                                                          \
      "SELECT run, due_us FROM beat WHERE ws = $1 AND (due_us > $2 OR (due_us = $2 AND run > " \
      "$3))"                                                                                   \
      " AND due_us <= $4 ORDER BY due_us, run LIMIT 100")                                      \
    X(beat_crashed, true,                                                                      \
      "UPDATE beat SET crashed = $3, due_us = $4 WHERE ws = $1 AND run = $2")                  \
    X(beat_delete, true, "DELETE FROM beat WHERE ws = $1 AND run = $2")

BEAT_SQL(SQL_QUERY)

#endif
