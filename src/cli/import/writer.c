// SPDX-License-Identifier: Apache-2.0
// writer: a thread that commits one bundle of runs while the next is filled. The lock guards
// `full`, `stop` and `why`; a bundle belongs to the thread that holds it.
#include "base/thread.h"
#include "cli/import/importer.h"

#include <stdlib.h>

#define BUNDLE_PARTS  1000
#define BUNDLE_BYTES  (8u << 20)
#define BUNDLE_POINTS 1000000
#define MEMORY_MAX    (64u << 20) // of an arena, runs that were only looked at included

struct import_writer {
    ctx c;
    str source;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    import_bundle bundles[2];
    import_bundle *filling, *full; // full: handed over, not yet committed
    bool stop;
    err why;
};

static bool commit(import_writer *w, import_bundle *b, err *e) {
    ctx c = w->c;
    c.a = arena_new();
    bool ok = import_put_runs(&c, w->source, b->parts.p, b->parts.n, e);
    arena_free(c.a);
    return ok;
}

static void *writer_main(void *arg) {
    import_writer *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->full && !w->stop)
            pthread_cond_wait(&w->changed, &w->lock);
        if (!w->full) break;
        import_bundle *b = w->full;
        bool go = w->why.code == ERR_NONE;
        pthread_mutex_unlock(&w->lock);
        err e = {0};
        if (go) commit(w, b, &e);
        pthread_mutex_lock(&w->lock);
        if (e.code != ERR_NONE) w->why = e;
        w->full = NULL;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

import_writer *import_writer_new(const ctx *c, str source_name) {
    import_writer *w = mem_alloc(sizeof *w);
    w->c = *c;
    w->source = source_name;
    for (size_t i = 0; i < 2; i++)
        w->bundles[i].a = arena_new();
    w->filling = &w->bundles[0];
    pthread_mutex_init(&w->lock, NULL);
    thread_cond_init(&w->changed);
    thread_start(&w->thread, "import-writer", 1 << 20, true, writer_main, w);
    return w;
}

import_bundle *import_writer_bundle(import_writer *w) {
    return w->filling;
}

static void empty(import_bundle *b) {
    arena_reset(b->a);
    *b = (import_bundle){.a = b->a};
}

bool import_writer_wait(import_writer *w, err *e) {
    pthread_mutex_lock(&w->lock);
    while (w->full)
        pthread_cond_wait(&w->changed, &w->lock);
    bool ok = w->why.code == ERR_NONE;
    if (!ok) *e = w->why;
    pthread_mutex_unlock(&w->lock);
    return ok;
}

bool import_writer_flush(import_writer *w, bool now, err *e) {
    import_bundle *b = w->filling;
    bool large = b->parts.n >= BUNDLE_PARTS || b->bytes >= BUNDLE_BYTES ||
                 b->points >= BUNDLE_POINTS || arena_used(b->a) >= MEMORY_MAX;
    if (!large && !now) return true;
    if (!import_writer_wait(w, e)) return false;
    w->filling = b == &w->bundles[0] ? &w->bundles[1] : &w->bundles[0];
    empty(w->filling);
    pthread_mutex_lock(&w->lock);
    w->full = b;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return true;
}

void import_writer_free(import_writer *w) {
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    for (size_t i = 0; i < 2; i++)
        arena_free(w->bundles[i].a);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
