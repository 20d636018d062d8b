// SPDX-License-Identifier: Apache-2.0
// Tables and queries of users, tokens and roles.
#ifndef STEMMA_CORE_USER_SQL_H
#define STEMMA_CORE_USER_SQL_H

#include "core/sql.h"

// `user` is a word of SQL. A revoked token's row is gone; the event log tells of it.
#define USER_DDL                                                                               \
    "CREATE TABLE user_account (user_id {blob} NOT NULL PRIMARY KEY, name {text} NOT NULL, "   \
    "enabled {i64} NOT NULL, created_us {i64} NOT NULL) {table};\n"                            \
    "CREATE UNIQUE INDEX user_by_name ON user_account (name);\n"                               \
    "CREATE TABLE token (user_id {blob} NOT NULL, token_id {blob} NOT NULL, hash {blob} NOT "  \
    "NULL, label {text} NOT NULL, created_us {i64} NOT NULL, expires_us {i64}, used_us {i64}," \
    " PRIMARY KEY (user_id, token_id)) {clustered};\n"                                         \
    "CREATE UNIQUE INDEX token_by_hash ON token (hash);\n"                                     \
    "CREATE TABLE role (ws {i64} NOT NULL, user_id {blob} NOT NULL, role {i64} NOT NULL,"      \
    " PRIMARY KEY (ws, user_id)) {clustered}"

#define USER_SELECT                                                                            \
    "SELECT u.user_id, u.name, u.enabled, u.created_us, r.role FROM user_account u"            \
    " LEFT JOIN role r ON r.ws = $1 AND r.user_id = u.user_id"

#define USER_SQL(X)                                                                            \
    X(user_insert, true,                                                                       \
      "INSERT INTO user_account (user_id, name, enabled, created_us) VALUES ($1, $2, 1, $3)")  \
    X(user_by_name, true, USER_SELECT " WHERE u.name = $2")                                    \
    X(user_page, true, USER_SELECT " WHERE u.name > $2 ORDER BY u.name LIMIT $3")              \
    X(user_first, true,                                                                        \
      "SELECT user_id FROM user_account WHERE user_id > $1 ORDER BY user_id LIMIT 1")          \
    X(user_set_enabled, true, "UPDATE user_account SET enabled = $2 WHERE user_id = $1")       \
    X(role_set, true,                                                                          \
      "INSERT INTO role (ws, user_id, role) VALUES ($1, $2, $3)"                               \
      " ON CONFLICT (ws, user_id) DO UPDATE SET role = $3")                                    \
    X(role_delete, true, "DELETE FROM role WHERE ws = $1 AND user_id = $2")                    \
    X(token_insert, true,                                                                      \
      "INSERT INTO token (user_id, token_id, hash, label, created_us, expires_us)"             \
      " VALUES ($1, $2, $3, $4, $5, $6)")                                                      \
    X(token_page, true,                                                                        \
      "SELECT token_id, label, created_us, expires_us, used_us FROM token"                     \
      " WHERE user_id = $1 AND token_id > $2 ORDER BY token_id LIMIT $3")                      \
    X(token_get, true, "SELECT label FROM token WHERE user_id = $1 AND token_id = $2")         \
    X(token_delete, true, "DELETE FROM token WHERE user_id = $1 AND token_id = $2")            \
    X(token_used, true,                                                                        \
      "UPDATE token SET used_us = $3 WHERE user_id = $1 AND token_id = $2"                     \
      " AND (used_us IS NULL OR used_us < $4)")                                                \
    X(token_standing, true,                                                                    \
      "SELECT t.expires_us, u.enabled, r.role FROM token t"                                    \
      " JOIN user_account u ON u.user_id = t.user_id"                                          \
      " LEFT JOIN role r ON r.ws = $1 AND r.user_id = t.user_id"                               \
      " WHERE t.user_id = $2 AND t.token_id = $3")                                             \
    X(token_by_hash, true,                                                                     \
      "SELECT t.hash, t.user_id, t.token_id, t.expires_us, t.used_us, u.name, u.enabled,"      \
      " r.role, d.role FROM token t JOIN user_account u ON u.user_id = t.user_id"              \
      " LEFT JOIN role r ON r.ws = $2 AND r.user_id = t.user_id"                               \
      " LEFT JOIN role d ON d.ws = $3 AND d.user_id = t.user_id WHERE t.hash = $1")

USER_SQL(SQL_QUERY)

#endif
