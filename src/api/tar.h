// SPDX-License-Identifier: Apache-2.0
// tar: headers of POSIX archives (ustar; pax records for what it can not say: long paths, paths
// beyond ASCII, sizes from 8 GiB). Pure; any thread.
#ifndef STEMMA_API_TAR_H
#define STEMMA_API_TAR_H

#include "base/buf.h"

#define TAR_BLOCK 512

typedef struct tar_entry {
    str path; // without a slash at its end
    bool is_dir;
    uint64_t size; // 0 for folders
    int64_t mtime_s;
} tar_entry;

void tar_header(buf *out, const tar_entry *f);
void tar_padding(buf *out, uint64_t size); // behind a file's bytes
void tar_end(buf *out);

#endif
