// SPDX-License-Identifier: Apache-2.0
// workspace: a tenant, which owns everything below it: projects, runs, repos, artifacts,
// events, roles. Nothing of one can be named from within another. The default one is always
// there. Its number begins every key; its name is what callers choose it by.
//
// A deleted workspace was empty, frees its name and keeps its number and its event log. What a
// process knows of names it forgets after WORKSPACE_FRESH_US. Any thread may call.
#ifndef STEMMA_CORE_WORKSPACE_H
#define STEMMA_CORE_WORKSPACE_H

#include "core/core.h"

#define WORKSPACE_NONE            0 // the number of none
#define WORKSPACE_NAME_MAX        63
#define WORKSPACE_DESCRIPTION_MAX 5000
#define WORKSPACE_FRESH_US        1000000
#define WORKSPACE_DEFAULT_NAME    "default"

typedef struct workspace_row {
    int64_t number;
    str name, description;
    int64_t created_us;
} workspace_row;

// With a Default project of its own. ERR_INVALID for a name that is not 2 to 63 of [a-z0-9-]
// without '-' at an end, or reserved; ERR_EXISTS.
bool workspace_create(ctx *c, str name, str description, workspace_row *out, err *e);
bool workspace_describe(ctx *c, str name, str description, workspace_row *out, err *e);
// `of`: only what this user has a role in counts, all else is ERR_NOT_FOUND; NULL: all counts.
bool workspace_get(ctx *c, const id *of, str name, workspace_row *out, err *e);
// In the order of names, behind `after`.
bool workspace_page(ctx *c, const id *of, str after, size_t max, workspace_row **out, size_t *n,
                    err *e);
// ERR_STATE unless it is empty: no runs, repos, logged models, files, nor projects but Default,
// those in the bin included. Its roles go.
bool workspace_delete(ctx *c, str name, err *e);

// For each request: the number behind a name, WORKSPACE_NONE when there is none.
bool workspace_find(core *c, str name, int64_t *number, err *e);
// Are there others besides the default one? While there are none nothing has to be kept apart.
bool workspace_several(core *c, bool *several, err *e);
// Where projects of the workspace keep files by default: the server's root for the default one,
// <root>/workspaces/<name> for others.
bool workspace_root(db_tx *tx, const ctx *c, str *out, err *e);

extern const char workspace_schema[]; // migration 45

typedef struct workspace_cache workspace_cache; // core_open makes it
workspace_cache *workspace_cache_new(void);
void workspace_cache_free(workspace_cache *k);

#endif
