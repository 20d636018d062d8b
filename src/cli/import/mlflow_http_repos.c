// SPDX-License-Identifier: Apache-2.0
// mlflow_http_repos: the model registry of a tracking server, by the same requests as MLflow's
// own client. A search leaves out prompts unless it asks for them. One thread.
#include "cli/import/mlflow_http.h"

#define PROMPTS "tags.`mlflow.prompt.is_prompt` = 'true'"

static const char *const kinds[] = {"", PROMPTS};
#define KINDS (sizeof kinds / sizeof *kinds)

// One page of a search by a filter.
static json_value *search(mlflow_http *m, arena *a, const char *what, str filter, str token,
                          err *e) {
    str where = http_client_escape(a, filter), page = http_client_escape(a, token);
    str path = arena_printf(a, MLFLOW_API "/%s/search?max_results=200%s%.*s%s%.*s", what,
                            where.n ? "&filter=" : "", STR_F(where),
                            page.n ? "&page_token=" : "", STR_F(page));
    return mlflow_http_call(m, a, path, (str){0}, e);
}

// ---- versions -------------------------------------------------------------------------------

// Of a version that was made from another: where its files are; one that was deleted meanwhile
// has none.
static bool read_location(mlflow_http *m, arena *a, str name, version *v, err *e) {
    str rest = str_from(v->source, 8);
    if (!str_starts(v->source, STR("models:/")) || str_find(rest, '/', 0) == SIZE_MAX)
        return true;
    str path =
        arena_printf(a, MLFLOW_API "/model-versions/get-download-uri?name=%.*s&version=%lld",
                     STR_F(http_client_escape(a, name)), (long long)v->number);
    json_value *reply = mlflow_http_call(m, a, path, (str){0}, e);
    if (reply) v->location = mlflow_http_text_or_empty(m, a, reply, "artifact_uri");
    bool gone = !reply && e->code == ERR_NOT_FOUND;
    if (gone) *e = (err){0};
    return reply || gone;
}

static bool read_version(mlflow_http *m, arena *a, const json_value *x, const import_repo *r,
                         version *v, bool *comes, err *e) {
    int64_t created = mlflow_http_i64(x, "creation_timestamp", 0);
    str status = mlflow_http_text_or_empty(m, a, x, "status");
    *v = (version){.number = mlflow_http_i64(x, "version", 0),
                   .created_us = mlflow_us(created),
                   .updated_us =
                       mlflow_us(mlflow_http_i64(x, "last_updated_timestamp", created)),
                   .description = mlflow_http_text_or_empty(m, a, x, "description"),
                   .user = mlflow_http_text_or_empty(m, a, x, "user_id"),
                   .source = mlflow_http_text_or_empty(m, a, x, "source"),
                   .location = STR(""),
                   .run_link = mlflow_http_text_or_empty(m, a, x, "run_link")};
    v->tags = mlflow_http_pairs(m, a, mlflow_http_child(x, "tags"), &v->n_tags);
    mlflow_version_of(v, mlflow_http_text_or_empty(m, a, x, "current_stage"),
                      mlflow_http_text_or_empty(m, a, x, "run_id"),
                      mlflow_http_text_or_empty(m, a, x, "model_id"));
    *comes = !status.n || str_is(status, "READY");
    if (!*comes)
        source_note(m->log, "version %lld of '%.*s' is %.*s, and does not come",
                    (long long)v->number, STR_F(r->row.name), STR_F(status));
    return !*comes || read_location(m, a, r->row.name, v, e);
}

// What a filter says of a name. One with quotes of both kinds it can not say, but a pattern
// that others may fit too.
static const char *named(arena *a, str name) {
    bool single = str_find(name, '\'', 0) != SIZE_MAX;
    if (!single || str_find(name, '"', 0) == SIZE_MAX) {
        const char *quote = single ? "\"" : "'";
        return arena_printf(a, "= %s%.*s%s", quote, STR_F(name), quote).p;
    }
    char *pattern = arena_cstr(a, name);
    for (char *p = pattern; *p; p++)
        if (*p == '\'' || *p == '\\') *p = '_';
    return arena_printf(a, "LIKE '%s'", pattern).p;
}

static bool read_versions(mlflow_http *m, arena *a, import_repo *r, err *e) {
    VEC(version) all = {0};
    str token = {0}, name = r->row.name;
    str filter = arena_printf(a, "name %s%s%s", named(a, name), m->repos.kind ? " AND " : "",
                              kinds[m->repos.kind]);
    do {
        json_value *page = search(m, a, "model-versions", filter, token, e);
        if (!page) return false;
        for (const json_value *x = mlflow_http_child(page, "model_versions"); x; x = x->next) {
            version v;
            bool comes;
            if (!str_eq(mlflow_http_text_or_empty(m, a, x, "name"), name)) continue;
            if (!read_version(m, a, x, r, &v, &comes, e)) return false;
            if (comes) vec_push(a, &all, v);
        }
        if (!mlflow_http_turn(m, a, page, &token, e)) return false;
    } while (token.n);
    r->versions = all.p;
    r->n_versions = all.n;
    mlflow_repo_read(m->log, r);
    return true;
}

// ---- repos ----------------------------------------------------------------------------------

static bool read_repo(mlflow_http *m, arena *a, const json_value *x, import_repo *r, err *e) {
    VEC(kv) aliases = {0};
    int64_t created = mlflow_http_i64(x, "creation_timestamp", 0);
    *r = (import_repo){
        .row = {.name = mlflow_http_text_or_empty(m, a, x, "name"),
                .created_us = mlflow_us(created),
                .updated_us = mlflow_us(mlflow_http_i64(x, "last_updated_timestamp", created)),
                .description = mlflow_http_text_or_empty(m, a, x, "description")}};
    r->row.tags = mlflow_http_pairs(m, a, mlflow_http_child(x, "tags"), &r->row.n_tags);
    for (const json_value *l = mlflow_http_child(x, "aliases"); l; l = l->next) {
        int64_t number = mlflow_http_i64(l, "version", 0);
        vec_push(a, &aliases,
                 (kv){mlflow_http_text_or_empty(m, a, l, "alias"),
                      arena_printf(a, "%lld", (long long)number)});
    }
    if (!read_versions(m, a, r, e)) return false;
    mlflow_repo_aliases(a, r, aliases.p, aliases.n);
    return true;
}

// The next registered model, asking for pages as it goes. NULL at the end and on an error.
static const json_value *next_of(mlflow_http *m, err *e) {
    struct http_repos *p = &m->repos;
    while (!p->at) {
        if (p->begun && !p->token.n) p->kind++;
        if (p->kind == KINDS) return NULL;
        str token = arena_str(m->one, p->token);
        arena_reset(p->a);
        json_value *page =
            search(m, p->a, "registered-models", str_of(kinds[p->kind]), token, e);
        bool turned = page && mlflow_http_turn(m, p->a, page, &token, e);
        // Releases that had no prompts yet do not know such a filter.
        if (!page && p->kind && !token.n && e->code == ERR_INVALID) *e = (err){0};
        arena_reset(m->one);
        if (!turned) return NULL;
        p->begun = true;
        p->token = token;
        p->at = mlflow_http_child(page, "registered_models");
    }
    const json_value *x = p->at;
    p->at = x->next;
    return x;
}

bool mlflow_http_next_repo(void *src, arena *a, import_repo *out, err *e) {
    mlflow_http *m = src;
    const json_value *x = next_of(m, e);
    if (x) return read_repo(m, a, x, out, e);
    if (e->code == ERR_NOT_FOUND) *e = (err){0}; // a server without a registry
    return false;
}
