// SPDX-License-Identifier: Apache-2.0
// points: log-batch as fast as the server takes it, then every acknowledged point is read back
// through get-history and compared; ingest: the same in the compact form of the native API. A
// run belongs to one connection, which sends its steps in order; a point is a function of (run,
// key, step), so what must be there is known from how many steps of a run were acknowledged.
// With --patience (kills under load) an unacknowledged batch is sent again until it is: nothing
// may be twice then.
#include "load/load.h"

#include <stdio.h>
#include <unistd.h>

#define PAGE  25000
#define MARKS 64

typedef struct series_run {
    char id[64];
    uint64_t seed;
    int64_t steps; // acknowledged
} series_run;

typedef struct mark { // where so many points were acknowledged
    int64_t points;
    double wall_s, cpu_s;
} mark;

typedef struct points {
    const load_options *o;
    bool compact; // frames (frame.c) instead of log-batch
    str *names;   // of the keys
    series_run *runs;
    size_t n_runs, keys, steps; // steps a batch
    int64_t began_us, until_us;
    int64_t acked;     // points, atomic
    int64_t next_mark; // atomic
    mark marks[MARKS];
    int n_marks; // atomic
    double cpu_before;
} points;

typedef struct cursor { // a connection's own
    size_t run;         // sending: whose turn it is
    bool started;
    buf body;
    // reading back
    size_t key;
    int64_t step;
    char token[256];
    uint64_t read;
} cursor;

// ---- sending -------------------------------------------------------------------------------
// As the Python client writes it: ", " and ": ".
static void put_batch(buf *b, const points *p, const series_run *r) {
    buf_clear(b);
    buf_str(b, STR("{\"run_id\": \""));
    buf_str(b, str_of(r->id));
    buf_str(b, STR("\", \"metrics\": ["));
    for (size_t i = 0; i < p->steps; i++) {
        char step[NUM_MAX], time[NUM_MAX], value[NUM_MAX];
        int64_t at = r->steps + (int64_t)i;
        size_t step_n = num_i64(step, at), time_n = num_i64(time, curve_time(r->seed, at));
        for (size_t k = 0; k < p->keys; k++) {
            if (i || k) buf_str(b, STR(", "));
            buf_str(b, STR("{\"key\": \""));
            buf_str(b, p->names[k]);
            buf_str(b, STR("\", \"value\": "));
            buf_add(b, value, num_f64(value, curve(r->seed, k, at)));
            buf_str(b, STR(", \"timestamp\": "));
            buf_add(b, time, time_n);
            buf_str(b, STR(", \"step\": "));
            buf_add(b, step, step_n);
            buf_byte(b, '}');
        }
    }
    buf_str(b, STR("]}"));
}

static bool send_next(void *arg, slot *s) {
    points *p = arg;
    cursor *c = s->state;
    int64_t acked = __atomic_load_n(&p->acked, __ATOMIC_RELAXED);
    if (p->o->count ? acked >= p->o->count : clock_mono_us() >= p->until_us) return false;
    if (!c->started) {
        c->run = s->index;
        c->body = BUF_MAX(16 << 20);
        c->started = true;
    }
    if (p->o->pause) usleep((useconds_t)p->o->pause);
    const series_run *r = &p->runs[c->run];
    if (p->compact) {
        frame f = {r->id, r->seed, r->steps, p->steps, p->names, p->keys};
        buf_clear(&c->body);
        put_frame(&c->body, &f);
        request_head(s, p->o, "POST", STR("/api/v1/ingest"), c->body.n, FRAME_TYPE);
        buf_str(&s->head, buf_view(&c->body));
        return true;
    }
    put_batch(&c->body, p, r);
    request(s, p->o, "POST", STR("/api/2.0/mlflow/runs/log-batch"), buf_view(&c->body));
    return true;
}

// 1, 3, 10, 30 ... thousand points: what each stretch cost the server.
static void note_mark(points *p, int64_t acked) {
    int64_t due = __atomic_load_n(&p->next_mark, __ATOMIC_RELAXED);
    if (acked < due) return;
    int64_t lead = due;
    while (lead >= 10)
        lead /= 10;
    int64_t after = lead == 1 ? due * 3 : due / 3 * 10;
    if (!__atomic_compare_exchange_n(&p->next_mark, &due, after, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED))
        return;
    int i = __atomic_fetch_add(&p->n_marks, 1, __ATOMIC_RELAXED);
    if (i >= MARKS) return;
    p->marks[i] = (mark){acked, (double)(clock_mono_us() - p->began_us) / 1e6,
                         process_cpu(p->o->pid) - p->cpu_before};
}

static bool send_done(void *arg, slot *s) {
    points *p = arg;
    cursor *c = s->state;
    if (s->status != 200) return false;
    p->runs[c->run].steps += (int64_t)p->steps;
    c->run += p->o->conns < (int64_t)p->n_runs ? (size_t)p->o->conns : 0;
    if (c->run >= p->n_runs) c->run = s->index;
    int64_t n = (int64_t)(p->steps * p->keys);
    note_mark(p, __atomic_add_fetch(&p->acked, n, __ATOMIC_RELAXED));
    return true;
}

// ---- reading back --------------------------------------------------------------------------
static bool read_next(void *arg, slot *s) {
    points *p = arg;
    cursor *c = s->state;
    if (!c->started) {
        c->run = s->index;
        c->started = true;
    }
    if (c->key == p->keys) {
        c->key = 0;
        c->run += (size_t)p->o->conns;
    }
    size_t limit = p->o->readback_runs ? (size_t)p->o->readback_runs : p->n_runs;
    if (c->run >= limit || c->run >= p->n_runs) return false;
    char path[1024];
    int n = snprintf(
        path, sizeof path,
        "/api/2.0/mlflow/metrics/get-history?run_id=%s&metric_key=%.*s&max_results=%d%s%s",
        p->runs[c->run].id, STR_F(p->names[c->key]), PAGE, *c->token ? "&page_token=" : "",
        c->token);
    request(s, p->o, "GET", str_n(path, (size_t)n), (str){0});
    return true;
}

typedef struct seen {
    double value;
    int64_t time, step;
    unsigned fields;
} seen;

static json_type read_point(json_reader *j, seen *v) {
    *v = (seen){0};
    json_type t;
    while ((t = json_next(j)) != JSON_END && t != JSON_ERROR) {
        if (str_is(j->key, "value"))
            v->value = j->f, v->fields |= 1;
        else if (str_is(j->key, "timestamp"))
            v->time = j->i, v->fields |= 2;
        else if (str_is(j->key, "step"))
            v->step = j->i, v->fields |= 4;
        else
            json_skip(j, t);
    }
    return t;
}

static bool as_sent(const points *p, const cursor *c, const seen *v) {
    const series_run *r = &p->runs[c->run];
    return v->fields == 7 && v->step == c->step && v->time == curve_time(r->seed, c->step) &&
           v->value == curve(r->seed, c->key, c->step);
}

static bool read_points(points *p, cursor *c, json_reader *j, load *l) {
    json_type t;
    while ((t = json_next(j)) == JSON_OBJECT) {
        seen v;
        if (read_point(j, &v) != JSON_END) return false;
        if (!as_sent(p, c, &v)) {
            load_fail(l,
                      "run %s key %.*s: step %lld expected, and step %lld, time %lld, value "
                      "%.17g read",
                      p->runs[c->run].id, STR_F(p->names[c->key]), (long long)c->step,
                      (long long)v.step, (long long)v.time, v.value);
            return false;
        }
        c->step++;
        c->read++;
    }
    return t == JSON_END;
}

static bool read_page(points *p, cursor *c, str text, load *l, arena *a) {
    json_reader j;
    json_type t;
    *c->token = 0;
    json_reader_init(&j, a, text, 0);
    if (json_next(&j) != JSON_OBJECT) return false;
    while ((t = json_next(&j)) != JSON_END) {
        if (t == JSON_ERROR) return false;
        if (t == JSON_ARRAY && str_is(j.key, "metrics")) {
            if (!read_points(p, c, &j, l)) return false;
        } else if (t == JSON_STRING && str_is(j.key, "next_page_token")) {
            snprintf(c->token, sizeof c->token, "%.*s", STR_F(url_escape(a, j.text)));
        } else if (!json_skip(&j, t)) {
            return false;
        }
    }
    return true;
}

static bool read_done(void *arg, slot *s) {
    points *p = arg;
    cursor *c = s->state;
    arena *a = arena_new();
    bool ok = s->status == 200 && read_page(p, c, buf_view(&s->kept), s->load, a);
    arena_free(a);
    if (!ok) return false;
    if (*c->token) return true;
    if (c->step != p->runs[c->run].steps) {
        load_fail(s->load, "run %s key %.*s: %lld points were acknowledged and %lld are there",
                  p->runs[c->run].id, STR_F(p->names[c->key]), (long long)p->runs[c->run].steps,
                  (long long)c->step);
        return false;
    }
    c->step = 0;
    c->key++;
    return true;
}

// ---- the command ---------------------------------------------------------------------------
static bool prepare(points *p, arena *a, str *experiment, char error[500]) {
    const load_options *o = p->o;
    if (o->batch % o->keys)
        return snprintf(error, 500, "--batch must be a multiple of --keys"), false;
    p->keys = (size_t)o->keys;
    p->steps = (size_t)(o->batch / o->keys);
    p->n_runs = (size_t)(o->runs ? o->runs : o->conns);
    if ((int64_t)p->n_runs < o->conns)
        return snprintf(error, 500, "fewer runs than connections"), false;
    p->names = series_names(a, p->keys);
    p->runs = ARENA_ARRAY(a, series_run, p->n_runs);
    if (!experiment_id(o, a, experiment, error)) return false;
    for (size_t i = 0; i < p->n_runs; i++) {
        p->runs[i].seed = mix64((uint64_t)o->seed + i);
        if (!make_run(o, a, *experiment, "points", p->runs[i].id, error)) return false;
    }
    return true;
}

static void report_marks(report *r, const points *p) {
    buf out = BUF_MAX(1 << 16);
    json_writer w = json_writer_new(&out);
    json_array(&w);
    for (int i = 0; i < p->n_marks && i < MARKS; i++) {
        json_object(&w);
        json_m_i64(&w, "points", p->marks[i].points);
        json_m_f64(&w, "wall_s", p->marks[i].wall_s);
        json_m_f64(&w, "server_cpu_s", p->marks[i].cpu_s);
        json_object_end(&w);
    }
    json_array_end(&w);
    report_json(r, "marks", buf_view(&out));
    buf_free(&out);
}

static bool read_back(points *p, arena *a, report *r, char error[500]) {
    load *l = arena_alloc(a, sizeof *l);
    cursor *cursors = ARENA_ARRAY(a, cursor, (size_t)p->o->conns);
    *l = (load){.o = p->o,
                .conns = (size_t)p->o->conns,
                .keep = 8 << 20,
                .arg = p,
                .next = read_next,
                .done = read_done};
    bool ok = load_run(l, cursors, sizeof *cursors);
    uint64_t read = 0;
    for (size_t i = 0; i < l->conns; i++)
        read += cursors[i].read;
    report_i64(r, "points_read_back", (int64_t)read);
    report_f64(r, "read_back_s", (double)l->wall_us / 1e6);
    if (!ok) snprintf(error, 500, "%s", l->error);
    load_close(l);
    return ok;
}

static void report_points(report *r, const points *p, const load *l, str experiment,
                          double own) {
    double wall = (double)l->wall_us / 1e6;
    report_text(r, "experiment", experiment);
    report_text(r, "run", str_of(p->runs[0].id));
    report_text(r, "key", p->names[0]);
    report_i64(r, "points", p->acked);
    report_f64(r, "points_per_s", (double)p->acked / wall);
    report_load(r, l);
    report_f64(r, "client_cpu_s", own);
    report_marks(r, p);
}

static int send_all(const load_options *o, bool compact, arena *a, report *r) {
    points *p = arena_alloc(a, sizeof *p);
    load *l = arena_alloc(a, sizeof *l);
    cursor *cursors = ARENA_ARRAY(a, cursor, (size_t)o->conns);
    char error[500] = "";
    str experiment;
    *p = (points){.o = o, .compact = compact, .next_mark = 1000};
    if (!prepare(p, a, &experiment, error)) return failed(r, error);
    *l = (load){.o = o,
                .conns = (size_t)o->conns,
                .keep = 4096,
                .arg = p,
                .next = send_next,
                .done = send_done,
                .patience_us = o->patience * 1000000};
    double own = own_cpu();
    p->cpu_before = process_cpu(o->pid);
    p->began_us = clock_mono_us();
    p->until_us = p->began_us + o->seconds * 1000000;
    bool ok = load_run(l, cursors, sizeof *cursors);
    report_points(r, p, l, experiment, own_cpu() - own);
    load_close(l);
    for (size_t i = 0; i < l->conns; i++)
        buf_free(&cursors[i].body);
    if (!ok) return failed(r, l->error);
    if (!o->skip_readback && !read_back(p, a, r, error)) return failed(r, error);
    return 0;
}

int cmd_points(const load_options *o, arena *a, report *r) {
    return send_all(o, false, a, r);
}

int cmd_ingest(const load_options *o, arena *a, report *r) {
    return send_all(o, true, a, r);
}
