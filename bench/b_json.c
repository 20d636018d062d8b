// SPDX-License-Identifier: Apache-2.0
// How fast base reads and writes JSON, in MB/s of text (best of several rounds): the body of an
// MLflow log-batch with 1,000 metrics in four spellings, and a page of a run search. Needs
// nothing but base: b_json [name-prefix].
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/msg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct metric {
    uint64_t has;
    str key;
    double value;
    int64_t timestamp, step;
    str model_id, dataset_name, dataset_digest;
};
static const msg_field metric_fields[] = {
    MSG_FIELD(struct metric, key, MSG_STRING, MSG_REQUIRED, .max = 250),
    MSG_FIELD(struct metric, value, MSG_DOUBLE, MSG_REQUIRED),
    MSG_FIELD(struct metric, timestamp, MSG_INT64, MSG_REQUIRED),
    MSG_FIELD(struct metric, step, MSG_INT64, 0),
    MSG_FIELD(struct metric, model_id, MSG_STRING, 0),
    MSG_FIELD(struct metric, dataset_name, MSG_STRING, 0),
    MSG_FIELD(struct metric, dataset_digest, MSG_STRING, 0),
};
static const msg_type metric_msg = MSG_TYPE(struct metric, metric_fields);

struct batch {
    uint64_t has;
    str run_id;
    msg_list metrics;
};
static const msg_field batch_fields[] = {
    MSG_FIELD(struct batch, run_id, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct batch, metrics, MSG_LIST, 0, .max = 1000, .sub = &metric_msg),
};
static const msg_type batch_msg = MSG_TYPE(struct batch, batch_fields);

// A body as a client spells it: `gap` is what stands behind commas and colons.
static void make_batch(buf *b, const char *gap, bool full_doubles) {
    buf_printf(b, "{\"run_id\":%s\"0123456789abcdef0123456789abcdef\",%s\"metrics\":%s[", gap,
               gap, gap);
    for (int i = 0; i < 1000; i++) {
        double value = full_doubles ? 1.0 / (i + 3) : (i % 1000) / 1000.0 + 0.001;
        char text[NUM_MAX];
        size_t n = num_f64(text, value);
        buf_printf(b,
                   "%s{\"key\":%s\"loss\",%s\"value\":%s%.*s,%s\"timestamp\":%s%" PRId64
                   ",%s\"step\":%s%d}",
                   i ? "," : "", gap, gap, gap, (int)n, text, gap, gap,
                   (int64_t)1700000000000 + i, gap, gap, i);
    }
    buf_str(b, STR("]}"));
}

enum { RUNS = 100, MEMBERS = 200 };

// 100 runs with 100 metrics and 100 parameters each, as a search answers.
static void write_search(json_writer *w) {
    json_object(w);
    json_m_array(w, "runs");
    for (int i = 0; i < RUNS; i++) {
        json_object(w);
        json_m_string(w, "run_id", STR("0123456789abcdef0123456789abcdef"));
        json_m_array(w, "metrics");
        for (int k = 0; k < MEMBERS / 2; k++) {
            json_object(w);
            json_m_string(w, "key", STR("train/epoch_loss"));
            json_m_f64(w, "value", 1.0 / (k + 3));
            json_m_i64(w, "timestamp", 1700000000000 + k);
            json_m_i64(w, "step", k);
            json_object_end(w);
        }
        json_array_end(w);
        json_m_array(w, "params");
        for (int k = 0; k < MEMBERS / 2; k++) {
            json_object(w);
            json_m_string(w, "key", STR("optimizer.weight_decay"));
            json_m_string(w, "value", STR("a value with caf\xc3\xa9 and a \"quote\""));
            json_object_end(w);
        }
        json_array_end(w);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

static uint64_t seen; // keeps the work from being removed

static void run_read(arena *a, str text) {
    json_reader r;
    json_reader_init(&r, a, text, 0);
    unsigned depth = 0;
    for (;;) {
        json_type t = json_next(&r);
        if (t == JSON_ERROR) abort();
        if (t == JSON_END && !depth--) return;
        depth += t == JSON_ARRAY || t == JSON_OBJECT;
        seen += r.key.n + (uint64_t)r.i;
    }
}

static void run_skip(arena *a, str text) {
    json_reader r;
    json_reader_init(&r, a, text, 0);
    if (!json_skip(&r, json_next(&r))) abort();
    seen += r.depth;
}

static void run_tree(arena *a, str text) {
    json_value *v = json_parse(a, text, 0, NULL);
    if (!v) abort();
    seen += v->n;
}

static void run_decode(arena *a, str text) {
    struct batch m;
    msg_problem p;
    if (!msg_decode_json(&batch_msg, a, text, &m, &p) || m.metrics.n != 1000) abort();
    seen += (uint64_t)MSG_AT(struct metric, m.metrics, 999)->timestamp;
}

static void run_write(arena *a, str text) {
    static buf out = BUF_MAX(64 << 20);
    (void)a;
    buf_clear(&out);
    json_writer w = json_writer_new(&out);
    write_search(&w);
    if (out.n != text.n) abort();
    seen += out.n;
}

static void run_crc(arena *a, str text) {
    (void)a;
    seen += crc32c(0, text.p, text.n);
}

static void run_sha(arena *a, str text) {
    (void)a;
    seen += sha256_of(text.p, text.n).b[0];
}

static void measure(const char *filter, const char *name, void (*fn)(arena *, str), str text) {
    if (filter && strncmp(name, filter, strlen(filter))) return;
    arena *a = arena_new();
    double best = 0;
    for (int round = 0; round < 15; round++) {
        int64_t start = clock_mono_us();
        size_t bytes = 0;
        do {
            arena_reset(a);
            fn(a, text);
            bytes += text.n;
        } while (clock_mono_us() - start < 20000);
        double rate = (double)bytes / (double)(clock_mono_us() - start);
        if (rate > best) best = rate;
    }
    printf("%-28s %8zu bytes  %8.0f MB/s\n", name, text.n, best);
    arena_free(a);
}

int main(int argc, char **argv) {
    const char *only = argc > 1 ? argv[1] : NULL;
    buf small = BUF_MAX(1 << 20), full = BUF_MAX(1 << 20), python = BUF_MAX(1 << 20),
        page = BUF_MAX(8 << 20);
    make_batch(&small, "", false);
    make_batch(&full, "", true);
    make_batch(&python, " ", true);
    json_writer w = json_writer_new(&page);
    write_search(&w);
    measure(only, "read batch short", run_read, buf_view(&small));
    measure(only, "read batch full", run_read, buf_view(&full));
    measure(only, "read batch python", run_read, buf_view(&python));
    measure(only, "read search", run_read, buf_view(&page));
    measure(only, "skip search", run_skip, buf_view(&page));
    measure(only, "tree search", run_tree, buf_view(&page));
    measure(only, "decode batch short", run_decode, buf_view(&small));
    measure(only, "decode batch full", run_decode, buf_view(&full));
    measure(only, "decode batch python", run_decode, buf_view(&python));
    measure(only, "write search", run_write, buf_view(&page));
    measure(only, "crc32c", run_crc, buf_view(&page));
    measure(only, "crc32c of 4 kB", run_crc, str_upto(buf_view(&page), 4096));
    measure(only, "sha256", run_sha, buf_view(&page));
    buf_free(&small);
    buf_free(&full);
    buf_free(&python);
    buf_free(&page);
    return seen == 1;
}
