// SPDX-License-Identifier: Apache-2.0
// A packing step, as the packer's thread and series_pack_all run it.
#ifndef STEMMA_CORE_SERIES_PACK_STEP_H
#define STEMMA_CORE_SERIES_PACK_STEP_H

#include "core/series_pack.h"

#include <stdatomic.h>

typedef struct pack_step {
    db *db;
    bool everything; // not only what is due
    pack_limits limits;
    const atomic_bool
        *stop;       // ends settling early (NULL: never); the next step that is late goes on
    int64_t from_ws; // runs behind this one are looked at
    id from_run;
    bool end;          // no run with pending records is behind those of the step
    size_t waiting;    // records of runs that are not due yet
    int64_t oldest_us; // the oldest record seen by steps since this was set to 0
    // the work
    bool pending;
    arena *a;
    int64_t now_us, ws;
    id run;
    size_t points, series;
    VEC(prun *) runs;
    block *block;
    spt *scratch; // malloc'd
    size_t n_scratch;
} pack_step;

pack_step *pack_step_new(db *d, bool everything);
void pack_step_free(pack_step *s);
bool pack_step_pending(pack_step *s, bool *any, err *e); // is there a record at all?
// Reads, encodes and writes what is due of the next runs; *packed records are gone then.
// ERR_CONFLICT when somebody else packed the same: nothing was changed.
bool pack_step_run(pack_step *s, size_t *packed, err *e);
// Its two halves: up to here nothing is changed; all of it is.
bool pack_step_read(pack_step *s, err *e);
bool pack_step_write(pack_step *s, size_t *packed, err *e);

#endif
