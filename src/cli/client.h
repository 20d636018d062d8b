// SPDX-License-Identifier: Apache-2.0
// client: how commands speak to a server: --url (STEMMA_URL) names one; with --data (and
// perhaps --db) a server of our own is opened on the folder within this process, so that both
// ways run the same code. One thread.
#ifndef STEMMA_CLI_CLIENT_H
#define STEMMA_CLI_CLIENT_H

#include "base/json.h"
#include "cli/cli_internal.h"
#include "net/client.h"

typedef struct cli_client cli_client;

// Do they name a folder (and on the command line no server)? Then a server within this process
// answers.
bool cli_is_within(const cli_options *o);
cli_client *cli_connect(const cli_options *o, arena *a, err *e);
// The same, for a question that may take no longer than within_us.
cli_client *cli_connect_within(const cli_options *o, arena *a, int64_t within_us, err *e);
// For what the server works on for long before it answers: waits for a byte so long.
cli_client *cli_connect_patient(const cli_options *o, arena *a, int64_t stall_us, err *e);
void cli_disconnect(cli_client *c);

// A request whose reply is JSON; `path` begins behind "/api/v1". `body` is JSON, or empty. NULL
// and e on an error, the server's own sentence when it answered with one. The reply's text is
// kept too when `text` is not NULL (for --json).
json_value *cli_call(cli_client *c, const char *method, str path, str body, str *text, err *e);
// False and e for a reply with a status of 400 and more: the server's own sentence, and its
// place.
bool cli_reply_ok(arena *a, const http_exchange *x, err *e);
// For connections of one's own (other threads): the same server, token and workspace. The texts
// live in the arena and as long as the client.
http_client_config cli_http_config(const cli_client *c, arena *a);
// Where the server is and its token, for programs that speak to it themselves.
str cli_client_url(const cli_client *c);
str cli_client_token(const cli_client *c);
// The workspace that requests name, empty: the default one. The name must outlive the client.
bool cli_use_workspace(cli_client *c, str name, err *e);
str cli_client_workspace(const cli_client *c);
// The server (or the folder, when one within this process answers) and the workspace, told from
// all others: what is remembered of one holds for no other.
str cli_client_place(const cli_client *c);
// The page of something, for people to open; `path` is the page's address, its parts escaped.
// Empty when the server is one within this process, which ends with the command.
str cli_page_link(const cli_client *c, arena *a, str path);
// Replies come into this arena from now on; returns the one before. Lists give pages their own.
arena *cli_use_arena(cli_client *c, arena *a);
// Where in the expression that was sent the last error lies, in bytes; -1 when it has no place.
int64_t cli_error_at(const cli_client *c);
// Any exchange; x->path is whole ("/api/v1/..."). Fills e for a status of 400 and more.
bool cli_exchange(cli_client *c, http_exchange *x, err *e);

#endif
