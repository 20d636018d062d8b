// SPDX-License-Identifier: Apache-2.0
// store: opening and closing a content folder that several processes may share. Each has a
// folder of its own in tmp/ with a lock that the kernel gives up when the process dies; whoever
// opens the store sweeps the folders of the dead. tmp/lock is held meanwhile, so that nobody
// sees a folder that has no lock yet.
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MINUTE_US    (60 * INT64_C(1000000))
#define JOIN_WAIT_US (30 * INT64_C(1000000))

// ---- tmp/ -----------------------------------------------------------------------------------

static void tmp_path(char out[STORE_PATH_MAX], const char process[ID_HEX], const char *name) {
    snprintf(out, STORE_PATH_MAX, "tmp/%.*s/%s", ID_HEX - 1, process, name);
}

void store_tmp_path(store *s, char out[STORE_PATH_MAX]) {
    char n[24];
    snprintf(n, sizeof n, "%llu", (unsigned long long)atomic_fetch_add(&s->next_tmp, 1));
    tmp_path(out, s->process, n);
}

int store_scratch(store *s, err *e) {
    char path[STORE_PATH_MAX];
    store_tmp_path(s, path);
    int fd = s->io->open(s->dir, path, O_RDWR | O_CREAT | O_EXCL, STORE_FILE_MODE);
    if (fd < 0) {
        err_errno(e, "making a scratch file in the content folder failed");
        return -1;
    }
    s->io->unlink(s->dir, path);
    return fd;
}

// Removes tmp/<process> and what is in it. Nothing here needs to be durable.
static void remove_tmp(store *s, const char *process) {
    char path[STORE_PATH_MAX];
    tmp_path(path, process, "");
    int fd = s->io->open(s->dir, path, O_RDONLY | O_DIRECTORY, 0);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0) close(fd);
        return;
    }
    for (struct dirent *f; (f = readdir(d));) {
        if (f->d_name[0] == '.') continue;
        unlinkat(fd, f->d_name, 0);
    }
    closedir(d);
    unlinkat(s->dir, path, AT_REMOVEDIR);
}

static bool is_dead(store *s, const char *process) {
    char path[STORE_PATH_MAX];
    tmp_path(path, process, "lock");
    int fd = s->io->open(s->dir, path, O_RDWR, 0);
    if (fd < 0) return errno == ENOENT; // it died before it had a lock
    bool dead = store_io_lock(fd, NULL);
    close(fd);
    return dead;
}

static bool sweep_tmp(store *s, err *e) {
    int fd = s->io->open(s->dir, "tmp", O_RDONLY | O_DIRECTORY, 0);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        err_errno(e, "reading tmp in the content folder failed");
        if (fd >= 0) close(fd);
        return false;
    }
    for (struct dirent *f; (f = readdir(d));) {
        id process;
        char name[ID_HEX];
        if (!id_parse(str_of(f->d_name), &process)) continue;
        id_hex(process, name);
        if (!is_dead(s, name)) continue;
        log_msg(LOG_INFO, "store.sweep",
                "removing partial uploads of %s, a process that is gone", name);
        remove_tmp(s, name);
    }
    closedir(d);
    return true;
}

static bool make_tmp(store *s, err *e) {
    char path[STORE_PATH_MAX];
    id_hex(id_new(), s->process);
    tmp_path(path, s->process, "");
    if (!store_io_mkdir(s, path, e)) return false;
    tmp_path(path, s->process, "lock");
    s->process_lock = s->io->open(s->dir, path, O_RDWR | O_CREAT | O_EXCL, STORE_FILE_MODE);
    if (s->process_lock < 0) return err_errno(e, "making %s failed", path);
    err why = {0};
    if (store_io_lock(s->process_lock, &why)) return true;
    return err_set(e, ERR_UNAVAILABLE, "locking %s failed: %s", path, why.msg);
}

// Waits for the lock on tmp/lock; the descriptor holds it.
static int wait_for_lock(store *s, err *e) {
    int fd = s->io->open(s->dir, "tmp/lock", O_RDWR | O_CREAT, STORE_FILE_MODE);
    if (fd < 0) {
        err_errno(e, "opening tmp/lock in the content folder failed");
        return -1;
    }
    err why;
    for (int64_t end = clock_mono_us() + JOIN_WAIT_US; !store_io_lock(fd, &why);) {
        if (why.code == ERR_NONE && clock_mono_us() < end) {
            usleep(20000);
            continue;
        }
        if (why.code == ERR_NONE)
            err_set(&why, ERR_UNAVAILABLE,
                    "another process holds tmp/lock in the content folder for too long");
        if (e) *e = why;
        close(fd);
        return -1;
    }
    return fd;
}

static bool join(store *s, err *e) {
    int fd = wait_for_lock(s, e);
    if (fd < 0) return false;
    bool ok = sweep_tmp(s, e) && make_tmp(s, e);
    close(fd);
    return ok;
}

// ---- the folder -----------------------------------------------------------------------------

// An empty file is one whose maker died before it wrote, or writes just now: the same bytes.
static bool check_format(store *s, err *e) {
    char have[sizeof STORE_FORMAT + 1];
    union {
        const char *in;
        void *out;
    } want = {STORE_FORMAT};
    int fd = s->io->open(s->dir, "format", O_RDWR | O_CREAT, STORE_FILE_MODE);
    if (fd < 0) return err_errno(e, "opening the file format in the content folder failed");
    ssize_t n = store_io_read(s, fd, have, sizeof have, 0, e);
    bool ok = n >= 0;
    if (n == 0) {
        ok = store_io_write(s, fd, &(struct iovec){want.out, sizeof STORE_FORMAT - 1}, 1, 0, e);
        if (ok && s->io->sync_data(fd)) ok = err_errno(e, "syncing the file format failed");
    } else if (n > 0 && !str_eq(str_n(have, (size_t)n), STR(STORE_FORMAT))) {
        ok = err_set(e, ERR_STATE,
                     "the content folder has a format that this version does not know: %.*s",
                     (int)n - 1, have);
    }
    close(fd);
    return ok;
}

static bool make_folder(store *s, const char *dir, err *e) {
    if (mkdir(dir, STORE_DIR_MODE) && errno != EEXIST)
        return err_errno(e, "making the content folder %s failed", dir);
    s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0) return err_errno(e, "opening the content folder %s failed", dir);
    return store_io_mkdir(s, "objects", e) && store_io_mkdir(s, "packs", e) &&
           store_io_mkdir(s, "tmp", e) && check_format(s, e) && store_io_sync_dir(s, ".", e) &&
           store_io_sync_dir(s, "..", e);
}

static store *new_store(db *d, const store_io *io) {
    store *s = mem_alloc(sizeof *s);
    s->db = d;
    s->io = io;
    s->dir = s->process_lock = -1;
    s->queue_end = &s->queue;
    s->batch = mem_alloc(STORE_BATCH * sizeof *s->batch);
    s->vectors = mem_alloc(2 * STORE_BATCH * sizeof *s->vectors);
    for (size_t i = 0; i < STORE_PACK_FDS; i++)
        s->fds[i].fd = -1;
    pthread_mutex_init(&s->pack_lock, NULL);
    pthread_mutex_init(&s->fds_lock, NULL);
    pthread_mutex_init(&s->gc_lock, NULL);
    s->lease = 60 * MINUTE_US;
    s->quiet = 60 * MINUTE_US;
    s->grace = 24 * 60 * MINUTE_US;
    s->pack_max = (uint64_t)256 << 20;
    return s;
}

store *store_open_io(db *d, str dir, const store_io *io, err *e) {
    store *s = new_store(d, io);
    char *path = mem_strdup(dir);
    bool ok = make_folder(s, path, e) && join(s, e);
    free(path);
    if (ok) return s;
    store_close(s);
    return NULL;
}

store *store_open(db *d, str dir, err *e) {
    return store_open_io(d, dir, &store_io_real, e);
}

void store_stop(store *s) {
    atomic_store(&s->stopping, true);
}

void store_close(store *s) {
    if (!s) return;
    store_pack_close(s);
    store_pack_forget(s, true);
    if (s->process_lock >= 0) {
        remove_tmp(s, s->process);
        close(s->process_lock);
    }
    if (s->dir >= 0) close(s->dir);
    pthread_mutex_destroy(&s->pack_lock);
    pthread_mutex_destroy(&s->fds_lock);
    pthread_mutex_destroy(&s->gc_lock);
    free(s->batch);
    free(s->vectors);
    free(s);
}

store_room store_room_of(const store *s) {
    struct statvfs v;
    if (fstatvfs(s->dir, &v) < 0) return (store_room){-1, -1, -1};
    int64_t block = (int64_t)v.f_frsize;
    // Some file systems make inodes as they need them, and say 0.
    return (store_room){.free_bytes = (int64_t)v.f_bavail * block,
                        .size_bytes = (int64_t)v.f_blocks * block,
                        .free_inodes = v.f_files ? (int64_t)v.f_favail : -1};
}
