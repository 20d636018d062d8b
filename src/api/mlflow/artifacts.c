// SPDX-License-Identifier: Apache-2.0
// artifacts: files of runs and logged models, and the proxy (mlflow-artifacts:/) that clients
// write any path to, over api/files.h. Any thread.
#include "api/files.h"
#include "api/mlflow/mlflow_internal.h"

#define LIST_AT_ONCE     1000
#define UPLOAD_MAX_BYTES (10u << 20)

// ---- down and up ----------------------------------------------------------------------------

// What `client_path` names below `uri`, a run's or model's artifacts.
static bool send_below(http_req *r, ctx *c, str uri, str client_path, err *e) {
    files_place p;
    return files_place_of(c, uri, client_path, &p, e) && files_send(r, c, &p, e);
}

static bool receive(http_req *r, ctx *c, str tree_path, uint64_t max, err *e) {
    sha256 digest;
    uint64_t size;
    if (files_receive(r, c, tree_path, max, &digest, &size, e)) return true;
    if (e->code == ERR_TOO_LARGE && size > max) {
        mlflow_invalid(e, "Artifact size is too large. Max size is %lluMB.",
                       (unsigned long long)max >> 20);
    }
    return false;
}

// ---- lists ----------------------------------------------------------------------------------

static void file_info(call *k, str prefix, str name, bool is_dir, uint64_t size) {
    str path = prefix.n ? arena_printf(k->c.a, "%.*s/%.*s", STR_F(prefix), STR_F(name)) : name;
    json_object(k->w);
    json_m_string(k->w, "path", path);
    json_m_bool(k->w, "is_dir", is_dir);
    if (!is_dir) json_m_i64(k->w, "file_size", (int64_t)size);
    json_object_end(k->w);
}

// The files directly there as {"path", "is_dir", "file_size"}; `prefix` stands before each
// name.
static bool list_files(call *k, const files_place *p, str prefix, err *e) {
    files_entry *f;
    size_t n, at_once = p->in_folder ? FILES_FOLDER_MAX : LIST_AT_ONCE;
    bool begun = false;
    str after = {0};
    json_writer *w = k->w;
    do {
        if (!files_list(&k->c, p, after, at_once, &f, &n, e)) return false;
        if (n && !begun) json_m_array(w, "files");
        begun |= n > 0;
        for (size_t i = 0; i < n; i++)
            file_info(k, prefix, f[i].name, f[i].is_dir, f[i].size);
        if (n) after = f[n - 1].name;
    } while (n == at_once);
    if (begun) json_array_end(w);
    return true;
}

bool mlflow_list_files(call *k, str uri, str client_path, err *e) {
    str below;
    files_place p;
    if (!artifact_path(k->c.a, client_path, &below, e) ||
        !files_place_of(&k->c, uri, below, &p, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "root_uri", uri);
    if (!list_files(k, &p, below, e)) return false;
    json_object_end(w);
    return true;
}

struct list {
    uint64_t has;
    str run_id, path;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct list, path, MSG_STRING, 0),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

static bool list_run(call *k, void *msg, err *e) {
    struct list *q = msg;
    id run_id;
    run r;
    return mlflow_run_id(q->run_id, &run_id, e) && run_get(&k->c, run_id, &r, e) &&
           mlflow_list_files(k, r.artifact_uri, q->path, e);
}
const rpc mlflow_artifacts_list = {.msg = &list_msg, .fn = list_run};

static const msg_field proxy_list_fields[] = {MSG_FIELD(struct list, path, MSG_STRING, 0)};
static const msg_type proxy_list_msg = MSG_TYPE(struct list, proxy_list_fields);

static bool list_proxy(call *k, void *msg, err *e) {
    files_place p;
    str path;
    if (!artifact_path(k->c.a, ((struct list *)msg)->path, &path, e) ||
        !files_place_at(&k->c, path, &p, e))
        return false;
    json_object(rpc_reply(k));
    if (!list_files(k, &p, (str){0}, e)) return false;
    json_object_end(k->w);
    return true;
}
const rpc mlflow_proxy_list = {.msg = &proxy_list_msg, .fn = list_proxy};

// ---- by run and model -----------------------------------------------------------------------

static bool decode_query(http_req *r, struct list *q, err *e) {
    msg_problem p;
    return msg_decode_query(&list_msg, http_arena(r), http_query(r), q, &p) ||
           (p.kind == MSG_MISSING
                ? mlflow_invalid(e, "Request must specify run_uuid.")
                : mlflow_invalid(e, "Invalid value for parameter '%.*s'.", STR_F(p.path)));
}

// The run and path that ?run_id=...&path=... names.
static bool run_of_query(http_req *r, ctx *c, run *found, str *path, err *e) {
    struct list q;
    id run_id;
    if (!decode_query(r, &q, e)) return false;
    if (!q.path.n) return mlflow_invalid(e, "Request must specify path.");
    *path = q.path;
    return mlflow_run_id(q.run_id, &run_id, e) && run_get(c, run_id, found, e);
}

void mlflow_get_artifact(http_req *r) {
    ctx c = api_ctx(r);
    err e = {0};
    run found;
    str path;
    bool ok = run_of_query(r, &c, &found, &path, &e) &&
              send_below(r, &c, found.artifact_uri, path, &e);
    if (!ok) http_fail(r, &e);
}

void mlflow_upload_artifact(http_req *r) {
    ctx c = api_ctx(r);
    err e = {0};
    run found;
    str path, tree_path;
    bool ok = run_of_query(r, &c, &found, &path, &e);
    if (ok && http_content_length(r) == 0)
        ok = mlflow_invalid(&e, "Request must specify data.");
    ok = ok && files_tree_path(c.a, found.artifact_uri, path, &tree_path, &e);
    if (ok && receive(r, &c, tree_path, UPLOAD_MAX_BYTES, &e)) {
        http_reply(r, 200, "application/json", STR("{}"));
    } else {
        http_fail(r, &e);
    }
}

struct model_file {
    uint64_t has;
    str artifact_file_path;
};
static const msg_field model_file_fields[] = {
    MSG_FIELD(struct model_file, artifact_file_path, MSG_STRING, MSG_REQUIRED)};
static const msg_type model_file_msg = MSG_TYPE(struct model_file, model_file_fields);

void mlflow_model_file(http_req *r) {
    ctx c = api_ctx(r);
    err e = {0};
    msg_problem p;
    struct model_file q;
    id model_id;
    model m;
    bool ok = msg_decode_query(&model_file_msg, c.a, http_query(r), &q, &p) ||
              mlflow_invalid(&e, "Missing value for required parameter 'artifact_file_path'.");
    ok = ok && mlflow_model_id(http_param(r, "model_id"), &model_id, &e) &&
         model_get(&c, model_id, &m, &e) &&
         send_below(r, &c, m.artifact_uri, q.artifact_file_path, &e);
    if (!ok) http_fail(r, &e);
}

// ---- the proxy ------------------------------------------------------------------------------

static bool proxy_path(http_req *r, str *out, err *e) {
    return artifact_path(http_arena(r), http_param(r, "path"), out, e) &&
           (out->n || mlflow_invalid(e, "Invalid path"));
}

void mlflow_proxy_put(http_req *r) {
    ctx c = api_ctx(r);
    err e = {0};
    str path;
    if (proxy_path(r, &path, &e) && receive(r, &c, path, UINT64_MAX, &e)) {
        http_reply(r, 200, "application/json", STR("{}"));
    } else {
        http_fail(r, &e);
    }
}

void mlflow_proxy_get(http_req *r) {
    ctx c = api_ctx(r);
    err e = {0};
    files_place p;
    str path;
    if (!proxy_path(r, &path, &e) || !files_place_at(&c, path, &p, &e) ||
        !files_send(r, &c, &p, &e))
        http_fail(r, &e);
}

void mlflow_proxy_delete(http_req *r) {
    ctx c = api_ctx(r);
    err e = {0};
    str path;
    if (proxy_path(r, &path, &e) && artifact_delete(&c, path, &e))
        http_reply(r, 200, "application/json", STR("{}"));
    else
        http_fail(r, &e);
}

// "create/<path>" and the like: clients know this sentence and fall back to a single PUT.
void mlflow_multipart(http_req *r) {
    err e = {0};
    str path;
    if (proxy_path(r, &path, &e) &&
        artifact_writable(str_from(path, str_find(path, '/', 0) + 1), &e))
        err_set(&e, ERR_UNIMPLEMENTED,
                "Multipart upload is not supported for the current artifact repository");
    http_fail(r, &e);
}
