// SPDX-License-Identifier: Apache-2.0
// What versions are made of, as columns of categories: a key's value in each version. Bounded
// by versions, keys and different values; a key with too many of them is left out and told. Any
// thread.
#include "base/digest.h"
#include "base/num.h"
#include "core/input.h"
#include "core/why_internal.h"
#include "core/why_sql.h"

#include <math.h>
#include <stdlib.h>

enum { SHOWN = 100, WHOLE = 64 }; // code points that are shown; bytes that are compared as such

// ---- columns --------------------------------------------------------------------------------

static why_column *column_of(why_facts *f, why_source source, str key) {
    arena *a = f->c->a;
    str name = arena_printf(a, "%d %.*s", (int)source, STR_F(key));
    const void *known = map_get(&f->by_name, name);
    if (known) return &f->columns.p[(uintptr_t)known - 1];
    if (f->columns.n >= WHY_KEYS_MAX) {
        f->cut = true;
        return NULL;
    }
    why_column c = {.name = {source, arena_str(a, key)},
                    .places = map_new(a),
                    .of = ARENA_ARRAY(a, int32_t, f->versions.n)};
    for (size_t i = 0; i < f->versions.n; i++)
        c.of[i] = WHY_MISSING;
    vec_push(a, &f->columns, c);
    *map_at(&f->by_name, name, NULL) = (void *)(uintptr_t)f->columns.n;
    return &f->columns.p[f->columns.n - 1];
}

// A long text is compared by its digest.
static str value_key(arena *a, str text) {
    if (text.n <= WHOLE) return arena_str(a, text);
    sha256 d = sha256_of(text.p, text.n);
    return arena_str(a, str_n(d.b, sizeof d.b));
}

static void put(why_facts *f, size_t at, why_source source, str key, str text) {
    arena *a = f->c->a;
    why_column *c = column_of(f, source, key);
    if (!c || c->dropped) return;
    bool added;
    void **place = map_at(&c->places, value_key(a, text), &added);
    if (added && f->n_values++ >= WHY_VALUES_MAX) {
        c->dropped = f->cut = true;
        return;
    }
    if (added) {
        why_value v = {.text = arena_str(a, str_upto_code_points(text, SHOWN))};
        v.is_number = num_parse_f64(text, &v.number) && isfinite(v.number);
        vec_push(a, &c->values, v);
        *place = (void *)(uintptr_t)c->values.n;
    }
    c->of[at] = (int32_t)((uintptr_t)*place - 1);
}

// ---- of versions ----------------------------------------------------------------------------

static int newest_first(const void *a, const void *b) {
    int64_t x = ((const version_runs *)a)->number, y = ((const version_runs *)b)->number;
    return (x < y) - (x > y);
}

static bool index_of(const why_facts *f, int64_t number, size_t *at) {
    for (*at = 0; *at < f->versions.n && f->versions.p[*at].number != number;)
        ++*at;
    return *at < f->versions.n;
}

// One of the two that is older than the newest.
static bool add_version(why_facts *f, str repo_name, int64_t number, err *e) {
    version_runs *v;
    size_t n, at;
    if (index_of(f, number, &at)) return true;
    if (number < 1 || number == INT64_MAX ||
        !version_runs_page(f->c, repo_name, number + 1, 1, &v, &n, e) || !n ||
        v->number != number)
        return e->code != ERR_NONE ? false
                                   : err_set(e, ERR_NOT_FOUND, "'%.*s' has no version %lld",
                                             STR_F(repo_name), (long long)number);
    vec_push(f->c->a, &f->versions, *v);
    return true;
}

static bool read_versions(why_facts *f, str repo_name, int64_t a, int64_t b, err *e) {
    version_runs *v;
    size_t n;
    if (!version_runs_page(f->c, repo_name, INT64_MAX, VERSION_RUNS_MAX + 1, &v, &n, e))
        return false;
    f->cut = n > VERSION_RUNS_MAX;
    for (size_t i = 0; i < n && i < VERSION_RUNS_MAX; i++)
        vec_push(f->c->a, &f->versions, v[i]);
    if (!add_version(f, repo_name, a, e) || !add_version(f, repo_name, b, e)) return false;
    qsort(f->versions.p, f->versions.n, sizeof *f->versions.p, newest_first);
    return index_of(f, a, &f->a) && index_of(f, b, &f->b);
}

static bool read_metric(why_facts *f, const search_field *metric, err *e) {
    rule_values v = {0};
    rule_field(f->c->a, &v, metric);
    if (!rule_read_values(f->c, &v, f->versions.p, f->versions.n, 0, e)) return false;
    f->metric = ARENA_ARRAY(f->c->a, double, f->versions.n);
    for (size_t i = 0; i < f->versions.n; i++)
        f->metric[i] = v.cells[i].n ? num_unorder(v.cells[i].cells[0].i) : (double)NAN;
    return true;
}

// Parents of a relation as one value: "base@3, https://...".
static void add_parent(why_facts *f, str *values, size_t at, int64_t relation, str where) {
    static const char *const names[] = {
#define NAME(name, text, number) [number] = (text),
        VERSION_RELATIONS(NAME)
#undef NAME
    };
    enum { N = sizeof names / sizeof *names };
    if (relation < 1 || relation >= N || relation == RELATION_NEXT) return;
    str *mine = &values[at * N + (size_t)relation];
    *mine =
        arena_printf(f->c->a, "%.*s%s%.*s", STR_F(*mine), mine->n ? ", " : "", STR_F(where));
    put(f, at, WHY_PARENT, str_of(names[relation]), *mine);
}

typedef struct parents_call {
    why_facts *f;
    size_t from; // versions of a batch
    str *values;
} parents_call;

static bool read_parents(db_tx *tx, void *arg, err *e) {
    parents_call *k = arg;
    why_facts *f = k->f;
    size_t n =
        f->versions.n - k->from < SEARCH_IN_WIDTH ? f->versions.n - k->from : SEARCH_IN_WIDTH;
    db_arg args[SEARCH_IN_WIDTH + 1] = {DB_I64(f->c->ws)};
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++)
        args[1 + i] = DB_ID(f->versions.p[k->from + (i < n ? i : n - 1)].id);
    memset(k->values, 0, (f->versions.n + 1) * 16 * sizeof *k->values); // it may run again
    db_rows *rows = db_query_rows(tx, &Q_why_parents, args, SEARCH_IN_WIDTH + 1, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        id child = db_id(rows, 0);
        str where = db_text(rows, 4);
        if (!where.n)
            where = arena_printf(f->c->a, "%.*s@%lld", STR_F(db_text(rows, 2)),
                                 (long long)db_i64(rows, 3));
        for (size_t i = k->from; i < k->from + n; i++)
            if (id_eq(f->versions.p[i].id, child))
                add_parent(f, k->values, i, db_i64(rows, 1), where);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool read_own(why_facts *f, err *e) {
    parents_call k = {.f = f, .values = ARENA_ARRAY(f->c->a, str, (f->versions.n + 1) * 16)};
    for (size_t i = 0; i < f->versions.n; i++) {
        const version_runs *v = &f->versions.p[i];
        for (size_t t = 0; t < v->n_tags; t++)
            put(f, i, WHY_VERSION_TAG, v->tags[t].key, v->tags[t].value);
    }
    for (k.from = 0; k.from < f->versions.n; k.from += SEARCH_IN_WIDTH)
        if (!db_read(core_db(f->c->core), read_parents, &k, e)) return false;
    return true;
}

// ---- of their runs --------------------------------------------------------------------------

// Tags that every run has for itself.
static bool is_of_run_alone(str key) {
    static const char *const names[] = {"mlflow.runName", "mlflow.log-model.history",
                                        "mlflow.parentRunId", "mlflow.rootRunId",
                                        "stemma.command"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(key, names[i])) return true;
    return false;
}

static void put_data(why_facts *f, size_t at, const run_links *l) {
    for (size_t i = 0; i < l->n_datasets; i++) {
        str digests = {0}, name = l->datasets[i].dataset.name;
        bool before = false;
        for (size_t k = 0; k < i; k++)
            before |= str_eq(l->datasets[k].dataset.name, name);
        for (size_t k = i; !before && k < l->n_datasets; k++)
            if (str_eq(l->datasets[k].dataset.name, name))
                digests =
                    arena_printf(f->c->a, "%.*s%s%.*s", STR_F(digests), digests.n ? ", " : "",
                                 STR_F(l->datasets[k].dataset.digest));
        if (!before) put(f, at, WHY_DATA, name, digests);
    }
}

static bool take_view(void *arg, const run_view *x, err *e) {
    why_facts *f = arg;
    (void)e;
    for (size_t i = 0; i < f->versions.n; i++) {
        const version_runs *v = &f->versions.p[i];
        if (!v->made || !id_eq(v->runs[0], x->run.id)) continue;
        for (size_t k = 0; k < x->n_params; k++)
            put(f, i, WHY_CONFIG, x->params[k].key, x->params[k].value);
        for (size_t k = 0; k < x->n_tags; k++)
            if (!is_of_run_alone(x->tags[k].key))
                put(f, i, WHY_TAG, x->tags[k].key, x->tags[k].value);
        if (x->links) put_data(f, i, x->links);
    }
    return true;
}

static bool read_runs(why_facts *f, err *e) {
    VEC(id) ids = {0};
    for (size_t i = 0; i < f->versions.n; i++) {
        bool before = !f->versions.p[i].made;
        for (size_t k = 0; k < ids.n && !before; k++)
            before = id_eq(ids.p[k], f->versions.p[i].runs[0]);
        if (!before) vec_push(f->c->a, &ids, f->versions.p[i].runs[0]);
    }
    return search_views(f->c, ids.p, ids.n, take_view, f, e);
}

bool why_read(why_facts *f, str repo_name, int64_t a, int64_t b, const search_field *metric,
              err *e) {
    f->by_name = map_new(f->c->a);
    return read_versions(f, repo_name, a, b, e) && read_metric(f, metric, e) &&
           read_own(f, e) && read_runs(f, e);
}
