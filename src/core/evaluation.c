// SPDX-License-Identifier: Apache-2.0
// evaluation: rows of `evaluation`, each with its scores in `evaluation_score`; reading is
// evaluation_read.c's.
//
// I1. A row's number is one more than the greatest of its version, taken behind a write of the
//     version's own row: so two servers can not take the same one, and what was found out about
//     the version before (protect_check.c) is known to be old.
// I2. Nothing of a row changes but that it is withdrawn, once; its scores never do.
// I3. Each change is one transaction with its event. Any thread.
#include "core/evaluation_internal.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/num.h"
#include "core/evaluation_sql.h"
#include "core/event.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"
#include "core/run_internal.h"

const char evaluation_schema[] = EVALUATION_DDL, evaluation_data_schema[] = EVALUATION_DATA_DDL;

typedef struct evaluation_call {
    ctx *c;
    str repo_name, reason;
    int64_t number, which;
    const evaluation_new *n;
    evaluation *out;
} evaluation_call;

// ---- what can be wrong ----------------------------------------------------------------------

// So that "evals.SUITE.NAME" names a score in the search language without quotes.
static bool check_suite(str suite, err *e) {
    if (!suite.n) return err_set(e, ERR_INVALID, "a suite has a name: it is empty");
    bool ok = !core_has_controls(suite);
    for (size_t i = 0; ok && i < suite.n; i++)
        ok = !strchr(" ./:@\"'`(),=!<>~", suite.p[i]);
    if (!ok)
        return err_set(e, ERR_INVALID,
                       "the name of a suite has no white space and none of . / : @ \" ' ` "
                       "( ) , = ! < > ~ in it: '%.*s'",
                       STR_F(str_upto_code_points(suite, 200)));
    return core_check_text(suite, EVALUATION_SUITE_MAX, "the name of a suite", e);
}

static bool check_name(str name, err *e) {
    if (!str_trim(name).n) return err_set(e, ERR_INVALID, "a score has a name: it is empty");
    if (name.n > EVALUATION_NAME_MAX)
        return err_set(e, ERR_INVALID, "the name of a score has %d bytes at most: '%.*s...'",
                       EVALUATION_NAME_MAX, STR_F(str_upto_code_points(name, 100)));
    if (core_has_controls(name))
        return err_set(e, ERR_INVALID, "the name of a score has no control characters");
    return core_check_text(name, EVALUATION_NAME_MAX, "the name of a score", e);
}

static bool check_scores(arena *a, const evaluation_new *n, err *e) {
    map names = map_new(a);
    if (!n->n_scores || n->n_scores > EVALUATION_SCORES_MAX)
        return err_set(e, ERR_INVALID, "an evaluation has 1 to %d scores, not %zu",
                       EVALUATION_SCORES_MAX, n->n_scores);
    for (size_t i = 0; i < n->n_scores; i++) {
        bool added;
        if (!check_name(n->scores[i].name, e)) return false;
        map_at(&names, n->scores[i].name, &added);
        if (!added)
            return err_set(e, ERR_INVALID, "the score '%.*s' is there twice",
                           STR_F(n->scores[i].name));
    }
    return true;
}

static bool check_new(ctx *c, const evaluation_new *n, err *e) {
    return check_suite(n->suite, e) && check_scores(c->a, n, e) &&
           core_check_text(n->note, EVALUATION_NOTE_MAX, "the note", e);
}

static bool check_data(db_tx *tx, const ctx *c, id data, err *e) {
    db_rows *row;
    if (id_is_zero(data)) return true;
    int found = db_get(tx, &Q_version_by_id, &row, e, DB_I64(c->ws), DB_ID(data));
    if (!found) return err_set(e, ERR_NOT_FOUND, "the data set is not there any more");
    if (found < 0) return false;
    version v = version_of_row(row, c->a);
    return v.repo_kind == REPO_DATA ||
           err_set(e, ERR_INVALID,
                   "a version is measured on a data set: the repo '%.*s' is none",
                   STR_F(v.repo_name));
}

static bool check_run(db_tx *tx, const ctx *c, id run_id, err *e) {
    run r;
    return id_is_zero(run_id) || run_read(tx, c, run_id, &r, e);
}

// ---- add ------------------------------------------------------------------------------------

static bool told(db_tx *tx, const ctx *c, event_kind kind, const version *v,
                 const evaluation *x, err *e) {
    kv p[] = {{STR("repo"), v->repo_name},
              {STR("number"), arena_printf(c->a, "%lld", (long long)v->number)},
              {STR("evaluation"), arena_printf(c->a, "%lld", (long long)x->number)},
              {STR("suite"), x->suite},
              {STR("reason"), x->withdrawn ? x->withdrawn_reason : x->note}};
    str object =
        arena_printf(c->a, "%.*s/%lld", STR_F(version_text(c, v)), (long long)x->number);
    return event_add(tx, c, kind, EVENT_NO_PROJECT, object, event_payload(c->a, p, 5), e);
}

// I1
static bool take_number(db_tx *tx, const ctx *c, const version *v, int64_t now, int64_t *out,
                        err *e) {
    db_rows *row;
    if (db_do(tx, &Q_evaluation_touch, e, DB_I64(c->ws), DB_ID(v->id), DB_I64(now)) < 0)
        return false;
    int found = db_get(tx, &Q_evaluation_last, &row, e, DB_I64(c->ws), DB_ID(v->id));
    *out = found > 0 ? db_i64(row, 0) + 1 : 1;
    if (found >= 0 && *out > EVALUATION_MAX)
        return err_set(e, ERR_STATE, "version %lld of '%.*s' has %d evaluations: no more",
                       (long long)v->number, STR_F(v->repo_name), EVALUATION_MAX);
    return found >= 0;
}

static bool insert(db_tx *tx, const ctx *c, const version *v, const evaluation *x,
                   const evaluation_new *n, err *e) {
    char text[NUM_MAX];
    if (!db_push(tx, &Q_evaluation_insert, e, DB_I64(c->ws), DB_ID(v->id), DB_I64(x->number),
                 DB_TEXT(n->suite), id_is_zero(n->run) ? DB_NULL : DB_ID(n->run),
                 id_is_zero(n->data) ? DB_NULL : DB_ID(n->data), DB_I64(n->n_scores),
                 DB_TEXT(x->note), DB_TEXT(str_or_empty(c->user)), DB_I64(c->proven),
                 DB_I64(x->created_us)))
        return false;
    for (size_t i = 0; i < n->n_scores; i++) {
        str value = str_n(text, num_f64(text, n->scores[i].value));
        if (!db_push(tx, &Q_evaluation_score_add, e, DB_I64(c->ws), DB_ID(v->id),
                     DB_I64(x->number), DB_TEXT(n->suite), DB_TEXT(n->scores[i].name),
                     DB_TEXT(value)))
            return false;
    }
    return true;
}

static bool add(db_tx *tx, void *arg, err *e) {
    evaluation_call *k = arg;
    const ctx *c = k->c;
    const evaluation_new *n = k->n;
    version v;
    evaluation x = {.suite = n->suite, .note = str_or_empty(n->note)};
    x.created_us = clock_now_us();
    return version_read_bare(tx, c, k->repo_name, k->number, &v, e) &&
           check_run(tx, c, n->run, e) && check_data(tx, c, n->data, e) &&
           repo_await_holds(tx, c, v.repo, e) &&
           take_number(tx, c, &v, x.created_us, &x.number, e) && insert(tx, c, &v, &x, n, e) &&
           told(tx, c, EVENT_version_evaluated, &v, &x, e) &&
           evaluation_read(tx, c, &v, x.number, k->out, e);
}

bool evaluation_add(ctx *c, str repo_name, int64_t number, const evaluation_new *n,
                    evaluation *out, err *e) {
    evaluation_call k = {.c = c, .repo_name = repo_name, .number = number, .n = n, .out = out};
    return check_new(c, n, e) && repo_write(c, repo_name, add, &k, e);
}

// ---- withdraw -------------------------------------------------------------------------------

static bool refuse_again(const ctx *c, const evaluation *x, err *e) {
    return err_set(e, ERR_STATE, "evaluation %lld was withdrawn at %.*s%s%.*s: %.*s",
                   (long long)x->number, STR_F(clock_rfc3339(c->a, x->withdrawn_us)),
                   x->withdrawn_by.n ? " by " : "", STR_F(x->withdrawn_by),
                   STR_F(x->withdrawn_reason));
}

static bool withdraw(db_tx *tx, void *arg, err *e) {
    evaluation_call *k = arg;
    const ctx *c = k->c;
    evaluation *x = k->out;
    version v;
    int64_t now = clock_now_us();
    if (!version_read_bare(tx, c, k->repo_name, k->number, &v, e) ||
        !evaluation_read(tx, c, &v, k->which, x, e))
        return false;
    if (x->withdrawn) return refuse_again(c, x, e);
    x->withdrawn = true;
    x->withdrawn_us = now;
    x->withdrawn_by = str_or_empty(c->user);
    x->withdrawn_proven = c->proven;
    x->withdrawn_reason = k->reason;
    return repo_await_holds(tx, c, v.repo, e) &&
           db_push(tx, &Q_evaluation_touch, e, DB_I64(c->ws), DB_ID(v.id), DB_I64(now)) &&
           db_push(tx, &Q_evaluation_withdraw, e, DB_I64(c->ws), DB_ID(v.id), DB_I64(k->which),
                   DB_I64(now), DB_TEXT(x->withdrawn_by), DB_I64(c->proven),
                   DB_TEXT(k->reason)) &&
           told(tx, c, EVENT_evaluation_withdrawn, &v, x, e);
}

bool evaluation_withdraw(ctx *c, str repo_name, int64_t number, int64_t which, str reason,
                         evaluation *out, err *e) {
    evaluation_call k = {.c = c,
                         .repo_name = repo_name,
                         .number = number,
                         .which = which,
                         .reason = reason,
                         .out = out};
    if (!str_trim(reason).n)
        return err_set(e, ERR_INVALID, "say why the evaluation is withdrawn");
    return core_check_text(reason, EVALUATION_NOTE_MAX, "the reason", e) &&
           repo_write(c, repo_name, withdraw, &k, e);
}

// ---- with their version ---------------------------------------------------------------------

bool evaluation_drop(db_tx *tx, const ctx *c, id version_id, err *e) {
    return db_push(tx, &Q_evaluation_score_delete, e, DB_I64(c->ws), DB_ID(version_id)) &&
           db_push(tx, &Q_evaluation_delete, e, DB_I64(c->ws), DB_ID(version_id));
}

bool evaluation_drop_all(db_tx *tx, const ctx *c, id repo_id, err *e) {
    return db_push(tx, &Q_evaluation_score_delete_of_repo, e, DB_I64(c->ws), DB_ID(repo_id)) &&
           db_push(tx, &Q_evaluation_delete_of_repo, e, DB_I64(c->ws), DB_ID(repo_id));
}
