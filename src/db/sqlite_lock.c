// SPDX-License-Identifier: Apache-2.0
// sqlite_lock: one process owns a SQLite database (design, rule 2). The lock is flock(2) on
// PATH.lock, so it ends with the process however that dies; what the file holds (process and
// host) only serves the message. The file stays: to remove it would let two processes lock two
// files of one name.
#include "db/sqlite_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static bool told_holder(const char *path, int fd, err *e) {
    char text[128] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    return err_set(
        e, ERR_CONFLICT,
        "data folder: %s is in use by process %s; stop that server, or use PostgreSQL"
        " to run several on the same data",
        path, *text ? text : "(unknown)");
}

static bool write_holder(int fd) {
    char host[64] = "", text[128];
    gethostname(host, sizeof host - 1);
    int n = snprintf(text, sizeof text, "%ld on %s\n", (long)getpid(), host);
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

static int lock_file(const char *path, const char *lock_path, err *e) {
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        err_errno(e, "can not make the lock file %s", lock_path);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        write_holder(fd); // when the disk is full the lock holds all the same
        return fd;
    }
    if (errno == EWOULDBLOCK)
        told_holder(path, fd, e);
    else
        err_errno(e, "can not lock %s", lock_path);
    close(fd);
    return -1;
}

int sq_lock(const char *path, err *e) {
    arena *a = arena_new();
    str lock_path = arena_printf(a, "%s.lock", path);
    int fd = lock_file(path, lock_path.p, e);
    arena_free(a);
    return fd;
}
