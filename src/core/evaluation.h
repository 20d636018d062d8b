// SPDX-License-Identifier: Apache-2.0
// evaluation: what was measured of a version after it was published: a suite, its scores, and
// how they came about. It is a record beside the version, outside of its digest, so it can
// arrive at any time; it is never edited, only withdrawn with a reason, and then counts no
// more.
//
// Evaluations of a version are numbered 1, 2, 3 ...; the newest is that of the greatest number.
// What a version has of a score is the newest value that counts: so a suite may be evaluated a
// task at a time. They go with their version: a tombstone has none.
#ifndef STEMMA_CORE_EVALUATION_H
#define STEMMA_CORE_EVALUATION_H

#include "core/repo.h"

#define EVALUATION_SUITE_MAX  100  // code points
#define EVALUATION_NAME_MAX   200  // bytes, of a score's name
#define EVALUATION_SCORES_MAX 2000 // of one evaluation
#define EVALUATION_NOTE_MAX   2000 // code points
#define EVALUATION_MAX        1000 // of one version
#define EVALUATION_VALUES_MAX 10000

typedef struct evaluation_score {
    str name;
    double value; // NaN and infinities are values
} evaluation_score;

typedef struct evaluation {
    int64_t number; // among those of its version
    str suite, note;
    id run;        // that measured it; zero: none is known
    id data;       // the version of a data set that it was measured on; zero: none
    str data_repo; // of `data`
    int64_t data_number;
    str user;
    bool proven;
    int64_t created_us;
    evaluation_score *scores; // in the order of names
    size_t n_scores;
    bool withdrawn;
    str withdrawn_by, withdrawn_reason;
    bool withdrawn_proven;
    int64_t withdrawn_us;
} evaluation;

typedef struct evaluation_new {
    str suite, note;
    id run, data; // zero: none
    const evaluation_score *scores;
    size_t n_scores;
} evaluation_new;

// ERR_INVALID for a suite with a '.' or such in its name, no scores, or a name twice;
// ERR_NOT_FOUND for a version, run or data set that is not there; ERR_STATE past
// EVALUATION_MAX.
bool evaluation_add(ctx *c, str repo_name, int64_t number, const evaluation_new *n,
                    evaluation *out, err *e);
// With a reason. One that was withdrawn stays as it is: ERR_STATE.
bool evaluation_withdraw(ctx *c, str repo_name, int64_t number, int64_t which, str reason,
                         evaluation *out, err *e);
bool evaluation_get(ctx *c, str repo_name, int64_t number, int64_t which, evaluation *out,
                    err *e); // ERR_NOT_FOUND
// The newest below the number `before`, withdrawn ones too, at most max; fewer when they have
// very many scores. *more: there are older ones.
bool evaluation_page(ctx *c, str repo_name, int64_t number, int64_t before, size_t max,
                     evaluation **out, size_t *n, bool *more, err *e);

// ---- what a version has ---------------------------------------------------------------------
typedef struct evaluation_value {
    str suite, name;
    double value;
} evaluation_value;
// In the order of suites and names, the first EVALUATION_VALUES_MAX.
bool evaluation_values(ctx *c, id version_id, evaluation_value **out, size_t *n, err *e);
// One score ("SUITE.NAME") of many versions: has[i] says whether version i has it. A key
// without a '.' is no score.
bool evaluation_value_of(ctx *c, str key, const id *versions, size_t n, double *out, bool *has,
                         err *e);
bool evaluation_any(ctx *c, id version_id, bool *any, err *e); // is there one that counts?

extern const char evaluation_schema[], evaluation_data_schema[];

#endif
