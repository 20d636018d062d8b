// SPDX-License-Identifier: Apache-2.0
// Queries of runs and their attributes.
#ifndef STEMMA_CORE_RUN_SQL_H
#define STEMMA_CORE_RUN_SQL_H

#include "core/sql.h"

// In the order that run_of_row (run_internal.h) reads.
#define RUN_COLUMNS                                                                            \
    "run, project, name, user_name, artifact_uri, status, life, start_ms, end_ms, created_us," \
    " reason"

#define RUN_SQL(X)                                                                             \
    X(run_insert, true,                                                                        \
      "INSERT INTO run (ws, run, project, name, user_name, status, life, start_ms, "           \
      "artifact_uri,"                                                                          \
      " created_us) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)")                           \
    X(run_get, true, "SELECT " RUN_COLUMNS " FROM run WHERE ws = $1 AND run = $2")             \
    X(run_get_shared, true,                                                                    \
      "SELECT " RUN_COLUMNS " FROM run WHERE ws = $1 AND run = $2 {share}")                    \
    X(run_project, true, "SELECT project FROM run WHERE ws = $1 AND run = $2")                 \
    X(run_update, true,                                                                        \
      "UPDATE run SET name = $3, status = $4, end_ms = $5, reason = $6 WHERE ws = $1 AND run " \
      "= $2")                                                                                  \
    X(run_set_project, true,                                                                   \
      "UPDATE run SET project = $3, slot = $4 WHERE ws = $1 AND run = $2")                     \
    X(run_set_life, true,                                                                      \
      "UPDATE run SET life = $3, deleted_us = $4 WHERE ws = $1 AND run = $2")                  \
    X(attr_set, true,                                                                          \
      "INSERT INTO attr (ws, owner, kind, key, type, text) VALUES ($1, $2, $3, $4, 1, $5)"     \
      " ON CONFLICT (ws, owner, kind, key) DO UPDATE SET type = 1, text = $5")                 \
    X(attr_insert, true,                                                                       \
      "INSERT INTO attr (ws, owner, kind, key, type, text) VALUES ($1, $2, $3, $4, 1, $5)")    \
    X(attr_get, true,                                                                          \
      "SELECT text FROM attr WHERE ws = $1 AND owner = $2 AND kind = $3 AND key = $4")         \
    X(attr_delete, true,                                                                       \
      "DELETE FROM attr WHERE ws = $1 AND owner = $2 AND kind = $3 AND key = $4")              \
    X(attr_all, true,                                                                          \
      "SELECT key, text FROM attr WHERE ws = $1 AND owner = $2 AND kind = $3 ORDER BY key")

RUN_SQL(SQL_QUERY)

#endif
