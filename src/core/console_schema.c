// SPDX-License-Identifier: Apache-2.0
// The tables of the console and of signs of life.
#include "core/console.h"

const char console_schema[] =
    // lines and bytes (of texts) that the run has; closed: it reached a limit.
    "CREATE TABLE console (ws {i64} NOT NULL, run {blob} NOT NULL, lines {i64} NOT NULL,"
    " bytes {i64} NOT NULL, closed {i64} NOT NULL, PRIMARY KEY (ws, run)) {clustered};\n"
    "CREATE TABLE console_source (ws {i64} NOT NULL, run {blob} NOT NULL, source {text} NOT "
    "NULL,"
    " batch {i64} NOT NULL, PRIMARY KEY (ws, run, source)) {clustered};\n"
    // first: the number of its first line; n: lines; data: console_record.c.
    "CREATE TABLE console_record (ws {i64} NOT NULL, run {blob} NOT NULL, first {i64} NOT NULL,"
    " n {i64} NOT NULL, data {blob} {big} NOT NULL, PRIMARY KEY (ws, run, first)) {table};\n"
    // A run that promised signs of life: beat.c.
    "CREATE TABLE beat (ws {i64} NOT NULL, run {blob} NOT NULL, every_us {i64} NOT NULL,"
    " seen_us {i64} NOT NULL, due_us {i64} NOT NULL, crashed {i64} NOT NULL, source {text} NOT "
    "NULL, PRIMARY KEY (ws, run)) {clustered};\n"
    "CREATE INDEX beat_by_due ON beat (ws, due_us, run)";
