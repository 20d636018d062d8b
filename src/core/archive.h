// SPDX-License-Identifier: Apache-2.0
// archive: our own container of records and content, written and read front to back: a backup
// is one, and so is what gc can undo. docs/formats-backup.md has it byte by byte.
//
//     header   32 bytes: magic, purpose, when it was made
//     frame *  20 bytes of header (two CRC32C) and up to ARCHIVE_FRAME_MAX bytes
//     the last frame is ARCHIVE_END: counts, where the index is, SHA-256 of all before it
//
// One thread at a time may use a writer or a reader.
#ifndef STEMMA_CORE_ARCHIVE_H
#define STEMMA_CORE_ARCHIVE_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"

#include <sys/types.h>

#define ARCHIVE_MAGIC     "stemma archive 1"
#define ARCHIVE_HEADER    32u
#define ARCHIVE_FRAME     20u
#define ARCHIVE_END_SIZE  (ARCHIVE_FRAME + 64u) // the last frame with its header
#define ARCHIVE_FRAME_MAX (64u << 20)

typedef enum archive_purpose { ARCHIVE_BACKUP = 1, ARCHIVE_UNDO = 2 } archive_purpose;

typedef enum archive_kind {
    ARCHIVE_NONE = 0,
    ARCHIVE_INFO = 1,      // names and values: who made it
    ARCHIVE_TABLE = 2,     // the table that the rows behind it belong to
    ARCHIVE_ROWS = 3,      // rows, as table.h codes them
    ARCHIVE_OBJECT = 4,    // digest and size of an object; its bytes follow
    ARCHIVE_DATA = 5,      // bytes of it
    ARCHIVE_LOST = 6,      // an object that could not be read: digest and why
    ARCHIVE_OWNER = 7,     // undo: the rows of a run or a logged model begin
    ARCHIVE_OWNER_END = 8, // undo: and are complete
    ARCHIVE_INDEX = 9,     // where tables and some objects begin
    ARCHIVE_END = 10,
    ARCHIVE_MADE = 11, // an object without bytes: digest, size, root of its recipe
    ARCHIVE_KINDS
} archive_kind;

typedef struct archive_count {
    uint64_t rows, objects, bytes; // bytes: of objects
} archive_count;

// ---- writing --------------------------------------------------------------------------------
typedef bool (*archive_put)(void *arg, const void *p, size_t n, err *e);

typedef struct archive_out archive_out;
archive_out *archive_out_new(archive_put put, void *arg);
void archive_out_free(archive_out *o);
uint64_t archive_out_at(const archive_out *o); // bytes written
bool archive_header(archive_out *o, archive_purpose purpose, int64_t made_us, err *e);
// Packed with zstd when that pays; data never is.
bool archive_frame(archive_out *o, archive_kind kind, str payload, err *e);
// Bytes that are frames already (made by another writer).
bool archive_copy(archive_out *o, str frames, err *e);
bool archive_end(archive_out *o, uint64_t index_at, const archive_count *n, err *e);

// ---- reading --------------------------------------------------------------------------------
typedef ssize_t (*archive_get)(void *arg, void *p, size_t n); // 0 at the end, -1 with errno

typedef struct archive_got {
    archive_kind kind;
    uint64_t at;  // of the frame's header
    str payload;  // unpacked, until the next call; empty when damaged
    bool damaged; // its bytes do not match their checksum: the next frame can be read still
} archive_got;

typedef struct archive_in archive_in;
archive_in *archive_in_new(archive_get get, void *arg);
void archive_in_free(archive_in *i);
// ERR_INVALID when it is not one of ours, or of another purpose.
bool archive_open(archive_in *i, archive_purpose purpose, int64_t *made_us, err *e);
// 1: a frame. 0: the end, and everything before it matches the SHA-256 in it. -1: ERR_CORRUPT
// (cut off, or what follows can not be found) or a failed read.
int archive_next(archive_in *i, archive_got *f, err *e);
// The kind of the frame that archive_next will give, ARCHIVE_NONE on an error (archive_next
// tells it).
archive_kind archive_peek(archive_in *i);
// Behind the end: what it counts.
archive_count archive_counted(const archive_in *i);

// The payloads of small frames: names and values, each a length (LEB128) and its bytes.
void archive_text_put(buf *b, str s);
str archive_text_get(cur *c);

#endif
