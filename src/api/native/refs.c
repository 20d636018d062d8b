// SPDX-License-Identifier: Apache-2.0
// refs: list, set, remove, roll back, and the moves of one or of a whole repo. Any thread.
#include "api/native/repos.h"

const msg_name refs_kinds[] = {{"alias", REF_ALIAS}, {"tag", REF_TAG}, {NULL, 0}};

SHAPE(static, ref_shape, "Ref", FIELD("name", SHAPE_TEXT, 0, "its name, unique in the repo"),
      FIELD("kind", SHAPE_ENUM, 0, "an alias moves, a tag is sealed", .names = refs_kinds),
      FIELD("version", SHAPE_INT, 0, "the number of the version that it points at"),
      FIELD("user", SHAPE_TEXT, 0, "who set it there"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else the user only said so"),
      FIELD("reason", SHAPE_TEXT, 0, "why"), FIELD("moved_us", SHAPE_INT, 0, "when"));

SHAPE(static, refs_shape, "Refs",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "aliases, then tags, in the order of names",
            .sub = &ref_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

SHAPE(static, pin_shape, "PinMove",
      FIELD("repo", SHAPE_TEXT, 0, "whose ref of the same name moved along"),
      FIELD("from", SHAPE_INT, SHAPE_OPTIONAL, "the number of its version before"),
      FIELD("to", SHAPE_INT, 0, "and behind"));

SHAPE(, refs_move_shape, "RefMove", FIELD("ref", SHAPE_TEXT, 0, "which ref"),
      FIELD("kind", SHAPE_ENUM, 0, "what it was then", .names = refs_kinds),
      FIELD("from", SHAPE_INT, SHAPE_OPTIONAL,
            "the number of the version before; absent: it was not there"),
      FIELD("to", SHAPE_INT, SHAPE_OPTIONAL,
            "the number of the version behind; absent: it was removed"),
      FIELD("user", SHAPE_TEXT, 0, "who moved it"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else the user only said so"),
      FIELD("reason", SHAPE_TEXT, 0, "why"),
      FIELD("time_us", SHAPE_INT, SHAPE_OPTIONAL, "when; absent: it was only tried"),
      FIELD("moved", SHAPE_BOOL, SHAPE_OPTIONAL,
            "in the reply to a move: was it moved, or would it be? false: it pointed there "
            "already, and this is the move that brought it there"),
      FIELD("pins", SHAPE_OBJECT, SHAPE_LIST | SHAPE_OPTIONAL,
            "what moves along with a release, in the reply to its move", .sub = &pin_shape));

SHAPE(static, moves_shape, "RefMoves",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "the newest first", .sub = &refs_move_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static void put_pins(json_writer *w, const ref_move *m) {
    json_m_array(w, "pins");
    for (size_t i = 0; i < m->n_pins; i++) {
        const ref_move *p = &m->pins[i];
        json_object(w);
        json_m_string(w, "repo", p->repo);
        if (p->from) json_m_i64(w, "from", p->from);
        json_m_i64(w, "to", p->to);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_members(json_writer *w, const ref_move *m) {
    json_m_string(w, "ref", m->name);
    json_m_string(w, "kind", msg_name_of(refs_kinds, m->kind));
    if (m->from) json_m_i64(w, "from", m->from);
    if (m->to) json_m_i64(w, "to", m->to);
    json_m_string(w, "user", m->user);
    json_m_bool(w, "proven", m->proven);
    json_m_string(w, "reason", m->reason);
    if (m->time_us) json_m_i64(w, "time_us", m->time_us);
    if (m->n_pins) put_pins(w, m);
}

void refs_put_move(json_writer *w, const ref_move *m) {
    json_object(w);
    put_members(w, m);
    json_object_end(w);
}

static void reply_move(call *k, const ref_move *m) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    put_members(w, m);
    json_m_bool(w, "moved", m->made);
    json_object_end(w);
}

static void put_ref(json_writer *w, const ref *f) {
    json_object(w);
    json_m_string(w, "name", f->name);
    json_m_string(w, "kind", msg_name_of(refs_kinds, f->kind));
    json_m_i64(w, "version", f->number);
    json_m_string(w, "user", f->user);
    json_m_bool(w, "proven", f->proven);
    json_m_string(w, "reason", f->reason);
    json_m_i64(w, "moved_us", f->moved_us);
    json_object_end(w);
}

static ref_change path_change(call *k, ref_kind kind, str reason) {
    return (ref_change){.repo = http_param(k->r, "repo"),
                        .kind = kind,
                        .name = http_param(k->r, "ref"),
                        .expected = REF_ANY,
                        .reason = reason};
}

// ---- list -----------------------------------------------------------------------------------

struct list {
    uint64_t has;
    int64_t kind, limit;
    str after;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, kind, MSG_ENUM, 0, .names = refs_kinds, .doc = "only of this kind"),
    MSG_FIELD(struct list, limit, MSG_INT32, 0, .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct list, after, MSG_STRING, 0, .doc = "the cursor `next` of the page before"),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

// A cursor is "alias:NAME" or "tag:NAME".
static bool read_cursor(str after, ref *out, err *e) {
    size_t colon = str_find(after, ':', 0);
    for (const msg_name *k = refs_kinds; k->name; k++)
        if (str_is(str_upto(after, colon), k->name)) out->kind = (ref_kind)k->value;
    out->name = colon == SIZE_MAX ? STR("") : str_from(after, colon + 1);
    return (out->kind && colon != SIZE_MAX) ||
           err_set(e, ERR_INVALID, "'after' is no cursor of this list");
}

static bool list(call *k, void *msg, err *e) {
    struct list *q = msg;
    ref behind = {.name = STR("")}, *f;
    size_t n, limit;
    if (!native_limit(msg_has(&list_msg, q, "limit"), q->limit, &limit, e) ||
        (q->after.n && !read_cursor(q->after, &behind, e)) ||
        !ref_list(&k->c, http_param(k->r, "repo"), (ref_kind)q->kind, &behind, limit + 1, &f,
                  &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        put_ref(w, &f[i]);
    str next = {0};
    if (n > limit)
        next = arena_printf(k->c.a, "%s:%.*s", ref_kind_name(f[limit - 1].kind),
                            STR_F(f[limit - 1].name));
    native_list_end(w, next);
    return true;
}
const rpc native_refs_list = {.msg = &list_msg, .fn = list, .reply = &refs_shape};

// ---- set, remove, roll back -----------------------------------------------------------------

#define EXPECTED_DOC                                                                           \
    "the version that it must point at now, or 0: it must not be there; else it is refused "   \
    "with CONFLICT"

struct set {
    uint64_t has;
    int64_t kind, version, expected;
    str reason;
};
static const msg_field set_fields[] = {
    MSG_FIELD(struct set, version, MSG_INT64, MSG_REQUIRED,
              .doc = "the number of the version that it shall point at"),
    MSG_FIELD(struct set, kind, MSG_ENUM, 0, .names = refs_kinds,
              .doc = "an alias (the default) moves; a tag is sealed: it holds its version, and "
                     "never moves"),
    MSG_FIELD(struct set, expected, MSG_INT64, 0, .doc = EXPECTED_DOC),
    MSG_FIELD(struct set, reason, MSG_STRING, 0, .max = REF_REASON_MAX, .doc = "why"),
};
static const msg_type set_msg = MSG_TYPE(struct set, set_fields);

// What was expected, as core has it.
static bool take_expected(bool sent, int64_t value, int64_t *out, err *e) {
    *out = sent ? value : REF_ANY;
    return !sent || value >= 0 ||
           err_set(e, ERR_INVALID, "'expected' is the number of a version, or 0");
}

static bool set(call *k, void *msg, err *e) {
    struct set *q = msg;
    ref_move done;
    ref_change m = path_change(k, q->kind ? (ref_kind)q->kind : REF_ALIAS, q->reason);
    m.number = q->version;
    if (!take_expected(msg_has(&set_msg, q, "expected"), q->expected, &m.expected, e) ||
        !ref_set(&k->c, &m, &done, e))
        return false;
    reply_move(k, &done);
    return true;
}
const rpc native_refs_set = {.msg = &set_msg, .fn = set, .reply = &refs_move_shape};

struct remove {
    uint64_t has;
    int64_t expected;
    str reason;
};
static const msg_field remove_fields[] = {
    MSG_FIELD(struct remove, expected, MSG_INT64, 0, .doc = EXPECTED_DOC),
    MSG_FIELD(struct remove, reason, MSG_STRING, 0, .max = REF_REASON_MAX,
              .doc = "why; a tag is not removed without"),
};
static const msg_type remove_msg = MSG_TYPE(struct remove, remove_fields);

static bool remove_ref(call *k, void *msg, err *e) {
    struct remove *q = msg;
    ref_change m = path_change(k, 0, q->reason);
    bool was_there;
    if (!take_expected(msg_has(&remove_msg, q, "expected"), q->expected, &m.expected, e) ||
        !ref_delete(&k->c, &m, &was_there, e))
        return false;
    return was_there || err_set(e, ERR_NOT_FOUND, "'%.*s' has no ref '%.*s'", STR_F(m.repo),
                                STR_F(str_upto_code_points(m.name, REF_NAME_MAX)));
}
const rpc native_refs_remove = {.msg = &remove_msg, .fn = remove_ref};

struct rollback {
    uint64_t has;
    int64_t expected;
    str reason;
    bool dry_run;
};
static const msg_field rollback_fields[] = {
    MSG_FIELD(struct rollback, reason, MSG_STRING, 0, .max = REF_REASON_MAX,
              .doc = "why; needed unless it is only tried"),
    MSG_FIELD(struct rollback, expected, MSG_INT64, 0, .doc = EXPECTED_DOC),
    MSG_FIELD(struct rollback, dry_run, MSG_BOOL, 0, .doc = "only tell what would be done"),
};
static const msg_type rollback_msg = MSG_TYPE(struct rollback, rollback_fields);

static bool rollback(call *k, void *msg, err *e) {
    struct rollback *q = msg;
    ref_move done;
    ref_change m = path_change(k, REF_ALIAS, q->reason);
    if (!take_expected(msg_has(&rollback_msg, q, "expected"), q->expected, &m.expected, e) ||
        !ref_rollback(&k->c, &m, q->dry_run, &done, e))
        return false;
    reply_move(k, &done);
    return true;
}
const rpc native_refs_rollback = {
    .msg = &rollback_msg, .fn = rollback, .reply = &refs_move_shape};

// ---- history --------------------------------------------------------------------------------

// A cursor is "TIME-ID" of the last move.
static bool read_place(str after, ref_move *out, err *e) {
    size_t dash = str_find(after, '-', 0);
    return (dash != SIZE_MAX && str_to_i64(str_upto(after, dash), &out->time_us) &&
            id_parse(str_from(after, dash + 1), &out->id)) ||
           err_set(e, ERR_INVALID, "'after' is no cursor of this list");
}

static bool reply_moves(call *k, str name, const struct native_page *q, err *e) {
    ref_move behind, *m;
    size_t n, limit;
    if (!native_page_limit(q, &limit, e) || (q->after.n && !read_place(q->after, &behind, e)) ||
        !ref_history(&k->c, http_param(k->r, "repo"), name, q->after.n ? &behind : NULL,
                     limit + 1, &m, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        refs_put_move(w, &m[i]);
    str next = {0};
    if (n > limit)
        next = arena_printf(k->c.a, "%lld-%.*s", (long long)m[limit - 1].time_us,
                            STR_F(id_str(k->c.a, m[limit - 1].id)));
    native_list_end(w, next);
    return true;
}

static bool history(call *k, void *msg, err *e) {
    return reply_moves(k, http_param(k->r, "ref"), msg, e);
}
const rpc native_refs_history = {.msg = &native_page_msg, .fn = history, .reply = &moves_shape};

static bool moves(call *k, void *msg, err *e) {
    return reply_moves(k, (str){0}, msg, e);
}
const rpc native_repos_moves = {.msg = &native_page_msg, .fn = moves, .reply = &moves_shape};
