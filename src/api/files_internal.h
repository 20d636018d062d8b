// SPDX-License-Identifier: Apache-2.0
// Shared by the files of api/files*.c only: the files of versions (files_version.c).
#ifndef STEMMA_API_FILES_INTERNAL_H
#define STEMMA_API_FILES_INTERNAL_H

#include "api/files.h"

bool files_version_get(ctx *c, const files_place *p, files_entry *out, err *e);
bool files_version_list(ctx *c, const files_place *p, str after, size_t max, files_entry **out,
                        size_t *n, err *e);

#endif
