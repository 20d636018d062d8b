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

// freed: when gc found that nothing uses it; it is there until a gc after the hold.
// object_hold: who needs every object for a while (a backup); the row '' is the gate, which who
// takes a hold and who removes objects both write, so that one of them waits for the other.
#define STORE_CARE_DDL                                                                         \
    "ALTER TABLE object ADD COLUMN freed {i64};\n"                                             \
    "CREATE TABLE object_hold ("                                                               \
    " name {text} NOT NULL PRIMARY KEY,"                                                       \
    " expires_us {i64} NOT NULL"                                                               \
    ") {table}"

// object_link: the bytes of `parent` name `child` (a page of a tree its files and pages), which
// is kept as long as the parent is there.
#define STORE_LINK_DDL                                                                         \
    "CREATE TABLE object_link ("                                                               \
    " child {blob} NOT NULL,"                                                                  \
    " parent {blob} NOT NULL,"                                                                 \
    " PRIMARY KEY (child, parent)"                                                             \
    ") {clustered};\n"                                                                         \
    "CREATE INDEX object_link_by_parent ON object_link (parent)"

// damaged: when a check found that its bytes are not what they were; they are missing to who
// asks what to send, and whoever brings them again mends it.
#define STORE_DAMAGE_DDL "ALTER TABLE object ADD COLUMN damaged {i64}"

static const db_query sql_find = {"object.find",
                                  "SELECT digest, size, place, part, start, leased, freed, "
                                  "damaged FROM object WHERE digest = $1",
                                  true};

static const db_query sql_page = {
    "object.page",
    "SELECT digest, size, place, part, start, leased, freed, damaged FROM object "
    "WHERE digest > $1 ORDER BY digest LIMIT $2",
    true};

static const db_query sql_add = {
    "object.add",
    "INSERT INTO object (digest, size, place, part, start, created, leased)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING",
    false};

static const db_query sql_lease = {
    "object.lease", "UPDATE object SET leased = $2, freed = NULL WHERE digest = $1", true};

static const db_query sql_move = {
    "object.move",
    "UPDATE object SET place = $2, part = $3, start = $4, damaged = NULL WHERE "
    "digest = $1 AND part = $5 AND start = $6",
    true};

static const db_query sql_remove = {
    "object.remove",
    "DELETE FROM object WHERE digest = $1 AND part = $2 AND start = $3 AND leased < $4"
    " AND freed IS NOT NULL",
    true};

static const db_query sql_aside = {"object.aside",
                                   "UPDATE object SET freed = $4 WHERE digest = $1 AND part = "
                                   "$2 AND start = $3 AND leased < $4"
                                   " AND freed IS NULL",
                                   true};

static const db_query sql_back = {"object.back",
                                  "UPDATE object SET freed = NULL WHERE digest = $1", true};

static const db_query sql_mark = {
    "object.mark",
    "UPDATE object SET damaged = $4 WHERE digest = $1 AND part = $2 AND start = $3", true};

static const db_query sql_gate = {"object_hold.gate",
                                  "INSERT INTO object_hold (name, expires_us) VALUES ('', $1)"
                                  " ON CONFLICT (name) DO UPDATE SET expires_us = $1",
                                  false};

static const db_query sql_hold = {"object_hold.take",
                                  "INSERT INTO object_hold (name, expires_us) VALUES ($1, $2)"
                                  " ON CONFLICT (name) DO UPDATE SET expires_us = $2",
                                  false};

static const db_query sql_hold_drop = {"object_hold.drop",
                                       "DELETE FROM object_hold WHERE name = $1 OR (name <> '' "
                                       "AND expires_us < $2)",
                                       false};

static const db_query sql_held = {
    "object_hold.held", "SELECT 1 FROM object_hold WHERE expires_us > $1 LIMIT 1", false};

static const db_query sql_link = {
    "object_link.add",
    "INSERT INTO object_link (child, parent) VALUES ($1, $2) ON CONFLICT (child, parent) DO "
    "NOTHING",
    false};

static const db_query sql_linked = {"object_link.is_child",
                                    "SELECT 1 FROM object_link WHERE child = $1 LIMIT 1", true};

static const db_query sql_has_link = {
    "object_link.find", "SELECT 1 FROM object_link WHERE child = $1 AND parent = $2", true};

static const db_query sql_is_parent = {
    "object_link.is_parent", "SELECT 1 FROM object_link WHERE parent = $1 LIMIT 1", true};

static const db_query sql_child = {
    "object_link.child", "SELECT child FROM object_link WHERE parent = $1 LIMIT 2", true};

static const db_query sql_parents = {
    "object_link.parents",
    "SELECT parent FROM object_link WHERE child = $1 AND parent "
    "> $2 ORDER BY parent LIMIT $3",
    true};

// What a removed object named was set aside when it was: its hold was theirs.
static const db_query sql_inherit = {"object.inherit",
                                     "UPDATE object SET freed = $2 WHERE digest IN (SELECT "
                                     "child FROM object_link WHERE parent = "
                                     "$1) AND freed IS NULL AND leased < $3",
                                     true};

static const db_query sql_unlink = {"object_link.drop",
                                    "DELETE FROM object_link WHERE parent = $1", true};

#endif
