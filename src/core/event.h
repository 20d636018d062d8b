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
    X(gc_freed, "a deleted run, logged model or project was freed")                            \
    X(run_moved, "a run was moved to another project; payload: from, to")                      \
    X(job_started, "a job was started by a user")                                              \
    X(job_ended, "a job that a user started has ended")                                        \
    X(imported, "records came from another tracker")                                           \
    X(run_crashed, "a run that promised signs of life gave none")                              \
    X(run_revived, "a run that was taken for crashed gave a sign of life")                     \
    X(gc_undone, "what a gc had freed came back to the bin")                                   \
    X(repo_created, "a repo was created")                                                      \
    X(repo_renamed, "a repo got another name; payload: from, to")                              \
    X(repo_deleted, "a repo was deleted with its versions")                                    \
    X(version_created, "a version was published; payload: repo, number, content")              \
    X(version_staged, "a version went to another stage; payload: repo, number, from, to")      \
    X(version_deleted, "a version was deleted; payload: repo, number, reason")                 \
    X(ref_moved, "a ref points at another version; payload: repo, ref, kind, from, to, "       \
                 "reason")                                                                     \
    X(version_marked, "a version was marked; payload: repo, number, reason, mark")             \
    X(version_unmarked, "a version lost a mark; payload: repo, number, reason, mark")          \
    X(user_created, "a user was created")                                                      \
    X(user_enabled, "a disabled user was let in again")                                        \
    X(user_disabled, "a user was disabled: no token of theirs counts")                         \
    X(role_set, "a user's role in the workspace was set; payload: role")                       \
    X(token_made, "a user got a token; payload: token (its id), label")                        \
    X(token_revoked, "a token was revoked; payload: token (its id), label")

#define EVENT_ENUM(name, doc) EVENT_##name,
typedef enum event_kind {
    EVENT_NONE_,
    EVENT_TABLE(EVENT_ENUM) EVENT_COUNT_
} event_kind; // numbers are stored: append only
#undef EVENT_ENUM

// "run_created"; "unknown" for what a newer program wrote.
const char *event_kind_name(event_kind kind);

#define EVENT_NO_PROJECT  (-1)        // of the workspace
#define EVENT_PAYLOAD_MAX (32u << 10) // bytes

// Within the transaction of the change. `in_project` is that of what was touched, or
// EVENT_NO_PROJECT; `object` is its id or number, `payload` is JSON or empty. When the caller's
// request is one that must happen once (c->once, once.h) and this is the event of its creation,
// that is recorded in the same transaction.
bool event_add(db_tx *tx, const ctx *c, event_kind kind, int64_t in_project, str object,
               str payload, err *e);

// A payload of texts, as a JSON object.
str event_payload(arena *a, const kv *pairs, size_t n);

// Seals what is committed (PostgreSQL: called by the leased job); *sealed counts.
bool event_seal(core *c, size_t *sealed, err *e);
// The same until nothing is left; for commands, which run no sealer.
bool event_seal_all(core *c, err *e);
// Checks numbers and hashes of every workspace's chain; bad() is called for each break.
bool event_check(core *c, void (*bad)(void *arg, int64_t ws, int64_t number, const char *what),
                 void *arg, uint64_t *n, err *e);

typedef struct event {
    int64_t number, time_us;
    int64_t project;  // EVENT_NO_PROJECT
    str project_name; // as it is now; empty: there is none
    event_kind kind;
    str user, object, payload; // a payload that is erased or was empty: p is NULL
    bool proven;
} event;

typedef struct event_query {
    bool has_project; // only events of this project
    int64_t project;
    bool newest;   // in the falling order of numbers; else in the rising
    int64_t after; // numbers behind it in that order; newest, from the start: INT64_MAX
    size_t max;
} event_query;

typedef struct event_list {
    event *v;
    size_t n;
    bool more; // more are there: max was reached, or the page grew long
} event_list;

// Sealed events.
bool event_page(ctx *c, const event_query *q, event_list *out, err *e);
// The number of the last sealed event of c's workspace, 0 when there is none.
bool event_last(ctx *c, int64_t *number, err *e);

// One listener a core: fn is called, on some thread and briefly, after this process sealed
// events. A hint: other servers seal too (poll event_last), and nothing may rest on it. fn
// NULL: no more; afterwards it is not called any longer.
void event_listen(core *c, void (*fn)(void *arg), void *arg);

#endif
