// SPDX-License-Identifier: Apache-2.0
// What db.h promises of both engines: values, errors inside a transaction, snapshots,
// migrations.
#include "db_test.h"

#include "base/num.h"

#include <stdatomic.h>

static const char kv_schema[] =
    "CREATE TABLE kv (k {i64} NOT NULL PRIMARY KEY, i {i64}, t {text}, b {blob} {big}) "
    "{table};\n"
    "CREATE TABLE pair (a {i64} NOT NULL, b {text} NOT NULL, PRIMARY KEY (a, b)) {clustered};\n"
    "CREATE UNIQUE INDEX kv_by_t ON kv (t);\n";

#define Q(id, text) static const db_query id = {#id, text, true}
Q(q_put, "INSERT INTO kv (k, i, t, b) VALUES ($1, $2, $3, $4)");
Q(q_put_returning, "INSERT INTO kv (k, i, t, b) VALUES ($1, $2, $3, $4) RETURNING k");
Q(q_upsert,
  "INSERT INTO kv (k, i) VALUES ($1, $2) ON CONFLICT (k) DO UPDATE SET i = kv.i + $2");
Q(q_get, "SELECT i, t, b FROM kv WHERE k = $1");
Q(q_all, "SELECT k, t FROM kv ORDER BY k LIMIT $1");
Q(q_set_t, "UPDATE kv SET t = $2 WHERE k = $1");
Q(q_by_t, "SELECT k FROM kv WHERE t >= $1 ORDER BY t");
Q(q_sum, "SELECT sum(i), count(*) FROM kv");
Q(q_delete, "DELETE FROM kv WHERE k >= $1");
Q(q_swapped, "SELECT $2, $1, $2");
Q(q_scan, "SELECT k FROM kv WHERE i = $1");
Q(q_pair, "INSERT INTO pair (a, b) VALUES ($1, $2) ON CONFLICT (a, b) DO NOTHING");
Q(q_copy, "INSERT INTO kv (k, i) SELECT k + $1, i FROM kv");
Q(q_two_rows, "INSERT INTO pair (a, b) VALUES ($1, '('), ($2, $3)");
Q(q_pairs, "SELECT count(*) FROM pair");
Q(q_lock, "SELECT i FROM kv WHERE k = $1 {share}");
Q(q_broken, "SELECT nothing FROM nowhere");
Q(q_quoted, "SELECT '{i64} $7 ''x' AS \"{text}\"");

static test_db *t;

static int setup_engine(db_engine engine) {
    t = test_db_new(engine, (db_config){.readers = 4, .writers = 4});
    test_db_migrate(t, kv_schema);
    return 0;
}

static int setup_sqlite(void **state) {
    (void)state;
    return setup_engine(DB_SQLITE);
}

static int setup_postgres(void **state) {
    (void)state;
    return setup_engine(DB_POSTGRES);
}

static int teardown(void **state) {
    (void)state;
    test_db_free(t);
    return 0;
}

// ---- values ----

typedef struct value {
    int64_t k;
    db_arg i, t, b;
} value;

static bool put(db_tx *tx, void *arg, err *e) {
    const value *v = arg;
    return db_do(tx, &q_put, e, DB_I64(v->k), v->i, v->t, v->b) == 1;
}

static bool same(str got, const db_arg *want) {
    return want->type == DB_A_NULL ? !got.p : got.p && str_eq(got, want->s);
}

static bool check_value(db_tx *tx, void *arg, err *e) {
    const value *v = arg;
    db_rows *row;
    assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(v->k)), 1);
    assert_int_equal(db_is_null(row, 0), v->i.type == DB_A_NULL);
    assert_int_equal(db_i64(row, 0), v->i.i);
    assert_true(same(db_text(row, 1), &v->t));
    assert_true(same(db_blob(row, 2), &v->b));
    assert_false(db_next(row, e));
    assert_int_equal(e->code, ERR_NONE);
    return true;
}

static void values(void **state) {
    (void)state;
    static char big[300000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7);
    err e;
    value v[] = {
        {1, DB_I64(INT64_MIN), DB_TEXT(STR("")), DB_BLOB(STR(""))},
        {2, DB_I64(INT64_MAX), DB_TEXT(STR("x")), DB_BLOB(STR("\0\xff\0"))},
        {3, DB_NULL, DB_NULL, DB_NULL},
        {4, DB_I64(0), DB_TEXT(STR("日本語 \xf0\x9f\x98\x80 \\ ' \" %")),
         DB_BLOB(((str){NULL, 0}))},
        {INT64_MIN, DB_I64(-1), DB_TEXT(STR("\x01\x7f")), DB_BLOB(STR("text"))},
        {6, DB_I64(num_order(-0.0)), DB_MAYBE_TEXT(((str){NULL, 0})),
         DB_BLOB(str_n(big, sizeof big))},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        assert_ok(db_write(t->d, put, &v[i], &e), e);
        assert_ok(db_read(t->d, check_value, &v[i], &e), e);
    }
}

static void refused_texts(void **state) {
    (void)state;
    const str bad[] = {STR("a\0b"), STR("\xff"), STR("\xed\xa0\x80"), STR("\xc0\x80"),
                       STR("\xe2\x82")};
    err e;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        value v = {1, DB_NULL, DB_TEXT(bad[i]), DB_NULL};
        assert_false(db_write(t->d, put, &v, &e));
        assert_int_equal(e.code, ERR_INVALID);
    }
    value v = {1, DB_NULL, DB_TEXT(STR("good")), DB_NULL};
    assert_ok(db_write(t->d, put, &v, &e), e);
}

static bool order_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    // Binary collation: capitals first, then é (c3 a9) behind z.
    const char *texts[] = {"z", "B", "\xc3\xa9", "a", "b", "A"};
    for (int i = 0; i < 6; i++) {
        if (db_do(tx, &q_put, e, DB_I64(i), DB_NULL, DB_TEXT(str_of(texts[i])), DB_NULL) != 1)
            return false;
    }
    const int64_t want[] = {1, 3, 4, 0, 2};
    db_rows *rows = db_select(tx, &q_by_t, e, DB_TEXT(STR("B")));
    for (int i = 0; i < 5; i++) {
        assert_true(db_next(rows, e));
        assert_int_equal(db_i64(rows, 0), want[i]);
    }
    assert_false(db_next(rows, e));
    assert_false(db_next(rows, e)); // and stays so
    db_end(rows);
    return e->code == ERR_NONE;
}

static void order(void **state) {
    (void)state;
    err e;
    assert_ok(db_write(t->d, order_fn, NULL, &e), e);
}

static bool texts_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    assert_int_equal(db_one(tx, &q_quoted, &row, NULL, 0, e), 1);
    assert_true(str_is(db_text(row, 0), "{i64} $7 'x"));
    assert_int_equal(db_get(tx, &q_swapped, &row, e, DB_I64(1), DB_TEXT(STR("two"))), 1);
    assert_true(str_is(db_text(row, 0), "two"));
    assert_int_equal(db_i64(row, 1), 1);
    assert_true(str_is(db_text(row, 2), "two"));
    return true;
}

static void placeholders_and_quotes(void **state) {
    (void)state;
    err e;
    assert_ok(db_read(t->d, texts_fn, NULL, &e), e);
}

static bool counts_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(db_do(tx, &q_upsert, e, DB_I64(i), DB_I64(10)), 1);
    }
    assert_int_equal(db_do(tx, &q_upsert, e, DB_I64(2), DB_I64(INT64_MAX - 100)), 1);
    assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(2)), 1);
    assert_true(db_i64(row, 0) == INT64_MAX - 90);
    assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(99)), 0);
    assert_int_equal(db_do(tx, &q_upsert, e, DB_I64(2), DB_I64(-(INT64_MAX - 100))), 1);
    assert_int_equal(db_one(tx, &q_sum, &row, NULL, 0, e), 1);
    assert_int_equal(db_i64(row, 0), 50); // sum(bigint) is a numeric on PostgreSQL
    assert_int_equal(db_i64(row, 1), 5);
    assert_int_equal(db_do(tx, &q_pair, e, DB_I64(1), DB_TEXT(STR("p"))), 1);
    assert_int_equal(db_do(tx, &q_pair, e, DB_I64(1), DB_TEXT(STR("p"))), 0);
    assert_int_equal(db_do(tx, &q_delete, e, DB_I64(3)), 2);
    assert_int_equal(db_do(tx, &q_delete, e, DB_I64(3)), 0);
    return true;
}

static void counts(void **state) {
    (void)state;
    err e;
    assert_ok(db_write(t->d, counts_fn, NULL, &e), e);
}

static bool many_rows_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    for (int64_t i = 0; i < 3000; i++) {
        if (!db_push(tx, &q_put, e, DB_I64(i), DB_I64(i * i), DB_NULL,
                     DB_BLOB(STR("0123456789"))))
            return false;
    }
    db_rows *rows = db_select(tx, &q_all, e, DB_I64(5000));
    int64_t n = 0;
    while (db_next(rows, e)) {
        db_rows *row; // another query while rows are open
        assert_int_equal(db_i64(rows, 0), n);
        assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(n)), 1);
        assert_int_equal(db_i64(row, 0), n * n);
        n++;
    }
    assert_int_equal(n, 3000);
    rows = db_select(tx, &q_all, e, DB_I64(5000)); // left open in the middle
    assert_true(db_next(rows, e));
    return true;
}

static void many_rows(void **state) {
    (void)state;
    err e;
    assert_ok(db_write(t->d, many_rows_fn, NULL, &e), e);
    value v = {77, DB_I64(77 * 77), DB_NULL, DB_BLOB(STR("0123456789"))};
    assert_ok(db_read(t->d, check_value, &v, &e), e);
}

// Arguments may change once the call has returned, rows are still being read.
static bool late_rows_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    char text[] = "aa";
    for (int64_t i = 0; i < 3; i++) {
        text[1] = (char)('a' + i);
        if (!db_push(tx, &q_put, e, DB_I64(i), DB_NULL, DB_TEXT(str_of(text)), DB_NULL))
            return false;
    }
    char from[] = "ab";
    db_rows *rows = db_select(tx, &q_by_t, e, DB_TEXT(str_of(from)));
    memcpy(from, "zz", 2);
    assert_true(db_next(rows, e));
    assert_int_equal(db_i64(rows, 0), 1);
    assert_true(db_next(rows, e));
    assert_int_equal(db_i64(rows, 0), 2);
    db_end(rows);
    return true;
}

static void late_rows(void **state) {
    (void)state;
    err e;
    assert_ok(db_write(t->d, late_rows_fn, NULL, &e), e);
}

// ---- errors inside a transaction ----

static bool exists_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    if (db_do(tx, &q_put, e, DB_I64(1), DB_I64(1), DB_TEXT(STR("one")), DB_NULL) != 1)
        return false;
    if (db_do(tx, &q_put, e, DB_I64(2), DB_I64(2), DB_TEXT(STR("two")), DB_NULL) != 1)
        return false;
    assert_int_equal(db_do(tx, &q_put, e, DB_I64(1), DB_I64(9), DB_TEXT(STR("three")), DB_NULL),
                     -1);
    assert_int_equal(e->code, ERR_EXISTS);
    assert_int_equal(db_do(tx, &q_put, e, DB_I64(3), DB_I64(9), DB_TEXT(STR("one")), DB_NULL),
                     -1);
    assert_int_equal(e->code, ERR_EXISTS);
    assert_int_equal(
        db_get(tx, &q_put_returning, &row, e, DB_I64(1), DB_NULL, DB_NULL, DB_NULL), -1);
    assert_int_equal(e->code, ERR_EXISTS);
    if (db_get(tx, &q_put_returning, &row, e, DB_I64(4), DB_NULL, DB_NULL, DB_NULL) != 1)
        return false;
    assert_int_equal(db_i64(row, 0), 4);
    return true;
}

// A violation that an UPDATE or an INSERT ... SELECT makes.
static bool exists_update_fn(db_tx *tx, void *arg, err *e) {
    int *runs = arg;
    ++*runs;
    if (db_do(tx, &q_upsert, e, DB_I64(1), DB_I64(100)) != 1) return false;
    int64_t n = db_do(tx, &q_set_t, e, DB_I64(2), DB_TEXT(STR("one")));
    if (n >= 0 || e->code != ERR_EXISTS) return false;
    n = db_do(tx, &q_copy, e, DB_I64(1));
    if (n >= 0 || e->code != ERR_EXISTS) return false;
    return db_do(tx, &q_set_t, e, DB_I64(2), DB_TEXT(STR("other"))) == 1;
}

// Of several rows one violates: none of them may stay.
static bool exists_rows_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    if (db_do(tx, &q_pair, e, DB_I64(1), DB_TEXT(STR("p"))) != 1) return false;
    int64_t n = db_do(tx, &q_two_rows, e, DB_I64(2), DB_I64(1), DB_TEXT(STR("p")));
    if (n >= 0 || e->code != ERR_EXISTS) return false;
    return db_do(tx, &q_two_rows, e, DB_I64(3), DB_I64(1), DB_TEXT(STR("q"))) == 2 &&
           db_one(tx, &q_pairs, &row, NULL, 0, e) == 1 && db_i64(row, 0) == 3;
}

static void exists_continues(void **state) {
    (void)state;
    err e;
    int runs = 0;
    assert_ok(db_write(t->d, exists_fn, NULL, &e), e);
    value one = {1, DB_I64(1), DB_TEXT(STR("one")), DB_NULL},
          four = {4, DB_NULL, DB_NULL, DB_NULL};
    assert_ok(db_read(t->d, check_value, &one, &e), e);
    assert_ok(db_read(t->d, check_value, &four, &e), e);
    assert_ok(db_write(t->d, exists_update_fn, &runs, &e), e);
    value after = {1, DB_I64(101), DB_TEXT(STR("one")), DB_NULL};
    value other = {2, DB_I64(2), DB_TEXT(STR("other")), DB_NULL};
    assert_ok(db_read(t->d, check_value, &after, &e), e);
    assert_ok(db_read(t->d, check_value, &other, &e), e);
    assert_ok(db_write(t->d, exists_rows_fn, NULL, &e), e);
}

static bool push_twice_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    return db_push(tx, &q_put, e, DB_I64(50), DB_NULL, DB_NULL, DB_NULL) &&
           db_push(tx, &q_put, e, DB_I64(50), DB_NULL, DB_NULL, DB_NULL);
}

static bool none_fn(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(*(int64_t *)arg)), 0);
    return true;
}

static void assert_absent(int64_t k) {
    err e;
    assert_ok(db_read(t->d, none_fn, &k, &e), e);
}

static void push_violation_fails(void **state) {
    (void)state;
    err e;
    assert_false(db_write(t->d, push_twice_fn, NULL, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    assert_absent(50);
}

static bool ignores_error_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    if (db_do(tx, &q_put, e, DB_I64(60), DB_NULL, DB_NULL, DB_NULL) != 1) return false;
    assert_null(db_query_rows(tx, &q_broken, NULL, 0, e));
    assert_int_equal(e->code, ERR_INTERNAL);
    assert_int_equal(db_do(tx, &q_put, e, DB_I64(61), DB_NULL, DB_NULL, DB_NULL), -1);
    return true;
}

static bool wrong_type_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    if (db_do(tx, &q_put, e, DB_I64(62), DB_NULL, DB_TEXT(STR("text")), DB_NULL) != 1)
        return false;
    assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(62)), 1);
    assert_int_equal(db_i64(row, 1), 0);
    return true;
}

static bool wrong_count_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_do(tx, &q_put, e, DB_I64(63));
    return true;
}

static bool own_error_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    if (db_do(tx, &q_put, e, DB_I64(64), DB_NULL, DB_NULL, DB_NULL) != 1) return false;
    if (!db_push(tx, &q_put, e, DB_I64(65), DB_NULL, DB_NULL, DB_NULL)) return false;
    return err_set(e, ERR_STATE, "decided against");
}

static bool silent_fn(db_tx *tx, void *arg, err *e) {
    (void)tx;
    (void)arg;
    (void)e;
    return false;
}

static bool change_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    return db_do(tx, &q_put, e, DB_I64(66), DB_NULL, DB_NULL, DB_NULL) == 1;
}

static void errors_end_the_transaction(void **state) {
    (void)state;
    const struct {
        db_fn fn;
        err_code code;
    } cases[] = {{ignores_error_fn, ERR_INTERNAL},
                 {wrong_type_fn, ERR_INTERNAL},
                 {wrong_count_fn, ERR_INTERNAL},
                 {own_error_fn, ERR_STATE},
                 {silent_fn, ERR_INTERNAL}};
    err e;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(db_write(t->d, cases[i].fn, NULL, &e));
        assert_int_equal(e.code, cases[i].code);
        assert_false(db_append(t->d, cases[i].fn, NULL, NULL));
    }
    assert_false(db_read(t->d, change_fn, NULL, &e));
    assert_int_equal(e.code, ERR_INTERNAL);
    for (int64_t k = 60; k < 67; k++)
        assert_absent(k);
}

// ---- transactions ----

static void count_up(void *arg) {
    atomic_fetch_add((atomic_int *)arg, 1);
}

typedef struct hook_case {
    bool ok;
    atomic_int ran;
} hook_case;

static bool hook_fn(db_tx *tx, void *arg, err *e) {
    hook_case *h = arg;
    db_after_commit(tx, count_up, &h->ran);
    db_after_commit(tx, count_up, &h->ran);
    if (!db_push(tx, &q_upsert, e, DB_I64(1), DB_I64(1))) return false;
    return h->ok || err_set(e, ERR_STATE, "no");
}

static void hooks(void **state) {
    (void)state;
    err e;
    hook_case no = {false, 0}, yes = {true, 0};
    assert_false(db_write(t->d, hook_fn, &no, &e));
    assert_ok(db_write(t->d, hook_fn, &yes, &e), e);
    for (int i = 0; i < 1000 && atomic_load(&yes.ran) < 2; i++)
        usleep(1000); // they may run on another thread, behind the caller's back
    test_db_reopen(t, (db_config){0});
    assert_int_equal(no.ran, 0);
    assert_int_equal(yes.ran, 2);
}

static bool lock_row_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    if (!db_push(tx, &q_upsert, e, DB_I64(1), DB_I64(5))) return false;
    return db_get(tx, &q_lock, &row, e, DB_I64(1)) == 1 && db_i64(row, 0) == 5 &&
           db_do(tx, &q_upsert, e, DB_I64(1), DB_I64(5)) == 1 && db_tx_engine(tx) == t->engine;
}

static void append(void **state) {
    (void)state;
    err e;
    assert_ok(db_append(t->d, lock_row_fn, NULL, &e), e);
    value v = {1, DB_I64(10), DB_NULL, DB_NULL};
    assert_ok(db_read(t->d, check_value, &v, &e), e);
}

static bool increment_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    return db_do(tx, &q_upsert, e, DB_I64(1), DB_I64(1)) == 1;
}

// The snapshot stands while others commit.
static bool snapshot_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    err other;
    db_rows *row;
    assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(1)), 1);
    int64_t before = db_i64(row, 0);
    for (int i = 0; i < 3; i++) {
        assert_ok(db_write(t->d, increment_fn, NULL, &other), other);
        assert_int_equal(db_get(tx, &q_get, &row, e, DB_I64(1)), 1);
        assert_int_equal(db_i64(row, 0), before);
    }
    return true;
}

static void snapshot(void **state) {
    (void)state;
    err e;
    assert_ok(db_write(t->d, increment_fn, NULL, &e), e);
    assert_ok(db_read(t->d, snapshot_fn, NULL, &e), e);
    value v = {1, DB_I64(4), DB_NULL, DB_NULL};
    assert_ok(db_read(t->d, check_value, &v, &e), e);
}

// ---- what the engine says ----

static void plans(void **state) {
    (void)state;
    arena *a = arena_new();
    str plan;
    err e;
    assert_ok(db_explain(t->d, &q_get, a, &plan, &e), e);
    assert_true(str_find_str(plan, STR("kv"), 0) != SIZE_MAX);
    const char *scan = t->engine == DB_SQLITE ? "SCAN" : "Seq Scan";
    assert_true(str_find_str(plan, str_of(scan), 0) == SIZE_MAX);
    assert_ok(db_explain(t->d, &q_scan, a, &plan, &e), e);
    assert_true(str_find_str(plan, str_of(scan), 0) != SIZE_MAX);
    assert_ok(db_explain(t->d, &q_put, a, &plan, &e), e);
    assert_false(db_explain(t->d, &q_broken, a, &plan, &e));
    value v = {1, DB_NULL, DB_NULL, DB_NULL}; // the connections are fine afterwards
    assert_ok(db_write(t->d, put, &v, &e), e);
    arena_free(a);
}

static void whole(void **state) {
    (void)state;
    arena *a = arena_new();
    str report;
    err e;
    assert_ok(db_write(t->d, many_rows_fn, NULL, &e), e);
    assert_ok(db_integrity(t->d, a, &report, &e), e);
    assert_int_equal(report.n, 0);
    arena_free(a);
}

// ---- migrations ----

static const db_migration steps[] = {
    {1, "test", kv_schema},
    {2, "two",
     "CREATE TABLE two (x {i64} NOT NULL) {table};\nINSERT INTO two (x) VALUES (1);\n"},
    {5, "five", "INSERT INTO two (x) VALUES (2);\n\nINSERT INTO two (x) VALUES (3)"},
};
static const db_migration broken[] = {
    {1, "test", kv_schema},
    {2, "two",
     "CREATE TABLE two (x {i64} NOT NULL) {table};\nINSERT INTO nowhere (x) VALUES (1)"},
};
Q(q_two, "SELECT count(*), sum(x) FROM two");

static bool two_fn(db_tx *tx, void *arg, err *e) {
    (void)arg;
    db_rows *row;
    assert_int_equal(db_one(tx, &q_two, &row, NULL, 0, e), 1);
    assert_int_equal(db_i64(row, 0), 3);
    assert_int_equal(db_i64(row, 1), 6);
    return true;
}

static void migrations(void **state) {
    (void)state;
    err e;
    assert_int_equal(db_schema_number(t->d, &e), 1);
    // A migration that fails half-way leaves nothing, and the right one can be done.
    assert_false(db_migrate(t->d, broken, 2, "0.1", &e));
    assert_non_null(strstr(e.msg, "migration 2 (two)"));
    assert_int_equal(db_schema_number(t->d, &e), 1);
    for (int i = 0; i < 2; i++) {
        assert_ok(db_migrate(t->d, steps, 3, "0.1", &e), e);
        assert_int_equal(db_schema_number(t->d, &e), 5);
        assert_ok(db_read(t->d, two_fn, NULL, &e), e);
    }
    const db_migration later[] = {steps[0], steps[1], steps[2], {6, "six", "DELETE FROM two"}};
    assert_ok(db_migrate(t->d, later, 4, "0.9", &e), e);
    assert_false(db_migrate(t->d, steps, 3, "0.1", &e));
    assert_int_equal(e.code, ERR_STATE);
    assert_string_equal(e.msg,
                        "this data was written by stemma 0.9 (schema 6); this is stemma 0.1,"
                        " which knows schema 5: use a newer stemma");
    const db_migration unordered[] = {steps[1], steps[0]};
    assert_false(db_migrate(t->d, unordered, 2, "0.1", &e));
}

static void bad_urls(void **state) {
    (void)state;
    const char *bad[] = {"",
                         "sqlite:",
                         "sqlite::memory:",
                         "mysql://x",
                         "/tmp/x",
                         "sqlite:/no/such/folder/db",
                         "postgresql://h:port/x",
                         "postgresql://h/x?nonsense=1"};
    err e;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        db_config c = {.url = str_of(bad[i])};
        assert_null(db_open(&c, &e));
        assert_int_not_equal(e.code, ERR_NONE);
    }
}

#define TESTS(setup)                                                                           \
    cmocka_unit_test_setup_teardown(values, setup, teardown),                                  \
        cmocka_unit_test_setup_teardown(refused_texts, setup, teardown),                       \
        cmocka_unit_test_setup_teardown(order, setup, teardown),                               \
        cmocka_unit_test_setup_teardown(placeholders_and_quotes, setup, teardown),             \
        cmocka_unit_test_setup_teardown(counts, setup, teardown),                              \
        cmocka_unit_test_setup_teardown(many_rows, setup, teardown),                           \
        cmocka_unit_test_setup_teardown(late_rows, setup, teardown),                           \
        cmocka_unit_test_setup_teardown(exists_continues, setup, teardown),                    \
        cmocka_unit_test_setup_teardown(push_violation_fails, setup, teardown),                \
        cmocka_unit_test_setup_teardown(errors_end_the_transaction, setup, teardown),          \
        cmocka_unit_test_setup_teardown(hooks, setup, teardown),                               \
        cmocka_unit_test_setup_teardown(append, setup, teardown),                              \
        cmocka_unit_test_setup_teardown(snapshot, setup, teardown),                            \
        cmocka_unit_test_setup_teardown(plans, setup, teardown),                               \
        cmocka_unit_test_setup_teardown(whole, setup, teardown),                               \
        cmocka_unit_test_setup_teardown(migrations, setup, teardown)

int main(void) {
    const struct CMUnitTest sqlite[] = {TESTS(setup_sqlite), cmocka_unit_test(bad_urls)};
    const struct CMUnitTest postgres[] = {TESTS(setup_postgres)};
    int failed = cmocka_run_group_tests_name("sqlite", sqlite, NULL, NULL);
    if (test_pg_url()) failed += cmocka_run_group_tests_name("postgres", postgres, NULL, NULL);
    return failed;
}
