// SPDX-License-Identifier: Apache-2.0
// gc_files: the files in the undo folder, <id>.undo, oldest first by their names.
#ifndef STEMMA_CORE_GC_FILES_H
#define STEMMA_CORE_GC_FILES_H

#include "core/archive.h"
#include "core/core.h"

#define UNDO_SUFFIX ".undo"
#define UNDO_NAME   (ID_HEX + sizeof UNDO_SUFFIX)

// A descriptor of the folder; -1 when there is none, with ERR_NONE unless it was to be made.
int undo_open_dir(core *c, bool make, err *e);
// The names, in order.
bool undo_files(int dir, arena *a, str **names, size_t *n, err *e);
archive_in *undo_open_file(int dir, str name, int *fd, err *e); // NULL on an error
// The flock of such a file: its gc holds it as long as it writes, an undo as long as it brings
// back what is in it. False with ERR_NONE: another has it, or has removed the file.
bool undo_lock(int fd, err *e);

#endif
