// SPDX-License-Identifier: Apache-2.0
// JSON: a strict reader (RFC 8259) in pull form, a small tree on top of it, and a writer with
// automatic commas. Limits: depth JSON_DEPTH, strings and member names are checked UTF-8 and
// may not hold U+0000 or lone surrogates (no SQL engine could keep them alike), numbers keep
// int64 exactly. A magnitude beyond a double's range reads as an infinity, as in Python. No
// byte order mark. Reading needs no memory but for strings that hold escapes (arena), and never
// more of it than they are long.
#ifndef STEMMA_BASE_JSON_H
#define STEMMA_BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/num.h"

// Other JSON libraries use some of these names too (jansson: json_object): hidden, ours never
// stand in for theirs when a shared one is in the process.
#pragma GCC visibility push(hidden)

#define JSON_DEPTH 64

typedef enum json_type {
    JSON_ERROR, // the reader's `error` and `at` say what and where
    JSON_END,   // of an array, an object or the document
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INT,    // exact int64
    JSON_DOUBLE, // anything else that is a number
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
} json_type;

enum { JSON_NAN = 1 }; // accept bare NaN, Infinity, -Infinity

// ---- pull form -----------------------------------------------------------------------------
typedef struct json_reader {
    const char *start, *p, *end;
    arena *a;
    const char *error; // NULL, or a sentence without a place
    size_t at;         // byte offset of the error
    unsigned flags;
    unsigned depth;
    uint64_t in_object; // a bit a level: object or array
    bool comma;         // a value stands before us on this level
    bool discard;       // strings are checked, not decoded (json_skip)
    const char *value;  // first byte of the value read last
    // the value read last:
    str key;   // its member name, in an object; untouched elsewhere
    str text;  // JSON_STRING: decoded; numbers: as written
    double f;  // numbers
    int64_t i; // JSON_INT
} json_reader;

void json_reader_init(json_reader *r, arena *a, str text, unsigned flags);
// The next value. JSON_ARRAY and JSON_OBJECT enter it: the following calls give its elements
// until JSON_END, in an object each with its `key` (repeated names come each time). After the
// document's only value JSON_END comes once the rest is white space. After JSON_ERROR only
// JSON_ERROR comes. `key` and `text` point into the text, or into the arena when they hold
// escapes.
json_type json_next(json_reader *r);
// When json_next has just entered an array or object: goes past its end, checking it, without
// memory. Scalars: nothing to do. False when an error is met (or just_read is one).
bool json_skip(json_reader *r, json_type just_read);
// The bytes of the value just read as they stand in the text; for a container this also goes
// past its end. `start` is json_offset(r), taken before any further call. Empty on an error.
str json_raw(json_reader *r, json_type just_read, size_t start);
size_t json_offset(
    const json_reader *r); // where the value read last begins (its first byte, not its key)

// ---- tree ----------------------------------------------------------------------------------
typedef struct json_value json_value;
struct json_value {
    json_type type;
    str key;  // in an object
    str text; // strings decoded, numbers as written
    double f;
    int64_t i;
    json_value *child; // first element
    json_value *next;
    size_t n; // elements
};

// NULL on an error, with *error ("... at byte 17") in the arena; `error` may be NULL. Strings
// without escapes point into the text. A node takes 80 bytes however short its text is: for
// small documents, or bound the text first.
json_value *json_parse(arena *a, str text, unsigned flags, str *error);
json_value *json_get(const json_value *object,
                     const char *key); // NULL when absent; the last of repeated keys

// ---- writer --------------------------------------------------------------------------------
// Writes into a buf; when `flush` is set it is called before a value whenever the buf holds
// more than `flush_at` bytes, and empties it (a streamed reply); what is left at the end is the
// caller's to send. Once the buf is full it is not called any more: check `out->full` at the
// end, as always. Numbers as the reader gives them back; NaN and infinities as the strings
// "NaN", "Infinity", "-Infinity" (proto-JSON), or bare when `bare_nan` is set. At the top level
// values are separated by commas too: set `comma` to false between two documents. Brackets are
// not checked.
typedef struct json_writer {
    buf *out;
    void (*flush)(void *arg, buf *out);
    void *flush_arg;
    size_t flush_at;
    bool bare_nan;
    bool comma;
} json_writer;

json_writer json_writer_new(buf *out);
void json_object(json_writer *w); // {
void json_object_end(json_writer *w);
void json_array(json_writer *w); // [
void json_array_end(json_writer *w);
void json_key(json_writer *w, str key);
void json_string(json_writer *w, str s); // invalid UTF-8 becomes U+FFFD
void json_i64(json_writer *w, int64_t v);
void json_f64(json_writer *w, double v);
void json_bool(json_writer *w, bool v);
void json_null(json_writer *w);
void json_put(json_writer *w,
              str ready_made); // one value, already JSON (in an object: members)

// Members in one call; the key is a literal without anything to escape, so it is copied as it
// is.
#define json_m_string(w, k, v)                                                                 \
    (json_key_lit((w), "\"" k "\":", sizeof(k) + 2), json_string((w), (v)))
#define json_m_i64(w, k, v) (json_key_lit((w), "\"" k "\":", sizeof(k) + 2), json_i64((w), (v)))
#define json_m_f64(w, k, v) (json_key_lit((w), "\"" k "\":", sizeof(k) + 2), json_f64((w), (v)))
#define json_m_bool(w, k, v)                                                                   \
    (json_key_lit((w), "\"" k "\":", sizeof(k) + 2), json_bool((w), (v)))
#define json_m_object(w, k) (json_key_lit((w), "\"" k "\":", sizeof(k) + 2), json_object(w))
#define json_m_array(w, k)  (json_key_lit((w), "\"" k "\":", sizeof(k) + 2), json_array(w))
void json_key_lit(json_writer *w, const char *quoted_with_colon, size_t n);

#pragma GCC visibility pop

#endif
