// SPDX-License-Identifier: Apache-2.0
// pushed: what is remembered of the last push of a folder to a workspace: its tree, and for
// each file what stat(2) said and its digest. A file that stat says is the same is not read
// again, and only what differs from that tree is sent. It lies in the user's cache folder
// ($XDG_CACHE_HOME/stemma/push/), and may be removed at any time. One thread.
#ifndef STEMMA_CLI_PUSHED_H
#define STEMMA_CLI_PUSHED_H

#include "cli/scan.h"

typedef struct pushed {
    char *path;
    bool has_tree;
    sha256 tree;
    str *removed; // files that it had and that are not there any more, in the order of trees
    size_t n_removed;
} pushed;

// What is remembered of `where` (cli_client_place); nothing when there is none, or it cannot be
// read. Files that it knows have the digest that they had then, and `as_pushed`; where stat
// says that they are as they were, that is their digest. Only what differs is kept in memory.
void pushed_read(arena *a, str where, scan *s, pushed *out);
// Remembers. Failing is no error: the next push reads all files. Files that changed so lately
// that another change might show the same stamps are left without a digest.
void pushed_write(const pushed *p, const scan *s, sha256 tree, int64_t scanned_us);

#endif
