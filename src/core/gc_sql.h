// SPDX-License-Identifier: Apache-2.0
// Queries of gc.
#ifndef STEMMA_CORE_GC_SQL_H
#define STEMMA_CORE_GC_SQL_H

#include "core/sql.h"

#define GC_SQL(X)                                                                              \
    X(gc_runs, true,                                                                           \
      "SELECT run, project, artifact_uri, deleted_us FROM run WHERE ws = $1 AND life = 1"      \
      " AND (deleted_us > $2 OR (deleted_us = $2 AND run > $3)) AND deleted_us <= $4"          \
      " ORDER BY deleted_us, run LIMIT 100")                                                   \
    X(gc_models, false,                                                                        \
      "SELECT model, project, artifact_uri FROM model WHERE ws = $1 AND model > $2 AND life "  \
      "= 1"                                                                                    \
      " AND updated_ms <= $3 ORDER BY model LIMIT 100")                                        \
    X(gc_still_deleted, true, "SELECT life FROM run WHERE ws = $1 AND run = $2")               \
    X(gc_run, true, "DELETE FROM run WHERE ws = $1 AND run = $2 AND life = 1")                 \
    X(gc_model, true, "DELETE FROM model WHERE ws = $1 AND model = $2 AND life = 1")           \
    X(gc_run_there, true, "SELECT 1 FROM run WHERE ws = $1 AND run = $2")                      \
    X(gc_model_there, true, "SELECT 1 FROM model WHERE ws = $1 AND model = $2")                \
    X(gc_slot_free, true,                                                                      \
      "SELECT 1 FROM column_head WHERE ws = $1 AND project = $2 AND chunk = $3 AND slots > $4" \
      " AND NOT EXISTS (SELECT 1 FROM run WHERE ws = $1 AND project = $2 AND slot = $5)")      \
    X(gc_object_there, true, "SELECT 1 FROM object WHERE digest = $1")

GC_SQL(SQL_QUERY)

#endif
