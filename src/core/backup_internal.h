// SPDX-License-Identifier: Apache-2.0
// What the files that write archives share: rows gathered into frames.
#ifndef STEMMA_CORE_BACKUP_INTERNAL_H
#define STEMMA_CORE_BACKUP_INTERNAL_H

#include "core/archive.h"
#include "core/table.h"

// Gathers rows of one table after another and writes them as frames.
typedef struct row_frames {
    archive_out *out;
    buf block;
    const table *t; // whose frame was written last
    uint64_t tables, rows;
} row_frames;

row_frames row_frames_new(archive_out *out);
void row_frames_free(row_frames *f);
bool row_frames_table(row_frames *f, const table *t, err *e);             // begins a table
bool row_frames_row(void *f, const table *t, const db_rows *row, err *e); // a table_fn
bool row_frames_flush(row_frames *f, err *e);

// A file as an archive's sink: arg is a pointer to its descriptor.
bool archive_put_fd(void *arg, const void *p, size_t n, err *e);

#endif
