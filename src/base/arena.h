// SPDX-License-Identifier: Apache-2.0
// Arena: memory that lives and dies together, one a request (design section 3, rule 7). Nothing
// in it is freed by itself; `arena_reset` runs the clean-up hooks in reverse order and keeps
// the first chunk for the next request. Running out of memory aborts. One thread at a time may
// use an arena.
#ifndef STEMMA_BASE_ARENA_H
#define STEMMA_BASE_ARENA_H

#include "base/str.h"

#include <stdarg.h>

typedef struct arena arena;

arena *arena_new(void);
void arena_free(arena *a);  // NULL is fine
void arena_reset(arena *a); // runs hooks, gives back all but a small part

// Zeroed, aligned for any type.
void *arena_alloc(arena *a, size_t n);
// For bytes that the caller writes at once: not zeroed, no alignment.
char *arena_bytes(arena *a, size_t n);
#define ARENA_NEW(a, T)      ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_array((a), sizeof(T), (n)))
void *arena_array(arena *a, size_t size, size_t n); // aborts when size * n overflows

// Copies; the result is also NUL-terminated.
str arena_str(arena *a, str s);
char *arena_cstr(arena *a, str s);
// Two names as one, a NUL between them; of any bytes, which printf would cut at a NUL.
str arena_pair(arena *a, str x, str y);
str arena_printf(arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
str arena_vprintf(arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

// `fn(arg)` runs at reset or free: closes descriptors, gives back leases and connections.
void arena_on_reset(arena *a, void (*fn)(void *), void *arg);

// Bytes handed out since the last reset.
size_t arena_used(const arena *a);

// malloc & co. that abort instead of returning NULL, for long-lived objects.
void *mem_alloc(size_t n); // zeroed
void *mem_realloc(void *p, size_t n);
char *mem_strdup(str s);

#endif
