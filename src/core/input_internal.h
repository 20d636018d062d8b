// SPDX-License-Identifier: Apache-2.0
// What other areas ask of inputs within their own transactions.
#ifndef STEMMA_CORE_INPUT_INTERNAL_H
#define STEMMA_CORE_INPUT_INTERNAL_H

#include "core/input.h"

bool input_read(db_tx *tx, arena *a, int64_t ws, id run_id, run_links *out, err *e);

#endif
