// SPDX-License-Identifier: Apache-2.0
// content: what a version is: a sealed tree of files with its kind and configuration. Its
// digest is that of a small record (content/1, docs/formats-tree.md) that names the tree's
// root, so the same files are the same content on every server, whoever published them when.
// The record is an object that holds its tree against gc.
#ifndef STEMMA_CORE_CONTENT_H
#define STEMMA_CORE_CONTENT_H

#include "core/core.h"
#include "store/tree.h"

typedef struct content {
    sha256 digest;
    sha256 tree;
    uint64_t files, bytes;
} content;

#define CONTENT_FILES_MAX 1000000 // of an artifact folder that is sealed in one call
// Bytes of a content's record up to its configuration; the last 32 are the tree's root.
#define CONTENT_RECORD_HEAD (8 + 4 + sizeof(sha256))

// Seals what is at a path of the artifact tree: a folder's files, or a file alone. `kind` is a
// repo_kind. *found is false, and nothing is sealed, when nothing is there.
bool content_seal_artifacts(ctx *c, unsigned kind, str path, content *out, bool *found, err *e);

// Seals files of a few texts that the server itself writes (a prompt, a release), of
// STORE_PACKED bytes each at most; the paths differ. It is the content that a push of the same
// files makes, and asks for nothing that the workspace has sent.
typedef struct content_text {
    str path, text;
} content_text;
bool content_seal_texts(ctx *c, unsigned kind, const content_text *files, size_t n,
                        content *out, err *e);

// ---- pushing --------------------------------------------------------------------------------
// A tree is made by changes to another, a content of a tree. The bytes of files travel before,
// in this form (docs/formats-native.md): a magic, then of each object its head and its bytes.
#define CONTENT_OBJECTS_TYPE  "application/vnd.stemma.objects"
#define CONTENT_OBJECTS_MAGIC "stmobjs1"
#define CONTENT_OBJECT_HEAD   (sizeof(sha256) + 8) // the digest, how many bytes
// A large file may be its chunks, objects that were sent so: a magic, then of each chunk its
// digest and its bytes.
#define CONTENT_CHUNKS_TYPE  "application/vnd.stemma.chunks"
#define CONTENT_CHUNKS_MAGIC "stmchnk1"
#define CONTENT_CHUNK        (sizeof(sha256) + 4)
// Of one call; more are as many calls, each on the tree before.
#define CONTENT_CHANGES_MAX 50000

// A tree with changes, in any order, to `base` (NULL: a tree of no files). Each file is in the
// store, with that size; ERR_NOT_FOUND names one that is not. A base is a tree that was made
// here: what was stored as somebody's file is none, whatever its bytes look like.
bool content_edit(ctx *c, const sha256 *base, tree_change *changes, size_t n, sha256 *tree,
                  tree_sum *sum, err *e);
// Files and bytes of such a tree; ERR_NOT_FOUND when it is none.
bool content_measure(ctx *c, sha256 tree, tree_sum *sum, err *e);
// Seals such a tree, whose measure this is. ERR_INVALID when it has no files.
bool content_seal_tree(ctx *c, unsigned kind, sha256 tree, const tree_sum *sum, content *out,
                       err *e);
// All files in tree order behind the path `after` (p NULL: from the first), at most max.
bool content_files(ctx *c, sha256 tree, str after, size_t max, tree_file **out, size_t *n,
                   err *e);

// ---- who may know of what (content_seen.c) --------------------------------------------------
// Notes that the workspace has sent these objects or made these trees.
bool content_sent(ctx *c, const sha256 *digests, size_t n, err *e);
// May the workspace know of them: has it sent them lately, or do its files or versions hold
// them? All true while there is one workspace only.
bool content_seen(ctx *c, const sha256 *digests, size_t n, bool *out, err *e);
// The sizes of objects in the store that the workspace may know of, -1 of all others.
bool content_find(ctx *c, const sha256 *digests, size_t n, int64_t *sizes, err *e);
bool content_clean(core *c, size_t *n, err *e); // a bounded step

// ---- reading --------------------------------------------------------------------------------
// Reads a file of a tree, or lists a folder of it; as the artifact tree does (artifact.h).
typedef struct content_entry {
    str name;
    bool is_dir;
    uint64_t size;
    sha256 digest;
} content_entry;
// ERR_NOT_FOUND. `path` empty: the tree itself.
bool content_get(ctx *c, sha256 tree, str path, content_entry *out, err *e);
// In tree order behind the child named `after` (p NULL: from the first), at most max.
bool content_list(ctx *c, sha256 tree, str path, str after, size_t max, content_entry **out,
                  size_t *n, err *e);

// ---- is it whole? ---------------------------------------------------------------------------
// Called for what is missing or damaged: a file's path, or empty for the content as a whole.
typedef void content_bad(void *arg, str path, const char *what);
typedef struct content_step {
    uint64_t files, bytes; // that were checked
    str next;              // the path to go on behind; p NULL: all were
} content_step;
// A step of checking it, behind the path `after` (p NULL: from the start, with its record and
// tree): is each file there, and with `bytes` also, are they what its digest says? A step is of
// a few thousand files, or of 1 GiB and the file that it ends in.
bool content_check_step(ctx *c, const content *of, str after, bool bytes, content_bad *bad,
                        void *arg, content_step *out, err *e);

#endif
