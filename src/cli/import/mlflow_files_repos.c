// SPDX-License-Identifier: Apache-2.0
// mlflow_files_repos: the model registry of MLflow's file store: a folder a registered model in
// "models", with a folder a version, and its tags and aliases as files. One thread.
#include "cli/import/mlflow_files.h"

#include "base/num.h"

#define MODELS "models"

// "version-7" -> 7
static bool is_version(str name, int64_t *number) {
    return str_starts(name, STR("version-")) && str_to_i64(str_from(name, 8), number);
}

static bool read_version(mlflow_files *m, arena *a, str dir, version *v, bool *comes,
                         import_repo *r, err *e) {
    yaml_map y;
    *comes = files_meta(m, a, dir, &y, true);
    if (!*comes) return r->partial = true;
    int64_t created = yaml_i64(&y, "creation_timestamp", 0);
    str stage = files_get(m, a, &y, "current_stage"), status = files_get(m, a, &y, "status");
    v->created_us = mlflow_us(created);
    v->updated_us = mlflow_us(yaml_i64(&y, "last_updated_timestamp", created));
    v->description = files_get(m, a, &y, "description");
    v->user = files_get(m, a, &y, "user_id");
    v->source = files_get(m, a, &y, "source");
    v->location = files_get(m, a, &y, "storage_location");
    v->run_link = files_get(m, a, &y, "run_link");
    mlflow_version_of(v, stage, files_get(m, a, &y, "run_id"), files_get(m, a, &y, "model_id"));
    *comes = !str_is(stage, MLFLOW_DELETED);
    if (*comes && status.n && !str_is(status, "READY")) {
        source_note(m->log, "'%.*s/%.*s' is %.*s, and does not come", STR_F(m->root),
                    STR_F(dir), STR_F(status));
        *comes = false;
    }
    return files_pairs(m, a, arena_printf(a, "%.*s/tags", STR_F(dir)), &v->tags, &v->n_tags, e);
}

static bool read_versions(mlflow_files *m, arena *a, str dir, import_repo *r, err *e) {
    VEC(version) all = {0};
    folder_entry *f;
    size_t n;
    if (!folder_list_in(a, m->root, dir, FILES_MAX, &f, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        version v = {0};
        bool comes;
        if (!f[i].is_dir || !is_version(f[i].name, &v.number)) continue;
        str below = arena_printf(a, "%.*s/%.*s", STR_F(dir), STR_F(f[i].name));
        if (!read_version(m, a, below, &v, &comes, r, e)) return false;
        mlflow_number_is_taken(r, v.number);
        if (comes) vec_push(a, &all, v);
    }
    r->versions = all.p;
    r->n_versions = all.n;
    return true;
}

static bool read_repo(mlflow_files *m, arena *a, str dir, const yaml_map *y, import_repo *r,
                      err *e) {
    kv *aliases;
    size_t n;
    int64_t created = yaml_i64(y, "creation_timestamp", 0);
    *r = (import_repo){
        .row = {.name = files_get(m, a, y, "name"),
                .created_us = mlflow_us(created),
                .updated_us = mlflow_us(yaml_i64(y, "last_updated_timestamp", created)),
                .description = files_get(m, a, y, "description")}};
    str tags = arena_printf(a, "%.*s/tags", STR_F(dir));
    str names = arena_printf(a, "%.*s/aliases", STR_F(dir));
    if (!files_pairs(m, a, tags, &r->row.tags, &r->row.n_tags, e) ||
        !read_versions(m, a, dir, r, e) || !files_pairs(m, a, names, &aliases, &n, e))
        return false;
    mlflow_repo_read(m->log, r);
    mlflow_repo_aliases(a, r, aliases, n);
    return true;
}

bool mlflow_files_next_repo(void *src, arena *a, import_repo *out, err *e) {
    mlflow_files *m = src;
    if (!m->repos &&
        !folder_list_in(m->a, m->root, STR(MODELS), FILES_MAX, &m->repos, &m->n_repos, e)) {
        if (e->code == ERR_NOT_FOUND) *e = (err){0};
        return false;
    }
    while (m->repo_at < m->n_repos) {
        const folder_entry *f = &m->repos[m->repo_at++];
        yaml_map y;
        str dir = arena_printf(a, MODELS "/%.*s", STR_F(f->name));
        if (f->is_dir && files_meta(m, a, dir, &y, true))
            return read_repo(m, a, dir, &y, out, e);
    }
    return false;
}
