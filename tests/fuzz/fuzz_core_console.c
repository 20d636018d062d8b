// SPDX-License-Identifier: Apache-2.0
// Consoles: hostile bytes with a right CRC are decoded as a record; and the same bytes are split
// into lines in pieces of two sizes, which must give the same lines, and come back from a record.
#include "base/digest.h"
#include "core/console_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hostile(arena *a, const uint8_t *data, size_t size) {
    err e = {0};
    console_line *lines;
    size_t n, text = 0;
    if (size < 6) return;
    uint8_t *p = malloc(size);
    memcpy(p, data, size);
    p[0] = 1;
    uint32_t crc = crc32c(0, p + 6, size - 6);
    for (int i = 0; i < 4; i++)
        p[2 + i] = (uint8_t)(crc >> (8 * i));
    if (console_decode(a, str_n(p, size), 1, &lines, &n, &e)) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < lines[i].text.n; j++)
                text += (uint8_t)lines[i].text.p[j]; // all of it can be read
        BUG_ON(n > RECORD_LINES);
    }
    (void)text;
    free(p);
}

typedef struct split {
    arena *a;
    VEC(console_line) v;
} split;

static void add(void *arg, str text) {
    split *s = arg;
    BUG_ON(!str_is_text(text));
    vec_push(s->a, &s->v, (console_line){.time_us = (int64_t)s->v.n, .text = arena_str(s->a, text)});
}

static split split_by(arena *a, str bytes, size_t piece) {
    split out = {.a = a};
    console_splitter s;
    console_splitter_init(&s);
    for (size_t at = 0; at < bytes.n; at += piece)
        console_feed(&s, str_upto(str_from(bytes, at), piece), add, &out);
    console_flush(&s, add, &out);
    console_splitter_free(&s);
    return out;
}

static void there_and_back(arena *a, str bytes) {
    err e = {0};
    console_line *back;
    size_t n;
    split x = split_by(a, bytes, bytes.n), y = split_by(a, bytes, 1 + bytes.n / 7);
    BUG_ON(x.v.n != y.v.n);
    for (size_t i = 0; i < x.v.n; i++)
        BUG_ON(!str_eq(x.v.p[i].text, y.v.p[i].text));
    if (!x.v.n || x.v.n > RECORD_LINES) return;
    BUG_ON(!console_decode(a, console_encode(a, x.v.p, x.v.n), 1, &back, &n, &e) || n != x.v.n);
    for (size_t i = 0; i < n; i++)
        BUG_ON(!str_eq(back[i].text, x.v.p[i].text) || back[i].time_us != x.v.p[i].time_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 100000) return 0;
    arena *a = arena_new();
    hostile(a, data, size);
    if (size) there_and_back(a, str_n(data, size));
    arena_free(a);
    return 0;
}
