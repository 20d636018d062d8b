// SPDX-License-Identifier: Apache-2.0
// str, UTF-8, err, id, clock and digest. The oracles are the C library, OpenSSL's and RFCs'
// published vectors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/digest_internal.h"
#include "base/err.h"
#include "base/id.h"
#include "base/utf8_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void strings_compare(void **state) {
    (void)state;
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("\x7f"), STR("\x80")) < 0); // bytes, not signed characters
    assert_true(str_cmp(STR("B"), STR("a")) < 0);
    assert_int_equal(str_cmp((str){0}, STR("")), 0);
    assert_true(str_eq_nocase(STR("AbZ-1"), STR("aBz-1")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
    assert_false(str_eq_nocase(STR("["), STR("{"))); // 32 apart, and no letters
    assert_true(str_starts(STR("abc"), STR("ab")) && str_ends(STR("abc"), STR("bc")));
    assert_false(str_starts(STR("a"), STR("ab")) || str_ends(STR("c"), STR("bc")));
}

static void strings_are_searched(void **state) {
    (void)state;
    str s = STR("a,b,,c");
    assert_int_equal(str_find(s, ',', 0), 1);
    assert_int_equal(str_find(s, ',', 2), 3);
    assert_true(str_find(s, 'x', 0) == SIZE_MAX);
    assert_true(str_find(s, ',', 100) == SIZE_MAX);
    assert_int_equal(str_find_str(s, STR(",c"), 0), 4);
    assert_true(str_find_str(s, STR(",c"), 5) == SIZE_MAX);
    assert_int_equal(str_find_str(s, STR(""), 6), 6);
    assert_true(str_find_str(s, STR("a,b,,c,"), 0) == SIZE_MAX);
    assert_int_equal(str_find_str((str){0}, (str){0}, 0), 0);
}

static void assert_parts(str rest, const char *joined) {
    char got[64] = "";
    for (str part; str_split(&rest, ',', &part);) {
        strncat(got, part.p, part.n);
        strcat(got, "|");
    }
    assert_string_equal(got, joined);
}

static void strings_are_split_and_trimmed(void **state) {
    (void)state;
    assert_parts(STR("a,b,,c"), "a|b||c|");
    assert_parts(STR("a,"), "a||");
    assert_parts(STR(""), "|");
    assert_parts((str){0}, "");
    assert_true(str_is(str_trim(STR(" \t\r\n a b\v\f ")), "a b"));
    assert_int_equal(str_trim(STR("  ")).n, 0);
    assert_int_equal(str_trim((str){0}).n, 0);
    assert_true(str_is(str_from(STR("abc"), 1), "bc") && !str_from(STR("abc"), 9).n);
    assert_true(str_is(str_upto(STR("abc"), 9), "abc") && str_is(str_upto(STR("abc"), 1), "a"));
}

static void integers_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t v;
    } t[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"007", true, 7},
        {"-12", true, -12},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int64_t v = 42;
        assert_int_equal(str_to_i64(str_of(t[i].text), &v), t[i].ok);
        assert_true(v == (t[i].ok ? t[i].v : 42));
    }
}

static void utf8_is_checked(void **state) {
    (void)state;
    static const str good[] = {
        STR_K(""),
        STR_K("plain text of more than eight bytes"),
        STR_K("\xc2\x80\xdf\xbf"),
        STR_K("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"),
        STR_K("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
        STR_K("12345678\xc3\xa9 12345678\xe2\x82\xac"),
    };
    static const str bad[] = {
        STR_K("\x80"),
        STR_K("\xbf\xbf"),
        STR_K("\xc0\x80"), // over-long
        STR_K("\xc1\xbf"),
        STR_K("\xe0\x9f\xbf"),
        STR_K("\xf0\x8f\xbf\xbf"),
        STR_K("\xed\xa0\x80"), // surrogates
        STR_K("\xed\xbf\xbf"),
        STR_K("\xf4\x90\x80\x80"), // above U+10FFFF
        STR_K("\xf5\x80\x80\x80"),
        STR_K("\xff"),
        STR_K("\xc3"), // cut
        STR_K("\xe2\x82"),
        STR_K("\xf0\x9f\x98"),
        STR_K("\xe2\x82 "),
        STR_K("\xf0\x9f\x98x"),
        STR_K("\xc3\xc3\xa9"),
        STR_K("12345678\xff"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(str_is_text(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(str_is_text(bad[i]));
    assert_false(str_is_text(STR("a\0b")));
    assert_true(str_is_text((str){0}));
}

static void every_code_point_survives(void **state) {
    (void)state;
    for (unsigned cp = 1; cp <= 0x10ffff; cp++) {
        if (cp >= 0xd800 && cp < 0xe000) continue;
        char s[4];
        size_t n = utf8_put(s, cp);
        if (utf8_len(s, s + n) != n || (n > 1 && utf8_len(s, s + n - 1))) fail();
    }
}

static void code_points_are_counted(void **state) {
    (void)state;
    str s = STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
    assert_int_equal(str_code_points(s), 5);
    static const size_t bytes[] = {0, 1, 3, 6, 10, 11, 11};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(str_upto_code_points(s, i).n, bytes[i]);
    assert_int_equal(str_code_points((str){0}), 0);
}

static void errors_are_filled(void **state) {
    (void)state;
    err e;
    assert_false(err_set(&e, ERR_EXISTS, "the run %s", "r1"));
    assert_int_equal(e.code, ERR_EXISTS);
    assert_string_equal(e.msg, "the run r1");
    err_set(&e, ERR_STATE, "again: %s", e.msg); // its own text as an argument
    assert_string_equal(e.msg, "again: the run r1");
    assert_false(err_set(NULL, ERR_STATE, "nobody listens"));
    errno = EDQUOT;
    assert_false(err_errno(&e, "writing %d", 7));
    assert_int_equal(e.code, ERR_NO_SPACE);
    assert_int_equal(errno, EDQUOT);
    assert_non_null(strstr(e.msg, "writing 7: "));
    errno = EIO;
    err_errno(&e, "x");
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    errno = EBADF;
    err_errno(&e, "x");
    assert_int_equal(e.code, ERR_INTERNAL);
    assert_string_equal(err_about(ERR_TOO_LARGE)->name, "TOO_LARGE");
    assert_int_equal(err_about(ERR_TOO_LARGE)->http, 413);
    assert_true(err_about(ERR_UNAVAILABLE)->retry);
}

// A long message is cut between code points, wherever the end falls.
static void errors_are_cut_at_a_code_point(void **state) {
    (void)state;
    static const char *const points[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t k = 0; k < 4; k++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[2000] = "";
            memset(text, '.', shift);
            size_t w = strlen(points[k]);
            for (size_t n = shift; n + w < sizeof text; n += w)
                memcpy(text + n, points[k], w + 1);
            err e;
            err_set(&e, ERR_INVALID, "%s", text);
            size_t n = strlen(e.msg);
            assert_true(n > sizeof e.msg - 5 && n < sizeof e.msg);
            assert_true(str_is_text(str_of(e.msg)));
        }
    }
}

static void ids_rise_and_carry_their_version(void **state) {
    (void)state;
    id last = {0};
    assert_true(id_is_zero(last));
    int64_t before = clock_now_us() / 1000;
    for (int i = 0; i < 100000; i++) {
        id now = id_new();
        assert_true(id_cmp(last, now) < 0);
        assert_int_equal(now.b[6] >> 4, 7);
        assert_int_equal(now.b[8] >> 6, 2);
        last = now;
    }
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | last.b[i];
    assert_true(ms >= before && ms <= clock_now_us() / 1000 + 1);
    assert_int_equal(id_ms(last), ms);
    id least = id_least_at(ms);
    assert_int_equal(id_ms(least), ms);
    assert_true(id_cmp(least, last) < 0 && id_cmp(id_least_at(ms + 1), last) > 0);
}

static void ids_are_printed_and_read(void **state) {
    (void)state;
    arena *a = arena_new();
    id i = id_new(), j;
    str s = id_str(a, i);
    assert_int_equal(s.n, 32);
    assert_true(id_parse(s, &j) && id_eq(i, j));
    assert_true(id_parse(STR("00112233445566778899aAbBcCdDeEfF"), &j));
    assert_memory_equal(j.b, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff",
                        16);
    assert_true(str_is(id_str(a, j), "00112233445566778899aabbccddeeff"));
    id same = j;
    assert_false(id_parse(STR("00112233445566778899aabbccddeef"), &j));
    assert_false(id_parse(STR("00112233445566778899aabbccddeeff0"), &j));
    assert_false(id_parse(STR("00112233445566778899aabbccddeefg"), &j));
    assert_false(id_parse(STR("00112233-4455-6677-8899-aabbccdde"), &j));
    assert_true(id_eq(same, j));
    arena_free(a);
}

// Parent and child must not draw from the same randomness.
static void ids_of_a_child_differ(void **state) {
    (void)state;
    id_new();
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (!pid) {
        id mine = id_new();
        _exit(write(fd[1], &mine, sizeof mine) == sizeof mine ? 0 : 1);
    }
    id ours = id_new(), theirs;
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(read(fd[0], &theirs, sizeof theirs), sizeof theirs);
    assert_memory_not_equal(ours.b + 9, theirs.b + 9, 7);
    close(fd[0]);
    close(fd[1]);
}

static void dates_are_those_of_the_c_library(void **state) {
    (void)state;
    arena *a = arena_new();
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t s = (int64_t)(seed >> 20) % 253402300800; // years 1970 to 9999
        if (i & 1) s = -(s % 62167219200);                // and before, to year 0
        int64_t us = s * 1000000 + (int64_t)(seed >> 44) % 1000000;
        time_t t = s;
        struct tm tm;
        gmtime_r(&t, &tm);
        char want[64], day[64];
        size_t n = strftime(day, sizeof day, "%a, %d %b ", &tm);
        snprintf(day + n, sizeof day - n, "%04d %02d:%02d:%02d GMT", tm.tm_year + 1900,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
        snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 (int)((seed >> 44) % 1000000));
        assert_string_equal(clock_rfc3339(a, us).p, want);
        assert_string_equal(clock_http_date(a, us).p, day);
        arena_reset(a);
    }
    assert_string_equal(clock_rfc3339(a, -1).p, "1969-12-31T23:59:59.999999Z");
    assert_string_equal(clock_rfc3339(a, 951782400000000).p, "2000-02-29T00:00:00.000000Z");
    assert_string_equal(clock_rfc3339(a, INT64_MAX).p, "9999-12-31T23:59:59.999999Z");
    assert_string_equal(clock_rfc3339(a, INT64_MIN).p, "0000-01-01T00:00:00.000000Z");
    assert_string_equal(clock_http_date(a, 784111777000000).p, "Sun, 06 Nov 1994 08:49:37 GMT");
    int64_t m = clock_mono_us();
    assert_true(clock_mono_us() >= m);
    assert_true(llabs(clock_now_us() / 1000000 - time(NULL)) <= 1);
    arena_free(a);
}

static void sha256_is_that_of_fips_180(void **state) {
    (void)state;
    char hex[SHA256_HEX];
    sha256 d = sha256_of("abc", 3), e;
    sha256_hex(d, hex);
    assert_string_equal(hex,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(sha256_parse(str_of(hex), &e) && sha256_eq(d, e));
    assert_false(sha256_parse(STR("ba78"), &e));
    sha256_hex(sha256_of(NULL, 0), hex);
    assert_string_equal(hex,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_ctx *c = sha256_new();
    for (int round = 0; round < 2; round++) { // the end begins anew
        sha256_add(c, "a", 1);
        sha256_add(c, NULL, 0);
        sha256_add(c, "bc", 2);
        assert_true(sha256_eq(sha256_end(c), d));
    }
    sha256_free(c);
    sha256_free(NULL);
}

static uint32_t crc_by_bits(uint32_t crc, const unsigned char *p, size_t n) {
    crc = ~crc;
    for (; n; n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

static void crc32c_is_that_of_rfc_3720(void **state) {
    (void)state;
    unsigned char b[32] = {0};
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, b, 32), 0x8a9136aa);
    memset(b, 0xff, 32);
    assert_int_equal(crc32c(0, b, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        b[i] = (unsigned char)i;
    assert_int_equal(crc32c(0, b, 32), 0x46dd794e);
    assert_int_equal(crc32c(0, NULL, 0), 0);
}

static void crc32c_is_one_value_by_all_ways(void **state) {
    (void)state;
    enum { N = 40000 };
    unsigned char *p = malloc(N);
    random_bytes(p, N);
    static const size_t sizes[] = {1,   7,    8,    9,     255,   256,   767,   768,  769,
                                   775, 1536, 4096, 12287, 12288, 12289, 24576, 39000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t off = 0; off < 9; off += 3) {
            uint32_t want = crc_by_bits(123, p + off, sizes[i]);
            assert_int_equal(crc32c(123, p + off, sizes[i]), want);
            assert_int_equal(crc32c_by_table(123, p + off, sizes[i]), want);
            size_t half = sizes[i] / 2;
            uint32_t first = crc32c(123, p + off, half);
            assert_int_equal(crc32c(first, p + off + half, sizes[i] - half), want);
        }
    }
    free(p);
}

static void secrets_compare(void **state) {
    (void)state;
    assert_true(secret_eq(STR("token"), STR("token")));
    assert_false(secret_eq(STR("token"), STR("toker")));
    assert_false(secret_eq(STR("token"), STR("token2")));
    assert_true(secret_eq((str){0}, STR("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_compare),
        cmocka_unit_test(strings_are_searched),
        cmocka_unit_test(strings_are_split_and_trimmed),
        cmocka_unit_test(integers_are_read),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(every_code_point_survives),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(errors_are_filled),
        cmocka_unit_test(errors_are_cut_at_a_code_point),
        cmocka_unit_test(ids_rise_and_carry_their_version),
        cmocka_unit_test(ids_are_printed_and_read),
        cmocka_unit_test(ids_of_a_child_differ),
        cmocka_unit_test(dates_are_those_of_the_c_library),
        cmocka_unit_test(sha256_is_that_of_fips_180),
        cmocka_unit_test(crc32c_is_that_of_rfc_3720),
        cmocka_unit_test(crc32c_is_one_value_by_all_ways),
        cmocka_unit_test(secrets_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
