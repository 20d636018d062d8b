// SPDX-License-Identifier: Apache-2.0
// log: what a running program sends: metrics, parameters, tags, batches of them, inputs and
// outputs. A batch is checked whole before anything is written, and is written whole or not at
// all. Any thread.
#include "api/mlflow/mlflow_internal.h"

#include "base/map.h"
#include "base/vec.h"

#define METRICS_PER_BATCH  1000
#define PARAMS_PER_BATCH   100
#define TAGS_PER_BATCH     100
#define ENTITIES_PER_BATCH 1000
#define PARAM_VALUE_MAX    6000
#define TAG_VALUE_MAX      8000
#define DATASETS_PER_BATCH 1000

// ---- metrics --------------------------------------------------------------------------------

struct metric {
    uint64_t has;
    str run_id, key, model_id, dataset_name, dataset_digest;
    double value;
    int64_t timestamp, step;
};
#define METRIC_FIELDS                                                                          \
    MSG_FIELD(struct metric, key, MSG_STRING, MSG_REQUIRED),                                   \
        MSG_FIELD(struct metric, value, MSG_DOUBLE, MSG_REQUIRED),                             \
        MSG_FIELD(struct metric, timestamp, MSG_INT64, MSG_REQUIRED),                          \
        MSG_FIELD(struct metric, step, MSG_INT64, 0),                                          \
        MSG_FIELD(struct metric, model_id, MSG_STRING, 0),                                     \
        MSG_FIELD(struct metric, dataset_name, MSG_STRING, 0, .max = 500),                     \
        MSG_FIELD(struct metric, dataset_digest, MSG_STRING, 0, .max = 36)
static const msg_field metric_fields[] = {METRIC_FIELDS};
static const msg_type metric_msg = MSG_TYPE(struct metric, metric_fields);
static const msg_field log_metric_fields[] = {
    METRIC_FIELDS,
    MSG_FIELD(struct metric, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid")};
static const msg_type log_metric_msg = MSG_TYPE(struct metric, log_metric_fields);

// A metric's place in messages: "metrics[3].name", or "name" alone. Only made when a message
// needs it.
static str metric_path(arena *a, size_t i, const char *field) {
    return i == SIZE_MAX ? str_of(field) : arena_printf(a, "metrics[%zu].%s", i, field);
}

static bool metric_to_point(arena *a, const struct metric *m, size_t i, point *p, err *e) {
    err name_error = {0};
    if (!mlflow_check_name(a, m->key, STR("name"), STR("Metric name"), &name_error)) {
        return mlflow_check_name(a, m->key, metric_path(a, i, "name"), STR("Metric name"), e);
    }
    if (m->timestamp < 0) {
        return mlflow_invalid(e,
                              "Invalid value %lld for parameter '%.*s' supplied: metric '%.*s' "
                              "(value=%g). Timestamp"
                              " must be a nonnegative long (64-bit integer) ",
                              (long long)m->timestamp, STR_F(metric_path(a, i, "timestamp")),
                              STR_F(m->key), m->value);
    }
    *p = (point){.key = m->key,
                 .step = m->step,
                 .time_ms = m->timestamp,
                 .value = m->value,
                 .dataset_name = m->dataset_name,
                 .dataset_digest = m->dataset_digest};
    return !m->model_id.n || mlflow_model_id(m->model_id, &p->model, e);
}

static bool log_metric(call *k, void *msg, err *e) {
    struct metric *q = msg;
    point p;
    run_batch b = {.points = &p, .n_points = 1};
    id run_id;
    return metric_to_point(k->c.a, q, SIZE_MAX, &p, e) &&
           mlflow_run_id(q->run_id, &run_id, e) && run_log(&k->c, run_id, &b, e);
}
const mlflow_rpc mlflow_log_metric = {&log_metric_msg, log_metric};

// ---- parameters and tags --------------------------------------------------------------------

struct pair {
    uint64_t has;
    str run_id, key, value;
};
static const msg_field pair_fields[] = {
    MSG_FIELD(struct pair, key, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct pair, value, MSG_STRING, 0),
    MSG_FIELD(struct pair, run_id, MSG_STRING, 0),
};
static const msg_type pair_msg = MSG_TYPE(struct pair, pair_fields);
static const msg_field run_pair_fields[] = {
    MSG_FIELD(struct pair, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct pair, key, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct pair, value, MSG_STRING, 0),
};
static const msg_type run_pair_msg = MSG_TYPE(struct pair, run_pair_fields);

static bool log_parameter(call *k, void *msg, err *e) {
    struct pair *q = msg;
    kv param = {q->key, mlflow_truncate(q->value, PARAM_VALUE_MAX)};
    run_batch b = {.params = &param, .n_params = 1};
    id run_id;
    if (!mlflow_check_name(k->c.a, q->key, STR("key"), STR("Param key"), e) ||
        !mlflow_run_id(q->run_id, &run_id, e)) {
        return false;
    }
    if (run_log(&k->c, run_id, &b, e)) return true;
    if (e->code != ERR_EXISTS) return false;
    const param_conflict *c = &b.conflicts[0];
    return mlflow_invalid(
        e,
        "Changing param values is not allowed. Param with key='%.*s' was already logged with"
        " value='%.*s' for run ID='%.*s'. Attempted logging new value '%.*s'.",
        STR_F(c->key), STR_F(str_upto(c->old_value, 200)), STR_F(q->run_id),
        STR_F(str_upto(c->new_value, 200)));
}
const mlflow_rpc mlflow_log_parameter = {&run_pair_msg, log_parameter};

static bool log_tag(call *k, void *msg, err *e) {
    struct pair *q = msg;
    kv tag = {q->key, mlflow_truncate(q->value, TAG_VALUE_MAX)};
    run_batch b = {.tags = &tag, .n_tags = 1};
    id run_id;
    return mlflow_check_name(k->c.a, q->key, STR("key"), STR("key"), e) &&
           mlflow_run_id(q->run_id, &run_id, e) && run_log(&k->c, run_id, &b, e);
}
const mlflow_rpc mlflow_log_tag = {&run_pair_msg, log_tag};

static bool delete_tag(call *k, void *msg, err *e) {
    struct pair *q = msg;
    id run_id;
    return mlflow_run_id(q->run_id, &run_id, e) && run_delete_tag(&k->c, run_id, q->key, e);
}
const mlflow_rpc mlflow_delete_tag = {&run_pair_msg, delete_tag};

// ---- batches --------------------------------------------------------------------------------

struct batch {
    uint64_t has;
    str run_id;
    msg_list metrics, params, tags;
};
static const msg_field batch_fields[] = {
    MSG_FIELD(struct batch, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct batch, metrics, MSG_LIST, 0, .sub = &metric_msg),
    MSG_FIELD(struct batch, params, MSG_LIST, 0, .sub = &pair_msg),
    MSG_FIELD(struct batch, tags, MSG_LIST, 0, .sub = &pair_msg),
};
static const msg_type batch_msg = MSG_TYPE(struct batch, batch_fields);

static bool at_most(size_t limit, size_t n, const char *what, err *e) {
    return n <= limit ||
           mlflow_invalid(
               e,
               "A batch logging request can contain at most %zu %s. Got %zu %s. Please"
               " split up %s across multiple requests and try again.",
               limit, what, n, what, what);
}

static bool check_limits(const struct batch *q, err *e) {
    return at_most(METRICS_PER_BATCH, q->metrics.n, "metrics", e) &&
           at_most(PARAMS_PER_BATCH, q->params.n, "params", e) &&
           at_most(TAGS_PER_BATCH, q->tags.n, "tags", e) &&
           at_most(ENTITIES_PER_BATCH, q->metrics.n + q->params.n + q->tags.n,
                   "metrics, params, and tags", e);
}

static bool collect_pairs(arena *a, msg_list pairs, const char *list, const char *what,
                          size_t max, kv *out, err *e) {
    for (size_t i = 0; i < pairs.n; i++) {
        struct pair *p = MSG_AT(struct pair, pairs, i);
        str path = arena_printf(a, "%s[%zu].key", list, i);
        if (!mlflow_check_name(a, p->key, path, what ? str_of(what) : path, e)) return false;
        out[i] = (kv){p->key, mlflow_truncate(p->value, max)};
    }
    return true;
}

static bool params_once(arena *a, const kv *params, size_t n, err *e) {
    map seen = map_new(a);
    buf twice = BUF_MAX(sizeof e->msg);
    for (size_t i = 0; i < n; i++) {
        bool added;
        map_at(&seen, params[i].key, &added);
        if (!added) buf_printf(&twice, "%s'%.*s'", twice.n ? ", " : "", STR_F(params[i].key));
    }
    bool ok =
        !twice.n ||
        mlflow_invalid(e,
                       "Duplicate parameter keys have been submitted: [%.*s]. Please ensure the"
                       " request contains only one param value per param key.",
                       STR_F(str_upto(buf_view(&twice), 600)));
    buf_free(&twice);
    return ok;
}

static bool conflicts_message(const run_batch *b, str run_id, err *e) {
    buf list = BUF_MAX(sizeof e->msg);
    for (size_t i = 0; i < b->n_conflicts && !list.full; i++) {
        const param_conflict *c = &b->conflicts[i];
        buf_printf(&list, "%s{'key': '%.*s', 'old_value': '%.*s', 'new_value': '%.*s'}",
                   list.n ? ", " : "", STR_F(c->key), STR_F(str_upto(c->old_value, 200)),
                   STR_F(str_upto(c->new_value, 200)));
    }
    mlflow_invalid(e,
                   "Changing param values is not allowed. Params were already logged='[%.*s]' "
                   "for run ID='%.*s'.",
                   STR_F(str_upto(buf_view(&list), 800)), STR_F(run_id));
    buf_free(&list);
    return false;
}

static bool log_batch(call *k, void *msg, err *e) {
    struct batch *q = msg;
    arena *a = k->c.a;
    id run_id;
    if (!check_limits(q, e)) return false;
    point *points = ARENA_ARRAY(a, point, q->metrics.n);
    kv *params = ARENA_ARRAY(a, kv, q->params.n), *tags = ARENA_ARRAY(a, kv, q->tags.n);
    for (size_t i = 0; i < q->metrics.n; i++) {
        if (!metric_to_point(a, MSG_AT(struct metric, q->metrics, i), i, &points[i], e))
            return false;
    }
    run_batch b = {.points = points,
                   .n_points = q->metrics.n,
                   .params = params,
                   .n_params = q->params.n,
                   .tags = tags,
                   .n_tags = q->tags.n};
    if (!collect_pairs(a, q->params, "params", "Param key", PARAM_VALUE_MAX, params, e) ||
        !collect_pairs(a, q->tags, "tags", NULL, TAG_VALUE_MAX, tags, e) ||
        !params_once(a, params, q->params.n, e) || !mlflow_run_id(q->run_id, &run_id, e)) {
        return false;
    }
    return run_log(&k->c, run_id, &b, e) ||
           (e->code == ERR_EXISTS && conflicts_message(&b, q->run_id, e));
}
const mlflow_rpc mlflow_log_batch = {&batch_msg, log_batch};

// ---- log-model: the history tag of clients before 3 -----------------------------------------

struct log_model {
    uint64_t has;
    str run_id, model_json;
};
static const msg_field log_model_fields[] = {
    MSG_FIELD(struct log_model, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct log_model, model_json, MSG_STRING, MSG_REQUIRED, .max = 1000000),
};
static const msg_type log_model_msg = MSG_TYPE(struct log_model, log_model_fields);

static bool check_model_json(arena *a, str text, err *e) {
    static const char *const needed[] = {"artifact_path", "flavors", "run_id",
                                         "utc_time_created"};
    str error;
    json_value *parsed = json_parse(a, text, 0, &error);
    if (!parsed || parsed->type != JSON_OBJECT) {
        return mlflow_invalid(e, "Malformed model info. \n %.*s \n is not a valid JSON.",
                              STR_F(str_upto(text, 300)));
    }
    str missing = {0};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (json_get(parsed, needed[i])) continue;
        missing =
            arena_printf(a, "%.*s%s'%s'", STR_F(missing), missing.n ? ", " : "", needed[i]);
    }
    return !missing.n ||
           mlflow_invalid(e, "Model json is missing mandatory fields: {%.*s}", STR_F(missing));
}

// The tag holds a JSON list: one more at its end.
static bool append_to_list(void *arg, str old, arena *a, str *value, err *e) {
    str item = *(str *)arg, list = str_trim(old);
    (void)e;
    if (list.n < 2 || list.p[0] != '[' || list.p[list.n - 1] != ']') list = STR("[]");
    list = str_trim(str_upto(list, list.n - 1));
    *value = arena_printf(a, "%.*s%s%.*s]", STR_F(list), list.n > 1 ? ", " : "", STR_F(item));
    return true;
}

static bool log_model(call *k, void *msg, err *e) {
    struct log_model *q = msg;
    id run_id;
    return check_model_json(k->c.a, q->model_json, e) && mlflow_run_id(q->run_id, &run_id, e) &&
           run_edit_tag(&k->c, run_id, STR("mlflow.log-model.history"), append_to_list,
                        &q->model_json, e);
}
const mlflow_rpc mlflow_log_model = {&log_model_msg, log_model};

// ---- inputs and outputs ---------------------------------------------------------------------

static const msg_field input_tag_fields[] = {
    MSG_FIELD(struct pair, key, MSG_STRING, MSG_REQUIRED, .max = 255),
    MSG_FIELD(struct pair, value, MSG_STRING, MSG_REQUIRED, .max = 500),
};
static const msg_type input_tag_msg = MSG_TYPE(struct pair, input_tag_fields);

struct dataset_fields {
    uint64_t has;
    str name, digest, source_type, source, schema, profile;
};
static const msg_field dataset_fields[] = {
    MSG_FIELD(struct dataset_fields, name, MSG_STRING, MSG_REQUIRED, .max = 500),
    MSG_FIELD(struct dataset_fields, digest, MSG_STRING, MSG_REQUIRED, .max = 36),
    MSG_FIELD(struct dataset_fields, source_type, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct dataset_fields, source, MSG_STRING, MSG_REQUIRED, .max = 65535),
    MSG_FIELD(struct dataset_fields, schema, MSG_STRING, 0, .max = 1048575),
    MSG_FIELD(struct dataset_fields, profile, MSG_STRING, 0, .max = 16777215),
};
static const msg_type dataset_msg = MSG_TYPE(struct dataset_fields, dataset_fields);

struct input {
    uint64_t has;
    msg_list tags;
    struct dataset_fields dataset;
};
static const msg_field input_fields[] = {
    MSG_FIELD(struct input, tags, MSG_LIST, 0, .sub = &input_tag_msg, .max = 1000),
    MSG_FIELD(struct input, dataset, MSG_MESSAGE, MSG_REQUIRED, .sub = &dataset_msg),
};
static const msg_type input_msg = MSG_TYPE(struct input, input_fields);

struct model_ref {
    uint64_t has;
    str model_id;
    int64_t step;
};
static const msg_field model_ref_fields[] = {
    MSG_FIELD(struct model_ref, model_id, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct model_ref, step, MSG_INT64, 0),
};
static const msg_type model_ref_msg = MSG_TYPE(struct model_ref, model_ref_fields);

struct links {
    uint64_t has;
    str run_id;
    msg_list datasets, models;
};
static const msg_field inputs_fields[] = {
    MSG_FIELD(struct links, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct links, datasets, MSG_LIST, 0, .sub = &input_msg,
              .max = DATASETS_PER_BATCH),
    MSG_FIELD(struct links, models, MSG_LIST, 0, .sub = &model_ref_msg, .max = 1000),
};
static const msg_type inputs_msg = MSG_TYPE(struct links, inputs_fields);

static bool collect_models(arena *a, msg_list refs, model_link **out, err *e) {
    *out = ARENA_ARRAY(a, model_link, refs.n);
    for (size_t i = 0; i < refs.n; i++) {
        struct model_ref *r = MSG_AT(struct model_ref, refs, i);
        (*out)[i].step = r->step;
        if (!mlflow_model_id(r->model_id, &(*out)[i].model, e)) return false;
    }
    return true;
}

static dataset_input input_of(arena *a, const struct input *in) {
    const struct dataset_fields *d = &in->dataset;
    dataset_input out = {.dataset = {.name = d->name,
                                     .digest = d->digest,
                                     .source_type = d->source_type,
                                     .source = d->source,
                                     .schema = d->schema,
                                     .profile = d->profile},
                         .tags = ARENA_ARRAY(a, kv, in->tags.n),
                         .n_tags = in->tags.n};
    for (size_t i = 0; i < in->tags.n; i++) {
        struct pair *t = MSG_AT(struct pair, in->tags, i);
        out.tags[i] = (kv){t->key, t->value};
    }
    return out;
}

static bool log_inputs(call *k, void *msg, err *e) {
    struct links *q = msg;
    dataset_input *datasets = ARENA_ARRAY(k->c.a, dataset_input, q->datasets.n);
    model_link *models;
    id run_id;
    for (size_t i = 0; i < q->datasets.n; i++)
        datasets[i] = input_of(k->c.a, MSG_AT(struct input, q->datasets, i));
    return collect_models(k->c.a, q->models, &models, e) &&
           mlflow_run_id(q->run_id, &run_id, e) &&
           input_log(&k->c, run_id, datasets, q->datasets.n, models, q->models.n, e);
}
const mlflow_rpc mlflow_log_inputs = {&inputs_msg, log_inputs};

static const msg_field outputs_fields[] = {
    MSG_FIELD(struct links, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct links, models, MSG_LIST, MSG_REQUIRED, .sub = &model_ref_msg, .max = 1000),
};
static const msg_type outputs_msg = MSG_TYPE(struct links, outputs_fields);

static bool log_outputs(call *k, void *msg, err *e) {
    struct links *q = msg;
    model_link *models;
    id run_id;
    return collect_models(k->c.a, q->models, &models, e) &&
           mlflow_run_id(q->run_id, &run_id, e) &&
           output_log(&k->c, run_id, models, q->models.n, e);
}
const mlflow_rpc mlflow_log_outputs = {&outputs_msg, log_outputs};
