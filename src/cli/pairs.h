// SPDX-License-Identifier: Apache-2.0
// pairs: KEY=VALUE on the command line.
#ifndef STEMMA_CLI_PAIRS_H
#define STEMMA_CLI_PAIRS_H

#include "core/core.h"

// Of one text; ERR_INVALID without '=' or key. `what` names it in the message.
bool cli_pair(const char *what, str text, kv *out, err *e);
// Of an option that may be given several times (a text a line).
bool cli_pairs(arena *a, const char *what, str texts, kv **out, size_t *n, err *e);

#endif
