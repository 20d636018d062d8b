// SPDX-License-Identifier: Apache-2.0
// client: see client.h.
#include "cli/client.h"

#include "api/api.h"
#include "cli/local.h"

#include <stdlib.h>

struct cli_client {
    arena *a; // the command's
    http_client *http;
    str url, token, workspace;
    str place;        // the URL that was given, or the folder and its database
    cli_local *local; // the server within, or NULL
    int64_t error_at;
};

// What the command line names goes before what the environment does.
bool cli_is_within(const cli_options *o) {
    if (cli_said(o, "url")) return false;
    if (cli_said(o, "data") || cli_said(o, "db")) return true;
    return !cli_given(o, "url") && (cli_given(o, "data") || cli_given(o, "db"));
}

static str folder_place(const cli_options *o, arena *a) {
    char *real = realpath(arena_cstr(a, o->data), NULL);
    str place = arena_printf(a, "%s\n%.*s", real ? real : "", STR_F(o->db));
    free(real);
    return place;
}

static cli_client *connect_with(const cli_options *o, arena *a, int64_t within_us,
                                int64_t stall_us, err *e) {
    cli_client *c = mem_alloc(sizeof *c);
    http_client_config config = {
        .url = o->url, .token = o->token, .within_us = within_us, .stall_us = stall_us};
    c->a = a;
    c->error_at = -1;
    bool within = cli_is_within(o);
    if (within) {
        c->local = cli_local_start(o, a, e);
        if (c->local) {
            config.url = cli_local_url(c->local);
            config.token = cli_local_token(c->local);
        }
    }
    c->place = within ? folder_place(o, a) : config.url;
    c->url = config.url;
    c->token = config.token;
    if (!within || c->local) c->http = http_client_new(&config, e);
    if (c->http && (!o->workspace.n || cli_use_workspace(c, o->workspace, e))) return c;
    cli_disconnect(c);
    return NULL;
}

cli_client *cli_connect(const cli_options *o, arena *a, err *e) {
    return connect_with(o, a, 0, 0, e);
}

cli_client *cli_connect_within(const cli_options *o, arena *a, int64_t within_us, err *e) {
    return connect_with(o, a, within_us, 0, e);
}

cli_client *cli_connect_patient(const cli_options *o, arena *a, int64_t stall_us, err *e) {
    return connect_with(o, a, 0, stall_us, e);
}

void cli_disconnect(cli_client *c) {
    if (!c) return;
    http_client_free(c->http);
    cli_local_stop(c->local);
    free(c);
}

str cli_client_url(const cli_client *c) {
    return c->url;
}

str cli_client_token(const cli_client *c) {
    return c->token;
}

static str workspace_header(arena *a, str workspace) {
    return workspace.n ? arena_printf(a, "X-MLflow-Workspace: %.*s\n", STR_F(workspace))
                       : (str){0};
}

http_client_config cli_http_config(const cli_client *c, arena *a) {
    return (http_client_config){
        .url = c->url, .token = c->token, .headers = workspace_header(a, c->workspace)};
}

bool cli_use_workspace(cli_client *c, str name, err *e) {
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= ' ' || (unsigned char)name.p[i] >= 0x7f)
            return err_set(e, ERR_INVALID, "'%.*s' is no name of a workspace",
                           STR_F(str_upto_code_points(name, 100)));
    c->workspace = name;
    http_client_set_headers(c->http, workspace_header(c->a, name));
    return true;
}

str cli_client_workspace(const cli_client *c) {
    return c->workspace;
}

str cli_client_place(const cli_client *c) {
    str ws = c->workspace.n ? c->workspace : STR(WORKSPACE_DEFAULT_NAME);
    return arena_printf(c->a, "%.*s\n%.*s", STR_F(c->place), STR_F(ws));
}

str cli_page_link(const cli_client *c, arena *a, str path) {
    if (c->local) return (str){0};
    str url = c->url, ws = c->workspace;
    while (url.n && url.p[url.n - 1] == '/')
        url.n--;
    return arena_printf(a, "%.*s/#/%.*s%s%.*s", STR_F(url), STR_F(path),
                        ws.n ? "?workspace=" : "", STR_F(http_client_escape(a, ws)));
}

arena *cli_use_arena(cli_client *c, arena *a) {
    arena *before = c->a;
    c->a = a;
    return before;
}

// A code out of the table by its name in problem details; else one that fits the status.
static err_code code_of(str name, int status) {
    for (int i = 1; i < ERR_COUNT_; i++) {
        if (str_is(name, err_about((err_code)i)->name)) return (err_code)i;
    }
    return status == 404 ? ERR_NOT_FOUND : status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
}

bool cli_reply_ok(arena *a, const http_exchange *x, err *e) {
    if (x->status < 400) return true;
    json_value *v = json_parse(a, x->reply, 0, NULL);
    const json_value *detail = v ? json_get(v, "detail") : NULL;
    const json_value *code = v ? json_get(v, "code") : NULL;
    const json_value *at = v ? json_get(v, "at") : NULL;
    int64_t place =
        at && at->type == JSON_INT && at->i >= 0 && at->i < UINT32_MAX ? at->i + 1 : 0;
    if (!detail || !code) {
        return err_set(e, code_of((str){0}, x->status),
                       "the server answered with status %d and no reason: is it a Stemma?",
                       x->status);
    }
    err_set(e, code_of(code->text, x->status), "%.*s", STR_F(detail->text));
    e->place = (uint32_t)place;
    return false;
}

bool cli_exchange(cli_client *c, http_exchange *x, err *e) {
    c->error_at = -1;
    if (!http_client_do(c->http, c->a, x, e)) return false;
    if (cli_reply_ok(c->a, x, e)) return true;
    c->error_at = (int64_t)e->place - 1;
    return false;
}

int64_t cli_error_at(const cli_client *c) {
    return c->error_at;
}

json_value *cli_call(cli_client *c, const char *method, str path, str body, str *text, err *e) {
    http_exchange x = {.method = method,
                       .path = arena_printf(c->a, "/api/v1%.*s", STR_F(path)),
                       .content_type = body.n ? "application/json" : NULL,
                       .body = body};
    str why = {0};
    if (!cli_exchange(c, &x, e)) return NULL;
    if (text) *text = x.reply;
    json_value *v = json_parse(c->a, x.reply, 0, &why);
    if (!v) err_set(e, ERR_UNAVAILABLE, "the server's answer is not JSON: %.*s", STR_F(why));
    return v;
}
