// SPDX-License-Identifier: Apache-2.0
// map: entries in the order of insertion, and beside them a table of slots with linear probing
// that is at most half full. Nothing is ever removed, so a probe ends at the first empty slot.
// The hash is XXH3 with a secret drawn once a process: whoever does not know it can not make
// keys collide. A map belongs to one thread; map_hash is for any.
#include "base/map.h"

#include "base/err.h"
#include "base/id.h"

#include <pthread.h>
#define XXH_INLINE_ALL // short keys: the call would cost as much as the hash
#include <xxhash.h>

static unsigned char secret[XXH3_SECRET_SIZE_MIN + 56]; // 192 bytes, XXH3's own default
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;

static void secret_make(void) {
    random_bytes(secret, sizeof secret);
}

uint64_t map_hash(str key) {
    pthread_once(&secret_once, secret_make);
    return XXH3_64bits_withSecret(key.n ? key.p : "", key.n, secret, sizeof secret);
}

map map_new(arena *a) {
    return (map){.a = a};
}

static size_t slot_count(const map *m) {
    return m->cap * 2;
}

// The slot of the key, or the empty slot where it belongs.
static uint32_t *find(const map *m, str key, uint64_t hash) {
    size_t mask = slot_count(m) - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t at = m->slots[i];
        if (!at) return &m->slots[i];
        const map_entry *e = &m->entries[at - 1];
        if (e->hash == hash && str_eq(e->key, key)) return &m->slots[i];
    }
}

void *map_get(const map *m, str key) {
    if (!m->n) return NULL;
    uint32_t at = *find(m, key, map_hash(key));
    return at ? m->entries[at - 1].value : NULL;
}

static void grow(map *m) {
    size_t cap = m->cap ? m->cap * 2 : 8;
    BUG_ON(cap > UINT32_MAX / 2);
    map_entry *entries = ARENA_ARRAY(m->a, map_entry, cap);
    if (m->n) memcpy(entries, m->entries, m->n * sizeof *entries);
    m->entries = entries;
    m->cap = cap;
    m->slots = ARENA_ARRAY(m->a, uint32_t, slot_count(m));
    size_t mask = slot_count(m) - 1;
    for (size_t e = 0; e < m->n; e++) {
        size_t i = entries[e].hash & mask;
        while (m->slots[i])
            i = (i + 1) & mask;
        m->slots[i] = (uint32_t)e + 1;
    }
}

void **map_at(map *m, str key, bool *added) {
    if (m->n == m->cap) grow(m);
    uint64_t hash = map_hash(key);
    uint32_t *slot = find(m, key, hash);
    if (added) *added = !*slot;
    if (!*slot) {
        m->entries[m->n] = (map_entry){key, hash, NULL};
        *slot = (uint32_t)++m->n;
    }
    return &m->entries[*slot - 1].value;
}
