// SPDX-License-Identifier: Apache-2.0
// What the parts of the load generator share. It speaks HTTP/1.1 over keep-alive connections,
// one request in flight a connection, driven by one or two epoll threads, and costs so little a
// request that it is not what is measured
// (`b_load sink` is a server that throws everything away: it shows the generator's own
// ceiling).
#ifndef STEMMA_BENCH_LOAD_H
#define STEMMA_BENCH_LOAD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

// ---- options (b_load.c) --------------------------------------------------------------------
// X(name, kind, default, what it is)
#define LOAD_OPTIONS(X)                                                                        \
    X(host, TEXT, "127.0.0.1", "where the server is")                                          \
    X(port, NUMBER, "5000", "its port")                                                        \
    X(token, TEXT, "", "sent as Bearer")                                                       \
    X(conns, NUMBER, "8", "connections, one request in flight each")                           \
    X(threads, NUMBER, "1", "threads that drive them")                                         \
    X(seconds, NUMBER, "10", "how long; idle: how long to hold, 0: until standard input ends") \
    X(count, NUMBER, "0", "stop after so many points, runs, files or requests; 0: by time")    \
    X(batch, NUMBER, "1000", "points: points a request")                                       \
    X(keys, NUMBER, "10", "points: series a step; they share its time")                        \
    X(runs, NUMBER, "0", "points: runs, 0: one a connection; fill: runs")                      \
    X(pid, NUMBER, "0", "the server's process: its CPU time is reported")                      \
    X(pause, NUMBER, "0", "points: microseconds before each batch; with as many --threads as --conns") \
    X(patience, NUMBER, "0", "points: seconds to go on trying when the server is away")        \
    X(skip_readback, FLAG, "", "do not read back what was acknowledged")                       \
    X(readback_runs, NUMBER, "0", "points: read back only so many of the runs; 0: all")        \
    X(seed, NUMBER, "1", "of the numbers that are made up")                                    \
    X(buckets, NUMBER, "1000", "charts: parts of the range")                                    \
    X(experiment, TEXT, "", "id of the experiment; else one is made")                          \
    X(filter, TEXT, "", "search: the filter")                                                  \
    X(order_by, TEXT, "", "search: order, separated by commas")                                \
    X(max_results, NUMBER, "100", "search: rows a page; history, interval: points")            \
    X(pages, NUMBER, "1", "search: pages that are followed")                                   \
    X(page_token, TEXT, "", "search: where the first page begins")                             \
    X(run, TEXT, "", "history, interval, charts: the run's id")                                 \
    X(key, TEXT, "", "history, interval: the metric")                                          \
    X(size, NUMBER, "4096", "up, files: bytes a file")                                         \
    X(path, TEXT, "bench/file", "up, down, files: name in the artifact tree")                  \
    X(check, FLAG, "", "down: compare every byte with what up sent")                           \
    X(metrics, NUMBER, "100", "fill: metrics a run")                                           \
    X(params, NUMBER, "70", "fill: parameters a run (100 at most)")                            \
    X(tags, NUMBER, "30", "fill: tags a run (100 at most)")                                    \
    X(rate, NUMBER, "20", "follow: projects created a second")                                 \
    X(write_port, NUMBER, "0", "follow: where they are created; 0: the same server")           \
    X(db, TEXT, "", "fill-peer, series-peer, history-peer: the peer's SQLite file")            \
    X(json, FLAG, "", "print the result as one JSON object")

#define LOAD_T_TEXT                            const char *
#define LOAD_T_NUMBER                          int64_t
#define LOAD_T_FLAG                            bool
#define LOAD_MEMBER(name, kind, fallback, doc) LOAD_T_##kind name;
typedef struct load_options {
    LOAD_OPTIONS(LOAD_MEMBER)
} load_options;

// ---- result (report.c) ---------------------------------------------------------------------
// Names and values in order, printed as lines or as one JSON object. Names and texts are not
// copied, except by report_text.
typedef struct report {
    arena *a;
    buf json; // members
    json_writer w;
    buf text;
} report;

void report_init(report *r, arena *a);
void report_i64(report *r, const char *name, int64_t v);
void report_f64(report *r, const char *name,
                double v); // four significant digits behind the point in text
void report_text(report *r, const char *name, str v);
void report_json(report *r, const char *name, str ready_made);
void report_print(const report *r, bool as_json);

// ---- latencies (hist.c) --------------------------------------------------------------------
// Microseconds in buckets of at most 1.6 % width (64 a power of two).
#define HIST_SUB     64
#define HIST_BUCKETS (HIST_SUB * 36)
typedef struct hist {
    uint64_t n, max, bucket[HIST_BUCKETS];
} hist;

void hist_add(hist *h, uint64_t us);
void hist_merge(hist *into, const hist *h);
// The upper end of the bucket that holds the value below which `q` of all values lie; 0 when
// there is none.
uint64_t hist_quantile(const hist *h, double q);
// <prefix>p50_ms, p95, p99, p99.9 and max.
void hist_report(const hist *h, report *r, const char *prefix);

// ---- one reply (reply.c) -------------------------------------------------------------------
// An incremental reader of one HTTP/1.1 reply: status, Content-Length or chunks; 1xx replies
// are passed over.
typedef struct reply {
    int status;
    bool close; // the server ends the connection after it
    uint64_t n; // bytes of body so far
    enum {
        REPLY_HEAD,
        REPLY_BODY,
        REPLY_CHUNK_SIZE,
        REPLY_CHUNK,
        REPLY_CHUNK_END,
        REPLY_TRAILER,
        REPLY_DONE
    } state;
    uint64_t left;    // of the body or the chunk
    char line[16384]; // head or chunk line so far
    size_t line_n;
} reply;

void reply_init(reply *r);
// Takes what was read; body bytes go to `sink`. Returns false on bytes that are no reply, with
// `*why`.
bool reply_feed(reply *r, const char *p, size_t n, void (*sink)(void *, const char *, size_t),
                void *arg, const char **why);

// ---- engine (engine.c) ---------------------------------------------------------------------
// A connection and what is in flight on it. `next` fills head (request line, headers, maybe a
// body) and, for bodies that are long, `body`: body_n bytes that repeat the first body_span
// ones.
typedef struct slot {
    size_t index;
    void *state; // the command's own
    buf head;
    const char *body;
    uint64_t body_n;
    size_t body_span;
    // the reply
    int status;
    buf kept;        // the body, up to load.keep bytes
    uint64_t got;    // bytes of body
    int64_t took_us; // from the first byte sent to the last byte read
    // the engine's own
    reply in;
    int fd;
    uint64_t sent;
    int64_t began_us, retry_at_us, lost_us;
    bool over, wants_out;
    struct load *load;
    struct driver *driver;
} slot;

typedef struct load {
    const load_options *o;
    size_t conns, keep;
    void *arg;
    // Makes the next request; false: this connection has nothing more to do.
    bool (*next)(void *arg, slot *s);
    // The reply is there. False: it is wrong, which stops everything (load_fail says why).
    bool (*done)(void *arg, slot *s);
    // Body bytes as they come, instead of keeping them; may be NULL.
    void (*piece)(void *arg, slot *s, const char *p, size_t n);
    int64_t patience_us; // a lost connection is tried again for so long, with the same request
    // results
    hist latency;
    uint64_t replies, reconnects, bytes_in, bytes_out;
    int64_t wall_us;
    double server_cpu_s; // of the process --pid
    char error[500];
    // the engine's own
    slot *slots;
    struct driver *drivers;
    bool stop;
} load;

// Runs until every connection has nothing more to do, leaving them open; false when something
// went wrong (l->error). `states` is an array of conns elements of `state_size` bytes, one a
// connection, or NULL.
bool load_run(load *l, void *states, size_t state_size);
void load_close(load *l); // closes the connections, frees what load_run made
void load_fail(load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// A request of the API (path behind the host) with a JSON body, NULL body for GET.
void request(slot *s, const load_options *o, const char *method, str path, str body);
// Head only: the body of `n` bytes follows from s->body.
void request_head(slot *s, const load_options *o, const char *method, str path, uint64_t n,
                  const char *type);
// One request on a connection of its own; the reply's body in the arena. False unless the
// status is 200.
bool call_once(const load_options *o, arena *a, const char *method, str path, str body,
               str *answer, char error[500]);
void report_load(report *r, const load *l); // latency, bytes, reconnects, the server's CPU

// ---- helpers (data.c) ----------------------------------------------------------------------
uint64_t mix64(uint64_t x); // splitmix64's finaliser
double unit(uint64_t x);    // [0, 1) from mixed bits
// A loss curve's point: float32-born, with 1 % noise; equal arguments give equal values.
double curve(uint64_t seed, uint64_t series, int64_t step);
int64_t curve_time(uint64_t seed,
                   int64_t step); // milliseconds: a step each 250 ms, jitter of 20 ms
str *series_names(arena *a, size_t n); // of a run's series
str url_escape(arena *a, str s);
bool find_string(str json, const char *key,
                 str *value); // the first "key": "value" without escapes in it
// The experiment to work in: the one named, or a new one.
bool experiment_id(const load_options *o, arena *a, str *id, char error[500]);
// Creates a run and gives its id.
bool make_run(const load_options *o, arena *a, str experiment, const char *name, char id[64],
              char error[500]);
double process_cpu(int64_t pid); // seconds that it used so far, user and system; 0 when unknown
double own_cpu(void);
// A body of a run's creation, as the Python client sends it.
void run_body(buf *b, str experiment, const char *name, int64_t start_ms);
// What fill puts into run i: the same for both servers.
#define FILL_TEXT 64
typedef struct fill_text {
    char p[FILL_TEXT];
} fill_text;
double fill_metric(uint64_t seed, uint64_t i, uint64_t j);
void fill_param(uint64_t seed, uint64_t i, uint64_t j, fill_text *out);
void fill_tag(uint64_t seed, uint64_t i, uint64_t j, fill_text *out);
int64_t fill_start(uint64_t i);
#define FILL_SECONDS 600 // a run's length

// ---- frames of points (frame.c): application/vnd.stemma.points, docs/formats-native.md
#define FRAME_TYPE "application/vnd.stemma.points"
typedef struct frame { // keys x steps points of a run
    const char *run;   // 32 hex digits
    uint64_t seed;
    int64_t from; // first step
    size_t steps;
    const str *keys;
    size_t n_keys;
} frame;
void put_frame(buf *b, const frame *f); // a whole body with this frame

// ---- commands ------------------------------------------------------------------------------
// Each returns the exit status: 0 when all went well and everything was read back.
int cmd_points(const load_options *o, arena *a, report *r);
int cmd_ingest(const load_options *o, arena *a, report *r);
int cmd_charts(const load_options *o, arena *a, report *r);
int cmd_runs(const load_options *o, arena *a, report *r);
int cmd_moves(const load_options *o, arena *a, report *r);
int cmd_search(const load_options *o, arena *a, report *r);
int cmd_history(const load_options *o, arena *a, report *r);
int cmd_interval(const load_options *o, arena *a, report *r);
int cmd_up(const load_options *o, arena *a, report *r);
int cmd_down(const load_options *o, arena *a, report *r);
int cmd_files(const load_options *o, arena *a, report *r);
int cmd_idle(const load_options *o, arena *a, report *r);
int cmd_follow(const load_options *o, arena *a, report *r);
int cmd_fill(const load_options *o, arena *a, report *r);
int cmd_fill_peer(const load_options *o, arena *a, report *r);
int cmd_series_peer(const load_options *o, arena *a, report *r);
int cmd_history_peer(const load_options *o, arena *a, report *r);
int cmd_sink(const load_options *o, arena *a, report *r);
int failed(report *r, const char *error); // notes it in the result and returns 1

#endif
