// SPDX-License-Identifier: Apache-2.0
// rule: the rows of `rule`. A change and its event are one transaction; the events are the
// rule's history. Any thread.
#include "core/rule.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/event.h"
#include "core/protect_internal.h"
#include "core/ref.h"
#include "core/repo_internal.h"
#include "core/rule_sql.h"

const char rule_schema[] = RULE_DDL;

typedef struct rule_call {
    ctx *c;
    str repo_name, name, reason; // name: also behind which a page begins
    const rule *new;
    size_t max;
    rule *out;
    VEC(rule) list;
} rule_call;

static rule rule_of_row(db_rows *row, arena *a) {
    return (rule){.name = arena_str(a, db_text(row, 0)),
                  .where = arena_str(a, db_text(row, 1)),
                  .objective = arena_str(a, db_text(row, 2)),
                  .goal = (rule_goal)db_i64(row, 3),
                  .tie = arena_str(a, db_text(row, 4)),
                  .tie_goal = (rule_goal)db_i64(row, 5),
                  .user = arena_str(a, db_text(row, 6)),
                  .proven = db_i64(row, 7) != 0,
                  .reason = arena_str(a, db_text(row, 8)),
                  .changed_us = db_i64(row, 9)};
}

// 1 found, 0 not there, -1 an error.
static int find(db_tx *tx, const ctx *c, const repo *r, str name, rule *out, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_rule_get, &row, e, DB_I64(c->ws), DB_ID(r->id), DB_TEXT(name));
    if (found > 0) *out = rule_of_row(row, c->a);
    return found;
}

static bool not_there(const repo *r, str name, err *e) {
    return err_set(e, ERR_NOT_FOUND, "'%.*s' has no rule '%.*s'", STR_F(r->name),
                   STR_F(str_upto_code_points(name, RULE_NAME_MAX)));
}

static str goal_text(const ctx *c, rule_goal goal, str field) {
    if (goal == RULE_NONE) return STR("");
    return arena_printf(c->a, "%s %.*s", goal == RULE_MAX ? "max" : "min", STR_F(field));
}

static bool add_event(db_tx *tx, const ctx *c, event_kind kind, const repo *r, const rule *x,
                      str reason, err *e) {
    // What does not fit an event is in the rule.
    kv p[] = {
        {STR("repo"), r->name},
        {STR("rule"), x->name},
        {STR("where"), str_upto_code_points(x->where, 2000)},
        {STR("objective"), str_upto_code_points(goal_text(c, x->goal, x->objective), 500)},
        {STR("tie"), str_upto_code_points(goal_text(c, x->tie_goal, x->tie), 500)},
        {STR("reason"), reason}};
    return event_add(tx, c, kind, EVENT_NO_PROJECT,
                     arena_printf(c->a, "%.*s/rules/%.*s", STR_F(r->name), STR_F(x->name)),
                     event_payload(c->a, p, reason.n ? 6 : 5), e);
}

// ---- change ---------------------------------------------------------------------------------

static bool same(const rule *a, const rule *b) {
    return str_eq(a->where, b->where) && str_eq(a->objective, b->objective) &&
           str_eq(a->tie, b->tie) && a->goal == b->goal && a->tie_goal == b->tie_goal;
}

// A rule that guards a ref is as guarded as the ref.
static bool may_change(db_tx *tx, const ctx *c, const repo *r, str name, err *e) {
    str guarded;
    bool found;
    if (c->maintains) return true;
    return protect_by_rule(tx, c, r->id, name, &guarded, &found, e) &&
           (!found || err_set(e, ERR_FORBIDDEN,
                              "the rule '%.*s' guards %.*s: only a maintainer changes it",
                              STR_F(name), STR_F(protect_what(c, r->name, guarded))));
}

static bool may_remove(db_tx *tx, const ctx *c, const repo *r, str name, err *e) {
    str guarded;
    bool found;
    return protect_by_rule(tx, c, r->id, name, &guarded, &found, e) &&
           (!found ||
            err_set(e, ERR_STATE, "the rule '%.*s' guards %.*s: protect that without it first",
                    STR_F(name), STR_F(protect_what(c, r->name, guarded))));
}

static bool set(db_tx *tx, void *arg, err *e) {
    rule_call *k = arg;
    const ctx *c = k->c;
    repo r;
    rule x = *k->new;
    if (!repo_read(tx, c, k->repo_name, &r, e)) return false;
    int found = find(tx, c, &r, x.name, k->out, e);
    if (found < 0) return false;
    if (found && same(k->out, &x)) return true;
    if (!may_change(tx, c, &r, x.name, e)) return false;
    x.user = str_or_empty(c->user);
    x.proven = c->proven;
    x.changed_us = clock_now_us();
    *k->out = x;
    return repo_await_holds(tx, c, r.id, e) &&
           db_push(tx, &Q_rule_put, e, DB_I64(c->ws), DB_ID(r.id), DB_TEXT(x.name),
                   DB_TEXT(x.where), DB_TEXT(x.objective), DB_I64(x.goal), DB_TEXT(x.tie),
                   DB_I64(x.tie_goal), DB_TEXT(x.user), DB_I64(x.proven), DB_TEXT(x.reason),
                   DB_I64(x.changed_us)) &&
           add_event(tx, c, EVENT_rule_set, &r, &x, x.reason, e);
}

bool rule_set(ctx *c, str repo_name, const rule *r, rule *out, err *e) {
    rule x = *r;
    x.where = str_or_empty(str_trim(x.where));
    x.objective = str_or_empty(x.objective);
    x.tie = str_or_empty(x.tie);
    x.reason = str_or_empty(x.reason);
    rule_call k = {.c = c, .repo_name = repo_name, .new = &x, .out = out};
    if (!x.where.n && !x.goal)
        return err_set(e, ERR_INVALID,
                       "a rule says what must hold, or what shall be greatest or least");
    if (str_is(x.name, "none"))
        return err_set(e, ERR_INVALID,
                       "no rule is called 'none': it means that none is asked for");
    return ref_check_name(x.name, false, e) &&
           core_check_text(x.name, RULE_NAME_MAX, "the name of a rule", e) &&
           core_check_text(x.where, RULE_TEXT_MAX, "the constraints", e) &&
           core_check_text(x.objective, RULE_TEXT_MAX, "the objective", e) &&
           core_check_text(x.tie, RULE_TEXT_MAX, "what decides between equals", e) &&
           core_check_text(x.reason, REF_REASON_MAX, "the reason", e) &&
           repo_write(c, repo_name, set, &k, e);
}

static bool remove_rule(db_tx *tx, void *arg, err *e) {
    rule_call *k = arg;
    const ctx *c = k->c;
    repo r;
    rule x;
    if (!repo_read(tx, c, k->repo_name, &r, e)) return false;
    int found = find(tx, c, &r, k->name, &x, e);
    if (!found) return not_there(&r, k->name, e);
    return found > 0 && may_remove(tx, c, &r, k->name, e) &&
           db_push(tx, &Q_rule_delete, e, DB_I64(c->ws), DB_ID(r.id), DB_TEXT(k->name)) &&
           add_event(tx, c, EVENT_rule_removed, &r, &x, str_or_empty(k->reason), e);
}

bool rule_remove(ctx *c, str repo_name, str name, str reason, err *e) {
    rule_call k = {.c = c, .repo_name = repo_name, .name = name, .reason = reason};
    return core_check_text(reason, REF_REASON_MAX, "the reason", e) &&
           db_write(core_db(c->core), remove_rule, &k, e);
}

bool rule_is_there(db_tx *tx, const ctx *c, const repo *r, str name, err *e) {
    rule x;
    int found = find(tx, c, r, name, &x, e);
    return found ? found > 0 : not_there(r, name, e);
}

bool rule_drop_all(db_tx *tx, const ctx *c, id repo_id, err *e) {
    return db_push(tx, &Q_rule_delete_all, e, DB_I64(c->ws), DB_ID(repo_id));
}

// ---- read -----------------------------------------------------------------------------------

static bool get(db_tx *tx, void *arg, err *e) {
    rule_call *k = arg;
    repo r;
    if (!repo_read(tx, k->c, k->repo_name, &r, e)) return false;
    int found = find(tx, k->c, &r, k->name, k->out, e);
    return found ? found > 0 : not_there(&r, k->name, e);
}

bool rule_get(ctx *c, str repo_name, str name, rule *out, err *e) {
    rule_call k = {.c = c, .repo_name = repo_name, .name = name, .out = out};
    return db_read(core_db(c->core), get, &k, e);
}

static bool list(db_tx *tx, void *arg, err *e) {
    rule_call *k = arg;
    repo r;
    k->list.n = 0;
    if (!repo_read(tx, k->c, k->repo_name, &r, e)) return false;
    db_rows *rows = db_select(tx, &Q_rule_page, e, DB_I64(k->c->ws), DB_ID(r.id),
                              DB_TEXT(str_or_empty(k->name)), DB_I64(k->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(k->c->a, &k->list, rule_of_row(rows, k->c->a));
    db_end(rows);
    return e->code == ERR_NONE;
}

bool rule_list(ctx *c, str repo_name, str after, size_t max, rule **out, size_t *n, err *e) {
    rule_call k = {.c = c, .repo_name = repo_name, .name = after, .max = max};
    if (!db_read(core_db(c->core), list, &k, e)) return false;
    *out = k.list.p;
    *n = k.list.n;
    return true;
}
