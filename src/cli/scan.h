// SPDX-License-Identifier: Apache-2.0
// scan: the files of a folder that is pushed. What `.stemmaignore` at its top names is left
// out, and `.git`. A symbolic link to a file is followed when the file lies in the folder, or
// in the `blobs` of the Hugging Face cache that the folder is a snapshot of; any other link is
// refused: nobody pushes by accident what lies elsewhere. One thread.
#ifndef STEMMA_CLI_SCAN_H
#define STEMMA_CLI_SCAN_H

#include "base/digest.h"
#include "base/err.h"
#include "store/store.h"

typedef struct scan_file {
    str path; // below the folder
    uint64_t size;
    int64_t mtime_ns, ctime_ns;
    uint64_t inode;
    bool executable;
    bool has_digest; // the rest is for who asked
    sha256 digest;
    const store_chunk_ref *chunks; // of a large one that was hashed; NULL: it goes whole
    size_t n_chunks;
} scan_file;

typedef struct scan {
    str top; // the folder's own path, without links
    scan_file *files;
    size_t n;          // in the order of trees
    size_t collisions; // names that are one with another elsewhere (scan_names)
} scan;

// ERR_INVALID names what is refused: a link that leads out, a name that a tree cannot hold.
// `warn` is told of what is passed over, and of names that collide.
bool scan_folder(arena *a, str folder, void (*warn)(str sentence), scan *out, err *e);
// Tells of names that are one where case, or Unicode forms, are not told apart; how many. The
// files are in the order of trees.
size_t scan_names(const scan_file *files, size_t n, void (*warn)(str sentence));
// The file's path to open.
char *scan_path(arena *a, const scan *s, const scan_file *f);

#endif
