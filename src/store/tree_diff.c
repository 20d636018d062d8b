// SPDX-License-Identifier: Apache-2.0
// tree_diff: two ways through two trees at once. Where both are about to enter the same page,
// both pass it; else the one whose page is higher enters, and on the same level both do.
#include "store/tree_internal.h"

#include <stdlib.h>

typedef struct walk {
    const tree_pages *from;
    struct {
        arena *a;
        tree_page page;
        size_t at;
    } way[TREE_LEVELS];
    size_t depth; // 0: at the end
} walk;

static bool walk_begin(walk *w, const tree_pages *p, sha256 root, err *e) {
    *w = (walk){.from = p, .depth = 1};
    for (unsigned i = 0; i < TREE_LEVELS; i++)
        w->way[i].a = arena_new();
    return tree_page_get(p, root, w->way[0].a, &w->way[0].page, e);
}

static void walk_end(walk *w) {
    for (unsigned i = 0; i < TREE_LEVELS; i++)
        arena_free(w->way[i].a);
}

// The item that is next, NULL at the end. *level is that of the page that it stands in.
static const tree_item *head(walk *w, unsigned *level) {
    while (w->depth && w->way[w->depth - 1].at == w->way[w->depth - 1].page.n)
        if (--w->depth) w->way[w->depth - 1].at++;
    if (!w->depth) return NULL;
    const tree_page *page = &w->way[w->depth - 1].page;
    *level = page->level;
    return &page->items[w->way[w->depth - 1].at];
}

static void pass(walk *w) {
    w->way[w->depth - 1].at++;
}

static bool enter(walk *w, unsigned level, const tree_item *i, err *e) {
    arena *a = w->way[w->depth].a;
    arena_reset(a);
    w->way[w->depth].at = 0;
    if (!tree_page_child(w->from, level, i, a, &w->way[w->depth].page, e)) return false;
    w->depth++;
    return true;
}

static tree_file file_of(const tree_item *i) {
    return (tree_file){i->path, i->sum.bytes, i->digest, i->executable};
}

static bool same_item(const tree_item *a, const tree_item *b) {
    return sha256_eq(a->digest, b->digest) && a->executable == b->executable &&
           a->sum.bytes == b->sum.bytes && str_eq(a->path, b->path);
}

// Both are files, or one is there no more.
static bool tell(walk *a, const tree_item *x, walk *b, const tree_item *y, tree_differs fn,
                 void *arg, err *e) {
    int order = !x ? 1 : !y ? -1 : tree_order(x->path, y->path);
    tree_file was, is;
    if (order <= 0) was = file_of(x);
    if (order >= 0) is = file_of(y);
    bool told = !order && same_item(x, y)
                    ? true
                    : fn(arg, order <= 0 ? &was : NULL, order >= 0 ? &is : NULL, e);
    if (order <= 0) pass(a);
    if (order >= 0) pass(b);
    return told;
}

static bool differ(walk *a, walk *b, tree_differs fn, void *arg, err *e) {
    for (;;) {
        unsigned la = 0, lb = 0;
        const tree_item *x = head(a, &la), *y = head(b, &lb);
        if (!x && !y) return true;
        if (!la && !lb) {
            if (!tell(a, x, b, y, fn, arg, e)) return e->code == ERR_NONE;
        } else if (x && y && la == lb && same_item(x, y)) {
            pass(a);
            pass(b);
        } else {
            if (la && la >= lb && !enter(a, la, x, e)) return false;
            if (lb && lb >= la && !enter(b, lb, y, e)) return false;
        }
    }
}

bool tree_diff(const tree_pages *p, sha256 from, sha256 to, tree_differs fn, void *arg,
               err *e) {
    if (sha256_eq(from, to)) return true;
    walk *a = mem_alloc(sizeof *a), *b = mem_alloc(sizeof *b);
    bool ok = walk_begin(a, p, from, e) & walk_begin(b, p, to, e);
    ok = ok && differ(a, b, fn, arg, e);
    walk_end(a);
    walk_end(b);
    free(a);
    free(b);
    return ok;
}
