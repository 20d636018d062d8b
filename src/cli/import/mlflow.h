// SPDX-License-Identifier: Apache-2.0
// Small things of MLflow's that several sources need. Pure functions.
#ifndef STEMMA_CLI_IMPORT_MLFLOW_H
#define STEMMA_CLI_IMPORT_MLFLOW_H

#include "cli/import/source.h"

bool mlflow_model_id_of(str text, id *out);           // "m-<32 hex digits>"
str mlflow_tag(const import_run *r, const char *key); // empty when absent
// What MLflow says of a version in texts: its stage, and where it is from. Absent ones are
// empty.
void mlflow_version_of(version *v, str stage, str run_id, str model_id);
#define MLFLOW_DELETED "Deleted_Internal" // the stage of a version that is no more
// Microseconds of milliseconds, as far as there are any.
int64_t mlflow_us(int64_t ms);
// A version of this number is there, or was: the next one has another.
void mlflow_number_is_taken(import_repo *r, int64_t number);
// Once all is read: its kind, and its versions in the order of their numbers, each once. What
// no version can have for a number is told.
void mlflow_repo_read(source_log *l, import_repo *r);
// Pairs of an alias and a version's number as text; of those that are read.
void mlflow_repo_aliases(arena *a, import_repo *r, const kv *aliases, size_t n);
// Points of one key: sorts by (step, time, value) and drops repeats, as what a run shows is a
// set; of equal ones one that names a data set stays. Returns how many there are.
size_t mlflow_unique(point *p, size_t n);
// Calls take for all of them, a piece at a time.
bool mlflow_give(const point *p, size_t n, source_take take, void *arg, err *e);

// Points of logged models stand in for the run's own of the same key, step, time and value:
// MLflow keeps both.
typedef struct mlflow_model_set mlflow_model_set;
mlflow_model_set *mlflow_model_set_new(arena *a);
void mlflow_model_set_add(mlflow_model_set *s, const point *p); // borrows texts; drops repeats
// Does a point of the set stand in for the run's point? (MLflow's SQL store keeps NaN as 0
// here.)
bool mlflow_model_set_has(mlflow_model_set *s, const point *run_point);
point *mlflow_model_set_points(mlflow_model_set *s, size_t *n);

#endif
