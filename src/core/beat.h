// SPDX-License-Identifier: Apache-2.0
// beat: signs of life. A run that promised one every so often, and gave none for three times
// that (and for core_config.beat_grace_us at least), is CRASHED, with a reason and an event.
// That is found by a leased sweep on any server; time in which no server ran does not count. A
// later sign of life makes such a run RUNNING again, and a state that a client sets wins
// always.
#ifndef STEMMA_CORE_BEAT_H
#define STEMMA_CORE_BEAT_H

#include "core/core.h"

#define BEAT_GRACE_US INT64_C(30000000)
#define BEAT_FROM_MAX 200 // characters

// A sign of life, and the promise of the next; every_us 0 takes the promise back. `from` says
// in words who gives them ("host h, process 12"). The run must not be in the bin.
bool beat(ctx *c, id run, int64_t every_us, str from, err *e);

// Marks as crashed what is due at now_us, in all workspaces; *crashed counts. `since_us`: the
// sweep has looked since then, and before that nobody could give signs of life.
bool beat_sweep(core *c, int64_t now_us, int64_t since_us, uint64_t *crashed, err *e);

typedef struct beat_watch beat_watch; // a thread that sweeps
beat_watch *beat_watch_start(core *c);
void beat_watch_stop(beat_watch *w);

// A run that is removed for good.
bool beat_forget(db_tx *tx, int64_t ws, id run, err *e);

#endif
