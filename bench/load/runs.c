// SPDX-License-Identifier: Apache-2.0
// runs: creates runs as fast as the server takes them, then pages through a search of the
// experiment: each run that was acknowledged must be there, and once.
#include "load/load.h"

#include <stdio.h>

#define MOST (1 << 24)
#define PAGE 1000

typedef struct made {
    const load_options *o;
    str experiment;
    int64_t until_us;
    int64_t next;   // atomic: the number in the next run's name
    uint8_t *state; // a run number: 0 not asked for, 1 acknowledged, 2 found
    int64_t acked;
} made;

typedef struct turn {
    int64_t i;
    buf body;
} turn;

static bool create_next(void *arg, slot *s) {
    made *m = arg;
    turn *t = s->state;
    char name[32];
    if (m->o->count ? m->next >= m->o->count : clock_mono_us() >= m->until_us) return false;
    t->i = __atomic_fetch_add(&m->next, 1, __ATOMIC_RELAXED);
    if (t->i >= MOST || (m->o->count && t->i >= m->o->count)) return false;
    snprintf(name, sizeof name, "made-%08lld", (long long)t->i);
    t->body.max = 4096;
    buf_clear(&t->body);
    run_body(&t->body, m->experiment, name, fill_start((uint64_t)t->i));
    request(s, m->o, "POST", STR("/api/2.0/mlflow/runs/create"), buf_view(&t->body));
    return true;
}

static bool create_done(void *arg, slot *s) {
    made *m = arg;
    turn *t = s->state;
    if (s->status != 200) return false;
    m->state[t->i] = 1;
    __atomic_fetch_add(&m->acked, 1, __ATOMIC_RELAXED);
    return true;
}

// Marks the runs of a page; false when one is there that was not asked for, or twice.
static bool mark_page(made *m, str text, size_t *n, char error[500]) {
    static const char needle[] = "\"run_name\"";
    for (size_t at = 0; (at = str_find_str(text, STR(needle), at)) != SIZE_MAX; at++) {
        str name;
        int64_t i;
        if (!find_string(str_from(text, at), "run_name", &name) ||
            !str_starts(name, STR("made-")))
            continue;
        size_t digits = 5;
        while (digits + 1 < name.n && name.p[digits] == '0')
            digits++;
        if (!str_to_i64(str_from(name, digits), &i) || i >= m->next || m->state[i] == 2)
            return snprintf(error, 500, "run %.*s is there twice, or was never asked for",
                            STR_F(name)),
                   false;
        m->state[i] = 2;
        ++*n;
    }
    return true;
}

static bool read_back(made *m, arena *a, report *r, char error[500]) {
    size_t found = 0;
    str token = {0}, answer;
    do {
        arena *page = arena_new();
        str body = arena_printf(
            page,
            "{\"experiment_ids\": [\"%.*s\"], \"max_results\": %d, \"page_token\": \"%.*s\"}",
            STR_F(m->experiment), PAGE, STR_F(token));
        bool ok = call_once(m->o, page, "POST", STR("/api/2.0/mlflow/runs/search"), body,
                            &answer, error) &&
                  mark_page(m, answer, &found, error);
        token = ok && find_string(answer, "next_page_token", &token) ? arena_str(a, token)
                                                                     : (str){0};
        arena_free(page);
        if (!ok) return false;
    } while (token.n);
    report_i64(r, "runs_read_back", (int64_t)found);
    for (int64_t i = 0; i < m->next && i < MOST; i++) {
        if (m->state[i] == 1)
            return snprintf(error, 500, "run %lld was acknowledged and is not there",
                            (long long)i),
                   false;
    }
    return true;
}

int cmd_runs(const load_options *o, arena *a, report *r) {
    made *m = arena_alloc(a, sizeof *m);
    load *l = arena_alloc(a, sizeof *l);
    turn *turns = ARENA_ARRAY(a, turn, (size_t)o->conns);
    char error[500] = "";
    *m = (made){.o = o, .state = arena_alloc(a, MOST)};
    if (!experiment_id(o, a, &m->experiment, error)) return failed(r, error);
    m->until_us = clock_mono_us() + o->seconds * 1000000;
    *l = (load){.o = o,
                .conns = (size_t)o->conns,
                .keep = 4096,
                .arg = m,
                .next = create_next,
                .done = create_done};
    bool ok = load_run(l, turns, sizeof *turns);
    report_text(r, "experiment", m->experiment);
    report_i64(r, "runs", m->acked);
    report_f64(r, "runs_per_s", (double)m->acked / ((double)l->wall_us / 1e6));
    report_load(r, l);
    load_close(l);
    for (size_t i = 0; i < l->conns; i++)
        buf_free(&turns[i].body);
    if (!ok) return failed(r, l->error);
    if (!o->skip_readback && !read_back(m, a, r, error)) return failed(r, error);
    return 0;
}
