// SPDX-License-Identifier: Apache-2.0
// model: a logged model, a draft of a version until it is ready or registered. Its parameters
// and tags are attributes with the model as owner (run_attrs); its metrics are the points that
// were logged with its id.
#ifndef STEMMA_CORE_MODEL_H
#define STEMMA_CORE_MODEL_H

#include "core/core.h"
#include "core/run.h"

typedef enum model_status {
    MODEL_UNSPECIFIED = 0,
    MODEL_PENDING = 1,
    MODEL_READY = 2,
    MODEL_FAILED = 3
} model_status;

typedef struct model {
    id id;
    int64_t project;
    str name, type, status_message, user, artifact_uri;
    model_status status;
    id source_run; // zero: none
    int64_t created_ms, updated_ms;
    kv *params, *tags;
    size_t n_params, n_tags;
} model;

typedef struct model_new {
    int64_t project;
    str name, type;
    id source_run;
    const kv *params, *tags;
    size_t n_params, n_tags;
} model_new;

bool model_create(ctx *c, const model_new *n, model *out, err *e);
bool model_get(ctx *c, id model_id, model *out, err *e);     // ERR_NOT_FOUND when deleted
bool model_get_any(ctx *c, id model_id, model *out, err *e); // deleted ones too
bool model_finalize(ctx *c, id model_id, model_status s, model *out, err *e);
bool model_delete(ctx *c, id model_id, err *e); // soft, idempotent
bool model_set_tags(ctx *c, id model_id, const kv *tags, size_t n, err *e);
// A tag becomes what `edit` makes of it (p NULL: it is not there); edit may be called twice.
typedef str (*model_edit)(void *arg, arena *a, str value);
bool model_edit_tag(ctx *c, id model_id, str key, model_edit edit, void *arg, err *e);
bool model_delete_tag(ctx *c, id model_id, str key, err *e);
bool model_add_params(ctx *c, id model_id, const kv *params, size_t n,
                      err *e); // ERR_EXISTS on a repeated key

// Every point logged with the model's id.
typedef struct model_point {
    str key;
    int64_t step, time_ms;
    double value;
    id run;
    str dataset_name, dataset_digest;
} model_point;
bool model_points(ctx *c, id model_id, model_point **out, size_t *n, err *e);

// Active models of a project in the order (created DESC, id), a page at a time: pass
// after_created = INT64_MAX first.
bool model_page(ctx *c, int64_t project, int64_t after_created, id after, size_t max,
                model **out, size_t *n, err *e);

#endif
