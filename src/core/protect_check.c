// SPDX-License-Identifier: Apache-2.0
// protect_check: how a version stands before a protected ref, and whether it may be there. Any
// thread.
#include "core/core_internal.h"
#include "core/protect_internal.h"
#include "core/protect_sql.h"
#include "core/repo_internal.h"
#include "core/rule.h"
#include "core/rule_sql.h"

// ---- facts: found outside of transactions ---------------------------------------------------

static str failures_text(arena *a, const rule_result *r) {
    str out = {0};
    for (size_t i = 0; i < r->n_failures; i++)
        out = arena_printf(a, "%.*s%s%.*s (%.*s)", STR_F(out), out.n ? ", " : "",
                           STR_F(r->failures[i].constraint), STR_F(r->failures[i].found));
    if (r->verdict == RULE_NO_RUN) return STR("no run is known that made it");
    if (r->verdict == RULE_NO_VALUE) return STR("it has no value of the objective");
    return out.n ? out : STR("it is marked, or deleted");
}

// A rule that is gone holds for nothing.
static bool is_gone(protect_fact *f, err *e) {
    if (e->code != ERR_NOT_FOUND) return false;
    *e = (err){0};
    f->rule_fails = STR("there is no such rule any more");
    return true;
}

static bool judge(ctx *c, const version *v, protect_fact *f, err *e) {
    rule r;
    rule_terms terms;
    rule_result out;
    f->rule_holds = !f->rule.n;
    if (f->rule_holds) return true;
    if (!rule_get(c, v->repo_name, f->rule, &r, e)) return is_gone(f, e);
    if (!c->core->compile_rule)
        return err_set(e, ERR_UNIMPLEMENTED, "this program does not know the rules' language");
    if (!c->core->compile_rule(c, &r, &terms, e) ||
        !rule_holds(c, v->repo_name, v->number, &terms, &out, e))
        return false;
    f->rule_holds = out.verdict == RULE_HOLDS;
    if (!f->rule_holds) f->rule_fails = failures_text(c->a, &out);
    return true;
}

// A change of its marks or evaluations moves this. The time of one that is being published is
// that of the attempt, and says nothing.
static int64_t told_us(const version *v) {
    return v->number ? v->updated_us : 0;
}

static bool find_fact(ctx *c, const version *v, str rule_name, int64_t rule_us,
                      protect_fact *out, err *e) {
    *out = (protect_fact){.version = v->id,
                          .marks = v->mark_sum,
                          .told_us = told_us(v),
                          .rule = rule_name,
                          .rule_us = rule_us};
    return parts_of(c, v, &out->parts, e) && judge(c, v, out, e);
}

// What was found for this version as it is, by the rule as it is now: a protection may have
// another than before, and a rule may have been changed since.
static const protect_fact *known(const protect_facts *f, const version *v, str rule_name,
                                 int64_t rule_us) {
    for (size_t i = f->n; i-- > 0;) {
        const protect_fact *k = &f->known[i];
        if (id_eq(k->version, v->id) && k->marks == v->mark_sum && k->told_us == told_us(v) &&
            k->rule_us == rule_us && str_eq(k->rule, rule_name))
            return k;
    }
    return NULL;
}

bool protect_write(ctx *c, str repo_name, db_fn fn, void *arg, protect_facts *f, err *e) {
    while (!repo_write(c, repo_name, fn, arg, e)) {
        if (!f->asked || f->n == sizeof f->known / sizeof *f->known) return false;
        *e = (err){0};
        if (!find_fact(c, &f->of, f->rule, f->rule_us, &f->known[f->n], e)) return false;
        f->n++;
        f->asked = false;
    }
    return true;
}

// ---- how it stands --------------------------------------------------------------------------

static bool read_state(db_tx *tx, const ctx *c, const version *v, str name, protect_state *s,
                       err *e) {
    return protect_read(tx, c, v->repo, name, &s->asked, &s->is_protected, e) &&
           (!s->is_protected || !s->asked.approvals ||
            protect_read_approvals(tx, c, v->id, name, s, e));
}

static void take_fact(protect_state *s, const protect_fact *f) {
    s->parts = f->parts;
    s->rule_holds = f->rule_holds;
    s->rule_fails = f->rule_fails;
    s->ready = !(s->asked.parts & ~s->parts) && s->rule_holds &&
               (int64_t)s->n_counting >= s->asked.approvals;
}

typedef struct look_call {
    ctx *c;
    str repo_name, ref;
    int64_t number;
    version v;
    protect_state *state;
} look_call;

static bool look(db_tx *tx, void *arg, err *e) {
    look_call *k = arg;
    return version_read_bare(tx, k->c, k->repo_name, k->number, &k->v, e) &&
           read_state(tx, k->c, &k->v, k->ref, k->state, e) &&
           protect_read_approvals(tx, k->c, k->v.id, k->ref, k->state, e);
}

bool protect_look(ctx *c, str repo_name, int64_t number, str name, protect_state *out, err *e) {
    look_call k = {.c = c, .repo_name = repo_name, .number = number, .ref = name, .state = out};
    protect_fact fact;
    *out = (protect_state){0};
    if (!db_read(core_db(c->core), look, &k, e) ||
        !find_fact(c, &k.v, str_or_empty(out->asked.rule), 0, &fact, e))
        return false;
    take_fact(out, &fact);
    return true;
}

// ---- within other transactions --------------------------------------------------------------

static bool refuse(const ctx *c, const version *to, str name, const protect_state *s, err *e) {
    str lacks = parts_text(c->a, s->asked.parts & ~s->parts), fails = STR("");
    if (lacks.n) lacks = arena_printf(c->a, "this version lacks %.*s", STR_F(lacks));
    if ((int64_t)s->n_counting < s->asked.approvals)
        lacks = arena_printf(c->a, "%.*s%s has %zu of %lld approvals", STR_F(lacks),
                             lacks.n ? "; it" : "this version", s->n_counting,
                             (long long)s->asked.approvals);
    if (!s->rule_holds)
        fails = arena_printf(c->a, "%sthe rule '%.*s' does not hold: %.*s", lacks.n ? "; " : "",
                             STR_F(s->asked.rule), STR_F(s->rule_fails));
    return err_set(e, ERR_STATE, "%.*s is protected: %.*s%.*s",
                   STR_F(protect_what(c, to->repo_name, name)), STR_F(lacks), STR_F(fails));
}

static bool refuse_touch(const ctx *c, str repo_name, str name, err *e) {
    return err_set(e, ERR_FORBIDDEN, "%.*s is protected: only a maintainer moves or removes it",
                   STR_F(protect_what(c, repo_name, name)));
}

static bool read_rule_us(db_tx *tx, const ctx *c, id repo_id, str name, int64_t *us, err *e) {
    db_rows *row;
    *us = 0;
    if (!name.n) return true;
    int found = db_get(tx, &Q_rule_get, &row, e, DB_I64(c->ws), DB_ID(repo_id), DB_TEXT(name));
    if (found > 0) *us = db_i64(row, RULE_CHANGED_US);
    return found >= 0;
}

bool protect_allows(db_tx *tx, const ctx *c, const version *to, str name, protect_facts *f,
                    err *e) {
    const protect_fact none = {.rule_holds = true};
    protect_state s = {0};
    int64_t rule_us;
    f->asked = false;
    if (!read_state(tx, c, to, name, &s, e) ||
        !read_rule_us(tx, c, to->repo, s.asked.rule, &rule_us, e))
        return false;
    if (!s.is_protected) return true;
    if (name.n && !c->maintains) return refuse_touch(c, to->repo_name, name, e);
    bool needed = s.asked.parts || s.asked.rule.n;
    const protect_fact *fact = needed ? known(f, to, s.asked.rule, rule_us) : &none;
    if (!fact) {
        f->asked = true;
        f->of = *to;
        f->rule = s.asked.rule;
        f->rule_us = rule_us;
        return err_set(e, ERR_STATE, "what the version has is not known yet");
    }
    take_fact(&s, fact);
    return s.ready || refuse(c, to, name, &s, e);
}

bool protect_may_touch(db_tx *tx, const ctx *c, const repo *r, str name, err *e) {
    protection p;
    bool found;
    if (c->maintains) return true;
    return protect_read(tx, c, r->id, name, &p, &found, e) &&
           (!found || refuse_touch(c, r->name, name, e));
}

bool protect_may_rename(db_tx *tx, const ctx *c, const repo *r, err *e) {
    db_rows *row;
    if (c->maintains) return true;
    int found = db_get(tx, &Q_protection_page, &row, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(1));
    return !found || (found > 0 &&
                      err_set(e, ERR_FORBIDDEN,
                              "%.*s is protected: only a maintainer renames or deletes '%.*s'",
                              STR_F(protect_what(c, r->name, arena_str(c->a, db_text(row, 0)))),
                              STR_F(r->name)));
}
