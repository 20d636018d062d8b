// SPDX-License-Identifier: Apache-2.0
// Layouts of weights: what well-formed files of both formats say, and that each way in which a
// header may lie is an error that names it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "store/weights.h"
#include "weights_help.h"

#include <stdio.h>
#include <stdlib.h>

static arena *A;

static bool layout_of(buf *file, weights_layout *out, err *e) {
    str bytes = buf_view(file);
    *e = (err){0};
    arena_reset(A);
    bool ok = weights_layout_read(read_memory, &bytes, bytes.n, A, out, e);
    if (!ok) assert_int_equal(e->code, ERR_INVALID);
    return ok;
}

static const weights_tensor *named(const weights_layout *l, const char *name) {
    for (size_t i = 0; i < l->n; i++)
        if (str_is(l->tensors[i].name, name)) return &l->tensors[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static void assert_text(str s, const char *expected) {
    if (!str_is(s, expected)) fail_msg("'%.*s' is not '%s'", STR_F(s), expected);
}

// ---- safetensors ----------------------------------------------------------------------------

static void test_safetensors(void **state) {
    (void)state;
    const char *header =
        "{\"__metadata__\":{\"format\":\"pt\",\"n\\u00e4me\":\"x\"},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[8,20]},"
        "\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8],\"later\":[{}]},"
        "\"empty\":{\"dtype\":\"F32\",\"shape\":[4,0],\"data_offsets\":[20,20]},"
        "\"six\":{\"dtype\":\"F6_E2M3\",\"shape\":[4],\"data_offsets\":[20,23]}}   ";
    buf f = BUF_MAX(4096);
    weights_layout l;
    err e;
    put_safetensors(&f, header, "0123456789012345678901234567890", 23);
    assert_true(layout_of(&f, &l, &e));
    assert_int_equal(l.format, WEIGHTS_SAFETENSORS);
    assert_int_equal(l.n, 4);
    assert_int_equal(l.header_end, 8 + strlen(header));
    assert_text(l.tensors[0].name, "a");
    assert_text(l.tensors[2].name, "empty");
    const weights_tensor *b = named(&l, "b");
    assert_int_equal(b->type, WEIGHTS_BF16);
    assert_int_equal(b->n_dims, 2);
    assert_int_equal(b->shape[0], 2);
    assert_int_equal(b->shape[1], 3);
    assert_int_equal(b->elements, 6);
    assert_int_equal(b->offset, l.header_end + 8);
    assert_int_equal(b->bytes, 12);
    assert_int_equal(named(&l, "a")->elements, 1);
    assert_int_equal(l.n_pairs, 2);
    assert_text(l.pairs[0].text, "pt");
    assert_text(l.pairs[1].key, "n\xc3\xa4me");
    buf_free(&f);
}

// What each lie about a file of 8 bytes of data is called.
static const struct lie {
    const char *header, *why;
} safetensors_lies[] = {
    {"{", "ends too early"},
    {"{\"a\":1}", "no object"},
    {"{\"a\":{}}", "missing"},
    {"{} {}", "more behind"},
    {"{\"__metadata__\":{\"a\":1}}", "no text"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", "twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", "twice"},
    {"{\"\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}", "empty"},
    {"{\"a\":{\"dtype\":\"U9\",\"shape\":[8],\"data_offsets\":[0,8]}}", "unknown type U9"},
    {"{\"a\":{\"dtype\":\"Q4_0\",\"shape\":[32],\"data_offsets\":[0,18]}}", "unknown type"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,8]}}", "another number"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,7]}}", "behind the last"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[1,8]}}", "hole"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}", "beyond the end"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,0]}}", "beyond the end"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0]}}", "not two"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8,8]}}", "too long"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-8],\"data_offsets\":[0,8]}}", "whole numbers"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8.0],\"data_offsets\":[0,8]}}", "whole numbers"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,8]}}",
     "whole numbers"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807,9223372036854775807],"
     "\"data_offsets\":[0,8]}}",
     "too large"},
    {"{\"a\":{\"dtype\":\"F64\",\"shape\":[9223372036854775807],\"data_offsets\":[0,8]}}",
     "too large"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
     "a member is named twice"},
    {"{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,8]}}", "last block"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[8,8]}}",
     "tensor a is named twice"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
     "on top"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":"
     "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,8],"
     "\"data_offsets\":[0,8]}}",
     "too long"},
};

static void test_safetensors_lies(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof safetensors_lies / sizeof *safetensors_lies; i++) {
        const struct lie *lie = &safetensors_lies[i];
        buf f = BUF_MAX(4096);
        weights_layout l;
        err e;
        put_safetensors(&f, lie->header, "12345678", 8);
        if (layout_of(&f, &l, &e)) fail_msg("%s was read", lie->header);
        if (!strstr(e.msg, lie->why))
            fail_msg("%s: '%s' does not say '%s'", lie->header, e.msg, lie->why);
        buf_free(&f);
    }
}

// A header that says it is as long as the file allows is not read into memory.
static bool read_of_huge(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    (void)e;
    assert_true(n <= 64u << 10);
    memset(p, 0, n);
    if (offset == 0) memcpy(p, arg, n < WEIGHTS_SNIFF ? n : WEIGHTS_SNIFF);
    return true;
}

static void test_other_files(void **state) {
    (void)state;
    static const char *const others[] = {"", "{}", "12345678{",
                                         "\xff\xff\xff\xff\xff\xff\xff\xff{", "GGUE\3"};
    weights_layout l;
    err e = {0};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        buf f = BUF_MAX(100);
        buf_str(&f, str_of(others[i]));
        assert_false(layout_of(&f, &l, &e));
        assert_int_equal(l.format, WEIGHTS_OTHER);
        buf_free(&f);
    }
    char huge[] = "\0\0\0\0\1\0\0\0{";
    arena_reset(A);
    assert_false(weights_layout_read(read_of_huge, huge, (uint64_t)1 << 50, A, &l, &e));
    assert_non_null(strstr(e.msg, "longer than 32 MiB"));
}

// ---- GGUF -----------------------------------------------------------------------------------

static void test_gguf(void **state) {
    (void)state;
    buf f = BUF_MAX(1 << 20);
    weights_layout l;
    err e;
    for (uint32_t version = 2; version <= 3; version++) {
        buf_clear(&f);
        gguf_begin(&f, version, 3, 5);
        gguf_text(&f, "general.architecture", "llama");
        gguf_u32(&f, "general.alignment", 64);
        put_text(&f, "rope");
        buf_u32(&f, 6);
        buf_u32(&f, 0x3f000000);
        put_text(&f, "low");
        buf_u32(&f, 1);
        buf_byte(&f, (char)-5);
        put_text(&f, "tokens");
        buf_u32(&f, 9);
        buf_u32(&f, 8);
        buf_u64(&f, 30000);
        size_t tokens = f.n;
        for (int i = 0; i < 30000; i++)
            put_text(&f, "abc");
        gguf_tensor(&f, "blk.0.w", 256, 2, 12, 128); // Q4_K: 2 rows of 144 bytes
        gguf_tensor(&f, "out", 10, 0, 0, 64);
        gguf_tensor(&f, "norm", 16, 0, 30, 0);
        gguf_pad(&f, 64);
        size_t begin = f.n;
        put_zeros(&f, 128 + 288);
        assert_true(layout_of(&f, &l, &e));
        assert_int_equal(l.format, WEIGHTS_GGUF);
        assert_int_equal(l.version, version);
        assert_int_equal(l.header_end, begin);
        assert_int_equal(l.n, 3);
        assert_text(l.tensors[0].name, "norm");
        assert_int_equal(l.tensors[0].type, WEIGHTS_BF16);
        const weights_tensor *w = named(&l, "blk.0.w");
        assert_int_equal(w->offset, begin + 128);
        assert_int_equal(w->bytes, 288);
        assert_int_equal(w->shape[0], 2);
        assert_int_equal(w->shape[1], 256);
        assert_int_equal(l.n_pairs, 5);
        assert_text(l.pairs[0].text, "llama");
        assert_text(l.pairs[2].text, "0.5");
        assert_text(l.pairs[3].text, "-5");
        assert_int_equal(l.pairs[4].kind, WEIGHTS_ARRAY);
        assert_text(l.pairs[4].text, "30000 of text");
        assert_int_equal(l.pairs[4].offset + 12, tokens);
        assert_int_equal(l.pairs[4].bytes, 12 + 30000 * 11);
    }
    buf_free(&f);
}

// A small file, which `what` has lie.
static void gguf_lie(buf *f, int what) {
    gguf_begin(f,
               what == 0   ? 1
               : what == 1 ? 3u << 24
                           : 3,
               what == 2 ? 1u << 31 : 2, what == 3 ? UINT64_MAX : 1);
    gguf_u32(f, "general.alignment", what == 4 ? 24 : what == 5 ? 0 : 32);
    gguf_tensor(f, "a", what == 6 ? 33 : 32, what == 7 ? INT64_MAX : 1, what == 8 ? 4 : 2,
                what == 9 ? 16 : 0);
    gguf_tensor(f, what == 10 ? "a" : "b", 8, 0, 0,
                what == 11   ? 0
                : what == 12 ? 1u << 20
                : what == 13 ? UINT64_MAX - 31
                             : 32);
    gguf_pad(f, 32);
    put_zeros(f, what == 14 ? 32 + 31 : 32 + 32);
}

static void test_gguf_lies(void **state) {
    (void)state;
    static const char *const why[] = {
        "version 1",    "big-endian",    "tensors",        "metadata",       "power of two",
        "power of two", "does not fill", "too large",      "type 4",         "not aligned",
        "named twice",  "on top",        "beyond the end", "beyond the end", "beyond the end"};
    weights_layout l;
    err e;
    for (int i = 0; i <= 15; i++) {
        buf f = BUF_MAX(4096);
        gguf_lie(&f, i);
        bool ok = layout_of(&f, &l, &e);
        if (ok != (i == 15)) fail_msg("lie %d: %s", i, e.msg);
        if (!ok && !strstr(e.msg, why[i])) fail_msg("'%s' does not say '%s'", e.msg, why[i]);
        buf_free(&f);
    }
}

// No beginning of a file is read as one, and nothing behind its end is read.
static void test_cut_files(void **state) {
    (void)state;
    buf f = BUF_MAX(4096);
    weights_layout l;
    err e;
    gguf_lie(&f, 15);
    for (size_t n = 0, whole = f.n; n < whole; n++) {
        str part = str_n(malloc(n ? n : 1), n); // so that asan sees what is read behind it
        memcpy((void *)(uintptr_t)part.p, f.p, n);
        arena_reset(A);
        assert_false(weights_layout_read(read_memory, &part, n, A, &l, &e));
        free((void *)(uintptr_t)part.p);
    }
    buf_free(&f);
}

// ---- both -----------------------------------------------------------------------------------

static bool read_fails(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    (void)offset;
    if (--*(int *)arg < 0) return err_set(e, ERR_CORRUPT, "a block is damaged");
    static const char first[] = "\2\0\0\0\0\0\0\0{}";
    memset(p, 0, n);
    memcpy(p, first + offset, n < 10 - offset ? n : 10 - (size_t)offset);
    return true;
}

static void test_errors_of_the_reader(void **state) {
    (void)state;
    weights_layout l;
    for (int good = 0; good <= 3; good++) {
        int left = good;
        err e = {0};
        arena_reset(A);
        bool ok = weights_layout_read(read_fails, &left, 10, A, &l, &e);
        assert_int_equal(ok, good == 3);
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_CORRUPT);
    }
}

// Sizes of blocks are by the formats' own definitions; a number in GGUF means one type.
static void test_types(void **state) {
    (void)state;
    for (int t = 0; t < WEIGHTS_TYPES_N; t++) {
        const weights_about *x = weights_type_about((weights_type)t);
        assert_true(x->elements && x->bytes);
        assert_true(x->safetensors || x->gguf >= 0);
        for (int u = 0; u < t; u++) {
            const weights_about *y = weights_type_about((weights_type)u);
            assert_true(x->gguf < 0 || x->gguf != y->gguf);
            assert_string_not_equal(x->name, y->name);
        }
    }
    assert_int_equal(weights_type_about(WEIGHTS_Q6_K)->bytes, 128 + 64 + 16 + 2);
}

static int begin(void **state) {
    (void)state;
    A = arena_new();
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_free(A);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_safetensors_lies),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_gguf),
        cmocka_unit_test(test_gguf_lies),
        cmocka_unit_test(test_cut_files),
        cmocka_unit_test(test_errors_of_the_reader),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
