// SPDX-License-Identifier: Apache-2.0
// version_edit: what may change about a version, its description and its tags. Each change is
// an event, since rules and people go by them. Any thread.
#include "base/clock.h"
#include "core/event.h"
#include "core/prompt.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

enum { TOLD = 200 }; // code points of a value in its event

static bool add_event(db_tx *tx, const ctx *c, const version *v, const char *part, str key,
                      str value, err *e) {
    kv p[] = {{STR("part"), str_of(part)},
              {STR("key"), key},
              {STR("value"), str_upto_code_points(str_or_empty(value), TOLD)}};
    return version_event(tx, c, EVENT_version_edited, v, p, value.p ? 3 : 2, e);
}

static bool describe(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    const ctx *c = k->c;
    version *v = k->version;
    if (!version_read(tx, c, k->name, k->number, v, e)) return false;
    if (str_eq(v->description, k->value)) return true;
    v->description = k->value;
    v->updated_us = clock_now_us();
    return db_push(tx, &Q_version_set_description, e, DB_I64(c->ws), DB_ID(v->id),
                   DB_TEXT(v->description), DB_I64(v->updated_us)) &&
           add_event(tx, c, v, "description", STR(""), v->description, e);
}

bool version_describe(ctx *c, str repo_name, int64_t number, str description, version *out,
                      err *e) {
    repo_call k = {
        .c = c, .name = repo_name, .number = number, .value = description, .version = out};
    return db_write(core_db(c->core), describe, &k, e);
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

static bool tag(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    const ctx *c = k->c;
    version v;
    str now;
    if (!version_read(tx, c, k->name, k->number, &v, e) ||
        !read_tag(tx, c, &v, k->key, &now, e))
        return false;
    bool same = !now.p == !k->value.p && str_eq(now, k->value);
    if (same) return true;
    if (now.p && is_sealed(&v, k->key))
        return err_set(e, ERR_INVALID,
                       "the tag '%.*s' is what version %lld of '%.*s' says, and does not "
                       "change: register another version",
                       STR_F(k->key), (long long)v.number, STR_F(v.repo_name));
    return repo_tag(tx, c, v.id, k->key, k->value, e) &&
           add_event(tx, c, &v, "tag", k->key, k->value, e);
}

bool version_set_tag(ctx *c, str repo_name, int64_t number, str key, str value, err *e) {
    repo_call k = {
        .c = c, .name = repo_name, .number = number, .key = key, .value = str_or_empty(value)};
    return db_write(core_db(c->core), tag, &k, e);
}

bool version_delete_tag(ctx *c, str repo_name, int64_t number, str key, err *e) {
    repo_call k = {.c = c, .name = repo_name, .number = number, .key = key};
    return db_write(core_db(c->core), tag, &k, e);
}
