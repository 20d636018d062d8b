// SPDX-License-Identifier: Apache-2.0
// What the dialect's files share. An RPC is a row of rpc (api/rpc.h): its message and a
// function `bool f(call, msg, e)` that calls core and renders; rpc.c and call.c do the rest
// (content type, decoding, errors, the empty reply "{}").
#ifndef STEMMA_API_MLFLOW_INTERNAL_H
#define STEMMA_API_MLFLOW_INTERNAL_H

#include "api/rpc.h"
#include "core/artifact.h"
#include "core/input.h"
#include "core/model.h"
#include "core/project.h"
#include "core/run.h"
#include "core/search.h"
#include "core/series.h"

// The MLflow release whose surface is there: below 3.4 clients send no spans
// (reference/mlflow.md 0.7).
#define MLFLOW_VERSION "3.3.2"

// ---- a call (call.c) ------------------------------------------------------------------------
void mlflow_handle(http_req *r); // of rows whose .data is an rpc
void mlflow_render_error(http_req *r, const err *e);
bool mlflow_invalid(err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));     // ERR_INVALID, false
bool mlflow_missing(err *e, const char *name); // a required parameter is; false

// ---- checks (check.c): MLflow's rules, in its words -----------------------------------------
// ERR_INVALID when it is no integer, ERR_NOT_FOUND when no experiment can have it.
bool mlflow_experiment_id(str text, int64_t *number, err *e);
// Sorted and once each; what no experiment can have is left out.
bool mlflow_experiment_ids(arena *a, msg_list texts, int64_t **numbers, size_t *n, err *e);
bool mlflow_run_id(str text, id *out, err *e);
bool mlflow_model_id(str text, id *out, err *e);
// A metric's, parameter's or tag's name. `path` is how the message calls it, "metrics[3].name";
// `what` what the message on its length calls it.
bool mlflow_check_name(arena *a, str name, str path, str what, err *e);
bool mlflow_check_length(str value, size_t max, const char *what, err *e);
bool mlflow_name_characters(str name); // letters, digits, and _/.-: and space
bool mlflow_check_own_path(arena *a, str name, str path, err *e); // as a path, it means itself
str mlflow_norm_path(arena *a, str path);                         // Python's posixpath.normpath
bool mlflow_is_integer(str text);                                 // a sign, digits
// Says what is wrong with it: below 1, or above `most`. False.
bool mlflow_bad_max_results(int64_t max_results, int most, err *e);
str mlflow_truncate(str value, size_t max);            // code points
bool mlflow_check_location(arena *a, str uri, err *e); // of an experiment's artifacts

// ---- values in messages (quote.c); long ones are cut ----------------------------------------
str mlflow_json_text(arena *a, str s);       // a string as json.dumps writes it
str mlflow_compact_json(arena *a, str json); // JSON text as json.dumps writes it
str mlflow_repr(arena *a, str s);            // a string as Python's repr writes it
str mlflow_float_repr(arena *a, double v);

// ---- rendering (render.c) -------------------------------------------------------------------
void mlflow_experiment(call *k, json_writer *w, const project *p);
void mlflow_run_info(json_writer *w, const run *r);
// A run that was just made has no outputs to speak of: the reference leaves the member out.
void mlflow_run(json_writer *w, const run_view *v, bool is_new);
void mlflow_logged_model(json_writer *w, const model *m, const model_point *points, size_t n);
void mlflow_metric(json_writer *w, str key, const series_value *v); // an object without run_id
void mlflow_model_id_text(char out[ID_HEX + 2], id i);
void mlflow_number_text(json_writer *w, int64_t n);                // a string
void mlflow_list_of_kv(json_writer *w, const kv *items, size_t n); // and the end of the array

// ---- what lies below an artifact uri (artifacts.c) ------------------------------------------
bool mlflow_list_files(call *k, str uri, str client_path, err *e); // replies root_uri and files

// ---- the RPCs, a file an area ---------------------------------------------------------------
extern const rpc mlflow_experiments_create, mlflow_experiments_get,
    mlflow_experiments_get_by_name, mlflow_experiments_search, mlflow_experiments_update,
    mlflow_experiments_delete, mlflow_experiments_restore, mlflow_experiments_set_tag,
    mlflow_experiments_delete_tag, mlflow_experiments_search_datasets;
extern const rpc mlflow_runs_create, mlflow_runs_get, mlflow_runs_update, mlflow_runs_delete,
    mlflow_runs_restore, mlflow_runs_search;
extern const rpc mlflow_log_metric, mlflow_log_parameter, mlflow_log_tag, mlflow_delete_tag,
    mlflow_log_batch, mlflow_log_model, mlflow_log_inputs, mlflow_log_outputs;
extern const rpc mlflow_metrics_history, mlflow_metrics_bulk, mlflow_metrics_interval;
extern const rpc mlflow_models_create, mlflow_models_get, mlflow_models_finalize,
    mlflow_models_delete, mlflow_models_search, mlflow_models_set_tags,
    mlflow_models_delete_tag, mlflow_models_params, mlflow_models_directories;
extern const rpc mlflow_artifacts_list, mlflow_proxy_list;
extern const rpc mlflow_registered_create, mlflow_registered_rename, mlflow_registered_update,
    mlflow_registered_delete, mlflow_registered_get, mlflow_registered_search,
    mlflow_registered_latest, mlflow_registered_set_tag, mlflow_registered_delete_tag,
    mlflow_registered_set_alias, mlflow_registered_delete_alias, mlflow_registered_get_alias;
extern const rpc mlflow_versions_create, mlflow_versions_get, mlflow_versions_update,
    mlflow_versions_delete, mlflow_versions_transition, mlflow_versions_search,
    mlflow_versions_download_uri, mlflow_versions_set_tag, mlflow_versions_delete_tag;

// Handlers that are not RPCs.
void mlflow_get_artifact(http_req *r);
void mlflow_upload_artifact(http_req *r);
void mlflow_model_file(http_req *r);
void mlflow_version_file(http_req *r);
void mlflow_proxy_put(http_req *r);
void mlflow_proxy_get(http_req *r);
void mlflow_proxy_delete(http_req *r);
void mlflow_multipart(http_req *r);
void mlflow_health(http_req *r);
void mlflow_version(http_req *r);
extern const rpc mlflow_workspaces_list, mlflow_workspaces_create, mlflow_workspaces_get,
    mlflow_workspaces_update;
void mlflow_workspaces_delete(http_req *r);
void mlflow_server_info(http_req *r);
void mlflow_metrics(http_req *r);
void mlflow_later(http_req *r);     // 501
void mlflow_not_there(http_req *r); // 404 ENDPOINT_NOT_FOUND, for what clients probe
void mlflow_gateway_stub(http_req *r);

#endif
