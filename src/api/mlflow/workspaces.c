// SPDX-License-Identifier: Apache-2.0
// workspaces: /mlflow/workspaces of MLflow 3.10 and later. Which workspace a request works in
// is said by its header (api/access.c). Any thread.
#include "api/mlflow/mlflow_internal.h"

static void put_workspace(json_writer *w, const workspace_row *s) {
    json_object(w);
    json_m_string(w, "name", s->name);
    if (s->description.n) json_m_string(w, "description", s->description);
    json_object_end(w);
}

static bool reply_workspace(call *k, const workspace_row *s) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("workspace"));
    put_workspace(w, s);
    json_object_end(w);
    return true;
}

// MLflow's list has no pages: all of them.
static bool list(call *k, void *msg, err *e) {
    enum { AT_ONCE = 500 };
    workspace_row *v;
    size_t n = 0;
    str after = {0};
    (void)msg;
    if (!api_workspaces(k->r, after, AT_ONCE, &v, &n, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "workspaces");
    for (;;) {
        for (size_t i = 0; i < n; i++)
            put_workspace(w, &v[i]);
        if (n < AT_ONCE) break;
        after = v[n - 1].name;
        if (!api_workspaces(k->r, after, AT_ONCE, &v, &n, e)) return false;
    }
    json_array_end(w);
    json_object_end(w);
    return true;
}
const rpc mlflow_workspaces_list = {.fn = list};

struct workspace_msg {
    uint64_t has;
    str name, description, default_artifact_root, trace_archival_config;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct workspace_msg, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct workspace_msg, description, MSG_STRING, 0),
    MSG_FIELD(struct workspace_msg, default_artifact_root, MSG_STRING, 0),
    MSG_FIELD(struct workspace_msg, trace_archival_config, MSG_RAW, 0),
};
static const msg_type create_msg = MSG_TYPE(struct workspace_msg, create_fields);

// What would be taken and not kept is refused.
static bool check_rest(const struct workspace_msg *q, err *e) {
    if (q->default_artifact_root.n)
        return mlflow_invalid(e,
                              "default_artifact_root can not be set: a workspace keeps its "
                              "artifacts below the server's own root, in workspaces/<name>.");
    return !q->trace_archival_config.n ||
           mlflow_invalid(e, "trace_archival_config can not be set: there are no traces yet.");
}

static bool create(call *k, void *msg, err *e) {
    struct workspace_msg *q = msg;
    workspace_row made;
    return check_rest(q, e) && workspace_create(&k->c, q->name, q->description, &made, e) &&
           reply_workspace(k, &made);
}
const rpc mlflow_workspaces_create = {.msg = &create_msg, .fn = create, .status = 201};

static bool get(call *k, void *msg, err *e) {
    workspace_row found;
    (void)msg;
    return api_workspace_named(k->r, http_param(k->r, "workspace"), &found, e) &&
           reply_workspace(k, &found);
}
const rpc mlflow_workspaces_get = {.fn = get};

static const msg_field update_fields[] = {
    MSG_FIELD(struct workspace_msg, description, MSG_STRING, 0),
    MSG_FIELD(struct workspace_msg, default_artifact_root, MSG_STRING, 0),
    MSG_FIELD(struct workspace_msg, trace_archival_config, MSG_RAW, 0),
};
static const msg_type update_msg = MSG_TYPE(struct workspace_msg, update_fields);

static bool update(call *k, void *msg, err *e) {
    struct workspace_msg *q = msg;
    workspace_row now;
    if (!check_rest(q, e)) return false;
    if (!msg_has(&update_msg, q, "description"))
        return mlflow_invalid(e, "Workspace update must have at least one key");
    return workspace_describe(&k->c, http_param(k->r, "workspace"), q->description, &now, e) &&
           reply_workspace(k, &now);
}
const rpc mlflow_workspaces_update = {.msg = &update_msg, .fn = update};

// Of MLflow's modes only RESTRICT: nothing is moved or deleted by the way.
static bool check_mode(http_req *r, err *e) {
    struct {
        uint64_t has;
        str mode;
    } q;
    static const msg_field fields[] = {
        {.name = "mode", .kind = MSG_STRING, .offset = sizeof(uint64_t)}};
    static const msg_type type = {.fields = fields, .n = 1, .size = sizeof q};
    msg_problem p;
    if (!msg_decode_query(&type, http_arena(r), http_query(r), &q, &p))
        return mlflow_invalid(e, "the query can not be read");
    return !q.mode.n || str_is(q.mode, "RESTRICT") ||
           mlflow_invalid(
               e,
               "Deletion mode '%.*s' is not there: a workspace is deleted when it is "
               "empty (RESTRICT).",
               STR_F(str_upto_code_points(q.mode, 100)));
}

void mlflow_workspaces_delete(http_req *r) {
    err e = {0};
    ctx c = api_ctx(r);
    if (check_mode(r, &e) && workspace_delete(&c, http_param(r, "workspace"), &e))
        http_reply(r, 204, NULL, (str){0});
    else
        http_fail(r, &e);
}
