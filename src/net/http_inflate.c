// SPDX-License-Identifier: Apache-2.0
// gzip and deflate (RFC 1952, RFC 1950) around zlib, in pieces: the caller decides how much may
// come out, so a small body that unpacks to gigabytes costs no more than the limit. One thread
// at a time an object.
#include "net/http_internal.h"

#include <stdlib.h>
#include <zlib.h>

struct http_inflate {
    z_stream z;
    bool ended;   // the last member is complete
    bool wrapped; // it is gzip: members may follow each other
};

http_inflate *http_inflate_new(void) {
    http_inflate *i = mem_alloc(sizeof *i);
    BUG_ON(inflateInit2(&i->z, 15 + 32) != Z_OK); // either wrapping, by its first bytes
    return i;
}

void http_inflate_free(http_inflate *i) {
    if (!i) return;
    inflateEnd(&i->z);
    free(i);
}

bool http_inflate_ended(const http_inflate *i) {
    return i->ended;
}

static void give(z_stream *z, str in) {
    z->next_in = (Bytef *)(uintptr_t)in.p; // zlib does not write there
    z->avail_in = in.n > UINT32_MAX ? UINT32_MAX : (uInt)in.n;
}

ssize_t http_inflate_some(http_inflate *i, str *in, void *p, size_t n) {
    z_stream *z = &i->z;
    z->next_out = p;
    z->avail_out = n > UINT32_MAX ? UINT32_MAX : (uInt)n;
    uInt room = z->avail_out;
    while (in->n && z->avail_out == room) {
        if (i->ended) { // another member, or rubbish
            if (!i->wrapped || inflateReset(z) != Z_OK) return -1;
            i->ended = false;
        }
        if (!z->total_in) i->wrapped = *in->p == 0x1f;
        give(z, *in);
        uInt before = z->avail_in;
        int rc = inflate(z, Z_NO_FLUSH);
        *in = str_n(in->p + (before - z->avail_in), in->n - (before - z->avail_in));
        if (rc == Z_STREAM_END)
            i->ended = true;
        else if (rc != Z_OK && rc != Z_BUF_ERROR)
            return -1;
        else if (before == z->avail_in && z->avail_out == room)
            break;
    }
    if (!in->n && z->avail_out == room && !i->ended) { // what zlib still holds back
        int rc = inflate(z, Z_NO_FLUSH);
        if (rc == Z_STREAM_END)
            i->ended = true;
        else if (rc != Z_OK && rc != Z_BUF_ERROR)
            return -1;
    }
    return (ssize_t)(room - z->avail_out);
}

struct http_deflate {
    z_stream z;
};

http_deflate *http_deflate_new(void) {
    http_deflate *d = mem_alloc(sizeof *d);
    BUG_ON(deflateInit2(&d->z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK);
    return d;
}

void http_deflate_free(http_deflate *d) {
    if (!d) return;
    deflateEnd(&d->z);
    free(d);
}

void http_deflate_add(http_deflate *d, str in, bool end, buf *out) {
    BUG_ON(in.n > UINT32_MAX);
    give(&d->z, in);
    int rc;
    do {
        size_t room = 16 << 10;
        char *to = buf_room(out, room);
        if (!to) return; // out->full
        d->z.next_out = (Bytef *)to;
        d->z.avail_out = (uInt)room;
        rc = deflate(&d->z, end ? Z_FINISH : Z_NO_FLUSH);
        BUG_ON(rc == Z_STREAM_ERROR);
        out->n += room - d->z.avail_out;
    } while (end ? rc != Z_STREAM_END : d->z.avail_in || !d->z.avail_out);
}
