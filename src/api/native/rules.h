// SPDX-License-Identifier: Apache-2.0
// What the files about rules share: from a rule's texts to terms that core evaluates.
#ifndef STEMMA_API_NATIVE_RULES_H
#define STEMMA_API_NATIVE_RULES_H

#include "api/native/repos.h"
#include "api/native/runs.h"
#include "core/rule.h"

// ERR_INVALID names the member and the place in it.
bool rules_terms(call *k, const rule *r, rule_terms *out, err *e);

// Its fields, of a request S that has a `struct rules_texts texts`; a field comes with a goal.
struct rules_texts {
    str where, objective, tie;
    int64_t goal, tie_goal;
};
rule rules_rule(const struct rules_texts *t);
extern const msg_name rules_goals[];
#define RULES_FIELD(S, member, k, ...)                                                         \
    { .name = #member, .kind = (k), .offset = offsetof(S, texts.member), __VA_ARGS__ }
#define RULES_FIELDS(S)                                                                        \
    RULES_FIELD(S, where, MSG_STRING, .max = RULE_TEXT_MAX,                                    \
                .doc = "what must hold, in the search language, over the runs of a version, "  \
                       "its tags, and its evaluations (evals.SUITE.NAME)"),                    \
        RULES_FIELD(S, objective, MSG_STRING, .max = RULE_TEXT_MAX,                            \
                    .doc = "the field that decides: metrics.acc.max, evals.safety.refusals"),  \
        RULES_FIELD(S, goal, MSG_ENUM, .names = rules_goals,                                   \
                    .doc = "of the objective; max by default"),                                \
        RULES_FIELD(S, tie, MSG_STRING, .max = RULE_TEXT_MAX,                                  \
                    .doc = "the field that decides between equals; then the newest wins"),     \
        RULES_FIELD(S, tie_goal, MSG_ENUM, .names = rules_goals,                               \
                    .doc = "of `tie`; max by default")

#endif
