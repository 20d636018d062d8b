// SPDX-License-Identifier: Apache-2.0
// metrics: the counters themselves and how they are shown. Each is read by itself: a page is no
// snapshot.
#include "base/metrics.h"

#include <inttypes.h>

metrics metrics_all;

#define METRICS_ROW(member, kind, text) {#member, #kind, text, offsetof(metrics, member)},
static const struct {
    const char *name, *type, *help;
    size_t offset;
} rows[] = {METRICS_TABLE(METRICS_ROW)};
#undef METRICS_ROW

void metrics_render(buf *out) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        _Atomic int64_t *at = (_Atomic int64_t *)((char *)&metrics_all + rows[i].offset);
        const char *name = rows[i].name;
        buf_printf(out, "# HELP stemma_%s %s\n# TYPE stemma_%s %s\n", name, rows[i].help, name,
                   rows[i].type);
        buf_printf(out, "stemma_%s %" PRId64 "\n", name,
                   atomic_load_explicit(at, memory_order_relaxed));
    }
}
