// SPDX-License-Identifier: Apache-2.0
// sqlite: opening a SQLite database, its connections, and reading.
//
// I1  One connection writes and checkpoints, the writer's (sqlite_writer.c); wal_autocheckpoint
//     is 0 on all, and readers do not checkpoint when they close. SQLite before 3.51.3 can
//     corrupt the file when a checkpoint starts while another connection's commit resets the
//     WAL.
// I2  One process owns the file (sqlite_lock.c).
// I3  A connection is used by one thread at a time, so SQLite's own mutexes are off (NOMUTEX).
// I4  No mmap: an I/O error of a mapped page would be a SIGBUS and end the server, where a read
//     gives an error. It is not faster either: 240 MB of 4 kB rows out of the page cache took
//     50 to 220 ms with read, 120 to 300 ms with mmap.
//
// The VFS is the default one, so that a test may put its own below.
//
// Any thread may read; readers are opened when they are first needed.
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "db/sqlite_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BUSY_MS = 5000, // a reader waits so long for a WAL that is being recovered or truncated
    JOURNAL_SPILL = 64 << 20, // bytes: statement journals stay in memory
};

// Only for a new file: on one that is there auto_vacuum writes, which a full disk refuses.
static const char new_file_setup[] = "PRAGMA page_size=8192;"
                                     "PRAGMA auto_vacuum=INCREMENTAL;" // before WAL
                                     "PRAGMA journal_mode=WAL";

static const char writer_setup[] =
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=0;"
    "PRAGMA foreign_keys=OFF;"
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-16384"; // KiB; used only as far as needed

static const char reader_setup[] = "PRAGMA query_only=1;"
                                   "PRAGMA wal_autocheckpoint=0;"
                                   "PRAGMA foreign_keys=OFF;"
                                   "PRAGMA trusted_schema=OFF;"
                                   "PRAGMA temp_store=MEMORY;"
                                   "PRAGMA mmap_size=0;"
                                   "PRAGMA cache_size=-4096";

static const db_query begin_sql = {"begin", "BEGIN", false};
static const db_query commit_sql = {"commit", "COMMIT", false};
static const db_query has_table_sql = {
    "sqlite.has_table", "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
    false};

// Before the first connection of the process. Where something has used SQLite already these
// fail, harmlessly.
static void configure(void) {
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_URI, 0);
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, JOURNAL_SPILL);
}

// ---- connections ----

static bool is_new(sq_conn *c, bool *out, err *e) {
    buf pages = BUF_MAX(64);
    bool ok = sq_exec(&c->tx, STR("PRAGMA page_count"), &pages, e);
    *out = str_is(buf_view(&pages), "0\n");
    buf_free(&pages);
    return ok;
}

static bool exec_all(sq_conn *c, const char *sql, err *e) {
    return sqlite3_exec(c->h, sql, NULL, NULL, NULL) == SQLITE_OK || sq_fail(c, "opening", e);
}

// The pragma says nothing when it could not change the mode (a file system without shared
// memory).
static bool check_wal(sq_conn *c, err *e) {
    buf mode = BUF_MAX(64);
    bool ok = sq_exec(&c->tx, STR("PRAGMA journal_mode"), &mode, e);
    if (ok && !str_is(buf_view(&mode), "wal\n")) {
        ok = err_set(e, ERR_UNAVAILABLE,
                     "SQLite can not use its write-ahead log in this folder");
    }
    buf_free(&mode);
    return ok;
}

static bool setup(sq_conn *c, sq_role role, err *e) {
    sqlite3_busy_timeout(c->h, BUSY_MS);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (role == SQ_READER) sqlite3_db_config(c->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (role == SQ_READER) return exec_all(c, reader_setup, e);
    bool fresh;
    return exec_all(c, writer_setup, e) && is_new(c, &fresh, e) &&
           (!fresh || exec_all(c, new_file_setup, e)) && check_wal(c, e);
}

sq_conn *sq_conn_open(sqlite_db *d, sq_role role, err *e) {
    sq_conn *c = mem_alloc(sizeof *c);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (role == SQ_WRITER ? SQLITE_OPEN_CREATE : 0);
    c->tx.d = &d->base;
    c->tx.a = arena_new();
    if (sqlite3_open_v2(d->path, &c->h, flags, NULL) != SQLITE_OK) {
        // A reader's failure is told to clients, who need not know the path.
        err_set(e, sq_code(sqlite3_extended_errcode(c->h), sqlite3_system_errno(c->h)),
                "can not open %s: %s", role == SQ_WRITER ? d->path : "the database",
                sqlite3_errmsg(c->h));
    } else if (setup(c, role, e)) {
        return c;
    }
    sq_conn_close(c);
    return NULL;
}

void sq_conn_close(sq_conn *c) {
    sq_stmts_free(c);
    int rc = sqlite3_close(c->h);
    if (rc != SQLITE_OK) log_msg(LOG_ERROR, "db.close", "SQLite: %s", sqlite3_errstr(rc));
    db_tx_free(&c->tx);
    free(c);
}

// ---- the pool of readers ----

// Waits for a connection or the right to open one; NULL with *may_open set, or with *e when the
// time ran out.
static sq_conn *take_reader(sqlite_db *d, bool *may_open, err *e) {
    int64_t until = clock_mono_us() + d->wait_us;
    sq_conn *c = NULL;
    *may_open = false;
    pthread_mutex_lock(&d->m);
    while (!d->idle && d->open == d->max && clock_mono_us() < until) {
        thread_cond_wait_us(&d->freed, &d->m, until - clock_mono_us());
    }
    if (d->idle) {
        c = d->idle;
        d->idle = c->next;
        d->busy++;
    } else if (d->open < d->max) {
        *may_open = true;
        d->open++;
        d->busy++;
    } else {
        err_set(e, ERR_UNAVAILABLE, "all %d database readers are busy: try again later",
                d->max);
    }
    pthread_mutex_unlock(&d->m);
    return c;
}

static void give_reader(sqlite_db *d, sq_conn *c) {
    pthread_mutex_lock(&d->m);
    d->busy--;
    if (c) {
        c->next = d->idle;
        d->idle = c;
    } else {
        d->open--;
    }
    pthread_cond_signal(&d->freed);
    pthread_mutex_unlock(&d->m);
}

static sq_conn *reader(sqlite_db *d, err *e) {
    bool may_open;
    sq_conn *c = take_reader(d, &may_open, e);
    if (c || !may_open) return c;
    c = sq_conn_open(d, SQ_READER, e);
    if (!c) give_reader(d, NULL);
    return c;
}

// The transaction is closed however fn ended; a reader that can not is closed.
static bool end_read(sq_conn *c) {
    err ignored;
    sq_end_all(c);
    if (sqlite3_get_autocommit(c->h)) return true;
    c->tx.faulty = false;
    return sq_run(c, &commit_sql, &ignored);
}

static bool read_once(sq_conn *c, db_fn fn, void *arg, err *e) {
    db_tx_begin(&c->tx, DB_MODE_READ);
    c->tx.hooks_n = 0;
    if (!sq_run(c, &begin_sql, e)) return false;
    return db_tx_result(&c->tx, fn(&c->tx, arg, e), e);
}

static bool read_tx(sqlite_db *d, db_fn fn, void *arg, err *e) {
    sq_conn *c = reader(d, e);
    if (!c) return false;
    bool ok = read_once(c, fn, arg, e);
    if (!end_read(c)) {
        sq_conn_close(c);
        c = NULL;
    } else {
        arena_reset(c->tx.a);
    }
    give_reader(d, c);
    return ok;
}

static bool run(db *base, db_mode mode, db_fn fn, void *arg, err *e) {
    sqlite_db *d = (sqlite_db *)base;
    return mode == DB_MODE_READ ? read_tx(d, fn, arg, e) : sq_writer_run(d->writer, fn, arg, e);
}

// ---- opening and closing ----

static void close_readers(sqlite_db *d) {
    pthread_mutex_lock(&d->m);
    while (d->busy)
        pthread_cond_wait(&d->freed, &d->m);
    while (d->idle) {
        sq_conn *c = d->idle;
        d->idle = c->next;
        sq_conn_close(c);
    }
    pthread_mutex_unlock(&d->m);
}

static void close_db(db *base) {
    sqlite_db *d = (sqlite_db *)base;
    close_readers(d);
    if (d->writer) sq_writer_stop(d->writer);
    if (d->lock >= 0) close(d->lock);
    pthread_mutex_destroy(&d->m);
    pthread_cond_destroy(&d->freed);
    free(d->path);
    free(d);
}

static int default_readers(void) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 2 ? 4 : cpus > 30 ? 32 : (int)cpus + 2;
}

static bool path_ok(str path, err *e) {
    if (path.n && path.p[0] != ':' && str_is_text(path)) return true; // ":memory:" is no file
    return err_set(e, ERR_INVALID, "sqlite:PATH needs the path of a file");
}

db *sqlite_open(const db_config *c, err *e) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    str path = str_from(c->url, sizeof "sqlite:" - 1);
    if (!path_ok(path, e)) return NULL;
    pthread_once(&once, configure);
    sqlite_db *d = mem_alloc(sizeof *d);
    d->base = (db){.ops = &sqlite_ops, .engine = DB_SQLITE};
    d->path = mem_strdup(path);
    d->wait_us = c->wait_us;
    d->max = c->readers > 0 ? c->readers : default_readers();
    pthread_mutex_init(&d->m, NULL);
    thread_cond_init(&d->freed);
    d->lock = sq_lock(d->path, e);
    if (d->lock >= 0) d->writer = sq_writer_start(d, e);
    if (d->writer) return &d->base;
    close_db(&d->base);
    return NULL;
}

const db_ops sqlite_ops = {
    .close = close_db,
    .run = run,
    .rows = sq_rows_start,
    .next = sq_next,
    .end = sq_end,
    .cell = sq_cell,
    .change = sq_change,
    .push = sq_push,
    .exec = sq_exec,
    .explain = sq_explain,
    .integrity = sq_integrity,
    .shrink = sq_shrink,
    .has_table = &has_table_sql,
};
