// SPDX-License-Identifier: Apache-2.0
// What the files that read MLflow's file store share. An experiment's folder may lie in the
// root or in .trash.
#ifndef STEMMA_CLI_IMPORT_MLFLOW_FILES_H
#define STEMMA_CLI_IMPORT_MLFLOW_FILES_H

#include "base/map.h"
#include "base/vec.h"
#include "cli/import/mlflow.h"
#include "cli/import/yaml.h"
#include "core/folder.h"

typedef struct files_experiment {
    int64_t number;
    str dir; // beneath the root
} files_experiment;

typedef struct mlflow_files {
    arena *a;
    source_log *log;
    str root;
    source_roots roots;
    VEC(files_experiment) experiments;
    // where next_run and next_model stand
    size_t run_experiment, run_at, model_experiment, model_at;
    folder_entry *runs, *models; // of that experiment
    size_t n_runs, n_models;
    folder_entry *repos; // NULL: not listed yet
    size_t n_repos, repo_at;
    arena *runs_a, *models_a;
    str run_dir;       // of the run that next_run gave last
    map models_of_run; // run id (16 bytes) -> model_list
    arena *one;        // one key's points
} mlflow_files;

typedef struct model_list { // whose metrics name the run
    VEC(str) dirs;
    VEC(id) ids;
} model_list;

#define FILES_MAX 10000000
// A small file whole; ERR_NOT_FOUND.
bool files_read(mlflow_files *m, arena *a, str below, size_t max, str *out, err *e);
// Files of a folder and its folders, as keys ("a/b") and contents.
bool files_pairs(mlflow_files *m, arena *a, str below, kv **out, size_t *n, err *e);
// The keys alone.
bool files_keys(mlflow_files *m, arena *a, str below, str **out, size_t *n, err *e);
// The meta.yaml of a folder; false, and (tell) told, when it can not be read.
bool files_meta(mlflow_files *m, arena *a, str dir, yaml_map *out, bool tell);
str files_get(mlflow_files *m, arena *a, const yaml_map *y, const char *key); // or empty
bool mlflow_files_next_repo(void *src, arena *a, import_repo *out, err *e);
bool mlflow_files_points(void *src, id run_id, source_take take, void *arg, err *e);
// Notes which runs the model's metrics name.
bool mlflow_files_note_model(mlflow_files *m, str dir, id model_id, err *e);

#endif
