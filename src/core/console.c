// SPDX-License-Identifier: Apache-2.0
// console: appends lines, checks and removes them. Reading is in console_read.c. Invariants:
//   I1  the records of a run hold lines 1 to console.lines without a gap: a batch takes its
//   numbers
//       from that row in its own transaction, which locks it.
//   I2  console_source.batch is the greatest number of a batch of that source that was
//   appended.
// Any thread.
#include "core/console.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "core/console_internal.h"
#include "core/console_sql.h"
#include "core/core_internal.h"
#include "core/run_internal.h"
#include "core/search.h"

#define FORGET_ROWS 200
#define FULL_TEXT                                                                              \
    "[stemma: the console of this run is full; what is printed from here on is not kept]"

// ---- append ---------------------------------------------------------------------------------

typedef struct record {
    str data;
    size_t n;
} record;

typedef struct append_call {
    ctx *c;
    id run;
    str source;
    int64_t number;
    VEC(record) records; // made before the transaction
    int64_t lines, bytes;
    console_kept *out;
} append_call;

// Cuts the batch into records.
static void make_records(append_call *k, const console_batch *b) {
    size_t from = 0, bytes = 0;
    for (size_t i = 0; i < b->v.n; i++) {
        bytes += b->v.p[i].text.n;
        k->bytes += (int64_t)b->v.p[i].text.n;
        bool last = i + 1 == b->v.n;
        if (!last && bytes < RECORD_BYTES && i + 1 - from < RECORD_LINES) continue;
        size_t n = i + 1 - from;
        vec_push(k->c->a, &k->records, (record){console_encode(k->c->a, b->v.p + from, n), n});
        from = i + 1;
        bytes = 0;
    }
    k->lines = (int64_t)b->v.n;
}

static bool insert(db_tx *tx, const append_call *k, int64_t first, str data, size_t n, err *e) {
    return db_push(tx, &Q_console_insert, e, DB_I64(k->c->ws), DB_ID(k->run), DB_I64(first),
                   DB_I64(n), DB_BLOB(data));
}

static bool count_lines(db_tx *tx, const append_call *k, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_console_head, &row, e, DB_I64(k->c->ws), DB_ID(k->run));
    if (found > 0) k->out->lines = db_i64(row, 0);
    return found >= 0;
}

// The limit is reached: the first time a note says so.
static bool close_console(db_tx *tx, append_call *k, err *e) {
    console_kept *out = k->out;
    console_line note = {
        .time_us = clock_now_us(), .stream = CONSOLE_NOTE, .text = STR(FULL_TEXT)};
    out->full = true;
    db_rows *row = NULL;
    int closed = db_get(tx, &Q_console_close, &row, e, DB_I64(k->c->ws), DB_ID(k->run));
    if (closed < 0) return false;
    if (!closed) return count_lines(tx, k, e);
    out->lines = db_i64(row, 0);
    return insert(tx, k, out->lines, console_encode(db_tx_arena(tx), &note, 1), 1, e);
}

static bool append(db_tx *tx, void *arg, err *e) {
    append_call *k = arg;
    ctx *c = k->c;
    run r;
    *k->out = (console_kept){0};
    if (!run_read_active_locked(tx, c, k->run, &r, e)) return false;
    if (k->source.n) {
        int64_t new = db_do(tx, &Q_console_source_set, e, DB_I64(c->ws), DB_ID(k->run),
                            DB_TEXT(k->source), DB_I64(k->number));
        if (new < 0) return false;
        k->out->repeated = new == 0;
    }
    if (k->out->repeated || !k->lines) return count_lines(tx, k, e);
    db_rows *row = NULL;
    int grown =
        db_get(tx, &Q_console_grow, &row, e, DB_I64(c->ws), DB_ID(k->run), DB_I64(k->lines),
               DB_I64(k->bytes), DB_I64(CONSOLE_LINES_MAX), DB_I64(CONSOLE_BYTES_MAX));
    if (grown <= 0) return grown == 0 && close_console(tx, k, e);
    k->out->lines = db_i64(row, 0);
    int64_t first = k->out->first = k->out->lines - k->lines + 1;
    for (size_t i = 0; i < k->records.n; i++) {
        const record *d = &k->records.p[i];
        if (!insert(tx, k, first, d->data, d->n, e)) return false;
        first += (int64_t)d->n;
    }
    return search_mark(tx, c->core, c->ws, r.project, r.id, e); // for who watches it
}

bool console_append(ctx *c, id run_id, const console_batch *b, str source, int64_t number,
                    console_kept *out, err *e) {
    append_call k = {.c = c, .run = run_id, .source = source, .number = number, .out = out};
    if (!core_check_text(source, CONSOLE_SOURCE_MAX, "source", e)) return false;
    make_records(&k, b);
    if (!db_append(core_db(c->core), append, &k, e)) return false;
    METRIC_ADD(console_lines_total, out->first ? k.lines : 0);
    return true;
}

// ---- check ----------------------------------------------------------------------------------

typedef struct checking {
    core *core;
    arena *a;
    void (*bad)(void *arg, id run, const char *what);
    void *arg;
    uint64_t records;
    // where it stands
    int64_t ws, lines, next; // next: the line that the next record must begin with
    id run;
    bool found;
} checking;

static bool next_run(db_tx *tx, void *arg, err *e) {
    checking *k = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_console_next_run, &row, e, DB_I64(k->ws), DB_ID(k->run));
    k->found = found > 0;
    if (k->found) {
        k->run = db_id(row, 0);
        k->lines = db_i64(row, 1);
    }
    return found >= 0;
}

static void tell(checking *k, int64_t from, int64_t to, const char *what) {
    k->bad(k->arg, k->run,
           arena_printf(k->a, "lines %lld to %lld of the console: %s", (long long)from,
                        (long long)to, what)
               .p);
}

static void check_record(checking *k, int64_t first, int64_t n, str data) {
    console_line *lines;
    size_t have = 0;
    err why = {0};
    k->records++;
    if (first > k->next) tell(k, k->next, first - 1, "they are missing");
    if (!console_decode(k->a, data, first, &lines, &have, &why))
        tell(k, first, first + n - 1, why.msg);
    else if ((int64_t)have != n)
        tell(k, first, first + n - 1, "the record has another number of lines");
    k->next = first + (n > 0 ? n : 1);
}

static bool check_page(db_tx *tx, void *arg, err *e) {
    checking *k = arg;
    k->found = false;
    db_rows *rows =
        db_select(tx, &Q_console_forward, e, DB_I64(k->ws), DB_ID(k->run), DB_I64(k->next));
    if (!rows) return false;
    while (db_next(rows, e)) {
        k->found = true;
        check_record(k, db_i64(rows, 0), db_i64(rows, 1), db_blob(rows, 2));
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool check_run(checking *k, err *e) {
    k->next = 1;
    do {
        arena_reset(k->a);
        if (!db_read(core_db(k->core), check_page, k, e)) return false;
    } while (k->found);
    if (k->next <= k->lines) tell(k, k->next, k->lines, "they are missing");
    return true;
}

bool console_check(core *c, void (*bad)(void *arg, id run, const char *what), void *arg,
                   uint64_t *records, err *e) {
    checking k = {.core = c, .a = arena_new(), .bad = bad, .arg = arg, .ws = INT64_MIN};
    bool ok, found;
    while ((ok = core_next_workspace(c, &k.ws, &found, e)) && found) {
        k.run = (id){0};
        while ((ok = db_read(core_db(c), next_run, &k, e)) && k.found) {
            if (!(ok = check_run(&k, e))) break;
        }
        if (!ok) break;
    }
    arena_free(k.a);
    *records = k.records;
    return ok;
}

// ---- gc -------------------------------------------------------------------------------------

bool console_forget_step(db_tx *tx, int64_t ws, id run_id, bool *done, err *e) {
    int64_t last = 0;
    size_t n = 0;
    *done = false;
    db_rows *rows =
        db_select(tx, &Q_console_first, e, DB_I64(ws), DB_ID(run_id), DB_I64(FORGET_ROWS));
    if (!rows) return false;
    for (; db_next(rows, e); n++)
        last = db_i64(rows, 0);
    db_end(rows);
    if (e->code != ERR_NONE) return false;
    if (n && !db_push(tx, &Q_console_delete, e, DB_I64(ws), DB_ID(run_id), DB_I64(last)))
        return false;
    *done = n < FORGET_ROWS;
    return !*done || (db_push(tx, &Q_console_source_delete, e, DB_I64(ws), DB_ID(run_id)) &&
                      db_push(tx, &Q_console_head_delete, e, DB_I64(ws), DB_ID(run_id)));
}
