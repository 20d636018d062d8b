// SPDX-License-Identifier: Apache-2.0
// http: the server's side of HTTP, as handlers see it. A connection is parked in epoll while it
// is idle; once its header and a body of up to HTTP_SMALL_BODY stand in a buffer, a worker runs
// the handler as straight-line code. Longer bodies, and replies to slow readers, run on a
// second pool, so that they never hold up the first. What is below (HTTP/1.1 now, TLS and
// HTTP/2 later) is behind http_transport in http_internal.h.
//
// Refused before any handler: headers over 16 KiB or 100 of them, a Transfer-Encoding other
// than chunked, it together with Content-Length, repeated Content-Length or Host, no Host,
// obs-fold, bare LF, NUL; 10 s for the header; a minimum rate for bodies; 60 s idle; caps on
// connections in all and per address (503).
#ifndef STEMMA_NET_HTTP_H
#define STEMMA_NET_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#include <sys/types.h>

#define HTTP_SMALL_BODY (1u << 20)

typedef struct http_server http_server;
typedef struct http_req http_req;

// ---- who may do what ------------------------------------------------------------------
// A route's permission. There is no value 0: a row that names none does not compile (PERM_ is
// pasted by ROUTE).
#define PERM_TABLE(X)                                                                          \
    X(PUBLIC, "anybody, without a token: tells nothing about what is stored")                  \
    X(KNOWN, "anybody whom the server knows, without a role too: tells of the caller only")    \
    X(READ, "reads what is stored; a search by POST too")                                      \
    X(WRITE, "logs, creates, changes, deletes (what can be restored)")                         \
    X(MAINTAIN, "what can not be undone, or is protected")                                     \
    X(ADMIN, "says who may do what in the workspace")                                          \
    X(OPERATE, "operates the server: users, jobs, backups")
#define PERM_ENUM(name, doc) PERM_##name,
typedef enum http_perm { PERM_NONE_, PERM_TABLE(PERM_ENUM) } http_perm;
#undef PERM_ENUM

// ---- routes ---------------------------------------------------------------------------
typedef enum http_method {
    HTTP_GET = 1,
    HTTP_POST = 2,
    HTTP_PUT = 4,
    HTTP_PATCH = 8,
    HTTP_DELETE = 16
} http_method;
// HEAD is served by GET's handler (the body is dropped); OPTIONS is answered by the server.

enum {
    HTTP_STREAM_BODY = 1, // the handler reads the body itself with http_read, of any length
    HTTP_LONG = 2,        // may run long (large replies): on the second pool from the start
    HTTP_NO_LOG = 4,      // not worth a log line (health)
};

typedef struct http_route {
    unsigned methods;
    const char *pattern; // "/a/{id}/b"; "{rest...}" as last segment takes many; literals win
                         // over parameters
    http_perm perm;
    void (*handler)(http_req *r);
    const char *doc; // one sentence, for the reference page
    unsigned flags;
    uint32_t max_body; // bytes; 0: HTTP_SMALL_BODY (16 MiB at most without HTTP_STREAM_BODY,
                       // which has no limit)
    const void *data;  // the dialect's own, see http_route_of
} http_route;

#define ROUTE(m, p, permission, fn, text, ...)                                                 \
    {                                                                                          \
        .methods = (m), .pattern = (p), .perm = PERM_##permission, .handler = (fn),            \
        .doc = (text), __VA_ARGS__                                                             \
    }

// A dialect: its routes and how it words an error. Patterns that do not begin with '/' are
// served under each prefix.
typedef struct http_dialect {
    const char *name;
    const char *const *prefixes; // NULL-terminated, each "/api/" like; may be NULL
    const http_route *routes;
    size_t n;
    void (*render_error)(http_req *r, const err *e); // replies
    bool (*owns)(str path);                          // paths without a route: whose 404 is it?
} http_dialect;

// ---- a server -------------------------------------------------------------------------
typedef struct http_config {
    str host;                            // "127.0.0.1", "::1", "0.0.0.0"
    int port;                            // 0: any free one, see http_server_port
    const http_dialect *const *dialects; // NULL-terminated; the first one words errors of
                                         // paths that nobody owns
    void *app;                           // http_app
    // Called before the body is read (and before 100-continue). False: e is rendered by the
    // route's dialect.
    bool (*authorise)(http_req *r, const http_route *route, err *e);
    // Called before OPTIONS is answered with 204 and Allow: may add headers (CORS). May be
    // NULL.
    void (*preflight)(http_req *r);
    int workers, long_workers;            // most threads of the pools; 0: 128 and 1024
    int max_connections, max_per_address; // 0: 20,000 and 4,096 (loopback: no limit of its
                                          // own); IPv6 counts by /64
    int64_t header_us, idle_us;           // deadlines; 0: the defaults above
    int64_t min_body_rate; // bytes a second that a peer must send or read, after a grace of
                           // header_us; 0: 1 KiB/s
    int max_streams;       // replies that stay open; 0: half of the connections
    int64_t stream_beat_us, stream_stall_us; // 0: 15 s and 30 s
    bool compress_local; // gzip replies to loopback peers too (default: only to others, who
                         // gain by it)
} http_config;

http_server *http_server_start(const http_config *c, err *e); // listens when it returns
int http_server_port(const http_server *s);
// No new connections or requests; those at work get up to grace_us to end. Then everything is
// freed.
void http_server_stop(http_server *s, int64_t grace_us);

// ---- a request ------------------------------------------------------------------------
arena *http_arena(http_req *r);
void *http_app(http_req *r);
const http_route *http_route_of(http_req *r);
http_method http_method_of(http_req *r);
bool http_is_head(http_req *r);
str http_path(http_req *r);  // as sent, percent-encoded, without the query
str http_query(http_req *r); // behind '?', as sent
// Of the pattern: percent-decoded once and checked to be text; {rest...} as sent, not decoded.
str http_param(http_req *r, const char *name);
str http_header(http_req *r, const char *lower_case_name); // empty (p NULL) when absent
// Content-Type without its parameters ("; charset=..."), in any case; p NULL when absent.
str http_media_type(http_req *r);
// Whole; not with HTTP_STREAM_BODY. gzip and chunked are undone already.
str http_body(http_req *r);
bool http_takes_gzip(http_req *r); // by Accept-Encoding
str http_peer(http_req *r);        // numeric address
bool http_peer_is_loopback(http_req *r);
void http_set_user(http_req *r, str name, bool proven); // by authorise; copied
str http_user(http_req *r, bool *proven);
// What authorise found out, for the handlers: the application's own, living in the arena.
void http_keep(http_req *r, const void *found);
const void *http_kept(const http_req *r); // NULL: nothing

// HTTP_STREAM_BODY: up to n bytes (0 at the end; -1 and e on a broken, slow or oversized body).
// Content-Encoding is undone. The announced length, or -1 when chunked or encoded.
ssize_t http_read(http_req *r, void *p, size_t n, err *e);
// All n of them; *got < n: the body ended.
bool http_read_full(http_req *r, void *p, size_t n, size_t *got, err *e);
int64_t http_content_length(http_req *r);

// ---- a reply: exactly one of these a request ------------------------------------------
// Headers before the reply; name and value are copied; CR, LF and NUL in a value are refused
// (dropped, logged).
void http_set_header(http_req *r, const char *name, str value);
void http_reply(http_req *r, int status, const char *content_type, str body);
void http_fail(http_req *r, const err *e); // by the dialect's render_error

// JSON: writes into a buffer of the request; past 1 MiB it turns into a chunked stream, so
// replies of any length need little memory. http_json_end sends the rest. After http_json_fail
// the connection is cut if bytes went out.
json_writer *http_json(http_req *r, int status, const char *content_type);
void http_json_end(http_req *r);
void http_json_fail(http_req *r, const err *e);
// Bytes of another kind go the same way: append them to the writer's buffer (`out`) and call
// http_json_flush now and then, which sends once a piece has come together and waits for the
// peer.
void http_json_flush(http_req *r);
// The same at once, whatever has come together: for replies that come slowly.
void http_json_send(http_req *r);
// True when the peer is gone, or has closed its side: stop working. Cheap enough to ask for
// each row.
bool http_gone(http_req *r);

// Bytes that come from a function, in pieces, with a known total length and ranges. `read(arg,
// offset, p, n, e)` fills p (at most n) and returns the count, -1 on an error (the connection
// is then cut). `fd` >= 0: the bytes [base, base + length) of a file instead, sent without
// copying; `check(arg, offset, n, e)`, if set, is asked before each piece (of 1 MiB at most)
// goes out; when it refuses the first one, the reply is that error. Serves Range (one range),
// If-Range, If-None-Match by `etag` (quoted, or empty) and HEAD.
//
// When the peer reads slowly the rest goes out after the handler has returned, from other
// threads, one at a time: `arg`, what it points to and the open `fd` must live until the
// arena's reset (arena_on_reset closes them), never on the handler's stack. `read` may be asked
// for the same bytes twice.
typedef struct http_source {
    uint64_t length;
    str etag;
    const char *content_type;
    int fd;
    uint64_t base;
    bool (*check)(void *arg, uint64_t offset, size_t n, err *e);
    ssize_t (*read)(void *arg, uint64_t offset, void *p, size_t n, err *e);
    void *arg;
} http_source;
void http_reply_source(http_req *r, const http_source *s);

// ---- a reply that stays open ------------------------------------------------------------
// Bytes follow whenever there is news, until the peer leaves, is dropped, or the server stops;
// no thread waits for that. Between the handler's call and `closed` any thread may send. A peer
// that takes nothing for stream_stall_us, or for which more than HTTP_STREAM_KEPT_MAX bytes are
// kept besides a first piece, is dropped.
#define HTTP_STREAM_KEPT_MAX (64u << 10)
typedef struct http_stream http_stream;

typedef struct http_stream_events { // called by one thread for all streams: be brief
    void (*ready)(void *arg);       // the stream is open, or what was kept is out: give more
    void (*closed)(void *arg);      // the last call: the stream is gone when it returns
    void *arg;
} http_stream_events;

// Instead of another reply. `heartbeat` is sent when nothing was for stream_beat_us; its bytes
// live as long as the server. NULL and e (ERR_UNAVAILABLE): too many; nothing was replied.
http_stream *http_reply_stream(http_req *r, const char *content_type, str heartbeat,
                               const http_stream_events *events, err *e);

typedef enum http_streamed {
    HTTP_STREAM_SENT, // the peer's socket has it
    HTTP_STREAM_KEPT, // wait for `ready` before you give more
    HTTP_STREAM_OVER, // `closed` comes or came
} http_streamed;
http_streamed http_stream_send(http_stream *t, str bytes); // never waits; not behind `closed`
void http_stream_end(http_stream *t);                      // the same: `closed` comes soon

// ---- for the reference page and the tests ---------------------------------------------
const char *http_perm_name(http_perm p);
void http_routes_each(const http_dialect *d,
                      void (*fn)(void *arg, const char *full_pattern, const http_route *r),
                      void *arg);

#endif
