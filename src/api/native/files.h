// SPDX-License-Identifier: Apache-2.0
// What runs and versions share: the files below a uri as a list, one file, a folder as a tar
// archive.
#ifndef STEMMA_API_NATIVE_FILES_H
#define STEMMA_API_NATIVE_FILES_H

#include "api/files.h"
#include "api/native/native_internal.h"

#define NATIVE_TAR_TYPE "application/x-tar"

extern const shape native_files_shape;

struct native_files_query {
    uint64_t has;
    str path, after;
    int64_t limit;
};
extern const msg_type native_files_msg;

// Whose files: what lies below a uri, or (NULL: not) of a version whose content is here.
typedef struct native_source {
    str uri;
    const version *v;
} native_source;
bool native_files_reply(call *k, native_source s, const struct native_files_query *q, err *e);

// The file that the route's {path...} names.
bool native_files_send(call *k, native_source s, err *e);

struct native_tar_query {
    uint64_t has;
    str path;
};
extern const msg_type native_tar_msg;
// `name`: of the archive.
bool native_tar_reply(call *k, native_source s, str name, const struct native_tar_query *q,
                      err *e);

#endif
