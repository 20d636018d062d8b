// SPDX-License-Identifier: Apache-2.0
// The two things that llhttp reads for us: a whole head, and the chunks of a body. Apart from
// http_internal.h because llhttp.h and http.h both name methods HTTP_GET.
#ifndef STEMMA_NET_HTTP_WIRE_H
#define STEMMA_NET_HTTP_WIRE_H

#include "base/arena.h"

typedef struct http_field {
    str name, value; // name in lower case, value without white space around it
} http_field;

typedef struct http_wire_head {
    str method, target;
    int major, minor;
    http_field *fields; // room for `room`
    size_t n_fields, room;
    bool keep_alive, has_encoding, chunked, has_length;
    uint64_t length;
    int refuse;      // status
    const char *why; // when it is refused: a static sentence
} http_wire_head;

// Reads the head that fills `text`; lower-cases the names in place. False: out->why.
bool http_wire_head_read(char *text, size_t n, http_wire_head *out);

typedef struct http_chunks http_chunks;
http_chunks *http_chunks_new(arena *a);
// Takes bytes off the wire, `give`s what they carry; returns how many it took (fewer than n
// only at the end of the body, and on an error). Extensions and trailers are dropped, and
// bounded.
size_t http_chunks_feed(http_chunks *c, const char *p, size_t n,
                        void (*give)(void *arg, str bytes), void *arg);
bool http_chunks_done(const http_chunks *c);
const char *http_chunks_bad(const http_chunks *c); // NULL, or what is wrong

#endif
