// SPDX-License-Identifier: Apache-2.0
// The tables of evaluations and their queries.
#ifndef STEMMA_CORE_EVALUATION_SQL_H
#define STEMMA_CORE_EVALUATION_SQL_H

#include "core/search_sql.h"

// number: of the evaluation, among those of its version. data: the version of a data set that
// it was measured on. scores: how many rows it has in evaluation_score. withdrawn_us: 0 while
// it counts. A value is the text of a double: nothing compares it in SQL, and an export shows
// what was measured.
#define EVALUATION_DDL                                                                         \
    "CREATE TABLE evaluation (ws {i64} NOT NULL, version {blob} NOT NULL, number {i64} NOT "   \
    "NULL, suite {text} NOT NULL, run {blob}, data {blob}, scores {i64} NOT NULL, note "       \
    "{text} NOT NULL, user_name {text} NOT NULL, proven {i64} NOT NULL, created_us {i64} NOT " \
    "NULL, withdrawn_us {i64} NOT NULL, withdrawn_by {text} NOT NULL, withdrawn_proven {i64} " \
    "NOT NULL, withdrawn_reason {text} NOT NULL, PRIMARY KEY (ws, version, number)) "          \
    "{clustered};\n"                                                                           \
    "CREATE INDEX evaluation_by_run ON evaluation (ws, run, version);\n"                       \
    "CREATE TABLE evaluation_score (ws {i64} NOT NULL, version {blob} NOT NULL, number {i64} " \
    "NOT NULL, suite {text} NOT NULL, name {text} NOT NULL, value {text} NOT NULL, PRIMARY "   \
    "KEY (ws, version, number, name)) {clustered};\n"                                          \
    "CREATE INDEX evaluation_score_by_name ON evaluation_score (ws, version, suite, name, "    \
    "number)"

#define EVALUATION_DATA_DDL "CREATE INDEX evaluation_by_data ON evaluation (ws, data, version)"

// In the order that evaluation_read.c reads; a data set's version that was deleted keeps its
// number.
#define EVALUATION_SELECT                                                                      \
    "SELECT x.number, x.suite, x.run, x.data, r.name, v.number, x.scores, x.note,"             \
    " x.user_name, x.proven, x.created_us, x.withdrawn_us, x.withdrawn_by,"                    \
    " x.withdrawn_proven, x.withdrawn_reason FROM evaluation x"                                \
    " LEFT JOIN version v ON v.ws = x.ws AND v.version = x.data"                               \
    " LEFT JOIN repo r ON r.ws = v.ws AND r.repo = v.repo WHERE x.ws = $1 AND x.version = $2"

// Scores that count, with the evaluation that each is of.
#define EVALUATION_SCORES_THAT_COUNT                                                           \
    "evaluation_score s JOIN evaluation x ON x.ws = s.ws AND x.version = s.version"            \
    " AND x.number = s.number AND x.withdrawn_us = 0"

#define EVALUATION_SQL(X)                                                                      \
    X(evaluation_insert, true,                                                                 \
      "INSERT INTO evaluation (ws, version, number, suite, run, data, scores, note,"           \
      " user_name, proven, created_us, withdrawn_us, withdrawn_by, withdrawn_proven,"          \
      " withdrawn_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', 0, "    \
      "'')")                                                                                   \
    X(evaluation_score_add, true,                                                              \
      "INSERT INTO evaluation_score (ws, version, number, suite, name, value)"                 \
      " VALUES ($1, $2, $3, $4, $5, $6)")                                                      \
    X(evaluation_last, true,                                                                   \
      "SELECT number FROM evaluation WHERE ws = $1 AND version = $2"                           \
      " ORDER BY number DESC LIMIT 1")                                                         \
    X(evaluation_touch, true,                                                                  \
      "UPDATE version SET updated_us = $3 WHERE ws = $1 AND version = $2")                     \
    X(evaluation_withdraw, true,                                                               \
      "UPDATE evaluation SET withdrawn_us = $4, withdrawn_by = $5, withdrawn_proven = $6,"     \
      " withdrawn_reason = $7 WHERE ws = $1 AND version = $2 AND number = $3")                 \
    X(evaluation_get, true, EVALUATION_SELECT " AND x.number = $3")                            \
    X(evaluation_page, true,                                                                   \
      EVALUATION_SELECT " AND x.number < $3 ORDER BY x.number DESC LIMIT $4")                  \
    X(evaluation_scores, true,                                                                 \
      "SELECT name, value FROM evaluation_score WHERE ws = $1 AND version = $2"                \
      " AND number = $3 ORDER BY name")                                                        \
    X(evaluation_counts, true,                                                                 \
      "SELECT 1 FROM evaluation WHERE ws = $1 AND version = $2 AND withdrawn_us = 0 LIMIT 1")  \
    X(evaluation_newest, false,                                                                \
      "SELECT suite, name, value FROM (SELECT s.suite, s.name, s.value, row_number() OVER"     \
      " (PARTITION BY s.suite, s.name ORDER BY s.number DESC) AS nth"                          \
      " FROM " EVALUATION_SCORES_THAT_COUNT " WHERE s.ws = $1 AND s.version = $2) AS newest"   \
      " WHERE nth = 1 ORDER BY suite, name LIMIT $3")                                          \
    X(evaluation_of_versions, true,                                                            \
      "SELECT v.version, (SELECT s.value FROM " EVALUATION_SCORES_THAT_COUNT                   \
      " WHERE s.ws = v.ws AND s.version = v.version AND s.suite = $34 AND s.name = $35"        \
      " ORDER BY s.number DESC LIMIT 1) FROM version v WHERE v.ws = $1"                        \
      " AND v.version IN " SEARCH_IDS)                                                         \
    X(evaluation_delete, true, "DELETE FROM evaluation WHERE ws = $1 AND version = $2")        \
    X(evaluation_score_delete, true,                                                           \
      "DELETE FROM evaluation_score WHERE ws = $1 AND version = $2")                           \
    X(evaluation_delete_of_repo, true,                                                         \
      "DELETE FROM evaluation WHERE ws = $1 AND version IN"                                    \
      " (SELECT version FROM version WHERE ws = $1 AND repo = $2)")                            \
    X(evaluation_score_delete_of_repo, true,                                                   \
      "DELETE FROM evaluation_score WHERE ws = $1 AND version IN"                              \
      " (SELECT version FROM version WHERE ws = $1 AND repo = $2)")

EVALUATION_SQL(SQL_QUERY)

#endif
