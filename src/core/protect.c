// SPDX-License-Identifier: Apache-2.0
// protect: see protect.h. Rows of `protection` and `approval`; each change is one transaction
// with its event. What a move asks is protect_check.c's. Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/event.h"
#include "core/protect_internal.h"
#include "core/protect_sql.h"
#include "core/repo_internal.h"
#include "core/user.h"

enum { APPROVALS_READ = 10 * PROTECT_APPROVALS_MAX }; // some may not count

const char protect_schema[] = PROTECT_DDL;

static protection protection_of_row(db_rows *row, arena *a) {
    return (protection){.ref = arena_str(a, db_text(row, 0)),
                        .parts = (uint64_t)db_i64(row, 1),
                        .approvals = db_i64(row, 2),
                        .user = arena_str(a, db_text(row, 3)),
                        .set_us = db_i64(row, 4),
                        .rule = arena_str(a, db_text(row, 5))};
}

bool protect_read(db_tx *tx, const ctx *c, id repo_id, str name, protection *out, bool *found,
                  err *e) {
    db_rows *row;
    int n =
        db_get(tx, &Q_protection_get, &row, e, DB_I64(c->ws), DB_ID(repo_id), DB_TEXT(name));
    *found = n > 0;
    if (*found) *out = protection_of_row(row, c->a);
    return n >= 0;
}

bool protect_by_rule(db_tx *tx, const ctx *c, id repo_id, str rule_name, str *name, bool *found,
                     err *e) {
    db_rows *row;
    int n = db_get(tx, &Q_protection_of_rule, &row, e, DB_I64(c->ws), DB_ID(repo_id),
                   DB_TEXT(rule_name));
    *found = n > 0;
    if (*found) *name = arena_str(c->a, db_text(row, 0));
    return n >= 0;
}

// "the ref 'prod' of 'bot'", "publishing in 'bot'"
str protect_what(const ctx *c, str repo_name, str name) {
    return name.n ? arena_printf(c->a, "'%.*s' of '%.*s'", STR_F(name), STR_F(repo_name))
                  : arena_printf(c->a, "publishing in '%.*s'", STR_F(repo_name));
}

// ---- protections ----------------------------------------------------------------------------

typedef struct protect_call {
    ctx *c;
    str repo_name, ref, reason;
    str user; // whose approval
    int64_t number;
    const protection *p;
    unsigned parts; // of *p
    protection *was;
    protection *list;
    size_t n;
    protect_state *state;
    version v;
} protect_call;

// Of the repo itself: "bot", of a ref "bot@prod".
static bool protection_event(db_tx *tx, const ctx *c, event_kind kind, const repo *r, str name,
                             const protection *p, err *e) {
    kv told[] = {
        {STR("require"), p ? parts_text(c->a, p->parts) : (str){0}},
        {STR("rule"), p ? p->rule : (str){0}},
        {STR("approvals"), arena_printf(c->a, "%lld", p ? (long long)p->approvals : 0)}};
    str object =
        name.n ? arena_printf(c->a, "%.*s@%.*s", STR_F(r->name), STR_F(name)) : r->name;
    return event_add(tx, c, kind, EVENT_NO_PROJECT, object,
                     p ? event_payload(c->a, told, 3) : (str){0}, e);
}

static bool read_all(db_tx *tx, const ctx *c, id repo_id, protection **out, size_t *n, err *e) {
    VEC(protection) v = {0};
    db_rows *rows = db_select(tx, &Q_protection_page, e, DB_I64(c->ws), DB_ID(repo_id),
                              DB_I64(PROTECT_MAX));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &v, protection_of_row(rows, c->a));
    db_end(rows);
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

static bool check_room(db_tx *tx, const ctx *c, const repo *r, err *e) {
    protection *p;
    size_t n;
    return read_all(tx, c, r->id, &p, &n, e) &&
           (n < PROTECT_MAX || err_set(e, ERR_STATE, "'%.*s' has %d protected refs: no more",
                                       STR_F(r->name), PROTECT_MAX));
}

static bool check_protection(const protection *p, err *e) {
    if (p->approvals < 0 || p->approvals > PROTECT_APPROVALS_MAX)
        return err_set(e, ERR_INVALID, "approvals are 0 to %d", PROTECT_APPROVALS_MAX);
    if (!p->ref.n && (p->approvals || p->rule.n))
        return err_set(e, ERR_INVALID,
                       "a version is approved and judged once it is there: name a ref to ask "
                       "for that");
    return p->ref.n || p->parts ||
           err_set(e, ERR_INVALID, "say which parts a version must have to be published");
}

static protection changed(const protection *was, const protection *to, unsigned parts) {
    return (protection){.ref = to->ref,
                        .parts = parts & PROTECT_PARTS ? to->parts : was->parts,
                        .rule = str_or_empty(parts & PROTECT_RULE ? to->rule : was->rule),
                        .approvals =
                            parts & PROTECT_APPROVALS ? to->approvals : was->approvals};
}

static bool same(const protection *a, const protection *b) {
    return a->parts == b->parts && a->approvals == b->approvals && str_eq(a->rule, b->rule);
}

static bool set(db_tx *tx, void *arg, err *e) {
    protect_call *k = arg;
    const ctx *c = k->c;
    repo r;
    bool found;
    *k->was = (protection){0};
    if (!repo_read(tx, c, k->repo_name, &r, e) ||
        !protect_read(tx, c, r.id, k->p->ref, k->was, &found, e))
        return false;
    protection p = changed(k->was, k->p, k->parts);
    if (found && same(k->was, &p)) return true;
    return check_protection(&p, e) && (found || check_room(tx, c, &r, e)) &&
           (!p.rule.n || rule_is_there(tx, c, &r, p.rule, e)) &&
           repo_await_holds(tx, c, r.id, e) &&
           db_push(tx, &Q_protection_put, e, DB_I64(c->ws), DB_ID(r.id), DB_TEXT(p.ref),
                   DB_I64((int64_t)p.parts), DB_I64(p.approvals),
                   DB_TEXT(str_or_empty(c->user)), DB_I64(clock_now_us()), DB_TEXT(p.rule)) &&
           protection_event(tx, c, EVENT_protection_set, &r, p.ref, &p, e);
}

bool protect_set(ctx *c, str repo_name, const protection *p, unsigned parts, protection *was,
                 err *e) {
    protect_call k = {.c = c, .repo_name = repo_name, .p = p, .parts = parts, .was = was};
    return (!p->ref.n || ref_check_name(p->ref, true, e)) &&
           repo_write(c, repo_name, set, &k, e);
}

static bool take_away(db_tx *tx, void *arg, err *e) {
    protect_call *k = arg;
    const ctx *c = k->c;
    repo r;
    if (!repo_read(tx, c, k->repo_name, &r, e)) return false;
    int64_t n = db_do(tx, &Q_protection_delete, e, DB_I64(c->ws), DB_ID(r.id), DB_TEXT(k->ref));
    if (!n)
        return err_set(e, ERR_NOT_FOUND, "%s is not protected",
                       protect_what(c, r.name, k->ref).p);
    return n > 0 && protection_event(tx, c, EVENT_protection_removed, &r, k->ref, NULL, e);
}

bool protect_remove(ctx *c, str repo_name, str name, err *e) {
    protect_call k = {.c = c, .repo_name = repo_name, .ref = name};
    return db_write(core_db(c->core), take_away, &k, e);
}

bool protect_of_stage(db_tx *tx, const ctx *c, id repo_id, str stage, str *name, err *e) {
    protection *p;
    size_t n;
    *name = stage;
    if (!read_all(tx, c, repo_id, &p, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(p[i].ref, stage)) {
            *name = stage;
            return true;
        }
        if (str_eq_nocase(p[i].ref, stage)) *name = p[i].ref;
    }
    return true;
}

static bool list(db_tx *tx, void *arg, err *e) {
    protect_call *k = arg;
    repo r;
    return repo_read(tx, k->c, k->repo_name, &r, e) &&
           read_all(tx, k->c, r.id, &k->list, &k->n, e);
}

bool protect_list(ctx *c, str repo_name, protection **out, size_t *n, err *e) {
    protect_call k = {.c = c, .repo_name = repo_name};
    if (!db_read(core_db(c->core), list, &k, e)) return false;
    *out = k.list;
    *n = k.n;
    return true;
}

// ---- approvals ------------------------------------------------------------------------------

// A name without an account is one that the operator spoke for.
static bool counts(const db_rows *row) {
    return db_is_null(row, 3) || (db_i64(row, 3) && db_i64(row, 4) >= USER_WRITER);
}

bool protect_read_approvals(db_tx *tx, const ctx *c, id version_id, str name, protect_state *s,
                            err *e) {
    VEC(approval) v = {0};
    db_rows *rows = db_select(tx, &Q_approval_page, e, DB_I64(c->ws), DB_ID(version_id),
                              DB_TEXT(name), DB_I64(APPROVALS_READ));
    if (!rows) return false;
    s->n_counting = 0;
    while (db_next(rows, e)) {
        approval a = {.user = arena_str(c->a, db_text(rows, 0)),
                      .reason = arena_str(c->a, db_text(rows, 1)),
                      .time_us = db_i64(rows, 2),
                      .counts = counts(rows)};
        s->n_counting += a.counts;
        vec_push(c->a, &v, a);
    }
    db_end(rows);
    s->approvals = v.p;
    s->n_approvals = v.n;
    return e->code == ERR_NONE;
}

static bool approval_event(db_tx *tx, const protect_call *k, event_kind kind, const version *v,
                           err *e) {
    const ctx *c = k->c;
    bool own = str_eq(k->user, c->user);
    kv told[] = {{STR("ref"), k->ref},
                 {STR("reason"), str_or_empty(k->reason)},
                 {STR("approver"), k->user}};
    return version_event(tx, c, kind, v, told, own ? 2 : 3, e);
}

static bool check_approver(const ctx *c, const version *v, err *e) {
    if (!c->proven || !c->user.n)
        return err_set(e, ERR_FORBIDDEN,
                       "an approval is somebody's: send a token of your own (stemma user add, "
                       "stemma token add)");
    return !str_eq(c->user, v->user) ||
           err_set(e, ERR_STATE, "%.*s published version %lld of '%.*s': others approve it",
                   STR_F(c->user), (long long)v->number, STR_F(v->repo_name));
}

static bool approve(db_tx *tx, void *arg, err *e) {
    protect_call *k = arg;
    const ctx *c = k->c;
    version v;
    if (!version_read_bare(tx, c, k->repo_name, k->number, &v, e) || !check_approver(c, &v, e))
        return false;
    int64_t n =
        db_do(tx, &Q_approval_put, e, DB_I64(c->ws), DB_ID(v.id), DB_TEXT(k->ref),
              DB_TEXT(c->user), DB_TEXT(str_or_empty(k->reason)), DB_I64(clock_now_us()));
    return n >= 0 && (!n || approval_event(tx, k, EVENT_version_approved, &v, e));
}

bool protect_approve(ctx *c, str repo_name, int64_t number, str name, str reason, err *e) {
    protect_call k = {.c = c,
                      .repo_name = repo_name,
                      .number = number,
                      .ref = name,
                      .reason = reason,
                      .user = str_or_empty(c->user)};
    return ref_check_name(name, true, e) &&
           core_check_text(reason, REF_REASON_MAX, "the reason", e) &&
           db_write(core_db(c->core), approve, &k, e);
}

static bool withdraw(db_tx *tx, void *arg, err *e) {
    protect_call *k = arg;
    const ctx *c = k->c;
    version v;
    if (!version_read_bare(tx, c, k->repo_name, k->number, &v, e)) return false;
    int64_t n = db_do(tx, &Q_approval_delete, e, DB_I64(c->ws), DB_ID(v.id), DB_TEXT(k->ref),
                      DB_TEXT(k->user));
    if (!n)
        return err_set(e, ERR_NOT_FOUND, "%.*s did not approve version %lld of '%.*s' for that",
                       STR_F(str_eq(k->user, c->user) ? STR("you") : k->user),
                       (long long)v.number, STR_F(v.repo_name));
    return n > 0 && repo_await_holds(tx, c, v.repo, e) &&
           approval_event(tx, k, EVENT_approval_withdrawn, &v, e);
}

static bool may_withdraw(const ctx *c, str of, str reason, err *e) {
    if (!of.n || str_eq(of, c->user)) return true;
    if (!c->maintains)
        return err_set(e, ERR_FORBIDDEN, "only a maintainer takes back what another approved");
    return str_trim(reason).n || err_set(e, ERR_INVALID,
                                         "say why the approval of %.*s is taken "
                                         "back",
                                         STR_F(of));
}

bool protect_withdraw(ctx *c, str repo_name, int64_t number, str name, str of, str reason,
                      err *e) {
    protect_call k = {.c = c,
                      .repo_name = repo_name,
                      .number = number,
                      .ref = name,
                      .reason = reason,
                      .user = of.n ? of : str_or_empty(c->user)};
    return may_withdraw(c, of, reason, e) &&
           core_check_text(of, USER_NAME_MAX, "the name of a user", e) &&
           core_check_text(reason, REF_REASON_MAX, "the reason", e) &&
           repo_write(c, repo_name, withdraw, &k, e);
}
