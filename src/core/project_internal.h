// SPDX-License-Identifier: Apache-2.0
// What other areas ask of projects within their own transactions.
#ifndef STEMMA_CORE_PROJECT_INTERNAL_H
#define STEMMA_CORE_PROJECT_INTERNAL_H

#include "core/project.h"

// Without tags. False: ERR_NOT_FOUND in MLflow's words, or an error of the engine.
bool project_read(db_tx *tx, const ctx *c, int64_t number, project *out, err *e);
// The same, and it must be active (ERR_STATE).
bool project_read_active(db_tx *tx, const ctx *c, int64_t number, project *out, err *e);

#endif
