// SPDX-License-Identifier: Apache-2.0
// log: what a running program sends: metrics, parameters, tags, and batches of them. A batch is
// checked whole before anything is written, and is written whole or not at all. Any thread.
#include "api/mlflow/mlflow_internal.h"

#include "base/map.h"
#include "base/vec.h"

#define METRICS_PER_BATCH  1000
#define PARAMS_PER_BATCH   100
#define TAGS_PER_BATCH     100
#define ENTITIES_PER_BATCH 1000
#define PARAM_VALUE_MAX    6000
#define TAG_VALUE_MAX      8000

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
    MSG_FIELD(struct metric, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    METRIC_FIELDS};
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
                              "(value=%.*s). Timestamp"
                              " must be a nonnegative long (64-bit integer) ",
                              (long long)m->timestamp, STR_F(metric_path(a, i, "timestamp")),
                              STR_F(m->key), STR_F(mlflow_float_repr(a, m->value)));
    }
    if (!m->dataset_name.n != !m->dataset_digest.n) {
        return mlflow_invalid(
            e, "Both dataset_name and dataset_digest must be provided if one is provided");
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
const rpc mlflow_log_metric = {.msg = &log_metric_msg, .fn = log_metric};

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
        STR_F(c->key), STR_F(str_upto_code_points(c->old_value, 200)), STR_F(q->run_id),
        STR_F(str_upto_code_points(c->new_value, 200)));
}
const rpc mlflow_log_parameter = {.msg = &run_pair_msg, .fn = log_parameter};

static bool log_tag(call *k, void *msg, err *e) {
    struct pair *q = msg;
    kv tag = {q->key, mlflow_truncate(q->value, TAG_VALUE_MAX)};
    run_batch b = {.tags = &tag, .n_tags = 1};
    id run_id;
    return mlflow_check_name(k->c.a, q->key, STR("key"), STR("key"), e) &&
           mlflow_run_id(q->run_id, &run_id, e) && run_log(&k->c, run_id, &b, e);
}
const rpc mlflow_log_tag = {.msg = &run_pair_msg, .fn = log_tag};

static bool delete_tag(call *k, void *msg, err *e) {
    struct pair *q = msg;
    id run_id;
    return mlflow_run_id(q->run_id, &run_id, e) && run_delete_tag(&k->c, run_id, q->key, e);
}
const rpc mlflow_delete_tag = {.msg = &run_pair_msg, .fn = delete_tag};

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
        if (added) continue;
        buf_printf(&twice, "%s%.*s", twice.n ? ", " : "", STR_F(mlflow_repr(a, params[i].key)));
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

static bool conflicts_message(arena *a, const run_batch *b, str run_id, err *e) {
    buf list = BUF_MAX(sizeof e->msg);
    for (size_t i = 0; i < b->n_conflicts && !list.full; i++) {
        const param_conflict *c = &b->conflicts[i];
        buf_printf(&list, "%s{'key': %.*s, 'old_value': %.*s, 'new_value': %.*s}",
                   list.n ? ", " : "", STR_F(mlflow_repr(a, c->key)),
                   STR_F(mlflow_repr(a, c->old_value)), STR_F(mlflow_repr(a, c->new_value)));
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
        !check_limits(q, e) || !params_once(a, params, q->params.n, e) ||
        !mlflow_run_id(q->run_id, &run_id, e)) {
        return false;
    }
    return run_log(&k->c, run_id, &b, e) ||
           (e->code == ERR_EXISTS && conflicts_message(a, &b, q->run_id, e));
}
const rpc mlflow_log_batch = {.msg = &batch_msg, .fn = log_batch};
