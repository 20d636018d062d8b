// SPDX-License-Identifier: Apache-2.0
// What the files that read a tracking server share. Protocol: MLflow's REST API 2.0.
#ifndef STEMMA_CLI_IMPORT_MLFLOW_HTTP_H
#define STEMMA_CLI_IMPORT_MLFLOW_HTTP_H

#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"
#include "cli/import/mlflow.h"
#include "net/client.h"

#define MLFLOW_API "/api/2.0/mlflow"

typedef struct mlflow_http {
    arena *a;
    source_log *log;
    http_client *client;
    VEC(int64_t) experiments;
    struct http_page { // of runs or of models
        arena *a;
        size_t experiment; // the next
        str token;         // of the next page; empty: the next experiment
        const json_value *at;
    } runs, models;
    bool has_models;    // then runs are also asked for one by one
    VEC(str) keys;      // metrics of the run that next_run gave last, in runs.a
    map models_of_run;  // run id (16 bytes) -> http_points
    arena *one;         // one request
    struct http_repos { // a page of registered models, then of prompts
        arena *a;
        size_t kind; // which of the two
        str token;
        bool begun;
        const json_value *at;
    } repos;
} mlflow_http;

typedef VEC(point) http_points;

// NULL and e, with the server's own sentence. `body` empty: GET. A 404 is ERR_NOT_FOUND.
json_value *mlflow_http_call(mlflow_http *m, arena *a, str path, str body, err *e);
str mlflow_http_text(mlflow_http *m, arena *a, const json_value *object, const char *key);
// The token of the page behind this one (*token: of this one); empty at the end.
bool mlflow_http_turn(mlflow_http *m, arena *a, const json_value *page, str *token, err *e);
str mlflow_http_text_or_empty(mlflow_http *m, arena *a, const json_value *object,
                              const char *key);
int64_t mlflow_http_i64(const json_value *object, const char *key, int64_t otherwise);
double mlflow_http_f64(const json_value *object, const char *key);
// The first element or member of object's `key`, or NULL.
const json_value *mlflow_http_child(const json_value *object, const char *key);

// Of a list of {"key", "value"}.
kv *mlflow_http_pairs(mlflow_http *m, arena *a, const json_value *list, size_t *n);

bool mlflow_http_next_repo(void *src, arena *a, import_repo *out, err *e);
bool mlflow_http_points(void *src, id run_id, source_take take, void *arg, err *e);
bool mlflow_http_files(void *src, const source_owner *o, source_take_file take, void *arg,
                       err *e);
bool mlflow_http_read_file(void *src, const source_owner *o, str path, source_write w,
                           void *arg, err *e);

#endif
