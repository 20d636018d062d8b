// SPDX-License-Identifier: Apache-2.0
// What the two files of differences share (core/diff.h).
#ifndef STEMMA_API_NATIVE_DIFF_H
#define STEMMA_API_NATIVE_DIFF_H

#include "api/native/native_internal.h"
#include "core/diff.h"

#define DIFF_ADDRESS_MAX 2000
#define DIFF_DOC                                                                               \
    "an address: [WORKSPACE/]REPO[@WHAT][@{TIME}]; or the id of a run, 32 hex digits"

extern const msg_name diff_whats[]; // added, removed ...
bool diff_find_sides(call *k, str from, str to, diff_side sides[2], err *e);
void diff_put_rows(json_writer *w, const char *name, const diff_rows *rows);
void diff_put_notes(json_writer *w, const diff_notes *notes);

#endif
