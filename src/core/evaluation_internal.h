// SPDX-License-Identifier: Apache-2.0
// What the files of evaluations share, and what deletions ask of them within their
// transactions.
#ifndef STEMMA_CORE_EVALUATION_INTERNAL_H
#define STEMMA_CORE_EVALUATION_INTERNAL_H

#include "core/evaluation.h"

bool evaluation_read(db_tx *tx, const ctx *c, const version *v, int64_t which, evaluation *out,
                     err *e); // ERR_NOT_FOUND

// Those of a version, or of all versions of a repo, are deleted with it.
bool evaluation_drop(db_tx *tx, const ctx *c, id version_id, err *e);
bool evaluation_drop_all(db_tx *tx, const ctx *c, id repo_id, err *e);

#endif
