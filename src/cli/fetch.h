// SPDX-License-Identifier: Apache-2.0
// fetch: files of a version over several connections. Pieces of the files are asked for ahead,
// in their order, and written in that order, so that a file that broke off goes on where it
// ended. Memory is bounded by the pieces that are on their way. One thread calls; others fetch.
#ifndef STEMMA_CLI_FETCH_H
#define STEMMA_CLI_FETCH_H

#include "cli/session.h"
#include "cli/sink.h"

typedef struct fetch_file {
    str path;
    uint64_t size;
    sha256 digest;
    bool executable;
} fetch_file;

// Brings what is not there already, each file held against its digest before it has its name.
// `name` is the address of the version. False with s->e; what has come stays, to be taken up.
bool fetch_files(cli_session *s, sink *to, str name, const fetch_file *files, size_t n);

#endif
