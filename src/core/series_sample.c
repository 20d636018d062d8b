// SPDX-License-Identifier: Apache-2.0
// Sampling as MLflow does it (bulk-interval): of the distinct steps of all runs within a range
// at most `max`, evenly by rank, the last one, and each run's own first and last; then every
// point at those steps. Steps come from the heads of blocks where they are evenly spaced;
// points from the miniblocks that hold a picked step. Any thread.
#include "core/series_internal.h"
#include "core/series_steps.h"

#include <stdlib.h>

enum { RUN_POINTS_MAX = 25000, PASS_PAGE = 65536 };

typedef struct sample_run {
    sviews vs;
    int64_t lo, hi; // its own first and last step in the range
    bool any;
} sample_run;

typedef struct sample {
    ctx *c;
    const id *run_ids;
    size_t n_runs;
    str key;
    int64_t start, end;
    size_t max;
    series_interval *out;
    // the work
    db_tx *tx;
    sample_run *runs;
    sample_run *now; // the run being read
    steps steps;
    int64_t *picks; // sorted, in the arena
    size_t n_picks;
    scollect points;
    buf bytes;
    block *block;
    int64_t *block_steps; // BLOCK_MAX of them
} sample;

static void saw(sample_run *r, int64_t lo, int64_t hi) {
    if (!r->any || lo < r->lo) r->lo = lo;
    if (!r->any || hi > r->hi) r->hi = hi;
    r->any = true;
}

// ---- which steps there are -----------------------------------------------------------------

static void small_steps(void *arg, const spt *p, size_t n, int64_t limit) {
    sample *q = arg;
    for (size_t i = 0; i < n; i++) {
        if (p[i].step < q->start || p[i].step > q->end || p[i].step > limit) continue;
        saw(q->now, p[i].step, p[i].step);
        steps_add(&q->steps, p[i].step);
    }
}

// The part of an evenly spaced block that lies in [lo, hi].
static void even_steps(sample *q, const bhead *h, int64_t lo, int64_t hi) {
    uint64_t stride = (uint64_t)h->stride, skip = 0;
    uint64_t last = (uint64_t)h->distinct - 1;
    if (h->first_step < lo)
        skip = ((uint64_t)lo - (uint64_t)h->first_step + stride - 1) / stride;
    if (h->last_step > hi) {
        if (h->first_step > hi) return;
        last = ((uint64_t)hi - (uint64_t)h->first_step) / stride;
    }
    if (skip > last) return;
    int64_t first = (int64_t)((uint64_t)h->first_step + skip * stride);
    saw(q->now, first, (int64_t)((uint64_t)h->first_step + last * stride));
    steps_add_even(&q->steps, first, h->stride, last - skip + 1);
}

static bool block_in_steps(sample *q, const sview *v, const bhead *h, int64_t lo, int64_t hi,
                           err *e) {
    int64_t *s = q->block_steps;
    bool opened;
    if (q->steps.over && h->first_step >= lo && h->last_step <= hi) {
        saw(q->now, h->first_step, h->last_step);
        return true;
    }
    if (!sview_block(q->tx, v, h, &q->bytes, q->block, &opened, e)) return false;
    if (!opened) return true;
    block_steps(q->block, s);
    for (size_t i = 0; i < q->block->n; i++) {
        if (s[i] < lo || s[i] > hi) continue;
        saw(q->now, s[i], s[i]);
        steps_add(&q->steps, s[i]);
    }
    return true;
}

static bool tier_steps(sample *q, const sview *v, int64_t tier, err *e) {
    bscan s = bscan_new(q->tx, v, tier);
    int64_t hi = least_of(q->end, v->limit);
    if (!bscan_seek(&s, (spt){q->start, INT64_MIN, INT64_MIN}, SERIES_BY_STEP, e)) return false;
    for (const bhead *h; (h = bscan_next(&s, e));) {
        if (h->last_step < q->start) continue;
        if (h->first_step > hi) break;
        if (h->stride > 0 && h->distinct > 0)
            even_steps(q, h, q->start, hi);
        else if (!block_in_steps(q, v, h, q->start, hi, e))
            return false;
    }
    return e->code == ERR_NONE;
}

static bool run_steps(sample *q, err *e) {
    const sviews *vs = &q->now->vs;
    if (!series_small(q->tx, vs, q->key, small_steps, q, e)) return false;
    for (size_t i = 0; i < vs->v.n; i++) {
        const srow *r = &vs->v.p[i].row;
        for (int64_t t = 0; r->next_block && t <= r->tiers; t++) {
            if (!tier_steps(q, &vs->v.p[i], t, e)) return false;
        }
    }
    return true;
}

// ---- picking -------------------------------------------------------------------------------

// rank i of `max` even ones among n, as Python's int(i * (n / max)) gives it
static uint64_t rank_at(uint64_t i, uint64_t n, size_t max) {
    if (n <= max) return i;
    uint64_t at = (uint64_t)((double)i * ((double)n / (double)max));
    return i == max || at >= n ? n - 1 : at;
}

static uint64_t ranks(uint64_t n, size_t max) {
    return n <= max ? n : (uint64_t)max + 1;
}

// Too many irregular steps to hold: counts, then picks, by going through the points in order.
static bool pick_by_passes(sample *q, err *e) {
    sviews all = {.ws = q->c->ws};
    VEC(sview_run) runs = {0};
    for (size_t i = 0; i < q->n_runs; i++) {
        const sviews *vs = &q->runs[i].vs;
        for (size_t k = 0; k < vs->n_runs; k++)
            vec_push(q->c->a, &runs, vs->runs[k]);
        for (size_t k = 0; k < vs->v.n; k++)
            vec_push(q->c->a, &all.v, vs->v.p[k]);
    }
    all.runs = runs.p;
    all.n_runs = runs.n;
    spt *p = mem_alloc(PASS_PAGE * sizeof *p);
    uint64_t total = 0;
    bool ok = true;
    for (int pass = 0; ok && pass < 2; pass++) {
        spt after = {q->start, INT64_MIN, INT64_MIN};
        uint64_t seen = 0, next = 0;
        bool any = false;
        for (size_t n = PASS_PAGE; ok && n == PASS_PAGE;) {
            ok = shistory_page(q->tx, q->c->a, &all, q->key, SERIES_BY_STEP, after, PASS_PAGE,
                               p, &n, e);
            for (size_t i = 0; ok && i < n && p[i].step <= q->end; i++) {
                if (any && p[i].step == after.step) continue;
                any = true;
                after.step = p[i].step;
                while (pass && next < ranks(total, q->max) &&
                       rank_at(next, total, q->max) == seen) {
                    q->picks[q->n_picks++] = p[i].step;
                    next++;
                }
                seen++;
            }
            if (n) after = p[n - 1];
            if (n && after.step > q->end) break;
        }
        total = seen;
    }
    free(p);
    return ok;
}

static bool pick(sample *q, err *e) {
    q->picks = ARENA_ARRAY(q->c->a, int64_t, q->max + 1 + 2 * q->n_runs);
    if (steps_fits(&q->steps)) {
        steps_end(&q->steps);
        for (uint64_t i = 0; i < ranks(q->steps.count, q->max); i++)
            q->picks[q->n_picks++] = steps_at(&q->steps, rank_at(i, q->steps.count, q->max));
    } else if (!pick_by_passes(q, e))
        return false;
    for (size_t i = 0; i < q->n_runs; i++) {
        if (!q->runs[i].any) continue;
        q->picks[q->n_picks++] = q->runs[i].lo;
        q->picks[q->n_picks++] = q->runs[i].hi;
    }
    qsort(q->picks, q->n_picks, sizeof *q->picks, steps_cmp);
    size_t n = 0;
    for (size_t i = 0; i < q->n_picks; i++) {
        if (!n || q->picks[n - 1] != q->picks[i]) q->picks[n++] = q->picks[i];
    }
    q->n_picks = n;
    return true;
}

// The first pick at or behind a step.
static size_t pick_lower(const sample *q, int64_t step) {
    size_t lo = 0, hi = q->n_picks;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (q->picks[mid] < step)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

// ---- the points at the picks ---------------------------------------------------------------

static void small_points(void *arg, const spt *p, size_t n, int64_t limit) {
    sample *q = arg;
    for (size_t i = 0; i < n; i++) {
        size_t k = pick_lower(q, p[i].step);
        if (k < q->n_picks && q->picks[k] == p[i].step)
            scollect_add(&q->points, &p[i], 1, limit);
    }
}

static void give_range(sample *q, size_t from, size_t to, int64_t limit) {
    const block *b = q->block;
    spt p[MINI];
    if (to - from <= 4) {
        for (; from < to; from++) {
            p[0] = block_at(b, from);
            spt_to_f64(p, 1, b->type);
            scollect_add(&q->points, p, 1, limit);
        }
        return;
    }
    while (from < to) {
        size_t m = from / MINI, n = block_mini(b, m, p), i = from - m * MINI;
        if (n > to - m * MINI) n = to - m * MINI;
        spt_to_f64(p + i, n - i, b->type);
        scollect_add(&q->points, p + i, n - i, limit);
        from = m * MINI + n;
    }
}

static void give_step(sample *q, int64_t step, int64_t limit) {
    const block *b = q->block;
    if (b->stride > 0 && b->distinct == b->n) {
        uint64_t gap = (uint64_t)step - (uint64_t)block_place(b, SERIES_BY_STEP, 0);
        uint64_t at = gap / (uint64_t)b->stride;
        if (gap % (uint64_t)b->stride == 0 && at < b->n) give_range(q, at, at + 1, limit);
        return;
    }
    size_t from = block_lower(b, SERIES_BY_STEP, step);
    size_t to = step == INT64_MAX ? b->n : block_lower(b, SERIES_BY_STEP, step + 1);
    if (from < to) give_range(q, from, to, limit);
}

static bool tier_points(sample *q, const sview *v, int64_t tier, err *e) {
    bscan s = bscan_new(q->tx, v, tier);
    spt at = {q->picks[0], INT64_MIN, INT64_MIN};
    if (!bscan_seek(&s, at, SERIES_BY_STEP, e)) return false;
    for (const bhead *h; (h = bscan_next(&s, e));) {
        size_t k = pick_lower(q, h->first_step);
        bool opened;
        if (k == q->n_picks) break;
        if (q->points.barred && h->first_step > q->points.bar.step) break;
        if (q->picks[k] > h->last_step) continue;
        if (!sview_block(q->tx, v, h, &q->bytes, q->block, &opened, e)) return false;
        for (; opened && k < q->n_picks && q->picks[k] <= h->last_step; k++)
            give_step(q, q->picks[k], v->limit);
    }
    return e->code == ERR_NONE;
}

static bool run_points(sample *q, series_interval *out, err *e) {
    const sviews *vs = &q->now->vs;
    bool ok = series_small(q->tx, vs, q->key, small_points, q, e);
    for (size_t i = 0; ok && i < vs->v.n; i++) {
        const srow *r = &vs->v.p[i].row;
        for (int64_t t = 0; ok && r->next_block && t <= r->tiers; t++)
            ok = tier_points(q, &vs->v.p[i], t, e);
    }
    if (!ok) return false;
    scollect_end(&q->points);
    out->n = q->points.n;
    out->points = ARENA_ARRAY(q->c->a, series_value, out->n);
    for (size_t i = 0; i < out->n; i++)
        out->points[i] = spt_value(q->points.p[i]);
    return true;
}

static bool sample_runs(sample *q, err *e) {
    for (size_t i = 0; i < q->n_runs; i++) {
        q->now = &q->runs[i];
        if (!sviews_of(q->tx, q->c->a, q->c->ws, q->run_ids[i], q->key, &q->now->vs, e) ||
            !run_steps(q, e)) {
            return false;
        }
    }
    if (!pick(q, e)) return false;
    for (size_t i = 0; i < q->n_runs; i++) {
        q->now = &q->runs[i];
        q->out[i] = (series_interval){.run = q->run_ids[i]};
        if (!q->n_picks) continue;
        q->points = scollect_new(RUN_POINTS_MAX, spt_cmp, SPT_LEAST);
        bool ok = run_points(q, &q->out[i], e);
        scollect_free(&q->points);
        if (!ok) return false;
    }
    return true;
}

static bool read_sample(db_tx *tx, void *arg, err *e) {
    sample *q = arg;
    q->tx = tx;
    q->runs = ARENA_ARRAY(q->c->a, sample_run, q->n_runs);
    q->steps = (steps){.a = q->c->a};
    q->n_picks = 0;
    q->bytes = BUF_MAX(1 << 20);
    q->block = mem_alloc(sizeof *q->block);
    q->block_steps = mem_alloc(BLOCK_MAX * sizeof *q->block_steps);
    bool ok = sample_runs(q, e);
    steps_free(&q->steps);
    buf_free(&q->bytes);
    free(q->block);
    free(q->block_steps);
    return ok;
}

bool series_sample(ctx *c, const id *runs, size_t n_runs, str key, int64_t start, int64_t end,
                   size_t max, series_interval *out, err *e) {
    sample q = {.c = c,
                .run_ids = runs,
                .n_runs = n_runs,
                .key = key,
                .start = start,
                .end = end,
                .max = max,
                .out = out};
    return db_read(core_db(c->core), read_sample, &q, e);
}
