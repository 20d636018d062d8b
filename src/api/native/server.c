// SPDX-License-Identifier: Apache-2.0
// server: what this server is and who asks: the first thing that a page or script asks for. A
// 401 to it means that the server wants a token, or another one. Any thread.
#include "api/native/native_internal.h"

#include "base/clock.h"

static const msg_name engines[] = {{"sqlite", DB_SQLITE}, {"postgres", DB_POSTGRES}, {NULL, 0}};

SHAPE(static, server_shape, "Server", FIELD("version", SHAPE_TEXT, 0, "of the program"),
      FIELD("engine", SHAPE_ENUM, 0, "where the records are", .names = engines),
      FIELD("needs_token", SHAPE_BOOL, 0, "must every request bring a token?"),
      FIELD("workspace", SHAPE_TEXT, 0, "where this request works"),
      FIELD("user", SHAPE_TEXT, 0,
            "who asks, as the event log would name them; empty: nobody that is known"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else `user` is only claimed"),
      FIELD("now_us", SHAPE_INT, 0, "the server's clock"));

static bool server(call *k, void *msg, err *e) {
    const api *app = http_app(k->r);
    db_engine engine = db_engine_of(core_db(k->c.core));
    bool needs_token;
    (void)msg;
    if (!api_needs_token(app, &needs_token, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "version", STR(STEMMA_VERSION));
    json_m_string(w, "engine", str_of(engines[engine].name));
    json_m_bool(w, "needs_token", needs_token);
    json_m_string(w, "workspace", api_caller_of(k->r)->workspace);
    json_m_string(w, "user", k->c.user);
    json_m_bool(w, "proven", k->c.proven);
    json_m_i64(w, "now_us", clock_now_us());
    json_object_end(w);
    return true;
}
const rpc native_server = {.fn = server, .reply = &server_shape};
