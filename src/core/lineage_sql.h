// SPDX-License-Identifier: Apache-2.0
// Queries of lineage. Each is asked for SEARCH_IN_WIDTH keys at once ($2 ... $33, filled as
// search_sql.h says) and read by pages in the order of (key, other): $34, $35 are where the
// page before ended, $36 its size; $37, where it is taken, is an edge_kind.
#ifndef STEMMA_CORE_LINEAGE_SQL_H
#define STEMMA_CORE_LINEAGE_SQL_H

#include "core/search_sql.h"

#define LINEAGE_DDL                                                                            \
    "CREATE INDEX version_same_content ON version (ws, content, version);\n"                   \
    "CREATE INDEX version_by_model ON version (ws, model, version);\n"                         \
    "CREATE INDEX version_parent_by_parent ON version_parent (ws, parent, version);\n"         \
    "CREATE INDEX version_parent_by_address ON version_parent (ws, address, version);\n"       \
    "CREATE INDEX model_by_source_run ON model (ws, source_run, model);\n"                     \
    "CREATE INDEX dataset_named ON dataset (ws, name, digest, dataset)"

// A version may name a parent twice: its relations, a bit each.
#define LINEAGE_RELATIONS "sum(DISTINCT 1 << CAST(relation AS INTEGER))"

#define LINEAGE_SQL(X)                                                                         \
    X(lineage_edges_from, true,                                                                \
      "SELECT src, dst, 0 FROM edge WHERE ws = $1 AND src IN " SEARCH_IDS                      \
      " AND (src, dst) > ($34, $35) AND kind = $37 GROUP BY src, dst ORDER BY src, dst"        \
      " LIMIT $36")                                                                            \
    X(lineage_edges_to, true,                                                                  \
      "SELECT dst, src, 0 FROM edge WHERE ws = $1 AND dst IN " SEARCH_IDS                      \
      " AND (dst, src) > ($34, $35) AND kind = $37 GROUP BY dst, src ORDER BY dst, src"        \
      " LIMIT $36")                                                                            \
    X(lineage_models_of_run, true,                                                             \
      "SELECT source_run, model, 0 FROM model WHERE ws = $1 AND source_run IN " SEARCH_IDS     \
      " AND (source_run, model) > ($34, $35) ORDER BY source_run, model LIMIT $36")            \
    X(lineage_versions_of_run, true,                                                           \
      "SELECT run, version, 0 FROM version WHERE ws = $1 AND run IN " SEARCH_IDS               \
      " AND (run, version) > ($34, $35) ORDER BY run, version LIMIT $36")                      \
    X(lineage_versions_of_model, true,                                                         \
      "SELECT model, version, 0 FROM version WHERE ws = $1 AND model IN " SEARCH_IDS           \
      " AND (model, version) > ($34, $35) ORDER BY model, version LIMIT $36")                  \
    X(lineage_versions_of_content, true,                                                       \
      "SELECT content, version, 0 FROM version WHERE ws = $1 AND content IN " SEARCH_IDS       \
      " AND (content, version) > ($34, $35) ORDER BY content, version LIMIT $36")              \
    X(lineage_evaluated_by_run, true,                                                          \
      "SELECT run, version, 0 FROM evaluation WHERE ws = $1 AND run IN " SEARCH_IDS            \
      " AND (run, version) > ($34, $35) AND withdrawn_us = 0 GROUP BY run, version"            \
      " ORDER BY run, version LIMIT $36")                                                      \
    X(lineage_evaluations, true,                                                               \
      "SELECT version, run, 0 FROM evaluation WHERE ws = $1 AND version IN " SEARCH_IDS        \
      " AND (version, run) > ($34, $35) AND run IS NOT NULL AND withdrawn_us = 0"              \
      " GROUP BY version, run ORDER BY version, run LIMIT $36")                                \
    X(lineage_evaluated_on, true,                                                              \
      "SELECT version, data, 0 FROM evaluation WHERE ws = $1 AND version IN " SEARCH_IDS       \
      " AND (version, data) > ($34, $35) AND data IS NOT NULL AND withdrawn_us = 0"            \
      " GROUP BY version, data ORDER BY version, data LIMIT $36")                              \
    X(lineage_evaluations_on, true,                                                            \
      "SELECT data, version, 0 FROM evaluation WHERE ws = $1 AND data IN " SEARCH_IDS          \
      " AND (data, version) > ($34, $35) AND withdrawn_us = 0 GROUP BY data, version"          \
      " ORDER BY data, version LIMIT $36")                                                     \
    X(lineage_children, true,                                                                  \
      "SELECT parent, version, " LINEAGE_RELATIONS                                             \
      " FROM version_parent WHERE ws = $1 AND parent IN " SEARCH_IDS                           \
      " AND (parent, version) > ($34, $35) GROUP BY parent, version ORDER BY parent, version"  \
      " LIMIT $36")                                                                            \
    X(lineage_children_elsewhere, true,                                                        \
      "SELECT address, version, " LINEAGE_RELATIONS                                            \
      " FROM version_parent WHERE ws = $1 AND address IN " SEARCH_IDS                          \
      " AND (address, version) > ($34, $35) GROUP BY address, version"                         \
      " ORDER BY address, version LIMIT $36")                                                  \
    X(lineage_firsts, true,                                                                    \
      "SELECT v.version, (SELECT f.version FROM version f WHERE f.ws = v.ws AND f.content ="   \
      " v.content ORDER BY f.version LIMIT 1) FROM version v WHERE v.ws = $1"                  \
      " AND v.content IS NOT NULL AND v.version IN " SEARCH_IDS)                               \
    X(lineage_parents, true,                                                                   \
      "SELECT version, parent, relation, address FROM version_parent WHERE ws = $1"            \
      " AND version IN " SEARCH_IDS " ORDER BY version, place")                                \
    X(lineage_version_rows, true,                                                              \
      "SELECT v.version, r.name, r.kind, v.number, v.marks, v.created_us, v.deleted_us,"       \
      " v.content, v.tree, v.run, v.model, v.run_link FROM version v"                          \
      " JOIN repo r ON r.ws = v.ws AND r.repo = v.repo WHERE v.ws = $1"                        \
      " AND v.version IN " SEARCH_IDS)                                                         \
    X(lineage_run_rows, true,                                                                  \
      "SELECT run, name, status, life FROM run WHERE ws = $1 AND run IN " SEARCH_IDS)          \
    X(lineage_model_rows, true,                                                                \
      "SELECT model, name, status, life, source_run FROM model WHERE ws = $1"                  \
      " AND model IN " SEARCH_IDS)                                                             \
    X(lineage_dataset_rows, true,                                                              \
      "SELECT dataset, name, digest, source FROM dataset WHERE ws = $1"                        \
      " AND dataset IN " SEARCH_IDS)                                                           \
    X(lineage_refs, true,                                                                      \
      "SELECT version, kind, name FROM ref WHERE ws = $1 AND version IN " SEARCH_IDS           \
      " ORDER BY version, kind, name")                                                         \
    X(lineage_datasets_named, true,                                                            \
      "SELECT dataset FROM dataset WHERE ws = $1 AND name = $2 AND digest >= $3"               \
      " AND digest <= $4 ORDER BY digest, dataset LIMIT $5")

LINEAGE_SQL(SQL_QUERY)

#endif
