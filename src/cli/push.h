// SPDX-License-Identifier: Apache-2.0
// push: a scanned folder becomes a tree on the server; only what the server lacks travels. One
// thread.
#ifndef STEMMA_CLI_PUSH_H
#define STEMMA_CLI_PUSH_H

#include "cli/hash.h"
#include "cli/pushed.h"
#include "cli/session.h"

typedef struct push {
    cli_session *s;
    scan scan;
    pushed last;
    int dir; // the folder; this and the next are push.c's own
    hash_file *hash;
    // what came of it
    str tree;                      // its root, in hex
    uint64_t sent, objects, bytes; // bytes and objects that travelled; bytes of all files
} push;

// False with s->e. A transfer that breaks off goes on with the objects that are missing yet.
bool push_tree(push *p);

// ---- what its files share -------------------------------------------------------------------
typedef struct push_files {
    scan_file **p;
    size_t n;
} push_files;
// All objects that these files need are on the server then: the files, or their chunks and what
// is made of them. What broke off is not begun anew.
bool push_objects(push *p, const push_files *files);
int push_open(push *p, const scan_file *f);                    // -1 with the session's error
bool push_changed(push *p, const scan_file *f);                // false, with the sentence
bool push_hash(push *p, scan_file *f, out_progress *progress); // its digest and chunks

#endif
