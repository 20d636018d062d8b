// SPDX-License-Identifier: Apache-2.0
// Trees of pages: against a plain sorted list as the model, whatever the order of edits; what
// an edit and a difference touch; hostile pages; and golden roots, since tree/1 is frozen.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/vec.h"
#include "store/tree_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define OK(x)                                                                                  \
    do {                                                                                       \
        e = (err){0};                                                                          \
        if (!(x)) fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #x, e.msg);                    \
    } while (0)

// ---- pages in memory ------------------------------------------------------------------------

typedef struct mem {
    arena *a;
    map pages;
    size_t gets, puts, put_bytes; // puts: pages that were new
    tree_pages p;
} mem;

static bool mem_get(void *arg, sha256 page, arena *a, str *bytes, err *e) {
    mem *m = arg;
    str *found = map_get(&m->pages, str_n(page.b, 32));
    m->gets++;
    if (!found) return err_set(e, ERR_NOT_FOUND, "no such page");
    *bytes = arena_str(a, *found);
    return true;
}

static bool mem_put(void *arg, sha256 page, str bytes, err *e) {
    (void)e;
    mem *m = arg;
    bool added;
    void **at = map_at(&m->pages, arena_str(m->a, str_n(page.b, 32)), &added);
    if (!added) return true;
    str *copy = ARENA_NEW(m->a, str);
    *copy = arena_str(m->a, bytes);
    *at = copy;
    m->puts++;
    m->put_bytes += bytes.n;
    return true;
}

static mem *mem_new(void) {
    arena *a = arena_new();
    mem *m = ARENA_NEW(a, mem);
    *m = (mem){.a = a, .pages = map_new(a), .p = {mem_get, mem_put, m}};
    return m;
}

static void mem_free(mem *m) {
    arena_free(m->a);
}

// ---- the model: a sorted list ---------------------------------------------------------------

typedef struct model {
    tree_file f[6000];
    size_t n;
} model;

static uint64_t seed;
static uint32_t rnd(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static tree_file some_file(arena *a, str path) {
    uint32_t v = rnd(1u << 30);
    return (tree_file){arena_str(a, path), v, sha256_of(&v, sizeof v), v & 1};
}

static size_t model_find(const model *m, str path, bool *there) {
    size_t lo = 0, hi = m->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (tree_order(m->f[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *there = lo < m->n && str_eq(m->f[lo].path, path);
    return lo;
}

static void model_set(model *m, const tree_file *f) {
    bool there;
    size_t at = model_find(m, f->path, &there);
    if (!there) {
        memmove(&m->f[at + 1], &m->f[at], (m->n - at) * sizeof m->f[0]);
        m->n++;
    }
    m->f[at] = *f;
}

static void model_remove(model *m, str path) {
    bool there;
    size_t at = model_find(m, path, &there);
    if (!there) return;
    memmove(&m->f[at], &m->f[at + 1], (m->n - at - 1) * sizeof m->f[0]);
    m->n--;
}

static sha256 model_write(const model *m, mem *to) {
    err e;
    sha256 root;
    tree_write *w = tree_write_new(&to->p);
    for (size_t i = 0; i < m->n; i++)
        OK(tree_write_add(w, &m->f[i], &e));
    OK(tree_write_end(w, &root, &e));
    return root;
}

static bool file_eq(const tree_file *a, const tree_file *b) {
    return str_eq(a->path, b->path) && a->size == b->size && a->executable == b->executable &&
           sha256_eq(a->digest, b->digest);
}

static void assert_reads(const model *m, mem *from, sha256 root) {
    err e = {0};
    tree_file f;
    size_t n = 0;
    tree_reader *r = tree_reader_new(&from->p, root);
    while (tree_next(r, &f, &e)) {
        assert_true(n < m->n && file_eq(&f, &m->f[n]));
        n++;
    }
    assert_int_equal(e.code, ERR_NONE);
    assert_int_equal(n, m->n);
    tree_reader_free(r);
}

static str some_path(arena *a) {
    static const char *const folders[] = {"", "a/", "a/b/", "a-b/", "z/y/x/", "weights/"};
    return arena_printf(a, "%s%s%u", folders[rnd(6)], rnd(3) ? "file-" : "\xc3\xa4", rnd(3000));
}

// ---- tests ----------------------------------------------------------------------------------

static void any_order_of_edits_gives_one_root(void **state) {
    (void)state;
    err e;
    seed = 1;
    mem *m = mem_new();
    model *is = calloc(1, sizeof *is);
    sha256 root = model_write(is, m);
    for (int round = 0; round < 400; round++) {
        arena *a = m->a;
        model *changed = calloc(1, sizeof *changed);
        tree_change c[80];
        size_t n = rnd(round % 7 ? 6 : 80);
        for (size_t i = 0; i < n; i++) {
            tree_file f =
                rnd(4) || !is->n ? some_file(a, some_path(a)) : is->f[rnd((uint32_t)is->n)];
            model_set(changed, &f);
        }
        for (size_t i = 0; i < changed->n; i++) {
            c[i] = (tree_change){.file = changed->f[i], .removed = !rnd(3)};
            if (c[i].removed)
                model_remove(is, c[i].file.path);
            else
                model_set(is, &c[i].file);
        }
        OK(tree_edit(&m->p, root, c, changed->n, &root, &e));
        sha256 anew = model_write(is, m);
        assert_true(sha256_eq(root, anew));
        free(changed);
    }
    assert_reads(is, m, root);
    assert_true(is->n > 1000);
    free(is);
    mem_free(m);
}

static model *numbered(mem *m, size_t n) {
    model *is = calloc(1, sizeof *is);
    for (size_t i = 0; i < n; i++) {
        tree_file f = some_file(m->a, arena_printf(m->a, "d%02zu/f%05zu", i / 97, i));
        model_set(is, &f);
    }
    return is;
}

static void an_edit_touches_little(void **state) {
    (void)state;
    err e;
    seed = 2;
    mem *m = mem_new();
    model *is = numbered(m, 5000);
    sha256 root = model_write(is, m), to;
    size_t all = m->puts;
    assert_true(all > 15);
    tree_change c = {.file = is->f[2500]};
    c.file.size++;
    m->gets = m->puts = 0;
    OK(tree_edit(&m->p, root, &c, 1, &to, &e));
    assert_true(m->puts >= 2 && m->puts <= 4);
    assert_true(m->gets <= 8);
    m->puts = 0;
    OK(tree_edit(&m->p, to, &(tree_change){.file = is->f[2500]}, 1, &to, &e));
    assert_true(sha256_eq(to, root)); // and back
    assert_int_equal(m->puts, 0);
    free(is);
    mem_free(m);
}

typedef struct seen {
    arena *a; // of the paths that are kept
    model *was;
    size_t n;
} seen;

static bool apply(void *arg, const tree_file *was, const tree_file *is, err *e) {
    (void)e;
    seen *s = arg;
    s->n++;
    bool there;
    size_t at = model_find(s->was, was ? was->path : is->path, &there);
    assert_int_equal(there, was != NULL);
    if (was) assert_true(file_eq(was, &s->was->f[at]));
    if (!is) {
        model_remove(s->was, was->path);
        return true;
    }
    tree_file kept = *is;
    kept.path = arena_str(s->a, is->path);
    model_set(s->was, &kept);
    return true;
}

static void a_difference_is_what_changed(void **state) {
    (void)state;
    err e;
    seed = 3;
    mem *m = mem_new();
    for (int round = 0; round < 60; round++) {
        model *from = numbered(m, rnd(4000)), *to = calloc(1, sizeof *to);
        memcpy(to, from, sizeof *to);
        for (uint32_t i = rnd(30); i; i--) {
            tree_file f = some_file(m->a, some_path(m->a));
            model_set(to, &f);
            if (to->n) model_remove(to, to->f[rnd((uint32_t)to->n)].path);
        }
        sha256 a = model_write(from, m), b = model_write(to, m);
        seen s = {.a = m->a, .was = from};
        m->gets = 0;
        OK(tree_diff(&m->p, a, b, apply, &s, &e));
        assert_true(s.n <= 60);
        assert_int_equal(from->n, to->n);
        assert_true(sha256_eq(model_write(from, m), b));
        free(from);
        free(to);
    }
    mem_free(m);
}

static void a_difference_reads_what_differs(void **state) {
    (void)state;
    err e;
    seed = 4;
    mem *m = mem_new();
    model *is = numbered(m, 5000);
    sha256 root = model_write(is, m), to;
    tree_change c = {.file = is->f[1234], .removed = true};
    OK(tree_edit(&m->p, root, &c, 1, &to, &e));
    seen s = {.a = m->a, .was = is};
    m->gets = 0;
    OK(tree_diff(&m->p, root, to, apply, &s, &e));
    assert_int_equal(s.n, 1);
    assert_true(m->gets <= 10);
    free(is);
    mem_free(m);
}

static void folders_are_listed_and_measured(void **state) {
    (void)state;
    err e;
    seed = 5;
    mem *m = mem_new();
    model *is = calloc(1, sizeof *is);
    for (int i = 0; i < 2500; i++) {
        tree_file f = some_file(m->a, some_path(m->a));
        model_set(is, &f);
    }
    tree_sum all = {0}, in_a = {0};
    for (size_t i = 0; i < is->n; i++) {
        tree_sum *const sums[] = {&all, tree_is_in(is->f[i].path, STR("a")) ? &in_a : NULL};
        for (int k = 0; k < 2 && sums[k]; k++) {
            sums[k]->files++;
            sums[k]->bytes += is->f[i].size;
        }
    }
    sha256 root = model_write(is, m);
    tree_reader *r = tree_reader_new(&m->p, root);
    tree_sum sum;
    tree_child c;
    OK(tree_measure(r, STR(""), &sum, &e));
    assert_memory_equal(&sum, &all, sizeof sum);
    OK(tree_measure(r, STR("a"), &sum, &e));
    assert_memory_equal(&sum, &in_a, sizeof sum);
    OK(tree_measure(r, STR("nowhere"), &sum, &e));
    assert_int_equal(sum.files + sum.bytes, 0);

    tree_sum listed = {0};
    size_t folders = 0;
    OK(tree_seek(r, STR(""), &e));
    m->gets = 0;
    while (tree_next_child(r, STR(""), &c, &e)) {
        listed.files += c.sum.files;
        listed.bytes += c.sum.bytes;
        folders += c.is_folder;
        if (str_is(c.file.path, "a")) assert_memory_equal(&c.sum, &in_a, sizeof in_a);
    }
    assert_int_equal(e.code, ERR_NONE);
    assert_int_equal(folders, 4); // a, a-b, weights, z
    assert_memory_equal(&listed, &all, sizeof all);
    OK(tree_seek(r, STR("z"), &e));
    assert_true(tree_next_child(r, STR("z"), &c, &e) && c.is_folder);
    assert_true(str_is(c.file.path, "z/y"));
    assert_false(tree_next_child(r, STR("z"), &c, &e));
    OK(tree_seek(r, is->f[700].path, &e));
    tree_file f;
    assert_true(tree_next(r, &f, &e) && file_eq(&f, &is->f[700]));
    tree_reader_free(r);
    free(is);
    mem_free(m);
}

static err add_after(const char *first, str path) {
    mem *m = mem_new();
    err e = {0};
    tree_write *w = tree_write_new(&m->p);
    tree_file f = {.path = str_of(first)};
    if (first && !tree_write_add(w, &f, &e)) fail_msg("%s", e.msg);
    f.path = path;
    assert_false(tree_write_add(w, &f, &e));
    tree_write_free(w);
    mem_free(m);
    return e;
}

static void bad_paths_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",   "/a",   "a/",   "a//b",  ".",        "a/./b",
                                      "..", "a/..", "a\nb", "a\x7f", "\xff\xfe", "../../etc"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(add_after(NULL, str_of(bad[i])).code, ERR_INVALID);
    char name[300];
    memset(name, 'x', sizeof name);
    assert_int_equal(add_after(NULL, str_n(name, 256)).code, ERR_INVALID);
    assert_int_equal(add_after(NULL, str_n("a\0b", 3)).code, ERR_INVALID);
    assert_int_equal(add_after("b", STR("a")).code, ERR_INVALID);
    assert_int_equal(add_after("b", STR("b")).code, ERR_INVALID);
    assert_int_equal(add_after("b", STR("b/c")).code, ERR_INVALID); // a file and a folder
}

// An edit that makes a folder of a file's name is refused wherever the pages end.
static void no_edit_makes_a_file_a_folder(void **state) {
    (void)state;
    seed = 6;
    mem *m = mem_new();
    model *is = numbered(m, 3000);
    sha256 root = model_write(is, m), to;
    for (int d = 0; d < 31; d++) {
        err e = {0};
        tree_change c = {.file = {.path = arena_printf(m->a, "d%02d", d)}};
        assert_false(tree_edit(&m->p, root, &c, 1, &to, &e));
        assert_int_equal(e.code, ERR_INVALID);
    }
    for (int i = 0; i < 200; i++) {
        err e = {0};
        tree_change c = {
            .file = {.path = arena_printf(m->a, "%.*s/x", STR_F(is->f[rnd(3000)].path))}};
        assert_false(tree_edit(&m->p, root, &c, 1, &to, &e));
        assert_int_equal(e.code, ERR_INVALID);
    }
    free(is);
    mem_free(m);
}

// Paths whose hash would end a page at every level must not make a tower.
static void chosen_paths_make_no_tower(void **state) {
    (void)state;
    err e;
    mem *m = mem_new();
    arena *a = arena_new();
    tree_write *w = tree_write_new(&m->p);
    sha256 root;
    size_t n = 0;
    for (uint32_t i = 0; n < 600; i++) {
        str path = arena_printf(a, "p%09u", i);
        if (!tree_ends_page(0, path, 2, 0) || (n % 2 && !tree_ends_page(1, path, 2, 0)))
            continue;
        n++;
        OK(tree_write_add(w, &(tree_file){.path = path}, &e));
    }
    OK(tree_write_end(w, &root, &e));
    tree_page page;
    OK(tree_page_get(&m->p, root, a, &page, &e));
    assert_true(page.level <= 10);
    arena_free(a);
    mem_free(m);
}

// ---- hostile pages --------------------------------------------------------------------------

static str leaf_bytes(mem *m) {
    model *is = numbered(m, 40);
    model_write(is, m);
    free(is);
    for (size_t i = 0; i < m->pages.n; i++) {
        str *s = m->pages.entries[i].value;
        if (s->p[8] == 0) return *s;
    }
    fail();
    return (str){0};
}

static void damaged_pages_are_noticed(void **state) {
    (void)state;
    seed = 7;
    mem *m = mem_new();
    arena *a = arena_new();
    str page = leaf_bytes(m);
    tree_page out;
    err e;
    OK(tree_page_read(page, a, &out, &e));
    for (size_t n = 0; n < page.n; n++)
        assert_false(tree_page_read(str_n(page.p, n), a, &out, &e));
    char *copy = arena_bytes(a, page.n + 1);
    memcpy(copy, page.p, page.n);
    copy[page.n] = 0;
    assert_false(tree_page_read(str_n(copy, page.n + 1), a, &out, &e));
    for (size_t bit = 0; bit < page.n * 8;
         bit++) { // no crash; what it says is checked by digest
        copy[bit / 8] ^= (char)(1 << (bit % 8));
        tree_page_read(str_n(copy, page.n), a, &out, &e);
        copy[bit / 8] ^= (char)(1 << (bit % 8));
        if (bit % 1000 == 0)
            arena_reset(a), copy = memcpy(arena_bytes(a, page.n + 1), page.p, page.n);
    }
    arena_free(a);
    mem_free(m);
}

static bool get_other(void *arg, sha256 page, arena *a, str *bytes, err *e) {
    if (!mem_get(arg, page, a, bytes, e)) return false;
    char *p = arena_bytes(a, bytes->n);
    memcpy(p, bytes->p, bytes->n);
    p[bytes->n - 1] ^= 1;
    bytes->p = p;
    return true;
}

static void wrong_bytes_are_never_read(void **state) {
    (void)state;
    seed = 8;
    mem *m = mem_new();
    model *is = numbered(m, 1000);
    sha256 root = model_write(is, m);
    m->p.get = get_other;
    tree_reader *r = tree_reader_new(&m->p, root);
    tree_file f;
    err e = {0};
    assert_false(tree_next(r, &f, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    tree_reader_free(r);
    free(is);
    mem_free(m);
}

// The same files, split elsewhere: another root, so such pages are no tree.
static void another_split_is_refused(void **state) {
    (void)state;
    err e = {0};
    mem *m = mem_new();
    buf page = BUF_MAX(TREE_PAGE_MAX);
    tree_item up[2];
    sha256 root;
    for (int i = 0; i < 2; i++) {
        tree_item f = {i ? STR("b") : STR("a"), sha256_of("", 0), {1, 0}, false};
        tree_page_begin(&page, 0);
        tree_page_add(&page, 0, (str){0}, &f);
        tree_page_finish(&page, 1);
        up[i] = (tree_item){f.path, sha256_of(page.p, page.n), {1, 0}, false};
        OK(mem_put(m, up[i].digest, buf_view(&page), &e));
    }
    tree_page_begin(&page, 1);
    tree_page_add(&page, 1, (str){0}, &up[0]);
    tree_page_add(&page, 1, up[0].path, &up[1]);
    tree_page_finish(&page, 2);
    root = sha256_of(page.p, page.n);
    OK(mem_put(m, root, buf_view(&page), &e));
    tree_reader *r = tree_reader_new(&m->p, root);
    tree_file f;
    e = (err){0};
    assert_false(tree_next(r, &f, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    tree_reader_free(r);
    buf_free(&page);
    mem_free(m);
}

// ---- frozen ---------------------------------------------------------------------------------

static void golden(const model *is, const char *hex) {
    mem *m = mem_new();
    char got[SHA256_HEX];
    sha256_hex(model_write(is, m), got);
    assert_string_equal(got, hex);
    mem_free(m);
}

static void roots_are_frozen(void **state) {
    (void)state;
    arena *a = arena_new();
    model *is = calloc(1, sizeof *is);
    golden(is, "6608496396772b1286bd4b8221787bcc3bf84be980c2d97ec5a1ad08ed69e9a0");
    is->f[is->n++] = (tree_file){STR("README.md"), 3, sha256_of("abc", 3), false};
    golden(is, "b558e7c571dd1e60fcebb3ce2b269718f400c28c38e4d8152c88caa9e4f4fdef");
    is->n = 0;
    for (size_t i = 0; i < 3000; i++)
        is->f[is->n++] = (tree_file){arena_printf(a, "shard/%05zu.bin", i), i * i,
                                     sha256_of(&(uint8_t){(uint8_t)i}, 1), i % 3 == 0};
    golden(is, "911cb977b68ef1ec081407ba6105628e1996f4f4a06e1a298875eebf268f4ca1");
    free(is);
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_edits_gives_one_root),
        cmocka_unit_test(an_edit_touches_little),
        cmocka_unit_test(a_difference_is_what_changed),
        cmocka_unit_test(a_difference_reads_what_differs),
        cmocka_unit_test(folders_are_listed_and_measured),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(no_edit_makes_a_file_a_folder),
        cmocka_unit_test(chosen_paths_make_no_tower),
        cmocka_unit_test(damaged_pages_are_noticed),
        cmocka_unit_test(wrong_bytes_are_never_read),
        cmocka_unit_test(another_split_is_refused),
        cmocka_unit_test(roots_are_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
