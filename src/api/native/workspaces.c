// SPDX-License-Identifier: Apache-2.0
// workspaces: list, create, read, describe, delete. Which one a request works in is said by its
// header (api/api.h). Any thread.
#include "api/native/native_internal.h"

SHAPE(static, workspace_shape, "Workspace", FIELD("name", SHAPE_TEXT, 0, "it never changes"),
      FIELD("description", SHAPE_TEXT, 0, "about it"),
      FIELD("created_us", SHAPE_INT, 0, "when it was made"));

SHAPE(static, workspaces_shape, "Workspaces",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of names",
            .sub = &workspace_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static void put_workspace(json_writer *w, const workspace_row *s) {
    json_object(w);
    json_m_string(w, "name", s->name);
    json_m_string(w, "description", s->description);
    json_m_i64(w, "created_us", s->created_us);
    json_object_end(w);
}

static bool list(call *k, void *msg, err *e) {
    const struct native_page *q = msg;
    workspace_row *s;
    size_t n, limit;
    if (!native_page_limit(q, &limit, e) ||
        !api_workspaces(k->r, q->after, limit + 1, &s, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        put_workspace(w, &s[i]);
    native_list_end(w, n > limit ? s[limit - 1].name : (str){0});
    return true;
}
const rpc native_workspaces_list = {
    .msg = &native_page_msg, .fn = list, .reply = &workspaces_shape};

struct create {
    uint64_t has;
    str name, description;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, name, MSG_STRING, MSG_REQUIRED, .max = WORKSPACE_NAME_MAX,
              .doc = "2 to 63 of the characters a-z, 0-9 and '-'"),
    MSG_FIELD(struct create, description, MSG_STRING, 0, .max = WORKSPACE_DESCRIPTION_MAX),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    workspace_row made;
    if (!workspace_create(&k->c, q->name, q->description, &made, e)) return false;
    put_workspace(rpc_reply(k), &made);
    return true;
}

static bool reply_named(call *k, str name, err *e) {
    workspace_row found;
    if (!api_workspace_named(k->r, name, &found, e)) return false;
    put_workspace(rpc_reply(k), &found);
    return true;
}
const rpc native_workspaces_create = {
    .msg = &create_msg, .fn = create, .reply = &workspace_shape, .status = 201};

static bool get(call *k, void *msg, err *e) {
    (void)msg;
    return reply_named(k, http_param(k->r, "workspace"), e);
}
const rpc native_workspaces_get = {.fn = get, .reply = &workspace_shape};

struct change {
    uint64_t has;
    str description;
};
static const msg_field change_fields[] = {
    MSG_FIELD(struct change, description, MSG_STRING, 0, .max = WORKSPACE_DESCRIPTION_MAX,
              .doc = "instead of the one that is there"),
};
static const msg_type change_msg = MSG_TYPE(struct change, change_fields);

static bool change(call *k, void *msg, err *e) {
    struct change *q = msg;
    workspace_row now;
    str name = http_param(k->r, "workspace");
    if (!msg_has(&change_msg, q, "description")) return reply_named(k, name, e);
    if (!workspace_describe(&k->c, name, q->description, &now, e)) return false;
    put_workspace(rpc_reply(k), &now);
    return true;
}
const rpc native_workspaces_change = {
    .msg = &change_msg, .fn = change, .reply = &workspace_shape};

static bool delete (call *k, void *msg, err *e) {
    (void)msg;
    return workspace_delete(&k->c, http_param(k->r, "workspace"), e);
}
const rpc native_workspaces_delete = {.fn = delete};
