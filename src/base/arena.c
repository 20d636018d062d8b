// SPDX-License-Identifier: Apache-2.0
// arena: a list of chunks handed out from the front. The arena itself stands at the start of
// its first chunk.
//
// I1  `chunks` lists every chunk but the first; the one that is being filled is the first chunk
// or one of them. I2  [p, end) is free, belongs to the chunk being filled, and its start is
// aligned after arena_alloc only. I3  a large allocation gets a chunk of its own and does not
// change [p, end), so little of a chunk is wasted. I4  with AddressSanitizer the free part is
// poisoned, and so is a gap behind each allocation: writing past one, or
//     using it after the reset, is reported as it would be for malloc.
// One thread at a time.
#include "base/arena.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_GAP            16u
#define arena_poison(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define arena_unpoison(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define ARENA_GAP            0u
#define arena_poison(p, n)   ((void)(p), (void)(n))
#define arena_unpoison(p, n) ((void)(p), (void)(n))
#endif

enum {
    ARENA_ALIGN = 16,
    ARENA_FIRST = 32 << 10, // kept by a reset: enough for nearly every request
    ARENA_LAST = 1 << 20,   // chunks double up to this
};

typedef struct arena_chunk {
    struct arena_chunk *next;
    size_t size; // bytes of memory, this header among them
} arena_chunk;

typedef struct arena_hook {
    struct arena_hook *next; // the one added before
    void (*fn)(void *);
    void *arg;
} arena_hook;

struct arena {
    char *p, *end;       // free part of the chunk being filled
    arena_chunk *chunks; // all but the first; newest first
    arena_hook *hooks;   // newest first
    size_t used;         // bytes asked for since the reset
    size_t next_size;    // of the next chunk
};

static size_t align_up(size_t n) {
    return (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

_Noreturn static void no_memory(size_t n) {
    fprintf(stderr, "stemma: out of memory (%zu bytes asked for)\n", n);
    abort();
}

void *mem_alloc(size_t n) {
    void *p = calloc(1, n ? n : 1);
    if (!p) no_memory(n);
    return p;
}

void *mem_realloc(void *p, size_t n) {
    void *q = realloc(p, n ? n : 1);
    if (!q) no_memory(n);
    return q;
}

char *mem_strdup(str s) {
    char *p = mem_realloc(NULL, s.n + 1);
    if (s.n) memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

static void arena_begin(arena *a) {
    a->p = (char *)a + align_up(sizeof *a);
    a->end = (char *)a + ARENA_FIRST;
    a->chunks = NULL;
    a->hooks = NULL;
    a->used = 0;
    a->next_size = 2 * (size_t)ARENA_FIRST;
    arena_poison(a->p, (size_t)(a->end - a->p));
}

arena *arena_new(void) {
    arena *a = mem_realloc(NULL, ARENA_FIRST);
    arena_begin(a);
    return a;
}

// A hook may add hooks and allocate; hence the loop over the head instead of a walk.
static void run_hooks(arena *a) {
    while (a->hooks) {
        arena_hook *h = a->hooks;
        a->hooks = h->next;
        h->fn(h->arg);
    }
}

static void free_chunks(arena *a) {
    while (a->chunks) {
        arena_chunk *c = a->chunks;
        a->chunks = c->next;
        arena_unpoison(c, c->size);
        free(c);
    }
}

void arena_reset(arena *a) {
    run_hooks(a);
    free_chunks(a);
    arena_begin(a);
}

void arena_free(arena *a) {
    if (!a) return;
    run_hooks(a);
    free_chunks(a);
    arena_unpoison(a, (size_t)ARENA_FIRST);
    free(a);
}

static char *chunk_new(arena *a, size_t room) {
    size_t size;
    if (__builtin_add_overflow(room, align_up(sizeof(arena_chunk)), &size)) no_memory(room);
    arena_chunk *c = mem_realloc(NULL, size);
    c->size = size;
    c->next = a->chunks;
    a->chunks = c;
    char *p = (char *)c + align_up(sizeof *c);
    arena_poison(p, room);
    return p;
}

// `n` bytes do not fit behind a->p.
static char *slow_take(arena *a, size_t n) {
    size_t with_gap;
    if (__builtin_add_overflow(n, (size_t)ARENA_GAP, &with_gap)) no_memory(n);
    if (with_gap > a->next_size / 4) return chunk_new(a, with_gap);
    size_t room = a->next_size;
    char *p = chunk_new(a, room);
    a->end = p + room;
    a->p = p + with_gap;
    if (a->next_size < ARENA_LAST) a->next_size *= 2;
    return p;
}

static inline char *take(arena *a, size_t n, size_t align) {
    size_t pad = -(uintptr_t)a->p & (align - 1);
    size_t left = (size_t)(a->end - a->p);
    char *p;
    if (left >= pad + ARENA_GAP && n <= left - pad - ARENA_GAP) {
        p = a->p + pad;
        a->p = p + n + ARENA_GAP;
    } else {
        p = slow_take(a, n);
    }
    a->used += n;
    arena_unpoison(p, n);
    return p;
}

void *arena_alloc(arena *a, size_t n) {
    char *p = take(a, n, ARENA_ALIGN);
    memset(p, 0, n);
    return p;
}

char *arena_bytes(arena *a, size_t n) {
    // Poisoning works in units of eight bytes, so the sanitizer wants starts at such.
    return take(a, n, ARENA_GAP ? 8 : 1);
}

void *arena_array(arena *a, size_t size, size_t n) {
    size_t total;
    if (__builtin_mul_overflow(size, n, &total)) no_memory(SIZE_MAX);
    return arena_alloc(a, total);
}

char *arena_cstr(arena *a, str s) {
    BUG_ON(s.n == SIZE_MAX);
    char *p = arena_bytes(a, s.n + 1);
    if (s.n) memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

str arena_str(arena *a, str s) {
    return (str){arena_cstr(a, s), s.n};
}

str arena_pair(arena *a, str x, str y) {
    size_t n = x.n + 1 + y.n;
    BUG_ON(n < x.n || n < y.n);
    char *p = arena_bytes(a, n);
    if (x.n) memcpy(p, x.p, x.n);
    p[x.n] = 0;
    if (y.n) memcpy(p + x.n + 1, y.p, y.n);
    return (str){p, n};
}

str arena_vprintf(arena *a, const char *fmt, va_list ap) {
    char small[256]; // most texts fit, so that printf runs once
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    BUG_ON(n < 0);
    char *p = arena_bytes(a, (size_t)n + 1);
    if ((size_t)n < sizeof small)
        memcpy(p, small, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (str){p, (size_t)n};
}

str arena_printf(arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

void arena_on_reset(arena *a, void (*fn)(void *), void *arg) {
    arena_hook *h = ARENA_NEW(a, arena_hook);
    *h = (arena_hook){a->hooks, fn, arg};
    a->hooks = h;
}

size_t arena_used(const arena *a) {
    return a->used;
}
