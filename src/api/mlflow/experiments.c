// SPDX-License-Identifier: Apache-2.0
// experiments: /mlflow/experiments/*. An experiment is a project. Any thread.
#include "api/mlflow/filter.h"
#include "api/mlflow/mlflow_internal.h"

#include "base/vec.h"

#define EXPERIMENT_NAME_MAX   500
#define EXPERIMENT_TAG_MAX    20000
#define EXPERIMENTS_AT_ONCE   1000
#define EXPERIMENTS_AT_MOST   50000
#define SEARCH_DATASETS_MAX   20
#define DATASET_SUMMARIES_MAX 1000

struct tag {
    uint64_t has;
    str key, value;
};
static const msg_field tag_fields[] = {
    MSG_FIELD(struct tag, key, MSG_STRING, 0), // an empty one is no name: check_tag says so
    MSG_FIELD(struct tag, value, MSG_STRING, 0),
};
static const msg_type tag_msg = MSG_TYPE(struct tag, tag_fields);

static bool check_tag(arena *a, str key, str value, err *e) {
    return mlflow_check_name(a, key, STR("key"), STR("key"), e) &&
           mlflow_check_length(value, EXPERIMENT_TAG_MAX, "value", e);
}

static bool check_name(str name, err *e) {
    return mlflow_check_length(name, EXPERIMENT_NAME_MAX, "name", e);
}

// ---- create ---------------------------------------------------------------------------------

struct create {
    uint64_t has;
    str name, artifact_location;
    msg_list tags;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct create, artifact_location, MSG_STRING, 0),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &tag_msg, .max = 1000),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    kv *tags = ARENA_ARRAY(k->c.a, kv, q->tags.n);
    if (!check_name(q->name, e) || !mlflow_check_location(k->c.a, q->artifact_location, e))
        return false;
    for (size_t i = 0; i < q->tags.n; i++) {
        struct tag *t = MSG_AT(struct tag, q->tags, i);
        if (!check_tag(k->c.a, t->key, t->value, e)) return false;
        tags[i] = (kv){t->key, t->value};
    }
    int64_t number;
    if (!project_create(&k->c, q->name, q->artifact_location, tags, q->tags.n, &number, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "experiment_id", arena_printf(k->c.a, "%lld", (long long)number));
    json_object_end(w);
    return true;
}
const rpc mlflow_experiments_create = {.msg = &create_msg, .fn = create};

// ---- read -----------------------------------------------------------------------------------

struct by_id {
    uint64_t has;
    str experiment_id, new_name, key, value;
};
static const msg_field by_id_fields[] = {
    MSG_FIELD(struct by_id, experiment_id, MSG_STRING, MSG_REQUIRED | MSG_NUMBER_OK),
};
static const msg_type by_id_msg = MSG_TYPE(struct by_id, by_id_fields);

static bool reply_experiment(call *k, const project *p) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("experiment"));
    mlflow_experiment(k, w, p);
    json_object_end(w);
    return true;
}

static bool get(call *k, void *msg, err *e) {
    struct by_id *q = msg;
    int64_t number;
    project p;
    return mlflow_experiment_id(q->experiment_id, &number, e) &&
           project_get(&k->c, number, &p, e) && reply_experiment(k, &p);
}
const rpc mlflow_experiments_get = {.msg = &by_id_msg, .fn = get};

struct by_name {
    uint64_t has;
    str experiment_name;
};
static const msg_field by_name_fields[] = {
    MSG_FIELD(struct by_name, experiment_name, MSG_STRING, MSG_REQUIRED)};
static const msg_type by_name_msg = MSG_TYPE(struct by_name, by_name_fields);

static bool get_by_name(call *k, void *msg, err *e) {
    project p;
    return project_by_name(&k->c, ((struct by_name *)msg)->experiment_name, &p, e) &&
           reply_experiment(k, &p);
}
const rpc mlflow_experiments_get_by_name = {.msg = &by_name_msg, .fn = get_by_name};

static const msg_name view_names[] = {
    {"ACTIVE_ONLY", VIEW_ACTIVE}, {"DELETED_ONLY", VIEW_DELETED}, {"ALL", VIEW_ALL}, {NULL, 0}};

struct search {
    uint64_t has;
    int64_t max_results, view_type;
    str page_token, filter;
    msg_list order_by;
};
static const msg_field search_fields[] = {
    MSG_FIELD(struct search, max_results, MSG_INT64, 0),
    MSG_FIELD(struct search, view_type, MSG_ENUM, 0, .names = view_names),
    MSG_FIELD(struct search, page_token, MSG_STRING, 0),
    MSG_FIELD(struct search, filter, MSG_STRING, 0),
    MSG_FIELD(struct search, order_by, MSG_STRINGS, 0, .max = 100),
};
static const msg_type search_msg = MSG_TYPE(struct search, search_fields);

static bool search(call *k, void *msg, err *e) {
    struct search *q = msg;
    if (!msg_has(&search_msg, q, "max_results")) q->max_results = EXPERIMENTS_AT_ONCE;
    if (q->max_results < 1 || q->max_results > EXPERIMENTS_AT_MOST) {
        return mlflow_bad_max_results(q->max_results, EXPERIMENTS_AT_MOST, e);
    }
    search_projects_query s = {.view = q->view_type ? (view)q->view_type : VIEW_ACTIVE,
                               .after = q->page_token,
                               .max = (size_t)q->max_results};
    project *found;
    size_t n;
    str next;
    search_node *where;
    search_sort *sort;
    if (!filter_parse(k->c.a, FILTER_EXPERIMENTS, q->filter, &where, e) ||
        !filter_order(k->c.a, FILTER_EXPERIMENTS, q->order_by.p, q->order_by.n, &sort, e)) {
        return false;
    }
    s.where = where;
    s.sort = sort;
    s.n_sort = q->order_by.n;
    if (!search_projects(&k->c, &s, &found, &n, &next, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (n) {
        json_m_array(w, "experiments");
        for (size_t i = 0; i < n; i++)
            mlflow_experiment(k, w, &found[i]);
        json_array_end(w);
    }
    if (next.n) json_m_string(w, "next_page_token", next);
    json_object_end(w);
    return true;
}
const rpc mlflow_experiments_search = {.msg = &search_msg, .fn = search};

// ---- change ---------------------------------------------------------------------------------

static const msg_field update_fields[] = {
    MSG_FIELD(struct by_id, experiment_id, MSG_STRING, MSG_REQUIRED | MSG_NUMBER_OK),
    MSG_FIELD(struct by_id, new_name, MSG_STRING, MSG_REQUIRED),
};
static const msg_type update_msg = MSG_TYPE(struct by_id, update_fields);

static bool update(call *k, void *msg, err *e) {
    struct by_id *q = msg;
    int64_t number;
    return check_name(q->new_name, e) && mlflow_experiment_id(q->experiment_id, &number, e) &&
           project_rename(&k->c, number, q->new_name, e);
}
const rpc mlflow_experiments_update = {.msg = &update_msg, .fn = update};

static bool delete (call *k, void *msg, err *e) {
    int64_t number;
    return mlflow_experiment_id(((struct by_id *)msg)->experiment_id, &number, e) &&
           project_delete(&k->c, number, e);
}
const rpc mlflow_experiments_delete = {.msg = &by_id_msg, .fn = delete};

static bool restore(call *k, void *msg, err *e) {
    int64_t number;
    return mlflow_experiment_id(((struct by_id *)msg)->experiment_id, &number, e) &&
           project_restore(&k->c, number, e);
}
const rpc mlflow_experiments_restore = {.msg = &by_id_msg, .fn = restore};

static const msg_field set_tag_fields[] = {
    MSG_FIELD(struct by_id, experiment_id, MSG_STRING, MSG_REQUIRED | MSG_NUMBER_OK),
    MSG_FIELD(struct by_id, key, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct by_id, value, MSG_STRING, 0),
};
static const msg_type set_tag_msg = MSG_TYPE(struct by_id, set_tag_fields);

static bool set_tag(call *k, void *msg, err *e) {
    struct by_id *q = msg;
    int64_t number;
    return check_tag(k->c.a, q->key, q->value, e) &&
           mlflow_experiment_id(q->experiment_id, &number, e) &&
           project_set_tag(&k->c, number, q->key, q->value, e);
}
const rpc mlflow_experiments_set_tag = {.msg = &set_tag_msg, .fn = set_tag};

static bool delete_tag(call *k, void *msg, err *e) {
    struct by_id *q = msg;
    int64_t number;
    return mlflow_experiment_id(q->experiment_id, &number, e) &&
           project_delete_tag(&k->c, number, q->key, e);
}
const rpc mlflow_experiments_delete_tag = {.msg = &set_tag_msg, .fn = delete_tag};

// ---- data sets of experiments (what the search box of the runs page offers) -----------------

struct search_datasets {
    uint64_t has;
    msg_list experiment_ids;
};
static const msg_field search_datasets_fields[] = {
    MSG_FIELD(struct search_datasets, experiment_ids, MSG_STRINGS, MSG_NUMBER_OK),
};
static const msg_type search_datasets_msg =
    MSG_TYPE(struct search_datasets, search_datasets_fields);

static bool search_datasets(call *k, void *msg, err *e) {
    struct search_datasets *q = msg;
    int64_t *projects;
    size_t n_projects, n;
    dataset_summary *found;
    if (!q->experiment_ids.n) {
        return mlflow_invalid(
            e, "SearchDatasets request must specify at least one experiment_id.");
    }
    if (q->experiment_ids.n > SEARCH_DATASETS_MAX) {
        return mlflow_invalid(
            e,
            "SearchDatasets request cannot specify more than %d experiment_ids. Received %zu"
            " experiment_ids.",
            SEARCH_DATASETS_MAX, q->experiment_ids.n);
    }
    if (!mlflow_experiment_ids(k->c.a, q->experiment_ids, &projects, &n_projects, e) ||
        !dataset_summaries(&k->c, projects, n_projects, DATASET_SUMMARIES_MAX, &found, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (n) json_m_array(w, "dataset_summaries");
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        json_m_string(w, "experiment_id",
                      arena_printf(k->c.a, "%lld", (long long)found[i].project));
        json_m_string(w, "name", found[i].name);
        json_m_string(w, "digest", found[i].digest);
        if (found[i].context.p) json_m_string(w, "context", found[i].context);
        json_object_end(w);
    }
    if (n) json_array_end(w);
    json_object_end(w);
    return true;
}
const rpc mlflow_experiments_search_datasets = {.msg = &search_datasets_msg,
                                                .fn = search_datasets};
