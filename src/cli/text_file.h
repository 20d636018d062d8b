// SPDX-License-Identifier: Apache-2.0
// text_file: a small file, read whole.
#ifndef STEMMA_CLI_TEXT_FILE_H
#define STEMMA_CLI_TEXT_FILE_H

#include "base/arena.h"
#include "base/err.h"

// ERR_NOT_FOUND; ERR_TOO_LARGE when it has more than max bytes.
bool cli_read_file(arena *a, const char *path, size_t max, str *out, err *e);

#endif
