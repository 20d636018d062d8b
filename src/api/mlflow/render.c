// SPDX-License-Identifier: Apache-2.0
// render: core's objects as MLflow's JSON (messages of service.proto; reference/mlflow.md 1.1).
// int64 are numbers, a set field is written even when it is 0 or "", absent ones and empty
// lists are left out. Pure.
#include "api/mlflow/mlflow_internal.h"

static str number_text(arena *a, int64_t n) {
    return arena_printf(a, "%lld", (long long)n);
}

void mlflow_list_of_kv(json_writer *w, const kv *items, size_t n) {
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        json_m_string(w, "key", items[i].key);
        json_m_string(w, "value", items[i].value);
        json_object_end(w);
    }
    json_array_end(w);
}

static const char *life_name(lifecycle l) {
    return l == LIFE_DELETED ? "deleted" : "active";
}

void mlflow_experiment(call *k, json_writer *w, const project *p) {
    json_object(w);
    json_m_string(w, "experiment_id", number_text(k->c.a, p->number));
    json_m_string(w, "name", p->name);
    json_m_string(w, "artifact_location", p->artifact_location);
    json_m_string(w, "lifecycle_stage", str_of(life_name(p->life)));
    json_m_i64(w, "last_update_time", p->updated_ms);
    json_m_i64(w, "creation_time", p->created_ms);
    json_m_string(w, "workspace", api_caller_of(k->r)->workspace);
    if (p->n_tags) {
        json_m_array(w, "tags");
        mlflow_list_of_kv(w, p->tags, p->n_tags);
    }
    json_object_end(w);
}

static const char *status_name(run_status s) {
    switch (s) {
    case RUN_RUNNING: return "RUNNING";
    case RUN_SCHEDULED: return "SCHEDULED";
    case RUN_FINISHED: return "FINISHED";
    case RUN_FAILED: return "FAILED";
    case RUN_KILLED: return "KILLED";
    case RUN_CRASHED: return "FAILED"; // a word that its clients know
    }
    return "RUNNING";
}

void mlflow_number_text(json_writer *w, int64_t n) {
    char text[NUM_MAX];
    json_string(w, str_n(text, num_i64(text, n)));
}

void mlflow_run_info(json_writer *w, const run *r) {
    char hex[ID_HEX];
    id_hex(r->id, hex);
    json_object(w);
    json_m_string(w, "run_uuid", str_of(hex));
    json_key(w, STR("experiment_id"));
    mlflow_number_text(w, r->project);
    json_m_string(w, "run_name", r->name);
    json_m_string(w, "user_id", r->user);
    json_m_string(w, "status", str_of(status_name(r->status)));
    if (r->has_start) json_m_i64(w, "start_time", r->start_ms);
    if (r->has_end && r->end_ms) json_m_i64(w, "end_time", r->end_ms); // 0: none, as there
    json_m_string(w, "artifact_uri", r->artifact_uri);
    json_m_string(w, "lifecycle_stage", str_of(life_name(r->life)));
    json_m_string(w, "run_id", str_of(hex));
    json_object_end(w);
}

static void metric_members(json_writer *w, str key, const series_value *v) {
    json_m_string(w, "key", key);
    json_m_f64(w, "value", v->value);
    json_m_i64(w, "timestamp", v->time_ms);
    json_m_i64(w, "step", v->step);
}

void mlflow_metric(json_writer *w, str key, const series_value *v) {
    json_object(w);
    metric_members(w, key, v);
    json_object_end(w);
}

static void run_data(json_writer *w, const run_view *v) {
    json_m_object(w, "data");
    if (v->n_metrics) {
        json_m_array(w, "metrics");
        for (size_t i = 0; i < v->n_metrics; i++)
            mlflow_metric(w, v->metrics[i].key, &v->metrics[i].last);
        json_array_end(w);
    }
    if (v->n_params) {
        json_m_array(w, "params");
        mlflow_list_of_kv(w, v->params, v->n_params);
    }
    if (v->n_tags) {
        json_m_array(w, "tags");
        mlflow_list_of_kv(w, v->tags, v->n_tags);
    }
    json_object_end(w);
}

static void dataset_inputs(json_writer *w, const run_links *l) {
    if (!l->n_datasets) return;
    json_m_array(w, "dataset_inputs");
    for (size_t i = 0; i < l->n_datasets; i++) {
        const dataset_input *d = &l->datasets[i];
        json_object(w);
        if (d->n_tags) {
            json_m_array(w, "tags");
            mlflow_list_of_kv(w, d->tags, d->n_tags);
        }
        json_m_object(w, "dataset");
        json_m_string(w, "name", d->dataset.name);
        json_m_string(w, "digest", d->dataset.digest);
        json_m_string(w, "source_type", d->dataset.source_type);
        json_m_string(w, "source", d->dataset.source);
        if (d->dataset.schema.p) json_m_string(w, "schema", d->dataset.schema);
        if (d->dataset.profile.p) json_m_string(w, "profile", d->dataset.profile);
        json_object_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

void mlflow_model_id_text(char out[ID_HEX + 2], id i) {
    out[0] = 'm';
    out[1] = '-';
    id_hex(i, out + 2);
}

static void model_links(json_writer *w, const model_link *links, size_t n, bool with_step) {
    char text[ID_HEX + 2];
    for (size_t i = 0; i < n; i++) {
        mlflow_model_id_text(text, links[i].model);
        json_object(w);
        json_m_string(w, "model_id", str_of(text));
        if (with_step) json_m_i64(w, "step", links[i].step);
        json_object_end(w);
    }
    json_array_end(w);
}

static void run_inputs(json_writer *w, const run_links *l) {
    json_m_object(w, "inputs");
    dataset_inputs(w, l);
    if (l->n_inputs) {
        json_m_array(w, "model_inputs");
        model_links(w, l->inputs, l->n_inputs, false);
    }
    json_object_end(w);
}

static void run_outputs(json_writer *w, const run_links *l) {
    json_m_object(w, "outputs");
    if (l->n_outputs) {
        json_m_array(w, "model_outputs");
        model_links(w, l->outputs, l->n_outputs, true);
    }
    json_object_end(w);
}

void mlflow_run(json_writer *w, const run_view *v, bool is_new) {
    json_object(w);
    json_key(w, STR("info"));
    mlflow_run_info(w, &v->run);
    run_data(w, v);
    if (v->links) run_inputs(w, v->links);
    if (v->links && !is_new) run_outputs(w, v->links);
    json_object_end(w);
}

// ---- logged models --------------------------------------------------------------------------

static const char *model_status_name(model_status s) {
    switch (s) {
    case MODEL_PENDING: return "LOGGED_MODEL_PENDING";
    case MODEL_READY: return "LOGGED_MODEL_READY";
    case MODEL_FAILED: return "LOGGED_MODEL_UPLOAD_FAILED";
    case MODEL_UNSPECIFIED: break;
    }
    return "LOGGED_MODEL_STATUS_UNSPECIFIED";
}

static void model_metrics(json_writer *w, const char *model_id, const model_point *points,
                          size_t n) {
    char run_id[ID_HEX];
    json_m_array(w, "metrics");
    for (size_t i = 0; i < n; i++) {
        const model_point *p = &points[i];
        series_value v = {.step = p->step, .time_ms = p->time_ms, .value = p->value};
        id_hex(p->run, run_id);
        json_object(w);
        metric_members(w, p->key, &v);
        if (p->dataset_name.n) json_m_string(w, "dataset_name", p->dataset_name);
        if (p->dataset_digest.n) json_m_string(w, "dataset_digest", p->dataset_digest);
        json_m_string(w, "model_id", str_of(model_id));
        json_m_string(w, "run_id", str_of(run_id));
        json_object_end(w);
    }
    json_array_end(w);
}

void mlflow_logged_model(json_writer *w, const model *m, const model_point *points, size_t n) {
    char model_id[ID_HEX + 2], run_id[ID_HEX] = "";
    mlflow_model_id_text(model_id, m->id);
    if (!id_is_zero(m->source_run)) id_hex(m->source_run, run_id);
    json_object(w);
    json_m_object(w, "info");
    json_m_string(w, "model_id", str_of(model_id));
    json_key(w, STR("experiment_id"));
    mlflow_number_text(w, m->project);
    json_m_string(w, "name", m->name);
    json_m_i64(w, "creation_timestamp_ms", m->created_ms);
    json_m_i64(w, "last_updated_timestamp_ms", m->updated_ms);
    json_m_string(w, "artifact_uri", m->artifact_uri);
    json_m_string(w, "status", str_of(model_status_name(m->status)));
    if (m->user.n) json_m_string(w, "creator_id", m->user);
    if (m->type.n) json_m_string(w, "model_type", m->type);
    json_m_string(w, "source_run_id", str_of(run_id));
    if (m->n_tags) {
        json_m_array(w, "tags");
        mlflow_list_of_kv(w, m->tags, m->n_tags);
    }
    json_object_end(w);
    json_m_object(w, "data");
    if (m->n_params) {
        json_m_array(w, "params");
        mlflow_list_of_kv(w, m->params, m->n_params);
    }
    if (n) model_metrics(w, model_id, points, n);
    json_object_end(w);
    json_object_end(w);
}
