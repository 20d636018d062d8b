// SPDX-License-Identifier: Apache-2.0
// What the files that read MLflow's SQL tables share, and small things of MLflow's that all
// sources need.
#ifndef STEMMA_CLI_IMPORT_MLFLOW_SQL_H
#define STEMMA_CLI_IMPORT_MLFLOW_SQL_H

#include "base/map.h"
#include "cli/import/mlflow.h"
#include "cli/import/scan.h"

typedef struct mlflow_sql {
    sql db;
    arena *a;
    source_log *log;
    source_roots roots;
    scan run_scan, model_scan, repo_scan;
    size_t damaged; // lists, so far
    // queries; NULL: this schema has no such table
    const char *runs, *params, *tags, *metrics;
    const char *datasets, *input_tags, *links;
    const char *models, *model_params, *model_tags, *model_metrics, *model_runs;
    const char *repos, *repo_tags, *versions, *version_tags, *aliases;
    map with_models; // run ids that have points of models
    arena *one;      // a run's model points
} mlflow_sql;

bool mlflow_sql_there(mlflow_sql *m, const char *table);
// A condition for the experiments of MLflow's default workspace; NULL: there are no others.
const char *mlflow_sql_own(mlflow_sql *m);
void mlflow_sql_texts(mlflow_sql *m); // makes the queries
void mlflow_sql_repo_texts(mlflow_sql *m);

// ---- what all tables need -------------------------------------------------------------------
// "column", or a literal when the table has no such column.
const char *mlflow_sql_col(mlflow_sql *m, const char *table, const char *column,
                           const char *otherwise);
// NULL has p NULL, or is empty.
str mlflow_sql_text(mlflow_sql *m, arena *a, void *rows, int column, const char *what);
str mlflow_sql_text_or_empty(mlflow_sql *m, arena *a, void *rows, int column, const char *what);
// A damaged list is told, and what was read of it stays; false for other errors.
bool mlflow_sql_told(mlflow_sql *m, const char *table, str of, err *e);
// The (key, value) rows of an owner, by a plain query (NULL: there are none).
bool mlflow_sql_pairs(mlflow_sql *m, arena *a, const char *q, const char *table, sql_arg owner,
                      str of, kv **out, size_t *n, err *e);

bool mlflow_sql_projects(void *src, arena *a, project **out, size_t *n, err *e);
bool mlflow_sql_next_run(void *src, arena *a, import_run *out, err *e);
bool mlflow_sql_next_model(void *src, arena *a, import_model *out, err *e);
bool mlflow_sql_next_repo(void *src, arena *a, import_repo *out, err *e);

bool mlflow_model_points_start(mlflow_sql *m, err *e);
void mlflow_model_points_free(mlflow_sql *m);
bool mlflow_sql_points(void *src, id run_id, source_take take, void *arg, err *e);

#endif
