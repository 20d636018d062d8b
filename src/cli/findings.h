// SPDX-License-Identifier: Apache-2.0
// findings: what `check` and `verify` find damaged: each is told when it is found, or with
// --json is an element of the list in the result. The first are told, all are counted. One
// thread.
#ifndef STEMMA_CLI_FINDINGS_H
#define STEMMA_CLI_FINDINGS_H

#include "cli/cli_internal.h"

#include "base/buf.h"

#define FINDINGS_TOLD 100

typedef struct findings {
    uint64_t n;                         // all that is damaged, told or not
    uint64_t told;                      // or were to be
    bool json;                          // they are gathered
    buf list;                           // the gathered ones
    void (*print)(void *arg, str line); // else they go there
    void *arg;
} findings;

// print NULL: to standard output.
findings findings_new(const cli_options *o, void (*print)(void *arg, str line), void *arg);
void findings_free(findings *f);

// Tells one, which the caller has counted or counts: `what` is damaged at `where` of `of`;
// empty texts are left out.
void findings_tell(findings *f, str of, str where, str what);
// Counts one and tells it, as check_watch wants it.
void findings_bad(void *f, const char *where, const char *what);
// The result of a command: `counts` are its own members.
str findings_json(arena *a, const findings *f, const char *counts);
// Of commands that print by stdio: "whole", or how much is damaged, with `counts` of what was
// read: members of the JSON object, or a text. Frees them; the exit code.
int findings_end(findings *f, const char *counts);

#endif
