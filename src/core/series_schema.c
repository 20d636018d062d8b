// SPDX-License-Identifier: Apache-2.0
// The tables of the metric store.
#include "core/series.h"

const char series_schema[] =
    // Acknowledged batches that are not packed yet: a record's two parts (series_record.c). seq
    // is a time-ordered id.
    "CREATE TABLE point_log (ws {i64} NOT NULL, run {blob} NOT NULL, seq {blob} NOT NULL,"
    " n {i64} NOT NULL, head {blob} NOT NULL, data {blob} NOT NULL,"
    " PRIMARY KEY (ws, run, seq)) {clustered};\n"
    // A run with packed series. generation rises with each change of its series and blocks: who
    // packs checks that it has not moved.
    "CREATE TABLE series_run (ws {i64} NOT NULL, run {blob} NOT NULL, generation {i64} NOT "
    "NULL,"
    " next_series {i64} NOT NULL, PRIMARY KEY (ws, run)) {clustered};\n"
    // identity: empty, or a digest of model, data set and type when one is set. flags: 1 the
    // main sequence rises in time. tiers: the highest tier with blocks; late: points in tiers
    // above 0. tail: up to 128 points of any time that have no block yet, coded as one.
    "CREATE TABLE series (ws {i64} NOT NULL, run {blob} NOT NULL, key {text} NOT NULL,"
    " identity {blob} NOT NULL, model {blob}, dataset_name {text}, dataset_digest {text},"
    " type {i64} NOT NULL, series {i64} NOT NULL, flags {i64} NOT NULL, tiers {i64} NOT NULL,"
    " late {i64} NOT NULL, next_block {i64} NOT NULL, summary {blob} NOT NULL, tail {blob},"
    " PRIMARY KEY (ws, run, key, identity)) {clustered};\n"
    // Packed points. tier 0 is the main sequence; late points wait in tiers above it. Blocks of
    // one tier do not overlap. Values are of the series' type (series_internal.h, spt). flags:
    // 1 times rise, 2 full. Not clustered: SQLite keeps most of a long row in whole pages then.
    "CREATE TABLE block (ws {i64} NOT NULL, run {blob} NOT NULL, series {i64} NOT NULL,"
    " tier {i64} NOT NULL, first_step {i64} NOT NULL, first_time {i64} NOT NULL,"
    " block {i64} NOT NULL, last_step {i64} NOT NULL, last_time {i64} NOT NULL,"
    " min_time {i64} NOT NULL, max_time {i64} NOT NULL, n {i64} NOT NULL,"
    " distinct_steps {i64} NOT NULL, stride {i64} NOT NULL, nan {i64} NOT NULL,"
    " value_min {i64} NOT NULL, value_max {i64} NOT NULL, flags {i64} NOT NULL,"
    " data {blob} {big} NOT NULL,"
    " PRIMARY KEY (ws, run, series, tier, first_step, first_time, block)) {table};\n"
    "CREATE TABLE model_run (ws {i64} NOT NULL, model {blob} NOT NULL, run {blob} NOT NULL,"
    " PRIMARY KEY (ws, model, run)) {clustered}";

const char series_level_schema[] =
    // The summaries of each 1,024 points of a block (series_levels.c), for charts. Derived. A
    // series with flag 2 has a row for each of its blocks; those made before this table have
    // none, and are charted from their blocks.
    "CREATE TABLE block_level (ws {i64} NOT NULL, run {blob} NOT NULL, series {i64} NOT NULL,"
    " tier {i64} NOT NULL, first_step {i64} NOT NULL, first_time {i64} NOT NULL,"
    " block {i64} NOT NULL, levels {blob} NOT NULL,"
    " PRIMARY KEY (ws, run, series, tier, first_step, first_time, block)) {clustered}";
