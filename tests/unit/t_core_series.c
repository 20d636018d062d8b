// SPDX-License-Identifier: Apache-2.0
// The metric store against a naive model: a sorted array of points a key. Each scenario logs
// points in some order of arrival, packs now and then, and compares everything that can be
// read.
#include "series_help.h"

#include "core/series_steps.h"

// ---- scenarios -----------------------------------------------------------------------------

typedef enum order_of {
    IN_ORDER,
    JITTERED,
    SHUFFLED,
    REVERSED,
    SAME_STEP,
    EXTREME,
    SMALL_RANGE,
    SPARSE
} order_of;

static double odd_value(void) {
    static const double odd[] = {0.0,
                                 -0.0,
                                 1.0,
                                 -1.0,
                                 INFINITY,
                                 -INFINITY,
                                 1e300,
                                 5e-324,
                                 0.1,
                                 1.0 / 3,
                                 NAN,
                                 -2.5,
                                 1.7976931348623157e308,
                                 16777217.0,
                                 3.14};
    return odd[below(sizeof odd / sizeof *odd)];
}

static int64_t odd_int(void) {
    static const int64_t odd[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    return below(3) ? odd[below(sizeof odd / sizeof *odd)] : (int64_t)rnd();
}

static point make_point(order_of o, size_t i, size_t n) {
    int64_t t = 1700000000000;
    double noise = (double)below(1000) / 1000;
    point p = {.step = (int64_t)i,
               .time_ms = t + (int64_t)i * 1000 + (int64_t)below(41) - 20,
               .value = (double)(float)(1 + noise * 0.06)};
    switch (o) {
    case IN_ORDER: break;
    case JITTERED: p.step += (int64_t)below(200); break;
    case SHUFFLED: // a permutation of 0..n-1, n a power of two
        p.step = (int64_t)((i * 2654435761u + 12345) & (n - 1));
        p.time_ms = t + p.step * 1000;
        break;
    case REVERSED: p.step = (int64_t)(n - i); break;
    case SAME_STEP: p.step = 0; break;
    case EXTREME:
        p.step = odd_int();
        p.time_ms = odd_int();
        p.value = odd_value();
        break;
    case SMALL_RANGE:
        p.step = (int64_t)below(300);
        p.time_ms = (int64_t)below(20);
        p.value = below(2) ? odd_value() : (double)below(5) / 10;
        break;
    case SPARSE:
        p.step = (int64_t)i * 1000003 + (int64_t)below(1000) * ((int64_t)1 << 20);
        break;
    }
    return p;
}

static const pack_limits tiny = {.points = 3000, .series = 5, .direct_tiers = 1};

static void scenario(core_fix *x, order_of o, size_t n, size_t batch, size_t pack_every,
                     pack_limits limits) {
    run r = core_fix_run(x, "scenario");
    id run_id = r.id;
    model_set m = {0};
    point *p = mem_alloc(batch * sizeof *p), *again = mem_alloc(batch * sizeof *p);
    size_t n_again = 0, batches = 0;
    for (size_t i = 0; i < n;) {
        size_t k = 0, want = 1 + below(batch);
        for (; k < want && i < n; k++, i++) {
            p[k] = make_point(o, i, n);
            p[k].key = STR("loss");
            set_add(&m, &p[k]);
        }
        log_points(x, run_id, p, k);
        if (below(10) ==
            0) { // a client that did not hear the acknowledgement, maybe much later
            if (n_again) log_points(x, run_id, again, n_again);
            memcpy(again, p, k * sizeof *p);
            n_again = k;
        }
        if (++batches % pack_every == 0) pack_small(x, limits);
        if (below(n / batch + 1) == 0) check_all(x, run_id, "loss", &m, false);
    }
    check_all(x, run_id, "loss", &m, false);
    pack_small(x, limits);
    check_all(x, run_id, "loss", &m, n_again == 0);
    set_free(&m);
    free(p);
    free(again);
}

static void in_order_in(core_fix *x) {
    scenario(x, IN_ORDER, 40000, 1000, 3, PACK_LIMITS);
    scenario(x, IN_ORDER, 3000, 10, 5, PACK_LIMITS);
}
static void jittered_in(core_fix *x) {
    scenario(x, JITTERED, 40000, 1000, 4, PACK_LIMITS);
}
static void shuffled_in(core_fix *x) {
    scenario(x, SHUFFLED, 65536, 2000, 2, PACK_LIMITS);
    scenario(x, SHUFFLED, 4096, 30, 3, PACK_LIMITS);
}
static void reversed_in(core_fix *x) {
    scenario(x, REVERSED, 30000, 700, 3, PACK_LIMITS);
}
static void settling_in(core_fix *x) {
    scenario(x, SHUFFLED, 65536, 400, 1, tiny);
    scenario(x, JITTERED, 30000, 1000, 4, tiny);
    scenario(x, REVERSED, 20000, 300, 2, tiny);
}
static void sampling_in_passes_in(core_fix *x) {
    size_t before = steps_most;
    steps_most = 1000;
    scenario(x, SPARSE, 30000, 1000, 3, PACK_LIMITS);
    scenario(x, EXTREME, 6000, 500, 3, PACK_LIMITS);
    steps_most = before;
}
static void same_step_in(core_fix *x) {
    scenario(x, SAME_STEP, 40000, 1000, 4, PACK_LIMITS);
}
static void extreme_in(core_fix *x) {
    scenario(x, EXTREME, 20000, 500, 4, PACK_LIMITS);
}
static void small_range_in(core_fix *x) {
    scenario(x, SMALL_RANGE, 40000, 1000, 3, PACK_LIMITS);
}
static void sparse_in(core_fix *x) {
    scenario(x, SPARSE, 30000, 1000, 3, PACK_LIMITS);
}

#define SCENARIO(name)                                                                         \
    static void name(void **state) {                                                           \
        (void)state;                                                                           \
        core_fix_with(name##_in);                                                              \
    }
SCENARIO(in_order)
SCENARIO(jittered)
SCENARIO(shuffled)
SCENARIO(reversed)
SCENARIO(same_step)
SCENARIO(extreme)
SCENARIO(small_range)
SCENARIO(sparse)
SCENARIO(settling)
SCENARIO(sampling_in_passes)

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),    cmocka_unit_test(jittered),
        cmocka_unit_test(shuffled),    cmocka_unit_test(reversed),
        cmocka_unit_test(same_step),   cmocka_unit_test(extreme),
        cmocka_unit_test(small_range), cmocka_unit_test(sparse),
        cmocka_unit_test(settling),    cmocka_unit_test(sampling_in_passes),
    };
    return core_fix_main("core_series", tests, sizeof tests / sizeof *tests);
}
