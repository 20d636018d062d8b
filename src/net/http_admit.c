// SPDX-License-Identifier: Apache-2.0
// What is decided about a request from its head alone, before any of its body is read and
// before 100-continue: route, method, permission, size. Called by the thread that has the
// request.
#include "net/http_internal.h"

static void set_allow(http_req *r, unsigned methods) {
    static const char *const names[] = {"GET, HEAD, ", "POST, ", "PUT, ", "PATCH, ",
                                        "DELETE, "};
    str list = {0};
    for (unsigned i = 0; i < 5; i++)
        if (methods & 1u << i) list = arena_printf(r->a, "%.*s%s", STR_F(list), names[i]);
    http_set_header(r, "Allow", arena_printf(r->a, "%.*sOPTIONS", STR_F(list)));
}

static void answer_options(http_req *r) {
    const http_config *cfg = &r->w->s->c;
    set_allow(r, r->match.methods ? r->match.methods : 31u);
    if (cfg->preflight) cfg->preflight(r);
    http_reply(r, 204, NULL, (str){0});
}

static bool authorised(http_req *r) {
    const http_config *cfg = &r->w->s->c;
    err e = {.code = ERR_FORBIDDEN, .msg = "This is not allowed."};
    if (!cfg->authorise || cfg->authorise(r, r->match.bound->route, &e)) return true;
    if (!r->status) http_fail(r, &e);
    return false;
}

bool http_admit(http_req *r) {
    http_server *s = r->w->s;
    http_match *m = &r->match;
    bool star = *r->head.path.p == '*';
    if (!star) http_router_find(s->router, r->a, r->head.path, r->head.method, m);
    r->dialect = m->bound ? m->bound->dialect : http_router_owner(s->router, r->head.path);
    if (r->head.is_options && (star || m->methods)) return answer_options(r), false;
    if (!m->bound && !m->methods)
        return http_fail_code(r, ERR_NO_ENDPOINT, "There is no such route."), false;
    if (!m->bound) {
        set_allow(r, m->methods);
        return http_fail_code(r, ERR_METHOD, "This path does not take this method."), false;
    }
    if (m->broken)
        return http_fail_code(r, ERR_MALFORMED, "The path is not percent-encoded UTF-8."),
               false;
    if (!authorised(r)) return false;
    const http_route *route = m->bound->route;
    bool streams = route->flags & HTTP_STREAM_BODY;
    uint64_t limit = route->max_body || streams ? route->max_body : HTTP_SMALL_BODY;
    if (r->head.framing == HTTP_LENGTH && limit && r->head.length > limit)
        return http_fail_code(r, ERR_TOO_LARGE, "The body is longer than this request takes."),
               false;
    return true;
}
