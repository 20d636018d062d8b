// SPDX-License-Identifier: Apache-2.0
// The parts of the search: patterns, regular expressions, chunks, sets, cursors, the plans of
// its queries.
#include "core_help.h"

#include "base/clock.h"
#include "base/num.h"
#include "core/search_internal.h"
#include "core/search_sql.h"

#include <math.h>

// ---- LIKE ----------------------------------------------------------------------------------
// The textbook's recursion over code points that need no folding.
static bool naive_like(const char *p, const char *t) {
    if (!*p) return !*t;
    if (*p == '%') return naive_like(p + 1, t) || (*t && naive_like(p, t + 1));
    return *t && (*p == '_' || *p == *t) && naive_like(p + 1, t + 1);
}

static void like(void **state) {
    (void)state;
    static const struct {
        const char *text, *pattern;
        bool like, ilike;
    } cases[] = {
        {"", "", true, true},
        {"", "%", true, true},
        {"", "_", false, false},
        {"abc", "abc", true, true},
        {"abc", "ABC", false, true},
        {"abc", "a%", true, true},
        {"abc", "%c", true, true},
        {"abc", "%b%", true, true},
        {"abc", "a_c", true, true},
        {"abc", "a__c", false, false},
        {"abc", "%%", true, true},
        {"a%c", "a%c", true, true},
        {"aXbXc", "a%X%X%c", true, true},
        {"aXbc", "a%X%X%c", false, false},
        {"ab", "ab%ab", false, false},
        {"aab", "%ab", true, true},
        {"abab", "ab%ab", true, true},
        {"\xC3\xA4", "_", true, true},
        {"\xC3\xA4", "__", false, false},
        {"\xC3\x84pfel", "\xC3\xA4PF%", false, true},
        {"\xCE\xA3\xCE\xA9", "\xCF\x83_", false, true},
        {"a\\b", "a\\b", true, true},
        {"line\nbreak", "line%break", true, true},
        {"x", "%x%y%", false, false},
        {"\xF0\x9F\x98\x80!", "_!", true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str t = str_of(cases[i].text), p = str_of(cases[i].pattern);
        if (search_like(t, p, false) != cases[i].like ||
            search_like(t, p, true) != cases[i].ilike)
            fail_msg("'%s' LIKE '%s'", cases[i].text, cases[i].pattern);
    }
    srand(1);
    for (int i = 0; i < 20000; i++) {
        char t[9] = {0}, p[9] = {0};
        for (int k = rand() % 8; k--;) {
            t[k] = "ab"[rand() % 2];
        }
        for (int k = rand() % 8; k--;) {
            p[k] = "ab%_"[rand() % 4];
        }
        for (int k = 0; k < 8; k++) { // no gaps
            if (!t[k]) memset(t + k, 0, sizeof t - (size_t)k);
            if (!p[k]) memset(p + k, 0, sizeof p - (size_t)k);
        }
        bool want = naive_like(p, t);
        if (search_like(str_of(t), str_of(p), false) != want ||
            search_like(str_of(t), str_of(p), true) != want)
            fail_msg("'%s' LIKE '%s' is not %d", t, p, want);
    }
}

// ---- regular expressions -------------------------------------------------------------------
static void regex_matches(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    search_regex *r = search_regex_new(a, STR("^m-[0-9]+$"), &e);
    assert_non_null(r);
    assert_int_equal(search_regex_match(r, STR("m-12"), &e), 1);
    assert_int_equal(search_regex_match(r, STR("m-"), &e), 0);
    r = search_regex_new(a, STR("(?i)\xC3\xA4.b"), &e);
    assert_int_equal(search_regex_match(r,
                                        STR("x\xC3\x84\xE2\x82\xAC"
                                            "B"),
                                        &e),
                     1);
    arena_free(a);
}

static void regex_refuses(void **state) {
    (void)state;
    static const char *const bad[] = {
        "(",         "(?R)",     "(a(?1))",  "(?<n>a)(?&n)", "(?P<n>a)(?P>n)",    "(a)\\g<1>",
        "(a)\\g'1'", "(?+1)(a)", "(a)(?-1)", "a(?C1)b",      "(*LIMIT_MATCH=9)a", "[",
        "\\c\\(?R)", "\xff",     "(?0)",     "\\C"};
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err e = {0};
        if (search_regex_new(a, str_of(bad[i]), &e)) fail_msg("'%s' was to be refused", bad[i]);
        assert_int_equal(e.code, ERR_INVALID);
    }
    char *big = arena_bytes(a, 1025);
    memset(big, 'a', 1025);
    err e = {0};
    assert_null(search_regex_new(a, str_n(big, 1025), &e));
    assert_non_null(search_regex_new(a, str_n(big, 1024), &e));
    arena_free(a);
}

static int64_t cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// One match that would never end, and many short ones: both end in an error within their time.
static void regex_gets_tired(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    search_regex *r = search_regex_new(a, STR("(a+)+[bc]"), &e);
    int64_t from = cpu_ms();
    assert_int_equal(
        search_regex_match(r, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &e), -1);
    assert_int_equal(e.code, ERR_DEADLINE);
    assert_true(cpu_ms() - from < 200);
    e = (err){0};
    r = search_regex_new(a, STR("(a|aa)+[bc]"), &e);
    from = cpu_ms();
    int got = 0;
    for (int i = 0; i < 10000000 && got == 0; i++) {
        got = search_regex_match(r, STR("aaaaaaaaaa"), &e);
    }
    assert_int_equal(got, -1);
    assert_int_equal(e.code, ERR_DEADLINE);
    assert_true(cpu_ms() - from < 500);
    arena_free(a);
}

// ---- chunks --------------------------------------------------------------------------------
static search_cell random_cell(arena *a, search_type type) {
    search_cell c = {.has = rand() % 4 != 0,
                     .i = type == SEARCH_T_STATE ? 17 + rand() % 5
                                                 : (int64_t)rand() << rand() % 33};
    if (type == SEARCH_T_STATE) c.has = true;
    if (!c.has) return (search_cell){0};
    if (type == SEARCH_T_ID) {
        id x = id_new();
        c.text = arena_str(a, str_n(x.b, 16));
    } else if (type == SEARCH_T_TEXT || type == SEARCH_T_SET) {
        c.text = arena_printf(a, "%d", rand() % 50);
        c.is_long = rand() % 9 == 0;
    }
    return c;
}

static void chunks_come_back(void **state) {
    (void)state;
    srand(2);
    arena *a = arena_new();
    for (int type = SEARCH_T_ID; type <= SEARCH_T_SET; type++) {
        static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, SEARCH_CHUNK};
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            search_cell *cells = ARENA_ARRAY(a, search_cell, sizes[s]);
            for (size_t i = 0; i < sizes[s] && s % 3 != 2;
                 i++) { // some chunks without any value
                cells[i] = random_cell(a, (search_type)type);
            }
            err e = {0};
            str blob = search_chunk_encode(a, (search_type)type, cells, sizes[s]);
            search_chunk *c = search_chunk_decode(blob, (search_type)type, &e);
            assert_non_null(c);
            for (size_t i = 0; i < sizes[s]; i++) {
                search_cell got = search_chunk_cell(c, i);
                if (type != SEARCH_T_ID || cells[i].has)
                    assert_true(search_cell_eq((search_type)type, &got, &cells[i]));
            }
            search_chunk_release(c);
            for (size_t i = 0; i < 40; i++) { // damaged, cut, longer
                char *bad = arena_bytes(a, blob.n + 1);
                memcpy(bad, blob.p, blob.n);
                bad[(size_t)rand() % blob.n] ^= (char)(1 << rand() % 8);
                assert_null(search_chunk_decode(str_n(bad, blob.n), (search_type)type, &e));
                assert_int_equal(e.code, ERR_CORRUPT);
                assert_null(search_chunk_decode(str_upto(blob, (size_t)rand() % blob.n),
                                                (search_type)type, &e));
            }
        }
        arena_reset(a);
    }
    arena_free(a);
}

static void sets(void **state) {
    (void)state;
    arena *a = arena_new();
    str texts[] = {STR("b"), STR(""), STR("a"), STR("b")};
    search_cell c = search_set_of(a, texts, 4);
    str rest = c.text, text;
    static const char *const want[] = {"", "a", "b"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(search_set_next(&rest, &text) && str_is(text, want[i]));
    }
    assert_false(search_set_next(&rest, &text));
    assert_false(search_set_of(a, texts, 0).has);
    arena_free(a);
}

static void cache_keeps_its_limit(void **state) {
    (void)state;
    arena *a = arena_new();
    search_cell *cells = ARENA_ARRAY(a, search_cell, SEARCH_CHUNK);
    for (size_t i = 0; i < SEARCH_CHUNK; i++) {
        cells[i] = (search_cell){.has = true, .i = (int64_t)i};
    }
    str blob = search_chunk_encode(a, SEARCH_T_NUM, cells, SEARCH_CHUNK);
    err e = {0};
    for (int64_t stamp = 1; stamp <= 3000; stamp++) {
        search_chunk *c = search_chunk_decode(blob, SEARCH_T_NUM, &e);
        search_cache_put(stamp, 9, 1, c);
        search_chunk_release(c);
    }
    size_t there = 0;
    for (int64_t stamp = 1; stamp <= 3000; stamp++) {
        search_chunk *c = search_cache_get(stamp, 9, 1);
        if (!c) continue;
        there++;
        assert_int_equal(c->num[77], 77);
        search_chunk_release(c);
    }
    assert_in_range(there, 100, SEARCH_CACHE_BYTES / 32768);
    assert_null(search_cache_get(3000, 8, 1));
    arena_free(a);
}

// ---- cursors -------------------------------------------------------------------------------
static void cursors(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    search_hash h = {{1, 2, 3}}, other = {{1, 2, 4}};
    search_key keys[] = {{.type = SEARCH_T_NUM, .i = num_order(-1.5)},
                         {.type = SEARCH_T_TEXT, .text = STR_K("t\0\xC3")},
                         {.type = SEARCH_T_NUM, .rank = 1},
                         {.type = SEARCH_T_INT, .rank = 2}};
    id x = id_new(), got;
    str c = search_cursor_write(a, h, keys, 4, x);
    search_key back[4] = {{.type = SEARCH_T_NUM},
                          {.type = SEARCH_T_TEXT},
                          {.type = SEARCH_T_NUM},
                          {.type = SEARCH_T_INT}};
    OK(search_cursor_read(a, c, h, back, 4, &got, &e));
    assert_true(id_eq(x, got) && back[0].i == keys[0].i && str_eq(back[1].text, keys[1].text) &&
                back[2].rank == 1 && back[3].rank == 2);
    FAILS(ERR_INVALID, search_cursor_read(a, c, other, back, 4, &got, &e));
    FAILS(ERR_INVALID, search_cursor_read(a, c, h, back, 3, &got, &e));
    FAILS(ERR_INVALID, search_cursor_read(a, STR("garbage"), h, back, 4, &got, &e));
    FAILS(ERR_INVALID, search_cursor_read(a, STR("!"), h, back, 4, &got, &e));
    FAILS(ERR_INVALID, search_cursor_read(a, str_upto(c, c.n - 1), h, back, 4, &got, &e));
    for (size_t i = 0; i < c.n; i++) {
        char *bad = arena_cstr(a, c);
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        FAILS(ERR_INVALID, search_cursor_read(a, str_of(bad), h, back, 4, &got, &e));
    }
    arena_free(a);
}

// ---- plans ---------------------------------------------------------------------------------
// No query of the index may read a whole table. (On PostgreSQL an empty table is always
// scanned: asked on SQLite only.)
static void plans(void **state) {
    (void)state;
    static const db_query all[] = {SEARCH_SQL(SQL_ROW)};
    core_fix x;
    core_fix_open(&x);
    err e;
    for (size_t i = 0; !fix_pg && i < sizeof all / sizeof *all; i++) {
        str plan;
        OK(db_explain(x.f.db, &all[i], x.c.a, &plan, &e));
        for (str line; str_split(&plan, '\n', &line);) {
            line = str_trim(line);
            if (str_starts(line, STR("SCAN ")) && !str_starts(line, STR("SCAN CONSTANT")))
                fail_msg("%s: %.*s", all[i].name, STR_F(line));
        }
    }
    core_fix_close(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(like),
                                       cmocka_unit_test(regex_matches),
                                       cmocka_unit_test(regex_refuses),
                                       cmocka_unit_test(regex_gets_tired),
                                       cmocka_unit_test(chunks_come_back),
                                       cmocka_unit_test(sets),
                                       cmocka_unit_test(cache_keeps_its_limit),
                                       cmocka_unit_test(cursors),
                                       cmocka_unit_test(plans)};
    return core_fix_main("search", tests, sizeof tests / sizeof *tests);
}
