// SPDX-License-Identifier: Apache-2.0
// What only the PostgreSQL engine has: retries, lost connections, commits of unknown outcome, a
// server that restarts.
#include "db_test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <sys/wait.h>

static const char schema[] =
    "CREATE TABLE counter (k {i64} NOT NULL PRIMARY KEY, v {i64} NOT NULL) {table};\n"
    "CREATE TABLE row (k {i64} NOT NULL PRIMARY KEY, run {i64} NOT NULL, v {blob} {big} NOT "
    "NULL) {table};\n"
    "INSERT INTO counter (k, v) VALUES (1, 0)";

#define Q(id, text) static const db_query id = {#id, text, true}
Q(q_get, "SELECT v FROM counter WHERE k = $1");
Q(q_get_share, "SELECT v FROM counter WHERE k = $1 {share}");
Q(q_set, "UPDATE counter SET v = $2 WHERE k = $1");
Q(q_put, "INSERT INTO row (k, run, v) VALUES ($1, $2, $3)");
Q(q_has, "SELECT run FROM row WHERE k = $1");
Q(q_count, "SELECT count(*), count(DISTINCT k) FROM row");
Q(q_die, "SELECT CASE WHEN pg_terminate_backend(pg_backend_pid()) THEN 1 ELSE 0 END");
Q(q_no_space, "SELECT no_space()");
Q(q_value, "SELECT $1");
Q(q_sum, "SELECT $1 + 1");
Q(q_storage,
  "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('row') AND attname = 'v'"
  " AND attstorage = 'e'");
Q(q_sleep, "SELECT count(*) FROM (SELECT pg_sleep(0.3)) s");

static test_db *t;

static int setup(void **state) {
    (void)state;
    t = test_db_new(DB_POSTGRES, (db_config){.readers = 4, .writers = 8});
    test_db_migrate(t, schema);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    test_db_free(t);
    return 0;
}

// A statement in the test's own schema.
static void in_schema(const char *sql) {
    char all[1500];
    snprintf(all, sizeof all, "SET client_min_messages = error; SET search_path = %s; %s",
             strstr(t->url, "%3D") + 3, sql);
    test_pg_exec(all);
}

static bool read_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    if (db_get(tx, &q_get, &row, e, DB_I64(1)) != 1) return false;
    *(int64_t *)arg = db_i64(row, 0);
    return true;
}

static int64_t counter(void) {
    int64_t v = -1;
    err e;
    assert_ok(db_read(t->d, read_fn, &v, &e), e);
    return v;
}

// ---- conflicts ----

static bool increment_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    (void)arg;
    if (db_get(tx, &q_get, &row, e, DB_I64(1)) != 1) return false;
    return db_do(tx, &q_set, e, DB_I64(1), DB_I64(db_i64(row, 0) + 1)) == 1;
}

// The same, with the change pushed, so that its failure shows at the commit.
static bool push_increment_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    (void)arg;
    if (db_get(tx, &q_get, &row, e, DB_I64(1)) != 1) return false;
    return db_push(tx, &q_set, e, DB_I64(1), DB_I64(db_i64(row, 0) + 1));
}

typedef struct incrementer {
    pthread_t thread;
    db_fn fn;
    bool keyed;
    err e;
    int done;
} incrementer;

static void *increment_main(void *arg) {
    incrementer *n = arg;
    for (int i = 0; i < 50; i++) {
        n->done += n->keyed ? db_write_by(t->d, 7, n->fn, NULL, &n->e)
                            : db_write(t->d, n->fn, NULL, &n->e);
    }
    return NULL;
}

// How often one was taken back.
static int64_t increment_400_times(bool keyed) {
    static incrementer n[8];
    int64_t retries = METRIC_GET(db_retries_total);
    for (int i = 0; i < 8; i++) {
        n[i] = (incrementer){.fn = i % 2 ? increment_fn : push_increment_fn, .keyed = keyed};
        thread_start(&n[i].thread, "inc", 0, true, increment_main, &n[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(n[i].thread, NULL);
        assert_ok(n[i].done == 50, n[i].e);
    }
    assert_int_equal(counter(), 400);
    return METRIC_GET(db_retries_total) - retries;
}

static void conflicting_increments(void **state) {
    (void)state;
    assert_true(increment_400_times(false) > 0);
}

static void increments_of_one_key(void **state) {
    (void)state;
    assert_int_equal(increment_400_times(true), 0);
}

static void retries_end(void **state) {
    (void)state;
    in_schema("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''40001''; END';"
              " CREATE TRIGGER fail BEFORE UPDATE ON counter EXECUTE FUNCTION fail()");
    err e;
    test_db_reopen(t, (db_config){.retry_us = 200 * 1000});
    int64_t from = clock_mono_us();
    assert_false(db_write(t->d, increment_fn, NULL, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    assert_in_range(clock_mono_us() - from, 150 * 1000, 5000 * 1000);
}

static bool share_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    if (db_get(tx, &q_get_share, &row, e, DB_I64(1)) != 1) return false;
    usleep(100 * 1000);
    return db_push(tx, &q_put, e, DB_I64(*(int64_t *)arg), DB_I64(db_i64(row, 0)),
                   DB_BLOB(STR("x")));
}

static void *share_main(void *arg) {
    static err e;
    return db_append(t->d, share_fn, arg, &e) ? arg : NULL;
}

// A row locked with {share} does not change before the append has committed.
static void append_holds_its_row(void **state) {
    (void)state;
    pthread_t a;
    int64_t k = 1;
    void *ok;
    err e;
    thread_start(&a, "append", 0, true, share_main, &k);
    usleep(40 * 1000);
    int64_t from = clock_mono_us();
    assert_ok(db_write(t->d, increment_fn, NULL, &e), e);
    assert_true(clock_mono_us() - from > 30 * 1000);
    pthread_join(a, &ok);
    assert_non_null(ok);
}

// ---- lost connections ----

typedef struct lossy {
    int runs;
    int die_runs; // so many runs end their own connection
} lossy;

static bool lossy_fn(db_tx *tx, void *arg, err *e) {
    lossy *l = arg;
    db_rows *row;
    bool die = l->runs++ < l->die_runs;
    if (!increment_fn(tx, NULL, e)) return false;
    return !die || db_one(tx, &q_die, &row, NULL, 0, e) >= 0;
}

static void a_lost_connection_runs_again(void **state) {
    (void)state;
    lossy l = {.die_runs = 2};
    err e;
    assert_ok(db_write(t->d, lossy_fn, &l, &e), e);
    assert_int_equal(l.runs, 3);
    assert_int_equal(counter(), 1);
}

static void a_loss_that_lasts_is_told(void **state) {
    (void)state;
    lossy l = {.die_runs = 1000000};
    err e;
    test_db_reopen(t, (db_config){.wait_us = 200 * 1000});
    assert_false(db_write(t->d, lossy_fn, &l, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    assert_true(l.runs > 1);
    assert_int_equal(counter(), 0);
}

static bool lossy_read_fn(db_tx *tx, void *arg, err *e) {
    lossy *l = arg;
    db_rows *row;
    l->runs++;
    if (db_get(tx, &q_get, &row, e, DB_I64(1)) != 1) return false;
    return db_one(tx, &q_die, &row, NULL, 0, e) >= 0;
}

static void a_read_that_has_read_is_not_repeated(void **state) {
    (void)state;
    lossy l = {0};
    err e;
    assert_false(db_read(t->d, lossy_read_fn, &l, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    assert_int_equal(l.runs, 1);
}

static void idle_connections_may_be_cut(void **state) {
    (void)state;
    err e;
    for (int i = 0; i < 5; i++) {
        assert_ok(db_write(t->d, increment_fn, NULL, &e), e);
        assert_int_equal(counter(), i + 1);
        test_pg_exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                     "application_name = 'stemma'");
    }
}

// Another server's migration may change what a prepared statement gives.
static void a_stale_statement_is_prepared_anew(void **state) {
    (void)state;
    err e;
    assert_ok(db_write(t->d, increment_fn, NULL, &e), e);
    assert_int_equal(counter(), 1);
    in_schema("ALTER TABLE counter ALTER COLUMN v TYPE numeric");
    assert_int_equal(counter(), 1);
    assert_ok(db_write(t->d, increment_fn, NULL, &e), e);
    assert_int_equal(counter(), 2);
}

// A deferred trigger ends the connection within COMMIT.
static void an_unknown_commit_is_told(void **state) {
    (void)state;
    lossy l = {0};
    err e;
    in_schema(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN "
        "NULL; END';"
        " CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON counter DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION die()");
    assert_false(db_write(t->d, lossy_fn, &l, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(e.msg, "not known"));
    assert_int_equal(l.runs, 1);
    assert_int_equal(counter(), 0);
}

// An error at COMMIT that is no lost connection: a deferred constraint.
static void an_error_at_commit_is_told(void **state) {
    (void)state;
    err e;
    in_schema("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN RAISE EXCEPTION ''late''; END';"
              " CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON counter DEFERRABLE INITIALLY "
              "DEFERRED"
              " FOR EACH ROW EXECUTE FUNCTION refuse()");
    assert_false(db_write(t->d, increment_fn, NULL, &e));
    assert_int_equal(e.code, ERR_INTERNAL);
    assert_non_null(strstr(e.msg, "late"));
    assert_int_equal(counter(), 0);
}

static void no_server(void **state) {
    (void)state;
    err e;
    int64_t from = clock_mono_us();
    assert_null(db_open(
        &(db_config){.url = STR("postgresql://x@127.0.0.1:1/x"), .wait_us = 300 * 1000}, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    assert_in_range(clock_mono_us() - from, 200 * 1000, 5000 * 1000);
    // What waiting can not mend is told at once.
    char url[600];
    snprintf(url, sizeof url, "%.*snot_there",
             (int)(strrchr(test_pg_url(), '/') + 1 - test_pg_url()), test_pg_url());
    from = clock_mono_us();
    assert_null(db_open(&(db_config){.url = str_of(url)}, &e));
    assert_non_null(strstr(e.msg, "not_there"));
    assert_true(clock_mono_us() - from < 3000 * 1000);
}

static bool sleep_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    (void)arg;
    return db_one(tx, &q_sleep, &row, NULL, 0, e) == 1;
}

static void *sleep_main(void *arg) {
    static err e;
    (void)arg;
    db_read(t->d, sleep_fn, NULL, &e);
    return NULL;
}

static void all_connections_busy(void **state) {
    (void)state;
    pthread_t a;
    int64_t v;
    err e;
    test_db_reopen(t, (db_config){.readers = 1, .wait_us = 60 * 1000});
    thread_start(&a, "sleep", 0, true, sleep_main, NULL);
    usleep(50 * 1000);
    assert_false(db_read(t->d, read_fn, &v, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    pthread_join(a, NULL);
    assert_int_equal(counter(), 0);
}

// ---- statements ----

static bool no_space_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    (void)arg;
    return db_one(tx, &q_no_space, &row, NULL, 0, e) >= 0;
}

static void a_full_disk(void **state) {
    (void)state;
    err e;
    in_schema("CREATE FUNCTION no_space() RETURNS bigint LANGUAGE plpgsql AS"
              " 'BEGIN RAISE EXCEPTION ''full'' USING ERRCODE = ''53100''; END'");
    assert_false(db_write(t->d, no_space_fn, NULL, &e));
    assert_int_equal(e.code, ERR_NO_SPACE);
}

static bool types_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    (void)arg;
    assert_int_equal(db_get(tx, &q_value, &row, e, DB_NULL), 1);
    assert_true(db_is_null(row, 0));
    assert_int_equal(db_get(tx, &q_value, &row, e, DB_I64(INT64_MIN)), 1);
    assert_true(db_i64(row, 0) == INT64_MIN);
    assert_int_equal(db_get(tx, &q_value, &row, e, DB_NULL), 1);
    assert_true(db_is_null(row, 0));
    assert_int_equal(db_get(tx, &q_sum, &row, e, DB_I64(1ll << 40)), 1);
    assert_true(db_i64(row, 0) == (1ll << 40) + 1);
    return true;
}

static void types_are_those_of_the_values(void **state) {
    (void)state;
    err e;
    for (int i = 0; i < 2; i++)
        assert_ok(db_read(t->d, types_fn, NULL, &e), e);
}

static bool storage_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    (void)arg;
    return db_one(tx, &q_storage, &row, NULL, 0, e) == 1 && db_i64(row, 0) == 1;
}

static void big_columns_are_not_compressed(void **state) {
    (void)state;
    err e;
    assert_ok(db_read(t->d, storage_fn, NULL, &e), e);
}

static bool many_pushes_fn(db_tx *tx, void *arg, err *e) {
    static const char bytes[2000];
    (void)arg;
    for (int64_t k = 0; k < 5000; k++) {
        if (!db_push(tx, &q_put, e, DB_I64(k), DB_I64(0), DB_BLOB(str_n(bytes, sizeof bytes))))
            return false;
    }
    return true;
}

static bool count_fn(db_tx *tx, void *arg, err *e) {
    int64_t *n = arg;
    db_rows *row;
    if (db_one(tx, &q_count, &row, NULL, 0, e) != 1) return false;
    n[0] = db_i64(row, 0);
    n[1] = db_i64(row, 1);
    return true;
}

static void many_pushes(void **state) {
    (void)state;
    int64_t n[2];
    err e;
    assert_ok(db_write(t->d, many_pushes_fn, NULL, &e), e);
    assert_ok(db_read(t->d, count_fn, n, &e), e);
    assert_int_equal(n[0], 5000);
    assert_false(db_write(t->d, many_pushes_fn, NULL, &e)); // each of them violates
    assert_int_equal(e.code, ERR_EXISTS);
    assert_ok(db_read(t->d, count_fn, n, &e), e);
    assert_int_equal(n[0], 5000);
}

// ---- two servers on one database ----

static const db_migration later[] = {
    {1, "test", schema},
    {2, "two",
     "CREATE TABLE two (x {i64} NOT NULL) {table};\nINSERT INTO counter (k, v) VALUES (2, 0)"},
    {3, "three", "UPDATE counter SET v = v + 1 WHERE k = 2"},
};

typedef struct starting {
    pthread_t thread;
    const db_migration *m;
    size_t n;
    int64_t retry_us;
    err e;
} starting;

static void *migrate_main(void *arg) {
    starting *s = arg;
    db_config c = {.url = str_of(t->url), .readers = 1, .writers = 1, .retry_us = s->retry_us};
    db *d = db_open(&c, &s->e);
    if (d) db_migrate(d, s->m, s->n, "test", &s->e);
    db_close(d);
    return NULL;
}

static void start_together(int servers, const db_migration *m, size_t n, int64_t retry_us) {
    static starting s[6];
    for (int i = 0; i < servers; i++) {
        s[i] = (starting){.m = m, .n = n, .retry_us = retry_us};
        thread_start(&s[i].thread, "migrate", 0, true, migrate_main, &s[i]);
    }
    for (int i = 0; i < servers; i++) {
        pthread_join(s[i].thread, NULL);
        assert_ok(s[i].e.code == ERR_NONE, s[i].e);
    }
}

static bool second_counter_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    (void)arg;
    return db_get(tx, &q_get, &row, e, DB_I64(2)) == 1 && db_i64(row, 0) == 1;
}

// On an empty database, many times: how far one is when the other makes the same table decides
// which of three states PostgreSQL refuses it with.
static void servers_that_start_together_migrate_once(void **state) {
    (void)state;
    err e;
    for (int round = 0; round < 20; round++) {
        in_schema("DROP TABLE IF EXISTS schema_migration, counter, row, two");
        start_together(6, later, 3, 0);
        assert_int_equal(db_schema_number(t->d, &e), 3);
        assert_ok(db_read(t->d, second_counter_fn, NULL, &e), e);
    }
}

// The one that waits is refused by each migration of the other, for longer than it retries one.
static void a_server_waits_while_another_migrates(void **state) {
    (void)state;
    err e;
    enum { STEPS = 12 };
    db_migration slow[STEPS] = {later[0],
                                {2, "a row", "INSERT INTO counter (k, v) VALUES (2, 0)"}};
    for (int i = 2; i < STEPS; i++)
        slow[i] = (db_migration){i + 1, "slow",
                                 "UPDATE counter SET v = 1 WHERE pg_sleep(0.1) IS NOT NULL"};
    in_schema("DROP TABLE IF EXISTS schema_migration, counter, row, two");
    start_together(3, slow, STEPS, 50 * 1000);
    assert_int_equal(db_schema_number(t->d, &e), STEPS);
    assert_ok(db_read(t->d, second_counter_fn, NULL, &e), e);
}

// ---- the server is restarted under load ----

enum { WRITERS = 6, KEYS = 20000 };
static atomic_bool writing;

typedef struct load {
    pthread_t thread;
    int64_t number;
    uint8_t fate[KEYS]; // 0 not tried, 1 acknowledged, 2 refused, 3 not known
    int64_t n, acked, refused, unknown;
    err why; // of the last refusal
} load;

typedef struct load_put {
    int64_t k;
} load_put;

static bool load_fn(db_tx *tx, void *arg, err *e) {
    const load_put *p = arg;
    db_rows *row;
    if (p->k % 2)
        return db_push(tx, &q_put, e, DB_I64(p->k), DB_I64(0), DB_BLOB(STR("pushed")));
    if (db_get(tx, &q_has, &row, e, DB_I64(p->k)) != 0) {
        return e->code == ERR_NONE ? err_set(e, ERR_EXISTS, "twice") : false;
    }
    return db_do(tx, &q_put, e, DB_I64(p->k), DB_I64(0), DB_BLOB(STR("changed"))) == 1;
}

static void *load_main(void *arg) {
    load *l = arg;
    for (; atomic_load(&writing) && l->n < KEYS; l->n++) {
        load_put p = {l->number * KEYS + l->n};
        err e;
        if (db_write(t->d, load_fn, &p, &e))
            l->fate[l->n] = 1, l->acked++;
        else if (strstr(e.msg, "not known"))
            l->fate[l->n] = 3, l->unknown++;
        else
            l->fate[l->n] = 2, l->refused++, l->why = e;
    }
    return NULL;
}

static void restart(const char *mode) {
    pid_t pid = fork();
    if (!pid) {
        execl(getenv("STEMMA_TEST_PG_SH"), "pg.sh", "restart", getenv("STEMMA_TEST_PG_DIR"),
              mode, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static bool check_fn(db_tx *tx, void *arg, err *e) {
    const load *l = arg;
    for (int64_t i = 0; i < l->n; i++) {
        db_rows *row;
        int found = db_get(tx, &q_has, &row, e, DB_I64(l->number * KEYS + i));
        if (found < 0) return false;
        if (l->fate[i] == 1 && !found)
            return err_set(e, ERR_STATE, "an acknowledged row is gone");
        if (l->fate[i] == 2 && found) return err_set(e, ERR_STATE, "a refused row is there");
    }
    return true;
}

static void a_restart_under_load(void **state) {
    (void)state;
    static load l[WRITERS];
    const char *const modes[] = {"fast", "immediate", "fast"};
    if (!getenv("STEMMA_TEST_PG_SH") || !getenv("STEMMA_TEST_PG_DIR")) skip();
    // A busy machine restarts slowly, and that time does not count as one of refusals.
    test_db_reopen(t, (db_config){.wait_us = 120 * 1000000, .retry_us = 1000000});
    memset(l, 0, sizeof l);
    atomic_store(&writing, true);
    for (int i = 0; i < WRITERS; i++) {
        l[i].number = i;
        thread_start(&l[i].thread, "load", 0, true, load_main, &l[i]);
    }
    for (int i = 0; i < 3; i++) {
        usleep(200 * 1000);
        restart(modes[i]);
    }
    usleep(200 * 1000);
    atomic_store(&writing, false);
    int64_t acked = 0, refused = 0;
    for (int i = 0; i < WRITERS; i++) {
        err e;
        pthread_join(l[i].thread, NULL);
        assert_true(l[i].unknown <= 3); // at most its own one, a restart
        acked += l[i].acked;
        refused += l[i].refused;
        if (l[i].refused) print_error("%s\n", l[i].why.msg);
        assert_ok(db_read(t->d, check_fn, &l[i], &e), e);
    }
    assert_true(acked > 100);
    assert_int_equal(refused, 0); // they waited
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(conflicting_increments),
        TEST(increments_of_one_key),
        TEST(retries_end),
        TEST(append_holds_its_row),
        TEST(a_lost_connection_runs_again),
        TEST(a_loss_that_lasts_is_told),
        TEST(a_read_that_has_read_is_not_repeated),
        TEST(idle_connections_may_be_cut),
        TEST(a_stale_statement_is_prepared_anew),
        TEST(an_unknown_commit_is_told),
        TEST(an_error_at_commit_is_told),
        TEST(no_server),
        TEST(all_connections_busy),
        TEST(a_full_disk),
        TEST(types_are_those_of_the_values),
        TEST(big_columns_are_not_compressed),
        TEST(many_pushes),
        TEST(servers_that_start_together_migrate_once),
        TEST(a_server_waits_while_another_migrates),
        TEST(a_restart_under_load),
    };
    if (!test_pg_url()) {
        puts("skipped: STEMMA_TEST_PG is not set (tests/pg.sh run COMMAND sets it)");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
