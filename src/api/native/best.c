// SPDX-License-Identifier: Apache-2.0
// best: which version of a repo is the best by a rule or by terms of the request, and why the
// others are not; and whether a rule holds for one version. Any thread.
#include "api/native/rules.h"

static const msg_name verdicts[] = {{"holds", RULE_HOLDS},
                                    {"deleted", RULE_DELETED},
                                    {"bad", RULE_BAD},
                                    {"yanked", RULE_YANKED},
                                    {"no-run", RULE_NO_RUN},
                                    {"fails", RULE_FAILS},
                                    {"no-value", RULE_NO_VALUE},
                                    {"worse", RULE_WORSE},
                                    {"tie-worse", RULE_TIE_WORSE},
                                    {"older", RULE_OLDER},
                                    {NULL, 0}};

SHAPE(static, failure_shape, "RuleFailure",
      FIELD("constraint", SHAPE_TEXT, 0, "what does not hold"),
      FIELD("found", SHAPE_TEXT, 0, "what the fields in it hold; none: nothing"));

SHAPE(
    static, verdict_shape, "RuleVerdict",
    FIELD("version", SHAPE_INT, 0, "the number of the version"),
    FIELD("verdict", SHAPE_ENUM, 0,
          "holds: nothing is against it; deleted, bad, yanked: its marks; no-run: no run tells "
          "of it; fails: a constraint; no-value: it has no objective, or NaN; worse: by "
          "`behind`; tie-worse: equal, but worse by `tie`; older: equal in all",
          .names = verdicts),
    FIELD("value", SHAPE_NUMBER, SHAPE_OPTIONAL, "its objective"),
    FIELD("tie", SHAPE_NUMBER, SHAPE_OPTIONAL, "what decides between equals"),
    FIELD("behind", SHAPE_NUMBER, SHAPE_OPTIONAL,
          "how far behind the best, by the objective or by `tie`"),
    FIELD("failures", SHAPE_OBJECT, SHAPE_LIST, "constraints that do not hold",
          .sub = &failure_shape));

SHAPE(static, best_shape, "Best",
      FIELD("best", SHAPE_OBJECT, SHAPE_OPTIONAL, "the choice; absent: no version is good",
            .sub = &verdict_shape),
      FIELD("others", SHAPE_OBJECT, SHAPE_LIST, "the newest first", .sub = &verdict_shape),
      FIELD("rule", SHAPE_TEXT, SHAPE_OPTIONAL, "by which rule"),
      FIELD("where", SHAPE_TEXT, 0, "what had to hold"),
      FIELD("objective", SHAPE_TEXT, 0, "the field that decided"),
      FIELD("goal", SHAPE_ENUM, 0, "the greatest or the least of it", .names = rules_goals),
      FIELD("tie", SHAPE_TEXT, SHAPE_OPTIONAL, "the field between equals"),
      FIELD("tie_goal", SHAPE_ENUM, SHAPE_OPTIONAL, "of `tie`", .names = rules_goals),
      FIELD("more", SHAPE_BOOL, 0, "there are older versions that were not looked at"));

static void put_verdict(json_writer *w, const rule_result *r) {
    bool behind = r->verdict == RULE_WORSE || (r->verdict == RULE_TIE_WORSE && r->has_tie);
    json_object(w);
    json_m_i64(w, "version", r->number);
    json_m_string(w, "verdict", msg_name_of(verdicts, r->verdict));
    if (r->has_value) json_m_f64(w, "value", r->value);
    if (r->has_tie) json_m_f64(w, "tie", r->tie);
    if (behind) json_m_f64(w, "behind", r->behind);
    json_m_array(w, "failures");
    for (size_t i = 0; i < r->n_failures; i++) {
        json_object(w);
        json_m_string(w, "constraint", r->failures[i].constraint);
        json_m_string(w, "found", r->failures[i].found);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

// ---- the best -------------------------------------------------------------------------------

struct best {
    uint64_t has;
    str rule;
    struct rules_texts texts;
};
static const msg_field best_fields[] = {
    MSG_FIELD(struct best, rule, MSG_STRING, 0,
              .doc = "a rule of the repo; instead of the terms below"),
    RULES_FIELDS(struct best),
};
static const msg_type best_msg = MSG_TYPE(struct best, best_fields);

// The saved rule, or what the request says.
static bool take_rule(call *k, const struct best *q, rule *out, err *e) {
    bool terms = q->texts.where.n || q->texts.objective.n || q->texts.tie.n;
    if (q->rule.n && terms)
        return err_set(e, ERR_INVALID, "a rule has terms of its own: send 'rule' or terms");
    if (q->rule.n) return rule_get(&k->c, http_param(k->r, "repo"), q->rule, out, e);
    *out = rules_rule(&q->texts);
    return true;
}

static void put_terms(json_writer *w, const rule *r) {
    if (r->name.n) json_m_string(w, "rule", r->name);
    json_m_string(w, "where", str_or_empty(r->where));
    json_m_string(w, "objective", r->objective);
    json_m_string(w, "goal", msg_name_of(rules_goals, r->goal));
    if (!r->tie_goal) return;
    json_m_string(w, "tie", r->tie);
    json_m_string(w, "tie_goal", msg_name_of(rules_goals, r->tie_goal));
}

static bool best(call *k, void *msg, err *e) {
    rule r;
    rule_terms t;
    rule_result *all;
    size_t n, at;
    bool more;
    if (!take_rule(k, msg, &r, e) || !rules_terms(k, &r, &t, e) ||
        !rule_best(&k->c, http_param(k->r, "repo"), &t, &all, &n, &at, &more, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (at != SIZE_MAX) {
        json_key(w, STR("best"));
        put_verdict(w, &all[at]);
    }
    json_m_array(w, "others");
    for (size_t i = 0; i < n; i++)
        if (i != at) put_verdict(w, &all[i]);
    json_array_end(w);
    put_terms(w, &r);
    json_m_bool(w, "more", more);
    json_object_end(w);
    return true;
}
const rpc native_best = {.msg = &best_msg, .fn = best, .reply = &best_shape};

// ---- does it hold? --------------------------------------------------------------------------

static bool holds(call *k, void *msg, err *e) {
    rule r;
    rule_terms t;
    rule_result out;
    int64_t number;
    str repo_name = http_param(k->r, "repo");
    (void)msg;
    if (!versions_number(http_param(k->r, "version"), &number, e) ||
        !rule_get(&k->c, repo_name, http_param(k->r, "rule"), &r, e) ||
        !rules_terms(k, &r, &t, e) || !rule_holds(&k->c, repo_name, number, &t, &out, e))
        return false;
    put_verdict(rpc_reply(k), &out);
    return true;
}
const rpc native_rule_holds = {.fn = holds, .reply = &verdict_shape};
