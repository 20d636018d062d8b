// SPDX-License-Identifier: Apache-2.0
// diff_measure: see diff_measure.h. Elements are taken in runs of RUN: made into doubles by a
// loop per type that compilers vectorise, then summed four at a time in two sets of sums. A run
// whose sum of x - x is not zero holds something that is not finite and is done again one by
// one; so is one of doubles whose squares may not be doubles, and one of integers of 64 bits.
// Runs whose bytes are the same, of one type, need only the first half of that. Sums of runs
// are added to those so far, so that each addition is of few terms.
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

static bool is_integer(weights_type t) {
    return t <= WEIGHTS_I64;
}

bool diff_can_measure(weights_type t) {
    return t <= WEIGHTS_F64 && (is_integer(t) || t >= WEIGHTS_F8_E4M3) &&
           t != WEIGHTS_F8_E8M0; // a scale, whose zero byte is no zero
}

// ---- sums of a run --------------------------------------------------------------------------

#define LARGE 0x1p400
#define SMALL 0x1p-400
static const double scales[DIFF_SCALES] = {
    [DIFF_SMALL] = 0x1p600, [DIFF_PLAIN] = 1, [DIFF_LARGE] = 0x1p-600};

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
    diff_squares *q = &to->of[DIFF_PLAIN];
    q->aa += total(&s.aa);
    q->bb += total(&s.bb);
    q->ab += total(&s.ab);
    q->dd += total(&s.dd);
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
    to->of[DIFF_PLAIN].aa += sum;
    to->of[DIFF_PLAIN].bb += sum;
    to->of[DIFF_PLAIN].ab += sum;
    to->equal += RUN;
    return true;
}

static int scale_of(double v) {
    double size = fabs(v);
    return size > LARGE ? DIFF_LARGE : size < SMALL ? DIFF_SMALL : DIFF_PLAIN;
}

static double square(double v, int scale) {
    return v * scales[scale] * (v * scales[scale]);
}

// d is b - a. That of two large ones may be no double either.
static void add_scaled(diff_sums *to, double a, double b, double d) {
    int of_a = scale_of(a), of_b = scale_of(b), both = of_a > of_b ? of_a : of_b;
    int of_d = isfinite(d) ? scale_of(d) : both;
    double scaled = isfinite(d) ? d * scales[of_d] : b * scales[of_d] - a * scales[of_d];
    to->of[of_a].aa += square(a, of_a);
    to->of[of_b].bb += square(b, of_b);
    to->of[both].ab += a * scales[both] * (b * scales[both]);
    to->of[of_d].dd += scaled * scaled;
}

static void sum_one(diff_sums *to, double a, double b, double d) {
    to->odd.nan_was += isnan(a) != 0;
    to->odd.nan_is += isnan(b) != 0;
    to->odd.inf_was += isinf(a) != 0;
    to->odd.inf_is += isinf(b) != 0;
    if (!isfinite(a) || !isfinite(b)) {
        to->apart++;
        to->equal += a == b || (isnan(a) && isnan(b));
        return;
    }
    to->equal += d == 0;
    add_scaled(to, a, b, d);
    to->largest = fmax(to->largest, fabs(d));
}

static void sum_slowly(diff_sums *to, const double *a, const double *b) {
    for (size_t i = 0; i < RUN; i++)
        sum_one(to, a[i], b[i], b[i] - a[i]);
}

// Is each zero, or of a size whose square is a double like any other?
static inline __attribute__((always_inline)) bool has_squares(const double *p) {
    const m4 sign = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    m4 odd = {0};
    for (size_t i = 0; i < RUN; i += LANES) {
        v4 x;
        memcpy(&x, p + i, sizeof x);
        x = (v4)((m4)x & ~sign);
        odd |= (m4)(x > LARGE) | ((m4)(x < SMALL) & (m4)(x > 0));
    }
    return !(odd[0] | odd[1] | odd[2] | odd[3]);
}

// ---- integers of 64 bits --------------------------------------------------------------------

static bool is_wide_integer(weights_type t) {
    return t == WEIGHTS_I64 || t == WEIGHTS_U64;
}

// Element i without what stands behind its point; `x` is the same as a double.
static __int128 whole(weights_type t, const uint8_t *p, size_t i, double x) {
    int64_t v;
    if (!is_wide_integer(t)) return (__int128)x;
    memcpy(&v, p + i * sizeof v, sizeof v);
    return t == WEIGHTS_U64 ? (__int128)(uint64_t)v : v;
}

static bool has_whole(double x) {
    return fabs(x) < 0x1p126; // a float may be larger: no integer is near it
}

// One or both are such integers; the other may be a float. 0 only when both are the same.
static void sum_wide(diff_sums *to, weights_type ta, const uint8_t *a, const double *x,
                     weights_type tb, const uint8_t *b, const double *y) {
    for (size_t i = 0; i < RUN; i++) {
        double d = y[i] - x[i];
        if (has_whole(x[i]) && has_whole(y[i]))
            d = (double)(whole(tb, b, i, y[i]) - whole(ta, a, i, x[i])) +
                ((y[i] - trunc(y[i])) - (x[i] - trunc(x[i])));
        sum_one(to, x[i], y[i], d);
    }
}

// ---- runs -----------------------------------------------------------------------------------

static inline __attribute__((always_inline)) void
add_run(diff_sums *s, weights_type ta, const uint8_t *a, weights_type tb, const uint8_t *b) {
    double x[RUN], y[RUN];
    bool same = ta == tb && !memcmp(a, b, RUN * weights_type_about(ta)->bytes);
    load(ta, a, x);
    bool plain = ta != WEIGHTS_F64 || has_squares(x);
    if (same && plain && sum_same(s, x)) return;
    load(tb, b, y);
    if (is_wide_integer(ta) || is_wide_integer(tb))
        sum_wide(s, ta, a, x, tb, b, y);
    else if (!plain || (tb == WEIGHTS_F64 && !has_squares(y)) || !sum_run(s, x, y))
        sum_slowly(s, x, y);
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
    for (int i = 0; i < DIFF_SCALES; i++) {
        to->of[i].aa += more->of[i].aa;
        to->of[i].bb += more->of[i].bb;
        to->of[i].ab += more->of[i].ab;
        to->of[i].dd += more->of[i].dd;
    }
    if (more->largest > to->largest) to->largest = more->largest;
    to->elements += more->elements;
    to->equal += more->equal;
    to->apart += more->apart;
    diff_odd_join(&to->odd, &more->odd);
}

void diff_odd_join(diff_odd *to, const diff_odd *more) {
    to->nan_was += more->nan_was;
    to->nan_is += more->nan_is;
    to->inf_was += more->inf_was;
    to->inf_is += more->inf_is;
}

bool diff_odd_grew(const diff_odd *o) {
    return o->nan_is > o->nan_was || o->inf_is > o->inf_was;
}

// The root of a sum of squares, by the greatest scale of which there are some: times `scale`.
typedef struct root {
    int at;
    double scaled, scale;
} root;

static double at_scale(const double sums[DIFF_SCALES], int at) {
    double sum = 0;
    for (int i = 0; i <= at; i++) {
        double by = scales[at] / scales[i];
        sum += sums[i] * by * by; // the square of it might be no double
    }
    return sum;
}

static root root_of(double small, double plain, double large) {
    int at = large > 0 ? DIFF_LARGE : plain > 0 ? DIFF_PLAIN : DIFF_SMALL;
    return (root){at, sqrt(at_scale((double[]){small, plain, large}, at)), scales[at]};
}
#define ROOT(s, sum)                                                                           \
    root_of((s)->of[DIFF_SMALL].sum, (s)->of[DIFF_PLAIN].sum, (s)->of[DIFF_LARGE].sum)

// Among large elements the squares of small differences may all have become zero.
static double change_of(const diff_sums *s, root was) {
    root d = ROOT(s, dd);
    if (s->elements && s->elements == s->apart) return (double)NAN;
    if (d.scaled > 0) return d.scaled / was.scaled * (was.scale / d.scale);
    return s->largest > 0 ? s->largest / was.scaled * was.scale : 0;
}

static double cosine_of(const diff_sums *s, root was, root is) {
    const diff_squares *q = s->of;
    int at = was.at > is.at ? was.at : is.at;
    double sums[DIFF_SCALES] = {q[DIFF_SMALL].ab, q[DIFF_PLAIN].ab, q[DIFF_LARGE].ab};
    double cosine = at_scale(sums, at) / (was.scaled * (scales[at] / was.scale)) /
                    (is.scaled * (scales[at] / is.scale));
    return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}

diff_measure diff_measure_end(const diff_sums *s) {
    root was = ROOT(s, aa), is = ROOT(s, bb);
    return (diff_measure){.elements = s->elements,
                          .equal = s->equal,
                          .odd = s->odd,
                          .norm_was = was.scaled / was.scale,
                          .norm_is = is.scaled / is.scale,
                          .change = change_of(s, was),
                          .cosine = cosine_of(s, was, is),
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
