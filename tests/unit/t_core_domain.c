// SPDX-License-Identifier: Apache-2.0
// Projects, runs, inputs and logged models: what they promise, and what bad calls get.
#include "core_help.h"

CORE_TEST(default_project_is_there) {
    err e;
    project p;
    OK(project_get(&x->c, 0, &p, &e));
    SAME(p.name, "Default");
    SAME(p.artifact_location, "mlflow-artifacts:/0");
}

CORE_TEST(projects_have_small_numbers_and_unique_names) {
    err e;
    int64_t a, b;
    kv tag = {STR("k"), STR("v")};
    project p;
    OK(project_create(&x->c, STR("one"), (str){0}, &tag, 1, &a, &e));
    OK(project_create(&x->c, STR("two"), STR("s3://b/p?x=y"), NULL, 0, &b, &e));
    assert_int_equal(b, a + 1);
    FAILS(ERR_EXISTS, project_create(&x->c, STR("one"), (str){0}, NULL, 0, &b, &e));
    OK(project_by_name(&x->c, STR("one"), &p, &e));
    assert_int_equal(p.n_tags, 1);
    SAME(p.tags[0].value, "v");
    FAILS(ERR_NOT_FOUND, project_get(&x->c, 99, &p, &e));
    FAILS(ERR_EXISTS, project_rename(&x->c, b, STR("one"), &e));
    OK(project_rename(&x->c, b, STR("three"), &e));
    FAILS(ERR_NOT_FOUND, project_by_name(&x->c, STR("two"), &p, &e));
    OK(project_set_tag(&x->c, b, STR("t"), STR(""), &e));
    OK(project_delete_tag(&x->c, b, STR("t"), &e));
    FAILS(ERR_NOT_FOUND, project_delete_tag(&x->c, b, STR("t"), &e));
}

CORE_TEST(a_deleted_project_takes_its_runs_along) {
    err e;
    run r = core_fix_run(x, "r"), now;
    project *page;
    size_t n;
    OK(project_delete(&x->c, 0, &e));
    OK(run_get(&x->c, r.id, &now, &e));
    assert_int_equal(now.life, LIFE_DELETED);
    FAILS(ERR_NOT_FOUND, project_delete(&x->c, 0, &e));
    FAILS(ERR_STATE, project_rename(&x->c, 0, STR("x"), &e));
    FAILS(ERR_STATE,
          run_create(&x->c, &(run_new){.name = STR("late"), .user = STR("")}, &now, &e));
    OK(project_page(&x->c, VIEW_ACTIVE, -1, 10, &page, &n, &e));
    assert_int_equal(n, 0);
    OK(project_restore(&x->c, 0, &e));
    OK(run_get(&x->c, r.id, &now, &e));
    assert_int_equal(now.life, LIFE_ACTIVE);
    FAILS(ERR_NOT_FOUND, project_restore(&x->c, 0, &e));
}

CORE_TEST(a_run_changes_state_and_keeps_what_is_not_named) {
    err e;
    run r = core_fix_run(x, "first"), now;
    char hex[ID_HEX], uri[100];
    id_hex(r.id, hex);
    snprintf(uri, sizeof uri, "mlflow-artifacts:/0/%s/artifacts", hex);
    SAME(r.artifact_uri, uri);
    OK(run_update(&x->c, r.id, &(run_change){.has_status = true, .status = RUN_FINISHED}, &now,
                  &e));
    assert_int_equal(now.status, RUN_FINISHED);
    assert_false(now.has_end);
    OK(run_update(&x->c, r.id, &(run_change){.has_name = true, .name = STR("second")}, &now,
                  &e));
    assert_int_equal(now.status, RUN_FINISHED);
    kv *tags;
    size_t n;
    OK(run_attrs(&x->c, r.id, ATTR_TAG, &tags, &n, &e));
    assert_int_equal(n, 1);
    SAME(tags[0].value, "second");
    OK(run_delete(&x->c, r.id, &e));
    OK(run_delete(&x->c, r.id, &e));
    FAILS(ERR_STATE, run_update(&x->c, r.id, &(run_change){0}, &now, &e));
    OK(run_restore(&x->c, r.id, &e));
    FAILS(ERR_NOT_FOUND, run_get(&x->c, id_new(), &now, &e));
}

CORE_TEST(a_batch_is_all_or_nothing) {
    err e;
    run r = core_fix_run(x, "r");
    point p = {.key = STR("loss"), .step = 1, .time_ms = 5, .value = 0.5};
    kv first[] = {{STR("a"), STR("1")}, {STR("b"), STR("")}}, again[] = {{STR("a"), STR("1")}},
       changed[] = {{STR("c"), STR("3")}, {STR("a"), STR("2")}}, tag = {STR("t"), STR("v")},
       *got;
    size_t n;
    series_summary *s;
    OK(run_log(&x->c, r.id, &(run_batch){.params = first, .n_params = 2}, &e));
    OK(run_log(&x->c, r.id, &(run_batch){.params = again, .n_params = 1}, &e));
    run_batch bad = {.points = &p,
                     .n_points = 1,
                     .params = changed,
                     .n_params = 2,
                     .tags = &tag,
                     .n_tags = 1};
    FAILS(ERR_EXISTS, run_log(&x->c, r.id, &bad, &e));
    assert_int_equal(bad.n_conflicts, 1);
    SAME(bad.conflicts[0].old_value, "1");
    SAME(bad.conflicts[0].new_value, "2");
    OK(run_attrs(&x->c, r.id, ATTR_PARAM, &got, &n, &e));
    assert_int_equal(n, 2);
    OK(run_attrs(&x->c, r.id, ATTR_TAG, &got, &n, &e));
    assert_int_equal(n, 0);
    OK(series_summaries(&x->c, r.id, &s, &n, &e));
    assert_int_equal(n, 0);
    kv twice[] = {{STR("z"), STR("1")}, {STR("z"), STR("2")}};
    FAILS(ERR_EXISTS, run_log(&x->c, r.id, &(run_batch){.params = twice, .n_params = 2}, &e));
    OK(run_delete(&x->c, r.id, &e));
    FAILS(ERR_STATE, run_log(&x->c, r.id, &(run_batch){.points = &p, .n_points = 1}, &e));
}

CORE_TEST(points_are_readable_at_once) {
    err e;
    run r = core_fix_run(x, "r");
    series_summary *s;
    size_t n;
    for (int i = 0; i < 10; i++)
        core_fix_log(x, r.id, "loss", i, 10 - i);
    OK(series_summaries(&x->c, r.id, &s, &n, &e));
    assert_int_equal(n, 1);
    assert_true(s[0].last.step == 9 && s[0].last.value == 1 && s[0].min == 1 && s[0].max == 10);
}

CORE_TEST(the_name_tag_renames_and_tags_can_be_edited) {
    err e;
    run r = core_fix_run(x, "old"), now;
    kv name = {STR(RUN_NAME_TAG), STR("new")};
    OK(run_log(&x->c, r.id, &(run_batch){.tags = &name, .n_tags = 1}, &e));
    OK(run_get(&x->c, r.id, &now, &e));
    SAME(now.name, "new");
    OK(run_delete_tag(&x->c, r.id, STR(RUN_NAME_TAG), &e));
    FAILS(ERR_NOT_FOUND, run_delete_tag(&x->c, r.id, STR(RUN_NAME_TAG), &e));
}

CORE_TEST(inputs_are_linked_once) {
    err e;
    run r = core_fix_run(x, "r");
    kv tag = {STR("mlflow.data.context"), STR("train")},
       other = {STR("mlflow.data.context"), STR("test")};
    dataset_input in = {.dataset = {.name = STR("d"),
                                    .digest = STR("1"),
                                    .source_type = STR("local"),
                                    .source = STR("s")},
                        .tags = &tag,
                        .n_tags = 1};
    model_link m = {.model = id_new(), .step = 3};
    run_links links;
    OK(input_log(&x->c, r.id, &in, 1, &m, 1, &e));
    in.tags = &other;
    OK(input_log(&x->c, r.id, &in, 1, NULL, 0, &e));
    OK(output_log(&x->c, r.id, &m, 1, &e));
    OK(input_of_run(&x->c, r.id, &links, &e));
    assert_true(links.n_datasets == 1 && links.n_inputs == 1 && links.n_outputs == 1);
    SAME(links.datasets[0].tags[0].value, "train");
    assert_null(links.datasets[0].dataset.schema.p);
    assert_int_equal(links.outputs[0].step, 3);
    int64_t projects[] = {0};
    dataset_summary *s;
    size_t n;
    OK(dataset_summaries(&x->c, projects, 1, 10, &s, &n, &e));
    assert_int_equal(n, 1);
    SAME(s[0].context, "train");
}

CORE_TEST(logged_models_are_drafts_until_they_end) {
    err e;
    model m, now;
    kv params[] = {{STR("p"), STR("1")}}, tag = {STR("t"), STR("v")};
    model_new n = {.name = STR("m"), .type = STR("sk"), .params = params, .n_params = 1};
    OK(model_create(&x->c, &n, &m, &e));
    assert_int_equal(m.status, MODEL_PENDING);
    FAILS(ERR_EXISTS, model_add_params(&x->c, m.id, params, 1, &e));
    OK(model_set_tags(&x->c, m.id, &tag, 1, &e));
    OK(model_finalize(&x->c, m.id, MODEL_READY, &now, &e));
    OK(model_get(&x->c, m.id, &now, &e));
    assert_true(now.status == MODEL_READY && now.n_params == 1 && now.n_tags == 1);
    run r = core_fix_run(x, "r");
    point p = {.key = STR("acc"),
               .step = 1,
               .time_ms = 2,
               .value = 0.5,
               .model = m.id,
               .dataset_name = STR("d"),
               .dataset_digest = STR("1")};
    OK(run_log(&x->c, r.id, &(run_batch){.points = &p, .n_points = 1}, &e));
    model_point *points;
    size_t n_points;
    OK(model_points(&x->c, m.id, &points, &n_points, &e));
    assert_int_equal(n_points, 1);
    SAME(points[0].dataset_name, "d");
    OK(model_delete_tag(&x->c, m.id, STR("t"), &e));
    FAILS(ERR_NOT_FOUND, model_delete_tag(&x->c, m.id, STR("t"), &e));
    OK(model_delete(&x->c, m.id, &e));
    FAILS(ERR_NOT_FOUND, model_get(&x->c, m.id, &now, &e));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_project_is_there),
        cmocka_unit_test(projects_have_small_numbers_and_unique_names),
        cmocka_unit_test(a_deleted_project_takes_its_runs_along),
        cmocka_unit_test(a_run_changes_state_and_keeps_what_is_not_named),
        cmocka_unit_test(a_batch_is_all_or_nothing),
        cmocka_unit_test(points_are_readable_at_once),
        cmocka_unit_test(the_name_tag_renames_and_tags_can_be_edited),
        cmocka_unit_test(inputs_are_linked_once),
        cmocka_unit_test(logged_models_are_drafts_until_they_end),
    };
    return core_fix_main("domain", tests, sizeof tests / sizeof *tests);
}
