// SPDX-License-Identifier: Apache-2.0
// What the files of repos, versions and refs share.
#ifndef STEMMA_API_NATIVE_REPOS_H
#define STEMMA_API_NATIVE_REPOS_H

#include "api/native/native_internal.h"
#include "core/ref.h"

#define REPOS_TEXT_MAX 100000 // of a description

// {"reason": ...} of what is not done without one, or keeps it.
struct repos_why {
    uint64_t has;
    str reason;
};
extern const msg_type repos_why_msg;
extern const msg_name repos_kinds[];
// The repo that the path names, made when it is not there and a kind is given (else 0).
bool repos_open(call *k, int64_t kind, repo *out, err *e);

// ---- versions.c -----------------------------------------------------------------------------
extern const shape versions_version_shape;
extern const msg_name versions_relations[], versions_marks[];
bool versions_of_path(call *k, version *out, err *e); // that the request's path names
// parents: NULL: they are not shown.
void versions_put(json_writer *w, const version *v, const version_parent *parents, size_t n);
// The version as it is now, with its parents. ERR_NOT_FOUND.
bool versions_put_whole(call *k, const version *v, err *e);
bool versions_number(str text, int64_t *out, err *e); // "3" or "v3": ERR_NOT_FOUND else

// ---- refs.c ---------------------------------------------------------------------------------
extern const shape refs_move_shape;
extern const msg_name refs_kinds[];
void refs_put_move(json_writer *w, const ref_move *m);

#endif
