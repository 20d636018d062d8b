// SPDX-License-Identifier: Apache-2.0
// Releases: several repos move as one or not at all, and go back to where all was good.
#include "core_help.h"

#include "core/protect.h"
#include "core/release.h"
#include "core/workspace.h"

static void make(core_fix *x, const char *name, repo_kind kind, int versions) {
    err e;
    repo r;
    version v;
    repo_new new = {.name = str_of(name), .kind = kind};
    version_new nv = {.source = STR("s3://b/m")};
    OK(repo_create(&x->c, &new, &r, &e));
    for (int i = 0; i < versions; i++)
        OK(version_create(&x->c, new.name, &nv, &v, &e));
}

static version get(core_fix *x, const char *name, int64_t number) {
    err e;
    version v;
    OK(version_get(&x->c, str_of(name), number, &v, &e));
    return v;
}

// Releases bot@b with prompt@p; the number.
static int64_t publish(core_fix *x, int64_t b, int64_t p) {
    err e;
    version out, pins[] = {get(x, "prompt", p), get(x, "bot", b)};
    OK(release_create(&x->c, STR("support"), pins, 2, STR("d"), &out, &e));
    return out.number;
}

static ref_change to(const char *name, int64_t number) {
    return (ref_change){.repo = str_of(name),
                        .kind = REF_ALIAS,
                        .name = STR("prod"),
                        .number = number,
                        .expected = REF_ANY,
                        .reason = STR("why")};
}

static void at(core_fix *x, int64_t support, int64_t bot, int64_t prompt) {
    static const char *const repos[] = {"support", "bot", "prompt"};
    const int64_t want[] = {support, bot, prompt};
    for (size_t i = 0; i < 3; i++) {
        err e;
        version v;
        bool found;
        OK(ref_version(&x->c, str_of(repos[i]), REF_ALIAS, STR("prod"), &v, &found, &e));
        if ((found ? v.number : 0) != want[i])
            fail_msg("%s is at %lld", repos[i], found ? (long long)v.number : 0);
    }
}

static void set_up(core_fix *x) {
    make(x, "bot", REPO_MODEL, 3);
    make(x, "prompt", REPO_PROMPT, 2);
    make(x, "support", REPO_RELEASE, 0);
}

CORE_TEST(all_move_and_go_back_as_one) {
    err e;
    ref_move m;
    set_up(x);
    int64_t first = publish(x, 1, 1), second = publish(x, 2, 2), third = publish(x, 3, 2);
    ref_change c = to("support", first);
    OK(ref_set(&x->c, &c, &m, &e));
    assert_int_equal(m.n_pins, 2);
    SAME(m.pins[0].repo, "bot");
    SAME(m.pins[0].reason, "release support@v1: why");
    at(x, first, 1, 1);
    c.number = second;
    OK(ref_set(&x->c, &c, &m, &e));
    c.number = third;
    OK(ref_set(&x->c, &c, &m, &e));
    at(x, third, 3, 2);
    OK(ref_rollback(&x->c, &c, true, &m, &e)); // only told
    assert_true(m.to == second && m.n_pins == 1 && m.pins[0].from == 3 && m.pins[0].to == 2);
    at(x, third, 3, 2);
    version v;
    OK(version_set_mark(&x->c, STR("bot"), 2, MARK_BAD, true, STR("wrong"), &v, &e));
    OK(ref_rollback(&x->c, &c, false, &m, &e)); // the second pins what is bad
    assert_int_equal(m.to, first);
    at(x, first, 1, 1);
    FAILS(ERR_STATE, ref_rollback(&x->c, &c, false, &m, &e));
    at(x, first, 1, 1);
}

CORE_TEST(what_was_moved_away_comes_back) {
    err e;
    ref_move m;
    set_up(x);
    int64_t second = publish(x, 2, 2);
    ref_change c = to("support", second), away = to("bot", 1);
    OK(ref_set(&x->c, &c, &m, &e));
    OK(ref_set(&x->c, &away, &m, &e));
    at(x, second, 1, 2);
    OK(ref_set(&x->c, &c, &m, &e));
    assert_true(!m.made && m.to == second && m.n_pins == 1);
    assert_true(m.pins[0].from == 1 && m.pins[0].to == 2);
    at(x, second, 2, 2);
    OK(ref_set(&x->c, &c, &m, &e));
    assert_true(!m.made && !m.n_pins);
}

CORE_TEST(a_refused_rollback_names_the_pin) {
    err e;
    version v;
    ref_move m;
    set_up(x);
    ref_change c = to("support", publish(x, 1, 1));
    OK(ref_set(&x->c, &c, NULL, &e));
    c.number = publish(x, 2, 2);
    OK(ref_set(&x->c, &c, NULL, &e));
    OK(version_set_mark(&x->c, STR("prompt"), 1, MARK_YANKED, true, STR("rude"), &v, &e));
    FAILS(ERR_STATE, ref_rollback(&x->c, &c, false, &m, &e));
    if (!strstr(e.msg, "; version 1 pins prompt@v1, which is yanked")) fail_msg("%s", e.msg);
    at(x, 2, 2, 2);
}

CORE_TEST(none_moves_when_one_may_not) {
    err e;
    set_up(x);
    int64_t first = publish(x, 1, 1), second = publish(x, 2, 2);
    ref_change c = to("support", first), away = to("prompt", 1);
    OK(ref_set(&x->c, &c, NULL, &e));
    protection was, p = {.ref = STR("prod"), .parts = PART_CARD};
    OK(protect_set(&x->c, STR("prompt"), &p, PROTECT_ALL, &was, &e));
    c.number = second;
    FAILS(ERR_STATE, ref_set(&x->c, &c, NULL, &e));
    if (!strstr(e.msg, "'prod' of 'prompt' is protected")) fail_msg("%s", e.msg);
    at(x, first, 1, 1);
    OK(protect_remove(&x->c, STR("prompt"), STR("prod"), &e));
    OK(ref_delete(&x->c, &away, NULL, &e));
    away.kind = REF_TAG;
    OK(ref_set(&x->c, &away, NULL, &e)); // of that name, but sealed
    FAILS(ERR_EXISTS, ref_set(&x->c, &c, NULL, &e));
    at(x, first, 1, 0);
}

CORE_TEST(what_a_release_may_pin) {
    err e;
    version out, twice[2], nothing;
    set_up(x);
    twice[0] = twice[1] = get(x, "bot", 1);
    FAILS(ERR_INVALID, release_create(&x->c, STR("support"), twice, 2, STR(""), &out, &e));
    FAILS(ERR_INVALID, release_create(&x->c, STR("support"), NULL, 0, STR(""), &out, &e));
    FAILS(ERR_INVALID, release_create(&x->c, STR("bot"), twice, 1, STR(""), &out, &e));
    version release = get(x, "support", publish(x, 1, 1));
    FAILS(ERR_INVALID, release_create(&x->c, STR("support"), &release, 1, STR(""), &out, &e));
    version_new plain = {.source = STR("s3://b/m")};
    FAILS(ERR_STATE, version_create(&x->c, STR("support"), &plain, &nothing, &e));
    // The same contents are the same release, whatever else is published between.
    publish(x, 2, 2);
    version again = get(x, "support", publish(x, 1, 1));
    assert_true(sha256_eq(again.content.digest, release.content.digest));
}

CORE_TEST(what_is_pinned_is_held) {
    err e;
    set_up(x);
    int64_t first = publish(x, 1, 1);
    FAILS(ERR_STATE, version_delete(&x->c, STR("bot"), 1, STR("old"), &e));
    if (!strstr(e.msg, "bot/1 is pinned by the release support@v1")) fail_msg("%s", e.msg);
    FAILS(ERR_STATE, repo_delete(&x->c, STR("prompt"), STR("old"), &e));
    OK(version_delete(&x->c, STR("bot"), 2, STR("old"), &e));
    OK(version_delete(&x->c, STR("support"), first, STR("withdrawn"), &e));
    OK(version_delete(&x->c, STR("bot"), 1, STR("old"), &e));
    OK(repo_delete(&x->c, STR("prompt"), STR("old"), &e));
}

// Looked up, and gone before it is pinned: a release of it would hold nothing.
CORE_TEST(what_went_meanwhile_is_not_pinned) {
    err e;
    version out, late = {0};
    set_up(x);
    late = get(x, "bot", 1);
    OK(version_delete(&x->c, STR("bot"), 1, STR("old"), &e));
    FAILS(ERR_NOT_FOUND, release_create(&x->c, STR("support"), &late, 1, STR(""), &out, &e));
    assert_non_null(strstr(e.msg, "deleted meanwhile"));
    assert_int_equal(publish(x, 2, 1), 1); // no number was taken
}

// What the server itself writes nobody has to send, whoever else it serves.
CORE_TEST(beside_other_workspaces) {
    err e;
    workspace_row team;
    set_up(x);
    int64_t alone = publish(x, 1, 1);
    OK(workspace_create(&x->c, STR("team"), STR(""), &team, &e));
    version first = get(x, "support", alone), again = get(x, "support", publish(x, 1, 1));
    assert_true(sha256_eq(again.content.digest, first.content.digest));
    x->c.ws = team.number;
    set_up(x);
    version there = get(x, "support", publish(x, 2, 2));
    assert_int_equal(there.content.files, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_move_and_go_back_as_one),
        cmocka_unit_test(what_was_moved_away_comes_back),
        cmocka_unit_test(a_refused_rollback_names_the_pin),
        cmocka_unit_test(none_moves_when_one_may_not),
        cmocka_unit_test(what_a_release_may_pin),
        cmocka_unit_test(what_is_pinned_is_held),
        cmocka_unit_test(what_went_meanwhile_is_not_pinned),
        cmocka_unit_test(beside_other_workspaces),
    };
    return core_fix_main("core release", tests, sizeof tests / sizeof *tests);
}
