// SPDX-License-Identifier: Apache-2.0
// The query of why.
#ifndef STEMMA_CORE_WHY_SQL_H
#define STEMMA_CORE_WHY_SQL_H

#include "core/search_sql.h"

#define WHY_SQL(X)                                                                             \
    X(why_parents, true,                                                                       \
      "SELECT p.version, p.relation, r.name, v.number, p.address FROM version_parent p"        \
      " LEFT JOIN version v ON v.ws = p.ws AND v.version = p.parent"                           \
      " LEFT JOIN repo r ON r.ws = v.ws AND r.repo = v.repo"                                   \
      " WHERE p.ws = $1 AND p.version IN " SEARCH_IDS " ORDER BY p.version, p.place")

WHY_SQL(SQL_QUERY)

#endif
