// SPDX-License-Identifier: Apache-2.0
// cut_job: the job that cuts what came whole into chunks, one object after the other
// (store/recut.c says how, and why it may end anywhere). It gives way: it rests as long as it
// worked, so it has half of a core at most. An object that fails waits for an hour and holds up
// no other. Called by a thread of the manager.
#include "base/clock.h"
#include "core/core_internal.h"
#include "core/job_internal.h"

#include <time.h>

typedef unsigned long long ull;

#define REST_MOST_US  1000000
#define REST_SLICE_US 50000 // the server stops as fast

typedef struct cutting {
    job_run *j;
    int64_t files, waiting; // cut; that wait
    uint64_t bytes, stored; // of those that were cut
    uint64_t damaged;
    err first;        // what went wrong first
    int64_t begun_us; // the work after the last rest
} cutting;

static bool goes_on(const cutting *c, err *e) {
    return job_goes_on(c->j) || err_set(e, ERR_CANCELLED, "the server stops");
}

static bool rest(void *arg, uint64_t bytes, err *e) {
    cutting *c = arg;
    (void)bytes;
    int64_t now = clock_mono_us(), worked = now - c->begun_us;
    int64_t until = now + (worked < REST_MOST_US ? worked : REST_MOST_US);
    while (goes_on(c, e) && (now = clock_mono_us()) < until) {
        int64_t us = until - now < REST_SLICE_US ? until - now : REST_SLICE_US;
        nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
    }
    c->begun_us = now;
    return goes_on(c, e);
}

static void keep_first(cutting *c, const err *why) {
    if (c->first.code == ERR_NONE) c->first = *why;
}

static void count(cutting *c, const store_cut *o) {
    if (o->end == STORE_CUT_DAMAGED) {
        c->damaged++;
        keep_first(c, &o->why);
    }
    if (o->end != STORE_CUT_DONE) return;
    c->files++;
    c->bytes += o->size;
    c->stored += o->stored;
}

// Another one, or *end: none waits. An error is the catalogue's, or that the server stops.
static bool next(cutting *c, bool *end, err *e) {
    store *s = core_store(job_ctx(c->j)->core);
    store_cut o;
    err why = {0};
    c->begun_us = clock_mono_us();
    bool ok = store_cut_one(s, rest, c, &o, &why);
    if (!ok && (why.code == ERR_CANCELLED || o.end == STORE_CUT_NONE)) {
        *e = why;
        return false;
    }
    *end = ok && o.end == STORE_CUT_NONE;
    if (ok)
        count(c, &o);
    else
        keep_first(c, &why);
    if (!store_cut_waiting(s, &c->waiting, e)) return false;
    job_progress(c->j, c->files, c->files + c->waiting, "files");
    return goes_on(c, e);
}

bool cut_job_run(job_run *j, err *e) {
    cutting c = {.j = j};
    for (bool end = false; !end;)
        if (!next(&c, &end, e)) return false;
    if (c.damaged)
        return err_set(e, ERR_CORRUPT, "%llu damaged and left as they are; the first: %s",
                       (ull)c.damaged, c.first.msg);
    if (c.first.code != ERR_NONE) {
        *e = c.first;
        return false;
    }
    if (c.files)
        job_detail(j, "cut %llu files of %llu bytes, %llu of which were here already",
                   (ull)c.files, (ull)c.bytes, (ull)(c.bytes - c.stored));
    return true;
}
