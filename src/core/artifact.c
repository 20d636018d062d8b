// SPDX-License-Identifier: Apache-2.0
// artifact: rows of `artifact`. I1: every folder of a path that has a row has a row itself. I2:
// a row with a digest names an object that is durable (the caller holds a lease on it until the
// row is committed). Any thread.
#include "core/artifact.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/artifact_sql.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/repo.h"
#include "core/run_internal.h"
#include "core/workspace_internal.h"

// "a/b/c" -> "a/b" and "c".
static void split_last(str path, str *parent, str *name) {
    size_t at = str_behind_last(path, '/');
    *name = str_from(path, at);
    *parent = str_upto(path, at ? at - 1 : 0);
}

typedef struct call {
    ctx *c;
    str path;
    const artifact_file *files; // n of them, to put
    artifact_entry *out;        // one, or a list
    size_t n, max;
    str after;
} call;

static artifact_entry entry_of(db_rows *row, int first, str path, str name) {
    artifact_entry f = {.path = path,
                        .name = name,
                        .is_dir = db_is_null(row, first),
                        .size = (uint64_t)db_i64(row, first + 1),
                        .modified_us = db_i64(row, first + 2)};
    sha256_copy(db_blob(row, first), &f.digest);
    return f;
}

// 1 there, 0 not, -1 error. The root is a folder that is always there.
static int entry_read(db_tx *tx, const ctx *c, str path, artifact_entry *out, err *e) {
    str parent, name;
    db_rows *row = NULL;
    *out = (artifact_entry){.path = path, .is_dir = true};
    if (!path.n) return 1;
    split_last(path, &parent, &name);
    int found =
        db_get(tx, &Q_artifact_get, &row, e, DB_I64(c->ws), DB_TEXT(parent), DB_TEXT(name));
    if (found > 0) *out = entry_of(row, 0, path, name);
    return found;
}

bool artifact_find(db_tx *tx, const ctx *c, str path, artifact_entry *out, bool *found,
                   err *e) {
    int there = entry_read(tx, c, path, out, e);
    *found = there > 0;
    return there >= 0;
}

// I1 for the folders of `path` itself, upwards until one is there.
bool artifact_folders(db_tx *tx, const ctx *c, str path, err *e) {
    int64_t now = clock_now_us();
    while (path.n) {
        artifact_entry there;
        str parent, name;
        int found = entry_read(tx, c, path, &there, e);
        if (found < 0) return false;
        if (found && there.is_dir) return true;
        if (found)
            return err_set(e, ERR_CONFLICT, "'%.*s' is a file, so nothing can be put below it",
                           STR_F(path));
        split_last(path, &parent, &name);
        if (!db_push(tx, &Q_artifact_put, e, DB_I64(c->ws), DB_TEXT(parent), DB_TEXT(name),
                     DB_NULL, DB_I64(0), DB_I64(now))) {
            return false;
        }
        path = parent;
    }
    return true;
}

static bool put_file(db_tx *tx, const ctx *c, const artifact_file *f, err *e) {
    artifact_entry there;
    str parent, name;
    split_last(f->path, &parent, &name);
    int found = entry_read(tx, c, f->path, &there, e);
    if (found < 0) return false;
    if (found && there.is_dir) {
        return err_set(e, ERR_CONFLICT, "'%.*s' is a folder, so no file can take its place",
                       STR_F(f->path));
    }
    return (found || artifact_folders(tx, c, parent, e)) &&
           db_push(tx, &Q_artifact_put, e, DB_I64(c->ws), DB_TEXT(parent), DB_TEXT(name),
                   DB_ID(f->digest), DB_I64(f->size), DB_I64(clock_now_us()));
}

// Files of a run lie in <project>/<run>/...; who watches it is told, once for files in a row.
// (The run may have moved since: its project is not the path's.)
static bool touch_run(db_tx *tx, const ctx *c, str path, id *last, err *e) {
    id run_id;
    str rest = str_from(path, str_find(path, '/', 0) + 1);
    if (!id_parse(str_upto(rest, str_find(rest, '/', 0)), &run_id) || id_eq(run_id, *last))
        return true;
    *last = run_id;
    return run_files_moved(tx, c, run_id, e);
}

static bool put(db_tx *tx, void *arg, err *e) {
    call *p = arg;
    id last = {0};
    if (!workspace_lives(tx, p->c, e)) return false;
    for (size_t i = 0; i < p->n; i++) {
        if (!put_file(tx, p->c, &p->files[i], e) ||
            !touch_run(tx, p->c, p->files[i].path, &last, e))
            return false;
    }
    return true;
}

bool artifact_writable(str path, err *e) {
    str top = str_upto(path, str_find(path, '/', 0));
    return !str_is(top, VERSION_FILES) ||
           err_set(e, ERR_FORBIDDEN,
                   "'%.*s': what lies below '" VERSION_FILES "' are the files of published "
                   "versions, which are never changed.",
                   STR_F(str_upto(path, 300)));
}

bool artifact_put_many(ctx *c, const artifact_file *files, size_t n, err *e) {
    for (size_t i = 0; i < n; i++)
        if (!artifact_writable(files[i].path, e)) return false;
    call p = {.c = c, .files = files, .n = n};
    return db_write(core_db(c->core), put, &p, e);
}

bool artifact_put(ctx *c, str path, sha256 digest, uint64_t size, err *e) {
    artifact_file f = {path, digest, size};
    return artifact_put_many(c, &f, 1, e);
}

static bool get(db_tx *tx, void *arg, err *e) {
    call *g = arg;
    int found = entry_read(tx, g->c, g->path, g->out, e);
    return found > 0 || (found == 0 && err_set(e, ERR_NOT_FOUND, "There is no artifact '%.*s'.",
                                               STR_F(g->path)));
}

bool artifact_get(ctx *c, str path, artifact_entry *out, err *e) {
    call g = {.c = c, .path = path, .out = out};
    return db_read(core_db(c->core), get, &g, e);
}

static bool list(db_tx *tx, void *arg, err *e) {
    call *l = arg;
    arena *a = l->c->a;
    VEC(artifact_entry) v = {0};
    db_rows *rows = db_select(tx, &Q_artifact_list, e, DB_I64(l->c->ws), DB_TEXT(l->path),
                              DB_TEXT(l->after.p ? l->after : STR("")), DB_I64(l->max));
    if (!rows) return false;
    while (db_next(rows, e)) {
        str name = arena_str(a, db_text(rows, 0));
        str path = l->path.n ? arena_printf(a, "%.*s/%.*s", STR_F(l->path), STR_F(name)) : name;
        vec_push(a, &v, entry_of(rows, 1, path, name));
    }
    db_end(rows);
    l->out = v.p;
    l->n = v.n;
    return e->code == ERR_NONE;
}

bool artifact_list(ctx *c, str path, str after, size_t max, artifact_entry **out, size_t *n,
                   err *e) {
    call l = {.c = c, .path = path, .after = after, .max = max};
    if (!db_read(core_db(c->core), list, &l, e)) return false;
    *out = l.out;
    *n = l.n;
    return true;
}

// What lies below: parents that are the path itself, and those in [path + "/", path + "0"): '0'
// follows '/'.
static bool delete_below(db_tx *tx, const call *d, int64_t *deleted, err *e) {
    arena *a = db_tx_arena(tx);
    str from = arena_printf(a, "%.*s/", STR_F(d->path)),
        to = arena_printf(a, "%.*s0", STR_F(d->path));
    int64_t direct =
        db_do(tx, &Q_artifact_delete_children, e, DB_I64(d->c->ws), DB_TEXT(d->path));
    int64_t deeper =
        db_do(tx, &Q_artifact_delete_below, e, DB_I64(d->c->ws), DB_TEXT(from), DB_TEXT(to));
    *deleted += direct + deeper;
    return direct >= 0 && deeper >= 0;
}

static bool delete (db_tx *tx, void *arg, err *e) {
    call *d = arg;
    str parent, name;
    split_last(d->path, &parent, &name);
    int64_t deleted =
        db_do(tx, &Q_artifact_delete, e, DB_I64(d->c->ws), DB_TEXT(parent), DB_TEXT(name));
    if (deleted < 0 || !delete_below(tx, d, &deleted, e)) return false;
    id last = {0};
    return deleted == 0 || (touch_run(tx, d->c, d->path, &last, e) &&
                            event_add(tx, d->c, EVENT_artifact_deleted, EVENT_NO_PROJECT,
                                      d->path, (str){0}, e));
}

bool artifact_delete(ctx *c, str path, err *e) {
    if (!path.n) return err_set(e, ERR_INVALID, "Invalid path");
    if (!artifact_writable(path, e)) return false;
    call d = {.c = c, .path = path};
    return db_write(core_db(c->core), delete, &d, e);
}

bool artifact_each(db_tx *tx, int64_t ws, str path, table_fn fn, void *arg, err *e) {
    arena *a = db_tx_arena(tx);
    const table *t = table_named(table_set_at(0), STR("artifact"));
    str next = arena_printf(a, "%.*s\x01", STR_F(path)), // texts hold no NUL
        from = arena_printf(a, "%.*s/", STR_F(path)),
        to = arena_printf(a, "%.*s0", STR_F(path));
    return table_each_range(tx, t, ws, path, next, fn, arg, e) &&
           table_each_range(tx, t, ws, from, to, fn, arg, e);
}

bool artifact_uses(db_tx *tx, sha256 digest, bool *yes, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_artifact_uses, &row, e, DB_ID(digest));
    *yes = found > 0;
    return found >= 0;
}
