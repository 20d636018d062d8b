// SPDX-License-Identifier: Apache-2.0
// Shared by the files of core/suggest*.c only.
#ifndef STEMMA_CORE_SUGGEST_INTERNAL_H
#define STEMMA_CORE_SUGGEST_INTERNAL_H

#include "base/vec.h"
#include "core/suggest.h"

// The reasons so far. `step` is that of all of them, also of those that are not told.
typedef struct suggest_reasons {
    arena *a;
    suggest_step step;
    VEC(str) of[SUGGEST_FACTS_N];
} suggest_reasons;

void suggest_add(suggest_reasons *r, suggest_fact fact, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

// Every way in which `is` differs from `was`; at least one reason.
bool suggest_compare(ctx *c, const version *was, const version *is, suggest_reasons *out,
                     err *e);

// What a key of a configuration tells, by its last part ("model/hidden_size"); false: nothing
// but itself.
bool suggest_key(str key, suggest_fact *out);

#endif
