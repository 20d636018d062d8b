// SPDX-License-Identifier: Apache-2.0
// why: which of the differences between two versions of a repo explain a change of a metric,
// judged by the repo's history: the newest versions whose runs, or whose evaluations, have the
// metric (finite), at most VERSION_RUNS_MAX, and the two themselves. It is evidence and no
// proof: what nobody logged is not seen.
//
// A difference is a key of the run that made a version (configuration, tags, data sets) or of
// the version (tags, parents). Names that every run has for itself are left out (its name, its
// command line, its place among other runs), and so is the relation "next".
//
// Three kinds of evidence, in this order:
//   - experiments: pairs of versions of which only this key differs, and whose metric differs
//     by more than versions do that differ in nothing (.noise, Student's t, a level of 0.05
//     divided by the number of keys with experiments). Without such versions experiments are
//     told, but can not be told from noise, and claim nothing;
//   - association over all versions: Spearman's rank correlation of a key whose values are
//     numbers, the share of the metric's variance between groups of another, with a permutation
//     test: exact up to 7 versions, else up to 9,999 permutations of a fixed sequence, so the
//     same records give the same p. It counts when p times the number of keys that were tested
//     is 0.05 at most;
//   - none.
// Keys that always change together in the history can not be told apart: they are one entry.
// Any thread.
#ifndef STEMMA_CORE_WHY_H
#define STEMMA_CORE_WHY_H

#include "core/repo.h"
#include "core/search.h"

#define WHY_KEYS_MAX   2000   // keys of a history; more are not looked at
#define WHY_VALUES_MAX 200000 // different values of them together
#define WHY_PAIRS_MAX  5      // experiments that are told of a key
#define WHY_LEVEL      0.05

typedef enum why_source {
    WHY_CONFIG = 1,
    WHY_TAG, // of the run
    WHY_VERSION_TAG,
    WHY_DATA,   // key: the data set's name; value: its digests
    WHY_PARENT, // key: the relation; value: the versions or addresses
} why_source;

typedef enum why_evidence { WHY_EXPERIMENT = 1, WHY_ASSOCIATED, WHY_NONE } why_evidence;

typedef struct why_pair { // older, newer
    int64_t from, to;
    str from_value, to_value; // p NULL: the key is not there
    double before, after;     // the metric
} why_pair;

typedef struct why_name {
    why_source source;
    str key;
} why_name;

typedef struct why_key {
    why_name name;
    str a, b; // values, shortened; p NULL: not there
    why_name *with;
    size_t n_with; // keys that always change with it
    why_evidence evidence;
    bool number;      // its values are numbers
    size_t n, values; // versions that count, different values among them
    double rho;       // of numbers: -1 to 1
    double share;     // of the variance that it explains: 0 to 1
    double p;         // by permutation, of this key alone
    bool exact;       // all permutations were tried
    size_t experiments;
    double change;       // their differences: the root of the mean square
    double experiment_p; // that it is noise; 1 when the noise is not known
    why_pair *pairs;
    size_t n_pairs;
} why_key;

typedef struct why_answer {
    bool has_a, has_b; // have the two the metric?
    double a, b;
    why_key *keys; // those that differ, the best evidence first
    size_t n;
    size_t versions; // with the metric
    size_t tests;    // keys that could be tested: what p is multiplied with
    bool has_noise;  // there are versions without any difference
    double noise;    // their differences: the root of the mean square
    bool cut;        // older versions, or some keys, were not looked at
} why_answer;

// ERR_NOT_FOUND, ERR_INVALID when they are the same version or the field is no metric.
bool why_compare(ctx *c, str repo_name, int64_t a, int64_t b, const search_field *metric,
                 why_answer *out, err *e);

#endif
