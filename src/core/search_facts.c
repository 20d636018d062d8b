// SPDX-License-Identifier: Apache-2.0
// Reads what the columns must say from the facts (run rows, attributes, summaries of series,
// edges), for many runs and several columns at once, within the caller's snapshot. The only way
// from facts to columns: folding, building and the search of marked runs all go through here.
// No state; any thread.
#include "base/num.h"
#include "base/vec.h"
#include "core/search_internal.h"
#include "core/search_sql.h"
#include "core/series.h"

#define FEW_METRICS 8

// ---- fields --------------------------------------------------------------------------------
bool search_run_type(void *unused, const search_field *f, search_type *t, err *e) {
    (void)unused;
    bool attr = f->domain == SEARCH_PARAM || f->domain == SEARCH_TAG;
    if (f->domain == SEARCH_EVALUATION)
        return err_set(e, ERR_INVALID,
                       "evals.%.*s is of versions: rules, best and why know it, searches of "
                       "runs do not",
                       STR_F(str_upto_code_points(f->key, 200)));
    *t = f->domain == SEARCH_METRIC || (attr && f->which == SEARCH_AS_NUMBER) ? SEARCH_T_NUM
         : f->domain == SEARCH_DATASET                                        ? SEARCH_T_SET
                                                                              : SEARCH_T_TEXT;
    if (f->domain == SEARCH_METRIC && f->which == SEARCH_ANY)
        return err_set(
            e, ERR_INVALID,
            "Runs are compared by the first, last, least or greatest value of a metric");
    if (f->domain != SEARCH_ATTRIBUTE) return true;
    switch (f->which) {
    case SEARCH_ID: *t = SEARCH_T_ID; return true;
    case SEARCH_STATUS: *t = SEARCH_T_STATE; return true;
    case SEARCH_START:
    case SEARCH_END:
    case SEARCH_CREATED:
    case SEARCH_NUMBER: *t = SEARCH_T_INT; return true;
    case SEARCH_DURATION: *t = SEARCH_T_NUM; return true;
    case SEARCH_NAME:
    case SEARCH_REASON:
    case SEARCH_USER:
    case SEARCH_ARTIFACT_URI: return true;
    default: return err_set(e, ERR_INVALID, "Runs do not have this attribute");
    }
}

bool search_column_eq(const search_column *a, const search_column *b) {
    return a->domain == b->domain && a->which == b->which && str_eq(a->key, b->key);
}

void search_column_fixed(search_column out[SEARCH_F_FIXED]) {
    static const struct {
        search_attribute which;
        search_type type;
        int64_t field;
    } fixed[SEARCH_F_FIXED] = {{SEARCH_ID, SEARCH_T_ID, SEARCH_F_ID},
                               {SEARCH_STATUS, SEARCH_T_STATE, SEARCH_F_STATE},
                               {SEARCH_START, SEARCH_T_INT, SEARCH_F_START}};
    for (size_t i = 0; i < SEARCH_F_FIXED; i++) {
        out[i] = (search_column){.domain = SEARCH_ATTRIBUTE,
                                 .which = (int)fixed[i].which,
                                 .key = STR(""),
                                 .type = fixed[i].type,
                                 .field = fixed[i].field,
                                 .ready = true};
    }
}

// ---- run rows ------------------------------------------------------------------------------
// In the order of SEARCH_RUN_COLUMNS.
static void read_run(db_rows *row, arena *a, search_run *r) {
    r->id = db_id(row, 0);
    if (!db_is_null(row, 1)) {
        r->has_slot = true;
        r->slot = db_i64(row, 1);
    }
    r->exists = true;
    r->state = search_state((lifecycle)db_i64(row, 3), (run_status)db_i64(row, 2));
    r->has_start = !db_is_null(row, 4);
    r->start_ms = db_i64(row, 4);
    r->has_end = !db_is_null(row, 5);
    r->end_ms = db_i64(row, 5);
    r->name = arena_str(a, db_text(row, 6));
    r->user = arena_str(a, db_text(row, 7));
    r->artifact_uri = arena_str(a, db_text(row, 8));
    r->project = db_i64(row, 9);
    r->created_us = db_i64(row, 10);
    r->reason = db_is_null(row, 11) ? (str){0} : arena_str(a, db_text(row, 11));
}

typedef struct id_args { // of a query with SEARCH_IDS
    db_arg args[1 + SEARCH_IN_WIDTH + 2];
    const search_run *runs;
    size_t n;
} id_args;

static void take_ids(id_args *q, int64_t ws, const search_run *runs, size_t n) {
    q->runs = runs;
    q->n = n < SEARCH_IN_WIDTH ? n : SEARCH_IN_WIDTH;
    q->args[0] = DB_I64(ws);
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++) {
        q->args[1 + i] = DB_ID(runs[i < q->n ? i : q->n - 1].id);
    }
}

// Which of the runs asked for a row belongs to.
static size_t find_run(const id_args *q, id run_id) {
    size_t i = 0;
    while (i < q->n && !id_eq(q->runs[i].id, run_id)) {
        i++;
    }
    return i;
}

bool search_runs_read(db_tx *tx, arena *a, search_place p, search_run *runs, size_t n, err *e) {
    for (size_t from = 0; from < n; from += SEARCH_IN_WIDTH) {
        id_args q;
        take_ids(&q, p.ws, runs + from, n - from);
        db_rows *rows = db_query_rows(tx, &Q_search_run_by_ids, q.args, 1 + SEARCH_IN_WIDTH, e);
        if (!rows) return false;
        while (db_next(rows, e)) {
            size_t i = find_run(&q, db_id(rows, 0));
            if (i == q.n) continue;
            search_run *r = &runs[from + i], before = *r;
            read_run(rows, a, r);
            r->exists = p.project < 0 || r->project == p.project;
            if (r->exists) continue;
            r->has_slot = before.has_slot; // the row's slot is one of its new project
            r->slot = before.slot;
        }
        db_end(rows);
        if (e->code) return false;
    }
    return true;
}

bool search_runs_of_chunk(db_tx *tx, arena *a, search_place p, int64_t chunk, search_run *runs,
                          size_t n, err *e) {
    int64_t first = chunk * SEARCH_CHUNK;
    db_rows *rows = db_select(tx, &Q_search_run_by_slots, e, DB_I64(p.ws), DB_I64(p.project),
                              DB_I64(first), DB_I64(first + (int64_t)n));
    if (!rows) return false;
    while (db_next(rows, e)) {
        int64_t at = db_i64(rows, 1) - first;
        if (at >= 0 && at < (int64_t)n) read_run(rows, a, &runs[at]);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

// ---- cells ---------------------------------------------------------------------------------
typedef struct reader {
    db_tx *tx;
    arena *a, *scratch;
    int64_t ws;
    const search_column *columns;
    size_t n_columns;
    const search_run *runs;
    size_t n;
    search_cell **cells;
    bool whole; // texts are not cut
} reader;

static void put_text(reader *r, search_cell *cell, str text) {
    cell->has = true;
    cell->is_long = !r->whole && text.n > SEARCH_INLINE;
    cell->text = arena_str(r->a, cell->is_long ? str_upto(text, SEARCH_INLINE) : text);
}

static void read_attribute(reader *r, const search_column *c, search_cell *cells) {
    for (size_t i = 0; i < r->n; i++) {
        const search_run *x = &r->runs[i];
        if (!x->exists) continue;
        switch (c->which) {
        case SEARCH_ID:
            cells[i] = (search_cell){.has = true, .text = str_n(x->id.b, 16)};
            break;
        case SEARCH_STATUS: cells[i] = (search_cell){.has = true, .i = x->state}; break;
        case SEARCH_START:
            cells[i] = (search_cell){.has = x->has_start, .i = x->start_ms};
            break;
        case SEARCH_END: cells[i] = (search_cell){.has = x->has_end, .i = x->end_ms}; break;
        case SEARCH_CREATED:
            cells[i] = (search_cell){.has = true, .i = x->created_us / 1000};
            break;
        case SEARCH_NUMBER: cells[i] = (search_cell){.has = true, .i = x->project}; break;
        case SEARCH_REASON:
            if (x->reason.p) put_text(r, &cells[i], x->reason);
            break;
        case SEARCH_NAME: put_text(r, &cells[i], x->name); break;
        case SEARCH_USER: put_text(r, &cells[i], x->user); break;
        default: put_text(r, &cells[i], x->artifact_uri);
        }
    }
}

// By the column's reading.
static void put_attr(reader *r, const search_column *c, search_cell *cell, str text) {
    double d;
    if (c->which == SEARCH_AS_TEXT)
        put_text(r, cell, text);
    else if (num_parse_f64(text, &d))
        *cell = (search_cell){.has = true, .i = num_order(d)};
}

static bool read_attrs(reader *r, const search_column *c, search_cell *cells, err *e) {
    for (size_t from = 0; from < r->n; from += SEARCH_IN_WIDTH) {
        id_args q;
        take_ids(&q, r->ws, r->runs + from, r->n - from);
        q.args[1 + SEARCH_IN_WIDTH] = DB_I64(c->domain == SEARCH_PARAM ? ATTR_PARAM : ATTR_TAG);
        q.args[2 + SEARCH_IN_WIDTH] = DB_TEXT(c->key);
        db_rows *rows =
            db_query_rows(r->tx, &Q_search_attr_one, q.args, 3 + SEARCH_IN_WIDTH, e);
        if (!rows) return false;
        while (db_next(rows, e)) {
            size_t i = find_run(&q, db_id(rows, 0));
            if (i < q.n && r->runs[from + i].exists)
                put_attr(r, c, &cells[from + i], db_text(rows, 1));
        }
        db_end(rows);
        if (e->code) return false;
    }
    return true;
}

static int64_t summary_value(const series_summary *s, int which) {
    double v = which == SEARCH_LAST    ? s->last.value
               : which == SEARCH_FIRST ? s->first.value
               : which == SEARCH_MIN   ? s->min
                                       : s->max;
    return num_order(v);
}

// Puts run i's summaries, sorted by key, into the metric columns that name them.
static void take_summaries(reader *r, const series_summary *all, size_t n, size_t run_index) {
    for (size_t k = 0; k < r->n_columns; k++) {
        const search_column *c = &r->columns[k];
        if (c->domain != SEARCH_METRIC) continue;
        size_t lo = 0, hi = n;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (str_cmp(all[mid].key, c->key) < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo == n || !str_eq(all[lo].key, c->key)) continue;
        r->cells[k][run_index] =
            (search_cell){.has = true, .i = summary_value(&all[lo], c->which)};
    }
}

// Of up to SEARCH_IN_WIDTH runs from `from` on; key NULL: all keys.
static bool read_summaries(reader *r, size_t from, const str *key, err *e) {
    id ids[SEARCH_IN_WIDTH];
    series_summary *out[SEARCH_IN_WIDTH];
    size_t n[SEARCH_IN_WIDTH],
        count = r->n - from < SEARCH_IN_WIDTH ? r->n - from : SEARCH_IN_WIDTH;
    for (size_t i = 0; i < count; i++) {
        ids[i] = r->runs[from + i].id;
    }
    arena_reset(r->scratch);
    if (!series_summaries_many(r->tx, r->scratch, r->ws, ids, count, key, out, n, e))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (r->runs[from + i].exists) take_summaries(r, out[i], n[i], from + i);
    }
    return true;
}

// Asking key by key costs a seek a run and key, asking for all keys a row for each that the run
// has.
static bool read_metrics(reader *r, size_t n_metrics, err *e) {
    bool one_by_one = n_metrics <= FEW_METRICS;
    for (size_t from = 0; from < r->n; from += SEARCH_IN_WIDTH) {
        if (!one_by_one && !read_summaries(r, from, NULL, e)) return false;
        for (size_t k = 0; one_by_one && k < r->n_columns; k++) {
            if (r->columns[k].domain == SEARCH_METRIC &&
                !read_summaries(r, from, &r->columns[k].key, e))
                return false;
        }
    }
    return true;
}

// The texts of up to SEARCH_IN_WIDTH runs' data sets become sets.
static bool read_set_part(reader *r, const search_column *c, size_t from, search_cell *cells,
                          err *e) {
    id_args q;
    take_ids(&q, r->ws, r->runs + from, r->n - from);
    bool context = c->which == SEARCH_DS_CONTEXT;
    db_rows *rows = db_query_rows(r->tx, context ? &Q_search_context_of : &Q_search_dataset_of,
                                  q.args, 1 + SEARCH_IN_WIDTH, e);
    if (!rows) return false;
    VEC(str) texts[SEARCH_IN_WIDTH] = {0};
    while (db_next(rows, e)) {
        size_t i = find_run(&q, db_id(rows, 0));
        str text = db_text(rows, c->which == SEARCH_DS_DIGEST ? 2 : 1);
        if (i < q.n) vec_push(r->scratch, &texts[i], arena_str(r->scratch, text));
    }
    db_end(rows);
    for (size_t i = 0; i < q.n && !e->code; i++) {
        search_cell set = search_set_of(r->scratch, texts[i].p, texts[i].n);
        if (set.has && r->runs[from + i].exists) put_text(r, &cells[from + i], set.text);
    }
    return e->code == ERR_NONE;
}

static bool read_sets(reader *r, const search_column *c, search_cell *cells, err *e) {
    for (size_t from = 0; from < r->n; from += SEARCH_IN_WIDTH) {
        arena_reset(r->scratch);
        if (!read_set_part(r, c, from, cells, e)) return false;
    }
    return true;
}

static bool read_all(reader *r, err *e) {
    size_t n_metrics = 0;
    for (size_t k = 0; k < r->n_columns; k++) {
        const search_column *c = &r->columns[k];
        if (c->derived) continue;
        n_metrics += c->domain == SEARCH_METRIC;
        if (c->domain == SEARCH_ATTRIBUTE)
            read_attribute(r, c, r->cells[k]);
        else if (c->domain == SEARCH_DATASET && !read_sets(r, c, r->cells[k], e))
            return false;
        else if ((c->domain == SEARCH_PARAM || c->domain == SEARCH_TAG) &&
                 !read_attrs(r, c, r->cells[k], e))
            return false;
    }
    return !n_metrics || read_metrics(r, n_metrics, e);
}

bool search_facts(db_tx *tx, arena *a, int64_t ws, const search_column *columns,
                  size_t n_columns, const search_run *runs, size_t n, search_cell **cells,
                  err *e) {
    reader r = {.tx = tx,
                .a = a,
                .ws = ws,
                .columns = columns,
                .n_columns = n_columns,
                .runs = runs,
                .n = n,
                .cells = cells,
                .scratch = arena_new()};
    bool ok = read_all(&r, e);
    arena_free(r.scratch);
    return ok;
}

bool search_fact_text(db_tx *tx, arena *a, int64_t ws, const search_column *c, id run_id,
                      str *text, err *e) {
    search_run x = {.id = run_id};
    search_cell cell = {0}, *cells = &cell;
    if (!search_runs_read(tx, a, (search_place){ws, -1}, &x, 1, e)) return false;
    reader r = {.tx = tx,
                .a = a,
                .ws = ws,
                .columns = c,
                .n_columns = 1,
                .runs = &x,
                .n = 1,
                .cells = &cells,
                .scratch = arena_new(),
                .whole = true};
    bool ok = read_all(&r, e);
    arena_free(r.scratch);
    *text = cell.text;
    return ok;
}
