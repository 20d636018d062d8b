// SPDX-License-Identifier: Apache-2.0
// mlflow_http_data: a run's points (one key at once: a file store behind the server may tell a
// point twice), and files. One thread.
#include "cli/import/mlflow_http.h"

#include <stdlib.h>

#define DEPTH_MAX 64
#define HISTORY   "/api/2.0/mlflow/metrics/get-history"

// ---- points ---------------------------------------------------------------------------------

static bool read_history(mlflow_http *m, arena *a, str run_id, str key, mlflow_model_set *set,
                         http_points *out, err *e) {
    str token = {0}, escaped = http_client_escape(a, key);
    do {
        arena *page_a = arena_new();
        str path =
            arena_printf(page_a, HISTORY "?run_id=%.*s&metric_key=%.*s&max_results=25000%s%.*s",
                         STR_F(run_id), STR_F(escaped), token.n ? "&page_token=" : "",
                         STR_F(http_client_escape(page_a, token)));
        json_value *page = mlflow_http_call(m, page_a, path, (str){0}, e);
        for (const json_value *x = mlflow_http_child(page, "metrics"); x; x = x->next) {
            point p = {.key = key,
                       .step = mlflow_http_i64(x, "step", 0),
                       .time_ms = mlflow_http_i64(x, "timestamp", 0),
                       .value = mlflow_http_f64(x, "value")};
            if (!mlflow_model_set_has(set, &p)) vec_push(a, out, p);
        }
        if (page) mlflow_http_turn(m, a, page, &token, e);
        arena_free(page_a);
    } while (token.n && e->code == ERR_NONE);
    return e->code == ERR_NONE;
}

bool mlflow_http_points(void *src, id of, source_take take, void *arg, err *e) {
    mlflow_http *m = src;
    arena_reset(m->one);
    str run_id = id_str(m->one, of);
    mlflow_model_set *set = mlflow_model_set_new(m->one);
    const http_points *of_models = map_get(&m->models_of_run, str_n(of.b, sizeof of.b));
    for (size_t i = 0; of_models && i < of_models->n; i++)
        mlflow_model_set_add(set, &of_models->p[i]);
    for (size_t i = 0; i < m->keys.n; i++) {
        arena *a = arena_new();
        http_points v = {0};
        bool ok = read_history(m, a, run_id, m->keys.p[i], set, &v, e) &&
                  mlflow_give(v.p, mlflow_unique(v.p, v.n), take, arg, e);
        arena_free(a);
        if (!ok) return false;
    }
    size_t n;
    const point *p = mlflow_model_set_points(set, &n);
    return mlflow_give(p, n, take, arg, e);
}

// ---- files ----------------------------------------------------------------------------------

static str list_path(arena *a, const source_owner *o, str folder, str token) {
    str own = id_str(a, o->id), escaped = http_client_escape(a, folder);
    str more = token.n
                   ? arena_printf(a, "&page_token=%.*s", STR_F(http_client_escape(a, token)))
                   : STR("");
    return o->is_model
               ? arena_printf(a,
                              "/api/2.0/mlflow/logged-models/m-%.*s/artifacts/directories?"
                              "artifact_directory_path=%.*s%.*s",
                              STR_F(own), STR_F(escaped), STR_F(more))
               : arena_printf(a, "/api/2.0/mlflow/artifacts/list?run_id=%.*s&path=%.*s%.*s",
                              STR_F(own), STR_F(escaped), STR_F(more));
}

typedef struct walk {
    mlflow_http *m;
    const source_owner *o;
    source_take_file take;
    void *arg;
} walk;

static bool walk_folder(const walk *w, arena *a, str folder, int depth, err *e) {
    str token = {0};
    do {
        json_value *page =
            mlflow_http_call(w->m, a, list_path(a, w->o, folder, token), (str){0}, e);
        if (!page && e->code != ERR_UNAVAILABLE && e->code != ERR_DEADLINE) {
            source_lost(w->m->log, "the files of %s: %s", id_str(a, w->o->id).p, e->msg);
            e->code = ERR_NONE;
            return true;
        }
        if (!page) return false;
        for (const json_value *x = mlflow_http_child(page, "files"); x; x = x->next) {
            str path = mlflow_http_text(w->m, a, x, "path");
            const json_value *is_dir = json_get(x, "is_dir");
            bool folder_there = is_dir && is_dir->type == JSON_TRUE;
            if (!path.n || depth == DEPTH_MAX) continue;
            bool ok = folder_there ? walk_folder(w, a, path, depth + 1, e)
                                   : w->take(w->arg, path,
                                             (uint64_t)mlflow_http_i64(x, "file_size", 0), e);
            if (!ok) return false;
        }
        if (!mlflow_http_turn(w->m, a, page, &token, e)) return false;
    } while (token.n);
    return true;
}

bool mlflow_http_files(void *src, const source_owner *o, source_take_file take, void *arg,
                       err *e) {
    arena *a = arena_new();
    walk w = {src, o, take, arg};
    bool ok = walk_folder(&w, a, (str){0}, 0, e);
    arena_free(a);
    return ok;
}

bool mlflow_http_read_file(void *src, const source_owner *o, str path, source_write w,
                           void *arg, err *e) {
    mlflow_http *m = src;
    arena *a = arena_new();
    str own = id_str(a, o->id), escaped = http_client_escape(a, path);
    http_exchange x = {.method = "GET", .write = w, .arg = arg};
    x.path = o->is_model
                 ? arena_printf(a,
                                "/ajax-api/2.0/mlflow/logged-models/m-%.*s/artifacts/files?"
                                "artifact_file_path=%.*s",
                                STR_F(own), STR_F(escaped))
                 : arena_printf(a, "/get-artifact?run_uuid=%.*s&path=%.*s", STR_F(own),
                                STR_F(escaped));
    bool ok = http_client_do(m->client, a, &x, e);
    if (ok && x.status != 200)
        ok = err_set(e, ERR_NOT_FOUND, "the tracking server answered %d", x.status);
    arena_free(a);
    return ok;
}
