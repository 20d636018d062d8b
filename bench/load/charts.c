// SPDX-License-Identifier: Apache-2.0
// charts: many series of one run drawn in one request, in the compact form. What comes is
// counted: lines, and the points that their parts say they hold.
#include "load/load.h"

#include <stdio.h>

typedef struct chart {
    const load_options *o;
    str body;
    int64_t until_us, asked;
    uint64_t lines, parts, points; // of one reply
} chart;

static bool chart_next(void *arg, slot *s) {
    chart *c = arg;
    int64_t asked = __atomic_fetch_add(&c->asked, 1, __ATOMIC_RELAXED);
    if (c->o->count ? asked >= c->o->count : clock_mono_us() >= c->until_us && asked)
        return false;
    buf_printf(&s->head,
               "POST /api/v1/series/chart HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: b_load\r\n"
               "Accept: application/vnd.stemma.chart\r\nContent-Type: application/json\r\n",
               c->o->host, (int)c->o->port);
    if (*c->o->token) buf_printf(&s->head, "Authorization: Bearer %s\r\n", c->o->token);
    buf_printf(&s->head, "Content-Length: %zu\r\n\r\n", c->body.n);
    buf_str(&s->head, c->body);
    return true;
}

static size_t padded(size_t n) {
    return (n + 7) / 8 * 8;
}

// docs/formats-native.md, section 2.
static bool count_lines(chart *c, str bytes) {
    cur r = cur_of(str_from(bytes, 32));
    c->lines = c->parts = c->points = 0;
    for (uint32_t size; (size = cur_u32(&r)) != 0 && !r.bad; c->lines++) {
        cur l = cur_of(cur_take(&r, size - 4));
        uint32_t flags = cur_u32(&l);
        cur_take(&l, 16);
        uint32_t key = cur_u32(&l), n = cur_u32(&l);
        cur_take(&l, 16 + padded(key) + 4 * padded((size_t)n * (flags & 1 ? 8 : 4)) +
                         4 * padded((size_t)n * (flags & 2 ? 8 : 4)));
        for (uint32_t i = 0; i < n; i++)
            c->points += cur_u32(&l);
        c->parts += n;
        if (l.bad) return false;
    }
    return !r.bad && cur_u32(&r) == 0 && !r.bad && !cur_left(&r);
}

static bool chart_done(void *arg, slot *s) {
    chart *c = arg;
    return s->status == 200 && count_lines(c, buf_view(&s->kept));
}

int cmd_charts(const load_options *o, arena *a, report *r) {
    load *l = arena_alloc(a, sizeof *l);
    chart c = {.o = o, .until_us = clock_mono_us() + o->seconds * 1000000};
    str *names = series_names(a, (size_t)o->keys);
    buf body = BUF_MAX(1 << 20);
    json_writer w = json_writer_new(&body);
    json_object(&w);
    json_m_array(&w, "runs");
    json_string(&w, str_of(o->run));
    json_array_end(&w);
    json_m_array(&w, "keys");
    for (int64_t k = 0; k < o->keys; k++)
        json_string(&w, names[k]);
    json_array_end(&w);
    json_m_i64(&w, "buckets", o->buckets);
    json_object_end(&w);
    c.body = buf_view(&body);
    *l = (load){.o = o,
                .conns = (size_t)o->conns,
                .keep = 256 << 20,
                .arg = &c,
                .next = chart_next,
                .done = chart_done};
    bool ok = load_run(l, NULL, 0);
    report_i64(r, "lines", (int64_t)c.lines);
    report_i64(r, "parts", (int64_t)c.parts);
    report_i64(r, "points", (int64_t)c.points);
    report_load(r, l);
    load_close(l);
    buf_free(&body);
    return ok ? 0 : failed(r, l->error);
}
