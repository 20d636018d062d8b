// SPDX-License-Identifier: Apache-2.0
// migrate: numbered changes of the schema, forward only.
//
// I1  schema_migration has a row for each migration that is done, written by the transaction
//     that did it: a migration is done entirely or not at all, whenever the process dies, and
//     doing it again starts it anew.
// I2  The row of number 0 is the lock: each of those transactions writes it first, so that of
//     several servers on one database one migrates and the others wait (or are told to run
//     again) and then find the work done. It needs neither LOCK TABLE nor advisory locks.
// I3  Nothing is written when there is nothing to do: a server may start with rights to read
//     and write rows only.
#include "base/clock.h"
#include "base/log.h"
#include "db/db_internal.h"

typedef struct migration_job {
    const db_migration *m;
    size_t n;
    const char *version;
    bool has_table;   // schema_migration is there
    int64_t number;   // of the data
    str data_version; // of the program that wrote the newest; in `a`
    arena *a;
} migration_job;

static const db_query newest_sql = {"migrate.newest",
                                    "SELECT number, program_version FROM schema_migration "
                                    "WHERE number > 0 ORDER BY number DESC LIMIT 1",
                                    false};
static const db_query lock_sql = {
    "migrate.lock",
    "INSERT INTO schema_migration (number, name, program_version, applied_at) VALUES (0, "
    "'lock', $1, $2)"
    " ON CONFLICT (number) DO UPDATE SET program_version = $1, applied_at = $2",
    false};
static const db_query done_sql = {"migrate.done",
                                  "INSERT INTO schema_migration (number, name, "
                                  "program_version, applied_at) VALUES ($1, $2, $3, $4)",
                                  false};
static const char create_sql[] =
    "CREATE TABLE IF NOT EXISTS schema_migration (number {i64} NOT NULL PRIMARY KEY,"
    " name {text} NOT NULL, program_version {text} NOT NULL, applied_at {i64} NOT NULL) "
    "{table}";

// ---- what is there ----

static bool read_newest(db_tx *tx, migration_job *j, err *e) {
    db_rows *row = NULL;
    int found = db_one(tx, &newest_sql, &row, NULL, 0, e);
    j->number = found > 0 ? db_i64(row, 0) : 0;
    j->data_version = found > 0 ? arena_str(j->a, db_text(row, 1)) : STR("");
    return found >= 0;
}

static bool read_state(db_tx *tx, void *arg, err *e) {
    migration_job *j = arg;
    db_rows *row = NULL;
    int found = db_get(tx, tx->d->ops->has_table, &row, e, DB_TEXT(STR("schema_migration")));
    if (found < 0) return false;
    j->has_table = found && db_i64(row, 0) != 0;
    j->number = 0;
    return !j->has_table || read_newest(tx, j, e);
}

// ---- doing it ----

static bool create_table(db_tx *tx, void *arg, err *e) {
    (void)arg;
    return tx->d->ops->exec(tx, STR(create_sql), NULL, e);
}

// The next statement of `*rest`; they are separated by ";\n".
static bool next_statement(str *rest, str *statement) {
    do {
        if (!rest->n) return false;
        size_t end = str_find_str(*rest, STR(";\n"), 0);
        *statement = str_trim(str_upto(*rest, end));
        *rest = end == SIZE_MAX ? (str){0} : str_from(*rest, end + 2);
    } while (!statement->n);
    if (str_ends(*statement, STR(";"))) statement->n--;
    return true;
}

static bool apply(db_tx *tx, const migration_job *j, const db_migration *m, err *e) {
    str rest = str_of(m->sql), statement;
    while (next_statement(&rest, &statement)) {
        if (!tx->d->ops->exec(tx, statement, NULL, e)) return false;
    }
    return db_push(tx, &done_sql, e, DB_I64(m->number), DB_TEXT(str_of(m->name)),
                   DB_TEXT(str_of(j->version)), DB_I64(clock_now_us()));
}

static const db_migration *next_migration(const migration_job *j) {
    for (size_t i = 0; i < j->n; i++) {
        if (j->m[i].number > j->number) return &j->m[i];
    }
    return NULL;
}

static int64_t newest_known(const migration_job *j) {
    return j->n ? j->m[j->n - 1].number : 0;
}

static bool refuse_newer(const migration_job *j, err *e) {
    if (j->number <= newest_known(j)) return true;
    return err_set(
        e, ERR_STATE,
        "this data was written by stemma %.*s (schema %lld); this is stemma %s, which"
        " knows schema %lld: use a newer stemma",
        STR_F(j->data_version), (long long)j->number, j->version, (long long)newest_known(j));
}

// One migration, the first that is missing; somebody else may have done it since it was looked
// at.
static bool apply_next(db_tx *tx, void *arg, err *e) {
    migration_job *j = arg;
    if (db_do(tx, &lock_sql, e, DB_TEXT(str_of(j->version)), DB_I64(clock_now_us())) < 0) {
        return false;
    }
    if (!read_newest(tx, j, e) || !refuse_newer(j, e)) return false;
    const db_migration *m = next_migration(j);
    if (!m || apply(tx, j, m, e)) return true;
    err why = *e;
    return err_set(e, why.code, "migration %d (%s): %s", m->number, m->name, why.msg);
}

static bool numbers_rise(const migration_job *j, err *e) {
    for (size_t i = 0; i < j->n; i++) {
        if (j->m[i].number > (i ? j->m[i - 1].number : 0)) continue;
        return err_set(e, ERR_INTERNAL, "migration %d is out of order", j->m[i].number);
    }
    return true;
}

// Also after a refusal for what another server migrated meanwhile: with many migrations, or a
// slow disk, it may be refused for longer than a transaction is retried, while the work goes
// on.
static bool advance(db *d, migration_job *j, err *e) {
    int64_t before = j->number;
    if (!db_write(d, apply_next, j, e) && e->code != ERR_UNAVAILABLE) return false;
    err why = *e;
    if (!db_read(d, read_state, j, e)) return false;
    if (j->number == before) *e = why;
    return j->number > before;
}

static bool migrate(db *d, migration_job *j, err *e) {
    if (!numbers_rise(j, e) || !db_read(d, read_state, j, e) || !refuse_newer(j, e))
        return false;
    // PostgreSQL refuses one of two that create a table at once: then it is there.
    if (!j->has_table && next_migration(j) && !db_write(d, create_table, NULL, e) &&
        e->code != ERR_EXISTS) {
        return false;
    }
    while (next_migration(j)) {
        if (!advance(d, j, e)) return false;
        log_msg(LOG_INFO, "db.migrated", "schema %lld", (long long)j->number);
    }
    return true;
}

bool db_migrate(db *d, const db_migration *m, size_t n, const char *program_version, err *e) {
    err own;
    migration_job j = {.m = m, .n = n, .version = program_version, .a = arena_new()};
    bool ok = migrate(d, &j, e ? e : &own);
    arena_free(j.a);
    return ok;
}

int db_schema_number(db *d, err *e) {
    migration_job j = {.a = arena_new()};
    bool ok = db_read(d, read_state, &j, e);
    arena_free(j.a);
    return ok ? (int)j.number : -1;
}
