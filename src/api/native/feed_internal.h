// SPDX-License-Identifier: Apache-2.0
// Shared by feed*.c only. `lock` guards the list of followers, what they hold and `regroup`;
// the members below it are the thread's own.
#ifndef STEMMA_API_NATIVE_FEED_INTERNAL_H
#define STEMMA_API_NATIVE_FEED_INTERNAL_H

#include "api/api.h"
#include "api/native/feed.h"
#include "base/buf.h"
#include "core/search.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct follower {
    native_feed *f;
    http_stream *stream;
    native_follow at; // `after` moves on; `runs` are its own, sorted
    api_seat seat;
    bool doubted; // may they still read? To be asked
    bool waits;   // for `ready`
    bool missed;  // hints came meanwhile
    struct follower *prev, *next;
} follower;

typedef struct feed_log { // of a workspace
    int64_t ws, number;   // up to which it was looked at
    bool followed;
} feed_log;

struct native_feed {
    core *core;
    pthread_t thread;
    pthread_mutex_t wake_lock; // guards the next three
    pthread_cond_t wake;
    bool woken, stop;
    pthread_mutex_t lock;
    follower *all;
    bool regroup; // who wants hints came or went
    atomic_int n, n_moved;
    // the thread's own
    arena *a;
    buf text;
    search_watch *watches; // in the order of ws and project
    size_t n_watches;
    int64_t look_us; // when to look next
    bool missed;     // somebody did
    feed_log *logs;  // that were looked at for who may read
    size_t n_logs;
    int64_t seats_us; // when to look next
};

// Is there a workspace above *ws that somebody follows? The least.
bool feed_next_followed(native_feed *f, int64_t *ws);

// ---- feed_moved.c ---------------------------------------------------------------------------
// Looks when it is time to, and gives hints to who wants them.
bool feed_moved(native_feed *f, err *e);
// How long until then; `us` when nobody wants hints or it is farther away.
int64_t feed_moved_wait(const native_feed *f, int64_t us);
// The follower's runs become its own, in order: to be freed.
void feed_moved_only(native_follow *at);
void feed_moved_end(native_feed *f);

// ---- feed_seats.c ---------------------------------------------------------------------------
// Ends the streams of those who may not read any more, when it is time to look.
bool feed_seats(native_feed *f, err *e);

#endif
