// SPDX-License-Identifier: Apache-2.0
// request: the bytes of requests. No Accept-Encoding, so that replies come as they are: what is
// measured ends with the last byte of the plain reply.
#include "load/load.h"

#include <stdio.h>
#include <stdlib.h>

void request_head(slot *s, const load_options *o, const char *method, str path, uint64_t n,
                  const char *type) {
    buf_printf(&s->head, "%s %.*s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: b_load\r\n", method,
               STR_F(path), o->host, (int)o->port);
    if (*o->token) buf_printf(&s->head, "Authorization: Bearer %s\r\n", o->token);
    if (type)
        buf_printf(&s->head, "Content-Type: %s\r\nContent-Length: %llu\r\n", type,
                   (unsigned long long)n);
    buf_str(&s->head, STR("\r\n"));
}

void request(slot *s, const load_options *o, const char *method, str path, str body) {
    request_head(s, o, method, path, body.n, body.p ? "application/json" : NULL);
    buf_str(&s->head, body);
}

typedef struct once {
    const load_options *o;
    const char *method;
    str path, body;
    arena *a;
    str answer;
    int status;
    bool sent;
} once;

static bool once_next(void *arg, slot *s) {
    once *c = arg;
    if (c->sent) return false;
    c->sent = true;
    request(s, c->o, c->method, c->path, c->body);
    return true;
}

static bool once_done(void *arg, slot *s) {
    once *c = arg;
    c->status = s->status;
    c->answer = arena_str(c->a, buf_view(&s->kept));
    return s->status == 200;
}

bool call_once(const load_options *o, arena *a, const char *method, str path, str body,
               str *answer, char error[500]) {
    load_options one = *o;
    one.threads = 1;
    once c = {.o = &one, .method = method, .path = path, .body = body, .a = a};
    load *l = mem_alloc(sizeof *l);
    *l = (load){.o = &one,
                .conns = 1,
                .keep = 16 << 20,
                .arg = &c,
                .next = once_next,
                .done = once_done};
    bool ok = load_run(l, NULL, 0);
    if (!ok) snprintf(error, 500, "%.*s: %.400s", STR_F(path), l->error);
    load_close(l);
    free(l);
    *answer = c.answer;
    return ok;
}
