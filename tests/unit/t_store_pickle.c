// SPDX-License-Identifier: Apache-2.0
// What pickles would import: what Python writes by each protocol, names that are hidden in each
// way that an unpickler would still find, archives, and bytes that lie or are cut.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pickle_golden.h"
#include "pickle_help.h"

// ---- what Python writes ---------------------------------------------------------------------

static void test_protocols(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pickle_golden / sizeof *pickle_golden; i++) {
        pickle_report r = scan(pickle_golden[i], false);
        assert_int_equal(r.problem.n, 0);
        assert_int_equal(r.pickles, 1);
        assert_int_equal(r.verdict, PICKLE_DANGEROUS);
        assert_text(r.imports[0].name, "posix.system");
        for (size_t k = 1; k < r.n; k++)
            assert_int_equal(r.imports[k].verdict, PICKLE_HARMLESS);
        assert_text(r.imports[r.n - 1].name, "collections.OrderedDict");
    }
}

// Cut anywhere it is damaged; what it imports before is told all the same.
static void test_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pickle_golden / sizeof *pickle_golden; i++)
        for (size_t n = 1; n < pickle_golden[i].n; n++) {
            pickle_report r = scan(str_upto(pickle_golden[i], n), true);
            assert_problem(&r, "it is cut");
        }
}

static void test_several(void **state) {
    (void)state;
    pickle_report r = scan(STR("cos\nsystem\n.\x80\x02N.cbuiltins\neval\n.\0\0 raw"), true);
    assert_int_equal(r.problem.n, 0);
    assert_int_equal(r.pickles, 3);
    assert_int_equal(r.n, 2);
    assert_text(r.imports[0].name, "builtins.eval");
    // Raw bytes behind the five pickles of PyTorch's old files are not read as pickles.
    r = scan(STR("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.N.N.ctorch\nFloatStorage\n.].cos\nx\n"),
             true);
    assert_int_equal(r.pickles, 5);
    assert_only(&r, "torch.FloatStorage", PICKLE_HARMLESS);
}

static void test_no_pickle(void **state) {
    (void)state;
    str others[] = {STR("GGUF\3\0\0\0"), STR("\0\0\0\0"), STR("plain text\n"), STR("")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        pickle_report r = scan(others[i], false);
        assert_false(r.found);
        assert_int_equal(r.verdict, PICKLE_HARMLESS);
        r = scan(others[i], true);
        assert_problem(&r, "at byte");
    }
    assert_int_equal(pickle_naming_of(STR("a/model.PKL")), PICKLE_NAMED);
    assert_int_equal(pickle_naming_of(STR("pytorch_model.bin")), PICKLE_MAYBE_NAMED);
    assert_int_equal(pickle_naming_of(STR("pkl")), PICKLE_UNNAMED);
}

// ---- hidden names ---------------------------------------------------------------------------

static void test_hidden(void **state) {
    (void)state;
    static const struct {
        str bytes;
        const char *name;
    } cases[] = {
        // other texts were pushed, and dropped, between and behind the names
        {STR_K("\x8c\2os\x8c\5torch0\x8c\6system\x8c\4Size0\x93."), "os.system"},
        {STR_K("\x8c\2os\x8c\6system(\x8c\5torch\x8c\4Size1\x93."), "os.system"},
        // out of the memo, by each way in and out
        {STR_K("\x8c\2os\x94\x8c\6system\x94" "00h\0h\1\x93."), "os.system"},
        {STR_K("\x8c\2osp7\n\x8c\6systemr\x08\0\0\0" "00g7\nj\x08\0\0\0\x93."), "os.system"},
        {STR_K("\x8c\6systemq\0" "0\x8c\2osh\0\x93."), "os.system"},
        // what the memo had was replaced
        {STR_K("\x8c\5torchq\0\x8c\2osq\0" "00h\0\x8c\6system\x93."), "os.system"},
        {STR_K("S'os'\nVsystem\n\x93."), "os.system"},
        {STR_K("U\2osX\6\0\0\0system\x93."), "os.system"},
        {STR_K("\x8d\2\0\0\0\0\0\0\0osT\6\0\0\0system\x93."), "os.system"},
        {STR_K("(ios\nsystem\n."), "os.system"},
        {STR_K("(cos\nsystem\nS'x'\no."), "os.system"},
        {STR_K("c__builtin__\neval\n."), "__builtin__.eval"},
        // a walk through what a harmless module has imported
        {STR_K("ctorch\nos.system\n."), "torch.os.system"},
        {STR_K("ccollections\nOrderedDict.__init__.__globals__\n."),
         "collections.OrderedDict.__init__.__globals__"},
        {STR_K("Vo\\u0073\nVsystem\n\x93."), "(a name that is computed)"},
        {STR_K("S'\\x6fs'\nVsystem\n\x93."), "(a name that is computed)"},
        {STR_K("K\1\x8c\6system\x93."), "(a name that is computed)"},
        {STR_K("V\xe9s\nVsystem\n\x93."), "(a name that is computed)"},
        // numbers as Python reads them
        {STR_K("Np1_0\n0cos\nsystem\n."), "os.system"},
        {STR_K("Np +0\t\n0cos\nsystem\ng-0\n00N."), "os.system"},
        {STR_K("Np0000000000000000000000000000000007\n0cos\nsystem\nh\x07" "0."), "os.system"},
        {STR_K("Np1\0 to C\n0cos\nsystem\n."), "os.system"},
        // a frame that is longer than the file
        {STR_K("\x95\0\0\0\0\0\0\1\0cos\nsystem\n."), "os.system"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pickle_report r = scan(cases[i].bytes, true);
        assert_only(&r, cases[i].name, PICKLE_DANGEROUS);
    }
    pickle_report r = scan(STR("\x82\7."), true);
    assert_only(&r, "copyreg.extension 7", PICKLE_UNKNOWN);
}

static void test_verdicts(void **state) {
    (void)state;
    pickle_report r = scan(STR("ctorch._utils\n_rebuild_tensor_v2\n."), true);
    assert_only(&r, "torch._utils._rebuild_tensor_v2", PICKLE_HARMLESS);
    r = scan(STR("cmine\nModel\n."), true);
    assert_only(&r, "mine.Model", PICKLE_UNKNOWN);
    // Only whole names are known, not their beginnings.
    r = scan(STR("costrich\nSize\n."), true);
    assert_only(&r, "ostrich.Size", PICKLE_UNKNOWN);
    r = scan(STR("ccollections\nOrderedDict.fromkeys\n."), true);
    assert_only(&r, "collections.OrderedDict.fromkeys", PICKLE_UNKNOWN);
    r = scan(STR("cos.path\njoin\n."), true);
    assert_only(&r, "os.path.join", PICKLE_DANGEROUS);
}

// ---- bytes that lie -------------------------------------------------------------------------

static void test_lies(void **state) {
    (void)state;
    static const struct {
        str bytes;
        const char *part;
    } cases[] = {
        {STR_K("\x80\x06N."), "protocol"},
        {STR_K("\x80\x04\xff"), "no opcode"},
        {STR_K("\x80\x04."), "not there"},
        {STR_K("\x80\x04NR."), "not there"},
        {STR_K("\x80\x04N(R."), "not there"},
        {STR_K("\x80\x04t."), "not there"},
        {STR_K("\x80\x04h\1."), "did not keep"},
        {STR_K("\x80\x04Nr\xff\xff\xff\xff."), "too many values for later"},
        {STR_K("\x80\x04Np-1\n."), "no number"},
        {STR_K("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff."), "it is cut"},
        {STR_K("\x80\x04X\xff\xff\xff\xff."), "it is cut"},
        {STR_K("\x80\x04" "c\xff\nx\n."), "no name"},
        {STR_K("\x80\x04" "c\n\n."), "no name"},
        {STR_K("\x80\x04" "c\x1b[2J\nx\n."), "no name"},
        {STR_K("\x80\x04" "cos"), "it is cut"},
        {STR_K("PK\3\4 and no more"), "its end does not hold together"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pickle_report r = scan(cases[i].bytes, true);
        assert_problem(&r, cases[i].part);
    }
}

// Not known to be pickles, and importing nothing that the walk sees: but some unpickler goes on
// where it ends.
static void test_gives_up(void **state) {
    (void)state;
    static const struct {
        str bytes;
        const char *part;
    } cases[] = {
        {STR_K("Np4194304\n0cos\nsystem\n."), "too many values for later"},
        {STR_K("Np99999999999999999999\n0cos\nsystem\n."), "too many values for later"},
        {STR_K("Nr\xff\xff\xff\xff" "0cos\nsystem\n."), "too many values for later"},
        {STR_K("Npx\n0cos\nsystem\n."), "no number"}, // Python 2
        {STR_K("Np-1\n0cos\nsystem\n."), "no number"},
        {STR_K("(20cos\nsystem\n."), "not there"}, // before Python 3.6
        {STR_K("N(Rcos\nsystem\n."), "not there"},
        {STR_K("\x87" "0cos\nsystem\n."), "not there"}, // Python 2
        {STR_K("cthis\nx"), "within a line"}, // without C
        {STR_K("cthis!"), "within a line"},
        {STR_K("cthis\n\n."), "no name"},
        {STR_K("Vthis\nV\n\x93."), "no name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pickle_report r = scan(cases[i].bytes, false);
        assert_problem(&r, cases[i].part);
    }
    // Frames that end elsewhere than a value does: to C the line is "0", the name "system", and
    // what follows the pickle stands behind the frame.
    static const str frames[] = {
        STR_K("\x80\4\x95\3\0\0\0\0\0\0\0Np10\n0N."),
        STR_K("\x95\4\0\0\0\0\0\0\0]\x8c\x0a" "ab0123456789N."),
        STR_K("\x95\6\0\0\0\0\0\0\0N.\xff\xff\xff\xff" "cos\nsystem\n."),
        STR_K("\x95\x0c\0\0\0\0\0\0\0N\x95\5\0\0\0\0\0\0\0NN00N.")};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        pickle_report r = scan(frames[i], false);
        assert_problem(&r, "a frame of it");
    }
    pickle_report nested = scan(STR("\x95\x0d\0\0\0\0\0\0\0N\x95\2\0\0\0\0\0\0\0N0."), true);
    assert_int_equal(nested.problem.n, 0);
    // Without a mark the one in Python imports, and stops only then.
    pickle_report r = scan(STR("ithis\nx\n."), false);
    assert_problem(&r, "not there");
    assert_text(r.imports[0].name, "this.x");
    // There each unpickler stops.
    static const str others[] = {STR_K("Ng1_\ncos\nsystem\n."), STR_K("Rcos\nsystem\n."),
                                 STR_K("c\xff\nx\n."), STR_K("c\n\n."), STR_K("K"),
                                 STR_K("c\n"), STR_K("Np1")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        r = scan(others[i], false);
        assert_false(r.found);
    }
}

// By whatever way it got the name: a module that has it too, or a walk from one above.
static void test_joblib_arrays(void **state) {
    (void)state;
    static const str wrappers[] = {
        STR_K("cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}b\0 raw"),
        STR_K("csklearn.externals.joblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}b\0 raw"),
        STR_K("\x8c\6joblib\x8c\x1enumpy_pickle.NumpyArrayWrapper\x93)\x81}b\0 raw")};
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        pickle_report r = scan(wrappers[i], true);
        assert_problem(&r, "arrays as joblib keeps them");
    }
}

static void test_deep(void **state) {
    (void)state;
    buf f = BUF_MAX(4 << 20);
    for (size_t i = 0; i <= PICKLE_STACK_MAX; i++)
        buf_byte(&f, 'N');
    buf_str(&f, STR("cos\nsystem\n."));
    pickle_report r = scan(buf_view(&f), false);
    assert_problem(&r, "too many values at once");
    buf_free(&f);
}

// ---- tar ------------------------------------------------------------------------------------

static void test_tar(void **state) {
    (void)state;
    static const char *const sums[] = {"00", " ", "0o", "+"};
    for (size_t i = 0; i <= sizeof sums / sizeof *sums; i++) {
        char b[1024] = "cos\nsystem\n."; // a name is anything
        unsigned sum = 8 * ' ';
        b[500] = (char)0x80;
        for (size_t k = 0; k < 512; k++)
            sum += (uint8_t)b[k];
        if (i < sizeof sums / sizeof *sums) {
            snprintf(b + 148, 8, "%s%o", sums[i], sum - 256 * (i == 1)); // with signs, as some have it
        } else {
            b[148] = (char)0x80;
            b[154] = (char)(sum >> 8), b[155] = (char)sum;
        }
        pickle_report r = scan(str_n(b, sizeof b), false);
        assert_problem(&r, "a tar archive");
        assert_text(r.imports[0].name, "os.system");
        b[0] = 0;
        r = scan(str_n(b, sizeof b), false);
        assert_false(r.found);
    }
}

// A file of n bytes that repeats a few.
typedef struct repeated {
    str bytes;
} repeated;

static bool read_repeated(void *arg, uint64_t at, void *p, size_t n, err *e) {
    const repeated *f = arg;
    (void)e;
    size_t have = n < f->bytes.n ? n : f->bytes.n;
    for (size_t i = 0; i < have; i++)
        ((char *)p)[i] = f->bytes.p[(at + i) % f->bytes.n];
    for (size_t more; have < n; have += more) { // `have` is a multiple of the few
        more = n - have < have ? n - have : have;
        memcpy((char *)p + have, p, more);
    }
    return true;
}

static void test_bounds(void **state) {
    (void)state;
    static const struct {
        str bytes;
        const char *part;
    } cases[] = {
        {STR_K("N"), "too many values at once"},
        {STR_K("("), "too many values at once"},
        {STR_K("N\x94" "0"), "too many values for later"},
        {STR_K("N0"), "too much of it would have to be read"},
        // ten thousand jumps over a megabyte each
        {STR_K("B\4\0\x10\0"), "too much of it would have to be read"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        repeated f = {cases[i].bytes};
        pickle_report r;
        err e = {0};
        arena_reset(A);
        assert_true(pickle_scan(read_repeated, &f, (uint64_t)1 << 40, PICKLE_NAMED, A, &r, &e));
        assert_problem(&r, cases[i].part);
        assert_true(arena_used(A) < 1 << 20);
    }
}

static void test_many_names(void **state) {
    (void)state;
    buf f = BUF_MAX(1 << 20);
    for (int i = 0; i < 2 * PICKLE_IMPORTS_MAX; i++)
        buf_printf(&f, "cm%d\nx\n0", i);
    buf_str(&f, STR("N."));
    pickle_report r = scan(buf_view(&f), true);
    assert_problem(&r, "more names");
    assert_int_equal(r.n, PICKLE_IMPORTS_MAX + 1);
    assert_int_equal(r.verdict, PICKLE_DANGEROUS);
    buf_free(&f);
}

static bool read_never(void *arg, uint64_t at, void *p, size_t n, err *e) {
    (void)arg, (void)at, (void)p, (void)n;
    return err_set(e, ERR_CORRUPT, "damaged");
}

static void test_error(void **state) {
    (void)state;
    pickle_report r;
    err e = {0};
    assert_false(pickle_scan(read_never, NULL, 100, PICKLE_NAMED, A, &r, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
}

// ---- archives -------------------------------------------------------------------------------

static void test_archives(void **state) {
    (void)state;
    static const zipped ways[] = {{"m/data.pkl", EVAL, false, false},
                                  {"m/data.pkl", EVAL, true, false},
                                  {"m/data.pkl", EVAL, false, true},
                                  {"m/data.pkl", EVAL, true, true}};
    for (size_t i = 0; i < 4; i++) {
        zipped m[] = {{"m/version", STR_K("3\n"), false, false}, ways[i],
                      {"m/data/0", STR_K("cos\nsystem\n."), false, false}};
        buf b = BUF_MAX(1 << 20);
        pickle_report r = scan(zip(&b, m, 3), false);
        assert_int_equal(r.pickles, 1);
        assert_only(&r, "builtins.eval", PICKLE_DANGEROUS);
        for (size_t n = 4; n < b.n; n++) { // cut anywhere
            r = scan(str_upto(buf_view(&b), n), false);
            assert_true(r.problem.n > 0);
        }
        buf_free(&b);
    }
}

static void test_archive_and_pickle(void **state) {
    (void)state;
    zipped m = {"m/data.pkl", EVAL, false, false};
    buf b = BUF_MAX(1 << 20);
    buf_str(&b, STR("cos\nsystem\n."));
    pickle_report r = scan(zip(&b, &m, 1), false);
    assert_int_equal(r.problem.n, 0);
    assert_int_equal(r.n, 2); // whichever way it is read
    buf_free(&b);
}

// Each byte of an archive flipped: a problem, or what it imports is told all the same (though
// perhaps under another name). But for the four of ".pkl" in the list: then it holds no pickle.
static void test_damaged_archive(void **state) {
    (void)state;
    zipped m[] = {{"m/data.pkl", EVAL, true, true}, {"m/b.pkl", STR_K("N."), false, false}};
    buf b = BUF_MAX(1 << 20);
    size_t n = zip(&b, m, 2).n, clean = 0;
    for (size_t i = 4; i < n; i++) {
        b.p[i] = (char)~b.p[i];
        pickle_report r = scan(buf_view(&b), false);
        clean += r.verdict == PICKLE_HARMLESS;
        b.p[i] = (char)~b.p[i];
    }
    assert_int_equal(clean, strlen(".pkl"));
    buf_free(&b);
}

// Python's zipfile ends a name at a zero byte.
static void test_archive_names(void **state) {
    (void)state;
    zipped m = {"m/data.pkl!x", EVAL, false, false};
    buf b = BUF_MAX(1 << 20);
    zip(&b, &m, 1);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '!') b.p[i] = 0;
    pickle_report r = scan(buf_view(&b), false);
    assert_only(&r, "builtins.eval", PICKLE_DANGEROUS);
    buf_free(&b);
    b = BUF_MAX(1 << 20);
    m = (zipped){"\xff.pkl", STR_K("N"), false, false};
    r = scan(zip(&b, &m, 1), false);
    assert_problem(&r, "no proper name");
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocols),       cmocka_unit_test(test_cut),
        cmocka_unit_test(test_several),         cmocka_unit_test(test_no_pickle),
        cmocka_unit_test(test_hidden),          cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_lies),            cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_many_names),      cmocka_unit_test(test_error),
        cmocka_unit_test(test_archives),        cmocka_unit_test(test_archive_and_pickle),
        cmocka_unit_test(test_damaged_archive), cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_deep),            cmocka_unit_test(test_tar),
        cmocka_unit_test(test_archive_names),   cmocka_unit_test(test_joblib_arrays),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
