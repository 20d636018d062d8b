// SPDX-License-Identifier: Apache-2.0
// The input as text against strtod, and its first eight bytes as a double, there and back. The
// C library never sees what num refuses (it takes more: hexadecimal, "nan(1)", white space).
#include "base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
    if (!ok) abort();
}

static bool same(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static double library(const char *p, size_t n) {
    char *copy = malloc(n + 1), *end;
    check(copy != NULL);
    memcpy(copy, p, n);
    copy[n] = 0;
    double v = strtod(copy, &end);
    check(end == copy + n);
    free(copy);
    return v;
}

static void read_text(const char *p, size_t size) {
    double f = 0, g = 0;
    int64_t i = 0;
    bool is_int = false;
    size_t n = num_read(p, p + size, &f, &i, &is_int);
    check(n <= size);
    if (n) {
        check(same(f, library(p, n)));
        check(num_parse_f64(str_n(p, n), &g) && same(f, g));
        check(!is_int || (double)i == f);
    }
    if (num_parse_f64(str_n(p, size), &g)) check(same(g, library(p, size)));
}

static void print_double(double v) {
    char *out = malloc(NUM_MAX), longest[64]; // on the heap: its end is watched
    check(out != NULL);
    size_t n = num_f64(out, v);
    double f = 0;
    int64_t i;
    bool is_int;
    check(n <= NUM_MAX && num_parse_f64(str_n(out, n), &f) && same(f, v));
    check(same(num_unorder(num_order(v)), v));
    if (isfinite(v)) {
        check(num_read(out, out + n, &f, &i, &is_int) == n && !is_int && same(f, v));
        check(same(library(out, n), v));
        int m = snprintf(longest, sizeof longest, "%.17g", v);
        check(num_parse_f64(str_n(longest, (size_t)m), &f) && same(f, v));
    }
    free(out);
}

static void print_int(int64_t v) {
    char *out = malloc(NUM_MAX), want[NUM_MAX];
    check(out != NULL);
    size_t n = num_i64(out, v);
    check(n == (size_t)snprintf(want, sizeof want, "%lld", (long long)v) &&
          !memcmp(out, want, n));
    n = num_u64(out, (uint64_t)v);
    check(n == (size_t)snprintf(want, sizeof want, "%llu", (unsigned long long)v));
    check(!memcmp(out, want, n));
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_text((const char *)data, size);
    if (size >= sizeof(double)) {
        double v;
        int64_t i;
        memcpy(&v, data, sizeof v);
        memcpy(&i, data, sizeof i);
        print_double(v);
        print_int(i);
    }
    return 0;
}
