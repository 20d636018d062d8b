// SPDX-License-Identifier: Apache-2.0
// series: the metric store. Points of a batch are appended as one record (a fact, durable with
// its transaction); a background step packs records into compressed blocks, one sequence of
// blocks a series; a reader sees both in one snapshot, so a point is readable at once after its
// acknowledgement, on every replica.
//
// A series is (run, key, model, data set) and a set of points (step, time, value): exact
// repeats vanish. Order is (step, time, value), with NaN as 0 in comparisons of "last"; min and
// max skip NaN. Steps and times are any int64. What a run shows under a key is the union of its
// series with that key.
//
// The read path knows two cuts from the start: a run may inherit its parent's points up to a
// step (fork) and may hide its own points behind a step (rewind); both are columns of the run
// row (fork_run, fork_step, cut_step).
#ifndef STEMMA_CORE_SERIES_H
#define STEMMA_CORE_SERIES_H

#include "core/core.h"
#include "core/run.h"

extern const char series_schema[];       // tables point_log, series, block
extern const char series_level_schema[]; // table block_level

// ---- writing -------------------------------------------------------------------------------
// A batch as one self-contained record: strings once, columns compactly coded, and a summary
// (first, last, min, max, count) a series in front, so that no reader must decode points to
// know them. n > 0.
str series_record(arena *a, const point *points, size_t n);
// The same of series whose columns are coded already, as a record's data has them
// (docs/formats-series.md): what comes in bulk need not be taken apart. They are decoded once,
// to check and to sum them. n > 0. ERR_INVALID names the series that is wrong.
typedef struct series_columns {
    str key;
    uint64_t n;  // points
    bool wide;   // values of 8 bytes, else floats
    str columns; // steps, times, values
} series_columns;
bool series_record_columns(arena *a, const series_columns *s, size_t n, str *record, err *e);
// Appends it within the caller's transaction and wakes the packer after the commit. Links
// models to the run.
bool series_append(db_tx *tx, core *c, int64_t ws, id run, str record, err *e);

// ---- reading -------------------------------------------------------------------------------
typedef struct series_value {
    int64_t step, time_ms;
    double value;
} series_value;

typedef struct series_summary {
    str key;
    series_value first, last;
    double min, max;  // of what is not NaN; NaN when nothing is
    uint64_t at_most; // points, repeats not yet removed
} series_summary;

// One a key, in the order of keys: packed summaries and pending records together, without
// decoding points. Within the caller's snapshot, for pages of many runs; and alone.
bool series_summaries_tx(db_tx *tx, arena *a, int64_t ws, id run, series_summary **out,
                         size_t *n, err *e);
// The same for many runs in few statements: out[i] and n[i] are those of runs[i]. `key` (NULL:
// every key) asks for one key's summary only: n[i] is 1 or 0.
bool series_summaries_many(db_tx *tx, arena *a, int64_t ws, const id *runs, size_t n_runs,
                           const str *key, series_summary **out, size_t *n, err *e);
bool series_summaries(ctx *c, id run, series_summary **out, size_t *n, err *e);

typedef enum series_order {
    SERIES_BY_STEP,
    SERIES_BY_TIME
} series_order; // (step,time,value) or (time,step,value)

// The next at most max points behind *after (NULL: from the start), in the given order. Costs
// what it returns when times rise with steps, else a pass over the series' block headers.
// Bounded memory.
// *n < max means the end, when max is at most SERIES_PAGE_MAX (more than that is never given).
#define SERIES_PAGE_MAX 1000000
bool series_history(ctx *c, id run, str key, series_order order, const series_value *after,
                    size_t max, series_value **out, size_t *n, err *e);

// MLflow's sampling (reference/mlflow.md 3.4): of the distinct steps of all runs within [start,
// end] at most max, evenly by rank, with the last, and each run's own first and last; then
// every point at those steps, up to 25,000 a run.
typedef struct series_interval {
    id run;
    series_value *points; // by step, time, value
    size_t n;
} series_interval;
bool series_sample(ctx *c, const id *runs, size_t n_runs, str key, int64_t start, int64_t end,
                   size_t max, series_interval *out, err *e); // out[n_runs]

// Min/max-true buckets for charts out of the levels (fan-out 64): for `buckets` equal parts of
// [start, end] in steps.
typedef struct series_bucket {
    int64_t start, end; // of the part: steps, or times
    series_value first, last;
    double min, max;
    uint64_t n, nan;
} series_bucket; // empty buckets are left out; n and nan may count repeats not yet merged
#define SERIES_BUCKETS_MAX 100000
bool series_chart(ctx *c, id run, str key, int64_t start, int64_t end, size_t buckets,
                  series_bucket **out, size_t *n, err *e);

// The same for many runs and keys, quickly: series of many points are drawn out of the levels
// beside their blocks. A part then holds whole levels of up to 1,024 points, or where that is
// too coarse whole miniblocks of 64, each counted to the part where it begins, so no point is
// lost and first, last, min and max are those of the points within; parts may reach a little
// behind their end.
//
// SERIES_BY_TIME: [start, end] and its parts are times, and first and last are those by (time,
// step, value). A series that rises in time costs what it costs by step. Else the heads of all
// its blocks are read, and of those in the range the blocks whose own points do not rise (8,192
// points each), one after the other: memory stays that of the buckets.
typedef struct series_line { // of a run and key that have points in the range
    id run;
    str key;
    series_bucket *buckets;
    size_t n;
} series_line;
typedef struct series_charts_query {
    const id *runs;
    size_t n_runs;
    const str *keys;
    size_t n_keys;
    int64_t start, end; // start <= end
    size_t buckets;     // 1 to SERIES_BUCKETS_MAX
    series_order by;
    bool own_start, own_end; // each line's begins (ends) with its own points; by time only
} series_charts_query;
// Lines in the order of runs and, within, of keys; each is given outside of transactions and
// lives until it returns. False from it ends the call with ERR_CANCELLED.
bool series_charts(ctx *c, const series_charts_query *q,
                   bool (*each)(void *arg, const series_line *l), void *arg, err *e);
// The least first and greatest last step under these keys; *any is false when there is no
// point.
bool series_extent(ctx *c, const id *runs, size_t n_runs, const str *keys, size_t n_keys,
                   int64_t *start, int64_t *end, bool *any, err *e);

// Every point that was logged with this model's id, over runs, at most max.
typedef struct series_model_point {
    str key, dataset_name, dataset_digest;
    id run;
    series_value v;
} series_model_point;
bool series_of_model(ctx *c, id model, size_t max, series_model_point **out, size_t *n, err *e);

// ---- background and care -------------------------------------------------------------------
typedef struct series_packer series_packer;
series_packer *series_packer_start(core *c); // a thread that packs what is due, under a lease
void series_packer_wake(series_packer *p);   // something was appended
void series_packer_stop(series_packer *p);   // within a step; nothing is lost
// Packs everything that is pending now, in this thread (tests, stemma check, clean stop).
bool series_pack_all(core *c, err *e);

// Checks every block's and record's CRC and order, and the summaries; bad() is called for each.
bool series_check(core *c, void (*bad)(void *arg, id run, const char *what), void *arg,
                  uint64_t *blocks, err *e);
// Summaries and levels anew from blocks; blocks are facts and stay.
bool series_rebuild(core *c, uint64_t *n, err *e);
// For a row of `series` or `point_log` that comes back: links the models that it names to its
// run again.
bool series_relink(db_tx *tx, int64_t ws, id run, id model, err *e);
bool series_relink_record(db_tx *tx, int64_t ws, id run, str head, err *e);
// Removes a bounded part of what a deleted run holds; *done when nothing is left.
bool series_forget_step(db_tx *tx, int64_t ws, id run, bool *done, err *e);

#endif
