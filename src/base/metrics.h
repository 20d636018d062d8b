// SPDX-License-Identifier: Apache-2.0
// What the server counts about itself, shown as /metrics in Prometheus' text format. One table, with its own
// documentation; counters only grow, gauges are set. Any thread; relaxed atomics.
#ifndef STEMMA_BASE_METRICS_H
#define STEMMA_BASE_METRICS_H

#include "base/buf.h"

#include <stdatomic.h>

// X(name, type, help)
#define METRICS_TABLE(X)                                                                                 \
    X(http_connections, gauge, "open connections")                                                       \
    X(http_streams, gauge, "replies that stay open (event streams)")                                     \
    X(http_streams_dropped_total, counter, "streams cut because their client did not read")              \
    X(http_requests_total, counter, "requests answered")                                                 \
    X(http_errors_total, counter, "requests answered with status 500 or above, but for 501")             \
    X(http_refused_total, counter, "connections refused or cut for breaking a limit or a deadline")      \
    X(http_request_seconds_us_total, counter, "microseconds from headers to the ends of replies")        \
    X(http_bytes_in_total, counter, "bytes of request bodies")                                           \
    X(http_bytes_out_total, counter, "bytes of replies")                                                 \
    X(workers_busy, gauge, "worker threads with a request")                                              \
    X(db_writes_total, counter, "write functions committed")                                             \
    X(db_commits_total, counter, "commits (fewer than writes: they are grouped)")                        \
    X(db_retries_total, counter, "transactions run again after a serialisation failure")                 \
    X(db_errors_total, counter, "write functions that failed in the engine")                             \
    X(points_in_total, counter, "points acknowledged")                                                   \
    X(points_packed_total, counter, "points moved into blocks")                                          \
    X(pack_backlog_records, gauge, "records of points that wait to be packed")                           \
    X(pack_errors_total, counter, "packing steps that failed and will be tried again")                   \
    X(search_queries_total, counter, "searches over runs")                                               \
    X(search_folded_runs_total, counter, "runs folded into the search columns")                          \
    X(objects_written_total, counter, "objects made durable")                                            \
    X(object_bytes_written_total, counter, "bytes of objects made durable")                              \
    X(backups_total, counter, "backups sent whole")                                                      \
    X(gc_removed_bytes_total, counter, "bytes of objects that gc removed for good")                      \
    X(corrupt_total, counter, "blocks or objects whose checksum did not match")

#define METRICS_MEMBER(name, type, help) _Atomic int64_t name;
typedef struct metrics {
    METRICS_TABLE(METRICS_MEMBER)
} metrics;
#undef METRICS_MEMBER

extern metrics metrics_all;

#define METRIC_ADD(name, v) atomic_fetch_add_explicit(&metrics_all.name, (v), memory_order_relaxed)
#define METRIC_SET(name, v) atomic_store_explicit(&metrics_all.name, (v), memory_order_relaxed)
#define METRIC_GET(name)    atomic_load_explicit(&metrics_all.name, memory_order_relaxed)

// Prometheus text exposition format 0.0.4; every name gets the prefix stemma_.
void metrics_render(buf *out);

#endif
