// SPDX-License-Identifier: Apache-2.0
// registry_render: repos and versions as MLflow's registered models and model versions
// (messages of model_registry.proto; reference/mlflow.md 1.1). A version without a run has an
// empty run_id, as there.
#include "api/mlflow/registry_internal.h"

static void put_tags(json_writer *w, const kv *tags, size_t n) {
    if (!n) return;
    json_m_array(w, "tags");
    mlflow_list_of_kv(w, tags, n);
}

void registry_put_version(json_writer *w, const version *v) {
    char run_id[ID_HEX] = "";
    if (!id_is_zero(v->run)) id_hex(v->run, run_id);
    json_object(w);
    json_m_string(w, "name", v->repo_name);
    json_key(w, STR("version"));
    mlflow_number_text(w, v->number);
    json_m_i64(w, "creation_timestamp", v->created_us / 1000);
    json_m_i64(w, "last_updated_timestamp", v->updated_us / 1000);
    if (v->user.n) json_m_string(w, "user_id", v->user);
    json_m_string(w, "current_stage", v->stage.n ? v->stage : STR("None"));
    json_m_string(w, "description", v->description);
    json_m_string(w, "source", v->source);
    json_m_string(w, "run_id", str_of(run_id));
    json_m_string(w, "status", STR("READY"));
    put_tags(w, v->tags, v->n_tags);
    json_m_string(w, "run_link", v->run_link);
    if (v->n_aliases) json_m_array(w, "aliases");
    for (size_t i = 0; i < v->n_aliases; i++)
        json_string(w, v->aliases[i]);
    if (v->n_aliases) json_array_end(w);
    json_object_end(w);
}

bool registry_reply_version(call *k, const version *v) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("model_version"));
    registry_put_version(w, v);
    json_object_end(w);
    return true;
}

static void put_aliases(json_writer *w, const ref *aliases, size_t n) {
    if (!n) return;
    json_m_array(w, "aliases");
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        json_m_string(w, "alias", aliases[i].name);
        json_key(w, STR("version"));
        mlflow_number_text(w, aliases[i].number);
        json_object_end(w);
    }
    json_array_end(w);
}

// What was deleted or renamed since it was found has neither.
static bool read_parts(ctx *c, str name, version **latest, size_t *n_latest, ref **aliases,
                       size_t *n_aliases, err *e) {
    *n_latest = *n_aliases = 0;
    bool ok = version_latest(c, name, registry_stages, REGISTRY_STAGES, latest, n_latest, e) &&
              ref_list(c, name, REF_ALIAS, NULL, SIZE_MAX >> 1, aliases, n_aliases, e);
    if (!ok && e->code == ERR_NOT_FOUND) *e = (err){0};
    return e->code == ERR_NONE;
}

bool registry_put_model(json_writer *w, ctx *c, const repo *r, err *e) {
    version *latest;
    ref *aliases;
    size_t n_latest, n_aliases;
    if (!read_parts(c, r->name, &latest, &n_latest, &aliases, &n_aliases, e)) return false;
    json_object(w);
    json_m_string(w, "name", r->name);
    json_m_i64(w, "creation_timestamp", r->created_us / 1000);
    json_m_i64(w, "last_updated_timestamp", r->updated_us / 1000);
    if (r->user.n) json_m_string(w, "user_id", r->user);
    if (r->description.n) json_m_string(w, "description", r->description);
    if (n_latest) json_m_array(w, "latest_versions");
    for (size_t i = 0; i < n_latest; i++)
        registry_put_version(w, &latest[i]);
    if (n_latest) json_array_end(w);
    put_tags(w, r->tags, r->n_tags);
    put_aliases(w, aliases, n_aliases);
    json_object_end(w);
    return true;
}
