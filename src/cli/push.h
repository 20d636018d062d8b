// SPDX-License-Identifier: Apache-2.0
// push: a scanned folder becomes a tree on the server; only what the server lacks travels. One
// thread.
#ifndef STEMMA_CLI_PUSH_H
#define STEMMA_CLI_PUSH_H

#include "cli/pushed.h"
#include "cli/session.h"

typedef struct push {
    cli_session *s;
    scan scan;
    pushed last;
    // what came of it
    str tree;                      // its root, in hex
    uint64_t sent, objects, bytes; // bytes and objects that travelled; bytes of all files
} push;

// False with s->e. A transfer that breaks off goes on with the objects that are missing yet.
bool push_tree(push *p);

#endif
