// SPDX-License-Identifier: Apache-2.0
// hash: the digest of a file that is pushed and, of a large one, of its chunks, in one reading.
// Hashing is what takes the time, so a large file's two sums are two threads' work while a
// third reads on; memory is bounded.
#ifndef STEMMA_CLI_HASH_H
#define STEMMA_CLI_HASH_H

#include "cli/scan.h"

typedef struct hash_file hash_file;

hash_file *hash_new(void);
void hash_free(hash_file *h);
// Fills f's digest and chunks, which go to the arena, out of the file that fd reads from its
// beginning. ERR_CONFLICT: the file has another size now. `each` is told of bytes that were
// read; false: give up with ERR_CANCELLED.
bool hash_fd(hash_file *h, arena *a, int fd, scan_file *f, bool (*each)(void *arg, int64_t n),
             void *arg, err *e);

#endif
