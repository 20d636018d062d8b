// SPDX-License-Identifier: Apache-2.0
// The manager: one thread that takes jobs that are due, starts a thread for each (JOBS_MAX at
// once), renews their leases, and writes what they and core's own threads show of themselves.
// A job's function never waits for that: it leaves its progress in job_run, under `lock`.
//
// A command that is a job itself (job_begin) has no thread here: its row is kept all the same.
//
// `jobs` is the manager's alone; who works on a job has its job_run, and sets `over` as the
// last thing. job_manager_start and _stop: one thread; _wake, job_begin: any.
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "core/core_internal.h"
#include "core/job_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    JOBS_MAX = 4,
    TURNS_MAX = 10, // a job that was begun so often and never ended fails
    LOOK_BUSY_US = 500000,
    LOOK_US = 1000000, // for jobs that other servers started, or that are due now
    SHOW_US = 5000000,
    WRITE_US = 1000000, // progress is written so often
    AGAIN_US = 5000000, // after an error that may pass, times the turn
};
#define LEASE_US (10 * (int64_t)1000000)

struct job_run {
    core *core;
    arena *own; // what the claim points to
    job_claim claim;
    ctx c; // with an arena that the function may reset
    pthread_t thread;
    bool of_command; // no thread of ours
    atomic_bool stop, over;
    int64_t renewed_us;   // the manager's
    pthread_mutex_t lock; // guards the rest
    int64_t done, total;
    const char *unit;
    char detail[1000];
    bool changed;
    struct job_run *next;
};

struct job_manager {
    core *core;
    int64_t lease_us, shown_us;
    pthread_t thread;
    pthread_mutex_t lock; // guards the condition
    pthread_cond_t wake;
    bool prepared; // job_prepare was done
    bool stop, woken;
    struct job_run *begun; // by commands, not yet among `jobs`
    struct job_run *jobs;
    int n_jobs;
    struct {
        bool holds;
        int64_t done, backlog;
    } shown[JOB_SHOWN_COUNT_]; // as written
};

// ---- for a job's function -------------------------------------------------------------------

ctx *job_ctx(job_run *j) {
    return &j->c;
}

str job_argument(const job_run *j) {
    return j->claim.argument;
}

bool job_goes_on(const job_run *j) {
    return !atomic_load(&j->stop) && !atomic_load(&j->core->stopping);
}

void job_progress(job_run *j, int64_t done, int64_t total, const char *unit) {
    pthread_mutex_lock(&j->lock);
    j->changed = true;
    j->done = done;
    j->total = total;
    j->unit = unit;
    pthread_mutex_unlock(&j->lock);
}

void job_detail(job_run *j, const char *fmt, ...) {
    va_list args;
    pthread_mutex_lock(&j->lock);
    j->changed = true;
    va_start(args, fmt);
    vsnprintf(j->detail, sizeof j->detail, fmt, args);
    va_end(args);
    pthread_mutex_unlock(&j->lock);
}

// A copy in `a`; the text that fmt cut within a code point ends before it.
static job_now now_of(job_run *j, arena *a) {
    pthread_mutex_lock(&j->lock);
    str detail = str_of(j->detail);
    detail.n = str_text_prefix(detail);
    job_now now = {j->done, j->total, j->unit, arena_str(a, detail)};
    j->changed = false;
    pthread_mutex_unlock(&j->lock);
    return now;
}

// ---- one job -------------------------------------------------------------------------------

// A kind that runs by itself may be started by a user too: that job ends.
static bool recurs(const job_claim *k) {
    return k->kind->every_us && id_eq(k->job, job_recurring_id(k->kind->name));
}

// Who is stopped says so, unless it runs by itself: those may leave the rest for the next time.
static job_end end_of(const job_run *j, bool ok, const err *e) {
    const job_claim *k = &j->claim;
    int64_t now = clock_now_us();
    bool stopped = !ok && e->code == ERR_CANCELLED;
    if (stopped || (ok && recurs(k) && !job_goes_on(j)))
        return (job_end){.state = JOB_WAITING, .due_us = now, .fresh = true};
    if (!ok && err_about(e->code)->retry && k->turn < TURNS_MAX)
        return (job_end){.state = JOB_WAITING, .due_us = now + k->turn * AGAIN_US};
    if (recurs(k))
        return (job_end){
            .state = JOB_WAITING, .due_us = now + k->kind->every_us, .fresh = true};
    return (job_end){.state = ok ? JOB_DONE : JOB_FAILED, .tell = true};
}

static bool run_function(job_run *j, err *e) {
    if (j->claim.turn <= TURNS_MAX) return j->claim.kind->run(j, e);
    return err_set(e, ERR_INTERNAL, "it was begun %d times and never ended", TURNS_MAX);
}

// The last thing that is done with it: the manager may free it at once.
static void leave(job_run *j, const job_end *end) {
    err e = {0};
    job_manager *m = j->core->jobs;
    job_now now = now_of(j, j->c.a);
    if (!job_finish(j->core, &j->claim, &now, end, &e))
        log_msg(LOG_WARN, "job.lost", "%s ended, but that could not be written (%s)%s",
                j->claim.kind->name, e.msg, j->of_command ? "" : ": it will run again");
    atomic_store(&j->over, true);
    job_manager_wake(m);
}

static void *run_job(void *arg) {
    job_run *j = arg;
    err e = {0};
    bool ok = run_function(j, &e);
    job_end end = end_of(j, ok, &e);
    if (!ok && e.code != ERR_CANCELLED) {
        METRIC_ADD(job_failures_total, 1);
        job_detail(j, "%s", e.msg);
        log_msg(LOG_WARN, "job.failed", "%s: %s", j->claim.kind->name, e.msg);
    }
    leave(j, &end);
    return NULL;
}

static job_run *job_run_new(core *c) {
    job_run *j = mem_alloc(sizeof *j);
    j->core = c;
    j->own = arena_new();
    j->c = (ctx){.core = c, .a = arena_new()};
    j->unit = "";
    pthread_mutex_init(&j->lock, NULL);
    return j;
}

static void job_end_thread(job_run *j) {
    if (!j->of_command) pthread_join(j->thread, NULL);
}

static void job_free(job_run *j) {
    arena_free(j->c.a);
    arena_free(j->own);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

static void add_job(job_manager *m, job_run *j) {
    j->c.ws = j->claim.ws;
    j->c.user = j->claim.user;
    j->next = m->jobs;
    m->jobs = j;
    m->n_jobs++;
}

// False: none is due.
static bool take_job(job_manager *m, err *e) {
    job_run *j = job_run_new(m->core);
    if (!job_take(m->core, j->own, m->lease_us, &j->claim, e)) {
        job_free(j);
        return false;
    }
    j->renewed_us = clock_mono_us();
    add_job(m, j);
    thread_start(&j->thread, "job", 1u << 20, true, run_job, j);
    return true;
}

job_run *job_begin(ctx *c, str kind, str argument, err *e) {
    job_manager *m = c->core->jobs;
    const job_kind *about = job_kind_named(kind);
    BUG_ON(!m || !about || !about->gone);
    job_run *j = job_run_new(c->core);
    j->of_command = true;
    if (!job_insert_own(c, about, argument, j->own, m->lease_us, &j->claim, e)) {
        job_free(j);
        return NULL;
    }
    j->renewed_us = clock_mono_us();
    pthread_mutex_lock(&m->lock);
    j->next = m->begun;
    m->begun = j;
    pthread_mutex_unlock(&m->lock);
    job_manager_wake(m);
    return j;
}

void job_close(job_run *j, bool ok) {
    job_end end = {.state = ok ? JOB_DONE : JOB_FAILED, .tell = true};
    leave(j, &end);
}

static void adopt_begun(job_manager *m) {
    pthread_mutex_lock(&m->lock);
    job_run *j = m->begun;
    m->begun = NULL;
    pthread_mutex_unlock(&m->lock);
    while (j) {
        job_run *next = j->next;
        add_job(m, j);
        j = next;
    }
}

static void renew_job(job_manager *m, job_run *j, arena *a) {
    int64_t now_us = clock_mono_us(), age = now_us - j->renewed_us;
    pthread_mutex_lock(&j->lock);
    bool due = age > m->lease_us / 3 || (j->changed && age > WRITE_US);
    pthread_mutex_unlock(&j->lock);
    if (!due || atomic_load(&j->over)) return;
    err e = {0};
    bool lost = false;
    job_now now = now_of(j, a);
    if (job_renew(m->core, &j->claim, &now, m->lease_us, &lost, &e))
        j->renewed_us = now_us;
    else
        log_msg(LOG_WARN, "job.renew", "%s", e.msg);
    if (lost) atomic_store(&j->stop, true);
}

static void reap(job_manager *m) {
    for (job_run **p = &m->jobs; *p;) {
        job_run *j = *p;
        if (!atomic_load(&j->over)) {
            p = &j->next;
            continue;
        }
        *p = j->next;
        m->n_jobs--;
        job_end_thread(j);
        job_free(j);
    }
}

// ---- threads that are shown ----------------------------------------------------------------

// At once when a thread begins or ends to hold its lease, else now and then.
static void show_threads(job_manager *m, bool last) {
    bool counts = clock_mono_us() - m->shown_us >= SHOW_US;
    if (counts) m->shown_us = clock_mono_us();
    for (int i = 0; i < JOB_SHOWN_COUNT_; i++) {
        job_shown *s = &m->core->shown[i];
        bool holds = !last && atomic_load(&s->holds);
        int64_t done = atomic_load(&s->done), backlog = atomic_load(&s->backlog);
        bool moved = done != m->shown[i].done || backlog != m->shown[i].backlog;
        if (holds == m->shown[i].holds && !(holds && moved && counts)) continue;
        err e = {0};
        if (!job_show_row(m->core, (job_shown_kind)i, holds, done, backlog, &e)) {
            log_msg(LOG_WARN, "job.show", "%s", e.msg);
            return;
        }
        m->shown[i].holds = holds;
        m->shown[i].done = done;
        m->shown[i].backlog = backlog;
    }
}

// ---- the thread ----------------------------------------------------------------------------

static bool manager_wait(job_manager *m) { // false: stop
    int64_t until = clock_mono_us() + (m->n_jobs ? LOOK_BUSY_US : LOOK_US);
    pthread_mutex_lock(&m->lock);
    while (!m->stop && !m->woken) {
        int64_t left = until - clock_mono_us();
        if (left <= 0) break;
        thread_cond_wait_us(&m->wake, &m->lock, left);
    }
    m->woken = false;
    bool go_on = !m->stop;
    pthread_mutex_unlock(&m->lock);
    return go_on;
}

static void manager_round(job_manager *m, arena *a) {
    err e = {0};
    arena_reset(a);
    adopt_begun(m);
    reap(m);
    for (job_run *j = m->jobs; j; j = j->next)
        renew_job(m, j, a);
    if (!m->prepared) m->prepared = job_prepare(m->core, &e);
    while (m->prepared && m->n_jobs < JOBS_MAX && !atomic_load(&m->core->stopping) &&
           take_job(m, &e)) {
    }
    if (e.code != ERR_NONE) log_msg(LOG_WARN, "job.take", "%s", e.msg);
    show_threads(m, false);
}

static void *manager_main(void *arg) {
    job_manager *m = arg;
    arena *a = arena_new();
    do
        manager_round(m, a);
    while (manager_wait(m));
    adopt_begun(m);
    for (job_run *j = m->jobs; j; j = j->next)
        atomic_store(&j->stop, true);
    while (m->jobs) {
        job_run *j = m->jobs;
        m->jobs = j->next;
        job_end_thread(j);
        job_free(j);
    }
    show_threads(m, true);
    arena_free(a);
    return NULL;
}

void job_manager_start(core *c, int64_t lease_us) {
    job_manager *m = mem_alloc(sizeof *m);
    m->core = c;
    m->lease_us = lease_us ? lease_us : LEASE_US;
    pthread_mutex_init(&m->lock, NULL);
    thread_cond_init(&m->wake);
    // Before anybody asks: on SQLite what another process had is given back, or buried.
    err e = {0};
    m->prepared = job_prepare(c, &e);
    c->jobs = m; // a job's thread may need it at once
    thread_start(&m->thread, "jobs", 0, true, manager_main, m);
}

void job_manager_wake(job_manager *m) {
    pthread_mutex_lock(&m->lock);
    m->woken = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

void job_manager_stop(core *c) {
    job_manager *m = c->jobs;
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->wake);
    free(m);
    c->jobs = NULL;
}
