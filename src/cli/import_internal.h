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

// The path of a file of lines of the export.
const char *import_path(importing *x, str name);
// Puts the file and the number of the line that was read last before the error.
bool import_at_line(const lines *l, const char *path, err *e);
// Members of a line. False: of another kind, or not there (text: when it must be).
bool import_text(arena *a, const json_value *v, const char *name, bool must, str *out);
bool import_i64(const json_value *v, const char *name, int64_t *out);
// Stores a file, which must have that digest.
bool import_file(importing *x, str path, sha256 want, int64_t size, err *e);

// The contents of versions, out of their files (import_contents.c).
bool import_contents(importing *x, err *e);

#endif
