// SPDX-License-Identifier: Apache-2.0
// pairs: options KEY=VALUE that may be given several times.
#ifndef STEMMA_CLI_PAIRS_H
#define STEMMA_CLI_PAIRS_H

#include "base/json.h"
#include "core/core.h"

// Of an option `what` that may be given several times (a text a line).
bool cli_pairs(arena *a, const char *what, str texts, kv **out, size_t *n, err *e);
// ERR_INVALID when a number was written that is beyond a double's range, so that it became an
// infinity: that is written as such.
bool cli_check_range(str text, double value, err *e);
// The elements of a list: {"key":...,"value":...}
void cli_put_pairs(json_writer *w, const kv *v, size_t n);

#endif
