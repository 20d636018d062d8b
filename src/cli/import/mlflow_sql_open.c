// SPDX-License-Identifier: Apache-2.0
// mlflow_sql_open: opens MLflow's backend store, SQLite or PostgreSQL, as a source; what it is,
// how much there is, and what of it does not come. One thread.
#include "cli/import/mlflow_sql.h"

#include <stdlib.h>

static int64_t count_of(mlflow_sql *m, const char *q) {
    err e = {0};
    void *rows = m->db.ops->query(m->db.db, q, NULL, 0, false, &e);
    int64_t n = rows && m->db.ops->next(rows, &e) ? m->db.ops->i64(rows, 0) : -1;
    m->db.ops->end(rows);
    return n;
}

static source_size size_of(void *src) {
    mlflow_sql *m = src;
    // The greatest row number is as good as a count here, and found at once.
    const char *points = m->db.ops->rowid
                             ? "SELECT max(rowid) FROM metrics"
                             : "SELECT reltuples::int8 FROM pg_class WHERE relname = 'metrics'";
    return (source_size){count_of(m, "SELECT count(*) FROM runs"), count_of(m, points)};
}

static void tell_other_workspaces(mlflow_sql *m, const char *table, const char *words) {
    if (!m->db.ops->has(m->db.db, table, "workspace")) return;
    int64_t n = count_of(
        m, arena_printf(m->a, "SELECT count(*) FROM %s WHERE workspace <> 'default'", table).p);
    if (n > 0)
        source_note(m->log, "%lld %s of other workspaces than 'default' stay behind",
                    (long long)n, words);
}

static void tell_skipped(mlflow_sql *m) {
    static const struct {
        const char *table, *words;
    } later[] = {{"trace_info", "traces"}, {"evaluation_datasets", "evaluation data sets"}};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (!mlflow_sql_there(m, later[i].table)) continue;
        const char *q = arena_printf(m->a, "SELECT count(*) FROM %s", later[i].table).p;
        int64_t n = count_of(m, q);
        if (n > 0)
            source_note(m->log, "%lld %s are not brought over yet", (long long)n,
                        later[i].words);
    }
    tell_other_workspaces(m, "experiments", "experiments");
    tell_other_workspaces(m, "registered_models", "registered models");
}

static bool has_files(void *src, const source_owner *o) {
    return source_roots_have(&((mlflow_sql *)src)->roots, o);
}

static bool files(void *src, const source_owner *o, source_take_file take, void *arg, err *e) {
    mlflow_sql *m = src;
    return source_roots_files(&m->roots, o, take, arg, m->log, e);
}

static bool read_file(void *src, const source_owner *o, str path, source_write w, void *arg,
                      err *e) {
    return source_roots_read(&((mlflow_sql *)src)->roots, o, path, w, arg, e);
}

static void close_source(void *src) {
    mlflow_sql *m = src;
    scan_end(&m->run_scan);
    scan_end(&m->model_scan);
    scan_end(&m->repo_scan);
    mlflow_model_points_free(m);
    m->db.ops->close(m->db.db);
    free(m);
}

static const source_ops ops = {.size = size_of,
                               .projects = mlflow_sql_projects,
                               .next_model = mlflow_sql_next_model,
                               .next_run = mlflow_sql_next_run,
                               .next_repo = mlflow_sql_next_repo,
                               .points = mlflow_sql_points,
                               .has_files = has_files,
                               .files = files,
                               .read_file = read_file,
                               .close = close_source};

static bool is_mlflow(mlflow_sql *m, err *e) {
    static const char *const needed[] = {"experiments", "runs", "metrics", "params", "tags"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (mlflow_sql_there(m, needed[i])) continue;
        return err_set(e, ERR_INVALID,
                       "this is no database of MLflow: it has no table '%s' (or is too damaged "
                       "for its schema to be read)",
                       needed[i]);
    }
    return true;
}

static bool open_source(const source_config *c, sql from, source *out, err *e) {
    mlflow_sql *m = mem_alloc(sizeof *m);
    *m = (mlflow_sql){.db = from, .a = c->a, .log = c->log};
    *out = (source){&ops, m, c->address};
    m->run_scan.db = m->model_scan.db = m->repo_scan.db = &m->db;
    bool ok = is_mlflow(m, e);
    if (ok) {
        mlflow_sql_texts(m);
        tell_skipped(m);
        ok = mlflow_model_points_start(m, e);
    }
    if (!ok) source_close(out);
    return ok;
}

bool mlflow_sqlite_open(const source_config *c, source *out, err *e) {
    sql from;
    if (!sql_open_sqlite(c->a, c->address, c->scratch, &from, e) ||
        !open_source(c, from, out, e)) {
        return false;
    }
    mlflow_sql *m = out->s;
    str path = arena_str(c->a, c->address);
    char *real = realpath(path.p, NULL);
    if (real) out->name = arena_str(c->a, str_of(real));
    free(real);
    str dir = str_upto(out->name, str_behind_last(out->name, '/'));
    if (source_roots_of(&m->roots, c, arena_printf(c->a, "%.*smlartifacts", STR_F(dir)),
                        arena_printf(c->a, "%.*smlruns", STR_F(dir)), e))
        return true;
    source_close(out);
    return false;
}

// "?host=a&password=b" -> "?host=a"; sslpassword goes too.
static str query_without_password(arena *a, str query) {
    str rest = query, out = {0}, one;
    while (str_split(&rest, '&', &one)) {
        if (str_ends(str_upto(one, str_find(one, '=', 0)), STR("password"))) continue;
        out = arena_printf(a, "%.*s%c%.*s", STR_F(out), out.n ? '&' : '?', STR_F(one));
    }
    return out;
}

// postgresql://user:password@host/name?... -> without user and password
static str without_password(arena *a, str url) {
    size_t scheme = str_find_str(url, STR("://"), 0), at = str_find(url, '@', 0);
    size_t mark = str_find(url, '?', 0);
    str query =
        mark == SIZE_MAX ? (str){0} : query_without_password(a, str_from(url, mark + 1));
    str host = at == SIZE_MAX || at > mark ? str_from(url, scheme + 3) : str_from(url, at + 1);
    host = str_upto(host, str_find(host, '?', 0));
    return arena_printf(a, "%.*s%.*s%.*s", STR_F(str_upto(url, scheme + 3)), STR_F(host),
                        STR_F(query));
}

bool mlflow_postgres_open(const source_config *c, source *out, err *e) {
    sql from;
    // SQLAlchemy names its driver too: postgresql+psycopg2://
    str rest = str_from(c->address, str_find_str(c->address, STR("://"), 0));
    str url = arena_printf(c->a, "postgresql%.*s", STR_F(rest));
    if (!sql_open_postgres(c->a, url, &from, e) || !open_source(c, from, out, e)) return false;
    out->name = without_password(c->a, url);
    if (source_roots_of(&((mlflow_sql *)out->s)->roots, c, (str){0}, (str){0}, e)) return true;
    source_close(out);
    return false;
}
