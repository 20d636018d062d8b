// SPDX-License-Identifier: Apache-2.0
// Queries of logged models.
#ifndef STEMMA_CORE_MODEL_SQL_H
#define STEMMA_CORE_MODEL_SQL_H

#include "core/sql.h"

// In the order that model.c reads.
#define MODEL_COLUMNS                                                                          \
    "model, project, name, type, status, status_message, source_run, user_name, artifact_uri," \
    " created_ms, updated_ms, life"

#define MODEL_SQL(X)                                                                           \
    X(model_insert, true,                                                                      \
      "INSERT INTO model (ws, model, project, name, type, status, status_message, source_run," \
      " user_name, artifact_uri, created_ms, updated_ms, life)"                                \
      " VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10, $10, 0)")                         \
    X(model_get, true, "SELECT " MODEL_COLUMNS " FROM model WHERE ws = $1 AND model = $2")     \
    X(model_set_status, true,                                                                  \
      "UPDATE model SET status = $3, updated_ms = $4 WHERE ws = $1 AND model = $2")            \
    X(model_set_life, true,                                                                    \
      "UPDATE model SET life = $3, updated_ms = $4 WHERE ws = $1 AND model = $2")              \
    X(model_page, true,                                                                        \
      "SELECT " MODEL_COLUMNS " FROM model WHERE ws = $1 AND project = $2 AND life = 0"        \
      " AND (created_ms < $3 OR (created_ms = $3 AND model > $4))"                             \
      " ORDER BY created_ms DESC, model LIMIT $5")

MODEL_SQL(SQL_QUERY)

#endif
