// SPDX-License-Identifier: Apache-2.0
// search_activity: how many runs projects have, how many of them run, and when something of a
// project last changed: the newest of its last event, what the last fold noted of its runs
// (project_moved), and a mark, which is seconds old at most. A few statements for a page of
// projects; the counts read an index of the runs' states. Any thread.
#include "core/search_internal.h"
#include "core/search_sql.h"

const char search_activity_schema[] =
    "CREATE INDEX run_by_state ON run (ws, project, life, status);\n"
    // When a run of the project last changed, as of the last fold.
    "CREATE TABLE project_moved (ws {i64} NOT NULL, project {i64} NOT NULL, moved_us {i64} NOT "
    "NULL, PRIMARY KEY (ws, project)) {clustered}";

typedef struct activity_call {
    const ctx *c;
    const project *p;
    size_t n;
    bool counts;
    search_activity *out;
} activity_call;

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void take_change(db_rows *row, search_activity *x) {
    int64_t us = db_i64(row, 1) * 1000;
    if (!db_is_null(row, 2)) us = later(us, db_i64(row, 2));
    if (!db_is_null(row, 3)) us = later(us, id_ms(db_id(row, 3)) * 1000);
    if (!db_is_null(row, 4)) us = later(us, db_i64(row, 4));
    x->changed_us = us;
}

static void take_counts(db_rows *row, search_activity *x) {
    x->runs = (uint64_t)db_i64(row, 1);
    x->running = (uint64_t)db_i64(row, 2);
}

// Of n projects, SEARCH_IN_WIDTH at most.
static bool read_some(db_tx *tx, const activity_call *k, const db_query *q, size_t from,
                      size_t n, void (*take)(db_rows *row, search_activity *x), err *e) {
    db_arg args[1 + SEARCH_IN_WIDTH] = {DB_I64(k->c->ws)};
    for (size_t i = 0; i < SEARCH_IN_WIDTH; i++)
        args[1 + i] = DB_I64(k->p[from + (i < n ? i : n - 1)].number);
    db_rows *rows = db_query_rows(tx, q, args, 1 + SEARCH_IN_WIDTH, e);
    if (!rows) return false;
    while (db_next(rows, e)) {
        for (size_t i = from; i < from + n; i++) {
            if (k->p[i].number == db_i64(rows, 0)) take(rows, &k->out[i]);
        }
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool read_all(db_tx *tx, void *arg, err *e) {
    const activity_call *k = arg;
    memset(k->out, 0, k->n * sizeof *k->out);
    for (size_t from = 0; from < k->n; from += SEARCH_IN_WIDTH) {
        size_t n = k->n - from < SEARCH_IN_WIDTH ? k->n - from : SEARCH_IN_WIDTH;
        if (!read_some(tx, k, &Q_search_changed, from, n, take_change, e)) return false;
        if (k->counts && !read_some(tx, k, &Q_search_counts, from, n, take_counts, e))
            return false;
    }
    return true;
}

bool search_activities(ctx *c, const project *p, size_t n, bool counts, search_activity *out,
                       err *e) {
    activity_call k = {.c = c, .p = p, .n = n, .counts = counts, .out = out};
    return !n || db_read(core_db(c->core), read_all, &k, e);
}
