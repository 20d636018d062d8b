// SPDX-License-Identifier: Apache-2.0
// when: times and durations as people write them. A time is "now", "today", "yesterday",
// "3 days ago", or a date as RFC 3339 writes it, whole or its beginning: "2026", "2026-11-01",
// "2026-11-01T12:30", "2026-11-01 12:30:05.5+01:00" (UTC unless it says otherwise). One that
// names a year, a day, a minute is that whole span. Months ago are 30 days, years ago 365.
#ifndef STEMMA_BASE_WHEN_H
#define STEMMA_BASE_WHEN_H

#include "base/str.h"

typedef struct when_span {
    int64_t from_ms, to_ms; // [from, to): a day, a minute ...; an instant is one millisecond
} when_span;

bool when_read(str text, int64_t now_us, when_span *out); // false when it is none
// "1h30m", "90 s", "5 minutes": seconds.
bool when_duration(str text, double *seconds);

#endif
