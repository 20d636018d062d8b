// SPDX-License-Identifier: Apache-2.0
// sink: a folder of this machine that downloads are written into, and nothing outside of it: a
// path's folders are opened one by one without following symbolic links, so neither ".." nor a
// link that somebody planted leads out. A file is written beside its name as ".stemma-....part"
// and takes its name when it is whole and its digest is right. One thread.
#ifndef STEMMA_CLI_SINK_H
#define STEMMA_CLI_SINK_H

#include "base/digest.h"
#include "base/err.h"

typedef struct sink {
    int dir;
} sink;

// A path of the user's own words: links are followed. Made with its parents when it is missing.
bool sink_open(arena *a, str folder, sink *out, err *e);
void sink_close(sink *s);
// Relative, without empty parts, "." and "..", controls and parts of more than 255 bytes.
bool sink_path_ok(str path, err *e);
bool sink_make_folder(sink *s, str path, err *e);
// Is a file of this size and digest there?
bool sink_has(sink *s, str path, uint64_t size, sha256 digest);
// How much of a file of this digest an earlier download left beside its name.
uint64_t sink_part_size(sink *s, str path, sha256 digest);
bool sink_make_executable(sink *s, str path, err *e);

typedef struct sink_file {
    int dir, fd; // fd is -1: closed
    char part[96], name[256];
    uint64_t size; // bytes that are there
    sha256_ctx *sum;
} sink_file;

// Begins a file. With a digest (64 hex digits) what an earlier download of the same digest left
// is taken up: size says how much. ERR_CONFLICT when another process is at it.
bool sink_begin(sink *s, str path, str digest, sink_file *f, err *e);
bool sink_write(sink_file *f, const void *p, size_t n, err *e);
bool sink_restart(sink_file *f, err *e); // forgets what is there
// Syncs it and gives it its name; ERR_CORRUPT, and it is removed, when `want` is not its
// digest.
bool sink_commit(sink_file *f, const sha256 *want, err *e);
void sink_leave(sink_file *f, bool keep); // a part is kept to be taken up; not open: nothing

#endif
