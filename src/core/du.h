// SPDX-License-Identifier: Apache-2.0
// du: who uses how much: runs, points and files, by project or by user.
#ifndef STEMMA_CORE_DU_H
#define STEMMA_CORE_DU_H

#include "core/core.h"

typedef enum du_by { DU_BY_PROJECT = 1, DU_BY_USER = 2 } du_by;

typedef struct du_row {
    int64_t project; // DU_BY_PROJECT; -1: of no run, model or project that is there
    str name;        // of the project or the user
    uint64_t runs, deleted_runs, models;
    uint64_t points;            // repeats not yet merged are counted
    uint64_t point_bytes;       // as they are stored
    uint64_t files, file_bytes; // as they are named
    uint64_t stored_bytes;      // of objects, each once: with the first path that names it
} du_row;

// Every row of the workspace, most bytes first. Many bounded reads: what changes meanwhile may
// be counted or not.
bool du_of(ctx *c, du_by by, du_row **out, size_t *n, err *e);

#endif
