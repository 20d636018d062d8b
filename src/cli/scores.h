// SPDX-License-Identifier: Apache-2.0
// scores: named numbers from the command line and from files of JSON.
#ifndef STEMMA_CLI_SCORES_H
#define STEMMA_CLI_SCORES_H

#include "base/vec.h"
#include "cli/session.h"

typedef struct score {
    str name;
    double value;
} score;
typedef VEC(score) scores;

// Of an option "NAME=VALUE" that may be given several times (a text a line).
bool scores_of_texts(arena *a, str texts, scores *out, err *e);

// All numbers of a JSON file by their paths, "task.metric"; lists are not looked into. Of a
// file with an object "results" (lm-evaluation-harness) those in it, and there "acc,none" (no
// filter) is acc. *left_out counts values that are no numbers. ERR_INVALID when there are none.
bool scores_of_file(arena *a, const char *path, scores *out, size_t *left_out, err *e);

#endif
