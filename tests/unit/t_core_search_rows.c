// SPDX-License-Identifier: Apache-2.0
// search_projects and search_models: filters, orders with ties and missing values, pages, data
// sets.
#include "core/search_internal.h"
#include "core_help.h"

#include <math.h>

#define ATTRIBUTE(w)                                                                           \
    { .domain = SEARCH_ATTRIBUTE, .which = (w) }

// ---- projects ------------------------------------------------------------------------------

// The numbers of all pages, as "3 1 2 ".
static str projects_found(core_fix *x, search_projects_query q, size_t max) {
    err e;
    str out = STR("");
    q.max = max;
    for (;;) {
        project *p;
        size_t n;
        str next;
        OK(search_projects(&x->c, &q, &p, &n, &next, &e));
        assert_true(n <= max && (!next.n || n == max));
        for (size_t i = 0; i < n; i++) {
            out = arena_printf(x->c.a, "%.*s%lld ", STR_F(out), (long long)p[i].number);
        }
        if (!next.n) return out;
        q.after = next;
    }
}

static void make_projects(core_fix *x) {
    static const char *const names[] = {"alpha", "beta", "Alphabet", "gamma"};
    err e;
    for (int i = 0; i < 4; i++) {
        int64_t number;
        kv tag = {STR("team"), i % 2 ? STR("red") : STR("blue")};
        usleep(2000); // creation times differ, that of Default too
        OK(project_create(&x->c, str_of(names[i]), (str){0}, &tag, i < 3, &number, &e));
        assert_int_equal(number, i + 1);
    }
}

CORE_TEST(projects_are_found_by_attributes_and_tags) {
    make_projects(x);
    search_projects_query q = {.view = VIEW_ACTIVE};
    SAME(projects_found(x, q, 10), "4 3 2 1 0 "); // created last, first
    search_node n = {
        .op = SEARCH_ILIKE, .field = ATTRIBUTE(SEARCH_NAME), .text = STR_K("alpha%")};
    q.where = &n;
    SAME(projects_found(x, q, 1), "3 1 ");
    n.op = SEARCH_LIKE;
    SAME(projects_found(x, q, 10), "1 ");
    n = (search_node){.op = SEARCH_NE,
                      .field = {.domain = SEARCH_TAG, .key = STR_K("team")},
                      .text = STR_K("red")};
    SAME(projects_found(x, q, 10), "3 1 "); // who has no such tag is unknown
    n.op = SEARCH_IS_NULL;
    SAME(projects_found(x, q, 10), "4 0 ");
    str list[] = {STR("2"), STR("0"), STR("77")};
    n = (search_node){
        .op = SEARCH_IN, .field = ATTRIBUTE(SEARCH_ID), .list = list, .n_list = 3};
    SAME(projects_found(x, q, 10), "2 0 ");
    n.op = SEARCH_NOT_IN;
    SAME(projects_found(x, q, 2), "4 3 1 ");
    n = (search_node){.op = SEARCH_GE, .field = ATTRIBUTE(SEARCH_CREATED), .number = 1};
    search_node not = {.op = SEARCH_NOT, .left = &n};
    q.where = &not ;
    SAME(projects_found(x, q, 10), "");
}

CORE_TEST(projects_are_sorted) {
    err e;
    make_projects(x);
    search_sort by_name = {.field = ATTRIBUTE(SEARCH_NAME), .descending = true};
    search_projects_query q = {.view = VIEW_ACTIVE, .sort = &by_name, .n_sort = 1};
    SAME(projects_found(x, q, 2), "4 2 1 0 3 "); // by bytes: gamma beta alpha Default Alphabet
    search_sort by_tag = {.field = {.domain = SEARCH_TAG, .key = STR_K("team")}};
    q.sort = &by_tag;
    SAME(projects_found(x, q, 1), "3 1 2 4 0 "); // ties by number, greatest first; missing last
    OK(project_delete(&x->c, 2, &e));
    SAME(projects_found(x, q, 9), "3 1 4 0 ");
    q.view = VIEW_DELETED;
    SAME(projects_found(x, q, 9), "2 ");
    q.view = VIEW_ALL;
    SAME(projects_found(x, q, 9), "3 1 2 4 0 ");
}

CORE_TEST(projects_refuse_what_is_wrong) {
    err e;
    project *p;
    size_t n;
    str next;
    make_projects(x);
    search_node bad = {.op = SEARCH_EQ, .field = {.domain = SEARCH_METRIC, .key = STR_K("m")}};
    search_projects_query q = {.view = VIEW_ACTIVE, .where = &bad, .max = 2};
    FAILS(ERR_INVALID, search_projects(&x->c, &q, &p, &n, &next, &e));
    bad.field = (search_field)ATTRIBUTE(SEARCH_STATUS);
    FAILS(ERR_INVALID, search_projects(&x->c, &q, &p, &n, &next, &e));
    q.where = NULL;
    OK(search_projects(&x->c, &q, &p, &n, &next, &e));
    q.after = next;
    q.view = VIEW_ALL;
    FAILS(ERR_INVALID, search_projects(&x->c, &q, &p, &n, &next, &e));
    q.after = STR("x");
    FAILS(ERR_INVALID, search_projects(&x->c, &q, &p, &n, &next, &e));
}

// ---- models --------------------------------------------------------------------------------

static model models[4];

// The indices of the models of all pages, as "2 0 ".
static str models_found(core_fix *x, search_models_query q, size_t max) {
    static const int64_t projects[] = {0, 0};
    err e;
    str out = STR("");
    q.max = max;
    if (!q.projects) q.projects = projects, q.n_projects = 2; // named twice, found once
    for (;;) {
        model *m;
        size_t n;
        str next;
        OK(search_models(&x->c, &q, &m, &n, &next, &e));
        assert_true(n <= max && (!next.n || n == max));
        for (size_t i = 0; i < n; i++) {
            int k = 0;
            while (k < 4 && !id_eq(models[k].id, m[i].id)) {
                k++;
            }
            out = arena_printf(x->c.a, "%.*s%d ", STR_F(out), k);
        }
        if (!next.n) return out;
        q.after = next;
    }
}

static void log_of(core_fix *x, run r, int k, int64_t time_ms, double value, const char *set) {
    err e;
    point p = {.key = STR("acc"),
               .step = time_ms,
               .time_ms = time_ms,
               .value = value,
               .model = models[k].id,
               .dataset_name = set ? str_of(set) : (str){0},
               .dataset_digest = set ? STR("d") : (str){0}};
    run_batch b = {.points = &p, .n_points = 1};
    OK(run_log(&x->c, r.id, &b, &e));
}

static void make_models(core_fix *x) {
    static const char *const names[] = {"cnn", "mlp", "tree", "CNN"};
    err e;
    run r = core_fix_run(x, "r");
    for (int i = 0; i < 4; i++) {
        kv param = {STR("depth"), arena_printf(x->c.a, "%d", i)},
           tag = {STR("stage"), i < 2 ? STR("a") : STR("b")};
        model_new n = {.name = str_of(names[i]),
                       .type = i ? STR("agent") : STR(""),
                       .source_run = i == 3 ? (id){{0}} : r.id,
                       .params = &param,
                       .n_params = 1,
                       .tags = &tag,
                       .n_tags = i != 3};
        OK(model_create(&x->c, &n, &models[i], &e));
        usleep(2000);
    }
    OK(model_finalize(&x->c, models[1].id, MODEL_READY, &models[1], &e));
    log_of(x, r, 0, 1, 0.9, "train"); // first high, then low
    log_of(x, r, 0, 2, 0.1, "test");
    log_of(x, r, 1, 1, 0.5, "test");
    log_of(x, r, 2, 1, NAN, NULL);
}

CORE_TEST(models_are_found) {
    make_models(x);
    search_models_query q = {.max = 0};
    SAME(models_found(x, q, 3), "3 2 1 0 "); // created last, first
    search_node n = {.op = SEARCH_ILIKE, .field = ATTRIBUTE(SEARCH_NAME), .text = STR_K("cnn")};
    q.where = &n;
    SAME(models_found(x, q, 1), "3 0 ");
    n = (search_node){
        .op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_STATUS), .text = STR_K("READY")};
    SAME(models_found(x, q, 9), "1 ");
    n = (search_node){
        .op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_ID), .text = id_str(x->c.a, models[2].id)};
    SAME(models_found(x, q, 9), "2 ");
    n = (search_node){.op = SEARCH_NOT_NULL, .field = ATTRIBUTE(SEARCH_SOURCE_RUN)};
    SAME(models_found(x, q, 9), "2 1 0 ");
    n = (search_node){.op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_NUMBER), .text = STR_K("0")};
    SAME(models_found(x, q, 9), "3 2 1 0 ");
    n = (search_node){.op = SEARCH_GT,
                      .field = {.domain = SEARCH_PARAM, .key = STR_K("depth")},
                      .text = STR_K("1")};
    SAME(models_found(x, q, 9), "3 2 ");
    n = (search_node){.op = SEARCH_NE,
                      .field = {.domain = SEARCH_TAG, .key = STR_K("stage")},
                      .text = STR_K("b")};
    SAME(models_found(x, q, 9), "1 0 ");
}

CORE_TEST(any_point_of_a_model_may_satisfy) {
    make_models(x);
    search_node n = {
        .op = SEARCH_GT,
        .field = {.domain = SEARCH_METRIC, .which = SEARCH_ANY, .key = STR_K("acc")},
        .number = 0.4};
    str train = STR("train"), test = STR("test"), digest = STR("d"), other = STR("e");
    search_models_query q = {.where = &n};
    SAME(models_found(x, q, 9), "1 0 "); // NaN does not
    q.dataset_names = &test;
    q.n_datasets = 1;
    SAME(models_found(x, q, 9), "1 "); // 0's point above is of another data set
    q.dataset_names = &train;
    q.dataset_digests = &digest;
    SAME(models_found(x, q, 9), "0 ");
    q.dataset_digests = &other;
    SAME(models_found(x, q, 9), "");
    q.where = NULL;
    q.dataset_names = &test;
    q.dataset_digests = &digest;
    SAME(models_found(x, q, 1), "1 0 "); // any metric on it
}

CORE_TEST(models_are_sorted_by_their_latest_point) {
    make_models(x);
    search_sort by = {
        .field = {.domain = SEARCH_METRIC, .which = SEARCH_LAST, .key = STR_K("acc")}};
    search_models_query q = {.sort = &by, .n_sort = 1};
    SAME(models_found(x, q, 1), "0 1 2 3 "); // 0.1, 0.5, NaN, missing
    by.descending = true;
    SAME(models_found(x, q, 1), "1 0 2 3 ");
    by.field.dataset_name = STR("train");
    SAME(models_found(x, q, 2), "0 3 2 1 "); // only 0 has one; the others by creation
    search_sort two[] = {{.field = {.domain = SEARCH_TAG, .key = STR_K("stage")}},
                         {.field = ATTRIBUTE(SEARCH_NAME)}};
    q.sort = two;
    q.n_sort = 2;
    SAME(models_found(x, q, 1), "0 1 2 3 ");
    search_sort ids[] = {{.field = ATTRIBUTE(SEARCH_SOURCE_RUN)},
                         {.field = ATTRIBUTE(SEARCH_ID)}};
    q.sort = ids; // two texts that are made on the way: neither may overwrite the other
    SAME(models_found(x, q, 1), "0 1 2 3 ");
}

CORE_TEST(deleted_models_and_wrong_fields) {
    err e;
    model *m;
    size_t n;
    str next;
    make_models(x);
    OK(model_delete(&x->c, models[1].id, &e));
    search_models_query q = {.max = 0};
    SAME(models_found(x, q, 2), "3 2 0 ");
    search_node bad = {.op = SEARCH_EQ, .field = ATTRIBUTE(SEARCH_START)};
    static const int64_t zero = 0;
    q = (search_models_query){.projects = &zero, .n_projects = 1, .where = &bad, .max = 5};
    FAILS(ERR_INVALID, search_models(&x->c, &q, &m, &n, &next, &e));
    q.where = NULL;
    q.after = STR("garbage");
    FAILS(ERR_INVALID, search_models(&x->c, &q, &m, &n, &next, &e));
    q = (search_models_query){.max = 5};
    OK(search_models(&x->c, &q, &m, &n, &next, &e));
    assert_int_equal(n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(projects_are_found_by_attributes_and_tags),
        cmocka_unit_test(projects_are_sorted),
        cmocka_unit_test(projects_refuse_what_is_wrong),
        cmocka_unit_test(models_are_found),
        cmocka_unit_test(any_point_of_a_model_may_satisfy),
        cmocka_unit_test(models_are_sorted_by_their_latest_point),
        cmocka_unit_test(deleted_models_and_wrong_fields)};
    return core_fix_main("search_rows", tests, sizeof tests / sizeof *tests);
}
