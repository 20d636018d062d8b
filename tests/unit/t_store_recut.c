// SPDX-License-Identifier: Apache-2.0
// What came whole and is cut into chunks later: what waits for it, the same bytes before, meanwhile
// and after, what is shared with what was pushed, ends anywhere, gc beside it, damage.
#include "store_help.h"

#include "store/cut.h"
#include "weights_help.h"

#include <errno.h>

#define MIB  ((size_t)1 << 20)
#define SIZE (9 * MIB + 77)

static bool go_on(void *arg, uint64_t bytes, err *e) {
    (void)arg, (void)bytes, (void)e;
    return true;
}

// Something names it from now on, as a page of a tree does.
static void name_it(store *s, sha256 d) {
    err e;
    static uint64_t count;
    count++;
    store_item page = {.p = &count, .n = sizeof count, .digest = sha256_of(&count, sizeof count),
                       .links = &d, .n_links = 1};
    OK(store_put_many(s, &page, 1, &e));
}

static sha256 put_named(store *s, const char *p, size_t n) {
    err e;
    sha256 d;
    OK(store_put(s, p, n, &d, &e));
    name_it(s, d);
    return d;
}

static store_cut cut_one(store *s) {
    err e;
    store_cut o;
    OK(store_cut_one(s, go_on, NULL, &o, &e));
    return o;
}

static int64_t waiting(store *s) {
    err e;
    int64_t n;
    OK(store_cut_waiting(s, &n, &e));
    return n;
}

static void expect(store *s, sha256 d, const char *want, size_t n) {
    err e;
    store_object *o;
    OK(o = store_get(s, d, &e));
    char *got = mem_alloc(n + 1);
    OK(store_object_read(o, 0, got, n + 1, &e) == (ssize_t)n);
    assert_memory_equal(want, got, n);
    free(got);
    store_object_close(o);
}

static bool change_fn(db_tx *tx, void *arg, err *e) {
    return db_change(tx, arg, NULL, 0, e) >= 0;
}

static void change(store *s, const db_query *q) {
    err e;
    OK(db_write(s->db, change_fn, (void *)(uintptr_t)q, &e));
}

// As if the hour, or the day, were over.
static void make_due(store *s) {
    static const db_query now = {"test.now", "UPDATE object_cut SET due_us = 0", false};
    change(s, &now);
}

static bool is_whole_file(store *s, sha256 d) {
    return fix_row(s, d).where.kind == STORE_IN_FILE;
}

// ---- what waits -----------------------------------------------------------------------------

static void what_is_named_waits(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(1, SIZE);
    sha256 d;
    OK(store_put(f.s, p, SIZE, &d, &e));
    assert_int_equal(waiting(f.s), 0); // a file of a run, which nothing sealed
    put_named(f.s, p, STORE_PACKED);   // too small
    assert_int_equal(waiting(f.s), 0);
    name_it(f.s, d);
    name_it(f.s, d);
    assert_int_equal(waiting(f.s), 1);
    store_object *before;
    char *got = mem_alloc(SIZE);
    OK(before = store_get(f.s, d, &e));
    store_cut o = cut_one(f.s);
    assert_true(o.end == STORE_CUT_DONE && sha256_eq(o.digest, d));
    assert_true(o.size == SIZE && o.stored == SIZE);
    assert_true(store_is_made(fix_row(f.s, d).where.kind));
    expect(f.s, d, p, SIZE);
    assert_int_equal(cut_one(f.s).end, STORE_CUT_NONE);
    assert_int_equal(fix_files(&f, "objects"), 2); // for who copies the folder behind the records
    make_due(f.s);
    assert_int_equal(cut_one(f.s).end, STORE_CUT_LEFT); // a day later
    assert_int_equal(fix_files(&f, "objects"), 1);
    OK(store_object_read(before, 0, got, SIZE, &e) == (ssize_t)SIZE); // who reads, reads on
    assert_memory_equal(p, got, SIZE);
    store_object_close(before);
    assert_int_equal(cut_one(f.s).end, STORE_CUT_NONE);
    name_it(f.s, d); // never twice
    OK(store_put(f.s, p, SIZE, &d, &e));
    assert_int_equal(waiting(f.s), 0);
    fix_check(f.s, true, NULL);
    free(got);
    free(p);
    fix_close(&f);
}

// Of a server that knew nothing of this: what is in its versions waits after the upgrade.
static void what_was_named_before_waits(void **state) {
    (void)state;
    static const db_query drop = {"test.drop", "DROP TABLE object_cut", false},
                          forget = {"test.forget", "DELETE FROM schema_migration WHERE number = 5",
                                    false};
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(1, SIZE), *q = fix_bytes(2, SIZE);
    sha256 d = put_named(f.s, p, SIZE), other;
    put_named(f.s, p, STORE_PACKED);
    OK(store_put(f.s, q, SIZE, &other, &e)); // nothing names it
    change(f.s, &drop);
    change(f.s, &forget);
    store_close(f.s);
    db_close(f.db);
    f.db = fix_db(&f);
    f.s = fix_store(&f, f.db, NULL);
    assert_int_equal(waiting(f.s), 1);
    assert_true(sha256_eq(cut_one(f.s).digest, d));
    expect(f.s, d, p, SIZE);
    free(p);
    free(q);
    fix_close(&f);
}

// ---- what is shared -------------------------------------------------------------------------

// As a push does: the chunks that are missing, and what the object is made of.
static uint64_t push(store *s, str file) {
    err e;
    arena *a = arena_new();
    uint64_t sent = 0;
    cutter c = cut_file(read_memory, &file, file.n, a);
    store_recipe *r = store_recipe_new(s);
    for (size_t at = 0, n; (n = cut_next(&c, file.p + at, file.n - at)); at += n) {
        int64_t size;
        sha256 d = sha256_of(file.p + at, n);
        OK(store_find_many(s, &d, 1, &size, &e));
        if (size < 0) {
            store_stream *t = store_stream_new(s);
            OK(store_stream_add(t, d, file.p + at, n, &e));
            OK(store_stream_end(t, &e));
            sent += n;
        }
        OK(store_recipe_add(r, (store_chunk_ref){d, n}, &e));
    }
    OK(store_recipe_end(r, sha256_of(file.p, file.n), &e));
    arena_free(a);
    return sent;
}

#define TENSOR "{\"dtype\":\"U8\",\"shape\":[3000000],\"data_offsets\":"
static const char forth[] = "{\"a\":" TENSOR "[0,3000000]},\"b\":" TENSOR "[3000000,6000000]}}",
                  back[] = "{\"b\":" TENSOR "[0,3000000]},\"another name\":" TENSOR
                           "[3000000,6000000]}}";

static void tensors_are_shared_with_pushes(void **state) {
    (void)state;
    enum { N = 3000000 };
    for (int whole_first = 0; whole_first < 2; whole_first++) {
        fix f;
        fix_open(&f, NULL);
        char *a = fix_bytes(1, 2 * N), *b = mem_alloc(2 * N);
        memcpy(b, a + N, N);
        memcpy(b + N, a, N);
        buf came = BUF_MAX(1u << 23), pushed = BUF_MAX(1u << 23);
        put_safetensors(&came, forth, a, 2 * N);
        put_safetensors(&pushed, back, b, 2 * N);
        sha256 d = put_named(f.s, came.p, came.n);
        if (!whole_first) assert_int_equal(push(f.s, buf_view(&pushed)), pushed.n);
        int64_t shared = METRIC_GET(cut_shared_bytes_total);
        store_cut o = cut_one(f.s);
        assert_int_equal(o.end, STORE_CUT_DONE);
        assert_int_equal(METRIC_GET(cut_shared_bytes_total) - shared, whole_first ? 0 : 2 * N);
        assert_int_equal(o.stored, whole_first ? came.n : came.n - 2 * N); // else its header
        if (whole_first) assert_int_equal(push(f.s, buf_view(&pushed)), pushed.n - 2 * N);
        assert_int_equal(push(f.s, buf_view(&came)), 0);
        expect(f.s, d, came.p, came.n);
        assert_in_range(fix_check(f.s, true, NULL).bytes, 2 * N, 2 * N + 10000);
        buf_free(&came);
        buf_free(&pushed);
        free(a);
        free(b);
        fix_close(&f);
    }
}

// The same chunk again and again, in one batch, is written once.
static void repeats_are_stored_once(void **state) {
    (void)state;
    fix f;
    fix_open(&f, NULL);
    char *p = mem_alloc(40 * MIB);
    memset(p, 3, 40 * MIB);
    sha256 d = put_named(f.s, p, 40 * MIB);
    assert_int_equal(cut_one(f.s).stored, CUT_MAX);
    expect(f.s, d, p, 40 * MIB);
    free(p);
    fix_close(&f);
}

// ---- ends anywhere --------------------------------------------------------------------------

typedef struct ending {
    store *s;
    int left; // pieces until it ends
    bool gc;
    uint64_t removed;
    sha256 used;
} ending;

static bool is_used(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    (void)tx, (void)e;
    *yes = sha256_eq(((ending *)arg)->used, digest);
    return true;
}

static bool end_some_time(void *arg, uint64_t bytes, err *e) {
    ending *x = arg;
    (void)bytes;
    if (x->gc) {
        store_freed r;
        if (!store_gc(x->s, is_used, x, 0, false, &r, e)) return false;
        x->removed += r.removed;
    }
    return x->left-- > 0 || err_set(e, ERR_CANCELLED, "enough");
}

static void it_may_end_anywhere(void **state) {
    (void)state;
    fix f;
    err e;
    store_cut o;
    fix_open(&f, NULL);
    char *p = fix_bytes(1, SIZE);
    sha256 d = put_named(f.s, p, SIZE);
    int ends = 0;
    for (ending x = {.s = f.s}; !store_cut_one(f.s, end_some_time, &x, &o, &e); x.left = ends) {
        assert_int_equal(e.code, ERR_CANCELLED);
        assert_true(is_whole_file(f.s, d));
        assert_int_equal(waiting(f.s), 1);
        expect(f.s, d, p, SIZE);
        assert_true(++ends < 100);
    }
    assert_true(o.end == STORE_CUT_DONE && ends > 9); // while it is cut, and while it is read
    assert_int_equal(o.stored, 0);                      // what the one before had put
    expect(f.s, d, p, SIZE);
    fix_check(f.s, true, NULL);
    free(p);
    fix_close(&f);
}

// Its parts are nobody's until it is done: their leases hold them. When those have run out it
// fails, whole, and is cut when its turn comes again.
static void gc_runs_beside_it(void **state) {
    (void)state;
    fix f;
    err e;
    store_cut o;
    fix_open(&f, NULL);
    char *p = fix_bytes(1, SIZE), *q = fix_bytes(2, SIZE);
    sha256 d = put_named(f.s, p, SIZE), d2;
    ending x = {.s = f.s, .left = 1000, .gc = true, .used = d};
    OK(store_cut_one(f.s, end_some_time, &x, &o, &e));
    assert_true(o.end == STORE_CUT_DONE && x.removed == 0);
    expect(f.s, d, p, SIZE);
    d2 = put_named(f.s, q, SIZE);
    x.used = d2;
    f.s->lease = f.s->quiet = f.s->grace = -1000000;
    assert_false(store_cut_one(f.s, end_some_time, &x, &o, &e));
    assert_true(x.removed > 0 && waiting(f.s) == 0);
    expect(f.s, d2, q, SIZE);
    f.s->lease = 3600 * (int64_t)1000000;
    make_due(f.s);
    assert_int_equal(cut_one(f.s).end, STORE_CUT_DONE);
    expect(f.s, d2, q, SIZE);
    fix_check(f.s, true, NULL);
    free(p);
    free(q);
    fix_close(&f);
}

static bool disk_full;
static ssize_t write_or_full(int fd, const struct iovec *v, int n, off_t at) {
    if (!disk_full) return store_io_real.pwritev(fd, v, n, at);
    errno = ENOSPC;
    return -1;
}

static void a_full_disk_holds_up_nothing(void **state) {
    (void)state;
    fix f;
    err e;
    store_cut o;
    store_io io = store_io_real;
    io.pwritev = write_or_full;
    fix_open(&f, &io);
    char *p = fix_bytes(1, SIZE), *q = fix_bytes(2, SIZE);
    sha256 d = put_named(f.s, p, SIZE), d2 = put_named(f.s, q, SIZE);
    disk_full = true;
    for (int i = 0; i < 2; i++) {
        assert_false(store_cut_one(f.s, go_on, NULL, &o, &e));
        assert_int_equal(o.end, STORE_CUT_LEFT);
    }
    assert_int_equal(cut_one(f.s).end, STORE_CUT_NONE); // not for an hour
    disk_full = false;
    assert_true(is_whole_file(f.s, d) && is_whole_file(f.s, d2));
    make_due(f.s);
    assert_int_equal(cut_one(f.s).end, STORE_CUT_DONE);
    assert_int_equal(cut_one(f.s).end, STORE_CUT_DONE);
    expect(f.s, d, p, SIZE);
    expect(f.s, d2, q, SIZE);
    free(p);
    free(q);
    fix_close(&f);
}

// ---- damage ---------------------------------------------------------------------------------

// Another byte, and the CRC that goes with it: only the SHA-256 tells.
static void forge(fix *f, sha256 d, size_t n) {
    char path[300], page[STORE_PAGE], block[STORE_BLOCK];
    uint32_t crcs[STORE_PAGE_CRCS];
    size_t some, count;
    store_row row = fix_row(f->s, d);
    buf out = BUF_MAX(STORE_PAGE);
    fix_path(f, &row, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    off_t at = (off_t)store_page_at(n, 0, &some);
    assert_true(fd >= 0 && pread(fd, page, some, at) == (ssize_t)some);
    assert_true(store_page_get(str_n(page, some), 0, crcs, &count));
    assert_int_equal(pread(fd, block, sizeof block, 0), sizeof block);
    block[100] ^= 1;
    crcs[0] = crc32c(0, block, sizeof block);
    store_page_put(&out, crcs, count, 0);
    assert_int_equal(pwrite(fd, block, sizeof block, 0), sizeof block);
    assert_int_equal(pwrite(fd, out.p, out.n, at), (ssize_t)some);
    buf_free(&out);
    close(fd);
}

static void damage_is_left_and_told(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    char *p = fix_bytes(1, SIZE);
    for (int how = 0; how < 4; how++) {
        p[0] = (char)how; // another object
        sha256 d = put_named(f.s, p, SIZE), same;
        if (how == 3)
            forge(&f, d, SIZE);
        else
            fix_damage(&f, d, (fix_harm)how, SIZE / 2);
        store_cut o = cut_one(f.s);
        assert_true(o.end == STORE_CUT_DAMAGED && o.why.code == ERR_CORRUPT);
        store_row row = fix_row(f.s, d);
        assert_true(row.damaged && row.where.kind == STORE_IN_FILE);
        assert_int_equal(fix_check(f.s, true, &(fix_found){0}).bad, 1);
        assert_int_equal(waiting(f.s), 0);
        // Whoever brings it again mends it; then its turn comes.
        OK(store_put(f.s, p, SIZE, &same, &e));
        expect(f.s, d, p, SIZE);
        assert_int_equal(waiting(f.s), 1);
        assert_int_equal(cut_one(f.s).end, STORE_CUT_DONE);
        expect(f.s, d, p, SIZE);
        fix_check(f.s, true, NULL);
    }
    free(p);
    fix_close(&f);
}

// A chunk that somebody else pushed is damaged on the disk, and nobody knows: the whole file is
// not blamed, and the next turn brings the chunk anew.
static void a_damaged_chunk_is_no_fault_of_the_file(void **state) {
    (void)state;
    fix f;
    err e;
    store_cut o;
    fix_open(&f, NULL);
    char *p = fix_bytes(1, SIZE);
    cutter c = {0};
    sha256 first = sha256_of(p, cut_next(&c, p, SIZE));
    push(f.s, str_n(p, SIZE - MIB));
    fix_damage(&f, first, HARM_FLIP, STORE_RECORD + 1000);
    sha256 d = put_named(f.s, p, SIZE);
    assert_false(store_cut_one(f.s, go_on, NULL, &o, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    assert_true(is_whole_file(f.s, d) && !fix_row(f.s, d).damaged && fix_row(f.s, first).damaged);
    expect(f.s, d, p, SIZE);
    make_due(f.s);
    assert_int_equal(cut_one(f.s).end, STORE_CUT_DONE);
    expect(f.s, d, p, SIZE);
    fix_check(f.s, true, NULL);
    free(p);
    fix_close(&f);
}

static void its_queries_do_not_scan(void **state) {
    (void)state;
    fix f;
    err e;
    fix_open(&f, NULL);
    arena *a = arena_new();
    for (size_t i = 0; i < store_cut_query_count; i++) {
        str plan;
        OK(db_explain(f.db, store_cut_queries[i], a, &plan, &e));
        if (store_cut_queries[i]->hot && !fix_pg && str_find_str(plan, STR("SCAN"), 0) != SIZE_MAX)
            fail_msg("%s: %.*s", store_cut_queries[i]->name, STR_F(plan));
    }
    arena_free(a);
    fix_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_named_waits),
    cmocka_unit_test(what_was_named_before_waits),
    cmocka_unit_test(tensors_are_shared_with_pushes),
    cmocka_unit_test(repeats_are_stored_once),
    cmocka_unit_test(it_may_end_anywhere),
    cmocka_unit_test(gc_runs_beside_it),
    cmocka_unit_test(a_full_disk_holds_up_nothing),
    cmocka_unit_test(damage_is_left_and_told),
    cmocka_unit_test(a_damaged_chunk_is_no_fault_of_the_file),
    cmocka_unit_test(its_queries_do_not_scan),
};

FIX_BOTH(tests)
