// SPDX-License-Identifier: Apache-2.0
// pickle_unpack: what is compressed with zlib (gzip, zlib, the files of zip archives) or zstd,
// in memory. It goes as far as PICKLE_UNPACK_MAX and what may be read in all, which what comes
// out is paid with: small files that become large ones end there. What is damaged is scanned as
// far as it came out, for that is what an unpickler gets. Any thread.
#include "store/pickle_internal.h"

#include "base/buf.h"

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { FIRST = 16 << 10, PIECE = 4 << 10, ROOM = 64 << 10 };
enum { ZSTD_WINDOW_LOG = 23 }; // of its memory: the most that its usual levels ask for

#define DAMAGED "what is compressed in it is damaged"
#define BEYOND                                                                                 \
    "what is compressed in it is large: it was not looked into beyond its first 16 MiB"
_Static_assert(PICKLE_UNPACK_MAX == 16 << 20, "BEYOND says so");

typedef enum step {
    GOES_ON,
    STREAM_ENDS,
    BROKEN,
    TOO_WIDE,
} step;

// Streams may stand one behind the other; what is none behind them is no part.
typedef struct unpacker {
    pickle_source *in;
    pickle_form how;
    z_stream z;
    uint32_t crc; // of what the stream of gzip gave
    ZSTD_DStream *zstd;
    buf out;
    size_t streams, stream_at; // that ended; where the one since then began in `out`
    bool ended;
    const char *why; // there is no more though there should be
} unpacker;

static void begin(unpacker *u) {
    if (u->how == PICKLE_ZSTD) {
        u->zstd = ZSTD_createDStream();
        BUG_ON(!u->zstd);
        ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    } else {
        BUG_ON(inflateInit2(&u->z, u->how == PICKLE_ZLIB ? 15 : -15) != Z_OK);
    }
}

static void end(unpacker *u) {
    if (u->zstd)
        ZSTD_freeDStream(u->zstd);
    else
        inflateEnd(&u->z);
    buf_free(&u->out);
}

static void stop(unpacker *u, const char *why) {
    u->ended = true;
    u->why = why;
}

// ---- streams of gzip ------------------------------------------------------------------------

static const uint8_t *take(pickle_source *in, size_t n) {
    return n <= in->end - in->at ? pickle_take(in, n) : NULL;
}

static bool skip_text(pickle_source *in) {
    const uint8_t *p;
    do {
        p = take(in, 1);
    } while (p && *p);
    return p != NULL;
}

// As Python's own reader has it: flags that have no meaning are no error, as they are to zlib.
static bool gzip_head(pickle_source *in, bool *is_one) {
    enum { DEFLATED = 8, WITH_SUM = 2, WITH_EXTRA = 4, WITH_NAME = 8, WITH_COMMENT = 16 };
    const uint8_t *p = take(in, 2);
    *is_one = p && p[0] == 0x1f && p[1] == 0x8b;
    p = *is_one ? take(in, 8) : NULL;
    if (!p || p[0] != DEFLATED) return false;
    uint8_t flags = p[1];
    if (flags & WITH_EXTRA) {
        p = take(in, 2);
        if (!p || !take(in, p[0] | (size_t)p[1] << 8)) return false;
    }
    return (!(flags & WITH_NAME) || skip_text(in)) &&
           (!(flags & WITH_COMMENT) || skip_text(in)) && (!(flags & WITH_SUM) || take(in, 2));
}

static void gzip_begin(unpacker *u) {
    bool is_one;
    u->crc = 0;
    if (!gzip_head(u->in, &is_one)) stop(u, u->streams && !is_one ? NULL : DAMAGED);
}

// Zeros behind a stream are skipped, as Python's does.
static void gzip_end(unpacker *u) {
    pickle_source *in = u->in;
    const uint8_t *p = take(in, 8);
    if (!p || u->crc != (p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24)) {
        stop(u, DAMAGED);
        return;
    }
    while (in->at < in->end && (p = pickle_peek(in, in->at, 1)) && !*p)
        in->at++;
}

// ---- a step ---------------------------------------------------------------------------------

// *n and *room: what there is; then what was taken and made.
static step step_zlib(unpacker *u, const uint8_t *p, size_t *n, char *to, size_t *room) {
    z_stream *z = &u->z;
    z->next_in = p;
    z->avail_in = (uInt)*n;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)*room;
    int rc = inflate(z, Z_NO_FLUSH);
    *n -= z->avail_in;
    *room -= z->avail_out;
    u->crc = (uint32_t)crc32(u->crc, (const Bytef *)to, (uInt)*room);
    return rc == Z_STREAM_END                ? STREAM_ENDS
           : rc == Z_OK || rc == Z_BUF_ERROR ? GOES_ON
                                             : BROKEN;
}

static step step_zstd(unpacker *u, const uint8_t *p, size_t *n, char *to, size_t *room) {
    ZSTD_inBuffer in = {p, *n, 0};
    ZSTD_outBuffer out = {to, *room, 0};
    size_t rc = ZSTD_decompressStream(u->zstd, &out, &in);
    *n = in.pos;
    *room = out.pos;
    if (!ZSTD_isError(rc)) return rc ? GOES_ON : STREAM_ENDS;
    return ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge ? TOO_WIDE
                                                                             : BROKEN;
}

static void next_stream(unpacker *u) {
    u->streams++;
    u->stream_at = u->out.n;
    if (u->how == PICKLE_GZIP) gzip_end(u);
    u->ended |= u->how == PICKLE_DEFLATE || u->in->at >= u->in->end;
    if (u->ended) return;
    if (!u->zstd) inflateReset(&u->z);
    if (u->how == PICKLE_GZIP) gzip_begin(u);
}

static void unpack_some(unpacker *u, size_t room) {
    pickle_source *in = u->in;
    size_t n = in->end - in->at < PIECE ? (size_t)(in->end - in->at) : PIECE;
    const uint8_t *p = n ? pickle_peek(in, in->at, n) : (const uint8_t *)"";
    char *to = p ? buf_room(&u->out, room) : NULL;
    if (!to) {
        stop(u, in->why);
        return;
    }
    step did = (u->zstd ? step_zstd : step_zlib)(u, p, &n, to, &room);
    in->at += n;
    u->out.n += room;
    bool none = u->how != PICKLE_GZIP && u->streams && u->out.n == u->stream_at; // of another
    if (did == STREAM_ENDS)
        next_stream(u);
    else if (did == TOO_WIDE)
        stop(u, "its compression takes more memory than a scan has: it was not looked into");
    else if (did == BROKEN || (!n && !room))
        stop(u, none ? NULL : DAMAGED);
    if (room && !pickle_pay(in, room)) stop(u, in->why);
}

static void unpack_upto(unpacker *u, size_t max) {
    while (!u->ended && u->out.n < max)
        unpack_some(u, max - u->out.n < ROOM ? max - u->out.n : ROOM);
}

// ---- what came out --------------------------------------------------------------------------

static bool read_out(void *arg, uint64_t at, void *p, size_t n, err *e) {
    const buf *out = arg;
    (void)e;
    if (n) memcpy(p, out->p + at, n);
    return true;
}

// Arrays of numbers may be large, and need not be unpacked to be passed over.
static bool is_wanted(str first, pickle_naming named) {
    pickle_form form = pickle_form_of(first);
    uint64_t at;
    if (form == PICKLE_NUMPY) return pickle_numpy_has_objects(first, &at);
    return named >= PICKLE_MAYBE_NAMED || form != PICKLE_NO_FORM;
}

static void scan_out(pickle_scanner *s, unpacker *u, uint64_t size, str name,
                     pickle_naming named) {
    bool large = !u->ended, whole = size == UINT64_MAX || u->out.n == size;
    const char *cut = large ? BEYOND : u->why ? u->why : whole ? NULL : DAMAGED;
    pickle_file f = {read_out, &u->out, u->out.n, cut};
    s->unpacked = true;
    pickle_scan_inner(s, &f, name, named);
    s->unpacked = false;
    if (cut && (named == PICKLE_NAMED || (named == PICKLE_MAYBE_NAMED && !large)))
        pickle_stop(u->in, cut);
}

void pickle_unpack(pickle_scanner *s, pickle_source *in, pickle_form how, uint64_t size,
                   str name, pickle_naming named) {
    unpacker u = {.in = in, .how = how, .out = BUF_MAX(PICKLE_UNPACK_MAX)};
    if (s->unpacked) { // one at a time is in memory
        if (named >= PICKLE_MAYBE_NAMED)
            pickle_stop(in, "it is compressed within what is: it was not looked into");
        return;
    }
    begin(&u);
    if (how == PICKLE_GZIP) gzip_begin(&u);
    unpack_upto(&u, FIRST);
    if (!in->failed && is_wanted(buf_view(&u.out), named)) {
        unpack_upto(&u, PICKLE_UNPACK_MAX);
        if (!in->failed) scan_out(s, &u, size, name, named);
    }
    end(&u);
}
