// SPDX-License-Identifier: Apache-2.0
// Where packed points go. The main sequence (tier 0) and each tier of late points are blocks
// that do not overlap within their tier.
//
//   few points            stay in the tail, within the row of the series
//   behind the main end   are appended; blocks at the end that are not larger than twice what
//                         comes behind them are written anew with it, so that sizes fall
//                         geometrically towards the end and each point is rewritten O(log n)
//                         times
//   a little late         are merged with the main blocks that they overlap, when these are at
//   most
//                         MERGE_WORTH times as many points
//   very late             go to the first tier that has room for them and for all tiers before
//   it;
//                         tier t holds 1024 * 4^t points. When all late points are a quarter of
//                         the main sequence they are merged into it. So any order of arrival
//                         costs O(log n) rewrites a point.
//
// Tiers above direct_tiers are too large to be merged whole in bounded memory: pack_plan_settle
// moves the part of a tier that overlaps least with its target, a step at a time. A damaged
// block is never merged: it stays where it is, for `stemma check` to name. Nothing here is
// needed for correctness: readers merge whatever overlaps.
#include "core/series_pack.h"
#include "core/series_sql.h"

#include <stdlib.h>

enum { MERGE_WORTH = 8, END_HEADS = 16 };

typedef struct plan {
    db_tx *tx;
    arena *a;
    prun *r;
    pjob *job;
    sview v; // for scanning
} plan;

typedef VEC(bhead) head_list;

static bool times_rise(const spt *p, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (p[i].time < p[i - 1].time) return false;
    }
    return true;
}

static int64_t points_of(const bhead *h, size_t n) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += h[i].n;
    return sum;
}

// ---- merging with blocks -------------------------------------------------------------------

typedef struct merged {
    spt *p;
    size_t n;
} merged;

// Blocks and points as one sorted sequence; the blocks are marked dead.
static bool merge_blocks(plan *w, const bhead *h, size_t n, const spt *p, size_t np,
                         merged *out, err *e) {
    size_t most = np;
    for (size_t i = 0; i < n; i++)
        most += (size_t)h[i].n;
    w->r->merged += most - np;
    spt *all = (spt *)(void *)arena_alloc(w->a, most * sizeof *all);
    buf bytes = BUF_MAX(1 << 20);
    block *b = mem_alloc(sizeof *b);
    bool ok = true;
    size_t at = 0;
    for (size_t i = 0; ok && i < n; i++) {
        bool opened;
        ok = sview_block(w->tx, &w->v, &h[i], &bytes, b, &opened, e);
        if (!ok || !opened || b->type != w->job->row.type || b->n != h[i].n) continue;
        block_all(b, all + at);
        at += b->n;
        vec_push(w->a, &w->job->dead, h[i]);
    }
    buf_free(&bytes);
    free(b);
    if (!ok) return false;
    if (np) memcpy(all + at, p, np * sizeof *p);
    spt *scratch = mem_realloc(NULL, (at + np + 1) * sizeof *scratch);
    *out = (merged){all, spt_sort(all, at + np, scratch, spt_cmp)};
    free(scratch);
    return true;
}

static void add_seq(plan *w, int64_t tier, const spt *p, size_t n, bool ends) {
    if (n) vec_push(w->a, &w->job->seqs, (pseq){tier, p, n, ends});
}

static void not_rising(pjob *job) {
    job->row.flags &= ~(int64_t)SERIES_RISING;
}

// ---- at the end of the main sequence -------------------------------------------------------

// p: behind all main blocks. end: heads from the last one downwards.
static bool append(plan *w, const spt *p, size_t n, const bhead *end, size_t n_end, err *e) {
    int64_t sum = (int64_t)n;
    size_t k = 0;
    if (!n) return true;
    while (k < n_end && !(end[k].flags & BLOCK_FULL) && end[k].n <= 2 * sum)
        sum += end[k++].n;
    merged m = {0};
    bhead rising_order[END_HEADS];
    for (size_t i = 0; i < k; i++)
        rising_order[i] = end[k - 1 - i];
    if (!merge_blocks(w, rising_order, k, p, n, &m, e)) return false;
    if (!times_rise(m.p, m.n) || (!k && n_end && end->last_time > m.p->time))
        not_rising(w->job);
    add_seq(w, 0, m.p, m.n, true);
    return true;
}

// ---- a little late -------------------------------------------------------------------------

// Main blocks that overlap with a range, and those before and behind it.
typedef struct near {
    head_list in;
    bhead prev, next;
    bool has_prev, has_next;
    bool fits; // in the budget; else `in` and `next` are not complete
} near;

static bool find_near(plan *w, const spt *first, const spt *last, int64_t budget, near *out,
                      err *e) {
    bscan s = bscan_new(w->tx, &w->v, 0);
    int64_t sum = 0;
    *out = (near){.fits = true};
    if (!bscan_seek(&s, *first, SERIES_BY_STEP, e)) return false;
    for (const bhead *h; out->fits && !out->has_next && (h = bscan_next(&s, e));) {
        if (place_cmp(h->last_step, h->last_time, first->step, first->time) < 0) {
            out->prev = *h;
            out->has_prev = true;
        } else if (place_cmp(h->first_step, h->first_time, last->step, last->time) > 0) {
            out->next = *h;
            out->has_next = true;
        } else {
            sum += h->n;
            out->fits = sum <= budget;
            vec_push(w->a, &out->in, *h);
        }
    }
    if (e->code != ERR_NONE) return false;
    if (out->fits && !out->in.n && out->has_prev) { // a gap: the block before it takes them
        out->fits = out->prev.n <= budget;
        vec_push(w->a, &out->in, out->prev);
    }
    return true;
}

// Late points and the main blocks in their range become one sequence; when that reaches the
// end, what is to be appended (it stands right behind them) belongs to it. *done is false, and
// nothing has happened, when those blocks are too many.
static bool merge_near(plan *w, const spt *late, size_t n, size_t n_more, const bhead *end,
                       size_t n_end, bool *done, err *e) {
    near r;
    merged m;
    int64_t budget = MERGE_WORTH * (int64_t)w->job->n,
            left = (int64_t)w->r->limits->points - (int64_t)w->r->merged;
    if (!find_near(w, late, &late[n - 1], budget < left ? budget : left, &r, e)) return false;
    *done = r.fits;
    if (!*done) return true;
    if (!merge_blocks(w, r.in.p, r.in.n, late, r.has_next ? n : n + n_more, &m, e))
        return false;
    if (!times_rise(m.p, m.n) || (r.has_prev && r.prev.last_time > m.p->time) ||
        (r.has_next && m.p[m.n - 1].time > r.next.first_time)) {
        not_rising(w->job);
    }
    add_seq(w, 0, m.p, m.n, !r.has_next);
    if (!r.has_next) return true;
    size_t free_end = 0; // blocks at the end that this has not taken
    while (free_end < n_end && place_cmp(end[free_end].first_step, end[free_end].first_time,
                                         r.next.first_step, r.next.first_time) >= 0)
        free_end++;
    return append(w, late + n, n_more, end, free_end, e);
}

// ---- very late -----------------------------------------------------------------------------

static bool late_heads(plan *w, head_list *out, err *e) {
    if (!w->job->row.tiers) return true;
    db_rows *rows = db_select(w->tx, &Q_block_late, e, DB_I64(w->r->ws), DB_ID(w->r->run),
                              DB_I64(w->job->row.number));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(w->a, out, bhead_read(rows));
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool main_heads(plan *w, head_list *out, err *e) {
    bscan s = bscan_new(w->tx, &w->v, 0);
    for (const bhead *h; (h = bscan_next(&s, e));)
        vec_push(w->a, out, *h);
    return e->code == ERR_NONE;
}

static int64_t main_points(const pjob *job) {
    return (int64_t)job->row.sum.count - job->row.late - (int64_t)job->tail_n;
}

// Everything of the main sequence and of the late tiers becomes the main sequence.
static bool merge_all(plan *w, const head_list *late, const spt *p, size_t n, err *e) {
    head_list all = {0};
    merged m;
    if (!main_heads(w, &all, e)) return false;
    for (size_t i = 0; i < late->n; i++)
        vec_push(w->a, &all, late->p[i]);
    if (!merge_blocks(w, all.p, all.n, p, n, &m, e)) return false;
    w->job->row.flags |= SERIES_RISING;
    if (!times_rise(m.p, m.n)) not_rising(w->job);
    w->job->row.tiers = 0;
    add_seq(w, 0, m.p, m.n, true);
    return true;
}

// Merges the points with the tiers up to t into tier t.
static bool merge_tiers(plan *w, const head_list *late, int64_t t, const spt *p, size_t n,
                        err *e) {
    size_t k = 0;
    merged m;
    while (k < late->n && late->p[k].tier <= t)
        k++;
    if (!merge_blocks(w, late->p, k, p, n, &m, e)) return false;
    add_seq(w, t, m.p, m.n, false);
    if (w->job->row.tiers < t) w->job->row.tiers = t;
    if ((int64_t)m.n > tier_cap(t)) w->job->overfull = true;
    return true;
}

// *all: the whole of job->p was merged, not only the late ones.
static bool place_late(plan *w, const spt *p, size_t n, bool *all, err *e) {
    head_list late = {0};
    if (!late_heads(w, &late, e)) return false;
    int64_t sum = (int64_t)n, main = main_points(w->job);
    size_t k = 0;
    *all = false;
    int64_t direct = w->r->limits->direct_tiers;
    for (int64_t t = 1; t <= direct; t++) {
        for (; k < late.n && late.p[k].tier <= t; k++)
            sum += late.p[k].n;
        if (main <= TIER_RATIO * sum && k == late.n &&
            main + sum <= 2 * (int64_t)w->r->limits->points) {
            *all = true;
            return merge_all(w, &late, w->job->p, w->job->n, e);
        }
        if (sum <= tier_cap(t)) return merge_tiers(w, &late, t, p, n, e);
    }
    return merge_tiers(w, &late, direct, p, n, e);
}

// ---- the whole plan ------------------------------------------------------------------------

bool pack_plan(db_tx *tx, arena *a, prun *r, pjob *job, err *e) {
    plan w = {.tx = tx, .a = a, .r = r, .job = job};
    bhead end[END_HEADS];
    size_t n_end = 0, late = 0;
    bool done = false;
    w.v = (sview){.ws = r->ws, .run = r->run, .limit = INT64_MAX, .row = job->row};
    if (job->n <= TAIL_MAX) {
        add_seq(&w, 0, job->p, job->n, true);
        return true;
    }
    if (job->row.next_block) {
        bkey last = {INT64_MAX, INT64_MAX, INT64_MAX};
        if (!block_heads(tx, r->ws, r->run, job->row.number, 0, last, true, end, END_HEADS,
                         &n_end, e)) {
            return false;
        }
    }
    while (n_end && late < job->n &&
           place_cmp(job->p[late].step, job->p[late].time, end->last_step, end->last_time) <= 0)
        late++;
    const spt *more = job->p + late;
    size_t n_more = job->n - late;
    if (!late) return append(&w, more, n_more, end, n_end, e);
    if (!merge_near(&w, job->p, late, n_more, end, n_end, &done, e)) return false;
    if (done) return true;
    return place_late(&w, job->p, late, &done, e) &&
           (done || append(&w, more, n_more, end, n_end, e));
}

// ---- settling ------------------------------------------------------------------------------

// A part of tier `from` that is moved: its blocks [s, s_end) and the target's [t, t_end).
typedef struct move {
    size_t s, s_end, t, t_end;
} move;

// The target's blocks that overlap with the source's [s, s_end).
static void find_overlap(const head_list *src, const head_list *dst, move *m) {
    const bhead *first = &src->p[m->s], *last = &src->p[m->s_end - 1];
    size_t lo = 0, hi = dst->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const bhead *d = &dst->p[mid];
        if (place_cmp(d->last_step, d->last_time, first->first_step, first->first_time) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    m->t = lo;
    for (hi = dst->n; lo < hi;) {
        size_t mid = (lo + hi) / 2;
        const bhead *d = &dst->p[mid];
        if (place_cmp(d->first_step, d->first_time, last->last_step, last->last_time) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    m->t_end = lo;
}

static int64_t move_cost(const head_list *src, const head_list *dst, const move *m) {
    return points_of(src->p + m->s, m->s_end - m->s) +
           points_of(dst->p + m->t, m->t_end - m->t);
}

// The block that brings most points for those it touches, and its neighbours as far as a step
// goes.
static move best_move(const head_list *src, const head_list *dst, int64_t most) {
    move best = {0, 1, 0, 0};
    double least = 0;
    for (size_t s = 0; s < src->n; s++) {
        move m = {s, s + 1, 0, 0};
        find_overlap(src, dst, &m);
        double cost = (double)move_cost(src, dst, &m) / (double)src->p[s].n;
        if (s && cost >= least) continue;
        least = cost;
        best = m;
    }
    while (best.s_end < src->n) {
        move m = {best.s, best.s_end + 1, 0, 0};
        find_overlap(src, dst, &m);
        if (move_cost(src, dst, &m) > most) break;
        best = m;
    }
    return best;
}

static bool do_move(plan *w, const head_list *src, const head_list *dst, int64_t from,
                    int64_t to, bool *more, err *e) {
    int64_t most = (int64_t)w->r->limits->points;
    move m = best_move(src, dst, most);
    merged s, d;
    if (!merge_blocks(w, src->p + m.s, m.s_end - m.s, NULL, 0, &s, e)) return false;
    *more = s.n > 0; // else they are damaged
    if (!*more) return true;
    size_t push = s.n, t = m.t;
    for (int64_t sum = 0; t < m.t_end && sum < most; t++)
        sum += dst->p[t].n;
    if (t < m.t_end) { // too much at once: what lies behind the cut stays in its tier
        const bhead *cut = &dst->p[t];
        for (push = 0; push < s.n; push++) {
            if (place_cmp(s.p[push].step, s.p[push].time, cut->first_step, cut->first_time) >=
                0)
                break;
        }
        add_seq(w, from, s.p + push, s.n - push, false);
    }
    if (!merge_blocks(w, dst->p + m.t, t - m.t, s.p, push, &d, e)) return false;
    if (to == 0 && d.n &&
        (!times_rise(d.p, d.n) || (m.t && dst->p[m.t - 1].last_time > d.p->time) ||
         (t < dst->n && d.p[d.n - 1].time > dst->p[t].first_time))) {
        not_rising(w->job);
    }
    add_seq(w, to, d.p, d.n, false);
    if (w->job->row.tiers < to) w->job->row.tiers = to;
    return true;
}

bool pack_plan_settle(db_tx *tx, arena *a, prun *r, pjob *job, bool *more, err *e) {
    plan w = {.tx = tx, .a = a, .r = r, .job = job};
    head_list late = {0}, src = {0}, dst = {0};
    *more = false;
    w.v = (sview){.ws = r->ws, .run = r->run, .limit = INT64_MAX, .row = job->row};
    if (!late_heads(&w, &late, e)) return false;
    int64_t from = 0, size = 0;
    for (size_t i = 0, k; i < late.n && !from; i = k) {
        for (k = i, size = 0; k < late.n && late.p[k].tier == late.p[i].tier; k++)
            size += late.p[k].n;
        if (size > tier_cap(late.p[i].tier)) from = late.p[i].tier;
    }
    if (!from) return true;
    int64_t to = main_points(job) <= TIER_RATIO * size ? 0 : from + 1;
    for (size_t i = 0; i < late.n; i++) {
        if (late.p[i].tier == from) vec_push(a, &src, late.p[i]);
        if (late.p[i].tier == to) vec_push(a, &dst, late.p[i]);
    }
    if (to == 0 && !main_heads(&w, &dst, e)) return false;
    return do_move(&w, &src, &dst, from, to, more, e);
}
