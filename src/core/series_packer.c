// SPDX-License-Identifier: Apache-2.0
// The packer: a thread that runs packing steps, round after round over the runs with pending
// records, while it holds the lease "series.pack". It sleeps until something was appended, and
// looks by itself now and then, because other servers append too. series_packer_start and
// _stop: one thread; _wake: any.
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "core/core_internal.h"
#include "core/lease.h"
#include "core/series_pack_step.h"

#include <stdatomic.h>
#include <stdlib.h>

#define LEASE_NAME STR("series.pack")
enum {
    LEASE_US = 30000000,
    ROUND_US = 100000, // the least time between rounds that had nothing due
    LOOK_US = 1000000, // at the latest, while nobody wakes us
    RETRY_US = 500000,
};

struct series_packer {
    core *c;
    pthread_t thread;
    atomic_bool stop, woken;
    pthread_mutex_t lock; // guards the condition only
    pthread_cond_t wake;
};

static void wait_us(series_packer *p, int64_t us) {
    int64_t until = clock_mono_us() + us;
    pthread_mutex_lock(&p->lock);
    while (!atomic_load(&p->stop) && !atomic_load(&p->woken)) {
        int64_t left = until - clock_mono_us();
        if (left <= 0 || !thread_cond_wait_us(&p->wake, &p->lock, left)) break;
    }
    pthread_mutex_unlock(&p->lock);
}

static void pause_us(series_packer *p, int64_t us) {
    int64_t until = clock_mono_us() + us;
    pthread_mutex_lock(&p->lock);
    while (!atomic_load(&p->stop)) {
        int64_t left = until - clock_mono_us();
        if (left <= 0) break;
        thread_cond_wait_us(&p->wake, &p->lock, left);
    }
    pthread_mutex_unlock(&p->lock);
}

// A round over all runs: how many records were packed, how many are not due yet. The lease is
// asked for only when there is something to do.
static bool run_round(series_packer *p, pack_step *s, size_t *packed, size_t *waiting, err *e) {
    bool any;
    *packed = *waiting = 0;
    s->oldest_us = 0;
    if (!pack_step_pending(s, &any, e)) return false;
    if (!any) return true;
    s->from_ws = INT64_MIN;
    s->from_run = (id){0};
    do {
        size_t n;
        if (!lease_take(p->c, LEASE_NAME, LEASE_US, e)) {
            job_show(&p->c->shown[JOB_SHOWN_pack], false, 0, 0);
            return e->code == ERR_NONE;
        }
        if (!pack_step_run(s, &n, e)) return false;
        *packed += n;
        *waiting += s->waiting;
        job_show(&p->c->shown[JOB_SHOWN_pack], true, (int64_t)n, (int64_t)*waiting);
    } while (!s->end && !atomic_load(&p->stop));
    return true;
}

static void *packer_main(void *arg) {
    series_packer *p = arg;
    pack_step *s = pack_step_new(core_db(p->c), false);
    s->stop = &p->stop;
    while (!atomic_load(&p->stop)) {
        size_t packed, waiting;
        err e = {0};
        int64_t began = clock_mono_us();
        atomic_store(&p->woken, false);
        bool ok = run_round(p, s, &packed, &waiting, &e);
        if (ok || s->oldest_us) METRIC_SET(pack_oldest, s->oldest_us);
        if (!ok) {
            METRIC_ADD(pack_errors_total, 1);
            log_msg(LOG_WARN, "pack.failed", "%s; nothing is lost, trying again", e.msg);
            pause_us(p, RETRY_US);
        } else if (!packed) {
            METRIC_SET(pack_backlog_records, (int64_t)waiting);
            int64_t took = 10 * (clock_mono_us() - began); // a tenth of a core at most
            pause_us(p, took < ROUND_US ? ROUND_US : took < LOOK_US ? took : LOOK_US);
            if (!waiting) wait_us(p, LOOK_US);
        }
    }
    lease_drop(p->c, LEASE_NAME);
    pack_step_free(s);
    return NULL;
}

series_packer *series_packer_start(core *c) {
    series_packer *p = mem_alloc(sizeof *p);
    p->c = c;
    pthread_mutex_init(&p->lock, NULL);
    thread_cond_init(&p->wake);
    thread_start(&p->thread, "packer", 1 << 20, true, packer_main, p);
    return p;
}

void series_packer_wake(series_packer *p) {
    if (atomic_exchange(&p->woken, true)) return; // mostly it is awake
    pthread_mutex_lock(&p->lock);
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void series_packer_stop(series_packer *p) {
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, true);
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

bool series_pack_all(core *c, err *e) {
    pack_step *s = pack_step_new(core_db(c), true);
    size_t packed = 1;
    bool ok = true;
    while (ok && packed) {
        packed = 0;
        s->from_ws = INT64_MIN;
        s->from_run = (id){0};
        s->end = false;
        while (ok && !s->end) {
            size_t n = 0;
            ok = pack_step_run(s, &n, e);
            if (!ok && e->code == ERR_CONFLICT) { // the packer's thread was faster
                *e = (err){0};
                ok = true;
                n = 1;
            }
            packed += n;
        }
    }
    pack_step_free(s);
    return ok;
}
