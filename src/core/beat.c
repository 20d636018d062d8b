// SPDX-License-Identifier: Apache-2.0
// beat: rows of the table `beat`, one a run that promised signs of life. Invariants:
//   I1  due_us is when the run is taken for crashed; INT64_MAX once it was.
//   I2  crashed = 1: the sweep, and nobody else since, made the run CRASHED.
// Any thread.
#include "core/beat.h"

#include "base/clock.h"
#include "core/beat_sql.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/run_internal.h"
#include "core/run_sql.h"

typedef struct beat_row {
    int64_t every_us, seen_us, due_us;
    bool crashed;
    str source;
} beat_row;

static int get_row(db_tx *tx, int64_t ws, id run_id, beat_row *out, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_beat_get, &row, e, DB_I64(ws), DB_ID(run_id));
    if (found > 0) {
        *out = (beat_row){.every_us = db_i64(row, 0),
                          .seen_us = db_i64(row, 1),
                          .due_us = db_i64(row, 2),
                          .crashed = db_i64(row, 3) != 0,
                          .source = arena_str(db_tx_arena(tx), db_text(row, 4))};
    }
    return found;
}

// ---- a sign of life -------------------------------------------------------------------------

typedef struct beat_call {
    ctx *c;
    id run;
    int64_t every_us;
    str from;
    bool was_crashed;
} beat_call;

static bool set(db_tx *tx, void *arg, err *e) {
    beat_call *b = arg;
    ctx *c = b->c;
    run r;
    beat_row row = {0};
    int64_t now = clock_now_us(), wait = b->every_us * 3;
    if (wait < c->core->beat_grace_us) wait = c->core->beat_grace_us;
    if (!run_read_active_locked(tx, c, b->run, &r, e)) return false;
    if (!b->every_us) return beat_forget(tx, c->ws, b->run, e);
    if (r.status == RUN_CRASHED && get_row(tx, c->ws, b->run, &row, e) < 0) return false;
    b->was_crashed = row.crashed;
    return db_push(tx, &Q_beat_set, e, DB_I64(c->ws), DB_ID(b->run), DB_I64(b->every_us),
                   DB_I64(now), DB_I64(now + wait), DB_TEXT(b->from));
}

// Only out of the state that the sweep put it in.
static bool revive(db_tx *tx, void *arg, err *e) {
    beat_call *b = arg;
    ctx *c = b->c;
    run r;
    beat_row row;
    if (!run_read_active(tx, c, b->run, &r, e)) return false;
    int found = get_row(tx, c->ws, b->run, &row, e);
    if (found <= 0 || !row.crashed) return found >= 0;
    if (!db_push(tx, &Q_beat_crashed, e, DB_I64(c->ws), DB_ID(b->run), DB_I64(0),
                 DB_I64(row.due_us)))
        return false;
    if (r.status != RUN_CRASHED) return true;
    return db_push(tx, &Q_run_update, e, DB_I64(c->ws), DB_ID(r.id), DB_TEXT(r.name),
                   DB_I64(RUN_RUNNING), DB_NULL, DB_NULL) &&
           search_mark(tx, c->core, c->ws, r.project, r.id, e) &&
           event_add(tx, c, EVENT_run_revived, r.project, id_str(c->a, r.id), (str){0}, e);
}

bool beat(ctx *c, id run_id, int64_t every_us, str from, err *e) {
    beat_call b = {.c = c, .run = run_id, .every_us = every_us, .from = from};
    if (!b.from.p) b.from = STR("");
    return core_check_text(from, BEAT_FROM_MAX, "from", e) &&
           db_append(core_db(c->core), set, &b, e) &&
           (!b.was_crashed || db_write(core_db(c->core), revive, &b, e));
}

bool beat_forget(db_tx *tx, int64_t ws, id run_id, err *e) {
    return db_push(tx, &Q_beat_delete, e, DB_I64(ws), DB_ID(run_id));
}

// ---- sweep ----------------------------------------------------------------------------------

typedef struct sweep {
    ctx c;
    int64_t now_us, since_us;
    uint64_t crashed;
    // a page of runs that may be due, and the one that is looked at
    id runs[100];
    size_t n;
    int64_t after_us;
    id after, run;
    bool did;
} sweep;

static bool read_due(db_tx *tx, void *arg, err *e) {
    sweep *s = arg;
    int64_t due = s->after_us;
    s->n = 0;
    db_rows *rows = db_select(tx, &Q_beat_due, e, DB_I64(s->c.ws), DB_I64(s->after_us),
                              DB_ID(s->after), DB_I64(s->now_us));
    if (!rows) return false;
    while (s->n < 100 && db_next(rows, e)) {
        s->runs[s->n++] = db_id(rows, 0);
        due = db_i64(rows, 1);
    }
    db_end(rows);
    if (e->code != ERR_NONE) return false;
    if (s->n) {
        s->after = s->runs[s->n - 1];
        s->after_us = due;
    }
    return true;
}

static str reason_of(arena *a, const beat_row *row) {
    str when = clock_rfc3339(a, row->seen_us);
    return arena_printf(
        a,
        "no sign of life since %.*s, and one was promised every %g s: the process "
        "was probably killed, or its machine lost%s%.*s%s",
        STR_F(when), (double)row->every_us / 1e6, row->source.n ? " (" : "", STR_F(row->source),
        row->source.n ? ")" : "");
}

static bool make_crashed(db_tx *tx, const ctx *c, const run *r, const beat_row *row, err *e) {
    str reason = reason_of(db_tx_arena(tx), row);
    int64_t end = r->has_end ? r->end_ms : row->seen_us / 1000;
    return db_push(tx, &Q_run_update, e, DB_I64(c->ws), DB_ID(r->id), DB_TEXT(r->name),
                   DB_I64(RUN_CRASHED), DB_I64(end), DB_TEXT(reason)) &&
           db_push(tx, &Q_beat_crashed, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(1),
                   DB_I64(INT64_MAX)) &&
           search_mark(tx, c->core, c->ws, r->project, r->id, e) &&
           event_add(tx, c, EVENT_run_crashed, r->project, id_str(db_tx_arena(tx), r->id),
                     (str){0}, e);
}

// Everything is judged again, in the transaction: a sign of life may have come.
static bool judge(db_tx *tx, void *arg, err *e) {
    sweep *s = arg;
    run r;
    beat_row row;
    s->did = false;
    int found = get_row(tx, s->c.ws, s->run, &row, e);
    if (found <= 0) return found == 0;
    int64_t wait = row.due_us - row.seen_us;
    if (row.due_us > s->now_us || s->now_us - s->since_us < wait) return true;
    bool there = run_read(tx, &s->c, s->run, &r, e);
    if (!there && e->code != ERR_NOT_FOUND) return false;
    *e = (err){0};
    // It ended as it should, or is in the bin: the promise is kept.
    if (!there || run_ended(&r) || r.life != LIFE_ACTIVE)
        return beat_forget(tx, s->c.ws, s->run, e);
    s->did = true;
    return make_crashed(tx, &s->c, &r, &row, e);
}

static bool sweep_workspace(sweep *s, err *e) {
    s->after_us = INT64_MIN;
    s->after = (id){0};
    do {
        arena_reset(s->c.a);
        if (!db_read(core_db(s->c.core), read_due, s, e)) return false;
        for (size_t i = 0; i < s->n; i++) {
            s->run = s->runs[i];
            if (!core_goes_on(s->c.core, e) || !db_write(core_db(s->c.core), judge, s, e))
                return false;
            s->crashed += s->did;
        }
    } while (s->n);
    return true;
}

bool beat_sweep(core *c, int64_t now_us, int64_t since_us, uint64_t *crashed, err *e) {
    sweep s = {.c = {.core = c,
                     .a = arena_new(),
                     .ws = INT64_MIN,
                     .user = STR("heartbeat"),
                     .proven = true},
               .now_us = now_us,
               .since_us = since_us};
    bool ok, found;
    while ((ok = core_next_workspace(c, &s.c.ws, &found, e)) && found) {
        if (!(ok = sweep_workspace(&s, e))) break;
    }
    arena_free(s.c.a);
    *crashed = s.crashed;
    return ok;
}
