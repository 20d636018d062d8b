// SPDX-License-Identifier: Apache-2.0
// ref: moves. Rows of `ref` are where names point now; rows of `ref_move` are written with each
// move in its transaction and never changed. Reading is ref_read.c's. Any thread.
//
// I1. A name's newest move says where it points: `ref` has a row exactly when that move's
// version
//     is there, and the two agree.
// I2. moved_us rises from move to move of a name, whatever the clocks of the servers say.
#include "base/clock.h"
#include "core/event.h"
#include "core/release_internal.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"

typedef struct change_call {
    ctx *c;
    const ref_change *m;
    bool dry; // a rollback that only tells
    bool was_there;
    ref_move *out;
    protect_facts facts;
} change_call;

const char *ref_kind_name(ref_kind kind) {
    return kind == REF_TAG ? "tag" : "alias";
}

// ---- names ----------------------------------------------------------------------------------

static bool is_number(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

bool ref_check_name(str name, bool any_name, err *e) {
    if (!name.n) return err_set(e, ERR_INVALID, "a ref has a name: it is empty");
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= ' ' || strchr("/:@{}*?\x7f", name.p[i]))
            return err_set(e, ERR_INVALID,
                           "the name of a ref has no white space, '/', ':', '@', '{', '}', '*' "
                           "or '?' in it: '%.*s'",
                           STR_F(str_upto_code_points(name, 300)));
    if (core_is_dots(name))
        return err_set(e, ERR_INVALID, "'%.*s' can not name a ref: no address can carry it",
                       STR_F(name));
    bool is_version = (name.p[0] | 0x20) == 'v' && is_number(str_from(name, 1));
    if (is_version || str_eq_nocase(name, STR("latest")) || (!any_name && is_number(name)))
        return err_set(e, ERR_INVALID,
                       "'%.*s' can not name a ref: it means a version by its number, or the "
                       "latest",
                       STR_F(str_upto_code_points(name, 300)));
    return core_check_text(name, REF_NAME_MAX, "the name of a ref", e);
}

static bool check(const ref_change *m, err *e) {
    return ref_check_name(m->name, m->any_name, e) &&
           core_check_text(m->reason, REF_REASON_MAX, "the reason", e);
}

// ---- a move ---------------------------------------------------------------------------------

static str number_text(arena *a, int64_t number) {
    return number ? arena_printf(a, "%lld", (long long)number) : STR("");
}

static bool add_event(db_tx *tx, const ctx *c, const repo *r, const ref_move *m, err *e) {
    kv p[] = {{STR("repo"), r->name},
              {STR("ref"), m->name},
              {STR("kind"), str_of(ref_kind_name(m->kind))},
              {STR("from"), number_text(c->a, m->from)},
              {STR("to"), number_text(c->a, m->to)},
              {STR("reason"), m->reason}};
    return event_add(tx, c, EVENT_ref_moved, EVENT_NO_PROJECT,
                     arena_printf(c->a, "%.*s@%.*s", STR_F(r->name), STR_F(m->name)),
                     event_payload(c->a, p, m->reason.n ? 6 : 5), e);
}

// From where it points now to a version, or away (NULL).
static bool move_to(db_tx *tx, const ctx *c, const repo *r, const ref_change *m,
                    const ref_now *now, const version *to, ref_move *out, err *e) {
    int64_t us = clock_now_us();
    *out = (ref_move){.id = id_new(),
                      .kind = m->kind,
                      .name = m->name,
                      .from = now->move.to,
                      .to = to ? to->number : 0,
                      .user = str_or_empty(c->user),
                      .reason = str_or_empty(m->reason),
                      .proven = c->proven,
                      .time_us = us > now->move.time_us ? us : now->move.time_us + 1};
    bool put = to ? db_push(tx, &Q_ref_put, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(m->kind),
                            DB_TEXT(m->name), DB_ID(to->id), DB_I64(out->time_us))
                  : db_push(tx, &Q_ref_delete, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(m->kind),
                            DB_TEXT(m->name));
    return put &&
           db_push(tx, &Q_ref_moved, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(m->kind),
                   DB_TEXT(m->name), DB_ID(out->id), to ? DB_ID(to->id) : DB_NULL,
                   now->there ? DB_ID(now->version) : DB_NULL, DB_TEXT(out->user),
                   DB_I64(out->proven), DB_TEXT(out->reason), DB_I64(out->time_us)) &&
           add_event(tx, c, r, out, e);
}

// ---- may it be moved? -----------------------------------------------------------------------

static bool check_expected(const ctx *c, const ref_change *m, const ref_now *now, err *e) {
    if (m->expected == REF_ANY || m->expected == now->move.to) return true;
    str expected = m->expected ? arena_printf(c->a, "at version %lld", (long long)m->expected)
                               : STR("not to be there");
    return err_set(e, ERR_CONFLICT,
                   "'%.*s' of '%.*s' was expected %.*s; it is %.*s. Look at it, and ask again "
                   "if the move is still right",
                   STR_F(m->name), STR_F(m->repo), STR_F(expected),
                   STR_F(ref_where(c->a, now)));
}

static bool check_kind(const ctx *c, const ref_change *m, const ref_now *now, err *e) {
    return !now->there || now->move.kind == m->kind ||
           err_set(e, ERR_EXISTS, "'%.*s' of '%.*s' is no %s but the %s %.*s", STR_F(m->name),
                   STR_F(m->repo), ref_kind_name(m->kind), ref_kind_name(now->move.kind),
                   STR_F(ref_where(c->a, now)));
}

static bool check_sealed(const ctx *c, const ref_change *m, const ref_now *now, err *e) {
    return m->kind != REF_TAG || !now->there ||
           err_set(e, ERR_STATE,
                   "the tag '%.*s' of '%.*s' is sealed: it is %.*s, and never moves. Set "
                   "another tag",
                   STR_F(m->name), STR_F(m->repo), STR_F(ref_where(c->a, now)));
}

static bool follow(db_tx *tx, const ctx *c, const repo *r, const ref_change *m,
                   const version *to, const ref_how *how, ref_move *out, err *e) {
    return r->kind != REPO_RELEASE || release_follow(tx, c, m, to->id, how, out, e);
}

// Moves it, or with how->dry tells what the move would be; a release takes its pins along.
static bool go(db_tx *tx, const ctx *c, const repo *r, const ref_change *m, const ref_now *now,
               const version *to, const ref_how *how, ref_move *out, err *e) {
    *out = (ref_move){.kind = m->kind,
                      .name = m->name,
                      .from = now->move.to,
                      .to = to->number,
                      .user = str_or_empty(c->user),
                      .reason = str_or_empty(m->reason),
                      .proven = c->proven};
    if (!how->dry && !move_to(tx, c, r, m, now, to, out, e)) return false;
    out->made = true;
    return follow(tx, c, r, m, to, how, out, e);
}

static bool read_repo(db_tx *tx, const ctx *c, str name, bool dry, repo *out, err *e) {
    return dry ? repo_read(tx, c, name, out, e) : repo_hold(tx, c, name, out, e);
}

bool ref_put_tx(db_tx *tx, const ctx *c, const ref_change *m, const ref_how *how, ref_move *out,
                err *e) {
    repo r;
    version to;
    ref_now now;
    if (!read_repo(tx, c, m->repo, how->dry, &r, e) ||
        !version_read_of(tx, c, &r, m->number, &to, e) ||
        !ref_now_read(tx, c, r.id, m->name, &now, e) || !check_kind(c, m, &now, e) ||
        !check_expected(c, m, &now, e))
        return false;
    *out = now.move;
    // The release stands still; what it pins may have been moved away by itself.
    if (now.there && id_eq(now.version, to.id)) return follow(tx, c, &r, m, &to, how, out, e);
    return check_sealed(c, m, &now, e) &&
           (how->back ? protect_may_touch(tx, c, &r, m->name, e)
                      : protect_allows(tx, c, &to, m->name, how->facts, e)) &&
           go(tx, c, &r, m, &now, &to, how, out, e);
}

static bool set(db_tx *tx, void *arg, err *e) {
    change_call *k = arg;
    ref_how how = {.facts = &k->facts};
    return ref_put_tx(tx, k->c, k->m, &how, k->out, e);
}

bool ref_set(ctx *c, const ref_change *m, ref_move *out, err *e) {
    ref_move unread;
    change_call k = {.c = c, .m = m, .out = out ? out : &unread};
    return check(m, e) && protect_write(c, m->repo, set, &k, &k.facts, e);
}

static bool may_remove(const ctx *c, const ref_change *m, err *e) {
    if (m->kind != REF_TAG) return true;
    if (!c->maintains)
        return err_set(e, ERR_FORBIDDEN,
                       "the tag '%.*s' holds its version: only a maintainer removes it",
                       STR_F(m->name));
    return str_trim(m->reason).n ||
           err_set(e, ERR_INVALID,
                   "say why the tag '%.*s' is removed: it was set to hold its version",
                   STR_F(m->name));
}

static bool delete_ref(db_tx *tx, void *arg, err *e) {
    change_call *k = arg;
    const ctx *c = k->c;
    ref_change m = *k->m;
    repo r;
    ref_now now;
    if (!repo_hold(tx, c, m.repo, &r, e) || !ref_now_read(tx, c, r.id, m.name, &now, e))
        return false;
    if (!m.kind) m.kind = now.move.kind;
    if (!check_kind(c, &m, &now, e) || !check_expected(c, &m, &now, e)) return false;
    k->was_there = now.there;
    return !now.there || (may_remove(c, &m, e) && protect_may_touch(tx, c, &r, m.name, e) &&
                          move_to(tx, c, &r, &m, &now, NULL, k->out, e));
}

bool ref_delete(ctx *c, const ref_change *m, bool *was_there, err *e) {
    ref_move unread;
    change_call k = {.c = c, .m = m, .out = &unread};
    bool ok = core_check_text(m->reason, REF_REASON_MAX, "the reason", e) &&
              repo_write(c, m->repo, delete_ref, &k, e);
    if (was_there) *was_there = k.was_there;
    return ok;
}

// ---- back -----------------------------------------------------------------------------------

// The last good version that it was at before a time, as an alias (a tag may have had its
// name); 0: there is none. *spoiled tells of the newest release that would do but for a pin.
static int good_before(db_tx *tx, const ctx *c, const repo *r, const ref_change *m,
                       int64_t before, version *to, str *spoiled, err *e) {
    db_rows *row;
    str bad = {0};
    do {
        int found = db_get(tx, &Q_ref_good_before, &row, e, DB_I64(c->ws), DB_ID(r->id),
                           DB_TEXT(m->name), DB_I64(before), DB_I64(m->kind));
        if (found <= 0) return found;
        *to = (version){.id = db_id(row, 0), .number = db_i64(row, 1)};
        before = db_i64(row, 2);
        if (r->kind == REPO_RELEASE && !release_bad_pin(tx, c, to->id, &bad, e)) return -1;
        if (bad.n && !spoiled->n)
            *spoiled = arena_printf(c->a, "; version %lld pins %.*s", (long long)to->number,
                                    STR_F(bad));
    } while (bad.n);
    return 1;
}

// The last good version before it first came to where it is.
static bool find_good(db_tx *tx, const ctx *c, const repo *r, const ref_change *m,
                      const ref_now *now, version *to, err *e) {
    db_rows *row;
    str spoiled = STR("");
    int64_t before = INT64_MAX;
    if (now->there) {
        if (db_get(tx, &Q_ref_first_at, &row, e, DB_I64(c->ws), DB_ID(r->id), DB_TEXT(m->name),
                   DB_ID(now->version), DB_I64(m->kind)) <= 0)
            return false;
        before = db_i64(row, 0);
    }
    int found = good_before(tx, c, r, m, before, to, &spoiled, e);
    return found > 0 ||
           (!found && err_set(e, ERR_STATE,
                              "'%.*s' of '%.*s' can not go back: before, it was at no version "
                              "that is still there and neither yanked nor bad%.*s",
                              STR_F(m->name), STR_F(m->repo), STR_F(spoiled)));
}

static bool rollback(db_tx *tx, void *arg, err *e) {
    change_call *k = arg;
    const ctx *c = k->c;
    const ref_change *m = k->m;
    repo r;
    ref_now now;
    version to;
    if (!read_repo(tx, c, m->repo, k->dry, &r, e) ||
        !ref_now_read(tx, c, r.id, m->name, &now, e))
        return false;
    if (!now.move.time_us)
        return err_set(e, ERR_NOT_FOUND, "'%.*s' never had a ref '%.*s'", STR_F(m->repo),
                       STR_F(m->name));
    if (!check_kind(c, m, &now, e) || !check_expected(c, m, &now, e) ||
        !protect_may_touch(tx, c, &r, m->name, e) || !find_good(tx, c, &r, m, &now, &to, e))
        return false;
    ref_how how = {.dry = k->dry, .back = true};
    return go(tx, c, &r, m, &now, &to, &how, k->out, e);
}

bool ref_rollback(ctx *c, const ref_change *m, bool dry, ref_move *out, err *e) {
    change_call k = {.c = c, .m = m, .dry = dry, .out = out};
    if (!dry && !str_trim(m->reason).n)
        return err_set(e, ERR_INVALID, "say why '%.*s' goes back", STR_F(m->name));
    if (!core_check_text(m->reason, REF_REASON_MAX, "the reason", e)) return false;
    return dry ? db_read(core_db(c->core), rollback, &k, e)
               : repo_write(c, m->repo, rollback, &k, e);
}

// ---- what goes with a version ---------------------------------------------------------------

bool ref_drop_all(db_tx *tx, const ctx *c, const version *v, str reason, err *e) {
    repo r = {.id = v->repo, .name = v->repo_name};
    ref_move unread;
    if (v->n_sealed)
        return err_set(e, ERR_STATE,
                       "version %lld of '%.*s' is held by the tag '%.*s': remove that first, "
                       "with a reason",
                       (long long)v->number, STR_F(v->repo_name), STR_F(v->sealed[0]));
    for (size_t i = 0; i < v->n_aliases; i++) {
        ref_change m = {.kind = REF_ALIAS, .name = v->aliases[i], .reason = reason};
        ref_now now;
        if (!ref_now_read(tx, c, v->repo, m.name, &now, e) ||
            !move_to(tx, c, &r, &m, &now, NULL, &unread, e))
            return false;
    }
    return true;
}

bool ref_none_sealed(db_tx *tx, const ctx *c, const repo *r, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_ref_sealed_of_repo, &row, e, DB_I64(c->ws), DB_ID(r->id),
                       DB_I64(REF_TAG));
    return !found ||
           (found > 0 && err_set(e, ERR_STATE,
                                 "a version of '%.*s' is held by the tag '%.*s': remove its "
                                 "tags first, with a reason",
                                 STR_F(r->name), STR_F(db_text(row, 0))));
}
