// SPDX-License-Identifier: Apache-2.0
// du_repos: by repo: what the files of its versions are, and what they take. A version's
// content is the top of a graph of objects: pages of its tree, files, the recipes and chunks of
// large ones. The graphs of all versions are walked one after the other, in the order in which
// repos and versions came, and an object counts where it is met first.
//
// I1. What was met is kept as 8 bytes of its digest, up to SEEN_MAX objects: memory is bounded.
//     What does not fit is counted each time it is met, so that the sum is too large then,
//     never too small.
// I2. A read is one page of a key; at most a page of objects a level of the graph waits to be
//     walked.
// Any thread.
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/du_internal.h"
#include "core/du_sql.h"

#include <stdlib.h>

#define SEEN_SLOTS (1u << 22) // 32 MiB; the system gives what is touched
#define SEEN_MAX   (SEEN_SLOTS / 2)
#define VERSIONS   100
#define CHILDREN   200

typedef struct waiting {
    sha256 parent, after; // its children behind this one
} waiting;

typedef struct used {
    id repo;
    int64_t number;
    bool has_content;
    sha256 content;
    uint64_t files, bytes;
} used;

typedef struct walk {
    ctx *c;
    map rows; // of du_row, by the repo
    uint64_t *seen;
    size_t n_seen;
    du_row *row; // of the version whose objects are walked
    VEC(waiting) stack;
    used page[VERSIONS];
    size_t n;
    id repo; // behind which version the next page begins
    int64_t number;
} walk;

// Is it met for the first time?
static bool note(walk *w, const sha256 *digest) {
    uint64_t key;
    memcpy(&key, digest->b, sizeof key);
    key |= 1; // 0 is a free slot
    size_t at = (size_t)(key >> 1) & (SEEN_SLOTS - 1);
    while (w->seen[at] && w->seen[at] != key)
        at = (at + 1) & (SEEN_SLOTS - 1);
    if (w->seen[at]) return false;
    if (w->n_seen == SEEN_MAX) return true;
    w->n_seen++;
    w->seen[at] = key;
    return true;
}

// ---- the objects of a content ---------------------------------------------------------------

static void wait_for(walk *w, const sha256 *parent, const sha256 *after) {
    waiting more = {.parent = *parent};
    if (after) more.after = *after;
    vec_push(w->c->a, &w->stack, more);
}

static bool children_page(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    waiting of = w->stack.p[w->stack.n - 1];
    db_rows *rows =
        db_select(tx, &Q_du_children, e, DB_ID(of.parent), DB_ID(of.after), DB_I64(CHILDREN));
    if (!rows) return false; // it may be asked again: nothing is changed yet
    w->stack.n--;
    size_t n = 0;
    while (db_next(rows, e)) {
        n++;
        if (!sha256_copy(db_blob(rows, 0), &of.after) || !note(w, &of.after)) continue;
        if (!store_is_made(db_i64(rows, 2))) w->row->stored_bytes += (uint64_t)db_i64(rows, 1);
        if (db_i64(rows, 3)) wait_for(w, &of.after, NULL);
    }
    db_end(rows);
    if (n == CHILDREN) wait_for(w, &of.parent, &of.after);
    return e->code == ERR_NONE;
}

static bool add_content(walk *w, const sha256 *digest, err *e) {
    if (!note(w, digest)) return true;
    wait_for(w, digest, NULL);
    while (w->stack.n)
        if (!db_read(core_db(w->c->core), children_page, w, e)) return false;
    return true;
}

// ---- versions -------------------------------------------------------------------------------

static bool versions_page(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    db_rows *rows = db_select(tx, &Q_du_versions, e, DB_I64(w->c->ws), DB_ID(w->repo),
                              DB_I64(w->number), DB_I64(VERSIONS));
    if (!rows) return false;
    w->n = 0;
    while (db_next(rows, e)) {
        used *u = &w->page[w->n++];
        *u = (used){.repo = db_id(rows, 0),
                    .number = db_i64(rows, 1),
                    .files = (uint64_t)db_i64(rows, 3),
                    .bytes = (uint64_t)db_i64(rows, 4)};
        u->has_content = sha256_copy(db_blob(rows, 2), &u->content);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static du_row *row_of(walk *w, const id *of) {
    bool added;
    void **at = map_at(&w->rows, arena_str(w->c->a, str_n(of, sizeof *of)), &added);
    if (added) *at = ARENA_NEW(w->c->a, du_row);
    return *at;
}

static bool add_version(walk *w, const used *u, err *e) {
    w->row = row_of(w, &u->repo);
    w->row->project = -1;
    w->row->versions++;
    w->row->files += u->files;
    w->row->file_bytes += u->bytes;
    return !u->has_content || add_content(w, &u->content, e);
}

static bool add_versions(walk *w, err *e) {
    do {
        if (!db_read(core_db(w->c->core), versions_page, w, e)) return false;
        for (size_t i = 0; i < w->n; i++)
            if (!add_version(w, &w->page[i], e)) return false;
        if (!w->n) return true;
        w->repo = w->page[w->n - 1].repo;
        w->number = w->page[w->n - 1].number;
    } while (w->n == VERSIONS);
    return true;
}

static bool name_repos(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    for (size_t i = 0; i < w->rows.n; i++) {
        du_row *r = w->rows.entries[i].value;
        db_rows *row;
        id repo_id;
        memcpy(&repo_id, w->rows.entries[i].key.p, sizeof repo_id);
        int found = db_get(tx, &Q_du_repo, &row, e, DB_I64(w->c->ws), DB_ID(repo_id));
        if (found < 0) return false;
        if (!found) continue; // deleted meanwhile
        r->name = arena_str(w->c->a, db_text(row, 0));
        r->kind = (repo_kind)db_i64(row, 1);
    }
    return true;
}

bool du_of_repos(ctx *c, du_row **out, size_t *n, err *e) {
    walk *w = mem_alloc(sizeof *w);
    w->c = c;
    w->rows = map_new(c->a);
    w->seen = mem_alloc(SEEN_SLOTS * sizeof *w->seen);
    bool ok = add_versions(w, e) && db_read(core_db(c->core), name_repos, w, e);
    if (ok) du_take(c, &w->rows, out, n);
    free(w->seen);
    free(w);
    return ok;
}
