// SPDX-License-Identifier: Apache-2.0
// Backups: the list of tables is complete, the format is frozen, damage is found wherever it is,
// gc beside a backup takes nothing away; the records move between databases; gc's undo file.
#include "core_help.h"

#include "core/backup.h"
#include "core/du.h"
#include "core/du_sql.h"
#include "core/move.h"
#include "core/schema.h"
#include "core/table.h"

typedef struct memory {
    char *p;
    size_t n, at;
} memory;

static bool keep(void *arg, const void *p, size_t n, err *e) {
    memory *m = arg;
    (void)e;
    m->p = mem_realloc(m->p, m->n + n);
    memcpy(m->p + m->n, p, n);
    m->n += n;
    return true;
}

static ssize_t give(void *arg, void *p, size_t n) {
    memory *m = arg;
    size_t left = m->n - m->at;
    if (n > left) n = left;
    if (n > 1000) n = 1000; // pieces as a pipe gives them
    memcpy(p, m->p + m->at, n);
    m->at += n;
    return (ssize_t)n;
}

// ---- tables ---------------------------------------------------------------------------------

typedef struct real {
    const table *t;
    bool ok;
} real;

static bool ask_columns(db_tx *tx, void *arg, err *e) {
    real *r = arg;
    db_rows *row;
    r->ok = db_get(tx, &r->t->first, &row, e, DB_I64(1)) >= 0;
    return r->ok;
}

static bool count_tables(db_tx *tx, void *arg, err *e) {
    static const db_query lite = {"t.lite",
                                  "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND "
                                  "name NOT LIKE 'sqlite_%'",
                                  false};
    static const db_query pg = {"t.pg",
                                "SELECT count(*) FROM information_schema.tables WHERE "
                                "table_schema = current_schema()",
                                false};
    db_rows *row;
    if (db_one(tx, db_tx_engine(tx) == DB_SQLITE ? &lite : &pg, &row, NULL, 0, e) < 0)
        return false;
    *(int64_t *)arg = db_i64(row, 0);
    return true;
}

// Every column of every table is named, and nothing else.
static bool count_columns(db_tx *tx, void *arg, err *e) {
    static const db_query lite = {
        "t.lite_columns",
        "SELECT count(*) FROM sqlite_schema s JOIN pragma_table_info(s.name) c WHERE s.type = "
        "'table' AND s.name NOT LIKE 'sqlite_%' AND s.name <> 'schema_migration'",
        false};
    static const db_query pg = {"t.pg_columns",
                                "SELECT count(*) FROM information_schema.columns WHERE "
                                "table_schema = current_schema() AND table_name <> "
                                "'schema_migration'",
                                false};
    db_rows *row;
    if (db_one(tx, db_tx_engine(tx) == DB_SQLITE ? &lite : &pg, &row, NULL, 0, e) < 0)
        return false;
    *(int64_t *)arg = db_i64(row, 0);
    return true;
}

static void the_list_of_tables_is_complete(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    int64_t tables, columns, have = 0;
    core_fix_open(x);
    const table_set *set = table_set_at(0);
    assert_int_equal(set->schema, schema_migrations[schema_migrations_n - 1].number);
    OK(db_read(x->f.db, count_tables, &tables, &e));
    OK(db_read(x->f.db, count_columns, &columns, &e));
    for (size_t i = 0; i < set->n; i++) {
        real r = {.t = &set->tables[i]};
        OK(db_read(x->f.db, ask_columns, &r, &e));
        have += (int64_t)set->tables[i].n;
    }
    assert_int_equal(tables, set->n + 1); // and schema_migration
    assert_int_equal(columns, have);
    assert_null(table_set_at(9999));
    assert_int_equal(table_set_at(1)->n, 1);
    core_fix_close(x);
}

// ---- the format -----------------------------------------------------------------------------

static void write_golden(archive_out *o) {
    err e;
    buf b = BUF_MAX(4096);
    archive_count n = {.rows = 1, .objects = 1, .bytes = 5};
    OK(archive_header(o, ARCHIVE_BACKUP, 1764288000000000, &e));
    archive_text_put(&b, STR("schema"));
    archive_text_put(&b, STR("1"));
    OK(archive_frame(o, ARCHIVE_INFO, buf_view(&b), &e));
    sha256 d = sha256_of("hello", 5);
    buf_clear(&b);
    buf_add(&b, d.b, sizeof d.b);
    buf_u64(&b, 5);
    OK(archive_frame(o, ARCHIVE_OBJECT, buf_view(&b), &e));
    OK(archive_frame(o, ARCHIVE_DATA, STR("hello"), &e));
    OK(archive_frame(o, ARCHIVE_INDEX, (str){0}, &e));
    OK(archive_end(o, 200, &n, &e));
    buf_free(&b);
}

// These bytes may never change: backups of years ago are read by them.
static const char golden[] =
    "7374656d6d6120617263686976652031010000000080854f9c4406000f9c94260100000009000000"
    "09000000ced1173a33f2d15e06736368656d610131040000002800000028000000b3f3fd80851a60"
    "1b2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b982405000000000000"
    "00050000000500000005000000ac5590114cbb719a68656c6c6f0900000000000000000000001cb6"
    "7394000000000a0000004000000040000000995e4776314fedd9c800000000000000010000000000"
    "000001000000000000000500000000000000f6b479c9fec219b412445772ddc509b4097433180215"
    "3b8cce2a7e68e5f71d7e";

static void the_format_is_frozen(void **state) {
    (void)state;
    memory m = {0};
    err e;
    archive_got f;
    int64_t made;
    archive_out *o = archive_out_new(keep, &m);
    write_golden(o);
    archive_out_free(o);
    char *hex = mem_alloc(2 * m.n + 1);
    for (size_t i = 0; i < m.n; i++)
        snprintf(hex + 2 * i, 3, "%02x", (uint8_t)m.p[i]);
    assert_string_equal(hex, golden);
    archive_in *in = archive_in_new(give, &m);
    OK(archive_open(in, ARCHIVE_BACKUP, &made, &e));
    assert_int_equal(made, 1764288000000000);
    static const archive_kind kinds[] = {ARCHIVE_INFO, ARCHIVE_OBJECT, ARCHIVE_DATA,
                                         ARCHIVE_INDEX};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_int_equal(archive_peek(in), kinds[i]);
        assert_int_equal(archive_next(in, &f, &e), 1);
        assert_int_equal(f.kind, kinds[i]);
        assert_false(f.damaged);
    }
    assert_int_equal(archive_next(in, &f, &e), 0);
    assert_int_equal(archive_counted(in).bytes, 5);
    archive_in_free(in);
    free(hex);
    free(m.p);
}

// ---- a backup -------------------------------------------------------------------------------

static memory backup(core_fix *x) {
    err e;
    memory m = {0};
    backup_report r;
    OK(backup_write(x->core, "test", keep, &m, &r, &e));
    assert_int_equal(r.bytes, m.n);
    assert_int_equal(r.lost, 0);
    return m;
}

static void count_bad(void *arg, const char *where, const char *what) {
    (void)where, (void)what;
    ++*(size_t *)arg;
}

// True: every checksum, digest and row is right.
static bool is_whole(memory *m, backup_report *r) {
    err e;
    size_t bad = 0;
    backup_about about;
    arena *a = arena_new();
    m->at = 0;
    archive_in *in = archive_in_new(give, m);
    bool ok = backup_check(in, &(check_watch){.bad = count_bad, .arg = &bad}, a, &about, r, &e);
    archive_in_free(in);
    arena_free(a);
    return ok && !bad;
}

static void fill(core_fix *x, run *r) {
    err e;
    char path[100], hex[ID_HEX];
    *r = core_fix_run(x, "r");
    id_hex(r->id, hex);
    snprintf(path, sizeof path, "0/%s/artifacts/f", hex);
    sha256 large = fix_put(x->f.s, 1, 300000);
    OK(artifact_put(&x->c, str_of(path), large, 300000, &e));
    fix_put(x->f.s, 2, 100);
    fix_put(x->f.s, 3, 0);
    for (int i = 0; i < 300; i++)
        core_fix_log(x, r->id, i % 2 ? "loss" : "acc", i, i * 0.1);
    OK(series_pack_all(x->core, &e));
    core_fix_log(x, r->id, "loss", 1000, 7); // and one that is not packed
}

static void every_damaged_byte_is_found(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    run r;
    backup_report told;
    core_fix_open(x);
    fill(x, &r);
    memory m = backup(x);
    assert_true(is_whole(&m, &told));
    assert_int_equal(told.objects, 3);
    assert_int_equal(told.object_bytes, 300100);
    for (size_t i = 0; i < m.n; i += i < 4000 ? 1 : 997) {
        m.p[i] ^= 0x10;
        if (is_whole(&m, &told)) fail_msg("byte %zu was changed, and nobody saw it", i);
        m.p[i] ^= 0x10;
    }
    size_t n = m.n;
    for (m.n = 0; m.n < n; m.n += m.n < 3000 || m.n > n - 100 ? 1 : 1009)
        assert_false(is_whole(&m, &told));
    m.n = n;
    assert_true(is_whole(&m, &told));
    free(m.p);
    core_fix_close(x);
}

// ---- gc beside it ---------------------------------------------------------------------------

typedef struct racing {
    core_fix *x;
    memory m;
    bool freed;
} racing;

static void forget_leases(core_fix *x) {
    x->f.s->lease = -1000000;
    x->f.s->quiet = x->f.s->grace = -1000000;
}

// With the first bytes of the backup a gc runs that would remove everything.
static bool keep_and_gc(void *arg, const void *p, size_t n, err *e) {
    racing *r = arg;
    gc_report report;
    err own;
    if (!r->freed) {
        gc_options o = {0};
        if (!gc_bin(r->x->core, &o, &report, &own)) fail_msg("%s", own.msg);
        assert_int_equal(report.objects.objects, 3);
        assert_int_equal(report.objects.removed, 0);
    }
    r->freed = true;
    return keep(&r->m, p, n, e);
}

static void a_gc_takes_nothing_from_a_backup(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    backup_report told;
    gc_report report;
    core_fix_open(x);
    forget_leases(x);
    for (uint64_t i = 0; i < 3; i++)
        fix_put(x->f.s, i, i ? 100 : 200000);
    racing r = {.x = x};
    OK(backup_write(x->core, "test", keep_and_gc, &r, &told, &e));
    assert_int_equal(told.objects, 3);
    assert_int_equal(told.lost, 0);
    gc_options o = {0};
    OK(gc_bin(x->core, &o, &report, &e)); // the hold is dropped
    assert_int_equal(report.objects.removed, 3);
    free(r.m.p);
    core_fix_close(x);
}

static void a_hold_runs_out(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    gc_report report;
    gc_options o = {0};
    core_fix_open(x);
    forget_leases(x);
    fix_put(x->f.s, 1, 100);
    OK(store_hold(x->f.s, STR("a backup that was killed"), 3600000000, &e));
    OK(gc_bin(x->core, &o, &report, &e));
    assert_int_equal(report.objects.removed, 0);
    OK(store_hold(x->f.s, STR("a backup that was killed"), -1, &e));
    OK(gc_bin(x->core, &o, &report, &e));
    assert_int_equal(report.objects.removed, 1);
    core_fix_close(x);
}

static void break_found(void *arg, int64_t ws, int64_t number, const char *what) {
    (void)arg, (void)ws;
    fail_msg("event %lld: %s", (long long)number, what);
}

// ---- moving ---------------------------------------------------------------------------------

// From the engine at hand to SQLite, and back into an empty database of the engine at hand.
static void records_move(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture, second, *y = &second;
    err e;
    run r;
    bool empty;
    move_report report;
    char url[1000];
    core_fix_open(x);
    fill(x, &r);
    for (size_t n = 1; n;)
        OK(event_seal(x->core, &n, &e));
    snprintf(url, sizeof url, "sqlite:%s/moved.db", x->f.top);
    db_config c = {.url = str_of(url)};
    db *d;
    OK(d = db_open(&c, &e));
    OK(move_is_empty(d, &empty, &e));
    assert_true(empty);
    OK(core_migrate(d, "test", &e));
    OK(move_is_empty(d, &empty, &e));
    assert_true(empty);
    OK(move_records(x->f.db, d, &report, &e));
    assert_true(report.rows > 10);
    OK(move_is_empty(d, &empty, &e));
    assert_false(empty);
    core_fix_open(y); // what it holds goes
    OK(move_records(d, y->f.db, &report, &e));
    run got;
    OK(run_get(&y->c, r.id, &got, &e));
    series_value *points;
    size_t n;
    OK(series_history(&y->c, r.id, STR("loss"), SERIES_BY_STEP, NULL, 1000, &points, &n, &e));
    assert_int_equal(n, 151);
    uint64_t seen;
    OK(event_check(y->core, break_found, NULL, &seen, &e));
    db_close(d);
    core_fix_close(y);
    core_fix_close(x);
}

static void plans(void **state) {
    (void)state;
    static const db_query all[] = {DU_SQL(SQL_ROW)};
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    const table_set *set = table_set_at(0);
    for (size_t i = 0; i < sizeof all / sizeof *all + 3 * set->n; i++) {
        str plan;
        size_t at = i - sizeof all / sizeof *all;
        const table *t = &set->tables[at / 3 % set->n];
        const db_query *q = i < sizeof all / sizeof *all ? &all[i]
                            : at % 3 == 0                ? &t->after
                            : at % 3 == 1                ? &t->owned_after
                                                         : &t->range_after;
        if (!q->sql || db_engine_of(x->f.db) != DB_SQLITE) continue; // PostgreSQL scans empty tables
        OK(db_explain(x->f.db, q, x->c.a, &plan, &e));
        if (str_find_str(plan, STR("SCAN"), 0) != SIZE_MAX ||
            str_find_str(plan, STR("TEMP B-TREE"), 0) != SIZE_MAX)
            fail_msg("%s scans or sorts:\n%.*s", q->name, STR_F(plan));
    }
    core_fix_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_of_tables_is_complete),
        cmocka_unit_test(the_format_is_frozen),
        cmocka_unit_test(every_damaged_byte_is_found),
        cmocka_unit_test(a_gc_takes_nothing_from_a_backup),
        cmocka_unit_test(a_hold_runs_out),
        cmocka_unit_test(records_move),
        cmocka_unit_test(plans),
    };
    return core_fix_main("core backup", tests, sizeof tests / sizeof *tests);
}
