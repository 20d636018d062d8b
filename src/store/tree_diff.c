// SPDX-License-Identifier: Apache-2.0
// tree_diff: two ways through two trees at once. Where both are about to enter the same page,
// both pass it; else the one whose page is higher enters, and on the same level both do.
#include "store/tree_internal.h"

#include <stdlib.h>

static bool same_item(const tree_item *a, const tree_item *b) {
    return sha256_eq(a->digest, b->digest) && a->executable == b->executable &&
           a->sum.bytes == b->sum.bytes && str_eq(a->path, b->path);
}

// Both are files, or one is there no more.
static bool tell(tree_walk *a, const tree_item *x, tree_walk *b, const tree_item *y,
                 tree_differs fn, void *arg, err *e) {
    int order = !x ? 1 : !y ? -1 : tree_order(x->path, y->path);
    tree_file was, is;
    if (order <= 0) was = tree_file_of(x);
    if (order >= 0) is = tree_file_of(y);
    bool told = (!order && same_item(x, y)) ||
                fn(arg, order <= 0 ? &was : NULL, order >= 0 ? &is : NULL, e);
    if (order <= 0) tree_walk_pass(a);
    if (order >= 0) tree_walk_pass(b);
    return told;
}

static bool differ(tree_walk *a, tree_walk *b, tree_differs fn, void *arg, err *e) {
    for (;;) {
        unsigned la = 0, lb = 0;
        const tree_item *x = tree_walk_item(a, &la), *y = tree_walk_item(b, &lb);
        if (!x && !y) return true;
        if (!la && !lb) {
            if (!tell(a, x, b, y, fn, arg, e)) return e->code == ERR_NONE;
        } else if (x && y && la == lb && same_item(x, y)) {
            tree_walk_pass(a);
            tree_walk_pass(b);
        } else {
            if (la && la >= lb && !tree_walk_enter(a, e)) return false;
            if (lb && lb >= la && !tree_walk_enter(b, e)) return false;
        }
    }
}

bool tree_diff(const tree_pages *p, sha256 from, sha256 to, tree_differs fn, void *arg,
               err *e) {
    if (sha256_eq(from, to)) return true;
    tree_walk *w = mem_alloc(2 * sizeof *w);
    bool ok = tree_walk_begin(&w[0], p, from, e) && tree_walk_begin(&w[1], p, to, e) &&
              differ(&w[0], &w[1], fn, arg, e);
    tree_walk_free(&w[0]);
    tree_walk_free(&w[1]);
    free(w);
    return ok;
}
