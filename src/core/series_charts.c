// SPDX-License-Identifier: Apache-2.0
// Charts of many series: a transaction reads some runs, each with some of the keys, so that
// what is pending of a run is read once for all of these; lines are given away between the
// transactions. Memory is that of one transaction's buckets. Any thread.
#include "core/series_levels.h"

#include "base/map.h"
#include "core/core_internal.h"

enum {
    READ_BUCKETS = 64 << 10, // of one transaction
    KEYS_AT_ONCE = 64,
    READ_PAIRS = 4096, // runs x keys that one transaction looks at
};

typedef struct charts {
    ctx *c;
    const series_charts_query *q;
    size_t run, key; // where the next transaction goes on
    size_t keys;     // keys a unit
    arena *a;        // of one transaction
    size_t to_run, to_key;
    VEC(series_line) lines;
    size_t buckets; // in lines
    chart *charts;  // KEYS_AT_ONCE of them; their scratch is kept
} charts;

// ---- reading --------------------------------------------------------------------------------

static size_t unit_keys(const charts *s) {
    size_t left = s->q->n_keys - s->to_key;
    return left < s->keys ? left : s->keys;
}

// Some keys of one run, in one transaction.
typedef struct unit {
    db_tx *tx;
    arena *a; // of what is not given away
    const str *keys;
    size_t n;
    sviews of_run; // no key's
    sviews views[KEYS_AT_ONCE];
    stimes range[KEYS_AT_ONCE]; // least > greatest: nothing lies in it
} unit;

static bool find_views(charts *s, unit *u, err *e) {
    sviews *r = &u->of_run;
    r->ws = s->c->ws;
    if (!sview_runs(u->tx, u->a, r->ws, s->q->runs[s->to_run], &r->runs, &r->n_runs, e))
        return false;
    for (size_t i = 0; i < u->n; i++) {
        u->views[i] = *r;
        if (!sviews_add(u->tx, u->a, u->keys[i], &u->views[i], e)) return false;
    }
    return true;
}

// Of each line between which times its points lie.
static bool find_times(unit *u, err *e) {
    void *args[KEYS_AT_ONCE];
    for (size_t i = 0; i < u->n; i++) {
        stimes *t = args[i] = &u->range[i];
        *t = STIMES_NONE;
        if (!stimes_blocks(u->tx, &u->views[i], t, e) ||
            !series_tails(&u->views[i], stimes_points, t, e)) {
            return false;
        }
    }
    return series_pending(u->tx, &u->of_run, u->keys, u->n, stimes_points, args, e);
}

static bool find_ranges(const series_charts_query *q, unit *u, err *e) {
    if ((q->own_start || q->own_end) && !find_times(u, e)) return false;
    for (size_t i = 0; i < u->n; i++) {
        if (!q->own_start) u->range[i].least = q->start;
        if (!q->own_end) u->range[i].greatest = q->end;
    }
    return true;
}

static bool fill(charts *s, unit *u, err *e) {
    void *args[KEYS_AT_ONCE];
    for (size_t i = 0; i < u->n; i++) {
        const stimes *r = &u->range[i];
        chart *c = args[i] = &s->charts[i];
        c->tx = u->tx;
        c->by = s->q->by;
        c->loose = true;
        if (r->least > r->greatest) {
            schart_none(c);
            continue;
        }
        schart_begin(c, u->a, r->least, r->greatest, s->q->buckets);
        if (!schart_blocks(c, &u->views[i], e) ||
            !series_tails(&u->views[i], schart_points, c, e)) {
            return false;
        }
    }
    return series_pending(u->tx, &u->of_run, u->keys, u->n, schart_points, args, e);
}

static void end_lines(charts *s, const unit *u) {
    for (size_t i = 0; i < u->n; i++) {
        series_line l = {.run = s->q->runs[s->to_run], .key = u->keys[i]};
        schart_end(&s->charts[i], s->a, &l.buckets, &l.n);
        if (l.n) vec_push(s->a, &s->lines, l);
        s->buckets += l.n;
    }
}

// Keys [to_key, to_key + n) of one run.
static bool read_unit(db_tx *tx, charts *s, size_t n, err *e) {
    arena *a = arena_new();
    unit *u = ARENA_NEW(a, unit);
    *u = (unit){.tx = tx, .a = a, .keys = s->q->keys + s->to_key, .n = n};
    bool ok = find_views(s, u, e) && find_ranges(s->q, u, e) && fill(s, u, e);
    if (ok) end_lines(s, u);
    arena_free(a);
    return ok;
}

static bool read_some(db_tx *tx, void *arg, err *e) {
    charts *s = arg;
    size_t pairs = 0;
    arena_reset(s->a);
    s->lines.p = NULL;
    s->lines.n = s->lines.cap = s->buckets = 0;
    s->to_run = s->run;
    s->to_key = s->key;
    while (s->to_run < s->q->n_runs && s->buckets < READ_BUCKETS && pairs < READ_PAIRS) {
        size_t n = unit_keys(s);
        if (!read_unit(tx, s, n, e)) return false;
        pairs += n;
        s->to_key += n;
        if (s->to_key < s->q->n_keys) continue;
        s->to_key = 0;
        s->to_run++;
    }
    return true;
}

// ---- the call -------------------------------------------------------------------------------

static bool give_all(charts *s, bool (*each)(void *arg, const series_line *l), void *arg,
                     err *e) {
    while (s->run < s->q->n_runs) {
        if (!db_read(core_db(s->c->core), read_some, s, e)) return false;
        for (size_t i = 0; i < s->lines.n; i++) {
            if (!each(arg, &s->lines.p[i]))
                return err_set(e, ERR_CANCELLED, "nobody reads the chart any more");
        }
        s->run = s->to_run;
        s->key = s->to_key;
    }
    return true;
}

bool series_charts(ctx *c, const series_charts_query *q,
                   bool (*each)(void *arg, const series_line *l), void *arg, err *e) {
    if (!q->n_keys || !q->n_runs) return true;
    charts s = {.c = c, .q = q, .a = arena_new()};
    s.charts = ARENA_ARRAY(c->a, chart, KEYS_AT_ONCE);
    s.keys = READ_BUCKETS / q->buckets;
    if (s.keys > KEYS_AT_ONCE) s.keys = KEYS_AT_ONCE;
    if (!s.keys) s.keys = 1;
    bool ok = give_all(&s, each, arg, e);
    for (size_t i = 0; i < KEYS_AT_ONCE; i++)
        schart_free(&s.charts[i]);
    arena_free(s.a);
    return ok;
}

// ---- the range that holds everything --------------------------------------------------------

enum { RUNS_AT_ONCE = 32, KEYS_BY_QUERY = 4 };

typedef struct extent {
    ctx *c;
    const id *runs;
    size_t n_runs;
    const str *keys;
    size_t n_keys;
    map wanted; // all keys, when they are many
    int64_t start, end;
    bool any;
} extent;

static void widen(extent *x, const series_summary *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (x->n_keys > KEYS_BY_QUERY && !map_get(&x->wanted, s[i].key)) continue;
        if (!x->any || s[i].first.step < x->start) x->start = s[i].first.step;
        if (!x->any || s[i].last.step > x->end) x->end = s[i].last.step;
        x->any = true;
    }
}

static bool read_key(db_tx *tx, extent *x, const str *key, err *e) {
    series_summary *out[RUNS_AT_ONCE];
    size_t n[RUNS_AT_ONCE];
    if (!series_summaries_many(tx, db_tx_arena(tx), x->c->ws, x->runs, x->n_runs, key, out, n,
                               e)) {
        return false;
    }
    for (size_t i = 0; i < x->n_runs; i++)
        widen(x, out[i], n[i]);
    return true;
}

static bool read_extent(db_tx *tx, void *arg, err *e) {
    extent *x = arg;
    if (x->n_keys > KEYS_BY_QUERY) return read_key(tx, x, NULL, e);
    for (size_t i = 0; i < x->n_keys; i++) {
        if (!read_key(tx, x, &x->keys[i], e)) return false;
    }
    return true;
}

bool series_extent(ctx *c, const id *runs, size_t n_runs, const str *keys, size_t n_keys,
                   int64_t *start, int64_t *end, bool *any, err *e) {
    extent x = {.c = c, .keys = keys, .n_keys = n_keys, .wanted = map_new(c->a)};
    for (size_t i = 0; i < n_keys; i++)
        *map_at(&x.wanted, keys[i], NULL) = &x;
    for (size_t at = 0; at < n_runs; at += RUNS_AT_ONCE) {
        x.runs = runs + at;
        x.n_runs = n_runs - at < RUNS_AT_ONCE ? n_runs - at : RUNS_AT_ONCE;
        if (!db_read(core_db(c->core), read_extent, &x, e)) return false;
    }
    *start = x.start;
    *end = x.end;
    *any = x.any;
    return true;
}
