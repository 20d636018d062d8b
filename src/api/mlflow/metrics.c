// SPDX-License-Identifier: Apache-2.0
// metrics: the history of a metric: page by page, over many runs, and sampled for charts. Any
// thread.
#include "api/mlflow/mlflow_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HISTORY_PAGE     25000
#define RUNS_PER_REQUEST 100
#define SAMPLES_PER_RUN  2500

// A page token is the last point of the page before, as three groups of 16 hex digits: time,
// step, value's order.
#define TOKEN_DIGITS 48

static str token_of(arena *a, const series_value *v) {
    return arena_printf(a, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, (uint64_t)v->time_ms,
                        (uint64_t)v->step, (uint64_t)num_order(v->value));
}

static bool token_parse(str token, series_value *v, err *e) {
    uint64_t part[3] = {0};
    bool ok = token.n == TOKEN_DIGITS;
    for (size_t i = 0; ok && i < TOKEN_DIGITS; i++) {
        char c = token.p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        ok = digit >= 0;
        part[i / 16] = part[i / 16] << 4 | (uint64_t)(digit & 15);
    }
    if (!ok)
        return mlflow_invalid(
            e, "Invalid page token: use the next_page_token of the page before.");
    *v = (series_value){.time_ms = (int64_t)part[0],
                        .step = (int64_t)part[1],
                        .value = num_unorder((int64_t)part[2])};
    return true;
}

// ---- one metric of one run ------------------------------------------------------------------

struct history {
    uint64_t has;
    str run_id, metric_key, page_token;
    int64_t max_results;
};
static const msg_field history_fields[] = {
    MSG_FIELD(struct history, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct history, metric_key, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct history, page_token, MSG_STRING, 0),
    MSG_FIELD(struct history, max_results, MSG_INT32, 0),
};
static const msg_type history_msg = MSG_TYPE(struct history, history_fields);

static bool history(call *k, void *msg, err *e) {
    struct history *q = msg;
    series_value after, *points;
    size_t n, max = q->max_results > 0 && q->max_results < HISTORY_PAGE ? (size_t)q->max_results
                                                                        : HISTORY_PAGE;
    id run_id;
    if (msg_has(&history_msg, q, "max_results") && q->max_results < 1) {
        return mlflow_invalid(e,
                              "Invalid value %lld for parameter 'max_results' supplied. It "
                              "must be a positive integer.",
                              (long long)q->max_results);
    }
    if (q->page_token.n && !token_parse(q->page_token, &after, e)) return false;
    if (!mlflow_run_id(q->run_id, &run_id, e) || !run_all_there(&k->c, &run_id, 1, e) ||
        !series_history(&k->c, run_id, q->metric_key, SERIES_BY_TIME,
                        q->page_token.n ? &after : NULL, max + 1, &points, &n, e)) {
        return false;
    }
    bool more = n > max;
    if (more) n = max;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (n) {
        json_m_array(w, "metrics");
        for (size_t i = 0; i < n; i++)
            mlflow_metric(w, q->metric_key, &points[i]);
        json_array_end(w);
    }
    if (more) json_m_string(w, "next_page_token", token_of(k->c.a, &points[n - 1]));
    json_object_end(w);
    return true;
}
const rpc mlflow_metrics_history = {.msg = &history_msg, .fn = history};

// ---- many runs ------------------------------------------------------------------------------

static void metric_of_run(json_writer *w, str key, const series_value *v, const char *run_id) {
    json_object(w);
    json_m_string(w, "key", key);
    json_m_f64(w, "value", v->value);
    json_m_i64(w, "timestamp", v->time_ms);
    json_m_i64(w, "step", v->step);
    json_m_string(w, "run_id", str_of(run_id));
    json_object_end(w);
}

// Those that can be one: the bulk history passes over runs that are not there.
static size_t parse_run_ids(arena *a, msg_list texts, id **out) {
    size_t n = 0;
    *out = ARENA_ARRAY(a, id, texts.n);
    for (size_t i = 0; i < texts.n; i++) {
        if (id_parse(*MSG_AT(str, texts, i), &(*out)[n])) n++;
    }
    return n;
}

struct bulk {
    uint64_t has;
    msg_list run_id;
    str metric_key;
    int64_t max_results;
};
static const msg_field bulk_fields[] = {
    MSG_FIELD(struct bulk, run_id, MSG_STRINGS, 0),
    MSG_FIELD(struct bulk, metric_key, MSG_STRING, 0),
    MSG_FIELD(struct bulk, max_results, MSG_INT32, 0),
};
static const msg_type bulk_msg = MSG_TYPE(struct bulk, bulk_fields);

static int compare_ids(const void *a, const void *b) {
    return id_cmp(*(const id *)a, *(const id *)b);
}

static bool check_bulk(const struct bulk *q, err *e) {
    if (!q->run_id.n)
        return mlflow_invalid(e,
                              "GetMetricHistoryBulk request must specify at least one run_id.");
    if (q->run_id.n > RUNS_PER_REQUEST) {
        return mlflow_invalid(
            e,
            "GetMetricHistoryBulk request cannot specify more than %d run_ids. Received %zu"
            " run_ids.",
            RUNS_PER_REQUEST, q->run_id.n);
    }
    if (q->max_results < 0) return mlflow_invalid(e, "max_results must not be negative.");
    return q->metric_key.p ||
           mlflow_invalid(e, "GetMetricHistoryBulk request must specify a metric_key.");
}

// One limit over all runs, in the order of their ids, as the reference has it.
static bool bulk(call *k, void *msg, err *e) {
    struct bulk *q = msg;
    bool limited = msg_has(&bulk_msg, q, "max_results") && q->max_results < HISTORY_PAGE;
    size_t left = limited ? (size_t)q->max_results : HISTORY_PAGE;
    id *runs;
    if (!check_bulk(q, e)) return false;
    size_t n_runs = parse_run_ids(k->c.a, q->run_id, &runs);
    qsort(runs, n_runs, sizeof *runs, compare_ids);
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "metrics");
    for (size_t i = 0; i < n_runs && left; i++) {
        series_value *points;
        size_t n;
        char hex[ID_HEX];
        if (i && id_cmp(runs[i], runs[i - 1]) == 0) continue;
        id_hex(runs[i], hex);
        if (!series_history(&k->c, runs[i], q->metric_key, SERIES_BY_TIME, NULL, left, &points,
                            &n, e))
            return false;
        for (size_t j = 0; j < n; j++)
            metric_of_run(w, q->metric_key, &points[j], hex);
        left -= n;
    }
    json_array_end(w);
    json_object_end(w);
    return true;
}
const rpc mlflow_metrics_bulk = {.msg = &bulk_msg, .fn = bulk};

struct interval {
    uint64_t has;
    msg_list run_ids;
    str metric_key;
    int64_t start_step, end_step, max_results;
};
static const msg_field interval_fields[] = {
    MSG_FIELD(struct interval, run_ids, MSG_STRINGS, MSG_REQUIRED),
    MSG_FIELD(struct interval, metric_key, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct interval, start_step, MSG_INT64, 0),
    MSG_FIELD(struct interval, end_step, MSG_INT64, 0),
    MSG_FIELD(struct interval, max_results, MSG_INT32, 0),
};
static const msg_type interval_msg = MSG_TYPE(struct interval, interval_fields);

// Checks what is there and fills in what is not: the whole of a series.
static bool interval_range(struct interval *q, err *e) {
    bool has_start = msg_has(&interval_msg, q, "start_step"),
         has_end = msg_has(&interval_msg, q, "end_step");
    if (q->run_ids.n > RUNS_PER_REQUEST) {
        return mlflow_invalid(
            e,
            "GetMetricHistoryBulkInterval request must specify at most %d run_ids. Received %zu"
            " run_ids. See the API docs for more information about request parameters.",
            RUNS_PER_REQUEST, q->run_ids.n);
    }
    if (!msg_has(&interval_msg, q, "max_results")) q->max_results = SAMPLES_PER_RUN;
    if (q->max_results < 1 || q->max_results > SAMPLES_PER_RUN) {
        return mlflow_invalid(e,
                              "max_results must be between 1 and %d. See the API docs for more "
                              "information about request parameters.",
                              SAMPLES_PER_RUN);
    }
    if (has_start != has_end) {
        return mlflow_invalid(
            e, "If either start step or end step are specified, both must be specified.");
    }
    if (!has_start) {
        q->start_step = INT64_MIN;
        q->end_step = INT64_MAX;
    }
    if (q->start_step > q->end_step) {
        return mlflow_invalid(e,
                              "end_step must be greater than start_step. Found start_step=%lld "
                              "and end_step=%lld.",
                              (long long)q->start_step, (long long)q->end_step);
    }
    return true;
}

// A chart of a run that is not there is an error, not an empty chart.
static bool require_runs(call *k, msg_list texts, id *out, err *e) {
    for (size_t i = 0; i < texts.n; i++) {
        if (!mlflow_run_id(*MSG_AT(str, texts, i), &out[i], e)) return false;
    }
    return run_all_there(&k->c, out, texts.n, e);
}

static bool interval(call *k, void *msg, err *e) {
    struct interval *q = msg;
    size_t n_runs = q->run_ids.n;
    bool any = false;
    if (!interval_range(q, e)) return false;
    id *runs = ARENA_ARRAY(k->c.a, id, n_runs);
    series_interval *parts = ARENA_ARRAY(k->c.a, series_interval, n_runs);
    if (!require_runs(k, q->run_ids, runs, e) ||
        !series_sample(&k->c, runs, n_runs, q->metric_key, q->start_step, q->end_step,
                       (size_t)q->max_results, parts, e)) {
        return false;
    }
    json_writer *w = rpc_reply(k);
    json_object(w);
    for (size_t i = 0; i < n_runs; i++) {
        char hex[ID_HEX];
        if (parts[i].n && !any) json_m_array(w, "metrics");
        any |= parts[i].n > 0;
        id_hex(parts[i].run, hex);
        for (size_t j = 0; j < parts[i].n; j++)
            metric_of_run(w, q->metric_key, &parts[i].points[j], hex);
    }
    if (any) json_array_end(w);
    json_object_end(w);
    return true;
}
const rpc mlflow_metrics_interval = {.msg = &interval_msg, .fn = interval};
