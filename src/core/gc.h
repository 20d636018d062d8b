// SPDX-License-Identifier: Apache-2.0
// gc: frees what the bin holds: deleted runs and logged models with their attributes, series,
// edges and artifacts; deleted projects (but never Default) with all that is in them, deleted
// by itself or not; and then the objects that nothing names any more.
//
// What a gc frees can be brought back until `hold_us` later: records are written to a file in
// the undo folder before they are removed (an archive, archive.h), and objects stay in the
// content folder, set aside. A gc after that removes both for good. gc_undo takes back the last
// gc, and those before it that were killed.
#ifndef STEMMA_CORE_GC_H
#define STEMMA_CORE_GC_H

#include "core/core.h"

struct gc_report;

typedef struct gc_options {
    int64_t older_us; // frees what was deleted at least so long ago
    int64_t hold_us;  // how long it can be undone; 0: not at all
    bool dry;         // only counts
    void (*progress)(void *arg, const struct gc_report *r); // now and then; or NULL
    void *arg;
} gc_options;

typedef struct gc_report {
    uint64_t runs, models, projects;
    uint64_t files, file_bytes; // of their artifacts, as they are named (objects are shared)
    store_freed objects;
} gc_report;

// Bounded transactions; killed anywhere, the next call goes on.
bool gc_bin(core *c, const gc_options *o, gc_report *out, err *e);

typedef struct gc_undone {
    uint64_t runs, models, projects, rows;
    uint64_t missing; // files whose bytes are gone for good
} gc_undone;

// They come back to the bin, where they can be restored; runs and models that only their
// project had taken there come back as they were. ERR_NOT_FOUND when there is nothing to undo.
// ERR_EXISTS when the name or number of a project is another's by now: all that is not back yet
// is kept. ERR_CONFLICT while a gc or another undo is at work. Killed anywhere, the next call
// goes on.
bool gc_undo(core *c, gc_undone *out, err *e);

#endif
