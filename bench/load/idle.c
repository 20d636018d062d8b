// SPDX-License-Identifier: Apache-2.0
// idle: opens connections, asks one thing on each and then only holds them, to see what they
// cost the server. The result is printed once all are open, before holding.
#include "load/load.h"

#include <sys/resource.h>
#include <unistd.h>

#define GROUP 64 // opened at a time

static bool idle_next(void *arg, slot *s) {
    const load_options *o = arg;
    bool *asked = s->state;
    if (*asked) return false;
    *asked = true;
    request(s, o, "GET", STR("/api/2.0/mlflow/experiments/get?experiment_id=0"), (str){0});
    return true;
}

static bool idle_done(void *arg, slot *s) {
    (void)arg;
    return s->status == 200;
}

static void hold(const load_options *o) {
    char c;
    if (o->seconds)
        sleep((unsigned)o->seconds);
    else
        while (read(STDIN_FILENO, &c, 1) > 0)
            continue;
}

int cmd_idle(const load_options *o, arena *a, report *r) {
    struct rlimit files;
    load_options one = *o;
    one.threads = 1;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int64_t began = clock_mono_us(), open = 0;
    size_t groups = ((size_t)o->conns + GROUP - 1) / GROUP;
    load **all = ARENA_ARRAY(a, load *, groups);
    const char *error = NULL;
    for (size_t g = 0; g < groups && !error; g++) {
        size_t left = (size_t)o->conns - g * GROUP;
        all[g] = arena_alloc(a, sizeof(load));
        *all[g] = (load){.o = &one,
                         .conns = left < GROUP ? left : GROUP,
                         .keep = 4096,
                         .arg = &one,
                         .next = idle_next,
                         .done = idle_done};
        if (!load_run(all[g], ARENA_ARRAY(a, bool, GROUP), sizeof(bool))) error = all[g]->error;
        open += (int64_t)all[g]->replies;
    }
    report_i64(r, "open", open);
    report_f64(r, "wall_s", (double)(clock_mono_us() - began) / 1e6);
    if (error) return failed(r, error);
    report_print(r, o->json);
    hold(o);
    return 0;
}
