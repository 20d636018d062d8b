// SPDX-License-Identifier: Apache-2.0
// cut: see cut.h. Cutting by content follows the idea of FastCDC (Xia et al., 2016): a rolling
// sum over a window of 64 bytes, in which each byte has a number of its own; a chunk ends where
// the upper bits of the sum are 0, more of them before the normal size is reached than behind
// it.
#include "store/cut.h"

#include "base/vec.h"

#include <pthread.h>

#define WINDOW    64u          // bytes that the sum knows
#define BITS_MORE 22           // of the sum that are 0, before CUT_NORMAL
#define BITS_LESS 18           // and behind it
#define RUN       (256u << 10) // of small stretches in one chunk

// ---- by content -----------------------------------------------------------------------------

static uint64_t gear[256];
static pthread_once_t gear_once = PTHREAD_ONCE_INIT;

// The numbers are those of splitmix64 from 0 on: anybody can make the same.
static void make_gear(void) {
    uint64_t x = 0;
    for (size_t i = 0; i < 256; i++) {
        uint64_t z = x += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        gear[i] = z ^ (z >> 31);
    }
}

// The first place behind `from` where the sum has `bits` zeros; n when there is none.
static size_t roll(const uint8_t *p, size_t from, size_t n, int bits, uint64_t *sum) {
    uint64_t h = *sum;
    for (size_t i = from; i < n; i++) {
        h = (h << 1) + gear[p[i]];
        if (!(h >> (64 - bits))) return i + 1;
    }
    *sum = h;
    return 0;
}

static size_t by_content(const uint8_t *p, size_t n) {
    if (n <= CUT_MIN) return n;
    uint64_t sum = 0;
    size_t most = n < CUT_MAX ? n : CUT_MAX, normal = most < CUT_NORMAL ? most : CUT_NORMAL;
    for (size_t i = CUT_MIN - WINDOW; i < CUT_MIN; i++)
        sum = (sum << 1) + gear[p[i]];
    size_t end = roll(p, CUT_MIN, normal, BITS_MORE, &sum);
    if (!end) end = roll(p, normal, most, BITS_LESS, &sum);
    return end ? end : most;
}

// ---- by bounds ------------------------------------------------------------------------------

typedef struct bounds {
    VEC(uint64_t) at;
    uint64_t run; // where a run of small stretches began; UINT64_MAX: none
} bounds;

static void bound(arena *a, bounds *b, uint64_t at) {
    if (at && (!b->at.n || b->at.p[b->at.n - 1] != at)) vec_push(a, &b->at, at);
}

// [from, to) gets its own chunks, or goes with small ones before it.
static void stretch(arena *a, bounds *b, uint64_t from, uint64_t to) {
    bool small = to - from < CUT_SMALL;
    if (b->run != UINT64_MAX && (!small || to - b->run > RUN)) {
        bound(a, b, from);
        b->run = UINT64_MAX;
    }
    if (small && b->run == UINT64_MAX) b->run = from;
    if (!small) bound(a, b, to);
}

bool cut_bounds(arena *a, uint64_t header_end, const cut_stretch *s, size_t n, uint64_t size,
                cutter *out) {
    bounds b = {.run = UINT64_MAX};
    uint64_t at = header_end;
    if (!n || header_end > size) return false;
    bound(a, &b, header_end);
    for (size_t i = 0; i < n; i++) {
        if (s[i].offset < at || s[i].offset > size || s[i].bytes > size - s[i].offset)
            return false;
        uint64_t end = s[i].offset + s[i].bytes;
        // What pads a stretch goes with it; more than that is a stretch of its own.
        uint64_t next = i + 1 < n ? s[i + 1].offset : size;
        if (next >= end && next - end < CUT_SMALL) end = next;
        if (s[i].offset > at) stretch(a, &b, at, s[i].offset);
        if (end > s[i].offset) stretch(a, &b, s[i].offset, end);
        at = end;
    }
    if (at < size) stretch(a, &b, at, size);
    bound(a, &b, size);
    *out = (cutter){.bounds = b.at.p, .n = b.at.n};
    return true;
}

cutter cut_file(weights_read read, void *arg, uint64_t size, arena *a) {
    err other; // then it is no such file
    char first[WEIGHTS_SNIFF];
    weights_layout w;
    cutter c = {0};
    size_t n = size < sizeof first ? (size_t)size : sizeof first;
    if (!read(arg, 0, first, n, &other) ||
        weights_sniff(str_n(first, n), size) == WEIGHTS_OTHER ||
        !weights_layout_read(read, arg, size, a, &w, &other))
        return c;
    cut_stretch *s = ARENA_ARRAY(a, cut_stretch, w.n);
    for (size_t i = 0; i < w.n; i++)
        s[i] = (cut_stretch){w.tensors[i].offset, w.tensors[i].bytes};
    return cut_bounds(a, w.header_end, s, w.n, size, &c) ? c : (cutter){0};
}

static size_t by_bounds(cutter *c, size_t n) {
    while (c->next < c->n && c->bounds[c->next] <= c->at)
        c->next++;
    uint64_t left = c->next < c->n ? c->bounds[c->next] - c->at : n;
    // No chunk of a few bytes at the end.
    size_t some = left < CUT_NORMAL + CUT_SMALL ? (size_t)left : CUT_NORMAL;
    return some < n ? some : n;
}

size_t cut_next(cutter *c, const void *p, size_t n) {
    pthread_once(&gear_once, make_gear);
    size_t some = c->bounds ? by_bounds(c, n) : by_content(p, n);
    c->at += some;
    return some;
}
