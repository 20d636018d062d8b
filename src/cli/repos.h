// SPDX-License-Identifier: Apache-2.0
// repos: what the commands on repos, versions and refs share.
#ifndef STEMMA_CLI_REPOS_H
#define STEMMA_CLI_REPOS_H

#include "cli/fields.h"

str cli_repo_path(arena *a, str repo, const char *rest); // "/repos/<name, escaped><rest>"
str cli_ref_path(arena *a, str repo, str ref, const char *rest);

// What an address means: the server's reply, NULL when nothing.
const json_value *cli_resolve(cli_session *s, str address, str *text);

// Of what cli_resolve found: the version's path, and "bot@v3".
void cli_version_of(cli_session *s, const json_value *found, str *path, str *name);
// The version that an address means: its path "/repos/bot/versions/3", and "bot@v3".
bool cli_version_named(cli_session *s, str address, str *path, str *name);

// Takes "WORKSPACE/" off an address: from now on requests are about that workspace. ERR_INVALID
// when another was named before. What is elsewhere ("s3://...") stays as it is. Commands with
// several addresses take all of them before they ask.
bool cli_take_workspace(cli_session *s, str *address);

// Splits "[WORKSPACE/]REPO[@REF]"; ref->p is NULL without one.
bool cli_split_ref(cli_session *s, str text, str *repo, str *ref);

// Was -m given, which says why? Asked before anybody is asked whether it is meant.
bool cli_has_reason(cli_session *s);
str cli_reason_json(cli_session *s); // {"reason":WHY}

// The page of a version (its object of a reply), for people; empty without one.
str cli_version_link(cli_session *s, const json_value *version);

// A column's cell of the number of a version ("v3"); empty for none.
str cli_version_cell(cli_session *s, const json_value *of, const char *key);

// ,"expected":N of --expect, for the body of a move; empty when it is not given.
bool cli_expected_json(cli_session *s, str *out);

// "bot@prod  v2 -> v3" of a move, or "bot@prod is at v3 already", with a line for each that
// moved along; `what` is said before.
void cli_say_move(cli_session *s, const char *what, str repo, const json_value *move);

#endif
