// SPDX-License-Identifier: Apache-2.0
// rules: list, read, set, remove. The language of their terms is that of searches. Any thread.
#include "api/native/rules.h"

#include "api/native/native.h"

const msg_name rules_goals[] = {{"max", RULE_MAX}, {"min", RULE_MIN}, {NULL, 0}};

SHAPE(static, rule_shape, "Rule",
      FIELD("name", SHAPE_TEXT, 0, "its name, unique among the rules of the repo"),
      FIELD("where", SHAPE_TEXT, 0, "what must hold; empty: nothing"),
      FIELD("objective", SHAPE_TEXT, SHAPE_OPTIONAL, "the field that decides"),
      FIELD("goal", SHAPE_ENUM, SHAPE_OPTIONAL, "of the objective: the greatest or the least",
            .names = rules_goals),
      FIELD("tie", SHAPE_TEXT, SHAPE_OPTIONAL, "the field that decides between equals"),
      FIELD("tie_goal", SHAPE_ENUM, SHAPE_OPTIONAL, "of `tie`", .names = rules_goals),
      FIELD("user", SHAPE_TEXT, 0, "who set it as it is"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else the user only said so"),
      FIELD("reason", SHAPE_TEXT, 0, "why"), FIELD("changed_us", SHAPE_INT, 0, "when"));

SHAPE(static, rules_shape, "Rules",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of names", .sub = &rule_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static void put_goal(json_writer *w, const char *field, const char *goal, str text,
                     rule_goal value) {
    if (value == RULE_NONE) return;
    json_key(w, str_of(field));
    json_string(w, text);
    json_key(w, str_of(goal));
    json_string(w, msg_name_of(rules_goals, value));
}

static void put_rule(json_writer *w, const rule *r) {
    json_object(w);
    json_m_string(w, "name", r->name);
    json_m_string(w, "where", r->where);
    put_goal(w, "objective", "goal", r->objective, r->goal);
    put_goal(w, "tie", "tie_goal", r->tie, r->tie_goal);
    json_m_string(w, "user", r->user);
    json_m_bool(w, "proven", r->proven);
    json_m_string(w, "reason", r->reason);
    json_m_i64(w, "changed_us", r->changed_us);
    json_object_end(w);
}

// ---- terms ----------------------------------------------------------------------------------

static bool read_goal(const search_lang *l, const char *member, str text, rule_goal goal,
                      search_field *out, err *e) {
    if (goal == RULE_NONE) return true;
    if (!runs_field(l, member, text, out, e)) return false;
    bool attr = out->domain == SEARCH_PARAM || out->domain == SEARCH_TAG;
    if (attr) out->which = SEARCH_AS_NUMBER;
    return attr || out->domain == SEARCH_METRIC || out->domain == SEARCH_ATTRIBUTE ||
           out->domain == SEARCH_EVALUATION ||
           err_set(e, ERR_INVALID, "'%s': only numbers can be greatest or least", member);
}

bool rules_terms(call *k, const rule *r, rule_terms *out, err *e) {
    search_lang l = runs_lang(k);
    search_lang_part *parts = NULL;
    size_t n;
    *out = (rule_terms){.goal = r->goal, .tie_goal = r->tie_goal, .now_ms = l.now_us / 1000};
    if (!search_lang_parts(&l, r->where, &parts, &n, e)) return runs_in_member("where", e);
    if (!read_goal(&l, "objective", r->objective, r->goal, &out->objective, e) ||
        !read_goal(&l, "tie", r->tie, r->tie_goal, &out->tie, e))
        return false;
    rule_constraint *c = ARENA_ARRAY(k->c.a, rule_constraint, n);
    for (size_t i = 0; i < n; i++)
        c[i] = (rule_constraint){parts[i].text, parts[i].node};
    out->constraints = c;
    out->n = n;
    return true;
}

bool native_compile_rule(ctx *c, const rule *r, rule_terms *out, err *e) {
    call k = {.c = *c};
    return rules_terms(&k, r, out, e);
}

static rule_goal goal_of(str field, int64_t goal) {
    return !str_trim(field).n ? RULE_NONE : goal ? (rule_goal)goal : RULE_MAX;
}

rule rules_rule(const struct rules_texts *t) {
    return (rule){.where = t->where,
                  .objective = str_trim(t->objective),
                  .goal = goal_of(t->objective, t->goal),
                  .tie = str_trim(t->tie),
                  .tie_goal = goal_of(t->tie, t->tie_goal)};
}

// ---- list, read, set, remove ----------------------------------------------------------------

static str repo_of(call *k) {
    return http_param(k->r, "repo");
}

static bool list(call *k, void *msg, err *e) {
    const struct native_page *q = msg;
    rule *r;
    size_t n, limit;
    if (!native_page_limit(q, &limit, e) ||
        !rule_list(&k->c, repo_of(k), q->after, limit + 1, &r, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        put_rule(w, &r[i]);
    native_list_end(w, n > limit ? r[limit - 1].name : (str){0});
    return true;
}
const rpc native_rules_list = {.msg = &native_page_msg, .fn = list, .reply = &rules_shape};

static bool get(call *k, void *msg, err *e) {
    rule r;
    (void)msg;
    if (!rule_get(&k->c, repo_of(k), http_param(k->r, "rule"), &r, e)) return false;
    put_rule(rpc_reply(k), &r);
    return true;
}
const rpc native_rules_get = {.fn = get, .reply = &rule_shape};

struct set {
    uint64_t has;
    struct rules_texts texts;
    str reason;
};
static const msg_field set_fields[] = {
    RULES_FIELDS(struct set),
    MSG_FIELD(struct set, reason, MSG_STRING, 0, .max = REF_REASON_MAX, .doc = "why"),
};
static const msg_type set_msg = MSG_TYPE(struct set, set_fields);

static bool set(call *k, void *msg, err *e) {
    struct set *q = msg;
    rule r = rules_rule(&q->texts), out;
    rule_terms t;
    r.name = http_param(k->r, "rule");
    r.reason = q->reason;
    if (!rules_terms(k, &r, &t, e) || !rule_check(&k->c, &t, e) ||
        !rule_set(&k->c, repo_of(k), &r, &out, e))
        return false;
    put_rule(rpc_reply(k), &out);
    return true;
}
const rpc native_rules_set = {.msg = &set_msg, .fn = set, .reply = &rule_shape};

static bool remove_rule(call *k, void *msg, err *e) {
    struct repos_why *q = msg;
    return rule_remove(&k->c, repo_of(k), http_param(k->r, "rule"), q->reason, e);
}
const rpc native_rules_remove = {.msg = &repos_why_msg, .fn = remove_rule};
