// SPDX-License-Identifier: Apache-2.0
// fields: values of a run by the names that the search language gives them: attributes,
// metrics.KEY (.last, .first, .min, .max), config.KEY, tags.KEY. One thread.
#ifndef STEMMA_CLI_FIELDS_H
#define STEMMA_CLI_FIELDS_H

#include "cli/session.h"

// The field's name without a direction ("metrics.loss.min desc"), and a sort's.
str cli_field_name(str text);
// Splits a list at its commas that stand in no quotes; pushes the fields.
typedef VEC(str) cli_fields;
void cli_fields_add(arena *a, cli_fields *to, str list);
bool cli_field_is_number(str field); // shown to the right
// A run's cell. `exact`: in full and as machines read it, for CSV.
out_cell cli_field_cell(cli_session *s, const json_value *run, str field, bool exact);

out_style cli_status_style(str status);
// Microseconds or milliseconds since 1970 as text; "" for none (INT64_MIN).
str cli_time_cell(cli_session *s, int64_t us, bool exact);
// The project of a run or an event: its name, or its number when it has none any more.
str cli_project_cell(const json_value *of);
int64_t cli_run_ms(const json_value *run); // its duration so far; -1: not begun
// --by of a series: "step" or "time"; false when it is neither.
bool cli_series_order(cli_session *s, str *by);
// A table of tags below what is shown of their owner; nothing when there are none.
void cli_put_tags(cli_session *s, const json_value *tags);

#endif
