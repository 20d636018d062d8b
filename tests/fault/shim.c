// SPDX-License-Identifier: Apache-2.0
// shim: loaded by LD_PRELOAD below a server, between it (SQLite included) and the kernel. It
// does two things to the files below one folder, and nothing to any other:
//
//   It writes a journal of every change (writes with their bytes, truncations, names made,
//   moved and removed) and of every sync that succeeded, from which powerloss.py builds what a
//   disk may hold after the power went. The -shm files that SQLite maps are not seen; they need
//   not survive. It makes calls fail, as rules in a page of shared memory say, and lets the
//   folder run out of space.
//
// Environment: FAULT_ROOT the folder (no symbolic links in its path), FAULT_CONTROL a file of
// CONTROL_SIZE bytes with the struct control below, FAULT_JOURNAL the journal (may be missing).
//
// I1  A change and its entry are made under one lock, so the journal's order is the order of
// changes. I2  A sync's entry stands behind it and names the position before it: what stood in
// the journal
//     then is durable, what came while it ran may not be.
// I3  An entry is written (to the page cache, which a kill spares) before the call returns. So
// a reader
//     that saw an effect of the call finds `position` past its entry.
//
// The kernel is called by syscall(2): nothing here depends on which library is next. Any
// thread.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CONTROL_SIZE = 4096, RULES = 16, FDS = 1 << 16 };

enum { // bits of rule.ops
    ON_READ = 1,
    ON_WRITE = 2,
    ON_SYNC = 4,
    ON_OPEN = 8,
    ON_RENAME = 16,
    ON_UNLINK = 32,
    ON_TRUNCATE = 64,
    ON_MKDIR = 128,
    ON_LIST = 256, // a readdir; of any folder, however it was opened
};

typedef struct rule {
    uint32_t ops;  // 0: not in use
    int32_t error; // what errno becomes
    int64_t skip;  // so many matching calls pass first
    int64_t count; // so many fail then; negative: all
    uint64_t hits; // how many failed
    uint32_t torn; // of a failing write, half is done
    uint32_t pad;
    char match[64]; // fnmatch(3) on the path below the folder; '*' matches '/' too
    char pad2[24];
} rule;

typedef struct control {
    _Atomic uint64_t position; // entries in the journal
    int64_t space;             // bytes by which files may still grow; negative: without end
                               // (truncating gives some back, removing does not)
    uint64_t refused;          // writes that found no space
    char pad[40];
    rule rules[RULES];
} control;
_Static_assert(sizeof(rule) == 128 && sizeof(control) <= CONTROL_SIZE, "as faults.py has it");

enum { J_OPEN = 1, J_WRITE, J_TRUNCATE, J_SYNC, J_SYNC_FAILED, J_RENAME, J_UNLINK, J_MKDIR };

typedef struct entry {
    uint32_t op;
    int32_t file;    // a number for each open, from 1
    uint64_t a;      // J_OPEN flags, J_WRITE offset, J_TRUNCATE size, J_SYNC position before it
    uint64_t n1, n2; // bytes that follow: a path or data, a second path
} entry;

static struct {
    bool on;
    char root[PATH_MAX];
    size_t root_n;
    int journal; // -1: none
    control *c;
    pthread_mutex_t lock;
    _Atomic int32_t next;
    _Atomic int32_t files[FDS]; // by descriptor; 0: not ours
} s = {.journal = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .next = 1};

static void die(const char *what) {
    fprintf(stderr, "fault shim: %s: %s\n", what, strerror(errno));
    abort();
}

static int k_open(int dir, const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}

__attribute__((constructor)) static void start(void) {
    const char *root = getenv("FAULT_ROOT"), *ctl = getenv("FAULT_CONTROL");
    const char *journal = getenv("FAULT_JOURNAL");
    if (!root || !ctl) return;
    s.root_n = (size_t)snprintf(s.root, sizeof s.root, "%s", root);
    int fd = k_open(AT_FDCWD, ctl, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) die(ctl);
    s.c = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s.c == MAP_FAILED) die("mmap");
    syscall(SYS_close, fd);
    if (journal && *journal) {
        s.journal = k_open(AT_FDCWD, journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (s.journal < 0) die(journal);
    }
    s.on = true;
}

// ---- paths ----

// The path below the folder, or NULL when it is elsewhere.
static const char *below(const char *path) {
    if (strncmp(path, s.root, s.root_n) != 0) return NULL;
    if (path[s.root_n] == 0) return path + s.root_n;
    return path[s.root_n] == '/' ? path + s.root_n + 1 : NULL;
}

static bool of_fd(int fd, char out[PATH_MAX]) {
    char name[48];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, name, out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = 0;
    return n > 0;
}

static bool absolute(int dir, const char *path, char out[PATH_MAX]) {
    char base[PATH_MAX] = "";
    if (*path == '/') return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
    if (dir == AT_FDCWD ? !getcwd(base, sizeof base) : !of_fd(dir, base)) return false;
    return snprintf(out, PATH_MAX, "%s/%s", base, path) < PATH_MAX;
}

// What is asked about, below the folder; NULL when it is none of ours.
static const char *ours(int dir, const char *path, char out[PATH_MAX]) {
    return s.on && absolute(dir, path, out) ? below(out) : NULL;
}

static int32_t file_of(int fd) {
    return s.on && fd >= 0 && fd < FDS ? atomic_load(&s.files[fd]) : 0;
}

static void forget(int fd) {
    if (s.on && fd >= 0 && fd < FDS) atomic_store(&s.files[fd], 0);
}

// ---- failing ----

static rule *find_rule(uint32_t op, const char *path) {
    for (int i = 0; i < RULES; i++) {
        rule *r = &s.c->rules[i];
        if (!(r->ops & op) || r->count == 0 || fnmatch(r->match, path, 0) != 0) continue;
        if (r->skip > 0) {
            r->skip--;
            continue;
        }
        if (r->count > 0) r->count--;
        r->hits++;
        return r;
    }
    return NULL;
}

static bool any_rule(uint32_t op) {
    for (int i = 0; i < RULES; i++) {
        if (s.c->rules[i].ops & op) return true;
    }
    return false;
}

// True when the call fails: errno is set. *torn is set when half of a write is to be done.
static bool fails(uint32_t op, const char *path, bool *torn) {
    if (!any_rule(op)) return false;
    pthread_mutex_lock(&s.lock);
    rule *r = find_rule(op, path);
    int error = r ? r->error : 0;
    if (torn) *torn = r && r->torn;
    pthread_mutex_unlock(&s.lock);
    if (error) errno = error;
    return error != 0;
}

static bool fd_fails(uint32_t op, int fd, bool *torn) {
    char path[PATH_MAX];
    if (!file_of(fd) || !any_rule(op) || !of_fd(fd, path)) return false;
    const char *name = below(path);
    return name && fails(op, name, torn);
}

// How many of n bytes at `at` find space. Under the lock.
static size_t room(int fd, size_t n, off_t at) {
    struct stat st;
    if (s.c->space < 0) return n;
    if (fstat(fd, &st) != 0) die("fstat");
    int64_t grow = at + (int64_t)n - st.st_size;
    if (grow <= 0) return n;
    if (grow <= s.c->space) {
        s.c->space -= grow;
        return n;
    }
    s.c->refused++;
    int64_t fits = (int64_t)n - grow + s.c->space;
    if (fits <= 0) return 0;
    s.c->space = 0;
    return (size_t)fits;
}

// ---- the journal ----

// Under the lock.
static void note(uint32_t op, int32_t file, uint64_t a, const struct iovec *p, const char *p2) {
    if (s.journal < 0) return;
    entry e = {.op = op, .file = file, .a = a, .n1 = p ? p->iov_len : 0};
    e.n2 = p2 ? strlen(p2) : 0;
    struct iovec v[3] = {
        {&e, sizeof e}, {p ? p->iov_base : &e, e.n1}, {(void *)(uintptr_t)p2, e.n2}};
    if (syscall(SYS_writev, s.journal, v, 3) != (ssize_t)(sizeof e + e.n1 + e.n2))
        die("the journal");
    atomic_fetch_add(&s.c->position, 1);
}

static struct iovec text(const char *p) {
    return (struct iovec){(void *)(uintptr_t)p, strlen(p)};
}

static uint64_t position(void) {
    return atomic_load(&s.c->position);
}

// ---- opening ----

static int opened(int fd, int flags) {
    char path[PATH_MAX];
    const char *name = fd < FDS && of_fd(fd, path) ? below(path) : NULL;
    if (!name) {
        forget(fd);
        return fd;
    }
    int32_t file = atomic_fetch_add(&s.next, 1);
    struct iovec p = text(name);
    atomic_store(&s.files[fd], file);
    note(J_OPEN, file, (uint64_t)flags, &p, NULL);
    return fd;
}

static int do_open(int dir, const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    const char *name = ours(dir, path, full);
    if (!name) {
        int fd = k_open(dir, path, flags, mode);
        forget(fd);
        return fd;
    }
    if (fails(ON_OPEN, name, NULL)) return -1;
    pthread_mutex_lock(&s.lock);
    int fd = k_open(dir, path, flags, mode);
    if (fd >= 0) opened(fd, flags);
    pthread_mutex_unlock(&s.lock);
    return fd;
}

static mode_t mode_arg(int flags, va_list ap) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                                                                             \
    int name(const char *path, int flags, ...) {                                               \
        va_list ap;                                                                            \
        va_start(ap, flags);                                                                   \
        mode_t mode = mode_arg(flags, ap);                                                     \
        va_end(ap);                                                                            \
        return do_open(AT_FDCWD, path, flags, mode);                                           \
    }
#define OPENAT(name)                                                                           \
    int name(int dir, const char *path, int flags, ...) {                                      \
        va_list ap;                                                                            \
        va_start(ap, flags);                                                                   \
        mode_t mode = mode_arg(flags, ap);                                                     \
        va_end(ap);                                                                            \
        return do_open(dir, path, flags, mode);                                                \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

// What a build with _FORTIFY_SOURCE calls.
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
int __open_2(const char *path, int flags) {
    return do_open(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char *path, int flags) {
    return do_open(AT_FDCWD, path, flags, 0);
}
int __openat_2(int dir, const char *path, int flags) {
    return do_open(dir, path, flags, 0);
}
int __openat64_2(int dir, const char *path, int flags) {
    return do_open(dir, path, flags, 0);
}

int close(int fd) {
    forget(fd);
    return (int)syscall(SYS_close, fd);
}

int closedir(DIR *d) { // it closes its descriptor by itself
    static int (*next)(DIR *);
    if (!next) *(void **)(void *)&next = dlsym(RTLD_NEXT, "closedir");
    forget(dirfd(d));
    return next(d);
}

struct dirent *readdir(DIR *d) {
    static struct dirent *(*next)(DIR *);
    char path[PATH_MAX];
    if (!next) *(void **)(void *)&next = dlsym(RTLD_NEXT, "readdir");
    bool asked = s.on && any_rule(ON_LIST) && of_fd(dirfd(d), path);
    const char *name = asked ? below(path) : NULL;
    return name && fails(ON_LIST, name, NULL) ? NULL : next(d);
}

// ---- writing ----

static ssize_t write_at(int fd, int32_t file, const void *p, size_t n, off_t at, bool torn) {
    pthread_mutex_lock(&s.lock);
    size_t fits = torn ? n / 2 : room(fd, n, at);
    ssize_t done = fits || !n ? syscall(SYS_pwrite64, fd, p, fits, at) : -1;
    if (!fits && n) errno = ENOSPC;
    int error = errno;
    if (done > 0) {
        struct iovec data = {(void *)(uintptr_t)p, (size_t)done};
        note(J_WRITE, file, (uint64_t)at, &data, NULL);
    }
    errno = error;
    pthread_mutex_unlock(&s.lock);
    return done;
}

static ssize_t do_pwrite(int fd, const void *p, size_t n, off_t at) {
    bool torn = false;
    int32_t file = file_of(fd);
    if (!file) return syscall(SYS_pwrite64, fd, p, n, at);
    if (!fd_fails(ON_WRITE, fd, &torn)) return write_at(fd, file, p, n, at, false);
    int error = errno;
    if (torn) write_at(fd, file, p, n, at, true);
    errno = error;
    return -1;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    return do_pwrite(fd, p, n, at);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
    return do_pwrite(fd, p, n, at);
}

// As one write, so that it is torn as one.
static ssize_t do_pwritev(int fd, const struct iovec *v, int n, off_t at) {
    size_t total = 0, have = 0;
    if (!file_of(fd)) return syscall(SYS_pwritev, fd, v, n, at, 0);
    for (int i = 0; i < n; i++)
        total += v[i].iov_len;
    char *all = malloc(total ? total : 1);
    if (!all) die("malloc");
    for (int i = 0; i < n; i++) {
        memcpy(all + have, v[i].iov_base, v[i].iov_len);
        have += v[i].iov_len;
    }
    ssize_t done = do_pwrite(fd, all, total, at);
    int error = errno;
    free(all);
    errno = error;
    return done;
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at) {
    return do_pwritev(fd, v, n, at);
}
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at) {
    return do_pwritev(fd, v, n, at);
}

// Behind the file's own offset, which moves on.
static ssize_t append(int fd, const void *p, size_t n) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = at < 0 ? -1 : do_pwrite(fd, p, n, at);
    if (done > 0) lseek(fd, at + done, SEEK_SET);
    return done;
}

ssize_t write(int fd, const void *p, size_t n) {
    return file_of(fd) ? append(fd, p, n) : syscall(SYS_write, fd, p, n);
}

ssize_t writev(int fd, const struct iovec *v, int n) {
    if (!file_of(fd)) return syscall(SYS_writev, fd, v, n);
    ssize_t sum = 0;
    for (int i = 0; i < n; i++) {
        ssize_t done = append(fd, v[i].iov_base, v[i].iov_len);
        if (done < 0) return sum ? sum : -1;
        sum += done;
    }
    return sum;
}

static int do_truncate(int fd, off_t size) {
    struct stat st;
    if (!file_of(fd)) return (int)syscall(SYS_ftruncate, fd, size);
    if (fd_fails(ON_TRUNCATE, fd, NULL)) return -1;
    pthread_mutex_lock(&s.lock);
    if (fstat(fd, &st) != 0) die("fstat");
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0) {
        if (s.c->space >= 0 && size < st.st_size) s.c->space += st.st_size - size;
        note(J_TRUNCATE, file_of(fd), (uint64_t)size, NULL, NULL);
    }
    pthread_mutex_unlock(&s.lock);
    return rc;
}

int ftruncate(int fd, off_t size) {
    return do_truncate(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    return do_truncate(fd, size);
}

// ---- syncing ----

static int do_sync(int fd, long number) {
    int32_t file = file_of(fd);
    if (!file) return (int)syscall(number, fd);
    uint64_t before = position();
    bool failed = fd_fails(ON_SYNC, fd, NULL);
    int rc = failed ? -1 : (int)syscall(number, fd), error = errno;
    pthread_mutex_lock(&s.lock);
    note(rc ? J_SYNC_FAILED : J_SYNC, file, before, NULL, NULL);
    pthread_mutex_unlock(&s.lock);
    errno = error;
    return rc;
}

int fsync(int fd) {
    return do_sync(fd, SYS_fsync);
}
int fdatasync(int fd) {
    return do_sync(fd, SYS_fdatasync);
}

// ---- names ----

static int do_rename(int from_dir, const char *from, int to_dir, const char *to) {
    char a[PATH_MAX], b[PATH_MAX];
    const char *name = ours(from_dir, from, a), *to_name = ours(to_dir, to, b);
    if (!name || !to_name) return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
    if (fails(ON_RENAME, to_name, NULL)) return -1;
    pthread_mutex_lock(&s.lock);
    int rc = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
    struct iovec p = text(name);
    if (rc == 0) note(J_RENAME, 0, 0, &p, to_name);
    pthread_mutex_unlock(&s.lock);
    return rc;
}

int rename(const char *from, const char *to) {
    return do_rename(AT_FDCWD, from, AT_FDCWD, to);
}
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    return do_rename(from_dir, from, to_dir, to);
}

static int do_unlink(int dir, const char *path, int flags) {
    char full[PATH_MAX];
    const char *name = ours(dir, path, full);
    if (!name) return (int)syscall(SYS_unlinkat, dir, path, flags);
    if (fails(ON_UNLINK, name, NULL)) return -1;
    pthread_mutex_lock(&s.lock);
    int rc = (int)syscall(SYS_unlinkat, dir, path, flags);
    struct iovec p = text(name);
    if (rc == 0) note(J_UNLINK, 0, (uint64_t)flags, &p, NULL);
    pthread_mutex_unlock(&s.lock);
    return rc;
}

int unlink(const char *path) {
    return do_unlink(AT_FDCWD, path, 0);
}
int unlinkat(int dir, const char *path, int flags) {
    return do_unlink(dir, path, flags);
}
int rmdir(const char *path) {
    return do_unlink(AT_FDCWD, path, AT_REMOVEDIR);
}

static int do_mkdir(int dir, const char *path, mode_t mode) {
    char full[PATH_MAX];
    const char *name = ours(dir, path, full);
    if (!name) return (int)syscall(SYS_mkdirat, dir, path, mode);
    if (fails(ON_MKDIR, name, NULL)) return -1;
    pthread_mutex_lock(&s.lock);
    int rc = (int)syscall(SYS_mkdirat, dir, path, mode);
    struct iovec p = text(name);
    if (rc == 0) note(J_MKDIR, 0, 0, &p, NULL);
    pthread_mutex_unlock(&s.lock);
    return rc;
}

int mkdir(const char *path, mode_t mode) {
    return do_mkdir(AT_FDCWD, path, mode);
}
int mkdirat(int dir, const char *path, mode_t mode) {
    return do_mkdir(dir, path, mode);
}

// ---- reading ----

static ssize_t do_pread(int fd, void *p, size_t n, off_t at) {
    return fd_fails(ON_READ, fd, NULL) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t pread(int fd, void *p, size_t n, off_t at) {
    return do_pread(fd, p, n, at);
}
ssize_t pread64(int fd, void *p, size_t n, off64_t at) {
    return do_pread(fd, p, n, at);
}
ssize_t read(int fd, void *p, size_t n) {
    return fd_fails(ON_READ, fd, NULL) ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t size);
ssize_t __pread64_chk(int fd, void *p, size_t n, off64_t at, size_t size);
ssize_t __read_chk(int fd, void *p, size_t n, size_t size);
ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t size) {
    if (n > size) abort();
    return pread(fd, p, n, at);
}
ssize_t __pread64_chk(int fd, void *p, size_t n, off64_t at, size_t size) {
    if (n > size) abort();
    return pread(fd, p, n, at);
}
ssize_t __read_chk(int fd, void *p, size_t n, size_t size) {
    if (n > size) abort();
    return read(fd, p, n);
}
