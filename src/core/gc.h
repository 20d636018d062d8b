// SPDX-License-Identifier: Apache-2.0
// gc: frees for good what the bin holds: deleted runs and logged models with their attributes,
// series, edges and artifacts, and then the objects that nothing names any more.
#ifndef STEMMA_CORE_GC_H
#define STEMMA_CORE_GC_H

#include "core/core.h"

typedef struct gc_report {
    uint64_t runs, models;
    store_report objects; // freed
} gc_report;

// What was deleted at least `older_us` ago. Bounded transactions; killed anywhere, the next
// call goes on. `dry` counts runs and models, and the objects that are free already.
bool gc_bin(core *c, int64_t older_us, bool dry, gc_report *out, err *e);

#endif
