// SPDX-License-Identifier: Apache-2.0
// pg_text: SQL that is sent as it is: the statements of migrations, EXPLAIN, and reading every
// table.
#include "db/pg_internal.h"

#include <stdio.h>

enum {
    STORAGE_CLAUSE = 160000, // CREATE TABLE takes STORAGE from this version on
};
static const int64_t patient_us = 24ll * 3600 * 1000 * 1000;

const sql_tokens pg_tokens = {
    .i64 = "BIGINT",
    .text = "TEXT COLLATE \"C\"",
    .blob = "BYTEA",
    .table = "",
    .clustered = "",
    .big = "",
    .share = "FOR SHARE",
    .placeholder = '$',
};

static pg_conn *conn_of(db_tx *tx) {
    return (pg_conn *)tx;
}

static bool add_rows(const PGresult *r, buf *out) {
    for (int i = 0; out && i < PQntuples(r); i++) {
        buf_add(out, PQgetvalue(r, i, 0), (size_t)PQgetlength(r, i, 0));
        buf_byte(out, '\n');
    }
    return true;
}

static bool send_text(pg_conn *c, const char *text, buf *out, err *e) {
    PGresult *r = NULL;
    bool ok = pg_sent(c, PQsendQueryParams(c->pg, text, 0, NULL, NULL, NULL, NULL, 0));
    if (ok) pg_expect(c, PG_WAIT_RUN, NULL);
    ok = ok && pg_drain(c, &r);
    if (!ok)
        *e = c->tx.fault;
    else if (PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK)
        add_rows(r, out);
    else
        ok = pg_fault(c, r, e);
    PQclear(r);
    return ok;
}

// A migration or a check of all data may take long.
static bool be_patient(pg_conn *c, err *e) {
    if (c->patient) return true;
    c->patient = true;
    c->answer_us = patient_us;
    return send_text(c, "SET LOCAL statement_timeout = 0", NULL, e);
}

static bool run_text(pg_conn *c, const sql_tokens *t, str sql, buf *out, err *e) {
    size_t params;
    char *text = sql_expand(t, c->tx.a, sql, &params, e);
    if (!text) return db_tx_fail(&c->tx, e);
    return send_text(c, text, out, e);
}

// ---- {big} before PostgreSQL 16: ALTER TABLE t ALTER COLUMN c SET STORAGE EXTERNAL ----

// The word that ends before `at`; `*at` becomes its start.
static str word_before(str s, size_t *at) {
    size_t end = *at;
    while (end && s.p[end - 1] == ' ')
        end--;
    size_t from = end;
    while (from && s.p[from - 1] != ' ' && s.p[from - 1] != '(' && s.p[from - 1] != ',')
        from--;
    *at = from;
    return (str){s.p + from, end - from};
}

static bool alter_big(pg_conn *c, str sql, err *e) {
    size_t name_end = str_find(sql, '(', 0);
    if (name_end == SIZE_MAX) return true;
    str table = word_before(sql, &name_end);
    for (size_t at = 0; (at = str_find_str(sql, STR("{big}"), at)) != SIZE_MAX; at += 5) {
        size_t before = at;
        word_before(sql, &before); // the type
        str column = word_before(sql, &before);
        str alter =
            arena_printf(c->tx.a, "ALTER TABLE %.*s ALTER COLUMN %.*s SET STORAGE EXTERNAL",
                         STR_F(table), STR_F(column));
        if (!send_text(c, alter.p, NULL, e)) return false;
    }
    return true;
}

bool pg_exec(db_tx *tx, str sql, buf *out, err *e) {
    pg_conn *c = conn_of(tx);
    sql_tokens t = pg_tokens;
    if (c->version >= STORAGE_CLAUSE) t.big = "STORAGE EXTERNAL";
    if (!be_patient(c, e) || !run_text(c, &t, sql, out, e)) return false;
    return c->version >= STORAGE_CLAUSE || alter_big(c, sql, e);
}

// ---- plans ----

static str nulls(arena *a, size_t n) {
    str list = STR("");
    for (size_t i = 0; i < n; i++)
        list = arena_printf(a, "%.*s%sNULL", STR_F(list), i ? ", " : "(");
    return n ? arena_printf(a, "%.*s)", STR_F(list)) : list;
}

// The plan for unknown values, without sequential scans where an index could do: tests have
// small tables.
bool pg_explain(db_tx *tx, const db_query *q, buf *out, err *e) {
    pg_conn *c = conn_of(tx);
    size_t params;
    unsigned name = c->names++;
    char *text = sql_expand(&pg_tokens, tx->a, str_of(q->sql), &params, e);
    if (!text) return db_tx_fail(tx, e);
    str prepare = arena_printf(tx->a, "PREPARE explain_%u AS %s", name, text);
    str explain = arena_printf(tx->a, "EXPLAIN (COSTS OFF) EXECUTE explain_%u%.*s", name,
                               STR_F(nulls(tx->a, params)));
    str forget = arena_printf(tx->a, "DEALLOCATE explain_%u", name);
    return send_text(c, "SET LOCAL enable_seqscan = off", NULL, e) &&
           send_text(c, "SET LOCAL plan_cache_mode = force_generic_plan", NULL, e) &&
           send_text(c, prepare.p, NULL, e) && send_text(c, explain.p, out, e) &&
           send_text(c, forget.p, NULL, e);
}

// ---- integrity ----

// Every value of every row becomes text, so each page and each out-of-line part is read.
static bool read_table(pg_conn *c, str quoted, buf *out, err *e) {
    str sql = arena_printf(c->tx.a, "SELECT sum(length(t::text)) FROM %.*s t", STR_F(quoted));
    if (send_text(c, sql.p, NULL, e)) return true;
    if (e->code != ERR_CORRUPT) return false;
    buf_printf(out, "table %.*s: %s\n", STR_F(quoted), e->msg);
    c->tx.faulty = false; // found: that is the answer. The transaction can only end now.
    return false;
}

bool pg_integrity(db_tx *tx, buf *out, err *e) {
    pg_conn *c = conn_of(tx);
    buf tables = BUF_MAX(1 << 20);
    bool ok =
        be_patient(c, e) &&
        send_text(
            c,
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()"
            " ORDER BY tablename",
            &tables, e);
    str rest = buf_view(&tables), table;
    while (ok && str_split(&rest, '\n', &table)) {
        if (table.n) ok = read_table(c, table, out, e);
    }
    buf_free(&tables);
    return ok || out->n > 0;
}
