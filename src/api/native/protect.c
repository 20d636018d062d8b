// SPDX-License-Identifier: Apache-2.0
// protect: what a repo asks for before a ref moves or a version is published, and approvals.
// Any thread; all state is the request's.
#include "core/protect.h"
#include "api/native/repos.h"

#define PART_NAME(name, text, number, doc) {text, number},
static const msg_name parts[] = {PARTS(PART_NAME){NULL, 0}};
#undef PART_NAME

static str repo_of(const call *k) {
    return http_param(k->r, "repo");
}

// The value of a member whose key was put.
static void put_parts(json_writer *w, uint64_t sum) {
    json_array(w);
    for (const msg_name *p = parts; p->name; p++)
        if (sum & (uint64_t)p->value) json_string(w, str_of(p->name));
    json_array_end(w);
}

// ---- protections ----------------------------------------------------------------------------

SHAPE(static, protection_shape, "Protection",
      FIELD("ref", SHAPE_TEXT, SHAPE_OPTIONAL, "which ref; absent: publishing in the repo"),
      FIELD("require", SHAPE_ENUM, SHAPE_LIST, "parts that a version must have",
            .names = parts),
      FIELD("rule", SHAPE_TEXT, SHAPE_OPTIONAL, "a saved rule that must hold"),
      FIELD("approvals", SHAPE_INT, 0, "how many people must approve a version"),
      FIELD("user", SHAPE_TEXT, 0, "who set it"), FIELD("set_us", SHAPE_INT, 0, "when"));
SHAPE(static, protections_shape, "Protections",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of refs, at most 1,000",
            .sub = &protection_shape));

SHAPE(static, protection_change_shape, "ProtectionChange",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "all that the repo asks for now",
            .sub = &protection_shape),
      FIELD("was", SHAPE_OBJECT, SHAPE_OPTIONAL,
            "what was asked for before; absent: it was not protected",
            .sub = &protection_shape));

static void put_protection(json_writer *w, const protection *p) {
    json_object(w);
    if (p->ref.n) json_m_string(w, "ref", p->ref);
    json_key(w, STR("require"));
    put_parts(w, p->parts);
    if (p->rule.n) json_m_string(w, "rule", p->rule);
    json_m_i64(w, "approvals", p->approvals);
    json_m_string(w, "user", p->user);
    json_m_i64(w, "set_us", p->set_us);
    json_object_end(w);
}

// was: NULL for none.
static bool reply_all(call *k, const protection *was, err *e) {
    protection *p;
    size_t n;
    if (!protect_list(&k->c, repo_of(k), &p, &n, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (was) {
        json_key(w, STR("was"));
        put_protection(w, was);
    }
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++)
        put_protection(w, &p[i]);
    native_list_end(w, (str){0});
    return true;
}

static bool list(call *k, void *msg, err *e) {
    (void)msg;
    return reply_all(k, NULL, e);
}
const rpc native_protections_list = {.fn = list, .reply = &protections_shape};

struct set {
    uint64_t has;
    str ref, rule;
    msg_list require;
    int64_t approvals;
};
static const msg_field set_fields[] = {
    MSG_FIELD(struct set, ref, MSG_STRING, 0, .max = REF_NAME_MAX,
              .doc = "which ref, or stage of MLflow; left out: publishing in the repo"),
    MSG_FIELD(struct set, require, MSG_STRINGS, 0, .max = 20,
              .doc = "parts that a version must have: config, weights, tokenizer, card, logs, "
                     "evaluations; left out, as below: stays as it was"),
    MSG_FIELD(struct set, rule, MSG_STRING, 0, .max = 100,
              .doc = "a saved rule of the repo that must hold for a version; empty: none"),
    MSG_FIELD(struct set, approvals, MSG_INT64, 0,
              .doc = "how many people must approve a version, besides who published it"),
};
static const msg_type set_msg = MSG_TYPE(struct set, set_fields);

static bool take_parts(const struct set *q, uint64_t *sum, err *e) {
    for (size_t i = 0; i < q->require.n; i++) {
        str text = *MSG_AT(str, q->require, i);
        const msg_name *p = msg_name_find(parts, text);
        if (!p)
            return err_set(e, ERR_INVALID,
                           "'%.*s' is no part of a version: config, weights, tokenizer, card, "
                           "logs and evaluations are",
                           STR_F(str_upto_code_points(text, 100)));
        *sum |= (uint64_t)p->value;
    }
    return true;
}

static bool set(call *k, void *msg, err *e) {
    struct set *q = msg;
    protection was, p = {.ref = str_or_empty(q->ref),
                         .rule = str_or_empty(q->rule),
                         .approvals = q->approvals};
    unsigned given = (msg_has(&set_msg, q, "require") ? PROTECT_PARTS : 0u) |
                     (msg_has(&set_msg, q, "rule") ? PROTECT_RULE : 0u) |
                     (msg_has(&set_msg, q, "approvals") ? PROTECT_APPROVALS : 0u);
    return take_parts(q, &p.parts, e) && protect_set(&k->c, repo_of(k), &p, given, &was, e) &&
           reply_all(k, was.set_us ? &was : NULL, e);
}
const rpc native_protections_set = {
    .msg = &set_msg, .fn = set, .reply = &protection_change_shape};

struct unset {
    uint64_t has;
    str ref;
};
static const msg_field unset_fields[] = {
    MSG_FIELD(struct unset, ref, MSG_STRING, 0, .max = REF_NAME_MAX,
              .doc = "which ref; left out: publishing in the repo"),
};
static const msg_type unset_msg = MSG_TYPE(struct unset, unset_fields);

static bool unset(call *k, void *msg, err *e) {
    struct unset *q = msg;
    return protect_remove(&k->c, repo_of(k), str_or_empty(q->ref), e) && list(k, NULL, e);
}
const rpc native_protections_remove = {
    .msg = &unset_msg, .fn = unset, .reply = &protections_shape};

// ---- a version before a ref -----------------------------------------------------------------

SHAPE(static, approval_shape, "Approval", FIELD("user", SHAPE_TEXT, 0, "who approved it"),
      FIELD("reason", SHAPE_TEXT, 0, "why"), FIELD("time_us", SHAPE_INT, 0, "when"),
      FIELD("counts", SHAPE_BOOL, 0,
            "false: who gave it was disabled since, or may not write here any more"));
SHAPE(static, readiness_shape, "Readiness",
      FIELD("ready", SHAPE_BOOL, 0, "the version has all that is asked for"),
      FIELD("protected", SHAPE_BOOL, 0, "is anything asked for?"),
      FIELD("has", SHAPE_ENUM, SHAPE_LIST, "the parts that the version has", .names = parts),
      FIELD("lacks", SHAPE_ENUM, SHAPE_LIST, "parts that it must have and has not",
            .names = parts),
      FIELD("rule", SHAPE_TEXT, SHAPE_OPTIONAL, "the rule that must hold"),
      FIELD("rule_holds", SHAPE_BOOL, 0, "it does, or none is asked for"),
      FIELD("rule_fails", SHAPE_TEXT, SHAPE_OPTIONAL, "why it does not"),
      FIELD("approvals_needed", SHAPE_INT, 0, "how many people must approve it"),
      FIELD("approvals", SHAPE_OBJECT, SHAPE_LIST, "who did", .sub = &approval_shape));

static void put_approvals(json_writer *w, const protect_state *s) {
    json_m_array(w, "approvals");
    for (size_t i = 0; i < s->n_approvals; i++) {
        json_object(w);
        json_m_string(w, "user", s->approvals[i].user);
        json_m_string(w, "reason", s->approvals[i].reason);
        json_m_i64(w, "time_us", s->approvals[i].time_us);
        json_m_bool(w, "counts", s->approvals[i].counts);
        json_object_end(w);
    }
    json_array_end(w);
}

static bool put_readiness(call *k, int64_t number, str name, err *e) {
    protect_state s;
    if (!protect_look(&k->c, repo_of(k), number, name, &s, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_bool(w, "ready", s.ready);
    json_m_bool(w, "protected", s.is_protected);
    json_key(w, STR("has"));
    put_parts(w, s.parts);
    json_key(w, STR("lacks"));
    put_parts(w, s.asked.parts & ~s.parts);
    if (s.asked.rule.n) json_m_string(w, "rule", s.asked.rule);
    json_m_bool(w, "rule_holds", s.rule_holds);
    if (s.rule_fails.n) json_m_string(w, "rule_fails", s.rule_fails);
    json_m_i64(w, "approvals_needed", s.asked.approvals);
    put_approvals(w, &s);
    json_object_end(w);
    return true;
}

static const msg_field readiness_fields[] = {
    MSG_FIELD(struct unset, ref, MSG_STRING, 0, .max = REF_NAME_MAX,
              .doc = "the ref that it shall be at; left out: publishing"),
};
static const msg_type readiness_msg = MSG_TYPE(struct unset, readiness_fields);

static bool readiness(call *k, void *msg, err *e) {
    struct unset *q = msg;
    int64_t number;
    return versions_number(http_param(k->r, "version"), &number, e) &&
           put_readiness(k, number, str_or_empty(q->ref), e);
}
const rpc native_versions_readiness = {
    .msg = &readiness_msg, .fn = readiness, .reply = &readiness_shape};

struct approve {
    uint64_t has;
    str ref, reason, user;
    bool withdraw;
};
static const msg_field approve_fields[] = {
    MSG_FIELD(struct approve, ref, MSG_STRING, MSG_REQUIRED, .max = REF_NAME_MAX,
              .doc = "the ref that it may be at"),
    MSG_FIELD(struct approve, reason, MSG_STRING, 0, .max = REF_REASON_MAX, .doc = "why"),
    MSG_FIELD(struct approve, withdraw, MSG_BOOL, 0, .doc = "take your approval back"),
    MSG_FIELD(struct approve, user, MSG_STRING, 0, .max = USER_NAME_MAX,
              .doc = "with withdraw: take back that of this user, with a reason; takes a "
                     "maintainer"),
};
static const msg_type approve_msg = MSG_TYPE(struct approve, approve_fields);

static bool approve(call *k, void *msg, err *e) {
    struct approve *q = msg;
    int64_t number;
    if (!versions_number(http_param(k->r, "version"), &number, e)) return false;
    bool ok = q->withdraw ? protect_withdraw(&k->c, repo_of(k), number, q->ref,
                                             str_or_empty(q->user), q->reason, e)
                          : protect_approve(&k->c, repo_of(k), number, q->ref, q->reason, e);
    return ok && put_readiness(k, number, q->ref, e);
}
const rpc native_versions_approve = {
    .msg = &approve_msg, .fn = approve, .reply = &readiness_shape};

// ---- all that may be next -------------------------------------------------------------------

#define CANDIDATES     20
#define CANDIDATES_MAX 100

SHAPE(static, candidate_shape, "Candidate",
      FIELD("version", SHAPE_OBJECT, 0, "the version", .sub = &versions_version_shape),
      FIELD("readiness", SHAPE_OBJECT, 0, "what it has and lacks", .sub = &readiness_shape));
SHAPE(static, candidates_shape, "Candidates",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST,
            "the newest first; none that is yanked, bad or deleted", .sub = &candidate_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

struct candidates {
    uint64_t has;
    str ref;
    int64_t limit, after;
};
static const msg_field candidates_fields[] = {
    MSG_FIELD(struct candidates, ref, MSG_STRING, MSG_REQUIRED, .max = REF_NAME_MAX,
              .doc = "the ref that they may be at next"),
    MSG_FIELD(struct candidates, limit, MSG_INT32, 0,
              .doc =
                  "versions to look at, 20 by default and 100 at most; the page has those of "
                  "them that are not marked"),
    MSG_FIELD(struct candidates, after, MSG_INT64, 0,
              .doc = "the cursor `next` of the page before: a number, older ones follow"),
};
static const msg_type candidates_msg = MSG_TYPE(struct candidates, candidates_fields);

static bool put_candidate(call *k, const version *v, str name, err *e) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("version"));
    versions_put(w, v, NULL, 0);
    json_key(w, STR("readiness"));
    if (!put_readiness(k, v->number, name, e)) return false;
    json_object_end(w);
    return true;
}

static bool candidates(call *k, void *msg, err *e) {
    struct candidates *q = msg;
    version *v;
    size_t n, limit = msg_has(&candidates_msg, q, "limit") ? (size_t)q->limit : CANDIDATES;
    int64_t before = msg_has(&candidates_msg, q, "after") ? q->after : INT64_MAX;
    if (limit < 1 || limit > CANDIDATES_MAX)
        return err_set(e, ERR_INVALID, "'limit' is 1 to %d", CANDIDATES_MAX);
    if (!version_page(&k->c, repo_of(k), before, limit + 1, false, &v, &n, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        if (!v[i].mark_sum && !put_candidate(k, &v[i], q->ref, e)) return false;
    str next = {0};
    if (n > limit) next = arena_printf(k->c.a, "%lld", (long long)v[limit - 1].number);
    native_list_end(w, next);
    return true;
}
const rpc native_candidates = {
    .msg = &candidates_msg, .fn = candidates, .reply = &candidates_shape};
