// SPDX-License-Identifier: Apache-2.0
// move: brings the records of one database into another, whatever the engines. The content
// folder stays as it is; the catalogue of objects goes along.
#ifndef STEMMA_CORE_MOVE_H
#define STEMMA_CORE_MOVE_H

#include "core/core.h"

typedef struct move_report {
    uint64_t tables, rows, bytes;
} move_report;

// Both have this program's schema, and nobody writes to either. `to` is emptied first (of a
// move that was killed: the caller knows that nothing else is in it). At its end both are read
// again and compared table by table.
bool move_records(db *from, db *to, move_report *r, err *e);

// Does the database hold nothing but an empty schema, or not even that?
bool move_is_empty(db *d, bool *yes, err *e);

#endif
