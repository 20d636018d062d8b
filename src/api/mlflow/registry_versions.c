// SPDX-License-Identifier: Apache-2.0
// registry_versions: /mlflow/model-versions: publish, describe, stage, tag and delete versions,
// and their files. Any thread.
#include "api/files.h"
#include "api/mlflow/registry_internal.h"
#include "core/prompt.h"

#define TAGS_AT_MOST   1000
#define MODEL_VERSIONS "mlflow.modelVersions" // a tag of logged models

// ---- create ---------------------------------------------------------------------------------

struct create {
    uint64_t has;
    str name, source, run_id, run_link, description, model_id;
    msg_list tags;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct create, source, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct create, run_id, MSG_STRING, 0),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &registry_tag_msg, .max = TAGS_AT_MOST),
    MSG_FIELD(struct create, run_link, MSG_STRING, 0),
    MSG_FIELD(struct create, description, MSG_STRING, 0),
    MSG_FIELD(struct create, model_id, MSG_STRING, 0),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

// A JSON list of {"name", "version"} with this version in it.
static str with_version(void *arg, arena *a, str value) {
    const version *v = arg;
    str item = arena_printf(a, "{\"name\": %.*s, \"version\": %lld}",
                            STR_F(mlflow_json_text(a, v->repo_name)), (long long)v->number);
    str list = str_trim(value);
    if (list.n < 2 || list.p[0] != '[' || list.p[list.n - 1] != ']')
        return arena_printf(a, "[%.*s]", STR_F(item)); // none yet, or not one of ours
    str inner = str_trim(str_n(list.p + 1, list.n - 2));
    return arena_printf(a, "[%.*s%s%.*s]", STR_F(inner), inner.n ? ", " : "", STR_F(item));
}

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    ctx *c = &k->c;
    kv *tags;
    version v;
    version_new n = {.run_link = q->run_link, .description = q->description};
    registry_source s = {.text = q->source,
                         .run_id = q->run_id,
                         .model_id = q->model_id,
                         .has_run_id = msg_has(&create_msg, q, "run_id")};
    if (!registry_check_name(c->a, q->name, "name", e) ||
        !registry_tags(c->a, q->tags, true, &tags, e))
        return false;
    n.tags = tags;
    n.n_tags = q->tags.n;
    s.prompt = prompt_is(tags, n.n_tags);
    if (!registry_source_read(c, &s, &n, e) ||
        !registry_of_model(version_create(c, q->name, &n, &v, e), q->name, e))
        return false;
    return (!s.tells_model ||
            model_edit_tag(c, n.model, STR(MODEL_VERSIONS), with_version, &v, e)) &&
           registry_reply_version(k, &v);
}
const rpc mlflow_versions_create = {.msg = &create_msg, .fn = create};

// ---- one version ----------------------------------------------------------------------------

struct one {
    uint64_t has;
    str name, version, description, stage, key, value;
    bool archive_existing_versions;
};

// Of every request that names a version.
static bool read_one(call *k, const struct one *q, int64_t *number, err *e) {
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_number(q->version, number, e);
}

#define NAME_AND_VERSION                                                                       \
    MSG_FIELD(struct one, name, MSG_STRING, MSG_REQUIRED),                                     \
        MSG_FIELD(struct one, version, MSG_STRING, MSG_REQUIRED)

static const msg_field one_fields[] = {NAME_AND_VERSION};
static const msg_type one_msg = MSG_TYPE(struct one, one_fields);

static bool get(call *k, void *msg, err *e) {
    struct one *q = msg;
    int64_t number;
    version v;
    return read_one(k, q, &number, e) &&
           registry_of_version(version_get(&k->c, q->name, number, &v, e), q->name, number,
                               e) &&
           registry_reply_version(k, &v);
}
const rpc mlflow_versions_get = {.msg = &one_msg, .fn = get};

static bool delete (call *k, void *msg, err *e) {
    struct one *q = msg;
    int64_t number;
    return read_one(k, q, &number, e) &&
           registry_of_version(version_delete(&k->c, q->name, number, (str){0}, e), q->name,
                               number, e);
}
const rpc mlflow_versions_delete = {.msg = &one_msg, .fn = delete};

static const msg_field update_fields[] = {NAME_AND_VERSION,
                                          MSG_FIELD(struct one, description, MSG_STRING, 0)};
static const msg_type update_msg = MSG_TYPE(struct one, update_fields);

// As in the reference, no description takes away the one that is there.
static bool update(call *k, void *msg, err *e) {
    struct one *q = msg;
    int64_t number;
    version v;
    str description = q->description.p ? q->description : STR("");
    return read_one(k, q, &number, e) &&
           registry_of_version(version_describe(&k->c, q->name, number, description, &v, e),
                               q->name, number, e) &&
           registry_reply_version(k, &v);
}
const rpc mlflow_versions_update = {.msg = &update_msg, .fn = update};

static const msg_field transition_fields[] = {
    NAME_AND_VERSION, MSG_FIELD(struct one, stage, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct one, archive_existing_versions, MSG_BOOL, 0)};
static const msg_type transition_msg = MSG_TYPE(struct one, transition_fields);

static bool transition(call *k, void *msg, err *e) {
    struct one *q = msg;
    int64_t number;
    str stage;
    version v;
    if (!registry_stage(q->stage, &stage, e)) return false;
    if (q->archive_existing_versions && !registry_stage_is_active(stage))
        return mlflow_invalid(e,
                              "Model version transition cannot archive existing model versions "
                              "because '%.*s' is not an Active stage. Valid stages are "
                              "['Staging', 'Production']",
                              STR_F(q->stage));
    return read_one(k, q, &number, e) &&
           registry_of_version(version_set_stage(&k->c, q->name, number, stage,
                                                 q->archive_existing_versions, STR("Archived"),
                                                 &v, e),
                               q->name, number, e) &&
           registry_reply_version(k, &v);
}
const rpc mlflow_versions_transition = {.msg = &transition_msg, .fn = transition};

static const msg_field tag_fields[] = {NAME_AND_VERSION,
                                       MSG_FIELD(struct one, key, MSG_STRING, MSG_REQUIRED),
                                       MSG_FIELD(struct one, value, MSG_STRING, 0)};
static const msg_type tag_msg = MSG_TYPE(struct one, tag_fields);

static bool set_tag(call *k, void *msg, err *e) {
    struct one *q = msg;
    int64_t number;
    return read_one(k, q, &number, e) &&
           registry_check_tag(k->c.a, q->key, q->value, true, e) &&
           registry_of_version(version_set_tag(&k->c, q->name, number, q->key, q->value, e),
                               q->name, number, e);
}
const rpc mlflow_versions_set_tag = {.msg = &tag_msg, .fn = set_tag};

static bool delete_tag(call *k, void *msg, err *e) {
    struct one *q = msg;
    int64_t number;
    return read_one(k, q, &number, e) &&
           registry_check_tag(k->c.a, q->key, (str){0}, true, e) &&
           registry_of_version(version_delete_tag(&k->c, q->name, number, q->key, e), q->name,
                               number, e);
}
const rpc mlflow_versions_delete_tag = {.msg = &tag_msg, .fn = delete_tag};

// ---- its files ------------------------------------------------------------------------------

static const msg_field uri_fields[] = {MSG_FIELD(struct one, name, MSG_STRING, 0),
                                       MSG_FIELD(struct one, version, MSG_STRING, 0)};
static const msg_type uri_msg = MSG_TYPE(struct one, uri_fields);

static bool download_uri(call *k, void *msg, err *e) {
    struct one *q = msg;
    int64_t number;
    version v;
    if (!read_one(k, q, &number, e) ||
        !registry_of_version(version_get(&k->c, q->name, number, &v, e), q->name, number, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "artifact_uri", files_version_uri(k->c.a, &v));
    json_object_end(w);
    return true;
}
const rpc mlflow_versions_download_uri = {.msg = &uri_msg, .fn = download_uri};

struct file {
    uint64_t has;
    str name, version, path;
};
static const msg_field file_fields[] = {MSG_FIELD(struct file, name, MSG_STRING, 0),
                                        MSG_FIELD(struct file, version, MSG_STRING, 0),
                                        MSG_FIELD(struct file, path, MSG_STRING, MSG_REQUIRED)};
static const msg_type file_msg = MSG_TYPE(struct file, file_fields);

static bool send_file(http_req *r, ctx *c, const struct file *q, err *e) {
    int64_t number;
    version v;
    str below;
    files_place p;
    return artifact_path(c->a, q->path, &below, e) &&
           registry_check_name(c->a, q->name, "name", e) &&
           registry_number(q->version, &number, e) &&
           registry_of_version(version_get(c, q->name, number, &v, e), q->name, number, e) &&
           files_place_of(c, files_version_uri(c->a, &v), below, &p, e) &&
           files_send(r, c, &p, e);
}

void mlflow_version_file(http_req *r) {
    ctx c = api_ctx(r);
    err e = {0};
    msg_problem p;
    struct file q;
    bool ok = msg_decode_query(&file_msg, c.a, http_query(r), &q, &p) ||
              mlflow_invalid(&e, "Request must specify name, version and path.");
    if (!ok || !send_file(r, &c, &q, &e)) http_fail(r, &e);
}
