// SPDX-License-Identifier: Apache-2.0
// Typed vectors in an arena: VEC(int) v = {0}; vec_push(a, &v, 7); v.p[0]; v.n. They double by
// copying within the arena, so they fit lists that live as long as the request. No maximum of
// their own: bound what you push.
#ifndef STEMMA_BASE_VEC_H
#define STEMMA_BASE_VEC_H

#include "base/arena.h"

#define VEC(T)                                                                                 \
    struct {                                                                                   \
        T *p;                                                                                  \
        size_t n, cap;                                                                         \
    }

#define vec_push(a, v, ...)                                                                    \
    (vec_reserve((a), (void **)&(v)->p, (v)->n, &(v)->cap, sizeof *(v)->p),                    \
     (v)->p[(v)->n++] = (__VA_ARGS__))

// Room for one more element behind the n that are there.
static inline void vec_reserve(arena *a, void **p, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return;
    size_t more = *cap ? *cap * 2 : 8;
    void *q = arena_array(a, size, more);
    if (n) memcpy(q, *p, n * size);
    *p = q;
    *cap = more;
}

#endif
