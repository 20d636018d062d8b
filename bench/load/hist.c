// SPDX-License-Identifier: Apache-2.0
// hist: latencies in logarithmic buckets, as HdrHistogram lays them out: exact below 128 us,
// then 64 buckets a power of two. One thread a histogram; merged at the end.
#include "load/load.h"

#include <stdio.h>

static size_t bucket_of(uint64_t us) {
    if (us < 2 * HIST_SUB) return (size_t)us;
    unsigned shift = 63u - (unsigned)__builtin_clzll(us) - 6;
    size_t i = (size_t)shift * HIST_SUB + (size_t)(us >> shift);
    return i < HIST_BUCKETS ? i : HIST_BUCKETS - 1;
}

static uint64_t upper_end(size_t i) {
    if (i < 2 * HIST_SUB) return i;
    size_t shift = i / HIST_SUB - 1;
    return ((uint64_t)(i - shift * HIST_SUB + 1) << shift) - 1;
}

void hist_add(hist *h, uint64_t us) {
    h->bucket[bucket_of(us)]++;
    h->n++;
    if (us > h->max) h->max = us;
}

void hist_merge(hist *into, const hist *h) {
    for (size_t i = 0; i < HIST_BUCKETS; i++)
        into->bucket[i] += h->bucket[i];
    into->n += h->n;
    if (h->max > into->max) into->max = h->max;
}

uint64_t hist_quantile(const hist *h, double q) {
    uint64_t rank = (uint64_t)(q * (double)h->n), seen = 0;
    if (rank >= h->n) return h->max;
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen > rank) return upper_end(i) < h->max ? upper_end(i) : h->max;
    }
    return h->max;
}

void hist_report(const hist *h, report *r, const char *prefix) {
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {
        {"p50_ms", 0.5}, {"p95_ms", 0.95}, {"p99_ms", 0.99}, {"p999_ms", 0.999}, {"max_ms", 1}};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", prefix, quantiles[i].name);
        report_f64(r, name, (double)hist_quantile(h, quantiles[i].q) / 1000);
    }
}
