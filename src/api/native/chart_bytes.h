// SPDX-License-Identifier: Apache-2.0
// The compact form of a chart, application/vnd.stemma.chart: columns that a page can lay typed
// arrays over, as they are. docs/formats-native.md has the bytes. Pure; any thread.
#ifndef STEMMA_API_NATIVE_CHART_BYTES_H
#define STEMMA_API_NATIVE_CHART_BYTES_H

#include "base/buf.h"
#include "core/series.h"

#define CHART_TYPE  "application/vnd.stemma.chart"
#define CHART_MAGIC "STMCHT1\n" // 8 bytes

enum {                     // flags of a line
    CHART_WIDE_PLACES = 1, // steps and times are int64, else uint32 behind the bases
    CHART_WIDE_VALUES = 2, // values are doubles, else floats
    CHART_NAN = 4,         // there is a column of how many points are NaN
};

void chart_begin(buf *out, int64_t start, int64_t end, uint32_t buckets);
void chart_line(buf *out, const series_line *l); // n > 0
void chart_end(buf *out);

#endif
