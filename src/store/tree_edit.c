// SPDX-License-Identifier: Apache-2.0
// tree_edit: the old tree and the changes, both in tree order, are merged into a new tree. A
// page without changes becomes an item of the new tree as it is, where the writer stands at the
// beginning of a page too: from there on the rule would split it the same. The last page of
// each level is always taken apart, since it may have ended for want of more; and so is the
// page behind a file that a change added, which may have the name of a folder in it.
#include "store/tree_internal.h"

typedef struct edit {
    const tree_pages *p;
    tree_write *w;
    const tree_change *at, *end;
    bool added;            // a change added the file that was written last
    arena *a[TREE_LEVELS]; // of the page that is open at that level
} edit;

static bool change_now(edit *x, err *e) {
    const tree_change *c = x->at++;
    if (x->at < x->end && tree_order(c->file.path, x->at->file.path) >= 0)
        return err_set(e, ERR_INVALID, "changes of a tree are not in tree order");
    if (c->removed) return true;
    x->added = true;
    return tree_write_add(x->w, &c->file, e);
}

static bool copy_file(edit *x, const tree_item *i, err *e) {
    tree_file f = tree_file_of(i);
    x->added = false;
    return tree_write_add(x->w, &f, e);
}

static bool copy_leaf(edit *x, const tree_page *page, err *e) {
    for (size_t k = 0; k < page->n; k++) {
        const tree_item *i = &page->items[k];
        int order = 1;
        while (x->at < x->end && (order = tree_order(x->at->file.path, i->path)) < 0)
            if (!change_now(x, e)) return false;
        bool replaced = x->at < x->end && !order;
        if (!(replaced ? change_now(x, e) : copy_file(x, i, e))) return false;
    }
    return true;
}

static bool has_changes_upto(const edit *x, str path) {
    return x->at < x->end && tree_order(x->at->file.path, path) <= 0;
}

static bool copy_page(edit *x, const tree_page *page, bool last, err *e);

static bool copy_child(edit *x, unsigned level, const tree_item *i, bool last, err *e) {
    if (!last && !x->added && !has_changes_upto(x, i->path) &&
        tree_write_is_aligned(x->w, level))
        return tree_write_keep(x->w, level, i, e);
    tree_page child;
    arena **a = &x->a[level - 1];
    if (*a) arena_reset(*a);
    if (!*a) *a = arena_new();
    return tree_page_child(x->p, level, i, last, *a, &child, e) &&
           copy_page(x, &child, last, e);
}

static bool copy_page(edit *x, const tree_page *page, bool last, err *e) {
    if (!page->level) return copy_leaf(x, page, e);
    for (size_t k = 0; k < page->n; k++)
        if (!copy_child(x, page->level, &page->items[k], last && k + 1 == page->n, e))
            return false;
    return true;
}

static bool merge(edit *x, sha256 root, err *e) {
    tree_page page;
    arena *a = arena_new();
    bool ok = tree_page_get(x->p, root, a, &page, e) && copy_page(x, &page, true, e);
    while (ok && x->at < x->end)
        ok = change_now(x, e);
    arena_free(a);
    return ok;
}

bool tree_edit(const tree_pages *p, sha256 root, const tree_change *c, size_t n, sha256 *out,
               err *e) {
    edit x = {.p = p, .w = tree_write_new(p), .at = c, .end = c + n};
    bool ok = merge(&x, root, e);
    for (int i = 0; i < TREE_LEVELS; i++)
        arena_free(x.a[i]);
    if (ok) return tree_write_end(x.w, out, e);
    tree_write_free(x.w);
    return false;
}
