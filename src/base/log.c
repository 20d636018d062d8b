// SPDX-License-Identifier: Apache-2.0
// log: lines are made in a buffer of the caller's stack or heap and leave by one write(2), so
// that lines of several threads do not mix. A line that can not be written is lost; the server
// goes on. Any thread, no lock.
#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 64 << 10,
    TEXT_MAX = 2048, // of a message
};

static _Atomic int least_level = LOG_INFO;

void log_set_level(log_level least) {
    atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

log_level log_get_level(void) {
    return (log_level)atomic_load_explicit(&least_level, memory_order_relaxed);
}

static const char *level_name(log_level level) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    return names[level];
}

static void begin(json_writer *w, log_level level, const char *event) {
    char when[CLOCK_RFC3339];
    clock_rfc3339_put(when, clock_now_us());
    json_object(w);
    json_m_string(w, "time", str_of(when));
    json_m_string(w, "level", str_of(level_name(level)));
    json_m_string(w, "event", str_of(event));
}

static void end(json_writer *w) {
    json_object_end(w);
    buf_byte(w->out, '\n');
    if (!w->out->full) (void)!write(STDERR_FILENO, w->out->p, w->out->n);
    buf_free(w->out);
}

void log_msg(log_level level, const char *event, const char *fmt, ...) {
    if (level < log_get_level() || level >= LOG_OFF) return;
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0) n = 0;
    size_t len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    buf line = BUF_MAX(LINE_MAX_BYTES);
    json_writer w = json_writer_new(&line);
    begin(&w, level, event);
    json_m_string(&w, "msg", str_n(text, len));
    end(&w);
}

void log_fields(log_level level, const char *event, str members) {
    if (level < log_get_level() || level >= LOG_OFF) return;
    buf line = BUF_MAX(LINE_MAX_BYTES);
    json_writer w = json_writer_new(&line);
    begin(&w, level, event);
    if (members.n > LINE_MAX_BYTES / 2) members = STR("\"msg\":\"the line was too long\"");
    if (members.n) json_put(&w, members);
    end(&w);
}
