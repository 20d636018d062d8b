// SPDX-License-Identifier: Apache-2.0
// pg_conn: one connection to PostgreSQL, always in pipeline mode: what is sent is queued in
// `ring`, and its answers are read, in order, when one of them is needed.
//
// I1  The ring holds one entry for each answer that has not been read. Anything sent goes with
//     pg_expect.
// I2  After an error the server skips everything up to the next sync (`aborted`), so nothing
//     waits for an answer then without sending a sync.
// I3  Every wait for the server ends: by the answer, by the closed connection (keep-alives,
//     TCP_USER_TIMEOUT), or after answer_us. What ended the latter way is broken, since its
//     answers could come later.
//
// One thread at a time, the one that has the connection.
#include "base/clock.h"
#include "base/log.h"
#include "db/pg_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define TELL_EVERY_US 5000000 // between log lines about a server that can not be reached

// ---- waiting ----

// Until the socket is ready for one of `events` or the time (monotonic) has come: what it is
// ready for, 0 if nothing.
static int wait_socket(PGconn *pg, short events, int64_t until) {
    for (;;) {
        struct pollfd p = {PQsocket(pg), events, 0};
        int64_t left = until - clock_mono_us();
        if (p.fd < 0) return 0;
        int n = poll(&p, 1,
                     left <= 0           ? 0
                     : left > 3600000000 ? 3600000
                                         : (int)(left / 1000 + 1));
        if (n > 0) return p.revents;
        if (n == 0 && left <= 0) return 0;
        if (n < 0 && errno != EINTR) return 0;
    }
}

static bool break_off(pg_conn *c) {
    c->broken = true;
    c->ring_n = 0;
    return false;
}

static bool flush(pg_conn *c, int64_t until) {
    int rc;
    while ((rc = PQflush(c->pg)) == 1) {
        int ready = wait_socket(c->pg, POLLIN | POLLOUT, until);
        if (!ready || (ready & POLLIN && !PQconsumeInput(c->pg))) return break_off(c);
    }
    return rc == 0 || break_off(c);
}

// The next PGresult, or the NULL that ends an answer.
static bool next_result(pg_conn *c, int64_t until, PGresult **out) {
    while (PQisBusy(c->pg)) {
        if (!wait_socket(c->pg, POLLIN, until) || !PQconsumeInput(c->pg)) return break_off(c);
    }
    *out = PQgetResult(c->pg);
    return true;
}

// ---- faults ----

bool pg_fault(pg_conn *c, const PGresult *r, err *e) {
    err own;
    if (!e) e = &own;
    bool first = !c->tx.faulty;
    if (PQstatus(c->pg) == CONNECTION_BAD) c->broken = true;
    if (r && PQresultErrorField(r, PG_DIAG_SQLSTATE)) {
        pg_error_of(r, e);
        if (first) c->fate = pg_fate_of(r);
        if (pg_fate_of(r) == PG_LOST || pg_fate_of(r) == PG_STALE) c->broken = true;
    } else {
        break_off(c);
        const char *text = PQerrorMessage(c->pg);
        err_set(e, ERR_UNAVAILABLE, "the connection to PostgreSQL was lost: %.*s",
                (int)strcspn(text, "\n"), text);
        if (first) c->fate = c->commit_sent ? PG_UNKNOWN : PG_LOST;
    }
    return db_tx_fail(&c->tx, e);
}

bool pg_sent(pg_conn *c, int sent) {
    return sent == 1 || pg_fault(c, NULL, NULL);
}

// ---- answers ----

void pg_expect(pg_conn *c, int kind, pg_stmt *stmt) {
    if (c->ring_n == c->ring_cap) {
        size_t cap = c->ring_cap ? c->ring_cap * 2 : 64;
        pg_wait *ring = mem_alloc(cap * sizeof *ring);
        for (size_t i = 0; i < c->ring_n; i++) {
            ring[i] = c->ring[(c->ring_at + i) & (c->ring_cap - 1)];
        }
        free(c->ring);
        c->ring = ring;
        c->ring_at = 0;
        c->ring_cap = cap;
    }
    c->ring[(c->ring_at + c->ring_n++) & (c->ring_cap - 1)] = (pg_wait){kind, stmt};
}

// Judges the answer to `w`; when it is `mine` its error is left to the caller.
static void judge(pg_conn *c, const pg_wait *w, PGresult *r, bool mine) {
    switch (PQresultStatus(r)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        c->answered += w->kind == PG_WAIT_RUN;
        if (w->kind == PG_WAIT_COMMIT) c->committed = !strcmp(PQcmdStatus(r), "COMMIT");
        return;
    case PGRES_PIPELINE_SYNC: c->aborted = false; return;
    default: break;
    }
    c->aborted = true;
    if (w->kind == PG_WAIT_PREPARE) w->stmt->prepared = false;
    if (PQresultStatus(r) == PGRES_PIPELINE_ABORTED || mine) return;
    bool first = !c->tx.faulty;
    pg_fault(c, r, NULL);
    // Answers come in order: an error before COMMIT's tells that COMMIT was not run, one in its
    // place does not.
    if (first && w->kind == PG_WAIT_COMMIT && c->fate == PG_LOST) c->fate = PG_UNKNOWN;
}

// Reads one answer: a result and the NULL behind it; a sync has no NULL.
static bool read_answer(pg_conn *c, const pg_wait *w, int64_t until, PGresult **out) {
    PGresult *end = NULL;
    if (!next_result(c, until, out)) return false;
    if (!*out) return break_off(c);
    if (w->kind == PG_WAIT_SYNC)
        return PQresultStatus(*out) == PGRES_PIPELINE_SYNC || break_off(c);
    if (PQstatus(c->pg) == CONNECTION_BAD) return true; // this error is all that comes
    bool ok = next_result(c, until, &end);
    if (end) ok = break_off(c); // COPY and the like, which nothing here sends
    PQclear(end);
    return ok;
}

static pg_wait pop(pg_conn *c) {
    pg_wait w = c->ring[c->ring_at];
    c->ring_at = (c->ring_at + 1) & (c->ring_cap - 1);
    c->ring_n--;
    return w;
}

static bool read_all(pg_conn *c, PGresult **last) {
    int64_t until = clock_mono_us() + c->answer_us;
    if (!flush(c, until)) return pg_fault(c, NULL, NULL);
    while (c->ring_n) {
        bool mine = last && c->ring_n == 1;
        pg_wait w = pop(c);
        PGresult *r = NULL;
        bool ok = read_answer(c, &w, until, &r);
        if (r) judge(c, &w, r, ok && mine); // the last words before the connection closed, too
        if (ok && mine)
            *last = r;
        else
            PQclear(r);
        if (!ok) return pg_fault(c, NULL, NULL);
        if (c->broken) c->ring_n = 0;
    }
    return !c->tx.faulty;
}

bool pg_drain(pg_conn *c, PGresult **last) {
    if (!c->ring_n || c->broken) return !c->tx.faulty;
    return pg_sent(c, PQsendFlushRequest(c->pg)) && read_all(c, last);
}

bool pg_sync(pg_conn *c) {
    if (c->broken || !pg_sent(c, PQpipelineSync(c->pg))) return false;
    pg_expect(c, PG_WAIT_SYNC, NULL);
    return read_all(c, NULL);
}

bool pg_sync_later(pg_conn *c) {
    if (c->broken || !pg_sent(c, PQpipelineSync(c->pg))) return false;
    pg_expect(c, PG_WAIT_SYNC, NULL);
    return flush(c, clock_mono_us() + c->answer_us) || pg_fault(c, NULL, NULL);
}

bool pg_conn_check(pg_conn *c) {
    c->tx.faulty = false;
    if (c->ring_n) read_all(c, NULL);
    if (c->broken || PQstatus(c->pg) == CONNECTION_BAD) return false;
    // What comes without being asked for is mostly the news that the server closes the
    // connection.
    return !wait_socket(c->pg, POLLIN, 0);
}

// ---- connecting ----

static void no_notice(void *arg, const char *text) {
    (void)arg;
    (void)text;
}

// A server's refusal carries its SQLSTATE only in the text: "FATAL:  28P01: password ...".
// Classes 28 and 3D: the user, the password or the database's name is wrong.
static bool is_final(const char *text) {
    const char *at = strstr(text, "FATAL:  ");
    return at && (!strncmp(at + 8, "28", 2) || !strncmp(at + 8, "3D", 2));
}

// The reason tells host, port and user: the operator may know them, whose error it is at the
// start; later it goes to clients, and the reason to the log, once in a while.
static bool refuse(pg_conn *c, bool *final, err *e) {
    static _Atomic int64_t told_us;
    const char *text = PQerrorMessage(c->pg);
    int n = (int)strcspn(text, "\n");
    int64_t now = clock_mono_us(), last = told_us;
    *final = is_final(text);
    if (!((postgres_db *)c->tx.d)->serving)
        return err_set(e, ERR_UNAVAILABLE, "can not connect to PostgreSQL: %.*s", n, text);
    if ((!last || now - last > TELL_EVERY_US) &&
        atomic_compare_exchange_strong(&told_us, &last, now)) {
        log_msg(LOG_ERROR, "db.connect", "can not connect to PostgreSQL: %.*s", n, text);
    }
    return err_set(e, ERR_UNAVAILABLE,
                   "can not connect to PostgreSQL: the server's log says why");
}

static bool poll_connect(pg_conn *c, int64_t until, bool *final, err *e) {
    PostgresPollingStatusType s = PGRES_POLLING_WRITING;
    while (s == PGRES_POLLING_READING || s == PGRES_POLLING_WRITING) {
        if (!wait_socket(c->pg, s == PGRES_POLLING_READING ? POLLIN : POLLOUT, until)) {
            return err_set(e, ERR_UNAVAILABLE, "PostgreSQL did not answer in time");
        }
        s = PQconnectPoll(c->pg);
    }
    return s == PGRES_POLLING_OK || refuse(c, final, e);
}

static bool start_connect(pg_conn *c, const char *url, err *e) {
    // What stands in the URL wins over what stands before it.
    static const char *const names[] = {"keepalives_idle",           "keepalives_interval",
                                        "keepalives_count",          "tcp_user_timeout",
                                        "fallback_application_name", "dbname",
                                        "client_encoding",           NULL};
    const char *const values[] = {"30", "10", "3", "30000", "stemma", url, "UTF8", NULL};
    c->pg = PQconnectStartParams(names, values, 1);
    if (!c->pg) return err_set(e, ERR_UNAVAILABLE, "out of memory");
    PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE); // for is_final
    PQsetNoticeProcessor(c->pg, no_notice, NULL);
    bool ignored;
    return PQstatus(c->pg) != CONNECTION_BAD || refuse(c, &ignored, e);
}

static bool check_server(pg_conn *c, err *e) {
    const char *encoding = PQparameterStatus(c->pg, "server_encoding");
    c->version = PQserverVersion(c->pg);
    if (c->version < 130000) {
        return err_set(e, ERR_UNAVAILABLE, "PostgreSQL 13 or newer is needed; this is %d",
                       c->version / 10000);
    }
    if (!encoding || strcmp(encoding, "UTF8") != 0) {
        return err_set(e, ERR_UNAVAILABLE, "the database must have the encoding UTF8, not %s",
                       encoding ? encoding : "another");
    }
    return true;
}

static bool set_up(pg_conn *c, int64_t lock_us, err *e) {
    char sql[300];
    snprintf(sql, sizeof sql,
             "SET statement_timeout = %d; SET lock_timeout = %lld;"
             "SET idle_in_transaction_session_timeout = %d; SET client_min_messages = warning",
             PG_STATEMENT_MS, (long long)(lock_us / 1000), PG_STATEMENT_MS);
    PGresult *r = PQexec(c->pg, sql);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    if (!ok || PQsetnonblocking(c->pg, 1) || !PQenterPipelineMode(c->pg)) {
        return err_set(e, ERR_UNAVAILABLE, "can not set up the connection to PostgreSQL: %s",
                       PQerrorMessage(c->pg));
    }
    PQsetErrorVerbosity(c->pg, PQERRORS_DEFAULT);
    return true;
}

pg_conn *pg_connect(postgres_db *d, int64_t until, bool *final, err *e) {
    pg_conn *c = mem_alloc(sizeof *c);
    *final = false;
    c->tx.d = &d->base;
    c->tx.a = arena_new();
    c->answer_us = PG_ANSWER_US;
    if (start_connect(c, d->url, e) && poll_connect(c, until, final, e)) {
        if (!check_server(c, e))
            *final = true;
        else if (set_up(c, d->wait_us, e))
            return c;
    }
    pg_conn_close(c);
    return NULL;
}

void pg_conn_close(pg_conn *c) {
    pg_rows_end_all(c);
    pg_stmts_free(c);
    PQfinish(c->pg);
    free(c->ring);
    db_tx_free(&c->tx);
    free(c);
}
