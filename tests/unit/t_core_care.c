// SPDX-License-Identifier: Apache-2.0
// The artifact tree, the event log's chain, gc, and the plans of core's hot queries.
#include "core_help.h"

#include "core/artifact_sql.h"
#include "core/core_internal.h"
#include "core/core_sql.h"
#include "core/event_sql.h"
#include "core/gc_sql.h"
#include "core/import_sql.h"
#include "core/input_sql.h"
#include "core/job_sql.h"
#include "core/model_sql.h"
#include "core/once_sql.h"
#include "core/project_sql.h"
#include "core/protect_sql.h"
#include "core/repo_sql.h"
#include "core/run_sql.h"

static void path_is(arena *a, const char *raw, const char *want) {
    err e = {0};
    str out;
    bool ok = artifact_path(a, str_of(raw), &out, &e);
    if (!want) {
        if (ok) fail_msg("'%s' was taken as '%.*s'", raw, STR_F(out));
        assert_int_equal(e.code, ERR_INVALID);
        assert_string_equal(e.msg, "Invalid path");
    } else {
        if (!ok) fail_msg("'%s' was refused", raw);
        assert_string_equal(arena_cstr(a, out), want);
    }
}

static void paths(void **state) {
    (void)state;
    arena *a = arena_new();
    path_is(a, "", "");
    path_is(a, "a/b.txt", "a/b.txt");
    path_is(a, "a//b/./c/", "a/b/c");
    path_is(a, "100%.txt", "100%.txt");
    path_is(a, "%41/b", "A/b");
    path_is(a, "sp ace/\xc3\xa9", "sp ace/\xc3\xa9");
    path_is(a, "..hidden/a..b", "..hidden/a..b");
    const char *bad[] = {
        "..",           "a/../b",   "/etc/passwd",    "%2e%2e/x",
        "%252e%252e/x", "%2fetc",   "a\\b",           "C:/x",
        "c:x",          "a#b",      "a%00b",          "a\x7f",
        "a\nb",         "\xff\xfe", "%c0%ae%c0%ae/x", "%25252525252525252525252e./x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        path_is(a, bad[i], NULL);
    char longer[5000];
    memset(longer, 'a', sizeof longer);
    longer[300] = 0;
    path_is(a, longer, NULL); // one name of 300 bytes
    longer[300] = 'a';
    for (size_t i = 100; i < sizeof longer; i += 100)
        longer[i] = '/';
    longer[sizeof longer - 1] = 0;
    path_is(a, longer, NULL); // 5 kB in all
    arena_free(a);
}

static void tree(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    artifact_entry f, *list;
    size_t n;
    sha256 d = fix_put(x->f.s, 1, 100);
    OK(artifact_put(&x->c, STR("0/r/artifacts/a/b.txt"), d, 100, &e));
    OK(artifact_put(&x->c, STR("0/r/artifacts/z.txt"), d, 100, &e));
    OK(artifact_get(&x->c, STR("0/r/artifacts/a/b.txt"), &f, &e));
    assert_true(!f.is_dir && f.size == 100 && sha256_eq(f.digest, d));
    SAME(f.name, "b.txt");
    OK(artifact_get(&x->c, STR("0/r"), &f, &e));
    assert_true(f.is_dir);
    OK(artifact_list(&x->c, STR("0/r/artifacts"), (str){0}, 10, &list, &n, &e));
    assert_int_equal(n, 2);
    SAME(list[0].path, "0/r/artifacts/a");
    assert_true(list[0].is_dir && !list[1].is_dir);
    FAILS(ERR_CONFLICT, artifact_put(&x->c, STR("0/r/artifacts/z.txt/below"), d, 100, &e));
    FAILS(ERR_CONFLICT, artifact_put(&x->c, STR("0/r/artifacts/a"), d, 100, &e));
    FAILS(ERR_NOT_FOUND, artifact_get(&x->c, STR("nowhere"), &f, &e));
    OK(artifact_put(&x->c, STR("0/r2/x"), d, 100,
                    &e)); // a neighbour with the same prefix stays
    OK(artifact_delete(&x->c, STR("0/r"), &e));
    FAILS(ERR_NOT_FOUND, artifact_get(&x->c, STR("0/r/artifacts/a/b.txt"), &f, &e));
    FAILS(ERR_NOT_FOUND, artifact_get(&x->c, STR("0/r/artifacts"), &f, &e));
    OK(artifact_get(&x->c, STR("0/r2/x"), &f, &e));
    OK(artifact_delete(&x->c, STR("0/r"), &e));
    FAILS(ERR_INVALID, artifact_delete(&x->c, STR(""), &e));
    core_fix_close(x);
}

static void count_bad_column(void *arg, const char *what) {
    (void)what;
    ++*(int *)arg;
}

// A run of a project whose files lie elsewhere, or nowhere.
static id elsewhere(core_fix *x, const char *location) {
    err e;
    run r;
    run_new n = {.name = STR("r")};
    OK(project_create(&x->c, str_of(location), str_of(location), NULL, 0, &n.project, &e));
    OK(run_create(&x->c, &n, &r, &e));
    OK(run_delete(&x->c, r.id, &e));
    return r.id;
}

static void gc_passes_over_files_elsewhere(void **state) {
    (void)state;
    static const char *const locations[] = {"mlflow-artifacts://host:5000/a", "s3://bucket/a",
                                            "mlflow-artifacts:/a/../../b", "mlflow-artifacts:/"};
    core_fix fixture, *x = &fixture;
    err e;
    gc_report report;
    run r;
    core_fix_open(x);
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        id gone = elsewhere(x, locations[i]);
        gc_options o = {0};
    OK(gc_bin(x->core, &o, &report, &e));
        assert_int_equal(report.runs, 1);
        FAILS(ERR_NOT_FOUND, run_get(&x->c, gone, &r, &e));
    }
    core_fix_close(x);
}

static void gc(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    core_fix_open(x);
    run keep = core_fix_run(x, "keep"), gone = core_fix_run(x, "gone"), r;
    sha256 kept = fix_put(x->f.s, 1, 100000), freed = fix_put(x->f.s, 2, 100000);
    char path[100], hex[ID_HEX];
    id_hex(gone.id, hex);
    snprintf(path, sizeof path, "0/%s/artifacts/f", hex);
    OK(artifact_put(&x->c, str_of(path), freed, 100000, &e));
    OK(artifact_put(&x->c, STR("0/keep"), kept, 100000, &e));
    core_fix_log(x, gone.id, "loss", 1, 1);
    OK(series_pack_all(x->core, &e));
    OK(search_fold_all(x->core, &e));
    OK(run_delete(&x->c, gone.id, &e));
    gc_report report;
    gc_options o = {.older_us = 3600 * 1000000LL};
    OK(gc_bin(x->core, &o, &report, &e));
    assert_int_equal(report.runs, 0); // deleted too recently
    o = (gc_options){.dry = true};
    OK(gc_bin(x->core, &o, &report, &e));
    assert_int_equal(report.runs, 1);
    OK(run_get(&x->c, gone.id, &r, &e)); // dry
    o = (gc_options){0};
    OK(gc_bin(x->core, &o, &report, &e));
    assert_int_equal(report.runs, 1);
    FAILS(ERR_NOT_FOUND, run_get(&x->c, gone.id, &r, &e));
    OK(run_get(&x->c, keep.id, &r, &e));
    artifact_entry f;
    FAILS(ERR_NOT_FOUND, artifact_get(&x->c, str_of(path), &f, &e));
    assert_true(fix_there(x->f.s, kept));
    int bad = 0; // before anything was folded again
    OK(search_check(x->core, count_bad_column, &bad, &e));
    assert_int_equal(bad, 0);
    core_fix_close(x);
}

// What is in a deleted project goes with it, but not what has left it.
static void gc_of_a_project(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    err e;
    project p;
    run r, moved;
    model m;
    artifact_entry f;
    gc_report report;
    gc_options now = {0};
    int bad = 0;
    core_fix_open(x);
    run_new n = {.name = STR("r")};
    OK(project_create(&x->c, STR("gone"), (str){0}, NULL, 0, &n.project, &e));
    model_new mn = {.project = n.project, .name = STR("m")};
    OK(run_create(&x->c, &n, &r, &e));
    OK(run_create(&x->c, &n, &moved, &e));
    OK(model_create(&x->c, &mn, &m, &e));
    dataset_input in = {.dataset = {.name = STR("d"), .digest = STR("1")}};
    OK(input_log(&x->c, moved.id, &in, 1, NULL, 0, &e));
    run_change to_default = {.has_project = true};
    OK(run_update(&x->c, moved.id, &to_default, &moved, &e));
    sha256 d = fix_put(x->f.s, 1, 100);
    str number = arena_printf(x->c.a, "%lld", (long long)n.project);
    str loose = arena_printf(x->c.a, "%s/a/b/c", number.p),
        mine = arena_printf(x->c.a, "%s/%s/f", number.p, id_str(x->c.a, moved.id).p);
    OK(artifact_put(&x->c, loose, d, 100, &e));
    OK(artifact_put(&x->c, mine, d, 100, &e));
    OK(search_fold_all(x->core, &e));
    OK(project_delete(&x->c, n.project, &e));
    OK(run_restore(&x->c, r.id, &e)); // goes all the same
    OK(gc_bin(x->core, &now, &report, &e));
    assert_true(report.runs == 1 && report.models == 1 && report.projects == 1);
    assert_true(report.files == 1 && report.file_bytes == 100);
    FAILS(ERR_NOT_FOUND, project_get(&x->c, n.project, &p, &e));
    FAILS(ERR_NOT_FOUND, run_get(&x->c, r.id, &r, &e));
    FAILS(ERR_NOT_FOUND, model_get_any(&x->c, m.id, &m, &e));
    FAILS(ERR_NOT_FOUND,
          artifact_get(&x->c, arena_printf(x->c.a, "%s/a", number.p), &f, &e));
    OK(artifact_get(&x->c, mine, &f, &e));
    run_links links;
    OK(input_of_run(&x->c, moved.id, &links, &e));
    SAME(links.datasets[0].dataset.name, "d");
    OK(search_check(x->core, count_bad_column, &bad, &e));
    assert_int_equal(bad, 0);
    OK(project_create(&x->c, STR("gone"), (str){0}, NULL, 0, &mn.project, &e));
    assert_true(mn.project > n.project);
    core_fix_close(x);
}

static void undo_now(void *arg, const gc_report *r) {
    err e;
    gc_undone u;
    (void)r;
    FAILS(ERR_CONFLICT, gc_undo(arg, &u, &e));
}

// Its file has no end then, as that of a gc that was killed.
CORE_TEST(a_gc_at_work_is_not_undone) {
    err e;
    gc_report report;
    gc_undone u;
    run r;
    id runs[3];
    gc_options o = {.hold_us = 3600 * 1000000LL, .progress = undo_now, .arg = x->core};
    free(x->core->undo_dir);
    x->core->undo_dir = mem_strdup(arena_printf(x->c.a, "%s/undo", x->f.top));
    for (size_t i = 0; i < 3; i++) {
        runs[i] = core_fix_run(x, "gone").id;
        OK(run_delete(&x->c, runs[i], &e));
    }
    OK(gc_bin(x->core, &o, &report, &e));
    assert_int_equal(report.runs, 3);
    OK(gc_undo(x->core, &u, &e));
    assert_int_equal(u.runs, 3);
    for (size_t i = 0; i < 3; i++)
        OK(run_get(&x->c, runs[i], &r, &e));
}

static void hot_queries_do_not_scan(void **state) {
    (void)state;
    static const db_query all[] = {ARTIFACT_SQL(SQL_ROW) CORE_SQL(SQL_ROW) EVENT_SQL(SQL_ROW)
                                       GC_SQL(SQL_ROW) IMPORT_SQL(SQL_ROW) INPUT_SQL(SQL_ROW) MODEL_SQL(SQL_ROW)
                                           PROJECT_SQL(SQL_ROW) REPO_SQL(SQL_ROW) RUN_SQL(SQL_ROW)
                                               JOB_SQL(SQL_ROW) ONCE_SQL(SQL_ROW) PROTECT_SQL(SQL_ROW)};
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
    core_fix_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(tree),
        cmocka_unit_test(gc),
        cmocka_unit_test(gc_of_a_project),
        cmocka_unit_test(a_gc_at_work_is_not_undone),
        cmocka_unit_test(gc_passes_over_files_elsewhere),
        cmocka_unit_test(hot_queries_do_not_scan),
    };
    return core_fix_main("care", tests, sizeof tests / sizeof *tests);
}
