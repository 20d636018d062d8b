// SPDX-License-Identifier: Apache-2.0
// pg_stmt: prepared statements of one PostgreSQL connection, sent through its pipeline.
//
// Types. A statement is prepared with the types of the values that it is first called with,
// since the server would take $1 + 1 for an int4. A NULL has no type: when a later call brings
// one, the statement is prepared again.
//
// Unique violations. In PostgreSQL an error ends the transaction, but a violation in db_change
// must leave it alone. An INSERT ... VALUES without ON CONFLICT gets ON CONFLICT DO NOTHING
// (`guarded`): then no changed row means a violation, and it costs nothing. Anything else runs
// as it is; if it does violate and fn goes on, the transaction is run again with a savepoint
// around each such statement (PG_CAREFUL, postgres.c).
#include "db/pg_internal.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

static const db_query savepoint_sql = {"savepoint", "SAVEPOINT one", false};
static const db_query release_sql = {"release", "RELEASE SAVEPOINT one", false};
static const db_query undo_sql = {"undo", "ROLLBACK TO SAVEPOINT one", false};

static pg_conn *conn_of(db_tx *tx) {
    return (pg_conn *)tx;
}

// The fault in *e; for `return`.
static bool fault_to(const pg_conn *c, err *e) {
    *e = c->tx.fault;
    return false;
}

static bool own_fault(pg_conn *c, err *e) {
    if (!c->tx.faulty) c->fate = PG_FINAL;
    return db_tx_fail(&c->tx, e);
}

// ---- preparing ----

// Is what stands at `at`, behind VALUES, one row? Quotes are not looked into: then no.
static bool is_one_row(str s, size_t at) {
    int depth = 0;
    for (; at < s.n; at++) {
        char c = s.p[at];
        if (c == '\'' || c == '"') return false;
        if (c == '(') depth++;
        if (c == ')' && --depth == 0) return !str_trim(str_from(s, at + 1)).n;
    }
    return false;
}

// "INSERT ... VALUES (...) [RETURNING ...]" with ON CONFLICT DO NOTHING; NULL when it is
// something else.
static char *guarded_text(arena *a, const char *text) {
    size_t values = sql_find(text, "VALUES"), returning = sql_find(text, "RETURNING");
    if (!sql_is(text, "INSERT") || values == SIZE_MAX) return NULL;
    str insert = str_upto(str_of(text), returning), rest = str_from(str_of(text), returning);
    if (!is_one_row(insert, values))
        return NULL; // ON CONFLICT is there already, or several rows
    str guarded =
        arena_printf(a, "%.*s ON CONFLICT DO NOTHING %.*s", STR_F(insert), STR_F(rest));
    return mem_strdup(guarded);
}

static pg_stmt *stmt_new(pg_conn *c, const db_query *q, unsigned variant, err *e) {
    size_t params;
    sql_tokens tokens = pg_tokens;
    char *text = sql_expand(&tokens, c->tx.a, str_of(q->sql), &params, e);
    if (!text) {
        own_fault(c, e);
        return NULL;
    }
    pg_stmt *s = mem_alloc(sizeof *s);
    s->key = (stmt_key){q, variant};
    s->params = params;
    s->text = variant == PG_GUARDED ? guarded_text(c->tx.a, text) : NULL;
    s->guarded = s->text != NULL;
    if (!s->text) s->text = mem_strdup(str_of(text));
    stmt_cache_add(&c->cache, &s->key);
    return s;
}

static bool prepare(pg_conn *c, pg_stmt *s) {
    snprintf(s->name, sizeof s->name, "s%u", c->names++);
    if (!pg_sent(c, PQsendPrepare(c->pg, s->name, s->text, (int)s->params, s->types)))
        return false;
    pg_expect(c, PG_WAIT_PREPARE, s);
    s->prepared = true;
    return true;
}

// Learns the types of `args`; false when one is not what it was. The old prepared statement, if
// any, stays on the server unused: that happens at most once a parameter.
static bool learn_types(pg_stmt *s, const db_arg *args, size_t n) {
    for (size_t i = 0; i < n; i++) {
        Oid type = pg_type_of(&args[i]);
        if (!type || type == s->types[i]) continue;
        if (s->types[i]) return false;
        s->types[i] = type;
        s->prepared = false;
    }
    return true;
}

static pg_stmt *stmt_of(pg_conn *c, const db_query *q, unsigned variant, const db_arg *args,
                        size_t n, err *e) {
    pg_stmt *s = (pg_stmt *)stmt_cache_get(&c->cache, q, variant);
    if (!s) s = stmt_new(c, q, variant, e);
    if (!s) return NULL;
    if (n != s->params || !learn_types(s, args, n)) {
        err_set(e, ERR_INTERNAL, "%s: %zu arguments for %zu placeholders, or of changed types",
                q->name, n, s->params);
        own_fault(c, e);
        return NULL;
    }
    if (!s->prepared && !prepare(c, s)) {
        fault_to(c, e);
        return NULL;
    }
    return s;
}

static void rows_end(pg_rows *r) {
    PQclear(r->result);
    r->result = NULL;
}

static void stmt_free(stmt_key *k) {
    pg_stmt *s = (pg_stmt *)k;
    rows_end(&s->rows);
    free(s->text);
    free(s);
}

void pg_stmts_free(pg_conn *c) {
    c->live = NULL;
    stmt_cache_clear(&c->cache, stmt_free);
}

// ---- sending ----

static bool send_run(pg_conn *c, const pg_stmt *s, const db_arg *args, size_t n) {
    const char *values[DB_ARGS_MAX];
    int lengths[DB_ARGS_MAX], formats[DB_ARGS_MAX];
    uint64_t numbers[DB_ARGS_MAX]; // big-endian
    for (size_t i = 0; i < n; i++) {
        const db_arg *v = &args[i];
        formats[i] = 1;
        numbers[i] = htobe64((uint64_t)v->i);
        bool number = v->type == DB_A_I64;
        lengths[i] = number ? (int)sizeof numbers[i] : (int)v->s.n;
        values[i] = v->type == DB_A_NULL ? NULL
                    : number             ? (const char *)&numbers[i]
                    : v->s.p             ? v->s.p
                                         : "";
    }
    return pg_sent(c, PQsendQueryPrepared(c->pg, s->name, (int)n, values, lengths, formats, 1));
}

static bool check_sizes(pg_conn *c, const db_arg *args, size_t n, err *e) {
    for (size_t i = 0; i < n; i++) {
        if ((args[i].type != DB_A_TEXT && args[i].type != DB_A_BLOB) ||
            args[i].s.n < (1u << 30))
            continue;
        err_set(e, ERR_TOO_LARGE, "a value of %zu bytes is too large for a row", args[i].s.n);
        return own_fault(c, e);
    }
    return true;
}

// Sends it and, when many answers stand out, reads them, so that neither side's buffers grow
// without end.
static pg_stmt *send(pg_conn *c, const db_query *q, unsigned variant, int kind,
                     const db_arg *args, size_t n, err *e) {
    if (!check_sizes(c, args, n, e)) return NULL;
    pg_stmt *s = stmt_of(c, q, variant, args, n, e);
    if (!s) return NULL;
    bool ok = send_run(c, s, args, n);
    if (ok) pg_expect(c, kind, s);
    if (ok && kind == PG_WAIT_PUSH && c->ring_n >= PG_PENDING_MAX) ok = pg_drain(c, NULL);
    if (!ok) fault_to(c, e);
    return ok ? s : NULL;
}

bool pg_push_own(pg_conn *c, const db_query *q, int kind) {
    err e;
    return send(c, q, PG_PLAIN, kind, NULL, 0, &e) != NULL;
}

bool pg_push(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    return send(conn_of(tx), q, PG_PLAIN, PG_WAIT_PUSH, args, n, e) != NULL;
}

static bool is_ok(const PGresult *r) {
    return PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
}

// ---- changes ----

static bool violation(err *e) {
    return err_set(e, ERR_EXISTS, "an object of this name is there already");
}

// The failed answer of a db_change. In a savepoint a violation is undone alone.
static bool change_failed(pg_conn *c, const PGresult *r, bool saved, err *e) {
    if (!pg_is_violation(r)) return pg_fault(c, r, e);
    if (!saved) {
        pg_fault(c, r, e);
        c->fate = PG_CAREFUL;
        return false;
    }
    if (!pg_sync(c) || !pg_push_own(c, &undo_sql, PG_WAIT_PUSH) ||
        !pg_push_own(c, &release_sql, PG_WAIT_PUSH)) {
        return fault_to(c, e);
    }
    return violation(e);
}

// Sends and waits. The result is the caller's; NULL on an error, a unique violation among them.
static PGresult *run_change(pg_conn *c, const db_query *q, const db_arg *args, size_t n,
                            pg_stmt **out, err *e) {
    bool saved = c->careful;
    PGresult *r = NULL;
    if (saved && !pg_push_own(c, &savepoint_sql, PG_WAIT_PUSH)) {
        fault_to(c, e);
        return NULL;
    }
    pg_stmt *s = send(c, q, PG_GUARDED, PG_WAIT_RUN, args, n, e);
    if (!s) return NULL;
    bool ok = pg_drain(c, &r);
    if (!ok)
        fault_to(c, e);
    else if (!is_ok(r))
        ok = change_failed(c, r, saved, e);
    else if (saved)
        ok = pg_push_own(c, &release_sql, PG_WAIT_PUSH) || fault_to(c, e);
    if (ok && s->guarded && !strcmp(PQcmdTuples(r), "0")) ok = violation(e);
    if (ok) {
        *out = s;
        return r;
    }
    PQclear(r);
    return NULL;
}

int64_t pg_change(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    pg_stmt *s;
    PGresult *r = run_change(conn_of(tx), q, args, n, &s, e);
    if (!r) return -1;
    int64_t changed = 0;
    str_to_i64(str_of(PQcmdTuples(r)), &changed);
    PQclear(r);
    return changed;
}

// ---- rows ----

static void rows_unlink(pg_conn *c, const pg_rows *r) {
    for (pg_rows **p = &c->live; *p; p = &(*p)->next_live) {
        if (*p != r) continue;
        *p = r->next_live;
        break;
    }
}

static db_rows *rows_begin(pg_conn *c, pg_stmt *s, PGresult *result) {
    pg_rows *r = &s->rows;
    if (r->result) pg_end(&r->base);
    *r = (pg_rows){
        .base = {&c->tx, s->key.q, false}, .result = result, .at = -1, .next_live = c->live};
    c->live = r;
    return &r->base;
}

static PGresult *run_select(pg_conn *c, const db_query *q, const db_arg *args, size_t n,
                            pg_stmt **out, err *e) {
    PGresult *r = NULL;
    *out = send(c, q, PG_PLAIN, PG_WAIT_RUN, args, n, e);
    if (!*out) return NULL;
    if (!pg_drain(c, &r))
        fault_to(c, e);
    else if (is_ok(r))
        return r;
    else
        pg_fault(c, r, e);
    PQclear(r);
    return NULL;
}

db_rows *pg_rows_start(db_tx *tx, const db_query *q, const db_arg *args, size_t n, err *e) {
    pg_conn *c = conn_of(tx);
    pg_stmt *s;
    bool change = tx->mode != DB_MODE_READ && sql_is(q->sql, "INSERT"); // ... RETURNING
    PGresult *r = change ? run_change(c, q, args, n, &s, e) : run_select(c, q, args, n, &s, e);
    return r ? rows_begin(c, s, r) : NULL;
}

bool pg_next(db_rows *rows, err *e) {
    (void)e;
    pg_rows *r = (pg_rows *)rows;
    return ++r->at < PQntuples(r->result);
}

void pg_end(db_rows *rows) {
    pg_rows *r = (pg_rows *)rows;
    if (!r->result) return;
    rows_unlink(conn_of(rows->tx), r);
    rows_end(r);
}

void pg_rows_end_all(pg_conn *c) {
    while (c->live) {
        c->live->base.done = true;
        pg_end(&c->live->base);
    }
}

db_cell pg_cell(const db_rows *rows, int column) {
    const pg_rows *r = (const pg_rows *)rows;
    return pg_cell_of(r->result, r->at, column);
}
