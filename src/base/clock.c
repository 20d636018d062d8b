// SPDX-License-Identifier: Apache-2.0
// clock: reading the clocks and writing UTC dates without the C library's locale and time zone.
// Any thread.
#include "base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now_us(void) {
    return read_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void) {
    return read_us(CLOCK_MONOTONIC);
}

typedef struct civil {
    int year, month, day; // 1-based
    int weekday;          // 0 is Sunday
    int hour, minute, second, us;
} civil;

// What four digits of a year can say; times beyond it are shown as its ends.
#define FIRST_US (-62167219200000000) // 0000-01-01T00:00:00
#define LAST_US  253402300799999999   // 9999-12-31T23:59:59.999999
#define DAY_US   86400000000

// Days to a date by Howard Hinnant's "chrono-compatible low-level date algorithms"
// (civil_from_days): years begin in March, so that the leap day is a year's last.
static civil civil_of(int64_t us) {
    if (us < FIRST_US) us = FIRST_US;
    if (us > LAST_US) us = LAST_US;
    int64_t days = us / DAY_US - (us % DAY_US < 0);
    int64_t rest = us - days * DAY_US;
    int64_t z =
        days + 719468; // from 0000-03-01; not negative but for the first two months of year 0
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int64_t seconds = rest / 1000000;
    return (civil){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .weekday = (int)(((days % 7) + 11) % 7), // 1970-01-01 was a Thursday
        .hour = (int)(seconds / 3600),
        .minute = (int)(seconds / 60 % 60),
        .second = (int)(seconds % 60),
        .us = (int)(rest % 1000000),
    };
}

static void put_digits(char *out, int v, int n) {
    for (int i = n - 1; i >= 0; i--, v /= 10)
        out[i] = (char)('0' + v % 10);
}

void clock_rfc3339_put(char out[CLOCK_RFC3339], int64_t us) {
    civil c = civil_of(us);
    memcpy(out, "0000-00-00T00:00:00.000000Z", CLOCK_RFC3339);
    put_digits(out, c.year, 4);
    put_digits(out + 5, c.month, 2);
    put_digits(out + 8, c.day, 2);
    put_digits(out + 11, c.hour, 2);
    put_digits(out + 14, c.minute, 2);
    put_digits(out + 17, c.second, 2);
    put_digits(out + 20, c.us, 6);
}

str clock_rfc3339(arena *a, int64_t us) {
    char *p = arena_bytes(a, CLOCK_RFC3339);
    clock_rfc3339_put(p, us);
    return (str){p, CLOCK_RFC3339 - 1};
}

str clock_http_date(arena *a, int64_t us) {
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    civil c = civil_of(us);
    return arena_printf(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[c.weekday], c.day,
                        months[c.month - 1], c.year, c.hour, c.minute, c.second);
}
