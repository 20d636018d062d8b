// SPDX-License-Identifier: Apache-2.0
// Queries of data sets and edges.
#ifndef STEMMA_CORE_INPUT_SQL_H
#define STEMMA_CORE_INPUT_SQL_H

#include "core/sql.h"

#define INPUT_SQL(X)                                                                           \
    X(dataset_find, true,                                                                      \
      "SELECT dataset FROM dataset WHERE ws = $1 AND project = $2 AND name = $3 AND digest = " \
      "$4")                                                                                    \
    X(dataset_insert, true,                                                                    \
      "INSERT INTO dataset (ws, dataset, project, name, digest, source_type, source, "         \
      "schema_json,"                                                                           \
      " profile) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")                                 \
    X(edge_insert, true,                                                                       \
      "INSERT INTO edge (ws, src, kind, dst, step) VALUES ($1, $2, $3, $4, $5)"                \
      " ON CONFLICT (ws, src, kind, dst, step) DO NOTHING")                                    \
    X(edge_tag_set, true,                                                                      \
      "INSERT INTO edge_tag (ws, src, kind, dst, key, value) VALUES ($1, $2, $3, $4, $5, $6)"  \
      " ON CONFLICT (ws, src, kind, dst, key) DO UPDATE SET value = $6")                       \
    X(edge_of_run, true,                                                                       \
      "SELECT kind, dst, step FROM edge WHERE ws = $1 AND src = $2 ORDER BY kind, dst, step")  \
    X(edge_tags, true,                                                                         \
      "SELECT key, value FROM edge_tag WHERE ws = $1 AND src = $2 AND kind = $3 AND dst = $4"  \
      " ORDER BY key")                                                                         \
    X(dataset_get, true,                                                                       \
      "SELECT name, digest, source_type, source, schema_json, profile FROM dataset"            \
      " WHERE ws = $1 AND dataset = $2")                                                       \
    X(dataset_summaries, true,                                                                 \
      "SELECT DISTINCT d.name, d.digest, t.value FROM dataset d"                               \
      " JOIN edge g ON g.ws = d.ws AND g.dst = d.dataset AND g.kind = 1"                       \
      " LEFT JOIN edge_tag t ON t.ws = g.ws AND t.src = g.src AND t.kind = 1 AND t.dst = "     \
      "g.dst"                                                                                  \
      " AND t.key = 'mlflow.data.context'"                                                     \
      " WHERE d.ws = $1 AND d.project = $2 ORDER BY d.name, d.digest, t.value LIMIT $3")

INPUT_SQL(SQL_QUERY)

#endif
