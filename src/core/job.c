// SPDX-License-Identifier: Apache-2.0
// job: the rows. due_us says when a job may be taken: at once or later while it waits, when its
// lease runs out while it runs; it is NULL when it has ended, and for threads that are only
// shown. Who takes a job raises `turn`; whatever a holder writes is conditional on its turn, so
// a holder that lost its lease changes nothing any more. A row has a holder while it runs, and
// when it was buried (job_bury.c): should its process only have stood still, it goes on, and
// the row with it. Any thread.
#include "core/job.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/job_sql.h"

#define ARGUMENT_MAX  (8u << 10)
#define DUE_AT_ONCE   100
#define CLEAN_AT_ONCE 500
#define KEPT_MS       (30 * 24 * 3600 * (int64_t)1000)

const char job_schema[] =
    // Jobs. Those that run by themselves have fixed ids and belong to the default workspace.
    "CREATE TABLE job (ws {i64} NOT NULL, job {blob} NOT NULL, kind {text} NOT NULL, state "
    "{i64} "
    "NOT NULL,"
    " user_name {text} NOT NULL, argument {text} NOT NULL, done {i64} NOT NULL, total {i64} "
    "NOT "
    "NULL, unit {text} NOT NULL, detail {text} NOT NULL, holder {blob}, turn {i64} NOT NULL, "
    "due_us {i64}, created_us {i64} NOT NULL, started_us {i64}, updated_us {i64} NOT NULL,"
    " PRIMARY KEY (ws, job)) {clustered};\n"
    "CREATE INDEX job_by_due ON job (due_us);\n"
    // Requests that create at most once (once.h).
    "CREATE TABLE once (ws {i64} NOT NULL, actor {text} NOT NULL, key {text} NOT NULL, request "
    "{blob} NOT NULL, claim {blob} NOT NULL, claim_us {i64} NOT NULL, object {text}, status "
    "{i64}, reply {text}, expires_us {i64} NOT NULL, PRIMARY KEY (ws, actor, key)) "
    "{clustered};\n"
    "CREATE INDEX once_by_expiry ON once (ws, expires_us)";

const job_kind *job_kind_named(str name) {
    for (const job_kind *k = job_kinds; k->name; k++) {
        if (str_is(name, k->name)) return k;
    }
    return NULL;
}

// Above every id that a clock makes: recurring jobs stand before all others.
id job_recurring_id(const char *kind) {
    sha256 d = sha256_of(kind, strlen(kind));
    id out;
    memset(out.b, 0xff, sizeof out.b);
    memcpy(out.b + 8, d.b, 8);
    return out;
}

static bool is_recurring(id job_id) {
    static const uint8_t high[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return !memcmp(job_id.b, high, sizeof high);
}

static job job_of_row(db_rows *row, arena *a) {
    const job_kind *kind = job_kind_named(db_text(row, 1));
    id job_id = db_id(row, 0);
    job_state state = (job_state)db_i64(row, 2);
    return (job){.id = job_id,
                 .kind = kind ? kind->name : "unknown",
                 .state = state,
                 .recurring = is_recurring(job_id),
                 .user = arena_str(a, db_text(row, 3)),
                 .argument = arena_str(a, db_text(row, 4)),
                 .done = db_i64(row, 5),
                 .total = db_i64(row, 6),
                 .unit = arena_str(a, db_text(row, 7)),
                 .detail = arena_str(a, db_text(row, 8)),
                 .held = state == JOB_RUNNING && !db_is_null(row, 9),
                 .holder = db_id(row, 9),
                 .created_us = db_i64(row, 10),
                 .started_us = db_i64(row, 11),
                 .updated_us = db_i64(row, 12)};
}

// ---- starting and reading -------------------------------------------------------------------

typedef struct job_call {
    ctx *c;
    id id;
    str kind, argument;
    size_t max, n;
    bool more;
    job *out;
    int64_t lease_us; // not 0: this process takes it at once
} job_call;

static bool read_one(db_tx *tx, void *arg, err *e) {
    job_call *k = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_job_get, &row, e, DB_I64(k->c->ws), DB_ID(k->id));
    if (found > 0) *k->out = job_of_row(row, k->c->a);
    return found > 0 || (found == 0 && err_set(e, ERR_NOT_FOUND, "there is no job '%.*s'",
                                               STR_F(id_str(k->c->a, k->id))));
}

static void wake(void *arg) {
    core *c = arg;
    if (c->jobs) job_manager_wake(c->jobs);
}

static bool take_row(db_tx *tx, const core *c, int64_t ws, id job_id, int64_t due_us,
                     int64_t lease_us, bool *taken, err *e) {
    int64_t now = clock_now_us();
    int64_t n = db_do(tx, &Q_job_take, e, DB_I64(ws), DB_ID(job_id), DB_I64(due_us),
                      DB_ID(c->holder), DB_I64(now + lease_us), DB_I64(now));
    *taken = n == 1; // else another server was faster
    return n >= 0;
}

static bool start(db_tx *tx, void *arg, err *e) {
    job_call *k = arg;
    ctx *c = k->c;
    bool taken;
    int64_t now = clock_now_us();
    str user = c->user.p ? c->user : STR("");
    db_after_commit(tx, wake, c->core);
    return db_do(tx, &Q_job_insert, e, DB_I64(c->ws), DB_ID(k->id), DB_TEXT(k->kind),
                 DB_TEXT(user), DB_TEXT(k->argument), DB_I64(now), DB_I64(now)) == 1 &&
           (!k->lease_us || take_row(tx, c->core, c->ws, k->id, now, k->lease_us, &taken, e)) &&
           event_add(tx, c, EVENT_job_started, EVENT_NO_PROJECT, id_str(c->a, k->id),
                     arena_printf(c->a, "{\"kind\":\"%.*s\"}", STR_F(k->kind)), e) &&
           read_one(tx, k, e);
}

static bool refuse_kind(ctx *c, str kind, err *e) {
    str names = {0};
    for (const job_kind *k = job_kinds; k->name; k++) {
        if (k->users)
            names = arena_printf(c->a, "%.*s%s%s", STR_F(names), names.n ? ", " : "", k->name);
    }
    return err_set(e, ERR_INVALID, "there is no job '%.*s' to start: kinds are %.*s",
                   STR_F(str_upto_code_points(kind, 100)), STR_F(names));
}

bool job_start(ctx *c, str kind, str argument, job *out, err *e) {
    const job_kind *about = job_kind_named(kind);
    if (!about || !about->users) return refuse_kind(c, kind, e);
    if (argument.n > ARGUMENT_MAX)
        return err_set(e, ERR_TOO_LARGE, "the argument of a job is at most %u bytes",
                       ARGUMENT_MAX);
    if (!about->check && argument.n)
        return err_set(e, ERR_INVALID, "the job '%s' takes no argument", about->name);
    if (about->check && !about->check(c->a, argument, e)) return false;
    job_call k = {.c = c,
                  .id = id_new(),
                  .kind = kind,
                  .argument = argument.p ? argument : STR(""),
                  .out = out};
    return db_write(core_db(c->core), start, &k, e);
}

bool job_insert_own(ctx *c, const job_kind *kind, str argument, arena *a, int64_t lease_us,
                    job_claim *out, err *e) {
    job row;
    job_call k = {.c = c,
                  .id = id_new(),
                  .kind = str_of(kind->name),
                  .argument = argument,
                  .out = &row,
                  .lease_us = lease_us};
    if (!db_write(core_db(c->core), start, &k, e)) return false;
    *out = (job_claim){.ws = c->ws,
                       .job = row.id,
                       .kind = kind,
                       .turn = 1,
                       .user = arena_str(a, row.user),
                       .argument = arena_str(a, row.argument)};
    return true;
}

bool job_get(ctx *c, id job_id, job *out, err *e) {
    job_call k = {.c = c, .id = job_id, .out = out};
    return db_read(core_db(c->core), read_one, &k, e);
}

static bool read_page(db_tx *tx, void *arg, err *e) {
    job_call *k = arg;
    db_rows *rows =
        db_select(tx, &Q_job_page, e, DB_I64(k->c->ws), DB_ID(k->id), DB_I64(k->max + 1));
    k->n = 0;
    k->out = ARENA_ARRAY(k->c->a, job, k->max + 1);
    if (!rows) return false;
    while (k->n <= k->max && db_next(rows, e))
        k->out[k->n++] = job_of_row(rows, k->c->a);
    db_end(rows);
    k->more = k->n > k->max;
    if (k->more) k->n = k->max;
    return e->code == ERR_NONE;
}

bool job_page(ctx *c, id before, size_t max, job **out, size_t *n, bool *more, err *e) {
    job_call k = {.c = c, .id = before, .max = max};
    if (id_is_zero(before)) memset(k.id.b, 0xff, sizeof k.id.b);
    if (!db_read(core_db(c->core), read_page, &k, e)) return false;
    *out = k.out;
    *n = k.n;
    *more = k.more;
    return true;
}

// ---- taking ---------------------------------------------------------------------------------

typedef struct take_call {
    core *c;
    arena *a;
    int64_t lease_us;
    job_claim *out;
    bool found;
    bool lost;    // a job of a command whose lease ran out is there
    int64_t seen; // its due_us
} take_call;

static bool read_due(db_tx *tx, void *arg, err *e) {
    take_call *t = arg;
    t->found = t->lost = false;
    db_rows *rows = db_select(tx, &Q_job_due, e, DB_I64(clock_now_us()), DB_I64(DUE_AT_ONCE));
    if (!rows) return false;
    while (!t->found && db_next(rows, e)) {
        const job_kind *kind = job_kind_named(db_text(rows, 2));
        if (!kind) continue; // a newer program's
        t->lost |= kind->gone && !id_eq(db_id(rows, 7), t->c->holder);
        if (!kind->run) continue;
        t->found = true;
        t->seen = db_i64(rows, 3);
        *t->out = (job_claim){.ws = db_i64(rows, 0),
                              .job = db_id(rows, 1),
                              .kind = kind,
                              .turn = db_i64(rows, 4) + 1,
                              .user = arena_str(t->a, db_text(rows, 5)),
                              .argument = arena_str(t->a, db_text(rows, 6))};
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool take(db_tx *tx, void *arg, err *e) {
    take_call *t = arg;
    return take_row(tx, t->c, t->out->ws, t->out->job, t->seen, t->lease_us, &t->found, e);
}

bool job_take(core *c, arena *a, int64_t lease_us, job_claim *out, err *e) {
    take_call t = {.c = c, .a = a, .lease_us = lease_us, .out = out};
    e->code = ERR_NONE;
    return db_read(c->db, read_due, &t, e) && (!t.lost || db_write(c->db, job_bury, c, e)) &&
           t.found && db_write(c->db, take, &t, e) && t.found;
}

// ---- while it runs, and its end -------------------------------------------------------------

typedef struct hold_call {
    core *c;
    const job_claim *k;
    const job_now *now;
    const job_end *end;
    int64_t lease_us;
    bool lost;
} hold_call;

#define OWN_JOB(h)                                                                             \
    DB_I64((h)->k->ws), DB_ID((h)->k->job), DB_ID((h)->c->holder), DB_I64((h)->k->turn),       \
        DB_I64((h)->now->done), DB_I64((h)->now->total), DB_TEXT(str_of((h)->now->unit)),      \
        DB_TEXT((h)->now->detail)

static bool renew(db_tx *tx, void *arg, err *e) {
    hold_call *h = arg;
    int64_t now = clock_now_us();
    int64_t n = db_do(tx, &Q_job_renew, e, OWN_JOB(h), DB_I64(now + h->lease_us), DB_I64(now));
    h->lost = n == 0;
    return n >= 0;
}

bool job_renew(core *c, const job_claim *k, const job_now *now, int64_t lease_us, bool *lost,
               err *e) {
    hold_call h = {.c = c, .k = k, .now = now, .lease_us = lease_us};
    if (!db_write(c->db, renew, &h, e)) return false;
    *lost = h.lost;
    return true;
}

bool job_tell_end(db_tx *tx, core *c, const job_claim *k, bool failed, err *e) {
    const ctx who = {.core = c, .a = db_tx_arena(tx), .ws = k->ws, .user = k->user};
    str what = arena_printf(who.a, "{\"kind\":\"%s\",\"failed\":%s}", k->kind->name,
                            failed ? "true" : "false");
    return event_add(tx, &who, EVENT_job_ended, EVENT_NO_PROJECT, id_str(who.a, k->job), what,
                     e);
}

static bool finish(db_tx *tx, void *arg, err *e) {
    hold_call *h = arg;
    const job_end *end = h->end;
    int64_t n =
        db_do(tx, &Q_job_finish, e, OWN_JOB(h), DB_MAYBE_I64(end->due_us != 0, end->due_us),
              DB_I64(clock_now_us()), DB_I64(end->state), DB_I64(end->fresh ? 0 : h->k->turn));
    if (n <= 0) return n == 0; // lost: its new holder tells
    return !end->tell || job_tell_end(tx, h->c, h->k, end->state == JOB_FAILED, e);
}

bool job_finish(core *c, const job_claim *k, const job_now *now, const job_end *end, err *e) {
    hold_call h = {.c = c, .k = k, .now = now, .end = end};
    return db_write(c->db, finish, &h, e);
}

// ---- rows of what runs by itself -----------------------------------------------------------

static bool prepare(db_tx *tx, void *arg, err *e) {
    int64_t now = clock_now_us();
    for (const job_kind *k = job_kinds; k->name; k++) {
        id job_id = job_recurring_id(k->name);
        if (!k->every_us) continue;
        if (db_do(tx, &Q_job_insert, e, DB_I64(WORKSPACE_DEFAULT), DB_ID(job_id),
                  DB_TEXT(str_of(k->name)), DB_TEXT(STR("")), DB_TEXT(STR("")), DB_I64(now),
                  DB_I64(now)) < 0)
            return false;
    }
    return db_tx_engine(tx) != DB_SQLITE ||
           (db_do(tx, &Q_job_free_all, e, DB_I64(now)) >= 0 && job_bury(tx, arg, e));
}

bool job_prepare(core *c, err *e) {
    return db_write(c->db, prepare, c, e);
}

typedef struct show_call {
    core *c;
    id job;
    const char *kind, *unit;
    bool holds;
    int64_t done, backlog;
} show_call;

static bool show(db_tx *tx, void *arg, err *e) {
    show_call *s = arg;
    int64_t now = clock_now_us(), ws = WORKSPACE_DEFAULT;
    if (!s->holds)
        return db_push(tx, &Q_job_unshow, e, DB_I64(ws), DB_ID(s->job), DB_ID(s->c->holder),
                       DB_I64(now));
    return db_push(tx, &Q_job_insert, e, DB_I64(ws), DB_ID(s->job), DB_TEXT(str_of(s->kind)),
                   DB_TEXT(STR("")), DB_TEXT(STR("")), DB_NULL, DB_I64(now)) &&
           db_push(tx, &Q_job_show, e, DB_I64(ws), DB_ID(s->job), DB_ID(s->c->holder),
                   DB_I64(s->done), DB_I64(s->done + s->backlog), DB_TEXT(str_of(s->unit)),
                   DB_I64(now));
}

bool job_show_row(core *c, job_shown_kind which, bool holds, int64_t done, int64_t backlog,
                  err *e) {
#define ROW(kind, unit, doc) {#kind, unit},
    static const struct { const char *kind, *unit; } rows[] = {JOB_SHOWN_TABLE(ROW)};
#undef ROW
    show_call s = {.c = c,
                   .job = job_recurring_id(rows[which].kind),
                   .kind = rows[which].kind,
                   .unit = rows[which].unit,
                   .holds = holds,
                   .done = done,
                   .backlog = backlog};
    return db_write(c->db, show, &s, e);
}

static bool clean(db_tx *tx, void *arg, err *e) {
    core_cleaning *k = arg;
    VEC(id) old = {0};
    id before = id_least_at(clock_now_us() / 1000 - KEPT_MS);
    db_rows *rows =
        db_select(tx, &Q_job_old, e, DB_I64(k->ws), DB_ID(before), DB_I64(CLEAN_AT_ONCE));
    k->n = 0;
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(db_tx_arena(tx), &old, db_id(rows, 0));
    db_end(rows);
    for (size_t i = 0; i < old.n && e->code == ERR_NONE; i++)
        db_push(tx, &Q_job_delete, e, DB_I64(k->ws), DB_ID(old.p[i]));
    k->n = old.n;
    return e->code == ERR_NONE;
}

bool job_clean(core *c, size_t *n, err *e) {
    return core_clean(c, clean, n, e);
}
