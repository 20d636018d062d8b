// SPDX-License-Identifier: Apache-2.0
// versions: list, read, describe, mark, delete; their files; and what an address means. Any
// thread.
#include "api/native/files.h"
#include "api/native/repos.h"
#include "api/native/runs.h"
#include "core/address.h"

#include <stdio.h>

#define STAGE_MAX 100

const msg_name versions_marks[] = {
    {"yanked", MARK_YANKED}, {"bad", MARK_BAD}, {"deleted", MARK_DELETED}, {NULL, 0}};

#define RELATION_ROW(name, text, number) {(text), (number)},
const msg_name versions_relations[] = {VERSION_RELATIONS(RELATION_ROW){NULL, 0}};

SHAPE(static, mark_shape, "VersionMark",
      FIELD("mark", SHAPE_ENUM, 0,
            "yanked: not to be used any more; bad: no rollback goes to it; deleted: gone",
            .names = versions_marks),
      FIELD("reason", SHAPE_TEXT, 0, "why"), FIELD("user", SHAPE_TEXT, 0, "who set it"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else the user only said so"),
      FIELD("time_us", SHAPE_INT, 0, "when"));

SHAPE(static, parent_shape, "VersionParent",
      FIELD("relation", SHAPE_ENUM, 0, "what the version is of it",
            .names = versions_relations),
      FIELD("repo", SHAPE_TEXT, SHAPE_OPTIONAL, "the repo of a version of this workspace"),
      FIELD("number", SHAPE_INT, SHAPE_OPTIONAL, "its number"),
      FIELD("address", SHAPE_TEXT, SHAPE_OPTIONAL, "of one that is elsewhere"));

SHAPE(, versions_version_shape, "Version", FIELD("id", SHAPE_ID, 0, "its id"),
      FIELD("repo", SHAPE_TEXT, 0, "the name of its repo"),
      FIELD("number", SHAPE_INT, 0, "its number there, never given again"),
      FIELD("content", SHAPE_TEXT, SHAPE_OPTIONAL,
            "the digest of its content, sha256:...; absent: its files are elsewhere"),
      FIELD("tree", SHAPE_TEXT, SHAPE_OPTIONAL, "the SHA-256 of the root of its files"),
      FIELD("files", SHAPE_INT, 0, "how many files it has"),
      FIELD("bytes", SHAPE_INT, 0, "how long they are together"),
      FIELD("source", SHAPE_TEXT, 0, "where its publisher had it from"),
      FIELD("run", SHAPE_ID, SHAPE_OPTIONAL, "the run that made it"),
      FIELD("model", SHAPE_ID, SHAPE_OPTIONAL, "the logged model that it was"),
      FIELD("description", SHAPE_TEXT, 0, "about it"),
      FIELD("user", SHAPE_TEXT, 0, "who published it"),
      FIELD("stage", SHAPE_TEXT, 0, "its stage; empty: none"),
      FIELD("created_us", SHAPE_INT, 0, "when it was published"),
      FIELD("updated_us", SHAPE_INT, 0, "when what is told of it last changed"),
      FIELD("deleted", SHAPE_BOOL, 0, "is this but its tombstone?"),
      FIELD("tags", SHAPE_MAP, 0, "its tags"),
      FIELD("aliases", SHAPE_TEXT, SHAPE_LIST, "the movable refs that point at it"),
      FIELD("sealed", SHAPE_TEXT, SHAPE_LIST, "the sealed refs that hold it"),
      FIELD("marks", SHAPE_OBJECT, SHAPE_LIST, "what was found about it since",
            .sub = &mark_shape),
      FIELD("parents", SHAPE_OBJECT, SHAPE_LIST | SHAPE_OPTIONAL,
            "what it derives from; absent in lists", .sub = &parent_shape));

SHAPE(static, versions_shape, "Versions",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "the newest first",
            .sub = &versions_version_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

// ---- rendering ------------------------------------------------------------------------------

static void put_marks(json_writer *w, const version *v) {
    json_m_array(w, "marks");
    for (size_t i = 0; i < v->n_marks; i++) {
        const version_mark *m = &v->marks[i];
        json_object(w);
        json_m_string(w, "mark", msg_name_of(versions_marks, m->kind));
        json_m_string(w, "reason", m->reason);
        json_m_string(w, "user", m->user);
        json_m_bool(w, "proven", m->proven);
        json_m_i64(w, "time_us", m->time_us);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_parents(json_writer *w, const version_parent *p, size_t n) {
    json_m_array(w, "parents");
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        json_m_string(w, "relation", msg_name_of(versions_relations, p[i].relation));
        if (!id_is_zero(p[i].version)) {
            json_m_string(w, "repo", p[i].repo_name);
            json_m_i64(w, "number", p[i].number);
        } else {
            json_m_string(w, "address", p[i].address);
        }
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_texts(json_writer *w, const str *texts, size_t n) {
    json_array(w);
    for (size_t i = 0; i < n; i++)
        json_string(w, texts[i]);
    json_array_end(w);
}

static void put_origin(json_writer *w, const version *v) {
    char hex[SHA256_HEX], digest[SHA256_HEX + 8];
    if (v->has_content) {
        sha256_hex(v->content.digest, hex);
        snprintf(digest, sizeof digest, "sha256:%s", hex);
        json_m_string(w, "content", str_of(digest));
        sha256_hex(v->content.tree, hex);
        json_m_string(w, "tree", str_of(hex));
    }
    json_m_i64(w, "files", (int64_t)v->content.files);
    json_m_i64(w, "bytes", (int64_t)v->content.bytes);
    json_m_string(w, "source", v->source);
    if (!id_is_zero(v->run)) native_m_id(w, "run", v->run);
    if (!id_is_zero(v->model)) native_m_id(w, "model", v->model);
}

void versions_put(json_writer *w, const version *v, const version_parent *parents, size_t n) {
    json_object(w);
    native_m_id(w, "id", v->id);
    json_m_string(w, "repo", v->repo_name);
    json_m_i64(w, "number", v->number);
    put_origin(w, v);
    json_m_string(w, "description", v->description);
    json_m_string(w, "user", v->user);
    json_m_string(w, "stage", v->stage);
    json_m_i64(w, "created_us", v->created_us);
    json_m_i64(w, "updated_us", v->updated_us);
    json_m_bool(w, "deleted", v->deleted);
    native_m_tags(w, v->tags, v->n_tags);
    json_key(w, STR("aliases"));
    put_texts(w, v->aliases, v->n_aliases);
    json_key(w, STR("sealed"));
    put_texts(w, v->sealed, v->n_sealed);
    put_marks(w, v);
    if (parents) put_parents(w, parents, n);
    json_object_end(w);
}

bool versions_put_whole(call *k, const version *v, err *e) {
    static const version_parent none;
    version_parent *parents;
    size_t n;
    if (!version_parents(&k->c, v->id, &parents, &n, e)) return false;
    versions_put(rpc_reply(k), v, n ? parents : &none, n);
    return true;
}

// ---- which one ------------------------------------------------------------------------------

bool versions_number(str text, int64_t *out, err *e) {
    str digits = text.n && (text.p[0] | 0x20) == 'v' ? str_from(text, 1) : text;
    return (str_to_i64(digits, out) && *out > 0) ||
           err_set(e, ERR_NOT_FOUND, "a version is named by its number: '%.*s' is none",
                   STR_F(str_upto_code_points(text, 100)));
}

static str repo_of(call *k) {
    return http_param(k->r, "repo");
}

static bool path_number(call *k, int64_t *out, err *e) {
    return versions_number(http_param(k->r, "version"), out, e);
}

bool versions_of_path(call *k, version *out, err *e) {
    int64_t number;
    return path_number(k, &number, e) && version_get(&k->c, repo_of(k), number, out, e);
}

// ---- list, read -----------------------------------------------------------------------------

struct list {
    uint64_t has;
    int64_t limit, after;
    bool deleted;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, deleted, MSG_BOOL, 0, .doc = "also the tombstones of deleted ones"),
    MSG_FIELD(struct list, limit, MSG_INT32, 0, .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct list, after, MSG_INT64, 0,
              .doc = "the cursor `next` of the page before: a number, older ones follow"),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

static bool list(call *k, void *msg, err *e) {
    struct list *q = msg;
    version *v;
    size_t n, limit;
    int64_t before = msg_has(&list_msg, q, "after") ? q->after : INT64_MAX;
    if (!native_limit(msg_has(&list_msg, q, "limit"), q->limit, &limit, e) ||
        !version_page(&k->c, repo_of(k), before, limit + 1, q->deleted, &v, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++)
        versions_put(w, &v[i], NULL, 0);
    str next = {0};
    if (n > limit) next = arena_printf(k->c.a, "%lld", (long long)v[limit - 1].number);
    native_list_end(w, next);
    return true;
}
const rpc native_versions_list = {.msg = &list_msg, .fn = list, .reply = &versions_shape};

static bool get(call *k, void *msg, err *e) {
    version v;
    (void)msg;
    return versions_of_path(k, &v, e) && versions_put_whole(k, &v, e);
}
const rpc native_versions_get = {.fn = get, .reply = &versions_version_shape};

// ---- change ---------------------------------------------------------------------------------

struct change {
    uint64_t has;
    str description, stage;
    msg_list tags;
};
static const msg_field change_fields[] = {
    MSG_FIELD(struct change, description, MSG_STRING, 0, .max = REPOS_TEXT_MAX,
              .doc = "instead of the one that is there"),
    MSG_FIELD(struct change, stage, MSG_STRING, 0, .max = STAGE_MAX,
              .doc = "its stage; empty: none"),
    MSG_FIELD(struct change, tags, MSG_LIST, 0, .sub = &runs_pair_msg, .max = 1000,
              .doc = "tags to set, or (without a value) to remove"),
};
static const msg_type change_msg = MSG_TYPE(struct change, change_fields);

static bool change(call *k, void *msg, err *e) {
    struct change *q = msg;
    int64_t number;
    version v;
    version_change x = {.tags = runs_changed_tags(k->c.a, q->tags), .n_tags = q->tags.n};
    if (msg_has(&change_msg, q, "description")) x.description = str_or_empty(q->description);
    if (msg_has(&change_msg, q, "stage")) x.stage = str_or_empty(q->stage);
    return path_number(k, &number, e) && version_update(&k->c, repo_of(k), number, &x, &v, e) &&
           versions_put_whole(k, &v, e);
}
const rpc native_versions_change = {
    .msg = &change_msg, .fn = change, .reply = &versions_version_shape};

struct mark {
    uint64_t has;
    int64_t mark;
    bool set;
    str reason;
};
static const msg_name marks_to_set[] = {{"yanked", MARK_YANKED}, {"bad", MARK_BAD}, {NULL, 0}};
static const msg_field mark_fields[] = {
    MSG_FIELD(struct mark, mark, MSG_ENUM, MSG_REQUIRED, .names = marks_to_set,
              .doc = "yanked: not to be used any more; bad: no rollback goes to it"),
    MSG_FIELD(struct mark, set, MSG_BOOL, 0, .doc = "false: take the mark away"),
    MSG_FIELD(struct mark, reason, MSG_STRING, 0, .max = MARK_REASON_MAX,
              .doc = "why; a mark is not set without"),
};
static const msg_type mark_msg = MSG_TYPE(struct mark, mark_fields);

static bool mark(call *k, void *msg, err *e) {
    struct mark *q = msg;
    int64_t number;
    version v;
    bool set = q->set || !msg_has(&mark_msg, q, "set");
    return path_number(k, &number, e) &&
           version_set_mark(&k->c, repo_of(k), number, (mark_kind)q->mark, set, q->reason, &v,
                            e) &&
           versions_put_whole(k, &v, e);
}
const rpc native_versions_mark = {
    .msg = &mark_msg, .fn = mark, .reply = &versions_version_shape};

static bool delete (call *k, void *msg, err *e) {
    struct repos_why *q = msg;
    int64_t number;
    if (!str_trim(q->reason).n)
        return err_set(e, ERR_INVALID, "say why the version is deleted: its tombstone tells");
    return path_number(k, &number, e) &&
           version_delete(&k->c, repo_of(k), number, q->reason, e);
}
const rpc native_versions_delete = {.msg = &repos_why_msg, .fn = delete};

// ---- its files ------------------------------------------------------------------------------

static native_source source_of(call *k, const version *v) {
    return (native_source){files_version_uri(k->c.a, v), v->has_content ? v : NULL};
}

static bool files(call *k, void *msg, err *e) {
    version v;
    return versions_of_path(k, &v, e) && native_files_reply(k, source_of(k, &v), msg, e);
}
const rpc native_version_files = {
    .msg = &native_files_msg, .fn = files, .reply = &native_files_shape};

const native_stream native_version_file_io = {.gives = "*/*"};
void native_version_file(http_req *r) {
    call k = {.r = r, .c = api_ctx(r)};
    err e = {0};
    version v;
    if (!versions_of_path(&k, &v, &e) || !native_files_send(&k, source_of(&k, &v), &e))
        http_fail(r, &e);
}

static bool tar(call *k, void *msg, err *e) {
    version v;
    if (!versions_of_path(k, &v, e)) return false;
    str name = arena_printf(k->c.a, "%.*s-%lld", STR_F(v.repo_name), (long long)v.number);
    return native_tar_reply(k, source_of(k, &v), name, msg, e);
}
const rpc native_version_tar = {.msg = &native_tar_msg, .fn = tar, .gives = NATIVE_TAR_TYPE};

// ---- addresses ------------------------------------------------------------------------------

enum { BY_TAG = 100, BY_STAGE }; // beside address_kind
static const msg_name ways[] = {{"latest", ADDRESS_LATEST},
                                {"number", ADDRESS_NUMBER},
                                {"alias", ADDRESS_REF},
                                {"tag", BY_TAG},
                                {"digest", ADDRESS_DIGEST},
                                {"stage", BY_STAGE},
                                {NULL, 0}};

SHAPE(static, resolved_shape, "Resolved",
      FIELD("by", SHAPE_ENUM, 0, "what the address named it by", .names = ways),
      FIELD("at_us", SHAPE_INT, SHAPE_OPTIONAL, "as of when, if the address says a time"),
      FIELD("move", SHAPE_OBJECT, SHAPE_OPTIONAL, "the move that brought the ref there",
            .sub = &refs_move_shape),
      FIELD("version", SHAPE_OBJECT, 0, "what it means", .sub = &versions_version_shape));

struct resolve {
    uint64_t has;
    str address;
};
static const msg_field resolve_fields[] = {
    MSG_FIELD(struct resolve, address, MSG_STRING, MSG_REQUIRED, .max = 2000,
              .doc = "[WORKSPACE/]REPO[@WHAT][@{TIME}]; WHAT is an alias, a tag, a stage, "
                     "a number, latest (the default) or sha256:..."),
};
static const msg_type resolve_msg = MSG_TYPE(struct resolve, resolve_fields);

static int64_t way_of(const address_found *f) {
    if (f->by_stage) return BY_STAGE;
    bool by_tag = f->address.kind == ADDRESS_REF && f->move.kind == REF_TAG;
    return by_tag ? BY_TAG : (int64_t)f->address.kind;
}

static bool resolve(call *k, void *msg, err *e) {
    struct resolve *q = msg;
    address_found f;
    if (!address_resolve(&k->c, q->address, &f, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "by", msg_name_of(ways, way_of(&f)));
    if (f.address.has_time) json_m_i64(w, "at_us", f.address.at_us);
    if (f.address.kind == ADDRESS_REF && !f.by_stage) {
        json_key(w, STR("move"));
        refs_put_move(w, &f.move);
    }
    json_key(w, STR("version"));
    if (!versions_put_whole(k, &f.version, e)) return false;
    json_object_end(w);
    return true;
}
const rpc native_resolve = {.msg = &resolve_msg, .fn = resolve, .reply = &resolved_shape};
