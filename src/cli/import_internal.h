// SPDX-License-Identifier: Apache-2.0
// What the files of import share. One thread.
#ifndef STEMMA_CLI_IMPORT_INTERNAL_H
#define STEMMA_CLI_IMPORT_INTERNAL_H

#include "cli/cli_internal.h"
#include "cli/lines.h"
#include "cli/portable.h"

typedef struct importing {
    const cli_options *o;
    cli_data d;
    arena *a;    // the command's
    arena *line; // reset after each
    str dir;
    uint64_t rows, points, files, file_bytes;
} importing;

// Reads a file of lines of the export: each is taken (the arena x->line is reset before), and
// behind the last `end` (or NULL) takes what was gathered. An error gets the file and the line.
// A file that is not there (of a program that had none) has no lines.
typedef struct import_reader {
    bool (*take)(void *arg, str line, err *e);
    bool (*end)(void *arg, err *e);
    void *arg;
} import_reader;
bool import_read(importing *x, str name, const import_reader *r, err *e);
// Members of a line. False: of another kind, or not there (text: when it must be).
bool import_text(arena *a, const json_value *v, const char *name, bool must, str *out);
bool import_i64(const json_value *v, const char *name, int64_t *out);
// Stores a file, which must have that digest.
bool import_file(importing *x, str path, sha256 want, int64_t size, err *e);

// The contents of versions, out of their files (import_contents.c).
bool import_contents(importing *x, err *e);

#endif
