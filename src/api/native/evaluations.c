// SPDX-License-Identifier: Apache-2.0
// evaluations: what was measured of a version after it was published: add, list, read,
// withdraw. Any thread; all state is the request's.
#include "api/native/repos.h"
#include "core/address.h"
#include "core/evaluation.h"

// ---- shapes ---------------------------------------------------------------------------------

SHAPE(static, score_shape, "Score", FIELD("name", SHAPE_TEXT, 0, "its name"),
      FIELD("value", SHAPE_NUMBER, 0, "what was measured"));

SHAPE(static, data_shape, "EvaluationData",
      FIELD("repo", SHAPE_TEXT, 0, "the repo of the data set"),
      FIELD("number", SHAPE_INT, 0, "the number of its version"));

SHAPE(static, withdrawn_shape, "Withdrawn",
      FIELD("reason", SHAPE_TEXT, 0, "why it counts no more"),
      FIELD("user", SHAPE_TEXT, 0, "who withdrew it"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else the user only said so"),
      FIELD("time_us", SHAPE_INT, 0, "when"));

SHAPE(static, evaluation_shape, "Evaluation",
      FIELD("number", SHAPE_INT, 0, "its number among those of its version"),
      FIELD("suite", SHAPE_TEXT, 0, "what it measures: rules name scores evals.SUITE.NAME"),
      FIELD("scores", SHAPE_OBJECT, SHAPE_LIST, "in the order of names", .sub = &score_shape),
      FIELD("run", SHAPE_ID, SHAPE_OPTIONAL, "the run that measured it"),
      FIELD("data", SHAPE_OBJECT, SHAPE_OPTIONAL, "what it was measured on",
            .sub = &data_shape),
      FIELD("note", SHAPE_TEXT, 0, "about it"), FIELD("user", SHAPE_TEXT, 0, "who added it"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else the user only said so"),
      FIELD("time_us", SHAPE_INT, 0, "when it was added"),
      FIELD("withdrawn", SHAPE_OBJECT, SHAPE_OPTIONAL, "it counts no more",
            .sub = &withdrawn_shape));

SHAPE(static, evaluations_shape, "Evaluations",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "the newest first; withdrawn ones too",
            .sub = &evaluation_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

// ---- rendering ------------------------------------------------------------------------------

static void put_scores(json_writer *w, const evaluation *x) {
    json_m_array(w, "scores");
    for (size_t i = 0; i < x->n_scores; i++) {
        json_object(w);
        json_m_string(w, "name", x->scores[i].name);
        json_m_f64(w, "value", x->scores[i].value);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_actor(json_writer *w, str user, bool proven, int64_t time_us) {
    json_m_string(w, "user", user);
    json_m_bool(w, "proven", proven);
    json_m_i64(w, "time_us", time_us);
}

static void put(json_writer *w, const evaluation *x) {
    json_object(w);
    json_m_i64(w, "number", x->number);
    json_m_string(w, "suite", x->suite);
    put_scores(w, x);
    if (!id_is_zero(x->run)) native_m_id(w, "run", x->run);
    if (!id_is_zero(x->data)) {
        json_m_object(w, "data");
        json_m_string(w, "repo", x->data_repo);
        json_m_i64(w, "number", x->data_number);
        json_object_end(w);
    }
    json_m_string(w, "note", x->note);
    put_actor(w, x->user, x->proven, x->created_us);
    if (x->withdrawn) {
        json_m_object(w, "withdrawn");
        json_m_string(w, "reason", x->withdrawn_reason);
        put_actor(w, x->withdrawn_by, x->withdrawn_proven, x->withdrawn_us);
        json_object_end(w);
    }
    json_object_end(w);
}

// ---- which one ------------------------------------------------------------------------------

static str repo_of(const call *k) {
    return http_param(k->r, "repo");
}

static bool version_of_path(const call *k, int64_t *out, err *e) {
    return versions_number(http_param(k->r, "version"), out, e);
}

static bool path_numbers(const call *k, int64_t *number, int64_t *which, err *e) {
    str text = http_param(k->r, "evaluation");
    return version_of_path(k, number, e) &&
           (str_to_i64(text, which) ||
            err_set(e, ERR_NOT_FOUND, "an evaluation is named by its number: '%.*s' is none",
                    STR_F(str_upto_code_points(text, 100))));
}

// ---- list, read -----------------------------------------------------------------------------

struct list {
    uint64_t has;
    int64_t limit, after;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, limit, MSG_INT32, 0, .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct list, after, MSG_INT64, 0,
              .doc = "the cursor `next` of the page before: a number, older ones follow"),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

static bool list(call *k, void *msg, err *e) {
    struct list *q = msg;
    evaluation *v;
    size_t n, limit;
    int64_t number, before = msg_has(&list_msg, q, "after") ? q->after : INT64_MAX;
    bool more;
    if (!version_of_path(k, &number, e) ||
        !native_limit(msg_has(&list_msg, q, "limit"), q->limit, &limit, e) ||
        !evaluation_page(&k->c, repo_of(k), number, before, limit, &v, &n, &more, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++)
        put(w, &v[i]);
    str next = {0};
    if (more) next = arena_printf(k->c.a, "%lld", (long long)v[n - 1].number);
    native_list_end(w, next);
    return true;
}
const rpc native_evaluations_list = {.msg = &list_msg, .fn = list, .reply = &evaluations_shape};

static bool reply_one(call *k, str repo_name, int64_t number, int64_t which, err *e) {
    evaluation x;
    if (!evaluation_get(&k->c, repo_name, number, which, &x, e)) return false;
    put(rpc_reply(k), &x);
    return true;
}

static bool get(call *k, void *msg, err *e) {
    int64_t number, which;
    (void)msg;
    return path_numbers(k, &number, &which, e) && reply_one(k, repo_of(k), number, which, e);
}
const rpc native_evaluations_get = {.fn = get, .reply = &evaluation_shape};

// ---- add ------------------------------------------------------------------------------------

struct score {
    uint64_t has;
    str name;
    double value;
};
static const msg_field score_fields[] = {
    MSG_FIELD(struct score, name, MSG_STRING, MSG_REQUIRED, .max = EVALUATION_NAME_MAX,
              .doc = "unique in the evaluation, at most 200 bytes"),
    MSG_FIELD(struct score, value, MSG_DOUBLE, MSG_REQUIRED),
};
static const msg_type score_msg = MSG_TYPE(struct score, score_fields);

struct add {
    uint64_t has;
    str suite, run, data, note;
    msg_list scores;
};
static const msg_field add_fields[] = {
    MSG_FIELD(struct add, suite, MSG_STRING, MSG_REQUIRED, .max = EVALUATION_SUITE_MAX,
              .doc = "what it measures; a name without white space and '.'"),
    MSG_FIELD(struct add, scores, MSG_LIST, MSG_REQUIRED, .sub = &score_msg,
              .max = EVALUATION_SCORES_MAX),
    MSG_FIELD(struct add, run, MSG_STRING, 0, .doc = "the run that measured it"),
    MSG_FIELD(struct add, data, MSG_STRING, 0, .max = 2000,
              .doc = "the address of the version of a data set that it was measured on"),
    MSG_FIELD(struct add, note, MSG_STRING, 0, .max = EVALUATION_NOTE_MAX, .doc = "about it"),
};
static const msg_type add_msg = MSG_TYPE(struct add, add_fields);

static bool find_data(call *k, str text, id *out, err *e) {
    address_found f;
    if (!text.n) return true;
    if (!address_resolve(&k->c, text, &f, e)) return false;
    *out = f.version.id;
    return true;
}

static bool add(call *k, void *msg, err *e) {
    struct add *q = msg;
    evaluation x;
    int64_t number;
    evaluation_score *scores = ARENA_ARRAY(k->c.a, evaluation_score, q->scores.n);
    evaluation_new n = {
        .suite = q->suite, .note = q->note, .scores = scores, .n_scores = q->scores.n};
    for (size_t i = 0; i < q->scores.n; i++) {
        const struct score *s = MSG_AT(struct score, q->scores, i);
        scores[i] = (evaluation_score){s->name, s->value};
    }
    if (!version_of_path(k, &number, e) || (q->run.n && !native_run_id(q->run, &n.run, e)) ||
        !find_data(k, q->data, &n.data, e) ||
        !evaluation_add(&k->c, repo_of(k), number, &n, &x, e))
        return false;
    put(rpc_reply(k), &x);
    return true;
}

// `object` is that of its event: "bot/7/3".
static bool again(call *k, str object, err *e) {
    int64_t number, which;
    str repo_name, text;
    return str_split(&object, '/', &repo_name) && str_split(&object, '/', &text) &&
           versions_number(text, &number, e) && str_to_i64(object, &which) &&
           reply_one(k, repo_name, number, which, e);
}
const rpc native_evaluations_add = {.msg = &add_msg,
                                    .fn = add,
                                    .reply = &evaluation_shape,
                                    .status = 201,
                                    .creates = EVENT_version_evaluated,
                                    .again = again};

// ---- withdraw -------------------------------------------------------------------------------

static bool withdraw(call *k, void *msg, err *e) {
    struct repos_why *q = msg;
    int64_t number, which;
    evaluation x;
    if (!path_numbers(k, &number, &which, e) ||
        !evaluation_withdraw(&k->c, repo_of(k), number, which, q->reason, &x, e))
        return false;
    put(rpc_reply(k), &x);
    return true;
}
const rpc native_evaluations_withdraw = {
    .msg = &repos_why_msg, .fn = withdraw, .reply = &evaluation_shape};
