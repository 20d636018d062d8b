// SPDX-License-Identifier: Apache-2.0
// folder: files that clients keep beneath a folder which the operator named as artifact root
// (file:///shared/artifacts). The server lists and reads them, and nothing outside: every path
// is opened relative to the folder with the kernel's RESOLVE_BENEATH, without symbolic links.
// It never writes there.
#ifndef STEMMA_CORE_FOLDER_H
#define STEMMA_CORE_FOLDER_H

#include "core/core.h"

// Is `uri` beneath the operator's root? Then *below is its path relative to it, joined with the
// client's path (both checked as artifact_path does). False with ERR_NONE: it is elsewhere.
bool folder_holds(ctx *c, str uri, str client_path, str *below, err *e);

typedef struct folder_entry {
    str name;
    bool is_dir;
    uint64_t size;
} folder_entry;

// The same for a folder of any root, for imports: a descriptor of what lies at `below` (empty:
// the root itself), or -1 with errno. The root is the operator's word and is opened as it is.
int folder_open(arena *a, str root, str below, int flags);
bool folder_list_in(arena *a, str root, str below, size_t max, folder_entry **out, size_t *n,
                    err *e);

// The entries of a folder in the order of names, at most max (a missing folder has none).
bool folder_list(ctx *c, str below, size_t max, folder_entry **out, size_t *n, err *e);
// A regular file for reading; the descriptor is closed with the arena. ERR_NOT_FOUND.
bool folder_file(ctx *c, str below, int *fd, uint64_t *size, err *e);

#endif
