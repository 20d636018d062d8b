// SPDX-License-Identifier: Apache-2.0
// Time: our own stamps are UTC microseconds; what is measured or waited for uses the monotonic
// clock.
#ifndef STEMMA_BASE_CLOCK_H
#define STEMMA_BASE_CLOCK_H

#include "base/arena.h"

int64_t clock_now_us(void);  // since 1970, UTC
int64_t clock_mono_us(void); // since some moment; never goes back
// 2026-11-23T22:59:57.123456Z. Times outside the years 0 to 9999 are shown as the nearest end.
str clock_rfc3339(arena *a, int64_t us);
#define CLOCK_RFC3339 28 // 27 characters and a NUL
void clock_rfc3339_put(char out[CLOCK_RFC3339], int64_t us);
str clock_http_date(arena *a, int64_t us); // RFC 9110, section 5.6.7, IMF-fixdate

#endif
