// SPDX-License-Identifier: Apache-2.0
// The columns of a project: which there are, where their chunks lie, and how a new one is built
// (I7). Building is done by the thread whose search named the field first: a chunk at a time,
// read from a snapshot and written under the head's stamp, so that neither ingest nor folding
// waits for it; builders that race do the same work twice and harm nothing. Memory is that of
// one chunk of the new columns. No state of its own; any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/search_internal.h"
#include "core/search_sql.h"

#define BUILD_TRIES 3

int64_t search_stamp(void) {
    int64_t v;
    random_bytes(&v, sizeof v);
    return (v & INT64_MAX) | (SEARCH_F_FIXED + 1); // never a fixed field's number
}

// ---- rows ----------------------------------------------------------------------------------
static search_type type_of_row(const search_column *c) {
    search_type t = SEARCH_T_TEXT;
    err ignored = {0};
    search_field f = {.domain = c->domain, .which = c->which};
    search_run_type(NULL, &f, &t, &ignored); // what is stored had a type once
    return t;
}

bool search_column_list(db_tx *tx, arena *a, search_place p, search_column **out, size_t *n,
                        err *e) {
    VEC(search_column) v = {0};
    search_column fixed[SEARCH_F_FIXED];
    search_column_fixed(fixed);
    for (size_t i = 0; i < SEARCH_F_FIXED; i++) {
        vec_push(a, &v, fixed[i]);
    }
    db_rows *rows = db_select(tx, &Q_search_key_list, e, DB_I64(p.ws), DB_I64(p.project));
    if (!rows) return false;
    while (db_next(rows, e)) {
        search_column c = {.domain = (search_domain)db_i64(rows, 0),
                           .which = (int)db_i64(rows, 1),
                           .key = arena_str(a, db_text(rows, 2)),
                           .field = db_i64(rows, 3),
                           .ready = db_i64(rows, 4) != 0};
        c.type = type_of_row(&c);
        vec_push(a, &v, c);
    }
    db_end(rows);
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

bool search_column_find(db_tx *tx, search_place p, search_column *columns, size_t n,
                        size_t *missing, err *e) {
    *missing = 0;
    for (size_t i = SEARCH_F_FIXED; i < n; i++) {
        if (columns[i].derived) {
            columns[i].ready = true;
            continue;
        }
        db_rows *row = NULL;
        int found = db_get(tx, &Q_search_key_get, &row, e, DB_I64(p.ws), DB_I64(p.project),
                           DB_I64(columns[i].domain), DB_I64(columns[i].which),
                           DB_TEXT(columns[i].key));
        if (found < 0) return false;
        columns[i].ready = found && db_i64(row, 1);
        columns[i].field = found ? db_i64(row, 0) : 0;
        if (!columns[i].ready) ++*missing;
    }
    return true;
}

static search_head head_of_row(const db_rows *row) {
    return (search_head){db_i64(row, 0), db_i64(row, 1), db_i64(row, 2)};
}

bool search_heads(db_tx *tx, search_place p, int64_t first, search_head *out, size_t max,
                  size_t *n, err *e) {
    *n = 0;
    db_rows *rows = db_select(tx, &Q_search_head_list, e, DB_I64(p.ws), DB_I64(p.project),
                              DB_I64(first), DB_I64(max));
    if (!rows) return false;
    while (*n < max && db_next(rows, e)) {
        out[(*n)++] = head_of_row(rows);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool search_head_last(db_tx *tx, search_place p, search_head *out, bool *found, err *e) {
    db_rows *row = NULL;
    int got = db_get(tx, &Q_search_head_last, &row, e, DB_I64(p.ws), DB_I64(p.project));
    *found = got > 0;
    if (*found) *out = head_of_row(row);
    return got >= 0;
}

bool search_head_move(db_tx *tx, search_place p, search_head was, search_head next, bool *kept,
                      err *e) {
    int64_t n =
        db_do(tx, &Q_search_head_set, e, DB_I64(p.ws), DB_I64(p.project), DB_I64(was.chunk),
              DB_I64(was.stamp), DB_I64(next.stamp), DB_I64(next.slots));
    *kept = n == 1;
    return n >= 0;
}

bool search_chunk_put(db_tx *tx, search_place p, int64_t field, int64_t chunk, str blob,
                      err *e) {
    return db_push(tx, &Q_search_chunk_put, e, DB_I64(p.ws), DB_I64(p.project), DB_I64(field),
                   DB_I64(chunk), DB_I64(search_stamp()), DB_BLOB(blob));
}

// ---- loading -------------------------------------------------------------------------------
// Reads the bytes of [first, last] and keeps those that the cache did not have.
static bool load_bytes(db_tx *tx, search_place p, const search_column *c, int64_t first,
                       int64_t last, search_chunk **out, err *e) {
    db_rows *rows = db_select(tx, &Q_search_chunk_range, e, DB_I64(p.ws), DB_I64(p.project),
                              DB_I64(c->field), DB_I64(first), DB_I64(last));
    if (!rows) return false;
    while (db_next(rows, e)) {
        int64_t chunk = db_i64(rows, 0);
        if (chunk < first || chunk > last || out[chunk - first]) continue;
        search_chunk *got = search_chunk_decode(db_blob(rows, 2), c->type, e);
        if (!got) break;
        out[chunk - first] = got;
        search_cache_put(db_i64(rows, 1), c->field, chunk, got);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool search_chunk_load(db_tx *tx, search_place p, const search_column *c, int64_t first,
                       int64_t last, search_chunk **out, err *e) {
    db_rows *rows = db_select(tx, &Q_search_chunk_stamps, e, DB_I64(p.ws), DB_I64(p.project),
                              DB_I64(c->field), DB_I64(first), DB_I64(last));
    if (!rows) return false;
    int64_t lo = INT64_MAX, hi = INT64_MIN; // what the cache lacks
    while (db_next(rows, e)) {
        int64_t chunk = db_i64(rows, 0);
        out[chunk - first] = search_cache_get(db_i64(rows, 1), c->field, chunk);
        if (out[chunk - first]) continue;
        lo = chunk < lo ? chunk : lo;
        hi = chunk > hi ? chunk : hi;
    }
    db_end(rows);
    if (e->code) return false;
    return lo > hi || load_bytes(tx, p, c, lo, hi, out + (lo - first), e);
}

// ---- building ------------------------------------------------------------------------------
typedef struct build {
    core *c;
    search_place place;
    search_column *columns; // of which those are built that were not ready
    size_t n;
    arena *a; // of one chunk
    search_head head;
    bool found; // head: there is such a chunk
    str *blobs;
    bool done;
} build;

// Room for `more` columns: the oldest are dropped. (A fold that still knows them gives up: I7.)
static bool make_room(db_tx *tx, const build *b, size_t more, err *e) {
    db_rows *row = NULL;
    if (db_get(tx, &Q_search_key_count, &row, e, DB_I64(b->place.ws),
               DB_I64(b->place.project)) != 1)
        return false;
    for (int64_t n = db_i64(row, 0); n + (int64_t)more > SEARCH_MAX_COLUMNS && n > 0; n--) {
        if (db_get(tx, &Q_search_key_oldest, &row, e, DB_I64(b->place.ws),
                   DB_I64(b->place.project)) != 1)
            return false;
        int64_t domain = db_i64(row, 0), which = db_i64(row, 1), field = db_i64(row, 3);
        str key = arena_str(db_tx_arena(tx), db_text(row, 2));
        if (db_do(tx, &Q_search_key_drop, e, DB_I64(b->place.ws), DB_I64(b->place.project),
                  DB_I64(domain), DB_I64(which), DB_TEXT(key)) < 0 ||
            db_do(tx, &Q_search_chunk_drop, e, DB_I64(b->place.ws), DB_I64(b->place.project),
                  DB_I64(field)) < 0)
            return false;
    }
    return true;
}

static bool begin_build(db_tx *tx, void *arg, err *e) {
    build *b = arg;
    size_t missing = 0;
    if (!search_column_find(tx, b->place, b->columns, b->n, &missing, e)) return false;
    if (!make_room(tx, b, missing, e)) return false;
    if (!search_column_find(tx, b->place, b->columns, b->n, &missing, e))
        return false; // one of ours may be gone
    for (size_t i = SEARCH_F_FIXED; i < b->n; i++) {
        search_column *c = &b->columns[i];
        if (c->field || c->derived) continue;
        if (db_do(tx, &Q_search_key_add, e, DB_I64(b->place.ws), DB_I64(b->place.project),
                  DB_I64(c->domain), DB_I64(c->which), DB_TEXT(c->key), DB_I64(search_stamp()),
                  DB_I64(clock_now_us())) < 0)
            return false;
    }
    return search_column_find(tx, b->place, b->columns, b->n, &missing, e);
}

static bool encode_columns(build *b, db_tx *tx, const search_run *runs, err *e) {
    size_t slots = (size_t)b->head.slots;
    b->blobs = ARENA_ARRAY(b->a, str, b->n);
    for (size_t i = SEARCH_F_FIXED; i < b->n; i++) {
        if (b->columns[i].ready) continue;
        if (b->columns[i].domain == SEARCH_METRIC) continue; // all at once below
        search_cell *cells = ARENA_ARRAY(b->a, search_cell, slots);
        if (!search_facts(tx, b->a, b->place.ws, &b->columns[i], 1, runs, slots, &cells, e))
            return false;
        b->blobs[i] = search_chunk_encode(b->a, b->columns[i].type, cells, slots);
    }
    return true;
}

// The new metric columns share one reading of the summaries.
static bool encode_metrics(build *b, db_tx *tx, const search_run *runs, err *e) {
    size_t slots = (size_t)b->head.slots, n = 0;
    search_column *metrics = ARENA_ARRAY(b->a, search_column, b->n);
    search_cell **cells = ARENA_ARRAY(b->a, search_cell *, b->n);
    size_t *at = ARENA_ARRAY(b->a, size_t, b->n);
    for (size_t i = SEARCH_F_FIXED; i < b->n; i++) {
        if (b->columns[i].ready || b->columns[i].domain != SEARCH_METRIC) continue;
        metrics[n] = b->columns[i];
        cells[n] = ARENA_ARRAY(b->a, search_cell, slots);
        at[n++] = i;
    }
    if (n && !search_facts(tx, b->a, b->place.ws, metrics, n, runs, slots, cells, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        b->blobs[at[i]] = search_chunk_encode(b->a, SEARCH_T_NUM, cells[i], slots);
    }
    return true;
}

static bool compute_chunk(db_tx *tx, void *arg, err *e) {
    build *b = arg;
    arena_reset(b->a);
    size_t n = 0;
    int64_t chunk = b->head.chunk;
    if (!search_heads(tx, b->place, chunk, &b->head, 1, &n, e)) return false;
    b->found = n > 0;
    if (!b->found) return true;
    search_run *runs = ARENA_ARRAY(b->a, search_run, (size_t)b->head.slots);
    return search_runs_of_chunk(tx, b->a, b->place, b->head.chunk, runs, (size_t)b->head.slots,
                                e) &&
           encode_columns(b, tx, runs, e) && encode_metrics(b, tx, runs, e);
}

static bool store_chunk(db_tx *tx, void *arg, err *e) {
    build *b = arg;
    search_head next = {b->head.chunk, search_stamp(), b->head.slots};
    search_column *now = ARENA_ARRAY(db_tx_arena(tx), search_column, b->n);
    size_t missing;
    memcpy(now, b->columns, b->n * sizeof *now);
    if (!search_head_move(tx, b->place, b->head, next, &b->done, e) ||
        !search_column_find(tx, b->place, now, b->n, &missing, e))
        return false;
    for (size_t i = SEARCH_F_FIXED; b->done && i < b->n; i++) {
        if (!b->blobs[i].p || now[i].field != b->columns[i].field)
            continue; // dropped meanwhile
        if (!search_chunk_put(tx, b->place, b->columns[i].field, b->head.chunk, b->blobs[i], e))
            return false;
    }
    return true;
}

// Both in the writing transaction: nobody is in between, but writers wait for the reading.
static bool compute_and_store(db_tx *tx, void *arg, err *e) {
    build *b = arg;
    return compute_chunk(tx, b, e) && (!b->found || store_chunk(tx, b, e));
}

// The chunk at or behind b->head.chunk, until it was written as it was read. A chunk that is
// folded all the time is built under the writers' eyes at last.
static bool build_chunk(build *b, err *e) {
    int64_t from = b->head.chunk;
    for (int i = 0; i < BUILD_TRIES; i++) {
        if (!db_read(core_db(b->c), compute_chunk, b, e)) return false;
        if (!b->found) return true;
        if (!db_write(core_db(b->c), store_chunk, b, e)) return false;
        if (b->done) return true;
    }
    b->head.chunk = from;
    return db_write(core_db(b->c), compute_and_store, b, e);
}

// Ready, if every chunk has a row by now and nobody took the column away.
static bool end_build(db_tx *tx, void *arg, err *e) {
    build *b = arg;
    b->done = true;
    b->head.chunk = 0;
    for (size_t i = SEARCH_F_FIXED; i < b->n; i++) {
        const search_column *c = &b->columns[i];
        if (c->ready) continue;
        db_rows *row = NULL;
        int missing = db_get(tx, &Q_search_chunk_missing, &row, e, DB_I64(b->place.ws),
                             DB_I64(b->place.project), DB_I64(c->field));
        if (missing < 0) return false;
        b->done &= !missing;
        if (missing) continue;
        if (db_do(tx, &Q_search_key_ready, e, DB_I64(b->place.ws), DB_I64(b->place.project),
                  DB_I64(c->domain), DB_I64(c->which), DB_TEXT(c->key), DB_I64(c->field)) < 0)
            return false;
    }
    return true;
}

static bool build_all(build *b, err *e) {
    for (int i = 0; i < BUILD_TRIES; i++) {
        if (!db_write(core_db(b->c), begin_build, b, e)) return false;
        b->head = (search_head){0};
        for (b->found = true; b->found; b->head.chunk++) {
            if (!build_chunk(b, e)) return false;
        }
        if (!db_write(core_db(b->c), end_build, b, e)) return false;
        if (b->done)
            return true; // else a chunk was made meanwhile by who did not know the columns
    }
    return err_set(e, ERR_UNAVAILABLE,
                   "Search columns are made faster than they can be built; try again");
}

bool search_column_build(core *c, search_place p, const search_column *columns, size_t n,
                         err *e) {
    arena *own = arena_new();
    build b = {.c = c,
               .place = p,
               .n = n,
               .columns = ARENA_ARRAY(own, search_column, n),
               .a = arena_new()};
    memcpy(b.columns, columns, n * sizeof *columns);
    bool ok = build_all(&b, e);
    arena_free(b.a);
    arena_free(own);
    return ok;
}
