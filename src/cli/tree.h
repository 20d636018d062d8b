// SPDX-License-Identifier: Apache-2.0
// tree: folders made and removed with what is in them. One thread.
#ifndef STEMMA_CLI_TREE_H
#define STEMMA_CLI_TREE_H

#include "base/err.h"

bool tree_make(const char *path, err *e);        // it and its parents; there already is fine
bool tree_make_parent(const char *path, err *e); // all but the last part
void tree_remove(const char *path);              // never follows links; errors are ignored

#endif
