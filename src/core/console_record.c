// SPDX-License-Identifier: Apache-2.0
// console_record: the bytes of lines as they are stored (docs/formats-console.md):
//
//     version 1 | flags (1: packed by zstd) | CRC32C of what follows | lines | size of the body
//     | the body, perhaps packed
//
// and the body: for each line its stream and the length of its text, and its time as the
// difference to the line before; then all texts. Pure; any thread.
#include "base/digest.h"
#include "core/console_internal.h"

#include <zstd.h>

#define VERSION  1
#define PACKED   1
#define LEVEL    1   // of zstd: logs shrink to a tenth, at hundreds of MB a second
#define PACK_MIN 200 // smaller bodies gain nothing
#define HEAD     6   // up to the end of the CRC
// Lines of a record end soon after RECORD_BYTES; a text is at most its line's bytes as U+FFFD.
#define BODY_MAX (RECORD_BYTES + RECORD_LINES * 20 + CONSOLE_LINE_MAX * 4)

static str body_of(arena *a, const console_line *lines, size_t n) {
    buf b = BUF_MAX(BODY_MAX);
    int64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        buf_uvar(&b, (uint64_t)lines[i].text.n << 2 | lines[i].stream);
        buf_ivar(&b, (int64_t)((uint64_t)lines[i].time_us - (uint64_t)before));
        before = lines[i].time_us;
    }
    for (size_t i = 0; i < n; i++)
        buf_str(&b, lines[i].text);
    BUG_ON(b.full);
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

// The body packed, or as it is when that is not smaller.
static str packed(arena *a, str body, bool *is_packed) {
    *is_packed = false;
    if (body.n < PACK_MIN) return body;
    size_t room = ZSTD_compressBound(body.n);
    char *p = arena_bytes(a, room);
    size_t n = ZSTD_compress(p, room, body.p, body.n, LEVEL);
    if (ZSTD_isError(n) || n >= body.n) return body;
    *is_packed = true;
    return (str){p, n};
}

str console_encode(arena *a, const console_line *lines, size_t n) {
    bool is_packed;
    str body = body_of(a, lines, n), kept = packed(a, body, &is_packed);
    buf b = BUF_MAX(kept.n + 64);
    buf_byte(&b, VERSION);
    buf_byte(&b, is_packed ? PACKED : 0);
    buf_u32(&b, 0);
    buf_uvar(&b, n);
    buf_uvar(&b, body.n);
    buf_str(&b, kept);
    uint32_t crc = crc32c(0, b.p + HEAD, b.n - HEAD);
    for (int i = 0; i < 4; i++)
        b.p[2 + i] = (char)(crc >> (8 * i));
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static bool damaged(err *e, const char *why) {
    return err_set(e, ERR_CORRUPT, "a record of the console is damaged: %s", why);
}

// The record's parts, checked; *body as it was before packing.
static bool open_record(arena *a, str record, size_t *n, str *body, err *e) {
    cur c = cur_of(record);
    uint8_t version = cur_u8(&c), flags = cur_u8(&c);
    uint32_t crc = cur_u32(&c);
    if (c.bad) return damaged(e, "it is too short");
    if (version != VERSION || flags > PACKED) return damaged(e, "its version is unknown");
    if (crc32c(0, c.p, cur_left(&c)) != crc) return damaged(e, "its checksum does not match");
    uint64_t lines = cur_uvar(&c), size = cur_uvar(&c);
    str kept = cur_take(&c, cur_left(&c));
    if (c.bad || !lines || lines > RECORD_LINES || size > BODY_MAX)
        return damaged(e, "its counts are wrong");
    *n = (size_t)lines;
    *body = kept;
    if (flags & PACKED) {
        char *p = arena_bytes(a, size + 1);
        size_t got = ZSTD_decompress(p, size, kept.p, kept.n);
        if (ZSTD_isError(got)) return damaged(e, "it can not be unpacked");
        *body = (str){p, got};
    }
    return body->n == size || damaged(e, "its size is wrong");
}

bool console_decode(arena *a, str record, int64_t first, console_line **out, size_t *n,
                    err *e) {
    str body = {0};
    if (!open_record(a, record, n, &body, e)) return false;
    if (*n > body.n) return damaged(e, "its counts are wrong"); // a line has two bytes at least
    console_line *lines = ARENA_ARRAY(a, console_line, *n);
    cur c = cur_of(body);
    int64_t time = 0;
    for (size_t i = 0; i < *n; i++) {
        uint64_t head = cur_uvar(&c);
        time = (int64_t)((uint64_t)time + (uint64_t)cur_ivar(&c));
        if ((head & 3) > CONSOLE_NOTE) return damaged(e, "a stream is unknown");
        lines[i] = (console_line){.number = first + (int64_t)i,
                                  .time_us = time,
                                  .stream = (console_stream)(head & 3),
                                  .text = {NULL, (size_t)(head >> 2)}};
    }
    for (size_t i = 0; i < *n; i++)
        lines[i].text = cur_take(&c, lines[i].text.n);
    if (c.bad || cur_left(&c)) return damaged(e, "its texts are not whole");
    *out = lines;
    return true;
}
