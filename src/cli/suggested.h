// SPDX-License-Identifier: Apache-2.0
// suggested: the semantic version that the server suggests for a version: asked for, shown, and
// sealed. One thread.
#ifndef STEMMA_CLI_SUGGESTED_H
#define STEMMA_CLI_SUGGESTED_H

#include "cli/repos.h"

typedef struct suggested {
    str repo;
    int64_t number;
    const json_value *about; // the server's object; NULL: it was not asked, or failed
    str text;                // the same, for --json
    const json_value *move;  // when it was sealed
    str move_text;
} suggested;

bool suggested_ask(cli_session *s, str in, int64_t number, suggested *out); // in: the repo
// Seals the version under it, for the reason of -m when `message` says so, else for those of
// the suggestion. Nothing is done when the content is sealed already. False with s->e, also
// when there is nothing to seal it under.
bool suggested_seal(cli_session *s, suggested *g, bool message);
// A few lines: the version with what it is compared with, and its weightiest reasons.
void suggested_show(cli_session *s, const suggested *g);
// One line: where it was sealed.
void suggested_show_seal(cli_session *s, const suggested *g);
str suggested_json(arena *a, const suggested *g); // with "move" when it was sealed

#endif
