// SPDX-License-Identifier: Apache-2.0
// The input of a fuzzer as a file that is read by places: a read beyond its end is a bug of who reads.
#ifndef STEMMA_TESTS_FUZZ_INPUT_H
#define STEMMA_TESTS_FUZZ_INPUT_H

#include "base/err.h"
#include "base/str.h"

#include <string.h>

static bool read_input(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    const str *in = arg;
    (void)e;
    BUG_ON(offset > in->n || n > in->n - offset);
    if (n) memcpy(p, in->p + offset, n);
    return true;
}

#endif
