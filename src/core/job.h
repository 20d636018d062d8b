// SPDX-License-Identifier: Apache-2.0
// job: work that goes on behind the requests, as rows that servers lease. A job is started by a
// user, or runs by itself every so often; the server that has taken it renews its lease, and
// when that server is lost another one goes on with the job from its start. The threads that
// pack, fold and seal all the time are shown as rows too.
//
// A job's function may therefore run again after it was cut anywhere, and, after a pause longer
// than the lease, even twice at once: it works in small transactions that check what they
// change. Any thread.
#ifndef STEMMA_CORE_JOB_H
#define STEMMA_CORE_JOB_H

#include "core/core.h"

typedef enum job_state { // stored
    JOB_WAITING = 0,
    JOB_RUNNING = 1,
    JOB_DONE = 2,
    JOB_FAILED = 3,
} job_state;

// ---- kinds ----------------------------------------------------------------------------------
typedef struct job_run job_run; // a job at work, for its function

typedef struct job_kind {
    const char *name, *doc;
    bool users;       // may be started by users, those that run by themselves too
    int64_t every_us; // not 0: runs by itself, so long after its last end
    // Is `argument` (JSON, or empty) one that run takes? NULL: only an empty one.
    bool (*check)(arena *a, str argument, err *e);
    // True: done. False with ERR_CANCELLED: the server stops, another one shall go on. After an
    // error of which err_about says that a retry helps, it is tried again some times. NULL: a
    // thread of core does this all the time, or the kind is `gone`.
    bool (*run)(job_run *j, err *e);
    // Not NULL: a command does it within itself (job_begin), no server ever, because only there
    // may what a user named be opened. What is said of one whose process is lost.
    const char *gone;
} job_kind;
extern const char job_schema[];
extern const job_kind job_kinds[]; // ends with a name of NULL
const job_kind *job_kind_named(str name);

// ---- for a command that is a job (a kind that is `gone` when its process is) ----------------
// Writes its row; core's background threads, which must run, keep it leased and write what is
// shown of it until job_close.
job_run *job_begin(ctx *c, str kind, str argument, err *e);
void job_close(job_run *j, bool ok); // its detail says how it went

// ---- for a job's function -------------------------------------------------------------------
ctx *job_ctx(job_run *j); // in the workspace and name of who started it; its arena is the job's
str job_argument(const job_run *j);
// False when it shall end: the server stops, or the lease was lost.
bool job_goes_on(const job_run *j);
// What is shown of it: costs no transaction. `unit` is a literal ("objects"); detail is copied.
void job_progress(job_run *j, int64_t done, int64_t total, const char *unit);
void job_detail(job_run *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// ---- rows -----------------------------------------------------------------------------------
typedef struct job {
    id id;
    const char *kind; // "unknown" for what a newer program made
    job_state state;
    bool recurring;      // runs by itself
    str user, argument;  // who started it
    int64_t done, total; // total 0: not known. Of a thread: total - done is its backlog
    str unit, detail;    // detail: what came of it, or what is wrong
    bool held;           // by the server `holder`
    id holder;
    int64_t created_us, started_us, updated_us; // started_us 0: not yet
} job;

// ERR_INVALID for a kind that users may not start, or an argument that it does not take.
bool job_start(ctx *c, str kind, str argument, job *out, err *e);
bool job_get(ctx *c, id job_id, job *out, err *e);
// Newest first, recurring ones before all others. `before`: ids below it; zero: from the start.
// *more says whether others follow.
bool job_page(ctx *c, id before, size_t max, job **out, size_t *n, bool *more, err *e);

#endif
