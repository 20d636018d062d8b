// SPDX-License-Identifier: Apache-2.0
// The table of rules and its queries.
#ifndef STEMMA_CORE_RULE_SQL_H
#define STEMMA_CORE_RULE_SQL_H

#include "core/sql.h"

#define RULE_DDL                                                                               \
    "CREATE TABLE rule (ws {i64} NOT NULL, repo {blob} NOT NULL, name {text} NOT NULL, "       \
    "constraints {text} NOT NULL, objective {text} NOT NULL, goal {i64} NOT NULL, tie {text} " \
    "NOT NULL, tie_goal {i64} NOT NULL, user_name {text} NOT NULL, proven {i64} NOT NULL, "    \
    "reason {text} NOT NULL, changed_us {i64} NOT NULL, PRIMARY KEY (ws, repo, name)) "        \
    "{clustered}"

// In the order that rule.c reads.
#define RULE_COLUMNS                                                                           \
    "name, constraints, objective, goal, tie, tie_goal, user_name, proven, reason, changed_us"
enum { RULE_CHANGED_US = 9 };

#define RULE_SQL(X)                                                                            \
    X(rule_get, true,                                                                          \
      "SELECT " RULE_COLUMNS " FROM rule WHERE ws = $1 AND repo = $2 AND name = $3")           \
    X(rule_page, true,                                                                         \
      "SELECT " RULE_COLUMNS " FROM rule WHERE ws = $1 AND repo = $2 AND name > $3"            \
      " ORDER BY name LIMIT $4")                                                               \
    X(rule_put, true,                                                                          \
      "INSERT INTO rule (ws, repo, name, constraints, objective, goal, tie, tie_goal,"         \
      " user_name, proven, reason, changed_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"    \
      " $10, $11, $12) ON CONFLICT (ws, repo, name) DO UPDATE SET constraints = $4,"           \
      " objective = $5, goal = $6, tie = $7, tie_goal = $8, user_name = $9, proven = $10,"     \
      " reason = $11, changed_us = $12")                                                       \
    X(rule_delete, true, "DELETE FROM rule WHERE ws = $1 AND repo = $2 AND name = $3")         \
    X(rule_delete_all, true, "DELETE FROM rule WHERE ws = $1 AND repo = $2")

RULE_SQL(SQL_QUERY)

#endif
