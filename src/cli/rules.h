// SPDX-License-Identifier: Apache-2.0
// rules: what the commands about rules share.
#ifndef STEMMA_CLI_RULES_H
#define STEMMA_CLI_RULES_H

#include "cli/repos.h"

// --where, and --max FIELD or --min FIELD, and behind --then another, as members of a body
// ("" when none is given): "\"where\":...,\"objective\":...". ERR_INVALID for other orders.
bool cli_terms_json(cli_session *s, str *out);
// Why a version is not the best: "fails metrics.acc > 0.9: it is 0.85".
str cli_verdict_text(cli_session *s, const json_value *verdict);
// "max metrics.acc, then min metrics.latency" of a rule or a choice.
str cli_goals_text(cli_session *s, const json_value *of);

#endif
