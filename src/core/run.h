// SPDX-License-Identifier: Apache-2.0
// run: one execution. Its facts are the run row (state, times, user), its attributes
// (parameters "config", tags) and its series. Writes that touch what a search can see also mark
// the run (search_mark in search.h) in the same transaction.
#ifndef STEMMA_CORE_RUN_H
#define STEMMA_CORE_RUN_H

#include "base/msg.h"
#include "core/core.h"

typedef enum run_status { // numbers are MLflow's and are stored
    RUN_RUNNING = 1,
    RUN_SCHEDULED = 2,
    RUN_FINISHED = 3,
    RUN_FAILED = 4,
    RUN_KILLED = 5,
    RUN_CRASHED = 6, // ours: it ended without saying so (MLflow's clients see FAILED)
} run_status;
// The words of ours for them, in requests, replies and exports.
extern const msg_name run_status_names[];

// Attributes of a run (and parameters and tags of a logged model): kinds are stored numbers.
typedef enum attr_kind { ATTR_PARAM = 1, ATTR_TAG = 2 } attr_kind;

typedef struct run {
    id id;
    int64_t project;
    str name, user, artifact_uri;
    run_status status;
    lifecycle life;
    bool has_start, has_end;
    int64_t start_ms, end_ms; // as the client gave them
    int64_t created_us;
    str reason; // why it is in its state, in words; p NULL: none
} run;

typedef struct run_new {
    int64_t project;
    str name, user;
    bool has_start;
    int64_t start_ms;
    const kv *tags, *params; // params: no key twice
    size_t n_tags, n_params;
} run_new;

str run_random_name(arena *a); // adjective-noun-number, 20 characters at most
bool run_create(ctx *c, const run_new *n, run *out,
                err *e); // the project must be active (ERR_STATE, ERR_NOT_FOUND)
bool run_get(ctx *c, id run_id, run *out, err *e); // deleted ones too; ERR_NOT_FOUND
// All are there, deleted ones too; ERR_NOT_FOUND names the first that is not.
bool run_all_there(ctx *c, const id *run_ids, size_t n, err *e);

// What is not set stays. All of it is one transaction.
typedef struct run_change {
    bool has_status, has_end, has_name, has_project;
    run_status status; // another status than before: the reason goes, unless one is given
    int64_t end_ms;
    bool end_if_open; // has_end: only when the run has no end yet
    bool end_none;    // instead: takes the end away
    str name;
    str reason;      // p NULL: as above
    int64_t project; // moves it there; that project must be active. Data sets and logged models
                     // stay in theirs, files keep their place
    const kv *tags;  // value p NULL: takes the tag away, if it is there
    size_t n_tags;
} run_change;
bool run_update(ctx *c, id run_id, const run_change *change, run *out, err *e); // active only
bool run_delete(ctx *c, id run_id, err *e);                                     // idempotent
bool run_restore(ctx *c, id run_id, err *e);                                    // idempotent

// The same to many runs, in transactions of up to RUN_BULK of them. failed[n]: p NULL where it
// was done, else why not (no such run, wrong state). False: the engine failed; some may be
// done.
#define RUN_BULK 100
typedef enum run_act { RUN_DO_CHANGE, RUN_DO_DELETE, RUN_DO_RESTORE } run_act;
bool run_bulk(ctx *c, run_act act, const run_change *change, const id *ids, size_t n,
              str *failed, err *e);

// ---- logging: one atomic batch --------------------------------------------------------------
typedef struct point {
    str key;
    int64_t step, time_ms;
    double value;
    id model;                         // zero: none
    str dataset_name, dataset_digest; // empty: none
} point;

// A parameter that was set before to another value.
typedef struct param_conflict {
    str key, old_value, new_value;
} param_conflict;

typedef struct run_batch {
    const point *points;
    size_t n_points;
    const kv *params;
    size_t n_params;
    const kv *tags;
    size_t n_tags;
    // filled on ERR_EXISTS by run_log:
    param_conflict *conflicts;
    size_t n_conflicts;
} run_batch;

// All or nothing. Checks the run is active (ERR_STATE naming it), the models that points name
// are there (ERR_NOT_FOUND), parameters are set once
// (ERR_EXISTS with conflicts; equal values are fine), then stores points, parameters and tags.
// Names and lengths are the dialect's to check before. A tag "mlflow.runName" renames the run
// (RUN_NAME_TAG); an empty one is passed over.
#define RUN_NAME_TAG "mlflow.runName"
bool run_log(ctx *c, id run_id, run_batch *b, err *e);
// Batches of several runs in one transaction, all or nothing. `record`, of n_points points, is
// a run's points made into a record already (series_record_columns); then batch.points is NULL.
// *wrong is the entry that failed; n when none is to blame.
typedef struct run_entry {
    id run;
    run_batch batch;
    str record;
} run_entry;
bool run_log_all(ctx *c, run_entry *list, size_t n, size_t *wrong, err *e);
bool run_delete_tag(ctx *c, id run_id, str key, err *e); // ERR_NOT_FOUND

// Reads, changes and writes a tag in one transaction: edit(arg, old (p NULL: absent), a, &new,
// e).
bool run_edit_tag(ctx *c, id run_id, str key,
                  bool (*edit)(void *arg, str old, arena *a, str *value, err *e), void *arg,
                  err *e);

// Attributes in the order of keys.
bool run_attrs(ctx *c, id owner, attr_kind kind, kv **out, size_t *n, err *e);

#endif
