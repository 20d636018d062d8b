// SPDX-License-Identifier: Apache-2.0
// What the files of net/ share. Read http.h first.
//
// Threads. Pool 1 waits in one epoll set (leader/follower: whoever gets an event serves it to
// its end). Descriptors are armed with EPOLLONESHOT, so a connection belongs to at most one
// thread at a time. Pool 2 takes whole requests from a queue: bodies that stream, long routes.
// The keeper accepts, cuts what is past its deadline, and adds threads.
//
//   READ   nothing, or a part of a header, has come; armed for input
//   BODY   the header is accepted, the body is being gathered; armed for input
//   RUN    a handler has it (pool 1, or queued for or running in pool 2); not armed
//   WRITE  the handler is done, the peer reads slowly: what is left goes out by events; armed
//   for output LINGER the reply is sent, input is thrown away until the peer has read it and
//   closes; armed for input
//   STREAM the reply stays open: the connection is the hub's (http_stream.c), not a worker's
//
// I1  Whoever arms a connection does not touch it afterwards: http_park is the last call.
// I2  `deadline` is stored before arming and cleared after the event; the keeper only shuts the
// socket down, under
//     server->lock and only for connections in the list. Closing takes the connection off the
//     list first.
// I3  An idle connection owns no buffer, arena or request.
// I4  The socket is touched in http_io.c only (and accepted, shut and closed by the keeper and
// http_conn.c): a second
//     transport goes there.
#ifndef STEMMA_NET_HTTP_INTERNAL_H
#define STEMMA_NET_HTTP_INTERNAL_H

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "net/http.h"
#include "net/http_wire.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

enum { HTTP_UNTIL_CLOSE = -2 };
enum {
    HTTP_HEAD_MAX = 16 << 10, // request line and headers
    HTTP_FIELDS_MAX = 100,    // header lines
    HTTP_INPUT = 64 << 10,    // a worker's input buffer
    HTTP_PIECE = 1 << 20,     // of a source, between two checks
    HTTP_STREAM_AT = 1 << 20, // JSON replies longer than this are streamed
    HTTP_GZIP_AT = 4 << 10,   // replies shorter than this are not worth it
    HTTP_JSON_MAX = 64 << 20, // one value of a JSON reply
    HTTP_PARAMS_MAX = 16,     // of a pattern
    HTTP_BODY_MAX = 16 << 20, // without HTTP_STREAM_BODY
    HTTP_LINGER_US = 2000000, // time for a peer to read a refusal
    HTTP_LINGER_BYTES = 8 << 20,
};
#define HTTP_HELD_MAX                                                                          \
    ((int64_t)256 << 20) // bytes of half requests and unsent replies, all connections together

// ---- parse ----------------------------------------------------------------------------
typedef enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED } http_framing;

typedef struct http_head {
    http_method method; // HEAD is HTTP_GET with is_head; 0: none of ours
    bool is_head, is_options;
    bool old; // HTTP/1.0
    bool keep_alive;
    bool expects; // 100-continue
    http_framing framing;
    uint64_t length;
    str path, query;
    http_field *fields;
    size_t n_fields;
    int refuse;      // status, when the request can not be served
    const char *why; // and the reason
} http_head;

// Bytes of the head that starts at p, its empty line included; 0: not complete. *line: where
// the last incomplete line begins (0 at first). *why is set when no valid head can begin like
// this.
size_t http_head_end(const char *p, size_t n, size_t *line, const char **why);
// `text` is a whole head, in memory that lives as long as *out; names are lower-cased in place.
// False: out->refuse.
bool http_head_parse(arena *a, char *text, size_t n, http_head *out);
str http_head_field(const http_head *h, const char *lower_case_name);
// Is `token` in a comma-separated list, without case? Parameters other than ";q=0" do not
// matter.
bool http_list_has(str list, str token);

// ---- router ---------------------------------------------------------------------------
typedef struct http_bound { // a route in its place
    const http_route *route;
    const http_dialect *dialect;
    str names[HTTP_PARAMS_MAX];
    size_t n_names;
    bool has_rest; // the last name is that of {rest...}
} http_bound;

typedef struct http_match {
    const http_bound *bound; // NULL: see methods
    unsigned methods;        // of all routes that have this path; 0: no such path
    bool broken; // an escape that can not be decoded, or a parameter that is not text
    str values[HTTP_PARAMS_MAX];
} http_match;

typedef struct http_router http_router;
http_router *http_router_new(arena *a, const http_dialect *const *dialects,
                             err *e); // NULL and e
void http_router_find(const http_router *r, arena *a, str path, http_method m, http_match *out);
const http_dialect *http_router_owner(const http_router *r, str path);

// ---- body -----------------------------------------------------------------------------
typedef struct http_payload {
    http_framing framing;
    uint64_t left;       // HTTP_LENGTH: bytes that have not come
    bool done;           // framing says that it ended
    http_chunks *chunks; // HTTP_CHUNKED
    const char *bad;     // what is wrong with the framing
    buf got;             // gathered, chunks undone, still encoded
    str have;            // what of it (or of the worker's input) has not been read
    char *to;            // where chunks put bytes now; NULL: got
    size_t n_to;
    struct http_inflate *inflate; // NULL: not encoded
    char *packed;                 // HTTP_INPUT bytes for it, in the arena
    str packed_left;              // what of them is not unpacked
    uint64_t given;               // bytes that the handler has
} http_payload;

// ---- a reply in the making ------------------------------------------------------------
typedef struct http_pump { // what is left of a source
    http_source s;
    uint64_t at, end, checked;
    bool on;
} http_pump;

struct http_req {
    struct http_conn *c;
    struct http_worker *w; // whose thread runs it now
    arena *a;
    http_head head;
    http_match match;
    const http_dialect *dialect; // words the errors
    http_payload body;
    str peer, user;
    bool user_proven, failing;
    const void *kept; // http_keep
    buf extra;        // header lines of the handler
    bool has_type, has_encoding;
    json_writer json;
    int json_status;
    const char *json_type;
    buf out; // of json
    struct http_deflate *deflate;
    http_pump pump;
    struct http_stream *stream; // the reply stays open
    int status;                 // 0: not replied
    bool streaming;             // the head of a chunked reply is out
    bool replied;               // all of it is given to the connection
    bool chunked, close, cut;
    int64_t began, look_at; // monotonic; when to look next whether the peer is there
    uint64_t bytes_in, bytes_out;
};

// ---- connections ----------------------------------------------------------------------
typedef enum http_state {
    HTTP_READ,
    HTTP_BODY,
    HTTP_RUN,
    HTTP_WRITE,
    HTTP_LINGER,
    HTTP_STREAM
} http_state;

typedef struct http_conn {
    int fd;
    _Atomic uint8_t state;      // http_state
    bool loopback, eof, broken; // broken: nothing more can be sent
    struct in6_addr ip;         // IPv4 as ::ffff:a.b.c.d
    _Atomic bool expired;       // the keeper shut it: its deadline is over
    _Atomic int64_t deadline;   // monotonic; 0 while a thread has it
    int64_t since;              // when the part that has a deadline began
    uint64_t moved;             // bytes since
    int64_t held;               // bytes accounted in server->held
    _Atomic int unread; // bytes in the kernel that the peer had not read when we last looked
    char *saved;        // input that waits: a part of a head, or requests behind this one
    size_t n_saved;
    buf out; // reply that could not be sent yet
    size_t out_at;
    http_req *req;
    struct http_conn *prev, *next; // server->conns
    struct http_conn *queued;      // pool 2
    struct http_addr *addr;
} http_conn;

void http_conn_event(struct http_worker *w, http_conn *c); // any event on it
void http_conn_job(struct http_worker *w, http_conn *c);   // pool 2: run c->req
str http_addr_text(arena *a, const struct in6_addr *ip);

// ---- workers --------------------------------------------------------------------------
typedef struct http_worker {
    http_server *s;
    pthread_t thread;
    bool second; // pool 2
    bool lent;   // a thread of pool 1 that waits for a slow reader: counted as one of pool 2
    _Atomic bool over;    // ended: to be joined
    _Atomic int64_t busy; // since when it runs a handler; 0: it does not
    _Atomic int stat;     // /proc/thread-self/stat of a thread of pool 1
    arena *spare;         // for the next request; NULL while a request has it
    char *in;             // HTTP_INPUT bytes, [in_at, in_n) not consumed
    size_t in_at, in_n;
    buf head, out; // reply head; JSON buffer, lent to the request
    int64_t date_s;
    char date[40];
    struct http_worker *next;
} http_worker;

http_worker *http_worker_new(http_server *s, bool second);
void http_worker_free(http_worker *w);
bool http_pool_start(http_server *s);
bool http_pool_submit(http_server *s,
                      http_conn *c); // to pool 2; false: it has no thread and gets none
void http_pool_lend(http_worker *w);
void http_pool_unlend(http_worker *w);
int64_t
http_pool_grow(http_server *s,
               int64_t now); // by the keeper; microseconds to the next look, -1: no hurry
void http_pool_reap(http_server *s); // joins what has ended
void http_pool_stop(http_server *s); // ends and joins all; no connection may be left
void *http_keeper(void *server);
void http_keeper_poke(http_server *s);
void http_keeper_cut(http_server *s, bool all); // the idle ones, or all connections

// ---- the server -----------------------------------------------------------------------
#define HTTP_ADDR_SLOTS 1024
typedef struct http_addr { // connections of one address
    struct in6_addr ip;
    int n;
    struct http_addr *next;
} http_addr;

struct http_server {
    http_config c; // with the defaults filled in
    arena *a;      // lives as long as the server
    http_router *router;
    int epoll, listen, wake, quit; // wake, quit: eventfds
    int reserve;                   // a descriptor to give up when they run out
    int port, cores;
    struct http_hub *hub;  // of streams
    _Atomic bool stopping; // no new requests
    pthread_t keeper;
    _Atomic bool keeper_asleep;
    _Atomic bool quitting; // threads end
    _Atomic int64_t held;

    pthread_mutex_t lock; // guards the next four
    pthread_cond_t none;  // conns became empty
    http_conn *conns;
    _Atomic int n_conns;
    http_addr *addrs[HTTP_ADDR_SLOTS];

    pthread_mutex_t pool_lock; // guards workers and the queue
    pthread_cond_t work;
    http_worker *workers;
    http_conn *queue_first, *queue_last;
    int n_queued;
    int n2, idle2; // threads of pool 2, and those that wait
    pthread_cond_t bench;
    int benched,
        called;        // threads of pool 1 that sit out, and those of them that shall come back
    int peak, samples; // of sleeping handlers, since the target was last looked at
    int64_t sample_at;
    _Atomic int target;    // threads of pool 1 that shall follow
    _Atomic int n1, idle1; // those that do, and those of them that wait
    _Atomic int lent;
};

http_server *http_server_new(const http_config *c, err *e); // without sockets and threads
void http_server_free(http_server *s);
void http_conn_add(http_server *s, int fd, const struct sockaddr *sa); // by the keeper
void http_conn_close(http_conn *c, http_server *s);
void http_park(http_worker *w, http_conn *c, http_state state);

// ---- io -------------------------------------------------------------------------------
enum { HTTP_AGAIN = -1, HTTP_GONE = -2 };
ssize_t http_recv(http_conn *c, void *p,
                  size_t n); // bytes, 0 at the end, HTTP_AGAIN, HTTP_GONE
ssize_t http_send(http_conn *c, struct iovec *iov, int n, bool more); // bytes; iov is moved on
ssize_t http_send_file(http_conn *c, int fd, uint64_t at, size_t n);
bool http_wait(http_conn *c, short events,
               int64_t until); // false: too late, or the server stops
int64_t http_rate_deadline(const http_server *s, int64_t since, uint64_t moved, int64_t now);
bool http_peer_left(const http_conn *c);
void http_note_unread(http_conn *c);
bool http_reads_on(const http_server *s,
                   http_conn *c); // at the minimum rate since it was noted; notes it anew
// All of it, waiting for a slow reader (`last` false), or as much as goes at once, the rest
// kept in c->out.
bool http_write(http_req *r, struct iovec *iov, int n, bool last);

// ---- streams (http_stream.c) ----------------------------------------------------------
typedef struct http_hub http_hub;
http_hub *http_hub_new(http_server *s, err *e);
void http_stream_hand(http_worker *w, http_conn *c); // frees the request; c is the hub's then
void http_hub_stop(http_hub *h); // closes all streams, and what comes to be handed
void http_hub_free(http_hub *h); // when no stream is left

// ---- body, reply, source, gzip --------------------------------------------------------
void http_body_init(http_req *r);
void http_body_free(http_payload *b);
// Takes what of [p, p + n) belongs to the body into b->got; returns how much that was. b->bad:
// wrong framing.
size_t http_body_feed(http_payload *b, const char *p, size_t n);
bool http_body_prepare(http_req *r,
                       err *e); // before the handler: undoes the encoding, or makes ready to
bool http_body_consumed(
    const http_payload *b); // the next request begins right behind what was read

bool http_admit(http_req *r);                                    // false: it is answered
void http_reply_plain(http_req *r, int status, const char *why); // without a dialect
void http_reply_continue(http_req *r);
// length: -1 for chunks, HTTP_UNTIL_CLOSE for bytes up to the close of the connection.
bool http_head_send(http_req *r, int status, const char *type, int64_t length,
                    struct iovec *rest, int n_rest, bool last);
void http_fail_code(http_req *r, err_code code, const char *msg);
bool http_gzip_wanted(http_req *r, const char *type);
typedef enum http_pumped { HTTP_PUMP_DONE, HTTP_PUMP_LATER, HTTP_PUMP_CUT } http_pumped;
http_pumped http_pump_run(http_req *r);
void http_json_release(http_req *r, http_worker *w);
void http_req_free(http_req *r, http_worker *w); // logs, counts, gives the arena back
const char *http_status_text(int status);

typedef struct http_inflate http_inflate;
http_inflate *http_inflate_new(void);
void http_inflate_free(http_inflate *z);
// Takes from *in, gives at most n bytes; -1: damaged. 0 with *in empty: wants more.
ssize_t http_inflate_some(http_inflate *z, str *in, void *p, size_t n);
bool http_inflate_ended(const http_inflate *z);
typedef struct http_deflate http_deflate;
http_deflate *http_deflate_new(void);
void http_deflate_free(http_deflate *z);
void http_deflate_add(http_deflate *z, str in, bool end, buf *out);

#endif
