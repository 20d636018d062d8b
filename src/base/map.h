// SPDX-License-Identifier: Apache-2.0
// map: byte strings to pointers, open addressing, insertion order kept for iteration. Lives in
// an arena and borrows its keys (they must outlive the map). Hostile keys are harmless: the
// hash is seeded once a process.
#ifndef STEMMA_BASE_MAP_H
#define STEMMA_BASE_MAP_H

#include "base/arena.h"

typedef struct map_entry {
    str key;
    uint64_t hash;
    void *value;
} map_entry;

typedef struct map {
    arena *a;
    map_entry *entries; // in the order of insertion; n of them
    uint32_t *slots;    // 0 = empty, else entry index + 1
    size_t n, cap;
} map;

map map_new(arena *a);
void *map_get(const map *m, str key); // NULL when absent
// The place of the key's value, inserted as NULL when it was absent (`*added` says so; may be
// NULL).
void **map_at(map *m, str key, bool *added);

// The seeded hash (XXH3), for other tables that meet hostile keys.
uint64_t map_hash(str key);

#endif
