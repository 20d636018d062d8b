// SPDX-License-Identifier: Apache-2.0
// Queries of imports.
#ifndef STEMMA_CORE_IMPORT_SQL_H
#define STEMMA_CORE_IMPORT_SQL_H

#include "core/sql.h"

#define IMPORT_SQL(X)                                                                          \
    X(import_project_get, true,                                                                \
      "SELECT project, shared FROM import_project WHERE ws = $1 AND source = $2"               \
      " AND number = $3")                                                                      \
    X(import_project_set, true,                                                                \
      "INSERT INTO import_project (ws, source, number, project, shared)"                       \
      " VALUES ($1, $2, $3, $4, $5)"                                                           \
      " ON CONFLICT (ws, source, number) DO UPDATE SET project = $4, shared = $5")             \
    X(import_counter_past, true,                                                               \
      "INSERT INTO counter (ws, name, value) VALUES ($1, 'project', $2)"                       \
      " ON CONFLICT (ws, name) DO UPDATE SET value = $2 WHERE counter.value < $2")             \
    X(import_project_put, true,                                                                \
      "INSERT INTO project (ws, project, name, artifact_location, life, created_ms,"           \
      " updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)"                                       \
      " ON CONFLICT (ws, project) DO UPDATE SET name = $3, artifact_location = $4, life = $5," \
      " created_ms = $6, updated_ms = $7")                                                     \
    X(import_project_tags_clear, true,                                                         \
      "DELETE FROM project_tag WHERE ws = $1 AND project = $2")                                \
    X(import_project_any_run, true,                                                            \
      "SELECT run FROM run WHERE ws = $1 AND project = $2 LIMIT 1")                            \
    X(import_run_put, true,                                                                    \
      "INSERT INTO run (ws, run, project, name, user_name, status, life, start_ms, end_ms,"    \
      " artifact_uri, created_us, deleted_us)"                                                 \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"                            \
      " ON CONFLICT (ws, run) DO UPDATE SET name = $4, user_name = $5, status = $6,"           \
      " life = $7, start_ms = $8, end_ms = $9, artifact_uri = $10, deleted_us = $12")          \
    X(import_model_put, true,                                                                  \
      "INSERT INTO model (ws, model, project, name, type, status, status_message, source_run," \
      " user_name, artifact_uri, created_ms, updated_ms, life)"                                \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"                       \
      " ON CONFLICT (ws, model) DO UPDATE SET name = $4, type = $5, status = $6,"              \
      " status_message = $7, source_run = $8, artifact_uri = $10, created_ms = $11,"           \
      " updated_ms = $12, life = $13")                                                         \
    X(import_attrs_clear, true, "DELETE FROM attr WHERE ws = $1 AND owner = $2")               \
    X(import_edges_clear, true, "DELETE FROM edge WHERE ws = $1 AND src = $2")                 \
    X(import_edge_tags_clear, true, "DELETE FROM edge_tag WHERE ws = $1 AND src = $2")         \
    X(import_repo_set, true,                                                                   \
      "UPDATE repo SET description = $3, created_us = $4, next_number = CASE WHEN next_number" \
      " < $5 THEN $5 ELSE next_number END WHERE ws = $1 AND repo = $2")                        \
    X(import_version_set, true,                                                                \
      "UPDATE version SET description = $3, stage = $4, updated_us = $5, content = $6,"        \
      " tree = $7, files = $8, bytes = $9, location = $10 WHERE ws = $1 AND version = $2")     \
    X(import_item_get, true,                                                                   \
      "SELECT whole, rows_sum, points, points_sum FROM import_item WHERE ws = $1"              \
      " AND item = $2")                                                                        \
    X(import_item_set, true,                                                                   \
      "INSERT INTO import_item (ws, item, whole, rows_sum, points, points_sum)"                \
      " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (ws, item)"                                \
      " DO UPDATE SET whole = $3, rows_sum = $4, points = $5, points_sum = $6")

IMPORT_SQL(SQL_QUERY)

#endif
