// SPDX-License-Identifier: Apache-2.0
// mlflow_files_points: metric files of the file store: a line a point, "time value step" and
// the data set behind it; a logged model's lines also name the run. A key's points are held at
// once: the same line may stand there twice, and a series is a set. One thread.
#include "base/num.h"
#include "cli/import/mlflow_files.h"

#include <stdlib.h>

#define METRIC_MAX ((size_t)4 << 30) // bytes of one metric's file
#define FIELDS_MAX 8

typedef VEC(point) points;

// "time value [step [data set, digest]]"; of models "time value step run [data set, digest]".
static bool parse(str line, bool of_model, point *p, id *run_id) {
    str f[FIELDS_MAX], rest = line;
    size_t n = 0;
    while (n < FIELDS_MAX && str_split(&rest, ' ', &f[n]))
        n++;
    size_t plain = of_model ? 4 : 3;
    if (n != plain && n != plain + 2 && !(n == 2 && !of_model)) return false;
    *p = (point){0};
    if (!str_to_i64(f[0], &p->time_ms) || !num_parse_f64(f[1], &p->value)) return false;
    if (n > 2 && !str_to_i64(f[2], &p->step)) return false;
    if (of_model && !id_parse(f[3], run_id)) return false;
    if (n == plain + 2) {
        if (!str_is_text(f[plain]) || !str_is_text(f[plain + 1])) return false;
        p->dataset_name = f[plain];
        p->dataset_digest = f[plain + 1];
    }
    return true;
}

// Calls each() for every line; bad ones are told once a file.
static bool each_line(mlflow_files *m, str file, bool of_model, str text,
                      void (*each)(void *arg, const point *p, id run_id), void *arg) {
    size_t bad = 0, line_number = 0, first = 0;
    for (str line; str_split(&text, '\n', &line);) {
        point p;
        id run_id = {0};
        line_number++;
        line = str_trim(line);
        if (!line.n) continue;
        if (parse(line, of_model, &p, &run_id)) {
            each(arg, &p, run_id);
        } else if (!bad++) {
            first = line_number;
        }
    }
    if (bad)
        source_lost(m->log, "file '%.*s/%.*s': %zu lines are no points, the first is line %zu",
                    STR_F(m->root), STR_F(file), bad, first);
    return true;
}

// A metric that can not be read is told.
static bool metric_text(mlflow_files *m, str file, str *text, err *e) {
    if (files_read(m, m->one, file, METRIC_MAX, text, e)) return true;
    source_lost(m->log, "file '%.*s/%.*s': %s", STR_F(m->root), STR_F(file), e->msg);
    e->code = ERR_NONE;
    return false;
}

// ---- models ---------------------------------------------------------------------------------

typedef struct model_lines {
    mlflow_files *m;
    id model, run;
    str dir, key;
    mlflow_model_set *set; // NULL: only note which runs there are
} model_lines;

static void note_run(void *arg, const point *p, id run_id) {
    model_lines *l = arg;
    bool added;
    (void)p;
    str key = arena_str(l->m->a, str_n(run_id.b, sizeof run_id.b));
    model_list **list = (model_list **)map_at(&l->m->models_of_run, key, &added);
    if (added) *list = ARENA_NEW(l->m->a, model_list);
    for (size_t i = 0; i < (*list)->ids.n; i++) {
        if (id_eq((*list)->ids.p[i], l->model)) return;
    }
    vec_push(l->m->a, &(*list)->ids, l->model);
    vec_push(l->m->a, &(*list)->dirs, l->dir);
}

static void add_point(void *arg, const point *p, id run_id) {
    model_lines *l = arg;
    if (!id_eq(run_id, l->run)) return;
    point x = *p;
    x.key = l->key;
    x.model = l->model;
    mlflow_model_set_add(l->set, &x);
}

static bool each_model_line(model_lines *l, err *e) {
    mlflow_files *m = l->m;
    str *keys;
    size_t n;
    str metrics = arena_printf(m->one, "%.*s/metrics", STR_F(l->dir));
    if (!files_keys(m, m->one, metrics, &keys, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        str text, file = arena_printf(m->one, "%.*s/%.*s", STR_F(metrics), STR_F(keys[i]));
        l->key = keys[i];
        if (metric_text(m, file, &text, e))
            each_line(m, file, true, text, l->set ? add_point : note_run, l);
    }
    return true;
}

bool mlflow_files_note_model(mlflow_files *m, str dir, id model_id, err *e) {
    arena_reset(m->one);
    model_lines l = {.m = m, .model = model_id, .dir = arena_str(m->a, dir)};
    return each_model_line(&l, e);
}

// ---- runs -----------------------------------------------------------------------------------

typedef struct run_lines {
    points v;
    arena *a;
    str key;
    mlflow_model_set *set;
} run_lines;

static void add_run_point(void *arg, const point *p, id run_id) {
    run_lines *l = arg;
    (void)run_id;
    point x = *p;
    x.key = l->key;
    if (!mlflow_model_set_has(l->set, &x)) vec_push(l->a, &l->v, x);
}

static bool run_key(mlflow_files *m, str key, mlflow_model_set *set, source_take take,
                    void *arg, err *e) {
    arena *a = arena_new();
    str text;
    str file = arena_printf(a, "%.*s/metrics/%.*s", STR_F(m->run_dir), STR_F(key));
    run_lines l = {.a = a, .set = set, .key = source_text(m->log, a, key, "a metric's key")};
    arena *before = m->one;
    m->one = a;
    bool ok = true;
    if (metric_text(m, file, &text, e)) {
        each_line(m, file, false, text, add_run_point, &l);
        ok = mlflow_give(l.v.p, mlflow_unique(l.v.p, l.v.n), take, arg, e);
    }
    m->one = before;
    arena_free(a);
    return ok;
}

bool mlflow_files_points(void *src, id run_id, source_take take, void *arg, err *e) {
    mlflow_files *m = src;
    str *keys;
    size_t n, n_models;
    arena_reset(m->one);
    mlflow_model_set *set = mlflow_model_set_new(m->one);
    const model_list *list = map_get(&m->models_of_run, str_n(run_id.b, sizeof run_id.b));
    for (size_t i = 0; list && i < list->ids.n; i++) {
        model_lines l = {
            .m = m, .model = list->ids.p[i], .run = run_id, .dir = list->dirs.p[i], .set = set};
        if (!each_model_line(&l, e)) return false;
    }
    str metrics = arena_printf(m->one, "%.*s/metrics", STR_F(m->run_dir));
    if (!files_keys(m, m->one, metrics, &keys, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        if (!run_key(m, keys[i], set, take, arg, e)) return false;
    }
    point *of_models = mlflow_model_set_points(set, &n_models);
    return mlflow_give(of_models, n_models, take, arg, e);
}
