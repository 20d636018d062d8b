// SPDX-License-Identifier: Apache-2.0
// stmt_cache: which statements a connection has prepared, by the address of the query and a
// variant number. Open addressing with linear probing, at most half full. One thread at a time,
// the one that has the connection.
#include "db/db_internal.h"

#include <stdlib.h>

static size_t place(const stmt_cache *c, const db_query *q, unsigned variant) {
    uint64_t h = ((uint64_t)(uintptr_t)q + variant) * 0x9e3779b97f4a7c15u;
    return (size_t)(h >> 32) & (c->cap - 1);
}

stmt_key *stmt_cache_get(const stmt_cache *c, const db_query *q, unsigned variant) {
    if (!c->cap) return NULL;
    for (size_t i = place(c, q, variant);; i = (i + 1) & (c->cap - 1)) {
        stmt_key *k = c->slots[i];
        if (!k || (k->q == q && k->variant == variant)) return k;
    }
}

static void insert(stmt_cache *c, stmt_key *k) {
    size_t i = place(c, k->q, k->variant);
    while (c->slots[i])
        i = (i + 1) & (c->cap - 1);
    c->slots[i] = k;
    c->n++;
}

static void rebuild(stmt_cache *c, size_t cap, const stmt_key *without) {
    stmt_cache old = *c;
    *c = (stmt_cache){mem_alloc(cap * sizeof(stmt_key *)), 0, cap};
    for (size_t i = 0; i < old.cap; i++) {
        if (old.slots[i] && old.slots[i] != without) insert(c, old.slots[i]);
    }
    free(old.slots);
}

void stmt_cache_add(stmt_cache *c, stmt_key *k) {
    if (c->n * 2 >= c->cap) rebuild(c, c->cap ? c->cap * 2 : 64, NULL);
    insert(c, k);
}

void stmt_cache_remove(stmt_cache *c, const stmt_key *k) {
    rebuild(c, c->cap, k);
}

void stmt_cache_clear(stmt_cache *c, void (*fn)(stmt_key *)) {
    for (size_t i = 0; i < c->cap; i++) {
        if (c->slots[i]) fn(c->slots[i]);
    }
    free(c->slots);
    *c = (stmt_cache){0};
}
