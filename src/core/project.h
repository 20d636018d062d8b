// SPDX-License-Identifier: Apache-2.0
// project: a place for runs (MLflow: experiment). Its key is a small number from a counter of
// its workspace, because MLflow's clients show it as experiment id ("0" is Default). Names are
// unique in a workspace, deleted ones included.
#ifndef STEMMA_CORE_PROJECT_H
#define STEMMA_CORE_PROJECT_H

#include "core/core.h"

typedef struct project {
    int64_t number;
    str name;
    str artifact_location;
    lifecycle life;
    int64_t created_ms, updated_ms; // updated: rename, delete, restore
    kv *tags;
    size_t n_tags;
} project;

// ERR_EXISTS when the name is taken. An empty artifact_location means <artifact root>/<number>.
bool project_create(ctx *c, str name, str artifact_location, const kv *tags, size_t n,
                    int64_t *number, err *e);
bool project_get(ctx *c, int64_t number, project *out,
                 err *e); // deleted ones too; ERR_NOT_FOUND
bool project_by_name(ctx *c, str name, project *out, err *e);
bool project_name(ctx *c, int64_t number, str *out, err *e); // empty when it is not there
// What is not set (p NULL) stays. All of it is one transaction. ERR_STATE unless active.
typedef struct project_change {
    str name;       // ERR_EXISTS
    const kv *tags; // value p NULL: takes the tag away; ERR_NOT_FOUND
    size_t n_tags;
} project_change;
bool project_update(ctx *c, int64_t number, const project_change *change, err *e);
// The same, of one thing each.
bool project_rename(ctx *c, int64_t number, str name, err *e);
bool project_set_tag(ctx *c, int64_t number, str key, str value, err *e);
bool project_delete_tag(ctx *c, int64_t number, str key, err *e);
bool project_delete(ctx *c, int64_t number,
                    err *e); // with its active runs; ERR_NOT_FOUND unless active
bool project_restore(ctx *c, int64_t number,
                     err *e); // with all its runs; ERR_NOT_FOUND unless deleted

// Every project of the workspace that the view shows, in the order of numbers, with tags, a
// page at a time by number: pass after = -1 first; *n < max at the end. (Workspaces hold
// thousands of projects, not millions: searching them is done over these pages by
// search_projects in search.h.)
bool project_page(ctx *c, view v, int64_t after, size_t max, project **out, size_t *n, err *e);

#endif
