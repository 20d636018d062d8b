// SPDX-License-Identifier: Apache-2.0
// What only the SQLite engine has: group commit, the lock file, checkpoints, full disks and
// failing syncs.
#include "db_test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "db/sqlite_internal.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char schema[] =
    "CREATE TABLE row (k {i64} NOT NULL PRIMARY KEY, v {blob}) {table}";

#define Q(id, text) static const db_query id = {#id, text, true}
Q(q_put, "INSERT INTO row (k, v) VALUES ($1, $2)");
Q(q_get, "SELECT v FROM row WHERE k = $1");
Q(q_count, "SELECT count(*) FROM row");
Q(q_delete_all, "DELETE FROM row");
Q(q_bad_rows, "SELECT count(*) FROM row WHERE k < 0");

static test_db *t;

static int setup(void **state) {
    (void)state;
    t = test_db_new(DB_SQLITE, (db_config){.readers = 4});
    test_db_migrate(t, schema);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    test_db_free(t);
    return 0;
}

static bool count_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    if (db_one(tx, &q_count, &row, NULL, 0, e) != 1) return false;
    *(int64_t *)arg = db_i64(row, 0);
    return true;
}

static int64_t rows(void) {
    int64_t n = -1;
    err e;
    assert_ok(db_read(t->d, count_fn, &n, &e), e);
    return n;
}

typedef struct put_arg {
    int64_t k;
    size_t size;
    bool fail; // after having written
} put_arg;

static bool put(db_tx *tx, void *arg, err *e) {
    static const char zeros[1 << 20];
    const put_arg *p = arg;
    if (!db_push(tx, &q_put, e, DB_I64(p->k), DB_BLOB(str_n(zeros, p->size)))) return false;
    if (!p->fail) return true;
    // Under the name of a failure, something that must not stay.
    return db_push(tx, &q_put, e, DB_I64(-p->k), DB_NULL) &&
           err_set(e, ERR_STATE, "on purpose");
}

static bool put_row(int64_t k, size_t size, err *e) {
    return db_write(t->d, put, &(put_arg){k, size, false}, e);
}

static int64_t file_size(const char *suffix) {
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/stemma.db%s", t->dir, suffix);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

// ---- groups ----

enum { THREADS = 32, EACH = 150 };

typedef struct group_thread {
    pthread_t thread;
    int number;
    int done, failed;
} group_thread;

static void *group_main(void *arg) {
    group_thread *g = arg;
    for (int i = 0; i < EACH; i++) {
        put_arg p = {1 + g->number * EACH + i, 20, i % 7 == 3};
        err e;
        bool ok = db_write(t->d, put, &p, &e);
        if (ok)
            g->done++;
        else if (e.code == ERR_STATE)
            g->failed++;
    }
    return NULL;
}

static bool no_bad_rows_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    return db_one(tx, &q_bad_rows, &row, NULL, 0, e) == 1 && db_i64(row, 0) == 0;
}

static void groups_are_atomic_each(void **state) {
    (void)state;
    static group_thread g[THREADS];
    int64_t commits = METRIC_GET(db_commits_total), writes = METRIC_GET(db_writes_total);
    int done = 0, failed = 0;
    err e;
    for (int i = 0; i < THREADS; i++) {
        g[i] = (group_thread){.number = i};
        thread_start(&g[i].thread, "group", 0, true, group_main, &g[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(g[i].thread, NULL);
        done += g[i].done;
        failed += g[i].failed;
    }
    assert_int_equal(done + failed, THREADS * EACH);
    assert_int_equal(failed, THREADS * ((EACH + 3) / 7));
    assert_int_equal(rows(), done);
    assert_ok(db_read(t->d, no_bad_rows_fn, NULL, &e), e);
    writes = METRIC_GET(db_writes_total) - writes;
    commits = METRIC_GET(db_commits_total) - commits;
    assert_int_equal(writes, done);
    assert_true(commits < writes / 2);
}

// Readers see whole transactions while writers write.
static bool even_fn(db_tx *tx, void *arg, err *e) {
    int64_t n = 0;
    (void)arg;
    if (!count_fn(tx, &n, e)) return false;
    return n % 2 == 0 || err_set(e, ERR_STATE, "half a transaction");
}

static bool put_two(db_tx *tx, void *arg, err *e) {
    int64_t k = *(int64_t *)arg;
    return db_push(tx, &q_put, e, DB_I64(2 * k), DB_NULL) &&
           db_push(tx, &q_put, e, DB_I64(2 * k + 1), DB_NULL);
}

static _Atomic int64_t next_key;
static atomic_bool reading;

static void *reader_main(void *arg) {
    err *e = arg;
    while (atomic_load(&reading) && e->code == ERR_NONE) {
        db_read(t->d, even_fn, NULL, e);
    }
    return NULL;
}

static void *writer_main(void *arg) {
    err *e = arg;
    for (int i = 0; i < 200 && e->code == ERR_NONE; i++) {
        int64_t k = atomic_fetch_add(&next_key, 1);
        db_write(t->d, put_two, &k, e);
    }
    return NULL;
}

static void readers_beside_writers(void **state) {
    (void)state;
    pthread_t r[6], w[8];
    static err errors[14];
    memset(errors, 0, sizeof errors);
    atomic_store(&reading, true);
    for (int i = 0; i < 6; i++)
        thread_start(&r[i], "reader", 0, true, reader_main, &errors[i]);
    for (int i = 0; i < 8; i++)
        thread_start(&w[i], "writer", 0, true, writer_main, &errors[6 + i]);
    for (int i = 0; i < 8; i++)
        pthread_join(w[i], NULL);
    atomic_store(&reading, false);
    for (int i = 0; i < 6; i++)
        pthread_join(r[i], NULL);
    for (int i = 0; i < 14; i++)
        assert_ok(errors[i].code == ERR_NONE, errors[i]);
    assert_int_equal(rows(), 8 * 200 * 2);
}

// ---- waiting ----

static bool slow_fn(db_tx *tx, void *arg, err *e) {
    (void)tx;
    (void)e;
    atomic_store((atomic_bool *)arg, true);
    usleep(400 * 1000);
    return true;
}

static void *slow_main(void *arg) {
    err e;
    return db_write(t->d, slow_fn, arg, &e) ? arg : NULL;
}

static void a_call_that_waits_too_long_is_withdrawn(void **state) {
    (void)state;
    pthread_t slow;
    atomic_bool began = false;
    void *ok;
    err e;
    test_db_reopen(t, (db_config){.wait_us = 50 * 1000});
    thread_start(&slow, "slow", 0, true, slow_main, &began);
    while (!atomic_load(&began))
        usleep(100);
    assert_false(put_row(1, 10, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    pthread_join(slow, &ok);
    assert_non_null(ok); // it ran, however long
    assert_int_equal(rows(), 0);
    assert_ok(put_row(2, 10, &e), e);
}

static bool nested_fn(db_tx *tx, void *arg, err *e) {
    int64_t n;
    (void)tx;
    (void)arg;
    return db_read(t->d, count_fn, &n, e);
}

static void all_readers_busy(void **state) {
    (void)state;
    err e;
    test_db_reopen(t, (db_config){.readers = 1, .wait_us = 50 * 1000});
    assert_false(db_read(t->d, nested_fn, NULL, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    assert_int_equal(rows(), 0);
}

// ---- the lock file ----

static void one_process_owns_the_file(void **state) {
    (void)state;
    err e;
    char pid[32];
    assert_null(db_open(&(db_config){.url = str_of(t->url)}, &e));
    assert_int_equal(e.code, ERR_CONFLICT);
    snprintf(pid, sizeof pid, "process %d on ", (int)getpid());
    assert_non_null(strstr(e.msg, pid));
    assert_non_null(strstr(e.msg, t->dir));
    test_db_reopen(t, (db_config){0}); // closing frees it
    assert_ok(put_row(1, 1, &e), e);
}

// ---- dying ----

// Runs fn in a child that is killed after `ms`, unless it ends before.
static void killed_child(void (*fn)(int fd), int fd, int ms) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        log_set_level(LOG_OFF);
        fn(fd);
        _exit(0);
    }
    usleep((useconds_t)ms * 1000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static const db_migration slow_steps[] = {
    {1, "test", schema},
    {2, "slow",
     "CREATE TABLE early (x {i64} NOT NULL) {table};\n"
     "INSERT INTO early (x) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
     "WHERE i < 200000)"
     " SELECT i FROM n;\n"
     "CREATE TABLE late (x {i64} NOT NULL) {table}"},
};

static void migrate_slowly(int fd) {
    err e;
    (void)fd;
    db *d = db_open(&(db_config){.url = str_of(t->url)}, &e);
    db_migrate(d, slow_steps, 2, "test", &e);
    pause();
}

static void a_killed_migration_starts_anew(void **state) {
    (void)state;
    err e;
    for (int ms = 2; ms < 40; ms += 6) {
        db_close(t->d);
        t->d = NULL;
        killed_child(migrate_slowly, -1, ms);
        test_db_reopen(t, (db_config){0});
        int number = db_schema_number(t->d, &e);
        assert_true(number == 1 || number == 2);
    }
    assert_ok(db_migrate(t->d, slow_steps, 2, "test", &e), e);
    assert_int_equal(db_schema_number(t->d, &e), 2);
}

static int ack_fd;

static void *acking_writer(void *arg) {
    int64_t number = *(int *)arg;
    err e;
    for (int64_t k = number * 1000000;; k++) {
        if (!put_row(k, 5000, &e) || write(ack_fd, &k, sizeof k) != sizeof k) return NULL;
    }
}

static void write_until_killed(int fd) {
    static int number[8];
    pthread_t w;
    err e;
    ack_fd = fd;
    t->d = db_open(&(db_config){.url = str_of(t->url)}, &e);
    for (int i = 0; i < 8; i++) {
        number[i] = i + 1;
        thread_start(&w, "writer", 0, true, acking_writer, &number[i]);
    }
    pause();
}

static bool has_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    int64_t k = *(int64_t *)arg;
    return db_get(tx, &q_get, &row, e, DB_I64(k)) == 1 && db_blob(row, 0).n == 5000;
}

static void what_was_acknowledged_survives_a_kill(void **state) {
    (void)state;
    int fd[2];
    int64_t k, n = 0;
    err e;
    assert_int_equal(pipe(fd), 0);
    db_close(t->d);
    t->d = NULL;
    killed_child(write_until_killed, fd[1], 200);
    close(fd[1]);
    test_db_reopen(t, (db_config){0});
    for (; read(fd[0], &k, sizeof k) == sizeof k; n++) {
        assert_ok(db_read(t->d, has_fn, &k, &e), e);
    }
    close(fd[0]);
    assert_true(n > 0);
    assert_in_range(rows(), n,
                    n + 8); // each of the eight may have died between commit and telling
}

// ---- full disks and I/O errors ----

static bool limit_pages_fn(db_tx *tx, void *arg, err *e) {
    str sql = arena_printf(db_tx_arena(tx), "PRAGMA max_page_count = %d", *(int *)arg);
    return tx->d->ops->exec(tx, sql, NULL, e);
}

static void limit_pages(int pages) {
    err e;
    assert_ok(db_write(t->d, limit_pages_fn, &pages, &e), e);
}

typedef struct filler {
    pthread_t thread;
    int64_t number, done, full, other;
    size_t size;
} filler;

static void *filler_main(void *arg) {
    filler *f = arg;
    for (int64_t i = 0; i < 100; i++) {
        err e;
        if (put_row(f->number * 1000 + i, f->size, &e))
            f->done++;
        else if (e.code == ERR_NO_SPACE)
            f->full++;
        else
            f->other++;
    }
    return NULL;
}

// SQLite rolls the whole transaction back when it is full; the others of the group must not
// suffer.
static void a_full_database(void **state) {
    (void)state;
    filler f[8];
    int64_t done = 0, full = 0;
    err e;
    limit_pages(60);
    for (int i = 0; i < 8; i++) {
        f[i] = (filler){.number = i + 1, .size = i < 2 ? 200000 : 10};
        thread_start(&f[i].thread, "filler", 0, true, filler_main, &f[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(f[i].thread, NULL);
        assert_int_equal(f[i].other, 0);
        if (f[i].size == 10) assert_int_equal(f[i].full, 0);
        done += f[i].done;
        full += f[i].full;
    }
    assert_true(full > 0);
    assert_int_equal(rows(), done);
    limit_pages(100000);
    assert_ok(put_row(1, 200000, &e), e);
    assert_int_equal(rows(), done + 1);
}

// In a child: a limit of the size of files, as a full disk gives it, while writing, growing the
// WAL and checkpointing.
static void write_past_limit(int fd) {
    struct rlimit limit = {1 << 20, RLIM_INFINITY};
    err e = {0};
    int64_t done = 0, after = 0;
    (void)fd;
    signal(SIGXFSZ, SIG_IGN);
    t->d = db_open(&(db_config){.url = str_of(t->url)}, &e);
    setrlimit(RLIMIT_FSIZE, &limit);
    while (put_row(done, 20000, &e))
        done++;
    if (e.code != ERR_NO_SPACE || done < 10) _exit(1);
    if (!db_read(t->d, count_fn, &after, &e) || after != done) _exit(2);
    if (put_row(done, 20000, &e) || e.code != ERR_NO_SPACE) _exit(3);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int64_t k = done; k < done + 1500; k++) { // past a checkpoint
        if (!put_row(k, 20000, &e)) _exit(4);
    }
    if (!db_read(t->d, count_fn, &after, &e) || after != done + 1500) _exit(5);
    db_close(t->d);
    _exit(0);
}

static void a_full_disk(void **state) {
    (void)state;
    int status;
    db_close(t->d);
    t->d = NULL;
    pid_t pid = fork();
    if (!pid) {
        log_set_level(LOG_OFF);
        write_past_limit(-1);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    test_db_reopen(t, (db_config){0});
    assert_true(rows() > 1500);
}

// A VFS below SQLite, the default one but for the sync, which fails when asked to.
static atomic_bool sync_fails;
static sqlite3_vfs *real_vfs, test_vfs;
static struct {
    const sqlite3_io_methods *real; // files with and without locks have different ones
    sqlite3_io_methods test;
} methods[4];
static int (*real_sync)(sqlite3_file *, int);

static int test_sync(sqlite3_file *f, int flags) {
    return atomic_load(&sync_fails) ? SQLITE_IOERR_FSYNC : real_sync(f, flags);
}

static int test_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
    (void)vfs;
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);
    if (rc != SQLITE_OK || !f->pMethods) return rc;
    size_t i = 0;
    while (methods[i].real && methods[i].real != f->pMethods)
        i++;
    if (!methods[i].real) {
        methods[i].real = f->pMethods;
        methods[i].test = *f->pMethods;
        real_sync = f->pMethods->xSync;
        methods[i].test.xSync = test_sync;
    }
    f->pMethods = &methods[i].test;
    return rc;
}

static void a_failing_sync_stops_writes(void **state) {
    (void)state;
    err e;
    real_vfs = sqlite3_vfs_find(NULL);
    test_vfs = *real_vfs;
    test_vfs.zName = "test";
    test_vfs.xOpen = test_open;
    assert_int_equal(sqlite3_vfs_register(&test_vfs, 1), SQLITE_OK);
    test_db_reopen(t, (db_config){0});
    log_set_level(LOG_OFF);
    assert_ok(put_row(1, 10, &e), e);
    atomic_store(&sync_fails, true);
    assert_false(put_row(2, 10, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    atomic_store(&sync_fails, false);
    for (int64_t k = 3; k < 6; k++) {
        assert_false(put_row(k, 10, &e));
        assert_int_equal(e.code, ERR_UNAVAILABLE);
        assert_non_null(strstr(e.msg, "start stemma again"));
        assert_int_equal(rows(), 1);
    }
    test_db_reopen(t, (db_config){0});
    assert_ok(put_row(10, 10, &e), e);
    assert_in_range(rows(), 2, 3); // whether row 2 reached the disk was not known
    log_set_level(LOG_INFO);
    db_close(t->d);
    t->d = NULL;
    sqlite3_vfs_unregister(&test_vfs);
}

// ---- the files ----

static int64_t pragma(const char *name) {
    sqlite3 *h;
    sqlite3_stmt *st;
    char sql[64], path[100];
    snprintf(path, sizeof path, "%s/stemma.db", t->dir);
    snprintf(sql, sizeof sql, "PRAGMA %s", name);
    assert_int_equal(sqlite3_open_v2(path, &h, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(h);
    return v;
}

static bool delete_all(db_tx *tx, void *arg, err *e) {
    (void)arg;
    return db_do(tx, &q_delete_all, e, DB_NULL) >= 0;
}

static bool delete_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    return db_change(tx, &q_delete_all, NULL, 0, e) >= 0;
}

static void free_pages_are_given_back(void **state) {
    (void)state;
    err e;
    int steps = 0;
    for (int64_t k = 0; k < 40; k++)
        assert_ok(put_row(k, 500000, &e), e);
    assert_false(db_write(t->d, delete_all, NULL, &e)); // one argument too many
    assert_ok(db_write(t->d, delete_fn, NULL, &e), e);
    while (db_shrink_step(t->d, &e))
        steps++;
    assert_ok(e.code == ERR_NONE, e);
    assert_in_range(steps, 2, 20);
    db_close(t->d);
    t->d = NULL;
    assert_int_equal(file_size("-wal"), 0);
    assert_true(file_size("") < 200000);
    assert_int_equal(pragma("page_size"), 8192);
    assert_int_equal(pragma("auto_vacuum"), 2);
    assert_int_equal(pragma("freelist_count"), 0);
}

static bool hold_fn(db_tx *tx, void *arg, err *e) {
    int64_t n;
    (void)arg;
    bool ok = count_fn(tx, &n, e);
    usleep(5000);
    return ok;
}

static void *holder_main(void *arg) {
    err *e = arg;
    while (atomic_load(&reading) && e->code == ERR_NONE)
        db_read(t->d, hold_fn, NULL, e);
    return NULL;
}

// There is never a moment without a reader, and the WAL starts anew all the same.
static void the_wal_is_bounded_under_steady_reading(void **state) {
    (void)state;
    pthread_t r[3];
    static err errors[3];
    err e;
    int64_t largest = 0;
    memset(errors, 0, sizeof errors);
    atomic_store(&reading, true);
    for (int i = 0; i < 3; i++)
        thread_start(&r[i], "holder", 0, true, holder_main, &errors[i]);
    for (int64_t k = 0; k < 300; k++) {
        assert_ok(put_row(k, 1 << 20, &e), e);
        if (file_size("-wal") > largest) largest = file_size("-wal");
    }
    atomic_store(&reading, false);
    for (int i = 0; i < 3; i++) {
        pthread_join(r[i], NULL);
        assert_ok(errors[i].code == ERR_NONE, errors[i]);
    }
    assert_true(largest < 120 << 20);
}

static void an_idle_writer_empties_the_wal(void **state) {
    (void)state;
    err e;
    assert_ok(put_row(1, 100000, &e), e);
    assert_true(file_size("-wal") > 0);
    for (int i = 0; i < 500 && file_size("-wal") > 0; i++)
        usleep(10 * 1000);
    assert_int_equal(file_size("-wal"), 0);
    assert_int_equal(rows(), 1);
    assert_ok(put_row(2, 10, &e), e);
    assert_int_equal(rows(), 2);
}

static void damage_is_found(void **state) {
    (void)state;
    arena *a = arena_new();
    char path[100];
    str report;
    err e;
    for (int64_t k = 0; k < 2000; k++)
        assert_ok(put_row(k, 100, &e), e);
    db_close(t->d);
    t->d = NULL;
    snprintf(path, sizeof path, "%s/stemma.db", t->dir);
    FILE *f = fopen(path, "r+");
    fseek(f, 20 * 8192, SEEK_SET);
    for (int i = 0; i < 8192; i++)
        fputc(0x5a, f);
    fclose(f);
    test_db_reopen(t, (db_config){0});
    if (db_integrity(t->d, a, &report, &e))
        assert_true(report.n > 0);
    else
        assert_int_equal(e.code, ERR_CORRUPT);
    arena_free(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(groups_are_atomic_each),
        TEST(readers_beside_writers),
        TEST(a_call_that_waits_too_long_is_withdrawn),
        TEST(all_readers_busy),
        TEST(one_process_owns_the_file),
        TEST(a_killed_migration_starts_anew),
        TEST(what_was_acknowledged_survives_a_kill),
        TEST(a_full_database),
        TEST(a_full_disk),
        TEST(a_failing_sync_stops_writes),
        TEST(free_pages_are_given_back),
        TEST(the_wal_is_bounded_under_steady_reading),
        TEST(an_idle_writer_empties_the_wal),
        TEST(damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
