// SPDX-License-Identifier: Apache-2.0
// What the files of packing share: a step (series_pack.c) reads what is pending of some runs in
// one snapshot, plans (series_plan.c) which blocks it merges with, encodes outside of any
// transaction, and writes all of it in one. Its memory is bounded by pack_limits.
#ifndef STEMMA_CORE_SERIES_PACK_H
#define STEMMA_CORE_SERIES_PACK_H

#include "base/map.h"
#include "core/series_internal.h"

enum {
    TAIL_MAX = 128, // points that a series may have without a block
    TAIL_REST = 64, // of a long sequence, so many stay in the tail
    TIER_RATIO = 4,
};
// What bounds a step; tests make it small.
typedef struct pack_limits {
    size_t points;        // new points a step, and points that a merge may touch besides
    size_t series;        // series a step
    int64_t direct_tiers; // tiers that a step merges whole; higher ones are merged by parts
} pack_limits;
#define PACK_LIMITS ((pack_limits){.points = 512 << 10, .series = 2000, .direct_tiers = 4})
// The most points that tier t should hold.
static inline int64_t tier_cap(int64_t t) {
    return (int64_t)1024 << (2 * t > 40 ? 40 : 2 * t);
}

// A sorted sequence that becomes blocks of one tier. ends: it is the end of the main sequence,
// so blocks are filled and a short rest stays in the tail; else blocks are made equally long.
typedef struct pseq {
    int64_t tier;
    const spt *p;
    size_t n;
    bool ends;
} pseq;

typedef struct pblock {
    bhead h;
    str data, levels; // levels empty: of a block that can not be read
} pblock;

// One series of a run that is being packed.
typedef struct pjob {
    srow row;   // as it will be written
    bool fresh; // not stored yet
    spt *p;     // its new points and its tail; sorted, without repeats
    size_t n, staged, room;
    size_t tail_n, new_tail_n; // points of the tail, before and after
    VEC(pseq) seqs;
    VEC(bhead) dead; // blocks that the sequences replace
    VEC(pblock) blocks;
    size_t fit;    // points that made the last full block fit its pages
    bool overfull; // a tier has outgrown its cap: settle
} pjob;

typedef struct prun {
    const pack_limits *limits;
    int64_t ws;
    id run;
    bool there; // has a row in series_run
    int64_t generation, next_series;
    VEC(id) seqs; // records that the step packs
    VEC(pjob *) jobs;
    map by_series;
    size_t points;
    size_t merged; // points of stored blocks that were read to be merged
} prun;

// Decides what becomes of job->p, reading heads and blocks: fills seqs, dead and the tail.
bool pack_plan(db_tx *tx, arena *a, prun *r, pjob *job, err *e);
// Plans moving a part of an overfull tier to where it belongs; *more is false when all is in
// place.
bool pack_plan_settle(db_tx *tx, arena *a, prun *r, pjob *job, bool *more, err *e);

#endif
