// SPDX-License-Identifier: Apache-2.0
// tree: see tree.h.
#include "cli/tree.h"

#include "base/arena.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool tree_make_parent(const char *path, err *e) {
    char *copy = mem_strdup(str_of(path));
    bool ok = true;
    for (char *at = copy + 1; ok && (at = strchr(at, '/')); at++) {
        *at = 0;
        if (mkdir(copy, 0700) && errno != EEXIST)
            ok = err_errno(e, "making the folder %s failed", copy);
        *at = '/';
    }
    free(copy);
    return ok;
}

bool tree_make(const char *path, err *e) {
    return tree_make_parent(path, e) && (mkdir(path, 0700) == 0 || errno == EEXIST ||
                                         err_errno(e, "making the folder %s failed", path));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f) {
    (void)st, (void)type, (void)f;
    remove(path);
    return 0;
}

void tree_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
