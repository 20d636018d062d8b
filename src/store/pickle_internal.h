// SPDX-License-Identifier: Apache-2.0
// What the files of the scanner share: the file as a stream, the walk, the list of imports.
#ifndef STEMMA_STORE_PICKLE_INTERNAL_H
#define STEMMA_STORE_PICKLE_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "store/pickle.h"

#define PICKLE_WINDOW ((size_t)128 << 10) // holds the longest end of a zip archive

// A part of the file, [at, end), read through a window. Once `why` is set (a problem of the
// file) or `failed` (an error of `read`) all reading fails. `gave_up`: an unpickler might go on
// where the walk does not.
typedef struct pickle_source {
    pickle_read read;
    void *arg;
    uint64_t at, end;
    uint64_t window_at; // what the window holds begins here
    size_t window_n;
    char *window;   // PICKLE_WINDOW bytes
    uint64_t *left; // bytes that may yet be read of the whole file
    bool failed, gave_up;
    err *e;
    const char *why;
} pickle_source;

// Where the scan of one file stands.
typedef struct pickle_scanner {
    arena *a;
    pickle_read read;
    void *arg;
    uint64_t size, left;
    char *window;
    err *e;
    pickle_report *out;
    VEC(pickle_import) imports;
    map names; // of them
} pickle_scanner;

pickle_source pickle_source_of(pickle_scanner *s, uint64_t at, uint64_t end);
bool pickle_stop(pickle_source *in, const char *why); // false, with the problem
bool pickle_give_up(pickle_source *in, const char *why);
// Up to n bytes at a place of the part, in the window until the next call: never fewer.
const uint8_t *pickle_peek(pickle_source *in, uint64_t at, size_t n);
// The same, and goes on behind them.
const uint8_t *pickle_take(pickle_source *in, size_t n);

// A whole number that is not below 0, as Python reads one from text: blanks around it, a sign,
// zeros before it, and "_" between digits. Too large ones are UINT64_MAX.
bool pickle_number(str text, unsigned base, uint64_t *out);

void pickle_problem(pickle_scanner *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3))); // the first is kept
// Both of at most PICKLE_NAME_MAX bytes. False when there are too many already.
bool pickle_import_add(pickle_scanner *s, str module, str name);
// An import whose name cannot be told: what an unpickler makes of it is anything.
void pickle_import_hidden(pickle_scanner *s, const char *how);

// Walks the pickles that stand one behind the other. `of`: the member of an archive, for
// problems; empty: the file itself. `surely`: is it known to be a pickle? Else what imports
// nothing and stops every unpickler is none. False with an error of `read`.
bool pickle_walk(pickle_scanner *s, pickle_source *in, str of, bool surely);

// Where the zip archive's list of files stands.
typedef struct pickle_zip {
    uint64_t at, end, members;
} pickle_zip;
// Does the file end as an archive whose list of files stands right before its end? Others are
// no archives to all readers.
bool pickle_zip_find(pickle_scanner *s, pickle_zip *out, bool *found);
// False with an error of `read`.
bool pickle_zip_walk(pickle_scanner *s, const pickle_zip *z);

#endif
