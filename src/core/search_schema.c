// SPDX-License-Identifier: Apache-2.0
// The search index' tables, all derived: `stemma rebuild` makes them anew. See
// search_internal.h for what the rows mean and which rules keep them right.
#include "core/search.h"

const char search_schema[] =
    // Runs that changed since they were folded. slot: only of a run that was removed for good.
    "CREATE TABLE run_mark (ws {i64} NOT NULL, project {i64} NOT NULL, run {blob} NOT NULL, "
    "stamp {blob} NOT NULL,"
    " slot {i64}, PRIMARY KEY (ws, project, run, stamp)) {clustered};\n"
    // A chunk of 4,096 slots of a project; slots: how many were handed out.
    "CREATE TABLE column_head (ws {i64} NOT NULL, project {i64} NOT NULL, chunk {i64} NOT "
    "NULL, stamp {i64} NOT NULL,"
    " slots {i64} NOT NULL, PRIMARY KEY (ws, project, chunk)) {clustered};\n"
    "CREATE TABLE column_key (ws {i64} NOT NULL, project {i64} NOT NULL, domain {i64} NOT "
    "NULL, which {i64} NOT NULL,"
    " key {text} NOT NULL, field {i64} NOT NULL, ready {i64} NOT NULL, made_us {i64} NOT NULL,"
    " PRIMARY KEY (ws, project, domain, which, key)) {clustered};\n"
    "CREATE TABLE column_chunk (ws {i64} NOT NULL, project {i64} NOT NULL, field {i64} NOT "
    "NULL, chunk {i64} NOT NULL,"
    " stamp {i64} NOT NULL, data {blob} {big} NOT NULL, PRIMARY KEY (ws, project, field, "
    "chunk)) {table}";
