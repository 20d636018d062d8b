// SPDX-License-Identifier: Apache-2.0
// How the native dialect shows a run. No state; any thread.
#include "api/native/runs.h"
#include "core/input.h"

SHAPE(static, point_shape, "MetricPoint",
      FIELD("step", SHAPE_INT, 0, "where on the way of training"),
      FIELD("time_ms", SHAPE_INT, 0, "when, as the client said"),
      FIELD("value", SHAPE_NUMBER, 0, "what was measured"));

SHAPE(static, metric_shape, "MetricSummary",
      FIELD("first", SHAPE_OBJECT, 0, "the point of the least step", .sub = &point_shape),
      FIELD("last", SHAPE_OBJECT, 0, "the point of the greatest step", .sub = &point_shape),
      FIELD("min", SHAPE_NUMBER, 0, "the least value that is not NaN"),
      FIELD("max", SHAPE_NUMBER, 0, "the greatest value that is not NaN"),
      FIELD("at_most", SHAPE_INT, 0, "points, repeats not yet taken out"));

SHAPE(static, dataset_shape, "DatasetUse", FIELD("name", SHAPE_TEXT, 0, "its name"),
      FIELD("digest", SHAPE_TEXT, 0, "of what it holds"),
      FIELD("source_type", SHAPE_TEXT, 0, "where it is from: local, s3 ..."),
      FIELD("source", SHAPE_TEXT, 0, "and where there, as the client said"),
      FIELD("tags", SHAPE_MAP, 0, "of this use: its context"));

SHAPE(static, model_in_shape, "ModelUse", FIELD("model", SHAPE_ID, 0, "a logged model"));

SHAPE(static, model_out_shape, "ModelMade", FIELD("model", SHAPE_ID, 0, "a logged model"),
      FIELD("step", SHAPE_INT, 0, "where on the way of training"));

SHAPE(, runs_run_shape, "Run", FIELD("id", SHAPE_ID, 0, "its id"),
      FIELD("project", SHAPE_INT, 0, "the number of its project"),
      FIELD("project_name", SHAPE_TEXT, 0, "and its name now"),
      FIELD("name", SHAPE_TEXT, 0, "its name; not unique"),
      FIELD("user", SHAPE_TEXT, 0, "whose it is, as the client said"),
      FIELD("status", SHAPE_ENUM, 0, "its state; crashed: it ended without saying so",
            .names = run_status_names),
      FIELD("reason", SHAPE_TEXT, SHAPE_OPTIONAL, "why it is in this state"),
      FIELD("deleted", SHAPE_BOOL, 0, "is it in the bin?"),
      FIELD("start_ms", SHAPE_INT, SHAPE_OPTIONAL, "when it began, as the client said"),
      FIELD("end_ms", SHAPE_INT, SHAPE_OPTIONAL, "when it ended, as the client said"),
      FIELD("created_us", SHAPE_INT, 0, "when this server first heard of it"),
      FIELD("artifact_uri", SHAPE_TEXT, 0, "where its files lie"),
      FIELD("config", SHAPE_MAP, 0, "its configuration, as texts"),
      FIELD("tags", SHAPE_MAP, 0, "its tags"),
      FIELD("metrics", SHAPE_MAP, 0, "a summary of each series of numbers",
            .sub = &metric_shape),
      FIELD("datasets", SHAPE_OBJECT, SHAPE_LIST | SHAPE_OPTIONAL,
            "data sets it read; left out with `columns`", .sub = &dataset_shape),
      FIELD("models_in", SHAPE_OBJECT, SHAPE_LIST | SHAPE_OPTIONAL,
            "models it began with; left out with `columns`", .sub = &model_in_shape),
      FIELD("models_out", SHAPE_OBJECT, SHAPE_LIST | SHAPE_OPTIONAL,
            "models it made; left out with `columns`", .sub = &model_out_shape));

static void put_texts(json_writer *w, const kv *p, size_t n, const map *only) {
    for (size_t i = 0; i < n; i++) {
        if (only && !map_get(only, p[i].key)) continue;
        json_key(w, p[i].key);
        json_string(w, p[i].value);
    }
    json_object_end(w);
}

static void put_metrics(json_writer *w, const run_view *v, const map *only) {
    json_m_object(w, "metrics");
    for (size_t i = 0; i < v->n_metrics; i++) {
        const series_summary *s = &v->metrics[i];
        if (only && !map_get(only, s->key)) continue;
        json_key(w, s->key);
        json_object(w);
        native_put_summary(w, s);
        json_object_end(w);
    }
    json_object_end(w);
}

static void put_links(json_writer *w, const run_links *l) {
    json_m_array(w, "datasets");
    for (size_t i = 0; i < l->n_datasets; i++) {
        const dataset_input *d = &l->datasets[i];
        json_object(w);
        json_m_string(w, "name", d->dataset.name);
        json_m_string(w, "digest", d->dataset.digest);
        json_m_string(w, "source_type", d->dataset.source_type);
        json_m_string(w, "source", d->dataset.source);
        json_m_object(w, "tags");
        put_texts(w, d->tags, d->n_tags, NULL);
        json_object_end(w);
    }
    json_array_end(w);
    json_m_array(w, "models_in");
    for (size_t i = 0; i < l->n_inputs; i++) {
        json_object(w);
        native_m_id(w, "model", l->inputs[i].model);
        json_object_end(w);
    }
    json_array_end(w);
    json_m_array(w, "models_out");
    for (size_t i = 0; i < l->n_outputs; i++) {
        json_object(w);
        native_m_id(w, "model", l->outputs[i].model);
        json_m_i64(w, "step", l->outputs[i].step);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_row(json_writer *w, const run *r, str project_name) {
    native_m_id(w, "id", r->id);
    json_m_i64(w, "project", r->project);
    json_m_string(w, "project_name", project_name);
    json_m_string(w, "name", r->name);
    json_m_string(w, "user", r->user);
    json_m_string(w, "status", msg_name_of(run_status_names, r->status));
    if (r->reason.p) json_m_string(w, "reason", r->reason);
    json_m_bool(w, "deleted", r->life == LIFE_DELETED);
    if (r->has_start) json_m_i64(w, "start_ms", r->start_ms);
    if (r->has_end) json_m_i64(w, "end_ms", r->end_ms);
    json_m_i64(w, "created_us", r->created_us);
    json_m_string(w, "artifact_uri", r->artifact_uri);
}

void runs_put(json_writer *w, const run_view *v, str project_name, const runs_columns *only) {
    json_object(w);
    put_row(w, &v->run, project_name);
    json_m_object(w, "config");
    put_texts(w, v->params, v->n_params, only ? &only->config : NULL);
    json_m_object(w, "tags");
    put_texts(w, v->tags, v->n_tags, only ? &only->tags : NULL);
    put_metrics(w, v, only ? &only->metrics : NULL);
    if (!only) put_links(w, v->links);
    json_object_end(w);
}

static bool emit(void *arg, const run_view *v, err *e) {
    call *k = arg;
    str name;
    if (!project_name(&k->c, v->run.project, &name, e)) return false;
    runs_put(rpc_reply(k), v, name, NULL);
    return true;
}

bool runs_reply(call *k, id run_id, err *e) {
    run r;
    return run_get(&k->c, run_id, &r, e) && search_views(&k->c, &run_id, 1, emit, k, e);
}
