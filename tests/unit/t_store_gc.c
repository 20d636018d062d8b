// SPDX-License-Identifier: Apache-2.0
// gc: frees what nothing uses and no lease holds, and nothing else; empties packs; sweeps what
// no row names; all of it beside uploads and reads on two servers.
#include "store_help.h"

#include "store/tree_objects.h"

// The caller of gc says what is used: digests whose first byte is in the set.
struct used {
    sha256 keep[64];
    size_t n;
    _Atomic int asked;
};

static bool is_used(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    struct used *u = arg;
    (void)tx, (void)e;
    *yes = false;
    for (size_t i = 0; i < u->n; i++)
        *yes |= sha256_eq(u->keep[i], digest);
    u->asked++;
    return true;
}

static store_freed gc(store *s, struct used *u, bool dry) {
    err e;
    store_freed r;
    OK(store_gc(s, is_used, u, 0, dry, &r, &e));
    return r;
}

static void forget_leases(store *s) {
    s->lease = -1000000;
    s->quiet = s->grace = -1000000;
}

static void frees_what_is_unused(void **state) {
    (void)state;
    fix f;
    struct used u = {0};
    fix_open(&f, NULL);
    sha256 held = fix_put(f.s, 99, 200000); // with a real lease
    forget_leases(f.s);
    sha256 d[6];
    for (uint64_t i = 0; i < 6; i++)
        d[i] = fix_put(f.s, i, i % 2 ? 1000 : 100000);
    u.keep[u.n++] = d[0];
    u.keep[u.n++] = d[1];
    store_freed r = gc(f.s, &u, true);
    assert_int_equal(r.objects, 4);
    assert_int_equal(r.bytes, 2 * 101000);
    for (uint64_t i = 0; i < 6; i++)
        assert_true(fix_there(f.s, d[i])); // dry
    assert_int_equal(fix_files(&f, "objects"), 4);
    r = gc(f.s, &u, false);
    assert_int_equal(r.objects, 4);
    assert_int_equal(r.bytes, 2 * 101000);
    for (uint64_t i = 0; i < 6; i++)
        assert_int_equal(fix_there(f.s, d[i]), i < 2);
    assert_int_equal(fix_files(&f, "objects"), 2);
    assert_int_equal(gc(f.s, &u, false).objects, 0);
    assert_int_equal(fix_check(f.s, true, NULL).objects, 3);
    fix_expect(f.s, held, 99, 200000);
    for (uint64_t i = 0; i < 6; i++) // what was freed can come again
        assert_true(sha256_eq(fix_put(f.s, i, i % 2 ? 1000 : 100000), d[i]));
    assert_int_equal(fix_check(f.s, true, NULL).objects, 7);
    fix_close(&f);
}

static bool cannot_say(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    (void)arg, (void)tx, (void)digest, (void)yes;
    return err_set(e, ERR_STATE, "no idea");
}

static void stops_when_it_can_not_know(void **state) {
    (void)state;
    fix f;
    err e;
    store_freed r;
    fix_open(&f, NULL);
    forget_leases(f.s);
    sha256 d = fix_put(f.s, 1, 100);
    assert_false(store_gc(f.s, cannot_say, NULL, 0, false, &r, &e));
    assert_int_equal(e.code, ERR_STATE);
    assert_true(fix_there(f.s, d));
    fix_close(&f);
}

static void many_pages(void **state) {
    (void)state;
    fix f;
    struct used u = {0};
    fix_open(&f, NULL);
    forget_leases(f.s);
    for (uint64_t i = 0; i < 700; i++) { // more than one page, not a multiple of one
        sha256 d = fix_put(f.s, i, 50 + i % 7);
        if (i % 20 == 0) u.keep[u.n++] = d;
    }
    assert_int_equal(gc(f.s, &u, false).objects, 700 - 35);
    assert_int_equal(fix_check(f.s, true, NULL).objects, 35);
    for (uint64_t i = 0; i < 700; i += 20)
        fix_expect(f.s, u.keep[i / 20], i, 50 + i % 7);
    fix_close(&f);
}

// Packs that are mostly dead are written anew; what lives in them moves and is readable all the
// time.
static void packs_are_emptied(void **state) {
    (void)state;
    fix f;
    err e;
    struct used u = {0};
    fix_open(&f, NULL);
    forget_leases(f.s);
    f.s->pack_max = 100000;
    sha256 d[60];
    for (uint64_t i = 0; i < 60; i++)
        d[i] = fix_put(f.s, i, 10000); // nine a pack
    int packs = fix_files(&f, "packs");
    assert_true(packs >= 6);
    for (uint64_t i = 0; i < 60; i++)
        if (i < 9 || i % 9 == 0)
            u.keep[u.n++] = d[i]; // the first pack lives, of the others one in nine
    store_object *open = NULL;    // read while its pack goes
    OK(open = store_get(f.s, d[9], &e));
    store_row old = fix_row(f.s, d[9]), first = fix_row(f.s, d[0]);
    gc(f.s, &u, false);
    store_row now = fix_row(f.s, d[9]), same = fix_row(f.s, d[0]);
    assert_false(store_where_eq(&old.where, &now.where));
    assert_true(store_where_eq(&first.where, &same.where));
    assert_true(fix_files(&f, "packs") <= 3);
    char path[300], b[16];
    fix_path(&f, &old, path);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(store_object_read(open, 0, b, sizeof b, &e), sizeof b);
    store_object_close(open);
    for (uint64_t i = 0; i < 60; i++) {
        if (i < 9 || i % 9 == 0)
            fix_expect(f.s, d[i], i, 10000);
        else
            assert_false(fix_there(f.s, d[i]));
    }
    assert_int_equal(fix_check(f.s, true, NULL).orphan_files, 0);
    fix_close(&f);
}

// A damaged record can not be moved: its pack stays, with the record for whoever can still read
// it.
static void damage_keeps_its_pack(void **state) {
    (void)state;
    fix f;
    struct used u = {0};
    fix_open(&f, NULL);
    forget_leases(f.s);
    sha256 bad = fix_put(f.s, 1, 1000), good = fix_put(f.s, 2, 1000);
    for (uint64_t i = 3; i < 20; i++)
        fix_put(f.s, i, 1000);
    u.keep[u.n++] = bad;
    u.keep[u.n++] = good;
    char path[300];
    store_row row = fix_row(f.s, bad);
    fix_path(&f, &row, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "?", 1, (off_t)row.where.start + STORE_RECORD + 5), 1);
    close(fd);
    store_close(f.s); // lets the pack go
    f.s = fix_store(&f, f.db, NULL);
    forget_leases(f.s);
    gc(f.s, &u, false);
    assert_int_equal(access(path, F_OK), 0);
    fix_expect(f.s, good, 2, 1000);
    fix_found found = {0};
    assert_int_equal(fix_check(f.s, false, &found).bad, 1);
    assert_true(sha256_eq(found.bad[0], bad));
    fix_close(&f);
}

static void touch_old(const char *path) {
    struct timespec t[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

// A file whose row never came: counted and removed when it is old, left alone while it is
// young.
static void orphans(void **state) {
    (void)state;
    fix f;
    err e;
    struct used u = {0};
    fix_open(&f, NULL);
    sha256 d = fix_put(f.s, 1, 100000);
    u.keep[u.n++] = d;
    store_row row = fix_row(f.s, d);
    char path[300];
    fix_path(&f, &row, path);
    touch_old(path); // old, but it has a row
    for (uint64_t i = 0; i < 2; i++) {
        char *p = fix_bytes(10 + i, 100000);
        store_row stray = {
            .digest = i ? d : sha256_of(p, 100000)}; // one is a second copy of a living object
        store_file *file;
        OK(file = store_file_new(f.s, &e));
        OK(store_file_write(file, p, 100000, &e));
        OK(store_file_place(file, stray.digest, &stray.where, &e));
        store_file_free(file);
        free(p);
        assert_int_equal(fix_check(f.s, false, NULL).orphan_files, i);
        fix_path(&f, &stray, path);
        touch_old(path);
        assert_int_equal(fix_check(f.s, false, NULL).orphan_files, i + 1);
    }
    assert_int_equal(gc(f.s, &u, true).orphan_files, 2);
    assert_int_equal(fix_files(&f, "objects"), 3);
    assert_int_equal(gc(f.s, &u, false).orphan_files, 2);
    assert_int_equal(fix_files(&f, "objects"), 1);
    fix_expect(f.s, d, 1, 100000);
    fix_close(&f);
}

// ---- everything at once --------------------------------------------------------------------

struct churn {
    store *s;
    unsigned seed;
    _Atomic bool *stop;
    _Atomic int *done;
    pthread_t t;
};

// What was put can be read as long as its lease runs, whatever gc does.
static void *churn(void *arg) {
    struct churn *c = arg;
    while (!*c->stop) {
        uint64_t k = (uint64_t)rand_r(&c->seed) % 40;
        size_t n = k < 5 ? 70000 + k : 500 + 100 * k;
        fix_expect(c->s, fix_put(c->s, k, n), k, n);
        ++*c->done;
        usleep(200);
    }
    return NULL;
}

static void *collect(void *arg) {
    struct churn *c = arg;
    struct used u = {0};
    while (!*c->stop) {
        gc(c->s, &u, false);
        ++*c->done;
    }
    return NULL;
}

static void gc_beside_uploads(void **state) {
    (void)state;
    fix f;
    fix_open(&f, NULL);
    db *db2 = fix_pg ? fix_db(&f) : f.db;
    store *second = fix_store(&f, db2, NULL);
    store *both[2] = {f.s, second};
    for (int i = 0; i < 2; i++) {
        both[i]->lease =
            1000000;         // half of it is what a caller can count on, and needs far less
        both[i]->quiet = -1; // the lock alone must do
        both[i]->pack_max = 20000;
    }
    _Atomic bool stop = false;
    _Atomic int puts = 0, gcs = 0;
    struct churn w[6];
    for (unsigned i = 0; i < 6; i++) {
        w[i] = (struct churn){
            .s = both[i % 2], .seed = i, .stop = &stop, .done = i < 4 ? &puts : &gcs};
        thread_start(&w[i].t, "t", 1 << 20, true, i < 4 ? churn : collect, &w[i]);
    }
    sleep(4);
    stop = true;
    for (unsigned i = 0; i < 6; i++)
        pthread_join(w[i].t, NULL);
    assert_true(puts > 20);
    assert_true(gcs > 2);
    fix_check(f.s, true, NULL);
    f.s->lease = second->lease = 1000; // all run out in the end
    sleep(2);
    struct used u = {0};
    gc(f.s, &u, false);
    store_report r = fix_check(second, true, NULL);
    assert_int_equal(r.objects, 0);
    assert_int_equal(fix_files(&f, "objects"), 0);
    store_close(second);
    if (db2 != f.db) db_close(db2);
    fix_close(&f);
}

// ---- what an object names -------------------------------------------------------------------

static const tree_file shard = {.path = {"model/w.bin", 11}, .size = 100000};

// A tree of one small and one large file; both are in the store.
static sha256 fix_tree(fix *f, sha256 file[2]) {
    err e;
    sha256 root;
    file[0] = fix_put(f->s, 1, 1000);
    file[1] = fix_put(f->s, 2, 100000);
    tree_objects *t = tree_objects_new(f->s);
    tree_write *w = tree_write_new(tree_objects_pages(t));
    tree_file a = {STR("a.txt"), 1000, file[0], false}, b = shard;
    b.digest = file[1];
    OK(tree_write_add(w, &a, &e));
    OK(tree_write_add(w, &b, &e));
    OK(tree_write_end(w, &root, &e));
    OK(tree_objects_flush(t, &e));
    tree_objects_free(t);
    return root;
}

static void a_tree_keeps_its_files(void **state) {
    (void)state;
    fix f;
    struct used u = {0};
    sha256 file[2];
    fix_open(&f, NULL);
    forget_leases(f.s);
    sha256 root = fix_tree(&f, file), other = fix_put(f.s, 3, 1000);
    u.keep[u.n++] = root;
    assert_int_equal(gc(f.s, &u, false).objects, 1);
    assert_false(fix_there(f.s, other));
    for (int i = 0; i < 2; i++)
        assert_true(fix_there(f.s, file[i]));
    u.n = 0; // the root goes first, and then what only it named
    for (int i = 0; i < 2; i++)
        gc(f.s, &u, false);
    assert_false(fix_there(f.s, root));
    for (int i = 0; i < 2; i++)
        assert_false(fix_there(f.s, file[i]));
    assert_int_equal(fix_check(f.s, true, NULL).objects, 0);
    fix_close(&f);
}

// The bytes of a page that came as a file have no links; the tree gives them.
static void a_page_that_came_as_a_file_is_linked(void **state) {
    (void)state;
    fix f;
    struct used u = {0};
    sha256 file[2], as_file;
    str bytes;
    err e;
    fix_open(&f, NULL);
    forget_leases(f.s);
    sha256 root = fix_tree(&f, file);
    arena *a = arena_new();
    tree_objects *t = tree_objects_new(f.s);
    const tree_pages *pages = tree_objects_pages(t);
    OK(pages->get(pages->arg, root, a, &bytes, &e));
    for (int i = 0; i < 2; i++)
        gc(f.s, &u, false);
    OK(store_put(f.s, bytes.p, bytes.n, &as_file, &e));
    assert_true(sha256_eq(as_file, root));
    assert_true(sha256_eq(fix_tree(&f, file), root));
    u.keep[u.n++] = root;
    gc(f.s, &u, false);
    for (int i = 0; i < 2; i++)
        assert_true(fix_there(f.s, file[i]));
    tree_objects_free(t);
    arena_free(a);
    fix_close(&f);
}

static void no_tree_without_its_files(void **state) {
    (void)state;
    fix f;
    err e;
    sha256 root;
    fix_open(&f, NULL);
    tree_objects *t = tree_objects_new(f.s);
    tree_write *w = tree_write_new(tree_objects_pages(t));
    OK(tree_write_add(w, &shard, &e));
    OK(tree_write_end(w, &root, &e));
    assert_false(tree_objects_flush(t, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_false(fix_there(f.s, root));
    tree_objects_free(t);
    fix_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(frees_what_is_unused),
    cmocka_unit_test(stops_when_it_can_not_know),
    cmocka_unit_test(many_pages),
    cmocka_unit_test(packs_are_emptied),
    cmocka_unit_test(damage_keeps_its_pack),
    cmocka_unit_test(orphans),
    cmocka_unit_test(gc_beside_uploads),
    cmocka_unit_test(a_tree_keeps_its_files),
    cmocka_unit_test(a_page_that_came_as_a_file_is_linked),
    cmocka_unit_test(no_tree_without_its_files),
};
FIX_BOTH(tests)
