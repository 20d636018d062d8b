// SPDX-License-Identifier: Apache-2.0
// sql: how an area declares its named queries: one X-macro table x_sql.h, from which the
// queries (Q_name) and, for the test of plans, the list of all of them are made. X(name, hot,
// text); hot queries may not scan a table.
#ifndef STEMMA_CORE_SQL_H
#define STEMMA_CORE_SQL_H

#include "db/db.h"

#define SQL_QUERY(name, is_hot, text)                                                          \
    static const db_query Q_##name __attribute__((unused)) = {#name, text, is_hot};
#define SQL_ROW(name, is_hot, text) {#name, text, is_hot},

#endif
