// SPDX-License-Identifier: Apache-2.0
// What the files of the tree share: a page in memory, and the rule that splits pages.
#ifndef STEMMA_STORE_TREE_INTERNAL_H
#define STEMMA_STORE_TREE_INTERNAL_H

#include "store/tree.h"

#include "base/buf.h"

#define TREE_MAGIC "stmtree1" // a page begins so

enum {
    TREE_LEVELS = 20,      // no tree is higher (tree_page.c says why)
    TREE_ITEMS_MAX = 1024, // in a page
    TREE_PAGE_FULL = 32768 // bytes after which a page takes no further item
};
_Static_assert(TREE_PAGE_FULL + TREE_PATH_MAX + 64 < TREE_PAGE_MAX, "a page never overflows");

// Of a leaf (level 0): a file. Above: a page of the level below; `path` is its last one.
typedef struct tree_item {
    str path;
    sha256 digest;
    tree_sum sum; // of a file: 1 and its size
    bool executable;
} tree_item;

typedef struct tree_page {
    unsigned level;
    size_t n;
    const tree_item *items;
    size_t bytes;
} tree_page;

// Is the n-th item of a page (counted from 1), with `bytes` in the page so far, its last one?
bool tree_ends_page(unsigned level, str path, size_t n, size_t bytes);

void tree_page_begin(buf *out, unsigned level);
// `before` is the path of the item before it in the page; empty for the first.
void tree_page_add(buf *out, unsigned level, str before, const tree_item *i);
void tree_page_finish(buf *out, size_t n);

// Gets a page, checks its digest and all in it. Its items live in the arena.
bool tree_page_get(const tree_pages *p, sha256 digest, arena *a, tree_page *out, err *e);
// The same of bytes at hand.
bool tree_page_read(str bytes, arena *a, tree_page *out, err *e);
// Gets the page that an item of a page of `level` names: what the item says of it must be true,
// and it must end by the rule unless it is the last one of its level.
bool tree_page_child(const tree_pages *p, unsigned level, const tree_item *i, bool last,
                     arena *a, tree_page *out, err *e);

// Is `path` in the folder?
bool tree_is_in(str path, str folder);
// May b follow a? Behind it in tree order, and not in a folder of the same name as the file a.
bool tree_may_follow(str a, str b);

// ---- a way from the root to an item (tree_walk.c) -------------------------------------------
// A page a level, each in an arena of its own; a page is read when the way enters it.
typedef struct tree_walk {
    const tree_pages *from;
    struct {
        arena *a;
        tree_page page;
        size_t at; // the item that comes next, or whose page is the next step
    } way[TREE_LEVELS];
    size_t depth; // 0: at the end
} tree_walk;

// Stands before the first item of the root. To be freed in each case.
bool tree_walk_begin(tree_walk *w, const tree_pages *p, sha256 root, err *e);
void tree_walk_free(tree_walk *w);
void tree_walk_rewind(tree_walk *w); // to the first item of the root
// The item that is next, a file (*level 0) or a page that was not entered; NULL at the end.
const tree_item *tree_walk_item(tree_walk *w, unsigned *level);
void tree_walk_pass(tree_walk *w);
bool tree_walk_enter(tree_walk *w, err *e); // the page of that item
static inline tree_file tree_file_of(const tree_item *i) {
    return (tree_file){i->path, i->sum.bytes, i->digest, i->executable};
}

// ---- the writer's inside (tree_write.c), for edits ------------------------------------------
// Takes an item of a page of `level` as it is: what it names ends a page by the rule, and the
// levels below are aligned.
bool tree_write_keep(tree_write *w, unsigned level, const tree_item *i, err *e);
bool tree_write_is_aligned(const tree_write *w, unsigned level); // are the levels below empty?

#endif
