// SPDX-License-Identifier: Apache-2.0
// Queries of projects.
#ifndef STEMMA_CORE_PROJECT_SQL_H
#define STEMMA_CORE_PROJECT_SQL_H

#include "core/sql.h"

#define PROJECT_COLUMNS "project, name, artifact_location, life, created_ms, updated_ms"

#define PROJECT_SQL(X)                                                                         \
    X(project_counter, true,                                                                   \
      "INSERT INTO counter (ws, name, value) VALUES ($1, 'project', 1)"                        \
      " ON CONFLICT (ws, name) DO UPDATE SET value = counter.value + 1 RETURNING value")       \
    X(project_insert, true,                                                                    \
      "INSERT INTO project (ws, project, name, artifact_location, life, created_ms, "          \
      "updated_ms)"                                                                            \
      " VALUES ($1, $2, $3, $4, 0, $5, $5)")                                                   \
    X(project_get, true,                                                                       \
      "SELECT " PROJECT_COLUMNS " FROM project WHERE ws = $1 AND project = $2")                \
    X(project_by_name, true,                                                                   \
      "SELECT " PROJECT_COLUMNS " FROM project WHERE ws = $1 AND name = $2")                   \
    X(project_page, true,                                                                      \
      "SELECT " PROJECT_COLUMNS " FROM project WHERE ws = $1 AND project > $2"                 \
      " AND life >= $3 AND life <= $4 ORDER BY project LIMIT $5")                              \
    X(project_set_name, true,                                                                  \
      "UPDATE project SET name = $3, updated_ms = $4 WHERE ws = $1 AND project = $2")          \
    X(project_set_life, true,                                                                  \
      "UPDATE project SET life = $3, updated_ms = $4 WHERE ws = $1 AND project = $2")          \
    X(project_tag_set, true,                                                                   \
      "INSERT INTO project_tag (ws, project, key, value) VALUES ($1, $2, $3, $4)"              \
      " ON CONFLICT (ws, project, key) DO UPDATE SET value = $4")                              \
    X(project_tag_delete, true,                                                                \
      "DELETE FROM project_tag WHERE ws = $1 AND project = $2 AND key = $3")                   \
    X(project_tags, true,                                                                      \
      "SELECT key, value FROM project_tag WHERE ws = $1 AND project = $2 ORDER BY key")        \
    X(project_runs, true,                                                                      \
      "SELECT run, life FROM run WHERE ws = $1 AND project = $2 AND run > $3 ORDER BY run "    \
      "LIMIT $4")                                                                              \
    X(project_run_set_life, true,                                                              \
      "UPDATE run SET life = $3, deleted_us = $4 WHERE ws = $1 AND run = $2")

PROJECT_SQL(SQL_QUERY)

#endif
