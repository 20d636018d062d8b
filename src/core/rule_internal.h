// SPDX-License-Identifier: Apache-2.0
// Shared by the files of core/rule*.c only.
#ifndef STEMMA_CORE_RULE_INTERNAL_H
#define STEMMA_CORE_RULE_INTERNAL_H

#include "base/vec.h"
#include "core/rule.h"
#include "core/search_internal.h"
#include "core/version_runs.h"

// ---- what versions hold (rule_values.c) -----------------------------------------------------
// The values of some fields, for many versions.
typedef struct rule_values {
    VEC(search_field) fields; // each once
    search_values *cells;     // [version][field]
} rule_values;

// search_run_type for what a rule may name: evaluations too.
bool rule_type(void *unused, const search_field *f, search_type *t, err *e);
// The place of a field, which is added when it is not there.
size_t rule_field(arena *a, rule_values *v, const search_field *f);
// Fills the cells of these versions; at now_ms the runs end that go on.
bool rule_read_values(ctx *c, rule_values *v, const version_runs *versions, size_t n,
                      int64_t now_ms, err *e);
// For search_eval_row: the values of one version.
typedef struct rule_row {
    const rule_values *v;
    size_t version;
} rule_row;
bool rule_get_values(void *row, const search_field *f, search_values *out, err *e);
str rule_value_text(arena *a, const search_field *f, const search_values *v); // "none"
str rule_field_name(arena *a, const search_field *f);

#endif
