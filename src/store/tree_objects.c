// SPDX-License-Identifier: Apache-2.0
// tree_objects: see tree_objects.h. Pages are put before the pages that name them, so the store
// finds all that a page links to.
#include "store/tree_objects.h"

#include "base/map.h"
#include "store/tree_internal.h"

#include <stdlib.h>

#define GATHER_BYTES ((size_t)4 << 20)

struct tree_objects {
    store *s;
    tree_pages pages;
    arena *a; // of what is gathered
    map known;
    store_item items[STORE_MANY];
    size_t n, bytes;
};

static store_item *gathered(const tree_objects *t, const sha256 *page) {
    return map_get(&t->known, str_n(page->b, sizeof page->b));
}

static bool read_all(store_object *o, arena *a, str *bytes, err *e) {
    uint64_t n = store_object_size(o);
    if (n > TREE_PAGE_MAX) return err_set(e, ERR_CORRUPT, "an object is no page of a tree");
    char *p = arena_bytes(a, (size_t)n + 1);
    for (size_t at = 0; at < n;) {
        ssize_t got = store_object_read(o, at, p + at, (size_t)n - at, e);
        if (got < 0) return false;
        if (!got) return err_set(e, ERR_CORRUPT, "a page of a tree is cut off");
        at += (size_t)got;
    }
    *bytes = str_n(p, (size_t)n);
    return true;
}

static bool get(void *arg, sha256 page, arena *a, str *bytes, err *e) {
    tree_objects *t = arg;
    const store_item *i = gathered(t, &page);
    if (i) {
        *bytes = arena_str(a, str_n(i->p, i->n));
        return true;
    }
    store_object *o = store_get(t->s, page, e);
    bool ok = o && read_all(o, a, bytes, e);
    store_object_close(o);
    return ok;
}

bool tree_objects_flush(tree_objects *t, err *e) {
    if (t->n && !store_put_many(t->s, t->items, t->n, e)) return false;
    arena_reset(t->a);
    t->known = map_new(t->a);
    t->n = t->bytes = 0;
    return true;
}

static bool link_all(tree_objects *t, store_item *i, err *e) {
    tree_page page;
    if (!tree_page_read(str_n(i->p, i->n), t->a, &page, e)) return false;
    sha256 *links = ARENA_ARRAY(t->a, sha256, page.n);
    for (size_t k = 0; k < page.n; k++)
        links[k] = page.items[k].digest;
    i->links = links;
    i->n_links = page.n;
    return true;
}

static bool put(void *arg, sha256 page, str bytes, err *e) {
    tree_objects *t = arg;
    if (gathered(t, &page)) return true;
    if ((t->n == STORE_MANY || t->bytes > GATHER_BYTES) && !tree_objects_flush(t, e))
        return false;
    store_item *i = &t->items[t->n];
    *i = (store_item){.p = arena_str(t->a, bytes).p, .n = bytes.n, .digest = page};
    if (!link_all(t, i, e)) return false;
    *map_at(&t->known, str_n(i->digest.b, sizeof i->digest.b), NULL) = i;
    t->n++;
    t->bytes += bytes.n;
    return true;
}

// Links alone do not tell: recipes have them, and what is made by one. Neither can begin as a
// page does and be as short as one.
bool tree_objects_is_tree(store *s, sha256 digest, bool *yes, err *e) {
    if (!store_has_links(s, digest, yes, e)) return false;
    if (!*yes) return true;
    char magic[sizeof TREE_MAGIC - 1];
    store_object *o = store_get(s, digest, e);
    ssize_t n = o ? store_object_read(o, 0, magic, sizeof magic, e) : -1;
    *yes = n == sizeof magic && !memcmp(magic, TREE_MAGIC, sizeof magic) &&
           store_object_size(o) <= TREE_PAGE_MAX;
    store_object_close(o);
    return n >= 0;
}

tree_objects *tree_objects_new(store *s) {
    tree_objects *t = mem_alloc(sizeof *t);
    t->s = s;
    t->pages = (tree_pages){get, put, t};
    t->a = arena_new();
    t->known = map_new(t->a);
    return t;
}

void tree_objects_free(tree_objects *t) {
    if (!t) return;
    arena_free(t->a);
    free(t);
}

const tree_pages *tree_objects_pages(tree_objects *t) {
    return &t->pages;
}

tree_open tree_objects_open(store *s, sha256 root) {
    tree_objects *t = tree_objects_new(s);
    return (tree_open){t, tree_reader_new(&t->pages, root)};
}

void tree_objects_close(tree_open *o) {
    tree_reader_free(o->reader);
    tree_objects_free(o->objects);
}
