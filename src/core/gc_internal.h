// SPDX-License-Identifier: Apache-2.0
// What the files of gc and its undo share: the items of the bin, and the undo file being
// written.
#ifndef STEMMA_CORE_GC_INTERNAL_H
#define STEMMA_CORE_GC_INTERNAL_H

#include "core/gc.h"
#include "core/table.h"

// Stored in undo files.
typedef enum bin_kind { BIN_RUN = 0, BIN_MODEL = 1, BIN_PROJECT = 2 } bin_kind;

// A run, a logged model or a project that is to be freed.
typedef struct bin_item {
    bin_kind kind;
    bool with_project; // it goes because its project does
    id id;             // zero: a project
    int64_t project;   // whose it is, or which it is
    int64_t at;        // its place in the walk, with its id
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

// Every row of the table artifact that goes with the item: what lies below its path; of a
// project only what is no part of a run or logged model that is there.
bool bin_each_file(db_tx *tx, int64_t ws, const bin_item *i, table_fn fn, void *arg, err *e);
// Removes them.
bool bin_free_files(ctx *c, const bin_item *i, err *e);

// Removes an item that has been in the bin since `before_us`, step by step, its row last; a
// project once it is empty. *freed: not when it was restored meanwhile.
bool bin_free(ctx *c, const bin_item *i, int64_t before_us, bool *freed, err *e);

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
