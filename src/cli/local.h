// SPDX-License-Identifier: Apache-2.0
// local: a server within a command's process, on a loopback port of its own and with a token
// that nobody else knows, for commands that are given a folder instead of a server.
#ifndef STEMMA_CLI_LOCAL_H
#define STEMMA_CLI_LOCAL_H

#include "cli/cli_internal.h"

typedef struct cli_local cli_local;

// Opens the folder (ERR_UNAVAILABLE, naming who, when a server has it) and listens.
cli_local *cli_local_start(const cli_options *o, arena *a, err *e);
void cli_local_stop(cli_local *l); // NULL is fine
str cli_local_url(const cli_local *l);
str cli_local_token(const cli_local *l);

#endif
