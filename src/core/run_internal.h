// SPDX-License-Identifier: Apache-2.0
// What other areas ask of runs within their own transactions.
#ifndef STEMMA_CORE_RUN_INTERNAL_H
#define STEMMA_CORE_RUN_INTERNAL_H

#include "core/run.h"

run run_of_row(db_rows *row, arena *a); // the columns of RUN_COLUMNS
bool run_read(db_tx *tx, const ctx *c, id run_id, run *out,
              err *e); // ERR_NOT_FOUND in MLflow's words
bool run_read_active(db_tx *tx, const ctx *c, id run_id, run *out,
                     err *e); // and ERR_STATE when deleted
// The same, and the row can not change before the transaction ends: for db_append, and for
// edits that mark the run for the search of its project, which it must not leave meanwhile.
bool run_read_active_locked(db_tx *tx, const ctx *c, id run_id, run *out, err *e);
bool run_ended(const run *r); // in a final state: edits of it are events
// Notes an edit: marks the run for the search, and adds an event when the run had ended.
bool run_touched(db_tx *tx, const ctx *c, const run *r, err *e);
// Marks a run whose files changed, if there is such a run.
bool run_files_moved(db_tx *tx, const ctx *c, id run_id, err *e);

bool attr_set(db_tx *tx, const ctx *c, id owner, attr_kind kind, str key, str value, err *e);
bool attr_read(db_tx *tx, const ctx *c, id owner, attr_kind kind, arena *a, kv **out, size_t *n,
               err *e);

#endif
