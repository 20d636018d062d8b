// SPDX-License-Identifier: Apache-2.0
// Queries of requests that happen once.
#ifndef STEMMA_CORE_ONCE_SQL_H
#define STEMMA_CORE_ONCE_SQL_H

#include "core/sql.h"

#define ONCE_SQL(X)                                                                            \
    X(once_get, true,                                                                          \
      "SELECT request, claim_us, object, status, reply, expires_us FROM once"                  \
      " WHERE ws = $1 AND actor = $2 AND key = $3")                                            \
    X(once_insert, true,                                                                       \
      "INSERT INTO once (ws, actor, key, request, claim, claim_us, expires_us)"                \
      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (ws, actor, key) DO NOTHING")          \
    X(once_take_over, true,                                                                    \
      "UPDATE once SET claim = $4, claim_us = $5 WHERE ws = $1 AND actor = $2 AND key = $3"    \
      " AND object IS NULL")                                                                   \
    X(once_set_object, true,                                                                   \
      "UPDATE once SET object = $5 WHERE ws = $1 AND actor = $2 AND key = $3 AND claim = $4"   \
      " AND object IS NULL")                                                                   \
    X(once_set_reply, true,                                                                    \
      "UPDATE once SET status = $5, reply = $6 WHERE ws = $1 AND actor = $2 AND key = $3"      \
      " AND claim = $4")                                                                       \
    X(once_delete, true, "DELETE FROM once WHERE ws = $1 AND actor = $2 AND key = $3")         \
    X(once_release, true,                                                                      \
      "DELETE FROM once WHERE ws = $1 AND actor = $2 AND key = $3 AND claim = $4 AND object "  \
      "IS NULL")                                                                               \
    X(once_expired, true,                                                                      \
      "SELECT actor, key FROM once WHERE ws = $1 AND expires_us < $2 ORDER BY expires_us "     \
      "LIMIT $3")

ONCE_SQL(SQL_QUERY)

#endif
