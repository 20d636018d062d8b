// SPDX-License-Identifier: Apache-2.0
// search_names: which keys the runs of a project have. No table knows that (a row a key and
// project would be written in every log call), so runs are looked at: the newest, page by page;
// and in a project that has more than those, runs at moments spread evenly over its life. What
// it costs: the keys of SEARCH_NAME_RUNS runs, 32 runs a snapshot. No state; any thread.
#include "core/search_internal.h"
#include "core/search_sql.h"
#include "core/series.h"

#include <stdlib.h>

#define SPREAD (SEARCH_NAME_RUNS / 2 / SEARCH_IN_WIDTH) // moments

typedef struct namer {
    ctx *c;
    search_place place;
    search_domain domain;
    str prefix;
    arena *a;
    map names;      // key -> search_name
    map looked;     // runs that were looked at
    id edge;        // the page begins before (newest first) or behind it
    bool ascending; // behind it
    id runs[SEARCH_IN_WIDTH];
    size_t n;
} namer;

// ---- keys of a page ------------------------------------------------------------------------
static void add_key(namer *w, str key) {
    if (!str_starts(key, w->prefix)) return;
    void **at = map_at(&w->names, key, NULL);
    if (!*at) {
        search_name *x = ARENA_NEW(w->a, search_name);
        x->key = arena_str(w->a, key);
        w->names.entries[w->names.n - 1].key = x->key; // the map's own outlives the row
        *at = x;
    }
    ((search_name *)*at)->runs++;
}

static bool add_attrs(namer *w, db_tx *tx, err *e) {
    db_arg args[2 + SEARCH_IN_WIDTH];
    args[0] = DB_I64(w->place.ws);
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++) {
        args[1 + i] = DB_ID(w->runs[i < w->n ? i : w->n - 1]);
    }
    args[1 + SEARCH_IN_WIDTH] = DB_I64(w->domain == SEARCH_PARAM ? ATTR_PARAM : ATTR_TAG);
    db_rows *rows = db_query_rows(tx, &Q_search_attr_keys, args, 2 + SEARCH_IN_WIDTH, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        add_key(w, db_text(rows, 1));
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool add_metrics(namer *w, db_tx *tx, err *e) {
    series_summary *out[SEARCH_IN_WIDTH];
    size_t n[SEARCH_IN_WIDTH];
    if (!series_summaries_many(tx, db_tx_arena(tx), w->place.ws, w->runs, w->n, NULL, out, n,
                               e))
        return false;
    for (size_t i = 0; i < w->n; i++) {
        for (size_t k = 0; k < n[i]; k++) {
            add_key(w, out[i][k].key);
        }
    }
    return true;
}

// ---- pages of runs -------------------------------------------------------------------------
// Those of the page that were not looked at before.
static bool read_runs(namer *w, db_tx *tx, size_t *on_page, err *e) {
    *on_page = w->n = 0;
    const db_query *q = w->ascending ? &Q_search_run_page : &Q_search_run_newest;
    db_rows *rows = db_select(tx, q, e, DB_I64(w->place.ws), DB_I64(w->place.project),
                              DB_ID(w->edge), DB_I64(SEARCH_IN_WIDTH));
    if (!rows) return false;
    while (*on_page < SEARCH_IN_WIDTH && db_next(rows, e)) {
        id x = db_id(rows, 0);
        ++*on_page;
        w->edge = x;
        if (!map_get(&w->looked, str_n(x.b, sizeof x.b))) w->runs[w->n++] = x;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

typedef struct page_call {
    namer *w;
    id from;
    size_t on_page;
} page_call;

// The engine may run it again before its first statement only, so counting here is right.
static bool read_page(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    namer *w = p->w;
    w->edge = p->from;
    if (!read_runs(w, tx, &p->on_page, e)) return false;
    if (!w->n) return true;
    return w->domain == SEARCH_METRIC ? add_metrics(w, tx, e) : add_attrs(w, tx, e);
}

static bool look_at_page(namer *w, id from, size_t *on_page, err *e) {
    page_call p = {.w = w, .from = from};
    if (!db_read(core_db(w->c->core), read_page, &p, e)) return false;
    for (size_t i = 0; i < w->n; i++) {
        *map_at(&w->looked, arena_str(w->a, str_n(w->runs[i].b, sizeof w->runs[i].b)), NULL) =
            w;
    }
    *on_page = p.on_page;
    return true;
}

// False in *all: there are more runs than half of those that may be looked at.
static bool look_at_newest(namer *w, bool *all, err *e) {
    id from;
    memset(from.b, 0xff, sizeof from.b);
    size_t on_page = SEARCH_IN_WIDTH;
    while (on_page == SEARCH_IN_WIDTH && w->looked.n < SEARCH_NAME_RUNS / 2) {
        if (!look_at_page(w, from, &on_page, e)) return false;
        from = w->edge;
    }
    *all = on_page < SEARCH_IN_WIDTH;
    return true;
}

static uint64_t moment_of(id x) { // the part of an id that time is in, and 16 bits more
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++) {
        v = v << 8 | x.b[i];
    }
    return v;
}

// From the oldest run to where the newest ended.
static bool look_spread(namer *w, err *e) {
    size_t on_page;
    uint64_t last = moment_of(w->edge);
    w->ascending = true;
    if (!look_at_page(w, (id){0}, &on_page, e)) return false;
    uint64_t first = moment_of(w->edge), step = last > first ? (last - first) / SPREAD : 0;
    for (uint64_t i = 1; i < SPREAD && step; i++) {
        id from = {0};
        uint64_t at = first + i * step;
        for (size_t k = 0; k < 8; k++) {
            from.b[k] = (uint8_t)(at >> (56 - 8 * k));
        }
        if (!look_at_page(w, from, &on_page, e)) return false;
    }
    return true;
}

// ---- the answer ----------------------------------------------------------------------------
static int by_key(const void *a, const void *b) {
    return str_cmp(((const search_name *)a)->key, ((const search_name *)b)->key);
}

static void answer(const namer *w, search_names_page *out) {
    out->n = w->names.n;
    out->looked_at = w->looked.n;
    out->names = ARENA_ARRAY(w->c->a, search_name, out->n);
    for (size_t i = 0; i < out->n; i++) {
        const search_name *x = w->names.entries[i].value;
        out->names[i] = (search_name){arena_str(w->c->a, x->key), x->runs};
    }
    if (out->n) qsort(out->names, out->n, sizeof *out->names, by_key);
}

bool search_names(ctx *c, int64_t number, search_domain domain, str prefix,
                  search_names_page *out, err *e) {
    arena *a = arena_new();
    namer w = {.c = c,
               .place = {c->ws, number},
               .domain = domain,
               .prefix = prefix,
               .a = a,
               .names = map_new(a),
               .looked = map_new(a)};
    bool ok = look_at_newest(&w, &out->all, e) && (out->all || look_spread(&w, e));
    if (ok) answer(&w, out);
    arena_free(a);
    return ok;
}
