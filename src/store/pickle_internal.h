// SPDX-License-Identifier: Apache-2.0
// What the files of the scanner share: the file as a stream, the walk, the list of imports.
#ifndef STEMMA_STORE_PICKLE_INTERNAL_H
#define STEMMA_STORE_PICKLE_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "store/pickle.h"

#define PICKLE_WINDOW ((size_t)128 << 10) // holds the longest end of a zip archive

// The file that is scanned, or one that stands in it. `cut`: it goes on, or should, and why
// that is not here; NULL: it is whole.
typedef struct pickle_file {
    pickle_read read;
    void *arg;
    uint64_t size;
    const char *cut;
} pickle_file;

// A part of a file, [at, end), read through a window. Once `why` is set (a problem of the file)
// or `failed` (an error of `read`) all reading fails. `gave_up`: an unpickler might go on where
// the walk does not.
typedef struct pickle_source {
    pickle_file file; // `cut` is that of the part
    uint64_t at, end;
    uint64_t window_at; // what the window holds begins here
    size_t window_n;
    char *window;   // PICKLE_WINDOW bytes
    uint64_t *left; // bytes that may yet be read, or unpacked, of the whole file
    bool failed, gave_up;
    err *e;
    const char *why;
} pickle_source;

// Where the scan of one file stands.
typedef struct pickle_scanner {
    arena *a;
    pickle_file file;
    pickle_naming named; // the file is
    str of;              // where it stands in the whole file, for problems; empty: it is that
    unsigned depth;
    bool unpacked; // it stands in what was compressed
    uint64_t left;
    char *window; // of one source at a time: one that another came between begins anew
    err *e;
    pickle_report *out;
    VEC(pickle_import) imports;
    map names; // of them
} pickle_scanner;

pickle_source pickle_source_of(pickle_scanner *s, uint64_t at, uint64_t end);
bool pickle_stop(pickle_source *in, const char *why); // false, with the problem
bool pickle_give_up(pickle_source *in, const char *why);
// The part ends where more was to come.
bool pickle_ends(pickle_source *in, const char *why);
// n more bytes were made out of what was read.
bool pickle_pay(pickle_source *in, size_t n);
// Up to n bytes at a place of the part, in the window until the next call: never fewer.
const uint8_t *pickle_peek(pickle_source *in, uint64_t at, size_t n);
// The same, and goes on behind them.
const uint8_t *pickle_take(pickle_source *in, size_t n);

// A whole number that is not below 0, as Python reads one from text: blanks around it, a sign,
// zeros before it, and "_" between digits. Too large ones are UINT64_MAX.
bool pickle_number(str text, unsigned base, uint64_t *out);

// With where it is; the first is kept.
void pickle_problem(pickle_scanner *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
// Both of at most PICKLE_NAME_MAX bytes. False when there are too many already.
bool pickle_import_add(pickle_scanner *s, str module, str name);
// An import whose name cannot be told: what an unpickler makes of it is anything.
void pickle_import_hidden(pickle_scanner *s, const char *how);

// Walks the pickles that stand one behind the other. PICKLE_NAMED: the first is known to be
// one; PICKLE_UNNAMED: none is. Else those are that begin as one. What is not known to be one,
// imports nothing and stops every unpickler is none. False with an error of `read`.
bool pickle_walk(pickle_scanner *s, pickle_source *in, pickle_naming named);

// Scans a file that stands in the one of the scanner, under this name (empty: its own). False
// with an error of `read`.
bool pickle_scan_inner(pickle_scanner *s, const pickle_file *f, str name, pickle_naming named);

// ---- pickle_form.c --------------------------------------------------------------------------
// What a file's first bytes say. Files of the last four are not opened.
typedef enum pickle_form {
    PICKLE_NO_FORM,
    PICKLE_PLAIN, // protocol 2 and later
    PICKLE_ZIP,
    PICKLE_NUMPY,
    PICKLE_DEFLATE, // of a zip archive's file; no bytes say so
    PICKLE_GZIP,
    PICKLE_ZLIB,
    PICKLE_ZSTD,
    PICKLE_BZIP2,
    PICKLE_XZ,
    PICKLE_LZMA,
    PICKLE_LZ4,
} pickle_form;
#define PICKLE_FORM_N 10 // bytes that tell
pickle_form pickle_form_of(str first);

// ---- pickle_numpy.c -------------------------------------------------------------------------
#define PICKLE_NUMPY_N ((size_t)16 << 10) // bytes of a header that are looked at
// May an array of NumPy hold objects? Then a pickle stands behind its header, at *at.
bool pickle_numpy_has_objects(str first, uint64_t *at);
// False with an error of `read`.
bool pickle_numpy_walk(pickle_scanner *s);

// ---- pickle_unpack.c ------------------------------------------------------------------------
// Scans what is compressed in a part of the scanner's file, as a file of this name (empty: that
// of the scanner's). `size`: of it; UINT64_MAX: not known. in->why is why it is not whole,
// where that matters.
void pickle_unpack(pickle_scanner *s, pickle_source *in, pickle_form how, uint64_t size,
                   str name, pickle_naming named);

// ---- pickle_zip.c ---------------------------------------------------------------------------
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
