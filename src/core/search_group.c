// SPDX-License-Identifier: Apache-2.0
// search_groups: runs by the values of fields, with statistics of others, computed from the
// search columns: a walk (search_find) whose rows go into a table of groups by the text of
// their values. Statistics are Welford's, one pass. Memory: SEARCH_MAX_GROUPS groups and
// GROUP_BYTES of texts at most. Any thread.
#include "base/buf.h"
#include "base/metrics.h"
#include "base/num.h"
#include "core/search_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define GROUP_BYTES (32u << 20) // of the groups' texts

typedef struct moments { // of one field over one group
    uint64_t n, n_finite;
    double mean, m2; // of the finite ones
    double infinite; // the sum of the others: infinite, or NaN when both are there
    double min, max;
} moments;

typedef struct group {
    str *by;
    uint64_t runs;
    moments *of;
} group;

typedef struct grouper {
    search_find f;
    const search_groups_query *q;
    size_t by[SEARCH_MAX_BY], of[SEARCH_MAX_OF]; // columns
    map groups;                                  // by their texts as one
    size_t bytes;
    buf key;
    bool more;
} grouper;

// ---- planning ------------------------------------------------------------------------------
static bool is_number(search_type t) {
    return t == SEARCH_T_INT || t == SEARCH_T_NUM;
}

static bool plan(grouper *g, err *e) {
    const search_groups_query *q = g->q;
    if (q->n_by > SEARCH_MAX_BY || q->n_of > SEARCH_MAX_OF)
        return err_set(e, ERR_INVALID, "Runs are grouped by %d fields and over %d at most",
                       SEARCH_MAX_BY, SEARCH_MAX_OF);
    for (size_t i = 0; i < q->n_by; i++) {
        if (q->by[i].domain == SEARCH_DATASET)
            return err_set(e, ERR_INVALID, "Runs can not be grouped by their data sets");
        if (!search_find_column(&g->f, &q->by[i], &g->by[i], e)) return false;
    }
    for (size_t i = 0; i < q->n_of; i++) {
        if (!search_find_column(&g->f, &q->of[i], &g->of[i], e)) return false;
        if (!is_number(g->f.wanted.p[g->of[i]].type))
            return err_set(e, ERR_INVALID, "Statistics are of numbers only");
    }
    return true;
}

static bool begin(void *arg, err *e) {
    (void)e;
    grouper *g = arg;
    g->groups = map_new(g->f.work);
    g->bytes = 0;
    g->more = false;
    return true;
}

// ---- a row's group -------------------------------------------------------------------------
// As text, in `room` where it is not one yet; p NULL: missing.
static str text_of(const search_chunk *c, size_t slot, char room[NUM_MAX + ID_HEX]) {
    search_cell cell = search_chunk_cell(c, slot);
    if (!cell.has) return (str){0};
    id x;
    switch (c->type) {
    case SEARCH_T_STATE: return search_status_name((uint8_t)cell.i);
    case SEARCH_T_INT: return str_n(room, num_i64(room, cell.i));
    case SEARCH_T_NUM: return str_n(room, num_f64(room, num_unorder(cell.i)));
    case SEARCH_T_ID:
        memcpy(x.b, cell.text.p, sizeof x.b);
        id_hex(x, room);
        return str_n(room, ID_HEX - 1);
    default: return cell.text;
    }
}

static group *new_group(grouper *g, const str *by) {
    arena *a = g->f.work;
    group *x = ARENA_NEW(a, group);
    x->by = ARENA_ARRAY(a, str, g->q->n_by);
    x->of = ARENA_ARRAY(a, moments, g->q->n_of);
    for (size_t i = 0; i < g->q->n_by; i++) {
        if (by[i].p) x->by[i] = arena_str(a, by[i]);
    }
    return x;
}

// The row's group; NULL and no error when the row is not wanted or there are groups enough.
static group *group_of(grouper *g, const search_chunk *const *columns, size_t slot, err *e) {
    char rooms[SEARCH_MAX_BY][NUM_MAX + ID_HEX];
    str by[SEARCH_MAX_BY];
    buf_clear(&g->key);
    for (size_t i = 0; i < g->q->n_by; i++) {
        by[i] = text_of(columns[i], slot, rooms[i]);
        buf_u32(&g->key, by[i].p ? (uint32_t)by[i].n : UINT32_MAX);
        buf_str(&g->key, by[i]);
    }
    if (g->q->prefix.n && (!by[0].p || !str_starts(by[0], g->q->prefix))) return NULL;
    group *there = map_get(&g->groups, buf_view(&g->key));
    if (there) return there;
    if (g->groups.n == SEARCH_MAX_GROUPS || g->bytes + g->key.n > GROUP_BYTES) {
        g->more = true;
        if (!g->q->cut)
            err_set(e, ERR_TOO_LARGE,
                    "There are more than %d groups; filter the runs, or group by fewer fields",
                    SEARCH_MAX_GROUPS);
        return NULL;
    }
    g->bytes += g->key.n;
    group *x = new_group(g, by);
    *map_at(&g->groups, arena_str(g->f.work, buf_view(&g->key)), NULL) = x;
    return x;
}

// ---- statistics ----------------------------------------------------------------------------
static void add_value(moments *m, double v) {
    if (isnan(v)) return;
    m->min = !m->n || v < m->min ? v : m->min;
    m->max = !m->n || v > m->max ? v : m->max;
    m->n++;
    if (isinf(v)) {
        m->infinite += v;
        return;
    }
    double d = v - m->mean;
    m->mean += d / (double)++m->n_finite;
    m->m2 += d * (v - m->mean);
}

static void add_row(const grouper *g, group *x, const search_chunk *const *columns,
                    size_t slot) {
    x->runs++;
    for (size_t i = 0; i < g->q->n_of; i++) {
        search_cell cell = search_chunk_cell(columns[i], slot);
        if (!cell.has) continue;
        add_value(&x->of[i],
                  columns[i]->type == SEARCH_T_NUM ? num_unorder(cell.i) : (double)cell.i);
    }
}

static bool take(void *arg, search_scan *s, const search_bits *rows, err *e) {
    grouper *g = arg;
    const search_chunk *by[SEARCH_MAX_BY], *of[SEARCH_MAX_OF];
    for (size_t i = 0; i < g->q->n_by; i++) {
        if (!(by[i] = search_scan_column(s, g->by[i], e))) return false;
    }
    for (size_t i = 0; i < g->q->n_of; i++) {
        if (!(of[i] = search_scan_column(s, g->of[i], e))) return false;
    }
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        for (uint64_t left = rows->w[i]; left; left &= left - 1) {
            size_t slot = i * 64 + (size_t)__builtin_ctzll(left);
            group *x = group_of(g, by, slot, e);
            if (x) add_row(g, x, of, slot);
            if (e->code) return false;
        }
    }
    return true;
}

// ---- the answer ----------------------------------------------------------------------------
static search_stats stats_of(const moments *m) {
    if (!m->n) return (search_stats){0, NAN, NAN, NAN, NAN};
    if (m->n_finite < m->n) return (search_stats){m->n, m->infinite, NAN, m->min, m->max};
    double deviation = m->n < 2 ? NAN : sqrt(m->m2 / (double)(m->n - 1));
    return (search_stats){m->n, m->mean, deviation, m->min, m->max};
}

typedef struct sorted {
    search_group g;
    size_t n_by;
} sorted;

static int largest_first(const void *a, const void *b) {
    const sorted *x = a, *y = b;
    if (x->g.runs != y->g.runs) return x->g.runs > y->g.runs ? -1 : 1;
    for (size_t i = 0; i < x->n_by; i++) {
        str s = x->g.by[i], t = y->g.by[i];
        if (!s.p != !t.p) return s.p ? -1 : 1;
        int cmp = str_cmp(s, t);
        if (cmp) return cmp;
    }
    return 0;
}

static void answer(grouper *g, search_group **out, size_t *n) {
    arena *a = g->f.c->a;
    sorted *all = ARENA_ARRAY(g->f.work, sorted, g->groups.n);
    *n = g->groups.n;
    *out = ARENA_ARRAY(a, search_group, *n);
    for (size_t i = 0; i < *n; i++) {
        const group *x = g->groups.entries[i].value;
        search_group r = {.by = ARENA_ARRAY(a, str, g->q->n_by),
                          .runs = x->runs,
                          .of = ARENA_ARRAY(a, search_stats, g->q->n_of)};
        for (size_t k = 0; k < g->q->n_by; k++) {
            if (x->by[k].p) r.by[k] = arena_str(a, x->by[k]);
        }
        for (size_t k = 0; k < g->q->n_of; k++) {
            r.of[k] = stats_of(&x->of[k]);
        }
        all[i] = (sorted){.g = r, .n_by = g->q->n_by};
    }
    qsort(all, *n, sizeof *all, largest_first);
    for (size_t i = 0; i < *n; i++) {
        (*out)[i] = all[i].g;
    }
}

bool search_groups(ctx *c, const search_groups_query *q, search_group **out, size_t *n,
                   bool *more, err *e) {
    METRIC_ADD(search_queries_total, 1);
    grouper g = {.q = q, .key = BUF_MAX(SEARCH_MAX_BY * (SEARCH_INLINE + 64))};
    bool ok = search_find_plan(&g.f, c, &q->runs, e) && plan(&g, e);
    g.f.begin = begin;
    g.f.take = take;
    g.f.arg = &g;
    ok = ok && search_find_run(&g.f, e);
    if (ok) answer(&g, out, n);
    if (more) *more = g.more;
    buf_free(&g.key);
    search_find_end(&g.f);
    return ok;
}
