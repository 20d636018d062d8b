// SPDX-License-Identifier: Apache-2.0
// sink: see sink.h.
#include "cli/sink.h"

#include "base/id.h"
#include "base/thread.h"
#include "base/utf8_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)
#define BESIDE     ((size_t)1 << 20)

bool sink_open(arena *a, str folder, sink *out, err *e) {
    char *path = arena_cstr(a, folder.n ? folder : STR("."));
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    if (mkdir(path, 0777) && errno != EEXIST)
        return err_errno(e, "cannot make the folder %s", path);
    out->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return out->dir >= 0 || err_errno(e, "cannot open the folder %s", path);
}

void sink_close(sink *s) {
    if (s->dir >= 0) close(s->dir);
    s->dir = -1;
}

static bool part_ok(str part) {
    if (!part.n || part.n > 255 || str_is(part, ".") || str_is(part, "..")) return false;
    for (size_t i = 0; i < part.n; i++) {
        if ((unsigned char)part.p[i] < 32 || part.p[i] == 127) return false;
    }
    return true;
}

bool sink_path_ok(str path, err *e) {
    bool ok = path.n && path.n <= 4096 && path.p[0] != '/';
    str rest = path;
    for (str part; ok && str_split(&rest, '/', &part);)
        ok = part_ok(part);
    return ok || err_set(e, ERR_FORBIDDEN,
                         "the server sent a file with the name '%.*s', which is refused: it "
                         "could lead out of the folder",
                         STR_F(str_upto(path, 200)));
}

// One folder below another, made when it is missing; a symbolic link is no folder here.
static int step_into(int dir, const char *name) {
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dir, name, flags);
    if (fd < 0 && errno == ENOENT && (mkdirat(dir, name, 0777) == 0 || errno == EEXIST))
        fd = openat(dir, name, flags);
    return fd;
}

// The folder that holds a path's last part, which goes to name; -1 and e.
static int open_parent(sink *s, str path, char name[256], err *e) {
    str rest = path, part;
    if (!sink_path_ok(path, e)) return -1;
    int dir = dup(s->dir);
    while (dir >= 0 && str_split(&rest, '/', &part)) {
        snprintf(name, 256, "%.*s", STR_F(part));
        if (!rest.n) return dir;
        int next = step_into(dir, name);
        int saved = errno;
        close(dir);
        errno = saved;
        dir = next;
    }
    err_errno(e, "cannot enter the folder of %.*s", STR_F(path));
    return -1;
}

bool sink_make_executable(sink *s, str path, err *e) {
    char name[256];
    struct stat st;
    int dir = open_parent(s, path, name, e);
    if (dir < 0) return false;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = fd >= 0 && !fstat(fd, &st) && !fchmod(fd, (st.st_mode | 0111) & 07777);
    if (!ok) err_errno(e, "making %.*s executable failed", STR_F(path));
    if (fd >= 0) close(fd);
    close(dir);
    return ok;
}

bool sink_make_folder(sink *s, str path, err *e) {
    char name[256];
    int dir = open_parent(s, path, name, e);
    if (dir < 0) return false;
    int made = step_into(dir, name);
    bool ok = made >= 0 || err_errno(e, "cannot make the folder %.*s", STR_F(path));
    if (made >= 0) close(made);
    close(dir);
    return ok;
}

// ---- reading --------------------------------------------------------------------------------

// Adds a whole file to the sum; its bytes are counted.
static bool sum_file(int fd, sha256_ctx *sum, uint64_t *size, err *e) {
    char *p = mem_alloc(READ_BYTES);
    ssize_t n;
    *size = 0;
    while ((n = read(fd, p, READ_BYTES)) > 0) {
        sha256_add(sum, p, (size_t)n);
        *size += (uint64_t)n;
    }
    free(p);
    return n == 0 || err_errno(e, "cannot read what is there");
}

bool sink_has(sink *s, str path, uint64_t size, sha256 digest) {
    err unread;
    char name[256];
    struct stat st;
    int dir = open_parent(s, path, name, &unread);
    if (dir < 0) return false;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    close(dir);
    if (fd < 0) return false;
    bool same = !fstat(fd, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
    if (same) {
        sha256_ctx *sum = sha256_new();
        same = sum_file(fd, sum, &size, &unread) && sha256_eq(sha256_end(sum), digest);
        sha256_free(sum);
    }
    close(fd);
    return same;
}

// ---- writing --------------------------------------------------------------------------------

static void name_part(sink_file *f, str digest) {
    if (digest.n == SHA256_HEX - 1) {
        snprintf(f->part, sizeof f->part, ".stemma-%.*s.part", STR_F(digest));
        return;
    }
    char text[ID_HEX];
    id_hex(id_new(), text);
    snprintf(f->part, sizeof f->part, ".stemma-%s.part", text);
}

uint64_t sink_part_size(sink *s, str path, sha256 digest) {
    err unread;
    char hex[SHA256_HEX];
    struct stat st;
    sink_file f = {.dir = open_parent(s, path, f.name, &unread)};
    if (f.dir < 0) return 0;
    sha256_hex(digest, hex);
    name_part(&f, str_of(hex));
    bool there = !fstatat(f.dir, f.part, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
    close(f.dir);
    return there ? (uint64_t)st.st_size : 0;
}

bool sink_begin(sink *s, str path, str digest, sink_file *f, err *e) {
    *f = (sink_file){.fd = -1};
    f->dir = open_parent(s, path, f->name, e);
    if (f->dir < 0) return false;
    name_part(f, digest);
    f->fd =
        openat(f->dir, f->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (f->fd < 0) {
        err_errno(e, "cannot write beside %s", f->name);
        close(f->dir);
        return false;
    }
    if (flock(f->fd, LOCK_EX | LOCK_NB)) {
        err_set(e, ERR_CONFLICT, "another process downloads %s at this moment", f->name);
        close(f->fd);
        close(f->dir);
        f->fd = -1;
        return false;
    }
    f->sum = sha256_new();
    if (sum_file(f->fd, f->sum, &f->size, e)) return true;
    sink_leave(f, false);
    return false;
}

typedef struct summing {
    sha256_ctx *sum;
    const void *p;
    size_t n;
} summing;

static void *add_to_sum(void *arg) {
    summing *g = arg;
    sha256_add(g->sum, g->p, g->n);
    return NULL;
}

static bool write_all(sink_file *f, const char *from, size_t n, err *e) {
    for (size_t done = 0; done < n;) {
        ssize_t wrote = write(f->fd, from + done, n - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return err_errno(e, "cannot write %s", f->name);
        done += (size_t)wrote;
    }
    return true;
}

// Much is hashed while it is written.
bool sink_write(sink_file *f, const void *p, size_t n, err *e) {
    summing g = {f->sum, p, n};
    pthread_t by;
    bool beside = n >= BESIDE && thread_start(&by, "hash", 0, false, add_to_sum, &g);
    bool ok = write_all(f, p, n, e);
    if (beside)
        pthread_join(by, NULL);
    else
        add_to_sum(&g);
    f->size += n;
    return ok;
}

bool sink_restart(sink_file *f, err *e) {
    sha256_end(f->sum);
    f->size = 0;
    return (!ftruncate(f->fd, 0) && lseek(f->fd, 0, SEEK_SET) == 0) ||
           err_errno(e, "cannot write %s", f->name);
}

static void shut(sink_file *f) {
    close(f->fd);
    close(f->dir);
    sha256_free(f->sum);
    f->fd = -1;
}

bool sink_commit(sink_file *f, const sha256 *want, err *e) {
    sha256 is = sha256_end(f->sum);
    bool ok = true;
    if (want && !sha256_eq(is, *want)) {
        ok =
            err_set(e, ERR_CORRUPT,
                    "%s did not arrive as it was stored (its SHA-256 differs): it was removed; "
                    "try again",
                    f->name);
    } else if (fsync(f->fd) || renameat(f->dir, f->part, f->dir, f->name)) {
        ok = err_errno(e, "cannot write %s", f->name);
    }
    if (!ok) unlinkat(f->dir, f->part, 0);
    shut(f);
    return ok;
}

void sink_leave(sink_file *f, bool keep) {
    if (f->fd < 0) return;
    if (!keep) unlinkat(f->dir, f->part, 0);
    shut(f);
}
