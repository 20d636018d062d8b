// SPDX-License-Identifier: Apache-2.0
// archive_write: see archive.h. A frame's header:
//   u8 kind, u8 coding (0 plain, 1 zstd), u16 zero, u32 stored bytes, u32 plain bytes,
//   u32 CRC32C of the 12 bytes before it, u32 CRC32C of the stored bytes; all little-endian.
#include "core/archive.h"

#include <stdlib.h>
#include <zstd.h>

enum { PACK_FROM = 256, PACK_LEVEL = 1 };

struct archive_out {
    archive_put put;
    void *arg;
    uint64_t at;
    sha256_ctx *hash;
    ZSTD_CCtx *zstd;
    char *packed;
    size_t packed_cap;
};

archive_out *archive_out_new(archive_put put, void *arg) {
    archive_out *o = mem_alloc(sizeof *o);
    *o = (archive_out){.put = put, .arg = arg, .hash = sha256_new()};
    o->zstd = ZSTD_createCCtx();
    BUG_ON(!o->zstd);
    return o;
}

void archive_out_free(archive_out *o) {
    if (!o) return;
    sha256_free(o->hash);
    ZSTD_freeCCtx(o->zstd);
    free(o->packed);
    free(o);
}

uint64_t archive_out_at(const archive_out *o) {
    return o->at;
}

bool archive_copy(archive_out *o, str bytes, err *e) {
    if (!bytes.n) return true;
    sha256_add(o->hash, bytes.p, bytes.n);
    o->at += bytes.n;
    return o->put(o->arg, bytes.p, bytes.n, e);
}

bool archive_header(archive_out *o, archive_purpose purpose, int64_t made_us, err *e) {
    buf b = BUF_MAX(ARCHIVE_HEADER);
    buf_str(&b, STR(ARCHIVE_MAGIC));
    buf_u32(&b, purpose);
    buf_u64(&b, (uint64_t)made_us);
    buf_u32(&b, crc32c(0, b.p, b.n));
    bool ok = archive_copy(o, buf_view(&b), e);
    buf_free(&b);
    return ok;
}

// The payload packed, when that takes an eighth off; else as it is.
static str pack(archive_out *o, str payload) {
    size_t bound = ZSTD_compressBound(payload.n);
    if (bound > o->packed_cap) o->packed = mem_realloc(o->packed, o->packed_cap = bound);
    size_t n =
        ZSTD_compressCCtx(o->zstd, o->packed, o->packed_cap, payload.p, payload.n, PACK_LEVEL);
    return ZSTD_isError(n) || n > payload.n - payload.n / 8 ? payload : str_n(o->packed, n);
}

bool archive_frame(archive_out *o, archive_kind kind, str payload, err *e) {
    str stored = payload;
    if (payload.n > ARCHIVE_FRAME_MAX)
        return err_set(e, ERR_TOO_LARGE, "a row is longer than a backup can hold: %zu bytes",
                       payload.n);
    if (kind != ARCHIVE_DATA && kind != ARCHIVE_END && payload.n >= PACK_FROM)
        stored = pack(o, payload);
    buf head = BUF_MAX(ARCHIVE_FRAME);
    buf_byte(&head, (char)kind);
    buf_byte(&head, stored.p != payload.p);
    buf_u16(&head, 0);
    buf_u32(&head, (uint32_t)stored.n);
    buf_u32(&head, (uint32_t)payload.n);
    buf_u32(&head, crc32c(0, head.p, head.n));
    buf_u32(&head, crc32c(0, stored.p, stored.n));
    bool ok = archive_copy(o, buf_view(&head), e) && archive_copy(o, stored, e);
    buf_free(&head);
    return ok;
}

bool archive_end(archive_out *o, uint64_t index_at, const archive_count *n, err *e) {
    sha256 digest = sha256_end(o->hash);
    buf b = BUF_MAX(ARCHIVE_END_SIZE);
    buf_u64(&b, index_at);
    buf_u64(&b, n->rows);
    buf_u64(&b, n->objects);
    buf_u64(&b, n->bytes);
    buf_add(&b, digest.b, sizeof digest.b);
    bool ok = archive_frame(o, ARCHIVE_END, buf_view(&b), e);
    buf_free(&b);
    return ok;
}

void archive_text_put(buf *b, str s) {
    buf_uvar(b, s.n);
    buf_str(b, s);
}

str archive_text_get(cur *c) {
    uint64_t n = cur_uvar(c);
    if (n > cur_left(c)) c->bad = true;
    return c->bad ? (str){0} : cur_take(c, (size_t)n);
}
