// SPDX-License-Identifier: Apache-2.0
// Charts: what each of equal parts of a range of steps holds. A block within one part is taken
// from its head, all others from their levels; only the miniblocks at the edges of parts are
// decoded. Counts may include repeats that late blocks have not lost yet. Any thread.
#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

enum { BUCKETS_MAX = 100000 };

// A block whose first or last point may be its bucket's: looked up once, at the end.
typedef struct candidate {
    const sview *v;
    bhead h;
} candidate;

typedef struct bucket {
    ssum sum; // as doubles
    uint64_t nan;
    uint64_t headed; // points of blocks that were taken from their heads
    candidate first, last;
} bucket;

typedef struct chart {
    db_tx *tx;
    arena *a;
    str key;
    int64_t start, end;
    unsigned __int128 width; // of a bucket, in steps
    bucket *b;
    size_t n;
    buf bytes;
    block *block;
} chart;

static size_t bucket_of(const chart *c, int64_t step) {
    return (size_t)((unsigned __int128)((uint64_t)step - (uint64_t)c->start) / c->width);
}

static int64_t bucket_start(const chart *c, size_t i) {
    return (int64_t)((uint64_t)c->start + (uint64_t)(c->width * i));
}

// The last step of a bucket.
static int64_t bucket_end(const chart *c, size_t i) {
    unsigned __int128 next = (c->width * (i + 1));
    unsigned __int128 span = (unsigned __int128)((uint64_t)c->end - (uint64_t)c->start) + 1;
    if (next > span) next = span;
    return (int64_t)((uint64_t)c->start + (uint64_t)(next - 1));
}

static void add_points(void *arg, const spt *p, size_t n, int64_t limit) {
    chart *c = arg;
    for (size_t i = 0; i < n; i++) {
        if (p[i].step > limit || p[i].step < c->start || p[i].step > c->end) continue;
        bucket *b = &c->b[bucket_of(c, p[i].step)];
        ssum_add(&b->sum, &p[i], SERIES_F64);
        b->nan += p[i].val == RANK_NAN;
    }
}

// Points [from, to) of the open block, which lie in one bucket.
static void add_range(chart *c, bucket *into, size_t from, size_t to) {
    const block *b = c->block;
    ssum s = {.count = to - from, .first = block_at(b, from), .last = block_at(b, to - 1)};
    s.ranged = block_range(b, from, to, &s.min, &s.max);
    into->nan += block_nans(b, from, to);
    ssum_to_f64(&s, b->type);
    ssum_join(&into->sum, &s);
}

static bool add_block(chart *c, const sview *v, const bhead *h, err *e) {
    bool opened;
    if (!sview_block(c->tx, v, h, &c->bytes, c->block, &opened, e)) return false;
    if (!opened) return true;
    const block *b = c->block;
    int64_t end = c->end < v->limit ? c->end : v->limit;
    size_t i = block_lower(b, c->start), to = end == INT64_MAX ? b->n : block_lower(b, end + 1);
    while (i < to) {
        size_t k = bucket_of(c, block_step(b, i));
        int64_t last = bucket_end(c, k);
        size_t next = last >= end ? to : block_lower(b, last + 1);
        if (next <= i) next = i + 1; // only in a block that is not sorted
        add_range(c, &c->b[k], i, next);
        i = next;
    }
    return true;
}

// A block within one bucket: false when it ties with another for the first or the last point.
static bool add_head(bucket *b, const sview *v, const bhead *h) {
    const bhead *f = &b->first.h, *l = &b->last.h;
    int first =
        b->first.v ? place_cmp(h->first_step, h->first_time, f->first_step, f->first_time) : -1;
    int last =
        b->last.v ? place_cmp(h->last_step, h->last_time, l->last_step, l->last_time) : 1;
    if (first == 0 || last == 0) return false;
    if (first < 0) b->first = (candidate){v, *h};
    if (last > 0) b->last = (candidate){v, *h};
    b->nan += (uint64_t)h->nan;
    if (h->min <= h->max) {
        ssum range = {.min = h->min, .max = h->max};
        ssum_to_f64(&range, v->row.type);
        ssum_range(&b->sum, range.min, range.max);
    }
    b->headed += (uint64_t)h->n;
    return true;
}

static bool add_tier(chart *c, const sview *v, int64_t tier, err *e) {
    bscan s = bscan_new(c->tx, v, tier);
    int64_t end = c->end < v->limit ? c->end : v->limit;
    if (!bscan_seek(&s, (spt){c->start, INT64_MIN, INT64_MIN}, SERIES_BY_STEP, e)) return false;
    for (const bhead *h; (h = bscan_next(&s, e));) {
        if (h->last_step < c->start) continue;
        if (h->first_step > end) break;
        if (h->first_step >= c->start && h->last_step <= end) {
            size_t k = bucket_of(c, h->first_step);
            if (k == bucket_of(c, h->last_step) && add_head(&c->b[k], v, h)) continue;
        }
        if (!add_block(c, v, h, e)) return false;
    }
    return e->code == ERR_NONE;
}

// The first (or last) point of a candidate joins its bucket.
static bool resolve(chart *c, bucket *b, const candidate *k, bool last, err *e) {
    bool opened;
    if (!k->v) return true;
    if (!sview_block(c->tx, k->v, &k->h, &c->bytes, c->block, &opened, e)) return false;
    if (!opened) return true;
    spt p = block_at(c->block, last ? c->block->n - 1 : 0);
    spt_to_f64(&p, 1, c->block->type);
    bool none = !b->sum.count;
    if (none || spt_cmp(&p, &b->sum.first) < 0) b->sum.first = p;
    if (none || spt_cmp(&p, &b->sum.last) > 0) b->sum.last = p;
    b->sum.count += b->headed;
    b->headed = 0;
    return true;
}

static bool fill(chart *c, const sviews *vs, err *e) {
    c->b = ARENA_ARRAY(c->a, bucket, c->n);
    if (!series_small(c->tx, vs, c->key, add_points, c, e)) return false;
    for (size_t i = 0; i < vs->v.n; i++) {
        const sview *v = &vs->v.p[i];
        for (int64_t t = 0; v->row.next_block && t <= v->row.tiers; t++) {
            if (!add_tier(c, v, t, e)) return false;
        }
    }
    for (size_t i = 0; i < c->n; i++) {
        bucket *b = &c->b[i];
        if (!resolve(c, b, &b->first, false, e) || !resolve(c, b, &b->last, true, e))
            return false;
    }
    return true;
}

static bool run_chart(chart *c, const sviews *vs, err *e) {
    c->bytes = BUF_MAX(1 << 20);
    c->block = mem_alloc(sizeof *c->block);
    bool ok = fill(c, vs, e);
    buf_free(&c->bytes);
    free(c->block);
    return ok;
}

bool schart_sum(db_tx *tx, arena *a, int64_t ws, id run_id, str key, ssum *out, err *e) {
    sviews vs;
    chart c = {.tx = tx, .a = a, .key = key, .start = INT64_MIN, .end = INT64_MAX, .n = 1};
    c.width = (unsigned __int128)1 << 64;
    if (!sviews_of(tx, a, ws, run_id, key, &vs, e) || !run_chart(&c, &vs, e)) return false;
    *out = c.b->sum;
    return true;
}

// ---- the call
// ------------------------------------------------------------------------------------

typedef struct chart_call {
    ctx *c;
    id run;
    chart chart;
} chart_call;

static bool read_chart(db_tx *tx, void *arg, err *e) {
    chart_call *q = arg;
    sviews vs;
    q->chart.tx = tx;
    return sviews_of(tx, q->c->a, q->c->ws, q->run, q->chart.key, &vs, e) &&
           run_chart(&q->chart, &vs, e);
}

static series_bucket bucket_out(const chart *c, size_t i) {
    const bucket *b = &c->b[i];
    return (series_bucket){.first_step = bucket_start(c, i),
                           .last_step = bucket_end(c, i),
                           .first = spt_value(b->sum.first),
                           .last = spt_value(b->sum.last),
                           .min = b->sum.ranged ? rank_value(b->sum.min) : (double)NAN,
                           .max = b->sum.ranged ? rank_value(b->sum.max) : (double)NAN,
                           .n = b->sum.count,
                           .nan = b->nan};
}

bool series_chart(ctx *c, id run_id, str key, int64_t start, int64_t end, size_t buckets,
                  series_bucket **out, size_t *n, err *e) {
    *out = NULL;
    *n = 0;
    if (!buckets || buckets > BUCKETS_MAX)
        return err_set(e, ERR_INVALID, "a chart has between 1 and %d parts", BUCKETS_MAX);
    if (start > end) return true;
    unsigned __int128 span = (unsigned __int128)((uint64_t)end - (uint64_t)start) + 1;
    chart_call q = {.c = c, .run = run_id};
    q.chart = (chart){.a = c->a, .key = key, .start = start, .end = end};
    q.chart.width = (span + buckets - 1) / buckets;
    q.chart.n = bucket_of(&q.chart, end) + 1;
    if (!db_read(core_db(c->core), read_chart, &q, e)) return false;
    *out = ARENA_ARRAY(c->a, series_bucket, q.chart.n);
    for (size_t i = 0; i < q.chart.n; i++) {
        if (q.chart.b[i].sum.count) (*out)[(*n)++] = bucket_out(&q.chart, i);
    }
    return true;
}
