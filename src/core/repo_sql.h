// SPDX-License-Identifier: Apache-2.0
// Queries of repos, their versions and refs, and their tables.
#ifndef STEMMA_CORE_REPO_SQL_H
#define STEMMA_CORE_REPO_SQL_H

#include "core/sql.h"

// deleted_us: 0 while it is there; it is part of the name's index, so a deleted repo frees its
// name. next_number: of the version to come. content and tree are NULL of an external version,
// whose files are at location.
// A row of ref_move a move, with version NULL when the ref was removed; before NULL when it was
// not there.
// Prompts that were made before all of them had MLflow's tag of prompts (core/prompt.h).
#define REPO_PROMPT_DDL                                                                        \
    "INSERT INTO attr (ws, owner, kind, key, type, text) "                                     \
    "SELECT r.ws, r.repo, 2, 'mlflow.prompt.is_prompt', 1, 'true' FROM repo r "                \
    "WHERE r.kind = 3 AND r.deleted_us = 0 AND NOT EXISTS (SELECT 1 FROM attr t "              \
    "WHERE t.ws = r.ws AND t.owner = r.repo AND t.kind = 2 "                                   \
    "AND t.key = 'mlflow.prompt.is_prompt')"
#define REPO_DDL                                                                               \
    "CREATE TABLE repo (ws {i64} NOT NULL, repo {blob} NOT NULL, name {text} NOT NULL, kind "  \
    "{i64} NOT NULL, description {text} NOT NULL, user_name {text} NOT NULL, next_number "     \
    "{i64} NOT NULL, created_us {i64} NOT NULL, updated_us {i64} NOT NULL, deleted_us {i64} "  \
    "NOT NULL, PRIMARY KEY (ws, repo)) {clustered};\n"                                         \
    "CREATE UNIQUE INDEX repo_by_name ON repo (ws, deleted_us, name);\n"                       \
    "CREATE TABLE version (ws {i64} NOT NULL, version {blob} NOT NULL, repo {blob} NOT NULL, " \
    "number {i64} NOT NULL, content {blob}, tree {blob}, files {i64} NOT NULL, bytes {i64} "   \
    "NOT NULL, source {text} NOT NULL, location {text} NOT NULL, run {blob}, run_link {text} " \
    "NOT NULL, model {blob}, "                                                                 \
    "description {text} NOT NULL, user_name {text} NOT NULL, stage {text} NOT NULL, "          \
    "created_us {i64} NOT NULL, updated_us {i64} NOT NULL, deleted_us {i64} NOT NULL, "        \
    "PRIMARY KEY (ws, version)) {clustered};\n"                                                \
    "CREATE UNIQUE INDEX version_by_number ON version (ws, repo, number);\n"                   \
    "CREATE INDEX version_by_stage ON version (ws, repo, deleted_us, stage, number);\n"        \
    "CREATE INDEX version_by_run ON version (ws, run, version);\n"                             \
    "CREATE INDEX version_by_content ON version (content);\n"                                  \
    "CREATE TABLE ref (ws {i64} NOT NULL, repo {blob} NOT NULL, kind {i64} NOT NULL, name "    \
    "{text} NOT NULL, version {blob} NOT NULL, moved_us {i64} NOT NULL, PRIMARY KEY (ws, "     \
    "repo, kind, name)) {clustered};\n"                                                        \
    "CREATE INDEX ref_by_version ON ref (ws, version);\n"                                      \
    "CREATE TABLE ref_move (ws {i64} NOT NULL, repo {blob} NOT NULL, kind {i64} NOT NULL, "    \
    "name {text} NOT NULL, move {blob} NOT NULL, version {blob}, before {blob}, user_name "    \
    "{text} NOT NULL, proven {i64} NOT NULL, reason {text} NOT NULL, moved_us {i64} NOT "      \
    "NULL, PRIMARY KEY (ws, repo, kind, name, move)) {clustered}"

// A ref's history is read by its name, whatever its kind was, and that of a repo as a whole,
// both by time: moved_us rises from move to move of a name. ref.moved_us is that of the move
// that brought it here, by which who moved it is found.
#define REF_HISTORY_DDL                                                                        \
    "CREATE INDEX ref_move_by_name ON ref_move (ws, repo, name, moved_us, move);\n"            \
    "CREATE INDEX ref_move_by_time ON ref_move (ws, repo, moved_us, move);\n"                  \
    "CREATE INDEX version_by_repo_content ON version (ws, repo, content, number);\n"           \
    "UPDATE ref SET moved_us = coalesce((SELECT max(m.moved_us) FROM ref_move m WHERE "        \
    "m.ws = ref.ws AND m.repo = ref.repo AND m.name = ref.name AND m.kind = ref.kind), "       \
    "moved_us)"

// version.marks is the sum of the kinds of its rows in version_mark, so that a list without
// marks asks for none. A deleted version has a mark too: its tombstone. A parent is a version
// of this workspace, or (parent NULL) an address elsewhere.
#define VERSION_MARK_DDL                                                                       \
    "ALTER TABLE version ADD COLUMN marks {i64} NOT NULL DEFAULT 0;\n"                         \
    "CREATE TABLE version_mark (ws {i64} NOT NULL, version {blob} NOT NULL, kind {i64} NOT "   \
    "NULL, user_name {text} NOT NULL, proven {i64} NOT NULL, reason {text} NOT NULL, "         \
    "marked_us {i64} NOT NULL, PRIMARY KEY (ws, version, kind)) {clustered};\n"                \
    "CREATE TABLE version_parent (ws {i64} NOT NULL, version {blob} NOT NULL, place {i64} "    \
    "NOT NULL, relation {i64} NOT NULL, parent {blob}, address {text} NOT NULL, PRIMARY KEY "  \
    "(ws, version, place)) {clustered}"

// In the order that repo.c reads.
#define REPO_COLUMNS                                                                           \
    "repo, name, kind, description, user_name, next_number, created_us, updated_us"

// In the order that version.c reads.
#define VERSION_COLUMNS                                                                        \
    "v.version, v.repo, r.name, r.kind, v.number, v.content, v.tree, v.files, v.bytes, "       \
    "v.source, v.run, v.run_link, v.model, v.description, v.user_name, v.stage, "              \
    "v.created_us, v.updated_us, v.location, v.marks, v.deleted_us"
#define VERSION_FROM                                                                           \
    " FROM version v JOIN repo r ON r.ws = v.ws AND r.repo = v.repo AND r.deleted_us = 0"      \
    " WHERE v.deleted_us = 0 AND "
// Which of them: deleted_us is at most $5, which is 0 (none deleted) or the greatest integer.
#define VERSION_OR_TOMBSTONE                                                                   \
    " FROM version v JOIN repo r ON r.ws = v.ws AND r.repo = v.repo AND r.deleted_us = 0"      \
    " WHERE v.deleted_us <= $5 AND "

// Of a move, in the order that ref_read.c reads; a deleted version keeps its number.
#define MOVE_COLUMNS                                                                           \
    "m.move, m.kind, m.name, m.version, v.number, m.before, b.number, m.user_name, m.proven, " \
    "m.reason, m.moved_us"
#define MOVE_FROM                                                                              \
    " FROM ref_move m LEFT JOIN version v ON v.ws = m.ws AND v.version = m.version"            \
    " LEFT JOIN version b ON b.ws = m.ws AND b.version = m.before WHERE "

#define REPO_SQL(X)                                                                            \
    X(repo_insert, true,                                                                       \
      "INSERT INTO repo (ws, repo, name, kind, description, user_name, next_number,"           \
      " created_us, updated_us, deleted_us) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7, 0)")    \
    X(repo_by_name, true,                                                                      \
      "SELECT " REPO_COLUMNS " FROM repo WHERE ws = $1 AND deleted_us = 0 AND name = $2")      \
    X(repo_hold, true,                                                                         \
      "SELECT " REPO_COLUMNS " FROM repo WHERE ws = $1 AND deleted_us = 0 AND name = $2 "      \
      "{share}")                                                                               \
    X(repo_by_id, true,                                                                        \
      "SELECT " REPO_COLUMNS " FROM repo WHERE ws = $1 AND repo = $2 AND deleted_us = 0")      \
    X(repo_page, true,                                                                         \
      "SELECT " REPO_COLUMNS " FROM repo WHERE ws = $1 AND deleted_us = 0 AND name > $2"       \
      " AND kind >= $4 AND kind <= $5 ORDER BY name LIMIT $3")                                 \
    X(repo_set_name, true,                                                                     \
      "UPDATE repo SET name = $3, updated_us = $4 WHERE ws = $1 AND repo = $2")                \
    X(version_renamed, true,                                                                   \
      "UPDATE version SET updated_us = $3 WHERE ws = $1 AND repo = $2 AND deleted_us = 0")     \
    X(repo_set_description, true,                                                              \
      "UPDATE repo SET description = $3, updated_us = $4 WHERE ws = $1 AND repo = $2")         \
    X(repo_touch, true, "UPDATE repo SET updated_us = $3 WHERE ws = $1 AND repo = $2")         \
    X(repo_await_holds, true,                                                                  \
      "UPDATE repo SET updated_us = updated_us WHERE ws = $1 AND repo = $2")                   \
    X(repo_take_number, true,                                                                  \
      "UPDATE repo SET next_number = next_number + 1, updated_us = $3"                         \
      " WHERE ws = $1 AND repo = $2 RETURNING next_number")                                    \
    X(repo_delete, true, "UPDATE repo SET deleted_us = $3 WHERE ws = $1 AND repo = $2")        \
    X(repo_delete_versions, true,                                                              \
      "UPDATE version SET deleted_us = $3 WHERE ws = $1 AND repo = $2 AND deleted_us = 0")     \
    X(repo_delete_refs, true, "DELETE FROM ref WHERE ws = $1 AND repo = $2")                   \
    X(version_insert, true,                                                                    \
      "INSERT INTO version (ws, version, repo, number, content, tree, files, bytes, source,"   \
      " location, run, run_link, model, description, user_name, stage, created_us,"            \
      " updated_us, deleted_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"    \
      " $13, $14, $15, $16, $17, $18, 0)")                                                     \
    X(version_get, true,                                                                       \
      "SELECT " VERSION_COLUMNS VERSION_FROM "v.ws = $1 AND v.repo = $2 AND v.number = $3")    \
    X(version_by_id, true,                                                                     \
      "SELECT " VERSION_COLUMNS VERSION_FROM "v.ws = $1 AND v.version = $2")                   \
    X(version_page, true,                                                                      \
      "SELECT " VERSION_COLUMNS VERSION_OR_TOMBSTONE                                           \
      "v.ws = $1 AND v.repo = $2 AND v.number < $3"                                            \
      " ORDER BY v.number DESC LIMIT $4")                                                      \
    X(version_of_run, true,                                                                    \
      "SELECT " VERSION_COLUMNS VERSION_FROM "v.ws = $1 AND v.run = $2 AND v.version > $3"     \
      " ORDER BY v.version LIMIT $4")                                                          \
    X(version_each, true,                                                                      \
      "SELECT " VERSION_COLUMNS VERSION_FROM "v.ws = $1 AND v.version > $2"                    \
      " ORDER BY v.version LIMIT $3")                                                          \
    X(version_latest, true,                                                                    \
      "SELECT " VERSION_COLUMNS VERSION_FROM "v.ws = $1 AND v.repo = $2 AND v.stage = $3"      \
      " ORDER BY v.number DESC LIMIT 1")                                                       \
    X(version_latest_at, true,                                                                 \
      "SELECT number FROM version WHERE ws = $1 AND repo = $2 AND created_us <= $3"            \
      " AND (deleted_us = 0 OR deleted_us > $3) ORDER BY number DESC LIMIT 1")                 \
    X(version_of_content, true,                                                                \
      "SELECT content, number FROM version WHERE ws = $1 AND repo = $2 AND content >= $3"      \
      " AND content <= $4 AND deleted_us = 0 ORDER BY content DESC, number DESC LIMIT 1")      \
    X(version_of_less_content, true,                                                           \
      "SELECT 1 FROM version WHERE ws = $1 AND repo = $2 AND content >= $3 AND content < $4"   \
      " AND deleted_us = 0 LIMIT 1")                                                           \
    X(version_set_description, true,                                                           \
      "UPDATE version SET description = $3, updated_us = $4 WHERE ws = $1 AND version = $2")   \
    X(version_set_stage, true,                                                                 \
      "UPDATE version SET stage = $3, updated_us = $4 WHERE ws = $1 AND version = $2")         \
    X(version_others_of_stage, true,                                                           \
      "SELECT version, number FROM version WHERE ws = $1 AND repo = $2 AND stage = $3"         \
      " AND deleted_us = 0 AND version <> $4 ORDER BY number LIMIT $5")                        \
    X(version_delete, true,                                                                    \
      "UPDATE version SET deleted_us = $3 WHERE ws = $1 AND version = $2")                     \
    X(version_tombstone, true,                                                                 \
      "SELECT v.deleted_us, m.user_name, m.reason FROM version v LEFT JOIN version_mark m ON"  \
      " m.ws = v.ws AND m.version = v.version AND m.kind = $4 WHERE v.ws = $1 AND v.repo = $2" \
      " AND v.number = $3 AND v.deleted_us <> 0")                                              \
    X(version_set_marks, true,                                                                 \
      "UPDATE version SET marks = $3, updated_us = $4 WHERE ws = $1 AND version = $2")         \
    X(version_marks, true,                                                                     \
      "SELECT kind, user_name, proven, reason, marked_us FROM version_mark WHERE ws = $1"      \
      " AND version = $2 ORDER BY kind")                                                       \
    X(version_mark_put, true,                                                                  \
      "INSERT INTO version_mark (ws, version, kind, user_name, proven, reason, marked_us)"     \
      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (ws, version, kind) DO UPDATE SET"     \
      " user_name = $4, proven = $5, reason = $6, marked_us = $7")                             \
    X(version_mark_delete, true,                                                               \
      "DELETE FROM version_mark WHERE ws = $1 AND version = $2 AND kind = $3")                 \
    X(version_parent_add, true,                                                                \
      "INSERT INTO version_parent (ws, version, place, relation, parent, address)"             \
      " VALUES ($1, $2, $3, $4, $5, $6)")                                                      \
    X(version_parents, true,                                                                   \
      "SELECT p.relation, p.parent, r.name, v.number, p.address FROM version_parent p"         \
      " LEFT JOIN version v ON v.ws = p.ws AND v.version = p.parent"                           \
      " LEFT JOIN repo r ON r.ws = v.ws AND r.repo = v.repo"                                   \
      " WHERE p.ws = $1 AND p.version = $2 ORDER BY p.place")                                  \
    X(version_uses, true,                                                                      \
      "SELECT 1 FROM version WHERE content = $1 AND deleted_us = 0 LIMIT 1")                   \
    X(version_refs, true,                                                                      \
      "SELECT kind, name FROM ref WHERE ws = $1 AND version = $2 ORDER BY kind, name")         \
    X(ref_sealed_of_repo, true,                                                                \
      "SELECT name FROM ref WHERE ws = $1 AND repo = $2 AND kind = $3 ORDER BY name LIMIT 1")  \
    X(ref_put, true,                                                                           \
      "INSERT INTO ref (ws, repo, kind, name, version, moved_us)"                              \
      " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (ws, repo, kind, name)"                    \
      " DO UPDATE SET version = $5, moved_us = $6")                                            \
    X(ref_delete, true,                                                                        \
      "DELETE FROM ref WHERE ws = $1 AND repo = $2 AND kind = $3 AND name = $4")               \
    X(ref_page, true,                                                                          \
      "SELECT f.kind, f.name, v.number, m.user_name, m.proven, m.reason, f.moved_us"           \
      " FROM ref f JOIN version v ON v.ws = f.ws AND v.version = f.version"                    \
      " LEFT JOIN ref_move m ON m.ws = f.ws AND m.repo = f.repo AND m.name = f.name"           \
      " AND m.moved_us = f.moved_us WHERE f.ws = $1 AND f.repo = $2"                           \
      " AND f.kind >= $3 AND f.kind <= $4 AND (f.kind, f.name) > ($5, $6)"                     \
      " ORDER BY f.kind, f.name LIMIT $7")                                                     \
    X(ref_contents, true,                                                                      \
      "SELECT f.name, v.number, v.content FROM ref f"                                          \
      " JOIN version v ON v.ws = f.ws AND v.version = f.version"                               \
      " WHERE f.ws = $1 AND f.repo = $2 AND f.kind = $3 AND f.name > $4"                       \
      " ORDER BY f.name LIMIT $5")                                                             \
    X(ref_moved, true,                                                                         \
      "INSERT INTO ref_move (ws, repo, kind, name, move, version, before, user_name, proven,"  \
      " reason, moved_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")              \
    X(ref_last_move, true,                                                                     \
      "SELECT " MOVE_COLUMNS MOVE_FROM "m.ws = $1 AND m.repo = $2 AND m.name = $3"             \
      " ORDER BY m.moved_us DESC, m.move DESC LIMIT 1")                                        \
    X(ref_move_at, true,                                                                       \
      "SELECT " MOVE_COLUMNS MOVE_FROM "m.ws = $1 AND m.repo = $2 AND m.name = $3"             \
      " AND m.moved_us <= $4 ORDER BY m.moved_us DESC, m.move DESC LIMIT 1")                   \
    X(ref_first_at, true,                                                                      \
      "SELECT moved_us FROM ref_move WHERE ws = $1 AND repo = $2 AND name = $3"                \
      " AND version = $4 AND kind = $5 ORDER BY moved_us LIMIT 1")                             \
    X(ref_good_before, true,                                                                   \
      "SELECT m.version, v.number, m.moved_us FROM ref_move m JOIN version v ON v.ws = m.ws"   \
      " AND v.version = m.version WHERE m.ws = $1 AND m.repo = $2 AND m.name = $3"             \
      " AND m.moved_us < $4 AND m.kind = $5 AND v.deleted_us = 0 AND v.marks = 0"              \
      " ORDER BY m.moved_us DESC LIMIT 1")                                                     \
    X(release_of_version, true,                                                                \
      "SELECT r.name, v.number FROM version_parent p"                                          \
      " JOIN version v ON v.ws = p.ws AND v.version = p.version"                               \
      " JOIN repo r ON r.ws = v.ws AND r.repo = v.repo WHERE p.ws = $1 AND p.parent = $2"      \
      " AND p.relation = $3 AND v.deleted_us = 0 LIMIT 1")                                     \
    X(release_of_repo, true,                                                                   \
      "SELECT r.name, v.number FROM version o"                                                 \
      " JOIN version_parent p ON p.ws = o.ws AND p.parent = o.version"                         \
      " JOIN version v ON v.ws = p.ws AND v.version = p.version"                               \
      " JOIN repo r ON r.ws = v.ws AND r.repo = v.repo WHERE o.ws = $1 AND o.repo = $2"        \
      " AND p.relation = $3 AND v.deleted_us = 0 LIMIT 1")                                     \
    X(release_pins, true,                                                                      \
      "SELECT r.name, v.number, v.marks, v.deleted_us FROM version_parent p"                   \
      " JOIN version v ON v.ws = p.ws AND v.version = p.parent"                                \
      " JOIN repo r ON r.ws = v.ws AND r.repo = v.repo"                                        \
      " WHERE p.ws = $1 AND p.version = $2 AND p.relation = $3 ORDER BY p.place")              \
    X(ref_moves_of_name, true,                                                                 \
      "SELECT " MOVE_COLUMNS MOVE_FROM "m.ws = $1 AND m.repo = $2 AND m.name = $3"             \
      " AND (m.moved_us, m.move) < ($4, $5) ORDER BY m.moved_us DESC, m.move DESC LIMIT $6")   \
    X(ref_moves_of_repo, true,                                                                 \
      "SELECT " MOVE_COLUMNS MOVE_FROM "m.ws = $1 AND m.repo = $2"                             \
      " AND (m.moved_us, m.move) < ($3, $4) ORDER BY m.moved_us DESC, m.move DESC LIMIT $5")

REPO_SQL(SQL_QUERY)

#endif
