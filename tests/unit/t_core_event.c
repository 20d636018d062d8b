// SPDX-License-Identifier: Apache-2.0
// The event log: what a query finds of it, in pages that pass over what it does not want; and
// that whatever is changed, taken out, moved or cut off in the database is found, with its
// place.
#include "core_help.h"

#include "core/event_internal.h"
#include "core/ref.h"

static void seal(core_fix *x) {
    err e;
    OK(event_seal_all(x->core, &e));
}

static event_list page(core_fix *x, event_query q) {
    err e;
    event_list l;
    if (!q.max) q.max = 100;
    OK(event_page(&x->c, &q, &l, &e));
    return l;
}

// The whole log that a query finds, in pages of one event, is that of one large page.
static event_list all(core_fix *x, event_query q) {
    event_list whole = page(x, q), l;
    size_t n = 0;
    q.max = 1;
    do {
        l = page(x, q);
        for (size_t i = 0; i < l.n; i++, n++)
            assert_int_equal(l.v[i].number, whole.v[n].number);
        q.after = l.next;
    } while (l.more);
    assert_int_equal(n, whole.n);
    return whole;
}

static void bot(core_fix *x, const char *name) {
    err e;
    repo r;
    version v;
    repo_new new = {.name = str_of(name), .kind = REPO_MODEL};
    version_new nv = {.source = STR("s3://b/m")};
    ref_change m = {.repo = new.name,
                    .kind = REF_ALIAS,
                    .name = STR("prod"),
                    .number = 1,
                    .expected = REF_ANY};
    OK(repo_create(&x->c, &new, &r, &e));
    OK(version_create(&x->c, new.name, &nv, &v, &e));
    OK(ref_set(&x->c, &m, NULL, &e));
    OK(version_set_mark(&x->c, new.name, 1, MARK_BAD, true, STR("wrong"), &v, &e));
}

CORE_TEST(a_query_finds_what_it_names) {
    err e;
    run r = core_fix_run(x, "r");
    bot(x, "bot");
    x->c.user = STR("ann");
    bot(x, "other");
    OK(run_delete(&x->c, r.id, &e));
    seal(x);
    assert_int_equal(all(x, (event_query){0}).n, 10);
    event_list l = all(x, (event_query){.subject = STR("bot")});
    static const event_kind kinds[] = {EVENT_repo_created, EVENT_version_created,
                                       EVENT_ref_moved, EVENT_version_marked};
    assert_int_equal(l.n, 4);
    for (size_t i = 0; i < l.n; i++)
        assert_int_equal(l.v[i].kind, kinds[i]);
    assert_int_equal(all(x, (event_query){.subject = STR("bo")}).n, 0);
    assert_int_equal(all(x, (event_query){.user = STR("ann")}).n, 5);
    assert_int_equal(all(x, (event_query){.user = STR("")}).n, 0);
    event_query q = {.kinds = 1u << EVENT_ref_moved | 1u << EVENT_run_deleted,
                     .newest = true,
                     .after = INT64_MAX};
    l = all(x, q);
    assert_true(l.n == 3 && l.v[0].kind == EVENT_run_deleted && l.v[2].number < l.v[1].number);
    q.subject = l.v[0].object; // of the run
    assert_int_equal(all(x, q).n, 1);
}

static const db_query set_time = {
    "test.time", "UPDATE event SET time_us = $3 WHERE ws = $1 AND number = $2", false};

static bool spread_times(db_tx *tx, void *arg, err *e) {
    int64_t n = *(int64_t *)arg;
    for (int64_t i = 1; i <= n; i++)
        if (db_do(tx, &set_time, e, DB_I64(WORKSPACE_DEFAULT), DB_I64(i),
                  DB_I64(i * 86400000000)) < 0)
            return false;
    return true;
}

// A day an event: a span finds those within, from either end, and the edges count as said.
CORE_TEST(times) {
    err e;
    int64_t n = 20;
    const int64_t day = 86400000000;
    run r = core_fix_run(x, "r");
    for (int i = 1; i < n; i++)
        OK(i % 2 ? run_delete(&x->c, r.id, &e) : run_restore(&x->c, r.id, &e));
    seal(x);
    OK(db_write(x->f.db, spread_times, &n, &e));
    event_query q = {.has_since = true, .since_us = 5 * day, .has_until = true};
    q.until_us = 9 * day;
    event_list l = all(x, q);
    assert_true(l.n == 4 && l.v[0].number == 5 && l.v[3].number == 8);
    q.newest = true;
    q.after = INT64_MAX;
    l = all(x, q);
    assert_true(l.n == 4 && l.v[0].number == 8 && l.v[3].number == 5);
    q.has_until = false;
    assert_int_equal(all(x, q).n, 16);
    q.since_us = 21 * day;
    assert_int_equal(all(x, q).n, 0);
    q = (event_query){.has_until = true, .until_us = day};
    assert_int_equal(all(x, q).n, 0);
}

// ---- the chain ------------------------------------------------------------------------------

typedef struct bads {
    int n;
    int64_t first;
} bads;

static void count_bad(void *arg, int64_t ws, int64_t number, const char *what) {
    (void)what;
    bads *b = arg;
    assert_int_equal(ws, WORKSPACE_DEFAULT);
    if (!b->n++) b->first = number;
}

static bads check(core_fix *x) {
    err e;
    uint64_t seen;
    bads b = {0};
    OK(event_check(x->core, count_bad, &b, &seen, &e));
    return b;
}

// A query is known to the engines by its address, so each has its own for good.
static db_query *query_of(const char *sql) {
    static db_query all[32];
    static size_t n;
    assert_true(n < 32);
    all[n] = (db_query){"test.tamper", sql, false};
    return &all[n++];
}

typedef struct tampering {
    db_query *q[3];
} tampering;

static bool change(db_tx *tx, void *arg, err *e) {
    tampering *t = arg;
    for (size_t i = 0; i < 3 && t->q[i]; i++)
        if (db_change(tx, t->q[i], NULL, 0, e) < 1) return false;
    return true;
}

// Ten events; what is changed by hand is found at the number.
static void tampered(tampering t, int64_t at) {
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run r = core_fix_run(x, "r");
    for (int i = 0; i < 9; i++)
        OK(i % 2 ? run_restore(&x->c, r.id, &e) : run_delete(&x->c, r.id, &e));
    seal(x);
    assert_int_equal(check(x).n, 0);
    OK(db_write(x->f.db, change, &t, &e));
    bads b = check(x);
    if (b.n < 1 || b.first != at)
        fail_msg("%s: %d found, the first at %lld", t.q[0]->sql, b.n, (long long)b.first);
    core_fix_close(x);
}

static void what_is_changed_is_found(void **state) {
    static const struct {
        const char *sql[3];
        int64_t at;
    } cases[] = {
        {{"UPDATE event SET user_name = 'somebody else' WHERE number = 2"}, 2},
        {{"UPDATE event SET time_us = time_us + 1 WHERE number = 10"}, 10},
        {{"UPDATE event SET payload = 'x' WHERE number = 3"}, 3},
        {{"DELETE FROM event WHERE number = 4"}, 4},
        {{"DELETE FROM event WHERE number > 8"}, 9},
        {{"UPDATE event SET number = -6 WHERE number = 5",
          "UPDATE event SET number = 5 WHERE number = 6",
          "UPDATE event SET number = 6 WHERE number = -6"},
         5},
        {{"UPDATE event_head SET number = 9"}, 10},
        // The last one, and the head with it: only a head that was kept elsewhere tells.
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tampering t = {0};
        for (size_t k = 0; k < 3 && cases[i].sql[k]; k++)
            t.q[k] = query_of(cases[i].sql[k]);
        tampered(t, cases[i].at);
    }
}

CORE_TEST(steps_and_heads) {
    err e;
    event_step s;
    bads b = {0};
    sha256 chain, at_three;
    int64_t last = 0, three = 3, none = 9;
    OK(event_chain(&x->c, &last, &chain, &e));
    assert_int_equal(last, 0);
    run r = core_fix_run(x, "r");
    for (int i = 0; i < 4; i++)
        OK(i % 2 ? run_restore(&x->c, r.id, &e) : run_delete(&x->c, r.id, &e));
    seal(x);
    OK(event_chain(&x->c, &last, &chain, &e));
    OK(event_chain(&x->c, &three, &at_three, &e));
    FAILS(ERR_NOT_FOUND, event_chain(&x->c, &none, &at_three, &e));
    assert_int_equal(last, 5);
    OK(event_check_step(&x->c, 0, 3, count_bad, &b, &s, &e));
    assert_true(s.n == 3 && s.last == 3 && !s.end && sha256_eq(s.chain, at_three));
    OK(event_check_step(&x->c, s.last, 3, count_bad, &b, &s, &e));
    assert_true(s.n == 2 && s.last == 5 && s.end && sha256_eq(s.chain, chain) && !b.n);
    FAILS(ERR_NOT_FOUND, event_check_step(&x->c, 77, 3, count_bad, &b, &s, &e));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_finds_what_it_names),
        cmocka_unit_test(times),
        cmocka_unit_test(what_is_changed_is_found),
        cmocka_unit_test(steps_and_heads),
    };
    return core_fix_main("core event", tests, sizeof tests / sizeof *tests);
}
