// SPDX-License-Identifier: Apache-2.0
// artifacts: files of runs and logged models, and the proxy (mlflow-artifacts:/) that clients
// write any path to. What a user names is a key of the artifact tree, never a path of the
// machine. Files are always sent as attachments of a type that the server chose, so that none
// runs in the page's origin. Any thread.
#include "api/mlflow/mlflow_internal.h"
#include "core/folder.h"

#define LIST_AT_ONCE     1000
#define FOLDER_AT_MOST   100000
#define COPY_BYTES       (256u << 10)
#define UPLOAD_MAX_BYTES (10u << 20)

// ---- where things are -----------------------------------------------------------------------

static bool tree_path_of(arena *a, str uri, str client_path, str *out, err *e) {
    str scheme = STR(MLFLOW_SCHEME), root, below;
    if (!str_starts(uri, scheme) || str_starts(uri, STR(MLFLOW_SCHEME "/"))) {
        return err_set(
            e, ERR_UNIMPLEMENTED,
            "These artifacts are kept at '%.*s', where this server does not read or write:"
            " use a client that has access to it.",
            STR_F(str_upto(uri, 300)));
    }
    if (!artifact_path(a, str_from(uri, scheme.n), &root, e) ||
        !artifact_path(a, client_path, &below, e))
        return false;
    if (!root.n || !below.n)
        *out = root.n ? root : below;
    else
        *out = arena_printf(a, "%.*s/%.*s", STR_F(root), STR_F(below));
    return true;
}

// ---- types ----------------------------------------------------------------------------------

typedef struct mime {
    const char *extension, *type;
} mime;

// Text of any kind is shown as plain text.
static const mime mimes[] = {
    {"txt", "text/plain"},
    {"log", "text/plain"},
    {"err", "text/plain"},
    {"cfg", "text/plain"},
    {"conf", "text/plain"},
    {"cnf", "text/plain"},
    {"ini", "text/plain"},
    {"properties", "text/plain"},
    {"prop", "text/plain"},
    {"yaml", "text/plain"},
    {"yml", "text/plain"},
    {"toml", "text/plain"},
    {"xml", "text/plain"},
    {"json", "text/plain"},
    {"jsonl", "text/plain"},
    {"js", "text/plain"},
    {"py", "text/plain"},
    {"py3", "text/plain"},
    {"sh", "text/plain"},
    {"md", "text/plain"},
    {"rst", "text/plain"},
    {"sql", "text/plain"},
    {"html", "text/html"},
    {"csv", "text/csv"},
    {"tsv", "text/tab-separated-values"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"bmp", "image/bmp"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"mp3", "audio/mpeg"},
    {"wav", "audio/x-wav"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
};

static const char *type_of(str name) {
    size_t dot = name.n;
    while (dot && name.p[dot - 1] != '.')
        dot--;
    str extension = dot ? str_from(name, dot) : (str){0};
    if (str_is(name, "MLmodel") || str_is(name, "MLproject")) return "text/plain";
    for (size_t i = 0; i < sizeof mimes / sizeof *mimes; i++) {
        if (str_eq_nocase(extension, str_of(mimes[i].extension))) return mimes[i].type;
    }
    return "application/octet-stream";
}

// RFC 6266: a plain name for old readers, and the exact one percent-encoded (RFC 8187).
static str disposition(arena *a, str name) {
    static const char digits[] = "0123456789ABCDEF";
    char *plain = arena_bytes(a, name.n + 1), *exact = arena_bytes(a, name.n * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool safe = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                    (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
        plain[i] = safe || c == ' ' ? (char)c : '_';
        if (safe) {
            exact[n++] = (char)c;
            continue;
        }
        exact[n++] = '%';
        exact[n++] = digits[c >> 4];
        exact[n++] = digits[c & 15];
    }
    return arena_printf(a, "attachment; filename=\"%.*s\"; filename*=UTF-8''%.*s", (int)name.n,
                        plain, (int)n, exact);
}

// ---- down -----------------------------------------------------------------------------------

static void close_object(void *o) {
    store_object_close(o);
}

static ssize_t read_object(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    return store_object_read(arg, offset, p, n, e);
}

static bool check_object(void *arg, uint64_t offset, size_t n, err *e) {
    return store_object_check(arg, offset, n, e);
}

static bool send_artifact(http_req *r, ctx *c, str tree_path, err *e) {
    artifact_entry f;
    char etag[SHA256_HEX];
    if (!artifact_get(c, tree_path, &f, e)) return false;
    if (f.is_dir) return err_set(e, ERR_NOT_FOUND, "'%.*s' is a folder.", STR_F(tree_path));
    store_object *o = store_get(core_store(c->core), f.digest, e);
    if (!o) return false;
    arena_on_reset(c->a, close_object, o);
    sha256_hex(f.digest, etag);
    http_source s = {.length = store_object_size(o),
                     .etag = arena_printf(c->a, "\"%s\"", etag),
                     .content_type = type_of(f.name),
                     .check = check_object,
                     .read = read_object,
                     .arg = o};
    s.fd = store_object_fd(o, &s.base);
    http_set_header(r, "Content-Disposition", disposition(c->a, f.name));
    http_reply_source(r, &s);
    return true;
}

// A file beneath the folder that the operator named as artifact root: as it is, without
// checksums of ours.
static bool send_folder_file(http_req *r, ctx *c, str below, err *e) {
    http_source s = {0};
    size_t slash = below.n;
    while (slash && below.p[slash - 1] != '/')
        slash--;
    str name = str_from(below, slash);
    if (!folder_file(c, below, &s.fd, &s.length, e)) return false;
    s.content_type = type_of(name);
    http_set_header(r, "Content-Disposition", disposition(c->a, name));
    http_reply_source(r, &s);
    return true;
}

// What `client_path` names below `uri`, a run's or model's artifacts.
static bool send_below(http_req *r, ctx *c, str uri, str client_path, err *e) {
    str path;
    if (folder_holds(c, uri, client_path, &path, e)) return send_folder_file(r, c, path, e);
    return e->code == ERR_NONE && tree_path_of(c->a, uri, client_path, &path, e) &&
           send_artifact(r, c, path, e);
}

// ---- up -------------------------------------------------------------------------------------

static bool receive(http_req *r, ctx *c, str tree_path, uint64_t max, err *e) {
    sha256 digest;
    uint64_t size = 0;
    ssize_t got = 0;
    store_upload *u = store_begin(core_store(c->core), e);
    if (!u) return false;
    char *bytes = arena_bytes(c->a, COPY_BYTES);
    while ((got = http_read(r, bytes, COPY_BYTES, e)) > 0) {
        size += (uint64_t)got;
        if (size > max) {
            mlflow_invalid(e, "Artifact size is too large. Max size is %lluMB.",
                           (unsigned long long)max >> 20);
            break;
        }
        if (!store_write(u, bytes, (size_t)got, e)) break;
    }
    if (got != 0) {
        store_abort(u);
        return false;
    }
    return store_finish(u, &digest, &size, e) && artifact_put(c, tree_path, digest, size, e);
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

// The files directly below tree_path as {"path", "is_dir", "file_size"}; `prefix` stands before
// each name.
static bool list_files(call *k, str tree_path, str prefix, err *e) {
    artifact_entry *f;
    size_t n;
    bool begun = false;
    str after = {0};
    json_writer *w = k->w;
    do {
        if (!artifact_list(&k->c, tree_path, after, LIST_AT_ONCE, &f, &n, e)) return false;
        if (n && !begun) json_m_array(w, "files");
        begun |= n > 0;
        for (size_t i = 0; i < n; i++)
            file_info(k, prefix, f[i].name, f[i].is_dir, f[i].size);
        if (n) after = f[n - 1].name;
    } while (n == LIST_AT_ONCE);
    if (begun) json_array_end(w);
    return true;
}

static bool list_folder(call *k, str below_root, str prefix, err *e) {
    folder_entry *f;
    size_t n;
    if (!folder_list(&k->c, below_root, FOLDER_AT_MOST, &f, &n, e)) return false;
    if (n) json_m_array(k->w, "files");
    for (size_t i = 0; i < n; i++)
        file_info(k, prefix, f[i].name, f[i].is_dir, f[i].size);
    if (n) json_array_end(k->w);
    return true;
}

bool mlflow_list_files(call *k, str uri, str client_path, err *e) {
    str path, below;
    if (!artifact_path(k->c.a, client_path, &below, e)) return false;
    bool in_folder = folder_holds(&k->c, uri, below, &path, e);
    if (!in_folder && (e->code != ERR_NONE || !tree_path_of(k->c.a, uri, below, &path, e)))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "root_uri", uri);
    if (!(in_folder ? list_folder(k, path, below, e) : list_files(k, path, below, e)))
        return false;
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
    str path;
    if (!artifact_path(k->c.a, ((struct list *)msg)->path, &path, e)) return false;
    json_object(rpc_reply(k));
    if (!list_files(k, path, (str){0}, e)) return false;
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
    ok = ok && tree_path_of(c.a, found.artifact_uri, path, &tree_path, &e);
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
    str path;
    if (!proxy_path(r, &path, &e) || !send_artifact(r, &c, path, &e)) http_fail(r, &e);
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

// Clients know this sentence and fall back to a single PUT.
void mlflow_multipart(http_req *r) {
    err e = {0};
    err_set(&e, ERR_UNIMPLEMENTED,
            "Multipart upload is not supported for the current artifact repository");
    http_fail(r, &e);
}
