// SPDX-License-Identifier: Apache-2.0
// Shared by the files of the model registry (api/mlflow/registry*.c) only. A registered model
// is a repo, a model version a version, an alias a ref (core/repo.h, ref.h); a stage is a
// version's.
#ifndef STEMMA_API_MLFLOW_REGISTRY_INTERNAL_H
#define STEMMA_API_MLFLOW_REGISTRY_INTERNAL_H

#include "api/mlflow/mlflow_internal.h"
#include "core/ref.h"

// ---- checks (registry_check.c): MLflow's rules, in its words --------------------------------
// `field` is how the message calls the name.
bool registry_check_name(arena *a, str name, const char *field, err *e);
bool registry_number(str text, int64_t *number, err *e); // of a version
bool registry_check_alias(str alias, err *e);
bool registry_check_new_alias(str alias, err *e); // "latest" and "v3" mean something else
bool registry_check_tag(arena *a, str key, str value, bool of_version, err *e);

// How MLflow says what core says of a repo or a version that is not there; `ok` is what core
// returned.
bool registry_of_model(bool ok, str name, err *e);
bool registry_of_version(bool ok, str name, int64_t number, err *e);

// {key, value}; neither is required.
extern const msg_type registry_tag_msg;
bool registry_tags(arena *a, msg_list tags, bool of_version, kv **out, err *e);

// Stages as core has them: MLflow's "None" is empty.
enum { REGISTRY_STAGES = 4 };
extern const str registry_stages[REGISTRY_STAGES];
bool registry_stage(str text, str *stage, err *e); // in any case
bool registry_stage_is_active(str stage);          // Staging, Production

// ---- rendering (registry_render.c) ----------------------------------------------------------
// With the newest version of each stage, and its aliases.
bool registry_put_model(json_writer *w, ctx *c, const repo *r, err *e);
void registry_put_version(json_writer *w, const version *v);
bool registry_reply_version(call *k, const version *v); // {"model_version": ...}

// ---- models:/ uris (registry_uri.c) ---------------------------------------------------------
typedef struct registry_uri { // one of model_id, or name with what follows (none: the latest)
    str model_id, name, version, stage, alias; // p NULL: not there
} registry_uri;
bool registry_uri_parse(str path, registry_uri *out); // what follows "models:"
// The version that a uri with a name points at.
bool registry_uri_version(ctx *c, const registry_uri *u, version *out, err *e);
bool registry_by_alias(ctx *c, str name, str alias, version *out, err *e);

// ---- what a version is made of (registry_source.c) ------------------------------------------
typedef struct registry_source {
    str text, run_id, model_id; // of the request
    bool has_run_id;            // it was sent, be it empty
    bool prompt;
    content content;  // that the version may point to
    bool tells_model; // the logged model is to be told of the version
} registry_source;
// Checks the source, and sets source, run, model, content and location of the version; of a
// prompt its tags are set.
bool registry_source_read(ctx *c, registry_source *s, version_new *version, err *e);

#endif
