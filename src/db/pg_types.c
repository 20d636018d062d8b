// SPDX-License-Identifier: Apache-2.0
// pg_types: PostgreSQL's binary values and SQLSTATEs as ours. Pure functions, any thread.
#include "db/pg_internal.h"

// Object ids of built-in types (src/include/catalog/pg_type.dat), which never change.
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_UNKNOWN = 705,
    OID_VARCHAR = 1043,
    OID_NUMERIC = 1700,
};

Oid pg_type_of(const db_arg *v) {
    switch (v->type) {
    case DB_A_I64: return OID_INT8;
    case DB_A_TEXT: return OID_TEXT;
    case DB_A_BLOB: return OID_BYTEA;
    case DB_A_NULL: break;
    }
    return 0;
}

// ---- values ----

static uint64_t big_endian(const uint8_t *p, int n) {
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static bool int_of(const uint8_t *p, int n, int64_t *out) {
    if (n < 1 || n > 8) return false;
    int unused = 64 - 8 * n;
    *out = (int64_t)(big_endian(p, n) << unused) >> unused; // keeps the sign
    return true;
}

// An integral numeric, as sum(bigint) gives it: digits of base 10,000, the first with weight
// 10,000^weight.
static bool int_of_numeric(const uint8_t *p, int n, int64_t *out) {
    if (n < 8) return false;
    int digits = (int)big_endian(p, 2), sign = (int)big_endian(p + 4, 2);
    int weight = (int16_t)big_endian(p + 2, 2);
    if (n < 8 + 2 * digits || digits > weight + 1 || (sign != 0 && sign != 0x4000))
        return false;
    int64_t v = 0;
    for (int i = 0; i <= weight; i++) {
        int64_t digit = i < digits ? (int64_t)big_endian(p + 8 + 2 * i, 2) : 0;
        if (__builtin_mul_overflow(v, 10000, &v)) return false;
        if (__builtin_add_overflow(v, sign ? -digit : digit, &v)) return false;
    }
    *out = v;
    return true;
}

db_cell pg_cell_of(const PGresult *r, int row, int column) {
    if (PQgetisnull(r, row, column)) return (db_cell){.type = DB_CELL_NULL};
    const char *p = PQgetvalue(r, row, column);
    int n = PQgetlength(r, row, column);
    db_cell c = {.type = DB_CELL_OTHER};
    switch (PQftype(r, column)) {
    case OID_INT8:
    case OID_INT4:
    case OID_INT2:
    case OID_BOOL:
        if (int_of((const uint8_t *)p, n, &c.i)) c.type = DB_CELL_I64;
        break;
    case OID_NUMERIC:
        if (int_of_numeric((const uint8_t *)p, n, &c.i)) c.type = DB_CELL_I64;
        break;
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_NAME:
    case OID_UNKNOWN: c = (db_cell){.type = DB_CELL_TEXT, .s = {p, (size_t)n}}; break;
    case OID_BYTEA: c = (db_cell){.type = DB_CELL_BLOB, .s = {p, (size_t)n}}; break;
    default: break;
    }
    return c;
}

// ---- errors ----

static const char *state_of(const PGresult *r) {
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    return state ? state : "";
}

bool pg_is_violation(const PGresult *r) {
    return !strcmp(state_of(r), "23505");
}

static const struct {
    const char *state; // or the class that it begins with
    err_code code;
    pg_fate fate;
} states[] = {
    {"40001", ERR_UNAVAILABLE, PG_RETRY}, // serialization_failure
    {"40P01", ERR_UNAVAILABLE, PG_RETRY}, // deadlock_detected
    {"23505", ERR_EXISTS, PG_FINAL},      // unique_violation
    // Of two that create a table at once one is refused by any of three states, after how far
    // the other was: unique_violation, or
    {"42710", ERR_EXISTS, PG_FINAL},      // duplicate_object: the type of its rows is there
    {"42P07", ERR_EXISTS, PG_FINAL},      // duplicate_table
    {"53100", ERR_NO_SPACE, PG_FINAL},    // disk_full
    {"53200", ERR_UNAVAILABLE, PG_RETRY}, // out_of_memory: of predicate locks, mostly
    {"53", ERR_UNAVAILABLE, PG_FINAL},    // insufficient resources
    {"55P03", ERR_UNAVAILABLE, PG_FINAL}, // lock_not_available
    {"57014", ERR_DEADLINE, PG_FINAL},    // query_canceled: statement_timeout
    {"57P", ERR_UNAVAILABLE, PG_LOST},    // shutdown, crash, starting up
    {"08", ERR_UNAVAILABLE, PG_LOST},     // connection exceptions
    {"25P03", ERR_UNAVAILABLE, PG_LOST},  // idle_in_transaction_session_timeout
    {"25006", ERR_UNAVAILABLE,
     PG_LOST}, // read_only_sql_transaction: a standby since a switch-over
    {"26000", ERR_UNAVAILABLE, PG_STALE}, // invalid_sql_statement_name
    {"0A000", ERR_UNAVAILABLE, PG_STALE}, // cached plan must not change result type
    {"22021", ERR_INVALID, PG_FINAL},     // character_not_in_repertoire
    {"54000", ERR_TOO_LARGE, PG_FINAL},   // program_limit_exceeded
    {"58", ERR_UNAVAILABLE, PG_FINAL},    // system error, I/O error
    {"XX001", ERR_CORRUPT, PG_FINAL},     // data_corrupted
    {"XX002", ERR_CORRUPT, PG_FINAL},     // index_corrupted
};

static size_t find_state(const PGresult *r) {
    const char *state = state_of(r);
    size_t i = 0, n = sizeof states / sizeof *states;
    while (i < n && strncmp(state, states[i].state, strlen(states[i].state)) != 0)
        i++;
    return i;
}

pg_fate pg_fate_of(const PGresult *r) {
    size_t i = find_state(r);
    return i < sizeof states / sizeof *states ? states[i].fate : PG_FINAL;
}

void pg_error_of(const PGresult *r, err *e) {
    size_t i = find_state(r);
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    err_code code = i < sizeof states / sizeof *states ? states[i].code : ERR_INTERNAL;
    if (code == ERR_EXISTS)
        err_set(e, code, "an object of this name is there already");
    else if (code == ERR_NO_SPACE)
        err_set(e, code,
                "the disk of the database is full: nothing was written; free some space");
    else
        err_set(e, code, "PostgreSQL: %s (%s)", text ? text : "no message", state_of(r));
}
