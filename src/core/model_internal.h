// SPDX-License-Identifier: Apache-2.0
// What other areas ask of logged models within their own transactions.
#ifndef STEMMA_CORE_MODEL_INTERNAL_H
#define STEMMA_CORE_MODEL_INTERNAL_H

#include "core/model.h"

// Is it there, deleted or not? ERR_NOT_FOUND in MLflow's words.
bool model_require(db_tx *tx, const ctx *c, id model_id, err *e);
// Deleted ones too, with parameters and tags. ERR_NOT_FOUND.
bool model_read_any(db_tx *tx, const ctx *c, id model_id, model *out, lifecycle *life, err *e);

#endif
