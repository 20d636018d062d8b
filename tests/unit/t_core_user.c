// SPDX-License-Identifier: Apache-2.0
// Users, tokens, roles: their rows and events, what a token proves and when it stops to.
#include "core_help.h"

#include "core/user.h"
#include "core/user_sql.h"


static const db_query disable_all = {"test.disable", "UPDATE user_account SET enabled = 0",
                                     false};
static const db_query expire_all = {"test.expire", "UPDATE token SET expires_us = 1", false};
static const db_query drop_all = {"test.drop", "DELETE FROM token", false};
static const db_query count_used = {"test.used", "SELECT COUNT(*) FROM token WHERE used_us > 0",
                                    false};

static bool change(db_tx *tx, void *arg, err *e) {
    return db_change(tx, *(const db_query **)arg, NULL, 0, e) >= 0;
}

// Behind the back of this process, as another server would.
static void behind_its_back(core_fix *x, const db_query *q) {
    err e;
    OK(db_write(x->f.db, change, &q, &e));
}

static str make(core_fix *x, const char *name, user_role role) {
    err e;
    user_account u;
    str secret;
    user_new n = {.name = str_of(name), .role = role, .token = true, .label = STR("first")};
    OK(user_create(&x->c, &n, &u, &secret, &e));
    return secret;
}

static bool needed(core_fix *x) {
    err e;
    bool n;
    OK(user_needed(x->core, &n, &e));
    return n;
}

static user_proof prove(core_fix *x, str secret, int64_t ws) {
    err e;
    user_proof p;
    OK(user_prove(x->core, secret, ws, &p, &e));
    return p;
}

// A core that knows nothing yet: as a server that was just started.
static void start_again(core_fix *x) {
    err e;
    core_config c = {
        .db = x->f.db, .store = x->f.s, .artifact_root = STR("mlflow-artifacts:/")};
    core_close(x->core);
    OK(x->core = core_open(&c, "test", &e));
    x->c.core = x->core;
}

CORE_TEST(a_token_proves_its_user) {
    err e;
    user_proof p;
    assert_false(needed(x));
    str ann = make(x, "ann", USER_WRITER), bob = make(x, "bob", USER_NONE);
    assert_true(needed(x));
    assert_true(user_is_token(ann));
    assert_int_equal(ann.n, 4 + 64);
    assert_false(str_eq(ann, bob));
    for (int cached = 0; cached < 2; cached++) {
        p = prove(x, ann, WORKSPACE_DEFAULT);
        assert_string_equal(p.name, "ann");
        assert_int_equal(p.role, USER_WRITER);
        assert_int_equal(p.at_default, USER_WRITER);
        p = prove(x, ann, 7);
        assert_int_equal(p.role, USER_NONE);
        assert_int_equal(p.at_default, USER_WRITER);
        assert_int_equal(prove(x, bob, WORKSPACE_DEFAULT).role, USER_NONE);
    }
    FAILS(ERR_UNAUTHENTICATED,
          user_prove(x->core, str_upto(ann, ann.n - 1), WORKSPACE_DEFAULT, &p, &e));
    FAILS(ERR_UNAUTHENTICATED, user_prove(x->core, STR(""), WORKSPACE_DEFAULT, &p, &e));
    start_again(x);
    assert_true(needed(x));
    assert_string_equal(prove(x, bob, WORKSPACE_DEFAULT).name, "bob");
}

CORE_TEST(what_changes_holds_at_once_here) {
    err e;
    user_account u;
    user_proof p;
    user_token *t;
    size_t n;
    str ann = make(x, "ann", USER_WRITER), more;
    user_token other;
    prove(x, ann, WORKSPACE_DEFAULT);
    OK(user_set_role(&x->c, STR("ann"), USER_READER, &e));
    assert_int_equal(prove(x, ann, WORKSPACE_DEFAULT).role, USER_READER);
    OK(user_set_role(&x->c, STR("ann"), USER_NONE, &e));
    assert_int_equal(prove(x, ann, WORKSPACE_DEFAULT).role, USER_NONE);
    OK(user_enable(&x->c, STR("ann"), false, &e));
    FAILS(ERR_UNAUTHENTICATED, user_prove(x->core, ann, WORKSPACE_DEFAULT, &p, &e));
    OK(user_enable(&x->c, STR("ann"), true, &e));
    OK(user_token_create(&x->c, STR("ann"), STR("second"), 0, &other, &more, &e));
    prove(x, ann, WORKSPACE_DEFAULT);
    OK(user_token_page(&x->c, STR("ann"), (id){0}, 10, &t, &n, &e));
    assert_int_equal(n, 2);
    SAME(t[0].label, "first");
    assert_true(t[0].used_us > 0 && !t[1].used_us && id_eq(t[1].id, other.id));
    OK(user_token_revoke(&x->c, STR("ann"), t[0].id, &e));
    FAILS(ERR_UNAUTHENTICATED, user_prove(x->core, ann, WORKSPACE_DEFAULT, &p, &e));
    FAILS(ERR_NOT_FOUND, user_token_revoke(&x->c, STR("ann"), t[0].id, &e));
    prove(x, more, WORKSPACE_DEFAULT);
    OK(user_get(&x->c, STR("ann"), &u, &e));
    assert_true(u.enabled && u.role == USER_NONE);
}

// What another server changes is not seen at once, but by whoever looks anew.
CORE_TEST(what_others_change_holds_soon) {
    static const db_query *const ways[] = {&disable_all, &expire_all, &drop_all};
    err e;
    user_proof p;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char name[] = {'u', (char)('0' + i), 0};
        str secret = make(x, name, USER_READER);
        prove(x, secret, WORKSPACE_DEFAULT);
        behind_its_back(x, ways[i]);
        start_again(x);
        FAILS(ERR_UNAUTHENTICATED, user_prove(x->core, secret, WORKSPACE_DEFAULT, &p, &e));
    }
    assert_true(needed(x)); // no token is left, and still nobody is let in
}

static bool read_used(db_tx *tx, void *arg, err *e) {
    db_rows *row;
    if (db_one(tx, &count_used, &row, NULL, 0, e) <= 0) return false;
    *(int64_t *)arg = db_i64(row, 0);
    return true;
}

CORE_TEST(what_is_refused) {
    static const char *const bad[] = {"",         "with space", "a:b",
                                      "a/b",      "\xc3\xa9",   "a\nb",
                                      "nul\x01x", "\"quoted\""};
    err e;
    user_account u;
    user_token t;
    str secret;
    int64_t used = -1;
    make(x, "ann", USER_ADMIN);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        user_new n = {.name = str_of(bad[i])};
        FAILS(ERR_INVALID, user_create(&x->c, &n, &u, &secret, &e));
    }
    char longest[USER_NAME_MAX + 2];
    memset(longest, 'a', sizeof longest);
    user_new n = {.name = str_n(longest, USER_NAME_MAX + 1)};
    FAILS(ERR_INVALID, user_create(&x->c, &n, &u, &secret, &e));
    n.name.n--;
    OK(user_create(&x->c, &n, &u, &secret, &e));
    assert_int_equal(secret.n, 0);
    FAILS(ERR_EXISTS, user_create(&x->c, &n, &u, &secret, &e));
    FAILS(ERR_NOT_FOUND, user_get(&x->c, STR("bob"), &u, &e));
    FAILS(ERR_NOT_FOUND, user_enable(&x->c, STR("bob"), true, &e));
    FAILS(ERR_NOT_FOUND, user_set_role(&x->c, STR("bob"), USER_READER, &e));
    FAILS(ERR_NOT_FOUND, user_token_create(&x->c, STR("bob"), (str){0}, 0, &t, &secret, &e));
    FAILS(ERR_INVALID, user_token_create(&x->c, STR("ann"), (str){0}, 1, &t, &secret, &e));
    FAILS(ERR_INVALID, user_token_create(&x->c, STR("ann"), (str){0}, -1, &t, &secret, &e));
    OK(db_read(x->f.db, read_used, &used, &e));
    assert_int_equal(used, 0);
}

CORE_TEST(users_by_pages) {
    err e;
    user_account *u;
    size_t n;
    static const char *const names[] = {"c", "a", "b"};
    for (size_t i = 0; i < 3; i++)
        make(x, names[i], (user_role)(i + 1));
    OK(user_page(&x->c, (str){0}, 2, &u, &n, &e));
    assert_int_equal(n, 2);
    SAME(u[0].name, "a");
    assert_int_equal(u[0].role, USER_WRITER);
    OK(user_page(&x->c, STR("b"), 2, &u, &n, &e));
    assert_int_equal(n, 1);
    SAME(u[0].name, "c");
    ctx other = x->c;
    other.ws = 2;
    OK(user_page(&other, (str){0}, 9, &u, &n, &e));
    assert_true(n == 3 && !u[0].role && !u[1].role && !u[2].role);
}

// Who, what, in whose log; and no secret anywhere.
CORE_TEST(events_tell_it) {
    static const char *const kinds[] = {"user_created", "role_set", "token_made",
                                        "role_set",     "user_disabled"};
    err e;
    event_list l;
    size_t sealed;
    event_query q = {.max = 100};
    str secret = make(x, "ann", USER_WRITER);
    ctx other = x->c;
    other.ws = 2;
    OK(user_set_role(&x->c, STR("ann"), USER_ADMIN, &e));
    OK(user_set_role(&x->c, STR("ann"), USER_ADMIN, &e)); // the same again: nothing happened
    OK(user_enable(&other, STR("ann"), false, &e));       // a user is the server's
    OK(user_set_role(&other, STR("ann"), USER_READER, &e));
    OK(event_seal(x->core, &sealed, &e));
    OK(event_page(&x->c, &q, &l, &e));
    assert_int_equal(l.n, 5);
    for (size_t i = 0; i < l.n; i++) {
        assert_string_equal(event_kind_name(l.v[i].kind), kinds[i]);
        SAME(l.v[i].object, "ann");
        SAME(l.v[i].user, "tester");
        assert_true(!l.v[i].payload.p ||
                    str_find_str(l.v[i].payload, str_from(secret, 4), 0) == SIZE_MAX);
    }
    SAME(l.v[3].payload, "{\"role\":\"admin\"}");
    OK(event_page(&other, &q, &l, &e));
    assert_int_equal(l.n, 1);
    assert_int_equal(l.v[0].kind, EVENT_role_set);
}

CORE_TEST(hot_queries_do_not_scan) {
    static const db_query all[] = {USER_SQL(SQL_ROW)};
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_proves_its_user),
        cmocka_unit_test(what_changes_holds_at_once_here),
        cmocka_unit_test(what_others_change_holds_soon),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(users_by_pages),
        cmocka_unit_test(events_tell_it),
        cmocka_unit_test(hot_queries_do_not_scan),
    };
    return core_fix_main("users", tests, sizeof tests / sizeof *tests);
}
