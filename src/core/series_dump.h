// SPDX-License-Identifier: Apache-2.0
// series_dump: see series_dump.c.
#ifndef STEMMA_CORE_SERIES_DUMP_H
#define STEMMA_CORE_SERIES_DUMP_H

#include "core/series.h"

typedef struct series_label {
    str key, dataset_name, dataset_digest; // empty: no data set
    id model;                              // zero: none
} series_label;

// Some points of a series in order (step, time, value), without repeats.
typedef bool (*series_dump_fn)(void *arg, id run, const series_label *s,
                               const series_value *points, size_t n, err *e);
// Of one run, series after series in the order of their keys; only what is packed: call
// series_pack_all before.
bool series_dump(db_tx *tx, int64_t ws, id run, series_dump_fn fn, void *arg, err *e);

#endif
