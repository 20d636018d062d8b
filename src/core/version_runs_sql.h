// SPDX-License-Identifier: Apache-2.0
// Queries of version_runs.
#ifndef STEMMA_CORE_VERSION_RUNS_SQL_H
#define STEMMA_CORE_VERSION_RUNS_SQL_H

#include "core/search_sql.h"

#define VERSION_RUNS_SQL(X)                                                                    \
    X(version_runs_page, true,                                                                 \
      "SELECT v.version, v.number, v.created_us, v.marks, v.deleted_us, v.content, v.run,"     \
      " v.model, m.source_run FROM version v LEFT JOIN model m ON m.ws = v.ws AND m.model ="   \
      " v.model WHERE v.ws = $1 AND v.repo = $2 AND v.number < $3 ORDER BY v.number DESC"      \
      " LIMIT $4")                                                                             \
    X(version_runs_tags, true,                                                                 \
      "SELECT owner, key, text FROM attr WHERE ws = $1 AND owner IN " SEARCH_IDS               \
      " AND kind = $34 ORDER BY owner, key")                                                   \
    X(version_runs_evaluations, false,                                                         \
      "SELECT dst, src FROM (SELECT dst, src, row_number() OVER (PARTITION BY dst ORDER BY"    \
      " src DESC) AS nth FROM edge WHERE ws = $1 AND dst IN " SEARCH_IDS                       \
      " AND kind = $34 GROUP BY dst, src) AS newest WHERE nth <= $35 ORDER BY dst, src DESC")

VERSION_RUNS_SQL(SQL_QUERY)

#endif
