// SPDX-License-Identifier: Apache-2.0
// Hostile archives. With the high bit of the first byte the checksums of all blocks are put right
// first, so that what lies behind them is reached; the other bits say how the stream is cut into
// pieces, which must not change what is received.
#include "base/digest.h"
#include "cli/untar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCK 512

typedef struct seen {
    uint32_t sum; // of all that was received
    bool open;
    uint64_t left;
} seen;

static bool begin(void *arg, str path, uint64_t size, bool is_folder, err *e) {
    seen *s = arg;
    (void)e;
    BUG_ON(s->open || !path.n);
    s->sum = crc32c(crc32c(s->sum, path.p, path.n), &size, sizeof size);
    s->open = !is_folder;
    s->left = size;
    return true;
}

static bool bytes(void *arg, const void *p, size_t n, err *e) {
    seen *s = arg;
    (void)e;
    BUG_ON(!s->open || n > s->left);
    s->sum = crc32c(s->sum, p, n);
    s->left -= n;
    return true;
}

static bool end(void *arg, err *e) {
    seen *s = arg;
    (void)e;
    BUG_ON(!s->open || s->left);
    s->open = false;
    return true;
}

static void put_sums_right(uint8_t *p, size_t n) {
    for (size_t at = 0; at + BLOCK <= n; at += BLOCK) {
        unsigned sum = 0;
        memset(p + at + 148, ' ', 8);
        for (size_t i = 0; i < BLOCK; i++)
            sum += p[at + i];
        char text[8];
        snprintf(text, sizeof text, "%06o", sum & 0777777);
        memcpy(p + at + 148, text, 7);
    }
}

// `piece` 0: all at once.
static bool read_all(const uint8_t *p, size_t n, size_t piece, seen *s, err *e) {
    untar_receiver r = {begin, bytes, end, s};
    untar *u = untar_new(&r);
    bool ok = true;
    for (size_t at = 0; ok && at < n;) {
        size_t some = piece && piece < n - at ? piece : n - at;
        ok = untar_feed(u, p + at, some, e);
        at += some;
    }
    ok = ok && untar_finish(u, e);
    untar_free(u);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    uint8_t *p = malloc(size);
    seen whole = {0}, pieces = {0};
    err e = {0};
    memcpy(p, data + 1, size - 1);
    if (data[0] & 128) put_sums_right(p, size - 1);
    bool ok = read_all(p, size - 1, 0, &whole, &e);
    bool same = read_all(p, size - 1, 1 + (data[0] & 127), &pieces, &e);
    BUG_ON(ok != same || (ok && whole.sum != pieces.sum));
    free(p);
    return 0;
}
