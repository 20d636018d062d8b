// SPDX-License-Identifier: Apache-2.0
// Refs: how they point, move and are sealed; that of several who saw the same one succeeds;
// their history, and what they pointed at.
#include "core_help.h"

#include "base/thread.h"
#include "core/ref.h"
#include "core/sql.h"

// The repo "bot" with n versions.
static void make_bot(core_fix *x, int n) {
    err e;
    repo r;
    version v;
    repo_new new = {.name = STR("bot"), .kind = REPO_MODEL};
    version_new nv = {.source = STR("s3://b/m")};
    OK(repo_create(&x->c, &new, &r, &e));
    for (int i = 0; i < n; i++)
        OK(version_create(&x->c, STR("bot"), &nv, &v, &e));
}

static ref_change to(ref_kind kind, const char *name, int64_t number, int64_t expected) {
    return (ref_change){.repo = STR("bot"),
                        .kind = kind,
                        .name = str_of(name),
                        .number = number,
                        .expected = expected};
}

static ref_move move(core_fix *x, ref_kind kind, const char *name, int64_t number) {
    err e;
    ref_move m;
    ref_change c = to(kind, name, number, REF_ANY);
    OK(ref_set(&x->c, &c, &m, &e));
    return m;
}

static void refused(core_fix *x, err_code code, ref_change c, const char *says) {
    err e;
    FAILS(code, ref_set(&x->c, &c, NULL, &e));
    if (!strstr(e.msg, says)) fail_msg("'%s' does not say '%s'", e.msg, says);
}

static bool drop(core_fix *x, ref_kind kind, const char *name, const char *reason, err *e) {
    ref_change c = to(kind, name, 0, REF_ANY);
    c.reason = str_of(reason);
    *e = (err){0};
    return ref_delete(&x->c, &c, NULL, e);
}

// Where an alias points; 0: it is not there.
static int64_t points_at(core_fix *x, ref_kind kind, const char *name) {
    err e;
    version v;
    bool found;
    OK(ref_version(&x->c, STR("bot"), kind, str_of(name), &v, &found, &e));
    return found ? v.number : 0;
}

CORE_TEST(aliases_point_and_move) {
    err e;
    version v;
    make_bot(x, 2);
    assert_int_equal(points_at(x, REF_ALIAS, "prod"), 0);
    refused(x, ERR_NOT_FOUND, to(REF_ALIAS, "prod", 9, REF_ANY), "");
    ref_move first = move(x, REF_ALIAS, "prod", 1);
    assert_int_equal(first.from, 0);
    assert_int_equal(first.to, 1);
    move(x, REF_ALIAS, "best", 1);
    ref_move second = move(x, REF_ALIAS, "prod", 2);
    assert_int_equal(second.from, 1);
    assert_true(second.time_us > first.time_us);
    assert_int_equal(points_at(x, REF_ALIAS, "prod"), 2);
    ref_move again = move(x, REF_ALIAS, "prod", 2); // where it is: no move
    assert_true(id_eq(again.id, second.id));
    OK(version_get(&x->c, STR("bot"), 2, &v, &e));
    assert_int_equal(v.n_aliases, 1);
    assert_int_equal(v.n_sealed, 0);
    ref *list;
    size_t n;
    OK(ref_list(&x->c, STR("bot"), 0, NULL, 10, &list, &n, &e));
    assert_int_equal(n, 2);
    SAME(list[0].name, "best");
    SAME(list[1].user, "tester");
    assert_int_equal(list[1].moved_us, second.time_us);
    OK(ref_list(&x->c, STR("bot"), 0, &list[0], 10, &list, &n, &e));
    assert_int_equal(n, 1);
    SAME(list[0].name, "prod");
    OK(drop(x, REF_ALIAS, "best", "", &e));
    OK(drop(x, REF_ALIAS, "best", "", &e));
    OK(version_delete(&x->c, STR("bot"), 2, (str){0}, &e)); // with its aliases
    OK(ref_list(&x->c, STR("bot"), REF_ALIAS, NULL, 10, &list, &n, &e));
    assert_int_equal(n, 0);
}

CORE_TEST(tags_are_sealed) {
    err e;
    version v;
    make_bot(x, 2);
    move(x, REF_TAG, "v1.0.0", 1);
    move(x, REF_TAG, "v1.0.0", 1);
    refused(x, ERR_STATE, to(REF_TAG, "v1.0.0", 2, REF_ANY), "sealed");
    refused(x, ERR_EXISTS, to(REF_ALIAS, "v1.0.0", 2, REF_ANY), "is no alias but the tag");
    OK(version_get(&x->c, STR("bot"), 1, &v, &e));
    assert_int_equal(v.n_aliases, 0);
    SAME(v.sealed[0], "v1.0.0");
    FAILS(ERR_STATE, version_delete(&x->c, STR("bot"), 1, (str){0}, &e));
    assert_non_null(strstr(e.msg, "v1.0.0"));
    FAILS(ERR_STATE, repo_delete(&x->c, STR("bot"), STR("old"), &e));
    FAILS(ERR_INVALID, drop(x, REF_TAG, "v1.0.0", " ", &e));
    FAILS(ERR_EXISTS, drop(x, REF_ALIAS, "v1.0.0", "why", &e));
    FAILS(ERR_INVALID, drop(x, 0, "v1.0.0", "", &e)); // of either kind
    OK(drop(x, 0, "v1.0.0", "wrong weights", &e));
    OK(version_delete(&x->c, STR("bot"), 1, (str){0}, &e));
    move(x, REF_ALIAS, "v1.0.0", 2); // its name is free
    OK(repo_delete(&x->c, STR("bot"), STR("old"), &e));
}

CORE_TEST(a_move_expects_where_it_is) {
    err e;
    make_bot(x, 3);
    refused(x, ERR_CONFLICT, to(REF_ALIAS, "prod", 1, 2), "it is not there. Look");
    ref_change c = to(REF_ALIAS, "prod", 1, REF_ABSENT);
    c.reason = STR("first one");
    OK(ref_set(&x->c, &c, NULL, &e));
    refused(x, ERR_CONFLICT, to(REF_ALIAS, "prod", 2, REF_ABSENT),
            "expected not to be there; it is at version 1, where tester set it at 20");
    refused(x, ERR_CONFLICT, to(REF_ALIAS, "prod", 2, 3), "(\"first one\")");
    c = to(REF_ALIAS, "prod", 2, 1);
    OK(ref_set(&x->c, &c, NULL, &e));
    c = to(REF_ALIAS, "prod", 0, 1);
    FAILS(ERR_CONFLICT, ref_delete(&x->c, &c, NULL, &e));
    c.expected = 2;
    bool was_there;
    OK(ref_delete(&x->c, &c, &was_there, &e));
    assert_true(was_there);
    FAILS(ERR_CONFLICT, ref_delete(&x->c, &c, NULL, &e));
    c.expected = REF_ANY;
    OK(ref_delete(&x->c, &c, &was_there, &e));
    assert_false(was_there);
    refused(x, ERR_CONFLICT, to(REF_ALIAS, "prod", 2, 2), "tester removed it at 20");
    c = to(REF_ALIAS, "prod", 3, REF_ABSENT);
    OK(ref_set(&x->c, &c, NULL, &e));
}

CORE_TEST(names_that_an_address_can_tell) {
    err e;
    static const char *const bad[] = {"",       "a b",    "a/b",  "a:b",  "a@b",
                                      "{a",     "a}",     "12",   "v12",  "V7",
                                      "latest", "LaTeSt", "a\tb", "\x7f", "\xff",
                                      ".",      "..",     "a*",   "a?"};
    static const char *const good[] = {"prod",    "v1.2.0",  "v",    "1.0", "..x",
                                       "a-b_c.d", "gefärbt", "vier4"};
    make_bot(x, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(x, ERR_INVALID, to(REF_ALIAS, bad[i], 1, REF_ANY), "");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        move(x, i % 2 ? REF_TAG : REF_ALIAS, good[i], 1);
    char longest[REF_NAME_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[REF_NAME_MAX + 1] = 0;
    refused(x, ERR_INVALID, to(REF_ALIAS, longest, 1, REF_ANY), "255");
    longest[REF_NAME_MAX] = 0;
    move(x, REF_ALIAS, longest, 1);
    ref_change digits = to(REF_ALIAS, "12", 1, REF_ANY); // as MLflow's clients may
    digits.any_name = true;
    OK(ref_set(&x->c, &digits, NULL, &e));
    digits.reason =
        str_n(memset(arena_bytes(x->c.a, REF_REASON_MAX + 1), 'w', REF_REASON_MAX + 1),
              REF_REASON_MAX + 1);
    refused(x, ERR_INVALID, digits, "the reason");
}

CORE_TEST(every_move_is_kept) {
    err e;
    ref_move *m;
    size_t n;
    make_bot(x, 3);
    for (int64_t i = 1; i <= 3; i++)
        move(x, REF_ALIAS, "prod", i);
    move(x, REF_TAG, "v1.0", 2);
    OK(drop(x, REF_ALIAS, "prod", "no longer served", &e));
    OK(ref_history(&x->c, STR("bot"), STR("prod"), NULL, 10, &m, &n, &e));
    assert_int_equal(n, 4);
    SAME(m[0].reason, "no longer served");
    assert_int_equal(m[0].from, 3);
    assert_int_equal(m[0].to, 0);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(m[i].to, m[i - 1].from);
    assert_true(m[3].proven);
    OK(ref_history(&x->c, STR("bot"), (str){0}, NULL, 2, &m, &n, &e)); // of all names, by pages
    assert_int_equal(n, 2);
    SAME(m[1].name, "v1.0");
    OK(ref_history(&x->c, STR("bot"), (str){0}, &m[1], 10, &m, &n, &e));
    assert_int_equal(n, 3);
    assert_int_equal(m[0].to, 3);
    OK(version_delete(&x->c, STR("bot"), 1, (str){0}, &e)); // it keeps its number here
    OK(ref_history(&x->c, STR("bot"), STR("prod"), &m[1], 10, &m, &n, &e));
    assert_int_equal(n, 1);
    assert_int_equal(m[0].to, 1);
    FAILS(ERR_NOT_FOUND, ref_history(&x->c, STR("bot"), STR("none"), NULL, 10, &m, &n, &e));
    FAILS(ERR_NOT_FOUND, ref_history(&x->c, STR("no"), (str){0}, NULL, 10, &m, &n, &e));
}

CORE_TEST(where_it_pointed) {
    err e;
    ref_move m, moves[3];
    bool found;
    make_bot(x, 2);
    moves[0] = move(x, REF_ALIAS, "prod", 1);
    moves[1] = move(x, REF_ALIAS, "prod", 2);
    OK(drop(x, REF_ALIAS, "prod", "", &e));
    moves[2] = move(x, REF_TAG, "prod", 1); // the name, as the other kind
    OK(ref_move_at(&x->c, STR("bot"), STR("prod"), moves[0].time_us - 1, &m, &found, &e));
    assert_false(found);
    for (size_t i = 0; i < 3; i++) {
        OK(ref_move_at(&x->c, STR("bot"), STR("prod"), moves[i].time_us, &m, &found, &e));
        assert_true(found && id_eq(m.id, moves[i].id));
    }
    OK(ref_move_at(&x->c, STR("bot"), STR("prod"), moves[2].time_us - 1, &m, &found, &e));
    assert_true(found);
    assert_int_equal(m.to, 0);
    FAILS(ERR_NOT_FOUND, ref_move_at(&x->c, STR("no"), STR("prod"), 1, &m, &found, &e));
}

// ---- back -----------------------------------------------------------------------------------

static ref_move back(core_fix *x, const char *reason, bool dry) {
    err e;
    ref_move m;
    ref_change c = to(REF_ALIAS, "prod", 0, REF_ANY);
    c.reason = str_of(reason);
    OK(ref_rollback(&x->c, &c, dry, &m, &e));
    return m;
}

static void mark(core_fix *x, int64_t number, mark_kind kind, bool set) {
    err e;
    version v;
    OK(version_set_mark(&x->c, STR("bot"), number, kind, set, STR("why"), &v, &e));
}

CORE_TEST(back_to_the_last_good_version) {
    err e;
    ref_move m;
    make_bot(x, 6);
    ref_change c = to(REF_ALIAS, "prod", 0, REF_ANY);
    c.reason = STR("slow");
    FAILS(ERR_NOT_FOUND, ref_rollback(&x->c, &c, true, &m, &e));
    for (int64_t i = 1; i <= 6; i++)
        move(x, REF_ALIAS, "prod", i);
    mark(x, 5, MARK_YANKED, true);
    mark(x, 4, MARK_BAD, true);
    OK(version_delete(&x->c, STR("bot"), 3, (str){0}, &e));
    m = back(x, "", true);
    assert_true(m.from == 6 && m.to == 2 && id_is_zero(m.id));
    assert_int_equal(points_at(x, REF_ALIAS, "prod"), 6); // it was only told
    c.reason = STR(" ");
    FAILS(ERR_INVALID, ref_rollback(&x->c, &c, false, &m, &e));
    c.reason = STR("slow");
    c.expected = 5;
    FAILS(ERR_CONFLICT, ref_rollback(&x->c, &c, false, &m, &e));
    m = back(x, "slow", false);
    assert_int_equal(m.to, 2);
    SAME(m.reason, "slow");
    assert_int_equal(points_at(x, REF_ALIAS, "prod"), 2);
    mark(x, 5, MARK_YANKED, false);
    assert_int_equal(back(x, "again", false).to, 1); // never forward, though 5 is good now
    c.expected = REF_ANY;
    FAILS(ERR_STATE, ref_rollback(&x->c, &c, false, &m, &e));
    OK(drop(x, REF_ALIAS, "prod", "", &e));
    assert_int_equal(back(x, "it was needed", false).to, 1);
    move(x, REF_TAG, "v1.0", 1);
    c.name = STR("v1.0");
    FAILS(ERR_EXISTS, ref_rollback(&x->c, &c, false, &m, &e));
}

// A tag that had the name is no place where the alias was.
CORE_TEST(back_looks_at_the_alias_only) {
    err e;
    ref_move m;
    make_bot(x, 4);
    move(x, REF_ALIAS, "prod", 1);
    OK(drop(x, REF_ALIAS, "prod", "", &e));
    move(x, REF_TAG, "prod", 2);
    OK(drop(x, REF_TAG, "prod", "wrong weights", &e));
    assert_int_equal(back(x, "it was needed", true).to, 1);
    move(x, REF_ALIAS, "prod", 3);
    assert_int_equal(back(x, "slow", true).to, 1);
    move(x, REF_ALIAS, "prod", 2); // where the tag was first, the alias never
    assert_int_equal(back(x, "slow", false).to, 3);
    ref_change c = to(REF_TAG, "v1.0", 4, REF_ANY);
    OK(ref_set(&x->c, &c, NULL, &e));
    c = to(REF_TAG, "v1.0", 0, REF_ANY);
    c.reason = STR("why");
    OK(ref_delete(&x->c, &c, NULL, &e));
    c.kind = REF_ALIAS;
    FAILS(ERR_STATE, ref_rollback(&x->c, &c, true, &m, &e));
}

// ---- several at once ------------------------------------------------------------------------

enum { RACERS = 6, TRIES = 40 };

typedef struct racer {
    core_fix *x;
    int64_t number; // where it wants the ref
    int won, lost;
    pthread_t thread;
} racer;

// Moves the ref from where it sees it, or loses to who was faster.
static void *race(void *arg) {
    racer *r = arg;
    ctx c = r->x->c;
    c.a = arena_new();
    c.user = arena_printf(c.a, "racer %d", (int)r->number);
    str user = c.user;
    for (int i = 0; i < TRIES; i++) {
        err e = {0};
        version at;
        bool found;
        ref_change m = to(REF_ALIAS, "prod", r->number, REF_ABSENT);
        c.user = user;
        OK(ref_version(&c, STR("bot"), REF_ALIAS, STR("prod"), &at, &found, &e));
        m.expected = found ? at.number : REF_ABSENT;
        if (m.expected == r->number) continue;
        if (ref_set(&c, &m, NULL, &e))
            r->won++;
        else if (e.code == ERR_CONFLICT)
            r->lost++;
        else
            fail_msg("%d %s", e.code, e.msg);
    }
    arena_free(c.a);
    return NULL;
}

// Each success is one move out of what its maker saw: the history is a chain without a break.
CORE_TEST(of_several_who_saw_the_same_one_moves_it) {
    err e;
    racer r[RACERS];
    size_t n, won = 0;
    ref_move *m;
    make_bot(x, RACERS);
    for (int i = 0; i < RACERS; i++) {
        r[i] = (racer){.x = x, .number = i + 1};
        thread_start(&r[i].thread, "race", 1 << 20, true, race, &r[i]);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(r[i].thread, NULL);
        won += (size_t)r[i].won;
    }
    OK(ref_history(&x->c, STR("bot"), STR("prod"), NULL, 1000, &m, &n, &e));
    assert_int_equal(n, won);
    assert_int_equal(points_at(x, REF_ALIAS, "prod"), m[0].to);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(m[i].from, i + 1 < n ? m[i + 1].to : 0);
        assert_true(i + 1 == n || m[i].time_us > m[i + 1].time_us);
        SAME(m[i].user, arena_printf(x->c.a, "racer %d", (int)m[i].to).p);
    }
}

// ---- data of an older schema ----------------------------------------------------------------

#define OLD_SQL(X)                                                                             \
    X(old_repo, false,                                                                         \
      "INSERT INTO repo (ws, repo, name, kind, description, user_name, next_number,"           \
      " created_us, updated_us, deleted_us) VALUES (1, $1, 'bot', 1, '', 'u', 2, 5, 5, 0)")    \
    X(old_version, false,                                                                      \
      "INSERT INTO version (ws, version, repo, number, files, bytes, source, location,"        \
      " run_link, description, user_name, stage, created_us, updated_us, deleted_us)"          \
      " VALUES (1, $1, $1, 1, 0, 0, 's3://b/m', '', '', '', 'u', '', 5, 5, 0)")                \
    X(old_ref, false,                                                                          \
      "INSERT INTO ref (ws, repo, kind, name, version, moved_us)"                              \
      " VALUES (1, $1, 1, 'prod', $1, 7)")                                                     \
    X(old_move, false,                                                                         \
      "INSERT INTO ref_move (ws, repo, kind, name, move, version, user_name, proven, reason,"  \
      " moved_us) VALUES (1, $1, 1, 'prod', $1, $1, 'ann', 1, '', 8)")
OLD_SQL(SQL_QUERY)

static bool write_old(db_tx *tx, void *arg, err *e) {
    static const db_query *const all[] = {&Q_old_repo, &Q_old_version, &Q_old_ref, &Q_old_move};
    id same = *(id *)arg;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (db_do(tx, all[i], e, DB_ID(same)) < 0) return false;
    return true;
}

// In data of the first schema of repos a ref and its move have times of their own.
static void old_refs_are_brought_over(void **state) {
    (void)state;
    err e;
    core_fix x;
    size_t n;
    id same = id_new();
    ref *list;
    version v;
    core_fix_open_old(&x, 41, write_old, &same);
    OK(ref_list(&x.c, STR("bot"), 0, NULL, 10, &list, &n, &e));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].moved_us, 8);
    assert_true(str_is(list[0].user, "ann"));
    OK(version_get(&x.c, STR("bot"), 1, &v, &e));
    assert_true(v.n_marks == 0 && v.n_aliases == 1);
    core_fix_close(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aliases_point_and_move),
        cmocka_unit_test(tags_are_sealed),
        cmocka_unit_test(a_move_expects_where_it_is),
        cmocka_unit_test(names_that_an_address_can_tell),
        cmocka_unit_test(every_move_is_kept),
        cmocka_unit_test(where_it_pointed),
        cmocka_unit_test(back_to_the_last_good_version),
        cmocka_unit_test(back_looks_at_the_alias_only),
        cmocka_unit_test(of_several_who_saw_the_same_one_moves_it),
        cmocka_unit_test(old_refs_are_brought_over),
    };
    return core_fix_main("ref", tests, sizeof tests / sizeof *tests);
}
