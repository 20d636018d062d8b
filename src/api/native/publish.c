// SPDX-License-Identifier: Apache-2.0
// publish: a tree that was pushed becomes a version of a repo, which is made if need be; and
// versions of several repos become a release. Any thread.
#include "api/native/repos.h"
#include "api/native/runs.h"
#include "core/address.h"
#include "core/prompt.h"
#include "core/release.h"

SHAPE(static, published_shape, "Published",
      FIELD("created", SHAPE_BOOL, 0,
            "false: the repo's newest version is this content, and nothing was published"),
      FIELD("version", SHAPE_OBJECT, 0, "the version", .sub = &versions_version_shape));

struct publish {
    uint64_t has;
    str tree, run, description, source;
    int64_t kind;
    bool again;
    msg_list tags, parents;
};
struct publish_parent {
    uint64_t has;
    int64_t relation;
    str address;
};
static const msg_field tag_fields[] = {
    MSG_FIELD(struct runs_pair, key, MSG_STRING, MSG_REQUIRED, .max = 250),
    MSG_FIELD(struct runs_pair, value, MSG_STRING, 0, .max = 5000),
};
static const msg_type tag_msg = MSG_TYPE(struct runs_pair, tag_fields);
static const msg_field parent_fields[] = {
    MSG_FIELD(struct publish_parent, relation, MSG_ENUM, MSG_REQUIRED,
              .names = versions_relations, .doc = "what the version is of it"),
    MSG_FIELD(struct publish_parent, address, MSG_STRING, MSG_REQUIRED, .max = 2000,
              .doc = "of a version here, or with '://' in it of what is elsewhere"),
};
static const msg_type parent_msg = MSG_TYPE(struct publish_parent, parent_fields);
static const msg_field publish_fields[] = {
    MSG_FIELD(struct publish, tree, MSG_STRING, MSG_REQUIRED, .doc = "as POST trees gave it"),
    MSG_FIELD(struct publish, run, MSG_STRING, 0, .doc = "the run that made it"),
    MSG_FIELD(struct publish, description, MSG_STRING, 0, .max = 5000, .doc = "what is new"),
    MSG_FIELD(struct publish, source, MSG_STRING, 0, .max = 500,
              .doc = "where it was pushed from"),
    MSG_FIELD(struct publish, kind, MSG_ENUM, 0, .names = repos_kinds,
              .doc = "of a repo that is not there: with it one is made"),
    MSG_FIELD(struct publish, again, MSG_BOOL, 0,
              .doc = "also when the newest version is the same content"),
    MSG_FIELD(struct publish, tags, MSG_LIST, 0, .sub = &tag_msg, .max = 1000),
    MSG_FIELD(struct publish, parents, MSG_LIST, 0, .sub = &parent_msg,
              .max = VERSION_PARENTS_MAX, .doc = "what it derives from"),
};
static const msg_type publish_msg = MSG_TYPE(struct publish, publish_fields);

static bool newest_is(call *k, const repo *r, sha256 digest, version *out, bool *yes, err *e) {
    version *v;
    size_t n;
    if (!version_page(&k->c, r->name, INT64_MAX, 1, false, &v, &n, e)) return false;
    *yes = n && v->has_content && sha256_eq(v->content.digest, digest);
    if (*yes) *out = *v;
    return true;
}

static bool parents_of(call *k, msg_list list, version_parent *out, err *e) {
    for (size_t i = 0; i < list.n; i++) {
        const struct publish_parent *p = MSG_AT(struct publish_parent, list, i);
        address_found f;
        out[i] = (version_parent){.relation = (version_relation)p->relation};
        if (str_find_str(p->address, STR("://"), 0) != SIZE_MAX)
            out[i].address = p->address;
        else if (address_resolve(&k->c, p->address, &f, e))
            out[i].version = f.version.id;
        else
            return false;
    }
    return true;
}

static bool check_run(call *k, str text, id *out, err *e) {
    run found;
    return !text.n || (native_run_id(text, out, e) && run_get(&k->c, *out, &found, e));
}

// MLflow's clients read a prompt out of tags.
static bool add_prompt(call *k, version_new *n, err *e) {
    kv *tags;
    if (!prompt_tags(&k->c, n->content->tree, n->tags, n->n_tags, &tags, &n->n_tags, e))
        return false;
    n->tags = tags;
    return true;
}

static bool publish(call *k, void *msg, err *e) {
    struct publish *q = msg;
    sha256 tree;
    tree_sum sum;
    repo r;
    content sealed;
    version v;
    bool same = false;
    version_parent *parents = ARENA_ARRAY(k->c.a, version_parent, q->parents.n);
    version_new n = {.content = &sealed,
                     .source = q->source,
                     .description = q->description,
                     .tags = runs_pairs(k->c.a, q->tags),
                     .n_tags = q->tags.n,
                     .parents = parents,
                     .n_parents = q->parents.n};
    // What can be wrong is found before a repo is made.
    if (!native_digest(q->tree, &tree, e) || !content_measure(&k->c, tree, &sum, e) ||
        !check_run(k, q->run, &n.run, e) || !parents_of(k, q->parents, parents, e) ||
        !repos_open(k, q->kind, &r, e) ||
        !content_seal_tree(&k->c, r.kind, tree, &sum, &sealed, e) ||
        (!q->again && !newest_is(k, &r, sealed.digest, &v, &same, e)))
        return false;
    if (!same && r.kind == REPO_PROMPT && !add_prompt(k, &n, e)) return false;
    if (!same && !version_create(&k->c, r.name, &n, &v, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_bool(w, "created", !same);
    json_key(w, STR("version"));
    if (!versions_put_whole(k, &v, e)) return false;
    json_object_end(w);
    return true;
}
const rpc native_versions_publish = {
    .msg = &publish_msg, .fn = publish, .reply = &published_shape};

// ---- releases -------------------------------------------------------------------------------

struct release {
    uint64_t has;
    msg_list pins;
    str description;
};
static const msg_field release_fields[] = {
    MSG_FIELD(struct release, pins, MSG_STRINGS, MSG_REQUIRED, .max = VERSION_PARENTS_MAX,
              .doc = "addresses of the versions that are released together, of other repos"),
    MSG_FIELD(struct release, description, MSG_STRING, 0, .max = 5000, .doc = "what is new"),
};
static const msg_type release_msg = MSG_TYPE(struct release, release_fields);

static bool release(call *k, void *msg, err *e) {
    struct release *q = msg;
    version *pins = ARENA_ARRAY(k->c.a, version, q->pins.n), v;
    repo r;
    for (size_t i = 0; i < q->pins.n; i++) {
        address_found f;
        if (!address_resolve(&k->c, *MSG_AT(str, q->pins, i), &f, e)) return false;
        pins[i] = f.version;
    }
    return repos_open(k, REPO_RELEASE, &r, e) &&
           release_create(&k->c, r.name, pins, q->pins.n, q->description, &v, e) &&
           versions_put_whole(k, &v, e);
}
const rpc native_releases_create = {
    .msg = &release_msg, .fn = release, .reply = &versions_version_shape};
