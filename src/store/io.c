// SPDX-License-Identifier: Apache-2.0
// io: the system calls on content files, and loops around them. Any thread.
#include "store/store_internal.h"

#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_EVERY ((uint64_t)8 << 20)

static int real_open(int dir, const char *path, int flags, mode_t mode) {
    return openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

static ssize_t real_pwritev(int fd, const struct iovec *v, int n, off_t at) {
    return pwritev(fd, v, n, at);
}

static int real_rename(int dir, const char *from, const char *to) {
    return renameat(dir, from, dir, to);
}

static int real_unlink(int dir, const char *path) {
    return unlinkat(dir, path, 0);
}

const store_io store_io_real = {
    .open = real_open,
    .pread = pread,
    .pwritev = real_pwritev,
    .truncate = ftruncate,
    .sync_data = fdatasync,
    .sync_dir = fsync,
    .rename = real_rename,
    .unlink = real_unlink,
    .mkdir = mkdirat,
};

// Goes past `done` bytes of the vector.
static void advance(struct iovec **v, size_t *n, size_t done) {
    while (*n && done >= (*v)->iov_len) {
        done -= (*v)->iov_len;
        (*v)++;
        (*n)--;
    }
    if (done) {
        (*v)->iov_base = (char *)(*v)->iov_base + done;
        (*v)->iov_len -= done;
    }
}

bool store_io_write(store *s, int fd, struct iovec *v, size_t n, uint64_t at, err *e) {
    advance(&v, &n, 0); // empty ones at the front
    while (n) {
        ssize_t done = s->io->pwritev(fd, v, (int)n, (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done == 0) errno = ENOSPC;
        if (done <= 0) return err_errno(e, "writing to the content folder failed");
        at += (uint64_t)done;
        advance(&v, &n, (size_t)done);
    }
    return true;
}

ssize_t store_io_read(store *s, int fd, void *p, size_t n, uint64_t at, err *e) {
    size_t have = 0;
    while (have < n) {
        ssize_t k = s->io->pread(fd, (char *)p + have, n - have, (off_t)(at + have));
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) {
            err_errno(e, "reading from the content folder failed");
            return -1;
        }
        if (k == 0) break;
        have += (size_t)k;
    }
    return (ssize_t)have;
}

void store_io_start(int fd, uint64_t *started, uint64_t end) {
    if (end - *started < START_EVERY) return;
    sync_file_range(fd, (off_t)*started, (off_t)(end - *started), SYNC_FILE_RANGE_WRITE);
    *started = end;
}

bool store_io_sync_dir(store *s, const char *path, err *e) {
    int fd = s->io->open(s->dir, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return err_errno(e, "opening %s in the content folder failed", path);
    bool ok = s->io->sync_dir(fd) == 0;
    if (!ok) err_errno(e, "syncing %s in the content folder failed", path);
    close(fd);
    return ok;
}

bool store_io_mkdir(store *s, const char *path, err *e) {
    if (s->io->mkdir(s->dir, path, STORE_DIR_MODE) == 0 || errno == EEXIST) return true;
    return err_errno(e, "making %s in the content folder failed", path);
}

bool store_io_lock(int fd, err *e) {
    return lock_take(fd, "a file of the content folder", e);
}
