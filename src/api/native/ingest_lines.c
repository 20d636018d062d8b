// SPDX-License-Identifier: Apache-2.0
// Lines of application/x-ndjson: {"run","key","step","time_ms","value"}, {"run","config":{}},
// {"run","tags":{}}, or all of it at once. Texts point into the buffer of a batch's text, so a
// batch is what fits there; blank lines are passed over. Any thread.
#include "api/native/ingest.h"

#include "api/native/points.h"
#include "base/clock.h"
#include "base/vec.h"

#include <math.h>

enum { TEXT_BYTES = 2 << 20, LINE_BYTES = 1 << 20 };

typedef VEC(kv) kvs;

typedef struct line_run { // a run of the batch
    id run;
    uint64_t first_line;
    size_t n_points;
    kvs config, tags;
} line_run;

typedef struct lines {
    ingest *g;
    char *text; // TEXT_BYTES of it, n read
    size_t n;
    uint64_t read; // lines
    int64_t began_us;
    // the batch, in its arena
    VEC(point) points;
    VEC(uint32_t) run_of;
    VEC(line_run) runs;
    map by_id;
} lines;

// A line as it was read; members in any order.
enum { HAS_RUN = 1, HAS_KEY = 2, HAS_STEP = 4, HAS_TIME = 8, HAS_VALUE = 16, HAS_ATTRS = 32 };
enum { HAS_POINT = HAS_KEY | HAS_STEP | HAS_TIME | HAS_VALUE };
typedef struct line {
    unsigned has;
    id run;
    point p;
    kvs config, tags;
} line;

// ---- one line -------------------------------------------------------------------------------

static bool is_number(json_type t) {
    return t == JSON_INT || t == JSON_DOUBLE;
}

static bool read_int(json_reader *j, json_type t, int64_t *out, const char *name, err *e) {
    *out = j->i;
    return t == JSON_INT || err_set(e, ERR_INVALID, "'%s' takes an integer", name);
}

static bool read_value(json_reader *j, json_type t, double *out, err *e) {
    *out = j->f;
    if (is_number(t)) return true;
    if (t == JSON_STRING && str_is(j->text, "NaN"))
        *out = (double)NAN;
    else if (t == JSON_STRING && str_is(j->text, "Infinity"))
        *out = (double)INFINITY;
    else if (t == JSON_STRING && str_is(j->text, "-Infinity"))
        *out = -(double)INFINITY;
    else
        return err_set(e, ERR_INVALID,
                       "'value' takes a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
    return true;
}

static bool check_attr(str key, str value, size_t max, err *e) {
    if (!key.n) return err_set(e, ERR_INVALID, "a name in 'config' or 'tags' is empty");
    return core_check_text(key, POINTS_KEY_MAX, "a name in 'config' or 'tags'", e) &&
           core_check_text(value, max, "a value in 'config' or 'tags'", e);
}

// {"name": value, ...}: texts as they are, other values as their JSON.
static bool read_attrs(json_reader *j, json_type t, arena *a, size_t max, kvs *out, err *e) {
    if (t != JSON_OBJECT) return err_set(e, ERR_INVALID, "'config' and 'tags' take objects");
    while ((t = json_next(j)) != JSON_END && t != JSON_ERROR) {
        str key = j->key;
        if (t == JSON_NULL)
            return err_set(e, ERR_INVALID, "'%.*s' is null: leave it out",
                           STR_F(str_upto_code_points(key, 100)));
        str value = t == JSON_STRING ? j->text : json_raw(j, t, json_offset(j));
        if (!check_attr(key, value, max, e)) return false;
        vec_push(a, out, (kv){key, value});
    }
    return true; // errors of the reader are told at the end of the line
}

static bool read_member(json_reader *j, json_type t, arena *a, line *l, err *e) {
    str k = j->key;
    if (str_is(k, "run")) {
        l->has |= HAS_RUN;
        return (t == JSON_STRING && id_parse(j->text, &l->run)) ||
               err_set(e, ERR_INVALID, "'run' takes the id of a run, 32 hex digits");
    }
    if (str_is(k, "key")) {
        l->has |= HAS_KEY;
        l->p.key = j->text;
        return t == JSON_STRING ? points_check_key(j->text, e)
                                : err_set(e, ERR_INVALID, "'key' takes a string");
    }
    if (str_is(k, "step")) {
        l->has |= HAS_STEP;
        return read_int(j, t, &l->p.step, "step", e);
    }
    if (str_is(k, "time_ms")) {
        l->has |= HAS_TIME;
        return read_int(j, t, &l->p.time_ms, "time_ms", e);
    }
    if (str_is(k, "value")) {
        l->has |= HAS_VALUE;
        return read_value(j, t, &l->p.value, e);
    }
    bool config = str_is(k, "config");
    if (config || str_is(k, "tags")) {
        l->has |= HAS_ATTRS;
        return read_attrs(j, t, a, config ? INGEST_CONFIG_MAX : INGEST_TAG_MAX,
                          config ? &l->config : &l->tags, e);
    }
    return err_set(e, ERR_INVALID,
                   "'%.*s' is not known: a line has run, key, step, time_ms, value, config, "
                   "tags",
                   STR_F(str_upto_code_points(k, 100)));
}

static bool check_line(const line *l, err *e) {
    static const char *const names[] = {"run", "key", "step", "time_ms", "value"};
    unsigned wanted = HAS_RUN;
    if (l->has & HAS_POINT || !(l->has & HAS_ATTRS)) wanted |= HAS_POINT;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (wanted & ~l->has & 1u << i)
            return err_set(e, ERR_INVALID, "'%s' is required", names[i]);
    }
    return true;
}

static bool read_line(str text, arena *a, line *l, err *e) {
    json_reader j;
    json_reader_init(&j, a, text, JSON_NAN);
    json_type t = json_next(&j);
    if (t != JSON_OBJECT && t != JSON_ERROR)
        return err_set(e, ERR_INVALID, "a line is a JSON object");
    while (t != JSON_ERROR && (t = json_next(&j)) != JSON_END && t != JSON_ERROR) {
        if (!read_member(&j, t, a, l, e)) return false;
    }
    if (t != JSON_ERROR && json_next(&j) == JSON_END) return check_line(l, e);
    return err_set(e, ERR_MALFORMED, "no valid JSON: %s at byte %zu",
                   j.error ? j.error : "there is more behind the object", j.at);
}

// ---- a batch --------------------------------------------------------------------------------

static uint32_t run_at(lines *s, id run_id) {
    arena *a = s->g->c.a;
    if (s->run_of.n) { // mostly that of the line before
        uint32_t last = s->run_of.p[s->run_of.n - 1];
        if (id_eq(s->runs.p[last].run, run_id)) return last;
    }
    bool added;
    str key = arena_str(a, str_n(&run_id, sizeof run_id));
    void **place = map_at(&s->by_id, key, &added);
    if (added) {
        vec_push(a, &s->runs, (line_run){.run = run_id, .first_line = s->read});
        *place = (void *)(uintptr_t)s->runs.n;
    }
    return (uint32_t)((uintptr_t)*place - 1);
}

static void join(arena *a, kvs *to, const kvs *more) {
    for (size_t i = 0; i < more->n; i++)
        vec_push(a, to, more->p[i]);
}

static void add(lines *s, const line *l) {
    arena *a = s->g->c.a;
    uint32_t at = run_at(s, l->run);
    line_run *r = &s->runs.p[at];
    join(a, &r->config, &l->config);
    join(a, &r->tags, &l->tags);
    if (!(l->has & HAS_POINT)) return;
    vec_push(a, &s->points, l->p);
    vec_push(a, &s->run_of, at);
    r->n_points++;
}

// Points of one run come to stand together, in the order of their lines.
static run_entry *entries(lines *s, uint64_t *first_lines) {
    arena *a = s->g->c.a;
    run_entry *list = ARENA_ARRAY(a, run_entry, s->runs.n);
    point *sorted = ARENA_ARRAY(a, point, s->points.n), *at = sorted;
    point **next = ARENA_ARRAY(a, point *, s->runs.n);
    for (size_t i = 0; i < s->runs.n; i++) {
        const line_run *r = &s->runs.p[i];
        first_lines[i] = r->first_line;
        next[i] = at;
        list[i] = (run_entry){.run = r->run,
                              .batch = {.points = r->n_points ? at : NULL,
                                        .n_points = r->n_points,
                                        .params = r->config.p,
                                        .n_params = r->config.n,
                                        .tags = r->tags.p,
                                        .n_tags = r->tags.n}};
        at += r->n_points;
    }
    for (size_t i = 0; i < s->points.n; i++)
        *next[s->run_of.p[i]]++ = s->points.p[i];
    return list;
}

static bool store_batch(lines *s, uint64_t parts, err *e) {
    arena *a = s->g->c.a;
    uint64_t *first_lines = ARENA_ARRAY(a, uint64_t, s->runs.n);
    run_entry *list = entries(s, first_lines);
    bool ok = ingest_store(s->g, list, s->runs.n, first_lines, parts, e);
    if (ok) arena_reset(a);
    s->points.p = NULL;
    s->run_of.p = NULL;
    s->runs.p = NULL;
    s->points.n = s->points.cap = s->run_of.n = s->run_of.cap = s->runs.n = s->runs.cap = 0;
    s->by_id = map_new(a);
    return ok;
}

static bool take_line(lines *s, str text, err *e) {
    line l = {0};
    s->read++;
    text = str_trim(text);
    if (!text.n) return true;
    if (text.n > LINE_BYTES)
        return err_set(e, ERR_TOO_LARGE, "it has more than %d bytes", LINE_BYTES);
    if (!read_line(text, s->g->c.a, &l, e)) return false;
    add(s, &l);
    return true;
}

// What stands before a wrong line is stored; its own error is the one to tell, unless that
// fails.
static bool refuse_line(lines *s, err *e) {
    err failed = {0};
    uint64_t wrong = s->read;
    if (!store_batch(s, wrong - 1, &failed))
        *e = failed;
    else
        s->g->wrong = wrong;
    return false;
}

// Takes the whole lines of the text (at its end: all of it), stores them, and keeps the rest.
static bool take_text(lines *s, bool end, err *e) {
    str rest = str_n(s->text, s->n);
    for (size_t nl; rest.n; rest = str_from(rest, nl + 1)) {
        nl = str_find(rest, '\n', 0);
        if (nl == SIZE_MAX && !end) break;
        if (nl == SIZE_MAX) nl = rest.n;
        if (!take_line(s, str_upto(rest, nl), e)) return refuse_line(s, e);
    }
    if (rest.n >= LINE_BYTES) {
        s->read++;
        err_set(e, ERR_TOO_LARGE, "it has more than %d bytes", LINE_BYTES);
        return refuse_line(s, e);
    }
    if (!store_batch(s, s->read, e)) return false;
    memmove(s->text, rest.p, rest.n);
    s->n = rest.n;
    s->began_us = clock_mono_us();
    return true;
}

bool ingest_lines(ingest *g, err *e) {
    lines s = {.g = g, .by_id = map_new(g->c.a), .began_us = clock_mono_us()};
    ssize_t got = 1;
    s.text = arena_bytes(g->a, TEXT_BYTES);
    while (got > 0) {
        got = http_read(g->r, s.text + s.n, TEXT_BYTES - s.n, e);
        if (got > 0) s.n += (size_t)got;
        bool due = s.n == TEXT_BYTES || clock_mono_us() - s.began_us > INGEST_WAIT_US;
        err failed = {0};
        if ((due || got <= 0) && !take_text(&s, got == 0, &failed)) {
            *e = failed;
            return false;
        }
    }
    return got == 0;
}
