// SPDX-License-Identifier: Apache-2.0
// Why: a history where one key truly drives the metric, one of pure noise, experiments, keys
// that can not be told apart; and the permutation test against what is known of it.
#include "core_help.h"

#include "core/why_internal.h"
#include "core/why_sql.h"

#include <math.h>

static uint64_t seed;

static double chance(void) { // 0 to 1
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 0x1p53;
}

static int64_t dice(int64_t sides) {
    return (int64_t)(chance() * (double)sides);
}

static void make_bot(core_fix *x) {
    err e;
    repo r;
    repo_new n = {.name = STR("bot"), .kind = REPO_MODEL};
    OK(repo_create(&x->c, &n, &r, &e));
}

// A version of a run with "key=value key=value ..." as its configuration.
static int64_t publish(core_fix *x, double acc, const char *config, version_parent *parent) {
    err e;
    run r;
    version v;
    kv params[8];
    size_t n = 0;
    str rest = arena_str(x->c.a, str_of(config));
    for (str word; str_split(&rest, ' ', &word); n++) {
        size_t at = str_find(word, '=', 0);
        params[n] = (kv){str_upto(word, at), str_from(word, at + 1)};
    }
    kv name = {STR("mlflow.runName"), arena_printf(x->c.a, "run %g", chance())};
    run_new rn = {.params = params, .n_params = n, .tags = &name, .n_tags = 1};
    OK(run_create(&x->c, &rn, &r, &e));
    core_fix_log(x, r.id, "acc", 0, acc);
    version_new vn = {
        .source = STR("s"), .run = r.id, .parents = parent, .n_parents = parent != NULL};
    OK(version_create(&x->c, STR("bot"), &vn, &v, &e));
    return v.number;
}

static const char *text(core_fix *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static const char *text(core_fix *x, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str s = arena_vprintf(x->c.a, fmt, ap);
    va_end(ap);
    return s.p;
}

static why_answer ask(core_fix *x, int64_t a, int64_t b) {
    err e;
    why_answer out;
    search_field acc = {.domain = SEARCH_METRIC, .which = SEARCH_LAST, .key = STR("acc")};
    OK(why_compare(&x->c, STR("bot"), a, b, &acc, &out, &e));
    return out;
}

CORE_TEST(what_drives_the_metric_comes_first) {
    seed = 1;
    make_bot(x);
    for (int i = 0; i < 40; i++) {
        int64_t lr = 1 + dice(9);
        const char *opt = dice(2) ? "adam" : "sgd";
        publish(x, 0.05 * (double)lr + 0.02 * chance(),
                text(x, "lr=0.%lld opt=%s layers=%lld seed=%lld", (long long)lr, opt,
                     (long long)dice(4), (long long)dice(1000)),
                NULL);
    }
    int64_t a = publish(x, 0.05, "lr=0.1 opt=adam layers=1 seed=5", NULL);
    int64_t b = publish(x, 0.45, "lr=0.9 opt=sgd layers=2 seed=6", NULL);
    why_answer w = ask(x, a, b);
    assert_int_equal(w.n, 4);
    assert_true(w.versions == 42 && w.tests == 4 && w.has_a && w.b == 0.45);
    SAME(w.keys[0].name.key, "lr");
    assert_true(w.keys[0].evidence == WHY_ASSOCIATED && w.keys[0].number);
    assert_true(w.keys[0].rho > 0.9 && w.keys[0].p < 0.001 && !w.keys[0].exact);
    SAME(w.keys[0].a, "0.1");
    for (size_t i = 1; i < w.n; i++)
        if (w.keys[i].evidence != WHY_NONE) fail_msg("%s", w.keys[i].name.key.p);
    why_answer again = ask(x, a, b); // the same p to the bit
    for (size_t i = 0; i < w.n; i++)
        assert_true(again.keys[i].p == w.keys[i].p);
}

CORE_TEST(of_noise_nothing_is_claimed) {
    seed = 2;
    make_bot(x);
    for (int i = 0; i < 40; i++)
        publish(x, chance(),
                text(x, "lr=0.%lld opt=o%lld layers=%lld seed=%lld", (long long)dice(9),
                     (long long)dice(3), (long long)dice(4), (long long)dice(1000)),
                NULL);
    int64_t a = publish(x, 0.3, "lr=0.1 opt=o1 layers=1 seed=1001", NULL);
    int64_t b = publish(x, 0.6, "lr=0.9 opt=o2 layers=2 seed=1002", NULL);
    why_answer w = ask(x, a, b);
    assert_int_equal(w.n, 4);
    for (size_t i = 0; i < w.n; i++)
        if (w.keys[i].evidence != WHY_NONE)
            fail_msg("%s: p %g", w.keys[i].name.key.p, w.keys[i].p);
}

CORE_TEST(experiments_come_first) {
    err e;
    version base;
    make_bot(x);
    version_new n = {.source = STR("s")};
    OK(version_create(&x->c, STR("bot"), &n, &base, &e)); // 1: no run
    version_parent p = {.relation = RELATION_FINE_TUNE, .version = base.id};
    version_parent next = {.relation = RELATION_NEXT, .version = base.id};
    for (int i = 0; i < 4; i++)
        publish(x, i % 2 ? 0.51 : 0.50, "lr=1 opt=a code=x", &p); // 2 to 5: noise 0.01
    publish(x, 0.80, "lr=2 opt=a code=x", &p);                    // 6: only lr
    publish(x, 0.52, "lr=1 opt=b code=y", &p);    // 7: opt and code, which go together
    publish(x, 0.30, "lr=1 opt=a code=x", &next); // 8: only the parent
    int64_t b = publish(x, 0.90, "lr=2 opt=b code=y extra=1", &next);
    why_answer w = ask(x, 2, b);
    assert_true(w.has_noise && fabs(w.noise - 0.01) < 1e-9);
    assert_int_equal(w.n, 4);
    SAME(w.keys[0].name.key, "lr");
    assert_int_equal(w.keys[0].evidence, WHY_EXPERIMENT);
    assert_int_equal(w.keys[0].experiments, 1);
    assert_true(w.keys[0].pairs[0].from == 5 && w.keys[0].pairs[0].to == 6);
    assert_true(fabs(w.keys[0].change - 0.29) < 1e-9);
    SAME(w.keys[0].pairs[0].to_value, "2");
    SAME(w.keys[1].name.key, "fine-tune");
    assert_true(w.keys[1].name.source == WHY_PARENT && !w.keys[1].b.p);
    SAME(w.keys[1].a, "bot@1");
    assert_int_equal(w.keys[1].pairs[0].to, 8);
    for (size_t i = 2; i < 4; i++) {
        const why_key *k = &w.keys[i];
        assert_int_equal(k->evidence, WHY_NONE); // of noise's size, or not seen
        if (!str_is(k->name.key, "code")) continue;
        assert_true(k->n_with == 1 && str_is(k->with[0].key, "opt") && k->experiments == 1);
    }
    search_field acc = {.domain = SEARCH_METRIC, .which = SEARCH_LAST, .key = STR("acc")};
    FAILS(ERR_INVALID, why_compare(&x->c, STR("bot"), 2, 2, &acc, &w, &e));
    FAILS(ERR_NOT_FOUND, why_compare(&x->c, STR("bot"), 2, 99, &acc, &w, &e));
    FAILS(ERR_NOT_FOUND, why_compare(&x->c, STR("none"), 2, 3, &acc, &w, &e));
    w = ask(x, 1, 2); // one has no run: no metric, and nothing to be the same
    assert_true(!w.has_a && w.has_b && w.n == 3);
    acc.key = STR("never");
    OK(why_compare(&x->c, STR("bot"), 2, 6, &acc, &w, &e));
    assert_true(w.versions == 0 && w.tests == 0 && w.n == 1);
}

// ---- the test of permutations ---------------------------------------------------------------

static void known_values(void **state) {
    (void)state;
    arena *a = arena_new();
    double x[] = {1, 2, 3, 4, 5}, y[] = {2, 4, 8, 16, INFINITY};
    y[4] = 1e300;
    why_test t = why_numbers(a, x, y, 5);
    assert_true(fabs(t.effect - 1) < 1e-12 && t.exact && fabs(t.p - 2.0 / 120) < 1e-12);
    double tied[] = {1, 1, 2, 2, 3};
    t = why_numbers(a, tied, y, 5); // ranks 1.5 1.5 3.5 3.5 5 beside 1 2 3 4 5
    assert_true(fabs(t.effect - 9 / sqrt(90)) < 1e-12);
    int32_t g[] = {0, 0, 1, 1};
    double z[] = {1, 1, 5, 5};
    t = why_groups(a, g, 2, z, 4);
    assert_true(fabs(t.effect - 1) < 1e-12 && t.exact && fabs(t.p - 1.0 / 3) < 1e-12);
    double half[] = {0, 2, 2, 4}; // between: 4, in all: 8
    assert_true(fabs(why_groups(a, g, 2, half, 4).effect - 0.5) < 1e-12);
    static const struct {
        size_t df;
        double t, p;
    } tails[] = {{1, 12.7062, 0.05}, {2, 4.3027, 0.05},  {3, 3.1824, 0.05},
                 {10, 2.2281, 0.05}, {30, 2.7500, 0.01}, {7, 0, 1}};
    for (size_t k = 0; k < sizeof tails / sizeof *tails; k++)
        assert_true(fabs(why_t_tail(tails[k].t, tails[k].df) - tails[k].p) < 1e-4);
    double flat[] = {3, 3, 3, 3};
    assert_true(why_groups(a, g, 2, flat, 4).p == 1 && why_numbers(a, flat, z, 4).p == 1);
    arena_free(a);
}

// Of noise p is even: about one in twenty is 0.05 or less.
static void p_is_honest(void **state) {
    (void)state;
    enum { TRIES = 1000, N = 24 };
    size_t small[2] = {0};
    seed = 3;
    arena *a = arena_new();
    for (int i = 0; i < TRIES; i++) {
        double x[N], y[N];
        int32_t g[N];
        arena_reset(a);
        for (int k = 0; k < N; k++) {
            x[k] = (double)dice(12);
            y[k] = chance();
            g[k] = k % 4;
        }
        small[0] += why_numbers(a, x, y, N).p <= 0.05;
        small[1] += why_groups(a, g, 4, y, N).p <= 0.05;
    }
    for (int i = 0; i < 2; i++)
        if (small[i] < TRIES / 40 || small[i] > TRIES / 12) fail_msg("%d: %zu", i, small[i]);
    arena_free(a);
}

CORE_TEST(plans) {
    static const db_query all[] = {WHY_SQL(SQL_ROW)};
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_drives_the_metric_comes_first),
        cmocka_unit_test(of_noise_nothing_is_claimed),
        cmocka_unit_test(experiments_come_first),
        cmocka_unit_test(known_values),
        cmocka_unit_test(p_is_honest),
        cmocka_unit_test(plans),
    };
    return core_fix_main("why", tests, sizeof tests / sizeof *tests);
}
