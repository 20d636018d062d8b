// SPDX-License-Identifier: Apache-2.0
// gc_tree: the files that go with an item of the bin. A run and a logged model have a part of
// the tree. The rest of what lies below a project's number is the project's; but a run that
// moved to another project has left its files there, so each file is asked whose it is. The
// thread of the gc.
#include "core/gc_internal.h"

#include "base/vec.h"
#include "core/artifact.h"
#include "core/core_internal.h"
#include "core/gc_sql.h"

typedef struct tree {
    ctx *c; // removing
    db_tx *tx;
    int64_t ws;
    // whose the last file was: files of one stand together
    id owner;
    bool there;
    table_fn fn; // reading
    void *arg;
    // removing: a page of the rows in [from, (parent, name)), from the end
    str from, parent, name;
    str next_parent, next_name;
    size_t n;
} tree;

static bool find_there(tree *t, id who, err *e) {
    db_rows *row;
    int found = db_get(t->tx, &Q_gc_run_there, &row, e, DB_I64(t->ws), DB_ID(who));
    if (!found) found = db_get(t->tx, &Q_gc_model_there, &row, e, DB_I64(t->ws), DB_ID(who));
    t->owner = who;
    t->there = found > 0;
    return found >= 0;
}

// Is the row a part of a run or logged model that is there?
static bool has_owner(tree *t, str parent, str name, bool *yes, err *e) {
    id who = artifact_owner(parent);
    if (id_is_zero(who)) who = artifact_owner(name);
    *yes = false;
    if (id_is_zero(who)) return true;
    if (!id_eq(who, t->owner) && !find_there(t, who, e)) return false;
    *yes = t->there;
    return true;
}

static bool pass_loose(void *arg, const table *artifact, const db_rows *row, err *e) {
    tree *t = arg;
    bool owned;
    if (!has_owner(t, db_text(row, 1), db_text(row, 2), &owned, e)) return false;
    return owned || t->fn(t->arg, artifact, row, e);
}

bool bin_each_file(db_tx *tx, int64_t ws, const bin_item *i, table_fn fn, void *arg, err *e) {
    tree t = {.tx = tx, .ws = ws, .fn = fn, .arg = arg};
    if (!i->path.n) return true;
    return i->kind == BIN_PROJECT ? artifact_each(tx, ws, i->path, pass_loose, &t, e)
                                  : artifact_each(tx, ws, i->path, fn, arg, e);
}

// ---- removing -------------------------------------------------------------------------------

typedef struct tree_row {
    str parent, name;
    bool is_dir;
} tree_row;

// A folder goes when nothing is left in it: what was in it stands behind it.
static bool remove_row(tree *t, const tree_row *r, err *e) {
    bool owned;
    db_arg ws = DB_I64(t->ws), parent = DB_TEXT(r->parent), name = DB_TEXT(r->name);
    if (!has_owner(t, r->parent, r->name, &owned, e)) return false;
    if (owned) return true;
    if (!r->is_dir) return db_push(t->tx, &Q_gc_file, e, ws, parent, name);
    str path = r->name;
    if (r->parent.n)
        path = arena_printf(db_tx_arena(t->tx), "%.*s/%.*s", STR_F(r->parent), STR_F(r->name));
    return db_push(t->tx, &Q_gc_folder, e, ws, parent, name, DB_TEXT(path));
}

static bool read_rows(tree *t, tree_row **rows, err *e) {
    arena *a = db_tx_arena(t->tx);
    VEC(tree_row) v = {0};
    db_rows *r = db_select(t->tx, &Q_gc_files, e, DB_I64(t->ws), DB_TEXT(t->from),
                           DB_TEXT(t->parent), DB_TEXT(t->name));
    if (!r) return false;
    while (db_next(r, e)) {
        vec_push(a, &v,
                 (tree_row){arena_str(a, db_text(r, 0)), arena_str(a, db_text(r, 1)),
                            db_is_null(r, 2)});
    }
    db_end(r);
    *rows = v.p;
    t->n = v.n;
    return e->code == ERR_NONE;
}

static bool remove_page(db_tx *tx, void *arg, err *e) {
    tree *t = arg;
    tree_row *rows;
    t->tx = tx;
    t->owner = (id){0};
    if (!read_rows(t, &rows, e)) return false;
    for (size_t i = 0; i < t->n; i++) {
        if (!remove_row(t, &rows[i], e)) return false;
    }
    if (!t->n) return true;
    t->next_parent = arena_str(t->c->a, rows[t->n - 1].parent);
    t->next_name = arena_str(t->c->a, rows[t->n - 1].name);
    return true;
}

static bool remove_range(tree *t, str from, str to, err *e) {
    t->from = from;
    t->next_parent = to;
    t->next_name = STR("");
    do {
        t->parent = t->next_parent;
        t->name = t->next_name;
        if (!core_goes_on(t->c->core, e) || !db_write(t->c->core->db, remove_page, t, e))
            return false;
    } while (t->n);
    return true;
}

static bool remove_top(db_tx *tx, void *arg, err *e) {
    tree *t = arg;
    t->tx = tx;
    return remove_row(t, &(tree_row){STR(""), t->from, true}, e);
}

// What lies deeper goes first; '0' follows '/'.
bool bin_free_files(ctx *c, const bin_item *i, err *e) {
    tree t = {.c = c, .ws = c->ws};
    str path = i->path;
    if (!path.n) return true;
    if (i->kind != BIN_PROJECT) return artifact_delete(c, path, e);
    return remove_range(&t, arena_printf(c->a, "%.*s/", STR_F(path)),
                        arena_printf(c->a, "%.*s0", STR_F(path)), e) &&
           remove_range(&t, path, arena_printf(c->a, "%.*s\x01", STR_F(path)), e) &&
           db_write(c->core->db, remove_top, &t, e);
}
