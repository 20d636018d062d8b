// SPDX-License-Identifier: Apache-2.0
// Charts of many runs and keys in one request: what each of equal parts of a range of steps or
// times holds, as JSON columns or in the compact form of chart_bytes.h. Any thread.
#include "api/native/chart_bytes.h"
#include "api/native/native_internal.h"

enum { RUNS_MAX = 1000, KEYS_MAX = 1000, PAIRS_MAX = 10000, PARTS = 1000, PARTS_MAX = 20000 };

SHAPE(static, line_shape, "ChartLine", FIELD("run", SHAPE_ID, 0, "the run"),
      FIELD("key", SHAPE_TEXT, 0, "the series"),
      FIELD("first_step", SHAPE_INT, SHAPE_LIST, "of each part that holds a point: its first"),
      FIELD("last_step", SHAPE_INT, SHAPE_LIST, "its last point's step"),
      FIELD("first_time_ms", SHAPE_INT, SHAPE_LIST, "its first point's time"),
      FIELD("last_time_ms", SHAPE_INT, SHAPE_LIST, "its last point's time"),
      FIELD("first", SHAPE_NUMBER, SHAPE_LIST, "its first point's value"),
      FIELD("last", SHAPE_NUMBER, SHAPE_LIST, "its last point's value"),
      FIELD("min", SHAPE_NUMBER, SHAPE_LIST, "its least value; NaN when all are"),
      FIELD("max", SHAPE_NUMBER, SHAPE_LIST, "its greatest value; NaN when all are"),
      FIELD("n", SHAPE_INT, SHAPE_LIST, "its points; repeats not merged yet are counted"),
      FIELD("nan", SHAPE_INT, SHAPE_LIST, "those of them that are NaN"));

SHAPE(static, chart_shape, "Chart",
      FIELD("start", SHAPE_INT, 0,
            "the range's first step (time); the least int64 where each line has its own"),
      FIELD("end", SHAPE_INT, 0,
            "the range's last step (time); the greatest int64 where each line has its own"),
      FIELD("buckets", SHAPE_INT, 0, "parts that it was divided into, at most"),
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST,
            "a line a run and key that has points there, in the order asked for",
            .sub = &line_shape));

struct chart {
    uint64_t has;
    msg_list runs, keys;
    int64_t by, start, end, buckets;
};
static const msg_name orders[] = {
    {"step", SERIES_BY_STEP}, {"time", SERIES_BY_TIME}, {NULL, 0}};
static const msg_field chart_fields[] = {
    MSG_FIELD(struct chart, runs, MSG_STRINGS, MSG_REQUIRED, .max = RUNS_MAX,
              .doc = "ids of runs"),
    MSG_FIELD(struct chart, keys, MSG_STRINGS, MSG_REQUIRED, .max = KEYS_MAX,
              .doc = "their series; 10,000 runs x keys at most"),
    MSG_FIELD(struct chart, by, MSG_ENUM, 0, .names = orders,
              .doc = "whether parts are of steps (default) or of the client's times, in ms"),
    MSG_FIELD(struct chart, start, MSG_INT64, 0,
              .doc = "the first step (by time: time); by default that of all lines, by time "
                     "each line's own"),
    MSG_FIELD(struct chart, end, MSG_INT64, 0,
              .doc = "the last step (by time: time); by default that of all lines, by time "
                     "each line's own"),
    MSG_FIELD(struct chart, buckets, MSG_INT32, 0,
              .doc = "parts of the range, 1,000 by default and 20,000 at most"),
};
static const msg_type chart_msg = MSG_TYPE(struct chart, chart_fields);

// ---- the question ---------------------------------------------------------------------------

static bool read_runs(call *k, const struct chart *q, series_charts_query *out, err *e) {
    id *runs = ARENA_ARRAY(k->c.a, id, q->runs.n);
    for (size_t i = 0; i < q->runs.n; i++) {
        if (!native_run_id(*MSG_AT(str, q->runs, i), &runs[i], e)) return false;
    }
    out->runs = runs;
    out->n_runs = q->runs.n;
    out->keys = q->keys.p;
    out->n_keys = q->keys.n;
    if (out->n_runs * out->n_keys > PAIRS_MAX) {
        return err_set(e, ERR_TOO_LARGE, "%zu runs x %zu keys are too many lines: %d at most",
                       out->n_runs, out->n_keys, PAIRS_MAX);
    }
    return run_all_there(&k->c, runs, out->n_runs, e);
}

// What the range is where it was not asked for: all that these series have, by time of each.
static bool default_range(call *k, series_charts_query *out, bool *any, err *e) {
    *any = true;
    if (out->by == SERIES_BY_STEP) {
        return series_extent(&k->c, out->runs, out->n_runs, out->keys, out->n_keys, &out->start,
                             &out->end, any, e);
    }
    out->own_start = out->own_end = true;
    out->start = INT64_MIN;
    out->end = INT64_MAX;
    return true;
}

// *any is false when nothing can lie in the range.
static bool read_range(call *k, const struct chart *q, series_charts_query *out, bool *any,
                       err *e) {
    bool start = msg_has(&chart_msg, q, "start"), end = msg_has(&chart_msg, q, "end");
    *any = true;
    if ((!start || !end) && !default_range(k, out, any, e)) return false;
    if (start) {
        out->start = q->start;
        out->own_start = false;
    }
    if (end) {
        out->end = q->end;
        out->own_end = false;
    }
    *any = *any && out->start <= out->end;
    return true;
}

static bool read_question(call *k, const struct chart *q, series_charts_query *out, bool *any,
                          err *e) {
    int64_t n = msg_has(&chart_msg, q, "buckets") ? q->buckets : PARTS;
    if (n < 1 || n > PARTS_MAX)
        return err_set(e, ERR_INVALID, "'buckets' is 1 to %d", PARTS_MAX);
    out->buckets = (size_t)n;
    out->by = (series_order)q->by;
    return read_runs(k, q, out, e) && read_range(k, q, out, any, e);
}

// ---- JSON -----------------------------------------------------------------------------------

#define I64_COLUMN(name, member)                                                               \
    json_m_array(w, name);                                                                     \
    for (size_t i = 0; i < l->n; i++)                                                          \
        json_i64(w, (int64_t)l->buckets[i].member);                                            \
    json_array_end(w)
#define F64_COLUMN(name, member)                                                               \
    json_m_array(w, name);                                                                     \
    for (size_t i = 0; i < l->n; i++)                                                          \
        json_f64(w, l->buckets[i].member);                                                     \
    json_array_end(w)

static bool json_line(void *arg, const series_line *l) {
    call *k = arg;
    json_writer *w = k->w;
    json_object(w);
    native_m_id(w, "run", l->run);
    json_m_string(w, "key", l->key);
    I64_COLUMN("first_step", first.step);
    I64_COLUMN("last_step", last.step);
    I64_COLUMN("first_time_ms", first.time_ms);
    I64_COLUMN("last_time_ms", last.time_ms);
    F64_COLUMN("first", first.value);
    F64_COLUMN("last", last.value);
    F64_COLUMN("min", min);
    F64_COLUMN("max", max);
    I64_COLUMN("n", n);
    I64_COLUMN("nan", nan);
    json_object_end(w);
    return !http_gone(k->r);
}

static bool as_json(call *k, const series_charts_query *q, bool any, err *e) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_i64(w, "start", q->start);
    json_m_i64(w, "end", q->end);
    json_m_i64(w, "buckets", (int64_t)q->buckets);
    json_m_array(w, "items");
    if (any && !series_charts(&k->c, q, json_line, k, e)) return false;
    json_array_end(w);
    json_object_end(w);
    return true;
}

// ---- bytes ----------------------------------------------------------------------------------

static bool bytes_line(void *arg, const series_line *l) {
    call *k = arg;
    chart_line(k->w->out, l);
    http_json_flush(k->r);
    return !http_gone(k->r);
}

static bool as_bytes(call *k, const series_charts_query *q, bool any, err *e) {
    k->w = http_json(k->r, 200, CHART_TYPE);
    chart_begin(k->w->out, q->start, q->end, (uint32_t)q->buckets);
    if (any && !series_charts(&k->c, q, bytes_line, k, e)) return false;
    chart_end(k->w->out);
    return true;
}

static bool chart(call *k, void *msg, err *e) {
    series_charts_query q = {0};
    bool any;
    const char *type = native_accept(k->r, "application/json " CHART_TYPE, e);
    if (!type || !read_question(k, msg, &q, &any, e)) return false;
    return str_is(STR(CHART_TYPE), type) ? as_bytes(k, &q, any, e) : as_json(k, &q, any, e);
}
const rpc native_chart = {.msg = &chart_msg,
                          .fn = chart,
                          .reply = &chart_shape,
                          .gives = "application/json " CHART_TYPE};
