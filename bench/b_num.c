// SPDX-License-Identifier: Apache-2.0
// Numbers as text: ns a conversion, ours beside the C library's strtod and snprintf("%.17g"),
// over the kinds of values that trackers see. One thread; the median of several rounds over the
// same values.
#include "base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { COUNT = 100000, ROUNDS = 9, WIDTH = 40 };

static double values[COUNT];
static char texts[COUNT][WIDTH]; // NUL-terminated
static unsigned char lengths[COUNT];
static volatile double sink_f64;
static volatile size_t sink_n;

static uint64_t next_random(void) {
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static double uniform(void) {
    return (double)(next_random() >> 11) * 0x1p-53;
}

static double kind_uniform(void) {
    return uniform();
}
static double kind_float(void) {
    return (double)(float)(2.5 * uniform());
}
static double kind_short(void) {
    return (double)(next_random() % 1000000) / 10000;
}
static double kind_whole(void) {
    return (double)(1700000000000 + next_random() % 100000000000);
}
static double kind_bits(void) {
    for (;;) {
        uint64_t bits = next_random();
        double v;
        memcpy(&v, &bits, sizeof v);
        if (isfinite(v)) return v;
    }
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void print_ours(void) {
    char out[NUM_MAX];
    size_t n = 0;
    for (int i = 0; i < COUNT; i++) {
        n += num_f64(out, values[i]);
    }
    sink_n = n;
}

static void print_library(void) {
    char out[64];
    size_t n = 0;
    for (int i = 0; i < COUNT; i++) {
        n += (size_t)snprintf(out, sizeof out, "%.17g", values[i]);
    }
    sink_n = n;
}

static void read_ours(void) {
    double sum = 0, f;
    int64_t v;
    bool is_int;
    for (int i = 0; i < COUNT; i++) {
        num_read(texts[i], texts[i] + WIDTH, &f, &v,
                 &is_int); // the NUL ends it, as a comma would
        sum += f;
    }
    sink_f64 = sum;
}

static void parse_ours(void) {
    double sum = 0, f = 0;
    for (int i = 0; i < COUNT; i++) {
        num_parse_f64(str_n(texts[i], lengths[i]), &f);
        sum += f;
    }
    sink_f64 = sum;
}

static void read_library(void) {
    double sum = 0;
    for (int i = 0; i < COUNT; i++) {
        sum += strtod(texts[i], NULL);
    }
    sink_f64 = sum;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_ns(void (*work)(void)) {
    double ns[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_ns();
        work();
        ns[i] = (now_ns() - start) / COUNT;
    }
    qsort(ns, ROUNDS, sizeof *ns, by_value);
    return ns[ROUNDS / 2];
}

static void bench(const char *name, double (*make)(void)) {
    for (int i = 0; i < COUNT; i++) {
        values[i] = make();
        lengths[i] = (unsigned char)num_f64(texts[i], values[i]);
        texts[i][lengths[i]] = 0;
    }
    double print = median_ns(print_ours), library = median_ns(print_library);
    printf("%-26s print %6.1f ns, %%.17g  %6.1f ns, %5.1f x\n", name, print, library,
           library / print);
    double read = median_ns(read_ours), parse = median_ns(parse_ours);
    library = median_ns(read_library);
    printf("%-26s read  %6.1f ns, strtod %6.1f ns, %5.1f x (parse %.1f ns)\n", name, read,
           library, library / read, parse);
}

int main(void) {
    bench("random in [0, 1)", kind_uniform);
    bench("born as float", kind_float);
    bench("up to 4 decimals", kind_short);
    bench("whole (milliseconds)", kind_whole);
    bench("random bits", kind_bits);
    return 0;
}
