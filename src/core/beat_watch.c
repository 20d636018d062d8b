// SPDX-License-Identifier: Apache-2.0
// beat_watch: the thread that sweeps for runs without a sign of life, under the lease "beat".
// Start and stop: one thread.
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "core/beat.h"
#include "core/core_internal.h"
#include "core/lease.h"

#include <stdlib.h>

#define EVERY_US INT64_C(1000000)
#define LEASE    STR("beat")
#define LEASE_US 15000000

struct beat_watch {
    core *c;
    int64_t since_us;
    pthread_t thread;
    pthread_mutex_t lock; // guards stop
    pthread_cond_t wake;
    bool stop;
};

static bool wait_us(beat_watch *w, int64_t us) { // false: stop
    pthread_mutex_lock(&w->lock);
    if (!w->stop) thread_cond_wait_us(&w->wake, &w->lock, us);
    bool go_on = !w->stop;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static void sweep(beat_watch *w) {
    err e = {0};
    uint64_t crashed = 0;
    bool holds = lease_take(w->c, LEASE, LEASE_US, &e);
    if (holds) beat_sweep(w->c, clock_now_us(), w->since_us, &crashed, &e);
    job_show(&w->c->shown[JOB_SHOWN_beat], holds, (int64_t)crashed, 0);
    if (crashed)
        log_msg(LOG_INFO, "beat.crashed", "%llu runs without a sign of life",
                (unsigned long long)crashed);
    if (e.code != ERR_NONE && e.code != ERR_CANCELLED)
        log_msg(LOG_WARN, "beat.failed", "%s", e.msg);
}

static void *watch_main(void *arg) {
    beat_watch *w = arg;
    // Often enough for the shortest grace, and seldom enough to cost nothing.
    int64_t every = w->c->beat_grace_us / 3;
    if (every > EVERY_US * 5) every = EVERY_US * 5;
    if (every < EVERY_US / 10) every = EVERY_US / 10;
    while (wait_us(w, every))
        sweep(w);
    lease_drop(w->c, LEASE);
    return NULL;
}

beat_watch *beat_watch_start(core *c) {
    beat_watch *w = mem_alloc(sizeof *w);
    w->c = c;
    w->since_us = clock_now_us();
    pthread_mutex_init(&w->lock, NULL);
    thread_cond_init(&w->wake);
    thread_start(&w->thread, "beat", 0, true, watch_main, w);
    return w;
}

void beat_watch_stop(beat_watch *w) {
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    free(w);
}
