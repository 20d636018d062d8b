// SPDX-License-Identifier: Apache-2.0
// frame: points in the compact form of the native API, as another program than the server
// writes it: steps evenly spaced, times as differences, values as floats.
#include "load/load.h"

#include "base/digest.h"

#include <stdio.h>

static void put_columns(buf *b, const buf *places, const frame *f, size_t key) {
    buf_str(b, buf_view(places));
    float *v = (float *)(void *)buf_room(b, f->steps * sizeof *v);
    for (size_t i = 0; v && i < f->steps; i++) {
        float x = (float)curve(f->seed, key, f->from + (int64_t)i);
        memcpy((char *)v + i * sizeof x, &x, sizeof x);
    }
    if (v) b->n += f->steps * sizeof *v;
}

// Steps and times: the same for all keys of a step.
static buf places_of(const frame *f) {
    buf p = BUF_MAX(16u << 20);
    int64_t before = curve_time(f->seed, f->from);
    buf_byte(&p, 0);
    buf_ivar(&p, f->from);
    buf_ivar(&p, f->steps > 1);
    buf_byte(&p, 1);
    buf_ivar(&p, before);
    for (size_t i = 1; i < f->steps; i++) {
        int64_t time = curve_time(f->seed, f->from + (int64_t)i);
        buf_ivar(&p, time - before);
        before = time;
    }
    return p;
}

static void put_run(buf *b, const char *hex) {
    for (unsigned v; sscanf(hex, "%2x", &v) == 1; hex += 2)
        buf_byte(b, (char)v);
}

static void set_u32(char *p, uint32_t v) {
    for (int i = 0; i < 4; i++)
        p[i] = (char)(v >> (8 * i));
}

void put_frame(buf *b, const frame *f) {
    buf places = places_of(f);
    buf_str(b, STR("STMPTS1\n........"));
    size_t head = b->n;
    buf_uvar(b, 1);
    put_run(b, f->run);
    buf_uvar(b, f->n_keys);
    for (size_t k = 0; k < f->n_keys; k++) {
        buf_uvar(b, f->keys[k].n);
        buf_str(b, f->keys[k]);
    }
    buf_uvar(b, f->n_keys);
    for (size_t k = 0; k < f->n_keys; k++) {
        buf_uvar(b, 0);
        buf_uvar(b, k);
        buf_byte(b, 0);
        buf_uvar(b, f->steps);
        buf_uvar(b, places.n + f->steps * sizeof(float));
    }
    for (size_t k = 0; k < f->n_keys; k++)
        put_columns(b, &places, f, k);
    buf_free(&places);
    if (b->full) return;
    set_u32(b->p + head - 8, (uint32_t)(b->n - head));
    set_u32(b->p + head - 4, crc32c(0, b->p + head, b->n - head));
}
