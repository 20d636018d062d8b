// SPDX-License-Identifier: Apache-2.0
// pack_read: reads records of packs. The whole of one is read and checked when the object is
// opened: 4 MiB at most. A few descriptors of packs stay open, shared under fds_lock;
// reading itself needs no lock.
#include "base/clock.h"
#include "base/metrics.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_EVERY_US                                                                         \
    (60 * INT64_C(1000000)) // how long a removed pack may stay open for nothing

// With fds_lock held: the slot of this pack, or NULL.
static store_pack_fd *find_slot(store *s, id pack) {
    for (size_t i = 0; i < STORE_PACK_FDS; i++)
        if (s->fds[i].fd >= 0 && id_eq(s->fds[i].pack, pack)) return &s->fds[i];
    return NULL;
}

// With fds_lock held: a slot to fill, or NULL when all are in use.
static store_pack_fd *free_slot(store *s) {
    store_pack_fd *best = NULL;
    for (size_t i = 0; i < STORE_PACK_FDS; i++) {
        store_pack_fd *f = &s->fds[i];
        if (f->fd < 0) return f;
        if (!f->refs && (!best || f->used < best->used)) best = f;
    }
    if (best) {
        close(best->fd);
        best->fd = -1;
    }
    return best;
}

static void forget(store *s, bool all) {
    for (size_t i = 0; i < STORE_PACK_FDS; i++) {
        store_pack_fd *f = &s->fds[i];
        struct stat st;
        if (f->fd < 0 || f->refs || (!all && fstat(f->fd, &st) == 0 && st.st_nlink)) continue;
        close(f->fd);
        f->fd = -1;
    }
}

void store_pack_forget(store *s, bool all) {
    pthread_mutex_lock(&s->fds_lock);
    forget(s, all);
    pthread_mutex_unlock(&s->fds_lock);
}

// Opens the pack and checks that it is the one that its name says.
static store_opened open_file(store *s, id pack, int *out, err *e) {
    char path[STORE_PATH_MAX], header[STORE_PACK_HEADER];
    store_pack_path(path, pack);
    int fd = s->io->open(s->dir, path, O_RDONLY, 0);
    if (fd < 0 && errno == ENOENT) return STORE_GONE;
    if (fd < 0) {
        err_errno(e, "opening a pack failed");
        return STORE_FAILED;
    }
    id inside;
    ssize_t n = store_io_read(s, fd, header, sizeof header, 0, e);
    if (n >= 0 && store_pack_header_get(str_n(header, (size_t)n), &inside) &&
        id_eq(inside, pack)) {
        *out = fd;
        return STORE_OPENED;
    }
    close(fd);
    if (n >= 0) {
        METRIC_ADD(corrupt_total, 1);
        err_set(e, ERR_CORRUPT, "the header of %s is damaged", path);
    }
    return STORE_FAILED;
}

// A descriptor of the pack; *slot is NULL when it is the caller's own.
static store_opened borrow(store *s, id pack, int *fd, store_pack_fd **slot, err *e) {
    int64_t now = clock_mono_us();
    pthread_mutex_lock(&s->fds_lock);
    if (now - s->fds_swept > SWEEP_EVERY_US) {
        s->fds_swept = now;
        forget(s, false);
    }
    store_opened r = STORE_OPENED;
    store_pack_fd *f = find_slot(s, pack);
    if (f) {
        *fd = f->fd;
    } else if ((r = open_file(s, pack, fd, e)) == STORE_OPENED && (f = free_slot(s))) {
        *f = (store_pack_fd){.pack = pack, .fd = *fd};
    }
    if (f) {
        f->refs++;
        f->used = now;
    }
    *slot = f;
    pthread_mutex_unlock(&s->fds_lock);
    return r;
}

static void give_back(store *s, int fd, store_pack_fd *slot) {
    if (!slot) {
        close(fd);
        return;
    }
    pthread_mutex_lock(&s->fds_lock);
    slot->refs--;
    pthread_mutex_unlock(&s->fds_lock);
}

// `got` bytes at p are what lies where the row points.
static bool check_record(const store_row *row, const char *p, size_t got, err *e) {
    store_record r;
    if (got < STORE_RECORD || !store_record_get(str_n(p, STORE_RECORD), &r) ||
        !sha256_eq(r.digest, row->digest) || r.n != row->size)
        return store_corrupt(e, row->digest, "its record's header is damaged");
    if (got != STORE_RECORD + r.n)
        return store_corrupt(e, row->digest, "its pack is too short");
    if (crc32c(0, p + STORE_RECORD, r.n) != r.crc)
        return store_corrupt(e, row->digest, "its bytes do not match their checksum");
    return true;
}

store_opened store_pack_open(store *s, const store_row *row, store_object *o, err *e) {
    if (row->size > STORE_PACKED) {
        store_corrupt(e, row->digest,
                      "the catalogue puts it into a pack, and it is too large for one");
        return STORE_FAILED;
    }
    int fd = -1;
    store_pack_fd *slot;
    store_opened r = borrow(s, row->where.part, &fd, &slot, e);
    if (r != STORE_OPENED) return r;
    size_t n = STORE_RECORD + (size_t)row->size;
    char *p = mem_realloc(NULL, n);
    ssize_t got = store_io_read(s, fd, p, n, row->where.start, e);
    give_back(s, fd, slot);
    if (got < 0 || !check_record(row, p, (size_t)got, e)) {
        free(p);
        return STORE_FAILED;
    }
    o->record = p;
    o->bytes = p + STORE_RECORD;
    return STORE_OPENED;
}

// The record stays; gc counts what is dead in each pack and writes packs anew.
bool store_pack_drop(store *s, const store_row *row, err *e) {
    (void)s, (void)row, (void)e;
    return true;
}
