// SPDX-License-Identifier: Apache-2.0
// import_repo: repos of another registry, with their versions and aliases, put and read back.
// Any thread.
//
// I1. A repo's mark is whole only in the transaction after all of it was put; each transaction
// before it may be made again.
// I2. A version that is here keeps its content: one is added to it at most once, when its files
// came later than itself.
#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/import_internal.h"
#include "core/import_sql.h"
#include "core/ref.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"

#define VERSIONS_AT_ONCE 100
#define VERSIONS_PAGE    1000

// ---- reading --------------------------------------------------------------------------------

typedef struct mark_call {
    ctx *c;
    str name;
    import_mark *out;
} mark_call;

static bool read_mark(db_tx *tx, void *arg, err *e) {
    mark_call *k = arg;
    repo r;
    *k->out = (import_mark){0};
    if (repo_read(tx, k->c, k->name, &r, e))
        return import_mark_read(tx, k->c, r.id, true, k->out, e);
    bool none = e->code == ERR_NOT_FOUND;
    if (none) *e = (err){0};
    return none;
}

bool import_mark_of_repo(ctx *c, str name, import_mark *out, err *e) {
    mark_call k = {.c = c, .name = name, .out = out};
    return db_read(core_db(c->core), read_mark, &k, e);
}

bool import_get_repo(ctx *c, str name, import_repo *out, err *e) {
    VEC(version) all = {0};
    version *page;
    size_t n = VERSIONS_PAGE;
    *out = (import_repo){0};
    if (!repo_get(c, name, &out->row, e)) return false;
    for (int64_t before = INT64_MAX; n == VERSIONS_PAGE; before = page[n - 1].number) {
        if (!version_page(c, name, before, VERSIONS_PAGE, false, &page, &n, e)) return false;
        for (size_t i = 0; i < n; i++)
            vec_push(c->a, &all, page[i]);
    }
    for (size_t i = 0; i < all.n / 2; i++) { // they were read falling
        version v = all.p[i];
        all.p[i] = all.p[all.n - 1 - i];
        all.p[all.n - 1 - i] = v;
    }
    out->versions = all.p;
    out->n_versions = all.n;
    return true;
}

version *import_version_of(const import_repo *r, int64_t number) {
    size_t low = 0, high = r->n_versions;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (r->versions[mid].number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return low < r->n_versions && r->versions[low].number == number ? &r->versions[low] : NULL;
}

// ---- the repo -------------------------------------------------------------------------------

typedef struct put_call {
    ctx *c;
    str source;
    const import_repo *r;
    size_t from, to; // of the versions
    id repo;
} put_call;

// The repo of this name; one that is not there is made, and marked in the same transaction.
static bool require(db_tx *tx, const ctx *c, const repo *r, repo *out, err *e) {
    const repo_new n = {.name = r->name, .kind = r->kind};
    if (repo_read(tx, c, r->name, out, e)) return true;
    if (e->code != ERR_NOT_FOUND) return false;
    *e = (err){0};
    return repo_insert(tx, c, id_new(), &n, out, e);
}

static bool put_row(db_tx *tx, void *arg, err *e) {
    put_call *k = arg;
    const ctx *c = k->c;
    const repo *r = &k->r->row;
    repo here;
    import_mark begun;
    if (!require(tx, c, r, &here, e) || !import_mark_read(tx, c, here.id, true, &begun, e))
        return false;
    k->repo = here.id;
    if (!begun.known || begun.whole) begun = (import_mark){.rows = (uint64_t)k->r->next_number};
    return db_push(tx, &Q_import_repo_set, e, DB_I64(c->ws), DB_ID(here.id),
                   DB_TEXT(r->description), DB_I64(r->created_us), DB_I64(k->r->next_number)) &&
           db_push(tx, &Q_import_attrs_clear, e, DB_I64(c->ws), DB_ID(here.id)) &&
           import_put_attrs(tx, c, here.id, ATTR_TAG, r->tags, r->n_tags, e) &&
           import_mark_write(tx, c, here.id, &begun, e);
}

// ---- versions -------------------------------------------------------------------------------

static bool put_new(db_tx *tx, const put_call *k, const version *v, err *e) {
    version x = *v;
    db_rows *row;
    int gone = db_get(tx, &Q_version_tombstone, &row, e, DB_I64(k->c->ws), DB_ID(k->repo),
                      DB_I64(v->number), DB_I64(MARK_DELETED));
    if (gone < 0) return false;
    if (gone)
        return err_set(e, ERR_STATE,
                       "version %lld was deleted here, and its number is not given again",
                       (long long)v->number);
    x.id = id_new();
    x.repo = k->repo;
    x.repo_name = k->r->row.name;
    return version_insert(tx, k->c, &x, e);
}

static bool put_known(db_tx *tx, const put_call *k, const version *here, const version *v,
                      err *e) {
    const ctx *c = k->c;
    const version *of = here->has_content ? here : v;
    bool sealed = of->has_content;
    if (sealed && !store_keep_tx(core_store(c->core), tx, of->content.digest, e)) return false;
    return db_push(tx, &Q_import_version_set, e, DB_I64(c->ws), DB_ID(here->id),
                   DB_TEXT(v->description), DB_TEXT(v->stage), DB_I64(v->updated_us),
                   sealed ? DB_ID(of->content.digest) : DB_NULL,
                   sealed ? DB_ID(of->content.tree) : DB_NULL, DB_I64(of->content.files),
                   DB_I64(of->content.bytes), DB_TEXT(of->location)) &&
           db_push(tx, &Q_import_attrs_clear, e, DB_I64(c->ws), DB_ID(here->id)) &&
           import_put_attrs(tx, c, here->id, ATTR_TAG, v->tags, v->n_tags, e);
}

static bool put_versions(db_tx *tx, void *arg, err *e) {
    put_call *k = arg;
    for (size_t i = k->from; i < k->to; i++) {
        const version *v = &k->r->versions[i];
        db_rows *row;
        int found = db_get(tx, &Q_version_get, &row, e, DB_I64(k->c->ws), DB_ID(k->repo),
                           DB_I64(v->number));
        if (found < 0) return false;
        version here = found ? version_of_row(row, k->c->a) : (version){0};
        if (!(found ? put_known(tx, k, &here, v, e) : put_new(tx, k, v, e))) return false;
    }
    return true;
}

static bool put_all_versions(put_call *k, err *e) {
    for (; k->from < k->r->n_versions; k->from = k->to) {
        size_t left = k->r->n_versions - k->from;
        k->to = k->from + (left < VERSIONS_AT_ONCE ? left : VERSIONS_AT_ONCE);
        if (!repo_write(k->c, k->r->row.name, put_versions, k, e)) return false;
    }
    return true;
}

static map aliases_of(arena *a, const import_repo *r) {
    map out = map_new(a);
    for (size_t i = 0; i < r->n_versions; i++)
        for (size_t j = 0; j < r->versions[i].n_aliases; j++)
            *map_at(&out, r->versions[i].aliases[j], NULL) = r->versions[i].aliases;
    return out;
}

// What the source has no more goes: versions with their aliases, and aliases of those that
// stay.
static bool take_away(put_call *k, const import_repo *here, str reason, err *e) {
    map stay = aliases_of(k->c->a, k->r);
    for (size_t i = 0; i < here->n_versions; i++) {
        const version *v = &here->versions[i];
        bool stays = import_version_of(k->r, v->number) != NULL;
        if (!stays && !version_delete(k->c, v->repo_name, v->number, reason, e)) return false;
        for (size_t j = 0; stays && j < v->n_aliases; j++) {
            const ref_change gone = {.repo = v->repo_name,
                                     .kind = REF_ALIAS,
                                     .name = v->aliases[j],
                                     .expected = REF_ANY,
                                     .reason = reason,
                                     .any_name = true};
            if (!map_get(&stay, v->aliases[j]) && !ref_delete(k->c, &gone, NULL, e))
                return false;
        }
    }
    return true;
}

static bool put_aliases(put_call *k, err *e) {
    str reason = arena_printf(k->c->a, "as in %.*s", STR_F(k->source));
    import_repo here;
    reason = str_upto_code_points(reason, REF_REASON_MAX);
    if (!import_get_repo(k->c, k->r->row.name, &here, e) || !take_away(k, &here, reason, e))
        return false;
    for (size_t i = 0; i < k->r->n_versions; i++) {
        const version *v = &k->r->versions[i];
        for (size_t j = 0; j < v->n_aliases; j++) {
            const ref_change m = {.repo = k->r->row.name,
                                  .kind = REF_ALIAS,
                                  .name = v->aliases[j],
                                  .number = v->number,
                                  .expected = REF_ANY,
                                  .reason = reason,
                                  .any_name = true};
            if (!ref_set(k->c, &m, NULL, e)) return false;
        }
    }
    return true;
}

// ---- the end --------------------------------------------------------------------------------

static bool finish(db_tx *tx, void *arg, err *e) {
    put_call *k = arg;
    import_sums s = {0};
    import_mark mark = {.whole = true, .rows = import_sum_repo(&s, k->r)};
    str what = arena_printf(k->c->a, "versions of %.*s", STR_F(k->r->row.name));
    return repo_touch(tx, k->c, k->repo, k->r->row.updated_us, e) &&
           import_mark_write(tx, k->c, k->repo, &mark, e) &&
           import_told(tx, k->c, k->source, EVENT_NO_PROJECT, what.p, k->r->n_versions, 0, e);
}

bool import_put_repo(ctx *c, str source, const import_repo *r, err *e) {
    put_call k = {.c = c, .source = source, .r = r};
    return repo_check_name(r->row.name, e) && repo_write(c, r->row.name, put_row, &k, e) &&
           put_all_versions(&k, e) && put_aliases(&k, e) &&
           repo_write(c, r->row.name, finish, &k, e);
}
