// SPDX-License-Identifier: Apache-2.0
// routes: the dialect's table. Rows that begin with '/' are served as they are, the others
// under /api/ and /ajax-api/. What is not served yet is listed too: rows of mlflow_not_there
// answer 404 ENDPOINT_NOT_FOUND, which clients take for "an older server" and fall back; rows
// of mlflow_later answer 501, which they show.
#include "api/mlflow/mlflow.h"
#include "api/mlflow/mlflow_internal.h"

#define BATCH_BODY (16u << 20)

#define RPC(m, path, perm, rpc, doc) ROUTE(m, path, perm, mlflow_handle, doc, .data = &(rpc))
#define BIG_RPC(m, path, perm, rpc, doc)                                                       \
    ROUTE(m, path, perm, mlflow_handle, doc, .data = &(rpc), .max_body = BATCH_BODY)
#define LATER(path, doc)                                                                       \
    ROUTE(HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE, path, READ,              \
          mlflow_later, doc)
#define PROBED(path, doc)                                                                      \
    ROUTE(HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE, path, READ,              \
          mlflow_not_there, doc)

#define M "2.0/mlflow/"
#define A "2.0/mlflow-artifacts/"
#define R M "registered-models/"
#define V M "model-versions/"
#define W "3.0/mlflow/workspaces"

static const http_route routes[] = {
    // the server itself
    ROUTE(HTTP_GET, "/health", PUBLIC, mlflow_health, "answers OK while the server runs",
          .flags = HTTP_NO_LOG),
    ROUTE(HTTP_GET, "/version", PUBLIC, mlflow_version,
          "the MLflow version whose surface is there", .flags = HTTP_NO_LOG),
    ROUTE(HTTP_GET, "/metrics", READ, mlflow_metrics,
          "what the server counts, in Prometheus' text format", .flags = HTTP_NO_LOG),
    ROUTE(HTTP_GET, "3.0/mlflow/server-info", PUBLIC, mlflow_server_info,
          "what kind of store this is"),

    // experiments
    RPC(HTTP_POST, M "experiments/create", WRITE, mlflow_experiments_create,
        "create an experiment"),
    RPC(HTTP_GET, M "experiments/get", READ, mlflow_experiments_get, "an experiment by its id"),
    RPC(HTTP_GET, M "experiments/get-by-name", READ, mlflow_experiments_get_by_name,
        "an experiment by its name"),
    RPC(HTTP_GET | HTTP_POST, M "experiments/search", READ, mlflow_experiments_search,
        "experiments that match a filter"),
    RPC(HTTP_POST, M "experiments/update", WRITE, mlflow_experiments_update,
        "rename an experiment"),
    RPC(HTTP_POST, M "experiments/delete", WRITE, mlflow_experiments_delete,
        "delete an experiment with its runs"),
    RPC(HTTP_POST, M "experiments/restore", WRITE, mlflow_experiments_restore,
        "restore an experiment with its runs"),
    RPC(HTTP_POST, M "experiments/set-experiment-tag", WRITE, mlflow_experiments_set_tag,
        "set an experiment's tag"),
    RPC(HTTP_POST, M "experiments/delete-experiment-tag", WRITE, mlflow_experiments_delete_tag,
        "delete an experiment's tag"),
    RPC(HTTP_POST, M "experiments/search-datasets", READ, mlflow_experiments_search_datasets,
        "data sets that the runs of experiments used"),

    // runs
    RPC(HTTP_POST, M "runs/create", WRITE, mlflow_runs_create, "begin a run"),
    RPC(HTTP_GET, M "runs/get", READ, mlflow_runs_get,
        "a run with its latest metrics, parameters, tags and inputs"),
    RPC(HTTP_POST, M "runs/update", WRITE, mlflow_runs_update,
        "change a run's state, end or name"),
    RPC(HTTP_POST, M "runs/delete", WRITE, mlflow_runs_delete,
        "delete a run (it can be restored)"),
    RPC(HTTP_POST, M "runs/restore", WRITE, mlflow_runs_restore, "restore a run"),
    RPC(HTTP_POST, M "runs/search", READ, mlflow_runs_search,
        "runs that match a filter, sorted, a page at a time"),
    RPC(HTTP_POST, M "runs/log-metric", WRITE, mlflow_log_metric, "log one point"),
    RPC(HTTP_POST, M "runs/log-parameter", WRITE, mlflow_log_parameter,
        "set a parameter, once"),
    RPC(HTTP_POST, M "runs/set-tag", WRITE, mlflow_log_tag, "set a run's tag"),
    RPC(HTTP_POST, M "runs/delete-tag", WRITE, mlflow_delete_tag, "delete a run's tag"),
    BIG_RPC(HTTP_POST, M "runs/log-batch", WRITE, mlflow_log_batch,
            "log points, parameters and tags, all or nothing"),
    BIG_RPC(HTTP_POST, M "runs/log-model", WRITE, mlflow_log_model,
            "note a model in the run's history tag (clients before 3)"),
    BIG_RPC(HTTP_POST, M "runs/log-inputs", WRITE, mlflow_log_inputs,
            "note the data sets and models that a run reads"),
    RPC(HTTP_POST, M "runs/outputs", WRITE, mlflow_log_outputs,
        "note the models that a run makes"),

    // metrics
    RPC(HTTP_GET, M "metrics/get-history", READ, mlflow_metrics_history,
        "every point of a metric, a page at a time"),
    RPC(HTTP_GET, M "metrics/get-history-bulk", READ, mlflow_metrics_bulk,
        "a metric of up to 100 runs"),
    RPC(HTTP_GET, M "metrics/get-history-bulk-interval", READ, mlflow_metrics_interval,
        "a metric of up to 100 runs, sampled for a chart"),

    // logged models
    BIG_RPC(HTTP_POST, M "logged-models", WRITE, mlflow_models_create, "begin a logged model"),
    RPC(HTTP_POST, M "logged-models/search", READ, mlflow_models_search,
        "logged models that match a filter"),
    RPC(HTTP_GET, M "logged-models/{model_id}", READ, mlflow_models_get,
        "a logged model with its metrics"),
    RPC(HTTP_PATCH, M "logged-models/{model_id}", WRITE, mlflow_models_finalize,
        "end a logged model: ready or failed"),
    RPC(HTTP_DELETE, M "logged-models/{model_id}", WRITE, mlflow_models_delete,
        "delete a logged model"),
    RPC(HTTP_PATCH, M "logged-models/{model_id}/tags", WRITE, mlflow_models_set_tags,
        "set tags of a logged model"),
    RPC(HTTP_DELETE, M "logged-models/{model_id}/tags/{tag_key}", WRITE,
        mlflow_models_delete_tag, "delete a tag of a logged model"),
    BIG_RPC(HTTP_POST, M "logged-models/{model_id}/params", WRITE, mlflow_models_params,
            "add parameters to a logged model"),
    RPC(HTTP_GET, M "logged-models/{model_id}/artifacts/directories", READ,
        mlflow_models_directories, "list a logged model's files"),
    ROUTE(HTTP_GET, M "logged-models/{model_id}/artifacts/files", READ, mlflow_model_file,
          "a logged model's file"),

    // registered models and prompts
    BIG_RPC(HTTP_POST, R "create", WRITE, mlflow_registered_create,
            "create a registered model or a prompt"),
    RPC(HTTP_POST, R "rename", WRITE, mlflow_registered_rename, "rename a registered model"),
    RPC(HTTP_PATCH, R "update", WRITE, mlflow_registered_update, "describe a registered model"),
    RPC(HTTP_DELETE, R "delete", MAINTAIN, mlflow_registered_delete,
        "delete a registered model with its versions"),
    RPC(HTTP_GET, R "get", READ, mlflow_registered_get,
        "a registered model with the newest version of each stage"),
    RPC(HTTP_GET, R "search", READ, mlflow_registered_search,
        "registered models, or prompts, that match a filter"),
    RPC(HTTP_GET | HTTP_POST, R "get-latest-versions", READ, mlflow_registered_latest,
        "the newest version of each stage"),
    RPC(HTTP_POST, R "set-tag", WRITE, mlflow_registered_set_tag,
        "set a registered model's tag"),
    RPC(HTTP_DELETE, R "delete-tag", WRITE, mlflow_registered_delete_tag,
        "delete a registered model's tag"),
    RPC(HTTP_POST, R "alias", WRITE, mlflow_registered_set_alias,
        "point an alias at a version"),
    RPC(HTTP_DELETE, R "alias", WRITE, mlflow_registered_delete_alias, "delete an alias"),
    RPC(HTTP_GET, R "alias", READ, mlflow_registered_get_alias,
        "the version that an alias points at"),

    // model versions
    BIG_RPC(HTTP_POST, V "create", WRITE, mlflow_versions_create,
            "publish a version: what its source holds is sealed"),
    RPC(HTTP_GET, V "get", READ, mlflow_versions_get, "a version"),
    RPC(HTTP_PATCH, V "update", WRITE, mlflow_versions_update, "describe a version"),
    RPC(HTTP_DELETE, V "delete", MAINTAIN, mlflow_versions_delete, "delete a version"),
    RPC(HTTP_POST, V "transition-stage", WRITE, mlflow_versions_transition,
        "take a version to another stage"),
    RPC(HTTP_GET, V "search", READ, mlflow_versions_search, "versions that match a filter"),
    RPC(HTTP_GET, V "get-download-uri", READ, mlflow_versions_download_uri,
        "where a version's files are read"),
    RPC(HTTP_POST, V "set-tag", WRITE, mlflow_versions_set_tag, "set a version's tag"),
    RPC(HTTP_DELETE, V "delete-tag", WRITE, mlflow_versions_delete_tag,
        "delete a version's tag"),
    ROUTE(HTTP_GET, "/model-versions/get-artifact", READ, mlflow_version_file,
          "a version's file"),

    // artifacts
    RPC(HTTP_GET, M "artifacts/list", READ, mlflow_artifacts_list, "list a run's files"),
    ROUTE(HTTP_GET, "/get-artifact", READ, mlflow_get_artifact, "a run's file"),
    ROUTE(HTTP_POST, M "upload-artifact", WRITE, mlflow_upload_artifact,
          "put a file of up to 10 MB into a run", .flags = HTTP_STREAM_BODY),
    RPC(HTTP_GET, A "artifacts", READ, mlflow_proxy_list, "list a folder of the artifact tree"),
    ROUTE(HTTP_PUT, A "artifacts/{path...}", WRITE, mlflow_proxy_put,
          "put a file into the artifact tree", .flags = HTTP_STREAM_BODY),
    ROUTE(HTTP_GET, A "artifacts/{path...}", READ, mlflow_proxy_get,
          "a file of the artifact tree"),
    ROUTE(HTTP_DELETE, A "artifacts/{path...}", WRITE, mlflow_proxy_delete,
          "delete a file or folder of the tree"),
    ROUTE(HTTP_POST, A "mpu/{path...}", WRITE, mlflow_multipart,
          "multipart upload: clients fall back to one PUT"),

    // workspaces
    RPC(HTTP_GET, W, KNOWN, mlflow_workspaces_list, "the workspaces that the caller may see"),
    RPC(HTTP_POST, W, OPERATE, mlflow_workspaces_create,
        "make a workspace with its Default experiment"),
    RPC(HTTP_GET, W "/{workspace}", KNOWN, mlflow_workspaces_get, "a workspace"),
    RPC(HTTP_PATCH, W "/{workspace}", OPERATE, mlflow_workspaces_update,
        "describe a workspace"),
    ROUTE(HTTP_DELETE, W "/{workspace}", OPERATE, mlflow_workspaces_delete,
          "delete a workspace that is empty"),

    // what clients probe in order to fall back
    PROBED("3.0/mlflow/traces", "traces"),
    PROBED("3.0/mlflow/traces/{rest...}", "traces"),
    PROBED(A "presigned/{rest...}", "presigned downloads"),
    PROBED(M "artifacts/presigned-upload-url", "presigned uploads"),
    PROBED(M "artifacts/presigned-download-url", "presigned downloads"),
    PROBED("2.0/mlflow/server-features", "the features of a fork"),

    // what comes later
    LATER(M "traces", "traces"),
    LATER(M "traces/{rest...}", "traces"),
    LATER("/v1/traces", "traces by OTLP"),
    LATER("3.0/mlflow/datasets/{rest...}", "evaluation data sets"),
    LATER("3.0/mlflow/scorers/{rest...}", "scorers"),
    LATER(M "webhooks", "webhooks"),
    LATER(M "webhooks/{rest...}", "webhooks"),
    LATER("/graphql", "GraphQL"),
    LATER(M "users/{rest...}", "users"),
    LATER(M "runs/create-promptlab-run", "the prompt lab"),
    ROUTE(HTTP_GET | HTTP_POST, M "gateway-proxy", READ, mlflow_gateway_stub,
          "no gateway: an empty list of endpoints"),
};

static const char *const prefixes[] = {"/api/", "/ajax-api/", NULL};

static bool owns(str path) {
    (void)path; // what no dialect before it owns
    return true;
}

const http_dialect mlflow_dialect = {
    .name = "mlflow",
    .prefixes = prefixes,
    .routes = routes,
    .n = sizeof routes / sizeof *routes,
    .render_error = mlflow_render_error,
    .owns = owns,
};
