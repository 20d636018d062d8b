// SPDX-License-Identifier: Apache-2.0
// What the files of refs share, within their transactions.
#ifndef STEMMA_CORE_REF_INTERNAL_H
#define STEMMA_CORE_REF_INTERNAL_H

#include "core/protect_internal.h"
#include "core/ref.h"

// The newest move of a name, of either kind: where it points now. *there is false when it
// points nowhere; a name that never did has a zero id. `version` is what it points at.
typedef struct ref_now {
    ref_move move;
    id version;
    bool there;
} ref_now;
bool ref_now_read(db_tx *tx, const ctx *c, id repo_id, str name, ref_now *out, err *e);

bool ref_ever_was(db_tx *tx, const ctx *c, const repo *r, str name, err *e); // ERR_NOT_FOUND

// How a move is made.
typedef struct ref_how {
    bool dry;  // only told
    bool back; // to where it was: what a protected ref asks for is not asked for again
    protect_facts *facts;
} ref_how;
// ref_set within a transaction.
bool ref_put_tx(db_tx *tx, const ctx *c, const ref_change *m, const ref_how *how, ref_move *out,
                err *e);

ref_move ref_move_of_row(db_rows *row, arena *a); // the columns of MOVE_COLUMNS
// "version 3 since 2026-11-01T10:00:00Z, when ann moved it (\"why\")", or where it is gone.
str ref_where(arena *a, const ref_now *now);

#endif
