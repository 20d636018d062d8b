// SPDX-License-Identifier: Apache-2.0
// shape: what a reply looks like, as a table: the OpenAPI page is made from it, and the tests
// hold every reply against that page. Rendering is written by hand, beside its shape.
#ifndef STEMMA_API_NATIVE_SHAPE_H
#define STEMMA_API_NATIVE_SHAPE_H

#include "base/msg.h"

typedef enum shape_kind {
    SHAPE_TEXT,
    SHAPE_INT,    // int64, as a JSON number
    SHAPE_NUMBER, // a double; "NaN", "Infinity" and "-Infinity" as strings
    SHAPE_BOOL,
    SHAPE_ID,     // 32 hex digits
    SHAPE_ENUM,   // one of .names
    SHAPE_OBJECT, // .sub
    SHAPE_MAP,    // an object with names of its own; its values are .sub, or texts
    SHAPE_ANY,    // any JSON
} shape_kind;

enum {
    SHAPE_OPTIONAL = 1, // may be left out
    SHAPE_LIST = 2,     // an array of it
};

typedef struct shape shape;

typedef struct shape_field {
    const char *name;
    uint8_t kind, flags;
    const char *doc;
    const shape *sub;
    const msg_name *names;
} shape_field;

struct shape {
    const char *name; // of the schema: "Run"
    const shape_field *fields;
    size_t n;
};

// SHAPE(static, tag_shape, "Tag", FIELD("key", SHAPE_TEXT, 0, "its name"), ...);
// Without `static` (an empty first argument) other files may use it: declare it in their
// header.
#define SHAPE(storage, variable, title, ...)                                                   \
    static const shape_field variable##_fields[] = {__VA_ARGS__};                              \
    storage const shape variable = {title, variable##_fields,                                  \
                                    sizeof variable##_fields / sizeof *variable##_fields}

#define FIELD(n, k, f, text, ...)                                                              \
    { .name = (n), .kind = (k), .flags = (f), .doc = (text), __VA_ARGS__ }

#endif
