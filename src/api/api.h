// SPDX-License-Identifier: Apache-2.0
// api: what every dialect shares: the open server behind a request, and who may come in.
#ifndef STEMMA_API_API_H
#define STEMMA_API_API_H

#include "core/user.h"
#include "core/workspace.h"
#include "net/http.h"

// http_config.app of our server.
typedef struct api {
    core *core;
    str token;         // the operator's; empty: there is none. Without it and without users
                       // everybody may do everything (then only loopback listens)
    str allowed_hosts; // comma list with * wildcards; empty: private addresses. This machine's
                       // own always
    struct native_feed *feed; // live streams of events; NULL: none are served
    str allowed_origins;      // the same for cross-origin writes; empty: loopback only
} api;

// Who asks, and as what: of every request that was let in.
typedef struct api_caller {
    int64_t ws; // WORKSPACE_NONE: there is none of that name
    str workspace;
    id user, token;     // zero: the operator, or anybody
    bool known;         // by a token, or the server is open to everybody
    bool operator;      // by the server's token, or the server is open
    bool anybody;       // the server is open
    int64_t expires_us; // of the token; 0: never
    user_role role, at_default;
} api_caller;

// For http_config.authorise: the Host and Origin rules, then the token and what its user may
// do. Sets the request's user.
bool api_authorise(http_req *r, const http_route *route, err *e);
const api_caller *api_caller_of(http_req *r);
// May the caller do what needs `p`? The one place that decides, for routes and for handlers
// whose route may do more than one thing. ERR_FORBIDDEN says which role is needed.
bool api_may(http_req *r, http_perm p, err *e);

// What a reply that stays open keeps of its caller, to ask later whether they may still read.
typedef struct api_seat {
    int64_t ws;
    id user, token;     // zero: the operator, or anybody
    int64_t expires_us; // of the token; 0: never
    bool anybody;       // of a server that was open then
} api_seat;
api_seat api_seat_of(http_req *r);
bool api_seat_holds(core *c, const api_seat *s, bool *holds, err *e);

// The workspaces that the caller may see, a page by name; and one of them, ERR_NOT_FOUND as for
// one that is not there.
bool api_workspaces(http_req *r, str after, size_t max, workspace_row **out, size_t *n, err *e);
bool api_workspace_named(http_req *r, str name, workspace_row *out, err *e);

// Must a request bring a token?
bool api_needs_token(const api *app, bool *needed, err *e);

// For http_config.preflight: what pages of allowed origins may send (CORS).
void api_preflight(http_req *r);

// The header by which a request names its workspace, as MLflow's clients send it; every dialect
// takes it. Absent: the default one.
#define API_WORKSPACE_HEADER "x-mlflow-workspace"

// The context of a request, in the workspace that it names.
ctx api_ctx(http_req *r);

extern const http_dialect *const api_dialects[]; // NULL-terminated

#endif
