// SPDX-License-Identifier: Apache-2.0
// Tables and queries of protections and approvals.
#ifndef STEMMA_CORE_PROTECT_SQL_H
#define STEMMA_CORE_PROTECT_SQL_H

#include "core/sql.h"

#define PROTECT_DDL                                                                            \
    "CREATE TABLE protection (ws {i64} NOT NULL, repo {blob} NOT NULL, ref {text} NOT NULL, "  \
    "parts {i64} NOT NULL, rule {text} NOT NULL, approvals {i64} NOT NULL, user_name {text} "  \
    "NOT NULL, set_us {i64} NOT NULL, PRIMARY KEY (ws, repo, ref)) {clustered};\n"             \
    "CREATE TABLE approval (ws {i64} NOT NULL, version {blob} NOT NULL, ref {text} NOT NULL, " \
    "user_name {text} NOT NULL, reason {text} NOT NULL, approved_us {i64} NOT NULL, PRIMARY "  \
    "KEY (ws, version, ref, user_name)) {clustered}"

#define PROTECT_SQL(X)                                                                         \
    X(protection_put, true,                                                                    \
      "INSERT INTO protection (ws, repo, ref, parts, approvals, user_name, set_us, rule)"      \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (ws, repo, ref)"                   \
      " DO UPDATE SET parts = $4, approvals = $5, user_name = $6, set_us = $7, rule = $8")     \
    X(protection_delete, true,                                                                 \
      "DELETE FROM protection WHERE ws = $1 AND repo = $2 AND ref = $3")                       \
    X(protection_get, true,                                                                    \
      "SELECT ref, parts, approvals, user_name, set_us, rule FROM protection"                  \
      " WHERE ws = $1 AND repo = $2 AND ref = $3")                                             \
    X(protection_page, true,                                                                   \
      "SELECT ref, parts, approvals, user_name, set_us, rule FROM protection"                  \
      " WHERE ws = $1 AND repo = $2 ORDER BY ref LIMIT $3")                                    \
    X(protection_of_rule, true,                                                                \
      "SELECT ref FROM protection WHERE ws = $1 AND repo = $2 AND rule = $3"                   \
      " ORDER BY ref LIMIT 1")                                                                 \
    X(approval_put, true,                                                                      \
      "INSERT INTO approval (ws, version, ref, user_name, reason, approved_us)"                \
      " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (ws, version, ref, user_name) DO NOTHING") \
    X(approval_delete, true,                                                                   \
      "DELETE FROM approval WHERE ws = $1 AND version = $2 AND ref = $3 AND user_name = $4")   \
    X(approval_page, true,                                                                     \
      "SELECT a.user_name, a.reason, a.approved_us, u.enabled, r.role FROM approval a"         \
      " LEFT JOIN user_account u ON u.name = a.user_name"                                      \
      " LEFT JOIN role r ON r.ws = a.ws AND r.user_id = u.user_id"                             \
      " WHERE a.ws = $1 AND a.version = $2 AND a.ref = $3 ORDER BY a.user_name LIMIT $4")

PROTECT_SQL(SQL_QUERY)

#endif
