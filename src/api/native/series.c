// SPDX-License-Identifier: Apache-2.0
// series: what a run measured: a list of its series with their summaries, and the points of
// one, a page at a time or all of them as a stream. Any thread.
#include "api/native/native_internal.h"
#include "api/native/point_text.h"

#define CSV_TYPE   "text/csv"
#define LINES_TYPE "application/x-ndjson"

enum { STREAM_PAGE = 20000 };

// ---- shapes ---------------------------------------------------------------------------------

SHAPE(static, point_shape, "Point", FIELD("step", SHAPE_INT, 0, "its step"),
      FIELD("time_ms", SHAPE_INT, 0, "the client's time, as it was given"),
      FIELD("value", SHAPE_NUMBER, 0, "its value"));

SHAPE(static, series_shape, "Series", FIELD("key", SHAPE_TEXT, 0, "its name in the run"),
      FIELD("first", SHAPE_OBJECT, 0, "the least by step, time and value", .sub = &point_shape),
      FIELD("last", SHAPE_OBJECT, 0, "the greatest, with NaN as 0", .sub = &point_shape),
      FIELD("min", SHAPE_NUMBER, 0, "of what is not NaN; NaN when nothing is"),
      FIELD("max", SHAPE_NUMBER, 0, "of what is not NaN; NaN when nothing is"),
      FIELD("at_most", SHAPE_INT, 0, "points; repeats that are not merged yet are counted"));

SHAPE(static, series_list_shape, "SeriesList",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of keys", .sub = &series_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

SHAPE(static, points_shape, "Points",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order asked for", .sub = &point_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

void native_put_point(json_writer *w, const series_value *v) {
    json_object(w);
    json_m_i64(w, "step", v->step);
    json_m_i64(w, "time_ms", v->time_ms);
    json_m_f64(w, "value", v->value);
    json_object_end(w);
}

void native_put_summary(json_writer *w, const series_summary *s) {
    json_key(w, STR("first"));
    native_put_point(w, &s->first);
    json_key(w, STR("last"));
    native_put_point(w, &s->last);
    json_m_f64(w, "min", s->min);
    json_m_f64(w, "max", s->max);
    json_m_i64(w, "at_most", (int64_t)s->at_most);
}

static void put_series(json_writer *w, const series_summary *s) {
    json_object(w);
    json_m_string(w, "key", s->key);
    native_put_summary(w, s);
    json_object_end(w);
}

static bool path_run(call *k, id *out, err *e) {
    run r;
    return native_path_run(k, out, e) && run_get(&k->c, *out, &r, e);
}

// ---- the series of a run --------------------------------------------------------------------

struct list {
    uint64_t has;
    str prefix, after;
    int64_t limit;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, prefix, MSG_STRING, 0, .doc = "only keys that begin so"),
    MSG_FIELD(struct list, limit, MSG_INT32, 0, .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct list, after, MSG_STRING, 0, .doc = "the cursor `next` of the page before"),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

static bool list(call *k, void *msg, err *e) {
    struct list *q = msg;
    id run_id;
    series_summary *s;
    size_t n, limit, given = 0;
    str next = {0};
    if (!native_limit(msg_has(&list_msg, q, "limit"), q->limit, &limit, e) ||
        !path_run(k, &run_id, e) || !series_summaries(&k->c, run_id, &s, &n, e)) {
        return false;
    }
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++) {
        if (!str_starts(s[i].key, q->prefix) || str_cmp(s[i].key, q->after) <= 0) continue;
        if (given == limit) {
            native_list_end(w, next);
            return true;
        }
        put_series(w, &s[i]);
        next = s[i].key;
        given++;
    }
    native_list_end(w, (str){0});
    return true;
}
const rpc native_series_list = {.msg = &list_msg, .fn = list, .reply = &series_list_shape};

// ---- points ---------------------------------------------------------------------------------

static const msg_name orders[] = {
    {"step", SERIES_BY_STEP}, {"time", SERIES_BY_TIME}, {NULL, 0}};

struct points {
    uint64_t has;
    str key, after;
    int64_t order, limit;
};
static const msg_field points_fields[] = {
    MSG_FIELD(struct points, key, MSG_STRING, MSG_REQUIRED, .doc = "of the series"),
    MSG_FIELD(struct points, order, MSG_ENUM, 0, .names = orders,
              .doc = "by step (default), or by the client's time"),
    MSG_FIELD(struct points, limit, MSG_INT32, 0,
              .doc = "points of a JSON page, 1,000 by default and 100,000 at most; streams "
                     "have no limit but this"),
    MSG_FIELD(struct points, after, MSG_STRING, 0,
              .doc = "the cursor `next` of the page before"),
};
static const msg_type points_msg = MSG_TYPE(struct points, points_fields);

// What is asked for, and where it goes on.
typedef struct reading {
    id run;
    const struct points *q;
    series_value after;
    bool begun; // `after` holds
} reading;

static bool next_points(const ctx *c, arena *a, reading *r, size_t max, series_value **out,
                        size_t *n, err *e) {
    ctx page = *c;
    page.a = a;
    if (!series_history(&page, r->run, r->q->key, (series_order)r->q->order,
                        r->begun ? &r->after : NULL, max, out, n, e)) {
        return false;
    }
    if (!*n && !r->begun) {
        return err_set(e, ERR_NOT_FOUND, "the run has no series '%.*s'",
                       STR_F(str_upto_code_points(r->q->key, 200)));
    }
    if (*n) r->after = (*out)[*n - 1];
    r->begun = true;
    return true;
}

static bool page(call *k, reading *r, err *e) {
    series_value *v;
    size_t n, limit = 1000;
    if (msg_has(&points_msg, r->q, "limit")) limit = (size_t)r->q->limit;
    if (!next_points(&k->c, k->c.a, r, limit, &v, &n, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++)
        native_put_point(w, &v[i]);
    native_list_end(w, n == limit ? point_cursor(k->c.a, &r->after) : (str){0});
    return true;
}

static bool stream_pages(call *k, reading *r, bool csv, arena *a, err *e) {
    buf *out = NULL;
    bool limited = msg_has(&points_msg, r->q, "limit");
    size_t left = limited ? (size_t)r->q->limit : SIZE_MAX, n = 1;
    while (n && left && !http_gone(k->r)) {
        series_value *v;
        size_t max = left < STREAM_PAGE ? left : STREAM_PAGE;
        arena_reset(a);
        if (!next_points(&k->c, a, r, max, &v, &n, e)) return false;
        if (!out) {
            k->w = http_json(k->r, 200, csv ? CSV_TYPE "; charset=utf-8" : LINES_TYPE);
            out = k->w->out;
            if (csv) buf_str(out, STR(POINT_CSV_HEAD));
        }
        for (size_t i = 0; i < n; i++) {
            if (csv)
                point_csv(out, &v[i]);
            else
                point_line(out, &v[i]);
        }
        http_json_flush(k->r);
        left -= n;
        if (n < max) n = 0;
    }
    return true;
}

static bool points(call *k, void *msg, err *e) {
    struct points *q = msg;
    reading r = {.q = q, .begun = q->after.n > 0};
    const char *type = native_accept(k->r, "application/json " CSV_TYPE " " LINES_TYPE, e);
    bool json = type && str_is(STR("application/json"), type);
    int64_t most = json ? 100000 : INT32_MAX;
    if (!type || !path_run(k, &r.run, e)) return false;
    if (r.begun && !point_cursor_read(q->after, &r.after, e)) return false;
    if (msg_has(&points_msg, q, "limit") && (q->limit < 1 || q->limit > most))
        return err_set(e, ERR_INVALID, "'limit' is 1 to %lld", (long long)most);
    if (json) return page(k, &r, e);
    arena *a = arena_new();
    bool ok = stream_pages(k, &r, str_is(STR(CSV_TYPE), type), a, e);
    arena_free(a);
    return ok;
}
const rpc native_points_list = {.msg = &points_msg,
                                .fn = points,
                                .reply = &points_shape,
                                .gives = "application/json " CSV_TYPE " " LINES_TYPE};
