// SPDX-License-Identifier: Apache-2.0
// version_edit: what may change about a version: its stage, description and tags. Each change
// is an event, since rules and people go by them; all that one call changes is one transaction.
// Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/event.h"
#include "core/prompt.h"
#include "core/protect_internal.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

enum { TOLD = 200 }; // code points of a value in its event

static bool add_event(db_tx *tx, const ctx *c, const version *v, const char *what, str key,
                      str value, err *e) {
    kv p[] = {{STR("part"), str_of(what)},
              {STR("key"), key},
              {STR("value"), str_upto_code_points(str_or_empty(value), TOLD)}};
    return version_event(tx, c, EVENT_version_edited, v, p, value.p ? 3 : 2, e);
}

static bool describe(db_tx *tx, const ctx *c, version *v, str description, err *e) {
    if (str_eq(v->description, description)) return true;
    v->description = description;
    v->updated_us = clock_now_us();
    return db_push(tx, &Q_version_set_description, e, DB_I64(c->ws), DB_ID(v->id),
                   DB_TEXT(v->description), DB_I64(v->updated_us)) &&
           add_event(tx, c, v, "description", STR(""), v->description, e);
}

// ---- tags -----------------------------------------------------------------------------------

// p NULL: it has no such tag.
static bool read_tag(db_tx *tx, const ctx *c, const version *v, str key, str *out, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_attr_get, &row, e, DB_I64(c->ws), DB_ID(v->id), DB_I64(ATTR_TAG),
                       DB_TEXT(key));
    *out = found > 0 ? arena_str(c->a, db_text(row, 0)) : (str){0};
    return found >= 0;
}

// What a prompt says is its content: clients read it out of these tags, so that they are as
// sealed as its files. (What goes to the model with it may change: MLflow's client does that.)
static bool is_sealed(const version *v, str key) {
    return v->has_content && (str_is(key, PROMPT_TAG_TEXT) || str_is(key, PROMPT_TAG_TYPE) ||
                              str_is(key, PROMPT_TAG_FORMAT));
}

static bool put_tag(db_tx *tx, const ctx *c, const version *v, const kv *t, err *e) {
    str now;
    if (!read_tag(tx, c, v, t->key, &now, e)) return false;
    bool same = !now.p == !t->value.p && str_eq(now, t->value);
    if (same) return true;
    if (now.p && is_sealed(v, t->key))
        return err_set(e, ERR_INVALID,
                       "the tag '%.*s' is what version %lld of '%.*s' says, and does not "
                       "change: register another version",
                       STR_F(t->key), (long long)v->number, STR_F(v->repo_name));
    return repo_tag(tx, c, v->id, t->key, t->value, e) &&
           add_event(tx, c, v, "tag", t->key, t->value, e);
}

static bool put_tags(db_tx *tx, const ctx *c, version *v, const version_change *x, err *e) {
    for (size_t i = 0; i < x->n_tags; i++)
        if (!put_tag(tx, c, v, &x->tags[i], e)) return false;
    return !x->n_tags || version_fill(tx, c, v, e);
}

// ---- stages ---------------------------------------------------------------------------------

static bool put_stage(db_tx *tx, const ctx *c, version *v, str to, int64_t now, err *e) {
    kv p[] = {{STR("from"), v->stage}, {STR("to"), to}};
    v->stage = to;
    v->updated_us = now;
    return db_push(tx, &Q_version_set_stage, e, DB_I64(c->ws), DB_ID(v->id), DB_TEXT(to),
                   DB_I64(now)) &&
           version_event(tx, c, EVENT_version_staged, v, p, 2, e);
}

// Whatever else is in the stage leaves it, a bounded number in one transaction.
static bool clear_stage(db_tx *tx, const ctx *c, const version *but, const version_change *x,
                        int64_t now, err *e) {
    enum { AT_MOST = 10000 };
    VEC(version) others = {0};
    db_rows *rows =
        db_select(tx, &Q_version_others_of_stage, e, DB_I64(c->ws), DB_ID(but->repo),
                  DB_TEXT(x->stage), DB_ID(but->id), DB_I64(AT_MOST));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &others,
                 (version){.id = db_id(rows, 0),
                           .number = db_i64(rows, 1),
                           .repo_name = but->repo_name,
                           .stage = x->stage});
    db_end(rows);
    for (size_t i = 0; i < others.n && e->code == ERR_NONE; i++)
        put_stage(tx, c, &others.p[i], x->else_to, now, e);
    return e->code == ERR_NONE;
}

// Who enters a protected stage, or makes another version leave one, must be allowed to.
static bool may_touch_stage(db_tx *tx, const ctx *c, const version *v, str stage, err *e) {
    repo r = {.id = v->repo, .name = v->repo_name};
    str name;
    return !stage.n || (protect_of_stage(tx, c, v->repo, stage, &name, e) &&
                        protect_may_touch(tx, c, &r, name, e));
}

static bool may_stage(db_tx *tx, const ctx *c, const version *v, const version_change *x,
                      protect_facts *facts, err *e) {
    str name;
    if (!may_touch_stage(tx, c, v, v->stage, e) ||
        (x->alone && !may_touch_stage(tx, c, v, x->else_to, e)))
        return false;
    return !x->stage.n || (protect_of_stage(tx, c, v->repo, x->stage, &name, e) &&
                           protect_allows(tx, c, v, name, facts, e));
}

static bool set_stage(db_tx *tx, const ctx *c, version *v, const version_change *x, err *e) {
    int64_t now = clock_now_us();
    return (!x->alone || clear_stage(tx, c, v, x, now, e)) &&
           put_stage(tx, c, v, x->stage, now, e) && repo_touch(tx, c, v->repo, now, e);
}

// ---- all of it ------------------------------------------------------------------------------

typedef struct update_call {
    ctx *c;
    str name;
    int64_t number;
    const version_change *change;
    version *out;
    protect_facts facts;
} update_call;

// The stage is asked for before anything is written: what is known of the version (`facts`) is
// of how it was, and a change makes it old.
static bool update(db_tx *tx, void *arg, err *e) {
    update_call *k = arg;
    const ctx *c = k->c;
    const version_change *x = k->change;
    version *v = k->out;
    return version_read(tx, c, k->name, k->number, v, e) &&
           (!x->stage.p || may_stage(tx, c, v, x, &k->facts, e)) &&
           (!x->description.p || describe(tx, c, v, x->description, e)) &&
           (!x->stage.p || set_stage(tx, c, v, x, e)) && put_tags(tx, c, v, x, e);
}

bool version_update(ctx *c, str repo_name, int64_t number, const version_change *change,
                    version *out, err *e) {
    update_call k = {.c = c, .name = repo_name, .number = number, .change = change, .out = out};
    return change->stage.p ? protect_write(c, repo_name, update, &k, &k.facts, e)
                           : db_write(core_db(c->core), update, &k, e);
}

bool version_describe(ctx *c, str repo_name, int64_t number, str description, version *out,
                      err *e) {
    version_change x = {.description = str_or_empty(description)};
    return version_update(c, repo_name, number, &x, out, e);
}

bool version_set_stage(ctx *c, str repo_name, int64_t number, str stage, bool alone,
                       str else_to, version *out, err *e) {
    version_change x = {.stage = str_or_empty(stage), .alone = alone, .else_to = else_to};
    return version_update(c, repo_name, number, &x, out, e);
}

static bool change_tag(ctx *c, str repo_name, int64_t number, str key, str value, err *e) {
    version v;
    kv tag = {key, value};
    version_change x = {.tags = &tag, .n_tags = 1};
    return version_update(c, repo_name, number, &x, &v, e);
}

bool version_set_tag(ctx *c, str repo_name, int64_t number, str key, str value, err *e) {
    return change_tag(c, repo_name, number, key, str_or_empty(value), e);
}

bool version_delete_tag(ctx *c, str repo_name, int64_t number, str key, err *e) {
    return change_tag(c, repo_name, number, key, (str){0}, e);
}
