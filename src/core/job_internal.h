// SPDX-License-Identifier: Apache-2.0
// What the files of jobs share with each other and with core's threads.
#ifndef STEMMA_CORE_JOB_INTERNAL_H
#define STEMMA_CORE_JOB_INTERNAL_H

#include "core/job.h"

#include <pthread.h>
#include <stdatomic.h>

// ---- threads that are shown as jobs
// ----------------------------------------------------------- X(kind, unit, what it does)
#define JOB_SHOWN_TABLE(X)                                                                     \
    X(pack, "records", "packs logged points into blocks")                                      \
    X(fold, "runs", "brings the search columns up to date")                                    \
    X(beat, "runs", "finds runs that promised signs of life and give none")                    \
    X(seal, "events", "numbers and chains events (PostgreSQL)")
#define JOB_SHOWN_ENUM(kind, unit, doc) JOB_SHOWN_##kind,
typedef enum job_shown_kind { JOB_SHOWN_TABLE(JOB_SHOWN_ENUM) JOB_SHOWN_COUNT_ } job_shown_kind;
#undef JOB_SHOWN_ENUM

// Counters that the thread sets and the manager writes to the row now and then, so that being
// shown costs the thread nothing.
typedef struct job_shown {
    atomic_bool holds; // this server has the lease
    _Atomic int64_t done, backlog;
} job_shown;

static inline void job_show(job_shown *s, bool holds, int64_t more, int64_t backlog) {
    atomic_fetch_add_explicit(&s->done, more, memory_order_relaxed);
    atomic_store_explicit(&s->backlog, backlog, memory_order_relaxed);
    atomic_store_explicit(&s->holds, holds, memory_order_relaxed);
}

// ---- the manager (job_manager.c) -----------------------------------------------------------
typedef struct job_manager job_manager;
void job_manager_start(core *c, int64_t lease_us); // sets c->jobs
void job_manager_wake(job_manager *m);
void job_manager_stop(core *c); // tells the jobs to end, and waits until they have

// ---- rows as the manager sees them (job.c) -------------------------------------------------
typedef struct job_claim { // of a job that this server runs
    int64_t ws;
    id job;
    const job_kind *kind;
    int64_t turn; // how often it was begun
    str user, argument;
} job_claim;

typedef struct job_now { // what is written of a job at work
    int64_t done, total;
    const char *unit;
    str detail;
} job_now;

typedef struct job_end {
    job_state state;
    int64_t due_us; // when it runs (again); 0: not by itself
    bool fresh;     // forget how often it was begun
    bool tell;      // as an event
} job_end;

// The fixed id of the row of a kind that runs by itself.
id job_recurring_id(const char *kind);
// Makes the rows of kinds that run every so often; on SQLite gives back what a process that is
// gone was running.
bool job_prepare(core *c, err *e);
// Takes the next job that is due, for lease_us; false with ERR_NONE: there is none.
bool job_take(core *c, arena *a, int64_t lease_us, job_claim *out, err *e);
// Inserts one that this process runs itself; what the claim points to lives in `a`.
bool job_insert_own(ctx *c, const job_kind *kind, str argument, arena *a, int64_t lease_us,
                    job_claim *out, err *e);
// A db_write function, its argument the core: jobs of commands that are lost have failed
// (job_bury.c).
bool job_bury(db_tx *tx, void *core, err *e);
// Within the transaction of a job's end.
bool job_tell_end(db_tx *tx, core *c, const job_claim *k, bool failed, err *e);
// Writes what is shown and renews the lease; *lost: somebody else has it, or nobody.
bool job_renew(core *c, const job_claim *k, const job_now *now, int64_t lease_us, bool *lost,
               err *e);
bool job_finish(core *c, const job_claim *k, const job_now *now, const job_end *end, err *e);
bool job_show_row(core *c, job_shown_kind which, bool holds, int64_t done, int64_t backlog,
                  err *e);
// gc and its undo as jobs (gc_job.c).
bool gc_job_check(arena *a, str argument, err *e);
bool gc_job_run(job_run *j, err *e);
bool gc_job_undo(job_run *j, err *e);
// What came whole becomes chunks (cut_job.c).
bool cut_job_run(job_run *j, err *e);
// Forgets jobs that ended long ago, a bounded step; *n of them.
bool job_clean(core *c, size_t *n, err *e);

#endif
