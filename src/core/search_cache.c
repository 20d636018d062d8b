// SPDX-License-Identifier: Apache-2.0
// Decoded chunks that were read before, by the random stamp of their bytes (I8), so that a
// search need not read and check them again: what is here can be lost at any time. One for the
// process, SEARCH_CACHE_BYTES at most, the chunk that was not used for longest goes first. One
// lock guards the table, the list and all counts of references; a chunk itself is immutable.
#include "core/search_internal.h"

#include <pthread.h>
#include <stdlib.h>

#define BUCKETS 4096

typedef struct cached cached;
struct cached {
    int64_t stamp, field, chunk;
    search_chunk *c;
    cached *next;          // of the bucket
    cached *newer, *older; // of the list by use
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cached *buckets[BUCKETS];
static cached *newest, *oldest;
static size_t bytes;

static cached **bucket_of(int64_t stamp, int64_t chunk) {
    return &buckets[((uint64_t)stamp ^ (uint64_t)chunk * 0x9E3779B97F4A7C15ull) %
                    BUCKETS]; // stamps are random
}

static void unlist(cached *x) {
    *(x->newer ? &x->newer->older : &newest) = x->older;
    *(x->older ? &x->older->newer : &oldest) = x->newer;
}

static void list_first(cached *x) {
    x->newer = NULL;
    x->older = newest;
    *(newest ? &newest->newer : &oldest) = x;
    newest = x;
}

static void drop_ref(search_chunk *c) {
    if (--c->refs == 0) free(c);
}

static void forget(cached *x) {
    cached **at = bucket_of(x->stamp, x->chunk);
    while (*at != x) {
        at = &(*at)->next;
    }
    *at = x->next;
    unlist(x);
    bytes -= x->c->size;
    drop_ref(x->c);
    free(x);
}

static cached *find(int64_t stamp, int64_t field, int64_t chunk) {
    cached *x = *bucket_of(stamp, chunk);
    while (x && (x->stamp != stamp || x->field != field || x->chunk != chunk)) {
        x = x->next;
    }
    return x;
}

search_chunk *search_cache_get(int64_t stamp, int64_t field, int64_t chunk) {
    pthread_mutex_lock(&lock);
    cached *x = find(stamp, field, chunk);
    if (x) {
        unlist(x);
        list_first(x);
        x->c->refs++;
    }
    search_chunk *c = x ? x->c : NULL;
    pthread_mutex_unlock(&lock);
    return c;
}

void search_cache_put(int64_t stamp, int64_t field, int64_t chunk, search_chunk *c) {
    if (c->size > SEARCH_CACHE_BYTES / 8) return;
    pthread_mutex_lock(&lock);
    if (!find(stamp, field, chunk)) {
        cached *x = mem_alloc(sizeof *x);
        cached **at = bucket_of(stamp, chunk);
        *x = (cached){.stamp = stamp, .field = field, .chunk = chunk, .c = c, .next = *at};
        *at = x;
        list_first(x);
        c->refs++;
        bytes += c->size;
        while (bytes > SEARCH_CACHE_BYTES) {
            forget(oldest);
        }
    }
    pthread_mutex_unlock(&lock);
}

void search_chunk_release(search_chunk *c) {
    if (!c) return;
    pthread_mutex_lock(&lock);
    drop_ref(c);
    pthread_mutex_unlock(&lock);
}
