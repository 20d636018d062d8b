// SPDX-License-Identifier: Apache-2.0
// cut: where a large file is cut into chunks. A file of weights is cut at the bounds of its
// tensors and every MiB from a tensor's beginning on, so that equal tensors are equal chunks
// wherever they lie; anything else by its content, so that a change moves only the cuts around
// it. Pure: the same bytes are always cut alike, and nothing depends on how: a file's identity
// is the digest of all its bytes. Any thread.
#ifndef STEMMA_STORE_CUT_H
#define STEMMA_STORE_CUT_H

#include "store/store.h"
#include "store/weights.h"

#define CUT_LEAST  (STORE_PACKED + 1u) // a shorter file stays whole
#define CUT_MIN    (256u << 10)        // by content: of a chunk, but for the last
#define CUT_NORMAL (1u << 20)          // about so many; by bounds: exactly, within a tensor
#define CUT_MAX    STORE_PACKED
#define CUT_SMALL  (64u << 10) // by bounds: what is shorter goes with its neighbour

// A stretch of a file that is to have its own chunks: a tensor.
typedef struct cut_stretch {
    uint64_t offset, bytes;
} cut_stretch;

typedef struct cutter {
    uint64_t at;            // where the next chunk begins
    const uint64_t *bounds; // no chunk lies on both sides of one; NULL: by content
    size_t n, next;
} cutter;

// The bounds for a file of `size` bytes whose stretches lie behind a header, in the order of
// offsets and not on top of each other; false, and the file is cut by content, when they do
// not. In the arena.
bool cut_bounds(arena *a, uint64_t header_end, const cut_stretch *s, size_t n, uint64_t size,
                cutter *out);
// The cutter of a file: by the layout that its header tells, or else by content.
cutter cut_file(weights_read read, void *arg, uint64_t size, arena *a);
// How many of the n bytes at p, which follow the chunk before, are the next chunk. n is CUT_MAX
// at least, or all that the file has left; 0 for 0.
size_t cut_next(cutter *c, const void *p, size_t n);

#endif
