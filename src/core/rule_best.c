// SPDX-License-Identifier: Apache-2.0
// Which versions a rule holds for, and which is the best of them. Everything is decided from
// the values that were read before (rule_values.c), in the order of the header's verdicts. Any
// thread.
#include "base/clock.h"
#include "base/num.h"
#include "core/rule_internal.h"

#include <math.h>

typedef struct judge {
    ctx *c;
    const rule_terms *t;
    rule_values values;
    search_prog **progs;   // of the constraints
    size_t objective, tie; // places of fields
    bool no_run_needed;    // it asks for nothing that a run has
    const version_runs *versions;
} judge;

// ---- the terms ------------------------------------------------------------------------------

static bool is_inner(search_op op) {
    return op == SEARCH_AND || op == SEARCH_OR || op == SEARCH_NOT;
}

static void take_need(judge *j, const search_field *f) {
    j->no_run_needed &= f->domain == SEARCH_TAG || f->domain == SEARCH_EVALUATION;
}

// The fields of a tree, each once; depth is the dialect's and search_compile's limit.
static void add_fields(judge *j, const search_node *n) {
    if (!is_inner(n->op)) {
        rule_field(j->c->a, &j->values, &n->field);
        take_need(j, &n->field);
        return;
    }
    add_fields(j, n->left);
    if (n->op != SEARCH_NOT) add_fields(j, n->right);
}

static bool add_goal(judge *j, const search_field *f, size_t *place, err *e) {
    search_type type;
    if (!rule_type(NULL, f, &type, e)) return false;
    if (type != SEARCH_T_NUM && type != SEARCH_T_INT)
        return err_set(e, ERR_INVALID, "only numbers can be greatest or least: %.*s is none",
                       STR_F(rule_field_name(j->c->a, f)));
    *place = rule_field(j->c->a, &j->values, f);
    take_need(j, f);
    return true;
}

static bool prepare(judge *j, err *e) {
    const rule_terms *t = j->t;
    search_fields f = {.type_of = rule_type};
    j->no_run_needed = true;
    j->progs = ARENA_ARRAY(j->c->a, search_prog *, t->n);
    for (size_t i = 0; i < t->n; i++) {
        if (!search_compile(j->c->a, t->constraints[i].node, &f, &j->progs[i], e)) return false;
        add_fields(j, t->constraints[i].node);
    }
    return (!t->goal || add_goal(j, &t->objective, &j->objective, e)) &&
           (!t->tie_goal || add_goal(j, &t->tie, &j->tie, e));
}

bool rule_check(ctx *c, const rule_terms *t, err *e) {
    judge j = {.c = c, .t = t};
    return prepare(&j, e);
}

// ---- one version ----------------------------------------------------------------------------

static const search_values *values_at(const judge *j, size_t at, size_t field) {
    return &j->values.cells[at * j->values.fields.n + field];
}

// A number that is there and not NaN.
static bool number_at(const judge *j, size_t at, size_t field, double *out) {
    const search_values *v = values_at(j, at, field);
    search_type type = SEARCH_T_NUM;
    err unread = {0};
    rule_type(NULL, &j->values.fields.p[field], &type, &unread);
    *out = 0;
    if (!v->n || !v->cells[0].has) return false;
    *out = type == SEARCH_T_INT ? (double)v->cells[0].i : num_unorder(v->cells[0].i);
    return !isnan(*out);
}

// "0.85" of one field, "metrics.a = 0.85, config.b = none" of several.
static void tell_fields(judge *j, const search_node *n, size_t at, bool named, str *out) {
    arena *a = j->c->a;
    if (is_inner(n->op)) {
        tell_fields(j, n->left, at, named, out);
        if (n->op != SEARCH_NOT) tell_fields(j, n->right, at, named, out);
        return;
    }
    size_t field = rule_field(a, &j->values, &n->field);
    str value = rule_value_text(a, &n->field, values_at(j, at, field));
    str name = named ? rule_field_name(a, &n->field) : STR("");
    *out = arena_printf(a, "%.*s%s%.*s%s%.*s", STR_F(*out), out->n ? ", " : "", STR_F(name),
                        named ? " = " : "", STR_F(value));
}

static bool add_failure(judge *j, size_t at, size_t constraint, rule_result *r) {
    const rule_constraint *x = &j->t->constraints[constraint];
    str found = {0};
    tell_fields(j, x->node, at, is_inner(x->node->op), &found);
    r->failures[r->n_failures++] = (rule_failure){x->text, found};
    r->verdict = RULE_FAILS;
    return true;
}

static bool check_constraints(judge *j, size_t at, rule_result *r, err *e) {
    rule_row row = {&j->values, at};
    r->failures = ARENA_ARRAY(j->c->a, rule_failure, j->t->n);
    for (size_t i = 0; i < j->t->n; i++) {
        search_truth truth = search_eval_row(j->progs[i], rule_get_values, &row, e);
        if (truth == SEARCH_FAILED) return false;
        if (truth != SEARCH_TRUE) add_failure(j, at, i, r);
    }
    return true;
}

static bool judge_one(judge *j, size_t i, rule_result *r, err *e) {
    const version_runs *v = &j->versions[i];
    *r = (rule_result){.version = v->id, .number = v->number, .verdict = RULE_HOLDS};
    if (v->deleted)
        r->verdict = RULE_DELETED;
    else if (v->mark_sum & MARK_BAD)
        r->verdict = RULE_BAD;
    else if (v->mark_sum & MARK_YANKED)
        r->verdict = RULE_YANKED;
    else if (!v->n_runs && !j->no_run_needed)
        r->verdict = RULE_NO_RUN;
    if (j->t->goal) r->has_value = number_at(j, i, j->objective, &r->value);
    if (j->t->tie_goal) r->has_tie = number_at(j, i, j->tie, &r->tie);
    if (r->verdict != RULE_HOLDS) return true;
    if (!check_constraints(j, i, r, e)) return false;
    if (r->verdict == RULE_HOLDS && j->t->goal && !r->has_value) r->verdict = RULE_NO_VALUE;
    return true;
}

static bool judge_all(judge *j, size_t n, rule_result *out, err *e) {
    int64_t now = j->t->now_ms ? j->t->now_ms : clock_now_us() / 1000;
    if (!rule_read_values(j->c, &j->values, j->versions, n, now, e)) return false;
    for (size_t i = 0; i < n; i++)
        if (!judge_one(j, i, &out[i], e)) return false;
    return true;
}

bool rule_holds(ctx *c, str repo_name, int64_t number, const rule_terms *t, rule_result *out,
                err *e) {
    judge j = {.c = c, .t = t};
    version_runs *v;
    size_t n;
    if (!prepare(&j, e) || number < 1 || number == INT64_MAX ||
        !version_runs_page(c, repo_name, number + 1, 1, &v, &n, e))
        return e->code == ERR_NONE &&
               err_set(e, ERR_NOT_FOUND, "a version has a number from 1 on");
    if (!n || v->number != number)
        return err_set(e, ERR_NOT_FOUND, "'%.*s' has no version %lld", STR_F(repo_name),
                       (long long)number);
    j.versions = v;
    return judge_all(&j, 1, out, e);
}

// ---- the best -------------------------------------------------------------------------------

// How much worse `a` is than `b`; negative: better.
static double behind(rule_goal goal, double a, double b) {
    if (a == b) return 0; // infinities too
    return goal == RULE_MAX ? b - a : a - b;
}

// What `r` is beside the best so far; RULE_HOLDS: better.
static rule_verdict beside(const rule_terms *t, const rule_result *r, const rule_result *best,
                           double *by) {
    *by = behind(t->goal, r->value, best->value);
    if (*by > 0) return RULE_WORSE;
    if (*by < 0) return RULE_HOLDS;
    if (t->tie_goal && (r->has_tie || best->has_tie)) {
        if (!r->has_tie) return RULE_TIE_WORSE;
        if (!best->has_tie) return RULE_HOLDS;
        *by = behind(t->tie_goal, r->tie, best->tie);
        if (*by > 0) return RULE_TIE_WORSE;
        if (*by < 0) return RULE_HOLDS;
    }
    return r->number < best->number ? RULE_OLDER : RULE_HOLDS;
}

static size_t choose(const rule_terms *t, rule_result *r, size_t n) {
    size_t best = SIZE_MAX;
    double by;
    for (size_t i = 0; i < n; i++)
        if (r[i].verdict == RULE_HOLDS &&
            (best == SIZE_MAX || beside(t, &r[i], &r[best], &by) == RULE_HOLDS))
            best = i;
    for (size_t i = 0; i < n; i++)
        if (r[i].verdict == RULE_HOLDS && i != best)
            r[i].verdict = beside(t, &r[i], &r[best], &r[i].behind);
    return best;
}

bool rule_best(ctx *c, str repo_name, const rule_terms *t, rule_result **out, size_t *n,
               size_t *best, bool *more, err *e) {
    judge j = {.c = c, .t = t};
    version_runs *v;
    if (!t->goal)
        return err_set(e, ERR_INVALID,
                       "the best is that of something: say which field shall be greatest or "
                       "least");
    if (!prepare(&j, e) ||
        !version_runs_page(c, repo_name, INT64_MAX, VERSION_RUNS_MAX + 1, &v, n, e))
        return false;
    *more = *n > VERSION_RUNS_MAX;
    if (*more) *n = VERSION_RUNS_MAX;
    *out = ARENA_ARRAY(c->a, rule_result, *n);
    j.versions = v;
    if (!judge_all(&j, *n, *out, e)) return false;
    *best = choose(t, *out, *n);
    return true;
}
