// SPDX-License-Identifier: Apache-2.0
// Pickles that stand in other files: compressed, in arrays of NumPy, in archives in archives. Bytes
// that are cut, flipped or not to be read, and small files that would become large ones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pickle_golden.h"
#include "pickle_help.h"

#include <zstd.h>

enum { PACKED_MAX = 8192 };
static const str eval = EVAL;

static str gzipped(char *out, str bytes) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes.p,
                  .avail_in = (uInt)bytes.n,
                  .next_out = (Bytef *)out,
                  .avail_out = PACKED_MAX};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    str done = str_n(out, z.total_out);
    deflateEnd(&z);
    return done;
}

static str zstded(char *out, str bytes) {
    return str_n(out, ZSTD_compress(out, PACKED_MAX, bytes.p, bytes.n, 3));
}

static str (*const packers[])(char *out, str bytes) = {gzipped, zstded};

// ---- names and first bytes ------------------------------------------------------------------

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *path;
        pickle_naming named;
    } cases[] = {
        {"a/b.dill", PICKLE_NAMED},        {"m.PKL.GZ", PICKLE_NAMED},
        {"m.pkl.xz.zip", PICKLE_NAMED},    {"best.pth.tar", PICKLE_MAYBE_NAMED},
        {"x.npy", PICKLE_MAYBE_NAMED},     {"x.npz", PICKLE_MAYBE_NAMED},
        {"model", PICKLE_UNNAMED},         {"model.gz", PICKLE_UNNAMED},
        {".gz", PICKLE_UNNAMED},           {"a.json", PICKLE_NOT_NAMED},
        {"a.jsonl.zst", PICKLE_NOT_NAMED}, {"m.safetensors", PICKLE_NOT_NAMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (pickle_naming_of(str_of(cases[i].path)) != cases[i].named)
            fail_msg("%s", cases[i].path);
}

// Without a name only what the first bytes say is looked at, and only what imports is told.
static void test_first_bytes(void **state) {
    (void)state;
    char packed[PACKED_MAX];
    str none[] = {STR_K("cos\nsystem\n."), STR_K("\x80\4\xff"), STR_K("\x80"), STR_K(""),
                  STR_K("BZh91AY&SY"), STR_K("\x1f\x8b\x08"), STR_K("PK\3\4"),
                  STR_K("\x93NUMPY"), STR_K("\x28\xb5\x2f\xfd"), STR_K("\x78\x9c")};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        pickle_report r = scan_named(none[i], PICKLE_UNNAMED);
        if (r.found) fail_msg("%zu: %.*s", i, STR_F(r.problem));
    }
    for (size_t i = 2; i < sizeof pickle_golden / sizeof *pickle_golden; i++) {
        pickle_report r = scan_named(pickle_golden[i], PICKLE_UNNAMED);
        assert_int_equal(r.verdict, PICKLE_DANGEROUS);
        for (size_t k = 0; k < 2; k++) {
            r = scan_named(packers[k](packed, pickle_golden[i]), PICKLE_UNNAMED);
            assert_int_equal(r.verdict, PICKLE_DANGEROUS);
            assert_int_equal(r.problem.n, 0);
        }
    }
    for (size_t k = 0; k < 2; k++) {
        pickle_report r = scan_named(packers[k](packed, STR("cos\nsystem\n.")), PICKLE_UNNAMED);
        assert_false(r.found);
    }
}

// ---- compressed -----------------------------------------------------------------------------

// Cut anywhere it is told that it is; what came out before is told all the same.
static void test_packed_cut(void **state) {
    (void)state;
    char packed[PACKED_MAX];
    for (size_t k = 0; k < 2; k++) {
        str whole = packers[k](packed, pickle_golden[4]);
        size_t dangerous = 0;
        for (size_t n = 1; n < whole.n; n++) {
            pickle_report r = scan(str_upto(whole, n), true);
            assert_true(r.problem.n > 0);
            dangerous += r.verdict == PICKLE_DANGEROUS;
        }
        assert_true(dangerous > 4 || k); // zstd gives whole blocks
    }
}

// Each byte flipped: a problem, or what it imports.
static void test_packed_flipped(void **state) {
    (void)state;
    char packed[PACKED_MAX];
    for (size_t k = 0; k < 2; k++) {
        size_t n = packers[k](packed, pickle_golden[5]).n;
        for (size_t i = 0; i < n; i++) {
            packed[i] = (char)~packed[i];
            pickle_report r = scan(str_n(packed, n), true);
            if (r.verdict == PICKLE_HARMLESS) fail_msg("%zu at %zu", k, i);
            packed[i] = (char)~packed[i];
        }
    }
}

// Python's gzip passes over what zlib refuses.
static void test_gzip_heads(void **state) {
    (void)state;
    char packed[PACKED_MAX];
    str whole = gzipped(packed, pickle_golden[4]);
    packed[3] = (char)0xe0; // flags without a meaning
    pickle_report r = scan_named(whole, PICKLE_UNNAMED);
    assert_int_equal(r.problem.n, 0);
    assert_int_equal(r.verdict, PICKLE_DANGEROUS);
    buf b = BUF_MAX(PACKED_MAX);
    buf_str(&b, STR("\x1f\x8b\x08\x1e______" "\3\0abc" "name\0" "comment\0" "__"));
    buf_str(&b, str_from(whole, 10));
    buf_str(&b, STR("\0\0"));
    r = scan_named(buf_view(&b), PICKLE_UNNAMED);
    assert_int_equal(r.problem.n, 0);
    assert_int_equal(r.verdict, PICKLE_DANGEROUS);
    buf_str(&b, STR("\x1f\x8b\x08\0______"));
    r = scan(buf_view(&b), true);
    assert_problem(&r, "damaged");
    b.p[b.n - 18] ^= 1; // of the sum: the two zeros and ten bytes stand behind it
    r = scan(str_upto(buf_view(&b), b.n - 10), true);
    assert_problem(&r, "damaged");
    buf_free(&b);
}

// A file that its first bytes make a frame that zstd skips, and a pickle to who begins there.
static void test_both(void **state) {
    (void)state;
    str both = STR("U*M\x18\x0c\0\0\0" "012345678901234567890123456789012345cos\nsystem\n.");
    pickle_report r = scan(both, false);
    assert_text(r.imports[0].name, "os.system");
    r = scan(STR("\x28\xb5\x2f\xfd"), false);
    assert_problem(&r, "damaged");
    r = scan(STR("]\0\0"), false);
    assert_false(r.found);
    r = scan(STR("]\0\0"), true);
    assert_problem(&r, "compressed with lzma");
}

// A file of 3 MB of zeros that a hundred names of an archive share.
static void test_bomb(void **state) {
    (void)state;
    enum { N = 3 << 20, TIMES = 100 };
    char *zeros = mem_alloc(N);
    memset(zeros, 0, N);
    zipped m = {"a.pt", str_n(zeros, N), true, false};
    buf b = BUF_MAX(1 << 20), list = BUF_MAX(1 << 20);
    put_member(&b, &list, &m);
    str entry = arena_str(A, buf_view(&list));
    for (int i = 1; i < TIMES; i++)
        buf_str(&list, entry);
    buf_str(&b, buf_view(&list));
    put_end(&b, TIMES, list.n, false);
    pickle_report r = scan(buf_view(&b), false);
    assert_problem(&r, "a.pt: too much of it would have to be read");
    buf_free(&b), buf_free(&list);
    free(zeros);
}

// ---- NumPy ----------------------------------------------------------------------------------

static str array(buf *b, const char *header, size_t blanks) {
    buf_clear(b);
    buf_str(b, STR("\x93NUMPY\2\0"));
    buf_u32(b, (uint32_t)(strlen(header) + blanks));
    buf_str(b, str_of(header));
    for (size_t i = 0; i < blanks; i++)
        buf_byte(b, ' ');
    buf_str(b, eval);
    return buf_view(b);
}

static void test_numpy(void **state) {
    (void)state;
    static const char *const with[] = {
        "{'descr': '|O'}",   "{'descr': \"O\"}",     "{'descr': 'O8'}",
        "{'descr': 'ob' \n'ject'}", "{'descr': '\\x4f'}",   "{'descr': [('a', 'f4,(2,)O')]}",
        "{'descr': 'Object_'}", "{'descr': 'T'}",       "{'descr': '''O'''}",
        "{'descr': '|O"};
    static const char *const without[] = {"{'descr': '<f4'}", "{'descr': [('Open', '<f8')]}",
                                          "{'descr': [('no', 'U7'), ('fOr', '<M8[ns]')]}", "{}"};
    buf b = BUF_MAX(1 << 20);
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        for (size_t blanks = 0; blanks < 100000; blanks += 50000) {
            pickle_report r = scan_named(array(&b, with[i], blanks), PICKLE_UNNAMED);
            assert_only(&r, "builtins.eval", PICKLE_DANGEROUS);
        }
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        pickle_report r = scan(array(&b, without[i], 0), false);
        assert_false(r.found);
    }
    str whole = array(&b, with[0], 0);
    for (size_t n = 0; n < whole.n; n++) // cut anywhere
        scan(str_upto(whole, n), false);
    buf_free(&b);
}

// ---- archives in archives -------------------------------------------------------------------

static str in_archives(buf *b, str bytes, int times) {
    buf_clear(b);
    buf_str(b, bytes);
    for (int i = 0; i < times; i++) {
        buf outer = BUF_MAX(1 << 20);
        zipped m = {"in.pkl", buf_view(b), false, false};
        zip(&outer, &m, 1);
        buf_free(b);
        *b = outer;
    }
    return buf_view(b);
}

static void test_nested(void **state) {
    (void)state;
    buf b = BUF_MAX(1 << 20);
    char packed[PACKED_MAX];
    for (int times = 1; times <= PICKLE_DEPTH_MAX; times++) {
        pickle_report r = scan(in_archives(&b, eval, times), false);
        assert_only(&r, "builtins.eval", PICKLE_DANGEROUS);
    }
    pickle_report r = scan(in_archives(&b, eval, PICKLE_DEPTH_MAX + 1), false);
    assert_problem(&r, "in.pkl: it stands too deep");
    assert_int_equal(r.n, 0);
    r = scan(in_archives(&b, STR("\x80\4K"), 2), false);
    assert_text(r.problem, "in.pkl: in.pkl: at byte 2: it is cut: it ends within a value");
    r = scan(in_archives(&b, gzipped(packed, eval), 2), false);
    assert_only(&r, "builtins.eval", PICKLE_DANGEROUS);
    char twice[PACKED_MAX];
    r = scan(in_archives(&b, gzipped(twice, gzipped(packed, eval)), 1), false);
    assert_problem(&r, "in.pkl: it is compressed within what is");
    buf_free(&b);
}

// ---- reads that fail ------------------------------------------------------------------------

typedef struct failing {
    str bytes;
    int reads; // that go well
} failing;

static bool read_failing(void *arg, uint64_t at, void *p, size_t n, err *e) {
    failing *f = arg;
    if (f->reads-- == 0) return err_set(e, ERR_CORRUPT, "damaged");
    return read_memory(&f->bytes, at, p, n, e);
}

static void test_errors(void **state) {
    (void)state;
    buf archive = BUF_MAX(1 << 20), npy = BUF_MAX(1 << 20);
    char packed[2][PACKED_MAX];
    str files[] = {gzipped(packed[0], eval), zstded(packed[1], eval),
                   in_archives(&archive, eval, 3), array(&npy, "{'descr': 'O'}", 50000)};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        bool ok = false;
        int reads = 0;
        for (; !ok && reads < 100; reads++) {
            failing f = {files[i], reads};
            pickle_report r;
            err e = {0};
            arena_reset(A);
            ok = pickle_scan(read_failing, &f, files[i].n, PICKLE_NAMED, A, &r, &e);
            assert_int_equal(e.code, ok ? ERR_NONE : ERR_CORRUPT);
            if (ok) assert_int_equal(r.verdict, PICKLE_DANGEROUS);
        }
        assert_true(ok && reads > 1);
    }
    buf_free(&archive), buf_free(&npy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_first_bytes),
        cmocka_unit_test(test_packed_cut), cmocka_unit_test(test_packed_flipped),
        cmocka_unit_test(test_both),       cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_numpy),      cmocka_unit_test(test_nested),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_gzip_heads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
