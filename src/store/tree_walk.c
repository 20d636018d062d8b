// SPDX-License-Identifier: Apache-2.0
// tree_walk: the way from the root of a tree to an item, for readers and differences.
#include "store/tree_internal.h"

bool tree_walk_begin(tree_walk *w, const tree_pages *p, sha256 root, err *e) {
    *w = (tree_walk){.from = p, .depth = 1};
    for (unsigned i = 0; i < TREE_LEVELS; i++)
        w->way[i].a = arena_new();
    tree_page *page = &w->way[0].page;
    if (!tree_page_get(p, root, w->way[0].a, page, e)) return false;
    return !page->level || page->n > 1 ||
           err_set(e, ERR_CORRUPT, "a tree is damaged: its root has one page below it");
}

void tree_walk_free(tree_walk *w) {
    for (unsigned i = 0; i < TREE_LEVELS; i++)
        arena_free(w->way[i].a);
}

void tree_walk_rewind(tree_walk *w) {
    w->depth = 1;
    w->way[0].at = 0;
}

const tree_item *tree_walk_item(tree_walk *w, unsigned *level) {
    while (w->depth && w->way[w->depth - 1].at == w->way[w->depth - 1].page.n)
        if (--w->depth) w->way[w->depth - 1].at++;
    if (!w->depth) return NULL;
    const tree_page *page = &w->way[w->depth - 1].page;
    *level = page->level;
    return &page->items[w->way[w->depth - 1].at];
}

void tree_walk_pass(tree_walk *w) {
    w->way[w->depth - 1].at++;
}

// Is all on the way the last of its page?
static bool is_last(const tree_walk *w) {
    for (size_t i = 0; i < w->depth; i++)
        if (w->way[i].at + 1 < w->way[i].page.n) return false;
    return true;
}

bool tree_walk_enter(tree_walk *w, err *e) {
    const tree_page *page = &w->way[w->depth - 1].page;
    const tree_item *i = &page->items[w->way[w->depth - 1].at];
    arena *a = w->way[w->depth].a;
    arena_reset(a);
    w->way[w->depth].at = 0;
    if (!tree_page_child(w->from, page->level, i, is_last(w), a, &w->way[w->depth].page, e))
        return false;
    w->depth++;
    return true;
}
