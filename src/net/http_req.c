// SPDX-License-Identifier: Apache-2.0
// What a handler asks of its request, and the request's end: one log line, the counts, its
// memory.
#include "net/http_internal.h"

#include <stdlib.h>

enum { LOG_PATH_MAX = 300 };

arena *http_arena(http_req *r) {
    return r->a;
}

void *http_app(http_req *r) {
    return r->w->s->c.app;
}

const http_route *http_route_of(http_req *r) {
    return r->match.bound ? r->match.bound->route : NULL;
}

http_method http_method_of(http_req *r) {
    return r->head.method;
}

bool http_is_head(http_req *r) {
    return r->head.is_head;
}

str http_path(http_req *r) {
    return r->head.path;
}

str http_query(http_req *r) {
    return r->head.query;
}

str http_param(http_req *r, const char *name) {
    const http_bound *b = r->match.bound;
    for (size_t i = 0; b && i < b->n_names; i++)
        if (str_is(b->names[i], name)) return r->match.values[i];
    return (str){0};
}

str http_header(http_req *r, const char *lower_case_name) {
    return http_head_field(&r->head, lower_case_name);
}

str http_media_type(http_req *r) {
    str type = http_header(r, "content-type");
    return str_trim(str_upto(type, str_find(type, ';', 0)));
}

str http_peer(http_req *r) {
    return r->peer;
}

bool http_peer_is_loopback(http_req *r) {
    return r->c->loopback;
}

void http_set_user(http_req *r, str name, bool proven) {
    r->user = arena_str(r->a, name);
    r->user_proven = proven;
}

str http_user(http_req *r, bool *proven) {
    if (proven) *proven = r->user_proven;
    return r->user;
}

void http_keep(http_req *r, const void *found) {
    r->kept = found;
}

const void *http_kept(const http_req *r) {
    return r->kept;
}

const char *http_perm_name(http_perm p) {
#define NAME(name, doc) [PERM_##name] = #name,
    static const char *const names[] = {[PERM_NONE_] = "NONE", PERM_TABLE(NAME)};
#undef NAME
    return names[p];
}

// ---- the end --------------------------------------------------------------------------
static const char *method_name(const http_req *r) {
    if (r->head.is_head) return "HEAD";
    if (r->head.is_options) return "OPTIONS";
    switch (r->head.method) {
    case HTTP_GET: return "GET";
    case HTTP_POST: return "POST";
    case HTTP_PUT: return "PUT";
    case HTTP_PATCH: return "PATCH";
    case HTTP_DELETE: return "DELETE";
    }
    return "-";
}

static void log_line(http_req *r, int64_t us) {
    buf line = BUF_MAX(4096);
    json_writer w = json_writer_new(&line);
    json_m_string(&w, "method", str_of(method_name(r)));
    json_m_string(&w, "path", str_upto(r->head.path, LOG_PATH_MAX));
    json_m_i64(&w, "status", r->status);
    json_m_i64(&w, "in", (int64_t)r->bytes_in);
    json_m_i64(&w, "out", (int64_t)r->bytes_out);
    json_m_i64(&w, "us", us);
    if (r->user.n) json_m_string(&w, "user", str_upto(r->user, LOG_PATH_MAX));
    json_m_string(&w, "peer", r->peer);
    if (r->cut) json_m_bool(&w, "cut", true);
    log_fields(LOG_INFO, "request", buf_view(&line));
    buf_free(&line);
}

static void observe(const http_route *route, int64_t us) {
    if (route->perm == PERM_PUBLIC || route->flags & HTTP_NO_LOG) return;
    if (route->flags & (HTTP_STREAM_BODY | HTTP_LONG))
        METRIC_TIME(http_long, us);
    else if (route->perm <= PERM_READ)
        METRIC_TIME(http_read, us);
    else
        METRIC_TIME(http_write, us);
}

static void account(http_req *r) {
    int64_t us = clock_mono_us() - r->began;
    METRIC_ADD(http_requests_total, 1);
    if (r->status >= 500 && r->status != 501) METRIC_ADD(http_errors_total, 1);
    METRIC_ADD(http_bytes_in_total, (int64_t)r->bytes_in);
    METRIC_ADD(http_bytes_out_total, (int64_t)r->bytes_out);
    const http_route *route = http_route_of(r);
    if (route) observe(route, us);
    bool quiet = route && route->flags & HTTP_NO_LOG;
    if (!quiet && log_get_level() <= LOG_INFO) log_line(r, us);
}

void http_req_free(http_req *r, http_worker *w) {
    account(r);
    http_json_release(r, w);
    http_body_free(&r->body);
    http_deflate_free(r->deflate);
    buf_free(&r->extra);
    r->c->req = NULL;
    arena *a = r->a; // r lies in it
    if (w->spare) {
        arena_free(a);
    } else {
        arena_reset(a);
        w->spare = a;
    }
}
