// SPDX-License-Identifier: Apache-2.0
// Queries of the artifact tree. A row without a digest is a folder.
#ifndef STEMMA_CORE_ARTIFACT_SQL_H
#define STEMMA_CORE_ARTIFACT_SQL_H

#include "core/sql.h"

#define ARTIFACT_SQL(X)                                                                        \
    X(artifact_get, true,                                                                      \
      "SELECT digest, size, modified_us FROM artifact WHERE ws = $1 AND parent = $2 AND name " \
      "= $3")                                                                                  \
    X(artifact_put, true,                                                                      \
      "INSERT INTO artifact (ws, parent, name, digest, size, modified_us)"                     \
      " VALUES ($1, $2, $3, $4, $5, $6)"                                                       \
      " ON CONFLICT (ws, parent, name) DO UPDATE SET digest = $4, size = $5, modified_us = "   \
      "$6")                                                                                    \
    X(artifact_list, true,                                                                     \
      "SELECT name, digest, size, modified_us FROM artifact WHERE ws = $1 AND parent = $2"     \
      " AND name > $3 ORDER BY name LIMIT $4")                                                 \
    X(artifact_delete, true,                                                                   \
      "DELETE FROM artifact WHERE ws = $1 AND parent = $2 AND name = $3")                      \
    X(artifact_delete_children, true, "DELETE FROM artifact WHERE ws = $1 AND parent = $2")    \
    X(artifact_delete_below, true,                                                             \
      "DELETE FROM artifact WHERE ws = $1 AND parent > $2 AND parent < $3")                    \
    X(artifact_uses, true, "SELECT 1 FROM artifact WHERE digest = $1 LIMIT 1")

ARTIFACT_SQL(SQL_QUERY)

#endif
