// SPDX-License-Identifier: Apache-2.0
// Blocks are filled in the order of the file and taken by the writers in that order; each block
// number has its buffer, which is free again once written. All that moves is under the lock,
// but the bytes of a block: they are the filler's until it is full, then its writer's.
#include "cli/bulk_file.h"
#include "base/arena.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Four under way, one that waits for them, one that is being filled. (Two of a MiB are as fast,
// and who syncs meanwhile waits twice as long.)
enum { BLOCK = 256 << 10, WRITERS = 4, BLOCKS = WRITERS + 2, ALIGN = 4096 };

struct bulk_file {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    pthread_t writers[WRITERS];
    char *blocks;      // BLOCKS of them, one after the other, as direct writes want them
    bool busy[BLOCKS]; // full, and not yet written
    uint64_t filled;   // blocks that are full: the writers'
    uint64_t taken;    // of those, blocks that a writer took
    bool ending;
    size_t last; // bytes of the last block, once ending
    int failed;  // errno
    // the filler's
    int fd;
    size_t n; // bytes in block `filled`
};

static char *buffer_of(const bulk_file *f, uint64_t block) {
    return f->blocks + block % BLOCKS * BLOCK;
}

// ---- the writers' side ----------------------------------------------------------------------

// Past the page cache if the file system can do it, else through it and out of it at once.
static bool put(int fd, const char *p, size_t n, off_t at) {
    off_t begin = at;
    while (n) {
        ssize_t done = pwrite(fd, p, n, at);
        if (done > 0) {
            p += done;
            at += done;
            n -= (size_t)done;
        } else if (errno == EINVAL && fcntl(fd, F_GETFL) & O_DIRECT) {
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_DIRECT);
        } else if (errno != EINTR) {
            return false;
        }
    }
    if (!(fcntl(fd, F_GETFL) & O_DIRECT))
        sync_file_range(fd, begin, at - begin,
                        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                            SYNC_FILE_RANGE_WAIT_AFTER);
    return true;
}

static void *write_blocks(void *arg) {
    bulk_file *f = arg;
    pthread_mutex_lock(&f->lock);
    while (!f->failed) {
        if (f->taken == f->filled) {
            if (f->ending) break;
            pthread_cond_wait(&f->moved, &f->lock);
            continue;
        }
        uint64_t b = f->taken++;
        size_t n = f->ending && b + 1 == f->filled ? f->last : BLOCK;
        pthread_mutex_unlock(&f->lock);
        int failed = put(f->fd, buffer_of(f, b), n, (off_t)(b * BLOCK)) ? 0 : errno;
        pthread_mutex_lock(&f->lock);
        if (failed && !f->failed) f->failed = failed;
        f->busy[b % BLOCKS] = false;
        pthread_cond_broadcast(&f->moved);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

// ---- the filler's side ----------------------------------------------------------------------

bulk_file *bulk_file_new(const char *path, err *e) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        err_errno(e, "making %s failed", path);
        return NULL;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_DIRECT); // where it cannot, it stays as it is
    bulk_file *f = mem_alloc(sizeof *f);
    f->fd = fd;
    pthread_mutex_init(&f->lock, NULL);
    thread_cond_init(&f->moved);
    f->blocks = aligned_alloc(ALIGN, (size_t)BLOCKS * BLOCK);
    BUG_ON(!f->blocks);
    for (int i = 0; i < WRITERS; i++)
        thread_start(&f->writers[i], "bulk file", 0, true, write_blocks, f);
    return f;
}

// Hands over the block that was filled. The lock is held.
static void hand_over(bulk_file *f) {
    f->busy[f->filled++ % BLOCKS] = true;
    f->n = 0;
    pthread_cond_broadcast(&f->moved);
}

// Hands it over, and waits for the buffer of the next.
static bool next_block(bulk_file *f) {
    pthread_mutex_lock(&f->lock);
    hand_over(f);
    while (f->busy[f->filled % BLOCKS] && !f->failed)
        pthread_cond_wait(&f->moved, &f->lock);
    bool ok = !f->failed;
    pthread_mutex_unlock(&f->lock);
    return ok;
}

bool bulk_file_write(bulk_file *f, const void *p, size_t n) {
    for (const char *at = p; n;) {
        size_t part = n < BLOCK - f->n ? n : BLOCK - f->n;
        memcpy(buffer_of(f, f->filled) + f->n, at, part);
        f->n += part;
        at += part;
        n -= part;
        if (f->n == BLOCK && !next_block(f)) return false;
    }
    return true;
}

// Direct writes are of whole sectors: what the last one is longer is cut off again.
static bool finish(bulk_file *f) {
    uint64_t size = f->filled * BLOCK + f->n;
    size_t whole = (f->n + ALIGN - 1) / ALIGN * ALIGN;
    memset(buffer_of(f, f->filled) + f->n, 0, whole - f->n);
    pthread_mutex_lock(&f->lock);
    f->last = whole ? whole : BLOCK;
    f->ending = true;
    if (whole) hand_over(f);
    pthread_cond_broadcast(&f->moved);
    pthread_mutex_unlock(&f->lock);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(f->writers[i], NULL);
    errno = f->failed;
    return !f->failed && ftruncate(f->fd, (off_t)size) == 0 && fsync(f->fd) == 0;
}

bool bulk_file_end(bulk_file *f, const char *path, err *e) {
    bool ok = finish(f) || err_errno(e, "writing %s failed", path);
    close(f->fd);
    free(f->blocks);
    pthread_cond_destroy(&f->moved);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return ok;
}
