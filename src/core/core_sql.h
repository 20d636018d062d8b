// SPDX-License-Identifier: Apache-2.0
// Queries of core.c and lease.c.
#ifndef STEMMA_CORE_CORE_SQL_H
#define STEMMA_CORE_CORE_SQL_H

#include "core/sql.h"

#define CORE_SQL(X)                                                                            \
    X(workspace_ensure, false,                                                                 \
      "INSERT INTO workspace (ws, name, created_us) VALUES ($1, $2, $3) ON CONFLICT DO "       \
      "NOTHING")                                                                               \
    X(project_ensure, false,                                                                   \
      "INSERT INTO project (ws, project, name, artifact_location, life, created_ms, "          \
      "updated_ms)"                                                                            \
      " VALUES ($1, 0, 'Default', $2, 0, $3, $3) ON CONFLICT DO NOTHING")                      \
    X(workspace_get, true, "SELECT name FROM workspace WHERE ws = $1 AND deleted_us IS NULL")  \
    X(workspace_next, true, "SELECT ws FROM workspace WHERE ws > $1 ORDER BY ws LIMIT 1")      \
    X(lease_take, true,                                                                        \
      "INSERT INTO lease (name, holder, expires_us) VALUES ($1, $2, $3)"                       \
      " ON CONFLICT (name) DO UPDATE SET holder = $2, expires_us = $3"                         \
      " WHERE lease.holder = $2 OR lease.expires_us < $4")                                     \
    X(lease_drop, true, "DELETE FROM lease WHERE name = $1 AND holder = $2")

CORE_SQL(SQL_QUERY)

#endif
