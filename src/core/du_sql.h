// SPDX-License-Identifier: Apache-2.0
// Queries of du.
#ifndef STEMMA_CORE_DU_SQL_H
#define STEMMA_CORE_DU_SQL_H

#include "core/sql.h"

#define DU_SQL(X)                                                                              \
    X(du_runs, true,                                                                           \
      "SELECT run, project, user_name, life FROM run WHERE ws = $1 AND run > $2 ORDER BY run"  \
      " LIMIT 200")                                                                            \
    X(du_models, true,                                                                         \
      "SELECT model, project, user_name FROM model WHERE ws = $1 AND model > $2 ORDER BY "     \
      "model LIMIT 500")                                                                       \
    X(du_blocks, true,                                                                         \
      "SELECT CAST(coalesce(sum(length(data)), 0) AS {i64}) FROM block WHERE ws = $1"          \
      " AND run = $2")                                                                         \
    X(du_log, true,                                                                            \
      "SELECT CAST(coalesce(sum(n), 0) AS {i64}), CAST(coalesce(sum(length(head) + "           \
      "length(data)), 0) AS {i64}) FROM point_log WHERE ws = $1 AND run = $2")                 \
    X(du_project, true, "SELECT name FROM project WHERE ws = $1 AND project = $2")             \
    X(du_run, true, "SELECT project, user_name FROM run WHERE ws = $1 AND run = $2")           \
    X(du_model, true, "SELECT project, user_name FROM model WHERE ws = $1 AND model = $2")     \
    X(du_files, true,                                                                          \
      "SELECT parent, name, digest, size FROM artifact WHERE ws = $1 AND (parent, name) > "    \
      "($2, $3) ORDER BY parent, name LIMIT 500")                                              \
    X(du_earlier, true,                                                                        \
      "SELECT 1 FROM artifact WHERE digest = $1 AND (ws, parent, name) < ($2, $3, $4) LIMIT "  \
      "1")                                                                                     \
    X(du_repo, true, "SELECT name, kind FROM repo WHERE ws = $1 AND repo = $2")                \
    X(du_versions, true,                                                                       \
      "SELECT repo, number, content, files, bytes FROM version WHERE ws = $1"                  \
      " AND (repo, number) > ($2, $3) AND deleted_us = 0 ORDER BY repo, number LIMIT $4")      \
    X(du_children, true, /* and whether each has some of its own */                            \
      "SELECT l.child, o.size, o.place, CAST(CASE WHEN EXISTS (SELECT 1 FROM object_link k"    \
      " WHERE k.parent = l.child) THEN 1 ELSE 0 END AS {i64}) FROM object_link l"              \
      " JOIN object o ON o.digest = l.child WHERE l.parent = $1 AND l.child > $2"              \
      " ORDER BY l.child LIMIT $3")

DU_SQL(SQL_QUERY)

#endif
