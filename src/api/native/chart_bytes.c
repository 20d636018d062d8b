// SPDX-License-Identifier: Apache-2.0
// chart_bytes: see chart_bytes.h. Every part begins at a multiple of 8 bytes. Pure; any thread.
#include "api/native/chart_bytes.h"

#include <stddef.h>

enum { LINE_HEAD = 48, ALIGN = 8 };

typedef enum place { FIRST_STEP, LAST_STEP, FIRST_TIME, LAST_TIME, PLACES } place;
typedef enum value { FIRST, LAST, MIN, MAX, VALUES } value;

static int64_t place_of(const series_bucket *b, place p) {
    switch (p) {
    case FIRST_STEP: return b->first.step;
    case LAST_STEP: return b->last.step;
    case FIRST_TIME: return b->first.time_ms;
    default: return b->last.time_ms;
    }
}

static double value_of(const series_bucket *b, value v) {
    switch (v) {
    case FIRST: return b->first.value;
    case LAST: return b->last.value;
    case MIN: return b->min;
    default: return b->max;
    }
}

static size_t padded(size_t n) {
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static void pad(buf *out, size_t n) {
    static const char zeros[ALIGN];
    buf_add(out, zeros, padded(n) - n);
}

void chart_begin(buf *out, int64_t start, int64_t end, uint32_t buckets) {
    buf_add(out, CHART_MAGIC, 8);
    buf_u64(out, (uint64_t)start);
    buf_u64(out, (uint64_t)end);
    buf_u32(out, buckets);
    buf_u32(out, 0);
}

void chart_end(buf *out) {
    buf_u64(out, 0);
}

// ---- a line ---------------------------------------------------------------------------------

typedef struct shape {
    unsigned flags;
    int64_t step, time; // bases: the least of each
} chart_shape;

static bool fits(uint64_t from, uint64_t to) {
    return to - from <= UINT32_MAX;
}

static bool is_float(double v) {
    return (double)(float)v == v || v != v;
}

static void widen(int64_t *least, int64_t *most, int64_t a, int64_t b) {
    if (a < *least) *least = a;
    if (b < *least) *least = b;
    if (a > *most) *most = a;
    if (b > *most) *most = b;
}

static chart_shape shape_of(const series_line *l) {
    chart_shape s = {.step = INT64_MAX, .time = INT64_MAX};
    int64_t step = INT64_MIN, time = INT64_MIN;
    for (size_t i = 0; i < l->n; i++) {
        const series_bucket *b = &l->buckets[i];
        if (b->nan) s.flags |= CHART_NAN;
        for (value v = FIRST; v < VALUES; v++) {
            if (!is_float(value_of(b, v))) s.flags |= CHART_WIDE_VALUES;
        }
        widen(&s.step, &step, b->first.step, b->last.step);
        widen(&s.time, &time, b->first.time_ms, b->last.time_ms);
    }
    if (!fits((uint64_t)s.step, (uint64_t)step) || !fits((uint64_t)s.time, (uint64_t)time))
        s.flags |= CHART_WIDE_PLACES;
    return s;
}

static uint8_t *put_le(uint8_t *o, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++)
        *o++ = (uint8_t)(v >> (8 * i));
    return o;
}

static uint8_t *put_place(uint8_t *o, const series_line *l, const chart_shape *s, place p) {
    uint64_t base = (uint64_t)(p <= LAST_STEP ? s->step : s->time);
    for (size_t i = 0; i < l->n; i++) {
        uint64_t v = (uint64_t)place_of(&l->buckets[i], p);
        o = s->flags & CHART_WIDE_PLACES ? put_le(o, v, 8) : put_le(o, v - base, 4);
    }
    return o;
}

static uint8_t *put_value(uint8_t *o, const series_line *l, const chart_shape *s, value which) {
    for (size_t i = 0; i < l->n; i++) {
        double v = value_of(&l->buckets[i], which);
        if (s->flags & CHART_WIDE_VALUES) {
            uint64_t bits;
            memcpy(&bits, &v, sizeof bits);
            o = put_le(o, bits, 8);
        } else {
            float f = (float)v;
            uint32_t bits;
            memcpy(&bits, &f, sizeof bits);
            o = put_le(o, bits, 4);
        }
    }
    return o;
}

static uint8_t *put_count(uint8_t *o, const series_line *l, bool nan) {
    for (size_t i = 0; i < l->n; i++) {
        uint64_t v = nan ? l->buckets[i].nan : l->buckets[i].n;
        o = put_le(o, v > UINT32_MAX ? UINT32_MAX : v, 4);
    }
    return o;
}

static void put_columns(buf *out, const series_line *l, const chart_shape *s) {
    uint8_t *o = (uint8_t *)buf_room(out, (PLACES + VALUES) * 8 * l->n + 8 * l->n + 80);
    if (!o) return;
    uint8_t *from = o, *column = o;
    for (unsigned i = 0; i < PLACES + VALUES + 1u + !!(s->flags & CHART_NAN); i++) {
        column = o;
        if (i < PLACES)
            o = put_place(o, l, s, (place)i);
        else if (i < PLACES + VALUES)
            o = put_value(o, l, s, (value)(i - PLACES));
        else
            o = put_count(o, l, i > PLACES + VALUES);
        for (size_t n = (size_t)(o - column); n < padded((size_t)(o - column)); n++)
            *o++ = 0;
    }
    out->n += (size_t)(o - from);
}

void chart_line(buf *out, const series_line *l) {
    chart_shape s = shape_of(l);
    size_t places = padded(l->n * (s.flags & CHART_WIDE_PLACES ? 8 : 4));
    size_t values = padded(l->n * (s.flags & CHART_WIDE_VALUES ? 8 : 4));
    size_t counts = padded(l->n * 4) * (s.flags & CHART_NAN ? 2 : 1);
    size_t columns = PLACES * places + VALUES * values + counts;
    buf_u32(out, (uint32_t)(LINE_HEAD + padded(l->key.n) + columns));
    buf_u32(out, s.flags);
    buf_add(out, l->run.b, sizeof l->run.b);
    buf_u32(out, (uint32_t)l->key.n);
    buf_u32(out, (uint32_t)l->n);
    buf_u64(out, (uint64_t)s.step);
    buf_u64(out, (uint64_t)s.time);
    buf_str(out, l->key);
    pad(out, l->key.n);
    put_columns(out, l, &s);
}
