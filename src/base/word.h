// SPDX-License-Identifier: Apache-2.0
// word: eight bytes at once, wherever they stand, the first one lowest. Pure; any thread.
#ifndef STEMMA_BASE_WORD_H
#define STEMMA_BASE_WORD_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t word_load(const void *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

static inline void word_store(void *p, uint64_t v) {
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}

#endif
