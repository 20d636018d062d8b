// SPDX-License-Identifier: Apache-2.0
// Failing system calls and power loss, through the table of calls (struct store_io).
//
// Failures: the n-th call of a kind fails or is short, for every n that a script of uploads
// reaches. Nothing half done is visible, what was acknowledged stays, and the next upload
// works.
//
// Power loss: the shim writes down what is not synced: bytes of files, and entries of
// directories. At a random moment everything stops, a random part of what was not synced is
// undone (later entries may survive earlier ones), and everything acknowledged must be there
// and whole.
#include "store_help.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

// ---- failures ------------------------------------------------------------------------------

typedef enum call {
    OPEN,
    PREAD,
    PWRITEV,
    TRUNCATE,
    SYNC_DATA,
    SYNC_DIR,
    RENAME,
    UNLINK,
    MKDIR,
    CALLS
} call;
static const char *const call_names[CALLS] = {"open",     "pread",     "pwritev",
                                              "truncate", "sync_data", "sync_dir",
                                              "rename",   "unlink",    "mkdir"};

static struct {
    call kind;
    long n;    // the n-th call of the kind from now on fails; 0: none
    bool on;   // and all of them behind it
    int error; // 0: it is short (pread, pwritev)
    long hits;
} plan;

static void plan_none(void) {
    plan.n = 0;
    plan.on = false;
}

// Does this call fail?
static bool strikes(call kind) {
    if (kind != plan.kind || (!plan.n && !plan.on)) return false;
    if (plan.n && --plan.n) return false;
    if (plan.n == 0 && !plan.on && plan.hits) return false;
    plan.hits++;
    errno = plan.error;
    return true;
}

static int f_open(int dir, const char *path, int flags, mode_t mode) {
    return strikes(OPEN) ? -1 : store_io_real.open(dir, path, flags, mode);
}

static ssize_t f_pread(int fd, void *p, size_t n, off_t at) {
    if (strikes(PREAD)) {
        if (plan.error) return -1;
        n = n > 1 ? n / 2 : n;
    }
    return store_io_real.pread(fd, p, n, at);
}

static ssize_t f_pwritev(int fd, const struct iovec *v, int n, off_t at) {
    if (strikes(PWRITEV)) {
        if (plan.error) {
            // half of it is on the disk
            BUG_ON(pwrite(fd, v[0].iov_base, v[0].iov_len / 2, at) < 0);
            errno = plan.error;
            return -1;
        }
        return pwrite(fd, v[0].iov_base, v[0].iov_len > 1 ? v[0].iov_len / 2 : v[0].iov_len,
                      at);
    }
    return store_io_real.pwritev(fd, v, n, at);
}

static int f_truncate(int fd, off_t size) {
    return strikes(TRUNCATE) ? -1 : store_io_real.truncate(fd, size);
}

static int f_sync_data(int fd) {
    return strikes(SYNC_DATA) ? -1 : store_io_real.sync_data(fd);
}

static int f_sync_dir(int fd) {
    return strikes(SYNC_DIR) ? -1 : store_io_real.sync_dir(fd);
}

static int f_rename(int dir, const char *from, const char *to) {
    return strikes(RENAME) ? -1 : store_io_real.rename(dir, from, to);
}

static int f_unlink(int dir, const char *path) {
    return strikes(UNLINK) ? -1 : store_io_real.unlink(dir, path);
}

static int f_mkdir(int dir, const char *path, mode_t mode) {
    return strikes(MKDIR) ? -1 : store_io_real.mkdir(dir, path, mode);
}

static const store_io faulty = {f_open,     f_pread,  f_pwritev, f_truncate, f_sync_data,
                                f_sync_dir, f_rename, f_unlink,  f_mkdir};

static bool try_put(store *s, uint64_t seed, size_t n, sha256 *d, err *e) {
    *e = (err){0};
    char *p = fix_bytes(seed, n);
    *d = sha256_of(p, n);
    sha256 got;
    bool ok = store_put(s, p, n, &got, e);
    if (ok) assert_true(sha256_eq(*d, got));
    free(p);
    return ok;
}

#define PUTS 8
static size_t script_size(uint64_t i) {
    return i % 2 ? 70000 * i : 900 * i;
}

// One failure at the n-th call; false when the script never got that far.
static bool one_failure(call kind, long n, int error, bool on) {
    fix f;
    err e;
    sha256 d[PUTS];
    bool ok[PUTS];
    plan_none();
    fix_open(&f, &faulty);
    sha256 before = fix_put(f.s, 500, 1000), before_large = fix_put(f.s, 501, 100000);
    plan.kind = kind, plan.n = n, plan.error = error, plan.hits = 0, plan.on = false;
    int failed = 0;
    for (uint64_t i = 0; i < PUTS; i++) {
        ok[i] = try_put(f.s, i, script_size(i), &d[i], &e);
        if (plan.hits && on) plan.on = true;
        failed += !ok[i];
        if (!ok[i]) {
            assert_true(e.msg[0]);
            assert_int_equal(e.code, error == ENOSPC ? ERR_NO_SPACE : ERR_UNAVAILABLE);
        }
    }
    long hits = plan.hits;
    plan_none();
    assert_true(error || !failed); // short calls are no failures
    if (hits && error && kind != UNLINK && kind != TRUNCATE && !failed)
        fail_msg("%s %ld failed and nobody noticed", call_names[kind], n);
    for (uint64_t i = 0; i < PUTS;
         i++) { // acknowledged is there; not acknowledged is not, or whole
        if (ok[i])
            fix_expect(f.s, d[i], i, script_size(i));
        else
            assert_false(fix_there(f.s, d[i]));
    }
    fix_check(f.s, true, NULL);
    for (uint64_t i = 0; i < PUTS; i++) // and works again
        fix_expect(f.s, fix_put(f.s, i, script_size(i)), i, script_size(i));
    if (kind != UNLINK) assert_int_equal(fix_files(&f, "tmp"), 2);
    store_close(f.s);
    f.s = fix_store(&f, f.db, NULL);
    fix_expect(f.s, before, 500, 1000);
    fix_expect(f.s, before_large, 501, 100000);
    assert_int_equal(fix_check(f.s, true, NULL).objects, PUTS + 2);
    assert_int_equal(fix_files(&f, "tmp"), 2);
    fix_close(&f);
    return hits > 0;
}

static void every_call_can_fail(void **state) {
    (void)state;
    static const int errors[] = {EIO, ENOSPC, 0};
    for (call kind = 0; kind < CALLS; kind++)
        for (size_t k = 0; k < 3; k++) {
            if (!errors[k] && kind != PREAD && kind != PWRITEV) continue;
            long n = 1;
            while (n < 100 && one_failure(kind, n, errors[k], false))
                n += n < 6 ? 1 : 5;
            assert_true(n > 1 || kind == PREAD || kind == TRUNCATE || kind == UNLINK);
        }
}

// Reading: an error is an error and no damage, a short read is none.
static void reads_can_fail(void **state) {
    (void)state;
    static const size_t sizes[] = {1000, 300000};
    fix f;
    err e;
    char b[1000];
    plan_none();
    fix_open(&f, &faulty);
    for (uint64_t i = 0; i < 2; i++) {
        sha256 d = fix_put(f.s, i, sizes[i]);
        for (long n = 1; n < 20; n++) {
            store_pack_forget(f.s, true);
            plan.kind = PREAD, plan.n = n, plan.error = EIO, plan.hits = 0;
            int64_t corrupt = METRIC_GET(corrupt_total);
            e = (err){0};
            store_object *o = store_get(f.s, d, &e);
            ssize_t got = o ? store_object_read(o, 123, b, 500, &e) : -1;
            store_object_close(o);
            assert_int_equal(got, plan.hits ? -1 : 500);
            assert_int_equal(e.code, plan.hits ? ERR_UNAVAILABLE : ERR_NONE);
            assert_int_equal(METRIC_GET(corrupt_total), corrupt);
            if (n == 1) assert_int_equal(plan.hits, 1);
            plan.n = n, plan.error = 0, plan.hits = 0;
            store_pack_forget(f.s, true);
            fix_expect(f.s, d, i, sizes[i]);
            plan_none();
        }
    }
    fix_close(&f);
}

// A full disk stays full for a while: every write fails cleanly, reads work, and there is no
// litter of packs.
static void full_disk(void **state) {
    (void)state;
    fix f;
    err e;
    sha256 d;
    plan_none();
    fix_open(&f, &faulty);
    sha256 small = fix_put(f.s, 1, 1000), large = fix_put(f.s, 2, 100000);
    int packs = fix_files(&f, "packs");
    plan.kind = PWRITEV, plan.on = true, plan.error = ENOSPC, plan.n = 0, plan.hits = 0;
    for (uint64_t i = 10; i < 40; i++) {
        assert_false(try_put(f.s, i, i % 2 ? 500 : 100000, &d, &e));
        assert_int_equal(e.code, ERR_NO_SPACE);
        fix_expect(f.s, small, 1, 1000);
        fix_expect(f.s, large, 2, 100000);
    }
    assert_int_equal(fix_files(&f, "packs"), packs);
    assert_int_equal(fix_files(&f, "tmp"), 2);
    store_close(f.s); // a new process on the full disk: no pack is open
    f.s = fix_store(&f, f.db, &faulty);
    for (uint64_t i = 40; i < 45; i++) {
        assert_false(try_put(f.s, i, 500, &d, &e));
        assert_int_equal(e.code, ERR_NO_SPACE);
    }
    assert_int_equal(fix_files(&f, "packs"), packs);
    plan_none();
    for (uint64_t i = 10; i < 40; i++)
        fix_put(f.s, i, i % 2 ? 500 : 100000);
    fix_check(f.s, true, NULL);
    fix_close(&f);
}

// I8: after a failed sync the pack is not written again; what it acknowledged before stays.
static void failed_sync_gives_up_the_pack(void **state) {
    (void)state;
    fix f;
    err e;
    sha256 lost;
    plan_none();
    fix_open(&f, &faulty);
    sha256 first = fix_put(f.s, 1, 1000);
    plan.kind = SYNC_DATA, plan.n = 1, plan.error = EIO, plan.hits = 0;
    assert_false(try_put(f.s, 2, 1000, &lost, &e));
    assert_int_equal(e.code, ERR_UNAVAILABLE);
    plan_none();
    sha256 next = fix_put(f.s, 3, 1000), again = fix_put(f.s, 2, 1000);
    store_row a = fix_row(f.s, first), b = fix_row(f.s, next), c = fix_row(f.s, again);
    assert_false(id_eq(a.where.part, b.where.part));
    assert_true(id_eq(b.where.part, c.where.part));
    fix_expect(f.s, first, 1, 1000);
    fix_check(f.s, true, NULL);
    fix_close(&f);
}

// ---- power loss ----------------------------------------------------------------------------

// What was not synced, oldest first.
typedef struct change {
    enum { BYTES, MADE, RENAMED, REMOVED, MADE_DIR } what;
    ino_t inode; // BYTES: of the file; else of the directory that holds the entry (RENAMED: the
                 // target's)
    ino_t entry; // what the entry is of
    off_t at, size;     // BYTES: where, and the file's size before
    char *before;       // BYTES: what stood there
    size_t n, before_n; // BYTES: how many bytes
    char path[STORE_PATH_MAX], from[STORE_PATH_MAX];
    bool synced;
} change;

static struct {
    pthread_mutex_t lock;
    change c[20000];
    size_t n;
    int root;
    _Atomic bool off; // the power is off
    long left;        // calls until then
} power = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool enter(void) {
    pthread_mutex_lock(&power.lock);
    if (power.left > 0 && --power.left == 0) power.off = true;
    if (!power.off) return true;
    pthread_mutex_unlock(&power.lock);
    errno = EIO;
    return false;
}

static void leave(void) {
    int no = errno;
    pthread_mutex_unlock(&power.lock);
    errno = no;
}

static change *note(void) {
    BUG_ON(power.n == sizeof power.c / sizeof *power.c);
    change *c = &power.c[power.n++];
    *c = (change){0};
    return c;
}

static ino_t inode_of(int fd) {
    struct stat st;
    BUG_ON(fstat(fd, &st) != 0);
    return st.st_ino;
}

// The directory in which `path` has its entry.
static ino_t parent_of(int dir, const char *path) {
    char up[STORE_PATH_MAX + 4];
    struct stat st;
    snprintf(up, sizeof up, "%s", path);
    char *slash = strrchr(up, '/');
    if (slash && !slash[1]) *slash = 0, slash = strrchr(up, '/'); // "tmp/x/"
    if (slash)
        *slash = 0;
    else
        snprintf(up, sizeof up, ".");
    return fstatat(dir, up, &st, 0) ? 0 : st.st_ino;
}

static int p_open(int dir, const char *path, int flags, mode_t mode) {
    if (!enter()) return -1;
    bool made = flags & O_CREAT && faccessat(dir, path, F_OK, 0);
    int fd = store_io_real.open(dir, path, flags, mode);
    if (fd >= 0 && made) {
        change *c = note();
        c->what = MADE, c->inode = parent_of(dir, path), c->entry = inode_of(fd);
        snprintf(c->path, sizeof c->path, "%s", path);
    }
    leave();
    return fd;
}

static ssize_t p_pread(int fd, void *p, size_t n, off_t at) {
    return power.off ? (errno = EIO, -1) : pread(fd, p, n, at);
}

static ssize_t p_pwritev(int fd, const struct iovec *v, int n, off_t at) {
    if (!enter()) return -1;
    struct stat st;
    BUG_ON(fstat(fd, &st) != 0);
    ssize_t done = pwritev(fd, v, n, at);
    if (done > 0) {
        change *c = note();
        c->what = BYTES, c->inode = st.st_ino, c->at = at, c->n = (size_t)done,
        c->size = st.st_size;
    }
    leave();
    return done;
}

static int p_truncate(int fd, off_t size) {
    if (!enter()) return -1;
    int r = ftruncate(fd, size);
    leave();
    return r;
}

static void synced(ino_t inode, bool bytes) {
    for (size_t i = 0; i < power.n; i++)
        if (power.c[i].inode == inode && (power.c[i].what == BYTES) == bytes)
            power.c[i].synced = true;
}

// Slow, as a disk is: so that calls of other threads come in between.
static int p_sync(int fd, bool bytes) {
    if (!enter()) return -1;
    size_t upto = power.n;
    ino_t inode = inode_of(fd);
    leave();
    usleep(300);
    if (!enter()) return -1;
    size_t all = power.n;
    power.n = upto; // what came while it ran is not covered
    synced(inode, bytes);
    power.n = all;
    leave();
    return 0;
}

static int p_sync_data(int fd) {
    return p_sync(fd, true);
}

static int p_sync_dir(int fd) {
    return p_sync(fd, false);
}

static int p_rename(int dir, const char *from, const char *to) {
    if (!enter()) return -1;
    struct stat st = {0};
    fstatat(dir, from, &st, 0);
    int r = store_io_real.rename(dir, from, to);
    if (!r) {
        change *c = note();
        c->what = RENAMED, c->inode = parent_of(dir, to), c->entry = st.st_ino;
        snprintf(c->path, sizeof c->path, "%s", to);
        snprintf(c->from, sizeof c->from, "%s", from);
    }
    leave();
    return r;
}

// A removed file could come back: it is put aside until its directory is synced.
static int p_unlink(int dir, const char *path) {
    if (!enter()) return -1;
    char aside[64];
    snprintf(aside, sizeof aside, "removed-%zu", power.n);
    int r = store_io_real.rename(dir, path, aside);
    if (!r) {
        change *c = note();
        c->what = REMOVED, c->inode = parent_of(dir, path);
        snprintf(c->path, sizeof c->path, "%s", path);
        snprintf(c->from, sizeof c->from, "%s", aside);
    }
    leave();
    return r;
}

static int p_mkdir(int dir, const char *path, mode_t mode) {
    if (!enter()) return -1;
    int r = mkdirat(dir, path, mode);
    if (!r) {
        change *c = note();
        c->what = MADE_DIR, c->inode = parent_of(dir, path);
        snprintf(c->path, sizeof c->path, "%s", path);
    }
    leave();
    return r;
}

static const store_io powered = {p_open,     p_pread,  p_pwritev, p_truncate, p_sync_data,
                                 p_sync_dir, p_rename, p_unlink,  p_mkdir};

// Bytes that did not arrive: the sectors read as zeros (or as nothing, at the end of the file).
static void lose_bytes(const change *c, const fix *f, unsigned *seed) {
    char path[400];
    struct stat st;
    // The file may have been renamed: find it by its inode among the places where it can be.
    snprintf(path, sizeof path, "find %s -inum %lu -type f", f->dir, (unsigned long)c->inode);
    FILE *p = popen(path, "re");
    bool found = p && fgets(path, sizeof path, p);
    if (p) pclose(p);
    if (!found) return;
    path[strcspn(path, "\n")] = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    BUG_ON(fd < 0 || fstat(fd, &st) != 0);
    off_t from = c->at, end = c->at + (off_t)c->n;
    if (rand_r(seed) % 2) from += rand_r(seed) % (off_t)c->n / 512 * 512; // torn
    if (end >= st.st_size && from >= c->size && rand_r(seed) % 2) {
        BUG_ON(ftruncate(fd, from) != 0);
    } else {
        static const char zeros[1 << 16];
        for (off_t at = from; at < end && at < st.st_size; at += sizeof zeros)
            BUG_ON(pwrite(fd, zeros,
                          (size_t)(end - at < (off_t)sizeof zeros ? end - at
                                                                  : (off_t)sizeof zeros),
                          at) < 0);
    }
    close(fd);
}

static void lose_entry(const change *c, const fix *f) {
    char cmd[600];
    switch (c->what) {
    case MADE: unlinkat(power.root, c->path, 0); break;
    case RENAMED: renameat(power.root, c->path, power.root, c->from); break;
    case REMOVED: renameat(power.root, c->from, power.root, c->path); break;
    case MADE_DIR:
        snprintf(cmd, sizeof cmd, "rm -rf %s/%s", f->dir, c->path);
        BUG_ON(system(cmd) != 0);
        break;
    case BYTES: break;
    }
}

// Newest first, each with an even chance.
static void lose(const fix *f, unsigned *seed) {
    int share = rand_r(seed) % 101;
    for (size_t i = power.n; i-- > 0;) {
        const change *c = &power.c[i];
        if (c->synced || rand_r(seed) % 100 >= share) continue;
        if (c->what == BYTES)
            lose_bytes(c, f, seed);
        else
            lose_entry(c, f);
    }
}

struct client {
    store *s;
    unsigned k, seed;
    uint64_t acked[4000];
    size_t n;
    pthread_t t;
};

static size_t power_size(uint64_t seed) {
    return seed % 5 == 0 ? STORE_SMALL + 1 + seed * 977 % 300000 : seed * 131 % 20000;
}

static void *upload_until_dark(void *arg) {
    struct client *c = arg;
    err e;
    sha256 d;
    for (uint64_t i = 0; !power.off && c->n < 4000; i++) {
        uint64_t seed =
            rand_r(&c->seed) % 3 ? (c->k + 1) * 100000 + i : (uint64_t)rand_r(&c->seed) % 30;
        if (try_put(c->s, seed, power_size(seed), &d, &e)) c->acked[c->n++] = seed;
    }
    return NULL;
}

// Half of everything goes, soon after it came.
static bool is_kept(sha256 digest) {
    return digest.b[0] % 2;
}

static bool half_is_used(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e) {
    (void)arg, (void)tx, (void)e;
    *yes = is_kept(digest);
    return true;
}

static void *gc_until_dark(void *arg) {
    struct client *c = arg;
    err e;
    store_freed r;
    while (!power.off) {
        store_gc(c->s, half_is_used, NULL, 0, false, &r, &e);
        usleep(3000);
    }
    return NULL;
}

static void power_loss(unsigned seed) {
    static struct client c[5];
    fix f;
    power.n = 0, power.off = false;
    power.left = 20 + rand_r(&seed) % 1500;
    fix_open(&f, &powered);
    power.root = open(f.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    f.s->pack_max = 200000;
    f.s->quiet = f.s->lease = -1;
    for (unsigned i = 0; i < 5; i++) {
        c[i] = (struct client){.s = f.s, .k = i, .seed = seed + i};
        thread_start(&c[i].t, "t", 1 << 20, true, i < 4 ? upload_until_dark : gc_until_dark,
                     &c[i]);
    }
    for (unsigned i = 0; i < 5; i++)
        pthread_join(c[i].t, NULL);
    store_close(f.s);
    lose(&f, &seed);
    f.s = fix_store(&f, f.db, NULL);
    fix_check(f.s, true, NULL);
    for (unsigned i = 0; i < 4; i++)
        for (size_t k = 0; k < c[i].n; k++) {
            uint64_t s = c[i].acked[k];
            char *p = fix_bytes(s, power_size(s));
            sha256 d = sha256_of(p, power_size(s));
            free(p);
            if (is_kept(d)) fix_expect(f.s, d, s, power_size(s));
        }
    fix_put(f.s, 1, 1000); // and on it goes
    fix_put(f.s, 2, 100000);
    close(power.root);
    fix_close(&f);
}

// STEMMA_POWER_ROUNDS: more for a soak.
static void nothing_acknowledged_is_lost(void **state) {
    (void)state;
    const char *rounds = getenv("STEMMA_POWER_ROUNDS");
    unsigned n = rounds ? (unsigned)atoi(rounds) : 12;
    for (unsigned i = 0; i < n; i++)
        power_loss(i * 7919 + 1);
}

// ---- kill -9 -------------------------------------------------------------------------------

// A process of its own that puts and says what was acknowledged, until it is killed.
static void put_until_killed(const fix *f, int out, uint64_t from) {
    err e;
    sha256 d;
    store *s = fix_store(f, fix_db(f), NULL);
    for (uint64_t seed = from;; seed++)
        if (!try_put(s, seed, power_size(seed), &d, &e) ||
            write(out, &seed, sizeof seed) != sizeof seed)
            _exit(1);
}

static void killed_at_any_moment(void **state) {
    (void)state;
    static uint64_t acked[100000];
    fix f;
    size_t n = 0;
    unsigned seed = 5;
    fix_open(&f, NULL);
    for (int round = 0; round < 5; round++) {
        int ends[2];
        store_close(f.s);
        db_close(f.db);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (!child) put_until_killed(&f, ends[1], (uint64_t)round * 1000000);
        close(ends[1]);
        assert_int_equal(read(ends[0], &acked[n], 8), 8); // it is under way
        n++;
        usleep((useconds_t)(rand_r(&seed) % 100000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &acked[n], 8) == 8)
            n++;
        close(ends[0]);
        f.db = fix_db(&f);
        f.s = fix_store(&f, f.db, NULL);
        assert_int_equal(fix_files(&f, "tmp"), 2); // its partial uploads are gone
        fix_check(f.s, true, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        char *p = fix_bytes(acked[i], power_size(acked[i]));
        sha256 d = sha256_of(p, power_size(acked[i]));
        free(p);
        fix_expect(f.s, d, acked[i], power_size(acked[i]));
    }
    fix_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_call_can_fail),
    cmocka_unit_test(reads_can_fail),
    cmocka_unit_test(full_disk),
    cmocka_unit_test(failed_sync_gives_up_the_pack),
    cmocka_unit_test(nothing_acknowledged_is_lost),
    cmocka_unit_test(killed_at_any_moment),
};
FIX_BOTH(tests)
