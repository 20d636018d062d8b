// SPDX-License-Identifier: Apache-2.0
// main: the program is its table of commands (cli/commands.c).
#include "cli/cli.h"

int main(int argc, char **argv) {
    return cli_main(argc, argv);
}
