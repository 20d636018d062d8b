// SPDX-License-Identifier: Apache-2.0
// tokens: of a user: list, make, revoke. A secret is in one reply and nowhere else. Any thread.
#include "api/native/native_internal.h"

#define TOKEN_FIELDS                                                                           \
    FIELD("id", SHAPE_ID, 0, "names the token; it is no secret"),                              \
        FIELD("user", SHAPE_TEXT, 0, "whose it is"),                                           \
        FIELD("label", SHAPE_TEXT, 0, "what it is for"),                                       \
        FIELD("created_us", SHAPE_INT, 0, "when it was made"),                                 \
        FIELD("expires_us", SHAPE_INT, SHAPE_OPTIONAL, "when it ends; left out: never"),       \
        FIELD("used_us", SHAPE_INT, SHAPE_OPTIONAL,                                            \
              "when it was used last, to some minutes; left out: never")

SHAPE(static, token_shape, "Token", TOKEN_FIELDS);
SHAPE(static, new_token_shape, "NewToken", TOKEN_FIELDS,
      FIELD("secret", SHAPE_TEXT, 0, "what to send; it is told this once"));
SHAPE(static, tokens_shape, "Tokens",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "made first first", .sub = &token_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static void put_token(json_writer *w, const user_token *t, str secret) {
    json_object(w);
    native_m_id(w, "id", t->id);
    json_m_string(w, "user", t->user);
    json_m_string(w, "label", t->label);
    json_m_i64(w, "created_us", t->created_us);
    if (t->expires_us) json_m_i64(w, "expires_us", t->expires_us);
    if (t->used_us) json_m_i64(w, "used_us", t->used_us);
    if (secret.n) json_m_string(w, "secret", secret);
    json_object_end(w);
}

// ---- list -----------------------------------------------------------------------------------

static bool list(call *k, void *msg, err *e) {
    const struct native_page *q = msg;
    id after = {0};
    user_token *t;
    size_t n, limit;
    if (q->after.n && !id_parse(q->after, &after))
        return err_set(e, ERR_INVALID, "'after' is the cursor `next` of a page before");
    if (!native_page_limit(q, &limit, e) ||
        !user_token_page(&k->c, http_param(k->r, "user"), after, limit + 1, &t, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        put_token(w, &t[i], (str){0});
    native_list_end(w, n > limit ? id_str(k->c.a, t[limit - 1].id) : (str){0});
    return true;
}
const rpc native_tokens_list = {.msg = &native_page_msg, .fn = list, .reply = &tokens_shape};

// ---- create, revoke -------------------------------------------------------------------------

struct create {
    uint64_t has;
    str label;
    int64_t expires_us;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, label, MSG_STRING, 0, .max = USER_LABEL_MAX,
              .doc = "what it is for"),
    MSG_FIELD(struct create, expires_us, MSG_INT64, 0, .doc = "when it ends; never by default"),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    user_token t;
    str secret;
    if (!user_token_create(&k->c, http_param(k->r, "user"), q->label, q->expires_us, &t,
                           &secret, e))
        return false;
    http_set_header(k->r, "Cache-Control", STR("no-store"));
    put_token(rpc_reply(k), &t, secret);
    return true;
}
const rpc native_tokens_create = {
    .msg = &create_msg, .fn = create, .reply = &new_token_shape, .status = 201};

static bool revoke(call *k, void *msg, err *e) {
    id token;
    str text = http_param(k->r, "token");
    (void)msg;
    if (!id_parse(text, &token))
        return err_set(e, ERR_NOT_FOUND, "there is no token '%.*s': its id is 32 hex digits",
                       STR_F(str_upto_code_points(text, 100)));
    return user_token_revoke(&k->c, http_param(k->r, "user"), token, e);
}
const rpc native_tokens_revoke = {.fn = revoke};
