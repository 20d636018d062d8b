// SPDX-License-Identifier: Apache-2.0
// mlflow_http: a tracking server, by the same requests as MLflow's own client: experiments,
// runs and logged models a page at a time. Points and files: mlflow_http_data.c; the registry:
// mlflow_http_repos.c. One thread.
#include "cli/import/mlflow_http.h"

#include "base/msg.h"

#include <stdlib.h>

// ---- requests -------------------------------------------------------------------------------

static bool refused(const http_exchange *x, arena *a, err *e) {
    err_code code = x->status == 404                       ? ERR_NOT_FOUND
                    : x->status == 401 || x->status == 403 ? ERR_UNAUTHENTICATED
                    : x->status >= 500                     ? ERR_UNAVAILABLE
                                                           : ERR_INVALID;
    json_value *v = json_parse(a, x->reply, JSON_NAN, NULL);
    const json_value *message = v && v->type == JSON_OBJECT ? json_get(v, "message") : NULL;
    str why = message && message->type == JSON_STRING ? message->text : STR("no reason");
    return err_set(e, code, "the tracking server answered %d to %.*s: %.*s", x->status,
                   STR_F(str_upto(x->path, 80)), STR_F(str_upto(why, 300)));
}

json_value *mlflow_http_call(mlflow_http *m, arena *a, str path, str body, err *e) {
    str why = {0};
    http_exchange x = {.method = body.n ? "POST" : "GET",
                       .path = path,
                       .content_type = body.n ? "application/json" : NULL,
                       .body = body};
    if (!http_client_do(m->client, a, &x, e)) return NULL;
    if (x.status != 200) {
        refused(&x, a, e);
        return NULL;
    }
    json_value *v = json_parse(a, x.reply, JSON_NAN, &why);
    if (v && v->type == JSON_OBJECT) return v;
    err_set(e, ERR_INVALID, "the answer to %.*s is no JSON object: is this MLflow?",
            STR_F(str_upto(path, 80)));
    return NULL;
}

str mlflow_http_text(mlflow_http *m, arena *a, const json_value *object, const char *key) {
    const json_value *v = object ? json_get(object, key) : NULL;
    if (!v || v->type == JSON_NULL) return (str){0};
    return source_text(m->log, a, v->text, key);
}

str mlflow_http_text_or_empty(mlflow_http *m, arena *a, const json_value *object,
                              const char *key) {
    str s = mlflow_http_text(m, a, object, key);
    return s.p ? s : STR("");
}

bool mlflow_http_turn(mlflow_http *m, arena *a, const json_value *page, str *token, err *e) {
    str next = mlflow_http_text(m, a, page, "next_page_token");
    if (next.n && str_eq(next, *token))
        return err_set(e, ERR_INVALID,
                       "the tracking server gives the same page again and again");
    *token = next;
    return true;
}

// As a number or as a decimal string.
int64_t mlflow_http_i64(const json_value *object, const char *key, int64_t otherwise) {
    const json_value *v = object ? json_get(object, key) : NULL;
    int64_t n = otherwise;
    if (!v) return n;
    if (v->type == JSON_INT) return v->i;
    if (v->type == JSON_STRING) str_to_i64(v->text, &n);
    return n;
}

double mlflow_http_f64(const json_value *object, const char *key) {
    const json_value *v = object ? json_get(object, key) : NULL;
    double f = 0;
    if (!v) return f;
    if (v->type == JSON_STRING) {
        num_parse_f64(v->text, &f);
        return f;
    }
    return v->f;
}

const json_value *mlflow_http_child(const json_value *object, const char *key) {
    const json_value *v = object ? json_get(object, key) : NULL;
    return v ? v->child : NULL;
}

kv *mlflow_http_pairs(mlflow_http *m, arena *a, const json_value *list, size_t *n) {
    VEC(kv) v = {0};
    for (; list; list = list->next)
        vec_push(a, &v,
                 (kv){mlflow_http_text_or_empty(m, a, list, "key"),
                      mlflow_http_text_or_empty(m, a, list, "value")});
    *n = v.n;
    return v.p;
}

static lifecycle life_of(mlflow_http *m, const json_value *object) {
    return str_is(mlflow_http_text_or_empty(m, m->one, object, "lifecycle_stage"), "deleted")
               ? LIFE_DELETED
               : LIFE_ACTIVE;
}

// {"experiment_ids":["7"], ...} with a page token.
static str search_body(arena *a, int64_t experiment, const char *more, str token) {
    buf b = BUF_MAX(1 << 20);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    if (experiment >= 0) {
        json_m_array(&w, "experiment_ids");
        json_string(&w, arena_printf(a, "%lld", (long long)experiment));
        json_array_end(&w);
    }
    json_put(&w, str_of(more));
    if (token.n) json_m_string(&w, "page_token", token);
    json_object_end(&w);
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

// ---- experiments ----------------------------------------------------------------------------

static project project_of(mlflow_http *m, arena *a, const json_value *v) {
    project p = {.number = mlflow_http_i64(v, "experiment_id", -1),
                 .name = mlflow_http_text_or_empty(m, a, v, "name"),
                 .artifact_location = mlflow_http_text_or_empty(m, a, v, "artifact_location"),
                 .life = life_of(m, v),
                 .created_ms = mlflow_http_i64(v, "creation_time", 0),
                 .updated_ms = mlflow_http_i64(v, "last_update_time", 0)};
    p.tags = mlflow_http_pairs(m, a, mlflow_http_child(v, "tags"), &p.n_tags);
    return p;
}

static bool projects(void *src, arena *a, project **out, size_t *n, err *e) {
    mlflow_http *m = src;
    VEC(project) v = {0};
    str token = {0};
    do {
        str body = search_body(a, -1, "\"view_type\":\"ALL\",\"max_results\":1000", token);
        json_value *page =
            mlflow_http_call(m, a, STR(MLFLOW_API "/experiments/search"), body, e);
        if (!page) return false;
        for (const json_value *x = mlflow_http_child(page, "experiments"); x; x = x->next) {
            project p = project_of(m, a, x);
            if (p.number < 0) continue;
            vec_push(a, &v, p);
            vec_push(m->a, &m->experiments, p.number);
        }
        if (!mlflow_http_turn(m, a, page, &token, e)) return false;
    } while (token.n);
    *out = v.p;
    *n = v.n;
    return true;
}

// ---- pages of runs and models ---------------------------------------------------------------

// The next element, asking for pages as it goes. NULL at the end and on an error.
static const json_value *next_of(mlflow_http *m, struct http_page *p, str path,
                                 const char *more, const char *list, err *e) {
    while (!p->at) {
        int64_t experiment;
        if (!p->token.n) p->experiment++;
        if (p->experiment > m->experiments.n) return NULL;
        experiment = m->experiments.p[p->experiment - 1];
        str token = arena_str(m->one, p->token);
        arena_reset(p->a);
        str body = search_body(p->a, experiment, more, token);
        json_value *page = mlflow_http_call(m, p->a, path, body, e);
        bool turned = page && mlflow_http_turn(m, p->a, page, &token, e);
        arena_reset(m->one);
        if (!turned) return NULL;
        p->token = token;
        p->at = mlflow_http_child(page, list);
    }
    const json_value *v = p->at;
    p->at = v->next;
    return v;
}

static run_status status_of(str s) {
    static const char *const names[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_is(s, names[i])) return (run_status)(RUN_RUNNING + (int)i);
    }
    return RUN_RUNNING;
}

static void read_links(mlflow_http *m, arena *a, const json_value *v, run_links *l) {
    VEC(dataset_input) datasets = {0};
    VEC(model_link) in = {0}, out = {0};
    const json_value *inputs = json_get(v, "inputs"), *outputs = json_get(v, "outputs");
    for (const json_value *x = mlflow_http_child(inputs, "dataset_inputs"); x; x = x->next) {
        const json_value *d = json_get(x, "dataset");
        dataset_input i = {
            .dataset = {.name = mlflow_http_text_or_empty(m, a, d, "name"),
                        .digest = mlflow_http_text_or_empty(m, a, d, "digest"),
                        .source_type = mlflow_http_text_or_empty(m, a, d, "source_type"),
                        .source = mlflow_http_text_or_empty(m, a, d, "source"),
                        .schema = mlflow_http_text(m, a, d, "schema"),
                        .profile = mlflow_http_text(m, a, d, "profile")}};
        i.tags = mlflow_http_pairs(m, a, mlflow_http_child(x, "tags"), &i.n_tags);
        vec_push(a, &datasets, i);
    }
    for (const json_value *x = mlflow_http_child(inputs, "model_inputs"); x; x = x->next) {
        model_link link = {0};
        if (mlflow_model_id_of(mlflow_http_text_or_empty(m, a, x, "model_id"), &link.model))
            vec_push(a, &in, link);
    }
    for (const json_value *x = mlflow_http_child(outputs, "model_outputs"); x; x = x->next) {
        model_link link = {.step = mlflow_http_i64(x, "step", 0)};
        if (mlflow_model_id_of(mlflow_http_text_or_empty(m, a, x, "model_id"), &link.model))
            vec_push(a, &out, link);
    }
    *l = (run_links){datasets.p, datasets.n, in.p, out.p, in.n, out.n};
}

static bool read_run(mlflow_http *m, arena *a, const json_value *v, import_run *out) {
    const json_value *info = json_get(v, "info"), *data = json_get(v, "data");
    int64_t none = INT64_MIN, start = mlflow_http_i64(info, "start_time", none);
    int64_t end = mlflow_http_i64(info, "end_time", none);
    *out = (import_run){
        .row = {.project = mlflow_http_i64(info, "experiment_id", -1),
                .name = mlflow_http_text_or_empty(m, a, info, "run_name"),
                .user = mlflow_http_text_or_empty(m, a, info, "user_id"),
                .status = status_of(mlflow_http_text_or_empty(m, a, info, "status")),
                .life = life_of(m, info),
                .has_start = start != none,
                .start_ms = start != none ? start : 0,
                .has_end = end != none,
                .end_ms = end != none ? end : 0,
                .artifact_uri = mlflow_http_text_or_empty(m, a, info, "artifact_uri")}};
    str run_id = mlflow_http_text_or_empty(m, a, info, "run_id");
    if (!id_parse(run_id, &out->row.id)) {
        source_lost(m->log, "run '%.*s': its id is not of 32 hexadecimal digits",
                    STR_F(run_id));
        return false;
    }
    out->params = mlflow_http_pairs(m, a, mlflow_http_child(data, "params"), &out->n_params);
    out->tags = mlflow_http_pairs(m, a, mlflow_http_child(data, "tags"), &out->n_tags);
    if (!out->row.name.n) out->row.name = mlflow_tag(out, RUN_NAME_TAG);
    read_links(m, a, v, &out->links);
    m->keys.n = m->keys.cap = 0;
    for (const json_value *x = mlflow_http_child(data, "metrics"); x; x = x->next)
        vec_push(m->runs.a, &m->keys, mlflow_http_text_or_empty(m, m->runs.a, x, "key"));
    return true;
}

// A search leaves out the models that a run read; the run itself tells them.
static bool read_model_inputs(mlflow_http *m, arena *a, import_run *r, err *e) {
    arena_reset(m->one);
    str path =
        arena_printf(m->one, MLFLOW_API "/runs/get?run_id=%s", id_str(m->one, r->row.id).p);
    json_value *v = mlflow_http_call(m, m->one, path, (str){0}, e);
    const json_value *found = v ? json_get(v, "run") : NULL;
    if (found) read_links(m, a, found, &r->links);
    return v != NULL;
}

static bool next_run(void *src, arena *a, import_run *out, err *e) {
    mlflow_http *m = src;
    // The oldest first, so that runs which begin meanwhile do not move the pages.
    static const char more[] = "\"run_view_type\":\"ALL\",\"max_results\":200,"
                               "\"order_by\":[\"attributes.start_time ASC\"]";
    const json_value *v;
    while ((v = next_of(m, &m->runs, STR(MLFLOW_API "/runs/search"), more, "runs", e))) {
        if (read_run(m, a, v, out)) return !m->has_models || read_model_inputs(m, a, out, e);
    }
    return false;
}

// ---- models ---------------------------------------------------------------------------------

static model_status model_status_of(const json_value *info) {
    static const char *const names[] = {"LOGGED_MODEL_STATUS_UNSPECIFIED",
                                        "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
                                        "LOGGED_MODEL_UPLOAD_FAILED"};
    const json_value *v = json_get(info, "status");
    if (v && v->type == JSON_INT && v->i >= 0 && v->i <= MODEL_FAILED)
        return (model_status)v->i;
    for (size_t i = 0; v && i < sizeof names / sizeof *names; i++) {
        if (str_is(v->text, names[i])) return (model_status)i;
    }
    return MODEL_UNSPECIFIED;
}

// Points of models come with the model; they are asked for by run.
static void keep_points(mlflow_http *m, const json_value *metrics, id model_id) {
    for (const json_value *x = metrics; x; x = x->next) {
        id run_id;
        bool added;
        if (!id_parse(mlflow_http_text_or_empty(m, m->one, x, "run_id"), &run_id)) continue;
        str key = arena_str(m->a, str_n(run_id.b, sizeof run_id.b));
        http_points **list = (http_points **)map_at(&m->models_of_run, key, &added);
        if (added) *list = ARENA_NEW(m->a, http_points);
        point p = {.key = mlflow_http_text_or_empty(m, m->a, x, "key"),
                   .step = mlflow_http_i64(x, "step", 0),
                   .time_ms = mlflow_http_i64(x, "timestamp", 0),
                   .value = mlflow_http_f64(x, "value"),
                   .model = model_id,
                   .dataset_name = mlflow_http_text_or_empty(m, m->a, x, "dataset_name"),
                   .dataset_digest = mlflow_http_text_or_empty(m, m->a, x, "dataset_digest")};
        vec_push(m->a, *list, p);
    }
}

static bool read_model(mlflow_http *m, arena *a, const json_value *v, import_model *out) {
    const json_value *info = json_get(v, "info"), *data = json_get(v, "data");
    *out = (import_model){
        .m = {.project = mlflow_http_i64(info, "experiment_id", -1),
              .name = mlflow_http_text_or_empty(m, a, info, "name"),
              .type = mlflow_http_text_or_empty(m, a, info, "model_type"),
              .user = STR(""),
              .status_message = mlflow_http_text_or_empty(m, a, info, "status_message"),
              .artifact_uri = mlflow_http_text_or_empty(m, a, info, "artifact_uri"),
              .status = info ? model_status_of(info) : MODEL_UNSPECIFIED,
              .created_ms = mlflow_http_i64(info, "creation_timestamp_ms", 0),
              .updated_ms = mlflow_http_i64(info, "last_updated_timestamp_ms", 0)}};
    str model_id = mlflow_http_text_or_empty(m, a, info, "model_id");
    id_parse(mlflow_http_text_or_empty(m, a, info, "source_run_id"), &out->m.source_run);
    out->m.params =
        mlflow_http_pairs(m, a, mlflow_http_child(data, "params"), &out->m.n_params);
    out->m.tags = mlflow_http_pairs(m, a, mlflow_http_child(info, "tags"), &out->m.n_tags);
    if (!mlflow_model_id_of(model_id, &out->m.id)) {
        source_lost(m->log, "logged model '%.*s': its id is not m- and 32 hexadecimal digits",
                    STR_F(model_id));
        return false;
    }
    keep_points(m, mlflow_http_child(data, "metrics"), out->m.id);
    m->has_models = true;
    return true;
}

static bool next_model(void *src, arena *a, import_model *out, err *e) {
    mlflow_http *m = src;
    const json_value *v;
    while ((v = next_of(m, &m->models, STR(MLFLOW_API "/logged-models/search"),
                        "\"max_results\":50", "models", e))) {
        if (read_model(m, a, v, out)) return true;
    }
    // Servers before release 3 have none.
    if (e->code == ERR_NOT_FOUND) e->code = ERR_NONE;
    return false;
}

// ---- opening --------------------------------------------------------------------------------

static source_size size_of(void *src) {
    (void)src;
    return (source_size){-1, -1};
}

static bool has_files(void *src, const source_owner *o) {
    str path;
    (void)src;
    return source_proxied(o->uri, &path) || source_is_local(o->uri, &path);
}

static void close_source(void *src) {
    mlflow_http *m = src;
    http_client_free(m->client);
    arena_free(m->runs.a);
    arena_free(m->models.a);
    arena_free(m->repos.a);
    arena_free(m->one);
    free(m);
}

static const source_ops ops = {.size = size_of,
                               .projects = projects,
                               .next_model = next_model,
                               .next_run = next_run,
                               .next_repo = mlflow_http_next_repo,
                               .points = mlflow_http_points,
                               .has_files = has_files,
                               .files = mlflow_http_files,
                               .read_file = mlflow_http_read_file,
                               .close = close_source};

static str environment(const char *name) {
    const char *v = getenv(name);
    return str_of(v ? v : "");
}

// https://user:password@host -> the three; else what MLflow's client takes from the
// environment.
static http_client_config credentials(arena *a, str url) {
    http_client_config c = {.url = url, .token = environment("MLFLOW_TRACKING_TOKEN")};
    c.user = environment("MLFLOW_TRACKING_USERNAME");
    c.password = environment("MLFLOW_TRACKING_PASSWORD");
    size_t scheme = str_find_str(url, STR("://"), 0) + 3;
    size_t at = str_find(url, '@', scheme), slash = str_find(url, '/', scheme);
    if (at == SIZE_MAX || (slash != SIZE_MAX && slash < at)) return c;
    str both = str_upto(str_from(url, scheme), at - scheme);
    size_t colon = str_find(both, ':', 0);
    msg_unescape(a, str_upto(both, colon), false, &c.user);
    msg_unescape(a, colon == SIZE_MAX ? (str){0} : str_from(both, colon + 1), false,
                 &c.password);
    c.url =
        arena_printf(a, "%.*s%.*s", STR_F(str_upto(url, scheme)), STR_F(str_from(url, at + 1)));
    c.token = (str){0};
    return c;
}

bool mlflow_http_open(const source_config *c, source *out, err *e) {
    http_client_config config = credentials(c->a, c->address);
    http_client *client = http_client_new(&config, e);
    if (!client) return false;
    mlflow_http *m = mem_alloc(sizeof *m);
    *m = (mlflow_http){.a = c->a,
                       .log = c->log,
                       .client = client,
                       .one = arena_new(),
                       .models_of_run = map_new(c->a)};
    m->runs.a = arena_new();
    m->models.a = arena_new();
    m->repos.a = arena_new();
    *out = (source){&ops, m, config.url};
    // Asked early: whatever is no MLflow says so here.
    str body = search_body(m->one, -1, "\"max_results\":1", (str){0});
    if (!mlflow_http_call(m, m->one, STR(MLFLOW_API "/experiments/search"), body, e)) {
        if (e->code == ERR_NOT_FOUND)
            err_set(e, ERR_INVALID, "'%.*s' is no tracking server of MLflow",
                    STR_F(config.url));
        source_close(out);
        return false;
    }
    source_note(m->log,
                "deleted logged models do not come: a tracking server does not list them");
    return true;
}
