// SPDX-License-Identifier: Apache-2.0
// Objects in and out: sizes around every limit, ranges, the same content twice, aborted and
// left-over uploads, damage of every kind, two servers on one folder, many threads.
#include "store_help.h"

#include <sys/file.h>

static const size_t sizes[] = {
    0,      1,          4096,        STORE_SMALL - 1, STORE_SMALL, STORE_SMALL + 1,
    131072, 131072 + 7, 1000 * 1000, (3u << 20) + 5};
#define SIZES (sizeof sizes / sizeof *sizes)

static void in_and_out(void **state) {
    (void)state;
    fix f;
    sha256 d[SIZES];
    fix_open(&f, NULL);
    int64_t before = METRIC_GET(objects_written_total);
    for (size_t i = 0; i < SIZES; i++)
        d[i] = fix_put(f.s, i, sizes[i]);
    assert_int_equal(METRIC_GET(objects_written_total) - before, SIZES);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < SIZES; i++)
            fix_expect(f.s, d[i], i, sizes[i]);
        store_close(f.s); // and again as another process would find it
        f.s = fix_store(&f, f.db, NULL);
    }
    store_report r = fix_check(f.s, true, NULL);
    assert_int_equal(r.objects, SIZES);
    uint64_t sum = 0;
    for (size_t i = 0; i < SIZES; i++)
        sum += sizes[i];
    assert_int_equal(r.bytes, sum);
    assert_int_equal(r.orphan_files, 0);
    fix_close(&f);
}

static void in_pieces(void **state) {
    (void)state;
    static const size_t steps[] = {1, 7, 4096, 65535, 65536, 65537, 200000, 1 << 20};
    fix f;
    err e;
    fix_open(&f, NULL);
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            if (steps[k] == 1 && sizes[i] > 70000) continue;
            uint64_t seed = 1000 + i * 100 + k, size;
            sha256 d;
            char *p = fix_bytes(seed, sizes[i]);
            store_upload *u;
            OK(u = store_begin(f.s, &e));
            for (size_t at = 0; at < sizes[i]; at += steps[k])
                OK(store_write(u, p + at, sizes[i] - at < steps[k] ? sizes[i] - at : steps[k],
                               &e));
            OK(store_finish(u, &d, &size, &e));
            assert_int_equal(size, sizes[i]);
            assert_true(sha256_eq(d, sha256_of(p, sizes[i])));
            fix_expect(f.s, d, seed, sizes[i]);
            free(p);
        }
    }
    assert_int_equal(fix_files(&f, "tmp"), 2); // two locks and nothing else
    fix_close(&f);
}

static void ranges(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    for (size_t i = 0; i < SIZES; i++) {
        size_t n = sizes[i];
        sha256 d = fix_put(f.s, i, n);
        char *want = fix_bytes(i, n), *got = mem_alloc(n + 1);
        store_object *o;
        OK(o = store_get(f.s, d, &e));
        unsigned seed = (unsigned)i;
        for (int k = 0; k < 200; k++) {
            size_t at = n ? (size_t)rand_r(&seed) % n : 0,
                   len = (size_t)rand_r(&seed) % (k % 2 ? 300 : 200000);
            size_t expect = len < n - at ? len : n - at;
            OK(store_object_check(o, at, len, &e));
            OK(store_object_read(o, at, got, len < n + 1 ? len : n + 1, &e) == (ssize_t)expect);
            assert_memory_equal(got, want + at, expect);
        }
        assert_int_equal(store_object_read(o, n, got, 1, &e), 0);
        assert_int_equal(store_object_read(o, UINT64_MAX, got, 1, &e), 0);
        OK(store_object_check(o, n, SIZE_MAX, &e));
        uint64_t base;
        int fd = store_object_fd(o, &base);
        assert_int_equal(fd >= 0, n > STORE_SMALL);
        if (fd >= 0) { // what sendfile would send
            assert_int_equal(pread(fd, got, n, (off_t)base), n);
            assert_memory_equal(got, want, n);
        }
        store_object_close(o);
        free(want);
        free(got);
    }
    fix_close(&f);
}

static void not_there(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    assert_null(store_get(f.s, sha256_of("never", 5), &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    store_object_close(NULL);
    store_abort(NULL);
    fix_close(&f);
}

static off_t pack_bytes(const fix *f, sha256 d) {
    char path[300];
    struct stat st;
    store_row row = fix_row(f->s, d);
    fix_path(f, &row, path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void kept_once(void **state) {
    (void)state;
    fix f;
    fix_open(&f, NULL);
    sha256 small = fix_put(f.s, 1, 1000), large = fix_put(f.s, 2, 200000);
    off_t before = pack_bytes(&f, small);
    store_row first = fix_row(f.s, large);
    for (int i = 0; i < 5; i++) {
        fix_put(f.s, 1, 1000);
        fix_put(f.s, 2, 200000);
    }
    assert_int_equal(pack_bytes(&f, small), before);
    assert_int_equal(fix_files(&f, "objects"), 1);
    assert_int_equal(fix_files(&f, "tmp"), 2);
    assert_int_equal(fix_row(f.s, large).leased, first.leased); // a fresh lease needs no write
    f.s->lease *= 3;
    fix_put(f.s, 1, 1000);
    fix_put(f.s, 2, 200000);
    assert_true(fix_row(f.s, large).leased > first.leased + f.s->lease / 2);
    assert_true(fix_row(f.s, small).leased > first.leased + f.s->lease / 2);
    fix_close(&f);
}

static void aborted(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(9, 300000);
    for (size_t n = 100; n <= 300000; n += 299900) {
        store_upload *u;
        OK(u = store_begin(f.s, &e));
        OK(store_write(u, p, n, &e));
        assert_int_equal(fix_files(&f, "tmp"), n > STORE_SMALL ? 3 : 2);
        assert_false(fix_there(f.s, sha256_of(p, n)));
        store_abort(u);
        assert_int_equal(fix_files(&f, "tmp"), 2);
        assert_int_equal(fix_files(&f, "objects"), 0);
        assert_false(fix_there(f.s, sha256_of(p, n)));
    }
    free(p);
    fix_close(&f);
}

static int make_file(const fix *f, const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

// What a dead process left goes at the next start; what a living one holds stays.
static void left_over(void **state) {
    (void)state;
    fix f;
    char path[300];
    fix_open(&f, NULL);
    static const char *const dead = "000102030405060708090a0b0c0d0e0f",
                             *const live = "100102030405060708090a0b0c0d0e0f",
                             *const bare = "200102030405060708090a0b0c0d0e0f";
    const char *const all[] = {dead, live, bare};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/tmp/%s", f.dir, all[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    close(make_file(&f, "tmp/000102030405060708090a0b0c0d0e0f/lock", ""));
    close(make_file(&f, "tmp/000102030405060708090a0b0c0d0e0f/17", "half"));
    int held = make_file(&f, "tmp/100102030405060708090a0b0c0d0e0f/lock", "");
    assert_int_equal(flock(held, LOCK_EX | LOCK_NB), 0);
    close(make_file(&f, "tmp/100102030405060708090a0b0c0d0e0f/3", "growing"));
    store *other = fix_store(&f, f.db, NULL);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/tmp/%s", f.dir, all[i]);
        assert_int_equal(access(path, F_OK) == 0, all[i] == live);
    }
    assert_int_equal(fix_files(&f, "tmp"),
                     1 + 2 + 2); // tmp/lock, the living one's two, the two stores' locks
    store_close(other);
    close(held);
    fix_close(&f);
}

static void unknown_format(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    int fd = make_file(&f, "format", "stemma content 9\n");
    assert_null(store_open(f.db, str_of(f.dir), &e));
    assert_int_equal(e.code, ERR_STATE);
    assert_non_null(strstr(e.msg, "stemma content 9"));
    assert_int_equal(ftruncate(fd, 0), 0); // its maker died in between
    store *s = fix_store(&f, f.db, NULL);
    store_close(s);
    close(fd);
    fix_close(&f);
}

// ---- damage --------------------------------------------------------------------------------

// Reads all of it in steps; the code of the first error.
static err_code read_all(store *s, sha256 d) {
    err e = {0};
    char *p = mem_alloc(1 << 20);
    store_object *o = store_get(s, d, &e);
    ssize_t n = o ? 1 : -1;
    for (uint64_t at = 0; n > 0; at += (uint64_t)n)
        n = store_object_read(o, at, p, 100000, &e);
    store_object_close(o);
    free(p);
    return n < 0 ? e.code : ERR_NONE;
}

static void damaged(void **state) {
    (void)state;
    const uint64_t n = 300000, small = 5000;
    const struct {
        size_t size;
        fix_harm how;
        uint64_t at;
    } cases[] = {
        {n, HARM_FLIP, 0},
        {n, HARM_FLIP, n - 1},
        {n, HARM_FLIP, n},      // the list of checksums
        {n, HARM_FLIP, n + 23}, // and its own
        {n, HARM_FLIP, n + 24},  // the trailer
        {n, HARM_FLIP, n + 24 + 16},
        {n, HARM_CUT, n},
        {n, HARM_CUT, 0},
        {n, HARM_GONE, 0},
        {small, HARM_FLIP, 0},
        {small, HARM_FLIP, 4},
        {small, HARM_FLIP, STORE_RECORD},
        {small, HARM_FLIP, STORE_RECORD + small - 1},
        {small, HARM_CUT, 0},
        {small, HARM_CUT, STORE_RECORD + 10},
        {small, HARM_GONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fix f;
        fix_found found = {0};
        fix_open(&f, NULL);
        sha256 other_small = fix_put(f.s, 50, 3000), other = fix_put(f.s, 51, 100000);
        if (cases[i].how == HARM_GONE) { // a pack of its own
            store_close(f.s);
            f.s = fix_store(&f, f.db, NULL);
        }
        sha256 d = fix_put(f.s, 7, cases[i].size);
        int64_t counted = METRIC_GET(corrupt_total);
        fix_damage(&f, d, cases[i].how, cases[i].at);
        assert_int_equal(read_all(f.s, d), ERR_CORRUPT);
        assert_true(METRIC_GET(corrupt_total) > counted);
        store_report r = fix_check(f.s, i % 2, &found);
        assert_int_equal(r.objects, 3);
        assert_int_equal(r.bad, 1);
        assert_int_equal(found.n, 1);
        assert_true(sha256_eq(found.bad[0], d));
        assert_true(found.what[0][0]);
        fix_expect(f.s, other_small, 50, 3000); // the rest still serves
        fix_expect(f.s, other, 51, 100000);
        assert_true(sha256_eq(fix_put(f.s, 7, cases[i].size), d));
        assert_int_equal(read_all(f.s, d), ERR_NONE); // uploading again heals
        assert_int_equal(fix_check(f.s, true, NULL).objects, 3);
        fix_close(&f);
    }
}

// A CRC vouches for bytes, not for their name: only the deep check can see this.
static void renamed(void **state) {
    (void)state;
    fix f;
    char from[300], to[300];
    fix_open(&f, NULL);
    sha256 d = fix_put(f.s, 1, 100000);
    store_row row = fix_row(f.s, d);
    fix_path(&f, &row, from);
    // a file that is whole in itself, under our trailer, with other bytes
    char *p = fix_bytes(2, 100000);
    store_where w;
    err e;
    store_file *file;
    OK(file = store_file_new(f.s, &e));
    OK(store_file_write(file, p, 100000, &e));
    OK(store_file_place(file, d, &w, &e));
    store_file_free(file);
    row.where = w;
    fix_path(&f, &row, to);
    assert_int_equal(rename(to, from), 0);
    assert_int_equal(fix_check(f.s, false, NULL).bad, 0);
    fix_found found = {0};
    assert_int_equal(fix_check(f.s, true, &found).bad, 1);
    assert_true(sha256_eq(found.bad[0], d));
    free(p);
    fix_close(&f);
}

// ---- many at once --------------------------------------------------------------------------

#define THREADS 8
#define EACH    150

struct worker {
    store *s;
    unsigned k;
    pthread_t t;
};

static size_t size_of(uint64_t seed) {
    return seed % 37 == 0 ? STORE_SMALL + 1000 + seed : seed * 131 % 9000;
}

static void *work(void *arg) {
    struct worker *w = arg;
    for (uint64_t i = 0; i < EACH; i++) {
        uint64_t own = 10000 + w->k * EACH + i,
                 shared = 100 + i; // every thread puts the shared ones too
        sha256 a = fix_put(w->s, own, size_of(own)), b = fix_put(w->s, shared, size_of(shared));
        fix_expect(w->s, a, own, size_of(own));
        fix_expect(w->s, b, shared, size_of(shared));
    }
    return NULL;
}

static void many_threads_two_servers(void **state) {
    (void)state;
    fix f;
    fix_open(&f, NULL);
    db *db2 = fix_pg ? fix_db(&f) : f.db; // SQLite's file belongs to one process
    store *second = fix_store(&f, db2, NULL);
    f.s->pack_max = second->pack_max = 1 << 20;
    struct worker w[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (struct worker){.s = i % 2 ? second : f.s, .k = i};
        thread_start(&w[i].t, "t", 1 << 20, true, work, &w[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(w[i].t, NULL);
    store_report r = fix_check(second, true, NULL);
    assert_int_equal(r.objects, (THREADS + 1) * EACH);
    int large = 0;
    for (uint64_t i = 0; i < EACH; i++)
        large += size_of(100 + i) > STORE_SMALL;
    for (uint64_t i = 0; i < THREADS * EACH; i++)
        large += size_of(10000 + i) > STORE_SMALL;
    assert_int_equal(fix_files(&f, "objects"), large); // one copy of each stays
    assert_int_equal(fix_files(&f, "tmp"), 3);
    store_close(second);
    if (db2 != f.db) db_close(db2);
    fix_close(&f);
}

static void hot_queries_do_not_scan(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    arena *a = arena_new();
    for (size_t i = 0; i < store_query_count; i++) {
        str plan;
        OK(db_explain(f.db, store_queries[i], a, &plan, &e));
        if (!store_queries[i]->hot || fix_pg)
            continue; // PostgreSQL scans a table this small for good reason
        if (str_find_str(plan, STR("SCAN"), 0) != SIZE_MAX)
            fail_msg("%s: %.*s", store_queries[i]->name, STR_F(plan));
    }
    arena_free(a);
    fix_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(in_and_out),
    cmocka_unit_test(in_pieces),
    cmocka_unit_test(ranges),
    cmocka_unit_test(not_there),
    cmocka_unit_test(kept_once),
    cmocka_unit_test(aborted),
    cmocka_unit_test(left_over),
    cmocka_unit_test(unknown_format),
    cmocka_unit_test(damaged),
    cmocka_unit_test(renamed),
    cmocka_unit_test(many_threads_two_servers),
    cmocka_unit_test(hot_queries_do_not_scan),
};
FIX_BOTH(tests)
