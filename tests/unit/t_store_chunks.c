// SPDX-License-Identifier: Apache-2.0
// Large objects out of chunks: where files are cut, the format of recipes, objects put and read by
// ranges, chunks that several share beside gc, damage that is found, named and mended.
#include "store_help.h"

#include "store/cut.h"

#define MIB ((size_t)1 << 20)

// ---- cuts -----------------------------------------------------------------------------------

static size_t cut_all(cutter c, const char *p, size_t n, store_chunk_ref *out) {
    size_t k = 0;
    for (size_t at = 0, some; (some = cut_next(&c, p + at, n - at)); at += some) {
        assert_true(some <= CUT_MAX);
        out[k++] = (store_chunk_ref){sha256_of(p + at, some), some};
    }
    return k;
}

static size_t in_common(const store_chunk_ref *a, size_t n, const store_chunk_ref *b, size_t m) {
    size_t same = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            if (sha256_eq(a[i].digest, b[k].digest)) {
                same++;
                break;
            }
    return same;
}

static void by_content(void **state) {
    (void)state;
    enum { MOST = 200 };
    store_chunk_ref a[MOST], b[MOST];
    size_t n = 40 * MIB, sum = 0;
    char *p = fix_bytes(7, n + 100);
    size_t k = cut_all((cutter){0}, p, n, a);
    assert_in_range(k, 20, 80);
    for (size_t i = 0; i < k; i++) {
        sum += a[i].size;
        assert_true(i + 1 == k || a[i].size >= CUT_MIN);
    }
    assert_int_equal(sum, n);
    // For ever: the cuts of these bytes, of which others were made elsewhere.
    assert_int_equal(a[0].size, 1113318);
    p[n / 2] ^= 1;
    assert_in_range(in_common(a, k, b, cut_all((cutter){0}, p, n, b)), k - 2, k - 1);
    p[n / 2] ^= 1;
    memmove(p + n / 3 + 17, p + n / 3, n - n / 3); // 17 bytes more inside
    assert_in_range(in_common(a, k, b, cut_all((cutter){0}, p, n + 17, b)), k - 4, k);
    memset(p, 0, n);
    assert_int_equal(cut_all((cutter){0}, p, n, a), n / CUT_MAX); // no place is better
    cutter c = {0};
    assert_int_equal(cut_next(&c, p, 0), 0);
    assert_int_equal(cut_next(&c, p, 1), 1);
    free(p);
}

static void by_bounds(void **state) {
    (void)state;
    arena *a = arena_new();
    store_chunk_ref x[64], y[64];
    size_t n = 9 * MIB;
    char *p = fix_bytes(1, n), *q = fix_bytes(2, n);
    cut_stretch s[] = {{1000, 3 * MIB + 5}, {1000 + 3 * MIB + 16, 100}, {4 * MIB, 2 * MIB}};
    cutter c;
    assert_true(cut_bounds(a, 1000, s, 3, n, &c));
    size_t k = cut_all(c, p, n, x);
    // Header; 3 MiB, whose last chunk has 16 bytes more; 100 bytes; what lies behind them; two
    // of a MiB; what lies behind all, as if it were a tensor.
    const size_t want[] = {1000, MIB, MIB, MIB + 16, 100, MIB - 1116, MIB, MIB, MIB, MIB, MIB};
    assert_int_equal(k, sizeof want / sizeof *want);
    for (size_t i = 0; i < k; i++)
        assert_int_equal(x[i].size, want[i]);
    // An equal tensor somewhere else is the same chunks.
    memcpy(q + 5 * MIB + 3, p + 4 * MIB, 2 * MIB);
    cut_stretch t[] = {{77, 5 * MIB - 74}, {5 * MIB + 3, 2 * MIB}};
    assert_true(cut_bounds(a, 77, t, 2, n, &c));
    assert_int_equal(in_common(x, k, y, cut_all(c, q, n, y)), 2);
    // Small ones go together, 256 KiB at most.
    cut_stretch small[100];
    for (size_t i = 0; i < 100; i++)
        small[i] = (cut_stretch){8 + i * 10000, 10000};
    assert_true(cut_bounds(a, 8, small, 100, 8 + 1000000, &c));
    k = cut_all(c, p, 8 + 1000000, x);
    assert_int_equal(k, 5);
    assert_int_equal(x[1].size, 260000);
    // What does not hold together.
    cut_stretch over[] = {{10, 20}, {29, 5}}, beyond[] = {{10, UINT64_MAX}}, before[] = {{5, 1}};
    assert_false(cut_bounds(a, 10, over, 2, n, &c));
    assert_false(cut_bounds(a, 10, beyond, 1, n, &c));
    assert_false(cut_bounds(a, 10, before, 1, n, &c));
    assert_false(cut_bounds(a, n + 1, s, 3, n, &c));
    assert_false(cut_bounds(a, 10, s, 0, n, &c));
    free(p);
    free(q);
    arena_free(a);
}

// ---- the format -----------------------------------------------------------------------------

static void pages(void **state) {
    (void)state;
    static store_recipe_page p, out;
    static char b[STORE_RECIPE_PAGE];
    p.n = 2;
    p.items[0] = (store_chunk_ref){sha256_of("abc", 3), 3};
    p.items[1] = (store_chunk_ref){sha256_of("", 0), STORE_PACKED};
    size_t n = store_recipe_put(b, &p);
    assert_int_equal(n, 96);
    assert_memory_equal(b, "stmrecp1\0\0\0\0\2\0\0\0\xba\x78\x16\xbf", 20);
    assert_memory_equal(b + 48, "\3\0\0\0\0\0\0\0\xe3\xb0\xc4\x42", 12);
    assert_memory_equal(b + 88, "\0\0\x40\0\0\0\0\0", 8);
    assert_true(store_recipe_get(str_n(b, n), &out));
    assert_int_equal(out.total, STORE_PACKED + 3);
    assert_true(sha256_eq(out.items[1].digest, p.items[1].digest));
    for (size_t k = 0; k < n; k++)
        assert_false(store_recipe_get(str_n(b, k), &out));
    b[88] = 1; // a chunk that is too long
    assert_false(store_recipe_get(str_n(b, n), &out));
    b[8] = 1; // but not above the chunks
    assert_true(store_recipe_get(str_n(b, n), &out));
    b[95] = 1;
    assert_false(store_recipe_get(str_n(b, n), &out));
    memset(b + 88, 0, 8); // and none of nothing
    assert_false(store_recipe_get(str_n(b, n), &out));
}

// ---- objects --------------------------------------------------------------------------------

// The chunks of n bytes that are not there yet are put; how many those were.
static size_t put_chunks(store *s, const char *p, const store_chunk_ref *c, size_t n) {
    err e;
    size_t fresh = 0;
    store_stream *t = store_stream_new(s);
    for (size_t i = 0; i < n; p += c[i++].size) {
        int64_t size;
        OK(store_find_many(s, &c[i].digest, 1, &size, &e));
        if (size >= 0) continue;
        OK(store_stream_add(t, c[i].digest, p, c[i].size, &e));
        fresh++;
    }
    OK(store_stream_end(t, &e));
    return fresh;
}

static bool make(store *s, sha256 d, const store_chunk_ref *c, size_t n, err *e) {
    store_recipe *r = store_recipe_new(s);
    for (size_t i = 0; i < n; i++)
        if (!store_recipe_add(r, c[i], e)) {
            store_recipe_abort(r);
            return false;
        }
    return store_recipe_end(r, d, e);
}

#define SIZE (14 * MIB + 77)

static size_t put_made(store *s, const char *p, size_t n, sha256 *d) {
    err e;
    store_chunk_ref c[64];
    size_t k = cut_all((cutter){0}, p, n, c), fresh = put_chunks(s, p, c, k);
    *d = sha256_of(p, n);
    OK(make(s, *d, c, k, &e));
    return fresh;
}

static void expect(store *s, sha256 d, const char *want, size_t n) {
    err e;
    store_object *o;
    uint64_t base;
    OK(o = store_get(s, d, &e));
    assert_int_equal(store_object_size(o), n);
    assert_int_equal(store_object_fd(o, &base), -1);
    char *got = mem_alloc(n + 1);
    OK(store_object_read(o, 0, got, n + 1, &e) == (ssize_t)n);
    assert_memory_equal(want, got, n);
    for (size_t i = 0; i < 50; i++) { // ranges, forth and back
        size_t at = i * 7919 * 131 % n, some = i * 104729 % (3 * MIB);
        if (some > n - at) some = n - at;
        OK(store_object_check(o, at, some, &e));
        OK(store_object_read(o, at, got, some, &e) == (ssize_t)some);
        assert_memory_equal(want + at, got, some);
    }
    OK(store_object_read(o, n, got, 10, &e) == 0);
    free(got);
    store_object_close(o);
}

static void in_and_out(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(3, SIZE), *q = fix_bytes(3, SIZE);
    sha256 d, d2, same;
    size_t all = put_made(f.s, p, SIZE, &d);
    expect(f.s, d, p, SIZE);
    memcpy(q + 5 * MIB, "another", 7);
    assert_in_range(put_made(f.s, q, SIZE, &d2), 1, 2); // one chunk, perhaps its neighbour
    assert_true(all > 8);
    expect(f.s, d2, q, SIZE);
    assert_int_equal(put_made(f.s, p, SIZE, &same), 0); // again
    // A whole file of the same bytes is there already.
    OK(store_put(f.s, p, SIZE, &same, &e));
    assert_true(sha256_eq(same, d));
    assert_int_equal(fix_files(&f, "objects"), 0);
    store_close(f.s);
    f.s = fix_store(&f, f.db, NULL);
    expect(f.s, d, p, SIZE);
    store_report r = fix_check(f.s, false, NULL);
    assert_in_range(r.bytes, SIZE, SIZE + 3 * MIB); // stored once
    assert_int_equal(r.orphan_files, 0);
    fix_check(f.s, true, NULL);
    free(p);
    free(q);
    fix_close(&f);
}

static void what_is_shared_is_known_unread(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(3, SIZE), *q = fix_bytes(3, SIZE);
    sha256 d, d2;
    memset(q + 5 * MIB, 7, 10);
    put_made(f.s, p, SIZE, &d);
    put_made(f.s, q, SIZE, &d2);
    store_object *a, *b;
    OK(a = store_get(f.s, d, &e));
    OK(b = store_get(f.s, d2, &e));
    uint64_t known = store_object_same(a, 0, b, 0, SIZE);
    assert_in_range(known, MIB / 2, 5 * MIB); // up to the chunk with the change
    assert_int_equal(store_object_same(a, 100, b, 100, 1000), 1000);
    assert_int_equal(store_object_same(a, 100, b, 101, 1000), 0);
    assert_int_equal(store_object_same(a, 5 * MIB, b, 5 * MIB, 10), 0);
    assert_int_equal(store_object_same(a, SIZE - 10, b, SIZE - 10, 1000), 10);
    assert_int_equal(store_object_same(a, 0, a, 0, SIZE + 1), SIZE);
    store_object_close(a);
    store_object_close(b);
    free(p);
    free(q);
    fix_close(&f);
}

static void refused(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(4, 6 * MIB);
    store_chunk_ref c[64], other = {sha256_of("x", 1), 1};
    size_t k = cut_all((cutter){0}, p, 6 * MIB, c);
    sha256 d = sha256_of(p, 6 * MIB);
    assert_false(make(f.s, d, c, k, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    put_chunks(f.s, p, c, k);
    assert_false(make(f.s, other.digest, c, k, &e)); // they are something else
    assert_int_equal(e.code, ERR_INVALID);
    assert_false(fix_there(f.s, other.digest));
    c[0].size++;
    assert_false(make(f.s, d, c, k, &e));
    assert_int_equal(e.code, ERR_INVALID);
    c[0].size = 0;
    assert_false(make(f.s, d, c, k, &e));
    c[0].size = STORE_PACKED + 1;
    assert_false(make(f.s, d, c, k, &e));
    assert_false(make(f.s, d, c, 0, &e));
    c[0].size = 0;
    put_chunks(f.s, "x", &other, 1);
    assert_false(make(f.s, other.digest, &other, 1, &e)); // too small to be made of chunks
    assert_int_equal(e.code, ERR_INVALID);
    assert_false(fix_there(f.s, d));
    free(p);
    fix_close(&f);
}

// Many small chunks: a recipe of several levels. Its pages around a change are new, and no others.
static void high_recipes(void **state) {
    (void)state;
    fix f;
    err e;
    enum { N = 2500, EACH = 2048 };
    fix_open(&f, NULL);
    char *p = fix_bytes(5, N * EACH);
    store_chunk_ref *c = mem_alloc(N * sizeof *c);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < N; i++)
            c[i] = (store_chunk_ref){sha256_of(p + i * EACH, EACH), EACH};
        store_stream *t = store_stream_new(f.s);
        for (size_t i = round * 777; i < (round ? 778 : N); i++)
            OK(store_stream_add(t, c[i].digest, p + i * EACH, EACH, &e));
        OK(store_stream_end(t, &e));
        int64_t before = METRIC_GET(objects_written_total);
        sha256 d = sha256_of(p, N * EACH);
        OK(make(f.s, d, c, N, &e));
        assert_in_range(METRIC_GET(objects_written_total) - before, round ? 2 : 6, round ? 4 : 30);
        expect(f.s, d, p, N * EACH);
        p[777 * EACH + 5] ^= 4;
    }
    free(c);
    free(p);
    fix_close(&f);
}

// ---- gc -------------------------------------------------------------------------------------

struct used {
    sha256 keep[4];
    size_t n;
};

static bool is_used(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    struct used *u = arg;
    (void)tx, (void)e;
    *yes = false;
    for (size_t i = 0; i < u->n; i++)
        *yes |= sha256_eq(u->keep[i], digest);
    return true;
}

static void gc_keeps_what_is_shared(void **state) {
    (void)state;
    fix f;
    err e;
    store_freed r;
    fix_open(&f, NULL);
    f.s->lease = f.s->quiet = f.s->grace = -1000000;
    char *p = fix_bytes(6, SIZE), *q = fix_bytes(6, SIZE);
    memset(q + MIB, 1, 5 * MIB);
    sha256 d, d2;
    put_made(f.s, p, SIZE, &d);
    put_made(f.s, q, SIZE, &d2);
    struct used u = {{d2}, 1};
    uint64_t before = fix_check(f.s, false, NULL).bytes, removed = 0;
    for (int i = 0; i < 4; i++) { // a level each
        OK(store_gc(f.s, is_used, &u, 0, false, &r, &e));
        removed += r.removed_bytes;
        expect(f.s, d2, q, SIZE);
        assert_false(fix_there(f.s, d));
    }
    assert_true(removed > 4 * MIB);
    assert_int_equal(fix_check(f.s, true, NULL).bytes, before - removed);
    u.n = 0;
    int runs = 0, waits = 0; // one hold for all: the object, its recipe of two levels, its chunks
    for (; fix_check(f.s, false, NULL).objects; runs++) {
        OK(store_gc(f.s, is_used, &u, 1, false, &r, &e));
        waits += r.waiting > 0;
    }
    assert_true(runs <= 5 && waits == 1);
    assert_int_equal(fix_files(&f, "packs"), 1); // the one that is open
    free(p);
    free(q);
    fix_close(&f);
}

static uint64_t disk_bytes;
static int add_size(const char *path, const struct stat *st, int type, struct FTW *w) {
    (void)path, (void)w;
    disk_bytes += type == FTW_F ? (uint64_t)st->st_size : 0;
    return 0;
}

static uint64_t fix_disk(const fix *f) {
    disk_bytes = 0;
    nftw(f->dir, add_size, 16, FTW_PHYS);
    return disk_bytes;
}

// Packs with chunks are written anew, a few MiB in memory at a time.
static void packs_are_emptied(void **state) {
    (void)state;
    fix f;
    err e;
    store_freed r;
    fix_open(&f, NULL);
    f.s->lease = -1000000;
    char *p = fix_bytes(8, SIZE), *q = fix_bytes(9, 3 * SIZE);
    memcpy(q + SIZE, p, SIZE); // two thirds of its packs die
    sha256 d, d2;
    put_made(f.s, q, 3 * SIZE, &d2);
    put_made(f.s, p, SIZE, &d);
    store_close(f.s); // and so is no pack in use
    f.s = fix_store(&f, f.db, NULL);
    f.s->lease = f.s->quiet = f.s->grace = -1000000;
    struct used u = {{d}, 1};
    for (int i = 0; i < 5; i++)
        OK(store_gc(f.s, is_used, &u, 0, false, &r, &e));
    expect(f.s, d, p, SIZE);
    assert_in_range(fix_check(f.s, true, NULL).bytes, SIZE, SIZE + MIB);
    assert_in_range(fix_disk(&f), SIZE, SIZE + 2 * MIB);
    free(p);
    free(q);
    fix_close(&f);
}

// ---- damage ---------------------------------------------------------------------------------

static void flip(fix *f, sha256 d) {
    store_row row = fix_row(f->s, d);
    char path[300], b = 0;
    fix_path(f, &row, path);
    off_t at = (off_t)(row.where.start + STORE_RECORD + row.size / 2);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && pread(fd, &b, 1, at) == 1);
    b ^= 16;
    assert_int_equal(pwrite(fd, &b, 1, at), 1);
    close(fd);
}

static bool names(const fix_found *found, sha256 d) {
    for (size_t i = 0; i < found->n; i++)
        if (sha256_eq(found->bad[i], d)) return true;
    return false;
}

static void damage_is_named_and_mended(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(10, SIZE), *got = mem_alloc(SIZE);
    store_chunk_ref c[64];
    sha256 d, root;
    bool found;
    put_made(f.s, p, SIZE, &d);
    size_t k = cut_all((cutter){0}, p, SIZE, c);
    OK(store_recipe_root(f.s, d, &root, &found, &e));
    assert_true(found);
    sha256 hurt[] = {c[k / 2].digest, root};
    for (int round = 0; round < 4; round++) {
        sha256 bad = hurt[round % 2];
        flip(&f, bad);
        store_object *o = store_get(f.s, d, &e); // never served
        assert_true(!o || store_object_read(o, 0, got, SIZE, &e) < 0);
        assert_int_equal(e.code, ERR_CORRUPT);
        store_object_close(o);
        for (int again = 0; again < 2; again++) {
            fix_found all = {0};
            store_report r = fix_check(f.s, round > 1, &all);
            assert_int_equal(r.bad, 2);
            assert_true(names(&all, bad) && names(&all, d));
        }
        int64_t size;
        OK(store_find_many(f.s, &d, 1, &size, &e));
        assert_int_equal(size, -1); // so that it is sent again
        assert_int_equal(put_made(f.s, p, SIZE, &d), round % 2 ? 0 : 1);
        fix_check(f.s, true, NULL);
        expect(f.s, d, p, SIZE);
    }
    flip(&f, c[0].digest); // a whole file mends it too
    sha256 same;
    OK(store_put(f.s, p, SIZE, &same, &e));
    fix_expect(f.s, d, 10, SIZE);
    assert_int_equal(fix_files(&f, "objects"), 1);
    OK(store_recipe_root(f.s, d, &root, &found, &e));
    assert_false(found);
    free(got);
    free(p);
    fix_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(by_content),
    cmocka_unit_test(by_bounds),
    cmocka_unit_test(pages),
    cmocka_unit_test(in_and_out),
    cmocka_unit_test(what_is_shared_is_known_unread),
    cmocka_unit_test(refused),
    cmocka_unit_test(high_recipes),
    cmocka_unit_test(gc_keeps_what_is_shared),
    cmocka_unit_test(packs_are_emptied),
    cmocka_unit_test(damage_is_named_and_mended),
};

FIX_BOTH(tests)
