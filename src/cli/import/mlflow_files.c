// SPDX-License-Identifier: Apache-2.0
// mlflow_files: MLflow's file store (an mlruns folder), as its releases up to 3.x write it.
// Files are opened beneath the root, without symbolic links. Points: mlflow_files_points.c; the
// registry: mlflow_files_repos.c. One thread.
#include "cli/import/mlflow_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_MAX  (4u << 20)
#define VALUE_MAX (64u << 20)
#define DEPTH_MAX 32

// ---- files ----------------------------------------------------------------------------------

bool files_read(mlflow_files *m, arena *a, str below, size_t max, str *out, err *e) {
    struct stat st;
    int fd = folder_open(a, m->root, below, O_RDONLY);
    if (fd < 0 && errno == ENOENT) return err_set(e, ERR_NOT_FOUND, "it is not there");
    if (fd < 0) return err_errno(e, "can not read it");
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!ok || (uint64_t)st.st_size > max) {
        close(fd);
        return err_set(e, ERR_TOO_LARGE, "it is no file, or too long");
    }
    size_t n = (size_t)st.st_size, got = 0;
    char *bytes = arena_bytes(a, n + 1);
    for (ssize_t k = 1; got < n && k > 0; got += k > 0 ? (size_t)k : 0)
        k = read(fd, bytes + got, n - got);
    close(fd);
    *out = (str){bytes, got};
    return true;
}

typedef VEC(str) names;

static bool collect(mlflow_files *m, arena *a, str dir, str prefix, int depth, names *out,
                    err *e) {
    folder_entry *f;
    size_t n;
    if (depth > DEPTH_MAX) return true;
    if (!folder_list_in(a, m->root, dir, FILES_MAX, &f, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        str name = prefix.n ? arena_printf(a, "%.*s/%.*s", STR_F(prefix), STR_F(f[i].name))
                            : f[i].name;
        if (!f[i].is_dir) {
            vec_push(a, out, name);
        } else if (!collect(m, a, arena_printf(a, "%.*s/%.*s", STR_F(dir), STR_F(f[i].name)),
                            name, depth + 1, out, e)) {
            return false;
        }
    }
    return true;
}

bool files_keys(mlflow_files *m, arena *a, str below, str **out, size_t *n, err *e) {
    names v = {0};
    bool ok = collect(m, a, below, (str){0}, 0, &v, e);
    *out = v.p;
    *n = v.n;
    return ok;
}

bool files_pairs(mlflow_files *m, arena *a, str below, kv **out, size_t *n, err *e) {
    str *keys;
    size_t n_keys;
    VEC(kv) v = {0};
    if (!files_keys(m, a, below, &keys, &n_keys, e)) return false;
    for (size_t i = 0; i < n_keys; i++) {
        str file = arena_printf(a, "%.*s/%.*s", STR_F(below), STR_F(keys[i])), value;
        if (!files_read(m, a, file, VALUE_MAX, &value, e)) {
            source_lost(m->log, "file '%.*s/%.*s': %s", STR_F(m->root), STR_F(file), e->msg);
            e->code = ERR_NONE;
            continue;
        }
        value = source_text(m->log, a, value, "a parameter or tag");
        vec_push(a, &v, (kv){keys[i], value});
    }
    *out = v.p;
    *n = v.n;
    return true;
}

bool files_meta(mlflow_files *m, arena *a, str dir, yaml_map *out, bool tell) {
    err e = {0};
    str text, file = arena_printf(a, "%.*s/meta.yaml", STR_F(dir));
    if (files_read(m, a, file, META_MAX, &text, &e) && yaml_read(a, text, out, &e) && out->n)
        return true;
    if (e.code == ERR_NONE) err_set(&e, ERR_MALFORMED, "it is empty");
    if (tell) source_lost(m->log, "'%.*s/%.*s': %s", STR_F(m->root), STR_F(file), e.msg);
    return false;
}

str files_get(mlflow_files *m, arena *a, const yaml_map *y, const char *key) {
    str s = yaml_get(y, key);
    return s.p ? source_text(m->log, a, s, key) : STR("");
}

static lifecycle life_of(const yaml_map *y) {
    return str_is(yaml_get(y, "lifecycle_stage"), "deleted") ? LIFE_DELETED : LIFE_ACTIVE;
}

// ---- experiments ----------------------------------------------------------------------------

static bool is_number(str s) {
    int64_t n;
    return str_to_i64(s, &n) && n >= 0;
}

static bool add_experiments(mlflow_files *m, str dir, err *e) {
    folder_entry *f;
    size_t n;
    if (!folder_list_in(m->a, m->root, dir, FILES_MAX, &f, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        files_experiment x;
        if (!f[i].is_dir || !is_number(f[i].name)) continue;
        str_to_i64(f[i].name, &x.number);
        x.dir =
            dir.n ? arena_printf(m->a, "%.*s/%.*s", STR_F(dir), STR_F(f[i].name)) : f[i].name;
        vec_push(m->a, &m->experiments, x);
    }
    return true;
}

static bool projects(void *src, arena *a, project **out, size_t *n, err *e) {
    mlflow_files *m = src;
    VEC(project) v = {0};
    for (size_t i = 0; i < m->experiments.n; i++) {
        const files_experiment *x = &m->experiments.p[i];
        yaml_map y;
        if (!files_meta(m, a, x->dir, &y, true)) continue;
        project p = {.number = x->number,
                     .name = files_get(m, a, &y, "name"),
                     .artifact_location = files_get(m, a, &y, "artifact_location"),
                     .life = life_of(&y),
                     .created_ms = yaml_i64(&y, "creation_time", 0),
                     .updated_ms = yaml_i64(&y, "last_update_time", 0)};
        str tags = arena_printf(a, "%.*s/tags", STR_F(x->dir));
        if (!files_pairs(m, a, tags, &p.tags, &p.n_tags, e)) return false;
        vec_push(a, &v, p);
    }
    *out = v.p;
    *n = v.n;
    return true;
}

// ---- runs -----------------------------------------------------------------------------------

static str dataset_dir(mlflow_files *m, arena *a, str source_id) {
    const files_experiment *x = &m->experiments.p[m->run_experiment];
    return arena_printf(a, "%.*s/datasets/%.*s", STR_F(x->dir), STR_F(source_id));
}

static void tags_of(mlflow_files *m, arena *a, const yaml_map *y, dataset_input *d) {
    VEC(kv) tags = {0};
    for (size_t i = 0; i < y->n; i++) {
        str key = y->p[i].key;
        if (!str_starts(key, STR("tags."))) continue;
        str name = source_text(m->log, a, str_from(key, 5), "a tag of a data set");
        vec_push(a, &tags,
                 (kv){name, source_text(m->log, a, str_or_empty(y->p[i].value), "a tag")});
    }
    d->tags = tags.p;
    d->n_tags = tags.n;
}

static bool read_dataset(mlflow_files *m, arena *a, const yaml_map *input, dataset_input *d) {
    yaml_map y;
    str source_id = yaml_get(input, "source_id");
    if (!source_id.n || str_find(source_id, '/', 0) != SIZE_MAX ||
        !files_meta(m, a, dataset_dir(m, a, source_id), &y, true))
        return false;
    str schema = yaml_get(&y, "schema"), profile = yaml_get(&y, "profile");
    *d = (dataset_input){
        .dataset = {.name = files_get(m, a, &y, "name"),
                    .digest = files_get(m, a, &y, "digest"),
                    .source_type = files_get(m, a, &y, "source_type"),
                    .source = files_get(m, a, &y, "source"),
                    .schema = schema.p ? files_get(m, a, &y, "schema") : (str){0},
                    .profile = profile.p ? files_get(m, a, &y, "profile") : (str){0}}};
    tags_of(m, a, input, d);
    return true;
}

typedef VEC(model_link) links;

// A folder of inputs or outputs: one folder with a meta.yaml each.
static bool read_links(mlflow_files *m, arena *a, str dir, run_links *l, err *e) {
    VEC(dataset_input) datasets = {0};
    links in = {0}, out = {0};
    static const char *const kinds[] = {"inputs", "outputs"};
    for (size_t k = 0; k < 2; k++) {
        folder_entry *f;
        size_t n;
        str list = arena_printf(a, "%.*s/%s", STR_F(dir), kinds[k]);
        if (!folder_list_in(a, m->root, list, FILES_MAX, &f, &n, e)) return false;
        for (size_t i = 0; i < n; i++) {
            yaml_map y;
            dataset_input d;
            model_link link = {0};
            if (!files_meta(m, a, arena_printf(a, "%.*s/%.*s", STR_F(list), STR_F(f[i].name)),
                            &y, true))
                continue;
            if (k == 0 && str_is(yaml_get(&y, "source_type"), "DATASET")) {
                if (read_dataset(m, a, &y, &d)) vec_push(a, &datasets, d);
            } else if (mlflow_model_id_of(yaml_get(&y, "source_id"), &link.model)) {
                link.step = k ? yaml_i64(&y, "step", 0) : 0;
                vec_push(a, k ? &out : &in, link);
            }
        }
    }
    *l = (run_links){datasets.p, datasets.n, in.p, out.p, in.n, out.n};
    return true;
}

static bool read_run(mlflow_files *m, arena *a, str dir, const yaml_map *y, import_run *out,
                     err *e) {
    int64_t none = INT64_MIN, start = yaml_i64(y, "start_time", none);
    int64_t end = yaml_i64(y, "end_time", none), status = yaml_i64(y, "status", RUN_RUNNING);
    kv *params, *tags;
    *out = (import_run){.row = {.id = out->row.id,
                                .project = m->experiments.p[m->run_experiment].number,
                                .name = files_get(m, a, y, "run_name"),
                                .user = files_get(m, a, y, "user_id"),
                                .status = status < RUN_RUNNING || status > RUN_KILLED
                                              ? RUN_RUNNING
                                              : (run_status)status,
                                .life = life_of(y),
                                .has_start = start != none,
                                .start_ms = start != none ? start : 0,
                                .has_end = end != none,
                                .end_ms = end != none ? end : 0,
                                .artifact_uri = files_get(m, a, y, "artifact_uri")},
                        .deleted_ms = yaml_i64(y, "deleted_time", 0)};
    str params_dir = arena_printf(a, "%.*s/params", STR_F(dir));
    str tags_dir = arena_printf(a, "%.*s/tags", STR_F(dir));
    if (!files_pairs(m, a, params_dir, &params, &out->n_params, e) ||
        !files_pairs(m, a, tags_dir, &tags, &out->n_tags, e)) {
        return false;
    }
    out->params = params;
    out->tags = tags;
    if (!out->row.name.n) out->row.name = mlflow_tag(out, RUN_NAME_TAG);
    return read_links(m, a, dir, &out->links, e);
}

// The folders of the next experiment; false at the end.
static bool next_experiment(mlflow_files *m, size_t *at, arena *a, const char *below,
                            folder_entry **list, size_t *n, err *e) {
    ++*at;
    if (*at >= m->experiments.n) return false;
    arena_reset(a);
    str dir = arena_printf(a, "%.*s%s", STR_F(m->experiments.p[*at].dir), below);
    return folder_list_in(a, m->root, dir, FILES_MAX, list, n, e);
}

static bool next_run(void *src, arena *a, import_run *out, err *e) {
    mlflow_files *m = src;
    for (;;) {
        while (m->run_at == m->n_runs) {
            if (!next_experiment(m, &m->run_experiment, m->runs_a, "", &m->runs, &m->n_runs, e))
                return false;
            m->run_at = 0;
        }
        const folder_entry *f = &m->runs[m->run_at++];
        yaml_map y;
        if (!f->is_dir || !id_parse(f->name, &out->row.id)) continue;
        m->run_dir =
            arena_printf(m->runs_a, "%.*s/%.*s", STR_F(m->experiments.p[m->run_experiment].dir),
                         STR_F(f->name));
        if (files_meta(m, a, m->run_dir, &y, true))
            return read_run(m, a, m->run_dir, &y, out, e);
    }
}

// ---- models ---------------------------------------------------------------------------------

static bool read_model(mlflow_files *m, arena *a, str dir, const yaml_map *y, import_model *out,
                       err *e) {
    *out = (import_model){.m = {.id = out->m.id,
                                .project = m->experiments.p[m->model_experiment].number,
                                .name = files_get(m, a, y, "name"),
                                .type = files_get(m, a, y, "model_type"),
                                .user = STR(""),
                                .status_message = files_get(m, a, y, "status_message"),
                                .artifact_uri = files_get(m, a, y, "artifact_location"),
                                .status = (model_status)yaml_i64(y, "status", MODEL_PENDING),
                                .created_ms = yaml_i64(y, "creation_timestamp", 0),
                                .updated_ms = yaml_i64(y, "last_updated_timestamp", 0)},
                          .life = life_of(y)};
    id_parse(yaml_get(y, "source_run_id"), &out->m.source_run);
    str params = arena_printf(a, "%.*s/params", STR_F(dir));
    str tags = arena_printf(a, "%.*s/tags", STR_F(dir));
    return files_pairs(m, a, params, &out->m.params, &out->m.n_params, e) &&
           files_pairs(m, a, tags, &out->m.tags, &out->m.n_tags, e) &&
           mlflow_files_note_model(m, dir, out->m.id, e);
}

static bool next_model(void *src, arena *a, import_model *out, err *e) {
    mlflow_files *m = src;
    for (;;) {
        while (m->model_at == m->n_models) {
            if (!next_experiment(m, &m->model_experiment, m->models_a, "/models", &m->models,
                                 &m->n_models, e))
                return false;
            m->model_at = 0;
        }
        const folder_entry *f = &m->models[m->model_at++];
        yaml_map y;
        if (!f->is_dir || !mlflow_model_id_of(f->name, &out->m.id)) continue;
        str dir =
            arena_printf(a, "%.*s/models/%.*s",
                         STR_F(m->experiments.p[m->model_experiment].dir), STR_F(f->name));
        if (files_meta(m, a, dir, &y, true)) return read_model(m, a, dir, &y, out, e);
    }
}

// ---- files and opening ----------------------------------------------------------------------

static source_size size_of(void *src) {
    mlflow_files *m = src;
    source_size size = {.points = -1};
    for (size_t i = 0; i < m->experiments.n; i++) {
        err e = {0};
        folder_entry *f;
        size_t n;
        id run_id;
        arena_reset(m->one);
        if (!folder_list_in(m->one, m->root, m->experiments.p[i].dir, FILES_MAX, &f, &n, &e))
            continue;
        for (size_t j = 0; j < n; j++)
            size.runs += f[j].is_dir && id_parse(f[j].name, &run_id);
    }
    return size;
}

static bool has_files(void *src, const source_owner *o) {
    return source_roots_have(&((mlflow_files *)src)->roots, o);
}

static bool files(void *src, const source_owner *o, source_take_file take, void *arg, err *e) {
    mlflow_files *m = src;
    return source_roots_files(&m->roots, o, take, arg, m->log, e);
}

static bool read_file(void *src, const source_owner *o, str path, source_write w, void *arg,
                      err *e) {
    return source_roots_read(&((mlflow_files *)src)->roots, o, path, w, arg, e);
}

static void close_source(void *src) {
    mlflow_files *m = src;
    arena_free(m->runs_a);
    arena_free(m->models_a);
    arena_free(m->one);
    free(m);
}

static const source_ops ops = {.size = size_of,
                               .projects = projects,
                               .next_model = next_model,
                               .next_run = next_run,
                               .next_repo = mlflow_files_next_repo,
                               .points = mlflow_files_points,
                               .has_files = has_files,
                               .files = files,
                               .read_file = read_file,
                               .close = close_source};

static bool is_mlruns(mlflow_files *m, err *e) {
    for (size_t i = 0; i < m->experiments.n; i++) {
        yaml_map y;
        if (files_meta(m, m->a, m->experiments.p[i].dir, &y, false) && yaml_get(&y, "name").n)
            return true;
    }
    return err_set(
        e, ERR_INVALID,
        "'%.*s' is no mlruns folder of MLflow: it has no experiment (a folder named by "
        "a number, with a meta.yaml)",
        STR_F(m->root));
}

bool mlflow_files_open(const source_config *c, source *out, err *e) {
    char *real = realpath(arena_cstr(c->a, c->address), NULL);
    if (!real) return err_errno(e, "can not read '%.*s'", STR_F(c->address));
    mlflow_files *m = mem_alloc(sizeof *m);
    *m = (mlflow_files){.a = c->a,
                        .log = c->log,
                        .root = arena_str(c->a, str_of(real)),
                        .run_experiment = SIZE_MAX,
                        .model_experiment = SIZE_MAX,
                        .runs_a = arena_new(),
                        .models_a = arena_new(),
                        .one = arena_new(),
                        .models_of_run = map_new(c->a)};
    free(real);
    *out = (source){&ops, m, m->root};
    source_roots_add(&m->roots, c->a, m->root);
    str beside = arena_printf(c->a, "%.*s/../mlartifacts", STR_F(m->root));
    if (source_roots_of(&m->roots, c, beside, (str){0}, e) && add_experiments(m, (str){0}, e) &&
        add_experiments(m, STR(".trash"), e) && is_mlruns(m, e))
        return true;
    close_source(m);
    *out = (source){0};
    return false;
}
