// SPDX-License-Identifier: Apache-2.0
// The named queries of store/, and its table.
#ifndef STEMMA_STORE_SQL_H
#define STEMMA_STORE_SQL_H

#include "db/db.h"

// object: one row an object. place: store_kind. part: the pack or the file's copy. start: of
// its record in the pack. leased: gc keeps it until then, used or not.
#define STORE_DDL                                                                              \
    "CREATE TABLE object ("                                                                    \
    " digest {blob} NOT NULL PRIMARY KEY,"                                                     \
    " size {i64} NOT NULL,"                                                                    \
    " place {i64} NOT NULL,"                                                                   \
    " part {blob} NOT NULL,"                                                                   \
    " start {i64} NOT NULL,"                                                                   \
    " created {i64} NOT NULL,"                                                                 \
    " leased {i64} NOT NULL"                                                                   \
    ") {clustered}"

static const db_query sql_find = {
    "object.find",
    "SELECT digest, size, place, part, start, leased FROM object WHERE digest = $1", true};

static const db_query sql_page = {"object.page",
                                  "SELECT digest, size, place, part, start, leased FROM object "
                                  "WHERE digest > $1 ORDER BY digest LIMIT $2",
                                  true};

static const db_query sql_add = {
    "object.add",
    "INSERT INTO object (digest, size, place, part, start, created, leased)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING",
    false};

static const db_query sql_lease = {"object.lease",
                                   "UPDATE object SET leased = $2 WHERE digest = $1", true};

static const db_query sql_move = {"object.move",
                                  "UPDATE object SET place = $2, part = $3, start = $4 WHERE "
                                  "digest = $1 AND part = $5 AND start = $6",
                                  true};

static const db_query sql_remove = {
    "object.remove",
    "DELETE FROM object WHERE digest = $1 AND part = $2 AND start = $3 AND leased < $4", true};

#endif
