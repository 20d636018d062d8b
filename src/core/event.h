// SPDX-License-Identifier: Apache-2.0
// event: who did what to which object and when, append-only. A mutation inserts its event in
// its own transaction; the sealer gives committed events a gapless number a workspace and a
// chained hash (SQLite: inline; PostgreSQL: a leased job every 100 ms). The chain hashes the
// payload's digest, so that a payload can be erased by law without breaking it.
#ifndef STEMMA_CORE_EVENT_H
#define STEMMA_CORE_EVENT_H

#include "base/digest.h"
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
    X(repo_deleted, "a repo was deleted with its versions; payload: reason, if one was given") \
    X(version_created, "a version was published; payload: repo, number, content, message")     \
    X(version_staged, "a version went to another stage; payload: repo, number, from, to")      \
    X(version_deleted, "a version was deleted; payload: repo, number, reason")                 \
    X(ref_moved, "a ref points at another version; payload: repo, ref, kind, from, to, "       \
                 "reason")                                                                     \
    X(version_marked, "a version was marked; payload: repo, number, reason, mark, and was: "   \
                      "the reason that this one replaces")                                     \
    X(version_unmarked, "a version lost a mark; payload: repo, number, reason, mark")          \
    X(user_created, "a user was created")                                                      \
    X(user_enabled, "a disabled user was let in again")                                        \
    X(user_disabled, "a user was disabled: no token of theirs counts")                         \
    X(role_set, "a user's role in the workspace was set; payload: role")                       \
    X(token_made, "a user got a token; payload: token (its id), label")                        \
    X(token_revoked, "a token was revoked; payload: token (its id), label")                    \
    X(protection_set, "a ref, or publishing in a repo, was protected; payload: require, "      \
                      "approvals")                                                             \
    X(protection_removed, "a ref, or publishing in a repo, is not protected any more")         \
    X(version_approved, "a version was approved for a ref; payload: repo, number, ref, "       \
                        "reason")                                                              \
    X(approval_withdrawn, "an approval was withdrawn; payload: repo, number, ref, reason, "    \
                          "and approver when it was that of another")                          \
    X(rule_set,                                                                                \
      "a rule of a repo was made or changed; payload: repo, rule, where, objective, "          \
      "tie, reason")                                                                           \
    X(rule_removed, "a rule of a repo was removed; payload: the same, as it was")              \
    X(workspace_created, "a workspace was created")                                            \
    X(workspace_deleted, "a workspace, which was empty, was deleted")                          \
    X(version_evaluated, "a version was evaluated; payload: repo, number, evaluation, suite, " \
                         "reason (the note)")                                                  \
    X(evaluation_withdrawn, "an evaluation was withdrawn; payload: the same, reason: why")     \
    X(version_edited,                                                                          \
      "a version's description or a tag of it was changed; payload: repo, number, part "       \
      "(description or tag), key, value (its beginning; absent: the tag was removed)")

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

// The same of what belongs to the server, not to c's workspace: in the log of the default one.
bool event_add_server(db_tx *tx, const ctx *c, event_kind kind, str object, str payload,
                      err *e);

// A payload of texts, as a JSON object.
str event_payload(arena *a, const kv *pairs, size_t n);

// Seals what is committed (PostgreSQL: called by the leased job); *sealed counts.
bool event_seal(core *c, size_t *sealed, err *e);
// The same until nothing is left; for commands, which run no sealer.
bool event_seal_all(core *c, err *e);
typedef struct event {
    int64_t number, time_us;
    int64_t project;  // EVENT_NO_PROJECT
    str project_name; // as it is now; empty: there is none
    event_kind kind;
    str user, object, payload; // a payload that is erased or was empty: p is NULL
    bool proven;
} event;

_Static_assert(EVENT_COUNT_ <= 64, "a set of kinds is a word of bits");

typedef struct event_query {
    bool has_project; // only events of this project
    int64_t project;
    str subject;    // only of this thing: a run's id, a repo's name with its versions and refs
    str user;       // only of this user; p NULL: of all
    uint64_t kinds; // only of these, a bit (1 << kind) each; 0: of all
    bool has_since, has_until; // only what happened in [since, until)
    int64_t since_us, until_us;
    bool newest;   // in the falling order of numbers; else in the rising
    int64_t after; // numbers behind it in that order; newest, from the start: INT64_MAX
    size_t max;
} event_query;

typedef struct event_list {
    event *v;
    size_t n;
    bool more;    // more may be there: max was reached, the page grew long, or few matched
    int64_t next; // with more: the number to go on behind
} event_list;

// Sealed events. A page that had to pass over many may be short, or even empty, and say more.
bool event_page(ctx *c, const event_query *q, event_list *out, err *e);
// The number of the last sealed event of c's workspace, 0 when there is none.
bool event_last(ctx *c, int64_t *number, err *e);
// The number of the last one that happened before a time; numbers rise with time, but for
// events that were committed in another order than they happened.
bool event_before(ctx *c, int64_t us, int64_t *number, err *e);

// ---- is the chain whole? --------------------------------------------------------------------
// Called for each break: an event that was changed, moved, or is not there.
typedef void event_bad(void *arg, int64_t ws, int64_t number, const char *what);

// A step of checking the chain of c's workspace: events behind number `after`, whose own chain
// was checked before (0: from the first), at most max. At the end it is held against the head.
typedef struct event_step {
    uint64_t n;
    int64_t last; // the number of the last one that was checked
    sha256 chain; // of that one
    bool end;
} event_step;
bool event_check_step(ctx *c, int64_t after, size_t max, event_bad *bad, void *arg,
                      event_step *out, err *e);
// All of it, in every workspace; *n counts events.
bool event_check(core *c, event_bad *bad, void *arg, uint64_t *n, err *e);

// The chain at an event: a digest of it and of all before it. Who keeps number and chain
// elsewhere can tell later that nothing up to there was changed. number 0: at the last one,
// which *number then names. ERR_NOT_FOUND when there is no such event.
bool event_chain(ctx *c, int64_t *number, sha256 *chain, err *e);

// One listener a core: fn is called, on some thread and briefly, after this process sealed
// events. A hint: other servers seal too (poll event_last), and nothing may rest on it. fn
// NULL: no more; afterwards it is not called any longer.
void event_listen(core *c, void (*fn)(void *arg), void *arg);

extern const char event_subject_schema[];

#endif
