// SPDX-License-Identifier: Apache-2.0
// What other areas ask of inputs within their own transactions.
#ifndef STEMMA_CORE_INPUT_INTERNAL_H
#define STEMMA_CORE_INPUT_INTERNAL_H

#include "core/input.h"
#include "core/run.h"

// Adds the edges and the data sets that they name; what is there stays.
bool input_write(db_tx *tx, const ctx *c, const run *r, const run_links *l, err *e);
bool input_read(db_tx *tx, arena *a, int64_t ws, id run_id, run_links *out, err *e);

#endif
