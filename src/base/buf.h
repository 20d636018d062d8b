// SPDX-License-Identifier: Apache-2.0
// buf: a growing run of bytes that was given a maximum at birth. Going past the maximum does
// not write and sets `full`, which the caller checks once at the end. Memory is malloc'd;
// `buf_free` gives it back.
#ifndef STEMMA_BASE_BUF_H
#define STEMMA_BASE_BUF_H

#include "base/str.h"

typedef struct buf {
    char *p;
    size_t n, cap;
    size_t max; // never more than this many bytes
    bool full;  // something did not fit
} buf;

#define BUF_MAX(m) ((buf){.max = (m)})

void buf_free(buf *b);  // leaves an empty buffer with the same maximum
void buf_clear(buf *b); // forgets the bytes and `full`, keeps the memory
// Room for `n` more bytes at the end, NULL when they would pass the maximum. The caller adds to
// b->n what it wrote.
char *buf_room(buf *b, size_t n);
void buf_add(buf *b, const void *p, size_t n);
void buf_printf(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(buf *b, size_t n); // removes n bytes at the front

static inline void buf_str(buf *b, str s) {
    buf_add(b, s.p, s.n);
}
static inline void buf_byte(buf *b, char c) {
    if (b->n < b->cap)
        b->p[b->n++] = c;
    else
        buf_add(b, &c, 1);
}
static inline str buf_view(const buf *b) {
    return (str){b->p, b->n};
} // until the next change

// Fixed-width little-endian, for our binary formats.
void buf_u16(buf *b, uint16_t v);
void buf_u32(buf *b, uint32_t v);
void buf_u64(buf *b, uint64_t v);
// LEB128, and zigzag LEB128. Reading refuses forms that are longer than need be.
void buf_uvar(buf *b, uint64_t v);
void buf_ivar(buf *b, int64_t v);

// Reads what the above wrote; every read is checked. After a failed read `bad` stays set and
// values are 0.
typedef struct cur {
    const uint8_t *p, *end;
    bool bad;
} cur;

static inline cur cur_of(str s) {
    const uint8_t *p = (const uint8_t *)(s.n ? s.p : "");
    return (cur){p, p + s.n, false};
}
static inline size_t cur_left(const cur *c) {
    return (size_t)(c->end - c->p);
}
uint8_t cur_u8(cur *c);
uint16_t cur_u16(cur *c);
uint32_t cur_u32(cur *c);
uint64_t cur_u64(cur *c);
uint64_t cur_uvar(cur *c);
int64_t cur_ivar(cur *c);
str cur_take(cur *c, size_t n);

#endif
