// SPDX-License-Identifier: Apache-2.0
// rpc: how a JSON request comes in and goes out, for every dialect. A row names the message
// that the request is decoded by, the function that calls core and renders, and (native) the
// shape of the reply, from which the OpenAPI page is made. What differs between dialects, the
// words for a wrong message and the shape of errors, is theirs: rpc_style, and
// http_dialect.render_error.
#ifndef STEMMA_API_RPC_H
#define STEMMA_API_RPC_H

#include "api/api.h"
#include "base/msg.h"
#include "core/event.h"

// One request at work. State is the request's; any thread.
typedef struct call {
    http_req *r;
    ctx c;
    json_writer *w;        // NULL until the reply begins
    int status;            // of the reply, when it begins
    struct rpc_kept *kept; // the reply is kept whole (Idempotency-Key); NULL: it may stream
} call;

struct shape;

typedef struct rpc {
    const msg_type *msg; // NULL: takes no message
    bool (*fn)(call *k, void *msg, err *e);
    const struct shape *reply; // native/shape.h; NULL: "{}", or what fn itself replies
    const char *gives;         // content types with spaces between; NULL: application/json
    int status;                // 0: 200
    // Of a row that creates, and so takes an Idempotency-Key (core/once.h): the event of its
    // creation, and how it replies once more for the object of that event.
    event_kind creates;
    bool (*again)(call *k, str object, err *e);
} rpc;

typedef struct rpc_style {
    // Words a problem as an error; always false.
    bool (*describe)(arena *a, const msg_problem *p, err *e);
    // Does the request say what its body is?
    bool (*check_content_type)(http_req *r, err *e);
} rpc_style;

// The handler of rows whose .data is an rpc: decodes (GET by its query, others by their body),
// runs, and ends the reply: what was begun, the error, or "{}".
void rpc_handle(http_req *r, const rpc_style *style);

// What the files of rpc share: a reply that is kept before it is sent, and the way of a call
// with an Idempotency-Key (rpc_once.c).
typedef struct rpc_kept {
    buf bytes;
    json_writer w;
} rpc_kept;
bool rpc_run(call *k, const rpc *row, const rpc_style *style, err *e);
bool rpc_once(call *k, const rpc *row, const rpc_style *style, str key, err *e); // replies

// Begins the JSON reply (once; later calls give the same writer).
json_writer *rpc_reply(call *k);

#endif
