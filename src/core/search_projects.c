// SPDX-License-Identifier: Apache-2.0
// search_projects: workspaces hold thousands of projects, so they are read page by page and
// evaluated one by one. The pages are snapshots of their own: a project that is renamed
// meanwhile may be seen by its old or its new name.
#include "core/search_internal.h"

#define PAGE 500

typedef struct row {
    const project *p;
    const search_activity *activity;
    arena *a; // of the page
    search_cell cell;
} row;

// *changes: whether somebody asks for SEARCH_CHANGED, which takes statements of its own.
static bool type_of(void *changes, const search_field *f, search_type *t, err *e) {
    *t = SEARCH_T_TEXT;
    if (f->domain == SEARCH_TAG) return true;
    if (f->domain != SEARCH_ATTRIBUTE)
        return err_set(e, ERR_INVALID, "Projects are compared by attributes and tags");
    switch (f->which) {
    case SEARCH_ID: // the number as text
    case SEARCH_NAME:
    case SEARCH_ARTIFACT_URI: return true;
    case SEARCH_NUMBER:
    case SEARCH_CREATED:
    case SEARCH_UPDATED: *t = SEARCH_T_INT; return true;
    case SEARCH_CHANGED:
        *t = SEARCH_T_INT;
        *(bool *)changes = true;
        return true;
    default: return err_set(e, ERR_INVALID, "Projects do not have this attribute");
    }
}

static void get_attribute(row *r, int which) {
    search_cell *c = &r->cell;
    c->has = true;
    switch (which) {
    case SEARCH_ID: c->text = arena_printf(r->a, "%lld", (long long)r->p->number); return;
    case SEARCH_NAME: c->text = r->p->name; return;
    case SEARCH_ARTIFACT_URI: c->text = r->p->artifact_location; return;
    case SEARCH_NUMBER: c->i = r->p->number; return;
    case SEARCH_CREATED: c->i = r->p->created_ms; return;
    case SEARCH_CHANGED: c->i = r->activity->changed_us; return;
    default: c->i = r->p->updated_ms;
    }
}

static bool get(void *arg, const search_field *f, search_values *out, err *e) {
    (void)e;
    row *r = arg;
    r->cell = (search_cell){0};
    if (f->domain == SEARCH_ATTRIBUTE) get_attribute(r, f->which);
    for (size_t i = 0; f->domain == SEARCH_TAG && i < r->p->n_tags; i++) {
        if (str_eq(r->p->tags[i].key, f->key))
            r->cell = (search_cell){.has = true, .text = r->p->tags[i].value};
    }
    *out = (search_values){&r->cell, 1};
    return true;
}

static id id_of_number(int64_t number) {
    id x = {0};
    for (size_t i = 0; i < 8; i++) {
        x.b[15 - i] = (uint8_t)((uint64_t)number >> (8 * i));
    }
    return x;
}

static int64_t number_of_id(id x) {
    uint64_t v = 0;
    for (size_t i = 8; i < 16; i++) {
        v = v << 8 | x.b[i];
    }
    return (int64_t)v;
}

// What the query sorts by, and behind it the number.
static const search_sort *whole_sort(arena *a, const search_projects_query *q, size_t *n) {
    search_sort *s = ARENA_ARRAY(a, search_sort, q->n_sort + 2);
    if (q->n_sort) memcpy(s, q->sort, q->n_sort * sizeof *s);
    *n = q->n_sort;
    if (!*n)
        s[(*n)++] = (search_sort){
            .field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_CREATED}, .descending = true};
    s[(*n)++] = (search_sort){.field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NUMBER},
                              .descending = q->n_sort > 0};
    return s;
}

static bool offer_all(ctx *c, search_rows *r, view v, bool changes, err *e) {
    int64_t after = -1;
    size_t n = PAGE;
    ctx own = *c;
    own.a = arena_new();
    bool ok = true;
    while (ok && n == PAGE) {
        project *page;
        arena_reset(own.a);
        ok = project_page(&own, v, after, PAGE, &page, &n, e);
        search_activity *activity = ARENA_ARRAY(own.a, search_activity, ok && changes ? n : 0);
        ok = ok && (!changes || search_activities(&own, page, n, false, activity, e));
        for (size_t i = 0; ok && i < n; i++) {
            row x = {.p = &page[i], .activity = changes ? &activity[i] : NULL, .a = own.a};
            ok = search_rows_offer(r, &x, id_of_number(page[i].number), e);
            after = page[i].number;
        }
    }
    arena_free(own.a);
    return ok;
}

// The page's objects; one that went away meanwhile is left out.
static bool read_page(ctx *c, const id *ids, size_t n, project **out, size_t *n_out, err *e) {
    *out = ARENA_ARRAY(c->a, project, n);
    *n_out = 0;
    for (size_t i = 0; i < n; i++) {
        if (project_get(c, number_of_id(ids[i]), &(*out)[*n_out], e))
            ++*n_out;
        else if (e->code == ERR_NOT_FOUND)
            *e = (err){0};
        else
            return false;
    }
    return true;
}

bool search_projects(ctx *c, const search_projects_query *q, project **out, size_t *n,
                     str *next, err *e) {
    arena *a = arena_new();
    bool changes = false;
    search_fields f = {.type_of = type_of, .arg = &changes};
    search_rows r = {.a = a, .get = get, .max = q->max};
    r.hash =
        search_hash_query("projects", NULL, 0, q->view, q->where, q->sort, q->n_sort, (str){0});
    r.sort = whole_sort(a, q, &r.n_sort);
    size_t found = 0;
    bool ok = search_rows_begin(&r, &f, q->where, q->after, e) &&
              offer_all(c, &r, q->view, changes, e);
    id *ids = ok ? search_rows_end(&r, c->a, &found, next) : NULL;
    ok = ok && read_page(c, ids, found, out, n, e);
    arena_free(a);
    return ok;
}
