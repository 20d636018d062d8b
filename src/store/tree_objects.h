// SPDX-License-Identifier: Apache-2.0
// tree_objects: pages of trees as objects of a store. What is put is gathered, and stored many
// pages with one sync; each page is linked to what it names, so a stored root holds its whole
// tree against gc. One thread.
#ifndef STEMMA_STORE_TREE_OBJECTS_H
#define STEMMA_STORE_TREE_OBJECTS_H

#include "store/store.h"
#include "store/tree.h"

typedef struct tree_objects tree_objects;

tree_objects *tree_objects_new(store *s);
void tree_objects_free(tree_objects *t); // what was not flushed is forgotten; NULL is fine
const tree_pages *tree_objects_pages(tree_objects *t);
// All that was put is durable when true. ERR_NOT_FOUND: a file that a page names is not in the
// store.
bool tree_objects_flush(tree_objects *t, err *e);
// Is it the root of a tree that was flushed here? What was stored as somebody's file is none,
// whatever its bytes look like.
bool tree_objects_is_tree(store *s, sha256 digest, bool *yes, err *e);

// A reader of a tree that is stored.
typedef struct tree_open {
    tree_objects *objects;
    tree_reader *reader;
} tree_open;
tree_open tree_objects_open(store *s, sha256 root);
void tree_objects_close(tree_open *o);

#endif
