// SPDX-License-Identifier: Apache-2.0
// peer: puts the same data as `fill` and `points` straight into the SQLite file of an MLflow
// server (tables of release 3.17), because its own ingest would take hours. Rows are written in
// the order of their primary keys and indexes are made afterwards, so the file is as well
// packed as it can be. Only what a search or a chart reads is written: of fill's metrics the
// latest value (their history has one point each). The server must not be writing meanwhile.
#include "load/load.h"

#include <sqlite3.h>
#include <stdio.h>

typedef struct peer {
    const load_options *o;
    sqlite3 *db;
    str experiment;
    char error[500];
} peer;

static bool sql(peer *p, const char *text) {
    if (sqlite3_exec(p->db, text, NULL, NULL, NULL) == SQLITE_OK) return true;
    snprintf(p->error, sizeof p->error, "%.300s: %.150s", text, sqlite3_errmsg(p->db));
    return false;
}

static bool open_peer(peer *p) {
    if (sqlite3_open_v2(p->o->db, &p->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        snprintf(p->error, sizeof p->error, "--db %.300s: %.100s", p->o->db,
                 sqlite3_errmsg(p->db));
        return false;
    }
    sqlite3_busy_timeout(p->db, 60000);
    return sql(p, "PRAGMA synchronous=OFF") && sql(p, "PRAGMA cache_size=-500000") &&
           sql(p, "BEGIN IMMEDIATE");
}

static sqlite3_stmt *prepare(peer *p, const char *text) {
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(p->db, text, -1, &s, NULL) != SQLITE_OK)
        snprintf(p->error, sizeof p->error, "%.300s: %.150s", text, sqlite3_errmsg(p->db));
    return s;
}

static bool step(peer *p, sqlite3_stmt *s) {
    if (sqlite3_step(s) == SQLITE_DONE) return sqlite3_reset(s), true;
    snprintf(p->error, sizeof p->error, "%.300s: %.150s", sqlite3_sql(s),
             sqlite3_errmsg(p->db));
    return false;
}

static void bind_text(sqlite3_stmt *s, int i, const char *text) {
    sqlite3_bind_text(s, i, text, -1, SQLITE_TRANSIENT);
}

static void run_uuid(uint64_t i, char out[40]) {
    snprintf(out, 40, "%016llx%016llx", (unsigned long long)i, (unsigned long long)mix64(i));
}

static bool put_runs(peer *p) {
    sqlite3_stmt *s = prepare(
        p,
        "INSERT INTO runs(run_uuid, name, source_type, source_name, entry_point_name, user_id,"
        " status, start_time, end_time, source_version, lifecycle_stage, artifact_uri,"
        " experiment_id) VALUES(?1, ?2, 'UNKNOWN', '', '', 'bench', 'FINISHED', ?3, ?4, '',"
        " 'active', ?5, ?6)");
    char uuid[40], name[32], uri[200];
    bool ok = s != NULL;
    for (uint64_t i = 0; ok && i < (uint64_t)p->o->runs; i++) {
        run_uuid(i, uuid);
        snprintf(name, sizeof name, "fill-%08llu", (unsigned long long)i);
        snprintf(uri, sizeof uri, "mlflow-artifacts:/%.*s/%s/artifacts", STR_F(p->experiment),
                 uuid);
        bind_text(s, 1, uuid);
        bind_text(s, 2, name);
        sqlite3_bind_int64(s, 3, fill_start(i));
        sqlite3_bind_int64(s, 4, fill_start(i) + FILL_SECONDS * 1000);
        bind_text(s, 5, uri);
        sqlite3_bind_text(s, 6, p->experiment.p, (int)p->experiment.n, SQLITE_TRANSIENT);
        ok = step(p, s);
    }
    sqlite3_finalize(s);
    return ok;
}

static bool put_metrics(peer *p) {
    sqlite3_stmt *s =
        prepare(p, "INSERT INTO latest_metrics(key, value, timestamp, step, is_nan, run_uuid)"
                   " VALUES(?1, ?2, ?3, 0, 0, ?4)");
    char uuid[40], key[16];
    bool ok = s != NULL;
    for (uint64_t j = 0; ok && j < (uint64_t)p->o->metrics; j++) {
        snprintf(key, sizeof key, "m%03d", (int)j);
        bind_text(s, 1, key);
        for (uint64_t i = 0; ok && i < (uint64_t)p->o->runs; i++) {
            run_uuid(i, uuid);
            sqlite3_bind_double(s, 2, fill_metric((uint64_t)p->o->seed, i, j));
            sqlite3_bind_int64(s, 3, fill_start(i));
            bind_text(s, 4, uuid);
            ok = step(p, s);
        }
    }
    sqlite3_finalize(s);
    return ok;
}

static bool put_pairs(peer *p, const char *text, const char *format, uint64_t n,
                      void (*make)(uint64_t, uint64_t, uint64_t, fill_text *)) {
    sqlite3_stmt *s = prepare(p, text);
    char uuid[40], key[16];
    fill_text value;
    bool ok = s != NULL;
    for (uint64_t j = 0; ok && j < n; j++) {
        key[0] = *format;
        snprintf(key + 1, sizeof key - 1, "%02d", (int)j);
        bind_text(s, 1, key);
        for (uint64_t i = 0; ok && i < (uint64_t)p->o->runs; i++) {
            run_uuid(i, uuid);
            make((uint64_t)p->o->seed, i, j, &value);
            bind_text(s, 2, value.p);
            bind_text(s, 3, uuid);
            ok = step(p, s);
        }
    }
    sqlite3_finalize(s);
    return ok;
}

// The tags that every run made through the API has.
static bool put_own_tags(peer *p) {
    return sql(p, "INSERT INTO tags(key, value, run_uuid) SELECT 'mlflow.runName', name, "
                  "run_uuid FROM runs"
                  " WHERE name LIKE 'fill-%'") &&
           sql(p, "INSERT INTO tags(key, value, run_uuid) SELECT 'mlflow.source.name', "
                  "'train.py', run_uuid FROM runs"
                  " WHERE name LIKE 'fill-%'") &&
           sql(p, "INSERT INTO tags(key, value, run_uuid) SELECT 'mlflow.source.type', "
                  "'LOCAL', run_uuid FROM runs"
                  " WHERE name LIKE 'fill-%'") &&
           sql(p, "INSERT INTO tags(key, value, run_uuid) SELECT 'mlflow.user', 'bench', "
                  "run_uuid FROM runs"
                  " WHERE name LIKE 'fill-%'");
}

static bool drop_indexes(peer *p) {
    return sql(p, "DROP INDEX IF EXISTS index_latest_metrics_run_uuid") &&
           sql(p, "DROP INDEX IF EXISTS index_params_run_uuid") &&
           sql(p, "DROP INDEX IF EXISTS index_tags_run_uuid");
}

static bool make_indexes(peer *p) {
    return sql(p, "CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid)") &&
           sql(p, "CREATE INDEX index_params_run_uuid ON params (run_uuid)") &&
           sql(p, "CREATE INDEX index_tags_run_uuid ON tags (run_uuid)");
}

static int close_peer(peer *p, report *r, bool ok) {
    ok = ok && sql(p, "COMMIT");
    sqlite3_close(p->db);
    return ok ? 0 : failed(r, p->error);
}

int cmd_fill_peer(const load_options *o, arena *a, report *r) {
    peer p = {.o = o};
    int64_t began = clock_mono_us();
    if (!experiment_id(o, a, &p.experiment, p.error)) return failed(r, p.error);
    bool ok = open_peer(&p) && drop_indexes(&p) && put_runs(&p) && put_metrics(&p) &&
              put_pairs(&p, "INSERT INTO params(key, value, run_uuid) VALUES(?1, ?2, ?3)", "p",
                        (uint64_t)o->params, fill_param) &&
              put_pairs(&p, "INSERT INTO tags(key, value, run_uuid) VALUES(?1, ?2, ?3)", "t",
                        (uint64_t)o->tags, fill_tag) &&
              put_own_tags(&p) && make_indexes(&p) && sql(&p, "ANALYZE");
    report_text(r, "experiment", p.experiment);
    report_i64(r, "runs", o->runs);
    report_f64(r, "wall_s", (double)(clock_mono_us() - began) / 1e6);
    return close_peer(&p, r, ok);
}

// One run with one series of --count points, as `points` would have logged it with one key.
static bool put_series(peer *p, const char *run, const char *key) {
    sqlite3_stmt *s =
        prepare(p, "INSERT INTO metrics(key, value, timestamp, run_uuid, step, is_nan)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, 0)");
    uint64_t seed = mix64((uint64_t)p->o->seed);
    bool ok = s != NULL;
    for (int64_t i = 0; ok && i < p->o->count; i++) {
        bind_text(s, 1, key);
        sqlite3_bind_double(s, 2, curve(seed, 0, i));
        sqlite3_bind_int64(s, 3, curve_time(seed, i));
        bind_text(s, 4, run);
        sqlite3_bind_int64(s, 5, i);
        ok = step(p, s);
    }
    sqlite3_finalize(s);
    return ok;
}

int cmd_series_peer(const load_options *o, arena *a, report *r) {
    peer p = {.o = o};
    const char *key = "train/loss";
    char run[64];
    int64_t began = clock_mono_us();
    if (!experiment_id(o, a, &p.experiment, p.error) ||
        !make_run(o, a, p.experiment, "series", run, p.error))
        return failed(r, p.error);
    bool ok = open_peer(&p) && put_series(&p, run, key);
    report_text(r, "run", str_of(run));
    report_text(r, "key", str_of(key));
    report_i64(r, "points", o->count);
    report_f64(r, "wall_s", (double)(clock_mono_us() - began) / 1e6);
    return close_peer(&p, r, ok);
}

// ---- histories --------------------------------------------------------------------------------

// --runs runs of --metrics series each, --count points a run, run after run as trainings write them.
static bool put_histories(peer *p) {
    sqlite3_stmt *s =
        prepare(p, "INSERT INTO metrics(key, value, timestamp, run_uuid, step, is_nan)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, 0)");
    char uuid[40], key[16];
    bool ok = s != NULL;
    int64_t keys = p->o->metrics > 0 ? p->o->metrics : 1;
    for (uint64_t i = 0; ok && i < (uint64_t)p->o->runs; i++) {
        uint64_t seed = mix64((uint64_t)p->o->seed + i);
        run_uuid(i, uuid);
        bind_text(s, 4, uuid);
        for (int64_t j = 0; ok && j < p->o->count; j++) {
            snprintf(key, sizeof key, "m%03d", (int)(j % keys));
            bind_text(s, 1, key);
            sqlite3_bind_double(s, 2, curve(seed, (uint64_t)(j % keys), j / keys));
            sqlite3_bind_int64(s, 3, curve_time(seed, j / keys));
            sqlite3_bind_int64(s, 5, j / keys);
            ok = step(p, s);
        }
    }
    sqlite3_finalize(s);
    return ok;
}

int cmd_history_peer(const load_options *o, arena *a, report *r) {
    peer p = {.o = o};
    int64_t began = clock_mono_us();
    if (!experiment_id(o, a, &p.experiment, p.error)) return failed(r, p.error);
    bool ok = open_peer(&p) && put_runs(&p) &&
              put_pairs(&p, "INSERT INTO params(key, value, run_uuid) VALUES(?1, ?2, ?3)", "p",
                        (uint64_t)o->params, fill_param) &&
              put_pairs(&p, "INSERT INTO tags(key, value, run_uuid) VALUES(?1, ?2, ?3)", "t",
                        (uint64_t)o->tags, fill_tag) &&
              put_own_tags(&p) && put_histories(&p) &&
              sql(&p, "INSERT INTO latest_metrics(key, value, timestamp, step, is_nan, run_uuid)"
                      " SELECT key, value, max(timestamp), step, is_nan, run_uuid FROM metrics"
                      " GROUP BY run_uuid, key");
    report_i64(r, "runs", o->runs);
    report_i64(r, "points", o->runs * o->count);
    report_f64(r, "wall_s", (double)(clock_mono_us() - began) / 1e6);
    return close_peer(&p, r, ok);
}
