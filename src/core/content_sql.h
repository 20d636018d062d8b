// SPDX-License-Identifier: Apache-2.0
// Queries of content_seen.c. object_sent: what a workspace sent lately. "+ws": by the digest,
// not through all that the workspace has.
#ifndef STEMMA_CORE_CONTENT_SQL_H
#define STEMMA_CORE_CONTENT_SQL_H

#include "core/sql.h"

#define CONTENT_SQL(X)                                                                         \
    X(sent_put, true,                                                                          \
      "INSERT INTO object_sent (ws, digest, sent_us) VALUES ($1, $2, $3)"                      \
      " ON CONFLICT (ws, digest) DO UPDATE SET sent_us = $3")                                  \
    X(sent_get, true, "SELECT 1 FROM object_sent WHERE ws = $1 AND digest = $2")               \
    X(seen_file, true, "SELECT 1 FROM artifact WHERE digest = $2 AND +ws = $1 LIMIT 1")        \
    X(seen_version, false, /* up a few levels, by key; it reads what it made itself */         \
      "WITH RECURSIVE up (digest) AS (SELECT parent FROM object_link WHERE child = $2"         \
      " UNION SELECT l.parent FROM object_link l JOIN up ON l.child = up.digest)"              \
      " SELECT 1 FROM up JOIN version v ON v.content = up.digest"                              \
      " WHERE +v.ws = $1 AND v.deleted_us = 0 LIMIT 1")                                        \
    X(sent_old, true,                                                                          \
      "SELECT digest FROM object_sent WHERE ws = $1 AND sent_us < $2 ORDER BY sent_us LIMIT "  \
      "$3")                                                                                    \
    X(sent_delete, true, "DELETE FROM object_sent WHERE ws = $1 AND digest = $2")

CONTENT_SQL(SQL_QUERY)

#endif
