// SPDX-License-Identifier: Apache-2.0
// What core's own files share: the open server and the background threads it owns.
#ifndef STEMMA_CORE_INTERNAL_H
#define STEMMA_CORE_INTERNAL_H

#include "core/core.h"
#include "core/search.h"
#include "core/series.h"

typedef struct event_sealer event_sealer;

struct core {
    db *db;
    store *store;
    char *artifact_root;
    char *undo_dir;
    id holder; // this process, in leases
    series_packer *packer;
    search_folder *folder;
    event_sealer *sealer; // PostgreSQL only
};

// A thread that seals events every 100 ms under a lease.
event_sealer *event_sealer_start(core *c);
void event_sealer_stop(event_sealer *s);

// <location>/<more>; a query string of the location stays behind the path (s3://b/p?x=y ->
// s3://b/p/<more>?x=y).
str core_uri_join(arena *a, str location, str more);

// Writes a loop of pages: fills *out with a copy of kv rows (key, value) of a query's result.
bool core_read_kv(db_rows *rows, arena *a, kv **out, size_t *n, err *e);

#endif
