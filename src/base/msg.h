// SPDX-License-Identifier: Apache-2.0
// msg: requests are decoded by tables, not by chains of look-ups. A message is a C struct whose
// first member is `uint64_t has` (bit i: field i of the table was there and not null) and a
// table of fields with their offsets; one decoder fills it from JSON or from a query string, in
// one pass over the text and without a tree.
//
//   struct log_param { uint64_t has; str run_id, key, value; };
//   static const msg_field log_param_fields[] = {
//       MSG_FIELD(struct log_param, run_id, MSG_STRING, MSG_REQUIRED),
//       MSG_FIELD(struct log_param, key,    MSG_STRING, MSG_REQUIRED, .max = 250),
//       MSG_FIELD(struct log_param, value,  MSG_STRING, 0) };
//   static const msg_type log_param_msg = MSG_TYPE(struct log_param, log_param_fields);
//
// Typing is that of proto-JSON as lenient readers take it: integers also as integral floats and
// as decimal strings, doubles also as numeric strings, "NaN", "Infinity", "-Infinity" and bare
// NaN/Infinity; enums by name or number; null is absent; unknown fields are ignored;
// lowerCamelCase is taken for snake_case. Strings stay strings, but for fields marked
// MSG_NUMBER_OK. Of a repeated member the last counts. A table holds at most 64 fields. What
// went wrong is told as data, so that each dialect words its own message.
#ifndef STEMMA_BASE_MSG_H
#define STEMMA_BASE_MSG_H

#include "base/arena.h"
#include "base/json.h"

typedef enum msg_kind {
    MSG_STRING,  // str
    MSG_INT64,   // int64_t
    MSG_INT32,   // int64_t, checked to the range of int32
    MSG_DOUBLE,  // double
    MSG_BOOL,    // bool
    MSG_ENUM,    // int64_t, by .names: a name of the table, or one of its numbers
    MSG_MESSAGE, // the struct itself, by .sub
    MSG_STRINGS, // msg_list of str
    MSG_LIST,    // msg_list of structs, by .sub
    MSG_RAW,     // str: the value's own JSON text
} msg_kind;

enum {
    MSG_REQUIRED = 1,  // absent, null and "" (of any kind) are refused, an empty list too
    MSG_NUMBER_OK = 2, // MSG_STRING(S): a JSON number is taken as its text
    MSG_TRUNCATE = 4,  // longer than .max is cut, not refused
};

typedef struct msg_list {
    void *p; // str[n] or sub[n]
    size_t n;
} msg_list;
// The i-th element: MSG_AT(struct metric, req->metrics, i)
#define MSG_AT(T, list, i) (&((T *)(list).p)[i])

typedef struct msg_name { // enum value
    const char *name;
    int64_t value;
} msg_name;
// The first name of a value in a table that ends with a NULL name, or in none (NULL); empty
// (p NULL) when there is no such name.
str msg_name_of(const msg_name *names, int64_t v);
// The row with exactly this name, or NULL.
const msg_name *msg_name_find(const msg_name *names, str name);

typedef struct msg_type msg_type;

typedef struct msg_field {
    const char *name; // snake_case
    const char *also; // a synonym, or NULL
    uint8_t kind;     // msg_kind
    uint8_t flags;
    uint16_t offset;
    uint32_t max; // code points of a string, elements of a list; 0: no limit of its own
    const msg_type *sub;
    const msg_name *names; // ends with a NULL name
    const char *doc;       // for the page of the API, or NULL
} msg_field;

struct msg_type {
    const msg_field *fields;
    uint16_t n;
    uint16_t size; // of the struct
};

#define MSG_FIELD(T, member, k, f, ...)                                                        \
    { .name = #member, .kind = (k), .flags = (f), .offset = offsetof(T, member), __VA_ARGS__ }
#define MSG_TYPE(T, table)                                                                     \
    { .fields = (table), .n = sizeof(table) / sizeof *(table), .size = sizeof(T) }
// Was the member there? `table` is its field table.
#define MSG_HAS(m, index) (((m)->has >> (index)) & 1)
// The same by the member's address, when an index would be unclear.
bool msg_has(const msg_type *t, const void *m, const char *field);

typedef enum msg_problem_kind {
    MSG_OK,
    MSG_BAD_JSON,   // `value` says what and where
    MSG_MISSING,    // required and absent
    MSG_WRONG_TYPE, // `value` is the JSON as sent, `got` its type
    MSG_TOO_LONG,   // `field->max` is the limit
    MSG_BAD_ENUM,   // a name that the table lacks; `value` as sent
    MSG_BAD_TEXT, // not UTF-8, with U+0000, or a broken escape (query strings; in JSON this is
                  // MSG_BAD_JSON)
} msg_problem_kind;

// All strings live in the arena or in the text. MSG_BAD_JSON has neither path, field nor type.
typedef struct msg_problem {
    msg_problem_kind kind;
    str path;      // "metrics[0].timestamp"; empty for the message itself
    str value;     // JSON as sent; a query's values as JSON strings; empty for MSG_MISSING and
                   // lists that are too long
    json_type got; // its type
    size_t length; // MSG_TOO_LONG: the code points or elements that came
    const msg_field *field; // NULL for the message itself
} msg_problem;

// Fills *out (t->size bytes, zeroed first). The text must outlive *out: strings without escapes
// point into it. An empty text (or white space) and null are an empty object. A JSON string
// that holds JSON is decoded twice. The first problem in document order ends the reading, but
// all others win over missing fields; of these the outermost is told, then the first. On false
// *out holds what was read so far: do not use it.
bool msg_decode_json(const msg_type *t, arena *a, str text, void *out, msg_problem *problem);

// From a query string ("a=1&b=2", percent-encoded, '+' is a space): repeated keys make lists,
// and for single values the first counts; booleans are true/false in any case; MSG_RAW is the
// text; messages can not be sent this way (MSG_WRONG_TYPE). Unknown keys are ignored.
bool msg_decode_query(const msg_type *t, arena *a, str query, void *out, msg_problem *problem);

// Percent-decoding into the arena; false for a broken escape. `plus` turns '+' into a space.
bool msg_unescape(arena *a, str s, bool plus, str *out);

#endif
