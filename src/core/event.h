// SPDX-License-Identifier: Apache-2.0
// event: who did what to which object and when, append-only. A mutation inserts its event in
// its own transaction; the sealer gives committed events a gapless number a workspace and a
// chained hash (SQLite: inline; PostgreSQL: a leased job every 100 ms). The chain hashes the
// payload's digest, so that a payload can be erased by law without breaking it.
#ifndef STEMMA_CORE_EVENT_H
#define STEMMA_CORE_EVENT_H

#include "core/core.h"

// X(name, what happened)
#define EVENT_TABLE(X)                                                                         \
    X(project_created, "a project was created")                                                \
    X(project_renamed, "a project got another name")                                           \
    X(project_deleted, "a project was moved to the bin with its runs")                         \
    X(project_restored, "a project came back from the bin")                                    \
    X(run_created, "a run began")                                                              \
    X(run_ended, "a run reached a final state")                                                \
    X(run_renamed, "a run got another name")                                                   \
    X(run_deleted, "a run was moved to the bin")                                               \
    X(run_restored, "a run came back from the bin")                                            \
    X(run_edited, "an ended run was changed")                                                  \
    X(model_created, "a logged model was begun")                                               \
    X(model_finalized, "a logged model became ready or failed")                                \
    X(model_deleted, "a logged model was moved to the bin")                                    \
    X(artifact_deleted, "files were removed from the artifact tree")                           \
    X(gc_freed, "what deleted runs held was freed")                                            \
    X(gc_undone, "what a gc had freed came back to the bin")

#define EVENT_ENUM(name, doc) EVENT_##name,
typedef enum event_kind {
    EVENT_NONE_,
    EVENT_TABLE(EVENT_ENUM)
} event_kind; // numbers are stored: append only
#undef EVENT_ENUM

// Within the transaction of the change. `object` is the id or number of what was touched,
// `payload` is JSON or empty.
bool event_add(db_tx *tx, const ctx *c, event_kind kind, str object, str payload, err *e);

// Seals what is committed (PostgreSQL: called by the leased job); *sealed counts.
bool event_seal(core *c, size_t *sealed, err *e);
// Checks numbers and hashes of every workspace's chain; bad() is called for each break.
bool event_check(core *c, void (*bad)(void *arg, int64_t ws, int64_t number, const char *what),
                 void *arg, uint64_t *n, err *e);

typedef struct event {
    int64_t number, time_us;
    event_kind kind;
    str user, object, payload;
    bool proven;
} event;
bool event_page(ctx *c, int64_t after_number, size_t max, event **out, size_t *n, err *e);

#endif
