// SPDX-License-Identifier: Apache-2.0
// mlflow_sql_repos: the model registry of MLflow's backend store: registered models and
// prompts, their versions, tags and aliases. One thread.
#include "base/vec.h"
#include "cli/import/mlflow_sql.h"

// "SELECT columns FROM table WHERE name = $1", of the default workspace.
static const char *of_name(mlflow_sql *m, const char *table, const char *columns) {
    bool shared = m->db.ops->has(m->db.db, table, "workspace");
    return arena_printf(m->a, "SELECT %s FROM %s WHERE %sname = $1", columns, table,
                        shared ? "workspace = 'default' AND " : "")
        .p;
}

void mlflow_sql_repo_texts(mlflow_sql *m) {
    bool shared = m->db.ops->has(m->db.db, "registered_models", "workspace");
    if (!mlflow_sql_there(m, "registered_models") || !mlflow_sql_there(m, "model_versions"))
        return;
    m->repos = scan_text(m->a, &m->db, "name, creation_time, last_updated_time, description",
                         "registered_models", NULL, shared ? "workspace = 'default'" : NULL);
    str columns = arena_printf(
        m->a,
        "version, creation_time, last_updated_time, description, user_id, current_stage, "
        "source, run_id, status, %s, %s",
        mlflow_sql_col(m, "model_versions", "run_link", "NULL"),
        mlflow_sql_col(m, "model_versions", "storage_location", "NULL"));
    m->versions = of_name(m, "model_versions", columns.p);
    if (mlflow_sql_there(m, "registered_model_tags"))
        m->repo_tags = of_name(m, "registered_model_tags", "\"key\", value");
    if (mlflow_sql_there(m, "model_version_tags"))
        m->version_tags =
            arena_printf(m->a, "%s ORDER BY version",
                         of_name(m, "model_version_tags", "version, \"key\", value"))
                .p;
    if (mlflow_sql_there(m, "registered_model_aliases"))
        m->aliases = of_name(m, "registered_model_aliases", "alias, CAST(version AS TEXT)");
}

// ---- versions -------------------------------------------------------------------------------

typedef VEC(version) versions;

static void take_version(mlflow_sql *m, arena *a, void *rows, import_repo *r, versions *to) {
    const sql_ops *o = m->db.ops;
    str stage = mlflow_sql_text_or_empty(m, a, rows, 5, "a stage");
    str status = mlflow_sql_text_or_empty(m, a, rows, 8, "a version's status");
    version v = {.number = o->i64(rows, 0),
                 .created_us = mlflow_us(o->i64(rows, 1)),
                 .updated_us = mlflow_us(o->i64(rows, o->is_null(rows, 2) ? 1 : 2)),
                 .description = mlflow_sql_text_or_empty(m, a, rows, 3, "a description"),
                 .user = mlflow_sql_text_or_empty(m, a, rows, 4, "a version's user"),
                 .source = mlflow_sql_text_or_empty(m, a, rows, 6, "a version's source"),
                 .run_link = mlflow_sql_text_or_empty(m, a, rows, 9, "a version's run link"),
                 .location = mlflow_sql_text_or_empty(m, a, rows, 10, "a version's location")};
    mlflow_version_of(&v, stage, mlflow_sql_text_or_empty(m, a, rows, 7, "a run's id"),
                      STR(""));
    mlflow_number_is_taken(r, v.number);
    if (str_is(stage, MLFLOW_DELETED)) return;
    if (status.n && !str_is(status, "READY"))
        source_note(m->log, "version %lld of '%.*s' is %.*s, and does not come",
                    (long long)v.number, STR_F(r->row.name), STR_F(status));
    else
        vec_push(a, to, v);
}

static bool read_versions(mlflow_sql *m, arena *a, import_repo *r, err *e) {
    versions all = {0};
    sql_arg name = SQL_TEXT(r->row.name);
    void *rows = m->db.ops->query(m->db.db, m->versions, &name, 1, false, e);
    while (rows && m->db.ops->next(rows, e))
        take_version(m, a, rows, r, &all);
    m->db.ops->end(rows);
    r->versions = all.p;
    r->n_versions = all.n;
    mlflow_repo_read(m->log, r);
    return mlflow_sql_told(m, "model_versions", r->row.name, e);
}

// They come in the order of versions, so the tags of one are a part of all.
static bool read_version_tags(mlflow_sql *m, arena *a, import_repo *r, err *e) {
    VEC(kv) all = {0};
    VEC(int64_t) numbers = {0};
    sql_arg name = SQL_TEXT(r->row.name);
    const char *q = m->version_tags;
    void *rows = q ? m->db.ops->query(m->db.db, q, &name, 1, false, e) : NULL;
    while (rows && m->db.ops->next(rows, e)) {
        kv tag = {mlflow_sql_text_or_empty(m, a, rows, 1, "a version's tag"),
                  mlflow_sql_text_or_empty(m, a, rows, 2, "a version's tag")};
        vec_push(a, &all, tag);
        vec_push(a, &numbers, m->db.ops->i64(rows, 0));
    }
    m->db.ops->end(rows);
    for (size_t i = 0, end; i < all.n; i = end) {
        version *v = import_version_of(r, numbers.p[i]);
        for (end = i + 1; end < all.n && numbers.p[end] == numbers.p[i];)
            end++;
        if (!v) continue; // of a deleted one
        v->tags = &all.p[i];
        v->n_tags = end - i;
    }
    return mlflow_sql_told(m, "model_version_tags", r->row.name, e);
}

// ---- repos ----------------------------------------------------------------------------------

static bool read_rest(mlflow_sql *m, arena *a, import_repo *r, err *e) {
    kv *aliases;
    size_t n, damaged = m->damaged;
    bool ok =
        mlflow_sql_pairs(m, a, m->repo_tags, "registered_model_tags", SQL_TEXT(r->row.name),
                         r->row.name, &r->row.tags, &r->row.n_tags, e) &&
        read_versions(m, a, r, e) && read_version_tags(m, a, r, e) &&
        mlflow_sql_pairs(m, a, m->aliases, "registered_model_aliases", SQL_TEXT(r->row.name),
                         r->row.name, &aliases, &n, e);
    if (ok) mlflow_repo_aliases(a, r, aliases, n);
    r->partial = m->damaged > damaged;
    return ok;
}

bool mlflow_sql_next_repo(void *src, arena *a, import_repo *out, err *e) {
    mlflow_sql *m = src;
    const sql_ops *o = m->db.ops;
    if (!m->repos) return false;
    if (!m->repo_scan.text)
        m->repo_scan =
            scan_new(&m->db, m->log, m->repos, "registered_models", (str){0}, NULL, true);
    if (!scan_next(&m->repo_scan, e)) return false;
    void *rows = m->repo_scan.rows;
    *out = (import_repo){
        .row = {.name = mlflow_sql_text_or_empty(m, a, rows, 1, "a registered model's name"),
                .created_us = mlflow_us(o->i64(rows, 2)),
                .updated_us = mlflow_us(o->i64(rows, o->is_null(rows, 3) ? 2 : 3)),
                .description = mlflow_sql_text_or_empty(m, a, rows, 4, "a description")}};
    return read_rest(m, a, out, e);
}
