// SPDX-License-Identifier: Apache-2.0
// diff_ahead: pairs of ranges of objects, read in pieces by a thread that is a few pieces ahead
// of who compares them. One thread asks; memory is that of the pieces.
#ifndef STEMMA_CORE_DIFF_AHEAD_H
#define STEMMA_CORE_DIFF_AHEAD_H

#include "store/store.h"

typedef struct diff_range {
    sha256 object;
    uint64_t offset;
    unsigned width; // bytes of an element
} diff_range;

typedef struct diff_job {
    diff_range was, is;
    uint64_t n;     // elements
    bool same_type; // else equal bytes do not mean equal elements
} diff_job;

typedef struct diff_piece {
    size_t job;
    bool last; // of the job
    bool same; // all of the job is known to be the same; nothing was read
    size_t n;  // elements
    const void *was, *is;
    bool failed; // the job ends here, with this error of one side
    bool of_is;
    err e;
} diff_piece;

typedef struct diff_ahead diff_ahead;
// The jobs must outlive it. ERR_EXHAUSTED: too many at once in this process.
diff_ahead *diff_ahead_start(store *s, const diff_job *jobs, size_t n, err *e);
// The next piece, until the next call; false at the end.
bool diff_ahead_next(diff_ahead *h, diff_piece *out);
void diff_ahead_stop(diff_ahead *h); // NULL is fine

#endif
