// SPDX-License-Identifier: Apache-2.0
// event_check: is the chain whole (I2 and I3 of event.c)? Rows are hashed as they are read, in
// steps that each are one short snapshot. Any thread.
#include "core/event_internal.h"

#define STEP 5000 // events of one snapshot

typedef struct checking {
    int64_t ws, after;
    size_t max;
    event_bad *bad;
    void *arg;
    event_step out;
    event_head head; // as it should be
} checking;

static void check_row(checking *k, db_rows *row) {
    sha256 payload_digest = {0}, chain = {0};
    str payload = db_text(row, 7);
    event v = {.number = db_i64(row, 0),
               .time_us = db_i64(row, 1),
               .kind = (event_kind)db_i64(row, 2),
               .project = db_is_null(row, 3) ? EVENT_NO_PROJECT : db_i64(row, 3),
               .user = db_text(row, 4),
               .proven = db_i64(row, 5) != 0,
               .object = db_text(row, 6)};
    bool whole =
        sha256_copy(db_blob(row, 8), &payload_digest) && sha256_copy(db_blob(row, 9), &chain);
    if (v.number != k->head.number + 1)
        k->bad(k->arg, k->ws, k->head.number + 1, "it is missing, or others behind it too");
    k->head.number = v.number - 1;
    event_head_advance(&k->head, &v, payload_digest);
    if (!whole || !sha256_eq(k->head.chain, chain))
        k->bad(k->arg, k->ws, v.number,
               "its chain hash does not match: it was changed, or "
               "the events before it were");
    // An erased payload keeps its digest; one that is there must match it.
    if (payload.p && !sha256_eq(sha256_of(payload.p, payload.n), payload_digest))
        k->bad(k->arg, k->ws, v.number, "its payload was changed");
    k->head.chain = chain; // one break is told once
    k->out.n++;
}

// Where the chain stands before the step.
static bool begin(db_tx *tx, checking *k, err *e) {
    db_rows *row = NULL;
    k->head = (event_head){.number = k->after};
    if (!k->after) return true;
    int found = db_get(tx, &Q_event_chain_get, &row, e, DB_I64(k->ws), DB_I64(k->after));
    if (found > 0 && sha256_copy(db_blob(row, 0), &k->head.chain)) return true;
    return found >= 0 && err_set(e, ERR_NOT_FOUND, "there is no event %lld to go on behind",
                                 (long long)k->after);
}

// Behind the last event: the head, which is kept apart, names it.
static bool end(db_tx *tx, checking *k, err *e) {
    event_head h;
    if (!event_head_read(tx, k->ws, &h, e)) return false;
    if (h.number > k->head.number)
        k->bad(k->arg, k->ws, k->head.number + 1, "it is missing, as all behind it");
    else if (h.number < k->head.number || !sha256_eq(h.chain, k->head.chain))
        k->bad(k->arg, k->ws, k->head.number, "the log's head names another as the last one");
    return true;
}

static bool check_step(db_tx *tx, void *arg, err *e) {
    checking *k = arg;
    k->out = (event_step){0};
    if (!begin(tx, k, e)) return false;
    db_rows *rows = db_select(tx, &Q_event_chain_page, e, DB_I64(k->ws), DB_I64(k->after),
                              DB_I64((int64_t)k->max));
    if (!rows) return false;
    while (db_next(rows, e))
        check_row(k, rows);
    db_end(rows);
    if (e->code != ERR_NONE) return false;
    k->out.end = k->out.n < k->max;
    k->out.last = k->head.number;
    k->out.chain = k->head.chain;
    return !k->out.end || end(tx, k, e);
}

static bool step(core *c, checking *k, event_step *out, err *e) {
    if (!core_goes_on(c, e) || !db_read(c->db, check_step, k, e)) return false;
    *out = k->out;
    return true;
}

bool event_check_step(ctx *c, int64_t after, size_t max, event_bad *bad, void *arg,
                      event_step *out, err *e) {
    checking k = {.ws = c->ws, .after = after, .max = max, .bad = bad, .arg = arg};
    return step(c->core, &k, out, e);
}

static bool check_workspace(core *c, int64_t ws, event_bad *bad, void *arg, uint64_t *n,
                            err *e) {
    checking k = {.ws = ws, .max = STEP, .bad = bad, .arg = arg};
    event_step s = {0};
    while (!s.end) {
        if (!step(c, &k, &s, e)) return false;
        k.after = s.last;
        *n += s.n;
    }
    return true;
}

bool event_check(core *c, event_bad *bad, void *arg, uint64_t *n, err *e) {
    int64_t ws = INT64_MIN;
    bool found = true;
    *n = 0;
    for (;;) {
        if (!core_next_workspace(c, &ws, &found, e)) return false;
        if (!found) return true;
        if (!check_workspace(c, ws, bad, arg, n, e)) return false;
    }
}

// ---- the chain at an event ------------------------------------------------------------------

typedef struct chain_call {
    int64_t ws;
    event_head at;
} chain_call;

static bool read_chain(db_tx *tx, void *arg, err *e) {
    chain_call *k = arg;
    db_rows *row = NULL;
    if (!k->at.number) return event_head_read(tx, k->ws, &k->at, e);
    int found = db_get(tx, &Q_event_chain_get, &row, e, DB_I64(k->ws), DB_I64(k->at.number));
    if (found > 0 && sha256_copy(db_blob(row, 0), &k->at.chain)) return true;
    return found >= 0 &&
           err_set(e, ERR_NOT_FOUND, "there is no event %lld", (long long)k->at.number);
}

bool event_chain(ctx *c, int64_t *number, sha256 *chain, err *e) {
    chain_call k = {.ws = c->ws, .at.number = *number};
    if (!db_read(core_db(c->core), read_chain, &k, e)) return false;
    *number = k.at.number;
    *chain = k.at.chain;
    return true;
}

bool event_last(ctx *c, int64_t *number, err *e) {
    sha256 chain;
    *number = 0;
    return event_chain(c, number, &chain, e);
}
