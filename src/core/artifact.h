// SPDX-License-Identifier: Apache-2.0
// artifact: one mutable tree a workspace. A run owns <project>/<run>/artifacts below it, a
// logged model <project>/models/<model>/artifacts; MLflow's clients may write to any path. A
// name is never a path of the machine: it is a key of a table whose row names an object by its
// digest.
#ifndef STEMMA_CORE_ARTIFACT_H
#define STEMMA_CORE_ARTIFACT_H

#include "core/core.h"
#include "core/table.h"

#define ARTIFACT_SCHEME "mlflow-artifacts:/" // of uris whose files lie in the tree

// Decoded user path -> normal form without leading, trailing or double '/'. ERR_INVALID
// "Invalid path" for `..`, absolute paths, drive letters, backslashes, '#', control characters,
// more than 4 KiB or 255 bytes a name, bad UTF-8, and anything that is still so after decoding
// percent escapes again (up to ten times). Empty is the root.
bool artifact_path(arena *a, str raw, str *out, err *e);

typedef struct artifact_entry {
    str path; // of the whole tree
    str name; // last component
    bool is_dir;
    uint64_t size;
    sha256 digest;
    int64_t modified_us;
} artifact_entry;

// Where files of versions are read (repo.h), nothing can be put or deleted: ERR_FORBIDDEN.
bool artifact_writable(str path, err *e);
// Puts a durable object at path; makes parents; replaces a file that was there. A directory
// there, or a file as a parent: ERR_CONFLICT.
bool artifact_put(ctx *c, str path, sha256 digest, uint64_t size, err *e);
typedef struct artifact_file {
    str path;
    sha256 digest;
    uint64_t size;
} artifact_file;
// All of them in one transaction, or none.
bool artifact_put_many(ctx *c, const artifact_file *files, size_t n, err *e);
bool artifact_get(ctx *c, str path, artifact_entry *out, err *e); // ERR_NOT_FOUND
// Direct children in the order of names, behind `after` (p NULL: from the first), at most max.
bool artifact_list(ctx *c, str path, str after, size_t max, artifact_entry **out, size_t *n,
                   err *e);
bool artifact_delete(ctx *c, str path, err *e); // file or tree; nothing there is fine
// The same as artifact_get within the caller's transaction; none there is no error.
bool artifact_find(db_tx *tx, const ctx *c, str path, artifact_entry *out, bool *found, err *e);
// Every row beneath `path` (not its own), for who moves them as a whole.
bool artifact_each(db_tx *tx, int64_t ws, str path, table_fn fn, void *arg, err *e);
// Makes the folders of `path`, itself among them, within the caller's transaction.
bool artifact_folders(db_tx *tx, const ctx *c, str path, err *e);
// Whose part of the tree a path lies in: the first id in it, of a run or a logged model that
// may be there or not; zero: of none.
id artifact_owner(str path);
// Is the digest used by any path? For gc.
bool artifact_uses(db_tx *tx, sha256 digest, bool *yes, err *e);

#endif
