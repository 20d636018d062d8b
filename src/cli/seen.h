// SPDX-License-Identifier: Apache-2.0
// seen: which of many things are equal, in about 12 bytes a thing: it keeps the numbers of the
// things and half of their hashes, and what a thing is, the caller knows. One thread.
#ifndef STEMMA_CLI_SEEN_H
#define STEMMA_CLI_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct seen {
    uint64_t *slots; // NULL at first
    size_t n, room;
} seen;

// The number of an earlier thing that has this hash (map_hash's) and of which same(arg, its
// number) is true. Else `number`, which is added: the thing is new.
uint32_t seen_add(seen *s, uint64_t hash, uint32_t number,
                  bool (*same)(void *arg, uint32_t earlier), void *arg);
void seen_free(seen *s);

#endif
