// SPDX-License-Identifier: Apache-2.0
// rpc: the way of a call. With an Idempotency-Key it goes on in rpc_once.c. Any thread.
#include "api/rpc.h"

static bool decode(http_req *r, const rpc_style *style, const msg_type *t, void *out, err *e) {
    msg_problem p = {0};
    bool by_query = http_method_of(r) == HTTP_GET && (http_query(r).n || !http_body(r).n);
    bool ok = by_query ? msg_decode_query(t, http_arena(r), http_query(r), out, &p)
                       : msg_decode_json(t, http_arena(r), http_body(r), out, &p);
    return ok || style->describe(http_arena(r), &p, e);
}

json_writer *rpc_reply(call *k) {
    if (!k->w && k->kept) k->w = &k->kept->w;
    if (!k->w) k->w = http_json(k->r, k->status, "application/json");
    return k->w;
}

bool rpc_run(call *k, const rpc *row, const rpc_style *style, err *e) {
    void *msg = row->msg ? arena_alloc(k->c.a, row->msg->size) : NULL;
    return style->check_content_type(k->r, e) &&
           (!msg || decode(k->r, style, row->msg, msg, e)) && row->fn(k, msg, e);
}

void rpc_handle(http_req *r, const rpc_style *style) {
    const rpc *row = http_route_of(r)->data;
    call k = {.r = r, .c = api_ctx(r), .status = row->status ? row->status : 200};
    err e = {0};
    str key = row->creates ? http_header(r, "idempotency-key") : (str){0};
    if (key.p) {
        if (!rpc_once(&k, row, style, key, &e)) http_fail(r, &e);
        return;
    }
    bool ok = rpc_run(&k, row, style, &e);
    if (!ok && k.w)
        http_json_fail(r, &e);
    else if (!ok)
        http_fail(r, &e);
    else if (k.w)
        http_json_end(r);
    else
        http_reply(r, k.status, "application/json", STR("{}"));
}
