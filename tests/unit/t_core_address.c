// SPDX-License-Identifier: Apache-2.0
// Addresses: how they are read, what they mean now and meant before, and what is told when
// there is no such thing.
#include "core_help.h"

#include "base/clock.h"
#include "core/address.h"

// 2026-11-28 12:00 UTC
#define NOW 1795867200000000

// ---- reading --------------------------------------------------------------------------------

static address parsed(const char *text) {
    err e;
    address a;
    OK(address_parse(str_of(text), NOW, &a, &e));
    return a;
}

static void parts(void **state) {
    (void)state;
    address a = parsed("bot");
    assert_true(str_is(a.repo, "bot") && !a.workspace.p && a.kind == ADDRESS_LATEST);
    a = parsed("team/support bot.v2@prod");
    assert_true(str_is(a.workspace, "team") && str_is(a.repo, "support bot.v2"));
    assert_true(a.kind == ADDRESS_REF && str_is(a.ref, "prod") && !a.has_time);
    assert_int_equal(parsed("bot@3").number, 3);
    assert_int_equal(parsed("bot@V3").number, 3);
    assert_int_equal(parsed("bot@99999999999999999999").number, INT64_MAX);
    assert_true(parsed("bot@Latest").kind == ADDRESS_LATEST);
    assert_true(parsed("bot@v1.2").kind == ADDRESS_REF);
    a = parsed("bot@sha256:0123456789aBc");
    assert_true(a.kind == ADDRESS_DIGEST && a.low.b[6] == 0xc0 && a.high.b[6] == 0xcf);
    assert_true(a.low.b[31] == 0 && a.high.b[31] == 0xff);
}

// A span means its end.
static void times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t at_us;
    } cases[] = {
        {"bot@prod@{2026-11-01}", 1793577600000000 - 1},
        {"bot@prod@{2026-11-01T10:00:00Z}", 1793527201000000 - 1},
        {"bot@prod@{2026-11-01T10:00:00.250+01:00}", 1793523600251000 - 1},
        {"bot@{yesterday}", 1795824000000000 - 1},
        {"bot@latest@{ 1 week ago }", NOW - 7 * 86400000000 + 1000 - 1},
        {"bot@prod@{2 days 3 hours ago}", NOW - 51 * 3600000000 + 1000 - 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        address a = parsed(cases[i].text);
        assert_true(a.has_time);
        assert_int_equal(a.at_us, cases[i].at_us);
    }
}

static void what_is_no_address(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "names no repo"},
        {"@prod", "names no repo"},
        {"team/", "names no repo"},
        {"/bot", "before '/' is empty"},
        {"a/b/c", "more than one '/'"},
        {"bot:3", "follows '@'"},
        {"bot@", "has a name"},
        {"bot@a b", "white space"},
        {"bot@prod@", "behind the second '@'"},
        {"bot@prod@3", "behind the second '@'"},
        {"bot@prod@{", "a time stands at the end"},
        {"bot@prod@{}", "can not be read"},
        {"bot@prod@{soon}", "write {2026-11-01}"},
        {"bot@prod@{2026-13-01}", "can not be read"},
        {"bot@prod@{yesterday}x", "a time stands at the end"},
        {"bot@3@{yesterday}", "the same at any time"},
        {"bot@sha256:01234567@{yesterday}", "the same at any time"},
        {"bot@sha256:0123456", "8 to 64"},
        {"bot@sha256:0123456g", "hex digits only"},
        {"bot@\xff", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err e;
        address a;
        FAILS(ERR_INVALID, address_parse(str_of(cases[i].text), NOW, &a, &e));
        if (!strstr(e.msg, cases[i].says)) fail_msg("%s: %s", cases[i].text, e.msg);
    }
}

// ---- resolving ------------------------------------------------------------------------------

static content seal(core_fix *x, uint64_t seed) {
    err e;
    content c;
    bool found;
    str path = arena_printf(x->c.a, "0/run/artifacts/%d/f", (int)seed);
    OK(artifact_put(&x->c, path, fix_put(x->f.s, seed, 100), 100, &e));
    OK(content_seal_artifacts(&x->c, REPO_MODEL, path, &c, &found, &e));
    return c;
}

static version publish(core_fix *x, const content *c) {
    err e;
    version v;
    version_new n = {.content = c};
    OK(version_create(&x->c, STR("bot"), &n, &v, &e));
    return v;
}

static void make_bot(core_fix *x) {
    err e;
    repo r;
    repo_new n = {.name = STR("bot"), .kind = REPO_MODEL};
    OK(repo_create(&x->c, &n, &r, &e));
}

static ref_move set(core_fix *x, ref_kind kind, const char *name, int64_t number) {
    err e;
    ref_move m;
    ref_change c = {.repo = STR("bot"),
                    .kind = kind,
                    .name = str_of(name),
                    .number = number,
                    .expected = REF_ANY};
    OK(ref_set(&x->c, &c, &m, &e));
    return m;
}

static address_found means(core_fix *x, const char *text, int64_t number) {
    err e;
    address_found f;
    OK(address_resolve(&x->c, str_of(text), &f, &e));
    if (f.version.number != number)
        fail_msg("%s: version %lld", text, (long long)f.version.number);
    return f;
}

static void means_nothing(core_fix *x, err_code code, const char *text, const char *says) {
    err e;
    address_found f;
    FAILS(code, address_resolve(&x->c, str_of(text), &f, &e));
    if (!strstr(e.msg, says)) fail_msg("%s: %s", text, e.msg);
}

// The address with the end of the millisecond in which something happened.
static const char *then(core_fix *x, const char *what, int64_t us) {
    return arena_printf(x->c.a, "bot%s@{%.23sZ}", what, clock_rfc3339(x->c.a, us).p).p;
}

static void next_ms(void) {
    usleep(2000);
}

CORE_TEST(now) {
    make_bot(x);
    means_nothing(x, ERR_NOT_FOUND, "bot", "no version");
    content a = seal(x, 1), b = seal(x, 2);
    publish(x, &a);
    publish(x, &b);
    publish(x, &a);
    set(x, REF_ALIAS, "prod", 1);
    set(x, REF_TAG, "v1.0", 2);
    means(x, "bot", 3);
    means(x, "default/bot@latest", 3);
    means(x, "bot@v2", 2);
    address_found f = means(x, "bot@prod", 1);
    SAME(f.move.user, "tester");
    assert_int_equal(f.version.n_aliases, 1);
    assert_int_equal(means(x, "bot@v1.0", 2).move.kind, REF_TAG);
    char hex[SHA256_HEX];
    sha256_hex(a.digest, hex);
    means(x, arena_printf(x->c.a, "bot@sha256:%.8s", hex).p, 3); // the newest that has it
    sha256_hex(b.digest, hex);
    means(x, arena_printf(x->c.a, "bot@sha256:%s", hex).p, 2);
    means_nothing(x, ERR_NOT_FOUND, "bot@sha256:0000000000000000", "no version");
    means_nothing(x, ERR_NOT_FOUND, "bot@9", "");
    means_nothing(x, ERR_NOT_FOUND, "no", "");
    means_nothing(x, ERR_NOT_FOUND, "team/bot", "this one is 'default'");
    means_nothing(x, ERR_INVALID, "bot:1", "follows '@'");
}

CORE_TEST(what_is_near_is_told) {
    make_bot(x);
    publish(x, NULL);
    means_nothing(x, ERR_NOT_FOUND, "bot@prod", "has none");
    set(x, REF_ALIAS, "a", 1);
    for (int i = 0; i < 6; i++)
        set(x, REF_ALIAS, arena_printf(x->c.a, "stage-%d", i).p, 1);
    set(x, REF_ALIAS, "prod", 1);
    means_nothing(x, ERR_NOT_FOUND, "bot@prdo",
                  "Did you mean 'prod'? Its newest are: prod, stage-5, stage-4, stage-3, "
                  "stage-2");
    means_nothing(x, ERR_NOT_FOUND, "bot@zzzzzzzz", "no ref 'zzzzzzzz'. Its newest");
}

CORE_TEST(before) {
    err e;
    make_bot(x);
    version v1 = publish(x, NULL);
    next_ms();
    ref_move first = set(x, REF_ALIAS, "prod", 1);
    next_ms();
    publish(x, NULL);
    ref_move second = set(x, REF_ALIAS, "prod", 2);
    next_ms();
    ref_change gone = {.repo = STR("bot"), .name = STR("prod"), .expected = REF_ANY};
    OK(ref_delete(&x->c, &gone, NULL, &e));
    means_nothing(x, ERR_NOT_FOUND, then(x, "@prod", first.time_us - 2000), "no ref 'prod' at");
    means(x, then(x, "@prod", first.time_us), 1);
    address_found f = means(x, then(x, "@prod", second.time_us), 2);
    assert_true(id_eq(f.move.id, second.id));
    means_nothing(x, ERR_NOT_FOUND, "bot@prod@{now}", "no ref 'prod' at");
    means(x, then(x, "", v1.created_us), 1);
    means(x, "bot@{now}", 2);
    means_nothing(x, ERR_NOT_FOUND, "bot@{2020}",
                  "had no version at 2020-12-31T23:59:59.999999Z");
    next_ms();
    OK(version_delete(&x->c, STR("bot"), 2, (str){0}, &e));
    means(x, "bot@latest", 1);
    means_nothing(x, ERR_NOT_FOUND, then(x, "@prod", second.time_us),
                  ""); // it was deleted since
    OK(version_delete(&x->c, STR("bot"), 1, (str){0}, &e));
    means_nothing(x, ERR_NOT_FOUND, "bot", "'bot' has no version that is not deleted");
}

CORE_TEST(what_is_not_there_is_told_as_it_was_asked) {
    make_bot(x);
    means_nothing(x, ERR_NOT_FOUND, "bot", "'bot' has no version yet");
    means_nothing(x, ERR_NOT_FOUND, "bot@99999999999999999999",
                  "'bot' has no version 99999999999999999999");
    means_nothing(x, ERR_NOT_FOUND, "bot@v7", "'bot' has no version 7");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),  cmocka_unit_test(times),
        cmocka_unit_test(now),    cmocka_unit_test(what_is_near_is_told),
        cmocka_unit_test(before), cmocka_unit_test(what_is_not_there_is_told_as_it_was_asked), cmocka_unit_test(what_is_no_address),
    };
    return core_fix_main("address", tests, sizeof tests / sizeof *tests);
}
