// SPDX-License-Identifier: Apache-2.0
// suggest: the semantic version that a version could be sealed under, and why. It follows the
// repo's highest semantic tag (its pre-releases do not count), by how the version differs from
// the one that is sealed there; while the repo has no such tag, from the version before it,
// which counts as SUGGEST_FIRST_NAME. What the facts below do not tell apart is a patch; an
// equal content is the same version, for which nothing new is suggested.
//
// Files and bases that only one of the two has differ; of what runs say, both runs must be
// known: what was not recorded is no difference. So a suggestion is a proposal by what is
// known, with its reasons, for people to judge. Nothing is stored. Any thread.
#ifndef STEMMA_CORE_SUGGEST_H
#define STEMMA_CORE_SUGGEST_H

#include "core/repo.h"

#define SUGGEST_FIRST_NAME "1.0.0"

typedef enum suggest_step {
    SUGGEST_SAME, // there is a version of this content already
    SUGGEST_FIRST,
    SUGGEST_PATCH,
    SUGGEST_MINOR,
    SUGGEST_MAJOR,
} suggest_step;

// X(NAME, text, step, what differs). In the order in which reasons are told.
#define SUGGEST_FACTS(X)                                                                       \
    X(BASE, "base", MAJOR, "what it derives from")                                             \
    X(ARCHITECTURE, "architecture", MAJOR, "its kind of model; names and shapes of tensors")   \
    X(TOKENIZER, "tokenizer", MAJOR, "its tokenizer")                                          \
    X(DATA, "data", MINOR, "the data that it was made of")                                     \
    X(OBJECTIVE, "objective", MINOR, "what it was trained for")                                \
    X(TRAINING, "training", PATCH, "anything else: training, configuration, other files")
#define SUGGEST_FACT(name, text, step, doc) SUGGEST_##name,
typedef enum suggest_fact { SUGGEST_FACTS(SUGGEST_FACT) SUGGEST_FACTS_N } suggest_fact;
#undef SUGGEST_FACT
suggest_step suggest_step_of(suggest_fact fact);

#define SUGGEST_REASONS_MAX 10 // that are told of one fact

typedef struct suggest_reason {
    suggest_fact fact;
    str text; // "config.json model_type: llama -> mistral"
} suggest_reason;

typedef struct suggestion {
    suggest_step step;
    str name;        // to seal it under; p NULL: nothing
    int64_t against; // the number of the version that it was compared with, or of SUGGEST_SAME
                     // the one that has this content; 0: none
    str against_tag; // the semantic tag there; p NULL: none
    suggest_reason *reasons;
    size_t n_reasons;
} suggestion;

// What is suggested for a version that is there.
bool suggest_version(ctx *c, const version *v, suggestion *out, err *e);

#endif
