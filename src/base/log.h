// SPDX-License-Identifier: Apache-2.0
// Log: one JSON object a line on standard error. Never put a secret, a header or a body into
// it. Any thread.
#ifndef STEMMA_BASE_LOG_H
#define STEMMA_BASE_LOG_H

#include "base/str.h"

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF } log_level;

void log_set_level(log_level least); // what is below is dropped; the default is LOG_INFO
log_level log_get_level(void);

// {"time":...,"level":...,"event":"...","msg":"..."}; `event` is a fixed word such as
// "pack.failed".
void log_msg(log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

// A line of ready-made JSON members ("\"a\":1,\"b\":2") behind time, level and event.
void log_fields(log_level level, const char *event, str members);

#endif
