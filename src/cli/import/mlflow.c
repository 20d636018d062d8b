// SPDX-License-Identifier: Apache-2.0
// mlflow: see mlflow.h.
#include "cli/import/mlflow.h"

#include "base/map.h"
#include "base/num.h"
#include "base/vec.h"
#include "core/prompt.h"

#include <math.h>
#include <stdlib.h>

#define PIECE 8192 // points that are given at once

#define NUMBER_MAX (INT64_C(1) << 53) // of a version: what JSON can say

bool mlflow_model_id_of(str text, id *out) {
    return str_starts(text, STR("m-")) && id_parse(str_from(text, 2), out);
}

str mlflow_tag(const import_run *r, const char *key) {
    for (size_t i = 0; i < r->n_tags; i++) {
        if (str_is(r->tags[i].key, key)) return r->tags[i].value;
    }
    return STR("");
}

// ---- the registry ---------------------------------------------------------------------------

void mlflow_version_of(version *v, str stage, str run_id, str model_id) {
    str from = str_starts(v->source, STR("models:/")) ? str_from(v->source, 8) : STR("");
    v->stage = str_is(stage, "None") ? STR("") : str_or_empty(stage);
    id_parse(run_id, &v->run);
    mlflow_model_id_of(model_id.n ? model_id : from, &v->model);
}

static int by_number(const void *x, const void *y) {
    const version *a = x, *b = y;
    return (a->number > b->number) - (a->number < b->number);
}

int64_t mlflow_us(int64_t ms) {
    int64_t us;
    if (!__builtin_mul_overflow(ms, 1000, &us)) return us;
    return ms < 0 ? INT64_MIN : INT64_MAX;
}

static bool is_number(int64_t number) {
    return number > 0 && number <= NUMBER_MAX;
}

void mlflow_number_is_taken(import_repo *r, int64_t number) {
    if (is_number(number) && r->next_number <= number) r->next_number = number + 1;
}

// Their pages move while they are read, so that one may come twice.
static void leave_each_once(source_log *l, import_repo *r) {
    size_t kept = 0;
    for (size_t i = 0; i < r->n_versions; i++) {
        const version *v = &r->versions[i];
        bool known = kept && r->versions[kept - 1].number == v->number;
        if (!is_number(v->number))
            source_lost(l, "version %lld of '%.*s': no version has this number",
                        (long long)v->number, STR_F(r->row.name));
        else if (known)
            source_note(l, "version %lld of '%.*s' was found twice, and came once",
                        (long long)v->number, STR_F(r->row.name));
        else
            r->versions[kept++] = *v;
    }
    r->n_versions = kept;
}

void mlflow_repo_read(source_log *l, import_repo *r) {
    r->row.kind = prompt_is(r->row.tags, r->row.n_tags) ? REPO_PROMPT : REPO_MODEL;
    if (r->n_versions > 1) qsort(r->versions, r->n_versions, sizeof *r->versions, by_number);
    leave_each_once(l, r);
    if (r->n_versions) mlflow_number_is_taken(r, r->versions[r->n_versions - 1].number);
}

void mlflow_repo_aliases(arena *a, import_repo *r, const kv *aliases, size_t n) {
    version **of = ARENA_ARRAY(a, version *, n);
    for (size_t i = 0; i < n; i++) {
        int64_t number;
        of[i] = str_to_i64(aliases[i].value, &number) ? import_version_of(r, number) : NULL;
        if (of[i]) of[i]->n_aliases++;
    }
    for (size_t i = 0; i < r->n_versions; i++) {
        version *v = &r->versions[i];
        v->aliases = ARENA_ARRAY(a, str, v->n_aliases);
        v->n_aliases = 0;
    }
    for (size_t i = 0; i < n; i++)
        if (of[i]) of[i]->aliases[of[i]->n_aliases++] = aliases[i].key;
}

// ---- points ---------------------------------------------------------------------------------

static int by_place(const void *x, const void *y) {
    const point *a = x, *b = y;
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    if (a->time_ms != b->time_ms) return a->time_ms < b->time_ms ? -1 : 1;
    int64_t v = num_order(a->value), w = num_order(b->value);
    return (v > w) - (v < w);
}

// One that names a data set comes before one that names none.
static int by_place_and_set(const void *x, const void *y) {
    int place = by_place(x, y);
    const point *a = x, *b = y;
    return place ? place : (b->dataset_name.n > 0) - (a->dataset_name.n > 0);
}

size_t mlflow_unique(point *p, size_t n) {
    size_t kept = 0;
    if (n > 1) qsort(p, n, sizeof *p, by_place_and_set);
    for (size_t i = 0; i < n; i++) {
        if (!kept || by_place(&p[kept - 1], &p[i]) != 0) p[kept++] = p[i];
    }
    return kept;
}

bool mlflow_give(const point *p, size_t n, source_take take, void *arg, err *e) {
    for (size_t i = 0; i < n; i += PIECE) {
        if (!take(arg, p + i, n - i < PIECE ? n - i : PIECE, e)) return false;
    }
    return true;
}

// ---- points of logged models ----------------------------------------------------------------

typedef struct at_place { // the points of one key, step and time
    size_t index;
    struct at_place *next;
} at_place;

struct mlflow_model_set {
    arena *a;
    map by_place;
    VEC(point) points;
};

mlflow_model_set *mlflow_model_set_new(arena *a) {
    mlflow_model_set *s = ARENA_NEW(a, mlflow_model_set);
    s->a = a;
    s->by_place = map_new(a);
    return s;
}

static str place_of(const point *p, char *room, size_t n) {
    int64_t place[2] = {p->step, p->time_ms};
    size_t key = p->key.n < n - sizeof place ? p->key.n : n - sizeof place;
    memcpy(room, place, sizeof place);
    memcpy(room + sizeof place, p->key.p, key);
    return str_n(room, sizeof place + key);
}

#define PLACE_MAX 1024 // keys that are longer share their places

static bool is_repeat(const point *x, const point *y) {
    return str_eq(x->key, y->key) && id_eq(x->model, y->model) &&
           num_order(x->value) == num_order(y->value) &&
           str_eq(x->dataset_name, y->dataset_name) &&
           str_eq(x->dataset_digest, y->dataset_digest);
}

void mlflow_model_set_add(mlflow_model_set *s, const point *p) {
    char room[PLACE_MAX];
    str place = arena_str(s->a, place_of(p, room, sizeof room));
    at_place **slot = (at_place **)map_at(&s->by_place, place, NULL), *entry;
    for (entry = *slot; entry; entry = entry->next) {
        if (is_repeat(&s->points.p[entry->index], p)) return;
    }
    entry = ARENA_NEW(s->a, at_place);
    *entry = (at_place){s->points.n, *slot};
    *slot = entry;
    vec_push(s->a, &s->points, *p);
}

bool mlflow_model_set_has(mlflow_model_set *s, const point *run_point) {
    char room[PLACE_MAX];
    bool has = false;
    if (!s->points.n) return false;
    at_place *e = map_get(&s->by_place, place_of(run_point, room, sizeof room));
    for (; e; e = e->next) {
        point *p = &s->points.p[e->index];
        if (!str_eq(p->key, run_point->key)) continue;
        if (isnan(run_point->value) && p->value == 0) p->value = (double)NAN;
        has |= num_order(p->value) == num_order(run_point->value);
    }
    return has;
}

point *mlflow_model_set_points(mlflow_model_set *s, size_t *n) {
    *n = s->points.n;
    return s->points.p;
}
