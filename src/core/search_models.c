// SPDX-License-Identifier: Apache-2.0
// search_models: logged models of some projects, read page by page and evaluated one by one.
// Points of a model are read only for queries that compare or sort by metrics or name data
// sets. A comparison of a metric is true when any point that was logged with the model
// satisfies it (on one of the query's data sets, if it names some); an order uses the latest
// point, by time and then by step.
#include "base/num.h"
#include "base/vec.h"
#include "core/search_internal.h"

#define PAGE 200

typedef struct row {
    const search_models_query *q;
    ctx *c; // with the arena of this row
    const model *m;
    bool has_points;
    model_point *points;
    size_t n_points;
    search_cell cell;
} row;

static bool type_of(void *unused, const search_field *f, search_type *t, err *e) {
    (void)unused;
    *t = f->domain == SEARCH_METRIC ? SEARCH_T_NUM : SEARCH_T_TEXT;
    if (f->domain == SEARCH_DATASET)
        return err_set(e, ERR_INVALID, "Models are not compared by data sets");
    if (f->domain != SEARCH_ATTRIBUTE) return true;
    switch (f->which) {
    case SEARCH_CREATED:
    case SEARCH_UPDATED: *t = SEARCH_T_INT; return true;
    case SEARCH_START:
    case SEARCH_END: return err_set(e, ERR_INVALID, "Models do not have this attribute");
    default: return true; // NUMBER is the project's, as text
    }
}

static str status_text(model_status s) {
    static const str names[] = {STR_K("UNSPECIFIED"), STR_K("PENDING"), STR_K("READY"),
                                STR_K("FAILED")};
    return s < sizeof names / sizeof *names ? names[s] : (str){0};
}

static void get_attribute(row *r, int which) {
    const model *m = r->m;
    search_cell *c = &r->cell;
    *c = (search_cell){.has = true};
    switch (which) {
    case SEARCH_ID: c->text = id_str(r->c->a, m->id); return;
    case SEARCH_NAME: c->text = m->name; return;
    case SEARCH_STATUS: c->text = status_text(m->status); return;
    case SEARCH_ARTIFACT_URI: c->text = m->artifact_uri; return;
    case SEARCH_USER: c->text = m->user; return;
    case SEARCH_TYPE: c->text = m->type; return;
    case SEARCH_SOURCE_RUN:
        c->has = !id_is_zero(m->source_run);
        c->text = id_str(r->c->a, m->source_run);
        return;
    case SEARCH_NUMBER: c->text = arena_printf(r->c->a, "%lld", (long long)m->project); return;
    case SEARCH_CREATED: c->i = m->created_ms; return;
    default: c->i = m->updated_ms;
    }
}

// ---- points --------------------------------------------------------------------------------
static bool read_points(row *r, err *e) {
    if (!r->has_points && !model_points(r->c, r->m->id, &r->points, &r->n_points, e))
        return false;
    r->has_points = true;
    return true;
}

static bool on_dataset(const model_point *p, str name, str digest) {
    return str_eq(p->dataset_name, name) && (!digest.p || str_eq(p->dataset_digest, digest));
}

static bool on_query(const search_models_query *q, const model_point *p) {
    for (size_t i = 0; i < q->n_datasets; i++) {
        str digest = q->dataset_digests ? q->dataset_digests[i] : (str){0};
        if (on_dataset(p, q->dataset_names[i], digest)) return true;
    }
    return !q->n_datasets;
}

static bool later(const model_point *a, const model_point *b) {
    if (a->time_ms != b->time_ms) return a->time_ms > b->time_ms;
    if (a->step != b->step) return a->step > b->step;
    return id_cmp(a->run, b->run) < 0;
}

static bool get_metric(row *r, const search_field *f, search_values *out, err *e) {
    VEC(search_cell) cells = {0};
    const model_point *last = NULL;
    if (!read_points(r, e)) return false;
    for (size_t i = 0; i < r->n_points; i++) {
        const model_point *p = &r->points[i];
        bool fits = f->dataset_name.p ? on_dataset(p, f->dataset_name, f->dataset_digest)
                                      : f->which != SEARCH_ANY || on_query(r->q, p);
        if (!fits || !str_eq(p->key, f->key)) continue;
        if (f->which == SEARCH_ANY)
            vec_push(r->c->a, &cells, (search_cell){.has = true, .i = num_order(p->value)});
        else if (!last || later(p, last))
            last = p;
    }
    if (last)
        vec_push(r->c->a, &cells, (search_cell){.has = true, .i = num_order(last->value)});
    *out = (search_values){cells.p, cells.n};
    return true;
}

static bool get(void *arg, const search_field *f, search_values *out, err *e) {
    row *r = arg;
    if (f->domain == SEARCH_METRIC) return get_metric(r, f, out, e);
    r->cell = (search_cell){0};
    if (f->domain == SEARCH_ATTRIBUTE) get_attribute(r, f->which);
    bool params = f->domain == SEARCH_PARAM;
    const kv *all = params ? r->m->params : r->m->tags;
    size_t n = f->domain == SEARCH_ATTRIBUTE ? 0 : params ? r->m->n_params : r->m->n_tags;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(all[i].key, f->key))
            r->cell = (search_cell){.has = true, .text = all[i].value};
    }
    *out = (search_values){&r->cell, 1};
    return true;
}

// ---- the search ----------------------------------------------------------------------------
static bool offer_one(row *r, search_rows *rows, err *e) {
    bool wanted = !r->q->n_datasets;
    if (!wanted && !read_points(r, e)) return false;
    for (size_t i = 0; !wanted && i < r->n_points; i++) {
        wanted = on_query(r->q, &r->points[i]);
    }
    return !wanted || search_rows_offer(rows, r, r->m->id, e);
}

static bool offer_page(ctx *c, const search_models_query *q, search_rows *rows,
                       const model *page, size_t n, err *e) {
    ctx own = *c;
    own.a = arena_new();
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        arena_reset(own.a);
        row r = {.q = q, .c = &own, .m = &page[i]};
        ok = offer_one(&r, rows, e);
    }
    arena_free(own.a);
    return ok;
}

static bool offer_project(ctx *c, const search_models_query *q, search_rows *rows,
                          int64_t number, err *e) {
    int64_t created = INT64_MAX;
    id after = {0};
    ctx own = *c;
    own.a = arena_new();
    bool ok = true;
    for (size_t n = PAGE; ok && n == PAGE;) {
        model *page;
        arena_reset(own.a);
        ok = model_page(&own, number, created, after, PAGE, &page, &n, e) &&
             offer_page(c, q, rows, page, n, e);
        if (!ok || !n) break;
        created = page[n - 1].created_ms;
        after = page[n - 1].id;
    }
    arena_free(own.a);
    return ok;
}

static const search_sort *whole_sort(arena *a, const search_models_query *q, size_t *n) {
    search_sort *s = ARENA_ARRAY(a, search_sort, q->n_sort + 1);
    if (q->n_sort) memcpy(s, q->sort, q->n_sort * sizeof *s);
    s[q->n_sort] = (search_sort){.field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_CREATED},
                                 .descending = true};
    *n = q->n_sort + 1;
    return s;
}

// A project named twice must not give its models twice.
static bool seen_before(const search_models_query *q, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (q->projects[i] == q->projects[at]) return true;
    }
    return false;
}

static str datasets_text(arena *a, const search_models_query *q) {
    str s = STR("");
    for (size_t i = 0; i < q->n_datasets; i++) {
        str digest = q->dataset_digests ? q->dataset_digests[i] : (str){0};
        s = arena_printf(a, "%.*s%zu:%.*s%s%.*s;", STR_F(s), q->dataset_names[i].n,
                         STR_F(q->dataset_names[i]), digest.p ? "@" : "", STR_F(digest));
    }
    return s;
}

static bool read_page(ctx *c, const id *ids, size_t n, model **out, size_t *n_out, err *e) {
    *out = ARENA_ARRAY(c->a, model, n);
    *n_out = 0;
    for (size_t i = 0; i < n; i++) {
        if (model_get(c, ids[i], &(*out)[*n_out], e))
            ++*n_out;
        else if (e->code == ERR_NOT_FOUND)
            *e = (err){0};
        else
            return false;
    }
    return true;
}

bool search_models(ctx *c, const search_models_query *q, model **out, size_t *n, str *next,
                   err *e) {
    arena *a = arena_new();
    search_fields f = {.type_of = type_of};
    search_rows r = {.a = a, .get = get, .max = q->max};
    r.hash = search_hash_query("models", q->projects, q->n_projects, VIEW_ACTIVE, q->where,
                               q->sort, q->n_sort, datasets_text(a, q));
    r.sort = whole_sort(a, q, &r.n_sort);
    size_t found = 0;
    bool ok = search_rows_begin(&r, &f, q->where, q->after, e);
    for (size_t i = 0; ok && i < q->n_projects; i++) {
        ok = seen_before(q, i) || offer_project(c, q, &r, q->projects[i], e);
    }
    id *ids = ok ? search_rows_end(&r, c->a, &found, next) : NULL;
    ok = ok && read_page(c, ids, found, out, n, e);
    arena_free(a);
    return ok;
}
