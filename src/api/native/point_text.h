// SPDX-License-Identifier: Apache-2.0
// Points as text: lines of streams, and cursors. Pure; any thread.
#ifndef STEMMA_API_NATIVE_POINT_TEXT_H
#define STEMMA_API_NATIVE_POINT_TEXT_H

#include "base/buf.h"
#include "core/series.h"

#define POINT_CSV_HEAD "step,time_ms,value\n"
// NaN, Infinity and -Infinity bare in CSV, as strings in JSON lines.
void point_csv(buf *out, const series_value *v);
void point_line(buf *out, const series_value *v);

// "STEP.TIME.VALUE", the value's bits in hex, so that any point has a place in the order.
str point_cursor(arena *a, const series_value *v);
bool point_cursor_read(str cursor, series_value *v, err *e); // ERR_INVALID

#endif
