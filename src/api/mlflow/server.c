// SPDX-License-Identifier: Apache-2.0
// server: what is about the server itself: health, version, metrics, and the answers of
// what is not there.
#include "api/mlflow/mlflow_internal.h"

#include "base/metrics.h"

void mlflow_health(http_req *r) {
    http_reply(r, 200, "text/html; charset=utf-8", STR("OK"));
}

void mlflow_version(http_req *r) {
    http_reply(r, 200, "text/html; charset=utf-8", STR(MLFLOW_VERSION));
}

void mlflow_server_info(http_req *r) {
    http_reply(r, 200, "application/json",
               STR("{\"store_type\":\"SqlStore\",\"workspaces_enabled\":true,\"trace_archival_"
                   "enabled\":false}"));
}

void mlflow_gateway_stub(http_req *r) {
    http_reply(r, 200, "application/json", STR("{\"endpoints\":[]}"));
}

void mlflow_metrics(http_req *r) {
    buf b = BUF_MAX(256u << 10);
    store_room room = store_room_of(core_store(((api *)http_app(r))->core));
    METRIC_SET(data_free_bytes, room.free_bytes);
    METRIC_SET(data_size_bytes, room.size_bytes);
    METRIC_SET(data_free_inodes, room.free_inodes);
    metrics_render(&b);
    http_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_view(&b));
    buf_free(&b);
}

void mlflow_later(http_req *r) {
    err e = {0};
    err_set(&e, ERR_UNIMPLEMENTED, "Stemma does not serve this part of MLflow yet (%s).",
            http_route_of(r)->doc);
    http_fail(r, &e);
}

void mlflow_not_there(http_req *r) {
    err e = {0};
    err_set(&e, ERR_NO_ENDPOINT, "This server does not have the endpoint %.*s.",
            STR_F(str_upto(http_path(r), 300)));
    http_fail(r, &e);
}
