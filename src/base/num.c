// SPDX-License-Identifier: Apache-2.0
// The order-preserving map between doubles and int64. Pure functions, any thread.
//
// Sign and magnitude of IEEE 754 become two's complement by flipping the 63 lower bits of
// negative numbers: -0 is -1 and 0 is 0. Everything beyond the infinities is NaN, and is
// written as the one positive quiet NaN.
#include "base/num_internal.h"

static int64_t flip(int64_t bits) {
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

int64_t num_order(double v) {
    if (v != v) return (int64_t)NUM_F64_NAN;
    return flip((int64_t)num_bits(v));
}

double num_unorder(int64_t k) {
    int64_t inf = (int64_t)NUM_F64_INF;
    if (k > inf || k < -inf - 1) return num_from_bits(NUM_F64_NAN);
    return num_from_bits((uint64_t)flip(k));
}
