// SPDX-License-Identifier: Apache-2.0
// What the files of du share.
#ifndef STEMMA_CORE_DU_INTERNAL_H
#define STEMMA_CORE_DU_INTERNAL_H

#include "base/map.h"
#include "core/du.h"

// The rows of a map of du_row, most bytes first.
void du_take(ctx *c, const map *rows, du_row **out, size_t *n);
bool du_of_repos(ctx *c, du_row **out, size_t *n, err *e);

#endif
