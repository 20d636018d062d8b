// SPDX-License-Identifier: Apache-2.0
// archive_read: see archive.h. Every size is checked before memory is taken for it: a frame's
// header has a CRC of its own, so that a damaged length is not believed.
#include "base/metrics.h"
#include "core/archive.h"

#include <stdlib.h>
#include <zstd.h>

enum { READ_PIECE = 1 << 20 };

struct archive_in {
    archive_get get;
    void *arg;
    uint64_t at;
    sha256_ctx *hash;
    buf stored, plain, header;
    bool peeked; // `header` is the next frame's
    archive_count n;
};

archive_in *archive_in_new(archive_get get, void *arg) {
    archive_in *i = mem_alloc(sizeof *i);
    *i = (archive_in){.get = get, .arg = arg, .hash = sha256_new()};
    i->stored = i->plain = BUF_MAX(ARCHIVE_FRAME_MAX);
    i->header = BUF_MAX(ARCHIVE_FRAME);
    return i;
}

void archive_in_free(archive_in *i) {
    if (!i) return;
    sha256_free(i->hash);
    buf_free(&i->stored);
    buf_free(&i->plain);
    buf_free(&i->header);
    free(i);
}

archive_count archive_counted(const archive_in *i) {
    return i->n;
}

// Up to n bytes more at the end of b, fewer only at the end of the input.
static bool fill(archive_in *i, buf *b, size_t n, err *e) {
    while (n) {
        size_t piece = n < READ_PIECE ? n : READ_PIECE;
        char *room = buf_room(b, piece);
        ssize_t got = room ? i->get(i->arg, room, piece) : 0;
        if (got < 0) return err_errno(e, "reading the backup failed");
        if (!got) return true;
        b->n += (size_t)got;
        i->at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static bool cut_off(const archive_in *i, err *e) {
    METRIC_ADD(corrupt_total, 1);
    return err_set(e, ERR_CORRUPT, "it is cut off at byte %llu: its end is missing",
                   (unsigned long long)i->at);
}

bool archive_open(archive_in *i, archive_purpose purpose, int64_t *made_us, err *e) {
    buf_clear(&i->stored);
    if (!fill(i, &i->stored, ARCHIVE_HEADER, e)) return false;
    cur c = cur_of(buf_view(&i->stored));
    str magic = cur_take(&c, sizeof ARCHIVE_MAGIC - 1);
    uint32_t what = cur_u32(&c);
    *made_us = (int64_t)cur_u64(&c);
    uint32_t crc = cur_u32(&c);
    if (c.bad || !str_is(magic, ARCHIVE_MAGIC))
        return err_set(e, ERR_INVALID, "this is not a backup that stemma made");
    if (crc != crc32c(0, i->stored.p, ARCHIVE_HEADER - 4))
        return err_set(e, ERR_CORRUPT, "its first bytes are damaged");
    if (what != purpose)
        return err_set(e, ERR_INVALID, "this is %s",
                       what == ARCHIVE_UNDO ? "what a gc can undo, not a backup"
                                            : "not what was expected");
    sha256_add(i->hash, i->stored.p, i->stored.n);
    return true;
}

typedef struct head {
    uint8_t kind, coding;
    uint32_t stored, plain, crc;
} head;

static bool fetch_header(archive_in *i, err *e) {
    if (i->peeked) return true;
    buf_clear(&i->header);
    if (!fill(i, &i->header, ARCHIVE_FRAME, e)) return false;
    i->peeked = i->header.n == ARCHIVE_FRAME;
    return i->peeked || cut_off(i, e);
}

static bool read_head(archive_in *i, head *h, err *e) {
    if (!fetch_header(i, e)) return false;
    i->peeked = false;
    uint64_t at = i->at - ARCHIVE_FRAME;
    cur c = cur_of(buf_view(&i->header));
    h->kind = cur_u8(&c);
    h->coding = cur_u8(&c);
    uint16_t zero = cur_u16(&c);
    h->stored = cur_u32(&c);
    h->plain = cur_u32(&c);
    uint32_t crc = cur_u32(&c);
    h->crc = cur_u32(&c);
    if (crc == crc32c(0, i->header.p, 12) && h->kind && h->kind < ARCHIVE_KINDS &&
        h->coding <= 1 && !zero && h->stored <= ARCHIVE_FRAME_MAX &&
        h->plain <= ARCHIVE_FRAME_MAX && (h->coding || h->stored == h->plain)) {
        return true;
    }
    METRIC_ADD(corrupt_total, 1);
    return err_set(e, ERR_CORRUPT,
                   "the header at byte %llu is damaged: what follows can not be read",
                   (unsigned long long)at);
}

// The payload out of what is stored; false when it is damaged.
static bool unpack(archive_in *i, const head *h, str *payload) {
    str s = buf_view(&i->stored);
    *payload = (str){0};
    if (crc32c(0, s.p, s.n) != h->crc) return false;
    *payload = s;
    if (!h->coding) return true;
    buf_clear(&i->plain);
    char *room = buf_room(&i->plain, h->plain);
    size_t n = room ? ZSTD_decompress(room, h->plain, s.p, s.n) : 0;
    if (ZSTD_isError(n) || n != h->plain) return false;
    i->plain.n = n;
    *payload = buf_view(&i->plain);
    return true;
}

static int read_end(archive_in *i, str payload, sha256 before, err *e) {
    cur c = cur_of(payload);
    char more;
    cur_u64(&c); // where the index is
    i->n.rows = cur_u64(&c);
    i->n.objects = cur_u64(&c);
    i->n.bytes = cur_u64(&c);
    str digest = cur_take(&c, sizeof before.b);
    if (c.bad || cur_left(&c)) {
        err_set(e, ERR_CORRUPT, "its last frame is damaged");
        return -1;
    }
    sha256 told;
    if (!sha256_copy(digest, &told) || !sha256_eq(told, before)) {
        METRIC_ADD(corrupt_total, 1);
        err_set(e, ERR_CORRUPT, "its bytes do not match their SHA-256");
        return -1;
    }
    if (i->get(i->arg, &more, 1) != 0) {
        err_set(e, ERR_CORRUPT, "something stands behind its end");
        return -1;
    }
    return 0;
}

archive_kind archive_peek(archive_in *i) {
    err ignored; // archive_next meets it again
    uint8_t kind = fetch_header(i, &ignored) ? (uint8_t)i->header.p[0] : 0;
    return kind < ARCHIVE_KINDS ? (archive_kind)kind : ARCHIVE_NONE;
}

int archive_next(archive_in *i, archive_got *f, err *e) {
    head h;
    *f = (archive_got){.at = i->at - (i->peeked ? ARCHIVE_FRAME : 0)};
    if (!read_head(i, &h, e)) return -1;
    f->kind = (archive_kind)h.kind;
    buf_clear(&i->stored);
    if (!fill(i, &i->stored, h.stored, e)) return -1;
    if (i->stored.n < h.stored) {
        cut_off(i, e);
        return -1;
    }
    f->damaged = !unpack(i, &h, &f->payload);
    if (f->damaged) METRIC_ADD(corrupt_total, 1);
    if (f->kind == ARCHIVE_END) return read_end(i, f->payload, sha256_end(i->hash), e);
    sha256_add(i->hash, i->header.p, i->header.n);
    sha256_add(i->hash, i->stored.p, i->stored.n);
    return 1;
}
