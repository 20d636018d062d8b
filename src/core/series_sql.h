// SPDX-License-Identifier: Apache-2.0
// Queries of the metric store. Columns of `series` and `block` are read by series_row.c in the
// order of SERIES_COLUMNS and BLOCK_COLUMNS.
#ifndef STEMMA_CORE_SERIES_SQL_H
#define STEMMA_CORE_SERIES_SQL_H

#include "core/sql.h"

#define SERIES_COLUMNS                                                                         \
    "key, identity, model, dataset_name, dataset_digest, type, series, flags, tiers, late, "   \
    "next_block,"                                                                              \
    " summary, tail"
#define BLOCK_COLUMNS                                                                          \
    "tier, first_step, first_time, block, last_step, last_time, min_time, max_time, n, "       \
    "distinct_steps,"                                                                          \
    " stride, nan, value_min, value_max, flags"
#define BLOCK_KEY "ws = $1 AND run = $2 AND series = $3 AND tier = $4"

// Lists of up to 32 runs: series_many.c
#define SERIES_IDS                                                                             \
    "($2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,"    \
    "$25,$26,$27,$28,$29,$30,$31,$32,$33)"

#define SERIES_SQL(X)                                                                          \
    X(point_log_insert, true,                                                                  \
      "INSERT INTO point_log (ws, run, seq, n, head, data) VALUES ($1, $2, $3, $4, $5, $6)")   \
    X(point_log_next_run, true,                                                                \
      "SELECT ws, run FROM point_log WHERE (ws, run) > ($1, $2) ORDER BY ws, run LIMIT 1")     \
    X(point_log_sizes, true,                                                                   \
      "SELECT seq, n FROM point_log WHERE ws = $1 AND run = $2 AND seq > $3 ORDER BY seq "     \
      "LIMIT $4")                                                                              \
    X(point_log_heads, true,                                                                   \
      "SELECT seq, head FROM point_log WHERE ws = $1 AND run = $2 ORDER BY seq")               \
    X(point_log_points, true,                                                                  \
      "SELECT seq, head, data FROM point_log WHERE ws = $1 AND run = $2 ORDER BY seq")         \
    X(point_log_delete, true, "DELETE FROM point_log WHERE ws = $1 AND run = $2 AND seq = $3") \
    X(model_run_link, true,                                                                    \
      "INSERT INTO model_run (ws, model, run) VALUES ($1, $2, $3) ON CONFLICT (ws, model, "    \
      "run)"                                                                                   \
      " DO NOTHING")                                                                           \
    X(model_run_list, true,                                                                    \
      "SELECT run FROM model_run WHERE ws = $1 AND model = $2 ORDER BY run")                   \
    X(model_run_delete, true,                                                                  \
      "DELETE FROM model_run WHERE ws = $1 AND model = $2 AND run = $3")                       \
    X(series_run_get, true,                                                                    \
      "SELECT generation, next_series FROM series_run WHERE ws = $1 AND run = $2")             \
    X(series_run_insert, true,                                                                 \
      "INSERT INTO series_run (ws, run, generation, next_series) VALUES ($1, $2, 1, $3)"       \
      " ON CONFLICT (ws, run) DO NOTHING")                                                     \
    X(series_run_update, true,                                                                 \
      "UPDATE series_run SET generation = $3 + 1, next_series = $4"                            \
      " WHERE ws = $1 AND run = $2 AND generation = $3")                                       \
    X(series_run_delete, true, "DELETE FROM series_run WHERE ws = $1 AND run = $2")            \
    X(series_run_page, true,                                                                   \
      "SELECT ws, run FROM series_run WHERE (ws, run) > ($1, $2) ORDER BY ws, run LIMIT $3")   \
    X(series_get, true,                                                                        \
      "SELECT " SERIES_COLUMNS                                                                 \
      " FROM series WHERE ws = $1 AND run = $2 AND key = $3 AND identity = $4")                \
    X(series_of_key, true,                                                                     \
      "SELECT " SERIES_COLUMNS                                                                 \
      " FROM series WHERE ws = $1 AND run = $2 AND key = $3 ORDER BY identity")                \
    X(series_of_run, true,                                                                     \
      "SELECT " SERIES_COLUMNS                                                                 \
      " FROM series WHERE ws = $1 AND run = $2 ORDER BY key, identity")                        \
    X(series_put, true,                                                                        \
      "INSERT INTO series (ws, run, " SERIES_COLUMNS ")"                                       \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"             \
      " ON CONFLICT (ws, run, key, identity) DO UPDATE SET flags = $10, tiers = $11, late = "  \
      "$12,"                                                                                   \
      " next_block = $13, summary = $14, tail = $15")                                          \
    X(series_delete, true,                                                                     \
      "DELETE FROM series WHERE ws = $1 AND run = $2 AND key = $3 AND identity = $4")          \
    X(series_first, true,                                                                      \
      "SELECT " SERIES_COLUMNS                                                                 \
      " FROM series WHERE ws = $1 AND run = $2 ORDER BY key, identity"                         \
      " LIMIT $3")                                                                             \
    X(block_insert, true,                                                                      \
      "INSERT INTO block (ws, run, series, " BLOCK_COLUMNS                                     \
      ", data) VALUES ($1, $2, $3, $4, $5, $6,"                                                \
      " $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)")                        \
    X(block_delete, true,                                                                      \
      "DELETE FROM block WHERE " BLOCK_KEY                                                     \
      " AND first_step = $5 AND first_time = $6 AND block = $7")                               \
    X(block_data, true,                                                                        \
      "SELECT data FROM block WHERE " BLOCK_KEY                                                \
      " AND first_step = $5 AND first_time = $6 AND block = $7")                               \
    X(block_heads, true,                                                                       \
      "SELECT " BLOCK_COLUMNS " FROM block WHERE " BLOCK_KEY                                   \
      " AND (first_step, first_time, block) >= ($5, $6, $7)"                                   \
      " ORDER BY first_step, first_time, block LIMIT $8")                                      \
    X(block_heads_before, true,                                                                \
      "SELECT " BLOCK_COLUMNS " FROM block WHERE " BLOCK_KEY                                   \
      " AND (first_step, first_time, block) < ($5, $6, $7)"                                    \
      " ORDER BY first_step DESC, first_time DESC, block DESC LIMIT $8")                       \
    X(block_level_put, true,                                                                   \
      "INSERT INTO block_level (ws, run, series, tier, first_step, first_time, block, levels)" \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (ws, run, series, tier, "          \
      "first_step, first_time, block) DO UPDATE SET levels = $8")                              \
    X(block_level_delete, true,                                                                \
      "DELETE FROM block_level WHERE " BLOCK_KEY                                               \
      " AND first_step = $5 AND first_time = $6 AND block = $7")                               \
    X(block_levels, true,                                                                      \
      "SELECT first_step, first_time, block, levels FROM block_level WHERE " BLOCK_KEY         \
      " AND (first_step, first_time, block) >= ($5, $6, $7)"                                   \
      " ORDER BY first_step, first_time, block LIMIT $8")                                      \
    X(block_late, true,                                                                        \
      "SELECT " BLOCK_COLUMNS                                                                  \
      " FROM block WHERE ws = $1 AND run = $2 AND series = $3 AND tier > 0"                    \
      " ORDER BY tier, first_step, first_time, block")                                         \
    X(block_of_series, true,                                                                   \
      "SELECT " BLOCK_COLUMNS ", data, (SELECT levels FROM block_level AS l WHERE l.ws = "     \
      "block.ws AND l.run = block.run AND l.series = block.series AND l.tier = block.tier AND" \
      " l.first_step = block.first_step AND l.first_time = block.first_time AND"               \
      " l.block = block.block) FROM block WHERE ws = $1 AND run = $2 AND series = $3"          \
      " ORDER BY tier, first_step, first_time, block")                                         \
    X(block_keys, true,                                                                        \
      "SELECT " BLOCK_COLUMNS " FROM block WHERE ws = $1 AND run = $2 AND series = $3"         \
      " ORDER BY tier, first_step, first_time, block LIMIT $4")                                \
    X(series_sums, true,                                                                       \
      "SELECT run, key, type, summary FROM series WHERE ws = $1 AND run IN " SERIES_IDS)       \
    X(series_sums_of_key, true,                                                                \
      "SELECT run, key, type, summary FROM series WHERE ws = $1 AND run IN " SERIES_IDS        \
      " AND key = $34")                                                                        \
    X(point_log_heads_many, true,                                                              \
      "SELECT run, head FROM point_log WHERE ws = $1 AND run IN " SERIES_IDS)                  \
    X(series_forks, true,                                                                      \
      "SELECT run FROM run WHERE ws = $1 AND run IN " SERIES_IDS                               \
      " AND (fork_run IS NOT NULL OR cut_step IS NOT NULL)")                                   \
    X(series_fork, true,                                                                       \
      "SELECT fork_run, fork_step, cut_step FROM run WHERE ws = $1 AND run = $2")

SERIES_SQL(SQL_QUERY)

#endif
