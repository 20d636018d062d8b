// SPDX-License-Identifier: Apache-2.0
// cli: the commands, one file each. A command is a row of the table in commands.c; its options
// are rows of the table in cli_internal.h, from which --help, the environment variables and
// docs/reference.md are made.
#ifndef STEMMA_CLI_CLI_H
#define STEMMA_CLI_CLI_H

#include "base/arena.h"
#include "base/err.h"

// Exit codes, for scripts: X(name, number, meaning).
#define CLI_EXITS(X)                                                                           \
    X(OK, 0, "done")                                                                           \
    X(FAILED, 1, "it failed; of 'runs watch': the run did not end well")                       \
    X(USAGE, 2, "the command line, or a value that was sent, is wrong")                        \
    X(UNSOUND, 3, "'check' found damage")                                                      \
    X(NOT_FOUND, 4, "there is no such object")                                                 \
    X(UNREACHED, 5, "the server does not answer")

#define CLI_EXIT_ENUM(name, number, doc) CLI_##name = number,
enum { CLI_EXITS(CLI_EXIT_ENUM) };
#undef CLI_EXIT_ENUM

// Runs argv[1]; returns the exit code.
int cli_main(int argc, char **argv);

#endif
