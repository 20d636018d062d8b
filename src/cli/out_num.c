// SPDX-License-Identifier: Apache-2.0
// out_num: numbers, sizes and times for people. Any thread.
#include "base/clock.h"
#include "cli/out.h"

#include <math.h>

str out_f64(arena *a, double v) {
    if (isnan(v)) return STR("NaN");
    if (isinf(v)) return v > 0 ? STR("Infinity") : STR("-Infinity");
    if (fabs(v) < 1e15 && v == floor(v)) return arena_printf(a, "%.0f", v);
    return arena_printf(a, "%.6g", v);
}

str out_difference(arena *a, double was, double is) {
    return out_change(a, was, is - was);
}

str out_change(arena *a, double was, double d) {
    str percent = was == 0 ? (str){0} : arena_printf(a, ", %+.3g%%", d / fabs(was) * 100);
    return arena_printf(a, "%s%.*s%.*s", d > 0 ? "+" : "", STR_F(out_f64(a, d)),
                        STR_F(percent));
}

// Of at most so many digits that a column holds them.
static bool is_whole(str text) {
    for (size_t i = text.n && text.p[0] == '-'; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9') return false;
    return text.n && text.n <= 40;
}

str out_number(arena *a, const json_value *v) {
    if (!v) return (str){0};
    if (is_whole(v->text)) return v->text; // a double may not hold it
    if (v->type == JSON_INT || v->type == JSON_DOUBLE) return out_f64(a, v->f);
    return v->text; // "NaN" and the infinities
}

str out_bytes(arena *a, int64_t n) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double v = (double)n;
    size_t u = 0;
    while (v >= 999.5 && u < 6) {
        v /= 1000;
        u++;
    }
    if (!u) return arena_printf(a, "%lld B", (long long)n);
    return arena_printf(a, "%.*f %s", v < 99.95 ? 1 : 0, v, units[u]);
}

str out_duration(arena *a, int64_t ms) {
    if (ms < 0) return STR("-");
    if (ms < 1000) return arena_printf(a, "%lld ms", (long long)ms);
    if (ms < 60000) return arena_printf(a, "%.1f s", (double)(ms / 100) / 10);
    int64_t s = ms / 1000, m = s / 60, h = m / 60;
    if (m < 60) return arena_printf(a, "%lld min %02lld s", (long long)m, (long long)(s % 60));
    if (h < 48) return arena_printf(a, "%lld h %02lld min", (long long)h, (long long)(m % 60));
    return arena_printf(a, "%lld d %02lld h", (long long)(h / 24), (long long)(h % 24));
}

static str relative(arena *a, int64_t s) {
    static const struct {
        int64_t below, unit;
        const char *name;
    } steps[] = {{60, 1, "s"}, {3600, 60, "min"}, {86400, 3600, "h"}, {30 * 86400, 86400, "d"}};
    if (s < 1) return STR("now");
    for (size_t i = 0; i < 4; i++) {
        if (s < steps[i].below)
            return arena_printf(a, "%lld %s ago", (long long)(s / steps[i].unit),
                                steps[i].name);
    }
    return (str){0};
}

str out_time(const cli_out *t, int64_t us) {
    int64_t age = (clock_now_us() - us) / 1000000;
    str text = t->terminal && age >= 0 ? relative(t->a, age) : (str){0};
    if (text.n) return text;
    text = clock_rfc3339(t->a, us);
    if (t->terminal) return str_upto(text, 10); // the day
    return arena_printf(t->a, "%.19sZ", text.p);
}
