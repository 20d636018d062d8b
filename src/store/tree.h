// SPDX-License-Identifier: Apache-2.0
// tree: a set of files, each a path with its size, digest and executable bit, as pages that are
// named by their SHA-256 (tree/1; docs/formats-tree.md has it byte by byte, and it is frozen).
// The split into pages depends on nothing but the set, so that any order of edits gives the
// same root, and equal parts of two trees are the same pages: an edit, a difference and a
// listing cost what they touch, not what is there.
//
// Tree order: bytes of the paths, with '/' before every other byte, so that all that is in a
// folder stands together, right behind a file that would have the folder's name (which is
// refused). Every page that is read is checked wholly: a hostile one is an error (ERR_CORRUPT).
// No state is shared; any thread may call.
#ifndef STEMMA_STORE_TREE_H
#define STEMMA_STORE_TREE_H

#include "base/digest.h"
#include "base/err.h"

#define TREE_PATH_MAX 4096u  // bytes of a path
#define TREE_NAME_MAX 255u   // bytes of one name in it
#define TREE_PAGE_MAX 65536u // bytes of a page; fewer in fact

typedef struct tree_file {
    str path;
    uint64_t size;
    sha256 digest;
    bool executable;
} tree_file;

// Where pages come from and go to. `get` may give wrong bytes: the digest is checked here. What
// it gives lives in the arena.
typedef struct tree_pages {
    bool (*get)(void *arg, sha256 page, arena *a, str *bytes, err *e);
    bool (*put)(void *arg, sha256 page, str bytes, err *e);
    void *arg;
} tree_pages;

typedef struct tree_sum {
    uint64_t files, bytes;
} tree_sum;

// A path is valid text of names that '/' separates: none empty, "." or "..", no control
// character, no more than the maxima.
bool tree_check_path(str path, err *e);
int tree_order(str a, str b);

// ---- writing --------------------------------------------------------------------------------
typedef struct tree_write tree_write;
tree_write *tree_write_new(const tree_pages *p);
// Strictly in tree order, else ERR_INVALID.
bool tree_write_add(tree_write *w, const tree_file *f, err *e);
bool tree_write_end(tree_write *w, sha256 *root, err *e); // frees w in each case
void tree_write_free(tree_write *w);                      // gives up; NULL is fine

// The tree with changes: a file to be there in place of what was, or none to be there any more.
typedef struct tree_change {
    tree_file file;
    bool removed; // nothing of `file` but its path is read; it may be missing already
} tree_change;
// Changes strictly in tree order.
bool tree_edit(const tree_pages *p, sha256 root, const tree_change *c, size_t n, sha256 *out,
               err *e);

// ---- reading --------------------------------------------------------------------------------
typedef struct tree_reader tree_reader;
tree_reader *tree_reader_new(const tree_pages *p, sha256 root);
void tree_reader_free(tree_reader *r); // NULL is fine
// At first the reader stands before the first file. Afterwards before the first one at or
// behind `path`, or behind all in folder `path`.
bool tree_seek(tree_reader *r, str path, err *e);
bool tree_seek_behind(tree_reader *r, str folder, err *e);
// The next file, until the reader moves again. False at the end, and on an error: then e->code
// is not ERR_NONE.
bool tree_next(tree_reader *r, tree_file *f, err *e);

// The next thing directly in a folder ("" for all): a file, or a folder, named by its whole
// path, and what is in it. The folder is the same in each call; begin with tree_seek(r,
// folder).
typedef struct tree_child {
    bool is_folder;
    tree_file file; // of a folder only its path
    tree_sum sum;   // of a file: itself
} tree_child;
bool tree_next_child(tree_reader *r, str folder, tree_child *c, err *e);

// What is in a folder ("": in all of the tree); none when it is not there.
bool tree_measure(tree_reader *r, str folder, tree_sum *sum, err *e);

// Calls fn for each path that is not the same in both, in tree order; `was` or `is` is NULL
// where there is none. It ends when fn returns false.
typedef bool (*tree_differs)(void *arg, const tree_file *was, const tree_file *is, err *e);
bool tree_diff(const tree_pages *p, sha256 from, sha256 to, tree_differs fn, void *arg, err *e);

// Calls fn for each page that is in `root`, the root's first; pages for which it returns false
// are not entered. For transfer and gc.
typedef bool (*tree_enter)(void *arg, sha256 page, unsigned level, err *e);
bool tree_each_page(const tree_pages *p, sha256 root, tree_enter fn, void *arg, err *e);

#endif
