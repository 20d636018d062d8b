// SPDX-License-Identifier: Apache-2.0
// diff_ahead: see diff_ahead.h. A ring of slots: the reader fills those that are free in the
// order of the jobs, who asks takes them in the same order. A slot belongs to the reader until
// it is counted in `filled`, then to who asks until it asks again.
#include "core/diff_ahead.h"

#include "base/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PIECE = 2 << 20, SLOTS = 3, AT_ONCE = 16 };

typedef struct slot {
    diff_piece piece;
    char *was, *is;
} slot;

struct diff_ahead {
    store *s;
    const diff_job *jobs;
    size_t n_jobs;
    pthread_t thread;
    slot slots[SLOTS];
    store_object *open[2]; // the reader's
    sha256 opened[2];
    size_t next; // slot of who asks
    bool taken;  // it has one

    pthread_mutex_t lock; // guards what follows
    pthread_cond_t changed;
    size_t filled;
    bool done, stopping;
};

static atomic_int at_once;

// ---- the reader -----------------------------------------------------------------------------

static store_object *object(diff_ahead *h, int side, sha256 digest, err *e) {
    if (h->open[side] && sha256_eq(h->opened[side], digest)) return h->open[side];
    store_object_close(h->open[side]);
    h->open[side] = store_get(h->s, digest, e);
    h->opened[side] = digest;
    return h->open[side];
}

static bool read_range(diff_ahead *h, int side, const diff_range *r, uint64_t at, size_t n,
                       char *to, err *e) {
    store_object *o = object(h, side, r->object, e);
    if (!o) return false;
    ssize_t got = store_object_read(o, r->offset + at * r->width, to, n * r->width, e);
    return got == (ssize_t)(n * r->width) ||
           (got >= 0 && err_set(e, ERR_CORRUPT, "it is shorter than it should be"));
}

// A slot to fill; NULL: nobody asks any more.
static slot *free_slot(diff_ahead *h, size_t at) {
    pthread_mutex_lock(&h->lock);
    while (h->filled == SLOTS && !h->stopping)
        pthread_cond_wait(&h->changed, &h->lock);
    bool stop = h->stopping;
    pthread_mutex_unlock(&h->lock);
    return stop ? NULL : &h->slots[at];
}

static void give(diff_ahead *h) {
    pthread_mutex_lock(&h->lock);
    h->filled++;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static bool is_same(diff_ahead *h, const diff_job *j) {
    err e = {0};
    store_object *a = object(h, 0, j->was.object, &e), *b = object(h, 1, j->is.object, &e);
    uint64_t bytes = j->n * j->was.width;
    return a && b && store_object_same(a, j->was.offset, b, j->is.offset, bytes) == bytes;
}

// Fills a slot with what follows `done` elements of the job; returns how many it took.
static void fill(diff_ahead *h, slot *s, size_t job, uint64_t done) {
    const diff_job *j = &h->jobs[job];
    unsigned wide = j->was.width > j->is.width ? j->was.width : j->is.width;
    uint64_t left = j->n - done;
    diff_piece p = {.job = job, .was = s->was, .is = s->is};
    p.n = left < PIECE / wide ? (size_t)left : PIECE / wide;
    p.same = !done && j->same_type && is_same(h, j);
    if (p.same) p.n = (size_t)left;
    for (int side = 0; side < 2 && !p.same && !p.failed; side++) {
        p.failed = !read_range(h, side, side ? &j->is : &j->was, done, p.n,
                               side ? s->is : s->was, &p.e);
        p.of_is = side;
    }
    p.last = p.failed || p.n == left;
    s->piece = p;
}

static void *read_ahead(void *arg) {
    diff_ahead *h = arg;
    slot *s = NULL;
    size_t at = 0;
    for (size_t job = 0; job < h->n_jobs; job++) {
        uint64_t done = 0;
        do {
            s = free_slot(h, at);
            if (!s) return NULL;
            fill(h, s, job, done);
            done += s->piece.n;
            at = (at + 1) % SLOTS;
            bool last = s->piece.last;
            give(h);
            if (last) break;
        } while (true);
    }
    pthread_mutex_lock(&h->lock);
    h->done = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

// ---- who asks -------------------------------------------------------------------------------

static void destroy(diff_ahead *h) {
    for (int side = 0; side < 2; side++)
        store_object_close(h->open[side]);
    for (size_t i = 0; i < SLOTS; i++) {
        free(h->slots[i].was);
        free(h->slots[i].is);
    }
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
    free(h);
    atomic_fetch_sub(&at_once, 1);
}

diff_ahead *diff_ahead_start(store *s, const diff_job *jobs, size_t n, err *e) {
    if (atomic_fetch_add(&at_once, 1) >= AT_ONCE) {
        atomic_fetch_sub(&at_once, 1);
        err_set(e, ERR_EXHAUSTED, "%d comparisons of tensors are at work: try again later",
                AT_ONCE);
        return NULL;
    }
    diff_ahead *h = mem_alloc(sizeof *h);
    h->s = s;
    h->jobs = jobs;
    h->n_jobs = n;
    pthread_mutex_init(&h->lock, NULL);
    thread_cond_init(&h->changed);
    for (size_t i = 0; i < SLOTS; i++) {
        h->slots[i].was = mem_alloc(PIECE);
        h->slots[i].is = mem_alloc(PIECE);
    }
    if (thread_start(&h->thread, "diff", 0, false, read_ahead, h)) return h;
    destroy(h);
    err_set(e, ERR_UNAVAILABLE, "the system has no thread left to compare tensors with");
    return NULL;
}

bool diff_ahead_next(diff_ahead *h, diff_piece *out) {
    pthread_mutex_lock(&h->lock);
    if (h->taken) {
        h->filled--;
        h->next = (h->next + 1) % SLOTS;
        pthread_cond_broadcast(&h->changed);
    }
    while (!h->filled && !h->done)
        pthread_cond_wait(&h->changed, &h->lock);
    h->taken = h->filled > 0;
    pthread_mutex_unlock(&h->lock);
    if (h->taken) *out = h->slots[h->next].piece;
    return h->taken;
}

void diff_ahead_stop(diff_ahead *h) {
    if (!h) return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    destroy(h);
}
