// SPDX-License-Identifier: Apache-2.0
// buf: growing bytes with a maximum, and the fixed-width and variable-width integers of our
// binary formats. Also cur, which reads them back and believes nothing. A buf or cur belongs to
// one thread at a time.
#include "base/buf.h"

#include "base/arena.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

void buf_free(buf *b) {
    free(b->p);
    *b = BUF_MAX(b->max);
}

void buf_clear(buf *b) {
    b->n = 0;
    b->full = false;
}

static void grow(buf *b, size_t need) {
    size_t cap = b->cap ? b->cap : 256;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap > b->max) cap = b->max;
    b->p = mem_realloc(b->p, cap);
    b->cap = cap;
}

char *buf_room(buf *b, size_t n) {
    if (n <= b->cap - b->n && b->p) return b->p + b->n;
    if (b->full || b->n > b->max || n > b->max - b->n) {
        b->full = true;
        return NULL;
    }
    grow(b, b->n + n);
    return b->p + b->n;
}

void buf_add(buf *b, const void *p, size_t n) {
    if (!n) return;
    char *to = buf_room(b, n);
    if (!to) return;
    memcpy(to, p, n);
    b->n += n;
}

void buf_printf(buf *b, const char *fmt, ...) {
    char small[256];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    BUG_ON(n < 0);
    if ((size_t)n < sizeof small) {
        buf_add(b, small, (size_t)n);
    } else if (b->n < b->max && (size_t)n < b->max - b->n) { // with the NUL that vsnprintf adds
        char *to = buf_room(b, (size_t)n + 1);
        if (to) {
            vsnprintf(to, (size_t)n + 1, fmt, again);
            b->n += (size_t)n;
        }
    } else {
        b->full = true;
    }
    va_end(again);
    va_end(ap);
}

void buf_drop(buf *b, size_t n) {
    BUG_ON(n > b->n);
    b->n -= n;
    if (b->n && n) memmove(b->p, b->p + n, b->n);
}

static void put_le(buf *b, uint64_t v, size_t n) {
    char *to = buf_room(b, n);
    if (!to) return;
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(v >> (8 * i));
    b->n += n;
}

void buf_u16(buf *b, uint16_t v) {
    put_le(b, v, 2);
}

void buf_u32(buf *b, uint32_t v) {
    put_le(b, v, 4);
}

void buf_u64(buf *b, uint64_t v) {
    put_le(b, v, 8);
}

void buf_uvar(buf *b, uint64_t v) {
    char tmp[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        tmp[n++] = (char)(v | 0x80);
    tmp[n++] = (char)v;
    buf_add(b, tmp, n);
}

void buf_ivar(buf *b, int64_t v) {
    buf_uvar(b, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

// n bytes, or NULL and `bad`.
static const uint8_t *need(cur *c, size_t n) {
    if (c->bad || n > cur_left(c)) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->p;
    c->p += n;
    return p;
}

static uint64_t get_le(cur *c, size_t n) {
    const uint8_t *p = need(c, n);
    uint64_t v = 0;
    if (p) {
        for (size_t i = 0; i < n; i++)
            v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

uint8_t cur_u8(cur *c) {
    return (uint8_t)get_le(c, 1);
}

uint16_t cur_u16(cur *c) {
    return (uint16_t)get_le(c, 2);
}

uint32_t cur_u32(cur *c) {
    return (uint32_t)get_le(c, 4);
}

uint64_t cur_u64(cur *c) {
    return get_le(c, 8);
}

uint64_t cur_uvar(cur *c) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *p = need(c, 1);
        if (!p) return 0;
        if (shift == 63 && *p > 1) break; // more than 64 bits
        v |= (uint64_t)(*p & 0x7f) << shift;
        if (*p < 0x80) {
            if (!*p && shift) break; // longer than need be: one value, one form
            return v;
        }
    }
    c->bad = true;
    return 0;
}

int64_t cur_ivar(cur *c) {
    uint64_t v = cur_uvar(c);
    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

str cur_take(cur *c, size_t n) {
    const uint8_t *p = need(c, n);
    return p ? (str){(const char *)p, n} : (str){0};
}
