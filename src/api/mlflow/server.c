// SPDX-License-Identifier: Apache-2.0
// server: what is about the server itself: health, version, the page at /, metrics, and the
// answers of what is not there.
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
               STR("{\"store_type\":\"SqlStore\",\"workspaces_enabled\":false,\"trace_archival_"
                   "enabled\":false}"));
}

void mlflow_gateway_stub(http_req *r) {
    http_reply(r, 200, "application/json", STR("{\"endpoints\":[]}"));
}

static const char index_page[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Stemma</title>"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 "
    "1rem;color:#222}"
    "pre{background:#f3f3f0;padding:1rem;overflow:auto}</style>"
    "<h1>Stemma</h1><p>Version control for language models. This server speaks MLflow's "
    "tracking protocol: point an"
    " unmodified client at it.</p>"
    "<pre>export MLFLOW_TRACKING_URI=http://THIS-HOST:PORT\npython train.py</pre>"
    "<p>Version " STEMMA_VERSION
    ". <a href=\"health\">Health</a>, <a href=\"metrics\">metrics</a>.</p></html>";

void mlflow_index(http_req *r) {
    http_set_header(r, "Content-Security-Policy",
                    STR("default-src 'none'; style-src 'unsafe-inline'"));
    http_reply(r, 200, "text/html; charset=utf-8", STR(index_page));
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
