// SPDX-License-Identifier: Apache-2.0
// Trees: hostile bytes are read as a page, and what is read is written as the same bytes; and
// the same bytes are files, of which a tree is made at once and by edits in two halves, with
// one root.
#include "base/map.h"
#include "store/tree_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hostile(arena *a, str bytes) {
    err e = {0};
    tree_page page;
    if (!tree_page_read(bytes, a, &page, &e)) return;
    buf again = BUF_MAX(TREE_PAGE_MAX);
    tree_page_begin(&again, page.level);
    for (size_t i = 0; i < page.n; i++)
        tree_page_add(&again, page.level, i ? page.items[i - 1].path : (str){0},
                      &page.items[i]);
    tree_page_finish(&again, page.n);
    BUG_ON(!str_eq(buf_view(&again), bytes));
    buf_free(&again);
}

// ---- pages in memory ------------------------------------------------------------------------

typedef struct mem {
    arena *a;
    map pages;
} mem;

static bool get(void *arg, sha256 page, arena *a, str *bytes, err *e) {
    mem *m = arg;
    str *found = map_get(&m->pages, str_n(page.b, 32));
    (void)e;
    BUG_ON(!found);
    *bytes = arena_str(a, *found);
    return true;
}

static bool put(void *arg, sha256 page, str bytes, err *e) {
    (void)e;
    mem *m = arg;
    str *copy = ARENA_NEW(m->a, str);
    *copy = arena_str(m->a, bytes);
    *map_at(&m->pages, arena_str(m->a, str_n(page.b, 32)), NULL) = copy;
    return true;
}

// ---- files ----------------------------------------------------------------------------------

static int by_path(const void *a, const void *b) {
    return tree_order(((const tree_change *)a)->file.path, ((const tree_change *)b)->file.path);
}

// Paths are what stands between zeros; the first byte says to which half a file belongs.
static size_t files_of(arena *a, str bytes, tree_change *c, size_t max) {
    size_t n = 0;
    err e;
    for (str one; n < max && str_split(&bytes, '\0', &one);)
        if (tree_check_path(one, &e))
            c[n++].file =
                (tree_file){arena_str(a, one), one.n, sha256_of(one.p, one.n), one.p[0] & 1};
    qsort(c, n, sizeof *c, by_path);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!kept || tree_may_follow(c[kept - 1].file.path, c[i].file.path)) c[kept++] = c[i];
    return kept;
}

static void edits(arena *a, str bytes) {
    enum { MAX = 4096 };
    mem m = {a, map_new(a)};
    tree_pages p = {get, put, &m};
    tree_change *c = ARENA_ARRAY(a, tree_change, MAX), *half = ARENA_ARRAY(a, tree_change, MAX);
    size_t n = files_of(a, bytes, c, MAX), h = 0;
    sha256 root, at_once;
    err e = {0};
    tree_write *w = tree_write_new(&p);
    for (size_t i = 0; i < n; i++)
        BUG_ON(!tree_write_add(w, &c[i].file, &e));
    BUG_ON(!tree_write_end(w, &at_once, &e));
    BUG_ON(!tree_write_end(tree_write_new(&p), &root, &e));
    for (size_t i = 0; i < n; i++)
        if (c[i].file.digest.b[0] & 1) half[h++] = c[i];
    BUG_ON(!tree_edit(&p, root, half, h, &root, &e));
    BUG_ON(!tree_edit(&p, root, c, n, &root, &e));
    BUG_ON(!sha256_eq(root, at_once));
    for (size_t i = 0; i < n; i++)
        c[i].removed = !(c[i].file.digest.b[0] & 1);
    BUG_ON(!tree_edit(&p, root, c, n, &root, &e));
    BUG_ON(!tree_edit(&p, root, half, h, &at_once, &e));
    BUG_ON(!sha256_eq(root, at_once));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena *a = arena_new();
    str bytes = str_n(data, size);
    hostile(a, bytes);
    edits(a, bytes);
    arena_free(a);
    return 0;
}
