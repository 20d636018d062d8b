// SPDX-License-Identifier: Apache-2.0
// content: see content.h; changes to trees are content_edit.c's. What is sealed is read in one
// snapshot; the store refuses a tree one of whose files is gone by then. Any thread.
#include "core/content.h"

#include "base/vec.h"
#include "core/artifact.h"
#include "store/tree_objects.h"

#include <stdlib.h>

// ---- the record -----------------------------------------------------------------------------

#define MAGIC "stmcont1"

// Its configuration is empty so far.
static bool put_record(store *s, unsigned kind, content *out, err *e) {
    buf b = BUF_MAX(128);
    buf_add(&b, MAGIC, 8);
    buf_u32(&b, kind);
    buf_add(&b, out->tree.b, sizeof out->tree.b);
    buf_uvar(&b, 0);
    out->digest = sha256_of(b.p, b.n);
    store_item i = {
        .p = b.p, .n = b.n, .digest = out->digest, .links = &out->tree, .n_links = 1};
    bool ok = store_put_many(s, &i, 1, e);
    buf_free(&b);
    return ok;
}

// ---- sealing an artifact folder -------------------------------------------------------------

typedef struct gather {
    ctx *c;
    str path;
    VEC(tree_file) files;
} gather;

// A row of the table `artifact`: ws, parent, name, digest, size, modified_us.
static bool add_row(void *arg, const table *t, const db_rows *row, err *e) {
    (void)t;
    gather *g = arg;
    arena *a = g->c->a;
    tree_file f = {.size = (uint64_t)db_i64(row, 4)};
    if (!sha256_copy(db_blob(row, 3), &f.digest)) return true; // a folder
    if (g->files.n == CONTENT_FILES_MAX)
        return err_set(e, ERR_TOO_LARGE, "more than %d files cannot be sealed at once",
                       CONTENT_FILES_MAX);
    str parent = str_from(db_text(row, 1), g->path.n + 1), name = db_text(row, 2);
    f.path = parent.n ? arena_printf(a, "%.*s/%.*s", STR_F(parent), STR_F(name))
                      : arena_str(a, name);
    vec_push(a, &g->files, f);
    return true;
}

static bool gather_fn(db_tx *tx, void *arg, err *e) {
    gather *g = arg;
    g->files.n = 0;
    artifact_entry at;
    bool found;
    if (!artifact_find(tx, g->c, g->path, &at, &found, e)) return false;
    if (!found) return true;
    if (at.is_dir) return artifact_each(tx, g->c->ws, g->path, add_row, g, e);
    vec_push(g->c->a, &g->files, (tree_file){at.name, at.size, at.digest, false});
    return true;
}

static int by_path(const void *a, const void *b) {
    return tree_order(((const tree_file *)a)->path, ((const tree_file *)b)->path);
}

static bool write_tree(store *s, const tree_file *f, size_t n, content *out, err *e) {
    tree_objects *t = tree_objects_new(s);
    tree_write *w = tree_write_new(tree_objects_pages(t));
    bool ok = true;
    out->files = n;
    out->bytes = 0;
    for (size_t i = 0; ok && i < n; i++) {
        ok = tree_write_add(w, &f[i], e);
        out->bytes += f[i].size;
    }
    if (!ok) tree_write_free(w);
    ok = ok && tree_write_end(w, &out->tree, e) && tree_objects_flush(t, e);
    tree_objects_free(t);
    return ok;
}

bool content_seal_artifacts(ctx *c, unsigned kind, str path, content *out, bool *found,
                            err *e) {
    gather g = {.c = c, .path = path};
    if (!db_read(core_db(c->core), gather_fn, &g, e)) return false;
    *found = g.files.n > 0;
    if (!*found) return true;
    qsort(g.files.p, g.files.n, sizeof *g.files.p, by_path);
    store *s = core_store(c->core);
    return write_tree(s, g.files.p, g.files.n, out, e) && put_record(s, kind, out, e);
}

static bool put_texts(store *s, const content_text *from, tree_file *to, size_t n, err *e) {
    store_stream *t = store_stream_new(s);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        str text = str_or_empty(from[i].text);
        to[i] = (tree_file){from[i].path, text.n, sha256_of(text.p, text.n), false};
        ok = store_stream_add(t, to[i].digest, text.p, text.n, e);
    }
    return store_stream_end(t, e) && ok;
}

bool content_seal_texts(ctx *c, unsigned kind, const content_text *files, size_t n,
                        content *out, err *e) {
    store *s = core_store(c->core);
    tree_file *f = ARENA_ARRAY(c->a, tree_file, n);
    if (!put_texts(s, files, f, n, e)) return false;
    qsort(f, n, sizeof *f, by_path);
    return write_tree(s, f, n, out, e) && put_record(s, kind, out, e);
}

bool content_seal_tree(ctx *c, unsigned kind, sha256 tree, const tree_sum *sum, content *out,
                       err *e) {
    *out = (content){.tree = tree, .files = sum->files, .bytes = sum->bytes};
    if (!sum->files) return err_set(e, ERR_INVALID, "a version has one file at least");
    return put_record(core_store(c->core), kind, out, e);
}

// ---- reading --------------------------------------------------------------------------------

static bool find(tree_reader *r, arena *a, str path, content_entry *out, err *e) {
    tree_file f;
    *out = (content_entry){.name = str_last_name(path), .is_dir = true};
    if (!path.n) return true;
    bool some = tree_seek(r, path, e) && tree_next(r, &f, e);
    if (e->code != ERR_NONE) return false;
    if (some && str_eq(f.path, path)) {
        *out = (content_entry){arena_str(a, str_last_name(path)), false, f.size, f.digest};
        return true;
    }
    str inside = arena_printf(a, "%.*s/", STR_F(path));
    return (some && str_starts(f.path, inside)) ||
           err_set(e, ERR_NOT_FOUND, "There is no file '%.*s' in this version.", STR_F(path));
}

bool content_get(ctx *c, sha256 tree, str path, content_entry *out, err *e) {
    tree_open t = tree_objects_open(core_store(c->core), tree);
    bool ok = find(t.reader, c->a, path, out, e);
    tree_objects_close(&t);
    return ok;
}

// Behind a child: behind the file of that name, and all in the folder of that name.
static bool list(tree_reader *r, arena *a, str path, str after, size_t max, content_entry **out,
                 size_t *n, err *e) {
    VEC(content_entry) v = {0};
    tree_child k;
    str last = path.n ? arena_printf(a, "%.*s/%.*s", STR_F(path), STR_F(after)) : after;
    if (!(after.n ? tree_seek_behind(r, last, e) : tree_seek(r, path, e))) return false;
    while (v.n < max && tree_next_child(r, path, &k, e)) {
        if (after.n && str_eq(k.file.path, last)) continue;
        vec_push(a, &v,
                 (content_entry){arena_str(a, str_last_name(k.file.path)), k.is_folder,
                                 k.file.size, k.file.digest});
    }
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

bool content_list(ctx *c, sha256 tree, str path, str after, size_t max, content_entry **out,
                  size_t *n, err *e) {
    tree_open t = tree_objects_open(core_store(c->core), tree);
    bool ok = list(t.reader, c->a, path, after, max, out, n, e);
    tree_objects_close(&t);
    return ok;
}
