// SPDX-License-Identifier: Apache-2.0
// pickles: what the pickles of a version would import, as the server tells it: a section for
// show, warnings for push and pull. That it cannot be told is a warning, no error. One thread.
#ifndef STEMMA_CLI_PICKLES_H
#define STEMMA_CLI_PICKLES_H

#include "cli/repos.h"

void cli_pickles_show(cli_session *s, str repo, int64_t number);
// The same as a JSON array, in the session's arena.
str cli_pickles_json(cli_session *s, str repo, int64_t number);
// A sentence on standard error for each that is not harmless.
void cli_pickles_warn(cli_session *s, str repo, int64_t number);

#endif
