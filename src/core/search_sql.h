// SPDX-License-Identifier: Apache-2.0
// The tables and every SQL text of the search index. Lists of ids are given as IN with a fixed
// width (repeat the last id to fill it), so that one prepared statement serves and both engines
// seek once an id.
#ifndef STEMMA_CORE_SEARCH_SQL_H
#define STEMMA_CORE_SEARCH_SQL_H

#include "core/sql.h"

#define SEARCH_IN_WIDTH 32
#define SEARCH_IDS                                                                             \
    "($2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$"   \
    "25,$26,$27,"                                                                              \
    "$28,$29,$30,$31,$32,$33)"

#define SEARCH_RUN_COLUMNS                                                                     \
    "run, slot, status, life, start_ms, end_ms, name, user_name, artifact_uri, project, "      \
    "created_us, reason"

// X(symbol, is its plan tested, SQL)
#define SEARCH_SQL(X)                                                                          \
    X(search_mark_add, true,                                                                   \
      "INSERT INTO run_mark (ws, project, run, stamp, slot) VALUES ($1, $2, $3, $4, $5)")      \
    X(search_mark_drop, true,                                                                  \
      "DELETE FROM run_mark WHERE ws = $1 AND project = $2 AND run = $3 AND stamp = $4")       \
    X(search_mark_runs, true,                                                                  \
      "SELECT run, max(slot) FROM run_mark WHERE ws = $1 AND project = $2 AND run > $3"        \
      " GROUP BY run ORDER BY run LIMIT $4")                                                   \
    X(search_mark_slot, true,                                                                  \
      "SELECT max(slot) FROM run_mark WHERE ws = $1 AND project = $2 AND run = $3")            \
    X(search_mark_stamps, true,                                                                \
      "SELECT run, stamp, slot FROM run_mark WHERE ws = $1 AND project = $2"                   \
      " AND (run, stamp) > ($3, $4) ORDER BY run, stamp LIMIT $5")                             \
    X(search_mark_slots, true,                                                                 \
      "SELECT r.slot FROM run r WHERE r.ws = $1 AND r.project = $2 AND r.slot >= $3 AND "      \
      "r.slot < $4"                                                                            \
      " AND EXISTS (SELECT 1 FROM run_mark m WHERE m.ws = $1 AND m.project = $2 AND m.run = "  \
      "r.run)")                                                                                \
    X(search_mark_left, false,                                                                 \
      "SELECT slot FROM run_mark WHERE ws = $1 AND project = $2 AND slot >= $3 AND slot < $4") \
    X(search_mark_unslot, false,                                                               \
      "UPDATE run_mark SET slot = NULL WHERE ws = $1 AND project = $2 AND slot >= 0")          \
    X(search_unmarked, true,                                                                   \
      "SELECT r.run FROM run r WHERE r.ws = $1 AND r.project = $2 AND r.slot IS NULL AND NOT " \
      "EXISTS"                                                                                 \
      " (SELECT 1 FROM run_mark m WHERE m.ws = $1 AND m.project = $2 AND m.run = r.run) "      \
      "LIMIT 1")                                                                               \
    X(search_mark_project, true,                                                               \
      "SELECT ws, project FROM run_mark WHERE (ws, project) > ($1, $2) ORDER BY ws, project "  \
      "LIMIT 1")                                                                               \
    X(search_head_list, true,                                                                  \
      "SELECT chunk, stamp, slots FROM column_head WHERE ws = $1 AND project = $2 AND chunk "  \
      ">= $3"                                                                                  \
      " ORDER BY chunk LIMIT $4")                                                              \
    X(search_head_last, true,                                                                  \
      "SELECT chunk, stamp, slots FROM column_head WHERE ws = $1 AND project = $2"             \
      " ORDER BY chunk DESC LIMIT 1")                                                          \
    X(search_head_add, true,                                                                   \
      "INSERT INTO column_head (ws, project, chunk, stamp, slots) VALUES ($1, $2, $3, $4, "    \
      "$5)")                                                                                   \
    X(search_head_set, true,                                                                   \
      "UPDATE column_head SET stamp = $5, slots = $6"                                          \
      " WHERE ws = $1 AND project = $2 AND chunk = $3 AND stamp = $4")                         \
    X(search_key_list, true,                                                                   \
      "SELECT domain, which, key, field, ready FROM column_key WHERE ws = $1 AND project = $2" \
      " ORDER BY domain, which, key")                                                          \
    X(search_key_get, true,                                                                    \
      "SELECT field, ready FROM column_key"                                                    \
      " WHERE ws = $1 AND project = $2 AND domain = $3 AND which = $4 AND key = $5")           \
    X(search_key_add, true,                                                                    \
      "INSERT INTO column_key (ws, project, domain, which, key, field, ready, made_us)"        \
      " VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT (ws, project, domain, which, key) " \
      "DO NOTHING")                                                                            \
    X(search_key_ready, true,                                                                  \
      "UPDATE column_key SET ready = 1"                                                        \
      " WHERE ws = $1 AND project = $2 AND domain = $3 AND which = $4 AND key = $5 AND field " \
      "= $6")                                                                                  \
    X(search_key_oldest, true,                                                                 \
      "SELECT domain, which, key, field FROM column_key WHERE ws = $1 AND project = $2"        \
      " ORDER BY made_us LIMIT 1")                                                             \
    X(search_key_count, true,                                                                  \
      "SELECT count(*) FROM column_key WHERE ws = $1 AND project = $2")                        \
    X(search_key_drop, true,                                                                   \
      "DELETE FROM column_key"                                                                 \
      " WHERE ws = $1 AND project = $2 AND domain = $3 AND which = $4 AND key = $5")           \
    X(search_chunk_stamps, true,                                                               \
      "SELECT chunk, stamp FROM column_chunk"                                                  \
      " WHERE ws = $1 AND project = $2 AND field = $3 AND chunk >= $4 AND chunk <= $5 ORDER "  \
      "BY chunk")                                                                              \
    X(search_chunk_range, true,                                                                \
      "SELECT chunk, stamp, data FROM column_chunk"                                            \
      " WHERE ws = $1 AND project = $2 AND field = $3 AND chunk >= $4 AND chunk <= $5 ORDER "  \
      "BY chunk")                                                                              \
    X(search_chunk_put, true,                                                                  \
      "INSERT INTO column_chunk (ws, project, field, chunk, stamp, data) VALUES ($1, $2, $3, " \
      "$4, $5, $6)"                                                                            \
      " ON CONFLICT (ws, project, field, chunk) DO UPDATE SET stamp = excluded.stamp, data = " \
      "excluded.data")                                                                         \
    X(search_chunk_set, true,                                                                  \
      "UPDATE column_chunk SET stamp = $5, data = $6"                                          \
      " WHERE ws = $1 AND project = $2 AND field = $3 AND chunk = $4")                         \
    X(search_chunk_missing, true,                                                              \
      "SELECT h.chunk FROM column_head h WHERE h.ws = $1 AND h.project = $2 AND NOT EXISTS"    \
      " (SELECT 1 FROM column_chunk c WHERE c.ws = $1 AND c.project = $2 AND c.field = $3"     \
      " AND c.chunk = h.chunk) ORDER BY h.chunk LIMIT 1")                                      \
    X(search_chunk_drop, true,                                                                 \
      "DELETE FROM column_chunk WHERE ws = $1 AND project = $2 AND field = $3")                \
    X(search_run_by_ids, true,                                                                 \
      "SELECT " SEARCH_RUN_COLUMNS " FROM run WHERE ws = $1 AND run IN " SEARCH_IDS)           \
    X(search_run_by_slots, true,                                                               \
      "SELECT " SEARCH_RUN_COLUMNS " FROM run WHERE ws = $1 AND project = $2 AND slot >= $3"   \
      " AND slot < $4 ORDER BY slot")                                                          \
    X(search_run_set_slot, true,                                                               \
      "UPDATE run SET slot = $3 WHERE ws = $1 AND run = $2 AND slot IS NULL")                  \
    X(search_run_slots, true,                                                                  \
      "SELECT count(*) FROM run WHERE ws = $1 AND project = $2 AND slot >= $3 AND slot < $4")  \
    X(search_run_slot, true, "SELECT slot FROM run WHERE ws = $1 AND run = $2")                \
    X(search_attr_one, true,                                                                   \
      "SELECT owner, text FROM attr WHERE ws = $1 AND owner IN " SEARCH_IDS                    \
      " AND kind = $34 AND key = $35")                                                         \
    X(search_attr_all, true,                                                                   \
      "SELECT owner, kind, key, text FROM attr WHERE ws = $1 AND owner IN " SEARCH_IDS)        \
    X(search_dataset_of, true,                                                                 \
      "SELECT e.src, d.name, d.digest FROM edge e JOIN dataset d ON d.ws = e.ws AND "          \
      "d.dataset = e.dst"                                                                      \
      " WHERE e.ws = $1 AND e.src IN " SEARCH_IDS " AND e.kind = 1")                           \
    X(search_context_of, true,                                                                 \
      "SELECT src, value FROM edge_tag"                                                        \
      " WHERE ws = $1 AND src IN " SEARCH_IDS " AND kind = 1 AND key = 'mlflow.data.context'") \
    X(search_input_of, true,                                                                   \
      "SELECT e.src, e.dst, d.name, d.digest, d.source_type, d.source, d.schema_json, "        \
      "d.profile"                                                                              \
      " FROM edge e JOIN dataset d ON d.ws = e.ws AND d.dataset = e.dst"                       \
      " WHERE e.ws = $1 AND e.src IN " SEARCH_IDS " AND e.kind = 1")                           \
    X(search_input_tags, true,                                                                 \
      "SELECT src, dst, key, value FROM edge_tag WHERE ws = $1 AND src IN " SEARCH_IDS         \
      " AND kind = 1")                                                                         \
    X(search_model_links, true,                                                                \
      "SELECT src, kind, dst, step FROM edge WHERE ws = $1 AND src IN " SEARCH_IDS             \
      " AND kind >= 2"                                                                         \
      " AND kind <= 3")                                                                        \
    X(search_run_projects, true,                                                               \
      "SELECT ws, project FROM project WHERE (ws, project) > ($1, $2) ORDER BY ws, project "   \
      "LIMIT 1")                                                                               \
    X(search_run_page, true,                                                                   \
      "SELECT run FROM run WHERE ws = $1 AND project = $2 AND run > $3 ORDER BY run LIMIT $4") \
    X(search_run_newest, true,                                                                 \
      "SELECT run FROM run WHERE ws = $1 AND project = $2 AND run < $3 ORDER BY run DESC "     \
      "LIMIT $4")                                                                              \
    X(search_attr_keys, true,                                                                  \
      "SELECT owner, key FROM attr WHERE ws = $1 AND owner IN " SEARCH_IDS " AND kind = $34")  \
    X(search_moved_set, true,                                                                  \
      "INSERT INTO project_moved (ws, project, moved_us) VALUES ($1, $2, $3)"                  \
      " ON CONFLICT (ws, project) DO UPDATE SET moved_us = excluded.moved_us"                  \
      " WHERE excluded.moved_us > project_moved.moved_us")                                     \
    X(search_changed, true,                                                                    \
      "SELECT p.project, p.updated_ms,"                                                        \
      " (SELECT m.moved_us FROM project_moved m WHERE m.ws = $1 AND m.project = p.project),"   \
      " (SELECT k.stamp FROM run_mark k WHERE k.ws = $1 AND k.project = p.project LIMIT 1),"   \
      " (SELECT e.time_us FROM event e WHERE e.ws = $1 AND e.project = p.project"              \
      " AND e.number > 0 ORDER BY e.number DESC LIMIT 1)"                                      \
      " FROM project p WHERE p.ws = $1 AND p.project IN " SEARCH_IDS)                          \
    X(search_counts, true,                                                                     \
      "SELECT p.project, (SELECT count(*) FROM run r"                                          \
      " WHERE r.ws = $1 AND r.project = p.project AND r.life = 0), (SELECT count(*) FROM run " \
      "r"                                                                                      \
      " WHERE r.ws = $1 AND r.project = p.project AND r.life = 0 AND r.status = 1)"            \
      " FROM project p WHERE p.ws = $1 AND p.project IN " SEARCH_IDS)                          \
    X(search_drop_marks, true, "DELETE FROM run_mark WHERE ws = $1 AND project = $2")          \
    X(search_drop_moved, true, "DELETE FROM project_moved WHERE ws = $1 AND project = $2")     \
    X(search_drop_heads, true, "DELETE FROM column_head WHERE ws = $1 AND project = $2")       \
    X(search_drop_keys, true, "DELETE FROM column_key WHERE ws = $1 AND project = $2")         \
    X(search_drop_chunks, true, "DELETE FROM column_chunk WHERE ws = $1 AND project = $2")     \
    X(search_drop_chunk_page, true,                                                            \
      "DELETE FROM column_chunk WHERE (ws, project, field, chunk) IN (SELECT ws, project, "    \
      "field, chunk FROM column_chunk WHERE ws = $1 AND project = $2 LIMIT 200)")              \
    X(search_drop_slots, true,                                                                 \
      "UPDATE run SET slot = NULL WHERE ws = $1 AND project = $2 AND slot >= 0")

SEARCH_SQL(SQL_QUERY)

#endif
