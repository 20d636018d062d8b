// SPDX-License-Identifier: Apache-2.0
// Shared by the files of core/why*.c only.
#ifndef STEMMA_CORE_WHY_INTERNAL_H
#define STEMMA_CORE_WHY_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "core/rule_internal.h"
#include "core/why.h"

#define WHY_MISSING (-1) // the category of a version without the key

// ---- what versions are made of (why_facts.c) ------------------------------------------------
typedef struct why_value {
    str text; // shortened
    double number;
    bool is_number; // finite
} why_value;

typedef struct why_column { // a key over all versions
    why_name name;
    VEC(why_value) values;
    map places;   // of a value: its index in `values`, + 1
    int32_t *of;  // [version]: index of values, or WHY_MISSING
    bool dropped; // too many values
} why_column;

typedef struct why_facts {
    ctx *c;
    VEC(version_runs) versions; // newest first; a and b are among them
    size_t a, b;                // their indexes
    double *metric;             // NaN: none
    VEC(why_column) columns;
    map by_name;
    size_t n_values;
    bool cut;
} why_facts;

bool why_read(why_facts *f, str repo_name, int64_t a, int64_t b, const search_field *metric,
              err *e);

// ---- statistics (why_stats.c) ---------------------------------------------------------------
// x: ranks or values, y: what is explained; groups of x: [0, n_groups), each there.
typedef struct why_test {
    double effect; // rho of numbers, else the share of variance between groups
    double p;
    bool exact;
} why_test;
why_test why_numbers(arena *a, const double *x, const double *y, size_t n);
why_test why_groups(arena *a, const int32_t *group, size_t n_groups, const double *y, size_t n);
// The chance that Student's t with df degrees of freedom, 1 or more, is beyond t or -t.
double why_t_tail(double t, size_t df);

#endif
