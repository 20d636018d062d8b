// SPDX-License-Identifier: Apache-2.0
// import: projects with numbers of their own, clashes, runs and models put and read back, marks.
#include "core_help.h"

#include "core/import.h"

#include <math.h>

static project project_of(int64_t number, const char *name) {
    return (project){.number = number,
                     .name = str_of(name),
                     .artifact_location = STR("mlflow-artifacts:/x"),
                     .created_ms = 11,
                     .updated_ms = 12};
}

static void numbers_are_kept(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    err e = {0};
    import_where w;
    int64_t made;
    kv tag = {STR("k"), STR("v")};
    project p = project_of(7, "seven"), huge = project_of(822007871303489568, "huge"), back;
    p.tags = &tag;
    p.n_tags = 1;
    p.life = LIFE_DELETED;
    OK(import_put_project(&x->c, STR("src"), &p, &w, &e));
    assert_int_equal(w.place, IMPORT_IS_NEW);
    OK(import_put_project(&x->c, STR("src"), &huge, &w, &e));
    OK(project_create(&x->c, STR("mine"), (str){0}, NULL, 0, &made, &e));
    assert_int_equal(made, 8);
    OK(project_get(&x->c, 7, &back, &e));
    SAME(back.name, "seven");
    SAME(back.tags[0].value, "v");
    assert_int_equal(back.life, LIFE_DELETED);
    assert_int_equal(back.created_ms, 11);
    import_sums s = {0}, t = {0};
    import_sum_project(&s, &p, false);
    import_sum_project(&t, &back, false);
    assert_memory_equal(&s, &t, sizeof s);
    core_fix_close(x);
}

static void clashes_are_told_and_renamed(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    err e = {0};
    import_where w;
    int64_t one;
    OK(project_create(&x->c, STR("one"), (str){0}, NULL, 0, &one, &e));
    project number = project_of(one, "other"), name = project_of(50, "one"),
            same = project_of(one, "one"), is_default = project_of(0, "Default");
    OK(import_find_project(&x->c, STR("src"), &number, &w, &e));
    assert_int_equal(w.place, IMPORT_CLASHES);
    assert_non_null(strstr(arena_cstr(x->c.a, w.clash), "number belongs to project 1 'one'"));
    OK(import_find_project(&x->c, STR("src"), &name, &w, &e));
    assert_int_equal(w.place, IMPORT_CLASHES);
    OK(import_find_project(&x->c, STR("src"), &same, &w, &e));
    assert_int_equal(w.place, IMPORT_IS_SAME);
    assert_false(w.shared);
    core_fix_run(x, "r"); // in Default, which is then somebody's
    OK(import_find_project(&x->c, STR("src"), &is_default, &w, &e));
    assert_true(w.place == IMPORT_IS_SAME && w.shared);
    OK(import_put_project(&x->c, STR("src"), &name, &w, &e));
    assert_true(w.number != 50 && w.number != one);
    SAME(w.name, "one (imported)");
    int64_t placed = w.number;
    OK(import_put_project(&x->c, STR("src"), &name, &w, &e)); // again
    assert_true(w.place == IMPORT_IS_OURS && w.number == placed);
    SAME(w.name, "one (imported)");
    OK(import_find_project(&x->c, STR("another"), &name, &w, &e));
    assert_int_equal(w.place, IMPORT_CLASHES);
    core_fix_close(x);
}

static import_run run_of(core_fix *x, const kv *params, const kv *tags) {
    static dataset_input input;
    static kv input_tag;
    static model_link made;
    input_tag = (kv){STR("mlflow.data.context"), STR("train")};
    input = (dataset_input){.dataset = {.name = STR("d"),
                                        .digest = STR("1"),
                                        .source_type = STR("local"),
                                        .source = STR("{}"),
                                        .profile = STR("p")},
                            .tags = &input_tag,
                            .n_tags = 1};
    made = (model_link){id_new(), 4};
    (void)x;
    return (import_run){.row = {.id = id_new(),
                                .name = STR("run"),
                                .user = STR("ann"),
                                .artifact_uri = STR("s3://b/x"),
                                .status = RUN_KILLED,
                                .life = LIFE_DELETED,
                                .has_end = true,
                                .end_ms = -5},
                        .deleted_ms = 77,
                        .params = params,
                        .n_params = 1,
                        .tags = tags,
                        .n_tags = 1,
                        .links = {.datasets = &input,
                                  .n_datasets = 1,
                                  .outputs = &made,
                                  .n_outputs = 1}};
}

static void a_run_comes_back_as_it_was(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    err e = {0};
    kv param = {STR("p"), STR("1")}, tag = {STR("t"), STR("ü")};
    import_run r = run_of(x, &param, &tag), back;
    point p[] = {{.key = STR("a"), .step = 1, .time_ms = 2, .value = (double)NAN},
                 {.key = STR("a"), .step = 2, .time_ms = 2, .value = -0.0},
                 {.key = STR("b/c"), .step = -9, .time_ms = -1, .value = (double)INFINITY}};
    import_sums s = {0}, t = {0};
    import_mark mark = {.whole = true, .rows = import_sum_run(&s, &r)}, got;
    for (size_t i = 0; i < 3; i++) {
        import_point_base base = import_point_base_of(r.row.id, p[i].key);
        import_sum_point(&mark.points, &base, p[i].step, p[i].time_ms, p[i].value);
    }
    str record = series_record(x->c.a, p, 3);
    import_part part = {.id = r.row.id, .run = &r, .records = &record, .n_records = 1,
                        .n_points = 3, .mark = mark};
    for (int i = 0; i < 2; i++) // twice is once
        OK(import_put_runs(&x->c, STR("src"), &part, 1, &e));
    OK(import_mark_of_run(&x->c, r.row.id, &got, &e));
    assert_true(got.there && got.known && got.whole && got.rows == mark.rows);
    OK(import_get_run(&x->c, r.row.id, &back, &e));
    assert_true(import_sum_run(&t, &back) == mark.rows);
    assert_memory_equal(&s, &t, sizeof s);
    import_sum points = {0};
    OK(series_pack_all(x->core, &e));
    OK(import_sum_points(&x->c, r.row.id, &points, &e));
    assert_true(points.n == 3 && points.sum == mark.points.sum);
    // What the source lost is lost here too.
    r.n_params = r.links.n_datasets = r.links.n_outputs = 0;
    part.n_records = 0;
    OK(import_put_runs(&x->c, STR("src"), &part, 1, &e));
    OK(import_get_run(&x->c, r.row.id, &back, &e));
    assert_true(back.n_params == 0 && back.n_tags == 1 && back.links.n_datasets == 0 &&
                back.links.n_outputs == 0);
    core_fix_close(x);
}

static void a_run_that_is_not_whole(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    err e = {0};
    kv param = {STR("p"), STR("1")}, tag = {STR("t"), STR("v")};
    import_run r = run_of(x, &param, &tag);
    import_mark got;
    import_part first = {.id = r.row.id, .run = &r}, more = {.id = r.row.id};
    OK(import_mark_of_run(&x->c, r.row.id, &got, &e));
    assert_false(got.there || got.known);
    FAILS(ERR_NOT_FOUND, import_put_runs(&x->c, STR("src"), &more, 1, &e));
    first.project = 77; // freed by a gc since it came
    FAILS(ERR_NOT_FOUND, import_put_runs(&x->c, STR("src"), &first, 1, &e));
    first.project = 0;
    OK(import_put_runs(&x->c, STR("src"), &first, 1, &e));
    OK(import_mark_of_run(&x->c, r.row.id, &got, &e));
    assert_true(got.there && got.known && !got.whole);
    run own = core_fix_run(x, "own");
    OK(import_mark_of_run(&x->c, own.id, &got, &e));
    assert_true(got.there && !got.known);
    core_fix_close(x);
}

static void models_come_back(void **state) {
    (void)state;
    core_fix fixture, *x = &fixture;
    core_fix_open(x);
    err e = {0};
    kv param = {STR("p"), STR("1")};
    import_model m = {.m = {.id = id_new(),
                            .name = STR("m"),
                            .type = STR("Agent"),
                            .status_message = STR("no"),
                            .user = STR(""),
                            .artifact_uri = STR("mlflow-artifacts:/0/models/m-1/artifacts"),
                            .status = MODEL_FAILED,
                            .source_run = id_new(),
                            .created_ms = 5,
                            .updated_ms = 6,
                            .params = &param,
                            .n_params = 1},
                      .life = LIFE_DELETED},
                 back;
    import_sums s = {0}, t = {0};
    import_mark mark;
    uint64_t rows = import_sum_model(&s, &m);
    for (int i = 0; i < 2; i++)
        OK(import_put_models(&x->c, STR("src"), &m, 1, &e));
    OK(import_mark_of_model(&x->c, m.m.id, &mark, &e));
    assert_true(mark.there && mark.whole && mark.rows == rows);
    OK(import_get_model(&x->c, m.m.id, &back, &e));
    assert_true(import_sum_model(&t, &back) == rows);
    assert_memory_equal(&s, &t, sizeof s);
    OK(import_mark_of_model(&x->c, id_new(), &mark, &e));
    assert_false(mark.there || mark.known);
    core_fix_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_kept),
        cmocka_unit_test(clashes_are_told_and_renamed),
        cmocka_unit_test(a_run_comes_back_as_it_was),
        cmocka_unit_test(a_run_that_is_not_whole),
        cmocka_unit_test(models_come_back),
    };
    return core_fix_main("import", tests, sizeof tests / sizeof *tests);
}
