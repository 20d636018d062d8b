// SPDX-License-Identifier: Apache-2.0
// backup: everything that a server keeps, at one moment, as one archive (archive.h), whatever
// engine the records are in.
//
// Writing: the records of one snapshot go to a scratch file in the content folder first, so
// that no transaction waits for whoever reads the backup; then they and every object that the
// catalogue named at that moment are sent. A hold keeps gc from removing objects meanwhile.
// Servers go on as before.
#ifndef STEMMA_CORE_BACKUP_H
#define STEMMA_CORE_BACKUP_H

#include "core/archive.h"
#include "core/check.h"
#include "core/core.h"

typedef struct backup_report {
    uint64_t tables, rows, objects, object_bytes, lost, bytes; // bytes: of the whole archive
} backup_report;

// `version`: of this program. Objects that can not be read are named in the archive (lost) and
// do not end it.
bool backup_write(core *c, const char *version, archive_put put, void *arg, backup_report *r,
                  err *e);

// What a backup says of itself.
typedef struct backup_about {
    int64_t made_us;
    int schema;
    str version, engine; // in the arena
} backup_about;

// ---- restoring ------------------------------------------------------------------------------
// Into an empty database: backup_read_about, then backup_load_records, which makes the schema
// that the backup has and then brings it to this program's; then the store can be opened, and
// backup_load_objects takes the rest of the same reader and checks it to its end. Killed
// anywhere, begin again with a new reader: records are wiped (`again`), objects that are there
// are passed over.
bool backup_load_records(db *d, archive_in *in, const backup_about *about, bool again,
                         const char *version, backup_report *r, err *e);
bool backup_load_objects(store *s, archive_in *in, backup_report *r, err *e);

// ---- checking -------------------------------------------------------------------------------
// Reads it whole; w->bad() names what is damaged. False (and e) when it could not be read to
// its end: cut off, or not a backup at all.
bool backup_check(archive_in *in, const check_watch *w, arena *a, backup_about *about,
                  backup_report *r, err *e);

// The first frame of a reader; ERR_INVALID when it is no backup. For backup_load_records;
// backup_check does it itself.
bool backup_read_about(archive_in *in, arena *a, backup_about *about, err *e);

// A table's frame: its name, and its columns as this program knows them in that schema, or NULL
// with e.
struct table_set;
struct table;
const struct table *backup_table(const struct table_set *set, str payload, err *e);

#endif
