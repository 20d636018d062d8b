// SPDX-License-Identifier: Apache-2.0
// place: what a data folder says about itself in two small files.
//
//   unfinished   a restore, import or migration has begun and not ended: nothing may open the
//                folder but the same command again
//   records      "sqlite" or "postgresql": where its records are, so that nobody opens it with
//                an empty database beside it (gc would find its content unused)
#ifndef STEMMA_CLI_PLACE_H
#define STEMMA_CLI_PLACE_H

#include "base/arena.h"
#include "base/err.h"

// False when something has begun there and not ended.
bool place_is_finished(arena *a, str dir, err *e);
// May the folder be opened with --db `url` (empty: SQLite)? Notes it in `records`.
bool place_may_open(arena *a, str dir, str url, err *e);
// Its records are there from now on.
bool place_set_records(arena *a, str dir, bool postgres, err *e);

// Makes the folder, unless it is there.
bool place_make(arena *a, str dir, err *e);
// Begins `work` ("restore") into database `url`: the folder is new or empty, or (with
// `content`) may hold content already. *again: it had begun before. ERR_STATE otherwise.
bool place_begin(arena *a, str dir, const char *work, str url, bool content, bool *again,
                 err *e);
bool place_end(arena *a, str dir, err *e);

#endif
