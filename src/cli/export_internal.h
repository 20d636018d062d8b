// SPDX-License-Identifier: Apache-2.0
// What the files of export share. One thread.
#ifndef STEMMA_CLI_EXPORT_INTERNAL_H
#define STEMMA_CLI_EXPORT_INTERNAL_H

#include "cli/cli_internal.h"
#include "cli/portable.h"

#include <zstd.h>

#define EXPORT_PIECE ((size_t)1 << 20)

typedef struct exporting {
    cli_data *d;
    arena *a;
    const char *dir; // being written
    // the file at work
    const portable_file *file;
    int fd;
    ZSTD_CCtx *zstd;
    buf lines;
    char *packed;
    char *piece;
    uint64_t rows, points, files, file_bytes;
    bool pending; // points that are not packed: try again
} exporting;

// A file of lines: begun, a line ended that was put into x->lines, and closed (with ok false
// only that).
bool export_open(exporting *x, str name, err *e);
bool export_end_line(exporting *x, err *e);
bool export_close(exporting *x, bool ok, err *e);
// The bytes of an object as a file, whose folders are made.
bool export_object(exporting *x, sha256 digest, const char *path, err *e);

// The contents of all versions that are there, and their files (export_contents.c).
bool export_contents(exporting *x, db_tx *tx, err *e);

#endif
