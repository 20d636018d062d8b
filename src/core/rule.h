// SPDX-License-Identifier: Apache-2.0
// rule: what a repo calls a good version, and which is the best one. A rule has a name, is kept
// as text in the search language, and each change of it is an event. It holds constraints, an
// objective, and what decides between equals.
//
// core keeps the text and evaluates the terms that a dialect compiled it to: the language is
// the dialect's. A version is judged by its evaluations (evaluation.h) and by what its runs
// hold (version_runs.h): a value is that of the run which made it, or else of the newest run
// which used it that has it; a tag may be the version's own. Any thread.
#ifndef STEMMA_CORE_RULE_H
#define STEMMA_CORE_RULE_H

#include "core/repo.h"
#include "core/search.h"

#define RULE_NAME_MAX 100   // code points
#define RULE_TEXT_MAX 20000 // the same, of each of its texts

// Stored: append only.
typedef enum rule_goal { RULE_NONE = 0, RULE_MAX = 1, RULE_MIN = 2 } rule_goal;

typedef struct rule {
    str name;
    str where;                // constraints; empty: none
    str objective, tie;       // fields; empty: none
    rule_goal goal, tie_goal; // of them
    // read:
    str user, reason;
    bool proven;
    int64_t changed_us;
} rule;

// Makes it or changes it; what it is already is no change. The caller has compiled it. Names
// are those of refs. One that a protected ref asks for (protect.h) is changed only by who
// maintains (ERR_FORBIDDEN), and never removed (ERR_STATE).
bool rule_set(ctx *c, str repo_name, const rule *r, rule *out, err *e);
bool rule_get(ctx *c, str repo_name, str name, rule *out, err *e); // ERR_NOT_FOUND
bool rule_remove(ctx *c, str repo_name, str name, str reason, err *e);
// In the order of names behind `after`, at most max.
bool rule_list(ctx *c, str repo_name, str after, size_t max, rule **out, size_t *n, err *e);

// ---- terms ----------------------------------------------------------------------------------
typedef struct rule_constraint {
    str text; // as the user wrote it
    const search_node *node;
} rule_constraint;

typedef struct rule_terms {
    const rule_constraint *constraints; // all must be true; unknown is not
    size_t n;
    rule_goal goal, tie_goal;    // RULE_NONE: the field is not set
    search_field objective, tie; // numbers
    int64_t now_ms;              // to which runs last that go on
} rule_terms;

typedef enum rule_verdict {
    RULE_HOLDS = 1, // it is good; of rule_best: it is the best
    RULE_DELETED,
    RULE_BAD,
    RULE_YANKED,
    RULE_NO_RUN,    // nothing is known of it
    RULE_FAILS,     // .failures
    RULE_NO_VALUE,  // it has no objective, or NaN
    RULE_WORSE,     // by .behind
    RULE_TIE_WORSE, // equal, but worse by what decides between equals
    RULE_OLDER,     // equal in all: the newest one wins
} rule_verdict;

typedef struct rule_failure {
    str constraint; // its text
    str found;      // what its fields hold
} rule_failure;

typedef struct rule_result {
    id version;
    int64_t number;
    rule_verdict verdict;
    rule_failure *failures;
    size_t n_failures;
    bool has_value, has_tie; // NaN is none
    double value, tie;
    double behind; // of RULE_WORSE and RULE_TIE_WORSE: how far, positive
} rule_result;

// Can these terms be evaluated? ERR_INVALID says why not.
bool rule_check(ctx *c, const rule_terms *t, err *e);

// Does the rule hold for a version, and if not, why? The objective only has to be there.
// ERR_NOT_FOUND for a version that never was.
bool rule_holds(ctx *c, str repo_name, int64_t number, const rule_terms *t, rule_result *out,
                err *e);

// Which of the newest versions (at most VERSION_RUNS_MAX) is the best. Newest first; *best is
// the index of the best, SIZE_MAX when no version is good; *more: there are older ones that
// were not looked at. The same records give the same answer. ERR_INVALID without an objective.
bool rule_best(ctx *c, str repo_name, const rule_terms *t, rule_result **out, size_t *n,
               size_t *best, bool *more, err *e);

extern const char rule_schema[];

#endif
