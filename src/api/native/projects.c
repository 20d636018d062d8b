// SPDX-License-Identifier: Apache-2.0
// projects: list, create, read, rename and tag, delete, restore. Any thread.
#include "api/native/native_internal.h"
#include "core/event.h"
#include "core/search.h"

#define NAME_MAX_LENGTH 500
#define TAG_KEY_MAX     250
#define TAG_VALUE_MAX   5000

SHAPE(static, activity_shape, "Activity",
      FIELD("runs", SHAPE_INT, 0, "its runs that are not deleted"),
      FIELD("running", SHAPE_INT, 0, "those of them that run"),
      FIELD("changed_us", SHAPE_INT, 0,
            "when it or a run of it last changed; of logging right to some seconds"));

SHAPE(static, project_shape, "Project",
      FIELD("number", SHAPE_INT, 0, "its number in the workspace (MLflow's experiment id)"),
      FIELD("name", SHAPE_TEXT, 0, "its name, unique in the workspace"),
      FIELD("artifact_location", SHAPE_TEXT, 0, "where the files of its runs lie"),
      FIELD("deleted", SHAPE_BOOL, 0, "is it in the bin?"),
      FIELD("created_ms", SHAPE_INT, 0, "when it was made"),
      FIELD("updated_ms", SHAPE_INT, 0, "when it was renamed, deleted or restored last"),
      FIELD("tags", SHAPE_MAP, 0, "its tags"),
      FIELD("activity", SHAPE_OBJECT, SHAPE_OPTIONAL, "in lists, with=activity",
            .sub = &activity_shape));

SHAPE(static, projects_shape, "Projects",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "projects, in the order asked for",
            .sub = &project_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static void put_activity(json_writer *w, const search_activity *x) {
    json_m_object(w, "activity");
    json_m_i64(w, "runs", (int64_t)x->runs);
    json_m_i64(w, "running", (int64_t)x->running);
    json_m_i64(w, "changed_us", x->changed_us);
    json_object_end(w);
}

// activity: NULL, or what is shown too.
static void put_project(json_writer *w, const project *p, const search_activity *activity) {
    json_object(w);
    json_m_i64(w, "number", p->number);
    json_m_string(w, "name", p->name);
    json_m_string(w, "artifact_location", p->artifact_location);
    json_m_bool(w, "deleted", p->life == LIFE_DELETED);
    json_m_i64(w, "created_ms", p->created_ms);
    json_m_i64(w, "updated_ms", p->updated_ms);
    native_m_tags(w, p->tags, p->n_tags);
    if (activity) put_activity(w, activity);
    json_object_end(w);
}

static bool reply_project(call *k, int64_t number, err *e) {
    project p;
    if (!project_get(&k->c, number, &p, e)) return false;
    put_project(rpc_reply(k), &p, NULL);
    return true;
}

static bool reply_named(call *k, str text, err *e) {
    project p;
    if (!native_project_row(k, text, &p, e)) return false;
    put_project(rpc_reply(k), &p, NULL);
    return true;
}

// ---- list -----------------------------------------------------------------------------------

enum { SORT_CREATED = 1, SORT_CHANGED, WITH_ACTIVITY = 1 };
static const msg_name sorts[] = {
    {"created", SORT_CREATED}, {"changed", SORT_CHANGED}, {NULL, 0}};
static const msg_name withs[] = {{"activity", WITH_ACTIVITY}, {NULL, 0}};
static const search_sort by_change = {
    .field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_CHANGED}, .descending = true};

struct list {
    uint64_t has;
    int64_t view, limit, sort, with;
    str after;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, view, MSG_ENUM, 0, .names = native_views,
              .doc = "which projects: active (default), deleted, all"),
    MSG_FIELD(struct list, sort, MSG_ENUM, 0, .names = sorts,
              .doc = "the newest first: created (default), or changed, by themselves or a run"),
    MSG_FIELD(struct list, with, MSG_ENUM, 0, .names = withs,
              .doc = "activity: of each also how many runs, and when something last changed"),
    MSG_FIELD(struct list, limit, MSG_INT32, 0, .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct list, after, MSG_STRING, 0, .doc = "the cursor `next` of the page before"),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

static bool list(call *k, void *msg, err *e) {
    struct list *q = msg;
    search_projects_query s = {.view = q->view ? (view)q->view : VIEW_ACTIVE,
                               .after = q->after};
    project *out;
    search_activity *activity = NULL;
    size_t n;
    str next;
    if (q->sort == SORT_CHANGED) {
        s.sort = &by_change;
        s.n_sort = 1;
    }
    if (!native_limit(msg_has(&list_msg, q, "limit"), q->limit, &s.max, e) ||
        !search_projects(&k->c, &s, &out, &n, &next, e)) {
        return false;
    }
    if (q->with) {
        activity = ARENA_ARRAY(k->c.a, search_activity, n);
        if (!search_activities(&k->c, out, n, true, activity, e)) return false;
    }
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++)
        put_project(w, &out[i], activity ? &activity[i] : NULL);
    native_list_end(w, next);
    return true;
}
const rpc native_projects_list = {.msg = &list_msg, .fn = list, .reply = &projects_shape};

// ---- create, read ---------------------------------------------------------------------------

struct tag {
    uint64_t has;
    str key, value;
};
static const msg_field tag_fields[] = {
    MSG_FIELD(struct tag, key, MSG_STRING, MSG_REQUIRED, .max = TAG_KEY_MAX),
    MSG_FIELD(struct tag, value, MSG_STRING, 0, .max = TAG_VALUE_MAX,
              .doc = "null or absent in a change: the tag is removed"),
};
static const msg_type tag_msg = MSG_TYPE(struct tag, tag_fields);

struct create {
    uint64_t has;
    str name, artifact_location;
    msg_list tags;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, name, MSG_STRING, MSG_REQUIRED, .max = NAME_MAX_LENGTH,
              .doc = "unique in the workspace"),
    MSG_FIELD(struct create, artifact_location, MSG_STRING, 0, .max = 2048,
              .doc = "where files lie; by default on this server"),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &tag_msg, .max = 1000),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

// value p NULL: null, or absent.
static kv *tags_of(arena *a, msg_list tags) {
    kv *out = ARENA_ARRAY(a, kv, tags.n);
    for (size_t i = 0; i < tags.n; i++) {
        const struct tag *t = MSG_AT(struct tag, tags, i);
        bool sent = msg_has(&tag_msg, t, "value");
        out[i] = (kv){t->key, sent ? str_or_empty(t->value) : (str){0}};
    }
    return out;
}

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    int64_t number;
    return project_create(&k->c, q->name, q->artifact_location, tags_of(k->c.a, q->tags),
                          q->tags.n, &number, e) &&
           reply_project(k, number, e);
}
const rpc native_projects_create = {.msg = &create_msg,
                                    .fn = create,
                                    .reply = &project_shape,
                                    .status = 201,
                                    .creates = EVENT_project_created,
                                    .again = reply_named};

static bool get(call *k, void *msg, err *e) {
    (void)msg;
    return reply_named(k, http_param(k->r, "project"), e);
}
const rpc native_projects_get = {.fn = get, .reply = &project_shape};

// ---- change ---------------------------------------------------------------------------------

struct change {
    uint64_t has;
    str name;
    msg_list tags;
};
static const msg_field change_fields[] = {
    MSG_FIELD(struct change, name, MSG_STRING, 0, .max = NAME_MAX_LENGTH,
              .doc = "its new name"),
    MSG_FIELD(struct change, tags, MSG_LIST, 0, .sub = &tag_msg, .max = 1000,
              .doc = "tags to set, or to remove"),
};
static const msg_type change_msg = MSG_TYPE(struct change, change_fields);

static bool change(call *k, void *msg, err *e) {
    struct change *q = msg;
    int64_t number;
    project_change x = {.tags = tags_of(k->c.a, q->tags), .n_tags = q->tags.n};
    if (!native_path_project(k, &number, e)) return false;
    if (msg_has(&change_msg, q, "name") && !q->name.n)
        return err_set(e, ERR_INVALID, "a project has a name: it is empty");
    if (q->name.n) x.name = q->name;
    return project_update(&k->c, number, &x, e) && reply_project(k, number, e);
}
const rpc native_projects_change = {.msg = &change_msg, .fn = change, .reply = &project_shape};

static bool delete (call *k, void *msg, err *e) {
    int64_t number;
    (void)msg;
    return native_path_project(k, &number, e) && project_delete(&k->c, number, e) &&
           reply_project(k, number, e);
}
const rpc native_projects_delete = {.fn = delete, .reply = &project_shape};

static bool restore(call *k, void *msg, err *e) {
    int64_t number;
    (void)msg;
    return native_path_project(k, &number, e) && project_restore(&k->c, number, e) &&
           reply_project(k, number, e);
}
const rpc native_projects_restore = {.fn = restore, .reply = &project_shape};
