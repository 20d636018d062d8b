// SPDX-License-Identifier: Apache-2.0
// bulk_file: one large new file that is written steadily while others work on the same disk. A
// few blocks of 256 KiB are on their way at any time: the disk is never idle, and the sync of
// who logs meanwhile waits behind little. It goes past the page cache where the file system can
// do that, so it does not push out what a server reads. One thread writes; threads of its own
// pass on to the disk.
#ifndef STEMMA_CLI_BULK_FILE_H
#define STEMMA_CLI_BULK_FILE_H

#include "base/err.h"

typedef struct bulk_file bulk_file;

// A new file, for its owner only. NULL: it is there already, or cannot be made.
bulk_file *bulk_file_new(const char *path, err *e);

// False: the disk refused what came before; there is no use in going on, and bulk_file_end says
// why.
bool bulk_file_write(bulk_file *f, const void *p, size_t n);

// Waits until all is on the disk, closes and frees; the path is for the error's text. False:
// some of it is not there.
bool bulk_file_end(bulk_file *f, const char *path, err *e);

#endif
