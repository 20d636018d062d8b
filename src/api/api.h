// SPDX-License-Identifier: Apache-2.0
// api: what every dialect shares: the open server behind a request, and who may come in.
#ifndef STEMMA_API_API_H
#define STEMMA_API_API_H

#include "core/core.h"
#include "net/http.h"

// http_config.app of our server.
typedef struct api {
    core *core;
    str token;         // empty: none is needed (then only loopback listens)
    str allowed_hosts; // comma list with * wildcards; empty: private addresses. This machine's
                       // own always
    struct native_feed *feed; // live streams of events; NULL: none are served
    str allowed_origins;      // the same for cross-origin writes; empty: loopback only
} api;

// For http_config.authorise: the Host and Origin rules, then the token. Sets the request's
// user.
bool api_authorise(http_req *r, const http_route *route, err *e);

// For http_config.preflight: what pages of allowed origins may send (CORS).
void api_preflight(http_req *r);

// The context of a request, in the default workspace.
ctx api_ctx(http_req *r);

extern const http_dialect *const api_dialects[]; // NULL-terminated

#endif
