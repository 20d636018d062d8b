// SPDX-License-Identifier: Apache-2.0
// local: see local.h. The background threads run as in a server, so that a long import is
// packed while it runs.
#include "cli/local.h"

#include "api/api.h"
#include "api/native/feed.h"
#include "base/hex.h"
#include "base/id.h"

#include <stdio.h>
#include <stdlib.h>

#define STOP_US 5000000

struct cli_local {
    cli_data d;
    api app;
    http_server *s;
    char url[40], token[49];
};

static void make_token(cli_local *l) {
    unsigned char bytes[24];
    random_bytes(bytes, sizeof bytes);
    hex_put(l->token, bytes, sizeof bytes);
    l->token[2 * sizeof bytes] = 0;
}

cli_local *cli_local_start(const cli_options *o, arena *a, err *e) {
    cli_local *l = mem_alloc(sizeof *l);
    make_token(l);
    if (cli_data_there(o, a, e) && cli_open(o, a, true, &l->d, e)) {
        l->app = (api){
            .core = l->d.core, .token = str_of(l->token), .feed = native_feed_start(l->d.core)};
        http_config c = {.host = STR("127.0.0.1"),
                         .dialects = api_dialects,
                         .app = &l->app,
                         .authorise = api_authorise};
        l->s = http_server_start(&c, e);
    }
    if (!l->s) {
        native_feed_stop(l->app.feed);
        cli_close(&l->d);
        free(l);
        return NULL;
    }
    snprintf(l->url, sizeof l->url, "http://127.0.0.1:%d", http_server_port(l->s));
    return l;
}

void cli_local_stop(cli_local *l) {
    if (!l) return;
    http_server_stop(l->s, STOP_US);
    native_feed_stop(l->app.feed);
    cli_close(&l->d);
    free(l);
}

str cli_local_url(const cli_local *l) {
    return str_of(l->url);
}

str cli_local_token(const cli_local *l) {
    return str_of(l->token);
}
