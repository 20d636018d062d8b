// SPDX-License-Identifier: Apache-2.0
// repo: rows of `repo`; tags are rows of `attr` with the repo as owner. Every change is one
// transaction with its event. Any thread.
#include "core/repo.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/evaluation_internal.h"
#include "core/event.h"
#include "core/prompt.h"
#include "core/release_internal.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"
#include "core/run_internal.h"
#include "core/run_sql.h"
#include "core/workspace_internal.h"

const char repo_schema[] = REPO_DDL, repo_history_schema[] = REF_HISTORY_DDL,
           repo_mark_schema[] = VERSION_MARK_DDL, repo_prompt_schema[] = REPO_PROMPT_DDL;

static repo repo_of_row(db_rows *row, arena *a) {
    return (repo){.id = db_id(row, 0),
                  .name = arena_str(a, db_text(row, 1)),
                  .kind = (repo_kind)db_i64(row, 2),
                  .description = arena_str(a, db_text(row, 3)),
                  .user = arena_str(a, db_text(row, 4)),
                  .created_us = db_i64(row, 6),
                  .updated_us = db_i64(row, 7)};
}

static bool read_by(db_tx *tx, const db_query *q, const ctx *c, str name, repo *out, err *e) {
    db_rows *row;
    int found = db_get(tx, q, &row, e, DB_I64(c->ws), DB_TEXT(name));
    if (found > 0) *out = repo_of_row(row, c->a);
    return found > 0 ||
           (!found && err_set(e, ERR_NOT_FOUND, "there is no repo '%.*s'", STR_F(name)));
}

bool repo_read(db_tx *tx, const ctx *c, str name, repo *out, err *e) {
    return read_by(tx, &Q_repo_by_name, c, name, out, e);
}

bool repo_hold(db_tx *tx, const ctx *c, str name, repo *out, err *e) {
    return read_by(tx, &Q_repo_hold, c, name, out, e);
}

bool repo_await_holds(db_tx *tx, const ctx *c, id repo_id, err *e) {
    return db_push(tx, &Q_repo_await_holds, e, DB_I64(c->ws), DB_ID(repo_id));
}

bool repo_touch(db_tx *tx, const ctx *c, id repo_id, int64_t now, err *e) {
    return db_push(tx, &Q_repo_touch, e, DB_I64(c->ws), DB_ID(repo_id), DB_I64(now));
}

static bool read_tags(db_tx *tx, const ctx *c, repo *r, err *e) {
    return attr_read(tx, c, r->id, ATTR_TAG, c->a, &r->tags, &r->n_tags, e);
}

bool repo_write(const ctx *c, str repo_name, db_fn fn, void *arg, err *e) {
    uint64_t key = map_hash(repo_name) + (uint64_t)c->ws;
    return db_write_by(core_db(c->core), key, fn, arg, e);
}

bool repo_tag(db_tx *tx, const ctx *c, id owner, str key, str value, err *e) {
    if (value.p) return attr_set(tx, c, owner, ATTR_TAG, key, value, e);
    return db_push(tx, &Q_attr_delete, e, DB_I64(c->ws), DB_ID(owner), DB_I64(ATTR_TAG),
                   DB_TEXT(key));
}

// ---- create ---------------------------------------------------------------------------------

bool repo_check_name(str name, err *e) {
    if (!name.n) return err_set(e, ERR_INVALID, "a repo has a name: it is empty");
    for (size_t i = 0; i < name.n; i++)
        if (strchr("/:@", name.p[i]))
            return err_set(
                e, ERR_INVALID,
                "A name of a model, data set or prompt has no '/', ':' or '@' in it: "
                "'%.*s'",
                STR_F(name));
    if (core_is_dots(name) || core_has_controls(name))
        return err_set(e, ERR_INVALID,
                       "A name of a model, data set or prompt is neither '.' nor '..', and has "
                       "no control characters.");
    return core_check_text(name, REPO_NAME_MAX, "name", e);
}

static bool name_is_free(db_tx *tx, const ctx *c, str name, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_repo_by_name, &row, e, DB_I64(c->ws), DB_TEXT(name));
    return !found ||
           (found > 0 && err_set(e, ERR_EXISTS, "there is a repo '%.*s' already", STR_F(name)));
}

bool repo_insert(db_tx *tx, const ctx *c, id repo_id, const repo_new *n, repo *out, err *e) {
    int64_t now = clock_now_us();
    if (!workspace_lives(tx, c, e) || !name_is_free(tx, c, n->name, e)) return false;
    *out = (repo){.id = repo_id,
                  .name = n->name,
                  .kind = n->kind,
                  .description = str_or_empty(n->description),
                  .user = str_or_empty(c->user),
                  .created_us = now,
                  .updated_us = now};
    if (db_do(tx, &Q_repo_insert, e, DB_I64(c->ws), DB_ID(repo_id), DB_TEXT(n->name),
              DB_I64(n->kind), DB_TEXT(out->description), DB_TEXT(out->user), DB_I64(now)) < 0)
        return false;
    if (n->kind == REPO_PROMPT && !repo_tag(tx, c, repo_id, STR(PROMPT_TAG_IS), STR("true"), e))
        return false;
    for (size_t i = 0; i < n->n_tags; i++)
        if (!repo_tag(tx, c, repo_id, n->tags[i].key, n->tags[i].value, e)) return false;
    return read_tags(tx, c, out, e) &&
           event_add(tx, c, EVENT_repo_created, EVENT_NO_PROJECT, n->name, (str){0}, e);
}

typedef struct create_call {
    ctx *c;
    const repo_new *n;
    id id;
    repo *out;
} create_call;

static bool create(db_tx *tx, void *arg, err *e) {
    create_call *k = arg;
    return repo_insert(tx, k->c, k->id, k->n, k->out, e);
}

bool repo_create(ctx *c, const repo_new *n, repo *out, err *e) {
    create_call k = {.c = c, .n = n, .id = id_new(), .out = out};
    return repo_check_name(n->name, e) && db_write(core_db(c->core), create, &k, e);
}

// ---- read -----------------------------------------------------------------------------------

static bool get(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    return repo_read(tx, k->c, k->name, k->repo, e) && read_tags(tx, k->c, k->repo, e);
}

bool repo_get(ctx *c, str name, repo *out, err *e) {
    repo_call k = {.c = c, .name = name, .repo = out};
    return db_read(core_db(c->core), get, &k, e);
}

static bool by_id(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    db_rows *row;
    int found = db_get(tx, &Q_repo_by_id, &row, e, DB_I64(k->c->ws), DB_ID(k->id));
    if (!found) return err_set(e, ERR_NOT_FOUND, "There is no such repo.");
    if (found < 0) return false;
    *k->repo = repo_of_row(row, k->c->a);
    return read_tags(tx, k->c, k->repo, e);
}

bool repo_by_id(ctx *c, id repo_id, repo *out, err *e) {
    repo_call k = {.c = c, .id = repo_id, .repo = out};
    return db_read(core_db(c->core), by_id, &k, e);
}

typedef struct page_call {
    ctx *c;
    repo_kind kind;
    str after;
    size_t max, n;
    repo *out;
} page_call;

static bool page(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    VEC(repo) v = {0};
    db_rows *rows =
        db_select(tx, &Q_repo_page, e, DB_I64(p->c->ws), DB_TEXT(p->after), DB_I64(p->max),
                  DB_I64(p->kind), DB_I64(p->kind ? p->kind : INT32_MAX));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(p->c->a, &v, repo_of_row(rows, p->c->a));
    db_end(rows);
    for (size_t i = 0; i < v.n && e->code == ERR_NONE; i++)
        read_tags(tx, p->c, &v.p[i], e);
    p->out = v.p;
    p->n = v.n;
    return e->code == ERR_NONE;
}

bool repo_page(ctx *c, repo_kind kind, str after, size_t max, repo **out, size_t *n, err *e) {
    page_call p = {.c = c, .kind = kind, .after = after.p ? after : STR(""), .max = max};
    if (!db_read(core_db(c->core), page, &p, e)) return false;
    *out = p.out;
    *n = p.n;
    return true;
}

// ---- change ---------------------------------------------------------------------------------

// A tag holds a version under the repo's name.
static bool may_rename(db_tx *tx, const ctx *c, const repo *r, err *e) {
    db_rows *row;
    if (c->maintains) return true;
    int found = db_get(tx, &Q_ref_sealed_of_repo, &row, e, DB_I64(c->ws), DB_ID(r->id),
                       DB_I64(REF_TAG));
    if (found > 0)
        return err_set(
            e, ERR_FORBIDDEN,
            "a version of '%.*s' is held by the tag '%.*s': only a maintainer renames "
            "or deletes '%.*s'",
            STR_F(r->name), STR_F(db_text(row, 0)), STR_F(r->name));
    return !found && protect_may_rename(tx, c, r, e);
}

static bool rename_to(db_tx *tx, const ctx *c, repo *r, str to, err *e) {
    if (!str_eq(r->name, to) && (!may_rename(tx, c, r, e) || !name_is_free(tx, c, to, e)))
        return false;
    kv names[] = {{STR("from"), r->name}, {STR("to"), to}};
    r->name = to;
    r->updated_us = clock_now_us();
    return db_do(tx, &Q_repo_set_name, e, DB_I64(c->ws), DB_ID(r->id), DB_TEXT(r->name),
                 DB_I64(r->updated_us)) >= 0 &&
           db_push(tx, &Q_version_renamed, e, DB_I64(c->ws), DB_ID(r->id),
                   DB_I64(r->updated_us)) &&
           event_add(tx, c, EVENT_repo_renamed, EVENT_NO_PROJECT, r->name,
                     event_payload(c->a, names, 2), e);
}

static bool describe(db_tx *tx, const ctx *c, repo *r, str description, err *e) {
    r->description = description;
    r->updated_us = clock_now_us();
    return db_push(tx, &Q_repo_set_description, e, DB_I64(c->ws), DB_ID(r->id),
                   DB_TEXT(r->description), DB_I64(r->updated_us));
}

typedef struct update_call {
    ctx *c;
    str name;
    const repo_change *change;
    repo *out;
} update_call;

static bool update(db_tx *tx, void *arg, err *e) {
    update_call *k = arg;
    const ctx *c = k->c;
    const repo_change *x = k->change;
    repo *r = k->out;
    if (!repo_read(tx, c, k->name, r, e) || (x->name.p && !rename_to(tx, c, r, x->name, e)) ||
        (x->description.p && !describe(tx, c, r, x->description, e)))
        return false;
    for (size_t i = 0; i < x->n_tags; i++)
        if (!repo_tag(tx, c, r->id, x->tags[i].key, x->tags[i].value, e)) return false;
    return read_tags(tx, c, r, e);
}

bool repo_update(ctx *c, str name, const repo_change *change, repo *out, err *e) {
    update_call k = {.c = c, .name = name, .change = change, .out = out};
    return (!change->name.p || repo_check_name(change->name, e)) &&
           db_write(core_db(c->core), update, &k, e);
}

bool repo_rename(ctx *c, str name, str to, repo *out, err *e) {
    return repo_update(c, name, &(repo_change){.name = str_or_empty(to)}, out, e);
}

bool repo_describe(ctx *c, str name, str description, repo *out, err *e) {
    repo_change x = {.description = str_or_empty(description)};
    return repo_update(c, name, &x, out, e);
}

static bool change_tag(ctx *c, str name, str key, str value, err *e) {
    repo r;
    kv tag = {key, value};
    return repo_update(c, name, &(repo_change){.tags = &tag, .n_tags = 1}, &r, e);
}

bool repo_set_tag(ctx *c, str name, str key, str value, err *e) {
    return change_tag(c, name, key, str_or_empty(value), e);
}

bool repo_delete_tag(ctx *c, str name, str key, err *e) {
    return change_tag(c, name, key, (str){0}, e);
}

// ---- delete ---------------------------------------------------------------------------------

static bool delete_repo(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    const ctx *c = k->c;
    repo r;
    int64_t now = clock_now_us();
    kv why = {STR("reason"), k->value};
    return repo_read(tx, c, k->name, &r, e) && may_rename(tx, c, &r, e) &&
           ref_none_sealed(tx, c, &r, e) && release_pins_none_of(tx, c, &r, e) &&
           db_push(tx, &Q_repo_delete, e, DB_I64(c->ws), DB_ID(r.id), DB_I64(now)) &&
           db_push(tx, &Q_repo_delete_versions, e, DB_I64(c->ws), DB_ID(r.id), DB_I64(now)) &&
           db_push(tx, &Q_repo_delete_refs, e, DB_I64(c->ws), DB_ID(r.id)) &&
           rule_drop_all(tx, c, r.id, e) && evaluation_drop_all(tx, c, r.id, e) &&
           event_add(tx, c, EVENT_repo_deleted, EVENT_NO_PROJECT, r.name,
                     why.value.n ? event_payload(c->a, &why, 1) : (str){0}, e);
}

bool repo_delete(ctx *c, str name, str reason, err *e) {
    repo_call k = {.c = c, .name = name, .value = str_or_empty(reason)};
    return core_check_text(k.value, REF_REASON_MAX, "the reason", e) &&
           db_write(core_db(c->core), delete_repo, &k, e);
}
