// SPDX-License-Identifier: Apache-2.0
// Shared by the files of core/lineage*.c only.
//
// I1. A node that was reached by a walk is in exactly one level of it, and is loaded before its
//     edges are read.
// I2. Edges are added only between nodes that the present walk (up or down) has reached.
#ifndef STEMMA_CORE_LINEAGE_INTERNAL_H
#define STEMMA_CORE_LINEAGE_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "core/lineage.h"
#include "core/lineage_sql.h"

typedef struct lineage_walker {
    ctx *c;
    const lineage_query *q;
    arena *scratch; // of one batch of keys
    VEC(lineage_node) nodes;
    VEC(lineage_edge) edges;
    map by_key, edge_keys;
    bool up;      // the present walk
    size_t depth; // of the present level
    VEC(size_t) level, next;
    bool cut_depth, cut_nodes;
} lineage_walker;

// ---- the graph (lineage.c) ------------------------------------------------------------------
bool lineage_at(const lineage_walker *w, lineage_kind kind, id node, str where, size_t *index);
// The node of what an edge at a node of the present level leads to; false when it is left out.
bool lineage_reach(lineage_walker *w, lineage_kind kind, id node, str where, size_t *index);
// `near` is the node that was expanded; which of the two is newer follows from the way.
void lineage_add(lineage_walker *w, lineage_link link, int64_t relation, size_t from,
                 size_t to);

// ---- rows (lineage_rows.c) ------------------------------------------------------------------
// Up to SEARCH_IN_WIDTH nodes of one kind.
typedef struct lineage_batch {
    lineage_walker *w;
    size_t at[SEARCH_IN_WIDTH];
    size_t n;
} lineage_batch;
bool lineage_load(lineage_batch *b, lineage_kind kind, err *e);
bool lineage_load_refs(lineage_batch *b, err *e);

// One other end of an edge.
typedef struct lineage_row {
    str key; // id, digest or address, as bytes
    id other;
    int64_t relations; // a bit each
    str address;
} lineage_row;
typedef VEC(lineage_row) lineage_rows;
// The page behind `after` (zeroed: the first) of what a query tells of these keys.
#define LINEAGE_PAGE 1000
bool lineage_page(lineage_walker *w, const db_query *q, const db_arg *keys, size_t n,
                  const lineage_row *after, int64_t edge_kind, lineage_rows *out, err *e);
bool lineage_firsts(lineage_walker *w, const db_arg *keys, size_t n, lineage_rows *out, err *e);
bool lineage_parents(lineage_walker *w, const db_arg *keys, size_t n, lineage_rows *out,
                     err *e);

// ---- evidence (lineage_proof.c) -------------------------------------------------------------
bool lineage_prove(lineage_walker *w, err *e);

#endif
