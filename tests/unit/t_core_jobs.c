// SPDX-License-Identifier: Apache-2.0
// Events by project, requests that happen once, and jobs: claims, leases that run out, holders
// that come back too late.
#include "core_help.h"

#include "base/clock.h"
#include "core/job_internal.h"
#include "core/once.h"

#include <unistd.h>

#define WAIT_US 60000000

static bool run_sql(db_tx *tx, void *arg, err *e) {
    return db_change(tx, arg, NULL, 0, e) >= 0;
}

static void sql(core_fix *x, const db_query *q) {
    err e;
    OK(db_write(x->f.db, run_sql, (void *)(uintptr_t)q, &e));
}

static void seal(core_fix *x) {
    err e;
    size_t sealed;
    if (db_engine_of(x->f.db) == DB_POSTGRES) OK(event_seal(x->core, &sealed, &e));
}

static int64_t new_project(core_fix *x, const char *name, err *e) {
    int64_t number = -1;
    *e = (err){0};
    project_create(&x->c, str_of(name), (str){0}, NULL, 0, &number, e);
    return number;
}

// ---- events --------------------------------------------------------------------------------

static void count_hint(void *arg) {
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void events_of_projects(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    event_list list;
    int64_t last;
    atomic_int hints = 0;
    core_fix_open(x);
    event_listen(x->core, count_hint, &hints);
    int64_t a = new_project(x, "a", &e), b = new_project(x, "b", &e);
    for (int i = 0; i < 5; i++) {
        run r;
        run_new n = {.project = i % 2 ? a : b, .name = STR("r")};
        OK(run_create(&x->c, &n, &r, &e));
        OK(run_delete(&x->c, r.id, &e));
    }
    OK(artifact_put(&x->c, STR("f"), fix_put(x->f.s, 1, 10), 10, &e));
    OK(artifact_delete(&x->c, STR("f"), &e));
    seal(x);
    assert_true(atomic_load(&hints) > 0);
    event_listen(x->core, NULL, NULL);
    OK(event_last(&x->c, &last, &e));
    assert_int_equal(last, 13);
    event_query q = {.has_project = true, .project = a, .max = 3};
    OK(event_page(&x->c, &q, &list, &e)); // created, then two runs: created, deleted
    assert_true(list.n == 3 && list.more && list.v[0].kind == EVENT_project_created);
    q.after = list.v[2].number;
    OK(event_page(&x->c, &q, &list, &e));
    assert_true(list.n == 2 && !list.more && list.v[1].kind == EVENT_run_deleted);
    for (size_t i = 0; i < list.n; i++)
        assert_true(list.v[i].project == a && list.v[i].number > q.after);
    q = (event_query){.after = 12, .max = 10};
    OK(event_page(&x->c, &q, &list, &e));
    assert_true(list.n == 1 && list.v[0].project == EVENT_NO_PROJECT);
    assert_string_equal(event_kind_name(list.v[0].kind), "artifact_deleted");
    assert_string_equal(event_kind_name((event_kind)9999), "unknown");
    core_fix_close(x);
}

// ---- once ----------------------------------------------------------------------------------

static once once_of(const char *key, const char *body) {
    return (once){.key = str_of(key),
                  .request = sha256_of(body, strlen(body)),
                  .creates = EVENT_project_created};
}

static once_state claim(core_fix *x, once *o, once_found *found) {
    err e = {0};
    if (!once_claim(&x->c, o, found, &e)) fail_msg("%s", e.msg);
    return found->state;
}

static void once_replays(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    once_found found;
    core_fix_open(x);
    once first = once_of("k", "body"), again = first, other = once_of("k", "another");
    assert_int_equal(claim(x, &first, &found), ONCE_OURS);
    assert_int_equal(claim(x, &again, &found), ONCE_BUSY);
    FAILS(ERR_KEY_REUSED, once_claim(&x->c, &other, &found, &e));
    x->c.once = &first;
    int64_t number = new_project(x, "p", &e);
    x->c.once = NULL;
    assert_true(number > 0);
    assert_int_equal(claim(x, &again, &found), ONCE_BUSY); // created, its reply comes soon
    OK(once_finish(&x->c, &first, 201, STR("{\"a\":1}"), &e));
    assert_int_equal(claim(x, &again, &found), ONCE_DONE);
    assert_int_equal(found.status, 201);
    SAME(found.reply, "{\"a\":1}");
    FAILS(ERR_KEY_REUSED, once_claim(&x->c, &other, &found, &e));
    x->c.user = STR("somebody else"); // keys are everybody's own
    assert_int_equal(claim(x, &other, &found), ONCE_OURS);
    OK(once_release(&x->c, &other, &e)); // failed: as if it had not been sent
    other = once_of("k", "a third");
    assert_int_equal(claim(x, &other, &found), ONCE_OURS);
    once bad = once_of("", "b");
    FAILS(ERR_INVALID, once_claim(&x->c, &bad, &found, &e));
    core_fix_close(x);
}

// The server dies behind the creation, or before it; or it only seemed dead.
static void once_lost(void **state) {
    (void)state;
    static const db_query forget = {"test.forget", "UPDATE once SET claim_us = 0", false};
    core_fix fixture, *x = &fixture;
    err e;
    once_found found;
    core_fix_open(x);
    once dead = once_of("k", "body"), next = dead, slow = once_of("l", "body"), quick = slow;
    claim(x, &dead, &found);
    x->c.once = &dead;
    int64_t number = new_project(x, "p", &e);
    x->c.once = NULL;
    sql(x, &forget);
    assert_int_equal(claim(x, &next, &found), ONCE_CREATED);
    assert_string_equal(arena_printf(x->c.a, "%lld", (long long)number).p,
                        arena_cstr(x->c.a, found.object));
    claim(x, &slow, &found);
    sql(x, &forget);
    assert_int_equal(claim(x, &quick, &found), ONCE_OURS);
    x->c.once = &slow;
    assert_true(new_project(x, "slow", &e) == -1 && e.code == ERR_BUSY);
    x->c.once = &quick;
    assert_true(new_project(x, "slow", &e) > number); // the first one left nothing behind
    x->c.once = NULL;
    core_fix_close(x);
}

static void once_cleaned(void **state) {
    (void)state;
    static const db_query age = {"test.age", "UPDATE once SET expires_us = 1", false};
    core_fix fixture, *x = &fixture;
    err e;
    once_found found;
    size_t n;
    core_fix_open(x);
    once a = once_of("a", "body"), b = once_of("b", "body"), c = once_of("c", "body");
    claim(x, &a, &found);
    claim(x, &b, &found);
    sql(x, &age);
    claim(x, &c, &found);
    assert_int_equal(claim(x, &b, &found), ONCE_OURS); // too old to count
    OK(once_clean(x->core, &n, &e));
    assert_int_equal(n, 1);
    OK(once_clean(x->core, &n, &e));
    assert_int_equal(n, 0);
    assert_int_equal(claim(x, &c, &found), ONCE_BUSY);
    core_fix_close(x);
}

// ---- jobs ----------------------------------------------------------------------------------

static core *open_server(core_fix *x, int64_t lease_us) {
    err e;
    core *c;
    core_config config = {.db = x->f.db,
                          .store = x->f.s,
                          .artifact_root = STR("mlflow-artifacts:/"),
                          .undo_dir = arena_printf(x->c.a, "%s/undo", x->f.top),
                          .background = true,
                          .job_lease_us = lease_us};
    OK(c = core_open(&config, "test", &e));
    return c;
}

static job wait_for(core_fix *x, id job_id, job_state state) {
    err e;
    job j;
    int64_t end = clock_mono_us() + WAIT_US;
    for (;;) {
        OK(job_get(&x->c, job_id, &j, &e));
        if (j.state == state) return j;
        if (clock_mono_us() > end)
            fail_msg("job is in state %d: %.*s", (int)j.state, STR_F(j.detail));
        usleep(20000);
    }
}

static void jobs_refused(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    job j;
    core_fix_open(x);
    FAILS(ERR_INVALID, job_start(&x->c, STR("nothing"), (str){0}, &j, &e));
    FAILS(ERR_INVALID, job_start(&x->c, STR("clean"), (str){0}, &j, &e)); // runs by itself
    FAILS(ERR_INVALID, job_start(&x->c, STR("check"), STR("{\"deep\":1}"), &j, &e));
    FAILS(ERR_INVALID, job_start(&x->c, STR("check"), STR("{\"depth\":true}"), &j, &e));
    FAILS(ERR_INVALID, job_start(&x->c, STR("check"), STR("[]"), &j, &e));
    FAILS(ERR_NOT_FOUND, job_get(&x->c, id_new(), &j, &e));
    core_fix_close(x);
}

static void jobs_run(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    job j, *v;
    size_t n;
    bool more;
    core_fix_open(x);
    core *server = open_server(x, 0);
    core_fix_log(x, core_fix_run(x, "r").id, "loss", 1, 1);
    OK(job_start(&x->c, STR("check"), STR("{\"deep\":true}"), &j, &e));
    assert_true(j.state == JOB_WAITING && !j.recurring);
    j = wait_for(x, j.id, JOB_DONE);
    assert_true(j.done == 4 && j.total == 4 && j.started_us && !j.held);
    assert_true(str_starts(j.detail, STR("whole: ")));
    OK(job_start(&x->c, STR("check"), (str){0}, &j, &e));
    wait_for(x, j.id, JOB_DONE);
    OK(job_page(&x->c, (id){0}, 1, &v, &n, &more, &e));
    assert_true(n == 1 && more && v[0].recurring);
    OK(job_page(&x->c, j.id, 10, &v, &n, &more, &e)); // the check before
    assert_true(n == 1 && !more && !v[0].recurring);
    core_close(server);
    core_fix_close(x);
}

static void jobs_fail(void **state) {
    (void)state;
    static const db_query tamper = {"test.tamper",
                                    "UPDATE event SET user_name = 'x' WHERE number = 1", false};
    core_fix fixture, *x = &fixture;
    err e;
    job j;
    core_fix_open(x);
    core_fix_run(x, "r");
    seal(x);
    sql(x, &tamper);
    core *server = open_server(x, 0);
    OK(job_start(&x->c, STR("check"), (str){0}, &j, &e));
    j = wait_for(x, j.id, JOB_FAILED);
    assert_true(str_find_str(j.detail, STR("event 1 of workspace 1"), 0) != SIZE_MAX);
    core_close(server);
    core_fix_close(x);
}

// Whose lease ran out may not write any more; the job is another's.
static void jobs_change_hands(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e = {0};
    job j;
    job_claim slow, quick, none;
    job_now now = {.unit = "parts", .detail = STR("d"), .done = 1, .total = 2};
    job_end end = {.state = JOB_DONE};
    bool lost;
    core_fix_open(x);
    OK(job_start(&x->c, STR("check"), (str){0}, &j, &e));
    OK(job_take(x->core, x->c.a, 1, &slow, &e));
    assert_true(id_eq(slow.job, j.id) && slow.turn == 1);
    usleep(2000);
    OK(job_take(x->core, x->c.a, WAIT_US, &quick, &e));
    assert_true(id_eq(quick.job, j.id) && quick.turn == 2);
    assert_true(!job_take(x->core, x->c.a, WAIT_US, &none, &e) && e.code == ERR_NONE);
    OK(job_renew(x->core, &slow, &now, WAIT_US, &lost, &e));
    assert_true(lost);
    OK(job_finish(x->core, &slow, &now, &end, &e));
    OK(job_get(&x->c, j.id, &j, &e));
    assert_true(j.state == JOB_RUNNING && j.held && j.done == 0);
    OK(job_renew(x->core, &quick, &now, WAIT_US, &lost, &e));
    assert_false(lost);
    OK(job_finish(x->core, &quick, &now, &end, &e));
    OK(job_get(&x->c, j.id, &j, &e));
    assert_true(j.state == JOB_DONE && !j.held && j.done == 1);
    core_fix_close(x);
}

// Killed while it ran a job: at the next start (SQLite), or when the lease has run out, it goes
// on.
static void jobs_of_the_dead(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    job j;
    job_claim dead;
    core_fix_open(x);
    bool alone = db_engine_of(x->f.db) == DB_SQLITE;
    OK(job_start(&x->c, STR("check"), (str){0}, &j, &e));
    OK(job_take(x->core, x->c.a, alone ? WAIT_US : 300000, &dead, &e));
    core *server = open_server(x, 0);
    wait_for(x, j.id, JOB_DONE);
    core_close(server);
    core_fix_close(x);
}

static void stop_server(void *server) {
    core_stop(server);
}

static id freed_run(core_fix *x, core *server) {
    err e;
    gc_report report;
    gc_options o = {.hold_us = WAIT_US};
    id gone = core_fix_run(x, "gone").id;
    OK(run_delete(&x->c, gone, &e));
    OK(gc_bin(server, &o, &report, &e));
    return gone;
}

// A job that has done all of its work while the server stops is not done once more by the next
// server: a second undo takes back another gc.
CORE_TEST(jobs_that_end_as_the_server_stops) {
    err e;
    job j;
    run r;
    if (db_engine_of(x->f.db) != DB_SQLITE) return; // the hint comes later
    core *server = open_server(x, 0);
    id before = freed_run(x, server), last = freed_run(x, server);
    event_listen(server, stop_server, server); // with the event of the undo, its last write
    OK(job_start(&x->c, STR("gc_undo"), (str){0}, &j, &e));
    wait_for(x, j.id, JOB_DONE);
    event_listen(server, NULL, NULL);
    core_close(server);
    OK(run_get(&x->c, last, &r, &e));
    FAILS(ERR_NOT_FOUND, run_get(&x->c, before, &r, &e));
}

// What was begun again and again, and never ended, fails.
static void jobs_that_kill(void **state) {
    (void)state;
    static const db_query turns = {"test.turns",
                                   "UPDATE job SET turn = 50 WHERE kind = 'check'", false};
    core_fix fixture, *x = &fixture;
    err e;
    job j;
    core_fix_open(x);
    OK(job_start(&x->c, STR("check"), (str){0}, &j, &e));
    sql(x, &turns);
    core *server = open_server(x, 0);
    wait_for(x, j.id, JOB_FAILED);
    core_close(server);
    core_fix_close(x);
}

// A command's own job is nobody else's: when its lease runs out it has failed, until its process
// renews it after all.
static void jobs_of_commands(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e = {0};
    job j;
    job_claim own, none;
    job_now now = {.unit = "runs", .detail = STR("d"), .done = 1, .total = 2};
    job_end end = {.state = JOB_DONE};
    bool lost;
    core_fix_open(x);
    OK(job_insert_own(&x->c, job_kind_named(STR("import")), STR("{}"), x->c.a, 1, &own, &e));
    usleep(2000);
    assert_true(!job_take(x->core, x->c.a, WAIT_US, &none, &e) && e.code == ERR_NONE);
    OK(job_get(&x->c, own.job, &j, &e));
    assert_true(j.state == JOB_RUNNING && j.held); // its own process does not give it up
    core *server = open_server(x, 0);
    j = wait_for(x, own.job, JOB_FAILED);
    assert_true(!j.held && str_starts(j.detail, STR("its process is gone")));
    OK(job_renew(x->core, &own, &now, WAIT_US, &lost, &e));
    assert_false(lost);
    j = wait_for(x, own.job, JOB_RUNNING);
    assert_true(j.held && j.done == 1);
    OK(job_finish(x->core, &own, &now, &end, &e));
    wait_for(x, own.job, JOB_DONE);
    core_close(server);
    core_fix_close(x);
}

static bool insert_old(db_tx *tx, void *arg, err *e) {
    static const db_query q = {
        "test.old",
        "INSERT INTO job (ws, job, kind, state, user_name, argument, done, total, unit, detail,"
        " turn, created_us, updated_us) VALUES (1, $1, 'check', 2, '', '', 0, 0, '', '', 1, 1, "
        "1)",
        false};
    id old = {{0, 1}};
    (void)arg;
    return db_do(tx, &q, e, DB_ID(old)) == 1;
}

static void add_old_job(core_fix *x) {
    err e;
    OK(db_write(x->f.db, insert_old, NULL, &e));
}

static void jobs_cleaned(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    job j;
    job_claim k;
    job_now now = {.unit = "", .detail = STR("")};
    job_end end = {.state = JOB_DONE};
    size_t n;
    core_fix_open(x);
    OK(job_start(&x->c, STR("check"), (str){0}, &j, &e));
    OK(job_take(x->core, x->c.a, WAIT_US, &k, &e));
    OK(job_finish(x->core, &k, &now, &end, &e));
    OK(job_clean(x->core, &n, &e));
    assert_int_equal(n, 0); // it has ended just now
    add_old_job(x);
    OK(job_clean(x->core, &n, &e));
    assert_int_equal(n, 1);
    OK(job_get(&x->c, j.id, &j, &e));
    core_fix_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_projects), cmocka_unit_test(once_replays),
        cmocka_unit_test(once_lost),          cmocka_unit_test(once_cleaned),
        cmocka_unit_test(jobs_refused),       cmocka_unit_test(jobs_run),
        cmocka_unit_test(jobs_fail),          cmocka_unit_test(jobs_change_hands),
        cmocka_unit_test(jobs_of_the_dead),   cmocka_unit_test(jobs_that_kill),
        cmocka_unit_test(jobs_of_commands),   cmocka_unit_test(jobs_cleaned),
        cmocka_unit_test(jobs_that_end_as_the_server_stops),
    };
    return core_fix_main("jobs", tests, sizeof tests / sizeof *tests);
}
