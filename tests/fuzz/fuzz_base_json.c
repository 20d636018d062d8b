// SPDX-License-Identifier: Apache-2.0
// The JSON reader against jansson: both take a text or neither, and with the same values, up to
// what our limits say (depth; numbers beyond a double's or int64's range, which jansson
// refuses). What was read is written and read again, and skipping a text judges it as reading
// does.

// Names that both libraries have; only ours are called by them.
#define json_type    jansson_type
#define json_object  jansson_object
#define json_array   jansson_array
#define json_string  jansson_string
#define json_null    jansson_null
#define JSON_OBJECT  JANSSON_OBJECT
#define JSON_ARRAY   JANSSON_ARRAY
#define JSON_STRING  JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL    JANSSON_REAL
#define JSON_TRUE    JANSSON_TRUE
#define JSON_FALSE   JANSSON_FALSE
#define JSON_NULL    JANSSON_NULL
#include <jansson.h>
#undef json_type
#undef json_object
#undef json_array
#undef json_string
#undef json_null
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#include "base/json.h"
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "fuzz_base_json: %s\n", what);
    abort();
}

static void same(arena *a, const json_value *v, const json_t *j);

static void same_array(arena *a, const json_value *v, const json_t *j) {
    check(json_array_size(j) == v->n, "arrays of two lengths");
    size_t i = 0;
    for (const json_value *c = v->child; c; c = c->next)
        same(a, c, json_array_get(j, i++));
    check(i == v->n, "n is not the number of elements");
}

// jansson keeps the last of repeated members, as json_get does.
static void same_object(arena *a, const json_value *v, const json_t *j) {
    map last = map_new(a);
    for (json_value *c = v->child; c; c = c->next)
        *map_at(&last, c->key, NULL) = c;
    check(json_object_size(j) == last.n, "objects of two sizes");
    for (size_t i = 0; i < last.n; i++) {
        const char *key = arena_cstr(a, last.entries[i].key);
        check(strlen(key) == last.entries[i].key.n, "U+0000 in a member name");
        const json_t *member = json_object_get(j, key);
        check(member != NULL, "a member that jansson lacks");
        same(a, last.entries[i].value, member);
    }
}

static void same(arena *a, const json_value *v, const json_t *j) {
    switch (json_typeof(j)) {
    case JANSSON_OBJECT:
        check(v->type == JSON_OBJECT, "no object");
        same_object(a, v, j);
        break;
    case JANSSON_ARRAY:
        check(v->type == JSON_ARRAY, "no array");
        same_array(a, v, j);
        break;
    case JANSSON_STRING: {
        str s = str_n(json_string_value(j), json_string_length(j));
        check(v->type == JSON_STRING && str_eq(v->text, s), "two strings");
        check(str_is_text(v->text), "a string that is no text");
        break;
    }
    case JANSSON_INTEGER:
        check(v->type == JSON_INT && v->i == json_integer_value(j), "two integers");
        check(v->f == (double)v->i, "an integer's double");
        break;
    case JANSSON_REAL:
        check(v->type == JSON_DOUBLE && v->f == json_real_value(j), "two doubles");
        break;
    case JANSSON_TRUE: check(v->type == JSON_TRUE, "no true"); break;
    case JANSSON_FALSE: check(v->type == JSON_FALSE, "no false"); break;
    case JANSSON_NULL: check(v->type == JSON_NULL, "no null"); break;
    }
}

static void write_value(json_writer *w, const json_value *v) {
    switch (v->type) {
    case JSON_ARRAY: json_array(w); break;
    case JSON_OBJECT: json_object(w); break;
    case JSON_STRING: json_string(w, v->text); break;
    case JSON_INT: json_i64(w, v->i); break;
    case JSON_DOUBLE: json_f64(w, v->f); break;
    case JSON_NULL: json_null(w); break;
    default: json_bool(w, v->type == JSON_TRUE);
    }
    for (const json_value *c = v->child; c; c = c->next) {
        if (v->type == JSON_OBJECT) json_key(w, c->key);
        write_value(w, c);
    }
    if (v->type == JSON_ARRAY) json_array_end(w);
    if (v->type == JSON_OBJECT) json_object_end(w);
}

static void equal(const json_value *v, const json_value *u) {
    check(v->type == u->type && v->n == u->n && str_eq(v->key, u->key),
          "written and read: another value");
    bool both_nan = v->f != v->f && u->f != u->f;
    check(v->i == u->i && (v->f == u->f || both_nan), "written and read: another number");
    check(v->type != JSON_STRING || str_eq(v->text, u->text),
          "written and read: another string");
    const json_value *d = u->child;
    for (const json_value *c = v->child; c; c = c->next, d = d->next)
        equal(c, d);
}

static void write_and_read(arena *a, const json_value *v) {
    buf b = BUF_MAX(64 << 20);
    json_writer w = json_writer_new(&b);
    w.bare_nan = true;
    write_value(&w, v);
    check(!b.full, "written: too long");
    json_value *u = json_parse(a, buf_view(&b), JSON_NAN, NULL);
    check(u != NULL, "written and not readable");
    equal(v, u);
    buf_free(&b);
}

static bool skips(arena *a, str text) {
    json_reader r;
    json_reader_init(&r, a, text, JSON_NAN);
    size_t before = arena_used(a);
    json_type t = json_next(&r);
    bool scalar = t != JSON_ARRAY && t != JSON_OBJECT;
    bool ok = json_skip(&r, t) && json_next(&r) == JSON_END;
    check(scalar || arena_used(a) == before, "skipping took memory");
    return ok;
}

static void against_jansson(arena *a, str text) {
    str error = {0};
    json_value *v = json_parse(a, text, 0, &error);
    json_error_t why;
    json_t *j = json_loadb(text.n ? text.p : "", text.n, JSON_DECODE_ANY, &why);
    if (v && j) {
        same(a, v, j);
    } else if (v) {
        check(json_error_code(&why) == json_error_numeric_overflow,
              "taken here, refused by jansson");
    } else if (j) {
        // jansson loses NUL bytes between tokens.
        bool quirk = memchr(text.p, 0, text.n) != NULL;
        check(quirk || str_starts(error, STR("nested too deeply")),
              "refused here, taken by jansson");
    }
    json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 1 << 16) return 0;
    arena *a = arena_new();
    str text = str_n(data, size);
    against_jansson(a, text);
    json_value *v = json_parse(a, text, JSON_NAN, NULL);
    check(skips(a, text) == (v != NULL), "skipping and reading differ");
    if (v) write_and_read(a, v);
    arena_free(a);
    return 0;
}
