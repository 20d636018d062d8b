// SPDX-License-Identifier: Apache-2.0
// metrics: the counters themselves and how they are shown. Any thread.
#include "base/metrics.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

metrics metrics_all;

static const int64_t bounds[METRICS_BUCKETS - 1] = {METRICS_BOUNDS};

void metrics_observe(metrics_histogram *h, int64_t us) {
    size_t i = 0;
    while (i < METRICS_BUCKETS - 1 && us > bounds[i])
        i++;
    atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

// ---- counters, gauges, ages -----------------------------------------------------------------

#define METRICS_ROW(member, kind, text) {#member, #kind, text, offsetof(metrics, member)},
#define METRICS_AGE_ROW(member, text)                                                          \
    {#member "_age_seconds", "gauge", text, offsetof(metrics, member)},
static const struct row {
    const char *name, *type, *help;
    size_t offset;
} rows[] = {METRICS_TABLE(METRICS_ROW)}, ages[] = {METRICS_AGES(METRICS_AGE_ROW)};

static int64_t value_of(const struct row *r) {
    _Atomic int64_t *at = (_Atomic int64_t *)((char *)&metrics_all + r->offset);
    return atomic_load_explicit(at, memory_order_relaxed);
}

static void put_head(buf *out, const char *prefix, const char *name, const char *type,
                     const char *help) {
    buf_printf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help, prefix, name, type);
}

static void put_row(buf *out, const struct row *r, int64_t value) {
    put_head(out, "stemma_", r->name, r->type, r->help);
    buf_printf(out, "stemma_%s %" PRId64 "\n", r->name, value);
}

static int64_t age_of(const struct row *r, int64_t now_us) {
    int64_t since = value_of(r);
    return since && since < now_us ? (now_us - since) / 1000000 : 0;
}

// ---- histograms -----------------------------------------------------------------------------

#define METRICS_HISTOGRAM_ROW(member, name, labels, help)                                      \
    {#name, labels, help, &metrics_all.member},
static const struct histogram_row {
    const char *name, *labels, *help;
    const metrics_histogram *h;
} histograms[] = {METRICS_HISTOGRAMS(METRICS_HISTOGRAM_ROW)};
#define N_HISTOGRAMS (sizeof histograms / sizeof *histograms)

static bool begins_name(size_t i) {
    return !i || strcmp(histograms[i].name, histograms[i - 1].name);
}

// The count is the sum of the buckets that were read, so that the page agrees with itself.
static void put_histogram(buf *out, const struct histogram_row *r) {
    const char *comma = *r->labels ? "," : "", *open = *r->labels ? "{" : "",
               *close = *r->labels ? "}" : "";
    int64_t count = 0;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        count += atomic_load_explicit(&r->h->counts[i], memory_order_relaxed);
        buf_printf(out, "stemma_%s_bucket{%s%sle=\"", r->name, r->labels, comma);
        if (i < METRICS_BUCKETS - 1)
            buf_printf(out, "%g", (double)bounds[i] / 1e6);
        else
            buf_str(out, STR("+Inf"));
        buf_printf(out, "\"} %" PRId64 "\n", count);
    }
    int64_t sum = atomic_load_explicit(&r->h->sum_us, memory_order_relaxed);
    buf_printf(out, "stemma_%s_sum%s%s%s %" PRId64 ".%06" PRId64 "\n", r->name, open, r->labels,
               close, sum / 1000000, sum % 1000000);
    buf_printf(out, "stemma_%s_count%s%s%s %" PRId64 "\n", r->name, open, r->labels, close,
               count);
}

// ---- the process ----------------------------------------------------------------------------

static const struct {
    const char *name, *type, *help;
} process_rows[] = {
    {"process_start_time_seconds", "gauge", "when the process started, since 1970"},
    {"process_cpu_seconds_total", "counter", "processor time that it used"},
    {"process_resident_memory_bytes", "gauge", "memory that it has"},
};

static int64_t started_us;

__attribute__((constructor)) static void note_start(void) {
    started_us = clock_now_us();
}

static int64_t resident_bytes(void) {
    long long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) return 0;
    if (fscanf(f, "%lld %lld", &size, &resident) != 2) resident = 0;
    fclose(f);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void put_process(buf *out) {
    struct timespec cpu = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    double values[] = {(double)started_us / 1e6, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9,
                       (double)resident_bytes()};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        put_head(out, "", process_rows[i].name, process_rows[i].type, process_rows[i].help);
        buf_printf(out, "%s %.6f\n", process_rows[i].name, values[i]);
    }
}

#define BUILD_HELP "1; the label tells the version"

// ---- all of it ------------------------------------------------------------------------------

void metrics_render(buf *out) {
    int64_t now = clock_now_us();
    put_head(out, "stemma_", "build_info", "gauge", BUILD_HELP);
    buf_str(out, STR("stemma_build_info{version=\"" STEMMA_VERSION "\"} 1\n"));
    put_process(out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_row(out, &rows[i], value_of(&rows[i]));
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
        put_row(out, &ages[i], age_of(&ages[i], now));
    for (size_t i = 0; i < N_HISTOGRAMS; i++) {
        const struct histogram_row *r = &histograms[i];
        if (begins_name(i)) put_head(out, "stemma_", r->name, "histogram", r->help);
        put_histogram(out, r);
    }
}

void metrics_each(void (*fn)(void *arg, const char *name, const char *type, const char *help),
                  void *arg) {
    char name[80];
    fn(arg, "stemma_build_info", "gauge", BUILD_HELP);
    for (size_t i = 0; i < sizeof process_rows / sizeof *process_rows; i++)
        fn(arg, process_rows[i].name, process_rows[i].type, process_rows[i].help);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(name, sizeof name, "stemma_%s", rows[i].name);
        fn(arg, name, rows[i].type, rows[i].help);
    }
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        snprintf(name, sizeof name, "stemma_%s", ages[i].name);
        fn(arg, name, ages[i].type, ages[i].help);
    }
    for (size_t i = 0; i < N_HISTOGRAMS; i++) {
        snprintf(name, sizeof name, "stemma_%s", histograms[i].name);
        if (begins_name(i)) fn(arg, name, "histogram", histograms[i].help);
    }
}
