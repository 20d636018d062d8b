// SPDX-License-Identifier: Apache-2.0
// mlflow_sql: MLflow's backend store in SQL, of any release: tables and columns are read by
// their names, and what an older schema lacks is absent. The columns are those of release 3.17.
// Points: mlflow_sql_points.c; the registry: mlflow_sql_repos.c; opening: mlflow_sql_open.c.
// One thread.
#include "cli/import/mlflow_sql.h"

#include "base/vec.h"

const char *mlflow_sql_col(mlflow_sql *m, const char *table, const char *column,
                           const char *otherwise) {
    return m->db.ops->has(m->db.db, table, column) ? column : otherwise;
}

bool mlflow_sql_there(mlflow_sql *m, const char *table) {
    return m->db.ops->has(m->db.db, table, NULL);
}

// ---- texts of queries -----------------------------------------------------------------------

// Of experiments in MLflow's default workspace; others are told.
const char *mlflow_sql_own(mlflow_sql *m) {
    if (!m->db.ops->has(m->db.db, "experiments", "workspace")) return NULL;
    return "experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = "
           "'default')";
}

static void make_run_texts(mlflow_sql *m) {
    arena *a = m->a;
    static const char *const by_run[] = {"params", "tags", "metrics"};
    for (size_t i = 0; i < sizeof by_run / sizeof *by_run; i++)
        m->db.ops->index(m->db.db, by_run[i], "run_uuid");
    const char *own = mlflow_sql_own(m);
    str columns = arena_printf(
        a, "run_uuid, experiment_id, %s, user_id, status, start_time, end_time, %s, %s, %s",
        mlflow_sql_col(m, "runs", "name", "NULL"),
        mlflow_sql_col(m, "runs", "lifecycle_stage", "'active'"),
        mlflow_sql_col(m, "runs", "artifact_uri", "NULL"),
        mlflow_sql_col(m, "runs", "deleted_time", "NULL"));
    m->runs = scan_text(a, &m->db, columns.p, "runs", NULL, own);
    m->params = scan_text(a, &m->db, "\"key\", value", "params", "run_uuid", NULL);
    m->tags = scan_text(a, &m->db, "\"key\", value", "tags", "run_uuid", NULL);
    columns = arena_printf(a, "\"key\", %s, \"timestamp\", value, %s",
                           mlflow_sql_col(m, "metrics", "step", "0"),
                           mlflow_sql_col(m, "metrics", "is_nan", "0"));
    m->metrics = scan_text(a, &m->db, columns.p, "metrics", "run_uuid", NULL);
    if (mlflow_sql_there(m, "inputs")) {
        m->datasets = "SELECT d.name, d.digest, d.dataset_source_type, d.dataset_source, "
                      "d.dataset_schema, d.dataset_profile, i.input_uuid FROM inputs i JOIN "
                      "datasets d ON d.dataset_uuid = i.source_id WHERE i.source_type = "
                      "'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = $1";
        m->input_tags = "SELECT name, value FROM input_tags WHERE input_uuid = $1";
        m->links = arena_printf(a,
                                "SELECT source_type, destination_id, %s FROM inputs WHERE "
                                "source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id = $1",
                                mlflow_sql_col(m, "inputs", "step", "0"))
                       .p;
    }
}

static void make_model_texts(mlflow_sql *m) {
    if (!mlflow_sql_there(m, "logged_models")) return;
    m->models = scan_text(m->a, &m->db,
                          "model_id, experiment_id, name, artifact_location, "
                          "creation_timestamp_ms, last_updated_timestamp_ms, status, "
                          "lifecycle_stage, model_type, source_run_id, status_message",
                          "logged_models", NULL, mlflow_sql_own(m));
    m->model_params =
        "SELECT param_key, param_value FROM logged_model_params WHERE model_id = $1";
    m->model_tags = "SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = $1";
    m->model_metrics = "SELECT model_id, metric_name, metric_step, metric_timestamp_ms, "
                       "metric_value, dataset_name, dataset_digest FROM logged_model_metrics "
                       "WHERE run_id = $1";
    // Most runs have none: their ids are few, and the table has no index by run.
    m->model_runs = "SELECT DISTINCT run_id FROM logged_model_metrics";
}

void mlflow_sql_texts(mlflow_sql *m) {
    make_run_texts(m);
    make_model_texts(m);
    mlflow_sql_repo_texts(m);
}

// ---- small lists ----------------------------------------------------------------------------

str mlflow_sql_text(mlflow_sql *m, arena *a, void *rows, int column, const char *what) {
    str s = m->db.ops->text(rows, column);
    return s.p ? source_text(m->log, a, s, what) : (str){0};
}

str mlflow_sql_text_or_empty(mlflow_sql *m, arena *a, void *rows, int column,
                             const char *what) {
    str s = mlflow_sql_text(m, a, rows, column, what);
    return s.p ? s : STR("");
}

bool mlflow_sql_told(mlflow_sql *m, const char *table, str of, err *e) {
    if (e->code != ERR_CORRUPT) return e->code == ERR_NONE;
    source_lost(m->log, "table %s of %.*s: %s", table, STR_F(of), e->msg);
    e->code = ERR_NONE;
    m->damaged++;
    return true;
}

bool mlflow_sql_pairs(mlflow_sql *m, arena *a, const char *q, const char *table, sql_arg owner,
                      str of, kv **out, size_t *n, err *e) {
    VEC(kv) v = {0};
    void *rows = q ? m->db.ops->query(m->db.db, q, &owner, 1, false, e) : NULL;
    while (rows && m->db.ops->next(rows, e)) {
        kv p = {mlflow_sql_text_or_empty(m, a, rows, 0, table),
                mlflow_sql_text_or_empty(m, a, rows, 1, table)};
        vec_push(a, &v, p);
    }
    m->db.ops->end(rows);
    *out = v.p;
    *n = v.n;
    return mlflow_sql_told(m, table, of, e);
}

// The same of a table that may be large, past damaged rows.
static bool scan_pairs(mlflow_sql *m, arena *a, const char *q, const char *table, str run_id,
                       const kv **out, size_t *n, err *e) {
    VEC(kv) v = {0};
    sql_arg arg = SQL_TEXT(run_id);
    scan s = scan_new(&m->db, m->log, q, table, run_id, &arg, false);
    while (scan_next(&s, e)) {
        kv p = {mlflow_sql_text_or_empty(m, a, s.rows, SCAN_FIRST, table),
                mlflow_sql_text_or_empty(m, a, s.rows, SCAN_FIRST + 1, table)};
        vec_push(a, &v, p);
    }
    scan_end(&s);
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

static lifecycle life_of(str s) {
    return str_is(s, "deleted") ? LIFE_DELETED : LIFE_ACTIVE;
}

// ---- projects -------------------------------------------------------------------------------

bool mlflow_sql_projects(void *src, arena *a, project **out, size_t *n, err *e) {
    mlflow_sql *m = src;
    VEC(project) v = {0};
    str columns = arena_printf(m->a, "experiment_id, name, artifact_location, %s, %s, %s",
                               mlflow_sql_col(m, "experiments", "lifecycle_stage", "'active'"),
                               mlflow_sql_col(m, "experiments", "creation_time", "NULL"),
                               mlflow_sql_col(m, "experiments", "last_update_time", "NULL"));
    scan s =
        scan_new(&m->db, m->log,
                 scan_text(m->a, &m->db, columns.p, "experiments", NULL, mlflow_sql_own(m)),
                 "experiments", (str){0}, NULL, false);
    const sql_ops *o = m->db.ops;
    while (scan_next(&s, e)) {
        project p = {.number = o->i64(s.rows, 1),
                     .name = mlflow_sql_text_or_empty(m, a, s.rows, 2, "an experiment's name"),
                     .artifact_location =
                         mlflow_sql_text_or_empty(m, a, s.rows, 3, "a location"),
                     .life = life_of(o->text(s.rows, 4)),
                     .created_ms = o->i64(s.rows, 5),
                     .updated_ms = o->i64(s.rows, 6)};
        vec_push(a, &v, p);
    }
    scan_end(&s);
    bool tagged = mlflow_sql_there(m, "experiment_tags");
    for (size_t i = 0; i < v.n && tagged && e->code == ERR_NONE; i++) {
        mlflow_sql_pairs(m, a,
                         "SELECT \"key\", value FROM experiment_tags WHERE experiment_id = $1",
                         "experiment_tags", SQL_I64(v.p[i].number), v.p[i].name, &v.p[i].tags,
                         &v.p[i].n_tags, e);
    }
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

// ---- runs -----------------------------------------------------------------------------------

static run_status status_of(str s) {
    static const struct {
        const char *name;
        run_status status;
    } all[] = {{"RUNNING", RUN_RUNNING},
               {"SCHEDULED", RUN_SCHEDULED},
               {"FINISHED", RUN_FINISHED},
               {"FAILED", RUN_FAILED},
               {"KILLED", RUN_KILLED}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (str_is(s, all[i].name)) return all[i].status;
    }
    return RUN_RUNNING;
}

static bool read_datasets(mlflow_sql *m, arena *a, str run_id, run_links *l, err *e) {
    VEC(dataset_input) v = {0};
    VEC(str) uuids = {0};
    sql_arg arg = SQL_TEXT(run_id);
    void *rows = m->db.ops->query(m->db.db, m->datasets, &arg, 1, false, e);
    while (rows && m->db.ops->next(rows, e)) {
        dataset_input d = {
            .dataset = {
                .name = mlflow_sql_text_or_empty(m, a, rows, 0, "a data set's name"),
                .digest = mlflow_sql_text_or_empty(m, a, rows, 1, "a data set's digest"),
                .source_type = mlflow_sql_text_or_empty(m, a, rows, 2, "a data set's source"),
                .source = mlflow_sql_text_or_empty(m, a, rows, 3, "a data set's source"),
                .schema = mlflow_sql_text(m, a, rows, 4, "a data set's schema"),
                .profile = mlflow_sql_text(m, a, rows, 5, "a data set's profile")}};
        vec_push(a, &v, d);
        vec_push(a, &uuids, arena_str(a, m->db.ops->text(rows, 6)));
    }
    m->db.ops->end(rows);
    for (size_t i = 0; i < v.n && mlflow_sql_told(m, "inputs", run_id, e); i++) {
        mlflow_sql_pairs(m, a, m->input_tags, "input_tags", SQL_TEXT(uuids.p[i]), run_id,
                         &v.p[i].tags, &v.p[i].n_tags, e);
    }
    l->datasets = v.p;
    l->n_datasets = v.n;
    return mlflow_sql_told(m, "inputs", run_id, e);
}

static bool read_links(mlflow_sql *m, arena *a, str run_id, run_links *l, err *e) {
    VEC(model_link) in = {0}, out = {0};
    sql_arg arg = SQL_TEXT(run_id);
    void *rows = m->db.ops->query(m->db.db, m->links, &arg, 1, false, e);
    while (rows && m->db.ops->next(rows, e)) {
        model_link link = {.step = m->db.ops->i64(rows, 2)};
        str model_id = m->db.ops->text(rows, 1);
        if (!mlflow_model_id_of(model_id, &link.model)) {
            source_lost(m->log, "run %.*s: '%.*s' is no id of a logged model", STR_F(run_id),
                        STR_F(model_id));
        } else if (str_is(m->db.ops->text(rows, 0), "RUN_OUTPUT")) {
            vec_push(a, &out, link);
        } else {
            link.step = 0;
            vec_push(a, &in, link);
        }
    }
    m->db.ops->end(rows);
    l->inputs = in.p;
    l->n_inputs = in.n;
    l->outputs = out.p;
    l->n_outputs = out.n;
    return mlflow_sql_told(m, "inputs", run_id, e);
}

static bool read_rest(mlflow_sql *m, arena *a, str run_id, import_run *r, err *e) {
    if (!scan_pairs(m, a, m->params, "params", run_id, &r->params, &r->n_params, e) ||
        !scan_pairs(m, a, m->tags, "tags", run_id, &r->tags, &r->n_tags, e)) {
        return false;
    }
    if (!r->row.name.n) r->row.name = mlflow_tag(r, RUN_NAME_TAG);
    if (!r->row.user.n) r->row.user = mlflow_tag(r, "mlflow.user");
    return !m->datasets || (read_datasets(m, a, run_id, &r->links, e) &&
                            read_links(m, a, run_id, &r->links, e));
}

bool mlflow_sql_next_run(void *src, arena *a, import_run *out, err *e) {
    mlflow_sql *m = src;
    const sql_ops *o = m->db.ops;
    if (!m->run_scan.text)
        m->run_scan = scan_new(&m->db, m->log, m->runs, "runs", (str){0}, NULL, true);
    while (scan_next(&m->run_scan, e)) {
        void *rows = m->run_scan.rows;
        *out = (import_run){
            .row = {.project = o->i64(rows, 2),
                    .name = mlflow_sql_text_or_empty(m, a, rows, 3, "a run's name"),
                    .user = mlflow_sql_text_or_empty(m, a, rows, 4, "a run's user"),
                    .status = status_of(o->text(rows, 5)),
                    .has_start = !o->is_null(rows, 6),
                    .start_ms = o->i64(rows, 6),
                    .has_end = !o->is_null(rows, 7),
                    .end_ms = o->i64(rows, 7),
                    .life = life_of(o->text(rows, 8)),
                    .artifact_uri =
                        mlflow_sql_text_or_empty(m, a, rows, 9, "a run's artifact URI")},
            .deleted_ms = o->i64(rows, 10)};
        str run_id = arena_str(a, o->text(rows, 1));
        if (id_parse(run_id, &out->row.id)) return read_rest(m, a, run_id, out, e);
        source_lost(m->log, "run '%.*s': its id is not of 32 hexadecimal digits",
                    STR_F(run_id));
    }
    return false;
}

// ---- models ---------------------------------------------------------------------------------

static bool read_model(mlflow_sql *m, arena *a, void *rows, import_model *out) {
    const sql_ops *o = m->db.ops;
    str source_run = o->text(rows, 10);
    *out = (import_model){
        .m = {.project = o->i64(rows, 2),
              .name = mlflow_sql_text_or_empty(m, a, rows, 3, "a model's name"),
              .artifact_uri = mlflow_sql_text_or_empty(m, a, rows, 4, "a model's location"),
              .created_ms = o->i64(rows, 5),
              .updated_ms = o->i64(rows, 6),
              .status = (model_status)o->i64(rows, 7),
              .type = mlflow_sql_text_or_empty(m, a, rows, 9, "a model's type"),
              .user = STR(""),
              .status_message =
                  mlflow_sql_text_or_empty(m, a, rows, 11, "a model's status message")},
        .life = life_of(o->text(rows, 8))};
    if (source_run.p) id_parse(source_run, &out->m.source_run);
    return mlflow_model_id_of(o->text(rows, 1), &out->m.id);
}

bool mlflow_sql_next_model(void *src, arena *a, import_model *out, err *e) {
    mlflow_sql *m = src;
    if (!m->models) return false;
    if (!m->model_scan.text)
        m->model_scan =
            scan_new(&m->db, m->log, m->models, "logged_models", (str){0}, NULL, true);
    while (scan_next(&m->model_scan, e)) {
        str model_id = arena_str(a, m->db.ops->text(m->model_scan.rows, 1));
        if (!read_model(m, a, m->model_scan.rows, out)) {
            source_lost(m->log,
                        "logged model '%.*s': its id is not m- and 32 hexadecimal digits",
                        STR_F(model_id));
            continue;
        }
        if (!mlflow_sql_pairs(m, a, m->model_params, "logged_model_params", SQL_TEXT(model_id),
                              model_id, &out->m.params, &out->m.n_params, e) ||
            !mlflow_sql_pairs(m, a, m->model_tags, "logged_model_tags", SQL_TEXT(model_id),
                              model_id, &out->m.tags, &out->m.n_tags, e)) {
            return false;
        }
        return true;
    }
    return false;
}
