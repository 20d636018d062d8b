// SPDX-License-Identifier: Apache-2.0
// What the files of import share: rows of import_item, and the attributes of what comes over.
#ifndef STEMMA_CORE_IMPORT_INTERNAL_H
#define STEMMA_CORE_IMPORT_INTERNAL_H

#include "core/import.h"
#include "core/run_internal.h"

bool import_mark_read(db_tx *tx, const ctx *c, id item, bool there, import_mark *out, err *e);
bool import_mark_write(db_tx *tx, const ctx *c, id item, const import_mark *m, err *e);
// Adds them to what the owner has.
bool import_put_attrs(db_tx *tx, const ctx *c, id owner, attr_kind kind, const kv *p, size_t n,
                      err *e);
// Says what a source brought: to a project, or to the workspace (EVENT_NO_PROJECT).
bool import_told(db_tx *tx, const ctx *c, str source, int64_t in_project, const char *what,
                 uint64_t items, uint64_t points, err *e);

#endif
