// SPDX-License-Identifier: Apache-2.0
// content_edit: trees that clients make by changes. Any thread.
//
// Whose word is taken: a page is linked to what it names only by the writer of trees, which
// made it out of pages that it had read (store/tree_objects.h). So a page with links is a page
// of a whole tree, which tells it from a file that somebody stored with a page's bytes.
#include "base/vec.h"
#include "core/content.h"
#include "store/tree_objects.h"

#include <stdlib.h>

// ---- checks ---------------------------------------------------------------------------------

static bool check_tree(ctx *c, sha256 tree, err *e) {
    bool yes, may;
    char hex[SHA256_HEX];
    if (!tree_objects_is_tree(core_store(c->core), tree, &yes, e) ||
        !content_seen(c, &tree, 1, &may, e))
        return false;
    sha256_hex(tree, hex);
    return (yes && may) ||
           err_set(e, ERR_NOT_FOUND, "there is no tree %s: POST trees makes one", hex);
}

static int by_path(const void *a, const void *b) {
    return tree_order(((const tree_change *)a)->file.path, ((const tree_change *)b)->file.path);
}

static bool check_path(str path, err *e) {
    err why = {0};
    return tree_check_path(path, &why) ||
           err_set(e, why.code, "%s: '%.*s'", why.msg, STR_F(str_upto_code_points(path, 200)));
}

static bool sort(tree_change *c, size_t n, err *e) {
    for (size_t i = 0; i < n; i++)
        if (!check_path(c[i].file.path, e)) return false;
    if (n) qsort(c, n, sizeof *c, by_path);
    for (size_t i = 1; i < n; i++)
        if (str_eq(c[i - 1].file.path, c[i].file.path))
            return err_set(e, ERR_INVALID, "the path '%.*s' is there twice",
                           STR_F(str_upto_code_points(c[i].file.path, 200)));
    return true;
}

static bool check_file(const tree_file *f, int64_t size, err *e) {
    str path = str_upto_code_points(f->path, 200);
    char hex[SHA256_HEX];
    sha256_hex(f->digest, hex);
    if (size < 0)
        return err_set(e, ERR_NOT_FOUND,
                       "the server does not have the bytes of '%.*s' (%s): send them first",
                       STR_F(path), hex);
    return (uint64_t)size == f->size ||
           err_set(e, ERR_INVALID, "'%.*s' (%s) has %lld bytes, not %llu", STR_F(path), hex,
                   (long long)size, (unsigned long long)f->size);
}

static bool check_files(ctx *c, const tree_change *changes, size_t n, err *e) {
    sha256 *digests = ARENA_ARRAY(c->a, sha256, n);
    int64_t *sizes = ARENA_ARRAY(c->a, int64_t, n);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (!changes[i].removed) digests[k++] = changes[i].file.digest;
    if (!content_find(c, digests, k, sizes, e)) return false;
    k = 0;
    for (size_t i = 0; i < n; i++)
        if (!changes[i].removed && !check_file(&changes[i].file, sizes[k++], e)) return false;
    return true;
}

// ---- the edit -------------------------------------------------------------------------------

static bool write_anew(const tree_pages *p, const tree_change *c, size_t n, sha256 *tree,
                       err *e) {
    tree_write *w = tree_write_new(p);
    for (size_t i = 0; i < n; i++) {
        if (c[i].removed || tree_write_add(w, &c[i].file, e)) continue;
        tree_write_free(w);
        return false;
    }
    return tree_write_end(w, tree, e);
}

static bool measure(tree_objects *t, sha256 tree, tree_sum *sum, err *e) {
    tree_reader *r = tree_reader_new(tree_objects_pages(t), tree);
    bool ok = tree_measure(r, STR(""), sum, e);
    tree_reader_free(r);
    return ok;
}

bool content_edit(ctx *c, const sha256 *base, tree_change *changes, size_t n, sha256 *tree,
                  tree_sum *sum, err *e) {
    store *s = core_store(c->core);
    tree_objects *t = tree_objects_new(s);
    const tree_pages *p = tree_objects_pages(t);
    bool ok = sort(changes, n, e) && (!base || check_tree(c, *base, e)) &&
              check_files(c, changes, n, e) &&
              (base ? tree_edit(p, *base, changes, n, tree, e)
                    : write_anew(p, changes, n, tree, e)) &&
              measure(t, *tree, sum, e) && tree_objects_flush(t, e) &&
              content_sent(c, tree, 1, e);
    tree_objects_free(t);
    return ok;
}

bool content_measure(ctx *c, sha256 tree, tree_sum *sum, err *e) {
    tree_open t = tree_objects_open(core_store(c->core), tree);
    bool ok = check_tree(c, tree, e) && tree_measure(t.reader, STR(""), sum, e);
    tree_objects_close(&t);
    return ok;
}

// ---- all files ------------------------------------------------------------------------------

static bool read_files(tree_reader *r, arena *a, str after, size_t max, tree_file **out,
                       size_t *n, err *e) {
    VEC(tree_file) v = {0};
    tree_file f;
    if (!tree_seek(r, after.p ? after : STR(""), e)) return false;
    while (v.n < max && tree_next(r, &f, e)) {
        if (after.p && str_eq(f.path, after)) continue;
        f.path = arena_str(a, f.path);
        vec_push(a, &v, f);
    }
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

bool content_files(ctx *c, sha256 tree, str after, size_t max, tree_file **out, size_t *n,
                   err *e) {
    tree_open t = tree_objects_open(core_store(c->core), tree);
    bool ok = check_tree(c, tree, e) && read_files(t.reader, c->a, after, max, out, n, e);
    tree_objects_close(&t);
    return ok;
}
