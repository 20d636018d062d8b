// SPDX-License-Identifier: Apache-2.0
// Protection: which parts a version has, that a protected ref moves only to what has all that
// is asked for, by whom, and what an approval is; that going back asks for nothing again.
#include "core_help.h"

#include "core/core_internal.h"
#include "core/evaluation.h"
#include "core/protect.h"
#include "core/rule.h"
#include "core/schema.h"

// Publishes these files, with ',' between the names; the version's number.
static int64_t publish(core_fix *x, const char *files, id run_id) {
    static int folders;
    err e;
    content k;
    bool found;
    version v;
    str rest = str_of(files), folder = arena_printf(x->c.a, "0/r/artifacts/%d", folders++);
    for (str name; str_split(&rest, ',', &name);)
        OK(artifact_put(&x->c, arena_printf(x->c.a, "%.*s/%.*s", STR_F(folder), STR_F(name)),
                        fix_put(x->f.s, 7, 10), 10, &e));
    OK(content_seal_artifacts(&x->c, REPO_MODEL, folder, &k, &found, &e));
    version_new n = {.content = &k, .run = run_id};
    OK(version_create(&x->c, STR("bot"), &n, &v, &e));
    return v.number;
}

static void make_bot(core_fix *x) {
    err e;
    repo r;
    repo_new new = {.name = STR("bot"), .kind = REPO_MODEL};
    OK(repo_create(&x->c, &new, &r, &e));
}

static void protect(core_fix *x, const char *name, uint64_t parts, int64_t approvals) {
    err e;
    protection was, p = {.ref = str_of(name), .parts = parts, .approvals = approvals};
    OK(protect_set(&x->c, STR("bot"), &p, PROTECT_ALL, &was, &e));
}

static ref_change to(int64_t number) {
    return (ref_change){.repo = STR("bot"),
                        .kind = REF_ALIAS,
                        .name = STR("prod"),
                        .number = number,
                        .expected = REF_ANY,
                        .reason = STR("r")};
}

static void refused(core_fix *x, int64_t number, err_code code, const char *says) {
    err e;
    ref_change m = to(number);
    FAILS(code, ref_set(&x->c, &m, NULL, &e));
    if (!strstr(e.msg, says)) fail_msg("'%s' does not say '%s'", e.msg, says);
}

static void moved(core_fix *x, int64_t number) {
    err e;
    ref_change m = to(number);
    OK(ref_set(&x->c, &m, NULL, &e));
}

CORE_TEST(parts_are_told_by_names_and_metrics) {
    err e;
    const id none = {0};
    static const struct {
        const char *files;
        uint64_t has;
    } cases[] = {
        {"a.txt", 0},
        {"config.json,sub/README.MD", PART_CONFIG | PART_CARD},
        {"model-00001-of-2.safetensors,tokenizer.json", PART_WEIGHTS | PART_TOKENIZER},
        {"training_args.bin,my_config.json", 0},
        {"pytorch_model.bin", PART_WEIGHTS},
        {"x.Q4.gguf", PART_WEIGHTS | PART_CONFIG | PART_TOKENIZER},
    };
    make_bot(x);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        version v;
        uint64_t sum;
        OK(version_get(&x->c, STR("bot"), publish(x, cases[i].files, none), &v, &e));
        OK(parts_of(&x->c, &v, &sum, &e));
        assert_int_equal(sum, cases[i].has);
    }
    run r = core_fix_run(x, "r");
    version v;
    uint64_t sum;
    OK(version_get(&x->c, STR("bot"), publish(x, "a", r.id), &v, &e));
    OK(parts_of(&x->c, &v, &sum, &e));
    assert_int_equal(sum, 0);
    core_fix_log(x, r.id, "loss", 1, 0.5);
    OK(parts_of(&x->c, &v, &sum, &e));
    assert_int_equal(sum, PART_LOGS);
    core_fix_log(x, r.id, "eval/acc", 1, 0.5);
    OK(parts_of(&x->c, &v, &sum, &e));
    assert_int_equal(sum, PART_LOGS | PART_EVALUATIONS);
    SAME(parts_text(x->c.a, sum | PART_CARD), "card, logs, evaluations");
}

CORE_TEST(a_ref_asks_for_parts) {
    const id none = {0};
    make_bot(x);
    int64_t bare = publish(x, "a.txt", none), whole = publish(x, "README.md,config.json", none);
    moved(x, bare);
    protect(x, "prod", PART_CARD | PART_CONFIG, 0);
    moved(x, bare); // it is there
    moved(x, whole);
    refused(x, bare, ERR_STATE, "'prod' of 'bot' is protected: this version lacks config, card");
    x->c.maintains = false;
    refused(x, whole + 1, ERR_NOT_FOUND, "");
    refused(x, bare, ERR_FORBIDDEN, "only a maintainer");
    err e;
    ref_change m = to(0);
    FAILS(ERR_FORBIDDEN, ref_delete(&x->c, &m, NULL, &e));
    ref_move done;
    FAILS(ERR_FORBIDDEN, ref_rollback(&x->c, &m, false, &done, &e));
    x->c.maintains = true;
    OK(ref_rollback(&x->c, &m, false, &done, &e)); // it was there, and goes back
    assert_int_equal(done.to, bare);
    OK(protect_remove(&x->c, STR("bot"), STR("prod"), &e));
    FAILS(ERR_NOT_FOUND, protect_remove(&x->c, STR("bot"), STR("prod"), &e));
    x->c.maintains = false;
    moved(x, whole);
}

static bool approve_as(core_fix *x, const char *user, int64_t number, err *e) {
    ctx c = x->c;
    c.user = str_of(user);
    *e = (err){0};
    return protect_approve(&c, STR("bot"), number, STR("prod"), STR("looks good"), e);
}

CORE_TEST(people_approve) {
    err e;
    const id none = {0};
    protect_state s;
    make_bot(x);
    int64_t first = publish(x, "README.md", none), second = publish(x, "b", none);
    protect(x, "prod", PART_CARD, 2);
    refused(x, first, ERR_STATE, "this version has 0 of 2 approvals");
    refused(x, second, ERR_STATE, "this version lacks card; it has 0 of 2 approvals");
    if (approve_as(x, "tester", first, &e) || e.code != ERR_STATE) fail_msg("its publisher");
    x->c.proven = false;
    if (approve_as(x, "ann", first, &e) || e.code != ERR_FORBIDDEN) fail_msg("not proven");
    x->c.proven = true;
    assert_true(approve_as(x, "ann", first, &e) && approve_as(x, "ann", first, &e));
    refused(x, first, ERR_STATE, "has 1 of 2 approvals");
    assert_true(approve_as(x, "bob", first, &e));
    OK(protect_look(&x->c, STR("bot"), first, STR("prod"), &s, &e));
    assert_true(s.is_protected && s.ready && s.n_approvals == 2 && s.parts == PART_CARD);
    SAME(s.approvals[1].user, "bob");
    ctx bob = x->c;
    bob.user = STR("bob");
    OK(protect_withdraw(&bob, STR("bot"), first, STR("prod"), STR(""), STR(""), &e));
    FAILS(ERR_NOT_FOUND, protect_withdraw(&bob, STR("bot"), first, STR("prod"), STR(""), STR(""), &e));
    refused(x, first, ERR_STATE, "has 1 of 2");
    assert_true(approve_as(x, "bob", first, &e));
    moved(x, first);
    OK(protect_look(&x->c, STR("bot"), second, STR("prod"), &s, &e));
    assert_true(!s.ready && !s.n_approvals);
    OK(protect_look(&x->c, STR("bot"), second, STR("other"), &s, &e));
    assert_true(!s.is_protected && s.ready);
}

CORE_TEST(publishing_and_stages_ask_too) {
    err e;
    const id none = {0};
    version v;
    protection *list;
    size_t n;
    make_bot(x);
    int64_t bare = publish(x, "a", none);
    protect(x, "", PART_WEIGHTS, 0);
    version_new outside = {.source = STR("s3://b/m")};
    FAILS(ERR_STATE, version_create(&x->c, STR("bot"), &outside, &v, &e));
    if (!strstr(e.msg, "publishing in 'bot' is protected: this version lacks weights"))
        fail_msg("%s", e.msg);
    int64_t whole = publish(x, "m.safetensors", none);
    assert_int_equal(whole, bare + 1); // no number was taken
    protect(x, "Production", PART_WEIGHTS, 0);
    FAILS(ERR_STATE, version_set_stage(&x->c, STR("bot"), bare, STR("Production"), false,
                                       (str){0}, &v, &e));
    OK(version_set_stage(&x->c, STR("bot"), whole, STR("Production"), false, (str){0}, &v, &e));
    x->c.maintains = false;
    FAILS(ERR_FORBIDDEN,
          version_set_stage(&x->c, STR("bot"), whole, STR("None"), false, (str){0}, &v, &e));
    x->c.maintains = true;
    protect(x, "staging", PART_CARD, 0); // MLflow's clients say Staging
    FAILS(ERR_STATE,
          version_set_stage(&x->c, STR("bot"), bare, STR("Staging"), false, (str){0}, &v, &e));
    if (!strstr(e.msg, "'staging' of 'bot' is protected: this version lacks card"))
        fail_msg("%s", e.msg);
    protect(x, "Staging", 0, 0); // of both the one that is written so
    OK(version_set_stage(&x->c, STR("bot"), bare, STR("Staging"), false, (str){0}, &v, &e));
    protect(x, "Archived", 0, 0);
    x->c.maintains = false;
    FAILS(ERR_FORBIDDEN, version_set_stage(&x->c, STR("bot"), whole, STR("other"), true,
                                           STR("Archived"), &v, &e));
    OK(protect_list(&x->c, STR("bot"), &list, &n, &e));
    assert_true(n == 5 && !list[0].ref.n);
    SAME(list[2].ref, "Production");
    protection was, bad = {.ref = STR("a b")};
    FAILS(ERR_INVALID, protect_set(&x->c, STR("bot"), &bad, PROTECT_ALL, &was, &e));
    bad = (protection){.ref = STR("prod"), .rule = STR("none")};
    FAILS(ERR_NOT_FOUND, protect_set(&x->c, STR("bot"), &bad, PROTECT_ALL, &was, &e));
    bad = (protection){.approvals = 1};
    FAILS(ERR_INVALID, protect_set(&x->c, STR("bot"), &bad, PROTECT_ALL, &was, &e));
}

CORE_TEST(only_what_is_said_changes) {
    err e;
    rule r = {.name = STR("good"), .where = STR("yes")}, done;
    protection was, *list,
        p = {.ref = STR("prod"), .parts = PART_CARD, .rule = STR("good"), .approvals = 2};
    size_t n;
    make_bot(x);
    OK(rule_set(&x->c, STR("bot"), &r, &done, &e));
    OK(protect_set(&x->c, STR("bot"), &p, PROTECT_ALL, &was, &e));
    assert_int_equal(was.set_us, 0);
    p = (protection){.ref = STR("prod"), .approvals = 3};
    OK(protect_set(&x->c, STR("bot"), &p, PROTECT_APPROVALS, &was, &e));
    assert_true(was.set_us && was.approvals == 2 && was.parts == PART_CARD);
    OK(protect_list(&x->c, STR("bot"), &list, &n, &e));
    assert_true(n == 1 && list[0].approvals == 3 && list[0].parts == PART_CARD);
    SAME(list[0].rule, "good");
    OK(protect_set(&x->c, STR("bot"), &p, PROTECT_PARTS | PROTECT_RULE, &was, &e));
    OK(protect_list(&x->c, STR("bot"), &list, &n, &e));
    assert_true(list[0].approvals == 3 && !list[0].parts && !list[0].rule.n);
    p = (protection){.parts = PART_CARD};
    OK(protect_set(&x->c, STR("bot"), &p, PROTECT_PARTS, &was, &e));
    p = (protection){0}; // publishing that asks for nothing is not protected
    FAILS(ERR_INVALID, protect_set(&x->c, STR("bot"), &p, PROTECT_PARTS, &was, &e));
    p = (protection){.ref = STR("bot*")};
    FAILS(ERR_INVALID, protect_set(&x->c, STR("bot"), &p, 0, &was, &e));
}

// ---- what changes while it is judged --------------------------------------------------------

static bool tighten; // the rule, while the first judgement by it goes on

// "yes" holds for every version that a run made, "no" for none: there is no such metric.
static bool compile(ctx *c, const rule *r, rule_terms *out, err *e) {
    *out = (rule_terms){0};
    if (str_is(r->where, "no")) {
        out->goal = RULE_MAX;
        out->objective = (search_field){.domain = SEARCH_METRIC, .key = STR("none")};
    }
    rule no = *r, done;
    no.where = STR("no");
    bool now = tighten;
    tighten = false;
    return !now || rule_set(c, STR("bot"), &no, &done, e);
}

CORE_TEST(a_rule_is_what_it_is_at_the_move) {
    err e;
    rule r = {.name = STR("good"), .where = STR("yes")}, done;
    protection was, p = {.ref = STR("prod"), .rule = STR("good")};
    x->core->compile_rule = compile;
    make_bot(x);
    int64_t first = publish(x, "a", core_fix_run(x, "r").id);
    OK(rule_set(&x->c, STR("bot"), &r, &done, &e));
    OK(protect_set(&x->c, STR("bot"), &p, PROTECT_ALL, &was, &e));
    tighten = true;
    refused(x, first, ERR_STATE, "the rule 'good' does not hold");
    OK(rule_set(&x->c, STR("bot"), &r, &done, &e));
    moved(x, first);
}

// Holds for all; withdraws the evaluation of the version while it is asked.
static bool withdraw_and_hold(ctx *c, const rule *r, rule_terms *out, err *e) {
    evaluation gone;
    err ignored = {0}; // it is withdrawn once
    (void)r;
    (void)e;
    *out = (rule_terms){0};
    evaluation_withdraw(c, STR("bot"), 1, 1, STR("the judge was asleep"), &gone, &ignored);
    return true;
}

CORE_TEST(evaluations_are_what_they_are_at_the_move) {
    err e;
    rule r = {.name = STR("good"), .where = STR("yes")}, done;
    protection was, p = {.ref = STR("prod"), .rule = STR("good"), .parts = PART_EVALUATIONS};
    evaluation_score s = {STR("a"), 1};
    evaluation_new n = {.suite = STR("s"), .scores = &s, .n_scores = 1};
    evaluation added;
    x->core->compile_rule = withdraw_and_hold;
    make_bot(x);
    int64_t first = publish(x, "a", core_fix_run(x, "r").id);
    OK(rule_set(&x->c, STR("bot"), &r, &done, &e));
    OK(protect_set(&x->c, STR("bot"), &p, PROTECT_ALL, &was, &e));
    refused(x, first, ERR_STATE, "this version lacks evaluations");
    OK(evaluation_add(&x->c, STR("bot"), first, &n, &added, &e));
    refused(x, first, ERR_STATE, "this version lacks evaluations"); // withdrawn meanwhile
    OK(evaluation_add(&x->c, STR("bot"), first, &n, &added, &e));
    moved(x, first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_told_by_names_and_metrics),
        cmocka_unit_test(a_ref_asks_for_parts),
        cmocka_unit_test(people_approve),
        cmocka_unit_test(publishing_and_stages_ask_too),
        cmocka_unit_test(only_what_is_said_changes),
        cmocka_unit_test(a_rule_is_what_it_is_at_the_move),
        cmocka_unit_test(evaluations_are_what_they_are_at_the_move),
    };
    return core_fix_main("core protect", tests, sizeof tests / sizeof *tests);
}
