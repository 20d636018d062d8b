// SPDX-License-Identifier: Apache-2.0
// What gc and its undo share: the undo file being written.
#ifndef STEMMA_CORE_GC_INTERNAL_H
#define STEMMA_CORE_GC_INTERNAL_H

#include "core/gc.h"
#include "core/table.h"

// A run or a logged model in the bin.
typedef struct bin_item {
    bool model;
    id id;
    int64_t project, deleted_us;
    str artifact_uri;
    str path; // of its artifacts in our tree; empty: none there
} bin_item;

// Its files in our tree.
typedef struct bin_files {
    uint64_t n, bytes;
} bin_files;
// Counts a row of the table artifact.
static inline void bin_count(bin_files *f, const db_rows *row) {
    if (db_is_null(row, 3)) return; // a folder
    f->n++;
    f->bytes += (uint64_t)db_i64(row, 4);
}

typedef struct undo_out undo_out;

// A new file in the undo folder; its name appears at once, and what is in it counts up to the
// last undo_sync.
undo_out *undo_begin(core *c, err *e);
// Writes every row of the item, and counts its files. Durable after undo_sync; only then may
// they be removed.
bool undo_item(undo_out *u, int64_t ws, const bin_item *i, bin_files *files, err *e);
bool undo_sync(undo_out *u, err *e);
// Ends the file (`ok`), or leaves it as a killed process would. One that holds nothing is
// removed. Frees u.
bool undo_end(undo_out *u, bool ok, err *e);
// Removes files of gcs that ended before then.
bool undo_forget(core *c, int64_t before_us, err *e);

#endif
