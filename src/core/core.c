// SPDX-License-Identifier: Apache-2.0
// core: opens the domain over a database and a store. Owns the background threads (packer,
// folder, sealer); everything else is in the areas. core_open and core_close: one thread; the
// rest: any.
#include "core/core.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/core_sql.h"
#include "core/schema.h"

#include <stdlib.h>

db *core_db(core *c) {
    return c->db;
}
store *core_store(core *c) {
    return c->store;
}
str core_artifact_root(core *c) {
    return str_of(c->artifact_root);
}
str core_undo_dir(core *c) {
    return str_of(c->undo_dir);
}

typedef struct first_rows {
    core *c;
    bool there;
} first_rows;

static bool read_default(db_tx *tx, void *arg, err *e) {
    first_rows *f = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_workspace_get, &row, e, DB_I64(WORKSPACE_DEFAULT));
    f->there = found > 0;
    return found >= 0;
}

// Safe when several servers start at once: the second insert changes nothing, whichever of the
// unique keys PostgreSQL finds taken first.
static bool write_default(db_tx *tx, void *arg, err *e) {
    first_rows *f = arg;
    int64_t now = clock_now_us();
    str location = core_uri_join(db_tx_arena(tx), core_artifact_root(f->c), STR("0"));
    return db_do(tx, &Q_workspace_ensure, e, DB_I64(WORKSPACE_DEFAULT),
                 DB_TEXT(STR(WORKSPACE_DEFAULT_NAME)), DB_I64(now)) >= 0 &&
           db_do(tx, &Q_project_ensure, e, DB_I64(WORKSPACE_DEFAULT), DB_TEXT(location),
                 DB_I64(now / 1000)) >= 0;
}

static bool make_default(core *c, err *e) {
    first_rows f = {.c = c};
    if (!db_read(c->db, read_default, &f, e)) return false;
    return f.there || db_write(c->db, write_default, &f, e);
}

typedef struct next_call {
    int64_t ws;
    bool found;
} next_call;

static bool read_next(db_tx *tx, void *arg, err *e) {
    next_call *n = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_workspace_next, &row, e, DB_I64(n->ws));
    if (found > 0) n->ws = db_i64(row, 0);
    n->found = found > 0;
    return found >= 0;
}

bool core_next_workspace(core *c, int64_t *ws, bool *found, err *e) {
    next_call n = {.ws = *ws};
    if (!db_read(c->db, read_next, &n, e)) return false;
    *ws = n.ws;
    *found = n.found;
    return true;
}

bool core_clean(core *c, db_fn clean, size_t *n, err *e) {
    core_cleaning k = {.ws = INT64_MIN};
    bool found = true;
    for (*n = 0; !*n;) {
        if (!core_next_workspace(c, &k.ws, &found, e)) return false;
        if (!found) break;
        if (!db_write(c->db, clean, &k, e)) return false;
        *n = k.n;
    }
    return true;
}

bool core_goes_on(const core *c, err *e) {
    return !atomic_load(&c->stopping) || err_set(e, ERR_CANCELLED, "the server stops");
}

bool core_migrate(db *d, const char *program_version, err *e) {
    return db_migrate(d, schema_migrations, schema_migrations_n, program_version, e);
}

core *core_open(const core_config *config, const char *program_version, err *e) {
    if (!core_migrate(config->db, program_version, e)) return NULL;
    core *c = mem_alloc(sizeof *c);
    c->db = config->db;
    c->store = config->store;
    c->artifact_root =
        mem_strdup(config->artifact_root.n ? config->artifact_root : STR("mlflow-artifacts:/"));
    c->undo_dir = mem_strdup(config->undo_dir);
    c->compile_rule = config->compile_rule;
    c->holder = id_new();
    c->users = user_cache_new();
    c->workspaces = workspace_cache_new();
    pthread_mutex_init(&c->listen_lock, NULL);
    c->beat_grace_us = config->beat_grace_us ? config->beat_grace_us : BEAT_GRACE_US;
    if (!make_default(c, e)) {
        core_close(c);
        return NULL;
    }
    if (config->background) {
        c->packer = series_packer_start(c);
        c->folder = search_folder_start(c);
        c->watch = beat_watch_start(c);
        if (db_engine_of(c->db) == DB_POSTGRES) c->sealer = event_sealer_start(c);
        job_manager_start(c, config->job_lease_us);
    }
    return c;
}

void core_stop(core *c) {
    atomic_store(&c->stopping, true);
    store_stop(c->store);
    if (c->jobs) job_manager_wake(c->jobs);
}

void core_close(core *c) {
    if (!c) return;
    atomic_store(&c->stopping, true);
    if (c->jobs) job_manager_stop(c); // first: it shows what the others do
    if (c->packer) series_packer_stop(c->packer);
    if (c->folder) search_folder_stop(c->folder);
    if (c->sealer) event_sealer_stop(c->sealer);
    if (c->watch) beat_watch_stop(c->watch);
    user_cache_free(c->users);
    workspace_cache_free(c->workspaces);
    pthread_mutex_destroy(&c->listen_lock);
    free(c->artifact_root);
    free(c->undo_dir);
    free(c);
}

bool core_check_text(str s, size_t max, const char *what, err *e) {
    if (!str_is_text(s)) {
        return err_set(e, ERR_INVALID, "%s must be UTF-8 text without NUL characters", what);
    }
    if (s.n > max && str_code_points(s) > max) {
        return err_set(e, ERR_INVALID, "%s had length %zu, which exceeded length limit of %zu",
                       what, str_code_points(s), max);
    }
    return true;
}

bool core_is_dots(str s) {
    return str_is(s, ".") || str_is(s, "..");
}

bool core_has_controls(str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f) return true;
    return false;
}

str core_uri_join(arena *a, str location, str more) {
    size_t cut = str_find(location, '?', 0);
    str path = str_upto(location, cut), query = str_from(location, cut);
    const char *slash = str_ends(path, STR("/")) ? "" : "/";
    return arena_printf(a, "%.*s%s%.*s%.*s", STR_F(path), slash, STR_F(more), STR_F(query));
}

bool core_read_kv(db_rows *rows, arena *a, kv **out, size_t *n, err *e) {
    VEC(kv) v = {0};
    if (!rows) return false;
    while (db_next(rows, e)) {
        vec_push(a, &v, (kv){arena_str(a, db_text(rows, 0)), arena_str(a, db_text(rows, 1))});
    }
    db_end(rows);
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}
