// SPDX-License-Identifier: Apache-2.0
// portable: what the files of an export hold, for writing and for reading them: which table
// goes to which file, and how a column looks in JSON. A table that is not named here goes to a
// file of its own name; docs/export.md describes them.
#ifndef STEMMA_CLI_PORTABLE_H
#define STEMMA_CLI_PORTABLE_H

#include "base/digest.h"
#include "base/json.h"
#include "core/table.h"

#define PORTABLE_FORMAT   1
#define PORTABLE_SUFFIX   ".ndjson.zst"
#define PORTABLE_POINTS   "points"
#define PORTABLE_CONTENTS "contents"

typedef struct portable_file {
    str name; // without its suffix
    const table *t;
    bool by_kind; // rows of one kind; of others when kind is 0
    int64_t kind;
} portable_file;

// Every file but the points', in a fixed order.
portable_file *portable_files(arena *a, size_t *n);

// Does the row belong to the file?
bool portable_has(const portable_file *f, const db_rows *row);
void portable_put(json_writer *w, const portable_file *f, const db_rows *row);
// From a line to the bytes of a row (table.h). ERR_INVALID says what is wrong with it.
bool portable_get(arena *a, const portable_file *f, str line, buf *row, err *e);

// Where the bytes of a file of a content are: DIR/objects/ab/<digest>.
str portable_object_path(arena *a, str dir, sha256 digest);

// A part of a line that is no column: an id or digest as hex.
void portable_put_hex(json_writer *w, str bytes);

#endif
