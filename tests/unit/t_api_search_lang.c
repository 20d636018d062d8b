// SPDX-License-Identifier: Apache-2.0
// The native search language: what texts become (shown as text again), and where what is wrong
// with others is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/native/search_lang.h"
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW_US 1795860000000000 // 2026-11-28T10:00:00Z

// ---- trees as text -------------------------------------------------------------------------
static void show_field(buf *b, const search_field *f) {
    static const char *const attributes[] = {
        [SEARCH_ID] = "id",           [SEARCH_NAME] = "name",
        [SEARCH_STATUS] = "status",   [SEARCH_USER] = "user",
        [SEARCH_START] = "start",     [SEARCH_END] = "end",
        [SEARCH_CREATED] = "created", [SEARCH_NUMBER] = "project",
        [SEARCH_REASON] = "reason",   [SEARCH_DURATION] = "duration"};
    static const char *const which[] = {"last", "first", "min", "max"};
    static const char *const sets[] = {"name", "digest", "context"};
    switch (f->domain) {
    case SEARCH_ATTRIBUTE: buf_printf(b, "%s", attributes[f->which]); return;
    case SEARCH_DATASET: buf_printf(b, "dataset.%s", sets[f->which]); return;
    case SEARCH_EVALUATION: buf_printf(b, "e[%.*s]", STR_F(f->key)); return;
    case SEARCH_METRIC: buf_printf(b, "m[%.*s].%s", STR_F(f->key), which[f->which]); return;
    default:
        buf_printf(b, "%c[%.*s]%s", f->domain == SEARCH_PARAM ? 'c' : 't', STR_F(f->key),
                   f->which == SEARCH_AS_NUMBER ? "#" : "");
    }
}

static bool is_number(const search_field *f) {
    if (f->domain == SEARCH_ATTRIBUTE)
        return f->which >= SEARCH_START && f->which != SEARCH_REASON;
    return f->domain == SEARCH_METRIC || f->domain == SEARCH_EVALUATION ||
           (f->domain != SEARCH_DATASET && f->which == SEARCH_AS_NUMBER);
}

static void show(buf *b, const search_node *n) {
    static const char *const ops[] = {"and", "or",     "not",  "=",       "!=",    "<",
                                      "<=",  ">",      ">=",   "like",    "ilike", "~",
                                      "in",  "not in", "null", "not null"};
    if (n->op <= SEARCH_NOT) {
        buf_printf(b, "(%s ", ops[n->op]);
        show(b, n->left);
        if (n->op != SEARCH_NOT) {
            buf_byte(b, ' ');
            show(b, n->right);
        }
        buf_byte(b, ')');
        return;
    }
    show_field(b, &n->field);
    buf_printf(b, " %s", ops[n->op]);
    if (n->op == SEARCH_IN || n->op == SEARCH_NOT_IN) {
        for (size_t i = 0; i < n->n_list; i++)
            buf_printf(b, " %.*s", STR_F(n->list[i]));
    } else if (n->op < SEARCH_IS_NULL) {
        if (is_number(&n->field))
            buf_printf(b, " %.17g", n->number);
        else
            buf_printf(b, " %.*s", STR_F(n->text));
    }
}

static bool project_named(void *arg, str name, int64_t *number, err *e) {
    (void)arg;
    *number = 7;
    return str_is(name, "seven") || err_set(e, ERR_NOT_FOUND, "there is no project");
}

static search_lang lang_of(arena *a) {
    return (search_lang){.a = a, .now_us = NOW_US, .project = project_named};
}

// ---- good ones -----------------------------------------------------------------------------
static const struct {
    const char *text, *want;
} good[] = {
    {"metrics.loss < 0.5", "m[loss].last < 0.5"},
    {"metrics.train/loss.min<=1e-3", "m[train/loss].min <= 0.001"},
    {"metric.a.b.max > -1", "m[a.b].max > -1"},
    {"metrics.max > 1", "m[max].last > 1"},
    {"metrics.a.last = 1 and metrics.a.first != 2", "(and m[a].last = 1 m[a].first != 2)"},
    {"metrics.\"my loss\".first >= 1", "m[my loss].first >= 1"},
    {"metrics.`a.min` == 1", "m[a.min].last = 1"},
    {"metrics.'say ''hi''' = 1", "m[say 'hi'].last = 1"},
    {"metrics.x = nan", "m[x].last = nan"},
    {"metrics.x > -inf", "m[x].last > -inf"},
    {"metrics.x in (1, 2.5,3)", "m[x].last in 1.0 2.5 3.0"},
    {"metrics.x is null or metrics.y is not null", "(or m[x].last null m[y].last not null)"},
    {"config.lr >= 1e-4", "c[lr]# >= 0.0001"},
    {"config.lr = \"1e-4\"", "c[lr] = 1e-4"},
    {"params.lr in (0.1, 0.2)", "c[lr]# in 0.1 0.2"},
    {"config.opt in ('adam', \"sgd\")", "c[opt] in adam sgd"},
    {"config.opt not in ('adam')", "c[opt] not in adam"},
    {"config.opt is null", "c[opt] null"},
    {"config.a.b.c ~ '^x'", "c[a.b.c] ~ ^x"},
    {"tags.team !~ \"nlp|vision\"", "(not t[team] ~ nlp|vision)"},
    {"tags.team like '%x%'", "t[team] like %x%"},
    {"tags.team NOT ILIKE 'X_'", "(not t[team] ilike X_)"},
    {"tags.empty = ''", "t[empty] = "},
    {"tags.n < 5", "t[n]# < 5"},
    {"evals.safety.refusals >= 0.5", "e[safety.refusals] >= 0.5"},
    {"evals.mmlu.law.min < 1", "e[mmlu.law.min] < 1"},
    {"evals.safety.\"a b\" = 1 and evals.'safety.a b' = 1",
     "(and e[safety.a b] = 1 e[safety.a b] = 1)"},
    {"dataset.name = 'mnist' and dataset.context like 'tr%'",
     "(and dataset.name = mnist dataset.context like tr%)"},
    {"name ~ \"base.*\"", "name ~ base.*"},
    {"name > 'm'", "name > m"},
    {"user in ('ann','bob')", "user in ann bob"},
    {"reason is not null", "reason not null"},
    {"status = running", "status = RUNNING"},
    {"status in (Failed, 'crashed')", "status in FAILED CRASHED"},
    {"status <> KILLED", "status != KILLED"},
    {"id = 0192ABCDEF", "id = 0192abcdef"},
    {"id in (01, \"02\")", "id in 01 02"},
    {"project = 3", "project = 3"},
    {"project != \"seven\"", "project != 7"},
    {"project in (seven, 2)", "project in 7.0 2.0"},
    {"duration > 90", "duration > 90"},
    {"duration > 5m", "duration > 300"},
    {"duration <= '1h30m'", "duration <= 5400"},
    {"duration < 2 hours and name = 'x'", "(and duration < 7200 name = x)"},
    {"start >= now", "start >= 1795860000000"},
    {"start >= \"2026-11-28\"", "start >= 1795824000000"},
    {"start > 2026-11-27", "start >= 1795824000000"},
    {"start < \"2026-11-28T10:00Z\"", "start < 1795860000000"},
    {"start <= '2026-11-28 10:00:00'", "start < 1795860001000"},
    {"end = yesterday", "(and end >= 1795737600000 end < 1795824000000)"},
    {"end != 2026", "(or end < 1767225600000 end >= 1798761600000)"},
    {"created >= \"2026-11-28T11:00:00.25+01:00\"", "created >= 1795860000250"},
    {"start > 1 week ago", "start >= 1795255200001"},
    {"start > 3h ago and name = 'x'", "(and start >= 1795849200001 name = x)"},
    {"start >= \"90 minutes ago\"", "start >= 1795854600000"},
    {"start >= 1795860000000", "start >= 1795860000000"},
    {"not name = 'a'", "(not name = a)"},
    {"not not name = 'a'", "(not (not name = a))"},
    {"name = 'a' or name = 'b' and not (user = 'c' or user = 'd')",
     "(or name = a (and name = b (not (or user = c user = d))))"},
    {"(((name='a')))", "name = a"},
    {"name = 'a' AND name = 'b' And name = 'c'", "(and name = a (and name = b name = c))"},
    {" \n\tname\n=\n'a' ", "name = a"},
    {"tags.\xC3\xA4 = '\xE2\x82\xAC'", "t[\xC3\xA4] = \xE2\x82\xAC"},
};

static void good_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        arena *a = arena_new();
        search_lang l = lang_of(a);
        search_node *n = NULL;
        err e = {0};
        if (!search_lang_where(&l, str_of(good[i].text), &n, &e))
            fail_msg("%s: %s at %u", good[i].text, e.msg, e.place);
        buf b = BUF_MAX(4096);
        show(&b, n);
        buf_byte(&b, 0);
        if (strcmp(b.p, good[i].want))
            fail_msg("%s:\n  is   %s\n  want %s", good[i].text, b.p, good[i].want);
        buf_free(&b);
        arena_free(a);
    }
}

static void nothing_is_everything(void **state) {
    (void)state;
    arena *a = arena_new();
    search_lang l = lang_of(a);
    search_node *n = (search_node *)(void *)a;
    err e = {0};
    assert_true(search_lang_where(&l, STR(" \t "), &n, &e) && !n);
    assert_true(search_lang_where(&l, (str){0}, &n, &e) && !n);
    arena_free(a);
}

// ---- bad ones ------------------------------------------------------------------------------
static const struct {
    const char *text;
    int at;
    const char *part; // of the message
} bad[] = {
    {"loss < 1", 0, "there is no field 'loss'"},
    {"metric_s.loss < 1", 0, "there is no field"},
    {"metrics < 1", 0, "there is no field 'metrics'"},
    {"metrics. < 1", 8, "a key is expected"},
    {"metrics.\"\" < 1", 0, "a key is expected"},
    {"metrics. \"x\" < 1", 8, "a key is expected"},
    {"metrics.\"x\".mean < 1", 11, ".last .first .min .max"},
    {"tags.\"x\".min = 'a'", 8, "an operator"},
    {"metrics.loss", 12, "an operator is expected, not the end"},
    {"metrics.loss <", 14, "a number is expected, not the end"},
    {"metrics.loss < 'a'", 15, "a number is expected, not ''a''"},
    {"metrics.loss < abc", 15, "a number"},
    {"metrics.loss like 'a'", 13, "it is no text"},
    {"metrics.loss ~ 'a'", 13, "it is no text"},
    {"metrics.loss ! 3", 13, "no operator"},
    {"metrics.loss => 3", 14, "a number"},
    {"config.opt = adam", 13, "a text in quotes"},
    {"config.opt in (1, 'a')", 18, "a number as before"},
    {"config.opt in ('a', 1)", 20, "a text as before"},
    {"config.opt in ()", 15, "a text in quotes"},
    {"config.opt in ('a'", 18, "',' or ')'"},
    {"config.opt in 'a'", 14, "'(' and a list"},
    {"config.opt not = 'a'", 15, "in, like or ilike"},
    {"config.opt is 3", 14, "null or not null"},
    {"config.opt is not 3", 18, "null"},
    {"config.opt ~ 3", 13, "a pattern in quotes"},
    {"config.opt ~ '('", 13, "Invalid regular expression"},
    {"config.opt like x", 16, "a pattern in quotes"},
    {"dataset.nam = 'x'", 0, "dataset.name"},
    {"evals.safety = 1", 0, "evals.SUITE.NAME"},
    {"evals.safety. = 1", 13, "a key is expected"},
    {"evals..a = 1", 0, "evals.SUITE.NAME"},
    {"evals.'safety.' = 1", 0, "evals.SUITE.NAME"},
    {"evals.safety.a = 'x'", 17, ""},
    {"name = x", 7, "a text in quotes"},
    {"name = 5", 7, "a text in quotes"},
    {"name = 'a", 7, "not closed"},
    {"name = 'a' name = 'b'", 11, "and, or or the end"},
    {"name = 'a' and", 14, "a field is expected, not the end"},
    {"name = 'a' or or", 14, "there is no field 'or'"},
    {"(name = 'a'", 0, "this '(' is not closed"},
    {"(name = 'a' x)", 12, "and, or or ')'"},
    {"name = 'a')", 10, "and, or or the end"},
    {"()", 1, "a field is expected"},
    {"not", 3, "a field is expected"},
    {"status = done", 9, "running, scheduled"},
    {"status < running", 7, "it takes =, !="},
    {"status like 'r%'", 7, "it is no text"},
    {"project < 3", 8, "it takes =, !="},
    {"project = \"none\"", 10, "there is no project"},
    {"start > 2026-13-01", 8, "a time such as"},
    {"start > '2026-02-29'", 8, "a time"},
    {"start > soon", 8, "a time"},
    {"start > 5 parsecs ago", 10, "and, or or the end"},
    {"start > '2026-11-28T25:00'", 8, "a time"},
    {"start in ('2026-11-28')", 6, "it takes = != < <= > and >="},
    {"start ~ '2026'", 6, "it is no text"},
    {"duration > long", 11, "seconds"},
    {"\"name\" = 'a'", 0, "a field is expected"},
    {"name = 'a' & name = 'b'", 11, "and, or or the end"},
    {"tags.a = 'b';", 12, "and, or or the end"},
};

static void bad_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        arena *a = arena_new();
        search_lang l = lang_of(a);
        search_node *n;
        err e = {0};
        if (search_lang_where(&l, str_of(bad[i].text), &n, &e))
            fail_msg("'%s' is taken", bad[i].text);
        if ((int)e.place - 1 != bad[i].at || !strstr(e.msg, bad[i].part))
            fail_msg("%s:\n  at %d: %s\n  want at %d: %s", bad[i].text, (int)e.place - 1, e.msg,
                     bad[i].at, bad[i].part);
        arena_free(a);
    }
}

static bool taken(const char *part, size_t times, const char *end) {
    arena *a = arena_new();
    search_lang l = lang_of(a);
    search_node *n;
    err e = {0};
    buf b = BUF_MAX(1 << 20);
    for (size_t i = 0; i < times; i++)
        buf_str(&b, str_of(part));
    buf_str(&b, str_of(end));
    bool ok = search_lang_where(&l, buf_view(&b), &n, &e);
    assert_true(ok || (e.code == ERR_INVALID && e.place));
    buf_free(&b);
    arena_free(a);
    return ok;
}

static void limits(void **state) {
    (void)state;
    assert_true(taken("(", 39, "name='a')))))))))))))))))))))))))))))))))))))))"));
    assert_false(taken("(", 100000, "name='a'"));
    assert_true(taken("not ", 39, "name='a'"));
    assert_false(taken("not ", 100000, "name='a'"));
    assert_true(taken("name='a' and ", 199, "name='a'"));
    assert_false(taken("name='a' and ", 200, "name='a'"));
    assert_false(taken("name='a' or ", 20000, "name='a'"));
    assert_false(taken("name in ('a", 1, ""));
    buf b = BUF_MAX(1 << 16);
    for (int i = 0; i < 2000; i++)
        buf_byte(&b, 'k');
    buf_byte(&b, 0);
    char text[2100];
    snprintf(text, sizeof text, "tags.%s = 'a'", b.p);
    assert_false(taken(text, 1, ""));
    buf_free(&b);
}

// ---- sorting, fields -----------------------------------------------------------------------
static void sort_keys(void **state) {
    (void)state;
    arena *a = arena_new();
    search_lang l = lang_of(a);
    search_sort *s;
    size_t n, wrong;
    err e = {0};
    str items[] = {STR_K("metrics.loss.min desc"), STR_K("config.lr"), STR_K("duration ASC"),
                   STR_K("tags.`x y` desc")};
    assert_true(search_lang_sort(&l, items, 4, &s, &n, &wrong, &e));
    assert_int_equal(n, 6);
    assert_true(s[0].descending && s[0].field.which == SEARCH_MIN);
    assert_true(!s[1].descending && s[1].field.domain == SEARCH_PARAM &&
                s[1].field.which == SEARCH_AS_NUMBER);
    assert_true(s[2].field.domain == SEARCH_PARAM && s[2].field.which == SEARCH_AS_TEXT);
    assert_true(!s[3].descending && s[3].field.which == SEARCH_DURATION);
    assert_true(s[4].descending && s[4].field.which == SEARCH_AS_NUMBER && s[5].descending);
    static const struct {
        const char *text;
        int at;
    } wrongs[] = {{"", 0},
                  {"metrics.loss down", 13},
                  {"dataset.name", 0},
                  {"metrics.loss desc desc", 18},
                  {"loss", 0}};
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        str two[] = {STR_K("name"), str_of(wrongs[i].text)};
        assert_false(search_lang_sort(&l, two, 2, &s, &n, &wrong, &e));
        assert_int_equal(wrong, 1);
        assert_int_equal((int)e.place - 1, wrongs[i].at);
    }
    arena_free(a);
}

static void single_fields(void **state) {
    (void)state;
    arena *a = arena_new();
    search_lang l = lang_of(a);
    search_field f;
    err e = {0};
    assert_true(search_lang_field(&l, STR("metrics.a.max"), &f, &e));
    assert_true(f.domain == SEARCH_METRIC && f.which == SEARCH_MAX && str_is(f.key, "a"));
    assert_false(search_lang_field(&l, STR("metrics.a max"), &f, &e));
    assert_int_equal(e.place, 11);
    for (size_t i = 0; search_lang_attribute(i); i++)
        assert_true(search_lang_field(&l, str_of(search_lang_attribute(i)), &f, &e));
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts), cmocka_unit_test(nothing_is_everything),
        cmocka_unit_test(bad_texts),  cmocka_unit_test(limits),
        cmocka_unit_test(sort_keys),  cmocka_unit_test(single_fields)};
    return cmocka_run_group_tests_name("search_lang", tests, NULL, NULL);
}
