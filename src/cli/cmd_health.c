// SPDX-License-Identifier: Apache-2.0
// health: for probes. Never opens a folder: it asks the server that --url names. One thread.
#include "cli/cli_internal.h"
#include "net/client.h"

#include <stdio.h>

#define PATIENCE_US 5000000

static bool get(http_client *c, arena *a, const char *path, http_exchange *x, err *e) {
    *x = (http_exchange){.method = "GET", .path = str_of(path)};
    return http_client_do(c, a, x, e);
}

static bool answers(http_client *c, arena *a, str url, err *e) {
    http_exchange x;
    if (!get(c, a, "/health", &x, e)) return false;
    return (x.status == 200 && str_is(x.reply, "OK")) ||
           err_set(e, ERR_UNAVAILABLE, "%.*s answers with status %d: is it a Stemma?",
                   STR_F(url), x.status);
}

// A page of one project: it needs the token, and the database.
static bool reads(http_client *c, arena *a, str url, err *e) {
    http_exchange x;
    if (!get(c, a, "/api/v1/projects?limit=1", &x, e)) return false;
    return x.status == 200 ||
           err_set(e, ERR_UNAVAILABLE,
                   "%.*s answers, but can not read its records: status %d%s", STR_F(url),
                   x.status, x.status == 401 ? " (another token?)" : "");
}

int cmd_health(const cli_options *o, arena *a) {
    err e = {0};
    http_client_config config = {.url = o->url, .token = o->token, .stall_us = PATIENCE_US};
    http_client *c = http_client_new(&config, &e);
    bool ok = c && answers(c, a, o->url, &e) && (!o->token.n || reads(c, a, o->url, &e));
    http_client_free(c);
    if (!ok) return cli_fail(&e);
    printf(o->json.n ? "{\"status\":\"ok\"}\n" : "ok\n");
    return CLI_OK;
}
