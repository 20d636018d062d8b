// SPDX-License-Identifier: Apache-2.0
// models: /mlflow/logged-models: the models of MLflow 3 that a run logs, before anything is
// registered. Any thread.
#include "api/mlflow/filter.h"
#include "api/mlflow/mlflow_internal.h"

#include "base/vec.h"

#define MODELS_DEFAULT_PAGE 50
#define MODELS_AT_MOST      1000
#define ITEMS_AT_MOST       1000

struct item {
    uint64_t has;
    str key, value;
};
static const msg_field item_fields[] = {
    MSG_FIELD(struct item, key, MSG_STRING, MSG_REQUIRED, .max = 255),
    MSG_FIELD(struct item, value, MSG_STRING, 0, .max = 100000),
};
static const msg_type item_msg = MSG_TYPE(struct item, item_fields);

static kv *items_of(arena *a, msg_list list) {
    kv *out = ARENA_ARRAY(a, kv, list.n);
    for (size_t i = 0; i < list.n; i++) {
        struct item *t = MSG_AT(struct item, list, i);
        out[i] = (kv){t->key, t->value};
    }
    return out;
}

static bool model_of_path(call *k, id *out, err *e) {
    return mlflow_model_id(http_param(k->r, "model_id"), out, e);
}

// {"model": ...} with all its metrics.
static bool reply_model(call *k, const model *m, err *e) {
    model_point *points;
    size_t n;
    if (!model_points(&k->c, m->id, &points, &n, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("model"));
    mlflow_logged_model(w, m, points, n);
    json_object_end(w);
    return true;
}

// ---- create ---------------------------------------------------------------------------------

struct create {
    uint64_t has;
    str experiment_id, name, model_type, source_run_id;
    msg_list params, tags;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, experiment_id, MSG_STRING, MSG_REQUIRED | MSG_NUMBER_OK),
    MSG_FIELD(struct create, name, MSG_STRING, 0, .max = 500),
    MSG_FIELD(struct create, model_type, MSG_STRING, 0, .max = 500),
    MSG_FIELD(struct create, source_run_id, MSG_STRING, 0),
    MSG_FIELD(struct create, params, MSG_LIST, 0, .sub = &item_msg, .max = ITEMS_AT_MOST),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &item_msg, .max = ITEMS_AT_MOST),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

static bool check_name(arena *a, str name, err *e) {
    for (size_t i = 0; i < name.n; i++) {
        if (!strchr("/:.%\"'", name.p[i])) continue;
        return mlflow_invalid(
            e,
            "Invalid model name (%.*s) provided. Model name must be a non-empty string and "
            "cannot"
            " contain the following characters: ('/', ':', '.', '%%', '\"', \"'\")",
            STR_F(mlflow_repr(a, name)));
    }
    return true;
}

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    arena *a = k->c.a;
    model m;
    model_new n = {.name = q->name.n ? q->name : run_random_name(a),
                   .type = q->model_type.p ? q->model_type : STR(""),
                   .params = items_of(a, q->params),
                   .n_params = q->params.n,
                   .tags = items_of(a, q->tags),
                   .n_tags = q->tags.n};
    if (!check_name(a, q->name, e) || !mlflow_experiment_id(q->experiment_id, &n.project, e) ||
        (q->source_run_id.n && !mlflow_run_id(q->source_run_id, &n.source_run, e))) {
        return false;
    }
    if (model_create(&k->c, &n, &m, e)) return reply_model(k, &m, e);
    if (e->code == ERR_EXISTS)
        e->code = ERR_INVALID; // a parameter twice: no object of this name is meant
    return false;
}
const rpc mlflow_models_create = {.msg = &create_msg, .fn = create};

// ---- one model ------------------------------------------------------------------------------

struct one {
    uint64_t has;
    int64_t status;
    msg_list tags, params;
    str artifact_directory_path;
};
static const msg_type none_msg = {.fields = NULL, .n = 0, .size = sizeof(struct one)};

struct which {
    uint64_t has;
    bool allow_deleted;
};
static const msg_field which_fields[] = {MSG_FIELD(struct which, allow_deleted, MSG_BOOL, 0)};
static const msg_type which_msg = MSG_TYPE(struct which, which_fields);

static bool get(call *k, void *msg, err *e) {
    bool deleted_too = ((struct which *)msg)->allow_deleted;
    id model_id;
    model m;
    return model_of_path(k, &model_id, e) &&
           (deleted_too ? model_get_any : model_get)(&k->c, model_id, &m, e) &&
           reply_model(k, &m, e);
}
const rpc mlflow_models_get = {.msg = &which_msg, .fn = get};

static bool delete (call *k, void *msg, err *e) {
    id model_id;
    (void)msg;
    return model_of_path(k, &model_id, e) && model_delete(&k->c, model_id, e);
}
const rpc mlflow_models_delete = {.msg = &none_msg, .fn = delete};

static const msg_name status_names[] = {{"LOGGED_MODEL_STATUS_UNSPECIFIED", MODEL_UNSPECIFIED},
                                        {"LOGGED_MODEL_PENDING", MODEL_PENDING},
                                        {"LOGGED_MODEL_READY", MODEL_READY},
                                        {"LOGGED_MODEL_UPLOAD_FAILED", MODEL_FAILED},
                                        {NULL, 0}};
static const msg_field finalize_fields[] = {
    MSG_FIELD(struct one, status, MSG_ENUM, MSG_REQUIRED, .names = status_names)};
static const msg_type finalize_msg = MSG_TYPE(struct one, finalize_fields);

static bool finalize(call *k, void *msg, err *e) {
    struct one *q = msg;
    id model_id;
    model m;
    return model_of_path(k, &model_id, e) &&
           model_finalize(&k->c, model_id, (model_status)q->status, &m, e) &&
           reply_model(k, &m, e);
}
const rpc mlflow_models_finalize = {.msg = &finalize_msg, .fn = finalize};

static const msg_field tags_fields[] = {
    MSG_FIELD(struct one, tags, MSG_LIST, 0, .sub = &item_msg, .max = ITEMS_AT_MOST)};
static const msg_type tags_msg = MSG_TYPE(struct one, tags_fields);

static bool set_tags(call *k, void *msg, err *e) {
    struct one *q = msg;
    id model_id;
    return model_of_path(k, &model_id, e) &&
           model_set_tags(&k->c, model_id, items_of(k->c.a, q->tags), q->tags.n, e);
}
const rpc mlflow_models_set_tags = {.msg = &tags_msg, .fn = set_tags};

static bool delete_tag(call *k, void *msg, err *e) {
    id model_id;
    (void)msg;
    return model_of_path(k, &model_id, e) &&
           model_delete_tag(&k->c, model_id, http_param(k->r, "tag_key"), e);
}
const rpc mlflow_models_delete_tag = {.msg = &none_msg, .fn = delete_tag};

static const msg_field params_fields[] = {
    MSG_FIELD(struct one, params, MSG_LIST, 0, .sub = &item_msg, .max = ITEMS_AT_MOST)};
static const msg_type params_msg = MSG_TYPE(struct one, params_fields);

static bool add_params(call *k, void *msg, err *e) {
    struct one *q = msg;
    id model_id;
    if (!model_of_path(k, &model_id, e)) return false;
    if (model_add_params(&k->c, model_id, items_of(k->c.a, q->params), q->params.n, e))
        return true;
    if (e->code == ERR_EXISTS) e->code = ERR_INVALID;
    return false;
}
const rpc mlflow_models_params = {.msg = &params_msg, .fn = add_params};

static const msg_field directories_fields[] = {
    MSG_FIELD(struct one, artifact_directory_path, MSG_STRING, 0)};
static const msg_type directories_msg = MSG_TYPE(struct one, directories_fields);

static bool directories(call *k, void *msg, err *e) {
    struct one *q = msg;
    id model_id;
    model m;
    return model_of_path(k, &model_id, e) && model_get(&k->c, model_id, &m, e) &&
           mlflow_list_files(k, m.artifact_uri, q->artifact_directory_path, e);
}
const rpc mlflow_models_directories = {.msg = &directories_msg, .fn = directories};

// ---- search ---------------------------------------------------------------------------------

struct dataset_ref {
    uint64_t has;
    str dataset_name, dataset_digest;
};
static const msg_field dataset_ref_fields[] = {
    MSG_FIELD(struct dataset_ref, dataset_name, MSG_STRING, 0),
    MSG_FIELD(struct dataset_ref, dataset_digest, MSG_STRING, 0),
};
static const msg_type dataset_ref_msg = MSG_TYPE(struct dataset_ref, dataset_ref_fields);

struct order {
    uint64_t has;
    str field_name, dataset_name, dataset_digest;
    bool ascending;
};
static const msg_field order_fields[] = {
    MSG_FIELD(struct order, field_name, MSG_STRING, 0),
    MSG_FIELD(struct order, ascending, MSG_BOOL, 0),
    MSG_FIELD(struct order, dataset_name, MSG_STRING, 0),
    MSG_FIELD(struct order, dataset_digest, MSG_STRING, 0),
};
static const msg_type order_msg = MSG_TYPE(struct order, order_fields);

struct search {
    uint64_t has;
    msg_list experiment_ids, datasets, order_by;
    str filter, page_token;
    int64_t max_results;
};
static const msg_field search_fields[] = {
    MSG_FIELD(struct search, experiment_ids, MSG_STRINGS, MSG_NUMBER_OK),
    MSG_FIELD(struct search, filter, MSG_STRING, 0),
    MSG_FIELD(struct search, datasets, MSG_LIST, 0, .sub = &dataset_ref_msg, .max = 100),
    MSG_FIELD(struct search, max_results, MSG_INT32, 0),
    MSG_FIELD(struct search, order_by, MSG_LIST, 0, .sub = &order_msg, .max = 100),
    MSG_FIELD(struct search, page_token, MSG_STRING, 0),
};
static const msg_type search_msg = MSG_TYPE(struct search, search_fields);

static bool collect_order(arena *a, const struct search *q, search_models_query *s, err *e) {
    filter_model_order *items = ARENA_ARRAY(a, filter_model_order, q->order_by.n);
    search_sort *sort;
    for (size_t i = 0; i < q->order_by.n; i++) {
        struct order *o = MSG_AT(struct order, q->order_by, i);
        items[i] = (filter_model_order){.field_name = o->field_name,
                                        .ascending = !msg_has(&order_msg, o, "ascending") ||
                                                     o->ascending,
                                        .dataset_name = o->dataset_name,
                                        .dataset_digest = o->dataset_digest};
    }
    if (!filter_order_models(a, items, q->order_by.n, &sort, e)) return false;
    s->sort = sort;
    s->n_sort = q->order_by.n;
    return true;
}

static bool collect_datasets(arena *a, const struct search *q, search_models_query *s, err *e) {
    str *names = ARENA_ARRAY(a, str, q->datasets.n),
        *digests = ARENA_ARRAY(a, str, q->datasets.n);
    for (size_t i = 0; i < q->datasets.n; i++) {
        struct dataset_ref *d = MSG_AT(struct dataset_ref, q->datasets, i);
        if (!d->dataset_name.n) {
            return mlflow_invalid(e,
                                  "`dataset_name` in the `datasets` clause must be specified.");
        }
        names[i] = d->dataset_name;
        digests[i] = d->dataset_digest.n ? d->dataset_digest : (str){0};
    }
    s->dataset_names = names;
    s->dataset_digests = digests;
    s->n_datasets = q->datasets.n;
    return true;
}

static bool search(call *k, void *msg, err *e) {
    struct search *q = msg;
    arena *a = k->c.a;
    search_models_query s = {.after = q->page_token};
    int64_t *projects;
    model *found;
    size_t n, n_points;
    str next;
    if (!msg_has(&search_msg, q, "experiment_ids")) return mlflow_missing(e, "experiment_ids");
    if (q->max_results < 0) return mlflow_bad_max_results(q->max_results, MODELS_AT_MOST, e);
    if (!q->max_results) q->max_results = MODELS_DEFAULT_PAGE; // 0 is unset to the reference
    s.max = q->max_results < MODELS_AT_MOST ? (size_t)q->max_results : MODELS_AT_MOST;
    if (!mlflow_experiment_ids(a, q->experiment_ids, &projects, &s.n_projects, e)) return false;
    s.projects = projects;
    search_node *where;
    if (!collect_datasets(a, q, &s, e) || !filter_parse(a, FILTER_MODELS, q->filter, &where, e))
        return false;
    s.where = where;
    if (!collect_order(a, q, &s, e) || !search_models(&k->c, &s, &found, &n, &next, e)) {
        return false;
    }
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (n) json_m_array(w, "models");
    for (size_t i = 0; i < n; i++) {
        model_point *points;
        if (!model_points(&k->c, found[i].id, &points, &n_points, e)) return false;
        mlflow_logged_model(w, &found[i], points, n_points);
    }
    if (n) json_array_end(w);
    if (next.n) json_m_string(w, "next_page_token", next);
    json_object_end(w);
    return true;
}
const rpc mlflow_models_search = {.msg = &search_msg, .fn = search};
