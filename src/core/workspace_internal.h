// SPDX-License-Identifier: Apache-2.0
// What the files of workspace share.
#ifndef STEMMA_CORE_WORKSPACE_INTERNAL_H
#define STEMMA_CORE_WORKSPACE_INTERNAL_H

#include "core/workspace.h"

// This process knows of a change at once; others within WORKSPACE_FRESH_US.
void workspace_forget(core *c);

#endif
