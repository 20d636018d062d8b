// SPDX-License-Identifier: Apache-2.0
// lineage: the family tree of a version, a run, a logged model, a data-set input or an address
// elsewhere: up (what it is made of) and down (what was made from it), walked breadth first and
// bounded. Nothing is stored for it: the edges are what versions, runs and logged models say of
// themselves (repo.h, input.h, model.h), which run evaluated which version on which data
// (evaluation.h), and equal contents.
//
// An edge goes from what is newer to what it is made of, or looked at. Two kinds are
// identities, which a walk follows both ways: a version is the logged model that it was
// registered from, and versions of equal content are the same thing published again (each is
// linked to the first of them).
//
// What is deleted stays in the tree and says so; of what gc freed only the id is left. Any
// thread.
#ifndef STEMMA_CORE_LINEAGE_H
#define STEMMA_CORE_LINEAGE_H

#include "core/model.h"
#include "core/repo.h"

typedef enum lineage_kind {
    LINEAGE_VERSION = 1,
    LINEAGE_RUN,
    LINEAGE_MODEL,     // logged
    LINEAGE_DATASET,   // the input of runs
    LINEAGE_ELSEWHERE, // known by an address only
} lineage_kind;

typedef enum lineage_link {
    LINEAGE_MADE_BY = 1,  // version or logged model -> the run that made it
    LINEAGE_DERIVES,      // version -> version, or elsewhere
    LINEAGE_IS_MODEL,     // version -> the logged model that it is
    LINEAGE_USED_DATA,    // run -> data set
    LINEAGE_USED_MODEL,   // run -> logged model
    LINEAGE_SAME,         // version -> the first version with this content
    LINEAGE_EVALUATED,    // run -> version, by an evaluation that was not withdrawn
    LINEAGE_EVALUATED_ON, // version -> the version of a data set, by such an evaluation
} lineage_link;

// How far an edge can be believed.
typedef enum lineage_evidence {
    LINEAGE_DECLARED = 1, // somebody said so
    LINEAGE_VERIFIED,     // the stored bytes say so too: see .proof
    LINEAGE_UNCHECKED,    // declared, and not looked at: LINEAGE_PROOFS_MAX were
} lineage_evidence;

#define LINEAGE_DEPTH_MAX  100
#define LINEAGE_NODES_MAX  10000
#define LINEAGE_PROOFS_MAX 100 // of edges whose files are read in one walk
#define LINEAGE_NO_STEP    (-1)

typedef struct lineage_node {
    lineage_kind kind;
    id id;        // zero: elsewhere
    str name;     // of its repo, of the run, model or data set; or the address
    int up, down; // steps from the nearest root; LINEAGE_NO_STEP: not reached that way
    bool deleted; // a tombstone, in the bin, or freed
    bool freed;   // only its id is known
    // versions
    repo_kind repo_kind;
    int64_t number, mark_sum, created_us;
    bool has_content;
    sha256 content, tree;
    id run, model;
    str run_link;
    str *aliases, *sealed; // with lineage_query.refs
    size_t n_aliases, n_sealed;
    int64_t status;     // run_status or model_status
    str digest, source; // data sets: as the client gave them
} lineage_node;

typedef struct lineage_edge {
    lineage_link link;
    version_relation relation; // LINEAGE_DERIVES
    size_t from, to;           // indexes of nodes
    lineage_evidence evidence;
    str proof; // LINEAGE_VERIFIED: by what, in words
} lineage_edge;

typedef struct lineage_root {
    lineage_kind kind;
    id id;
    str address; // LINEAGE_ELSEWHERE
} lineage_root;

typedef struct lineage_query {
    const lineage_root *roots;
    size_t n_roots;
    bool up, down;
    size_t depth, nodes; // at most LINEAGE_DEPTH_MAX, LINEAGE_NODES_MAX
    bool refs;           // also which refs point at the versions
} lineage_query;

// Nodes: the roots first, then in the order of being reached, which the same records give
// again. An edge is there when both its ends are.
typedef struct lineage_graph {
    lineage_node *nodes;
    lineage_edge *edges;
    size_t n_nodes, n_edges;
    bool cut_depth, cut_nodes; // there is more, behind the depth or past the count
} lineage_graph;

// What a text names: an address of a version (also of a deleted one, by its number), the id of
// a run, a logged model or a data set, "data:NAME[@DIGEST]" (every data set so named, of all
// projects), or, with "://" in it, an address elsewhere. ERR_NOT_FOUND, ERR_INVALID.
bool lineage_find(ctx *c, str text, lineage_root **roots, size_t *n, err *e);

bool lineage_walk(ctx *c, const lineage_query *q, lineage_graph *out, err *e);

extern const char lineage_schema[]; // indexes for the way down

#endif
