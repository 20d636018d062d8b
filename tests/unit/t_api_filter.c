// SPDX-License-Identifier: Apache-2.0
// The grammar against golden answers of the real package (filter_golden.h), and limits that no
// golden shows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/mlflow/filter.h"
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum kind {
    runs,
    experiments,
    models,
    order,
    experiments_order,
    registered,
    registered_order,
    versions,
    versions_order
};

typedef struct golden {
    enum kind kind;
    const char *text, *want;
} golden;

#define GOLDEN(k, t, w) {k, t, w},
static const golden all[] = {
#include "filter_golden.h"
};

// ---- how trees are shown, in the reference's words -----------------------------------------
static const char *run_attribute(int which) {
    switch (which) {
    case SEARCH_ID: return "run_id";
    case SEARCH_NAME: return "run_name";
    case SEARCH_STATUS: return "status";
    case SEARCH_ARTIFACT_URI: return "artifact_uri";
    case SEARCH_USER: return "user_id";
    case SEARCH_START: return "start_time";
    default: return "end_time";
    }
}

static const char *experiment_attribute(int which) {
    switch (which) {
    case SEARCH_ID:
    case SEARCH_NUMBER: return "experiment_id";
    case SEARCH_NAME: return "name";
    case SEARCH_CREATED: return "creation_time";
    default: return "last_update_time";
    }
}

static const char *model_attribute(int which) {
    switch (which) {
    case SEARCH_ID: return "model_id";
    case SEARCH_NAME: return "name";
    case SEARCH_STATUS: return "status";
    case SEARCH_TYPE: return "model_type";
    case SEARCH_SOURCE_RUN: return "source_run_id";
    case SEARCH_NUMBER: return "experiment_id";
    case SEARCH_ARTIFACT_URI: return "artifact_location";
    case SEARCH_CREATED: return "creation_timestamp_ms";
    default: return "last_updated_timestamp_ms";
    }
}

static const char *registry_attribute(int which) {
    switch (which) {
    case SEARCH_NAME: return "name";
    case SEARCH_SOURCE_RUN: return "run_id";
    case SEARCH_ARTIFACT_URI: return "source_path";
    case SEARCH_NUMBER: return "version_number";
    case SEARCH_CREATED: return "creation_timestamp";
    default: return "last_updated_timestamp";
    }
}

static void show_field(buf *b, enum kind kind, const search_field *f) {
    static const char *const keys[] = {"name", "digest", "context"};
    static const char *const words[] = {"attribute", "parameter", "tag", "metric", "dataset"};
    static const char *const model_words[] = {"attributes", "params", "tags", "metrics", ""};
    buf_printf(b, "%s.", kind == models ? model_words[f->domain] : words[f->domain]);
    if (f->domain == SEARCH_DATASET)
        buf_printf(b, "%s", keys[f->which]);
    else if (f->domain != SEARCH_ATTRIBUTE)
        buf_str(b, f->key);
    else if (kind == models)
        buf_printf(b, "%s", model_attribute(f->which));
    else if (kind == runs || kind == order)
        buf_printf(b, "%s", run_attribute(f->which));
    else if (kind >= registered)
        buf_printf(b, "%s", registry_attribute(f->which));
    else
        buf_printf(b, "%s", experiment_attribute(f->which));
}

static bool is_number(enum kind kind, const search_field *f) {
    bool number = f->which == SEARCH_START || f->which == SEARCH_END ||
                  f->which == SEARCH_CREATED || f->which == SEARCH_UPDATED ||
                  (kind == versions && f->which == SEARCH_NUMBER);
    return f->domain == SEARCH_METRIC || (f->domain == SEARCH_ATTRIBUTE && number);
}

static void show(buf *b, enum kind kind, const search_node *n) {
    static const char *const ops[] = {[SEARCH_EQ] = "=",
                                      [SEARCH_NE] = "!=",
                                      [SEARCH_LT] = "<",
                                      [SEARCH_LE] = "<=",
                                      [SEARCH_GT] = ">",
                                      [SEARCH_GE] = ">=",
                                      [SEARCH_LIKE] = "LIKE",
                                      [SEARCH_ILIKE] = "ILIKE",
                                      [SEARCH_IN] = "IN",
                                      [SEARCH_NOT_IN] = "NOT IN",
                                      [SEARCH_IS_NULL] = "IS NULL",
                                      [SEARCH_NOT_NULL] = "IS NOT NULL"};
    if (!n) return;
    if (n->op == SEARCH_AND) {
        show(b, kind, n->left);
        buf_printf(b, " AND ");
        show(b, kind, n->right);
        return;
    }
    if (n->op == SEARCH_OR) { // only ever "is no prompt"
        assert_int_equal(n->right->op, SEARCH_NE);
        show(b, kind, n->left);
        buf_printf(b, " or not");
        return;
    }
    show_field(b, kind, &n->field);
    buf_printf(b, " %s", ops[n->op]);
    if (n->op == SEARCH_IS_NULL || n->op == SEARCH_NOT_NULL) return;
    if (n->op == SEARCH_IN || n->op == SEARCH_NOT_IN) {
        for (size_t i = 0; i < n->n_list; i++) {
            buf_printf(b, "%s%.*s", i ? "|" : " [", STR_F(n->list[i]));
        }
        buf_printf(b, "]");
    } else if (is_number(kind, &n->field)) {
        buf_printf(b, " %.17g", n->number);
    } else {
        buf_printf(b, " %.*s", STR_F(n->text));
    }
}

static bool parse_and_show(arena *a, enum kind kind, str text, buf *b, err *e) {
    static const filter_entity entities[] = {[runs] = FILTER_RUNS,
                                             [experiments] = FILTER_EXPERIMENTS,
                                             [models] = FILTER_MODELS,
                                             [order] = FILTER_RUNS,
                                             [experiments_order] = FILTER_EXPERIMENTS,
                                             [registered] = FILTER_REGISTERED_MODELS,
                                             [registered_order] = FILTER_REGISTERED_MODELS,
                                             [versions] = FILTER_MODEL_VERSIONS,
                                             [versions_order] = FILTER_MODEL_VERSIONS};
    search_node *where = NULL;
    search_sort *sort = NULL;
    bool is_order = kind == order || kind == experiments_order || kind == registered_order ||
                    kind == versions_order;
    if (is_order) {
        if (!filter_order(a, entities[kind], &text, 1, &sort, e)) return false;
        show_field(b, kind, &sort->field);
        buf_printf(b, " %s", sort->descending ? "DESC" : "ASC");
        return true;
    }
    if (!filter_parse(a, entities[kind], text, &where, e)) return false;
    show(b, kind, where);
    return true;
}

static void goldens(void **state) {
    (void)state;
    arena *a = arena_new();
    size_t failed = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        buf b = BUF_MAX(1 << 16);
        err e = {0};
        bool ok = parse_and_show(a, all[i].kind, str_of(all[i].text), &b, &e);
        if (!ok) {
            assert_int_equal(e.code, ERR_INVALID);
            buf_clear(&b);
            buf_printf(&b, "! %s", e.msg);
        }
        if (!str_is(buf_view(&b), all[i].want)) {
            print_error("%s\n  want %s\n  got  %.*s\n", all[i].text, all[i].want,
                        STR_F(buf_view(&b)));
            failed++;
        }
        buf_free(&b);
        arena_reset(a);
    }
    arena_free(a);
    assert_int_equal(failed, 0);
}

// ---- what is not in the goldens ------------------------------------------------------------
static void orders(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    search_sort *sort;
    str two[] = {STR("metrics.a desc"), STR("metrics.`a`")};
    assert_false(filter_order(a, FILTER_RUNS, two, 2, &sort, &e));
    assert_string_equal(
        e.msg, "`order_by` contains duplicate fields: ['metrics.a desc', 'metrics.`a`']");
    assert_true(filter_order(a, FILTER_EXPERIMENTS, NULL, 0, &sort, &e));
    filter_model_order good[] = {{.field_name = STR_K("metrics.a.b"),
                                  .ascending = true,
                                  .dataset_name = STR_K("d"),
                                  .dataset_digest = STR_K("")},
                                 {.field_name = STR_K("creation_time")}};
    assert_true(filter_order_models(a, good, 2, &sort, &e));
    search_field f = sort[0].field;
    assert_true(f.domain == SEARCH_METRIC && f.which == SEARCH_LAST && str_is(f.key, "a.b"));
    assert_true(str_is(f.dataset_name, "d") && !f.dataset_digest.p && !sort[0].descending);
    f = sort[1].field;
    assert_true(f.domain == SEARCH_ATTRIBUTE && f.which == SEARCH_CREATED &&
                sort[1].descending);
    static const struct {
        filter_model_order order;
        const char *why;
    } bad[] = {
        {{.field_name = STR_K("params.a")},
         "Invalid order by field name: params.a. Only metrics are supported."},
        {{.field_name = STR_K("nothing")}, "Invalid order by field name: nothing"},
        {{.field_name = STR_K("")}, "`field_name` in the `order_by` clause must be specified."},
        {{.field_name = STR_K("metrics.a"), .dataset_digest = STR_K("d")},
         "`dataset_digest` can only be specified if `dataset_name` is also specified."}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e = (err){0};
        assert_false(filter_order_models(a, &bad[i].order, 1, &sort, &e));
        assert_string_equal(e.msg, bad[i].why);
    }
    arena_free(a);
}

static void prompts(void **state) {
    (void)state;
    static const struct {
        const char *filter, *want;
    } cases[] = {
        {"", "tag.mlflow.prompt.is_prompt IS NULL or not"},
        {"name = 'a'", "attribute.name = a AND tag.mlflow.prompt.is_prompt IS NULL or not"},
        {"tags.`mlflow.prompt.is_prompt` = 'TRUE'", "tag.mlflow.prompt.is_prompt = TRUE"},
        {"name = 'a' AND tags.`mlflow.prompt.is_prompt` != 'false'",
         "attribute.name = a AND tag.mlflow.prompt.is_prompt != false"},
        {"tags.`mlflow.prompt.is_prompt` = 'false'",
         "tag.mlflow.prompt.is_prompt IS NULL or not"},
        {"tags.`mlflow.prompt.is_prompt` != 'true' AND name = 'a' AND "
         "tags.`mlflow.prompt.is_prompt` = 'true'",
         "attribute.name = a AND tag.mlflow.prompt.is_prompt IS NULL or not"},
    };
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf b = BUF_MAX(4096);
        err e = {0};
        search_node *where;
        assert_true(
            filter_parse(a, FILTER_REGISTERED_MODELS, str_of(cases[i].filter), &where, &e));
        show(&b, registered, filter_without_prompts(a, where));
        assert_string_equal(arena_str(a, buf_view(&b)).p, cases[i].want);
        buf_free(&b);
    }
    arena_free(a);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// A megabyte of whatever repeats must take about what a megabyte takes.
static void linear(void **state) {
    (void)state;
    static const char *const seeds[] = {
        "(",   "'",      "\"", "`", "/*",    "a.", "a(",  "('",   "\\'", "a - ", "-", "a AND ",
        "'' ", "a = 1 ", "a[", ")", "((a) ", ".",  "- 1", "\xff", "a.[", "#",    "1e"};
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        buf b = BUF_MAX(2 << 20);
        while (b.n < 1 << 20) {
            buf_printf(&b, "%s", seeds[i]);
        }
        for (int entity = FILTER_RUNS; entity <= FILTER_MODEL_VERSIONS; entity++) {
            search_node *where;
            err e = {0};
            double from = seconds();
            filter_parse(a, (filter_entity)entity, buf_view(&b), &where, &e);
            if (seconds() - from > 3)
                fail_msg("'%s' repeated: %.1f s", seeds[i], seconds() - from);
            arena_reset(a);
        }
        buf_free(&b);
    }
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(goldens), cmocka_unit_test(orders),
                                       cmocka_unit_test(prompts),
                                       cmocka_unit_test(linear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
