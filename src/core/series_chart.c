// SPDX-License-Identifier: Apache-2.0
// Charts: what each of equal parts of a range of steps (or of times) holds. Exact ones take a
// block within one part from its head, all others from their levels within, and decode only the
// miniblocks at the edges of parts. Loose ones take whole levels of 1,024 points from rows of
// their own (series_levels.c) and read only the blocks that the ends of the range go through;
// where these are too few for the parts, whole miniblocks out of the blocks.
// Counts may include repeats that late blocks have not lost yet.
//
// A block that rises in time is in both orders at once, so by time it is read in the same ways.
// One that does not is decoded whole, and where a sequence of blocks does not rise all of its
// heads are passed. Any thread.
#include "core/series_levels.h"
#include "core/series_sql.h"

#include <stdlib.h>

enum { LEVEL_ROWS = 512, LOOSE_MINIS = 2 };

// ---- buckets --------------------------------------------------------------------------------

static size_t bucket_of(const chart *c, int64_t place) {
    uint64_t at = (uint64_t)place - (uint64_t)c->start;
    return c->narrow ? (size_t)(at / c->narrow) : (size_t)(at / c->width);
}

static int64_t bucket_start(const chart *c, size_t i) {
    return (int64_t)((uint64_t)c->start + (uint64_t)(c->width * i));
}

// The last place of a bucket.
static int64_t bucket_end(const chart *c, size_t i) {
    unsigned __int128 next = (c->width * (i + 1));
    unsigned __int128 span = (unsigned __int128)((uint64_t)c->end - (uint64_t)c->start) + 1;
    if (next > span) next = span;
    return (int64_t)((uint64_t)c->start + (uint64_t)(next - 1));
}

void schart_begin(chart *c, arena *a, int64_t start, int64_t end, size_t buckets) {
    unsigned __int128 span = (unsigned __int128)((uint64_t)end - (uint64_t)start) + 1;
    c->a = a;
    c->start = start;
    c->end = end;
    c->width = (span + buckets - 1) / buckets;
    c->narrow = c->width <= UINT64_MAX ? (uint64_t)c->width : 0;
    c->n = bucket_of(c, end) + 1;
    c->b = ARENA_ARRAY(a, sbucket, c->n);
    if (!c->block) c->block = mem_alloc(sizeof *c->block);
    if (!c->bytes.max) c->bytes = BUF_MAX(1 << 20);
}

void schart_none(chart *c) {
    c->start = INT64_MAX;
    c->end = INT64_MIN;
    c->n = 0;
}

void schart_free(chart *c) {
    buf_free(&c->bytes);
    free(c->block);
    c->block = NULL;
}

void schart_points(void *arg, const spt *p, size_t n, int64_t limit) {
    chart *c = arg;
    for (size_t i = 0; i < n; i++) {
        int64_t place = spt_place(c->by, &p[i]);
        if (p[i].step > limit || place < c->start || place > c->end) continue;
        sbucket *b = &c->b[bucket_of(c, place)];
        ssum_add_by(&b->sum, &p[i], SERIES_F64, c->by);
        b->nan += p[i].val == RANK_NAN;
    }
}

static void add_level(chart *c, sbucket *into, slevel l, int type) {
    ssum_to_f64(&l.sum, type);
    ssum_join_by(&into->sum, &l.sum, c->by);
    into->nan += l.nan;
}

// Some points, the first and the last by step among them, and their places.
typedef struct stretch {
    int64_t first, last, last_step;
} stretch;

static stretch stretch_of(const chart *c, const bhead *h) {
    if (c->by == SERIES_BY_TIME) return (stretch){h->min_time, h->max_time, h->last_step};
    return (stretch){h->first_step, h->last_step, h->last_step};
}

static bool is_outside(const chart *c, stretch s) {
    return s.last < c->start || s.first > c->end;
}

static bool is_inside(const chart *c, const sview *v, stretch s) {
    return s.first >= c->start && s.last <= c->end && s.last_step <= v->limit;
}

// Do the places of this tier rise from block to block?
static bool is_ordered(const chart *c, const sview *v, int64_t tier) {
    return c->by == SERIES_BY_STEP || smerge_by_time(&v->row, tier);
}

// ---- exactly --------------------------------------------------------------------------------

// How many points there are to a bucket.
static size_t density(const chart *c, const block *b, size_t from, size_t to) {
    if (from >= to) return SIZE_MAX;
    size_t first = bucket_of(c, block_place(b, c->by, from)),
           last = bucket_of(c, block_place(b, c->by, to - 1));
    return last > first ? (to - from) / (last - first + 1) : SIZE_MAX;
}

static void add_minis(chart *c, const sview *v, const block *b, size_t from, size_t to) {
    spt p[MINI];
    for (size_t m = from / MINI; m * MINI < to; m++) {
        size_t n = block_mini(b, m, p);
        spt_to_f64(p, n, b->type);
        schart_points(c, p, n, v->limit);
    }
}

// The first index behind a place.
static size_t behind(const block *b, series_order by, int64_t place) {
    return place == INT64_MAX ? b->n : block_lower(b, by, place + 1);
}

// Points [i, to) of a block in the chart's order, a bucket at a time; `whole`: each miniblock
// belongs to the bucket where it begins, so none is decoded.
static void add_parts(chart *c, const block *b, size_t i, size_t to, bool whole) {
    while (i < to) {
        slevel part;
        size_t k = bucket_of(c, block_place(b, c->by, i));
        int64_t end = bucket_end(c, k);
        size_t next = whole && end < INT64_MAX ? block_lower_mini(b, c->by, end + 1)
                                               : behind(b, c->by, end);
        if (next > to) next = to;
        if (next <= i) next = i + 1; // only in a block that is not sorted
        block_part(b, i, next, &part);
        add_level(c, &c->b[k], part, b->type);
        i = next;
    }
}

static bool add_block(chart *c, const sview *v, const bhead *h, err *e) {
    bool opened;
    if (!sview_block(c->tx, v, h, &c->bytes, c->block, &opened, e)) return false;
    if (!opened) return true;
    const block *b = c->block;
    bool ordered = c->by == SERIES_BY_STEP || b->flags & BLOCK_RISING;
    size_t from = ordered ? block_lower(b, c->by, c->start) : 0,
           to = behind(b, SERIES_BY_STEP, v->limit),
           end = ordered ? behind(b, c->by, c->end) : b->n;
    if (end < to) to = end;
    size_t points = density(c, b, from, to);
    // With few points to a bucket each miniblock is decoded once and its points are taken one
    // by one, instead of once a bucket.
    if (!ordered || points < MINI)
        add_minis(c, v, b, from, to);
    else
        add_parts(c, b, from, to, c->loose && points >= LOOSE_MINIS * MINI);
    return true;
}

static void take_end(chart *c, sbucket_end **place, const sview *v, const bhead *h) {
    if (!*place) *place = ARENA_NEW(c->a, sbucket_end);
    **place = (sbucket_end){v, *h};
}

static int first_cmp(const chart *c, const bhead *a, const bhead *b) {
    if (c->by == SERIES_BY_TIME)
        return place_cmp(a->first_time, a->first_step, b->first_time, b->first_step);
    return place_cmp(a->first_step, a->first_time, b->first_step, b->first_time);
}

static int last_cmp(const chart *c, const bhead *a, const bhead *b) {
    if (c->by == SERIES_BY_TIME)
        return place_cmp(a->last_time, a->last_step, b->last_time, b->last_step);
    return place_cmp(a->last_step, a->last_time, b->last_step, b->last_time);
}

// A block within one bucket: false when it ties with another for the first or the last point,
// or does not tell them.
static bool add_head(chart *c, sbucket *b, const sview *v, const bhead *h) {
    int first = b->first ? first_cmp(c, h, &b->first->h) : -1;
    int last = b->last ? last_cmp(c, h, &b->last->h) : 1;
    if (first == 0 || last == 0) return false;
    if (c->by == SERIES_BY_TIME && !(h->flags & BLOCK_RISING)) return false;
    if (first < 0) take_end(c, &b->first, v, h);
    if (last > 0) take_end(c, &b->last, v, h);
    b->nan += (uint64_t)h->nan;
    if (h->min <= h->max) {
        ssum range = {.min = h->min, .max = h->max};
        ssum_to_f64(&range, v->row.type);
        ssum_range(&b->sum, range.min, range.max);
    }
    b->headed += (uint64_t)h->n;
    return true;
}

// To the blocks of an ordered tier that may reach into the range.
static bool seek_start(chart *c, bscan *s, err *e) {
    spt at = c->by == SERIES_BY_TIME ? (spt){INT64_MIN, c->start, INT64_MIN}
                                     : (spt){c->start, INT64_MIN, INT64_MIN};
    return bscan_seek(s, at, c->by, e);
}

static bool within_bucket(chart *c, const sview *v, const bhead *h) {
    stretch s = stretch_of(c, h);
    if (!is_inside(c, v, s)) return false;
    size_t k = bucket_of(c, s.first);
    return k == bucket_of(c, s.last) && add_head(c, &c->b[k], v, h);
}

static bool add_tier(chart *c, const sview *v, int64_t tier, err *e) {
    bscan s = bscan_new(c->tx, v, tier);
    bool ordered = is_ordered(c, v, tier);
    if (ordered && !seek_start(c, &s, e)) return false;
    for (const bhead *h; (h = bscan_next(&s, e));) {
        stretch at = stretch_of(c, h);
        if (ordered && at.first > c->end) break;
        if (is_outside(c, at) || within_bucket(c, v, h)) continue;
        if (!add_block(c, v, h, e)) return false;
    }
    return e->code == ERR_NONE;
}

// The first (or last) point of a block joins its bucket.
static bool resolve(chart *c, sbucket *b, const sbucket_end *k, bool last, err *e) {
    bool opened;
    if (!k) return true;
    if (!sview_block(c->tx, k->v, &k->h, &c->bytes, c->block, &opened, e)) return false;
    if (!opened) return true;
    spt p = block_at(c->block, last ? c->block->n - 1 : 0);
    spt_to_f64(&p, 1, c->block->type);
    bool none = !b->sum.count;
    if (none || spt_cmp_by(c->by, &p, &b->sum.first) < 0) b->sum.first = p;
    if (none || spt_cmp_by(c->by, &p, &b->sum.last) > 0) b->sum.last = p;
    b->sum.count += b->headed;
    b->headed = 0;
    return true;
}

static bool exact_blocks(chart *c, const sviews *vs, err *e) {
    for (size_t i = 0; i < vs->v.n; i++) {
        const sview *v = &vs->v.p[i];
        for (int64_t t = 0; v->row.next_block && t <= v->row.tiers; t++) {
            if (!add_tier(c, v, t, e)) return false;
        }
    }
    for (size_t i = 0; i < c->n; i++) {
        sbucket *b = &c->b[i];
        if (!resolve(c, b, b->first, false, e) || !resolve(c, b, b->last, true, e))
            return false;
        b->first = b->last = NULL;
    }
    return true;
}

// ---- loosely --------------------------------------------------------------------------------

typedef struct level_scan {
    chart *c;
    const sview *v;
    int64_t tier;
    bkey from;
    size_t levels;    // taken so far
    VEC(bhead) edges; // blocks that an end of the range goes through
    bool end;
} level_scan;

static bhead head_of_levels(const level_scan *s, bkey k, const slevels *l) {
    const spt *last = &l->level[l->n - 1].sum.last;
    return (bhead){.tier = s->tier,
                   .first_step = k.step,
                   .first_time = k.time,
                   .number = k.number,
                   .last_step = last->step,
                   .last_time = last->time,
                   .n = (int64_t)l->points};
}

// A block's levels, when the range holds all of them.
static void take_levels(level_scan *s, bkey k, const slevels *l) {
    chart *c = s->c;
    const spt *first = &l->level[0].sum.first, *last = &l->level[l->n - 1].sum.last;
    stretch at = {spt_place(c->by, first), spt_place(c->by, last), last->step};
    s->end = at.first > c->end || first->step > s->v->limit;
    if (s->end || is_outside(c, at)) return;
    if (!is_inside(c, s->v, at)) {
        vec_push(c->a, &s->edges, head_of_levels(s, k, l));
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        size_t into = bucket_of(c, spt_place(c->by, &l->level[i].sum.first));
        add_level(c, &c->b[into], l->level[i], s->v->row.type);
    }
    s->levels += l->n;
}

static bool level_page(level_scan *s, err *e) {
    const sview *v = s->v;
    size_t n = 0;
    db_rows *rows = db_select(s->c->tx, &Q_block_levels, e, DB_I64(v->ws), DB_ID(v->run),
                              DB_I64(v->row.number), DB_I64(s->tier), DB_I64(s->from.step),
                              DB_I64(s->from.time), DB_I64(s->from.number), DB_I64(LEVEL_ROWS));
    if (!rows) return false;
    for (; !s->end && db_next(rows, e); n++) {
        slevels l;
        bkey k = {db_i64(rows, 0), db_i64(rows, 1), db_i64(rows, 2)};
        if (slevels_get(db_blob(rows, 3), v->row.type, &l, e))
            take_levels(s, k, &l);
        else if (!series_passable(e))
            break;
        s->from = (bkey){k.step, k.time, k.number + 1};
    }
    db_end(rows);
    s->end |= n < LEVEL_ROWS;
    return e->code == ERR_NONE;
}

static bool loose_tier(chart *c, const sview *v, int64_t tier, size_t *levels, err *e) {
    bscan start = bscan_new(c->tx, v, tier);
    if (c->start > spt_place(c->by, &v->row.sum.first) && !seek_start(c, &start, e))
        return false;
    level_scan s = {.c = c, .v = v, .tier = tier, .from = start.from};
    while (!s.end) {
        if (!level_page(&s, e)) return false;
    }
    for (size_t i = 0; i < s.edges.n; i++) {
        if (!add_block(c, v, &s.edges.p[i], e)) return false;
    }
    *levels += s.levels;
    return true;
}

// Could there be half as many levels as buckets, and do all blocks have them? (Levels tell
// where their points begin and end only in the order of blocks.)
static bool may_be_loose(const chart *c, const sviews *vs) {
    uint64_t points = 0;
    for (size_t i = 0; i < vs->v.n; i++) {
        const srow *r = &vs->v.p[i].row;
        if (r->next_block && !(r->flags & SERIES_LEVELED)) return false;
        if (r->next_block && (r->tiers || !is_ordered(c, &vs->v.p[i], 0)) &&
            c->by == SERIES_BY_TIME) {
            return false;
        }
        points += r->sum.count;
    }
    return c->loose && points / LEVEL_POINTS * 2 >= c->n;
}

// *done is false when the range holds too few levels: the buckets are empty then, as before.
static bool loose_blocks(chart *c, const sviews *vs, bool *done, err *e) {
    size_t levels = 0;
    for (size_t i = 0; i < vs->v.n; i++) {
        const sview *v = &vs->v.p[i];
        for (int64_t t = 0; v->row.next_block && t <= v->row.tiers; t++) {
            if (!loose_tier(c, v, t, &levels, e)) return false;
        }
    }
    *done = levels * 2 >= c->n;
    if (!*done) memset(c->b, 0, c->n * sizeof *c->b);
    return true;
}

bool schart_blocks(chart *c, const sviews *vs, err *e) {
    bool done = false;
    if (may_be_loose(c, vs) && !loose_blocks(c, vs, &done, e)) return false;
    return done || exact_blocks(c, vs, e);
}

// ---- one series -----------------------------------------------------------------------------

static bool run_chart(chart *c, const sviews *vs, str key, err *e) {
    return schart_blocks(c, vs, e) && series_small(c->tx, vs, key, schart_points, c, e);
}

bool schart_sum(db_tx *tx, arena *a, int64_t ws, id run_id, str key, ssum *out, err *e) {
    sviews vs;
    chart c = {.tx = tx};
    schart_begin(&c, a, INT64_MIN, INT64_MAX, 1);
    bool ok = sviews_of(tx, a, ws, run_id, key, &vs, e) && run_chart(&c, &vs, key, e);
    *out = c.b->sum;
    schart_free(&c);
    return ok;
}

static series_bucket bucket_out(const chart *c, size_t i) {
    const sbucket *b = &c->b[i];
    return (series_bucket){.start = bucket_start(c, i),
                           .end = bucket_end(c, i),
                           .first = spt_value(b->sum.first),
                           .last = spt_value(b->sum.last),
                           .min = b->sum.ranged ? rank_value(b->sum.min) : (double)NAN,
                           .max = b->sum.ranged ? rank_value(b->sum.max) : (double)NAN,
                           .n = b->sum.count,
                           .nan = b->nan};
}

void schart_end(chart *c, arena *a, series_bucket **out, size_t *n) {
    size_t most = 0;
    for (size_t i = 0; i < c->n; i++)
        most += c->b[i].sum.count != 0;
    *out = ARENA_ARRAY(a, series_bucket, most);
    *n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->b[i].sum.count) (*out)[(*n)++] = bucket_out(c, i);
    }
}

typedef struct chart_call {
    ctx *c;
    id run;
    str key;
    int64_t start, end;
    size_t buckets;
    chart chart;
} chart_call;

static bool read_chart(db_tx *tx, void *arg, err *e) {
    chart_call *q = arg;
    sviews vs;
    q->chart.tx = tx;
    schart_begin(&q->chart, q->c->a, q->start, q->end, q->buckets);
    return sviews_of(tx, q->c->a, q->c->ws, q->run, q->key, &vs, e) &&
           run_chart(&q->chart, &vs, q->key, e);
}

bool series_chart(ctx *c, id run_id, str key, int64_t start, int64_t end, size_t buckets,
                  series_bucket **out, size_t *n, err *e) {
    *out = NULL;
    *n = 0;
    if (!buckets || buckets > SERIES_BUCKETS_MAX)
        return err_set(e, ERR_INVALID, "a chart has between 1 and %d parts",
                       SERIES_BUCKETS_MAX);
    if (start > end) return true;
    chart_call q = {
        .c = c, .run = run_id, .key = key, .start = start, .end = end, .buckets = buckets};
    bool ok = db_read(core_db(c->core), read_chart, &q, e);
    if (ok) schart_end(&q.chart, c->a, out, n);
    schart_free(&q.chart);
    return ok;
}
