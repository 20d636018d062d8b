// SPDX-License-Identifier: Apache-2.0
// Queries of gc.
#ifndef STEMMA_CORE_GC_SQL_H
#define STEMMA_CORE_GC_SQL_H

#include "core/sql.h"

// What was deleted too late to go by itself, or not at all: it goes with its project.
#define GC_NOT_ITSELF(time, before)                                                            \
    " AND (life <> 1 OR " time " IS NULL OR " time " > " before ")"

#define GC_SQL(X)                                                                              \
    X(gc_runs, true,                                                                           \
      "SELECT run, project, artifact_uri, deleted_us FROM run WHERE ws = $1 AND life = 1"      \
      " AND (deleted_us > $2 OR (deleted_us = $2 AND run > $3)) AND deleted_us <= $4"          \
      " ORDER BY deleted_us, run LIMIT 100")                                                   \
    X(gc_models, false,                                                                        \
      "SELECT model, project, artifact_uri, updated_ms FROM model WHERE ws = $1 AND model > "  \
      "$2 AND life = 1 AND updated_ms <= $3 ORDER BY model LIMIT 100")                         \
    X(gc_next_project, true,                                                                   \
      "SELECT project FROM project WHERE ws = $1 AND project > $2 AND life = 1"                \
      " AND updated_ms <= $3 ORDER BY project LIMIT 1")                                        \
    X(gc_runs_of, true,                                                                        \
      "SELECT run, project, artifact_uri, created_us FROM run WHERE ws = $1 AND project = $2"  \
      " AND run > $3" GC_NOT_ITSELF("deleted_us", "$4") " ORDER BY run LIMIT 100")             \
    X(gc_models_of, true,                                                                      \
      "SELECT model, project, artifact_uri, created_ms FROM model WHERE ws = $1 AND project "  \
      "= $2 AND (created_ms > $3 OR (created_ms = $3 AND model > $4))" GC_NOT_ITSELF(          \
          "updated_ms", "$5") " ORDER BY created_ms, model LIMIT 100")                         \
    X(gc_run_due, true,                                                                        \
      "SELECT 1 FROM run WHERE ws = $1 AND run = $2 AND life = 1 AND deleted_us <= $3")        \
    X(gc_model_due, true,                                                                      \
      "SELECT 1 FROM model WHERE ws = $1 AND model = $2 AND life = 1 AND updated_ms <= $3")    \
    X(gc_run_due_with, true,                                                                   \
      "SELECT 1 FROM run r JOIN project p ON p.ws = r.ws AND p.project = r.project"            \
      " WHERE r.ws = $1 AND r.run = $2 AND p.life = 1 AND p.updated_ms <= $3")                 \
    X(gc_model_due_with, true,                                                                 \
      "SELECT 1 FROM model m JOIN project p ON p.ws = m.ws AND p.project = m.project"          \
      " WHERE m.ws = $1 AND m.model = $2 AND p.life = 1 AND p.updated_ms <= $3")               \
    X(gc_project_due, true,                                                                    \
      "SELECT 1 FROM project WHERE ws = $1 AND project = $2 AND life = 1 AND updated_ms <= "   \
      "$3 AND NOT EXISTS (SELECT 1 FROM run WHERE ws = $1 AND project = $2)"                   \
      " AND NOT EXISTS (SELECT 1 FROM model WHERE ws = $1 AND project = $2)")                  \
    X(gc_run, true, "DELETE FROM run WHERE ws = $1 AND run = $2")                              \
    X(gc_model, true, "DELETE FROM model WHERE ws = $1 AND model = $2")                        \
    X(gc_datasets, true,                                                                       \
      "DELETE FROM dataset WHERE (ws, dataset) IN (SELECT d.ws, d.dataset FROM dataset d"      \
      " WHERE d.ws = $1 AND d.project = $2 AND NOT EXISTS"                                     \
      " (SELECT 1 FROM edge e WHERE e.ws = $1 AND e.dst = d.dataset) LIMIT 500)")              \
    X(gc_project_tags, true, "DELETE FROM project_tag WHERE ws = $1 AND project = $2")         \
    X(gc_project_imports, false, "DELETE FROM import_project WHERE ws = $1 AND project = $2")  \
    X(gc_project, true, "DELETE FROM project WHERE ws = $1 AND project = $2")                  \
    X(gc_files, true,                                                                          \
      "SELECT parent, name, digest FROM artifact WHERE ws = $1 AND parent >= $2"               \
      " AND (parent, name) < ($3, $4) ORDER BY parent DESC, name DESC LIMIT 500")              \
    X(gc_file, true, "DELETE FROM artifact WHERE ws = $1 AND parent = $2 AND name = $3")       \
    X(gc_folder, true,                                                                         \
      "DELETE FROM artifact WHERE ws = $1 AND parent = $2 AND name = $3 AND digest IS NULL"    \
      " AND NOT EXISTS (SELECT 1 FROM artifact WHERE ws = $1 AND parent = $4)")                \
    X(gc_run_there, true, "SELECT 1 FROM run WHERE ws = $1 AND run = $2")                      \
    X(gc_model_there, true, "SELECT 1 FROM model WHERE ws = $1 AND model = $2")                \
    X(gc_slot_free, true,                                                                      \
      "SELECT 1 FROM column_head WHERE ws = $1 AND project = $2 AND chunk = $3 AND slots > $4" \
      " AND NOT EXISTS (SELECT 1 FROM run WHERE ws = $1 AND project = $2 AND slot = $5)")      \
    X(gc_object_there, true, "SELECT 1 FROM object WHERE digest = $1")

GC_SQL(SQL_QUERY)

#endif
