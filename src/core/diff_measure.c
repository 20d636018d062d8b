// SPDX-License-Identifier: Apache-2.0
// diff_measure: see diff_measure.h. Elements are taken in runs of RUN: made into doubles by a
// loop per type that compilers vectorise, then summed four at a time in two sets of sums. A run
// whose sum of x - x is not zero holds something that is not finite and is done again one by
// one. Runs whose bytes are the same, of one type, need only the first half of that. Sums of
// runs are added to those so far, so that each addition is of few terms.
#include "core/diff_measure.h"

#include <math.h>
#include <pthread.h>

enum { RUN = 512, LANES = 4 };

typedef double v4 __attribute__((vector_size(32)));
typedef int64_t m4 __attribute__((vector_size(32)));

// ---- floats of eight bits -------------------------------------------------------------------

static double eights[4][256];
static pthread_once_t eights_once = PTHREAD_ONCE_INIT;

// Of `exponent` and `mantissa` bits, with a bias. `fnuz`: no infinities, one NaN at -0; else
// with_inf: the greatest exponent is infinity and NaN, or (E4M3) only all bits are NaN.
static void eights_make(double *t, int exponent, int mantissa, int bias, bool fnuz,
                        bool with_inf) {
    int top = (1 << exponent) - 1;
    for (int i = 0; i < 256; i++) {
        int e = i >> mantissa & top, m = i & ((1 << mantissa) - 1);
        double v = e ? ldexp(1 + m / (double)(1 << mantissa), e - bias)
                     : ldexp(m / (double)(1 << mantissa), 1 - bias);
        if (fnuz && i == 0x80) v = (double)NAN;
        if (!fnuz && with_inf && e == top) v = m ? (double)NAN : (double)INFINITY;
        if (!fnuz && !with_inf && (i & 0x7f) == 0x7f) v = (double)NAN;
        t[i] = i & 0x80 ? -v : v;
    }
}

static void eights_init(void) {
    eights_make(eights[0], 4, 3, 7, false, false);
    eights_make(eights[1], 5, 2, 15, false, true);
    eights_make(eights[2], 4, 3, 8, true, false);
    eights_make(eights[3], 5, 2, 16, true, false);
}

// ---- elements to doubles --------------------------------------------------------------------

static inline float of_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t to_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

// The exponent moves by 112 with the scale, subnormals too; infinity and NaN get theirs back.
static inline float of_half(uint16_t h) {
    uint32_t bits = to_bits(of_bits((uint32_t)(h & 0x7fff) << 13) * 0x1p112f);
    bits |= (h & 0x7c00) == 0x7c00 ? 0x7f800000u : 0;
    return of_bits(bits | (uint32_t)(h & 0x8000) << 16);
}

#define EACH(T, expression)                                                                    \
    for (size_t i = 0; i < RUN; i++) {                                                         \
        T x;                                                                                   \
        memcpy(&x, p + i * sizeof x, sizeof x);                                                \
        out[i] = (double)(expression);                                                         \
    }                                                                                          \
    break

// RUN elements.
static inline __attribute__((always_inline)) void load(weights_type t, const uint8_t *p,
                                                       double *out) {
    switch (t) {
    case WEIGHTS_F64: EACH(double, x);
    case WEIGHTS_F32: EACH(float, x);
    case WEIGHTS_BF16: EACH(uint16_t, of_bits((uint32_t)x << 16));
    case WEIGHTS_F16: EACH(uint16_t, of_half(x));
    case WEIGHTS_F8_E4M3: EACH(uint8_t, eights[0][x]);
    case WEIGHTS_F8_E5M2: EACH(uint8_t, eights[1][x]);
    case WEIGHTS_F8_E4M3FNUZ: EACH(uint8_t, eights[2][x]);
    case WEIGHTS_F8_E5M2FNUZ: EACH(uint8_t, eights[3][x]);
    case WEIGHTS_BOOL: EACH(uint8_t, x != 0);
    case WEIGHTS_U8: EACH(uint8_t, x);
    case WEIGHTS_I8: EACH(int8_t, x);
    case WEIGHTS_U16: EACH(uint16_t, x);
    case WEIGHTS_I16: EACH(int16_t, x);
    case WEIGHTS_U32: EACH(uint32_t, x);
    case WEIGHTS_I32: EACH(int32_t, x);
    case WEIGHTS_U64: EACH(uint64_t, x);
    case WEIGHTS_I64: EACH(int64_t, x);
    default: BUG_ON(t < WEIGHTS_TYPES_N); // none that can be measured
    }
}

bool diff_can_measure(weights_type t) {
    return t <= WEIGHTS_F64 && (t <= WEIGHTS_I64 || t >= WEIGHTS_F8_E4M3) &&
           t != WEIGHTS_F8_E8M0; // a scale, whose zero byte is no zero
}

// ---- sums of a run --------------------------------------------------------------------------

// Vectors are passed by address: how they are returned depends on the instructions allowed.
#define CHOOSE(which, yes, no) ((v4)(((m4)(yes) & (which)) | ((m4)(no) & ~(which))))

static inline __attribute__((always_inline)) double total(const v4 *v) {
    return ((*v)[0] + (*v)[1]) + ((*v)[2] + (*v)[3]);
}

typedef struct run_sums {
    v4 aa, bb, ab, dd, largest, odd;
    m4 equal;
} run_sums;

static inline __attribute__((always_inline)) void add_four(run_sums *s, const double *pa,
                                                           const double *pb) {
    const m4 sign = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    v4 a, b;
    memcpy(&a, pa, sizeof a);
    memcpy(&b, pb, sizeof b);
    v4 d = b - a;
    v4 size = (v4)((m4)d & ~sign);
    s->aa += a * a;
    s->bb += b * b;
    s->ab += a * b;
    s->dd += d * d;
    s->largest = CHOOSE((m4)(size > s->largest), size, s->largest);
    s->odd += (a - a) + (b - b);
    s->equal -= (m4)(a == b);
}

static inline __attribute__((always_inline)) bool sum_run(diff_sums *to, const double *a,
                                                          const double *b) {
    run_sums s = {0}, t = {0};
    for (size_t i = 0; i < RUN; i += 2 * LANES) {
        add_four(&s, a + i, b + i);
        add_four(&t, a + i + LANES, b + i + LANES);
    }
    s.odd += t.odd;
    if (total(&s.odd) != 0) return false; // NaN too
    s.equal += t.equal;
    s.aa += t.aa;
    s.bb += t.bb;
    s.ab += t.ab;
    s.dd += t.dd;
    s.largest = CHOOSE((m4)(s.largest > t.largest), s.largest, t.largest);
    to->aa += total(&s.aa);
    to->bb += total(&s.bb);
    to->ab += total(&s.ab);
    to->dd += total(&s.dd);
    for (int i = 0; i < LANES; i++) {
        to->equal += (uint64_t)s.equal[i];
        if (s.largest[i] > to->largest) to->largest = s.largest[i];
    }
    return true;
}

// Of a run that is the same in both.
static inline __attribute__((always_inline)) bool sum_same(diff_sums *to, const double *a) {
    v4 s = {0}, t = {0}, odd = {0};
    for (size_t i = 0; i < RUN; i += 2 * LANES) {
        v4 x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, a + i + LANES, sizeof y);
        s += x * x;
        t += y * y;
        odd += (x - x) + (y - y);
    }
    if (total(&odd) != 0) return false;
    s += t;
    double sum = total(&s);
    to->aa += sum;
    to->bb += sum;
    to->ab += sum;
    to->equal += RUN;
    return true;
}

static void sum_slowly(diff_sums *to, const double *a, const double *b) {
    for (size_t i = 0; i < RUN; i++) {
        to->nan_was += isnan(a[i]) != 0;
        to->nan_is += isnan(b[i]) != 0;
        to->inf_was += isinf(a[i]) != 0;
        to->inf_is += isinf(b[i]) != 0;
        to->equal += a[i] == b[i] || (isnan(a[i]) && isnan(b[i]));
        if (!isfinite(a[i]) || !isfinite(b[i])) continue;
        double d = b[i] - a[i];
        to->aa += a[i] * a[i];
        to->bb += b[i] * b[i];
        to->ab += a[i] * b[i];
        to->dd += d * d;
        if (fabs(d) > to->largest) to->largest = fabs(d);
    }
}

static inline __attribute__((always_inline)) void
add_run(diff_sums *s, weights_type ta, const uint8_t *a, weights_type tb, const uint8_t *b) {
    double x[RUN], y[RUN];
    bool same = ta == tb && !memcmp(a, b, RUN * weights_type_about(ta)->bytes);
    load(ta, a, x);
    if (same && sum_same(s, x)) return;
    load(tb, b, y);
    if (!sum_run(s, x, y)) sum_slowly(s, x, y);
}

static inline __attribute__((always_inline)) void add_runs(diff_sums *s, weights_type ta,
                                                           const uint8_t *a, weights_type tb,
                                                           const uint8_t *b, size_t runs) {
    size_t wa = weights_type_about(ta)->bytes * RUN, wb = weights_type_about(tb)->bytes * RUN;
    for (; runs; runs--, a += wa, b += wb)
        add_run(s, ta, a, tb, b);
}

static void add_runs_plain(diff_sums *s, weights_type ta, const uint8_t *a, weights_type tb,
                           const uint8_t *b, size_t runs) {
    add_runs(s, ta, a, tb, b, runs);
}

#if defined(__x86_64__)
// Not with fused multiply-add: the figures are those of any other machine.
__attribute__((target("avx2"))) static void add_runs_wide(diff_sums *s, weights_type ta,
                                                          const uint8_t *a, weights_type tb,
                                                          const uint8_t *b, size_t runs) {
    add_runs(s, ta, a, tb, b, runs);
}

static bool is_wide(void) {
    return __builtin_cpu_supports("avx2");
}
#else
#define add_runs_wide add_runs_plain
static bool is_wide(void) {
    return false;
}
#endif

// What does not fill a run is filled with zeros, which are equal and add nothing else.
void diff_measure_add(diff_sums *s, weights_type ta, const void *a, weights_type tb,
                      const void *b, size_t n) {
    size_t runs = n / RUN, left = n % RUN;
    size_t wa = weights_type_about(ta)->bytes, wb = weights_type_about(tb)->bytes;
    const uint8_t *p = a, *q = b;
    pthread_once(&eights_once, eights_init);
    (is_wide() ? add_runs_wide : add_runs_plain)(s, ta, p, tb, q, runs);
    s->elements += n;
    if (!left) return;
    uint8_t last_a[RUN * 8] = {0}, last_b[RUN * 8] = {0};
    memcpy(last_a, p + runs * RUN * wa, left * wa);
    memcpy(last_b, q + runs * RUN * wb, left * wb);
    add_runs_plain(s, ta, last_a, tb, last_b, 1);
    s->equal -= RUN - left;
}

void diff_measure_join(diff_sums *to, const diff_sums *more) {
    to->aa += more->aa;
    to->bb += more->bb;
    to->ab += more->ab;
    to->dd += more->dd;
    if (more->largest > to->largest) to->largest = more->largest;
    to->elements += more->elements;
    to->equal += more->equal;
}

diff_measure diff_measure_end(const diff_sums *s) {
    double cosine = s->ab / (sqrt(s->aa) * sqrt(s->bb));
    return (diff_measure){.elements = s->elements,
                          .equal = s->equal,
                          .nan_was = s->nan_was,
                          .nan_is = s->nan_is,
                          .inf_was = s->inf_was,
                          .inf_is = s->inf_is,
                          .norm_was = sqrt(s->aa),
                          .norm_is = sqrt(s->bb),
                          .change = s->dd == 0 ? 0 : sqrt(s->dd) / sqrt(s->aa),
                          .cosine = cosine > 1    ? 1
                                    : cosine < -1 ? -1
                                                  : cosine,
                          .largest = s->largest};
}

uint64_t diff_bytes_differ(const void *a, const void *b, size_t n) {
    const uint8_t *p = a, *q = b;
    uint64_t differ = 0;
    for (; n >= RUN; n -= RUN, p += RUN, q += RUN) {
        uint16_t here = 0;
        for (size_t i = 0; i < RUN; i++)
            here = (uint16_t)(here + (p[i] != q[i]));
        differ += here;
    }
    for (size_t i = 0; i < n; i++)
        differ += p[i] != q[i];
    return differ;
}
