// SPDX-License-Identifier: Apache-2.0
// ignore: what a folder's `.stemmaignore` leaves out, in the form of .gitignore(5): a pattern a
// line; '#' begins a comment; with a '/' within it holds from the top, else at any depth; a '/'
// at its end means folders; '!' brings back; the last line that fits decides. '**' is no more
// than '*'. `.git` is always left out. One thread.
#ifndef STEMMA_CLI_IGNORE_H
#define STEMMA_CLI_IGNORE_H

#include "base/arena.h"
#include "base/err.h"

#define IGNORE_FILE ".stemmaignore"

typedef struct ignore_line {
    char *pattern;
    bool from_top, folders, back;
} ignore_line;

typedef struct ignore_list {
    ignore_line *lines;
    size_t n;
} ignore_list;

// Reads the file of a folder; none is fine.
bool ignore_read(arena *a, const char *folder, ignore_list *out, err *e);
bool ignore_has(const ignore_list *l, str path, bool is_folder);

#endif
