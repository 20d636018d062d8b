// SPDX-License-Identifier: Apache-2.0
// Consoles and signs of life: lines out of bytes, records there and back, batches that are sent
// twice, pages from both ends, searches, limits, damage, gc; runs that crash and come back.
#include "core_help.h"

#include "core/beat.h"
#include "core/beat_sql.h"
#include "core/console_internal.h"
#include "core/console_sql.h"

// ---- lines ----------------------------------------------------------------------------------

typedef struct lines {
    char text[64][200];
    size_t n[64], count;
} lines;

static void collect(void *arg, str text) {
    lines *l = arg;
    if (l->count == 64) fail_msg("too many lines");
    snprintf(l->text[l->count], sizeof l->text[0], "%.*s", STR_F(text));
    l->n[l->count++] = text.n;
    assert_true(str_is_text(text));
}

// Whole, and byte by byte: the same lines.
static void splits(str bytes, size_t count, const char *const *want) {
    for (size_t piece = bytes.n ? bytes.n : 1;; piece = 1) {
        lines l = {0};
        console_splitter s;
        console_splitter_init(&s);
        for (size_t at = 0; at < bytes.n; at += piece)
            console_feed(&s, str_upto(str_from(bytes, at), piece), collect, &l);
        console_flush(&s, collect, &l);
        console_splitter_free(&s);
        assert_int_equal(l.count, count);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(l.text[i], want[i]);
        if (piece == 1) return;
    }
}
#define SPLITS(bytes, ...)                                                                     \
    do {                                                                                       \
        static const char *const want_[] = {__VA_ARGS__};                                      \
        splits(STR(bytes), sizeof want_ / sizeof *want_, want_);                               \
    } while (0)

static void splitting(void **state) {
    (void)state;
    splits(STR(""), 0, NULL);
    SPLITS("a\nb\n", "a", "b");
    SPLITS("a\n\nb", "a", "", "b");
    SPLITS("\n", "");
    SPLITS("a\r\nb\r\n", "a", "b");
    SPLITS("10%\r20%\r30%\ndone\n", "30%", "done");
    SPLITS("10%\r20%\r", "20%");
    SPLITS("10%\r\r\r\n", "10%");
    SPLITS("long\rab\n", "ab");
    SPLITS("a\xff" "b\xc3\n\xe2\x82\xac\n", "a\xef\xbf\xbd" "b\xef\xbf\xbd", "\xe2\x82\xac");
    SPLITS("nul \0 here\n", "nul \\0 here");
    SPLITS("\x1b[31mred\x1b[m\n", "\x1b[31mred\x1b[m");
}

static void long_lines(void **state) {
    (void)state;
    size_t n = CONSOLE_LINE_MAX + 1000;
    char *p = mem_alloc(n + 1);
    lines l = {0};
    console_splitter s;
    memset(p, 'x', n);
    // A character of three bytes lies across the cut.
    memcpy(p + CONSOLE_LINE_MAX - 1, "\xe2\x82\xac", 3);
    p[n] = '\n';
    console_splitter_init(&s);
    console_feed(&s, str_n(p, n + 1), collect, &l);
    for (size_t i = 0; i <= n; i += 777)
        console_feed(&s, str_upto(str_n(p + i, n + 1 - i), 777), collect, &l);
    assert_int_equal(l.count, 2);
    assert_int_equal(l.n[0], CONSOLE_LINE_MAX - 1 + strlen(" [1001 bytes more]"));
    assert_int_equal(l.n[1], l.n[0]);
    console_splitter_free(&s);
    free(p);
}

// ---- records --------------------------------------------------------------------------------

static void records(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    console_line in[300], *out;
    size_t n;
    for (size_t i = 0; i < 300; i++) {
        in[i] = (console_line){.time_us = i % 7 == 0 ? INT64_MIN : (int64_t)(1700000000000000 + i),
                               .stream = (console_stream)(i % 3),
                               .text = arena_printf(a, "epoch %zu of 300, loss %zu", i, i * i)};
    }
    in[5].text = (str){0};
    for (size_t want = 1; want <= 300; want += 299) {
        str r = console_encode(a, in, want);
        OK(console_decode(a, r, 41, &out, &n, &e));
        assert_int_equal(n, want);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(out[i].number, 41 + i);
            assert_true(out[i].time_us == in[i].time_us && out[i].stream == in[i].stream);
            assert_true(str_eq(out[i].text, in[i].text));
        }
        if (want == 300) assert_true(r.n < 3000);
        for (size_t i = 0; i < r.n; i++) { // every byte matters
            char *bad = arena_bytes(a, r.n);
            memcpy(bad, r.p, r.n);
            bad[i] = (char)(bad[i] ^ 0x10);
            FAILS(ERR_CORRUPT, console_decode(a, str_n(bad, r.n), 1, &out, &n, &e));
            FAILS(ERR_CORRUPT, console_decode(a, str_upto(r, i), 1, &out, &n, &e));
        }
    }
    arena_free(a);
}

// Bytes of version 1 never change.
static void golden(void **state) {
    (void)state;
    static const char bytes[] = "\x01\x00\x45\xb4\xd8\xc1\x03\x0d\x08\x80\x80\x01\x09\x02\x06\x01" "hibye";
    arena *a = arena_new();
    err e;
    size_t n;
    console_line *out;
    const console_line in[] = {{.time_us = 8192, .text = STR_K("hi")},
                               {.time_us = 8193, .stream = CONSOLE_ERR, .text = STR_K("by")},
                               {.time_us = 8192, .stream = CONSOLE_NOTE, .text = STR_K("e")}};
    assert_true(str_eq(console_encode(a, in, 3), STR(bytes)));
    OK(console_decode(a, STR(bytes), 7, &out, &n, &e));
    assert_true(n == 3 && out[1].number == 8 && out[2].time_us == 8192);
    assert_true(str_eq(out[2].text, STR("e")) && out[2].stream == CONSOLE_NOTE);
    arena_free(a);
}

// ---- appending and reading ------------------------------------------------------------------

static console_kept append(core_fix *x, id run_id, const char *source, int64_t number,
                           size_t from, size_t n) {
    err e;
    console_kept kept;
    console_batch *b = console_batch_new(x->c.a);
    for (size_t i = from; i < from + n; i++)
        console_batch_add(b, (int64_t)i, i % 10 == 0 ? CONSOLE_ERR : CONSOLE_OUT,
                          arena_printf(x->c.a, "line %zu", i));
    OK(console_append(&x->c, run_id, b, str_of(source), number, &kept, &e));
    return kept;
}

static console_page page(core_fix *x, id run_id, console_query q) {
    err e;
    console_page p;
    OK(console_read(&x->c, run_id, &q, &p, &e));
    for (size_t i = 1; i < p.n; i++)
        assert_true(p.lines[i].number > p.lines[i - 1].number);
    return p;
}

static void batches(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run r = core_fix_run(x, "r");
    console_kept k = append(x, r.id, "a", 1, 1, 10);
    assert_true(k.first == 1 && k.lines == 10 && !k.repeated && !k.full);
    k = append(x, r.id, "a", 1, 1, 10);
    assert_true(k.repeated && k.lines == 10 && k.first == 0);
    k = append(x, r.id, "b", 1, 11, 5); // another source counts by itself
    assert_true(k.first == 11 && k.lines == 15);
    k = append(x, r.id, "", 0, 16, 1);
    k = append(x, r.id, "", 0, 17, 1); // without a source nothing is a retry
    assert_int_equal(k.lines, 17);
    k = append(x, r.id, "a", 2, 18, 0);
    assert_true(k.lines == 17 && k.first == 0);
    console_batch *b = console_batch_new(x->c.a);
    console_batch_add(b, 1, CONSOLE_OUT, STR("one\ntwo\r\nthree"));
    OK(console_append(&x->c, r.id, b, STR(""), 0, &k, &e));
    assert_true(k.first == 18 && k.lines == 20);
    FAILS(ERR_NOT_FOUND, console_append(&x->c, id_new(), b, STR(""), 0, &k, &e));
    OK(run_delete(&x->c, r.id, &e));
    FAILS(ERR_STATE, console_append(&x->c, r.id, b, STR(""), 0, &k, &e));
    core_fix_close(x);
}

static void pages(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    run r = core_fix_run(x, "r");
    console_page p = page(x, r.id, (console_query){.from = 1, .max = 10});
    assert_true(p.n == 0 && !p.next && p.total == 0 && !p.ended);
    for (int i = 0; i < 200; i++) // records of 1 line to 199
        append(x, r.id, "s", i, 1 + (size_t)i * (size_t)(i - 1) / 2, (size_t)i);
    append(x, r.id, "big", 1, 19901, 9000); // several records at once
    int64_t total = 28900, seen = 0;
    for (int64_t from = 1; from;) {
        p = page(x, r.id, (console_query){.from = from, .max = 777});
        assert_int_equal(p.total, total);
        for (size_t i = 0; i < p.n; i++) {
            assert_int_equal(p.lines[i].number, ++seen);
            assert_int_equal(p.lines[i].time_us, seen);
        }
        from = p.next;
        arena_reset(x->c.a);
    }
    assert_int_equal(seen, total);
    seen = total + 1;
    for (int64_t from = INT64_MAX; from;) {
        p = page(x, r.id, (console_query){.from = from, .max = 777, .backward = true});
        for (size_t i = p.n; i-- > 0;)
            assert_int_equal(p.lines[i].number, --seen);
        from = p.next;
        arena_reset(x->c.a);
    }
    assert_int_equal(seen, 1);
    p = page(x, r.id, (console_query){.from = total + 1, .max = 10}); // a live tail's wait
    assert_true(p.n == 0 && !p.next);
    p = page(x, r.id, (console_query){.from = -5, .max = 1, .backward = true});
    assert_true(p.n == 0 && !p.next);
    core_fix_close(x);
}

static void searches(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run r = core_fix_run(x, "r");
    for (int i = 0; i < 10; i++)
        append(x, r.id, "s", i, 1 + (size_t)i * 1000, 1000);
    console_query q = {.from = 1, .max = 100, .search = STR("line 777")};
    console_page p = page(x, r.id, q);
    assert_int_equal(p.n, 11);
    SAME(p.lines[10].text, "line 7779");
    assert_true(!p.next);
    q.max = 3;
    p = page(x, r.id, q);
    assert_true(p.n == 3 && p.lines[2].number == 7771 && p.next == 7772);
    q.from = p.next;
    p = page(x, r.id, q);
    assert_true(p.n == 3 && p.lines[0].number == 7772);
    q = (console_query){.from = INT64_MAX, .max = 2, .search = STR("^line 12?3$"),
                        .pattern = true, .backward = true};
    p = page(x, r.id, q);
    assert_true(p.n == 2 && p.lines[0].number == 13 && p.lines[1].number == 123);
    q = (console_query){.from = 1, .max = 1000, .one_stream = true, .stream = CONSOLE_ERR};
    p = page(x, r.id, q);
    assert_true(p.n == 1000 && p.lines[999].number == 10000);
    FAILS(ERR_INVALID, console_read(&x->c, r.id,
                                    &(console_query){.from = 1, .max = 1, .search = STR("(a"),
                                                     .pattern = true}, &p, &e));
    // A pattern that takes too long ends pages early, and at last tells so.
    console_kept kept;
    console_batch *b = console_batch_new(x->c.a);
    console_batch_add(b, 1, CONSOLE_OUT, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"));
    OK(console_append(&x->c, r.id, b, STR(""), 0, &kept, &e));
    q = (console_query){.from = 9990, .max = 1000, .search = STR("(a+)+$"), .pattern = true};
    p = page(x, r.id, q);
    assert_true(p.n == 0 && p.next == 10001);
    q.from = p.next;
    FAILS(ERR_DEADLINE, console_read(&x->c, r.id, &q, &p, &e));
    core_fix_close(x);
}

typedef struct statement {
    db_query q;
    id run;
    str blob;
} statement;

static bool run_statement(db_tx *tx, void *arg, err *e) {
    statement *s = arg;
    if (s->blob.n) return db_do(tx, &s->q, e, DB_ID(s->run), DB_BLOB(s->blob)) > 0;
    return db_do(tx, &s->q, e, DB_ID(s->run)) > 0;
}

static void change(core_fix *x, const char *sql, id run_id, str blob) {
    err e;
    static statement pool[32]; // a connection keeps the query's address
    static size_t used;
    if (used == sizeof pool / sizeof *pool) fail_msg("too many statements");
    statement *s = &pool[used++];
    *s = (statement){{"test", sql, false}, run_id, blob};
    OK(db_write(x->f.db, run_statement, s, &e));
}

static void limits(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    run r = core_fix_run(x, "r");
    append(x, r.id, "s", 1, 1, 5);
    change(x, "UPDATE console SET bytes = 1073741800 WHERE run = $1", r.id, (str){0});
    console_kept k = append(x, r.id, "s", 2, 6, 10);
    assert_true(k.full && k.first == 0 && k.lines == 6);
    k = append(x, r.id, "s", 3, 6, 10);
    assert_true(k.full && k.lines == 6); // told once
    console_page p = page(x, r.id, (console_query){.from = 1, .max = 100});
    assert_true(p.n == 6 && p.lines[5].stream == CONSOLE_NOTE);
    assert_true(str_find_str(p.lines[5].text, STR("full"), 0) != SIZE_MAX);
    core_fix_close(x);
}

typedef struct told {
    size_t n;
    char last[200];
} told;

static void tell(void *arg, id run_id, const char *what) {
    (void)run_id;
    told *t = arg;
    t->n++;
    snprintf(t->last, sizeof t->last, "%s", what);
}

static void damage(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run r = core_fix_run(x, "r");
    told t = {0};
    uint64_t n;
    console_page p;
    for (int i = 0; i < 5; i++)
        append(x, r.id, "s", i, 1 + (size_t)i * 10, 10);
    OK(console_check(x->core, tell, &t, &n, &e));
    assert_true(t.n == 0 && n == 5);
    change(x, "UPDATE console_record SET data = $2 WHERE run = $1 AND first = 21", r.id,
           STR("\1\0junk, and more of it"));
    OK(console_check(x->core, tell, &t, &n, &e));
    assert_int_equal(t.n, 1);
    assert_true(strstr(t.last, "lines 21 to 30") != NULL);
    console_query q = {.from = 1, .max = 100};
    p = page(x, r.id, q); // what is before the damage is served
    assert_true(p.n == 20 && p.next == 21);
    q.from = p.next;
    FAILS(ERR_CORRUPT, console_read(&x->c, r.id, &q, &p, &e));
    assert_true(strstr(e.msg, "lines 21 to 30") != NULL);
    q.from = 31;
    p = page(x, r.id, q);
    assert_int_equal(p.n, 20);
    change(x, "DELETE FROM console_record WHERE run = $1 AND first = 41", r.id, (str){0});
    change(x, "DELETE FROM console_record WHERE run = $1 AND first = 1", r.id, (str){0});
    t = (told){0};
    OK(console_check(x->core, tell, &t, &n, &e));
    assert_int_equal(t.n, 3);
    core_fix_close(x);
}

static void freed_with_the_run(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run r = core_fix_run(x, "r"), keep = core_fix_run(x, "keep");
    gc_report report;
    told t = {0};
    uint64_t n;
    for (int i = 0; i < 450; i++)
        append(x, r.id, "s", i, 1, 1);
    append(x, keep.id, "s", 1, 1, 3);
    OK(beat(&x->c, r.id, 1000000, STR("t"), &e));
    OK(run_delete(&x->c, r.id, &e));
    gc_options all = {0};
    OK(gc_bin(x->core, &all, &report, &e));
    assert_int_equal(report.runs, 1);
    OK(console_check(x->core, tell, &t, &n, &e));
    assert_true(t.n == 0 && n == 1);
    core_fix_close(x);
}

// ---- signs of life --------------------------------------------------------------------------

#define SECOND INT64_C(1000000)

static uint64_t sweep(core_fix *x, int64_t after_us, int64_t since_us) {
    err e;
    uint64_t crashed;
    OK(beat_sweep(x->core, clock_now_us() + after_us, since_us, &crashed, &e));
    return crashed;
}

static run get(core_fix *x, id run_id) {
    err e;
    run r;
    OK(run_get(&x->c, run_id, &r, &e));
    return r;
}

static void crashing(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run r = core_fix_run(x, "r"), quiet = core_fix_run(x, "no promise");
    run ended = core_fix_run(x, "ended"), slow = core_fix_run(x, "slow"), out;
    int64_t long_ago = 0;
    OK(beat(&x->c, r.id, SECOND, STR("host h, process 12"), &e));
    OK(beat(&x->c, ended.id, SECOND, STR(""), &e));
    OK(beat(&x->c, slow.id, 60 * SECOND, STR(""), &e));
    OK(run_update(&x->c, ended.id,
                  &(run_change){.has_status = true, .status = RUN_FINISHED}, &out, &e));
    assert_int_equal(sweep(x, 29 * SECOND, long_ago), 0);
    // Nobody could give signs of life while no server looked.
    assert_int_equal(sweep(x, 31 * SECOND, clock_now_us() + 20 * SECOND), 0);
    assert_int_equal(sweep(x, 31 * SECOND, long_ago), 1);
    assert_int_equal(sweep(x, 31 * SECOND, long_ago), 0); // once
    run now = get(x, r.id);
    assert_int_equal(now.status, RUN_CRASHED);
    assert_true(now.has_end);
    assert_true(str_find_str(now.reason, STR("host h, process 12"), 0) != SIZE_MAX);
    assert_int_equal(get(x, quiet.id).status, RUN_RUNNING);
    assert_int_equal(get(x, ended.id).status, RUN_FINISHED);
    assert_int_equal(get(x, slow.id).status, RUN_RUNNING);
    OK(beat(&x->c, r.id, SECOND, STR("host h, process 12"), &e));
    now = get(x, r.id);
    assert_true(now.status == RUN_RUNNING && !now.has_end && !now.reason.p);
    assert_int_equal(sweep(x, 31 * SECOND, long_ago), 1); // and again
    OK(run_update(&x->c, r.id, &(run_change){.has_status = true, .status = RUN_FAILED}, &out,
                  &e));
    OK(beat(&x->c, r.id, SECOND, STR(""), &e)); // what a client said stays
    assert_int_equal(get(x, r.id).status, RUN_FAILED);
    assert_int_equal(sweep(x, 200 * SECOND, long_ago), 1); // the slow one
    core_fix_close(x);
}

static void promises(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run r = core_fix_run(x, "r");
    OK(beat(&x->c, r.id, SECOND, STR(""), &e));
    OK(beat(&x->c, r.id, 0, STR(""), &e)); // taken back
    assert_int_equal(sweep(x, 100 * SECOND, 0), 0);
    FAILS(ERR_NOT_FOUND, beat(&x->c, id_new(), SECOND, STR(""), &e));
    OK(beat(&x->c, r.id, SECOND, STR(""), &e));
    OK(run_delete(&x->c, r.id, &e));
    FAILS(ERR_STATE, beat(&x->c, r.id, SECOND, STR(""), &e));
    assert_int_equal(sweep(x, 100 * SECOND, 0), 0); // in the bin
    for (int i = 0; i < 250; i++) {
        run one = core_fix_run(x, "many");
        OK(beat(&x->c, one.id, SECOND, STR(""), &e));
    }
    assert_int_equal(sweep(x, 100 * SECOND, 0), 250);
    core_fix_close(x);
}

static void hot_queries_do_not_scan(void **state) {
    (void)state;
    static const db_query all[] = {CONSOLE_SQL(SQL_ROW) BEAT_SQL(SQL_ROW)};
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
    core_fix_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitting),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(records),
        cmocka_unit_test(golden),
        cmocka_unit_test(batches),
        cmocka_unit_test(pages),
        cmocka_unit_test(searches),
        cmocka_unit_test(limits),
        cmocka_unit_test(damage),
        cmocka_unit_test(freed_with_the_run),
        cmocka_unit_test(crashing),
        cmocka_unit_test(promises),
        cmocka_unit_test(hot_queries_do_not_scan),
    };
    return core_fix_main("console", tests, sizeof tests / sizeof *tests);
}
