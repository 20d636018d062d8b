// SPDX-License-Identifier: Apache-2.0
// Tables and queries of workspaces. A deleted one has deleted_us and the name "#<number>",
// which no other can have.
#ifndef STEMMA_CORE_WORKSPACE_SQL_H
#define STEMMA_CORE_WORKSPACE_SQL_H

#include "core/sql.h"

#define WORKSPACE_DDL                                                                          \
    "ALTER TABLE workspace ADD COLUMN description {text};\n"                                   \
    "ALTER TABLE workspace ADD COLUMN deleted_us {i64};\n"                                     \
    "CREATE TABLE object_sent (ws {i64} NOT NULL, digest {blob} NOT NULL, sent_us {i64} NOT "  \
    "NULL, PRIMARY KEY (ws, digest)) {clustered};\n"                                           \
    "CREATE INDEX object_sent_by_time ON object_sent (ws, sent_us)"

#define WORKSPACE_COLUMNS "w.ws, w.name, w.description, w.created_us"

#define WORKSPACE_SQL(X)                                                                       \
    X(workspace_counter, true,                                                                 \
      "INSERT INTO counter (ws, name, value) VALUES ($1, 'workspace', 2)"                      \
      " ON CONFLICT (ws, name) DO UPDATE SET value = counter.value + 1 RETURNING value")       \
    X(workspace_insert, true,                                                                  \
      "INSERT INTO workspace (ws, name, description, created_us) VALUES ($1, $2, $3, $4)")     \
    X(workspace_by_name, true,                                                                 \
      "SELECT " WORKSPACE_COLUMNS " FROM workspace w WHERE w.name = $1 AND w.deleted_us IS "   \
      "NULL")                                                                                  \
    X(workspace_page, true,                                                                    \
      "SELECT " WORKSPACE_COLUMNS " FROM workspace w WHERE w.name > $1 AND w.deleted_us IS "   \
      "NULL AND ($2 = 1 OR EXISTS (SELECT 1 FROM role r WHERE r.ws = w.ws AND r.user_id = "    \
      "$3)) ORDER BY w.name LIMIT $4")                                                         \
    X(workspace_has_role, true, "SELECT 1 FROM role WHERE ws = $1 AND user_id = $2")           \
    X(workspace_set_description, true, "UPDATE workspace SET description = $2 WHERE ws = $1")  \
    X(workspace_has_run, true, "SELECT 1 FROM run WHERE ws = $1 LIMIT 1")                      \
    X(workspace_has_project, true,                                                             \
      "SELECT 1 FROM project WHERE ws = $1 AND project > 0 LIMIT 1")                           \
    X(workspace_has_model, true, "SELECT 1 FROM model WHERE ws = $1 LIMIT 1")                  \
    X(workspace_has_repo, true, "SELECT 1 FROM repo WHERE ws = $1 AND deleted_us = 0 LIMIT 1") \
    X(workspace_has_file, true, "SELECT 1 FROM artifact WHERE ws = $1 LIMIT 1")                \
    X(workspace_set_deleted, true,                                                             \
      "UPDATE workspace SET name = $2, deleted_us = $3 WHERE ws = $1")                         \
    X(workspace_drop_projects, true, "DELETE FROM project WHERE ws = $1")                      \
    X(workspace_drop_tags, true, "DELETE FROM project_tag WHERE ws = $1")                      \
    X(workspace_drop_roles, true, "DELETE FROM role WHERE ws = $1")                            \
    X(workspace_drop_sent, true, "DELETE FROM object_sent WHERE ws = $1")

WORKSPACE_SQL(SQL_QUERY)

#endif
