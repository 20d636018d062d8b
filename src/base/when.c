// SPDX-License-Identifier: Apache-2.0
// when: see when.h. No state.
#include "base/when.h"

#include "base/num.h"

#define SECOND 1000ll
#define DAY    (86400 * SECOND)

static const struct {
    const char *names; // with spaces around
    double seconds;
} units[] = {
    {" s sec secs second seconds ", 1}, {" m min mins minute minutes ", 60},
    {" h hour hours ", 3600},           {" d day days ", 86400},
    {" w week weeks ", 7 * 86400.0},    {" month months ", 30 * 86400.0},
    {" y year years ", 365 * 86400.0},  {" ms millisecond milliseconds ", 0.001},
};

// ---- durations ------------------------------------------------------------------------------
static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool unit_of(str name, double *seconds) {
    char word[16] = " ";
    if (!name.n || name.n > sizeof word - 3) return false;
    for (size_t i = 0; i < name.n; i++)
        word[1 + i] = (char)(name.p[i] | 0x20); // letters only
    word[1 + name.n] = ' ';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!strstr(units[i].names, word)) continue;
        *seconds = units[i].seconds;
        return true;
    }
    return false;
}

// Splits "90 s" off the front.
static bool take_part(str *rest, double *seconds) {
    size_t n = 0, unit_end;
    double count, unit;
    while (n < rest->n && ((rest->p[n] >= '0' && rest->p[n] <= '9') || rest->p[n] == '.'))
        n++;
    if (!n || !num_parse_f64(str_upto(*rest, n), &count)) return false;
    str behind = str_trim(str_from(*rest, n));
    for (unit_end = 0; unit_end < behind.n && is_letter(behind.p[unit_end]);)
        unit_end++;
    if (!unit_of(str_upto(behind, unit_end), &unit)) return false;
    *seconds += count * unit;
    *rest = str_trim(str_from(behind, unit_end));
    return true;
}

bool when_duration(str text, double *seconds) {
    str rest = str_trim(text);
    *seconds = 0;
    if (!rest.n) return false;
    while (rest.n) {
        if (!take_part(&rest, seconds)) return false;
    }
    return true;
}

// ---- calendar -------------------------------------------------------------------------------
// Days since 1970-01-01 of a date of the Gregorian calendar (months from 1).
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t month_length(int64_t year, int64_t month) {
    static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return lengths[month - 1] + (month == 2 && leap);
}

// Exactly n digits behind `before` (0: nothing stands before), not more than max.
static bool take_digits(str *rest, char before, size_t n, int64_t max, int64_t *out) {
    str s = *rest;
    if (before) {
        if (!s.n || *s.p != before) return false;
        s = str_from(s, 1);
    }
    if (s.n < n) return false;
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        v = v * 10 + (s.p[i] - '0');
    }
    if (v > max) return false;
    *out = v;
    *rest = str_from(s, n);
    return true;
}

static bool take_fraction(str *rest, int64_t *ms, int64_t *length) {
    if (!rest->n || *rest->p != '.') return true;
    size_t i = 1;
    int64_t unit = SECOND;
    for (; i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9'; i++) {
        if (unit == 1) continue; // finer than we keep
        unit /= 10;
        *ms += (rest->p[i] - '0') * unit;
    }
    *length = unit;
    bool some = i > 1;
    *rest = str_from(*rest, i);
    return some;
}

// Z or +01:00; nothing is Z.
static bool take_zone(str *rest, int64_t *ms) {
    int64_t hours, minutes = 0;
    if (!rest->n) return true;
    char c = *rest->p;
    if (c == 'Z' || c == 'z') {
        *rest = str_from(*rest, 1);
        return true;
    }
    if ((c != '+' && c != '-') || !take_digits(rest, c, 2, 23, &hours)) return false;
    char colon = rest->n && *rest->p == ':' ? ':' : 0;
    if (rest->n && !take_digits(rest, colon, 2, 59, &minutes)) return false;
    *ms -= (c == '+' ? 1 : -1) * (hours * 60 + minutes) * 60 * SECOND;
    return true;
}

// The time of a day: HH:MM[:SS[.fff]][zone] behind a T or space.
static bool take_clock(str rest, when_span *out) {
    int64_t hour, minute, second = 0, length = 60 * SECOND, ms = 0;
    char t = *rest.p == 't' || *rest.p == ' ' ? *rest.p : 'T';
    if (!take_digits(&rest, t, 2, 23, &hour) || !take_digits(&rest, ':', 2, 59, &minute))
        return false;
    if (rest.n && *rest.p == ':') {
        if (!take_digits(&rest, ':', 2, 60, &second)) return false;
        length = SECOND;
        if (!take_fraction(&rest, &ms, &length)) return false;
    }
    if (!take_zone(&rest, &ms) || rest.n) return false;
    out->from_ms += ((hour * 60 + minute) * 60 + second) * SECOND + ms;
    out->to_ms = out->from_ms + length;
    return true;
}

static bool parse_date(str rest, when_span *out) {
    int64_t year, month = 1, day = 1;
    if (!take_digits(&rest, 0, 4, 9999, &year)) return false;
    out->from_ms = days_of(year, 1, 1) * DAY;
    out->to_ms = days_of(year + 1, 1, 1) * DAY;
    if (!rest.n) return true;
    if (!take_digits(&rest, '-', 2, 12, &month) || !month) return false;
    out->from_ms = days_of(year, month, 1) * DAY;
    out->to_ms = out->from_ms + month_length(year, month) * DAY;
    if (!rest.n) return true;
    if (!take_digits(&rest, '-', 2, month_length(year, month), &day) || !day) return false;
    out->from_ms += (day - 1) * DAY;
    out->to_ms = out->from_ms + DAY;
    return !rest.n || take_clock(rest, out);
}

// ---- times ----------------------------------------------------------------------------------
static when_span day_of(int64_t ms) {
    int64_t day = (ms >= 0 ? ms : ms - DAY + 1) / DAY;
    return (when_span){day * DAY, (day + 1) * DAY};
}

bool when_read(str text, int64_t now_us, when_span *out) {
    int64_t now_ms = now_us / 1000;
    double seconds;
    text = str_trim(text);
    if (str_eq_nocase(text, STR("now"))) {
        *out = (when_span){now_ms, now_ms + 1};
        return true;
    }
    bool yesterday = str_eq_nocase(text, STR("yesterday"));
    if (yesterday || str_eq_nocase(text, STR("today"))) {
        *out = day_of(now_ms - (yesterday ? DAY : 0));
        return true;
    }
    str ago = STR("ago");
    if (text.n > ago.n && str_eq_nocase(str_from(text, text.n - ago.n), ago)) {
        if (!when_duration(str_upto(text, text.n - ago.n), &seconds) || seconds > 1e12)
            return false;
        out->from_ms = now_ms - (int64_t)(seconds * 1000);
        out->to_ms = out->from_ms + 1;
        return true;
    }
    return parse_date(text, out);
}
