// SPDX-License-Identifier: Apache-2.0
// What the JSON and the query decoder of msg share: finding fields, values that come as text,
// and problems.
#ifndef STEMMA_BASE_MSG_INTERNAL_H
#define STEMMA_BASE_MSG_INTERNAL_H

#include "base/msg.h"

// Where a value stands: the field, its place in a list, and the same of the message around it.
typedef struct msg_path {
    const struct msg_path *up; // NULL at the top
    const msg_field *field;
    size_t index; // SIZE_MAX: no list
} msg_path;

// The field of that name, NULL when the table has none. `hint` is the index to try first:
// members come mostly in the order of the table.
const msg_field *msg_find(const msg_type *t, str name, size_t hint);
str msg_path_text(arena *a, const msg_path *at);

// A required field's value that counts as none: "" and an empty list.
bool msg_is_blank(const msg_field *f, const void *value);
// The first required field that `m` lacks, or NULL.
const msg_field *msg_first_missing(const msg_type *t, const void *m);

// Values from text: decimal integers within the kind's range, numbers, names.
bool msg_integral(uint8_t kind, int64_t v); // in range
bool msg_int_of_text(uint8_t kind, str s, int64_t *out);
bool msg_int_of_double(uint8_t kind, double v, int64_t *out);
bool msg_enum_of_text(const msg_field *f, str s, int64_t *out);
bool msg_enum_has(const msg_field *f, int64_t v);

// Holds *s to the field's limit: cut when the field says so. False: too long, with its *length.
bool msg_fit(const msg_field *f, str *s, size_t *length);

#endif
