// SPDX-License-Identifier: Apache-2.0
// postgres: transactions on PostgreSQL.
//
// I1  BEGIN goes out with the first statement and COMMIT with the last ones, so a transaction
//     that only pushes takes one round trip. The end of a read is sent and its answer read when
//     the connection is next used.
// I2  True is told only when the server answered COMMIT with "COMMIT".
// I3  fn runs again when the server took the transaction back (40001, 40P01, 53200: those
//     take turns), when the connection was lost before COMMIT was run, and once with savepoints
//     when it wants to go on after a unique violation (pg_stmt.c). When the connection is lost
//     in place of COMMIT's answer the outcome is not known, and that is what is told.
//
// Any thread; a connection is used by one at a time.
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "db/pg_internal.h"

#include <stdlib.h>
#include <unistd.h>

static const db_query begin_sql[] = {
    [DB_MODE_READ] = {"begin.read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", false},
    [DB_MODE_WRITE] = {"begin.write", "BEGIN ISOLATION LEVEL SERIALIZABLE", false},
    [DB_MODE_APPEND] = {"begin.append", "BEGIN ISOLATION LEVEL READ COMMITTED", false},
};
static const db_query commit_sql = {"commit", "COMMIT", false};
static const db_query rollback_sql = {"rollback", "ROLLBACK", false};
static const db_query has_table_sql = {
    "postgres.has_table", "SELECT CASE WHEN to_regclass($1) IS NULL THEN 0 ELSE 1 END", false};

// ---- one attempt ----

static void begin(pg_conn *c, db_mode mode, bool careful) {
    db_tx_begin(&c->tx, mode);
    c->tx.hooks_n = 0;
    c->careful = careful;
    c->committed = c->commit_sent = c->patient = false;
    c->answered = 0;
    c->fate = PG_FINAL;
    c->answer_us = PG_ANSWER_US;
    pg_push_own(c, &begin_sql[mode], PG_WAIT_PUSH); // a failure is the transaction's fault
}

static void roll_back(pg_conn *c) {
    if (c->broken) return;
    bool was = c->tx.faulty;
    c->tx.faulty = false;
    // What was sent and not asked for is still to come; its errors no longer matter.
    if (c->ring_n || c->aborted) pg_sync(c);
    c->tx.faulty = false;
    if (!c->broken && (!pg_push_own(c, &rollback_sql, PG_WAIT_PUSH) || !pg_sync(c)))
        c->broken = true;
    c->tx.faulty = was;
}

static bool commit(pg_conn *c, err *e) {
    int64_t began = clock_mono_us();
    c->commit_sent = true;
    if (pg_push_own(c, &commit_sql, PG_WAIT_COMMIT)) pg_sync(c);
    if (c->committed) METRIC_TIME(db_commit, clock_mono_us() - began);
    if (c->committed) return true; // even if the connection was lost right behind that answer
    if (!c->tx.faulty) {
        err_set(e, ERR_INTERNAL, "PostgreSQL did not commit");
        db_tx_fail(&c->tx, e);
    }
    *e = c->tx.fault;
    if (c->fate == PG_UNKNOWN) {
        err_set(e, ERR_UNAVAILABLE,
                "the connection to PostgreSQL was lost during the commit: it is not known "
                "whether the change was made");
    }
    return false;
}

// Ends a read; nothing depends on the answer.
static void end_read(pg_conn *c) {
    if (c->aborted || c->tx.faulty)
        roll_back(c);
    else if (!pg_push_own(c, &commit_sql, PG_WAIT_PUSH) || !pg_sync_later(c))
        c->broken = true;
}

// Did fn want to go on after the violation that made it run with PG_CAREFUL? If not, its
// failure is the answer.
static bool wanted_more(const pg_conn *c, bool ok) {
    return ok || c->tx.touched;
}

static bool attempt(pg_conn *c, db_mode mode, bool careful, db_fn fn, void *arg, err *e) {
    begin(c, mode, careful);
    e->code = ERR_NONE;
    bool said = !c->tx.faulty && fn(&c->tx, arg, e);
    bool ok = db_tx_result(&c->tx, said, e);
    pg_rows_end_all(c);
    if (mode == DB_MODE_READ) {
        end_read(c);
        return ok;
    }
    if (c->tx.faulty && c->fate == PG_CAREFUL && !wanted_more(c, said)) c->fate = PG_FINAL;
    if (ok) ok = commit(c, e);
    if (!c->committed) roll_back(c);
    return ok;
}

// ---- attempts ----

enum { TURN_PAUSES = 2 }; // pauses of who has the turn do not grow beyond: others wait for it

typedef struct pg_run {
    postgres_db *d;
    db_mode mode;
    int64_t start;      // monotonic
    int64_t refused_us; // for the first time
    unsigned tries, losses;
    bool careful;
    bool has_turn;
} pg_run;

// Until when a transaction that was refused is tried again. If the server was lost meanwhile,
// whoever has the turn may be waiting for it, so that time comes on top.
static int64_t refused_until(const pg_run *r) {
    bool lost = atomic_load(&r->d->lost_us) >= r->refused_us;
    return r->refused_us + r->d->retry_us + (lost ? r->d->wait_us : 0);
}

// Of transactions that were refused for what others wrote one runs at a time: were they all to
// run again at once, each would be refused by the next, and the server's memory for what they
// read would run out. False: the time is over.
static bool take_turn(pg_run *r) {
    while (!r->has_turn && clock_mono_us() < refused_until(r))
        r->has_turn = turn_take(&r->d->refused, refused_until(r));
    return r->has_turn;
}

static bool again_later(int64_t until, unsigned n) {
    if (clock_mono_us() >= until) return false;
    pg_pause(n, until);
    return true;
}

// After a refusal: in turn, and when that is refused too (by first attempts, or by another
// server's) after a pause.
static bool again_in_turn(pg_run *r) {
    METRIC_ADD(db_retries_total, 1);
    if (!r->refused_us) r->refused_us = clock_mono_us();
    if (!r->has_turn) return take_turn(r);
    unsigned n = r->tries++;
    return again_later(refused_until(r), n < TURN_PAUSES ? n : TURN_PAUSES);
}

// What may be done about the failure of fn on `c`.
static pg_fate fate_of(const pg_run *r, const pg_conn *c) {
    if (!c->tx.faulty || (r->mode == DB_MODE_READ && c->answered > 0)) return PG_FINAL;
    if (c->fate == PG_LOST) atomic_store(&r->d->lost_us, clock_mono_us());
    if (c->fate == PG_LOST && !r->losses) log_msg(LOG_WARN, "db.lost", "%s", c->tx.fault.msg);
    return c->fate;
}

// May fn run again? Waits as long as is good, without a connection.
static bool may_repeat(pg_run *r, pg_fate fate) {
    switch (fate) {
    case PG_RETRY: return again_in_turn(r);
    case PG_LOST: return again_later(r->start + r->d->wait_us, r->losses++);
    case PG_STALE: return r->losses++ < 2;
    case PG_CAREFUL: r->careful = true; return true;
    case PG_FINAL:
    case PG_UNKNOWN: break;
    }
    return false;
}

static void count(bool ok, bool faulty) {
    if (ok) {
        METRIC_ADD(db_writes_total, 1);
        METRIC_ADD(db_commits_total, 1);
    } else if (faulty) {
        METRIC_ADD(db_errors_total, 1);
    }
}

static bool run(db *base, db_mode mode, db_fn fn, void *arg, err *e) {
    postgres_db *d = (postgres_db *)base;
    pg_pool *pool = mode == DB_MODE_READ ? &d->readers : &d->writers;
    pg_run r = {.d = d, .mode = mode, .start = clock_mono_us()};
    bool ok = false, faulty = false;
    pg_fate fate;
    do {
        pg_conn *c = pg_pool_get(d, pool, clock_mono_us() + d->wait_us, e);
        if (!c) break;
        ok = attempt(c, mode, r.careful, fn, arg, e);
        faulty = c->tx.faulty;
        fate = fate_of(&r, c);
        if (ok && mode != DB_MODE_READ) db_run_hooks(&c->tx);
        arena_reset(c->tx.a);
        pg_pool_put(pool, c);
    } while (!ok && may_repeat(&r, fate));
    if (r.has_turn) turn_leave(&d->refused);
    if (mode != DB_MODE_READ) count(ok, faulty);
    return ok;
}

// ---- opening and closing ----

static bool shrink(db *d, err *e) {
    (void)d; // autovacuum
    (void)e;
    return false;
}

static void close_db(db *base) {
    postgres_db *d = (postgres_db *)base;
    pg_pool_close(&d->readers);
    pg_pool_close(&d->writers);
    turn_destroy(&d->refused);
    for (size_t i = 0; i < DB_TURNS; i++)
        turn_destroy(&d->keyed[i]);
    free(d->url);
    free(d);
}

static int by_cpus(int each, int least, int most) {
    long n = sysconf(_SC_NPROCESSORS_ONLN) * each;
    return n < least ? least : n > most ? most : (int)n;
}

static turn *turn_of(db *base, uint64_t key) {
    return &((postgres_db *)base)->keyed[key % DB_TURNS];
}

static const db_ops postgres_ops = {
    .close = close_db,
    .run = run,
    .turn_of = turn_of,
    .rows = pg_rows_start,
    .next = pg_next,
    .end = pg_end,
    .cell = pg_cell,
    .change = pg_change,
    .push = pg_push,
    .exec = pg_exec,
    .explain = pg_explain,
    .integrity = pg_integrity,
    .shrink = shrink,
    .has_table = &has_table_sql,
};

static bool url_ok(str url, err *e) {
    arena *a = arena_new();
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(arena_cstr(a, url), &why);
    if (!options)
        err_set(e, ERR_INVALID, "the address of the database: %.*s",
                (int)strcspn(why ? why : "", "\n"), why ? why : "");
    PQconninfoFree(options);
    PQfreemem(why);
    arena_free(a);
    return options != NULL;
}

db *postgres_open(const db_config *config, err *e) {
    if (!url_ok(config->url, e)) return NULL;
    postgres_db *d = mem_alloc(sizeof *d);
    d->base = (db){.ops = &postgres_ops, .engine = DB_POSTGRES};
    d->url = mem_strdup(config->url);
    d->wait_us = config->wait_us;
    d->retry_us = config->retry_us;
    turn_init(&d->refused);
    for (size_t i = 0; i < DB_TURNS; i++)
        turn_init(&d->keyed[i]);
    // Together below the 97 that a server allows by default, with two servers on one database.
    pg_pool_init(&d->readers, config->readers > 0 ? config->readers : by_cpus(2, 4, 16));
    pg_pool_init(&d->writers, config->writers > 0 ? config->writers : by_cpus(4, 8, 24));
    pg_conn *c = pg_pool_get(d, &d->writers, clock_mono_us() + d->wait_us, e);
    if (c) {
        pg_pool_put(&d->writers, c);
        d->serving = true;
        return &d->base;
    }
    close_db(&d->base);
    return NULL;
}
