// SPDX-License-Identifier: Apache-2.0
// fill: many runs of many columns through the public API: each is created, gets its metrics,
// parameters and tags in one batch, and ends.
#include "load/load.h"

#include <stdio.h>

typedef struct fill {
    const load_options *o;
    str experiment;
    int64_t next, ended; // atomic
} fill;

typedef struct filler {
    int64_t i;
    enum { CREATE, LOG, END } step;
    char run[64];
    buf body;
} filler;

static void put_columns(filler *f, const load_options *o) {
    buf *b = &f->body;
    uint64_t seed = (uint64_t)o->seed, i = (uint64_t)f->i;
    fill_text t;
    buf_printf(b, "{\"run_id\": \"%s\", \"metrics\": [", f->run);
    for (uint64_t j = 0; j < (uint64_t)o->metrics; j++) {
        char value[NUM_MAX];
        size_t n = num_f64(value, fill_metric(seed, i, j));
        buf_printf(b,
                   "%s{\"key\": \"m%03d\", \"value\": %.*s, \"timestamp\": %lld, \"step\": 0}",
                   j ? ", " : "", (int)j, (int)n, value, (long long)fill_start(i));
    }
    buf_str(b, STR("], \"params\": ["));
    for (uint64_t j = 0; j < (uint64_t)o->params; j++) {
        fill_param(seed, i, j, &t);
        buf_printf(b, "%s{\"key\": \"p%02d\", \"value\": \"%s\"}", j ? ", " : "", (int)j, t.p);
    }
    buf_str(b, STR("], \"tags\": ["));
    for (uint64_t j = 0; j < (uint64_t)o->tags; j++) {
        fill_tag(seed, i, j, &t);
        buf_printf(b, "%s{\"key\": \"t%02d\", \"value\": \"%s\"}", j ? ", " : "", (int)j, t.p);
    }
    buf_str(b, STR("]}"));
}

static bool fill_next(void *arg, slot *s) {
    fill *q = arg;
    filler *f = s->state;
    static const char *const paths[] = {"/api/2.0/mlflow/runs/create",
                                        "/api/2.0/mlflow/runs/log-batch",
                                        "/api/2.0/mlflow/runs/update"};
    f->body.max = 1 << 20;
    buf_clear(&f->body);
    if (f->step == CREATE) {
        char name[32];
        f->i = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED);
        if (f->i >= q->o->runs) return false;
        snprintf(name, sizeof name, "fill-%08lld", (long long)f->i);
        run_body(&f->body, q->experiment, name, fill_start((uint64_t)f->i));
    } else if (f->step == LOG) {
        put_columns(f, q->o);
    } else {
        buf_printf(&f->body,
                   "{\"run_id\": \"%s\", \"status\": \"FINISHED\", \"end_time\": %lld}", f->run,
                   (long long)(fill_start((uint64_t)f->i) + FILL_SECONDS * 1000));
    }
    request(s, q->o, "POST", str_of(paths[f->step]), buf_view(&f->body));
    return true;
}

static bool fill_done(void *arg, slot *s) {
    fill *q = arg;
    filler *f = s->state;
    str id;
    if (s->status != 200) return false;
    if (f->step == CREATE) {
        if (!find_string(buf_view(&s->kept), "run_id", &id)) return false;
        snprintf(f->run, sizeof f->run, "%.*s", STR_F(id));
    }
    if (f->step == END) __atomic_fetch_add(&q->ended, 1, __ATOMIC_RELAXED);
    f->step = f->step == END ? CREATE : f->step + 1;
    return true;
}

int cmd_fill(const load_options *o, arena *a, report *r) {
    fill q = {.o = o};
    load *l = arena_alloc(a, sizeof *l);
    filler *fillers = ARENA_ARRAY(a, filler, (size_t)o->conns);
    char error[500] = "";
    if (o->runs < 1) return failed(r, "--runs says how many");
    if (!experiment_id(o, a, &q.experiment, error)) return failed(r, error);
    *l = (load){.o = o,
                .conns = (size_t)o->conns,
                .keep = 8192,
                .arg = &q,
                .next = fill_next,
                .done = fill_done};
    bool ok = load_run(l, fillers, sizeof *fillers);
    report_text(r, "experiment", q.experiment);
    report_i64(r, "runs", q.ended);
    report_f64(r, "runs_per_s", (double)q.ended / ((double)l->wall_us / 1e6));
    report_load(r, l);
    load_close(l);
    for (size_t i = 0; i < l->conns; i++)
        buf_free(&fillers[i].body);
    return ok ? 0 : failed(r, l->error);
}
