// SPDX-License-Identifier: Apache-2.0
// What versions hold of the fields that a rule names, out of their evaluations and their runs
// (search_views.c reads those). Each run is read once, whichever versions share it. Any thread.
#include "base/map.h"
#include "base/num.h"
#include "core/evaluation.h"
#include "core/input.h"
#include "core/rule_internal.h"
#include "core/series.h"

#include <math.h>

enum { VALUE_SHOWN = 100 }; // code points of a text

// ---- fields ---------------------------------------------------------------------------------

static bool same_field(const search_field *a, const search_field *b) {
    return a->domain == b->domain && a->which == b->which && str_eq(a->key, b->key);
}

bool rule_type(void *unused, const search_field *f, search_type *t, err *e) {
    *t = SEARCH_T_NUM;
    return f->domain == SEARCH_EVALUATION || search_run_type(unused, f, t, e);
}

size_t rule_field(arena *a, rule_values *v, const search_field *f) {
    size_t i = 0;
    while (i < v->fields.n && !same_field(&v->fields.p[i], f))
        i++;
    if (i == v->fields.n) vec_push(a, &v->fields, *f);
    return i;
}

str rule_field_name(arena *a, const search_field *f) {
    static const char *const attributes[] = {
        [SEARCH_ID] = "id",           [SEARCH_NAME] = "name",
        [SEARCH_STATUS] = "status",   [SEARCH_USER] = "user",
        [SEARCH_START] = "start",     [SEARCH_END] = "end",
        [SEARCH_CREATED] = "created", [SEARCH_NUMBER] = "project",
        [SEARCH_REASON] = "reason",   [SEARCH_DURATION] = "duration",
        [SEARCH_CHANGED] = NULL};
    static const char *const sets[] = {"name", "digest", "context"};
    static const char *const which[] = {"", ".first", ".min", ".max", ""};
    switch (f->domain) {
    case SEARCH_PARAM: return arena_printf(a, "config.%.*s", STR_F(f->key));
    case SEARCH_TAG: return arena_printf(a, "tags.%.*s", STR_F(f->key));
    case SEARCH_METRIC:
        return arena_printf(a, "metrics.%.*s%s", STR_F(f->key), which[f->which]);
    case SEARCH_DATASET: return arena_printf(a, "dataset.%s", sets[f->which]);
    case SEARCH_EVALUATION: return arena_printf(a, "evals.%.*s", STR_F(f->key));
    case SEARCH_ATTRIBUTE: break;
    }
    return str_of(attributes[f->which]);
}

str rule_value_text(arena *a, const search_field *f, const search_values *v) {
    search_type type;
    err unread = {0};
    str out = {0};
    char number[NUM_MAX];
    if (!rule_type(NULL, f, &type, &unread)) return STR("none");
    for (size_t i = 0; i < v->n; i++) {
        const search_cell *c = &v->cells[i];
        if (!c->has) continue;
        str one = type == SEARCH_T_INT   ? str_n(number, num_i64(number, c->i))
                  : type == SEARCH_T_NUM ? str_n(number, num_f64(number, num_unorder(c->i)))
                                         : str_upto_code_points(c->text, VALUE_SHOWN);
        out = arena_printf(a, "%.*s%s%.*s", STR_F(out), out.n ? ", " : "", STR_F(one));
    }
    return out.p ? out : STR("none");
}

// ---- of one run -----------------------------------------------------------------------------

static search_cell number_cell(double d) {
    return (search_cell){.has = true, .i = num_order(d)};
}

static search_cell attr_cell(arena *a, const kv *all, size_t n, const search_field *f) {
    double d;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(all[i].key, f->key)) continue;
        if (f->which == SEARCH_AS_TEXT)
            return (search_cell){.has = true, .text = arena_str(a, all[i].value)};
        if (num_parse_f64(all[i].value, &d)) return number_cell(d);
    }
    return (search_cell){0};
}

static search_cell metric_cell(const run_view *v, const search_field *f) {
    for (size_t i = 0; i < v->n_metrics; i++) {
        const series_summary *s = &v->metrics[i];
        if (!str_eq(s->key, f->key)) continue;
        return number_cell(f->which == SEARCH_FIRST ? s->first.value
                           : f->which == SEARCH_MIN ? s->min
                           : f->which == SEARCH_MAX ? s->max
                                                    : s->last.value);
    }
    return (search_cell){0};
}

static search_cell text_cell(arena *a, str text) {
    return (search_cell){.has = text.p != NULL, .text = arena_str(a, text)};
}

static search_cell attribute_cell(arena *a, const run *r, int which, int64_t now_ms) {
    switch (which) {
    case SEARCH_ID: return text_cell(a, id_str(a, r->id));
    case SEARCH_NAME: return text_cell(a, r->name);
    case SEARCH_STATUS:
        return text_cell(a, search_status_name(search_state(r->life, r->status)));
    case SEARCH_ARTIFACT_URI: return text_cell(a, r->artifact_uri);
    case SEARCH_USER: return text_cell(a, r->user);
    case SEARCH_REASON: return text_cell(a, r->reason);
    case SEARCH_START: return (search_cell){.has = r->has_start, .i = r->start_ms};
    case SEARCH_END: return (search_cell){.has = r->has_end, .i = r->end_ms};
    case SEARCH_CREATED: return (search_cell){.has = true, .i = r->created_us / 1000};
    case SEARCH_NUMBER: return (search_cell){.has = true, .i = r->project};
    case SEARCH_DURATION: break;
    default: return (search_cell){0};
    }
    int64_t end = r->has_end ? r->end_ms : now_ms;
    if (!r->has_start || (!r->has_end && r->status != RUN_RUNNING)) return (search_cell){0};
    return number_cell((double)end / 1000 - (double)r->start_ms / 1000);
}

static search_values set_values(arena *a, const run_links *l, int which) {
    size_t n = l ? l->n_datasets : 0;
    search_cell *cells = ARENA_ARRAY(a, search_cell, n);
    for (size_t i = 0; i < n; i++) {
        const dataset_input *in = &l->datasets[i];
        cells[i] = which == SEARCH_DS_NAME     ? text_cell(a, in->dataset.name)
                   : which == SEARCH_DS_DIGEST ? text_cell(a, in->dataset.digest)
                                               : (search_cell){0};
        for (size_t k = 0; which == SEARCH_DS_CONTEXT && k < in->n_tags; k++)
            if (str_is(in->tags[k].key, "mlflow.data.context"))
                cells[i] = text_cell(a, in->tags[k].value);
    }
    return (search_values){cells, n};
}

static search_values values_of(arena *a, const run_view *v, const search_field *f,
                               int64_t now_ms) {
    if (f->domain == SEARCH_DATASET) return set_values(a, v->links, f->which);
    search_cell *c = ARENA_NEW(a, search_cell);
    *c = f->domain == SEARCH_METRIC  ? metric_cell(v, f)
         : f->domain == SEARCH_PARAM ? attr_cell(a, v->params, v->n_params, f)
         : f->domain == SEARCH_TAG   ? attr_cell(a, v->tags, v->n_tags, f)
                                     : attribute_cell(a, &v->run, f->which, now_ms);
    return (search_values){c, c->has};
}

// ---- of many --------------------------------------------------------------------------------

typedef struct reading {
    arena *a;
    const rule_values *v;
    int64_t now_ms;
    map places; // of a run's id: its place in `ids`, + 1
    VEC(id) ids;
    search_values **of_run; // [place]: [field], NULL: the run is gone or in the bin
    size_t done;
} reading;

static size_t place_of(const reading *r, const id *run_id) {
    const void *p = map_get(&r->places, str_n(run_id->b, sizeof run_id->b));
    return (size_t)((uintptr_t)p - 1);
}

static bool take_view(void *arg, const run_view *x, err *e) {
    reading *r = arg;
    (void)e;
    if (x->run.life != LIFE_ACTIVE) return true;
    search_values *mine = ARENA_ARRAY(r->a, search_values, r->v->fields.n);
    for (size_t i = 0; i < r->v->fields.n; i++)
        mine[i] = values_of(r->a, x, &r->v->fields.p[i], r->now_ms);
    r->of_run[place_of(r, &x->run.id)] = mine;
    return true;
}

// Which keys are read; false: everything has to be.
static bool few_keys(arena *a, const rule_values *v, search_keys *out) {
    VEC(str) keys[3] = {{0}, {0}, {0}};
    for (size_t i = 0; i < v->fields.n; i++) {
        const search_field *f = &v->fields.p[i];
        if (f->domain == SEARCH_DATASET) return false;
        if (f->domain == SEARCH_ATTRIBUTE || f->domain == SEARCH_EVALUATION) continue;
        size_t at = f->domain == SEARCH_PARAM ? 0 : f->domain == SEARCH_TAG ? 1 : 2, k = 0;
        while (k < keys[at].n && !str_eq(keys[at].p[k], f->key))
            k++;
        if (k == keys[at].n) vec_push(a, &keys[at], f->key);
    }
    *out = (search_keys){.params = keys[0].p,
                         .n_params = keys[0].n,
                         .tags = keys[1].p,
                         .n_tags = keys[1].n,
                         .metrics = keys[2].p,
                         .n_metrics = keys[2].n};
    return true;
}

// The first of a version's runs that has a value; of a tag before it the version itself.
static search_values choose(const reading *r, const version_runs *x, size_t field) {
    const search_field *f = &r->v->fields.p[field];
    if (f->domain == SEARCH_TAG) {
        search_cell *own = ARENA_NEW(r->a, search_cell);
        *own = attr_cell(r->a, x->tags, x->n_tags, f);
        if (own->has) return (search_values){own, 1};
    }
    size_t last = f->domain == SEARCH_ATTRIBUTE ? x->made : x->n_runs; // whose name it is
    for (size_t i = 0; i < last; i++) {
        const search_values *of = r->of_run[place_of(r, &x->runs[i])];
        if (of && of[field].n) return of[field];
    }
    return (search_values){0};
}

// A field of evaluations, for all versions.
static bool read_scores(ctx *c, rule_values *v, size_t field, const version_runs *versions,
                        size_t n, err *e) {
    id *ids = ARENA_ARRAY(c->a, id, n);
    double *values = ARENA_ARRAY(c->a, double, n);
    bool *has = ARENA_ARRAY(c->a, bool, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = versions[i].id;
    if (!evaluation_value_of(c, v->fields.p[field].key, ids, n, values, has, e)) return false;
    for (size_t i = 0; i < n; i++) {
        search_cell *cell = ARENA_NEW(c->a, search_cell);
        *cell = has[i] ? number_cell(values[i]) : (search_cell){0};
        v->cells[i * v->fields.n + field] = (search_values){cell, has[i]};
    }
    return true;
}

static bool read_runs(ctx *c, reading *r, const version_runs *versions, size_t n, err *e) {
    search_keys keys;
    const search_keys *only = few_keys(c->a, r->v, &keys) ? &keys : NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < versions[i].n_runs; k++) {
            const id *run_id = &versions[i].runs[k];
            bool added;
            void **at = map_at(&r->places, str_n(run_id->b, sizeof run_id->b), &added);
            if (!added) continue;
            vec_push(c->a, &r->ids, *run_id);
            *at = (void *)(uintptr_t)r->ids.n;
        }
    r->of_run = ARENA_ARRAY(c->a, search_values *, r->ids.n);
    return search_views_of(c, r->ids.p, r->ids.n, only, take_view, r, e);
}

static bool all_scores(const rule_values *v) {
    for (size_t i = 0; i < v->fields.n; i++)
        if (v->fields.p[i].domain != SEARCH_EVALUATION) return false;
    return true;
}

bool rule_read_values(ctx *c, rule_values *v, const version_runs *versions, size_t n,
                      int64_t now_ms, err *e) {
    reading r = {.a = c->a, .v = v, .now_ms = now_ms, .places = map_new(c->a)};
    if (!all_scores(v) && !read_runs(c, &r, versions, n, e)) return false;
    v->cells = ARENA_ARRAY(c->a, search_values, n * v->fields.n);
    for (size_t k = 0; k < v->fields.n; k++) {
        bool scores = v->fields.p[k].domain == SEARCH_EVALUATION;
        if (scores && !read_scores(c, v, k, versions, n, e)) return false;
        for (size_t i = 0; !scores && i < n; i++)
            v->cells[i * v->fields.n + k] = choose(&r, &versions[i], k);
    }
    return true;
}

bool rule_get_values(void *row, const search_field *f, search_values *out, err *e) {
    const rule_row *r = row;
    (void)e;
    size_t i = 0;
    while (i < r->v->fields.n && !same_field(&r->v->fields.p[i], f))
        i++;
    *out =
        i < r->v->fields.n ? r->v->cells[r->version * r->v->fields.n + i] : (search_values){0};
    return true;
}
