// SPDX-License-Identifier: Apache-2.0
// pack: appends objects to packs, many with one sync. What comes a few at a time goes to the
// pack that all share; who has much of it fills one of its own (chunks.c), without a queue.
//
// Callers queue; the first one that finds nobody leading becomes the leader: it takes what is
// queued, writes it with one call, syncs once, wakes the others and hands the lead to the next
// in the queue. While it syncs, a new batch gathers. So there is no thread to start or stop,
// and a lone caller pays nothing for the grouping.
//
//  P1  Only the leader touches s->pack, its descriptor and its end. `leading`, the queue and
//      the refs of packs are guarded by pack_lock.
//  P2  A record counts when the sync behind it succeeded. Bytes behind `end` are nothing and
//      are written over.
//  P3  After a failed write the pack is cut back to `end`; when that fails too, or when a sync
//      fails, it is given up (I8).
//  P4  The entry of a pack in packs/ is synced before its first record is acknowledged.
#include "base/thread.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH_BYTES ((size_t)8 << 20)

struct store_pack {
    id id;
    int fd;           // closing it gives up the flock (I5)
    uint64_t end;     // behind the last record that counts
    uint64_t started; // bytes that the disk was asked to write
    bool synced;      // its entry in packs/ is
    unsigned refs;    // the writer's and one for each record that waits for its row
};

// With pack_lock held.
static void unref(store_pack *p) {
    if (--p->refs) return;
    close(p->fd);
    free(p);
}

static void give_up(store *s) {
    pthread_mutex_lock(&s->pack_lock);
    if (s->pack) unref(s->pack);
    s->pack = NULL;
    pthread_mutex_unlock(&s->pack_lock);
}

static bool write_header(store *s, store_pack *p, err *e) {
    uint8_t header[STORE_PACK_HEADER];
    store_pack_header_put(header, p->id);
    p->end = sizeof header;
    return store_io_write(s, p->fd, &(struct iovec){header, sizeof header}, 1, 0, e);
}

// Locked before it can be seen in packs/, so that no gc finds it free.
static bool enter(store *s, store_pack *p, char path[STORE_PATH_MAX], err *e) {
    char to[STORE_PATH_MAX];
    err why = {0};
    if (!store_io_lock(p->fd, &why))
        return err_set(e, ERR_UNAVAILABLE, "locking a new pack failed: %s", why.msg);
    store_pack_path(to, p->id);
    if (!write_header(s, p, e)) return false;
    if (s->io->rename(s->dir, path, to))
        return err_errno(e, "moving a new pack to its place failed");
    return true;
}

static store_pack *open_pack(store *s, err *e) {
    char path[STORE_PATH_MAX];
    store_tmp_path(s, path);
    int fd = s->io->open(s->dir, path, O_RDWR | O_CREAT | O_EXCL, STORE_FILE_MODE);
    if (fd < 0) {
        err_errno(e, "making a pack failed");
        return NULL;
    }
    store_pack *p = mem_alloc(sizeof *p);
    *p = (store_pack){.id = id_new(), .fd = fd, .refs = 1};
    if (enter(s, p, path, e)) return p;
    s->io->unlink(s->dir, path);
    close(fd);
    free(p);
    return NULL;
}

// Nobody may touch a pack that we hold (I5); an operator, or a restored backup, might have.
// What would be appended to a removed or cut file would be acknowledged and lost.
static bool is_intact(const store_pack *p) {
    struct stat st;
    return fstat(p->fd, &st) == 0 && st.st_nlink && (uint64_t)st.st_size >= p->end;
}

// An open pack with room for `bytes` more.
static bool ready(store *s, uint64_t bytes, err *e) {
    if (s->pack && (s->pack->end + bytes > s->pack_max || !is_intact(s->pack))) give_up(s);
    return s->pack || (s->pack = open_pack(s, e));
}

static bool sync_pack(store *s, store_pack *p, err *e) {
    if (s->io->sync_data(p->fd)) return err_errno(e, "syncing a pack failed");
    if (!p->synced && !store_io_sync_dir(s, "packs", e)) return false;
    p->synced = true;
    return true;
}

// Writes the n records of s->batch, and fills where they are.
static bool write_batch(store *s, size_t n, err *e) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += STORE_RECORD + s->batch[i]->n;
    if (!ready(s, bytes, e)) return false;
    uint64_t at = s->pack->end;
    for (size_t i = 0; i < n; i++) {
        store_append *a = s->batch[i];
        union {
            const void *in;
            void *out; // iovec has no const
        } p = {a->p};
        s->vectors[2 * i] = (struct iovec){a->header, STORE_RECORD};
        s->vectors[2 * i + 1] = (struct iovec){p.out, a->n};
        a->where = (store_where){STORE_IN_PACK, s->pack->id, at};
        at += STORE_RECORD + a->n;
    }
    if (!store_io_write(s, s->pack->fd, s->vectors, 2 * n, s->pack->end, e)) {
        if (s->io->truncate(s->pack->fd, (off_t)s->pack->end)) give_up(s);
        return false;
    }
    if (!sync_pack(s, s->pack, e)) {
        give_up(s);
        return false;
    }
    s->pack->end = at;
    return true;
}

// With pack_lock held: moves the front of the queue to s->batch.
static size_t take_batch(store *s) {
    size_t n = 0, bytes = 0;
    while (s->queue && n < STORE_BATCH && bytes < BATCH_BYTES) {
        store_append *a = s->queue;
        s->queue = a->next;
        bytes += a->n;
        s->batch[n++] = a;
    }
    if (!s->queue) s->queue_end = &s->queue;
    return n;
}

// With pack_lock held, given up meanwhile.
static void lead(store *s) {
    size_t n = take_batch(s);
    s->leading = true;
    pthread_mutex_unlock(&s->pack_lock);
    err why = {0};
    bool ok = write_batch(s, n, &why);
    pthread_mutex_lock(&s->pack_lock);
    for (size_t i = 0; i < n; i++) {
        store_append *a = s->batch[i];
        a->ok = ok;
        if (ok)
            (a->pack = s->pack)->refs++;
        else
            a->why = why;
        a->done = true;
        pthread_cond_signal(
            &a->wake); // the last touch: its owner may free it once the lock is free
    }
    s->leading = false;
    if (s->queue) pthread_cond_signal(&s->queue->wake);
}

static void enqueue(store *s, store_append *a) {
    a->next = NULL;
    *s->queue_end = a;
    s->queue_end = &a->next;
}

void store_pack_append(store *s, store_append *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        store_record r = {a[i].digest, (uint32_t)a[i].n, crc32c(0, a[i].p, a[i].n)};
        BUG_ON(a[i].n > STORE_PACKED);
        store_record_put(a[i].header, &r);
        thread_cond_init(&a[i].wake);
        a[i].done = false;
    }
    pthread_mutex_lock(&s->pack_lock);
    for (size_t i = 0; i < n; i++)
        enqueue(s, &a[i]);
    // In order: the first of ours that is not done is the one whose `wake` we listen to, also
    // when it heads the queue.
    for (size_t i = 0; i < n; i++)
        while (!a[i].done) {
            if (s->leading)
                pthread_cond_wait(&a[i].wake, &s->pack_lock);
            else
                lead(s);
        }
    pthread_mutex_unlock(&s->pack_lock);
    for (size_t i = 0; i < n; i++)
        pthread_cond_destroy(&a[i].wake);
}

void store_pack_release(store *s, store_append *a) {
    pthread_mutex_lock(&s->pack_lock);
    if (a->ok) unref(a->pack);
    a->pack = NULL;
    pthread_mutex_unlock(&s->pack_lock);
}

// ---- a pack of one writer -------------------------------------------------------------------

store_pack *store_pack_own(store *s, err *e) {
    return open_pack(s, e);
}

bool store_pack_write(store *s, store_pack *p, sha256 digest, const void *bytes, size_t n,
                      store_where *where, err *e) {
    uint8_t header[STORE_RECORD];
    store_record r = {digest, (uint32_t)n, crc32c(0, bytes, n)};
    union {
        const void *in;
        void *out; // iovec has no const
    } in = {bytes};
    BUG_ON(n > STORE_PACKED);
    store_record_put(header, &r);
    struct iovec v[] = {{header, sizeof header}, {in.out, n}};
    if (!store_io_write(s, p->fd, v, 2, p->end, e)) return false;
    *where = (store_where){STORE_IN_PACK, p->id, p->end};
    p->end += sizeof header + n;
    store_io_start(p->fd, &p->started, p->end);
    return true;
}

bool store_pack_sync(store *s, store_pack *p, err *e) {
    if (!is_intact(p))
        return err_set(e, ERR_UNAVAILABLE, "a pack was removed or cut while it was written");
    return sync_pack(s, p, e);
}

uint64_t store_pack_end(const store_pack *p) {
    return p->end;
}

void store_pack_leave(store *s, store_pack *p) {
    pthread_mutex_lock(&s->pack_lock);
    unref(p);
    pthread_mutex_unlock(&s->pack_lock);
}

void store_pack_close(store *s) {
    BUG_ON(s->queue || s->leading);
    give_up(s);
}
