// SPDX-License-Identifier: Apache-2.0
// JSON: every rule that json.h states, for the reader, the tree and the writer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/id.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static arena *a;

static int setup(void **state) {
    (void)state;
    a = arena_new();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(a);
    return 0;
}

// A copy in a block of its own, so that the sanitizer sees a read behind the end.
static str exact(str s, char **block) {
    *block = malloc(s.n ? s.n : 1);
    if (s.n) memcpy(*block, s.p, s.n);
    return str_n(*block, s.n);
}

// What the reader makes of a text, a letter a value: n f t i d s [ { and . for ends, E for an
// error. Members are preceded by their name and a colon.
static str trace(str text, unsigned flags) {
    static const char letters[] = "E.nftids[{";
    buf b = BUF_MAX(1 << 16);
    json_reader r;
    json_reader_init(&r, a, text, flags);
    unsigned depth = 0;
    for (;;) {
        bool member = depth && r.in_object & 1;
        json_type t = json_next(&r);
        if (member && t > JSON_END) buf_printf(&b, "%.*s:", STR_F(r.key));
        buf_byte(&b, letters[t]);
        if (t == JSON_STRING) buf_printf(&b, "<%.*s>", STR_F(r.text));
        if (t == JSON_ERROR || (t == JSON_END && !depth--)) break;
        depth += t == JSON_ARRAY || t == JSON_OBJECT;
        assert_int_equal(depth, r.depth);
    }
    str s = arena_str(a, buf_view(&b));
    buf_free(&b);
    return s;
}

static void assert_trace(const char *text, const char *want) {
    char *block;
    assert_string_equal(trace(exact(str_of(text), &block), 0).p, want);
    free(block);
}

static void values_come_in_order(void **state) {
    (void)state;
    assert_trace("null", "n.");
    assert_trace(" \t\r\n true ", "t.");
    assert_trace("\"x\"", "s<x>.");
    assert_trace("\"\"", "s<>.");
    assert_trace("[]", "[..");
    assert_trace("{}", "{..");
    assert_trace("[1, 2.5 ,\"a\",[],{},false]", "[ids<a>[.{.f..");
    assert_trace("{\"a\":1,\"b\":{\"c\":[true]},\"d\":null}", "{a:ib:{c:[t..d:n..");
    assert_trace("{ \"a\" : 1 , \"a\" : 2 }", "{a:ia:i.."); // repeated names come each time
    assert_trace("{\"\":0}", "{:i..");
    assert_trace("[[[[1]],[2]],3]", "[[[[i..[i..i..");
}

typedef struct refusal {
    str text;
    size_t at;
    const char *why; // part of the sentence
} refusal;

static void assert_refused(const refusal *c, unsigned flags) {
    char *block;
    json_reader r;
    json_reader_init(&r, a, exact(c->text, &block), flags);
    json_type t;
    unsigned depth = 0;
    do {
        t = json_next(&r);
        if (t == JSON_END && !depth) fail_msg("taken: %.*s", STR_F(c->text));
        depth += t == JSON_ARRAY || t == JSON_OBJECT;
        depth -= t == JSON_END;
    } while (t != JSON_ERROR);
    if (r.at != c->at || !strstr(r.error, c->why)) {
        fail_msg("%.*s: %s at byte %zu", STR_F(c->text), r.error, r.at);
    }
    assert_int_equal(json_next(&r), JSON_ERROR); // and nothing else any more
    assert_int_equal(r.at, c->at);
    free(block);
}

#define R(text, at, why)                                                                       \
    { STR_K(text), at, why }

static void broken_structure_is_refused(void **state) {
    (void)state;
    static const refusal cases[] = {
        R("", 0, "too early"),
        R("  ", 2, "too early"),
        R("[", 1, "too early"),
        R("[1", 2, "too early"),
        R("[1,", 3, "too early"),
        R("{", 1, "too early"),
        R("{\"a\"", 4, "colon"),
        R("{\"a\":", 5, "too early"),
        R("{\"a\":1", 6, "too early"),
        R("{\"a\":1,", 7, "too early"),
        R("[1,]", 3, "value was expected"),
        R("[,1]", 1, "value was expected"),
        R("[1,,2]", 3, "value was expected"),
        R("[1 2]", 3, "comma or ]"),
        R("[1}", 2, "comma or ]"),
        R("{]", 1, "member name"),
        R("{\"a\":1]", 6, "comma or }"),
        R("{\"a\":1,}", 7, "member name"),
        R("{,}", 1, "member name"),
        R("{a:1}", 1, "member name"),
        R("{1:1}", 1, "member name"),
        R("{\"a\" 1}", 5, "colon"),
        R("{\"a\"::1}", 5, "value was expected"),
        R("{\"a\":}", 5, "value was expected"),
        R("]", 0, "value was expected"),
        R("1 2", 2, "more behind"),
        R("{}x", 2, "more behind"),
        R("[] ]", 3, "more behind"),
        R("null,", 4, "more behind"),
        R("1\0", 1, "more behind"),
        R("\xef\xbb\xbf[]", 0, "value was expected"), // byte order mark
        R("[1,//\n2]", 3, "value was expected"),
        R("\v1", 0, "value was expected"),
        R("\xc2\xa0"
          "1",
          0, "value was expected"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(&cases[i], JSON_NAN);
}

static void broken_scalars_are_refused(void **state) {
    (void)state;
    static const refusal cases[] = {
        R("tru", 0, "value was expected"),
        R("True", 0, "value was expected"),
        R("nul", 0, "value was expected"),
        R("falsey", 5, "more behind"),
        R("01", 1, "more behind"),
        R("-01", 2, "more behind"),
        R("+1", 0, "value was expected"),
        R(".5", 0, "value was expected"),
        R("-", 0, "value was expected"),
        R("-a", 0, "value was expected"),
        R("0x10", 1, "more behind"),
        R("1_000", 1, "more behind"),
        R("'a'", 0, "value was expected"),
        R("NaN", 0, "NaN and Infinity"),
        R("[Infinity]", 1, "NaN and Infinity"),
        R("-Infinity", 0, "NaN and Infinity"),
        R("nan", 0, "value was expected"),
        R("inf", 0, "value was expected"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(&cases[i], 0);
    // Where exactly these are cut is num_read's affair; none may be taken.
    static const char *const numbers[] = {"1.",  "1.e5", "1e",   "1e+",  "1E-",
                                          "-1.", "1.5e", "1..2", "1e5.5"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_null(json_parse(a, str_of(numbers[i]), JSON_NAN, NULL));
    }
}

static void broken_strings_are_refused(void **state) {
    (void)state;
    static const refusal cases[] = {
        R("\"", 0, "does not end"),
        R("\"abc", 0, "does not end"),
        R("[\"a long string of more than sixteen bytes", 1, "does not end"),
        R("\"\\\"", 0, "does not end"),
        R("\"a\\", 2, "unknown escape"),
        R("\"\\x41\"", 1, "unknown escape"),
        R("\"\\'\"", 1, "unknown escape"),
        R("\"\\U0041\"", 1, "unknown escape"),
        R("\"\\u12\"", 1, "four hexadecimal"),
        R("\"\\u12g4\"", 1, "four hexadecimal"),
        R("\"\\u", 1, "four hexadecimal"),
        R("\"\\u0000\"", 1, "U+0000"),
        R("\"a\0b\"", 2, "control"),
        R("\"a\nb\"", 2, "control"),
        R("\"a\x1f\"", 2, "control"),
        R("\"a\\n\x01\"", 4, "control"),
        R("\"\\ud800\"", 1, "surrogate"),
        R("\"\\udc00\"", 1, "surrogate"),
        R("\"\\ud800x\"", 1, "surrogate"),
        R("\"\\ud800\\n\"", 1, "surrogate"),
        R("\"\\ud800\\u0041\"", 1, "surrogate"),
        R("\"\\ud800\\ud800\"", 1, "surrogate"),
        R("\"\\udc00\\ud800\"", 1, "surrogate"),
        R("\"\\ud800\\u\"", 1, "surrogate"),
        R("\"\\uD83D\\uDE0", 1, "surrogate"),
        R("\"\xff\"", 0, "UTF-8"),
        R("\"\xed\xa0\x80\"", 0, "UTF-8"),
        R("\"\xc0\x80\"", 0, "UTF-8"),
        R("\"caf\xc3\"", 0, "UTF-8"),
        R("\"\\n\xff\"", 0, "UTF-8"),
        R("\"\xff\\n\"", 0, "UTF-8"),
        R("\"0123456789abcdef0123456789abcdef\x80\"", 0, "UTF-8"),
        R("{\"\xff\":1}", 1, "UTF-8"),
        R("{\"\\u0000\":1}", 2, "U+0000"),
        R("{\"a\nb\":1}", 3, "control"),
        R("{\"a", 1, "does not end"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(&cases[i], 0);
}

static void strings_are_decoded(void **state) {
    (void)state;
    assert_trace("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s<\"\\/\b\f\n\r\t>.");
    assert_trace("\"\\u0041\\u00e9\\u20AC\\uD83D\\ude00\"",
                 "s<A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80>.");
    assert_trace("\"caf\xc3\xa9\"", "s<caf\xc3\xa9>.");
    assert_trace("\"\x7f\"", "s<\x7f>.");
    assert_trace("{\"k\\u0031\":\"v\\n\"}", "{k1:s<v\n>..");
    assert_trace("\"\\uffff\\ud7ff\\ue000\"", "s<\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80>.");
}

// The special byte at every place around the blocks that are scanned at once.
static void strings_of_every_length_end_where_they_end(void **state) {
    (void)state;
    for (size_t n = 0; n < 70; n++) {
        char *text = malloc(n + 3);
        text[0] = '"';
        memset(text + 1, 'x', n);
        text[n + 1] = '"';
        json_reader r;
        json_reader_init(&r, a, str_n(text, n + 2), 0);
        assert_int_equal(json_next(&r), JSON_STRING);
        assert_int_equal(r.text.n, n);
        assert_ptr_equal(r.text.p, text + 1); // a slice
        assert_int_equal(json_next(&r), JSON_END);
        for (size_t k = 0; k < n; k++) {
            static const char odd[] = {'\n', '\\', '\x80', '\xff', '\0', '\x1f'};
            for (size_t o = 0; o < sizeof odd; o++) {
                text[1 + k] = odd[o];
                json_reader_init(&r, a, str_n(text, n + 2), 0);
                assert_int_equal(json_next(&r), JSON_ERROR);
            }
            text[1 + k] = ' '; // the first byte above them
            json_reader_init(&r, a, str_n(text, n + 2), 0);
            assert_int_equal(json_next(&r), JSON_STRING);
            text[1 + k] = '"';
            json_reader_init(&r, a, str_n(text, n + 2), 0);
            assert_int_equal(json_next(&r), JSON_STRING);
            assert_int_equal(r.text.n, k);
            text[1 + k] = 'x';
        }
        // Cut anywhere it has no end.
        for (size_t k = 1; k < n + 2; k++) {
            char *block;
            json_reader_init(&r, a, exact(str_n(text, k), &block), 0);
            assert_int_equal(json_next(&r), JSON_ERROR);
            free(block);
        }
        // A byte that is not ASCII behind the quote is no affair of this string.
        text[n + 2] = (char)0xff;
        json_reader_init(&r, a, str_n(text, n + 3), 0);
        assert_int_equal(json_next(&r), JSON_STRING);
        free(text);
    }
}

static void escapes_take_no_more_memory_than_they_need(void **state) {
    (void)state;
    arena *mine = arena_new();
    json_reader r;
    json_reader_init(&r, mine, STR("[\"plain\",\"\\u0041\\u0042\\n\",{\"\\n\":1}]"), 0);
    json_next(&r);
    json_next(&r);
    assert_int_equal(arena_used(mine), 0);
    json_next(&r);
    assert_int_equal(arena_used(mine), 3);
    assert_int_equal(json_next(&r), JSON_OBJECT);
    assert_true(json_skip(&r, JSON_OBJECT));
    assert_int_equal(arena_used(mine), 3); // skipping decodes nothing
    assert_int_equal(json_next(&r), JSON_END);
    assert_int_equal(json_next(&r), JSON_END);
    assert_int_equal(json_next(&r), JSON_END);
    arena_free(mine);
}

static void numbers_keep_int64(void **state) {
    (void)state;
    static const struct {
        const char *text;
        json_type type;
        int64_t i;
        double f;
    } t[] = {
        {"0", JSON_INT, 0, 0},
        {"-0", JSON_INT, 0, -0.0},
        {"-17", JSON_INT, -17, -17},
        {"9223372036854775807", JSON_INT, INT64_MAX, 0x1p63},
        {"-9223372036854775808", JSON_INT, INT64_MIN, -0x1p63},
        {"9223372036854775808", JSON_DOUBLE, 0, 0x1p63},
        {"-9223372036854775809", JSON_DOUBLE, 0, -0x1p63},
        {"18446744073709551616", JSON_DOUBLE, 0, 0x1p64},
        {"1.0", JSON_DOUBLE, 0, 1},
        {"1e3", JSON_DOUBLE, 0, 1000},
        {"1E+3", JSON_DOUBLE, 0, 1000},
        {"0.1", JSON_DOUBLE, 0, 0.1},
        {"-2.5e-3", JSON_DOUBLE, 0, -0.0025},
        {"1e999", JSON_DOUBLE, 0, INFINITY},
        {"-1e999", JSON_DOUBLE, 0, -INFINITY},
        {"1e-999", JSON_DOUBLE, 0, 0},
        {"5e-324", JSON_DOUBLE, 0, 5e-324},
    };
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        char *block;
        json_reader r;
        json_reader_init(&r, a, exact(str_of(t[k].text), &block), 0);
        assert_int_equal(json_next(&r), t[k].type);
        assert_true(r.f == t[k].f && signbit(r.f) == signbit(t[k].f));
        if (t[k].type == JSON_INT) assert_true(r.i == t[k].i);
        assert_true(str_is(r.text, t[k].text));
        assert_int_equal(json_next(&r), JSON_END);
        free(block);
    }
    // A thousand digits are a number too.
    char *big = arena_bytes(a, 1000);
    memset(big, '9', 1000);
    json_value *v = json_parse(a, str_n(big, 1000), 0, NULL);
    assert_true(v && v->type == JSON_DOUBLE && isinf(v->f));
}

static void nan_needs_its_flag(void **state) {
    (void)state;
    json_value *v = json_parse(a, STR("[NaN,Infinity,-Infinity]"), JSON_NAN, NULL);
    assert_non_null(v);
    assert_int_equal(v->n, 3);
    json_value *c = v->child;
    assert_true(c->type == JSON_DOUBLE && isnan(c->f) && str_is(c->text, "NaN"));
    c = c->next;
    assert_true(c->type == JSON_DOUBLE && c->f > 0 && isinf(c->f) &&
                str_is(c->text, "Infinity"));
    c = c->next;
    assert_true(c->type == JSON_DOUBLE && c->f < 0 && isinf(c->f) &&
                str_is(c->text, "-Infinity"));
    assert_null(json_parse(a, STR("[NaN]"), 0, NULL));
    static const char *const odd[] = {"NaNx",    "Na",       "-NaN",     "Inf",
                                      "Infinit", "-Infinit", "+Infinity"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char *block;
        assert_null(json_parse(a, exact(str_of(odd[i]), &block), JSON_NAN, NULL));
        free(block);
    }
}

// depth times `open`, `middle`, depth times `close`
static str nested(size_t depth, const char *open, const char *middle, const char *close) {
    buf b = BUF_MAX(1 << 20);
    for (size_t i = 0; i < depth; i++)
        buf_str(&b, str_of(open));
    buf_str(&b, str_of(middle));
    for (size_t i = 0; i < depth; i++)
        buf_str(&b, str_of(close));
    str s = arena_str(a, buf_view(&b));
    buf_free(&b);
    return s;
}

static void depth_is_limited(void **state) {
    (void)state;
    assert_non_null(json_parse(a, nested(JSON_DEPTH, "[", "1", "]"), 0, NULL));
    assert_non_null(json_parse(a, nested(JSON_DEPTH, "{\"a\":", "1", "}"), 0, NULL));
    assert_non_null(json_parse(a, nested(JSON_DEPTH / 2, "[{\"a\":", "1", "}]"), 0, NULL));
    str error = {0};
    assert_null(json_parse(a, nested(JSON_DEPTH + 1, "[", "", "]"), 0, &error));
    assert_string_equal(error.p, "nested too deeply at byte 64");
    assert_null(json_parse(a, nested(JSON_DEPTH + 1, "{\"a\":", "1", "}"), 0, &error));
    assert_null(json_parse(a, nested(200000, "[", "", ""), 0, &error));
    json_reader r; // skipping keeps the limit
    json_reader_init(&r, a, nested(JSON_DEPTH + 1, "[", "", "]"), 0);
    assert_false(json_skip(&r, json_next(&r)));
}

static void skipping_and_raw_text(void **state) {
    (void)state;
    str text = STR("{\"a\": [1, {\"x\": \"\\n]}\"}] , \"b\":{}, \"c\" : \"s\\t\", \"d\":-1.50, "
                   "\"e\":[2],\"f\":true}");
    static const char *const raw[] = {
        "[1, {\"x\": \"\\n]}\"}]", "{}", "\"s\\t\"", "-1.50", "[2]", "true"};
    json_reader r;
    json_reader_init(&r, a, text, 0);
    assert_int_equal(json_next(&r), JSON_OBJECT);
    for (size_t i = 0; i < 6; i++) {
        json_type t = json_next(&r);
        assert_int_equal(r.key.p[0], 'a' + (char)i);
        assert_true(str_is(json_raw(&r, t, json_offset(&r)), raw[i]));
    }
    assert_int_equal(json_next(&r), JSON_END);
    json_reader_init(&r, a, text, 0);
    json_next(&r);
    for (size_t i = 0; i < 6; i++) {
        json_type t = json_next(&r);
        assert_int_equal(r.key.p[0], 'a' + (char)i);
        assert_true(json_skip(&r, t));
        assert_int_equal(r.depth, 1);
    }
    assert_int_equal(json_next(&r), JSON_END);
    assert_int_equal(json_next(&r), JSON_END);
}

static void skipping_checks_what_it_skips(void **state) {
    (void)state;
    static const char *const bad[] = {"[[1,]]",      "[[\"\\ud800\"]]", "[[\"\xff\"]]",
                                      "[[\"\\q\"]]", "[{\"a\"}]",       "[[1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_reader r;
        json_reader_init(&r, a, str_of(bad[i]), 0);
        assert_int_equal(json_next(&r), JSON_ARRAY);
        json_type t = json_next(&r);
        size_t start = json_offset(&r);
        assert_false(json_skip(&r, t));
        assert_int_equal(json_raw(&r, t, start).n, 0);
        assert_int_equal(json_next(&r), JSON_ERROR);
        assert_false(json_skip(&r, JSON_ERROR));
    }
    // After a skip strings are decoded again.
    json_reader r;
    json_reader_init(&r, a, STR("[[\"\\n\"],\"\\n\"]"), 0);
    json_next(&r);
    assert_true(json_skip(&r, json_next(&r)));
    assert_int_equal(json_next(&r), JSON_STRING);
    assert_true(str_is(r.text, "\n"));
}

static void a_tree_holds_everything(void **state) {
    (void)state;
    str error = {0};
    json_value *v = json_parse(
        a, STR("{\"a\":1,\"b\":[true,null,\"x\\ny\",2.5],\"a\":{\"c\":[]}}"), 0, &error);
    assert_non_null(v);
    assert_int_equal(v->type, JSON_OBJECT);
    assert_int_equal(v->n, 3);
    assert_int_equal(v->child->i, 1);
    json_value *last = json_get(v, "a"); // the last of the repeated ones
    assert_int_equal(last->type, JSON_OBJECT);
    assert_int_equal(json_get(last, "c")->n, 0);
    assert_null(json_get(last, "c")->child);
    json_value *b = json_get(v, "b");
    assert_int_equal(b->n, 4);
    assert_int_equal(b->child->type, JSON_TRUE);
    assert_int_equal(b->child->next->type, JSON_NULL);
    assert_true(str_is(b->child->next->next->text, "x\ny"));
    assert_true(b->child->next->next->next->f == 2.5);
    assert_null(b->child->next->next->next->next);
    assert_null(b->child->key.p); // no name in an array
    assert_null(json_get(v, "z"));
    assert_null(json_get(b, "a"));
    assert_null(json_get(NULL, "a"));
    assert_null(json_parse(a, STR("[1,2"), 0, &error));
    assert_string_equal(error.p, "the text ends too early at byte 4");
}

// ---- writer --------------------------------------------------------------------------------

static void the_writer_sets_commas(void **state) {
    (void)state;
    buf b = BUF_MAX(1000);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "s", STR("x"));
    json_m_i64(&w, "i", INT64_MIN);
    json_m_f64(&w, "f", 1);
    json_m_bool(&w, "t", true);
    json_m_bool(&w, "n", false);
    json_m_array(&w, "e");
    json_array_end(&w);
    json_m_array(&w, "a");
    json_i64(&w, 1);
    json_null(&w);
    json_object(&w);
    json_object_end(&w);
    json_array(&w);
    json_string(&w, (str){0});
    json_array_end(&w);
    json_put(&w, STR("[7]"));
    json_array_end(&w);
    json_m_object(&w, "o");
    json_key(&w, STR("a \"key\""));
    json_null(&w);
    json_key(&w, STR("k"));
    json_f64(&w, 0.1);
    json_object_end(&w);
    json_put(&w, STR("\"r\":1,\"q\":2"));
    json_object_end(&w);
    buf_byte(&b, 0);
    assert_string_equal(
        b.p,
        "{\"s\":\"x\",\"i\":-9223372036854775808,\"f\":1.0,\"t\":true,\"n\":false,\"e\":[],"
        "\"a\":[1,null,{},[\"\"],[7]],\"o\":{\"a \\\"key\\\"\":null,\"k\":0.1},"
        "\"r\":1,\"q\":2}");
    buf_free(&b);
}

static void the_writer_names_what_is_no_number(void **state) {
    (void)state;
    buf b = BUF_MAX(1000);
    json_writer w = json_writer_new(&b);
    static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 1e300};
    json_array(&w);
    for (int i = 0; i < 5; i++)
        json_f64(&w, odd[i]);
    w.bare_nan = true;
    for (int i = 0; i < 5; i++)
        json_f64(&w, odd[i]);
    json_array_end(&w);
    buf_byte(&b, 0);
    assert_string_equal(
        b.p,
        "[\"NaN\",\"Infinity\",\"-Infinity\",-0.0,1e+300,NaN,Infinity,-Infinity,-0.0,1e+300]");
    buf_free(&b);
}

static str written(str s) {
    buf b = BUF_MAX(1 << 20);
    json_writer w = json_writer_new(&b);
    json_string(&w, s);
    assert_false(b.full);
    str t = arena_str(a, buf_view(&b));
    buf_free(&b);
    return t;
}

static void the_writer_escapes(void **state) {
    (void)state;
    assert_string_equal(written(STR("a\"b\\c/d")).p, "\"a\\\"b\\\\c/d\"");
    assert_string_equal(written(STR("\b\f\n\r\t\x01\x1f\x7f")).p,
                        "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    assert_string_equal(written(STR("\0")).p, "\"\\u0000\"");
    assert_string_equal(written(STR("caf\xc3\xa9 \xf0\x9f\x98\x80")).p,
                        "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
    assert_string_equal(written(STR("a\xff"
                                    "b\xc3"))
                            .p,
                        "\"a\xef\xbf\xbd"
                        "b\xef\xbf\xbd\"");
    assert_string_equal(written(STR("\xed\xa0\x80")).p,
                        "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_string_equal(written(STR("\xc3\xa9\"\xff\xc3\xa9")).p,
                        "\"\xc3\xa9\\\"\xef\xbf\xbd\xc3\xa9\"");
}

// Whatever is written is read back, at every length and with the odd byte at every place.
static void what_is_written_is_read_back(void **state) {
    (void)state;
    static const char *const odd[] = {"\"", "\\", "\n", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80",
                                      "x"};
    for (size_t n = 0; n < 40; n++) {
        for (size_t k = 0; k <= n; k++) {
            for (size_t o = 0; o < sizeof odd / sizeof *odd; o++) {
                char *text = arena_bytes(a, n + 5);
                memset(text, 'y', k);
                size_t len = strlen(odd[o]);
                memcpy(text + k, odd[o], len);
                memset(text + k + len, 'z', n - k);
                str s = str_n(text, n + len);
                json_value *v = json_parse(a, written(s), 0, NULL);
                assert_true(v && str_eq(v->text, s));
            }
        }
        arena_reset(a);
    }
}

static void numbers_written_are_read_back(void **state) {
    (void)state;
    buf b = BUF_MAX(1 << 22);
    json_writer w = json_writer_new(&b);
    enum { N = 5000 };
    static uint64_t bits[N];
    random_bytes(bits, sizeof bits);
    json_array(&w);
    for (int i = 0; i < N; i++) {
        double f;
        memcpy(&f, &bits[i], 8);
        json_f64(&w, isfinite(f) ? f : 0.5);
        json_i64(&w, (int64_t)(bits[i] >> (i % 64)));
    }
    json_array_end(&w);
    json_value *v = json_parse(a, buf_view(&b), 0, NULL);
    assert_non_null(v);
    v = v->child;
    for (int i = 0; i < N; i++, v = v->next->next) {
        double f;
        memcpy(&f, &bits[i], 8);
        if (!isfinite(f)) f = 0.5;
        assert_true(v->type == JSON_DOUBLE && !memcmp(&v->f, &f, 8));
        assert_int_equal(v->next->type, JSON_INT);
        assert_true(v->next->i == (int64_t)(bits[i] >> (i % 64)));
    }
    buf_free(&b);
}

static void a_full_buffer_is_told(void **state) {
    (void)state;
    for (size_t max = 0; max < 40; max++) {
        buf b = BUF_MAX(max);
        json_writer w = json_writer_new(&b);
        json_object(&w);
        json_m_string(&w, "key", STR("va\nlue"));
        json_m_f64(&w, "f", 0.5);
        json_key(&w, STR("x"));
        json_bool(&w, true);
        json_object_end(&w);
        assert_int_equal(b.full, max < strlen("{\"key\":\"va\\nlue\",\"f\":0.5,\"x\":true}"));
        assert_true(b.n <= max);
        buf_free(&b);
    }
}

static void collect(void *arg, buf *out) {
    buf_str(arg, buf_view(out));
    buf_byte(arg, '|');
    buf_clear(out);
}

static void a_reply_is_streamed(void **state) {
    (void)state;
    buf all = BUF_MAX(10000), b = BUF_MAX(100);
    json_writer w = json_writer_new(&b);
    w.flush = collect;
    w.flush_arg = &all;
    w.flush_at = 8;
    json_array(&w);
    for (int i = 0; i < 6; i++)
        json_i64(&w, 100 + i);
    json_array_end(&w);
    collect(&all, &b);
    buf_byte(&all, 0);
    assert_string_equal(all.p, "[100,101,102|,103,104,105]|");
    // What does not fit stays known, although flushing would empty the buffer.
    char big[200] = {0};
    memset(big, 'x', sizeof big);
    json_string(&w, str_n(big, sizeof big));
    for (int i = 0; i < 6; i++)
        json_i64(&w, 100 + i);
    assert_true(b.full);
    buf_free(&all);
    buf_free(&b);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(values_come_in_order),
        T(broken_structure_is_refused),
        T(broken_scalars_are_refused),
        T(broken_strings_are_refused),
        T(strings_are_decoded),
        T(strings_of_every_length_end_where_they_end),
        T(escapes_take_no_more_memory_than_they_need),
        T(numbers_keep_int64),
        T(nan_needs_its_flag),
        T(depth_is_limited),
        T(skipping_and_raw_text),
        T(skipping_checks_what_it_skips),
        T(a_tree_holds_everything),
        T(the_writer_sets_commas),
        T(the_writer_names_what_is_no_number),
        T(the_writer_escapes),
        T(what_is_written_is_read_back),
        T(numbers_written_are_read_back),
        T(a_full_buffer_is_told),
        T(a_reply_is_streamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
