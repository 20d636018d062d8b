// SPDX-License-Identifier: Apache-2.0
// files: the files below an artifact uri, for every dialect: sent, received, listed, and a
// whole folder as a tar stream. They lie in the artifact tree (core/artifact.h), in the content
// of a published version (core/content.h), or beneath the folder that the operator named
// (core/folder.h); the latter two are only read. Any thread.
#ifndef STEMMA_API_FILES_H
#define STEMMA_API_FILES_H

#include "api/api.h"
#include "core/artifact.h"
#include "core/repo.h"

#define FILES_FOLDER_MAX 100000 // entries of an operator's folder that are listed

typedef struct files_place {
    bool in_folder; // beneath the operator's folder
    bool sealed;    // in the tree of a version's content; else, and by default, in the tree
    sha256 content; // that tree
    int64_t sealed_us;
    str path;
} files_place;

// What lies at a path of the artifact tree, that of a version (core/repo.h) too.
bool files_place_at(ctx *c, str tree_path, files_place *out, err *e);

// Where the files of a version are read: in the tree, or wherever its publisher said.
str files_version_uri(arena *a, const version *v);

// What a path names in a version with content: exactly as it was pushed. ERR_INVALID.
bool files_place_in(const version *v, str path, files_place *out, err *e);

// What a client's path names below a uri. ERR_INVALID; ERR_UNIMPLEMENTED for uris elsewhere.
bool files_place_of(ctx *c, str uri, str client_path, files_place *out, err *e);
// The same for what is written: in the tree only.
bool files_tree_path(arena *a, str uri, str client_path, str *out, err *e);

// Of every reply with bytes that users sent: it is saved under this name and, should a browser
// show it all the same, runs nothing and has no origin.
void files_set_headers(http_req *r, str name);
// Replies with the file: ranges, ETag, as a sandboxed attachment. ERR_NOT_FOUND.
bool files_send(http_req *r, ctx *c, const files_place *p, err *e);
// The same for an object of the store.
bool files_send_object(http_req *r, ctx *c, sha256 digest, str name, err *e);
// The request's body becomes the file; durable when true. ERR_TOO_LARGE with *size > max.
bool files_receive(http_req *r, ctx *c, str tree_path, uint64_t max, sha256 *digest,
                   uint64_t *size, err *e);

typedef struct files_entry {
    str name; // last component
    bool is_dir;
    bool stored; // in the store: digest and modified_us are known
    uint64_t size;
    sha256 digest;
    int64_t modified_us;
} files_entry;

// Direct children in the order of names behind `after` (p NULL: from the first), at most max.
// What is not there has none.
bool files_list(ctx *c, const files_place *p, str after, size_t max, files_entry **out,
                size_t *n, err *e);
bool files_look(ctx *c, const files_place *p, files_entry *out, err *e); // ERR_NOT_FOUND

// Everything below a folder (or the one file) as a tar archive into `out`, the buffer of a
// reply that http_json began; paths are relative to it. `top` is what files_look found at the
// place. False when something is damaged or gone: the reply must then be cut (http_json_fail),
// so that nobody takes it for whole.
bool files_tar(http_req *r, ctx *c, const files_place *p, const files_entry *top, buf *out,
               err *e);

#endif
