// SPDX-License-Identifier: Apache-2.0
// Rules: kept, changed and removed with their events; which version is the best, and why the
// others are not.
#include "core_help.h"

#include "core/ref.h"
#include "core/rule.h"
#include "core/rule_sql.h"
#include "core/version_runs_sql.h"

#include <math.h>

static void make_bot(core_fix *x) {
    err e;
    repo r;
    repo_new n = {.name = STR("bot"), .kind = REPO_MODEL};
    OK(repo_create(&x->c, &n, &r, &e));
}

static version publish(core_fix *x, id run_id, id model_id) {
    err e;
    version v;
    version_new n = {.source = STR("s"), .run = run_id, .model = model_id};
    OK(version_create(&x->c, STR("bot"), &n, &v, &e));
    return v;
}

// A version whose run logged acc and latency; NaN of latency: none.
static id scored(core_fix *x, double acc, double latency) {
    id none = {{0}};
    run r = core_fix_run(x, "r");
    core_fix_log(x, r.id, "acc", 0, acc);
    if (!isnan(latency)) core_fix_log(x, r.id, "latency", 0, latency);
    publish(x, r.id, none);
    return r.id;
}

static search_field metric(const char *key) {
    return (search_field){.domain = SEARCH_METRIC, .which = SEARCH_LAST, .key = str_of(key)};
}

static rule_result *best(core_fix *x, const rule_terms *t, size_t *n, size_t *at) {
    err e;
    bool more;
    rule_result *all;
    OK(rule_best(&x->c, STR("bot"), t, &all, n, at, &more, &e));
    assert_false(more);
    return all;
}

// ---- kept -----------------------------------------------------------------------------------

CORE_TEST(rules_live) {
    err e;
    rule out, *list;
    size_t n;
    make_bot(x);
    rule r = {.name = STR("fast"), .where = STR(" metrics.acc > 0.9 "), .reason = STR("first")};
    FAILS(ERR_NOT_FOUND, rule_set(&x->c, STR("none"), &r, &out, &e));
    OK(rule_set(&x->c, STR("bot"), &r, &out, &e));
    SAME(out.where, "metrics.acc > 0.9");
    SAME(out.user, "tester");
    int64_t first = out.changed_us;
    r.reason = STR("again"); // it is so already: no change
    OK(rule_set(&x->c, STR("bot"), &r, &out, &e));
    assert_true(out.changed_us == first && str_is(out.reason, "first"));
    r.goal = RULE_MAX;
    r.objective = STR("metrics.acc");
    OK(rule_set(&x->c, STR("bot"), &r, &out, &e));
    OK(rule_get(&x->c, STR("bot"), STR("fast"), &out, &e));
    assert_int_equal(out.goal, RULE_MAX);
    SAME(out.reason, "again");
    r.name = STR("small");
    OK(rule_set(&x->c, STR("bot"), &r, &out, &e));
    OK(rule_list(&x->c, STR("bot"), STR(""), 10, &list, &n, &e));
    assert_int_equal(n, 2);
    OK(rule_list(&x->c, STR("bot"), list[0].name, 10, &list, &n, &e));
    assert_true(n == 1 && str_is(list[0].name, "small"));
    static const char *const bad[] = {"", "a b", "a/b", "7", "latest"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r.name = str_of(bad[i]);
        FAILS(ERR_INVALID, rule_set(&x->c, STR("bot"), &r, &out, &e));
    }
    rule empty = {.name = STR("empty"), .where = STR("  ")};
    FAILS(ERR_INVALID, rule_set(&x->c, STR("bot"), &empty, &out, &e));
    OK(rule_remove(&x->c, STR("bot"), STR("fast"), STR("unused"), &e));
    FAILS(ERR_NOT_FOUND, rule_remove(&x->c, STR("bot"), STR("fast"), STR(""), &e));
    FAILS(ERR_NOT_FOUND, rule_get(&x->c, STR("bot"), STR("fast"), &out, &e));
    event_query q = {.newest = true, .after = INT64_MAX, .max = 10, .subject = STR("bot")};
    event_list events;
    OK(event_seal_all(x->core, &e));
    OK(event_page(&x->c, &q, &events, &e));
    assert_int_equal(events.v[0].kind, EVENT_rule_removed);
    SAME(events.v[0].object, "bot/rules/fast");
    assert_true(str_find_str(events.v[0].payload, STR("max metrics.acc"), 0) != SIZE_MAX);
    size_t sets = 0;
    for (size_t i = 0; i < events.n; i++)
        sets += events.v[i].kind == EVENT_rule_set;
    assert_int_equal(sets, 3);
    OK(repo_delete(&x->c, STR("bot"), STR("old"), &e)); // with its rules
    make_bot(x);
    OK(rule_list(&x->c, STR("bot"), STR(""), 10, &list, &n, &e));
    assert_int_equal(n, 0);
}

// ---- the best -------------------------------------------------------------------------------

CORE_TEST(the_best_and_why_not_the_others) {
    err e;
    version v;
    size_t n, at;
    id none = {{0}};
    make_bot(x);
    scored(x, 0.80, 10);                           // 1: fails the constraint
    scored(x, 0.93, 10);                           // 2: worse
    scored(x, 0.95, 20);                           // 3: equal, slower
    scored(x, 0.95, 10);                           // 4: equal in all, older
    scored(x, 0.95, 10);                           // 5: the best
    scored(x, 0.95, NAN);                          // 6: equal, nothing to decide by
    scored(x, NAN, 1);                             // 7: NaN is not > 0.9
    publish(x, none, none);                        // 8: no run
    scored(x, 0.99, 1);                            // 9: bad
    scored(x, 0.99, 1);                            // 10: yanked
    scored(x, 0.99, 1);                            // 11: deleted
    publish(x, core_fix_run(x, "empty").id, none); // 12: logged nothing
    OK(version_set_mark(&x->c, STR("bot"), 9, MARK_BAD, true, STR("r"), &v, &e));
    OK(version_set_mark(&x->c, STR("bot"), 10, MARK_YANKED, true, STR("r"), &v, &e));
    OK(version_delete(&x->c, STR("bot"), 11, STR("r"), &e));
    search_node least = {.op = SEARCH_GT, .field = metric("acc"), .number = 0.9};
    rule_constraint c = {STR("metrics.acc > 0.9"), &least};
    rule_terms t = {.constraints = &c,
                    .n = 1,
                    .goal = RULE_MAX,
                    .tie_goal = RULE_MIN,
                    .objective = metric("acc"),
                    .tie = metric("latency")};
    static const rule_verdict want[] = {
        RULE_FAILS,     RULE_DELETED, RULE_YANKED, RULE_BAD,       RULE_NO_RUN, RULE_FAILS,
        RULE_TIE_WORSE, RULE_HOLDS,   RULE_OLDER,  RULE_TIE_WORSE, RULE_WORSE,  RULE_FAILS};
    rule_result *r = best(x, &t, &n, &at);
    assert_int_equal(n, 12);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(r[i].number, 12 - i);
        if (r[i].verdict != want[i]) fail_msg("version %zu: %d", 12 - i, r[i].verdict);
    }
    assert_int_equal(r[at].number, 5);
    assert_true(fabs(r[12 - 2].behind - 0.02) < 1e-9);
    assert_true(r[12 - 3].behind == 10);
    SAME(r[12 - 1].failures[0].constraint, "metrics.acc > 0.9");
    SAME(r[12 - 1].failures[0].found, "0.8");
    SAME(r[12 - 7].failures[0].found, "NaN");
    SAME(r[0].failures[0].found, "none");
    // Without the constraint NaN and nothing do not win either, whatever the goal.
    t.n = 0;
    for (int goal = RULE_MAX; goal <= RULE_MIN; goal++) {
        t.goal = (rule_goal)goal;
        r = best(x, &t, &n, &at);
        assert_int_equal(r[at].number, goal == RULE_MAX ? 5 : 1);
        assert_int_equal(r[12 - 7].verdict, RULE_NO_VALUE);
        assert_int_equal(r[0].verdict, RULE_NO_VALUE);
    }
    t.goal = RULE_NONE;
    FAILS(ERR_INVALID, rule_best(&x->c, STR("bot"), &t, &r, &n, &at, &(bool){0}, &e));
    t.goal = RULE_MAX;
    t.objective = (search_field){.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NAME};
    FAILS(ERR_INVALID, rule_best(&x->c, STR("bot"), &t, &r, &n, &at, &(bool){0}, &e));
}

CORE_TEST(infinities_are_numbers) {
    size_t n, at;
    make_bot(x);
    scored(x, INFINITY, 1);
    scored(x, 1, 1);
    scored(x, INFINITY, 1);
    scored(x, -INFINITY, 1);
    rule_terms t = {.goal = RULE_MAX, .objective = metric("acc")};
    rule_result *r = best(x, &t, &n, &at);
    assert_int_equal(r[at].number, 3);
    assert_int_equal(r[3].verdict, RULE_OLDER);
    assert_true(r[2].verdict == RULE_WORSE && isinf(r[2].behind));
    t.goal = RULE_MIN;
    r = best(x, &t, &n, &at);
    assert_int_equal(r[at].number, 4);
}

// A logged model's run made the version, and runs that used the model evaluate it.
CORE_TEST(evaluations_and_tags_count) {
    err e;
    size_t n, at;
    id none = {{0}};
    model m;
    run made = core_fix_run(x, "made"), old = core_fix_run(x, "old"),
        new = core_fix_run(x, "new");
    make_bot(x);
    model_new mn = {.name = STR("m"), .source_run = made.id};
    OK(model_create(&x->c, &mn, &m, &e));
    publish(x, none, m.id);
    core_fix_log(x, made.id, "acc", 0, 0.5);
    core_fix_log(x, old.id, "acc", 0, 0.9); // what the run itself says comes first
    core_fix_log(x, old.id, "harm", 0, 0.3);
    core_fix_log(x, new.id, "harm", 0, 0.1); // of evaluations the newest
    model_link used = {.model = m.id};
    OK(input_log(&x->c, old.id, NULL, 0, &used, 1, &e));
    OK(input_log(&x->c, new.id, NULL, 0, &used, 1, &e));
    rule_terms t = {.goal = RULE_MAX, .objective = metric("acc"), .tie_goal = RULE_MIN};
    t.tie = metric("harm");
    rule_result *r = best(x, &t, &n, &at);
    assert_true(r[0].value == 0.5 && r[0].tie == 0.1);
    OK(run_delete(&x->c, new.id, &e)); // in the bin: not asked
    assert_true(best(x, &t, &n, &at)[0].tie == 0.3);
    // Tags: the version's own, or its run's; a rule of tags needs no run.
    search_node mit = {
        .op = SEARCH_EQ,
        .field = {.domain = SEARCH_TAG, .which = SEARCH_AS_TEXT, .key = STR("lic")},
        .text = STR("mit")};
    search_node named = {.op = SEARCH_EQ,
                         .field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NAME},
                         .text = STR("made")};
    search_node both = {.op = SEARCH_OR, .left = &mit, .right = &named};
    rule_constraint c[] = {{STR("tags.lic = 'mit'"), &mit}, {STR("either"), &both}};
    rule_terms tags = {.constraints = c, .n = 1};
    rule_result one;
    publish(x, none, none);
    OK(rule_holds(&x->c, STR("bot"), 2, &tags, &one, &e));
    assert_int_equal(one.verdict, RULE_FAILS);
    OK(version_set_tag(&x->c, STR("bot"), 2, STR("lic"), STR("mit"), &e));
    OK(rule_holds(&x->c, STR("bot"), 2, &tags, &one, &e));
    assert_int_equal(one.verdict, RULE_HOLDS);
    tags.n = 2;
    OK(rule_holds(&x->c, STR("bot"), 1, &tags, &one, &e));
    assert_true(one.verdict == RULE_FAILS && one.n_failures == 1); // its name is "made"
    mit.text = STR("gpl");
    named.text = STR("x");
    OK(rule_holds(&x->c, STR("bot"), 1, &tags, &one, &e));
    SAME(one.failures[1].found, "tags.lic = none, name = made");
    FAILS(ERR_NOT_FOUND, rule_holds(&x->c, STR("bot"), 9, &tags, &one, &e));
    FAILS(ERR_NOT_FOUND, rule_holds(&x->c, STR("none"), 1, &tags, &one, &e));
}

CORE_TEST(plans) {
    static const db_query all[] = {RULE_SQL(SQL_ROW) VERSION_RUNS_SQL(SQL_ROW)};
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_live),
        cmocka_unit_test(the_best_and_why_not_the_others),
        cmocka_unit_test(infinities_are_numbers),
        cmocka_unit_test(evaluations_and_tags_count),
        cmocka_unit_test(plans),
    };
    return core_fix_main("rule", tests, sizeof tests / sizeof *tests);
}
