// SPDX-License-Identifier: Apache-2.0
// search_repos and search_versions: read page by page and evaluated one by one. A search that
// names its repos, or the runs of its versions, reads only theirs, by an index. The pages are
// snapshots of their own: what is renamed meanwhile may be seen by its old or its new name.
#include "core/search_repos.h"

#include "core/search_internal.h"

#define PAGE 200

// One object that is offered.
typedef struct row {
    arena *a;
    str name, source;
    int64_t number, created_us, updated_us;
    id run;
    const kv *tags;
    size_t n_tags;
    search_cell cell;
} row;

static bool type_of(void *versions, const search_field *f, search_type *t, err *e) {
    *t = SEARCH_T_TEXT;
    if (f->domain == SEARCH_TAG) return true;
    if (f->domain != SEARCH_ATTRIBUTE)
        return err_set(e, ERR_INVALID,
                       "Repos and versions are compared by attributes and tags");
    switch (f->which) {
    case SEARCH_CREATED:
    case SEARCH_UPDATED: *t = SEARCH_T_INT; return true;
    case SEARCH_NAME: return true;
    case SEARCH_NUMBER: *t = SEARCH_T_INT; // fall through
    case SEARCH_SOURCE_RUN:
    case SEARCH_ARTIFACT_URI:
        if (versions) return true; // fall through
    default: return err_set(e, ERR_INVALID, "Repos and versions do not have this attribute");
    }
}

static search_cell attribute_of(const row *r, int which) {
    search_cell c = {.has = true};
    switch (which) {
    case SEARCH_NAME: c.text = r->name; break;
    case SEARCH_NUMBER: c.i = r->number; break;
    case SEARCH_SOURCE_RUN: c.text = id_is_zero(r->run) ? STR("") : id_str(r->a, r->run); break;
    case SEARCH_ARTIFACT_URI: c.text = r->source; break;
    case SEARCH_CREATED: c.i = r->created_us / 1000; break;
    default: c.i = r->updated_us / 1000;
    }
    return c;
}

static bool get(void *arg, const search_field *f, search_values *out, err *e) {
    (void)e;
    row *r = arg;
    r->cell = f->domain == SEARCH_ATTRIBUTE ? attribute_of(r, f->which) : (search_cell){0};
    for (size_t i = 0; f->domain == SEARCH_TAG && i < r->n_tags; i++) {
        if (str_eq(r->tags[i].key, f->key))
            r->cell = (search_cell){.has = true, .text = r->tags[i].value};
    }
    *out = (search_values){&r->cell, 1};
    return true;
}

// What the query sorts by, and behind it `ties`.
static const search_sort *whole_sort(arena *a, const search_repos_query *q,
                                     const search_sort *ties, size_t n_ties, size_t *n) {
    search_sort *s = ARENA_ARRAY(a, search_sort, q->n_sort + n_ties);
    if (q->n_sort) memcpy(s, q->sort, q->n_sort * sizeof *s);
    memcpy(s + q->n_sort, ties, n_ties * sizeof *s);
    *n = q->n_sort + n_ties;
    return s;
}

static bool seen_before(const str *texts, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (str_eq(texts[i], texts[at])) return true;
    }
    return false;
}

// What is not there is none of the results.
static bool not_there(err *e) {
    if (e->code != ERR_NOT_FOUND) return false;
    *e = (err){0};
    return true;
}

// ---- repos ----------------------------------------------------------------------------------

static bool offer_repo(search_rows *rows, arena *a, const repo *p, err *e) {
    row r = {.a = a,
             .name = p->name,
             .created_us = p->created_us,
             .updated_us = p->updated_us,
             .tags = p->tags,
             .n_tags = p->n_tags};
    return search_rows_offer(rows, &r, p->id, e);
}

static bool offer_named_repos(ctx *c, search_rows *rows, const str *names, size_t n, err *e) {
    for (size_t i = 0; i < n; i++) {
        repo p;
        arena_reset(c->a);
        if (seen_before(names, i)) continue;
        if (!repo_get(c, names[i], &p, e)) {
            if (!not_there(e)) return false;
        } else if (!offer_repo(rows, c->a, &p, e)) {
            return false;
        }
    }
    return true;
}

static bool offer_all_repos(ctx *c, search_rows *rows, err *e) {
    arena *names = arena_new(); // what the next page begins behind
    str after = STR("");
    bool ok = true;
    for (size_t n = PAGE; ok && n == PAGE;) {
        repo *page;
        arena_reset(c->a);
        ok = repo_page(c, 0, after, PAGE, &page, &n, e);
        for (size_t i = 0; ok && i < n; i++)
            ok = offer_repo(rows, c->a, &page[i], e);
        if (!ok || !n) break;
        arena_reset(names);
        after = arena_str(names, page[n - 1].name);
    }
    arena_free(names);
    return ok;
}

static bool read_repos(ctx *c, const id *ids, size_t n, repo **out, size_t *n_out, err *e) {
    *out = ARENA_ARRAY(c->a, repo, n);
    *n_out = 0;
    for (size_t i = 0; i < n; i++) {
        if (repo_by_id(c, ids[i], &(*out)[*n_out], e))
            ++*n_out;
        else if (!not_there(e))
            return false;
    }
    return true;
}

bool search_repos(ctx *c, const search_repos_query *q, repo **out, size_t *n, str *next,
                  err *e) {
    static const search_sort ties[] = {{{.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NAME}, 0}};
    arena *a = arena_new();
    ctx own = *c;
    own.a = arena_new();
    search_fields f = {.type_of = type_of};
    search_rows r = {.a = a, .get = get, .max = q->max};
    r.hash = search_hash_query("repos", NULL, 0, VIEW_ACTIVE, q->where, q->sort, q->n_sort,
                               (str){0});
    r.sort = whole_sort(a, q, ties, 1, &r.n_sort);
    const str *names;
    size_t n_names, found = 0;
    bool ok = search_rows_begin(&r, &f, q->where, q->after, e);
    if (ok && search_must_be(q->where, SEARCH_NAME, &names, &n_names))
        ok = offer_named_repos(&own, &r, names, n_names, e);
    else
        ok = ok && offer_all_repos(&own, &r, e);
    id *ids = ok ? search_rows_end(&r, c->a, &found, next) : NULL;
    ok = ok && read_repos(c, ids, found, out, n, e);
    arena_free(own.a);
    arena_free(a);
    return ok;
}

// ---- versions -------------------------------------------------------------------------------

static bool offer_versions(search_rows *rows, arena *a, const version *v, size_t n, err *e) {
    for (size_t i = 0; i < n; i++) {
        row r = {.a = a,
                 .name = v[i].repo_name,
                 .source = v[i].source,
                 .number = v[i].number,
                 .run = v[i].run,
                 .created_us = v[i].created_us,
                 .updated_us = v[i].updated_us,
                 .tags = v[i].tags,
                 .n_tags = v[i].n_tags};
        if (!search_rows_offer(rows, &r, v[i].id, e)) return false;
    }
    return true;
}

static bool offer_of_repo(ctx *c, search_rows *rows, str name, err *e) {
    int64_t before = INT64_MAX;
    for (size_t n = PAGE; n == PAGE;) {
        version *page;
        arena_reset(c->a);
        if (!version_page(c, name, before, PAGE, false, &page, &n, e)) return not_there(e);
        if (!offer_versions(rows, c->a, page, n, e)) return false;
        if (n) before = page[n - 1].number;
    }
    return true;
}

// Of a run, or of the workspace (run_id NULL).
static bool offer_by_id(ctx *c, search_rows *rows, const id *run_id, err *e) {
    id after = {0};
    for (size_t n = PAGE; n == PAGE;) {
        version *page;
        arena_reset(c->a);
        bool ok = run_id ? version_of_run(c, *run_id, after, PAGE, &page, &n, e)
                         : version_each(c, after, PAGE, &page, &n, e);
        if (!ok || !offer_versions(rows, c->a, page, n, e)) return false;
        if (n) after = page[n - 1].id;
    }
    return true;
}

// *indexed is false, and nothing is offered, when versions without a run are asked for.
static bool offer_of_runs(ctx *c, search_rows *rows, const str *runs, size_t n, bool *indexed,
                          err *e) {
    id run_id;
    *indexed = true;
    for (size_t i = 0; i < n; i++)
        *indexed &= runs[i].n > 0;
    for (size_t i = 0; *indexed && i < n; i++)
        if (!seen_before(runs, i) && id_parse(runs[i], &run_id) &&
            !offer_by_id(c, rows, &run_id, e))
            return false;
    return true;
}

static bool offer_wanted(ctx *c, search_rows *rows, const search_node *where, err *e) {
    const str *texts;
    size_t n;
    bool indexed = false;
    if (search_must_be(where, SEARCH_SOURCE_RUN, &texts, &n) &&
        !offer_of_runs(c, rows, texts, n, &indexed, e))
        return false;
    if (indexed) return true;
    if (!search_must_be(where, SEARCH_NAME, &texts, &n)) return offer_by_id(c, rows, NULL, e);
    for (size_t i = 0; i < n; i++)
        if (!seen_before(texts, i) && !offer_of_repo(c, rows, texts[i], e)) return false;
    return true;
}

bool search_versions(ctx *c, const search_repos_query *q, id **ids, size_t *n, str *next,
                     err *e) {
    static const search_sort ties[] = {
        {{.domain = SEARCH_ATTRIBUTE, .which = SEARCH_UPDATED}, true},
        {{.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NAME}, false},
        {{.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NUMBER}, true}};
    arena *a = arena_new();
    ctx own = *c;
    own.a = arena_new();
    bool versions = true;
    search_fields f = {.type_of = type_of, .arg = &versions};
    search_rows r = {.a = a, .get = get, .max = q->max};
    r.hash = search_hash_query("versions", NULL, 0, VIEW_ACTIVE, q->where, q->sort, q->n_sort,
                               (str){0});
    size_t given = q->n_sort > 0; // then ties are not decided by time
    r.sort = whole_sort(a, q, ties + given, 3 - given, &r.n_sort);
    bool ok =
        search_rows_begin(&r, &f, q->where, q->after, e) && offer_wanted(&own, &r, q->where, e);
    if (ok) *ids = search_rows_end(&r, c->a, n, next);
    arena_free(own.a);
    arena_free(a);
    return ok;
}
