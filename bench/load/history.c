// SPDX-License-Identifier: Apache-2.0
// history: the whole history of a metric, page after page; interval: the sampled points of a
// chart. Replies are counted, not decoded: `points` has compared every value by then.
#include "load/load.h"

#include <stdio.h>

typedef struct walk {
    const load_options *o;
    str path; // without a page token
    int64_t until_us, passes;
    uint64_t points;
    bool chart;
} walk;

typedef struct place {
    char token[1024];
    bool going;
    uint64_t points;
} place;

static bool walk_next(void *arg, slot *s) {
    walk *k = arg;
    place *at = s->state;
    char path[3000];
    if (!at->going) {
        int64_t begun = __atomic_fetch_add(&k->passes, 1, __ATOMIC_RELAXED);
        if (k->o->count ? begun >= k->o->count : clock_mono_us() >= k->until_us && begun)
            return false;
        *at->token = 0;
        at->going = true;
    }
    int n = snprintf(path, sizeof path, "%.*s%s%s", STR_F(k->path),
                     *at->token ? "&page_token=" : "", at->token);
    request(s, k->o, "GET", str_n(path, (size_t)n), (str){0});
    return true;
}

static size_t count(str text, str needle) {
    size_t n = 0;
    for (size_t at = 0; (at = str_find_str(text, needle, at)) != SIZE_MAX; at += needle.n)
        n++;
    return n;
}

static bool walk_done(void *arg, slot *s) {
    walk *k = arg;
    place *at = s->state;
    str text = buf_view(&s->kept), token;
    if (s->status != 200) return false;
    at->points += count(text, STR("\"timestamp\""));
    at->going = !k->chart &&
                find_string(str_from(text, text.n > 2048 ? text.n - 2048 : 0),
                            "next_page_token", &token) &&
                token.n;
    if (at->going) {
        arena *a = arena_new();
        snprintf(at->token, sizeof at->token, "%.*s", STR_F(url_escape(a, token)));
        arena_free(a);
    }
    return true;
}

static int walk_all(walk *k, arena *a, report *r) {
    load *l = arena_alloc(a, sizeof *l);
    place *places = ARENA_ARRAY(a, place, (size_t)k->o->conns);
    uint64_t points = 0;
    k->until_us = clock_mono_us() + k->o->seconds * 1000000;
    *l = (load){.o = k->o,
                .conns = (size_t)k->o->conns,
                .keep = 64 << 20,
                .arg = k,
                .next = walk_next,
                .done = walk_done};
    bool ok = load_run(l, places, sizeof *places);
    for (size_t i = 0; i < l->conns; i++)
        points += places[i].points;
    report_i64(r, "points", (int64_t)points);
    report_f64(r, "points_per_s", (double)points / ((double)l->wall_us / 1e6));
    report_load(r, l);
    load_close(l);
    return ok ? 0 : failed(r, l->error);
}

int cmd_history(const load_options *o, arena *a, report *r) {
    walk k = {.o = o};
    k.path = arena_printf(
        a, "/api/2.0/mlflow/metrics/get-history?run_id=%s&metric_key=%.*s&max_results=%d",
        o->run, STR_F(url_escape(a, str_of(o->key))), (int)o->max_results);
    return walk_all(&k, a, r);
}

int cmd_interval(const load_options *o, arena *a, report *r) {
    walk k = {.o = o, .chart = true};
    k.path = arena_printf(a,
                          "/ajax-api/2.0/mlflow/metrics/"
                          "get-history-bulk-interval?run_ids=%s&metric_key=%.*s&max_results=%d",
                          o->run, STR_F(url_escape(a, str_of(o->key))), (int)o->max_results);
    return walk_all(&k, a, r);
}
