// SPDX-License-Identifier: Apache-2.0
// content_check: is all of a content there, and what its digests say? From the top: the record
// names the tree, the tree's pages are checked as they are read, each names its files. Any
// thread.
#include "core/content.h"
#include "store/tree_objects.h"

#include <stdlib.h>

#define STEP_FILES 5000
#define STEP_BYTES ((uint64_t)1 << 30)
#define COPY_BYTES ((size_t)1 << 20)

typedef struct checking {
    ctx *c;
    const content *of;
    bool bytes;
    content_bad *bad;
    void *arg;
    content_step *out;
    char *copy;
} checking;

static void bad(checking *k, str path, const char *what) {
    k->bad(k->arg, path, what);
}

// Damage, which is told, and not an error of the check itself.
static bool is_damage(err *e) {
    bool yes = e->code == ERR_NOT_FOUND || e->code == ERR_CORRUPT;
    if (yes) *e = (err){0};
    return yes;
}

// All bytes of an object; *whole when they are what its digest says.
static bool hash_object(checking *k, store_object *o, sha256 digest, bool *whole, err *e) {
    sha256_ctx *h = sha256_new();
    uint64_t at = 0, size = store_object_size(o);
    ssize_t got = 1;
    while (at < size && (got = store_object_read(o, at, k->copy, COPY_BYTES, e)) > 0) {
        sha256_add(h, k->copy, (size_t)got);
        at += (uint64_t)got;
    }
    *whole = got >= 0 && at == size && sha256_eq(sha256_end(h), digest);
    sha256_free(h);
    return got >= 0;
}

static bool check_object(checking *k, str path, sha256 digest, uint64_t size, bool bytes,
                         err *e) {
    bool whole = true;
    store_object *o = store_get(core_store(k->c->core), digest, e);
    bool read = o && (!bytes || hash_object(k, o, digest, &whole, e));
    bool fits = o && store_object_size(o) == size;
    store_object_close(o);
    if (!read && !is_damage(e)) return false;
    if (!o)
        bad(k, path, "its bytes are missing");
    else if (!read || !whole)
        bad(k, path, "its bytes are damaged");
    else if (!fits)
        bad(k, path, "it has another size than its tree says");
    return true;
}

// The record is small: its bytes are read whichever way is asked.
static bool check_record(checking *k, err *e) {
    char p[CONTENT_RECORD_HEAD];
    sha256 tree;
    store_object *o = store_get(core_store(k->c->core), k->of->digest, e);
    bool whole = false;
    bool ok = o && hash_object(k, o, k->of->digest, &whole, e);
    ok = ok && store_object_read(o, 0, p, sizeof p, e) == (ssize_t)sizeof p;
    store_object_close(o);
    if (!ok && e->code != ERR_NONE && !is_damage(e)) return false;
    if (ok) memcpy(tree.b, p + sizeof p - sizeof tree.b, sizeof tree.b);
    if (!ok || !whole || !sha256_eq(tree, k->of->tree))
        bad(k, (str){0}, "the record of its content is missing or damaged");
    return true;
}

static bool check_sum(checking *k, tree_reader *r, err *e) {
    tree_sum sum;
    if (!tree_measure(r, STR(""), &sum, e)) return false;
    if (sum.files != k->of->files || sum.bytes != k->of->bytes)
        bad(k, (str){0}, "its tree has other files than the version says");
    return true;
}

static bool check_files(checking *k, tree_reader *r, str after, err *e) {
    content_step *out = k->out;
    tree_file f;
    if (!tree_seek(r, after.p ? after : STR(""), e)) return false;
    while (tree_next(r, &f, e)) {
        if (after.p && str_eq(f.path, after)) continue;
        if (!check_object(k, f.path, f.digest, f.size, k->bytes, e)) return false;
        out->files++;
        out->bytes += f.size;
        if (out->files == STEP_FILES || (k->bytes && out->bytes >= STEP_BYTES)) {
            out->next = arena_str(k->c->a, f.path);
            return true;
        }
    }
    return e->code == ERR_NONE;
}

static bool check_tree(checking *k, str after, err *e) {
    tree_open t = tree_objects_open(core_store(k->c->core), k->of->tree);
    bool ok = (after.p || check_sum(k, t.reader, e)) && check_files(k, t.reader, after, e);
    tree_objects_close(&t);
    if (ok || !is_damage(e)) return ok;
    bad(k, (str){0},
        "a page of its tree is missing or damaged: what stands behind it was "
        "not checked");
    return true;
}

bool content_check_step(ctx *c, const content *of, str after, bool bytes, content_bad *told,
                        void *arg, content_step *out, err *e) {
    checking k = {.c = c, .of = of, .bytes = bytes, .bad = told, .arg = arg, .out = out};
    *out = (content_step){0};
    k.copy = mem_alloc(COPY_BYTES);
    bool ok = (after.p || check_record(&k, e)) && check_tree(&k, after, e);
    free(k.copy);
    return ok;
}
