// SPDX-License-Identifier: Apache-2.0
// Writing a block: header, a directory entry a miniblock, the groups' level, packed columns.
// docs/formats-series.md has the bytes. Pure; any thread.
#include "base/digest.h"
#include "core/series_internal.h"

typedef struct writer {
    const spt *p;
    size_t n;
    int type;
    int64_t slope[2];
    buf *out;
    buf packed;                // columns, appended behind the directory
    int64_t base[3], delta[3]; // of the miniblock before: entries are differences to it
    int64_t min[BLOCK_MINIS], max[BLOCK_MINIS];
    bool ranged[BLOCK_MINIS];
} writer;

// From the first point to the last, in 1/65536; 0 when that does not fit.
static int64_t slope_of(int64_t first, int64_t last, size_t n) {
    if (n < 2) return 0;
    __int128 s = ((__int128)last - first) * 65536 / (__int128)(n - 1);
    return s >= INT64_MIN && s <= INT64_MAX ? (int64_t)s : 0;
}

// Steps that are told apart, and their common difference.
static void count_steps(const writer *w, uint64_t *distinct, int64_t *stride) {
    uint64_t d = 1;
    int64_t common = 1;
    for (size_t i = 1; i < w->n; i++) {
        if (w->p[i].step == w->p[i - 1].step) continue;
        int64_t gap = wrap_sub(w->p[i].step, w->p[i - 1].step);
        if (++d == 2)
            common = gap > 0 ? gap : 0; // a gap beyond int64 wraps
        else if (gap != common)
            common = 0;
    }
    *distinct = d;
    *stride = common;
}

static void write_header(writer *w) {
    uint64_t distinct, nan = 0;
    int64_t stride;
    uint8_t flags = BLOCK_RISING;
    count_steps(w, &distinct, &stride);
    for (size_t i = 0; i < w->n; i++) {
        nan += w->type == SERIES_F64 && w->p[i].val == RANK_NAN;
        if (i && w->p[i].time < w->p[i - 1].time) flags = 0;
    }
    const spt *last = &w->p[w->n - 1];
    w->slope[0] = slope_of(w->p->step, last->step, w->n);
    w->slope[1] = slope_of(w->p->time, last->time, w->n);
    buf_byte(w->out, (char)w->type);
    buf_byte(w->out, (char)flags);
    buf_uvar(w->out, w->n);
    buf_uvar(w->out, w->n - distinct);
    buf_uvar(w->out, nan);
    buf_uvar(w->out, (uint64_t)stride);
    buf_ivar(w->out, w->slope[0]);
    buf_ivar(w->out, w->slope[1]);
}

// Level 1: where the least and the greatest value of a miniblock stand.
static void write_extremes(writer *w, size_t m, size_t n) {
    const spt *p = w->p + m * MINI;
    size_t min = n, max = n;
    for (size_t i = 0; i < n; i++) {
        if (w->type == SERIES_F64 && p[i].val == RANK_NAN) continue;
        if (min == n || p[i].val < p[min].val) min = i;
        if (max == n || p[i].val > p[max].val) max = i;
    }
    w->ranged[m] = min < n;
    w->min[m] = min < n ? p[min].val : 0;
    w->max[m] = min < n ? p[max].val : 0;
    buf_byte(w->out, (char)(min < n ? min : 0xff));
    buf_byte(w->out, (char)(min < n ? max : 0xff));
}

static void write_column(writer *w, int which, const col *c, const int64_t *v, size_t n,
                         size_t at) {
    int64_t slope = which < 2 ? w->slope[which] : 0;
    buf_uvar(w->out, (uint64_t)c->width * COL_MODES + c->mode);
    buf_ivar(w->out, wrap_sub(c->base, w->base[which]));
    w->base[which] = c->base;
    if (c->mode == COL_DELTA) {
        buf_ivar(w->out, wrap_sub(c->delta, w->delta[which]));
        w->delta[which] = c->delta;
    }
    char *room = buf_room(&w->packed, col_bytes(c, n));
    col_write(c, v, n, slope, at, (uint8_t *)room);
    w->packed.n += col_bytes(c, n);
}

static void write_mini(writer *w, size_t m) {
    size_t at = m * MINI, n = w->n - at < MINI ? w->n - at : MINI;
    int64_t step[MINI], time[MINI], val[MINI], code[MINI];
    uint8_t kind;
    for (size_t i = 0; i < n; i++) {
        step[i] = w->p[at + i].step;
        time[i] = w->p[at + i].time;
        val[i] = w->p[at + i].val;
    }
    col cs = col_plan(step, n, w->slope[0], at), ct = col_plan(time, n, w->slope[1], at);
    col cv = val_plan(val, n, w->type, code, &kind);
    buf_byte(w->out, (char)kind);
    write_column(w, 0, &cs, step, n, at);
    write_column(w, 1, &ct, time, n, at);
    write_column(w, 2, &cv, code, n, at);
    write_extremes(w, m, n);
}

// Level 2: which miniblock of a group of 64 holds the least and the greatest value.
static void write_groups(writer *w, size_t minis) {
    for (size_t g = 0; minis > 1 && g < minis; g += 64) {
        size_t end = g + 64 < minis ? g + 64 : minis, min = end, max = end;
        for (size_t m = g; m < end; m++) {
            if (!w->ranged[m]) continue;
            if (min == end || w->min[m] < w->min[min]) min = m;
            if (max == end || w->max[m] > w->max[max]) max = m;
        }
        buf_byte(w->out, (char)(min < end ? min - g : 0xff));
        buf_byte(w->out, (char)(min < end ? max - g : 0xff));
    }
}

void block_write(buf *out, const spt *p, size_t n, int type) {
    BUG_ON(!n || n > BLOCK_MAX);
    writer w = {.p = p, .n = n, .type = type, .out = out};
    w.packed = BUF_MAX(n * 24 + BLOCK_MINIS * 3);
    size_t start = out->n, minis = (n + MINI - 1) / MINI;
    buf_byte(out, 1);
    buf_u32(out, 0);
    write_header(&w);
    for (size_t m = 0; m < minis; m++)
        write_mini(&w, m);
    write_groups(&w, minis);
    buf_str(out, buf_view(&w.packed));
    buf_free(&w.packed);
    BUG_ON(out->full);
    uint32_t crc = crc32c(0, out->p + start + 5, out->n - start - 5);
    for (int i = 0; i < 4; i++)
        out->p[start + 1 + i] = (char)(crc >> (8 * i));
}
