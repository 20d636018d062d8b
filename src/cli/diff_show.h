// SPDX-License-Identifier: Apache-2.0
// diff_show: how 'stemma diff' shows what the server found. One thread.
#ifndef STEMMA_CLI_DIFF_SHOW_H
#define STEMMA_CLI_DIFF_SHOW_H

#include "cli/session.h"

// The parts of GET /diff that differ, each with a heading; with --stat a line each.
void diff_show_parts(cli_session *s, const json_value *diff);
// What could not be compared, on standard error.
void diff_show_notes(cli_session *s, const json_value *diff, const json_value *of);
// A heading, or with --stat the line of a part.
void diff_show_heading(cli_session *s, const char *part, str about);
// A table of rows "key  was  is  difference" for each file that they are in.
void diff_show_rows(cli_session *s, const json_value *rows);

// ---- tensors (diff_tensors.c) ---------------------------------------------------------------
// Lines of GET /diff/tensors as they come: kept for people, or written as JSON.
typedef struct diff_tensor_lines {
    cli_session *s;
    bool json; // to standard output at once, with commas between
    buf part;  // of a line that has not ended
    size_t n;
    VEC(const json_value *) tensors;
    const json_value *summary;
    str summary_json;
    out_progress progress;
} diff_tensor_lines;
bool diff_tensors_take(void *lines, const void *p, size_t n); // of an exchange
void diff_show_tensors(cli_session *s, const diff_tensor_lines *lines);

#endif
