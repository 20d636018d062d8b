// SPDX-License-Identifier: Apache-2.0
// users: list, create, read, disable, roles; and who asks. Tokens are tokens.c's. Any thread.
#include "api/native/native_internal.h"

const msg_name native_roles[] = {{"none", USER_NONE},
#define ROLE(name, text, doc) {text, USER_##name},
                                 USER_ROLES(ROLE)
#undef ROLE
                                     {NULL, 0}};

SHAPE(static, user_shape, "User", FIELD("name", SHAPE_TEXT, 0, "their name: it never changes"),
      FIELD("enabled", SHAPE_BOOL, 0, "false: no token of theirs counts"),
      FIELD("role", SHAPE_ENUM, 0, "in the workspace that was asked", .names = native_roles),
      FIELD("created_us", SHAPE_INT, 0, "when they were made"));

SHAPE(static, users_shape, "Users",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of names", .sub = &user_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

SHAPE(static, new_user_shape, "NewUser",
      FIELD("user", SHAPE_OBJECT, 0, "the user", .sub = &user_shape),
      FIELD("secret", SHAPE_TEXT, SHAPE_OPTIONAL,
            "the first token, if one was asked for: it is told this once"));

static void put_user(json_writer *w, const user_account *u) {
    json_object(w);
    json_m_string(w, "name", u->name);
    json_m_bool(w, "enabled", u->enabled);
    json_m_string(w, "role", str_of(user_role_name(u->role)));
    json_m_i64(w, "created_us", u->created_us);
    json_object_end(w);
}

static bool reply_named(call *k, err *e) {
    user_account u;
    if (!user_get(&k->c, http_param(k->r, "user"), &u, e)) return false;
    put_user(rpc_reply(k), &u);
    return true;
}

// ---- list -----------------------------------------------------------------------------------

static bool list(call *k, void *msg, err *e) {
    const struct native_page *q = msg;
    user_account *u;
    size_t n, limit;
    if (!native_page_limit(q, &limit, e) || !user_page(&k->c, q->after, limit + 1, &u, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        put_user(w, &u[i]);
    native_list_end(w, n > limit ? u[limit - 1].name : (str){0});
    return true;
}
const rpc native_users_list = {.msg = &native_page_msg, .fn = list, .reply = &users_shape};

// ---- create, read ---------------------------------------------------------------------------

struct create {
    uint64_t has;
    str name, label;
    int64_t role;
    bool token;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, name, MSG_STRING, MSG_REQUIRED, .max = USER_NAME_MAX,
              .doc = "of the characters a-z, A-Z, 0-9 and . _ @ + -"),
    MSG_FIELD(struct create, role, MSG_ENUM, 0, .names = native_roles,
              .doc = "in the workspace; none by default"),
    MSG_FIELD(struct create, token, MSG_BOOL, 0, .doc = "with a first token"),
    MSG_FIELD(struct create, label, MSG_STRING, 0, .max = USER_LABEL_MAX,
              .doc = "of that token: what it is for"),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    user_account u;
    str secret;
    user_new n = {
        .name = q->name, .role = (user_role)q->role, .token = q->token, .label = q->label};
    if (!user_create(&k->c, &n, &u, &secret, e)) return false;
    http_set_header(k->r, "Cache-Control", STR("no-store"));
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("user"));
    put_user(w, &u);
    if (secret.n) json_m_string(w, "secret", secret);
    json_object_end(w);
    return true;
}
const rpc native_users_create = {
    .msg = &create_msg, .fn = create, .reply = &new_user_shape, .status = 201};

static bool get(call *k, void *msg, err *e) {
    (void)msg;
    return reply_named(k, e);
}
const rpc native_users_get = {.fn = get, .reply = &user_shape};

// ---- change ---------------------------------------------------------------------------------

struct change {
    uint64_t has;
    bool enabled;
};
static const msg_field change_fields[] = {
    MSG_FIELD(struct change, enabled, MSG_BOOL, MSG_REQUIRED,
              .doc = "false: no token of theirs counts any more"),
};
static const msg_type change_msg = MSG_TYPE(struct change, change_fields);

static bool change(call *k, void *msg, err *e) {
    struct change *q = msg;
    return user_enable(&k->c, http_param(k->r, "user"), q->enabled, e) && reply_named(k, e);
}
const rpc native_users_change = {.msg = &change_msg, .fn = change, .reply = &user_shape};

struct role {
    uint64_t has;
    int64_t role;
};
static const msg_field role_fields[] = {
    MSG_FIELD(struct role, role, MSG_ENUM, MSG_REQUIRED, .names = native_roles,
              .doc = "what they may do in the workspace; none: nothing"),
};
static const msg_type role_msg = MSG_TYPE(struct role, role_fields);

static bool set_role(call *k, void *msg, err *e) {
    struct role *q = msg;
    return user_set_role(&k->c, http_param(k->r, "user"), (user_role)q->role, e) &&
           reply_named(k, e);
}
const rpc native_users_role = {.msg = &role_msg, .fn = set_role, .reply = &user_shape};

// ---- who asks -------------------------------------------------------------------------------

SHAPE(static, whoami_shape, "Caller",
      FIELD("user", SHAPE_TEXT, 0,
            "as the event log would name them; empty: nobody that is known"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else `user` is only claimed"),
      FIELD("workspace", SHAPE_TEXT, 0, "where this request works"),
      FIELD("role", SHAPE_ENUM, 0, "in that workspace", .names = native_roles),
      FIELD("operates", SHAPE_BOOL, 0, "may they operate the server: users, jobs, backups?"));

static bool whoami(call *k, void *msg, err *e) {
    err unread = {0};
    (void)msg, (void)e;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "user", k->c.user);
    json_m_bool(w, "proven", k->c.proven);
    json_m_string(w, "workspace", api_caller_of(k->r)->workspace);
    json_m_string(w, "role", str_of(user_role_name(api_caller_of(k->r)->role)));
    json_m_bool(w, "operates", api_may(k->r, PERM_OPERATE, &unread));
    json_object_end(w);
    return true;
}
const rpc native_whoami = {.fn = whoami, .reply = &whoami_shape};
