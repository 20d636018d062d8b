// SPDX-License-Identifier: Apache-2.0
// du: two walks, each by pages of the key: over runs (with the sizes of their points) and
// logged models, and over the artifact tree, whose rows belong to the run or model whose id is
// in their path. Memory is one row a project or user. By repo: du_repos.c. Any thread.
#include "base/vec.h"
#include "core/artifact.h"
#include "core/du_internal.h"
#include "core/du_sql.h"
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

typedef struct du {
    ctx *c;
    du_by by;
    arena *page;
    map rows; // of du_row
    id after;
    str parent, name; // the last file
    // the owner of the file before: files of one stand together
    id owner;
    du_row *owner_row;
    size_t n; // of the last page
} du;

static du_row *row_of(du *d, int64_t project, str user) {
    bool added;
    str key = d->by == DU_BY_USER ? user : str_n(&project, sizeof project);
    void **at = map_at(&d->rows, arena_str(d->c->a, key), &added);
    if (added) {
        du_row *r = ARENA_NEW(d->c->a, du_row);
        r->project = project;
        if (d->by == DU_BY_USER) r->name = arena_str(d->c->a, user);
        *at = r;
    }
    return *at;
}

// ---- runs and models ------------------------------------------------------------------------

typedef struct du_run {
    id id;
    du_row *row;
} du_run;

static bool add_series(db_tx *tx, du *d, const du_run *r, err *e) {
    db_rows *rows = db_select(tx, &Q_series_of_run, e, DB_I64(d->c->ws), DB_ID(r->id));
    if (!rows) return false;
    while (db_next(rows, e)) {
        srow s;
        if (!srow_read(rows, d->page, &s, e)) {
            if (!series_passable(e)) break; // damaged: `check` tells
            continue;
        }
        r->row->points += s.sum.count;
        r->row->point_bytes += s.tail.n;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool add_points(db_tx *tx, du *d, const du_run *r, err *e) {
    db_rows *row;
    int64_t ws = d->c->ws;
    if (db_get(tx, &Q_du_blocks, &row, e, DB_I64(ws), DB_ID(r->id)) < 0) return false;
    r->row->point_bytes += (uint64_t)db_i64(row, 0);
    if (db_get(tx, &Q_du_log, &row, e, DB_I64(ws), DB_ID(r->id)) < 0) return false;
    r->row->points += (uint64_t)db_i64(row, 0);
    r->row->point_bytes += (uint64_t)db_i64(row, 1);
    return add_series(tx, d, r, e);
}

static bool runs_page(db_tx *tx, void *arg, err *e) {
    du *d = arg;
    VEC(du_run) v = {0};
    arena_reset(d->page);
    db_rows *rows = db_select(tx, &Q_du_runs, e, DB_I64(d->c->ws), DB_ID(d->after));
    if (!rows) return false;
    while (db_next(rows, e)) {
        du_run r = {db_id(rows, 0), row_of(d, db_i64(rows, 1), db_text(rows, 2))};
        *(db_i64(rows, 3) == LIFE_DELETED ? &r.row->deleted_runs : &r.row->runs) += 1;
        vec_push(d->page, &v, r);
    }
    db_end(rows);
    d->n = v.n;
    if (v.n) d->after = v.p[v.n - 1].id;
    for (size_t i = 0; i < v.n && e->code == ERR_NONE; i++) {
        if (!add_points(tx, d, &v.p[i], e)) return false;
    }
    return e->code == ERR_NONE;
}

static bool models_page(db_tx *tx, void *arg, err *e) {
    du *d = arg;
    db_rows *rows = db_select(tx, &Q_du_models, e, DB_I64(d->c->ws), DB_ID(d->after));
    if (!rows) return false;
    d->n = 0;
    while (db_next(rows, e)) {
        d->after = db_id(rows, 0);
        row_of(d, db_i64(rows, 1), db_text(rows, 2))->models++;
        d->n++;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

// ---- files ----------------------------------------------------------------------------------

// A file of nothing that is there: of the project that its path begins with, and no user.
static du_row *row_of_path(du *d, str path) {
    int64_t project;
    str first = str_upto(path, str_find(path, '/', 0));
    return row_of(d, str_to_i64(first, &project) ? project : -1, STR(""));
}

static bool find_owner(db_tx *tx, du *d, str path, du_row **out, err *e) {
    id who = artifact_owner(path);
    db_rows *row = NULL;
    int found = 0;
    *out = d->owner_row;
    if (!id_is_zero(who) && id_eq(who, d->owner)) return true;
    if (!id_is_zero(who)) {
        found = db_get(tx, &Q_du_run, &row, e, DB_I64(d->c->ws), DB_ID(who));
        if (!found) found = db_get(tx, &Q_du_model, &row, e, DB_I64(d->c->ws), DB_ID(who));
    }
    if (found < 0) return false;
    d->owner = who;
    d->owner_row = *out =
        found ? row_of(d, db_i64(row, 0), db_text(row, 1)) : row_of_path(d, path);
    return true;
}

typedef struct du_file {
    str parent, name;
    sha256 digest;
    uint64_t size;
} du_file;

static bool add_file(db_tx *tx, du *d, const du_file *f, err *e) {
    du_row *r;
    db_rows *row;
    if (!find_owner(tx, d, f->parent, &r, e)) return false;
    r->files++;
    r->file_bytes += f->size;
    int earlier = db_get(tx, &Q_du_earlier, &row, e, DB_ID(f->digest), DB_I64(d->c->ws),
                         DB_TEXT(f->parent), DB_TEXT(f->name));
    if (!earlier) r->stored_bytes += f->size;
    return earlier >= 0;
}

static bool files_page(db_tx *tx, void *arg, err *e) {
    du *d = arg;
    VEC(du_file) v = {0};
    str parent = d->parent, name = d->name;
    db_rows *rows =
        db_select(tx, &Q_du_files, e, DB_I64(d->c->ws), DB_TEXT(parent), DB_TEXT(name));
    if (!rows) return false;
    d->n = 0;
    while (db_next(rows, e)) {
        du_file f = {.parent = arena_str(d->page, db_text(rows, 0)),
                     .name = arena_str(d->page, db_text(rows, 1)),
                     .size = (uint64_t)db_i64(rows, 3)};
        parent = f.parent;
        name = f.name;
        d->n++;
        if (!sha256_copy(db_blob(rows, 2), &f.digest)) continue; // a folder
        vec_push(d->page, &v, f);
    }
    db_end(rows);
    for (size_t i = 0; i < v.n && e->code == ERR_NONE; i++) {
        if (!add_file(tx, d, &v.p[i], e)) return false;
    }
    d->parent = parent;
    d->name = name;
    return e->code == ERR_NONE;
}

// ---- all ------------------------------------------------------------------------------------

static bool walk(du *d, db_fn page, err *e) {
    d->after = (id){{0}};
    do {
        if (!db_read(core_db(d->c->core), page, d, e)) return false;
    } while (d->n);
    return true;
}

// The place in the tree lives in one of two arenas in turn, the page's rows in the other.
static bool walk_files(du *d, err *e) {
    arena *other = arena_new();
    d->parent = d->name = STR("");
    bool ok;
    do {
        arena *last = d->page;
        arena_reset(other);
        d->page = other;
        other = last;
        ok = db_read(core_db(d->c->core), files_page, d, e);
    } while (ok && d->n);
    arena_free(other);
    return ok;
}

static bool name_projects(db_tx *tx, void *arg, err *e) {
    du *d = arg;
    for (size_t i = 0; i < d->rows.n; i++) {
        du_row *r = d->rows.entries[i].value;
        db_rows *row;
        int found = db_get(tx, &Q_du_project, &row, e, DB_I64(d->c->ws), DB_I64(r->project));
        if (found < 0) return false;
        if (found) r->name = arena_str(d->c->a, db_text(row, 0));
        if (!found) r->project = -1;
    }
    return true;
}

static int most_first(const void *a, const void *b) {
    const du_row *x = a, *y = b;
    uint64_t p = x->point_bytes + x->file_bytes, q = y->point_bytes + y->file_bytes;
    if (p != q) return p > q ? -1 : 1;
    return x->project != y->project ? (x->project < y->project ? -1 : 1)
                                    : str_cmp(x->name, y->name);
}

void du_take(ctx *c, const map *rows, du_row **out, size_t *n) {
    *n = rows->n;
    *out = ARENA_ARRAY(c->a, du_row, *n + 1);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = *(du_row *)rows->entries[i].value;
    if (*n) qsort(*out, *n, sizeof **out, most_first);
}

bool du_of(ctx *c, du_by by, du_row **out, size_t *n, err *e) {
    if (by == DU_BY_REPO) return du_of_repos(c, out, n, e);
    du d = {.c = c, .by = by, .page = arena_new(), .rows = map_new(c->a)};
    bool ok = walk(&d, runs_page, e) && walk(&d, models_page, e) && walk_files(&d, e) &&
              (by == DU_BY_USER || db_read(core_db(c->core), name_projects, &d, e));
    arena_free(d.page);
    du_take(c, &d.rows, out, n);
    return ok;
}
