// SPDX-License-Identifier: Apache-2.0
// What the server counts about itself, shown as /metrics in Prometheus' text format. Tables,
// with their own documentation; counters only grow, gauges are set, ages are set to a time of
// which the distance to now is shown, histograms observe durations. Any thread; relaxed
// atomics.
#ifndef STEMMA_BASE_METRICS_H
#define STEMMA_BASE_METRICS_H

#include "base/buf.h"

#include <stdatomic.h>

// X(name, type, help)
#define METRICS_TABLE(X)                                                                       \
    X(http_connections, gauge, "open connections")                                             \
    X(http_streams, gauge, "replies that stay open (event streams)")                           \
    X(http_streams_dropped_total, counter, "streams cut because their client did not read")    \
    X(http_requests_total, counter, "requests answered")                                       \
    X(http_errors_total, counter, "requests answered with status 500 or above, but for 501")   \
    X(http_refused_total, counter,                                                             \
      "connections refused or cut for breaking a limit or a deadline")                         \
    X(http_bytes_in_total, counter, "bytes of request bodies")                                 \
    X(http_bytes_out_total, counter, "bytes of replies")                                       \
    X(workers_busy, gauge, "worker threads with a request")                                    \
    X(db_writes_total, counter, "write functions committed")                                   \
    X(db_commits_total, counter, "commits (fewer than writes: they are grouped)")              \
    X(db_retries_total, counter, "transactions run again after a serialisation failure")       \
    X(db_errors_total, counter, "write functions that failed in the engine")                   \
    X(points_in_total, counter, "points acknowledged")                                         \
    X(console_lines_total, counter, "lines of consoles acknowledged")                          \
    X(points_packed_total, counter, "points moved into blocks")                                \
    X(pack_backlog_records, gauge, "records of points that wait to be packed")                 \
    X(pack_errors_total, counter, "packing steps that failed and will be tried again")         \
    X(search_queries_total, counter, "searches over runs")                                     \
    X(search_folded_runs_total, counter, "runs folded into the search columns")                \
    X(objects_written_total, counter, "objects made durable")                                  \
    X(object_bytes_written_total, counter, "bytes of objects made durable")                    \
    X(backups_total, counter, "backups sent whole")                                            \
    X(gc_removed_bytes_total, counter, "bytes of objects that gc removed for good")            \
    X(objects_cut_total, counter, "objects that came whole and were cut into chunks")          \
    X(cut_shared_bytes_total, counter, "bytes of those that were here already, in chunks")     \
    X(corrupt_total, counter, "blocks or objects whose checksum did not match")                \
    X(job_failures_total, counter, "runs of jobs that failed, those that are tried again too") \
    X(data_free_bytes, gauge, "bytes that are free where the files lie; -1: it does not tell") \
    X(data_size_bytes, gauge,                                                                  \
      "bytes of the file system where the files lie; -1: it does not tell")                    \
    X(data_free_inodes, gauge, "files that may still be made there; -1: it does not tell")

// X(name, help): shown as stemma_<name>_age_seconds; 0: none is waiting.
#define METRICS_AGES(X)                                                                        \
    X(pack_oldest,                                                                             \
      "how long the oldest record of points waits to be packed; of the server that packs")     \
    X(seal_oldest,                                                                             \
      "how long the oldest event waits for its number; of the server that gives them")

// X(member, name, labels, help): shown as stemma_<name>_bucket and so on, in seconds. Rows of
// one name stand together.
#define METRICS_HISTOGRAMS(X)                                                                  \
    X(http_read, http_request_seconds, "class=\"read\"",                                       \
      "from a request's header to the end of its reply; class: read and write are small "      \
      "requests, "                                                                             \
      "long those that carry files or long replies; health and metrics are not counted, live " \
      "streams until they are open")                                                           \
    X(http_write, http_request_seconds, "class=\"write\"", "")                                 \
    X(http_long, http_request_seconds, "class=\"long\"", "")                                   \
    X(db_commit, db_commit_seconds, "", "a commit with its sync, not the wait for it")         \
    X(db_write, db_write_seconds, "", "a write as its caller sees it: waiting, work, commit")

// The bounds of all histograms, in microseconds; the last bucket is what is longer.
#define METRICS_BOUNDS  1000, 5000, 25000, 100000, 500000, 2500000, 10000000, 60000000
#define METRICS_BUCKETS 9

typedef struct metrics_histogram {
    _Atomic int64_t counts[METRICS_BUCKETS]; // each its own, not those below it
    _Atomic int64_t sum_us;
} metrics_histogram;

#define METRICS_MEMBER(name, type, help)              _Atomic int64_t name;
#define METRICS_AGE(name, help)                       _Atomic int64_t name;
#define METRICS_HISTOGRAM(member, name, labels, help) metrics_histogram member;
typedef struct metrics {
    METRICS_TABLE(METRICS_MEMBER)
    METRICS_AGES(METRICS_AGE)
    METRICS_HISTOGRAMS(METRICS_HISTOGRAM)
} metrics;
#undef METRICS_MEMBER
#undef METRICS_AGE
#undef METRICS_HISTOGRAM

extern metrics metrics_all;

#define METRIC_ADD(name, v)                                                                    \
    atomic_fetch_add_explicit(&metrics_all.name, (v), memory_order_relaxed)
#define METRIC_SET(name, v)     atomic_store_explicit(&metrics_all.name, (v), memory_order_relaxed)
#define METRIC_GET(name)        atomic_load_explicit(&metrics_all.name, memory_order_relaxed)
#define METRIC_TIME(member, us) metrics_observe(&metrics_all.member, (us))

void metrics_observe(metrics_histogram *h, int64_t us);

// Prometheus text exposition format 0.0.4; every name gets the prefix stemma_, but for
// process_*, which all programs name alike. No snapshot: each is read by itself.
void metrics_render(buf *out);

// The rows of all the tables and what is about the process, for the reference page.
void metrics_each(void (*fn)(void *arg, const char *name, const char *type, const char *help),
                  void *arg);

#endif
