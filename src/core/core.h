// SPDX-License-Identifier: Apache-2.0
// core: the domain (design section 1), and nothing of HTTP. This header holds what every area
// shares: the open server (core), one caller's context (ctx), and the rules on text that all
// areas enforce alike.
//
// A dialect's handler makes a ctx and calls the areas: project.h, run.h, attr.h, series.h,
// search.h, input.h, model.h, artifact.h, event.h. Results live in ctx->a. Any thread may call,
// each with a ctx of its own.
#ifndef STEMMA_CORE_CORE_H
#define STEMMA_CORE_CORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "db/db.h"
#include "store/store.h"

// The default workspace has a fixed number, so that replicas can race to make it.
#define WORKSPACE_DEFAULT 1

typedef struct core core;
typedef struct ctx ctx;
struct rule;
struct rule_terms;

typedef struct core_config {
    db *db;
    store *store;
    str artifact_root; // default root of new projects: "mlflow-artifacts:/" or what the
                       // operator named
    str undo_dir;      // where gc keeps what it can undo; empty: nowhere
    bool background;   // start the threads that pack, fold, seal and run jobs (off in one-shot
                       // commands)
    // The language of saved rules (rule.h), which is a dialect's: compiles one. NULL: a ref
    // that asks for a rule can not be moved.
    bool (*compile_rule)(ctx *c, const struct rule *r, struct rule_terms *out, err *e);
    int64_t job_lease_us;  // 0: 10 s; less only in tests
    int64_t beat_grace_us; // beat.h; 0: BEAT_GRACE_US
} core_config;

// Brings the schema to this program's (core_open does so too; the store needs its tables before
// it opens).
bool core_migrate(db *d, const char *program_version, err *e);

// Migrates, makes the default workspace and project when missing, starts the background
// threads.
core *core_open(const core_config *c, const char *program_version, err *e);
void core_stop(core *c);  // tells jobs and long walks to end soon; core_close waits for them
void core_close(core *c); // stops them; does not close db and store
db *core_db(core *c);
store *core_store(core *c);
str core_artifact_root(core *c);
str core_undo_dir(core *c); // empty: none

// Who calls, for one request. `user` is what the event log records; `proven`: by a token, else
// only claimed.
struct ctx {
    core *core;
    arena *a;
    int64_t ws;
    str user;
    bool proven;
    bool maintains;          // may do what is protected (the api decides: by the caller's role)
    const struct once *once; // the request creates at most once (once.h); NULL: an ordinary one
};

typedef enum lifecycle { LIFE_ACTIVE = 0, LIFE_DELETED = 1 } lifecycle;
// What a listing shows.
typedef enum view { VIEW_ACTIVE = 1, VIEW_DELETED = 2, VIEW_ALL = 3 } view;

typedef struct kv {
    str key, value;
} kv;

// Stored text is valid UTF-8 without U+0000, and no longer than max code points.
bool core_check_text(str s, size_t max, const char *what, err *e);
// "." or "..", which clients take out of an address before they ask.
bool core_is_dots(str s);
// Has it a character of C0, or DEL?
bool core_has_controls(str s);

#endif
