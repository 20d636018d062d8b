// SPDX-License-Identifier: Apache-2.0
// schema: the numbered migrations of all areas. Facts are never rebuilt; derived tables (search
// columns, marks, summaries of series) are made anew from them by `stemma rebuild`.
#ifndef STEMMA_CORE_SCHEMA_H
#define STEMMA_CORE_SCHEMA_H

#include "db/db.h"

extern const db_migration schema_migrations[];
extern const size_t schema_migrations_n;

#endif
