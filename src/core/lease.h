// SPDX-License-Identifier: Apache-2.0
// lease: which of several servers does a background job now. A row a job; whoever holds it
// renews it while it works; a lost holder's lease runs out. On SQLite one process owns the
// data, and the lease is taken at once.
#ifndef STEMMA_CORE_LEASE_H
#define STEMMA_CORE_LEASE_H

#include "core/core.h"

// Takes or renews the lease for `us` from now. False with e->code ERR_NONE when somebody else
// holds it.
bool lease_take(core *c, str name, int64_t us, err *e);
void lease_drop(core *c, str name); // so that others need not wait for it to run out

#endif
