// SPDX-License-Identifier: Apache-2.0
// Merging: a stream a sequence of blocks (series x tier) and one of the small parts, in a heap
// by their next point. A stream holds one block's bytes and one decoded miniblock, so memory
// does not grow with the series. One thread, within a snapshot.
//
// In the order of time a sequence that rises in time is in both orders at once.
#include "core/series_internal.h"

#include <stdlib.h>

typedef struct stream {
    const sview *v; // NULL: the array
    const spt *p;   // decoded points; the next is p[i]
    size_t i, n;
    spt mini[MINI];
    bscan scan;
    buf bytes;
    block *b;
    size_t m; // next miniblock of b; b->minis: none
} stream;

struct smerge {
    spt_order cmp;
    series_order order;
    spt after;
    stream *s;
    stream **heap;
    size_t n, heaped;
    spt last;
    bool any, started;
};

// ---- one stream ----------------------------------------------------------------------------

static spt point_of(const block *b, size_t i) {
    spt p = block_at(b, i);
    spt_to_f64(&p, 1, b->type);
    return p;
}

// The last miniblock that begins at or before the cursor.
static size_t mini_at(const smerge *m, const block *b) {
    size_t lo = 0, hi = b->minis;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        spt p = point_of(b, mid * MINI);
        if (m->cmp(&p, &m->after) <= 0)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

// Wholly before the cursor, as far as its head tells?
static bool head_before(const smerge *m, const bhead *h) {
    if (m->order == SERIES_BY_TIME) return h->max_time < m->after.time;
    return h->last_step < m->after.step;
}

static bool next_block(smerge *m, stream *s, bool *found, err *e) {
    *found = false;
    while (!*found) {
        const bhead *h = bscan_next(&s->scan, e);
        if (!h) return e->code == ERR_NONE;
        if (head_before(m, h)) continue;
        if (!sview_block(s->scan.tx, s->v, h, &s->bytes, s->b, found, e)) return false;
    }
    s->m = mini_at(m, s->b);
    return true;
}

// Drops what is not wanted from the decoded miniblock.
static void trim(const smerge *m, stream *s) {
    while (s->i < s->n && m->cmp(&s->p[s->i], &m->after) <= 0)
        s->i++;
    while (s->n > s->i && s->p[s->n - 1].step > s->v->limit)
        s->n--;
}

// Makes p[i] the stream's next point; i == n at its end.
static bool refill(smerge *m, stream *s, err *e) {
    if (!s->v) return true;
    while (s->i == s->n) {
        bool found = true;
        if (s->m >= s->b->minis && !next_block(m, s, &found, e)) return false;
        if (!found) return true;
        s->p = s->mini;
        s->i = 0;
        s->n = block_mini(s->b, s->m++, s->mini);
        spt_to_f64(s->mini, s->n, s->b->type);
        trim(m, s);
    }
    return true;
}

// ---- the heap ------------------------------------------------------------------------------

static inline const spt *front(const stream *s) {
    return &s->p[s->i];
}

static void sift(smerge *m, size_t i) {
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= m->heaped) return;
        if (c + 1 < m->heaped && m->cmp(front(m->heap[c + 1]), front(m->heap[c])) < 0) c++;
        if (m->cmp(front(m->heap[i]), front(m->heap[c])) <= 0) return;
        stream *swap = m->heap[i];
        m->heap[i] = m->heap[c];
        m->heap[c] = swap;
        i = c;
    }
}

static bool start(smerge *m, err *e) {
    m->started = true;
    for (size_t i = 0; i < m->n; i++) {
        stream *s = &m->s[i];
        bool seek = s->v && m->cmp(&m->after, &SPT_LEAST) > 0;
        if (seek && !bscan_seek(&s->scan, m->after, m->order, e)) return false;
        if (!refill(m, s, e)) return false;
        if (s->i < s->n) m->heap[m->heaped++] = s;
    }
    for (size_t i = m->heaped / 2; i-- > 0;)
        sift(m, i);
    return true;
}

// The front stream's points up to the next stream's first, without repeats.
static size_t take(smerge *m, stream *s, const spt *bound, spt *out, size_t max) {
    size_t n = 0;
    for (; s->i < s->n && n < max; s->i++) {
        const spt *p = front(s);
        if (bound && m->cmp(p, bound) > 0) break;
        if (m->any && spt_eq(p, &m->last)) continue;
        out[n++] = m->last = *p;
        m->any = true;
    }
    return n;
}

bool smerge_next(smerge *m, spt *out, size_t max, size_t *n, err *e) {
    *n = 0;
    if (!m->started && !start(m, e)) return false;
    while (*n < max && m->heaped) {
        stream *s = m->heap[0];
        const spt *bound = m->heaped > 1 ? front(m->heap[1]) : NULL;
        if (m->heaped > 2 && m->cmp(front(m->heap[2]), bound) < 0) bound = front(m->heap[2]);
        *n += take(m, s, bound, out + *n, max - *n);
        if (s->i == s->n && !refill(m, s, e)) return false;
        if (s->i == s->n) m->heap[0] = m->heap[--m->heaped];
        sift(m, 0);
    }
    return true;
}

// ---- making --------------------------------------------------------------------------------

static void add_stream(smerge *m, db_tx *tx, const sview *v, int64_t tier) {
    stream *s = &m->s[m->n++];
    s->v = v;
    s->scan = bscan_new(tx, v, tier);
    s->bytes = BUF_MAX(1 << 20);
    s->b = mem_alloc(sizeof *s->b);
}

smerge *smerge_new(db_tx *tx, const sviews *vs, const scollect *small, series_order order,
                   spt after) {
    smerge *m = mem_alloc(sizeof *m);
    size_t n = 1;
    *m = (smerge){.cmp = spt_order_of(order), .order = order, .after = after};
    for (size_t i = 0; i < vs->v.n; i++)
        n += vs->v.p[i].row.next_block ? (size_t)vs->v.p[i].row.tiers + 1 : 0;
    m->s = mem_alloc(n * sizeof *m->s);
    m->heap = mem_alloc(n * sizeof *m->heap);
    for (size_t i = 0; i < vs->v.n; i++) {
        const srow *r = &vs->v.p[i].row;
        if (!r->next_block || r->sum.first.step > vs->v.p[i].limit) continue;
        for (int64_t t = 0; t <= r->tiers; t++) {
            if (order == SERIES_BY_STEP || smerge_by_time(r, t))
                add_stream(m, tx, &vs->v.p[i], t);
        }
    }
    if (small && small->n) {
        m->s[m->n].p = small->p;
        m->s[m->n++].n = small->n;
    }
    return m;
}

void smerge_free(smerge *m) {
    if (!m) return;
    for (size_t i = 0; i < m->n; i++) {
        buf_free(&m->s[i].bytes);
        free(m->s[i].b);
    }
    free(m->s);
    free(m->heap);
    free(m);
}
