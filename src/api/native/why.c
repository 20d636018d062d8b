// SPDX-License-Identifier: Apache-2.0
// why: what explains that a metric of one version differs from another's. Any thread.
#include "core/why.h"

#include "api/native/rules.h"
#include "core/address.h"
#include "core/evaluation.h"

static const msg_name sources[] = {{"config", WHY_CONFIG},           {"tag", WHY_TAG},
                                   {"version-tag", WHY_VERSION_TAG}, {"data", WHY_DATA},
                                   {"parent", WHY_PARENT},           {NULL, 0}};
static const msg_name evidences[] = {{"experiment", WHY_EXPERIMENT},
                                     {"associated", WHY_ASSOCIATED},
                                     {"none", WHY_NONE},
                                     {NULL, 0}};

SHAPE(
    static, name_shape, "WhyName",
    FIELD("source", SHAPE_ENUM, 0,
          "config, tag: of the run; version-tag; data: a data set by its name; parent: by its "
          "relation",
          .names = sources),
    FIELD("key", SHAPE_TEXT, 0, "its name there"));

SHAPE(static, pair_shape, "WhyExperiment", FIELD("from", SHAPE_INT, 0, "the older version"),
      FIELD("to", SHAPE_INT, 0, "the newer one, which differs in nothing else"),
      FIELD("from_value", SHAPE_TEXT, SHAPE_OPTIONAL, "absent: the key is not there"),
      FIELD("to_value", SHAPE_TEXT, SHAPE_OPTIONAL, "absent: the key is not there"),
      FIELD("before", SHAPE_NUMBER, 0, "the metric of the older"),
      FIELD("after", SHAPE_NUMBER, 0, "the metric of the newer"));

SHAPE(
    static, key_shape, "WhyKey",
    FIELD("source", SHAPE_ENUM, 0, "see WhyName", .names = sources),
    FIELD("key", SHAPE_TEXT, 0, "its name there"),
    FIELD("a", SHAPE_TEXT, SHAPE_OPTIONAL, "its value in the first, shortened"),
    FIELD("b", SHAPE_TEXT, SHAPE_OPTIONAL, "its value in the second"),
    FIELD("with", SHAPE_OBJECT, SHAPE_LIST,
          "keys that always change with it: they can not be told apart", .sub = &name_shape),
    FIELD("evidence", SHAPE_ENUM, 0,
          "experiment: versions of which only this differs; associated: over the history; none",
          .names = evidences),
    FIELD("number", SHAPE_BOOL, 0, "its values are compared as numbers"),
    FIELD("versions", SHAPE_INT, 0, "how many versions count"),
    FIELD("values", SHAPE_INT, 0, "how many different values they have"),
    FIELD("rho", SHAPE_NUMBER, SHAPE_OPTIONAL, "Spearman's, of numbers"),
    FIELD("share", SHAPE_NUMBER, 0, "of the metric's variance that goes with it, 0 to 1"),
    FIELD("p", SHAPE_NUMBER, 0, "by permutation, of this key alone"),
    FIELD("exact", SHAPE_BOOL, 0, "all permutations were tried"),
    FIELD("experiments", SHAPE_INT, 0, "how many there are"),
    FIELD("change", SHAPE_NUMBER, SHAPE_OPTIONAL,
          "how much they change: the root of the mean square"),
    FIELD("experiment_p", SHAPE_NUMBER, SHAPE_OPTIONAL,
          "that this is noise; 1 when the noise is not known"),
    FIELD("pairs", SHAPE_OBJECT, SHAPE_LIST, "the newest of them", .sub = &pair_shape));

SHAPE(
    static, why_shape, "Why", FIELD("repo", SHAPE_TEXT, 0, "the name of the repo"),
    FIELD("a", SHAPE_INT, 0, "the number of the first version"),
    FIELD("b", SHAPE_INT, 0, "of the second"),
    FIELD("metric", SHAPE_TEXT, 0, "what is explained"),
    FIELD("a_value", SHAPE_NUMBER, SHAPE_OPTIONAL, "of the first"),
    FIELD("b_value", SHAPE_NUMBER, SHAPE_OPTIONAL, "of the second"),
    FIELD("keys", SHAPE_OBJECT, SHAPE_LIST, "what differs, the best evidence first",
          .sub = &key_shape),
    FIELD("versions", SHAPE_INT, 0, "how many versions have the metric"),
    FIELD("tests", SHAPE_INT, 0,
          "how many keys could be tested: p times this is 0.05 at most where it is associated"),
    FIELD("noise", SHAPE_NUMBER, SHAPE_OPTIONAL,
          "how much versions without any difference differ; absent: there are none"),
    FIELD("cut", SHAPE_BOOL, 0, "older versions, or some keys, were not looked at"));

// ---- rendering ------------------------------------------------------------------------------

static void put_name(json_writer *w, const why_name *n) {
    json_m_string(w, "source", msg_name_of(sources, n->source));
    json_m_string(w, "key", n->key);
}

static void put_maybe(json_writer *w, const char *name, str text) {
    if (!text.p) return;
    json_key(w, str_of(name));
    json_string(w, text);
}

static void put_pairs(json_writer *w, const why_key *x) {
    json_m_array(w, "pairs");
    for (size_t i = 0; i < x->n_pairs; i++) {
        const why_pair *p = &x->pairs[i];
        json_object(w);
        json_m_i64(w, "from", p->from);
        json_m_i64(w, "to", p->to);
        put_maybe(w, "from_value", p->from_value);
        put_maybe(w, "to_value", p->to_value);
        json_m_f64(w, "before", p->before);
        json_m_f64(w, "after", p->after);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_key(json_writer *w, const why_key *x) {
    json_object(w);
    put_name(w, &x->name);
    put_maybe(w, "a", x->a);
    put_maybe(w, "b", x->b);
    json_m_array(w, "with");
    for (size_t i = 0; i < x->n_with; i++) {
        json_object(w);
        put_name(w, &x->with[i]);
        json_object_end(w);
    }
    json_array_end(w);
    json_m_string(w, "evidence", msg_name_of(evidences, x->evidence));
    json_m_bool(w, "number", x->number);
    json_m_i64(w, "versions", (int64_t)x->n);
    json_m_i64(w, "values", (int64_t)x->values);
    if (x->number) json_m_f64(w, "rho", x->rho);
    json_m_f64(w, "share", x->share);
    json_m_f64(w, "p", x->p);
    json_m_bool(w, "exact", x->exact);
    json_m_i64(w, "experiments", (int64_t)x->experiments);
    if (x->experiments) {
        json_m_f64(w, "change", x->change);
        json_m_f64(w, "experiment_p", x->experiment_p);
    }
    put_pairs(w, x);
    json_object_end(w);
}

static void put_answer(json_writer *w, str repo_name, int64_t a, int64_t b, str metric,
                       const why_answer *x) {
    json_object(w);
    json_m_string(w, "repo", repo_name);
    json_m_i64(w, "a", a);
    json_m_i64(w, "b", b);
    json_m_string(w, "metric", metric);
    if (x->has_a) json_m_f64(w, "a_value", x->a);
    if (x->has_b) json_m_f64(w, "b_value", x->b);
    json_m_array(w, "keys");
    for (size_t i = 0; i < x->n; i++)
        put_key(w, &x->keys[i]);
    json_array_end(w);
    json_m_i64(w, "versions", (int64_t)x->versions);
    json_m_i64(w, "tests", (int64_t)x->tests);
    if (x->has_noise) json_m_f64(w, "noise", x->noise);
    json_m_bool(w, "cut", x->cut);
    json_object_end(w);
}

// ---- which metric ---------------------------------------------------------------------------

enum { RULES_READ = 100, NAMES_SHOWN = 20 };

static str listed(call *k, str list, str name) {
    return arena_printf(k->c.a, "%.*s%s%.*s", STR_F(list), list.n ? ", " : "",
                        STR_F(str_upto_code_points(name, 120)));
}

// "metrics.acc, metrics.loss, evals.safety.leaks": what the version's run and evaluations have.
static str known_metrics(call *k, const version *v) {
    series_summary *s = NULL;
    evaluation_value *x = NULL;
    size_t n = 0, n_scores = 0, shown = 0;
    str list = STR("");
    err unread = {0};
    if (!id_is_zero(v->run) && !series_summaries(&k->c, v->run, &s, &n, &unread)) n = 0;
    if (!evaluation_values(&k->c, v->id, &x, &n_scores, &unread)) n_scores = 0;
    for (size_t i = 0; i < n && shown < NAMES_SHOWN; i++, shown++)
        list = listed(k, list, arena_printf(k->c.a, "metrics.%.*s", STR_F(s[i].key)));
    for (size_t i = 0; i < n_scores && shown < NAMES_SHOWN; i++, shown++)
        list = listed(
            k, list,
            arena_printf(k->c.a, "evals.%.*s.%.*s", STR_F(x[i].suite), STR_F(x[i].name)));
    return n + n_scores > shown ? listed(k, list, STR("...")) : list;
}

static bool ask_which(call *k, const version *v, err *e) {
    str list = known_metrics(k, v);
    return err_set(e, ERR_INVALID, "say which metric; version %lld has %.*s",
                   (long long)v->number, STR_F(list.n ? list : STR("none")));
}

static bool refuse_unknown(call *k, str metric, const version *a, const version *b, err *e) {
    str list = known_metrics(k, a);
    const version *of = list.n ? a : b;
    if (!list.n) list = known_metrics(k, b);
    return err_set(e, ERR_NOT_FOUND,
                   "neither version %lld nor %lld has a value of %.*s; version %lld has %.*s",
                   (long long)a->number, (long long)b->number, STR_F(metric),
                   (long long)of->number, STR_F(list.n ? list : STR("none")));
}

// What the rules of the repo judge by, when they agree.
static bool metric_of_rules(call *k, const version *v, str *metric, err *e) {
    rule *r;
    size_t n;
    if (!rule_list(&k->c, v->repo_name, STR(""), RULES_READ, &r, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        if (!r[i].goal || str_eq(r[i].objective, *metric)) continue;
        if (metric->n) return ask_which(k, v, e);
        *metric = r[i].objective;
    }
    return metric->n || ask_which(k, v, e);
}

// "acc" is metrics.acc; an evaluation's score is named evals.SUITE.NAME.
static bool read_metric(call *k, const version *v, str *metric, search_field *out, err *e) {
    search_lang l = runs_lang(k);
    if (!metric->n && !metric_of_rules(k, v, metric, e)) return false;
    if (!str_starts(*metric, STR("metrics.")) && !str_starts(*metric, STR("evals.")))
        *metric = arena_printf(k->c.a, "metrics.%.*s", STR_F(*metric));
    return runs_field(&l, "metric", *metric, out, e);
}

// ---- the call -------------------------------------------------------------------------------

struct why {
    uint64_t has;
    str a, b, metric;
};
static const msg_field why_fields[] = {
    MSG_FIELD(struct why, a, MSG_STRING, MSG_REQUIRED, .max = 2000,
              .doc = "the address of a version"),
    MSG_FIELD(struct why, b, MSG_STRING, MSG_REQUIRED, .max = 2000,
              .doc = "the address of another version of the same repo"),
    MSG_FIELD(struct why, metric, MSG_STRING, 0, .max = 1000,
              .doc = "metrics.NAME, perhaps with .min, .max or .first, or evals.SUITE.NAME; by "
                     "default what the repo's rules judge by"),
};
static const msg_type why_msg = MSG_TYPE(struct why, why_fields);

static bool why(call *k, void *msg, err *e) {
    struct why *q = msg;
    address_found a, b;
    search_field metric;
    str name = str_trim(q->metric);
    why_answer x;
    if (!address_resolve(&k->c, q->a, &a, e) || !address_resolve(&k->c, q->b, &b, e))
        return false;
    if (!id_eq(a.version.repo, b.version.repo))
        return err_set(
            e, ERR_INVALID,
            "these are versions of two repos: what explains a change is asked of one "
            "repo's history");
    str repo_name = a.version.repo_name;
    if (!read_metric(k, &a.version, &name, &metric, e) ||
        !why_compare(&k->c, repo_name, a.version.number, b.version.number, &metric, &x, e))
        return false;
    if (!x.has_a && !x.has_b) return refuse_unknown(k, name, &a.version, &b.version, e);
    put_answer(rpc_reply(k), repo_name, a.version.number, b.version.number, name, &x);
    return true;
}
const rpc native_why = {.msg = &why_msg, .fn = why, .reply = &why_shape};
