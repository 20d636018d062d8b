// SPDX-License-Identifier: Apache-2.0
// du: who uses how much: runs, points and files, by project or by user; versions and their
// files, by repo.
#ifndef STEMMA_CORE_DU_H
#define STEMMA_CORE_DU_H

#include "core/repo.h"

typedef enum du_by { DU_BY_PROJECT = 1, DU_BY_USER = 2, DU_BY_REPO = 3 } du_by;

typedef struct du_row {
    int64_t project;   // DU_BY_PROJECT; -1: of no run, model or project that is there
    str name;          // of the project, the user or the repo
    repo_kind kind;    // DU_BY_REPO
    uint64_t versions; // DU_BY_REPO; those that are there
    uint64_t runs, deleted_runs, models;
    uint64_t points;            // repeats not yet merged are counted
    uint64_t point_bytes;       // as they are stored
    uint64_t files, file_bytes; // as they are named: by repo in each version
    // Of objects, each once: with the first path that names it, by repo with the first repo
    // that has it (du_repos.c; what makes a tree counts too).
    uint64_t stored_bytes;
} du_row;

// Every row of the workspace, most bytes first. Many bounded reads: what changes meanwhile may
// be counted or not.
bool du_of(ctx *c, du_by by, du_row **out, size_t *n, err *e);

#endif
