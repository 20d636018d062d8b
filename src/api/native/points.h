// SPDX-License-Identifier: Apache-2.0
// points: the compact form in which points come in bulk, application/vnd.stemma.points. A body
// is a magic number and frames; a frame has a head of 8 bytes (its payload's length and CRC32C)
// and stands for itself: runs, keys, and series with columns coded as a stored record has them,
// so that they are checked, summed and kept as they are. docs/formats-native.md has the bytes.
// Pure; any thread.
#ifndef STEMMA_API_NATIVE_POINTS_H
#define STEMMA_API_NATIVE_POINTS_H

#include "core/series.h"

#define POINTS_TYPE        "application/vnd.stemma.points"
#define POINTS_MAGIC       "STMPTS1\n" // 8 bytes
#define POINTS_FRAME_HEAD  8
#define POINTS_FRAME_BYTES (4u << 20)   // of a payload, at most
#define POINTS_FRAME_MAX   (256u << 10) // points of a frame
#define POINTS_RUNS_MAX    1000         // runs of a frame
#define POINTS_SERIES_MAX  (64u << 10)  // series of a frame
#define POINTS_KEY_MAX     250          // code points of a key

typedef struct points_run { // a run of a frame, with its series
    id run;
    series_columns *series;
    size_t n;
    uint64_t points;
} points_run;
typedef struct points_frame {
    points_run *runs; // each with one series at least
    size_t n;
    uint64_t points;
} points_frame;

// The payload's length out of a frame's head; ERR_TOO_LARGE, ERR_MALFORMED.
bool points_frame_length(const uint8_t head[POINTS_FRAME_HEAD], size_t *length, err *e);
// Checks the CRC and all sizes. Texts and columns point into the payload, which must outlive
// *out. Columns are not decoded: series_record_columns does.
bool points_frame_read(arena *a, const uint8_t head[POINTS_FRAME_HEAD], str payload,
                       points_frame *out, err *e);
// A key as the native API takes it.
bool points_check_key(str key, err *e);

#endif
