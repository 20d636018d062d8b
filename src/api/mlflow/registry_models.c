// SPDX-License-Identifier: Apache-2.0
// registry_models: /mlflow/registered-models: names, descriptions, tags, and the newest
// versions. Any thread.
#include "api/mlflow/registry_internal.h"
#include "core/prompt.h"

#define TAGS_AT_MOST   1000
#define STAGES_AT_MOST 100

struct one {
    uint64_t has;
    str name, new_name, description, key, value;
};

static bool reply_model(call *k, const repo *r, err *e) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("registered_model"));
    if (!registry_put_model(w, &k->c, r, e)) return false;
    json_object_end(w);
    return true;
}

// ---- create ---------------------------------------------------------------------------------

struct create {
    uint64_t has;
    str name, description;
    msg_list tags;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &registry_tag_msg, .max = TAGS_AT_MOST),
    MSG_FIELD(struct create, description, MSG_STRING, 0),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

// Says what has the name; false.
static bool refuse_taken(call *k, const repo_new *n, err *e) {
    repo taken;
    err unread = {0};
    bool prompt = n->kind == REPO_PROMPT;
    const char *what = prompt ? "Prompt" : "Registered Model";
    bool by_prompt = repo_get(&k->c, n->name, &taken, &unread)
                         ? prompt_is(taken.tags, taken.n_tags)
                         : prompt;
    if (by_prompt == prompt)
        return err_set(e, ERR_EXISTS, "%s (name=%.*s) already exists.", what, STR_F(n->name));
    return err_set(
        e, ERR_EXISTS,
        "Tried to create a %s with name %.*s, but the name is already taken by a %s. "
        "MLflow does not allow creating a model and a prompt with the same name.",
        prompt ? "prompt" : "registered model", STR_F(mlflow_repr(k->c.a, n->name)),
        prompt ? "registered model" : "prompt");
}

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    repo r;
    kv *tags;
    repo_new n = {.name = q->name, .description = q->description, .n_tags = q->tags.n};
    if (!registry_check_name(k->c.a, q->name, "name", e) ||
        !registry_tags(k->c.a, q->tags, false, &tags, e))
        return false;
    n.tags = tags;
    n.kind = prompt_is(tags, q->tags.n) ? REPO_PROMPT : REPO_MODEL;
    if (repo_create(&k->c, &n, &r, e)) return reply_model(k, &r, e);
    return e->code == ERR_EXISTS && refuse_taken(k, &n, e);
}
const rpc mlflow_registered_create = {.msg = &create_msg, .fn = create};

// ---- one model ------------------------------------------------------------------------------

static const msg_field name_fields[] = {MSG_FIELD(struct one, name, MSG_STRING, MSG_REQUIRED)};
static const msg_type name_msg = MSG_TYPE(struct one, name_fields);

static bool get(call *k, void *msg, err *e) {
    struct one *q = msg;
    repo r;
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_of_model(repo_get(&k->c, q->name, &r, e), q->name, e) &&
           reply_model(k, &r, e);
}
const rpc mlflow_registered_get = {.msg = &name_msg, .fn = get};

static bool delete (call *k, void *msg, err *e) {
    struct one *q = msg;
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_of_model(repo_delete(&k->c, q->name, STR(""), e), q->name, e);
}
const rpc mlflow_registered_delete = {.msg = &name_msg, .fn = delete};

static const msg_field rename_fields[] = {
    MSG_FIELD(struct one, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct one, new_name, MSG_STRING, MSG_REQUIRED),
};
static const msg_type rename_msg = MSG_TYPE(struct one, rename_fields);

static bool renamed(call *k, const struct one *q, repo *r, err *e) {
    if (registry_of_model(repo_rename(&k->c, q->name, q->new_name, r, e), q->name, e))
        return true;
    return e->code == ERR_EXISTS &&
           err_set(e, ERR_EXISTS, "Registered Model (name=%.*s) already exists.",
                   STR_F(q->new_name));
}

static bool rename_model(call *k, void *msg, err *e) {
    struct one *q = msg;
    repo r;
    return registry_check_name(k->c.a, q->new_name, "new_name", e) &&
           registry_check_name(k->c.a, q->name, "name", e) && renamed(k, q, &r, e) &&
           reply_model(k, &r, e);
}
const rpc mlflow_registered_rename = {.msg = &rename_msg, .fn = rename_model};

static const msg_field update_fields[] = {
    MSG_FIELD(struct one, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct one, description, MSG_STRING, 0),
};
static const msg_type update_msg = MSG_TYPE(struct one, update_fields);

// As in the reference, no description takes away the one that is there.
static bool update(call *k, void *msg, err *e) {
    struct one *q = msg;
    repo r;
    str description = q->description.p ? q->description : STR("");
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_of_model(repo_describe(&k->c, q->name, description, &r, e), q->name, e) &&
           reply_model(k, &r, e);
}
const rpc mlflow_registered_update = {.msg = &update_msg, .fn = update};

static const msg_field tag_fields[] = {
    MSG_FIELD(struct one, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct one, key, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct one, value, MSG_STRING, 0),
};
static const msg_type tag_msg = MSG_TYPE(struct one, tag_fields);

static bool set_tag(call *k, void *msg, err *e) {
    struct one *q = msg;
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_check_tag(k->c.a, q->key, q->value, false, e) &&
           registry_of_model(repo_set_tag(&k->c, q->name, q->key, q->value, e), q->name, e);
}
const rpc mlflow_registered_set_tag = {.msg = &tag_msg, .fn = set_tag};

static bool delete_tag(call *k, void *msg, err *e) {
    struct one *q = msg;
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_check_tag(k->c.a, q->key, (str){0}, false, e) &&
           registry_of_model(repo_delete_tag(&k->c, q->name, q->key, e), q->name, e);
}
const rpc mlflow_registered_delete_tag = {.msg = &tag_msg, .fn = delete_tag};

// ---- its newest versions --------------------------------------------------------------------

struct latest {
    uint64_t has;
    str name;
    msg_list stages;
};
static const msg_field latest_fields[] = {
    MSG_FIELD(struct latest, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct latest, stages, MSG_STRINGS, 0, .max = STAGES_AT_MOST),
};
static const msg_type latest_msg = MSG_TYPE(struct latest, latest_fields);

// The stages that are asked for, each once, in our order; none: all.
static bool wanted_stages(const struct latest *q, str out[REGISTRY_STAGES], size_t *n, err *e) {
    bool wanted[REGISTRY_STAGES] = {false};
    str stage;
    for (size_t i = 0; i < q->stages.n; i++) {
        if (!registry_stage(*MSG_AT(str, q->stages, i), &stage, e)) return false;
        for (size_t s = 0; s < REGISTRY_STAGES; s++)
            wanted[s] |= str_eq(registry_stages[s], stage);
    }
    *n = 0;
    for (size_t s = 0; s < REGISTRY_STAGES; s++)
        if (!q->stages.n || wanted[s]) out[(*n)++] = registry_stages[s];
    return true;
}

static bool latest(call *k, void *msg, err *e) {
    struct latest *q = msg;
    str stages[REGISTRY_STAGES];
    repo r;
    version *found;
    size_t n_stages, n;
    if (!registry_check_name(k->c.a, q->name, "name", e) ||
        !registry_of_model(repo_get(&k->c, q->name, &r, e), q->name, e) ||
        !wanted_stages(q, stages, &n_stages, e) ||
        !registry_of_model(version_latest(&k->c, q->name, stages, n_stages, &found, &n, e),
                           q->name, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (n) json_m_array(w, "model_versions");
    for (size_t i = 0; i < n; i++)
        registry_put_version(w, &found[i]);
    if (n) json_array_end(w);
    json_object_end(w);
    return true;
}
const rpc mlflow_registered_latest = {.msg = &latest_msg, .fn = latest};
