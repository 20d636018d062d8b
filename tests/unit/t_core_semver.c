// SPDX-License-Identifier: Apache-2.0
// Semantic versions: what is one, which comes first (the order of semver.org's own example),
// and which follows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/semver.h"

static semver parsed(const char *text) {
    semver v;
    if (!semver_parse(str_of(text), &v)) fail_msg("'%s' is a semantic version", text);
    return v;
}

static void parts(void **state) {
    (void)state;
    semver v = parsed("v10.20.300-rc.1-x.0+exp.sha.007");
    assert_true(v.v && v.major == 10 && v.minor == 20 && v.patch == 300);
    assert_true(str_is(v.pre, "rc.1-x.0") && str_is(v.build, "exp.sha.007"));
    v = parsed("0.0.0");
    assert_true(!v.v && !v.major && !v.pre.n && !v.build.n);
    v = parsed("1.2.3+a-b"); // the '-' belongs to what follows the '+'
    assert_true(!v.pre.n && str_is(v.build, "a-b"));
    assert_int_equal(parsed("999999999999999999.0.0").major, 999999999999999999);
}

static void what_is_none(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",       "v",       "1",       "1.2",    "1.2.3.4",  "1.2.",     ".2.3",      "1..3",
        "01.2.3", "1.02.3",  "1.2.03",  "-1.2.3", "+1.2.3",   " 1.2.3",   "1.2.3 ",    "vv1.2.3",
        "V1.2.3", "1.2.x",   "1.2.3-",  "1.2.3+", "1.2.3-a.", "1.2.3-.a", "1.2.3-a..b", "1.2.3-01",
        "1.2.3_", "1.2.3-ü", "1.2.3+a+b", "1.2.3-a_b", "1000000000000000000.0.0", "0x1.2.3"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        semver v;
        if (semver_parse(str_of(cases[i]), &v)) fail_msg("'%s' is none", cases[i]);
    }
    semver v;
    assert_false(semver_parse((str){0}, &v));
    assert_false(semver_parse(str_n("1.2.3\0", 6), &v));
}

static void the_order(void **state) {
    (void)state;
    static const char *const rising[] = {
        "0.9.9",        "1.0.0-alpha", "1.0.0-alpha.1",  "1.0.0-alpha.beta", "1.0.0-beta",
        "1.0.0-beta.2", "v1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",           "1.0.2",
        "1.0.10",       "1.2.0",       "1.10.0",         "v2.0.0",           "10.0.0"};
    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++)
        for (size_t k = 0; k < sizeof rising / sizeof *rising; k++) {
            semver a = parsed(rising[i]), b = parsed(rising[k]);
            int want = (i > k) - (i < k), got = semver_cmp(&a, &b);
            if ((got > 0) - (got < 0) != want) fail_msg("%s, %s: %d", rising[i], rising[k], got);
        }
    semver a = parsed("v1.0.0+x"), b = parsed("1.0.0+y");
    assert_int_equal(semver_cmp(&a, &b), 0);
}

static void the_next(void **state) {
    (void)state;
    static const struct {
        const char *of;
        semver_part part;
        const char *next;
    } cases[] = {{"1.2.3", SEMVER_PATCH, "1.2.4"},    {"1.2.3", SEMVER_MINOR, "1.3.0"},
                 {"1.2.3", SEMVER_MAJOR, "2.0.0"},    {"v0.9.9", SEMVER_PATCH, "v0.9.10"},
                 {"v0.9.9", SEMVER_MAJOR, "v0.10.0"},
                 {"0.9.9", SEMVER_MINOR, "0.9.10"}, {"1.2.3+cu121", SEMVER_PATCH, "1.2.4"}};
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        semver of = parsed(cases[i].of);
        str next = semver_next(a, &of, cases[i].part);
        assert_string_equal(arena_cstr(a, next), cases[i].next);
    }
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(the_order),
        cmocka_unit_test(the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
