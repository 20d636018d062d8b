// SPDX-License-Identifier: Apache-2.0
// repos: list, create, read, change, delete. Any thread.
#include "api/native/repos.h"

#include "api/native/runs.h"
#include "core/event.h"

const msg_name repos_kinds[] = {{"model", REPO_MODEL},     {"data", REPO_DATA},
                                {"prompt", REPO_PROMPT},   {"run", REPO_RUN},
                                {"release", REPO_RELEASE}, {NULL, 0}};

SHAPE(static, repo_shape, "Repo", FIELD("id", SHAPE_ID, 0, "its id; a name may change"),
      FIELD("name", SHAPE_TEXT, 0, "its name, unique in the workspace"),
      FIELD("kind", SHAPE_ENUM, 0, "what its versions are", .names = repos_kinds),
      FIELD("description", SHAPE_TEXT, 0, "about it"),
      FIELD("user", SHAPE_TEXT, 0, "who made it"),
      FIELD("created_us", SHAPE_INT, 0, "when it was made"),
      FIELD("updated_us", SHAPE_INT, 0, "when it or a version of it last changed"),
      FIELD("tags", SHAPE_MAP, 0, "its tags"));

SHAPE(static, repos_shape, "Repos",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of names", .sub = &repo_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static const msg_field why_fields[] = {
    MSG_FIELD(struct repos_why, reason, MSG_STRING, 0, .max = REF_REASON_MAX,
              .doc = "why: it is kept"),
};
const msg_type repos_why_msg = MSG_TYPE(struct repos_why, why_fields);

bool repos_open(call *k, int64_t kind, repo *out, err *e) {
    str name = http_param(k->r, "repo");
    if (repo_get(&k->c, name, out, e)) return true;
    if (e->code != ERR_NOT_FOUND || !kind) return false;
    *e = (err){0};
    repo_new n = {.name = name, .kind = (repo_kind)kind};
    if (repo_create(&k->c, &n, out, e)) return true;
    if (e->code != ERR_EXISTS) return false; // somebody else made it meanwhile
    *e = (err){0};
    return repo_get(&k->c, name, out, e);
}

static void put_repo(json_writer *w, const repo *r) {
    json_object(w);
    native_m_id(w, "id", r->id);
    json_m_string(w, "name", r->name);
    json_m_string(w, "kind", msg_name_of(repos_kinds, r->kind));
    json_m_string(w, "description", r->description);
    json_m_string(w, "user", r->user);
    json_m_i64(w, "created_us", r->created_us);
    json_m_i64(w, "updated_us", r->updated_us);
    native_m_tags(w, r->tags, r->n_tags);
    json_object_end(w);
}

static bool reply_named(call *k, str name, err *e) {
    repo r;
    if (!repo_get(&k->c, name, &r, e)) return false;
    put_repo(rpc_reply(k), &r);
    return true;
}

// ---- list -----------------------------------------------------------------------------------

struct list {
    uint64_t has;
    int64_t kind, limit;
    str after;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, kind, MSG_ENUM, 0, .names = repos_kinds,
              .doc = "only repos of this kind"),
    MSG_FIELD(struct list, limit, MSG_INT32, 0, .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct list, after, MSG_STRING, 0, .doc = "the cursor `next` of the page before"),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

static bool list(call *k, void *msg, err *e) {
    struct list *q = msg;
    repo *r;
    size_t n, limit;
    if (!native_limit(msg_has(&list_msg, q, "limit"), q->limit, &limit, e) ||
        !repo_page(&k->c, (repo_kind)q->kind, q->after, limit + 1, &r, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        put_repo(w, &r[i]);
    native_list_end(w, n > limit ? r[limit - 1].name : (str){0});
    return true;
}
const rpc native_repos_list = {.msg = &list_msg, .fn = list, .reply = &repos_shape};

// ---- create, read ---------------------------------------------------------------------------

struct create {
    uint64_t has;
    str name, description;
    int64_t kind;
    msg_list tags;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, name, MSG_STRING, MSG_REQUIRED, .max = REPO_NAME_MAX,
              .doc = "unique in the workspace; without '/', ':' and '@'"),
    MSG_FIELD(struct create, kind, MSG_ENUM, 0, .names = repos_kinds,
              .doc = "what its versions are; model by default"),
    MSG_FIELD(struct create, description, MSG_STRING, 0, .max = REPOS_TEXT_MAX),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &runs_pair_msg, .max = 1000),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    repo r;
    repo_new n = {.name = q->name,
                  .kind = q->kind ? (repo_kind)q->kind : REPO_MODEL,
                  .description = q->description,
                  .tags = runs_pairs(k->c.a, q->tags),
                  .n_tags = q->tags.n};
    if (!repo_create(&k->c, &n, &r, e)) return false;
    put_repo(rpc_reply(k), &r);
    return true;
}
const rpc native_repos_create = {.msg = &create_msg,
                                 .fn = create,
                                 .reply = &repo_shape,
                                 .status = 201,
                                 .creates = EVENT_repo_created,
                                 .again = reply_named};

static bool get(call *k, void *msg, err *e) {
    (void)msg;
    return reply_named(k, http_param(k->r, "repo"), e);
}
const rpc native_repos_get = {.fn = get, .reply = &repo_shape};

// ---- change ---------------------------------------------------------------------------------

struct change {
    uint64_t has;
    str name, description;
    msg_list tags;
};
static const msg_field change_fields[] = {
    MSG_FIELD(struct change, name, MSG_STRING, 0, .max = REPO_NAME_MAX, .doc = "its new name"),
    MSG_FIELD(struct change, description, MSG_STRING, 0, .max = REPOS_TEXT_MAX,
              .doc = "instead of the one that is there"),
    MSG_FIELD(struct change, tags, MSG_LIST, 0, .sub = &runs_pair_msg, .max = 1000,
              .doc = "tags to set, or (without a value) to remove"),
};
static const msg_type change_msg = MSG_TYPE(struct change, change_fields);

static bool change(call *k, void *msg, err *e) {
    struct change *q = msg;
    repo r;
    repo_change x = {.tags = runs_changed_tags(k->c.a, q->tags), .n_tags = q->tags.n};
    if (msg_has(&change_msg, q, "name")) x.name = str_or_empty(q->name);
    if (msg_has(&change_msg, q, "description")) x.description = str_or_empty(q->description);
    if (!repo_update(&k->c, http_param(k->r, "repo"), &x, &r, e)) return false;
    put_repo(rpc_reply(k), &r);
    return true;
}
const rpc native_repos_change = {.msg = &change_msg, .fn = change, .reply = &repo_shape};

static bool delete (call *k, void *msg, err *e) {
    struct repos_why *q = msg;
    if (!str_trim(q->reason).n)
        return err_set(e, ERR_INVALID, "say why the repo is deleted: the event log tells");
    return repo_delete(&k->c, http_param(k->r, "repo"), q->reason, e);
}
const rpc native_repos_delete = {.msg = &repos_why_msg, .fn = delete};
