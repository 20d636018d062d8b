// SPDX-License-Identifier: Apache-2.0
// job_kinds: the table of what runs as jobs, and the kinds that have no file of their own: the
// check of everything, and cleaning. Called by the threads of the manager.
#include "base/json.h"
#include "core/check.h"
#include "core/content.h"
#include "core/core_internal.h"
#include "core/job_internal.h"
#include "core/once.h"

#include <stdio.h>

// ---- check ----------------------------------------------------------------------------------

typedef struct findings {
    job_run *j;
    uint64_t n;
    char first[500];
} findings;

static void found(void *arg, const char *where, const char *what) {
    findings *f = arg;
    if (!f->n++) snprintf(f->first, sizeof f->first, "%s: %s", where, what);
    job_detail(f->j, "%llu damaged so far; the first: %s", (unsigned long long)f->n, f->first);
}

static bool wants_deep(arena *a, str argument, bool *deep, err *e) {
    *deep = false;
    if (!argument.n) return true;
    str why = {0};
    json_value *v = json_parse(a, argument, 0, &why);
    if (!v || v->type != JSON_OBJECT)
        return err_set(e, ERR_INVALID,
                       "the argument of a check is an object, {\"deep\": true}");
    for (const json_value *m = v->child; m; m = m->next) {
        bool is_bool = m->type == JSON_TRUE || m->type == JSON_FALSE;
        if (!str_is(m->key, "deep") || !is_bool)
            return err_set(e, ERR_INVALID, "a check takes 'deep', true or false");
        *deep = m->type == JSON_TRUE;
    }
    return true;
}

static bool check_argument(arena *a, str argument, err *e) {
    bool deep;
    return wants_deep(a, argument, &deep, e);
}

static void part_done(void *arg, int done) {
    job_progress(((findings *)arg)->j, done, CHECK_PARTS, "parts");
}

// What `stemma check` does, but for the engine's own check, which would hold one snapshot all
// the while.
static bool check(job_run *j, err *e) {
    core *c = job_ctx(j)->core;
    findings f = {.j = j};
    check_watch w = {.bad = found, .part = part_done, .arg = &f};
    check_report r;
    bool deep;
    if (!wants_deep(job_ctx(j)->a, job_argument(j), &deep, e) ||
        !core_check(c, deep, &w, &r, e))
        return false;
    if (f.n)
        return err_set(e, ERR_CORRUPT, "%llu damaged; the first: %s (stemma check names all)",
                       (unsigned long long)f.n, f.first);
    job_detail(j, "whole: %llu events, %llu blocks of points, %llu objects with %llu bytes",
               (unsigned long long)r.events, (unsigned long long)r.blocks,
               (unsigned long long)r.objects.objects, (unsigned long long)r.objects.bytes);
    return true;
}

// ---- clean ----------------------------------------------------------------------------------

static bool clean_by(job_run *j, bool (*step)(core *c, size_t *n, err *e), int64_t *all,
                     err *e) {
    size_t n = 1;
    while (n && job_goes_on(j)) {
        if (!step(job_ctx(j)->core, &n, e)) return false;
        *all += (int64_t)n;
        job_progress(j, *all, *all, "rows");
    }
    return true;
}

static bool clean(job_run *j, err *e) {
    int64_t all = 0;
    return clean_by(j, once_clean, &all, e) && clean_by(j, job_clean, &all, e) &&
           clean_by(j, content_clean, &all, e);
}

// ---- the table ------------------------------------------------------------------------------

#define SHOWN(kind, unit, doc) {#kind, doc, .run = NULL},
const job_kind job_kinds[] = {
    {"check", "reads everything and says what is damaged; {\"deep\": true} hashes files again",
     .users = true, .check = check_argument, .run = check},
    {"gc",
     "frees what the bin holds: {\"older_than_s\", \"hold_s\", \"dry_run\"}, by default 30 "
     "days, "
     "7 days, false",
     .users = true, .check = gc_job_check, .run = gc_job_run},
    {"gc_undo", "brings back what the last gc freed, to the bin", .users = true,
     .run = gc_job_undo},
    {"clean",
     "forgets Idempotency-Keys after a day, who sent an object after a week, ended jobs after "
     "a "
     "month",
     .every_us = 3600 * (int64_t)1000000, .run = clean},
    {"cut",
     "cuts large files that came whole and are in a version into chunks, so that what is equal "
     "is stored once",
     .users = true, .every_us = 60 * (int64_t)1000000, .run = cut_job_run},
    {"import", "the command that brings another tracker's records over, while it does",
     .gone = "its process is gone: the same command again goes on where it was"},
    JOB_SHOWN_TABLE(SHOWN){0},
};
#undef SHOWN
