// SPDX-License-Identifier: Apache-2.0
// point_text: see point_text.h. Pure; any thread.
#include "api/native/point_text.h"

#include "base/json.h"
#include "base/num.h"

static void put_i64(buf *out, int64_t v) {
    char text[NUM_MAX];
    buf_add(out, text, num_i64(text, v));
}

static void put_f64(buf *out, double v) {
    char text[NUM_MAX];
    buf_add(out, text, num_f64(text, v));
}

void point_csv(buf *out, const series_value *v) {
    put_i64(out, v->step);
    buf_byte(out, ',');
    put_i64(out, v->time_ms);
    buf_byte(out, ',');
    put_f64(out, v->value);
    buf_byte(out, '\n');
}

void point_line(buf *out, const series_value *v) {
    bool finite = v->value - v->value == 0;
    buf_str(out, STR("{\"step\":"));
    put_i64(out, v->step);
    buf_str(out, STR(",\"time_ms\":"));
    put_i64(out, v->time_ms);
    buf_str(out, finite ? STR(",\"value\":") : STR(",\"value\":\""));
    put_f64(out, v->value);
    buf_str(out, finite ? STR("}\n") : STR("\"}\n"));
}

str point_cursor(arena *a, const series_value *v) {
    uint64_t bits;
    memcpy(&bits, &v->value, sizeof bits);
    return arena_printf(a, "%lld.%lld.%016llx", (long long)v->step, (long long)v->time_ms,
                        (unsigned long long)bits);
}

static bool hex_bits(str s, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0) return false;
        *out = *out << 4 | (uint64_t)d;
    }
    return s.n == 16;
}

bool point_cursor_read(str cursor, series_value *v, err *e) {
    str step, time, value = cursor;
    uint64_t bits;
    bool ok = str_split(&value, '.', &step) && str_split(&value, '.', &time) &&
              str_to_i64(step, &v->step) && str_to_i64(time, &v->time_ms) &&
              hex_bits(value, &bits);
    if (!ok) return err_set(e, ERR_INVALID, "'after' is not a cursor that a page gave");
    memcpy(&v->value, &bits, sizeof bits);
    return true;
}
