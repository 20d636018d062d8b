// SPDX-License-Identifier: Apache-2.0
// A record: one batch of points as it was acknowledged, in two parts, each with a CRC. The head
// has the strings and, a series, its identity and summary; the data has the series' columns.
// They are stored in two columns of point_log, so that summaries are read without the points.
// docs/formats-series.md has the bytes. Pure; any thread.
//
// Speed: a batch mostly repeats a pattern of keys (10 keys a step), so the series that followed
// last time is tried first, by the pointers of its strings and then by their bytes.
#include "base/digest.h"
#include "base/map.h"
#include "core/series_internal.h"

#include <stdlib.h>

#define NONE UINT32_MAX
enum { COLUMNS_EVEN = 0, COLUMNS_DIFF = 1 }; // how steps and times are coded
enum { SERIES_TYPE = 3, SERIES_MODEL = 4, SERIES_DATASET = 8, SERIES_VAL32 = 16 }; // flags

typedef struct group {
    const point *like; // its first point: the identity
    uint64_t hash;
    uint32_t next;        // the series that followed last time
    uint32_t first, last; // list of its points
    ssum sum;
    bool f32;
    size_t bytes; // of its columns
} group;

typedef struct builder {
    const point *points;
    size_t n;
    int type;
    group *groups;
    uint32_t n_groups, cap_groups;
    uint32_t *slots; // open addressing: index + 1
    size_t n_slots;
    uint32_t *link; // the next point of the same series
    arena *a;
} builder;

static inline bool str_same(str a, str b) {
    return a.n == b.n && (a.p == b.p || !a.n || !memcmp(a.p, b.p, a.n));
}

static inline bool same_series(const point *a, const point *b) {
    return str_same(a->key, b->key) && id_eq(a->model, b->model) &&
           str_same(a->dataset_name, b->dataset_name) &&
           str_same(a->dataset_digest, b->dataset_digest);
}

static void slots_grow(builder *b) {
    b->n_slots = b->n_slots ? b->n_slots * 4 : 64;
    b->slots = ARENA_ARRAY(b->a, uint32_t, b->n_slots);
    for (uint32_t g = 0; g < b->n_groups; g++) {
        size_t i = b->groups[g].hash & (b->n_slots - 1);
        while (b->slots[i])
            i = (i + 1) & (b->n_slots - 1);
        b->slots[i] = g + 1;
    }
}

static uint32_t group_add(builder *b, const point *p, uint64_t hash) {
    if (b->n_groups == b->cap_groups) {
        uint32_t cap = b->cap_groups ? b->cap_groups * 4 : 32;
        group *more = ARENA_ARRAY(b->a, group, cap);
        if (b->n_groups) memcpy(more, b->groups, b->n_groups * sizeof *more);
        b->groups = more;
        b->cap_groups = cap;
    }
    b->groups[b->n_groups] = (group){
        .like = p, .hash = hash, .next = NONE, .first = NONE, .last = NONE, .f32 = true};
    return b->n_groups++;
}

static uint32_t group_find(builder *b, const point *p) {
    uint64_t model;
    memcpy(&model, p->model.b + 8, sizeof model);
    uint64_t hash = map_hash(p->key) ^ model * 0x9e3779b97f4a7c15u;
    if (p->dataset_name.n) hash ^= map_hash(p->dataset_name) >> 7;
    if (p->dataset_digest.n) hash ^= map_hash(p->dataset_digest) >> 13;
    if (b->n_groups * 2 >= b->n_slots) slots_grow(b);
    size_t i = hash & (b->n_slots - 1);
    for (; b->slots[i]; i = (i + 1) & (b->n_slots - 1)) {
        group *g = &b->groups[b->slots[i] - 1];
        if (g->hash == hash && same_series(g->like, p)) return b->slots[i] - 1;
    }
    uint32_t g = group_add(b, p, hash);
    b->slots[i] = g + 1;
    return g;
}

static inline int64_t point_val(const builder *b, const point *p) {
    int64_t v;
    if (b->type == SERIES_F64) return rank_of(p->value);
    memcpy(&v, &p->value, sizeof v);
    return v;
}

// Sorts the points into series; each keeps its order of arrival.
static void group_points(builder *b) {
    uint32_t before = NONE;
    for (uint32_t i = 0; i < b->n; i++) {
        const point *p = &b->points[i];
        uint32_t g = before == NONE ? NONE : b->groups[before].next;
        if (g == NONE || !same_series(b->groups[g].like, p)) {
            g = group_find(b, p);
            if (before != NONE) b->groups[before].next = g;
        }
        group *k = &b->groups[g];
        spt s = {p->step, p->time_ms, point_val(b, p)};
        ssum_add(&k->sum, &s, b->type);
        k->f32 = k->f32 && ((double)(float)p->value == p->value || p->value != p->value);
        if (k->first == NONE)
            k->first = i;
        else
            b->link[k->last] = i;
        k->last = i;
        b->link[i] = NONE;
        before = g;
    }
}

// ---- columns -------------------------------------------------------------------------------

static inline uint8_t *put_uvar(uint8_t *o, uint64_t v) {
    for (; v >= 0x80; v >>= 7)
        *o++ = (uint8_t)(v | 0x80);
    *o++ = (uint8_t)v;
    return o;
}
static inline uint8_t *put_ivar(uint8_t *o, int64_t v) {
    return put_uvar(o, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}
static inline uint8_t *put_le(uint8_t *o, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++)
        *o++ = (uint8_t)(v >> (8 * i));
    return o;
}

static inline int64_t field(const point *p, int which) {
    return which ? p->time_ms : p->step;
}

// Steps (which 0) or times (1): evenly spaced, or each as a difference to the one before.
static uint8_t *put_column(const builder *b, const group *g, int which, uint8_t *o) {
    int64_t first = field(&b->points[g->first], which), before = first, gap = 0;
    uint32_t i = b->link[g->first];
    if (i != NONE) gap = wrap_sub(field(&b->points[i], which), first);
    bool even = true;
    for (; even && i != NONE; i = b->link[i]) {
        int64_t v = field(&b->points[i], which);
        even = wrap_sub(v, before) == gap;
        before = v;
    }
    *o++ = even ? COLUMNS_EVEN : COLUMNS_DIFF;
    o = put_ivar(o, first);
    if (even) return put_ivar(o, gap);
    before = first;
    for (i = b->link[g->first]; i != NONE; i = b->link[i]) {
        int64_t v = field(&b->points[i], which);
        o = put_ivar(o, wrap_sub(v, before));
        before = v;
    }
    return o;
}

static uint8_t *put_values(const builder *b, const group *g, uint8_t *o) {
    for (uint32_t i = g->first; i != NONE; i = b->link[i]) {
        double v = b->points[i].value;
        if (b->type == SERIES_F64 && v != v) v = (double)NAN;
        if (b->type == SERIES_F64 && g->f32) {
            float f = (float)v;
            uint32_t bits;
            memcpy(&bits, &f, sizeof bits);
            o = put_le(o, bits, 4);
        } else {
            uint64_t bits;
            memcpy(&bits, &v, sizeof bits);
            o = put_le(o, bits, 8);
        }
    }
    return o;
}

// All columns, behind room for the CRC.
static str put_data(builder *b) {
    size_t most = 4 + b->n_groups * 42 + b->n * 28;
    uint8_t *p = (uint8_t *)arena_bytes(b->a, most), *o = p + 4;
    for (uint32_t i = 0; i < b->n_groups; i++) {
        group *g = &b->groups[i];
        uint8_t *from = o;
        o = put_column(b, g, 0, o);
        o = put_column(b, g, 1, o);
        o = put_values(b, g, o);
        g->bytes = (size_t)(o - from);
    }
    put_le(p, crc32c(0, p + 4, (size_t)(o - p) - 4), 4);
    return str_n(p, (size_t)(o - p));
}

// ---- head ----------------------------------------------------------------------------------

typedef struct string_table {
    VEC(str) v;
    map at;
} string_table;

static uint64_t string_at(string_table *s, arena *a, str x) {
    bool added;
    void **place = map_at(&s->at, x, &added);
    if (added) {
        vec_push(a, &s->v, x);
        *place = (void *)(uintptr_t)s->v.n; // index + 1
    }
    return (uint64_t)(uintptr_t)*place - 1;
}

static void put_series(buf *out, string_table *st, arena *a, const srec_series *s) {
    bool dataset = s->dataset_name.n || s->dataset_digest.n;
    unsigned flags = (unsigned)s->type;
    if (!id_is_zero(s->model)) flags |= SERIES_MODEL;
    if (dataset) flags |= SERIES_DATASET;
    if (!s->wide) flags |= SERIES_VAL32;
    buf_byte(out, (char)flags);
    buf_uvar(out, string_at(st, a, s->key));
    if (flags & SERIES_MODEL) buf_add(out, s->model.b, sizeof s->model.b);
    if (dataset) {
        buf_uvar(out, string_at(st, a, s->dataset_name));
        buf_uvar(out, string_at(st, a, s->dataset_digest));
    }
    ssum_put(out, &s->sum, s->type);
    buf_uvar(out, s->columns.n);
}

// A record out of the series' identities, sums and sizes of columns; data: their columns behind
// a CRC.
static str assemble(arena *a, const srec_series *series, size_t n_series, str data) {
    string_table s = {.at = map_new(a)};
    buf list = BUF_MAX(SIZE_MAX / 2), head = BUF_MAX(SIZE_MAX / 2);
    uint64_t n = 0;
    for (size_t i = 0; i < n_series; i++) {
        put_series(&list, &s, a, &series[i]);
        n += series[i].sum.count;
    }
    buf_uvar(&head, n);
    buf_uvar(&head, s.v.n);
    for (size_t i = 0; i < s.v.n; i++) {
        buf_uvar(&head, s.v.p[i].n);
        buf_str(&head, s.v.p[i]);
    }
    buf_uvar(&head, n_series);
    buf_str(&head, buf_view(&list));

    size_t head_n = head.n + 5;
    uint8_t *p = (uint8_t *)arena_bytes(a, 4 + head_n + data.n), *o = put_le(p, head_n, 4);
    *o++ = 1;
    o = put_le(o, crc32c(0, head.p, head.n), 4);
    memcpy(o, head.p, head.n);
    memcpy(o + head.n, data.p, data.n);
    buf_free(&list);
    buf_free(&head);
    return str_n(p, 4 + head_n + data.n);
}

str srec_build(arena *a, const point *points, size_t n, int type) {
    BUG_ON(!n || n >= NONE);
    builder b = {.points = points, .n = n, .type = type, .a = a};
    b.link = ARENA_ARRAY(a, uint32_t, n);
    group_points(&b);
    str data = put_data(&b);
    srec_series *series = ARENA_ARRAY(a, srec_series, b.n_groups);
    for (uint32_t i = 0; i < b.n_groups; i++) {
        const group *g = &b.groups[i];
        series[i] = (srec_series){.key = g->like->key,
                                  .dataset_name = g->like->dataset_name,
                                  .dataset_digest = g->like->dataset_digest,
                                  .model = g->like->model,
                                  .type = type,
                                  .sum = g->sum,
                                  .columns = {NULL, g->bytes},
                                  .wide = type != SERIES_F64 || !g->f32};
    }
    return assemble(a, series, b.n_groups, data);
}

str series_record(arena *a, const point *points, size_t n) {
    return srec_build(a, points, n, SERIES_F64);
}

bool srec_split(str record, str *head, str *data) {
    cur c = cur_of(record);
    size_t n = cur_u32(&c);
    *head = cur_take(&c, n);
    *data = str_n(c.p, cur_left(&c));
    return !c.bad;
}

// ---- reading -------------------------------------------------------------------------------

static bool corrupt(err *e) {
    return series_corrupt("a record of points does not match its checksum", e);
}

static str pick(const str *strings, uint64_t n, uint64_t i, cur *c) {
    if (i < n) return strings[i];
    c->bad = true;
    return (str){0};
}

static void get_series(srec_series *s, cur *c, cur *data, const str *strings, uint64_t n) {
    unsigned flags = cur_u8(c);
    s->type = (int)(flags & SERIES_TYPE);
    s->key = pick(strings, n, cur_uvar(c), c);
    if (flags & SERIES_MODEL) {
        str m = cur_take(c, sizeof s->model.b);
        if (m.n == sizeof s->model.b) memcpy(s->model.b, m.p, m.n);
    }
    if (flags & SERIES_DATASET) {
        s->dataset_name = pick(strings, n, cur_uvar(c), c);
        s->dataset_digest = pick(strings, n, cur_uvar(c), c);
    }
    if (s->type != SERIES_F64 && s->type != SERIES_I64) c->bad = true;
    if (!ssum_get(c, &s->sum, s->type) || !s->sum.count) c->bad = true;
    size_t bytes = cur_uvar(c);
    size_t width = flags & SERIES_VAL32 ? 4 : 8;
    if (!data) return;
    s->columns = cur_take(data, bytes);
    s->wide = width == 8;
    if (data->bad || s->sum.count > bytes / width) c->bad = true;
}

bool srec_open(srec *r, arena *a, str head, str data, err *e) {
    cur c = cur_of(head), d = cur_of(data);
    *r = (srec){0};
    if (cur_u8(&c) != 1) return corrupt(e);
    uint32_t crc = cur_u32(&c);
    if (c.bad || crc != crc32c(0, c.p, cur_left(&c))) return corrupt(e);
    if (data.p) {
        crc = cur_u32(&d);
        if (d.bad || crc != crc32c(0, d.p, cur_left(&d))) return corrupt(e);
    }
    r->n = cur_uvar(&c);
    uint64_t n = cur_uvar(&c);
    if (c.bad || n > cur_left(&c)) return corrupt(e);
    str *strings = ARENA_ARRAY(a, str, n);
    for (uint64_t i = 0; i < n; i++)
        strings[i] = cur_take(&c, cur_uvar(&c));
    r->n_series = cur_uvar(&c);
    if (c.bad || r->n_series > cur_left(&c)) return corrupt(e);
    r->series = ARENA_ARRAY(a, srec_series, r->n_series);
    uint64_t sum = 0;
    for (size_t i = 0; i < r->n_series && !c.bad; i++) {
        get_series(&r->series[i], &c, data.p ? &d : NULL, strings, n);
        if (r->series[i].sum.count > r->n - sum)
            c.bad = true;
        else
            sum += r->series[i].sum.count;
    }
    if (c.bad || cur_left(&c) || sum != r->n || (data.p && cur_left(&d))) return corrupt(e);
    return true;
}

// Inline and one byte at a time only when the value is long: this is what packing costs most.
static inline int64_t get_ivar(const uint8_t **p, const uint8_t *end, bool *bad) {
    uint64_t v = 0;
    const uint8_t *q = *p;
    for (unsigned shift = 0; q < end && shift < 64; shift += 7) {
        uint8_t x = *q++;
        v |= (uint64_t)(x & 0x7f) << shift;
        if (!(x & 0x80)) {
            *p = q;
            return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
        }
    }
    *bad = true;
    return 0;
}

static const uint8_t *get_column(const uint8_t *p, const uint8_t *end, spt *out, size_t n,
                                 int which, bool *bad) {
    int mode = p < end ? *p++ : -1;
    int64_t v = get_ivar(&p, end, bad), gap = mode == COLUMNS_EVEN ? get_ivar(&p, end, bad) : 0;
    if (mode != COLUMNS_EVEN && mode != COLUMNS_DIFF) *bad = true;
    for (size_t i = 0; i < n && !*bad; i++) {
        if (i) v = wrap_add(v, mode == COLUMNS_EVEN ? gap : get_ivar(&p, end, bad));
        if (which)
            out[i].time = v;
        else
            out[i].step = v;
    }
    return p;
}

static inline uint64_t get_le(const uint8_t *p, int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void get_values(const uint8_t *p, spt *out, size_t n, const srec_series *s) {
    for (size_t i = 0; i < n; i++) {
        if (!s->wide) {
            uint32_t bits = (uint32_t)get_le(p + 4 * i, 4);
            float f;
            memcpy(&f, &bits, sizeof f);
            out[i].val = rank_of((double)f);
        } else {
            uint64_t bits = get_le(p + 8 * i, 8);
            double v;
            memcpy(&v, &bits, sizeof v);
            out[i].val = s->type == SERIES_F64 ? rank_of(v) : (int64_t)bits;
        }
    }
}

static bool decode(const srec_series *s, spt *out) {
    const uint8_t *p = (const uint8_t *)s->columns.p, *end = p + s->columns.n;
    size_t n = s->sum.count;
    bool bad = !s->columns.p;
    if (!bad) p = get_column(p, end, out, n, 0, &bad);
    if (!bad) p = get_column(p, end, out, n, 1, &bad);
    if (bad || (size_t)(end - p) != n * (s->wide ? 8 : 4)) return false;
    get_values(p, out, n, s);
    return true;
}

bool srec_points(const srec_series *s, spt *out, err *e) {
    return decode(s, out) || corrupt(e);
}

// ---- columns that came coded ----------------------------------------------------------------

// The sum of a series whose columns are given; false when they can not be decoded.
static bool sum_columns(srec_series *s, spt *scratch) {
    size_t n = s->sum.count;
    if (!decode(s, scratch)) return false;
    s->sum = (ssum){0};
    for (size_t i = 0; i < n; i++)
        ssum_add(&s->sum, &scratch[i], SERIES_F64);
    return true;
}

bool series_record_columns(arena *a, const series_columns *in, size_t n, str *record, err *e) {
    srec_series *series = ARENA_ARRAY(a, srec_series, n);
    size_t bytes = 4, most = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += in[i].columns.n;
        most = in[i].n > most ? in[i].n : most;
        if (!in[i].n || in[i].n > in[i].columns.n / (in[i].wide ? 8 : 4))
            return err_set(e, ERR_INVALID, "series %zu has fewer bytes than its points need",
                           i);
    }
    spt *scratch = mem_realloc(NULL, (most + 1) * sizeof *scratch);
    uint8_t *data = (uint8_t *)arena_bytes(a, bytes), *o = data + 4;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        series[i] = (srec_series){.key = in[i].key,
                                  .type = SERIES_F64,
                                  .sum.count = in[i].n,
                                  .columns = in[i].columns,
                                  .wide = in[i].wide};
        memcpy(o, in[i].columns.p, in[i].columns.n);
        o += in[i].columns.n;
        ok = sum_columns(&series[i], scratch) ||
             err_set(e, ERR_INVALID, "the columns of series %zu can not be decoded", i);
    }
    free(scratch);
    if (!ok) return false;
    put_le(data, crc32c(0, data + 4, bytes - 4), 4);
    *record = assemble(a, series, n, str_n(data, bytes));
    return true;
}
