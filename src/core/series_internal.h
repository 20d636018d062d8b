// SPDX-License-Identifier: Apache-2.0
// What the metric store's own files share. From the bottom up:
//   series_point.c   a point in memory, its order, sorting, summaries
//   series_bits.c    columns of up to 64 integers, packed
//   series_record.c  a batch as it is appended (pure)
//   series_block*.c  up to 8,192 packed points of one series (pure)
//   series_row.c     rows of the tables, read
//   series_stream.c  points of a run's key in order, out of blocks, tails and pending records
//   series_levels.c  summaries of parts of a block, kept beside it (pure)
//   series_history, series_sample, series_chart(s), series_summary: what callers read
//   series_plan.c, series_pack.c, series_packer.c: from records to blocks
// Formats, byte by byte: docs/formats-series.md.
#ifndef STEMMA_CORE_SERIES_INTERNAL_H
#define STEMMA_CORE_SERIES_INTERNAL_H

#include "base/buf.h"
#include "base/vec.h"
#include "core/series.h"

#include <math.h>

// ---- points
// ------------------------------------------------------------------------------------ What a
// series holds; the numbers are stored.
enum { SERIES_F64 = 1, SERIES_I64 = 2 };

// A point in memory. `val` is rank_of() of a double, or the integer itself in a series of
// integers: points of one series compare as integers, and equal values are equal bits.
typedef struct spt {
    int64_t step, time, val;
} spt;

// Doubles as int64 in the order of series: -Infinity < ... < -0 < NaN < 0 < ... < Infinity; one
// NaN, which so counts as 0 when the last point is looked for. (num_order() puts it at the
// end.)
#define RANK_NAN (-1)
static inline int64_t rank_of(double v) {
    int64_t b;
    if (v != v) return RANK_NAN;
    memcpy(&b, &v, sizeof b);
    return b >= 0 ? b : (b ^ INT64_MAX) - 1;
}
static inline double rank_value(int64_t r) {
    int64_t b = r >= 0 ? r : (r + 1) ^ INT64_MAX;
    double v;
    memcpy(&v, &b, sizeof v);
    return r == RANK_NAN || v != v ? (double)NAN : v;
}

static inline int spt_cmp(const spt *a, const spt *b) {
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return (a->val > b->val) - (a->val < b->val);
}
static inline bool spt_eq(const spt *a, const spt *b) {
    return a->step == b->step && a->time == b->time && a->val == b->val;
}
// (time, step, value)
static inline int spt_cmp_time(const spt *a, const spt *b) {
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    return (a->val > b->val) - (a->val < b->val);
}
// (step, time) alone: how blocks are placed.
static inline int place_cmp(int64_t s1, int64_t t1, int64_t s2, int64_t t2) {
    if (s1 != s2) return s1 < s2 ? -1 : 1;
    return (t1 > t2) - (t1 < t2);
}
typedef int (*spt_order)(const spt *a, const spt *b);
static inline spt_order spt_order_of(series_order o) {
    return o == SERIES_BY_TIME ? spt_cmp_time : spt_cmp;
}
static inline int spt_cmp_by(series_order o, const spt *a, const spt *b) {
    return o == SERIES_BY_TIME ? spt_cmp_time(a, b) : spt_cmp(a, b);
}
// Where it stands in an order, as far as a chart has places.
static inline int64_t spt_place(series_order o, const spt *p) {
    return o == SERIES_BY_TIME ? p->time : p->step;
}

static inline series_value spt_value(spt p) {
    return (series_value){p.step, p.time, rank_value(p.val)};
}
static inline spt spt_of(series_value v) {
    return (spt){v.step, v.time_ms, rank_of(v.value)};
}

// Points of a series of integers become points of doubles, as readers see them.
void spt_to_f64(spt *p, size_t n, int type);

// Sorts in place (a natural merge sort: linear when the points are sorted already, n log r for
// r sorted runs) with scratch of n points, and drops exact repeats; returns how many are left.
size_t spt_sort(spt *p, size_t n, spt *scratch, spt_order cmp);

// Wrapping arithmetic: steps and times are any int64.
static inline int64_t wrap_sub(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a - (uint64_t)b);
}
static inline int64_t least_of(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t wrap_add(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

// What is known of a set of points without decoding it. min and max are of the type's `val`;
// `ranged` is false when every value is NaN.
typedef struct ssum {
    uint64_t count; // repeats may be counted until they are merged
    spt first, last;
    int64_t min, max;
    bool ranged;
} ssum;

void ssum_range(ssum *s, int64_t min, int64_t max);
void ssum_add(ssum *s, const spt *p, int type);
void ssum_join(ssum *s, const ssum *more); // an empty one changes nothing
// The same where first and last are those of an order.
void ssum_add_by(ssum *s, const spt *p, int type, series_order o);
void ssum_join_by(ssum *s, const ssum *more, series_order o);
void ssum_to_f64(ssum *s, int type);
void ssum_put(buf *b, const ssum *s, int type);
bool ssum_get(cur *c, ssum *s, int type);
// As readers see it; s is of doubles' ranks.
series_summary series_summary_of(str key, const ssum *s);

// ---- columns of up to 64 integers ----------------------------------------------------------
enum { MINI = 64 };
// Values as they are; as differences to the block's line; as differences to the one before.
typedef enum col_mode { COL_FOR, COL_LINE, COL_DELTA, COL_MODES } col_mode;
typedef struct col {
    int64_t base;  // least value or difference; COL_DELTA: the first value
    int64_t delta; // COL_DELTA: the least difference
    uint8_t mode, width;
} col;

// The line of a block's column: at point i of the block it stands at i * slope / 65536.
static inline int64_t line_at(int64_t slope, size_t i) {
    return (int64_t)((uint64_t)slope * (uint64_t)i) >> 16;
}
// `at`: the first value's index in its block.
col col_plan(const int64_t *v, size_t n, int64_t slope, size_t at);
static inline size_t col_bytes(const col *c, size_t n) {
    return (n * c->width + 7) / 8;
}
void col_write(const col *c, const int64_t *v, size_t n, int64_t slope, size_t at,
               uint8_t *out);
// p: col_bytes() bytes; reads no byte at or behind `end`.
void col_read(const col *c, const uint8_t *p, const uint8_t *end, size_t n, int64_t slope,
              size_t at, int64_t *out);
int64_t col_get(const col *c, const uint8_t *p, const uint8_t *end, size_t n, int64_t slope,
                size_t at, size_t i);

// Values: how the 64 `val` of a miniblock become integers.
typedef enum val_kind {
    VAL_RANK, // as they are
    VAL_F32,  // rank of the float that each double exactly is
    VAL_DEC,  // VAL_DEC + e: v * 10^e, an integer that divides back exactly; e up to 15
    VAL_KINDS = VAL_DEC + 16,
} val_kind;
// Plans the values of a miniblock: sets *kind and the integers to code.
col val_plan(const int64_t *val, size_t n, int type, int64_t *code, uint8_t *kind);
void val_decode(int64_t *v, size_t n, uint8_t kind);

// ---- records -------------------------------------------------------------------------------
typedef struct srec_series {
    str key, dataset_name, dataset_digest;
    id model; // zero: none
    int type;
    ssum sum;
    str columns;
    bool wide; // values of 8 bytes, else floats
} srec_series;
typedef struct srec {
    uint64_t n;
    srec_series *series;
    size_t n_series;
} srec;

// As series_record(), for either type: with SERIES_I64 the bits of `value` are the integer.
str srec_build(arena *a, const point *points, size_t n, int type);
bool srec_split(str record, str *head, str *data);
// The head alone tells all but the points (data.p NULL: columns stay empty). Strings point into
// it. ERR_CORRUPT.
bool srec_open(srec *r, arena *a, str head, str data, err *e);
// Decodes s->sum.count points in the order of arrival. ERR_CORRUPT.
bool srec_points(const srec_series *s, spt *out, err *e);

// ---- blocks --------------------------------------------------------------------------------
enum { BLOCK_MAX = 8192, BLOCK_MINIS = BLOCK_MAX / MINI, BLOCK_GROUPS = BLOCK_MINIS / 64 };
enum {
    BLOCK_RISING = 1, // times do not fall along the order of points
    BLOCK_FULL = 2,   // only of rows: not to be written anew to make it longer
};

typedef struct mini {
    uint32_t at[3]; // of the packed columns, from the blob's start
    col c[3];       // step, time, value
    uint8_t kind;
    uint8_t argmin, argmax; // level 1: where the least and greatest value stand; 0xff: all NaN
} mini;
typedef struct block {
    str data;
    uint32_t n, minis, distinct, nan;
    int64_t stride; // the common difference of the distinct steps; 0: none
    uint8_t type, flags;
    int64_t slope[2];
    uint8_t argmin[BLOCK_GROUPS], argmax[BLOCK_GROUPS]; // level 2: which miniblock of the 64
    mini mini[BLOCK_MINIS];
} block;

// n points (1..BLOCK_MAX) of one type, sorted, without repeats.
void block_write(buf *out, const spt *p, size_t n, int type);
// Checks the CRC and every size; points into data. ERR_CORRUPT, counted and logged.
bool block_open(block *b, str data, err *e);

static inline size_t block_mini_n(const block *b, size_t m) {
    return m + 1 < b->minis ? MINI : b->n - m * MINI;
}
size_t block_mini(const block *b, size_t m, spt *out); // decodes one; returns its points
void block_all(const block *b, spt *out);              // b->n points
spt block_at(const block *b, size_t i);
void block_steps(const block *b, int64_t *out); // b->n steps
// The first index whose step (time) is not below; n when none. By time of blocks that rise
// only.
size_t block_lower(const block *b, series_order by, int64_t place);
// The same of the miniblocks' first points: without decoding any.
size_t block_lower_mini(const block *b, series_order by, int64_t place);
int64_t block_place(const block *b, series_order by, size_t i);
// Of the points [from, to): least and greatest value out of the levels; false when all are NaN.
bool block_range(const block *b, size_t from, size_t to, int64_t *min, int64_t *max);
uint64_t block_nans(const block *b, size_t from, size_t to);
void block_sum(const block *b, ssum *s);

// ---- rows ----------------------------------------------------------------------------------
enum {                  // flags of a series
    SERIES_RISING = 1,  // its main sequence rises in time
    SERIES_LEVELED = 2, // each of its blocks has a row of levels
};

typedef struct srow {
    str key, identity, dataset_name, dataset_digest;
    id model;
    int type;
    int64_t number, flags, tiers, late, next_block;
    ssum sum; // of what is packed, tail included
    str tail; // p NULL: none
} srow;
typedef struct bhead {
    int64_t tier, first_step, first_time, number, last_step, last_time, min_time, max_time;
    int64_t n, distinct, stride, nan, min, max, flags; // min > max: all NaN
} bhead;

str srow_identity(arena *a, const srec_series *s);
bool srow_read(const db_rows *rows, arena *a, srow *out, err *e); // copies; ERR_CORRUPT
bhead bhead_read(const db_rows *rows);                            // columns BLOCK_COLUMNS
bhead bhead_of(const block *b, const spt *p, int64_t tier, int64_t number); // p: its points
bool srow_put(db_tx *tx, int64_t ws, id run_id, const srow *s, err *e);
// One block's bytes into *out (cleared first); *found says whether it is there.
bool block_fetch(db_tx *tx, int64_t ws, id run_id, int64_t series, const bhead *h, buf *out,
                 bool *found, err *e);
// The block's row, and that of its levels.
bool block_delete(db_tx *tx, int64_t ws, id run_id, int64_t series, const bhead *h, err *e);
bool levels_write(db_tx *tx, int64_t ws, id run_id, int64_t series, const bhead *h, str levels,
                  err *e);
// At most max heads of a tier from (at or behind; or downwards before) the given key.
typedef struct bkey {
    int64_t step, time, number;
} bkey;
static inline bkey bkey_of(const bhead *h) {
    return (bkey){h->first_step, h->first_time, h->number};
}
bool block_heads(db_tx *tx, int64_t ws, id run_id, int64_t series, int64_t tier, bkey from,
                 bool before, bhead *out, size_t max, size_t *n, err *e);

// ---- what a run shows
// ------------------------------------------------------------------------------ A run and its
// ancestors, each with the greatest step that shows through.
typedef struct sview_run {
    id run;
    int64_t limit;
} sview_run;
bool sview_runs(db_tx *tx, arena *a, int64_t ws, id run_id, sview_run **out, size_t *n, err *e);

// A stored series of a run or an ancestor.
typedef struct sview {
    int64_t ws;
    id run;
    int64_t limit;
    srow row;
} sview;
typedef struct sviews {
    int64_t ws;
    sview_run *runs;
    size_t n_runs;
    VEC(sview) v;
} sviews;
// Every packed series of a key; sviews_add is for several keys of a run.
bool sviews_add(db_tx *tx, arena *a, str key, sviews *out, err *e); // ws and runs are set
bool sviews_of(db_tx *tx, arena *a, int64_t ws, id run_id, str key, sviews *out, err *e);

// The heads of one tier of a series, in order, a few read at a time.
enum { BSCAN_QUEUE = 16 };
typedef struct bscan {
    db_tx *tx;
    const sview *v;
    int64_t tier;
    bhead queue[BSCAN_QUEUE];
    size_t q, n;
    bkey from; // where the heads behind the queue begin
    bool end;  // none behind the queue
} bscan;
bscan bscan_new(db_tx *tx, const sview *v, int64_t tier);
// Goes on with the last block that begins before `at`. By time only for tiers that rise in
// time.
bool bscan_seek(bscan *s, spt at, series_order order, err *e);
// NULL at the end (blocks that begin behind the view's limit are left out) and on an error. The
// head is valid until the next call.
const bhead *bscan_next(bscan *s, err *e);
// Reads and opens a block. *opened is false when it is gone or damaged (counted, left out).
bool sview_block(db_tx *tx, const sview *v, const bhead *h, buf *bytes, block *b, bool *opened,
                 err *e);

// Calls fn with what is pending of a key, and with the tails of its series, as points of
// doubles in any order; fn drops what lies behind `limit`. Damaged ones are left out.
typedef void (*small_fn)(void *arg, const spt *p, size_t n, int64_t limit);
bool series_small(db_tx *tx, const sviews *vs, str key, small_fn fn, void *arg, err *e);
// Its two halves; pending records of several keys in one pass, each key with an arg of its own.
bool series_pending(db_tx *tx, const sviews *vs, const str *keys, size_t n, small_fn fn,
                    void *const *args, err *e);
bool series_tails(const sviews *vs, small_fn fn, void *arg, err *e);

// Keeps the `max` least points behind `after`, up to a step; memory is bounded by 2 max.
typedef struct scollect {
    spt *p, *scratch; // malloc'd
    size_t n, cap, max;
    spt_order cmp;
    spt after, bar; // what is not behind `after`, or behind `bar` once that is set, is dropped
    bool barred;
} scollect;
scollect scollect_new(size_t max, spt_order cmp, spt after);
void scollect_add(void *c, const spt *p, size_t n, int64_t limit); // a small_fn
void scollect_end(scollect *c); // sorted, without repeats, at most max
void scollect_free(scollect *c);
// Merges sequences of blocks and one sorted array.
typedef struct smerge smerge;
// Points behind `after`. By time only what smerge_by_time() tells is merged; the rest is the
// caller's to collect.
smerge *smerge_new(db_tx *tx, const sviews *vs, const scollect *small, series_order order,
                   spt after);
// Do the blocks of this tier rise in time?
static inline bool smerge_by_time(const srow *r, int64_t tier) {
    return tier == 0 && (r->flags & SERIES_RISING);
}
// The store's damage is counted and left out: e->code is put back to ERR_NONE then.
bool series_passable(err *e);
// Counts and logs what is damaged; ERR_CORRUPT, false.
bool series_corrupt(const char *what, err *e);
bool smerge_next(smerge *m, spt *out, size_t max, size_t *n, err *e); // *n < max: the end
void smerge_free(smerge *m);
// The next at most max points of a key in the given order: merge, tails, pending records and
// all.
bool shistory_page(db_tx *tx, arena *a, const sviews *vs, str key, series_order order,
                   spt after, size_t max, spt *out, size_t *n, err *e);
// Everything that a run shows under a key, from the levels.
bool schart_sum(db_tx *tx, arena *a, int64_t ws, id run_id, str key, ssum *out, err *e);
#define SPT_LEAST ((spt){INT64_MIN, INT64_MIN, INT64_MIN}) // before any point of doubles

#endif
