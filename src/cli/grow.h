// SPDX-License-Identifier: Apache-2.0
// Typed lists of what there may be millions of: GROW(int) v = {0}; grow_push(&v, 7); v.p[0];
// v.n; grow_free(&v). They grow by realloc, which moves no bytes of a large one; a VEC leaves
// all that it was before in its arena, as much again.
#ifndef STEMMA_CLI_GROW_H
#define STEMMA_CLI_GROW_H

#include "base/arena.h"
#include "base/err.h"

#include <stdlib.h>

#define GROW(T)                                                                                \
    struct {                                                                                   \
        T *p;                                                                                  \
        size_t n, cap;                                                                         \
    }

#define grow_push(v, ...)                                                                      \
    ((v)->p = grow_room((v)->p, (v)->n, &(v)->cap, sizeof *(v)->p),                            \
     (v)->p[(v)->n++] = (__VA_ARGS__))

#define grow_free(v) (free((v)->p), (v)->p = NULL, (v)->n = (v)->cap = 0)

// Room for one more element behind the n that are there.
static inline void *grow_room(void *p, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return p;
    size_t more = *cap ? *cap * 2 : 8, bytes;
    BUG_ON(__builtin_mul_overflow(more, size, &bytes));
    *cap = more;
    return mem_realloc(p, bytes);
}

#endif
