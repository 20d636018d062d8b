// SPDX-License-Identifier: Apache-2.0
// runs_search: POST runs/search, and what other requests share with it: which runs they are
// about. Any thread.
#include "api/native/runs.h"
#include "base/clock.h"
#include "base/vec.h"

#include <stdio.h>

#define SORT_MAX    16
#define COLUMNS_MAX 1000

// ---- which runs -----------------------------------------------------------------------------

static bool named_project(void *arg, str name, int64_t *number, err *e) {
    return native_project_named(arg, name, number, e);
}

search_lang runs_lang(call *k) {
    return (search_lang){
        .a = k->c.a, .now_us = clock_now_us(), .project = named_project, .arg = k};
}

static bool all_projects(call *k, search_query *out, err *e) {
    VEC(int64_t) numbers = {0};
    project *page;
    int64_t after = -1;
    size_t n = NATIVE_PAGE_MAX;
    while (n == NATIVE_PAGE_MAX) {
        if (!project_page(&k->c, VIEW_ALL, after, NATIVE_PAGE_MAX, &page, &n, e)) return false;
        for (size_t i = 0; i < n; i++)
            vec_push(k->c.a, &numbers, page[i].number);
        if (n) after = page[n - 1].number;
    }
    out->projects = numbers.p;
    out->n_projects = numbers.n;
    out->every_project = true;
    return true;
}

static bool some_projects(call *k, msg_list names, search_query *out, err *e) {
    int64_t *numbers = ARENA_ARRAY(k->c.a, int64_t, names.n);
    for (size_t i = 0; i < names.n; i++) {
        if (!native_project_named(k, *MSG_AT(str, names, i), &numbers[i], e)) return false;
    }
    out->projects = numbers;
    out->n_projects = names.n;
    return true;
}

bool runs_in_member(const char *member, err *e) {
    uint32_t place = e->place;
    char msg[sizeof e->msg];
    memcpy(msg, e->msg, sizeof msg);
    err_set(e, e->code, "'%s', byte %u: %s", member, place ? place - 1 : 0, msg);
    e->place = place;
    return false;
}

bool runs_field(const search_lang *l, const char *member, str text, search_field *out, err *e) {
    return search_lang_field(l, text, out, e) || runs_in_member(member, e);
}

bool runs_which_query(call *k, const struct runs_which *q, search_query *out, err *e) {
    search_lang l = runs_lang(k);
    search_node *where;
    if (!out->now_ms) out->now_ms = l.now_us / 1000;
    l.now_us = out->now_ms * 1000;
    out->view = q->view ? (view)q->view : VIEW_ACTIVE;
    if (!(q->projects.n ? some_projects(k, q->projects, out, e) : all_projects(k, out, e)))
        return false;
    if (!search_lang_where(&l, q->where, &where, e)) return runs_in_member("where", e);
    out->where = where;
    return true;
}

// ---- search ---------------------------------------------------------------------------------

SHAPE(static, runs_shape, "Runs",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "runs, in the order asked for",
            .sub = &runs_run_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"),
      FIELD("total", SHAPE_INT, SHAPE_OPTIONAL, "with `count`: the runs on all pages"));

struct search {
    uint64_t has;
    struct runs_which which;
    msg_list sort, columns;
    int64_t limit, skip;
    bool count;
    str after;
};
static const msg_field search_fields[] = {
    RUNS_WHICH_FIELDS(struct search),
    MSG_FIELD(struct search, sort, MSG_STRINGS, 0, .max = SORT_MAX,
              .doc =
                  "fields, each with asc (default) or desc; what is missing comes last; ties: "
                  "started last first"),
    MSG_FIELD(struct search, limit, MSG_INT32, 0, .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct search, after, MSG_STRING, 0,
              .doc = "the cursor `next` of the page before"),
    MSG_FIELD(struct search, skip, MSG_INT32, 0,
              .doc = "instead of `after`: begin behind so many runs of the order, 1,000,000 at "
                     "most"),
    MSG_FIELD(struct search, count, MSG_BOOL, 0,
              .doc = "say in `total` how many runs match, on all pages"),
    MSG_FIELD(struct search, columns, MSG_STRINGS, 0, .max = COLUMNS_MAX,
              .doc = "fields of config, tags and metrics to show; none: everything"),
};
static const msg_type search_msg = MSG_TYPE(struct search, search_fields);

typedef struct emit_call {
    call *k;
    runs_columns *only;
    map names; // of projects, by their numbers' bytes; str *
} emit_call;

// Each project is asked for once: the runs of a page are of few.
static bool name_of(emit_call *x, int64_t number, str *out, err *e) {
    arena *a = x->k->c.a;
    str key = str_n(&number, sizeof number);
    str *name = map_get(&x->names, key);
    if (!name) {
        name = ARENA_NEW(a, str);
        if (!project_name(&x->k->c, number, name, e)) return false;
        *map_at(&x->names, arena_str(a, key), NULL) = name;
    }
    *out = *name;
    return true;
}

static bool emit(void *arg, const run_view *v, err *e) {
    emit_call *x = arg;
    str name;
    if (!name_of(x, v->run.project, &name, e)) return false;
    runs_put(rpc_reply(x->k), v, name, x->only);
    return !http_gone(x->k->r) || err_set(e, ERR_CANCELLED, "the client went away");
}

static const str *keys_of(arena *a, const map *m, size_t *n) {
    str *out = ARENA_ARRAY(a, str, m->n);
    *n = m->n;
    for (size_t i = 0; i < m->n; i++)
        out[i] = m->entries[i].key;
    return out;
}

static bool take_columns(call *k, msg_list columns, runs_columns **out, err *e) {
    *out = NULL;
    if (!columns.n) return true;
    arena *a = k->c.a;
    search_lang l = runs_lang(k);
    runs_columns *c = ARENA_NEW(a, runs_columns);
    c->config = c->tags = c->metrics = map_new(a);
    for (size_t i = 0; i < columns.n; i++) {
        search_field f;
        if (!runs_field(&l, "columns", *MSG_AT(str, columns, i), &f, e)) return false;
        map *m = f.domain == SEARCH_PARAM    ? &c->config
                 : f.domain == SEARCH_TAG    ? &c->tags
                 : f.domain == SEARCH_METRIC ? &c->metrics
                                             : NULL; // the rest is always shown
        if (m) *map_at(m, f.key, NULL) = m;
    }
    c->keys.params = keys_of(a, &c->config, &c->keys.n_params);
    c->keys.tags = keys_of(a, &c->tags, &c->keys.n_tags);
    c->keys.metrics = keys_of(a, &c->metrics, &c->keys.n_metrics);
    *out = c;
    return true;
}

static bool take_sort(call *k, msg_list sort, search_query *s, err *e) {
    search_lang l = runs_lang(k);
    search_sort *out;
    size_t wrong = 0;
    if (!search_lang_sort(&l, sort.p, sort.n, &out, &s->n_sort, &wrong, e)) {
        char member[32];
        snprintf(member, sizeof member, "sort[%zu]", wrong);
        return runs_in_member(member, e);
    }
    s->sort = out;
    return true;
}

// Cursors are core's behind the moment of the first page, so that "3h ago" and the durations of
// runs that go on are on every page what they were on the first.
static str with_moment(arena *a, const search_query *s, str next) {
    if (!next.n) return next;
    return arena_printf(a, "%lld.%.*s", (long long)s->now_ms, STR_F(next));
}

static bool take_moment(str after, search_query *s, err *e) {
    size_t dot = str_find(after, '.', 0);
    if (!after.n) return true;
    s->after = str_from(after, dot + 1);
    return (dot != SIZE_MAX && s->after.n && str_to_i64(str_upto(after, dot), &s->now_ms) &&
            s->now_ms > 0 && s->now_ms < INT64_MAX / 1000) ||
           err_set(e, ERR_INVALID, "'after' is not a cursor that this server gave out");
}

static bool take_skip(const struct search *q, search_query *s, err *e) {
    if (q->skip < 0 || q->skip > SEARCH_SKIP_MAX)
        return err_set(e, ERR_INVALID, "'skip' is a number from 0 to %d", SEARCH_SKIP_MAX);
    if (q->skip && q->after.n)
        return err_set(e, ERR_INVALID,
                       "'skip' and 'after' are two places to begin at: send one");
    s->skip = (size_t)q->skip;
    return true;
}

static bool search(call *k, void *msg, err *e) {
    struct search *q = msg;
    search_query s = {0};
    search_page page;
    emit_call x = {.k = k, .names = map_new(k->c.a)};
    if (!native_limit(msg_has(&search_msg, q, "limit"), q->limit, &s.max, e) ||
        !take_skip(q, &s, e) || !take_moment(q->after, &s, e) ||
        !runs_which_query(k, &q->which, &s, e) || !take_sort(k, q->sort, &s, e) ||
        !take_columns(k, q->columns, &x.only, e) || !search_runs(&k->c, &s, &page, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (q->count) json_m_i64(w, "total", (int64_t)page.total);
    json_m_array(w, "items");
    const search_keys *only = x.only ? &x.only->keys : NULL;
    if (page.n && !search_views_of(&k->c, page.ids, page.n, only, emit, &x, e)) return false;
    native_list_end(w, with_moment(k->c.a, &s, page.next));
    return true;
}
const rpc native_runs_search = {.msg = &search_msg, .fn = search, .reply = &runs_shape};
