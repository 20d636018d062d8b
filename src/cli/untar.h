// SPDX-License-Identifier: Apache-2.0
// untar: reads a tar stream (ustar, pax, GNU long names) as it comes. Only files and folders
// are taken; links, devices and everything else are refused, and so is a damaged header. What
// names are fit to be written is the receiver's to say. Memory does not grow with the stream.
// One thread.
#ifndef STEMMA_CLI_UNTAR_H
#define STEMMA_CLI_UNTAR_H

#include "base/arena.h"
#include "base/err.h"

typedef struct untar_receiver {
    bool (*begin)(void *arg, str path, uint64_t size, bool is_folder, err *e);
    bool (*bytes)(void *arg, const void *p, size_t n, err *e);
    bool (*end)(void *arg, err *e); // of a file that was begun
    void *arg;
} untar_receiver;

typedef struct untar untar;
untar *untar_new(const untar_receiver *r);
void untar_free(untar *u);
bool untar_feed(untar *u, const void *p, size_t n, err *e);
bool untar_finish(untar *u, err *e); // ERR_UNAVAILABLE when the stream was cut off

#endif
