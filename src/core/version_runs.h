// SPDX-License-Identifier: Apache-2.0
// version_runs: the newest versions of a repo with the runs that tell about them, for questions
// over a repo's history (rule.h, why.h): the run that made a version (or the logged model that
// it is), and the newest runs that used that model: evaluations of it. Any thread.
#ifndef STEMMA_CORE_VERSION_RUNS_H
#define STEMMA_CORE_VERSION_RUNS_H

#include "core/repo.h"

#define VERSION_RUNS_MAX        1000 // versions of one question
#define VERSION_EVALUATIONS_MAX 16   // runs of a version

typedef struct version_runs {
    id id;
    int64_t number, created_us, mark_sum;
    bool deleted;
    bool has_content;
    sha256 content;
    kv *tags;
    size_t n_tags;
    id model;                             // zero: none
    id runs[1 + VERSION_EVALUATIONS_MAX]; // the one that made it first, if it is known
    size_t n_runs;
    bool made; // runs[0] is that one
} version_runs;

// Below the number `before`, newest first, tombstones too, at most max; in few statements a
// page of 32. ERR_NOT_FOUND: no such repo.
bool version_runs_page(ctx *c, str repo_name, int64_t before, size_t max, version_runs **out,
                       size_t *n, err *e);

#endif
