// SPDX-License-Identifier: Apache-2.0
// client: HTTP requests to a server, over libcurl. For commands and imports: blocking, a thread
// at a time. Connections are kept open between requests. http and https only; redirects are
// followed to the same host.
#ifndef STEMMA_NET_CLIENT_H
#define STEMMA_NET_CLIENT_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/types.h>

typedef struct http_client http_client;

typedef struct http_client_config {
    str url;            // "http://host:port/prefix"; paths of requests are joined to it
    str token;          // sent as Bearer; empty: none
    str user, password; // sent as Basic when user is not empty
    str headers;        // sent with every request, "Name: value\n" each
    int64_t stall_us;   // an exchange without a byte for so long has failed; 0: 60 s
    int64_t within_us;  // an exchange that takes longer has failed; 0: it may take any time
} http_client_config;

http_client *http_client_new(const http_client_config *c, err *e); // ERR_INVALID on a bad URL
void http_client_free(http_client *c);
void http_client_set_headers(http_client *c, str headers); // in place of the configuration's

// One exchange. A body is text, or comes from `read` (which fills at most n bytes, gives their
// count, 0 at the end, -1 to give up); a reply is kept (up to 64 MiB) or goes to `write` piece
// by piece (false: give up). Only replies with status 200 to 299 go to `write`; others are kept
// so that their error can be told.
typedef struct http_exchange {
    const char *method;                // "GET" ...
    str path;                          // from '/', percent-encoded, with its query
    const char *content_type, *accept; // NULL: none, any
    str body;
    ssize_t (*read)(void *arg, void *p, size_t n);
    int64_t length;   // of what `read` gives; -1: not known
    int64_t stall_us; // as the client's; 0: that
    bool (*write)(void *arg, const void *p, size_t n);
    bool (*stop)(void *arg); // true: give up
    void *arg;
    str headers; // more of them, "Name: value\n" each
    // what came; the status and the fields are there when `write` is called first
    int status;
    str reply, reply_type; // in the arena
    str reply_fields;      // the lines of the reply's header; in the arena, as long as `write`
                           // runs in the client's memory
} http_exchange;

// The value of a header field of the reply ("etag"); empty when it has none.
str http_exchange_field(const http_exchange *x, const char *name);

// False when no reply came: ERR_UNAVAILABLE (not reached, cut off), ERR_DEADLINE (stalled),
// ERR_CANCELLED (read or write gave up), with a sentence that names the server.
bool http_client_do(http_client *c, arena *a, http_exchange *x, err *e);

// A text as part of a path or a query's value.
str http_client_escape(arena *a, str s);

#endif
