// SPDX-License-Identifier: Apache-2.0
// listing: the names in a folder, told apart from what could be read of them: readdir(3) gives
// NULL at the end and on an error (a disk that fails, NFS). One thread.
#ifndef STEMMA_CLI_LISTING_H
#define STEMMA_CLI_LISTING_H

#include <dirent.h>
#include <errno.h>
#include <string.h>

// The next name but "." and "..". NULL: errno is 0 at the end, else there may be more.
static inline const char *listing_next(DIR *d) {
    const struct dirent *f;
    do {
        errno = 0;
        f = readdir(d);
    } while (f && (!strcmp(f->d_name, ".") || !strcmp(f->d_name, "..")));
    return f ? f->d_name : NULL;
}

#endif
