// SPDX-License-Identifier: Apache-2.0
// What core's own files share: the open server and the background threads it owns.
#ifndef STEMMA_CORE_INTERNAL_H
#define STEMMA_CORE_INTERNAL_H

#include "core/beat.h"
#include "core/core.h"
#include "core/job_internal.h"
#include "core/search.h"
#include "core/series.h"
#include "core/user.h"
#include "core/workspace.h"

#include <pthread.h>
#include <stdatomic.h>

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
    beat_watch *watch;
    bool (*compile_rule)(ctx *c, const struct rule *r, struct rule_terms *out, err *e);
    user_cache *users;
    workspace_cache *workspaces;
    int64_t beat_grace_us;
    job_manager *jobs;
    job_shown shown[JOB_SHOWN_COUNT_]; // what the threads above say of themselves
    atomic_bool stopping;              // core_stop, core_close
    pthread_mutex_t listen_lock;       // guards the next two
    void (*listen)(void *arg);         // event_listen
    void *listen_arg;
};

// A thread that seals events, of this server at once and of others every 100 ms, under a lease.
event_sealer *event_sealer_start(core *c);
void event_sealer_stop(event_sealer *s);
void event_sealer_wake(event_sealer *s);
void event_hint(core *c); // tells the listener that events were sealed

// The workspace behind *ws; *found is false behind the last one. Begin with INT64_MIN.
bool core_next_workspace(core *c, int64_t *ws, bool *found, err *e);
// Runs `clean`, a step of a clean-up whose argument is a core_cleaning, in one workspace after
// the other until one had something to remove. *n: what it removed; 0: nothing is left.
typedef struct core_cleaning {
    int64_t ws;
    size_t n; // what the step removed
} core_cleaning;
bool core_clean(core *c, db_fn clean, size_t *n, err *e);
// False with ERR_CANCELLED once the server stops: for long walks, asked once a step.
bool core_goes_on(const core *c, err *e);

// <location>/<more>; a query string of the location stays behind the path (s3://b/p?x=y ->
// s3://b/p/<more>?x=y).
str core_uri_join(arena *a, str location, str more);

// Writes a loop of pages: fills *out with a copy of kv rows (key, value) of a query's result.
bool core_read_kv(db_rows *rows, arena *a, kv **out, size_t *n, err *e);

#endif
