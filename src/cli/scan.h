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

// There may be millions of them: 96 bytes and the path.
typedef struct scan_file {
    str path; // below the folder; a NUL is behind it
    uint64_t size;
    int64_t mtime_ns, ctime_ns;
    uint64_t inode;
    sha256 digest;                 // this and the rest are for who asked
    const store_chunk_ref *chunks; // of a large one that was hashed; NULL: it goes whole
    uint32_t n_chunks;
    bool executable;
    bool has_digest;
    bool as_pushed; // `digest` and `executable` are those of the last push (pushed.h)
} scan_file;

typedef struct scan {
    str top;          // the folder's own path, without links
    scan_file *files; // in the order of trees
    size_t n;
    size_t collisions; // names that are one with another elsewhere (scan_names)
} scan;

// ERR_INVALID names what is refused: a link that leads out, a name that a tree cannot hold.
// `warn` is told of what is passed over, and of names that collide. The files live as long as
// the arena.
bool scan_folder(arena *a, str folder, void (*warn)(str sentence), scan *out, err *e);
// Tells of names that are one where case, or Unicode forms, are not told apart; how many. The
// files are in the order of trees.
size_t scan_names(const scan_file *files, size_t n, void (*warn)(str sentence));

#endif
