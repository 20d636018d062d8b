// SPDX-License-Identifier: Apache-2.0
// Numbers as text, fast and exact: the shortest decimal that reads back to the same double, and
// correctly rounded reading. The C library is the oracle in the tests. Nothing here depends on
// the locale.
#ifndef STEMMA_BASE_NUM_H
#define STEMMA_BASE_NUM_H

#include "base/str.h"

#define NUM_MAX 32 // bytes that any number needs here

// Writes v without a NUL; returns the length. Finite doubles come out as Python's repr does
// (0.1, 1e-07, 1e+16, 100000.0): always with a point or an exponent, so that a reader keeps
// them floats. NaN, Infinity and -Infinity by name.
size_t num_f64(char out[NUM_MAX], double v);
size_t num_i64(char out[NUM_MAX], int64_t v);
size_t num_u64(char out[NUM_MAX], uint64_t v);

// Reads a JSON number at the start of [p, end). Returns the bytes that belong to it, 0 when
// there is none. `*is_int` is set when it has neither point nor exponent and fits int64 (then
// `*i` holds it); `*f` holds the double, correctly rounded, in each case (a magnitude beyond
// the range gives an infinity).
size_t num_read(const char *p, const char *end, double *f, int64_t *i, bool *is_int);

// A whole string as a number: JSON's grammar, with an optional '+', leading zeros, ".5", "5.",
// and nan, inf, infinity in any case, as Python's float() accepts them. False when it is
// something else.
bool num_parse_f64(str s, double *out);

// Doubles as int64 in the order that the project compares them: -Infinity < ... < -0 < 0 < ...
// < Infinity < NaN (one NaN). What keys and compared columns store (SQLite turns a bound NaN
// into NULL).
int64_t num_order(double v);
double num_unorder(int64_t k);

#endif
