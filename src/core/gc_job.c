// SPDX-License-Identifier: Apache-2.0
// gc_job: gc and its undo as jobs of a server at work. Called by the threads of the manager.
#include "base/json.h"
#include "core/core_internal.h"
#include "core/gc.h"
#include "core/job_internal.h"

typedef unsigned long long ull;

#define DAY_US (24 * 3600 * INT64_C(1000000))

static bool seconds(const json_value *m, int64_t *us, err *e) {
    if (m->type != JSON_INT || m->i < 0 || m->i > INT64_MAX / 1000000)
        return err_set(e, ERR_INVALID, "'%.*s' is a number of seconds", STR_F(m->key));
    *us = m->i * 1000000;
    return true;
}

// The defaults are those of the command.
static bool read_options(arena *a, str argument, gc_options *o, err *e) {
    *o = (gc_options){.older_us = 30 * DAY_US, .hold_us = 7 * DAY_US};
    if (!argument.n) return true;
    const json_value *v = json_parse(a, argument, 0, NULL);
    if (!v || v->type != JSON_OBJECT)
        return err_set(e, ERR_INVALID,
                       "the argument of a gc is an object, {\"dry_run\": true}");
    for (const json_value *m = v->child; m; m = m->next) {
        bool is_bool = m->type == JSON_TRUE || m->type == JSON_FALSE, ok = false;
        if (str_is(m->key, "older_than_s"))
            ok = seconds(m, &o->older_us, e);
        else if (str_is(m->key, "hold_s"))
            ok = seconds(m, &o->hold_us, e);
        else if (str_is(m->key, "dry_run") && is_bool)
            ok = true;
        else
            err_set(e, ERR_INVALID, "a gc takes 'older_than_s', 'hold_s' and 'dry_run'");
        if (!ok) return false;
        if (is_bool) o->dry = m->type == JSON_TRUE;
    }
    return true;
}

bool gc_job_check(arena *a, str argument, err *e) {
    gc_options o;
    return read_options(a, argument, &o, e);
}

static void show(void *arg, const gc_report *r) {
    job_progress(arg, (int64_t)(r->runs + r->models + r->projects), 0,
                 "runs, models and projects");
}

bool gc_job_run(job_run *j, err *e) {
    gc_options o;
    gc_report r;
    if (!read_options(job_ctx(j)->a, job_argument(j), &o, e)) return false;
    o.progress = show;
    o.arg = j;
    if (!gc_bin(job_ctx(j)->core, &o, &r, e)) return false;
    job_detail(j,
               "%s %llu runs, %llu models, %llu projects, %llu files; %llu objects (%llu "
               "bytes) set aside, %llu "
               "(%llu bytes) removed, %llu (%llu bytes) waiting",
               o.dry ? "would free" : "freed", (ull)r.runs, (ull)r.models, (ull)r.projects,
               (ull)r.files, (ull)r.objects.objects, (ull)r.objects.bytes,
               (ull)r.objects.removed, (ull)r.objects.removed_bytes, (ull)r.objects.waiting,
               (ull)r.objects.waiting_bytes);
    return true;
}

bool gc_job_undo(job_run *j, err *e) {
    gc_undone u;
    if (!gc_undo(job_ctx(j)->core, &u, e)) return false;
    job_detail(j, "brought back %llu runs, %llu models and %llu projects; %llu files are gone",
               (ull)u.runs, (ull)u.models, (ull)u.projects, (ull)u.missing);
    return true;
}
