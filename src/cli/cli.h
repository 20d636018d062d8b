// SPDX-License-Identifier: Apache-2.0
// cli: the commands, one file each. A command is a row of the table in commands.c; its options
// are rows of the table in cli_internal.h, from which --help, the environment variables and
// docs/reference.md are made.
#ifndef STEMMA_CLI_CLI_H
#define STEMMA_CLI_CLI_H

#include "base/arena.h"
#include "base/err.h"

// Exit codes, for scripts.
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_UNSOUND = 3,   // stemma check found damage
    CLI_NOT_FOUND = 4, // there is no such object
    CLI_UNREACHED = 5, // the server does not answer
};

// Runs argv[1]; returns the exit code.
int cli_main(int argc, char **argv);

#endif
