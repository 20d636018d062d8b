// SPDX-License-Identifier: Apache-2.0
// inputs: the data sets and models that runs read, and the models that they make. Any thread.
#include "api/mlflow/mlflow_internal.h"

#define DATASETS_PER_BATCH 1000

// ---- inputs --------------------------------------------------------------------------------

struct input_tag {
    uint64_t has;
    str key, value;
};
static const msg_field input_tag_fields[] = {
    MSG_FIELD(struct input_tag, key, MSG_STRING, MSG_REQUIRED, .max = 255),
    MSG_FIELD(struct input_tag, value, MSG_STRING, 0, .max = 500),
};
static const msg_type input_tag_msg = MSG_TYPE(struct input_tag, input_tag_fields);

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
        struct input_tag *t = MSG_AT(struct input_tag, in->tags, i);
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
const rpc mlflow_log_inputs = {.msg = &inputs_msg, .fn = log_inputs};

// ---- outputs -------------------------------------------------------------------------------

static const msg_field outputs_fields[] = {
    MSG_FIELD(struct links, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct links, models, MSG_LIST, 0, .sub = &model_ref_msg, .max = 1000),
};
static const msg_type outputs_msg = MSG_TYPE(struct links, outputs_fields);

static bool log_outputs(call *k, void *msg, err *e) {
    struct links *q = msg;
    model_link *models;
    id run_id;
    if (!msg_has(&outputs_msg, q, "models")) return mlflow_missing(e, "models");
    return collect_models(k->c.a, q->models, &models, e) &&
           mlflow_run_id(q->run_id, &run_id, e) &&
           output_log(&k->c, run_id, models, q->models.n, e);
}
const rpc mlflow_log_outputs = {.msg = &outputs_msg, .fn = log_outputs};
