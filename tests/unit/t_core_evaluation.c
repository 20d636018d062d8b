// SPDX-License-Identifier: Apache-2.0
// Evaluations of versions: added, listed, withdrawn and deleted with their version; which value
// a version has; and what is refused.
#include "core_help.h"

#include "core/evaluation.h"
#include "core/evaluation_sql.h"
#include "core/repo.h"
#include "core/rule.h"

#include <math.h>

static const id none;

static version publish(core_fix *x, const char *name, repo_kind kind) {
    err e;
    repo r;
    version v;
    repo_new n = {.name = str_of(name), .kind = kind};
    version_new what = {.source = STR("s")};
    if (!repo_get(&x->c, n.name, &r, &e)) {
        e = (err){0};
        OK(repo_create(&x->c, &n, &r, &e));
    }
    OK(version_create(&x->c, n.name, &what, &v, &e));
    return v;
}

// bot@number gets the score a of a suite.
static evaluation evaluate(core_fix *x, int64_t number, const char *suite, const char *name,
                           double value) {
    err e;
    evaluation out;
    evaluation_score s = {str_of(name), value};
    evaluation_new n = {.suite = str_of(suite), .scores = &s, .n_scores = 1};
    OK(evaluation_add(&x->c, STR("bot"), number, &n, &out, &e));
    return out;
}

static double value_of(core_fix *x, const char *key, id version_id, bool *has) {
    err e;
    double out = 0;
    OK(evaluation_value_of(&x->c, str_of(key), &version_id, 1, &out, has, &e));
    return out;
}

// ---- added ----------------------------------------------------------------------------------

CORE_TEST(added_with_all_it_says) {
    err e;
    evaluation out, got;
    version v = publish(x, "bot", REPO_MODEL), data = publish(x, "exam", REPO_DATA);
    run r = core_fix_run(x, "judge");
    evaluation_score scores[] = {{STR("b"), NAN}, {STR("a.x"), 0.1}, {STR("c"), -INFINITY}};
    evaluation_new n = {.suite = STR("safety"),
                        .note = STR("on the new exam"),
                        .run = r.id,
                        .data = data.id,
                        .scores = scores,
                        .n_scores = 3};
    OK(evaluation_add(&x->c, STR("bot"), 1, &n, &out, &e));
    OK(evaluation_get(&x->c, STR("bot"), 1, 1, &got, &e));
    const evaluation *both[] = {&out, &got};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(both[i]->number, 1);
        SAME(both[i]->suite, "safety");
        SAME(both[i]->note, "on the new exam");
        SAME(both[i]->user, "tester");
        assert_true(both[i]->proven && !both[i]->withdrawn);
        assert_true(id_eq(both[i]->run, r.id) && id_eq(both[i]->data, data.id));
        SAME(both[i]->data_repo, "exam");
        assert_int_equal(both[i]->data_number, 1);
        assert_int_equal(both[i]->n_scores, 3);
        SAME(both[i]->scores[0].name, "a.x");
        assert_true(both[i]->scores[0].value == 0.1);
        assert_true(isnan(both[i]->scores[1].value));
        assert_true(both[i]->scores[2].value == -INFINITY);
    }
    version after;
    OK(version_get(&x->c, STR("bot"), 1, &after, &e));
    assert_true(after.updated_us > v.updated_us); // it is told of the version
    event_query q = {.newest = true, .after = INT64_MAX, .max = 10, .subject = STR("bot")};
    event_list events;
    OK(event_seal_all(x->core, &e));
    OK(event_page(&x->c, &q, &events, &e));
    assert_int_equal(events.v[0].kind, EVENT_version_evaluated);
    SAME(events.v[0].object, "bot/1/1");
    assert_true(str_find_str(events.v[0].payload, STR("\"suite\":\"safety\""), 0) != SIZE_MAX);
}

static void refused(core_fix *x, err_code code, const evaluation_new *n) {
    err e;
    evaluation out;
    FAILS(code, evaluation_add(&x->c, STR("bot"), 1, n, &out, &e));
}

CORE_TEST(what_is_refused) {
    err e;
    evaluation out;
    char longest[EVALUATION_NAME_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[sizeof longest - 1] = 0;
    evaluation_score *many = ARENA_ARRAY(x->c.a, evaluation_score, EVALUATION_SCORES_MAX + 1);
    for (size_t i = 0; i <= EVALUATION_SCORES_MAX; i++)
        many[i] = (evaluation_score){arena_printf(x->c.a, "n%zu", i), 1};
    version v = publish(x, "bot", REPO_MODEL);
    evaluation_score one = {STR("a"), 1}, twice[] = {{STR("a"), 1}, {STR("a"), 2}};
    static const char *const suites[] = {"", "a b", "a.b", "a,b", "a\x01", "a\x7f", "a<1",
                                         "\xff", "a\"", "a/b"};
    static const char *const names[] = {"", "  ", "a\nb", "\xff"};
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        refused(x, ERR_INVALID,
                &(evaluation_new){.suite = str_of(suites[i]), .scores = &one, .n_scores = 1});
    evaluation_new n = {.suite = STR("s"), .scores = &one, .n_scores = 1};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        one.name = str_of(names[i]);
        refused(x, ERR_INVALID, &n);
    }
    one.name = str_of(longest);
    refused(x, ERR_INVALID, &n);
    one.name = STR("a");
    n.n_scores = 0;
    refused(x, ERR_INVALID, &n);
    n.scores = twice;
    n.n_scores = 2;
    refused(x, ERR_INVALID, &n);
    n.scores = many;
    n.n_scores = EVALUATION_SCORES_MAX + 1;
    refused(x, ERR_INVALID, &n);
    n.n_scores = 1;
    n.run = id_new();
    refused(x, ERR_NOT_FOUND, &n);
    n.run = none;
    n.data = id_new();
    refused(x, ERR_NOT_FOUND, &n);
    n.data = v.id; // a model
    refused(x, ERR_INVALID, &n);
    n.data = none;
    FAILS(ERR_NOT_FOUND, evaluation_add(&x->c, STR("bot"), 2, &n, &out, &e));
    FAILS(ERR_NOT_FOUND, evaluation_add(&x->c, STR("cat"), 1, &n, &out, &e));
    FAILS(ERR_NOT_FOUND, evaluation_get(&x->c, STR("bot"), 1, 1, &out, &e)); // none was added
    n.n_scores = EVALUATION_SCORES_MAX;
    OK(evaluation_add(&x->c, STR("bot"), 1, &n, &out, &e));
    assert_int_equal(out.n_scores, EVALUATION_SCORES_MAX);
}

static bool renumber(db_tx *tx, void *arg, err *e) {
    static const db_query q = {"test.renumber", "UPDATE evaluation SET number = $1", false};
    (void)arg;
    return db_do(tx, &q, e, DB_I64(EVALUATION_MAX - 1)) > 0;
}

CORE_TEST(a_version_has_so_many_and_no_more) {
    err e;
    evaluation out;
    evaluation_score s = {STR("a"), 1};
    evaluation_new n = {.suite = STR("s"), .scores = &s, .n_scores = 1};
    publish(x, "bot", REPO_MODEL);
    OK(evaluation_add(&x->c, STR("bot"), 1, &n, &out, &e));
    OK(db_write(x->f.db, renumber, NULL, &e));
    OK(evaluation_add(&x->c, STR("bot"), 1, &n, &out, &e));
    assert_int_equal(out.number, EVALUATION_MAX);
    FAILS(ERR_STATE, evaluation_add(&x->c, STR("bot"), 1, &n, &out, &e));
}

// ---- listed ---------------------------------------------------------------------------------

CORE_TEST(pages_newest_first) {
    err e;
    evaluation *page, out;
    size_t n;
    bool more;
    publish(x, "bot", REPO_MODEL);
    for (int i = 1; i <= 5; i++)
        evaluate(x, 1, "s", "a", i);
    OK(evaluation_withdraw(&x->c, STR("bot"), 1, 4, STR("r"), &out, &e));
    OK(evaluation_page(&x->c, STR("bot"), 1, INT64_MAX, 2, &page, &n, &more, &e));
    assert_true(n == 2 && more && page[0].number == 5 && page[1].withdrawn);
    OK(evaluation_page(&x->c, STR("bot"), 1, page[1].number, 3, &page, &n, &more, &e));
    assert_true(n == 3 && !more && page[2].number == 1 && page[2].scores[0].value == 1);
    // A page that would be very long ends before.
    evaluation_score *many = ARENA_ARRAY(x->c.a, evaluation_score, EVALUATION_SCORES_MAX);
    for (size_t i = 0; i < EVALUATION_SCORES_MAX; i++)
        many[i] = (evaluation_score){arena_printf(x->c.a, "n%zu", i), 1};
    evaluation_new large = {
        .suite = STR("s"), .scores = many, .n_scores = EVALUATION_SCORES_MAX};
    for (int i = 0; i < 12; i++)
        OK(evaluation_add(&x->c, STR("bot"), 1, &large, &out, &e));
    OK(evaluation_page(&x->c, STR("bot"), 1, INT64_MAX, 100, &page, &n, &more, &e));
    assert_true(n == 10 && more && page[9].number == 8);
}

// ---- which value counts ---------------------------------------------------------------------

CORE_TEST(the_newest_that_was_not_withdrawn_counts) {
    err e;
    evaluation out;
    evaluation_value *all;
    size_t n;
    bool has, any;
    version v = publish(x, "bot", REPO_MODEL);
    OK(evaluation_any(&x->c, v.id, &any, &e));
    assert_false(any);
    evaluate(x, 1, "s", "a.b", 1);
    evaluate(x, 1, "s", "other", 7); // has no a.b: the older value counts
    evaluate(x, 1, "s", "a.b", 2);
    evaluate(x, 1, "t", "a.b", 9);
    assert_true(value_of(x, "s.a.b", v.id, &has) == 2 && has);
    FAILS(ERR_INVALID, evaluation_withdraw(&x->c, STR("bot"), 1, 3, STR(" "), &out, &e));
    OK(evaluation_withdraw(&x->c, STR("bot"), 1, 3, STR("a wrong prompt"), &out, &e));
    assert_true(out.withdrawn && out.n_scores == 1);
    FAILS(ERR_STATE, evaluation_withdraw(&x->c, STR("bot"), 1, 3, STR("again"), &out, &e));
    FAILS(ERR_NOT_FOUND, evaluation_withdraw(&x->c, STR("bot"), 1, 5, STR("r"), &out, &e));
    OK(evaluation_get(&x->c, STR("bot"), 1, 3, &out, &e));
    SAME(out.withdrawn_reason, "a wrong prompt");
    SAME(out.withdrawn_by, "tester");
    assert_true(value_of(x, "s.a.b", v.id, &has) == 1 && has);
    value_of(x, "s.none", v.id, &has);
    assert_false(has);
    value_of(x, "s", v.id, &has);
    assert_false(has);
    OK(evaluation_values(&x->c, v.id, &all, &n, &e));
    assert_int_equal(n, 3);
    SAME(all[0].suite, "s");
    SAME(all[0].name, "a.b");
    assert_true(all[0].value == 1 && all[1].value == 7);
    SAME(all[2].suite, "t");
    for (int64_t i = 1; i <= 4; i++)
        if (i != 3) OK(evaluation_withdraw(&x->c, STR("bot"), 1, i, STR("r"), &out, &e));
    OK(evaluation_any(&x->c, v.id, &any, &e));
    assert_false(any);
}

CORE_TEST(one_score_of_many_versions) {
    enum { N = 70 }; // more than one statement asks for
    err e;
    id ids[N];
    double out[N];
    bool has[N];
    for (int i = 0; i < N; i++) {
        ids[i] = publish(x, "bot", REPO_MODEL).id;
        if (i % 3) evaluate(x, i + 1, "s", "a", i);
    }
    OK(evaluation_value_of(&x->c, STR("s.a"), ids, N, out, has, &e));
    for (int i = 0; i < N; i++)
        assert_true(has[i] == (i % 3 != 0) && (!has[i] || out[i] == i));
}

// ---- rules ----------------------------------------------------------------------------------

static search_field score_field(const char *key) {
    return (search_field){.domain = SEARCH_EVALUATION, .key = str_of(key)};
}

CORE_TEST(rules_judge_by_them) {
    err e;
    evaluation out;
    rule_result *all, one;
    size_t n, best;
    bool more;
    for (int i = 0; i < 5; i++)
        publish(x, "bot", REPO_MODEL); // no run tells of any of them
    static const double values[] = {0.9, 0.95, NAN, 0.99};
    for (int i = 0; i < 4; i++) {
        evaluate(x, i + 1, "s", "a", values[i]);
        evaluate(x, i + 1, "s", "harm", i == 1 ? 0.2 : 0);
    }
    OK(evaluation_withdraw(&x->c, STR("bot"), 4, 1, STR("r"), &out, &e));
    search_node least = {.op = SEARCH_LT, .field = score_field("s.harm"), .number = 0.1};
    rule_constraint harmless = {STR("evals.s.harm < 0.1"), &least};
    rule_terms t = {.constraints = &harmless,
                    .n = 1,
                    .goal = RULE_MAX,
                    .objective = score_field("s.a")};
    OK(rule_best(&x->c, STR("bot"), &t, &all, &n, &best, &more, &e));
    static const rule_verdict want[] = {RULE_FAILS, RULE_NO_VALUE, RULE_NO_VALUE, RULE_FAILS,
                                        RULE_HOLDS};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(all[i].verdict, want[i]);
    assert_int_equal(all[best].number, 1);
    OK(rule_holds(&x->c, STR("bot"), 5, &t, &one, &e));
    SAME(one.failures[0].found, "none");
    OK(rule_holds(&x->c, STR("bot"), 2, &t, &one, &e));
    SAME(one.failures[0].found, "0.2");
    search_query runs = {.where = &least, .max = 10}; // runs have none
    int64_t number = 0;
    search_page page;
    runs.projects = &number;
    runs.n_projects = 1;
    FAILS(ERR_INVALID, search_runs(&x->c, &runs, &page, &e));
}

// ---- deleted --------------------------------------------------------------------------------

static bool forget(db_tx *tx, void *arg, err *e) {
    static const db_query q = {"test.forget", "DELETE FROM evaluation_score WHERE number = $1",
                               false};
    (void)arg;
    return db_do(tx, &q, e, DB_I64(2)) > 0;
}

CORE_TEST(deleted_with_the_version_and_checked) {
    err e;
    evaluation *page;
    size_t n;
    bool more, has;
    repo r;
    version first = publish(x, "bot", REPO_MODEL), second = publish(x, "bot", REPO_MODEL);
    evaluate(x, 1, "s", "a", 1);
    evaluate(x, 2, "s", "a", 1);
    evaluate(x, 2, "s", "a", 1);
    SAME(core_fix_checked(x), "");
    OK(version_delete(&x->c, STR("bot"), 1, STR("r"), &e));
    FAILS(ERR_NOT_FOUND,
          evaluation_page(&x->c, STR("bot"), 1, INT64_MAX, 9, &page, &n, &more, &e));
    value_of(x, "s.a", first.id, &has);
    assert_false(has);
    SAME(core_fix_checked(x), ""); // no row is left over
    OK(db_write(x->f.db, forget, NULL, &e));
    SAME(core_fix_checked(x),
         "evaluation bot@2 2: its version is not there, or not all of its scores are");
    OK(repo_delete(&x->c, STR("bot"), STR("old"), &e));
    SAME(core_fix_checked(x), "");
    FAILS(ERR_NOT_FOUND, repo_get(&x->c, STR("bot"), &r, &e));
    value_of(x, "s.a", second.id, &has);
    assert_false(has);
}

CORE_TEST(evaluations_do_not_scan) {
    static const db_query all[] = {EVALUATION_SQL(SQL_ROW)};
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_with_all_it_says),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(a_version_has_so_many_and_no_more),
        cmocka_unit_test(pages_newest_first),
        cmocka_unit_test(the_newest_that_was_not_withdrawn_counts),
        cmocka_unit_test(one_score_of_many_versions),
        cmocka_unit_test(rules_judge_by_them),
        cmocka_unit_test(deleted_with_the_version_and_checked),
        cmocka_unit_test(evaluations_do_not_scan),
    };
    return core_fix_main("core_evaluation", tests, sizeof tests / sizeof *tests);
}
