// SPDX-License-Identifier: Apache-2.0
// msg: every rule of msg.h, on one message that has a field of each kind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/msg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct point {
    uint64_t has;
    str key;
    double value;
    int64_t timestamp, step;
    msg_list tags;
};
enum { P_KEY, P_VALUE, P_TIMESTAMP, P_STEP };
static const msg_type point_msg;
static const msg_field point_fields[] = {
    MSG_FIELD(struct point, key, MSG_STRING, MSG_REQUIRED, .max = 5),
    MSG_FIELD(struct point, value, MSG_DOUBLE, MSG_REQUIRED),
    MSG_FIELD(struct point, timestamp, MSG_INT64, MSG_REQUIRED),
    MSG_FIELD(struct point, step, MSG_INT64, 0),
    MSG_FIELD(struct point, tags, MSG_LIST, 0, .sub = &point_msg), // points within points
};
static const msg_type point_msg = MSG_TYPE(struct point, point_fields);

static const msg_name colours[] = {{"RED", 1}, {"GREEN", 2}, {"NONE", 0}, {NULL, 0}};

struct all {
    uint64_t has;
    str run_id, short_text, number_text;
    int64_t big, small;
    double ratio;
    bool is_dir;
    int64_t colour;
    struct point point;
    msg_list experiment_ids, metrics;
    str raw_json;
};
enum { RUN_ID, SHORT, NUMBER, BIG, SMALL, RATIO, IS_DIR, COLOUR, POINT, IDS, METRICS, RAW };
static const msg_field all_fields[] = {
    MSG_FIELD(struct all, run_id, MSG_STRING, 0, .also = "run_uuid"),
    MSG_FIELD(struct all, short_text, MSG_STRING, MSG_TRUNCATE, .max = 3),
    MSG_FIELD(struct all, number_text, MSG_STRING, MSG_NUMBER_OK, .max = 6),
    MSG_FIELD(struct all, big, MSG_INT64, 0),
    MSG_FIELD(struct all, small, MSG_INT32, 0),
    MSG_FIELD(struct all, ratio, MSG_DOUBLE, 0),
    MSG_FIELD(struct all, is_dir, MSG_BOOL, 0),
    MSG_FIELD(struct all, colour, MSG_ENUM, 0, .names = colours),
    MSG_FIELD(struct all, point, MSG_MESSAGE, 0, .sub = &point_msg),
    MSG_FIELD(struct all, experiment_ids, MSG_STRINGS, MSG_NUMBER_OK, .max = 3),
    MSG_FIELD(struct all, metrics, MSG_LIST, 0, .max = 20, .sub = &point_msg),
    MSG_FIELD(struct all, raw_json, MSG_RAW, 0, .max = 30),
};
static const msg_type all_msg = MSG_TYPE(struct all, all_fields);

// Required fields of each kind.
struct need {
    uint64_t has;
    str name;
    double value;
    msg_list ids;
    str raw;
    struct point point;
    msg_list points;
};
static const msg_field need_fields[] = {
    MSG_FIELD(struct need, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct need, value, MSG_DOUBLE, MSG_REQUIRED),
    MSG_FIELD(struct need, ids, MSG_STRINGS, MSG_REQUIRED),
    MSG_FIELD(struct need, raw, MSG_RAW, MSG_REQUIRED),
    MSG_FIELD(struct need, point, MSG_MESSAGE, 0, .sub = &point_msg),
    MSG_FIELD(struct need, points, MSG_LIST, 0, .sub = &point_msg),
};
static const msg_type need_msg = MSG_TYPE(struct need, need_fields);

static arena *a;
static struct all m;
static msg_problem problem;
static char *block; // the text, in a block of its own: the sanitizer sees a read behind its end

static int setup(void **state) {
    (void)state;
    a = arena_new();
    block = NULL;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(a);
    free(block);
    return 0;
}

static str exact(str text) {
    free(block);
    block = malloc(text.n ? text.n : 1);
    if (text.n) memcpy(block, text.p, text.n);
    return str_n(block, text.n);
}

static bool read_json(const char *text) {
    memset(&m, 0xff, sizeof m); // the decoder clears it
    return msg_decode_json(&all_msg, a, exact(str_of(text)), &m, &problem);
}

static void take(const char *text) {
    if (!read_json(text))
        fail_msg("%s: problem %d at %.*s: %.*s", text, problem.kind, STR_F(problem.path),
                 STR_F(problem.value));
    assert_int_equal(problem.kind, MSG_OK);
}

static void refuse(const char *text, msg_problem_kind kind, const char *path,
                   const char *value) {
    if (read_json(text)) fail_msg("taken: %s", text);
    assert_int_equal(problem.kind, kind);
    assert_string_equal(arena_cstr(a, problem.path), path);
    if (value) assert_string_equal(arena_cstr(a, problem.value), value);
}

// ---- typing --------------------------------------------------------------------------------

static void every_kind_is_read(void **state) {
    (void)state;
    take("{\"run_id\":\"r1\",\"short_text\":\"ab\",\"number_text\":\"x\",\"big\":-"
         "9223372036854775808,\"small\":7,"
         "\"ratio\":0.25,\"is_dir\":true,\"colour\":\"GREEN\",\"point\":{\"key\":\"k\","
         "\"value\":1,\"timestamp\":2},"
         "\"experiment_ids\":[\"0\",\"1\"],\"metrics\":[{\"key\":\"a\",\"value\":1.5,"
         "\"timestamp\":3,\"step\":4},"
         "{\"key\":\"b\",\"value\":2.5,\"timestamp\":5}],\"raw_json\":{\"x\" : [1, 2]}}");
    assert_true(m.has == 0xfff);
    assert_true(str_is(m.run_id, "r1") && str_is(m.short_text, "ab") &&
                str_is(m.number_text, "x"));
    assert_true(m.big == INT64_MIN && m.small == 7 && m.ratio == 0.25 && m.is_dir &&
                m.colour == 2);
    assert_true(str_is(m.point.key, "k") && m.point.value == 1 && m.point.timestamp == 2);
    assert_int_equal(m.point.has, 7);
    assert_false(MSG_HAS(&m.point, P_STEP));
    assert_int_equal(m.experiment_ids.n, 2);
    assert_true(str_is(*MSG_AT(str, m.experiment_ids, 1), "1"));
    assert_int_equal(m.metrics.n, 2);
    struct point *p = MSG_AT(struct point, m.metrics, 0);
    assert_true(str_is(p->key, "a") && p->value == 1.5 && p->timestamp == 3 && p->step == 4);
    assert_true(MSG_HAS(p, P_STEP));
    p = MSG_AT(struct point, m.metrics, 1);
    assert_true(str_is(p->key, "b") && p->value == 2.5 && p->timestamp == 5 && p->step == 0);
    assert_false(MSG_HAS(p, P_STEP));
    assert_true(str_is(m.raw_json, "{\"x\" : [1, 2]}"));
    assert_true(msg_has(&all_msg, &m, "colour"));
}

static void what_is_absent_is_zero(void **state) {
    (void)state;
    static const struct all zero;
    static const char *const empty[] = {
        "{}",
        "",
        " \n ",
        "null",
        "\"{}\"",
        "\"\"",
        " \"null\" ",
        "{\"unknown\":[1,{\"run_id\":\"x\"}],\"Run_id\":1}",
        ("{\"run_id\":null,\"big\":null,\"point\":null,\"metrics\":null,\"raw_json\":null,"
         "\"colour\":null}"),
    };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        take(empty[i]);
        assert_memory_equal(&m, &zero, sizeof m);
    }
    assert_true(msg_decode_json(&all_msg, a, (str){0}, &m, &problem));
    assert_false(msg_has(&all_msg, &m, "run_id"));
    take(
        "{\"run_id\":\"\",\"big\":0,\"is_dir\":false,\"metrics\":[],\"ratio\":-0.0}"); // there,
                                                                                       // though
                                                                                       // zero
    assert_int_equal(m.has, 1 << RUN_ID | 1 << BIG | 1 << IS_DIR | 1 << METRICS | 1 << RATIO);
    assert_true(signbit(m.ratio));
}

static void integers_are_lenient(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t v;
    } good[] = {
        {"12", 12},
        {"-3.0", -3},
        {"1e3", 1000},
        {"\"17\"", 17},
        {"\"-17\"", -17},
        {"9223372036854775807", INT64_MAX},
        {"1.0e18", 1000000000000000000},
        {"-9223372036854775808.0", INT64_MIN},
        {"\"9223372036854775807\"", INT64_MAX},
        {"-0", 0},
        {"-0.0", 0},
    };
    static const char *const bad[] = {
        "1.5",
        "1e30",
        "9223372036854775808",
        "9223372036854775808.0",
        "-9223372036854775809",
        "NaN",
        "Infinity",
        "true",
        "{}",
        "[1]",
        "\"\"",
        "\"1.0\"",
        "\"1e3\"",
        "\" 1\"",
        "\"x\"",
        "\"9223372036854775808\"",
        "\"0x1\"",
        "1e-5",
    };
    char text[200];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "{\"big\":%s}", good[i].text);
        take(text);
        assert_true(m.big == good[i].v);
        assert_int_equal(m.has, 1 << BIG);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{\"big\":%s}", bad[i]);
        refuse(text, MSG_WRONG_TYPE, "big", bad[i]);
        assert_ptr_equal(problem.field, &all_fields[BIG]);
    }
}

static void int32_has_its_range(void **state) {
    (void)state;
    take("{\"small\":2147483647}");
    take("{\"small\":\"-2147483648\"}");
    assert_int_equal(m.small, INT32_MIN);
    take("{\"small\":-2147483648.0}");
    refuse("{\"small\":2147483648}", MSG_WRONG_TYPE, "small", "2147483648");
    refuse("{\"small\":-2147483649}", MSG_WRONG_TYPE, "small", "-2147483649");
    refuse("{\"small\":2147483648.0}", MSG_WRONG_TYPE, "small", "2147483648.0");
    refuse("{\"small\":\"2147483648\"}", MSG_WRONG_TYPE, "small", "\"2147483648\"");
}

static void doubles_are_lenient(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double v;
    } good[] = {
        {"1", 1},
        {"0.1", 0.1},
        {"9007199254740993", 9007199254740992.0},
        {"\"0.5\"", 0.5},
        {"\"1e3\"", 1000},
        {"Infinity", INFINITY},
        {"-Infinity", -INFINITY},
        {"\"Infinity\"", INFINITY},
        {"\"-Infinity\"", -INFINITY},
        {"1e999", INFINITY},
    };
    char text[100];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "{\"ratio\":%s}", good[i].text);
        take(text);
        assert_true(m.ratio == good[i].v);
    }
    take("{\"ratio\":NaN}");
    assert_true(isnan(m.ratio));
    take("{\"ratio\":\"NaN\"}");
    assert_true(isnan(m.ratio));
    static const char *const bad[] = {"true", "\"\"", "\"x\"",    "\"1 2\"",
                                      "[]",   "{}",   "\"0x1p3\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{\"ratio\":%s}", bad[i]);
        refuse(text, MSG_WRONG_TYPE, "ratio", bad[i]);
    }
    assert_int_equal(problem.got, JSON_STRING);
}

static void booleans_and_strings_are_strict(void **state) {
    (void)state;
    take("{\"is_dir\":false}");
    assert_true(MSG_HAS(&m, IS_DIR) && !m.is_dir);
    refuse("{\"is_dir\":\"true\"}", MSG_WRONG_TYPE, "is_dir", "\"true\"");
    refuse("{\"is_dir\":1}", MSG_WRONG_TYPE, "is_dir", "1");
    refuse("{\"run_id\":12}", MSG_WRONG_TYPE, "run_id", "12");
    assert_int_equal(problem.got, JSON_INT);
    refuse("{\"run_id\":true}", MSG_WRONG_TYPE, "run_id", "true");
    assert_int_equal(problem.got, JSON_TRUE);
    refuse("{\"run_id\":[\"a\", {\"b\":[ ]}] }", MSG_WRONG_TYPE, "run_id",
           "[\"a\", {\"b\":[ ]}]");
    assert_int_equal(problem.got, JSON_ARRAY);
    refuse("{\"run_id\":{}}", MSG_WRONG_TYPE, "run_id", "{}");
    assert_int_equal(problem.got, JSON_OBJECT);
    take("{\"number_text\":1.50}"); // the text as written
    assert_true(str_is(m.number_text, "1.50"));
    take("{\"experiment_ids\":[1,\"2\"]}");
    assert_true(str_is(*MSG_AT(str, m.experiment_ids, 0), "1"));
    refuse("{\"number_text\":true}", MSG_WRONG_TYPE, "number_text", "true");
    refuse("{\"number_text\":1234567}", MSG_TOO_LONG, "number_text", "1234567");
    assert_int_equal(problem.got, JSON_INT);
}

static void enums_come_by_name_or_number(void **state) {
    (void)state;
    take("{\"colour\":\"RED\"}");
    assert_int_equal(m.colour, 1);
    take("{\"colour\":2}");
    assert_int_equal(m.colour, 2);
    take("{\"colour\":\"2\"}");
    assert_int_equal(m.colour, 2);
    take("{\"colour\":0}");
    assert_true(MSG_HAS(&m, COLOUR));
    refuse("{\"colour\":\"red\"}", MSG_BAD_ENUM, "colour", "\"red\"");
    refuse("{\"colour\":\"REDD\"}", MSG_BAD_ENUM, "colour", "\"REDD\"");
    refuse("{\"colour\":\"RE\"}", MSG_BAD_ENUM, "colour", "\"RE\"");
    refuse("{\"colour\":\"\"}", MSG_BAD_ENUM, "colour", "\"\"");
    refuse("{\"colour\":3}", MSG_BAD_ENUM, "colour", "3");
    refuse("{\"colour\":1.0}", MSG_WRONG_TYPE, "colour", "1.0");
    refuse("{\"colour\":true}", MSG_WRONG_TYPE, "colour", "true");
}

static void lists_take_no_null_and_no_stranger(void **state) {
    (void)state;
    refuse("{\"experiment_ids\":[\"1\",null]}", MSG_WRONG_TYPE, "experiment_ids[1]", "null");
    assert_int_equal(problem.got, JSON_NULL);
    refuse("{\"experiment_ids\":[[\"1\"]]}", MSG_WRONG_TYPE, "experiment_ids[0]", "[\"1\"]");
    refuse("{\"experiment_ids\":\"1\"}", MSG_WRONG_TYPE, "experiment_ids", "\"1\"");
    refuse("{\"metrics\":{}}", MSG_WRONG_TYPE, "metrics", "{}");
    refuse("{\"metrics\":[null]}", MSG_WRONG_TYPE, "metrics[0]", "null");
    refuse("{\"metrics\":[{\"key\":\"a\",\"value\":1,\"timestamp\":1}, 5]}", MSG_WRONG_TYPE,
           "metrics[1]", "5");
    refuse("{\"point\":[]}", MSG_WRONG_TYPE, "point", "[]");
    refuse("{\"point\":\"{}\"}", MSG_WRONG_TYPE, "point", "\"{}\"");
}

// ---- names ---------------------------------------------------------------------------------

static void names_come_in_both_spellings(void **state) {
    (void)state;
    take("{\"runId\":\"r\",\"isDir\":true,\"experimentIds\":[\"1\"],\"rawJson\":1}");
    assert_int_equal(m.has, 1 << RUN_ID | 1 << IS_DIR | 1 << IDS | 1 << RAW);
    take("{\"run_uuid\":\"r\"}");
    assert_true(str_is(m.run_id, "r"));
    take("{\"runUuid\":\"r\"}");
    assert_true(str_is(m.run_id, "r"));
    take("{\"RunId\":1,\"runID\":1,\"run_Id\":1,\"runid\":1,\"run_i\":1,\"run_id_\":1,\"\":1,"
         "\"runI\":1,\"runIdX\":1,"
         "\"RUN_ID\":1}"); // all unknown
    assert_int_equal(m.has, 0);
    take("{\"run\\u005fid\":\"escaped\"}");
    assert_true(str_is(m.run_id, "escaped"));
}

static void of_repeated_members_the_last_counts(void **state) {
    (void)state;
    take("{\"run_id\":\"a\",\"runId\":\"b\",\"run_uuid\":\"c\"}");
    assert_true(str_is(m.run_id, "c"));
    take("{\"metrics\":[{\"key\":\"a\",\"value\":1,\"timestamp\":1}],\"metrics\":[]}");
    assert_true(MSG_HAS(&m, METRICS) && m.metrics.n == 0);
    take("{\"big\":5,\"run_id\":\"x\",\"big\":null,\"run_id\":null}");
    assert_int_equal(m.has, 0);
    assert_int_equal(m.big, 0);
    assert_null(m.run_id.p);
    take("{\"point\":{\"key\":\"a\",\"value\":1,\"timestamp\":1,\"step\":9},"
         "\"point\":{\"key\":\"b\",\"value\":1,\"timestamp\":1}}");
    assert_int_equal(m.point.step, 0); // nothing of the first is left
    assert_false(MSG_HAS(&m.point, P_STEP));
    refuse("{\"big\":\"x\",\"big\":1}", MSG_WRONG_TYPE, "big", "\"x\""); // each must be good
}

static void any_order_is_read(void **state) {
    (void)state;
    take("{\"raw_json\":0,\"metrics\":[{\"step\":4,\"x\":0,\"timestamp\":3,\"value\":2,\"key\":"
         "\"k\"},"
         "{\"timestamp\":6,\"key\":\"l\",\"value\":5}],\"run_id\":\"r\"}");
    struct point *p = MSG_AT(struct point, m.metrics, 0);
    assert_true(str_is(p->key, "k") && p->value == 2 && p->timestamp == 3 && p->step == 4);
    p = MSG_AT(struct point, m.metrics, 1);
    assert_true(str_is(p->key, "l") && p->value == 5 && p->timestamp == 6 && p->step == 0);
    assert_true(str_is(m.run_id, "r") && str_is(m.raw_json, "0"));
}

// ---- limits --------------------------------------------------------------------------------

static void limits_count_code_points(void **state) {
    (void)state;
    take("{\"short_text\":\"a\xc3\xa9\xe2\x82\xac\"}");
    assert_int_equal(m.short_text.n, 6);
    take("{\"short_text\":\"a\xc3\xa9\xe2\x82\xac"
         "bcd\"}"); // cut
    assert_true(str_is(m.short_text, "a\xc3\xa9\xe2\x82\xac"));
    take("{\"number_text\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}");
    refuse("{\"number_text\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9g\"}",
           MSG_TOO_LONG, "number_text",
           "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9g\"");
    assert_int_equal(problem.length, 7);
    assert_int_equal(problem.field->max, 6);
    take("{\"number_text\":\"\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\"}"); // decoded length
                                                                              // counts
    refuse("{\"metrics\":[{\"key\":\"sixsix\",\"value\":1,\"timestamp\":1}]}", MSG_TOO_LONG,
           "metrics[0].key", "\"sixsix\"");
    refuse("{\"raw_json\":\"12345678901234567890123456789\"}", MSG_TOO_LONG, "raw_json", NULL);
    assert_int_equal(problem.length, 31);
}

static void limits_count_elements(void **state) {
    (void)state;
    take("{\"experiment_ids\":[\"1\",\"2\",\"3\"]}");
    refuse("{\"experiment_ids\":[\"1\",\"2\",\"3\",\"4\", [5], 6 ] , \"big\":\"x\"}",
           MSG_TOO_LONG, "experiment_ids", "");
    assert_int_equal(problem.length, 6);
    assert_int_equal(problem.got, JSON_ARRAY);
    refuse("{\"experiment_ids\":[\"1\",\"2\",\"3\",\"4\",]}", MSG_BAD_JSON, "", NULL);
}

static str many(size_t n) {
    buf b = BUF_MAX(1 << 20);
    buf_str(&b, STR("{\"metrics\":["));
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%s{\"key\":\"k%zu\",\"value\":%zu,\"timestamp\":1,\"step\":%zu}",
                   i ? "," : "", i % 100, i, i);
    }
    buf_str(&b, STR("]}"));
    str s = arena_str(a, buf_view(&b));
    buf_free(&b);
    return s;
}

// Lists grow by a guess from their first element: all sizes, and guesses that are far off.
static void lists_of_any_size_are_read(void **state) {
    (void)state;
    static msg_field fields[12];
    memcpy(fields, all_fields, sizeof fields);
    fields[METRICS].max = 0;
    msg_type t = {fields, 12, sizeof(struct all)};
    static const size_t sizes[] = {1, 2, 3, 4, 7, 64, 1000, 9000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_true(msg_decode_json(&t, a, exact(many(sizes[i])), &m, &problem));
        assert_int_equal(m.metrics.n, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++) {
            struct point *p = MSG_AT(struct point, m.metrics, k);
            assert_true(p->step == (int64_t)k && p->value == (double)k && p->has == 15 &&
                        p->tags.n == 0);
        }
    }
    assert_true(read_json(many(20).p));
    refuse(many(21).p, MSG_TOO_LONG, "metrics", "");
    assert_int_equal(problem.length, 21);
    // A long first element, then many short ones.
    buf b = BUF_MAX(1 << 20);
    buf_printf(&b, "{\"metrics\":[{\"key\":\"k\",\"value\":1,\"timestamp\":1%3000s}", "");
    for (int i = 0; i < 3000; i++)
        buf_str(&b, STR(",{\"key\":\"k\",\"value\":1,\"timestamp\":1}"));
    buf_str(&b, STR("]}"));
    assert_true(msg_decode_json(&t, a, exact(buf_view(&b)), &m, &problem));
    assert_int_equal(m.metrics.n, 3001);
    buf_free(&b);
}

// ---- what is missing -----------------------------------------------------------------------

static void lacks(const char *text, const char *path) {
    struct need n;
    if (msg_decode_json(&need_msg, a, exact(str_of(text)), &n, &problem))
        fail_msg("taken: %s", text);
    assert_int_equal(problem.kind, MSG_MISSING);
    assert_string_equal(arena_cstr(a, problem.path), path);
    assert_non_null(problem.field);
    assert_true(str_ends(problem.path, str_of(problem.field->name)));
}

#define GOOD "\"name\":\"n\",\"value\":0,\"ids\":[\"\"],\"raw\":0"
#define DOT  "{\"key\":\"k\",\"value\":0,\"timestamp\":0}"

static void required_fields_must_be_there(void **state) {
    (void)state;
    struct need n;
    assert_true(msg_decode_json(&need_msg, a, STR("{" GOOD "}"), &n, &problem));
    assert_true(msg_decode_json(
        &need_msg, a, STR("{" GOOD ",\"points\":[" DOT "],\"point\":" DOT "}"), &n, &problem));
    lacks("", "name");
    lacks("null", "name");
    lacks("{}", "name");
    lacks("{\"name\":\"\"}", "name");
    lacks("{\"name\":null}", "name");
    lacks("{\"name\":\"n\"}", "value");
    lacks("{\"name\":\"n\",\"value\":\"\"}", "value"); // "" of any kind
    lacks("{\"name\":\"n\",\"value\":null}", "value");
    lacks("{" GOOD ",\"value\":null}", "value");
    lacks("{" GOOD ",\"name\":\"\"}", "name");
    lacks("{\"name\":\"n\",\"value\":1}", "ids");
    lacks("{\"name\":\"n\",\"value\":1,\"ids\":[]}", "ids");
    lacks("{\"name\":\"n\",\"value\":1,\"ids\":\"\"}", "ids");
    lacks("{\"name\":\"n\",\"value\":1,\"ids\":[\"1\"]}", "raw");
    lacks("{" GOOD ",\"raw\":\"\"}", "raw");
    lacks("{" GOOD ",\"point\":{}}", "point.key");
    lacks("{" GOOD ",\"points\":[" DOT ",{\"key\":\"k\",\"timestamp\":1}]}", "points[1].value");
    lacks("{" GOOD ",\"points\":[{\"key\":\"k\",\"value\":1,\"timestamp\":1,\"tags\":[" DOT
          "," DOT ",{}]}]}",
          "points[0].tags[2].key");
}

static void the_outermost_missing_field_is_told(void **state) {
    (void)state;
    lacks("{\"points\":[{}]," GOOD ",\"name\":null}", "name");
    lacks("{" GOOD ",\"points\":[{\"key\":\"k\"},{}]}", "points[0].value");
    lacks("{" GOOD
          ",\"points\":[{\"key\":\"k\",\"value\":1,\"timestamp\":1,\"tags\":[{}]},{}]}",
          "points[1].key");
    lacks("{" GOOD ",\"point\":{\"tags\":[{}]}}", "point.key");
}

static void other_problems_win_over_missing_fields(void **state) {
    (void)state;
    refuse("{\"metrics\":[{},{\"key\":1}]}", MSG_WRONG_TYPE, "metrics[1].key", "1");
    refuse("{\"metrics\":[{}],\"colour\":\"x\"}", MSG_BAD_ENUM, "colour", "\"x\"");
    refuse("{\"metrics\":[{}],\"number_text\":\"1234567\"}", MSG_TOO_LONG, "number_text", NULL);
    refuse("{\"metrics\":[{}]", MSG_BAD_JSON, "", NULL);
    refuse("{\"metrics\":[{}]} x", MSG_BAD_JSON, "", NULL);
    refuse("{\"big\":\"x\",\"colour\":\"y\"}", MSG_WRONG_TYPE, "big",
           NULL); // else the first in the document
    refuse("{\"colour\":\"y\",\"big\":\"x\"}", MSG_BAD_ENUM, "colour", NULL);
    refuse("{\"metrics\":[{}]}", MSG_MISSING, "metrics[0].key", "");
    assert_ptr_equal(problem.field, &point_fields[P_KEY]);
    // A path through everything.
    refuse("{\"metrics\":[{\"key\":\"k\",\"value\":1,\"timestamp\":1},{\"tags\":[{},{\"tags\":["
           "{\"step\":[]}]}]}]}",
           MSG_WRONG_TYPE, "metrics[1].tags[1].tags[0].step", "[]");
    refuse("{\"point\":{\"timestamp\":\"x\"}}", MSG_WRONG_TYPE, "point.timestamp", "\"x\"");
}

// ---- documents -----------------------------------------------------------------------------

static void broken_documents_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *why;
    } t[] = {
        {"{", "the text ends too early at byte 1"},
        {"{\"run_id\":\"a\"} {}", "there is more behind the value at byte 15"},
        {"null x", "there is more behind the value at byte 5"},
        {"\"{}\" x", "there is more behind the value at byte 5"},
        {"{\"run_id\":\"\xff\"}", "the string is not valid UTF-8 at byte 10"},
        {"{\"run_id\":\"\\u0000\"}", "U+0000 is not allowed in a string at byte 11"},
        {"{\"run_id\":\"\\ud800\"}", "a lone surrogate is not allowed in a string at byte 11"},
        {"{\"unknown\":[\"\\ud800\"]}",
         "a lone surrogate is not allowed in a string at byte 13"},
        {"{\"unknown\":[1,}]}", "a value was expected at byte 14"},
        {"{\"run_id\":[1,}]}",
         "a value was expected at byte 13"}, // in a value of the wrong type
        {"{\"raw_json\":[1,}]}",
         "a value was expected at byte 15"}, // in one that is kept as it is
        {"{\"metrics\":[{]}", "a member name in quotes was expected at byte 13"},
        {"{\"experiment_ids\":[\"a\" \"b\"]}", "a comma or ] was expected at byte 23"},
        {"\"{\"", "the text ends too early at byte 1"},
        {"\"\\ud800\"", "a lone surrogate is not allowed in a string at byte 1"},
        {"run_id=1", "a value was expected at byte 0"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        refuse(t[i].text, MSG_BAD_JSON, "", t[i].why);
    str deep = STR("{\"unknown\":");
    buf b = BUF_MAX(1000);
    buf_str(&b, deep);
    for (int i = 0; i < JSON_DEPTH; i++)
        buf_byte(&b, '[');
    buf_byte(&b, 0);
    refuse(b.p, MSG_BAD_JSON, "", "nested too deeply at byte 74");
    buf_free(&b);
}

static void messages_within_messages_are_bounded(void **state) {
    (void)state;
    buf b = BUF_MAX(100000);
    buf_str(&b, STR("{\"metrics\":["));
    for (int i = 0; i < 1000; i++)
        buf_str(&b, STR("{\"tags\":["));
    buf_byte(&b, 0);
    refuse(b.p, MSG_BAD_JSON, "", NULL);
    buf_free(&b);
    // As deep as can be: the path is told in full.
    b = BUF_MAX(100000);
    buf_str(&b, STR("{\"metrics\":["));
    for (int i = 0; i < 30; i++)
        buf_str(&b, STR("{\"tags\":["));
    buf_str(&b, STR("{\"step\":\"x\"}"));
    buf_byte(&b, 0);
    assert_false(read_json(b.p));
    assert_int_equal(problem.kind, MSG_WRONG_TYPE);
    assert_int_equal(problem.path.n,
                     strlen("metrics[0]") + 30 * strlen(".tags[0]") + strlen(".step"));
    buf_free(&b);
}

static void the_document_is_an_object(void **state) {
    (void)state;
    refuse("[]", MSG_WRONG_TYPE, "", "[]");
    assert_int_equal(problem.got, JSON_ARRAY);
    assert_null(problem.field);
    refuse("[{\"run_id\":\"a\"}]", MSG_WRONG_TYPE, "", "[{\"run_id\":\"a\"}]");
    refuse("5", MSG_WRONG_TYPE, "", "5");
    refuse("true", MSG_WRONG_TYPE, "", "true");
    refuse("[1,}", MSG_BAD_JSON, "", NULL);
}

static void json_within_a_string_is_decoded_twice(void **state) {
    (void)state;
    take("\"{\\\"run_id\\\":\\\"a\\\\nb\\\",\\\"big\\\":3}\"");
    assert_true(str_is(m.run_id, "a\nb") && m.big == 3);
    refuse("\"{\\\"big\\\":\\\"x\\\"}\"", MSG_WRONG_TYPE, "big", "\"x\"");
    refuse("\"\\\"{}\\\"\"", MSG_WRONG_TYPE, "", "\"{}\""); // not three times
    refuse("\"[]\"", MSG_WRONG_TYPE, "", "[]");
    refuse("\"5\"", MSG_WRONG_TYPE, "", "5");
    lacks("\"{}\"", "name");
    lacks("\"\"", "name");
}

static void strings_without_escapes_are_slices(void **state) {
    (void)state;
    take("{\"run_id\":\"abc\",\"metrics\":[{\"key\":\"k\",\"value\":1,\"timestamp\":1}]}");
    assert_true(m.run_id.p > block && m.run_id.p < block + 20);
}

// ---- query strings -------------------------------------------------------------------------

static bool read_query(const char *text) {
    memset(&m, 0xff, sizeof m);
    return msg_decode_query(&all_msg, a, exact(str_of(text)), &m, &problem);
}

static void refuse_query(const char *text, msg_problem_kind kind, const char *path,
                         const char *value) {
    if (read_query(text)) fail_msg("taken: %s", text);
    assert_int_equal(problem.kind, kind);
    assert_string_equal(arena_cstr(a, problem.path), path);
    if (value) assert_string_equal(arena_cstr(a, problem.value), value);
}

static void queries_are_read(void **state) {
    (void)state;
    assert_true(read_query(
        "run_id=a%20b%2Bc+d&big=-5&small=7&ratio=0.5&is_dir=TRUE&colour=RED&experiment_ids=1"
        "&unknown=%31&experiment_ids=2&raw_json=%7B%7D&number_text=12&short_text=abcdef"));
    assert_true(str_is(m.run_id, "a b+c d") && m.big == -5 && m.small == 7 && m.ratio == 0.5 &&
                m.is_dir);
    assert_int_equal(m.colour, 1);
    assert_int_equal(m.experiment_ids.n, 2);
    assert_true(str_is(*MSG_AT(str, m.experiment_ids, 0), "1"));
    assert_true(str_is(*MSG_AT(str, m.experiment_ids, 1), "2"));
    assert_true(str_is(m.raw_json, "{}") && str_is(m.number_text, "12") &&
                str_is(m.short_text, "abc"));
    assert_false(MSG_HAS(&m, METRICS));
    assert_true(read_query("runId=x&isDir=False&run%5Fuuid=y&&=&big=1&big=2"));
    assert_true(str_is(m.run_id, "x") && MSG_HAS(&m, IS_DIR) && !m.is_dir &&
                m.big == 1); // the first counts
    assert_true(read_query("run_id&is_dir=tRuE"));
    assert_true(MSG_HAS(&m, RUN_ID) && !m.run_id.n);
    assert_true(read_query("run_id=a=b%26c"));
    assert_true(str_is(m.run_id, "a=b&c"));
    assert_true(read_query("ratio=nan&colour=2"));
    assert_true(isnan(m.ratio) && m.colour == 2);
    static const struct all zero;
    assert_true(read_query(""));
    assert_memory_equal(&m, &zero, sizeof m);
    assert_true(msg_decode_query(&all_msg, a, (str){0}, &m, &problem));
    assert_true(read_query("%E2%82%AC=1&run_id=%E2%82%AC"));
    assert_true(str_is(m.run_id, "\xe2\x82\xac"));
}

static void bad_queries_are_refused(void **state) {
    (void)state;
    refuse_query("big=x", MSG_WRONG_TYPE, "big", "\"x\"");
    assert_int_equal(problem.got, JSON_STRING);
    assert_ptr_equal(problem.field, &all_fields[BIG]);
    refuse_query("big=1.0", MSG_WRONG_TYPE, "big", "\"1.0\"");
    refuse_query("big=", MSG_WRONG_TYPE, "big", "\"\"");
    refuse_query("big=%22", MSG_WRONG_TYPE, "big", "\"\\\"\"");
    refuse_query("small=3000000000", MSG_WRONG_TYPE, "small", NULL);
    refuse_query("ratio=x", MSG_WRONG_TYPE, "ratio", NULL);
    refuse_query("is_dir=1", MSG_WRONG_TYPE, "is_dir", "\"1\"");
    refuse_query("colour=BLUE", MSG_BAD_ENUM, "colour", "\"BLUE\"");
    refuse_query("point=%7B%7D", MSG_WRONG_TYPE, "point", NULL);
    refuse_query("metrics=x", MSG_WRONG_TYPE, "metrics", NULL);
    refuse_query("number_text=1234567", MSG_TOO_LONG, "number_text", "\"1234567\"");
    assert_int_equal(problem.length, 7);
    refuse_query(
        "experiment_ids=1&experiment_ids=2&experiment_ids=3&experiment_ids=4&experiment_ids=5",
        MSG_TOO_LONG, "experiment_ids", "");
    assert_int_equal(problem.length, 5);
    refuse_query("run_id=%", MSG_BAD_TEXT, "run_id", "\"%\"");
    refuse_query("run_id=%4", MSG_BAD_TEXT, "run_id", NULL);
    refuse_query("run_id=%4x", MSG_BAD_TEXT, "run_id", NULL);
    refuse_query("run_id=a%00b", MSG_BAD_TEXT, "run_id", NULL);
    refuse_query("run_id=%FF", MSG_BAD_TEXT, "run_id", NULL);
    refuse_query("run_id=\xff", MSG_BAD_TEXT, "run_id", NULL);
    refuse_query("run_id=%ED%A0%80", MSG_BAD_TEXT, "run_id", NULL);
    refuse_query("%zz=1", MSG_BAD_TEXT, "", NULL);
    refuse_query("run_id%00=1", MSG_BAD_TEXT, "", NULL);
    assert_true(read_query("unknown=%zz")); // nobody's value
}

static void required_fields_of_queries(void **state) {
    (void)state;
    struct need n;
    static const struct {
        const char *text, *path;
    } t[] = {
        {"", "name"},
        {"name=", "name"},
        {"name=n", "value"},
        {"name=n&value=", "value"},
        {"name=n&value=1&raw=1", "ids"},
        {"name=n&value=1&ids=1&raw=", "raw"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        assert_false(msg_decode_query(&need_msg, a, str_of(t[i].text), &n, &problem));
        assert_int_equal(problem.kind, MSG_MISSING);
        assert_true(str_is(problem.path, t[i].path));
    }
    assert_true(
        msg_decode_query(&need_msg, a, STR("name=n&value=1&ids=1&raw=x"), &n, &problem));
    assert_false(msg_decode_query(&need_msg, a, STR("value=x"), &n, &problem));
    assert_int_equal(problem.kind, MSG_WRONG_TYPE); // wins over the missing name
}

static void percent_escapes_are_decoded(void **state) {
    (void)state;
    str s, plain = STR("a/b");
    assert_true(msg_unescape(a, plain, true, &s) &&
                s.p == plain.p); // nothing to do, nothing copied
    assert_true(msg_unescape(a, STR("%41%4a%4A+%2f"), false, &s) && str_is(s, "AJJ+/"));
    assert_true(msg_unescape(a, STR("+a+"), true, &s) && str_is(s, " a "));
    assert_true(msg_unescape(a, STR("%00"), true, &s) && s.n == 1 && s.p[0] == 0);
    assert_true(msg_unescape(a, (str){0}, true, &s) && s.n == 0);
    assert_true(msg_unescape(a, STR("%2525"), false, &s) && str_is(s, "%25")); // once
    static const char *const bad[] = {"%", "a%", "%1", "%g0", "%0g", "%%41", "% 1", "%-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(msg_unescape(a, exact(str_of(bad[i])), true, &s));
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(every_kind_is_read),
        T(what_is_absent_is_zero),
        T(integers_are_lenient),
        T(int32_has_its_range),
        T(doubles_are_lenient),
        T(booleans_and_strings_are_strict),
        T(enums_come_by_name_or_number),
        T(lists_take_no_null_and_no_stranger),
        T(names_come_in_both_spellings),
        T(of_repeated_members_the_last_counts),
        T(any_order_is_read),
        T(limits_count_code_points),
        T(limits_count_elements),
        T(lists_of_any_size_are_read),
        T(required_fields_must_be_there),
        T(the_outermost_missing_field_is_told),
        T(other_problems_win_over_missing_fields),
        T(broken_documents_are_refused),
        T(messages_within_messages_are_bounded),
        T(the_document_is_an_object),
        T(json_within_a_string_is_decoded_twice),
        T(strings_without_escapes_are_slices),
        T(queries_are_read),
        T(bad_queries_are_refused),
        T(required_fields_of_queries),
        T(percent_escapes_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
