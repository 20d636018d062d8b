// SPDX-License-Identifier: Apache-2.0
// release: several repos moved as one. A repo of the kind `release` has versions that pin
// versions of others: a model, its adapter, its prompt, its configuration. When an alias of it
// moves to a version, or goes back, the alias of the same name of each pinned repo moves to
// what is pinned, in the same transaction: all move or none. What was pinned before and is not
// any more stays where it is; removing the alias of a release removes that alone.
//
// The content of such a version is one file, release.json, that names each repo and the digest
// of the pinned content, so the same set of contents is the same release on every server. The
// pins themselves are its parents, by the relation "pins". Any thread.
#ifndef STEMMA_CORE_RELEASE_H
#define STEMMA_CORE_RELEASE_H

#include "core/ref.h"

#define RELEASE_FILE "release.json"

// Publishes a release of these versions in a repo of that kind. ERR_INVALID: none are named,
// two of one repo, or one of a release.
bool release_create(ctx *c, str repo_name, const version *pins, size_t n, str description,
                    version *out, err *e);

#endif
