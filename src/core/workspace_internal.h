// SPDX-License-Identifier: Apache-2.0
// What the files of workspace share.
#ifndef STEMMA_CORE_WORKSPACE_INTERNAL_H
#define STEMMA_CORE_WORKSPACE_INTERNAL_H

#include "core/workspace.h"

// ERR_NOT_FOUND when it was deleted since the request came. Read by who puts something into a
// workspace that its deletion looks for, so that one of the two fails.
bool workspace_lives(db_tx *tx, const ctx *c, err *e);
// This process knows of a change at once; others within WORKSPACE_FRESH_US.
void workspace_forget(core *c);

#endif
