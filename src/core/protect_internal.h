// SPDX-License-Identifier: Apache-2.0
// What the writers of refs, stages and versions ask within their transactions.
#ifndef STEMMA_CORE_PROTECT_INTERNAL_H
#define STEMMA_CORE_PROTECT_INTERNAL_H

#include "core/protect.h"

// What a version has, and whether a rule holds for it, is found out of files and series, which
// no transaction waits for: a check that needs it fails with `asked`, and is done again when it
// is known.
// It holds as long as the rule, and the marks and evaluations of the version, are what they
// were.
typedef struct protect_fact {
    id version;
    int64_t marks;
    int64_t told_us; // when the version was last changed; 0: it is being published
    str rule;        // for which it was found
    int64_t rule_us; // when that was last changed; 0: there is none
    uint64_t parts;
    bool rule_holds;
    str rule_fails;
} protect_fact;
typedef struct protect_facts {
    bool asked;
    version of; // that was asked for
    str rule;
    int64_t rule_us;
    protect_fact known[1 + VERSION_PARENTS_MAX]; // of a release and what it pins
    size_t n;
} protect_facts;

bool protect_read(db_tx *tx, const ctx *c, id repo_id, str name, protection *out, bool *found,
                  err *e);
bool protect_read_approvals(db_tx *tx, const ctx *c, id version_id, str name, protect_state *s,
                            err *e);
// A ref whose protection asks for this rule, the first.
bool protect_by_rule(db_tx *tx, const ctx *c, id repo_id, str rule_name, str *name, bool *found,
                     err *e);
// The name of the protection that guards a stage: its own, or one that differs by case only, as
// MLflow's clients may write a stage; else the stage's.
bool protect_of_stage(db_tx *tx, const ctx *c, id repo_id, str stage, str *name, err *e);
str protect_what(const ctx *c, str repo_name, str name); // "'prod' of 'bot'", for sentences

// May this version be what the ref points at (or, PROTECT_PUBLISHING, be published)? ERR_STATE
// says all that is missing, ERR_FORBIDDEN that the caller may not touch the ref.
bool protect_allows(db_tx *tx, const ctx *c, const version *to, str name, protect_facts *f,
                    err *e);
// May the caller touch this ref at all? ERR_FORBIDDEN.
bool protect_may_touch(db_tx *tx, const ctx *c, const repo *r, str name, err *e);
// May the caller take the repo's name from it? Protections go with the repo, and who loads a
// ref goes by the name: the next repo of that name is not guarded. ERR_FORBIDDEN.
bool protect_may_rename(db_tx *tx, const ctx *c, const repo *r, err *e);

// db_write, again as long as facts are asked for.
bool protect_write(ctx *c, str repo_name, db_fn fn, void *arg, protect_facts *f, err *e);

#endif
