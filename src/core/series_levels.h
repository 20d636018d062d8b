// SPDX-License-Identifier: Apache-2.0
// Levels of a block (series_levels.c), and the chart machine that draws from them
// (series_chart.c). Values are of the block's type.
#ifndef STEMMA_CORE_SERIES_LEVELS_H
#define STEMMA_CORE_SERIES_LEVELS_H

#include "core/series_internal.h"

enum { LEVEL_POINTS = 1024, LEVELS_MAX = BLOCK_MAX / LEVEL_POINTS };

typedef struct slevel {
    ssum sum;
    uint64_t nan;
} slevel;
typedef struct slevels {
    slevel level[LEVELS_MAX];
    size_t n;
    uint64_t points;
} slevels;

// What points [from, to) of an open block come to.
void block_part(const block *b, size_t from, size_t to, slevel *out);
void slevels_put(buf *out, const block *b);
bool slevels_get(str data, int type, slevels *out, err *e); // ERR_CORRUPT, counted and logged

// ---- charts
// A block whose first or last point may be its bucket's: looked up once, at the end.
typedef struct sbucket_end {
    const sview *v;
    bhead h;
} sbucket_end;

typedef struct sbucket {
    ssum sum; // as doubles
    uint64_t nan;
    uint64_t headed; // points of blocks that were taken from their heads
    sbucket_end *first, *last;
} sbucket;

// One chart in the making. `loose`: when there are at least half as many levels as buckets,
// whole levels are taken, each into the bucket where it begins, and no block is read; with less
// of them, whole miniblocks where there are several to a bucket.
typedef struct chart {
    db_tx *tx;
    arena *a;
    series_order by;
    int64_t start, end; // steps, or times
    bool loose;
    unsigned __int128 width; // of a bucket
    uint64_t narrow;         // the same when it fits, else 0
    sbucket *b;
    size_t n;
    buf bytes;
    block *block; // malloc'd
} chart;

// Divides [start, end] (start <= end) into at most `buckets` equal parts.
void schart_begin(chart *c, arena *a, int64_t start, int64_t end, size_t buckets);
void schart_none(chart *c); // a chart that takes no points
// Adds what is packed of a key, without the tails: once, and before any points.
bool schart_blocks(chart *c, const sviews *vs, err *e);
void schart_points(void *chart, const spt *p, size_t n, int64_t limit); // a small_fn
// What is not empty, in order, in the arena `a`.
void schart_end(chart *c, arena *a, series_bucket **out, size_t *n);
void schart_free(chart *c); // what is not in the arena

// ---- times (series_times.c)
// Between which times a key's points lie: its blocks first, then all other points.
typedef struct stimes {
    int64_t least, greatest; // least > greatest: no point yet
} stimes;
#define STIMES_NONE ((stimes){INT64_MAX, INT64_MIN})
bool stimes_blocks(db_tx *tx, const sviews *vs, stimes *t, err *e);
void stimes_points(void *times, const spt *p, size_t n, int64_t limit); // a small_fn

#endif
