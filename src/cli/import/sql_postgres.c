// SPDX-License-Identifier: Apache-2.0
// sql_postgres: a foreign PostgreSQL database, in one read-only transaction with one snapshot.
// Long results come through cursors, a page at a time; values in binary. One thread.
#include "cli/import/sql.h"

#include "base/buf.h"
#include "base/num.h"

#include <libpq-fe.h>
#include <math.h>
#include <stdlib.h>

#define PAGE      "20000"
#define PAGE_ROWS 20000
#define ARGS_MAX  4
#define QUERY_MAX 4000

typedef struct reader {
    PGconn *h;
    int cursors;
} reader;

typedef struct result {
    reader *r;
    PGresult *page;
    int row, n;
    int cursor; // 0: the page is all
} result;

static bool failed(reader *r, err *e) {
    str why = str_trim(str_of(PQerrorMessage(r->h)));
    return err_set(e, PQstatus(r->h) == CONNECTION_OK ? ERR_INVALID : ERR_UNAVAILABLE,
                   "PostgreSQL: %.*s", STR_F(why));
}

static void end(void *rows) {
    result *q = rows;
    if (!q) return;
    PQclear(q->page);
    if (q->cursor) {
        char close[40];
        snprintf(close, sizeof close, "CLOSE c%d", q->cursor);
        PQclear(PQexec(q->r->h, close));
    }
    free(q);
}

static bool give_page(result *q, PGresult *page, err *e) {
    PQclear(q->page);
    q->page = page;
    q->row = -1;
    ExecStatusType status = PQresultStatus(page);
    q->n = status == PGRES_TUPLES_OK ? PQntuples(page) : 0;
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || failed(q->r, e);
}

// int8 parameters in text, so that PostgreSQL gives them the column's type.
static PGresult *exec(reader *r, const char *text, const sql_arg *args, size_t n) {
    const char *values[ARGS_MAX];
    char numbers[ARGS_MAX][NUM_MAX];
    arena *a = arena_new();
    BUG_ON(n > ARGS_MAX);
    for (size_t i = 0; i < n; i++) {
        numbers[i][num_i64(numbers[i], args[i].i)] = 0;
        values[i] = args[i].is_text ? arena_cstr(a, args[i].s) : numbers[i];
    }
    PGresult *page = PQexecParams(r->h, text, (int)n, NULL, values, NULL, NULL, 1);
    arena_free(a);
    return page;
}

static bool fetch(result *q, err *e) {
    char text[60];
    snprintf(text, sizeof text, "FETCH " PAGE " FROM c%d", q->cursor);
    return give_page(q, exec(q->r, text, NULL, 0), e);
}

static void *query(void *db, const char *text, const sql_arg *args, size_t n, bool big,
                   err *e) {
    reader *r = db;
    char declare[QUERY_MAX];
    result *q = mem_alloc(sizeof *q);
    q->r = r;
    if (big) {
        q->cursor = ++r->cursors;
        snprintf(declare, sizeof declare, "DECLARE c%d NO SCROLL CURSOR FOR %s", q->cursor,
                 text);
        text = declare;
    }
    if (give_page(q, exec(r, text, args, n), e) && (!big || fetch(q, e))) return q;
    q->cursor = 0;
    end(q);
    return NULL;
}

static bool next(void *rows, err *e) {
    result *q = rows;
    if (++q->row < q->n) return true;
    if (!q->cursor || q->n < PAGE_ROWS) return false;
    if (!fetch(q, e)) return false;
    return ++q->row < q->n;
}

static bool is_null(void *rows, int column) {
    result *q = rows;
    return PQgetisnull(q->page, q->row, column);
}

static cur value_of(void *rows, int column, uint64_t *big_endian) {
    result *q = rows;
    str s = {PQgetvalue(q->page, q->row, column), (size_t)PQgetlength(q->page, q->row, column)};
    *big_endian = 0;
    for (size_t i = 0; i < s.n && i < 8; i++)
        *big_endian = *big_endian << 8 | (uint8_t)s.p[i];
    return cur_of(s);
}

static int64_t i64(void *rows, int column) {
    uint64_t v;
    cur c = value_of(rows, column, &v);
    switch (cur_left(&c)) {
    case 4: return (int32_t)(uint32_t)v;
    case 2: return (int16_t)(uint16_t)v;
    default: return (int64_t)v;
    }
}

static double f64(void *rows, int column) {
    uint64_t v;
    double d;
    float f;
    cur c = value_of(rows, column, &v);
    if (cur_left(&c) == 4) {
        uint32_t bits = (uint32_t)v;
        memcpy(&f, &bits, sizeof f);
        return (double)f;
    }
    memcpy(&d, &v, sizeof d);
    return cur_left(&c) == 8 ? d : (double)NAN;
}

static str text(void *rows, int column) {
    result *q = rows;
    if (is_null(rows, column)) return (str){0};
    return (str){PQgetvalue(q->page, q->row, column),
                 (size_t)PQgetlength(q->page, q->row, column)};
}

static bool has(void *db, const char *table, const char *column) {
    static const char q[] = "SELECT 1 FROM information_schema.columns WHERE table_schema = ANY "
                            "(current_schemas(false)) AND table_name = $1 AND ($2 = '' OR "
                            "column_name = $2) LIMIT 1";
    err e = {0};
    sql_arg args[] = {SQL_TEXT(str_of(table)), SQL_TEXT(str_of(column ? column : ""))};
    void *rows = query(db, q, args, 2, false, &e);
    bool found = rows && next(rows, &e);
    end(rows);
    return found;
}

static void no_index(void *db, const char *table, const char *column) {
    (void)db, (void)table, (void)column;
}

static void close_reader(void *db) {
    reader *r = db;
    PQfinish(r->h);
    free(r);
}

static const sql_ops ops = {query, next, end,      is_null,      i64, f64,
                            text,  has,  no_index, close_reader, NULL};

bool sql_open_postgres(arena *a, str url, sql *out, err *e) {
    reader *r = mem_alloc(sizeof *r);
    r->h = PQconnectdb(arena_cstr(a, url));
    PGresult *began = NULL;
    bool ok = PQstatus(r->h) == CONNECTION_OK;
    if (ok) {
        began = PQexec(r->h, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        ok = PQresultStatus(began) == PGRES_COMMAND_OK;
    }
    PQclear(began);
    if (!ok) {
        failed(r, e);
        close_reader(r);
        return false;
    }
    PQsetClientEncoding(r->h, "UTF8");
    *out = (sql){&ops, r};
    return true;
}
