// SPDX-License-Identifier: Apache-2.0
// repo: a named thing with versions: a model, a data set, a prompt. A version is the repo's
// n-th entry; it points at a content (content.h), or names a source elsewhere, and says who
// published it when, out of which run. Its number is never given again in its repo, and nothing
// of it but its description, stage and tags is ever changed. Names that point at versions are
// refs (ref.h).
//
// Names are unique in a workspace, whatever the kind. A repo that is deleted frees its name and
// its content; its events stay.
#ifndef STEMMA_CORE_REPO_H
#define STEMMA_CORE_REPO_H

#include "core/content.h"
#include "core/core.h"

// Stored: append only.
typedef enum repo_kind {
    REPO_MODEL = 1,
    REPO_DATA = 2,
    REPO_PROMPT = 3,
    REPO_RUN = 4,
    REPO_RELEASE = 5 // its versions pin versions of others (release.h)
} repo_kind;

#define REPO_NAME_MAX 256 // code points

typedef struct repo {
    id id;
    str name;
    repo_kind kind;
    str description, user;
    int64_t created_us, updated_us; // updated: also by its versions
    kv *tags;
    size_t n_tags;
} repo;

typedef struct repo_new {
    str name;
    repo_kind kind;
    str description;
    const kv *tags;
    size_t n_tags;
} repo_new;

// ERR_INVALID for a name that is empty, too long, or has '/', ':' or '@' in it.
bool repo_check_name(str name, err *e);
// The same; ERR_EXISTS.
bool repo_create(ctx *c, const repo_new *n, repo *out, err *e);
bool repo_get(ctx *c, str name, repo *out, err *e);     // ERR_NOT_FOUND
bool repo_by_id(ctx *c, id repo_id, repo *out, err *e); // the same
// What is not set (p NULL) stays. All of it is one transaction. To rename a repo with a
// protection or a sealed tag takes a maintainer (ERR_FORBIDDEN).
typedef struct repo_change {
    str name, description;
    const kv *tags; // value p NULL: takes the tag away, if it is there
    size_t n_tags;
} repo_change;
bool repo_update(ctx *c, str name, const repo_change *change, repo *out, err *e);
// The same, of one thing each.
bool repo_rename(ctx *c, str name, str to, repo *out, err *e);
bool repo_describe(ctx *c, str name, str description, repo *out, err *e);
bool repo_set_tag(ctx *c, str name, str key, str value, err *e);
bool repo_delete_tag(ctx *c, str name, str key, err *e); // one that is not there is fine
// With its versions and refs. ERR_STATE while a sealed ref, or a release of another repo, holds
// one. The reason is the event's. A repo that is made under this name later is another one, and
// its numbers begin anew.
bool repo_delete(ctx *c, str name, str reason, err *e);
// Of a kind (0: of all) in the order of names, behind `after` (empty: from the first), at most
// max.
bool repo_page(ctx *c, repo_kind kind, str after, size_t max, repo **out, size_t *n, err *e);

// ---- versions -------------------------------------------------------------------------------
// What somebody found about a version since. Stored as a sum: append only.
typedef enum mark_kind {
    MARK_YANKED = 1, // not to be used any more: whoever pulls it is warned
    MARK_BAD = 2,    // found to be bad: no rollback goes to it
    MARK_DELETED = 4 // its tombstone
} mark_kind;
#define MARK_REASON_MAX 2000 // code points
typedef struct version_mark {
    mark_kind kind;
    str user, reason;
    bool proven;
    int64_t time_us;
} version_mark;

// What a version is of the one that it derives from. Stored: append only.
#define VERSION_RELATIONS(X)                                                                   \
    X(FINE_TUNE, "fine-tune", 1)                                                               \
    X(ADAPTER, "adapter", 2)                                                                   \
    X(QUANTISED, "quantised", 3)                                                               \
    X(MERGED, "merged", 4)                                                                     \
    X(DISTILLED, "distilled", 5)                                                               \
    X(NEXT, "next", 6)                                                                         \
    X(PINS, "pins", 7) // a release's, of what it is made of
#define VERSION_RELATION(name, text, number) RELATION_##name = (number),
typedef enum version_relation { VERSION_RELATIONS(VERSION_RELATION) } version_relation;
#undef VERSION_RELATION
#define VERSION_PARENTS_MAX 100
typedef struct version_parent {
    version_relation relation;
    id version;     // of this workspace; zero: elsewhere
    str repo_name;  // read: of the version
    int64_t number; // read: the same
    str address;    // elsewhere: as text
} version_parent;

typedef struct version {
    id id, repo;
    str repo_name;
    repo_kind repo_kind;
    int64_t number;
    bool has_content; // else external
    content content;
    str source;   // as the publisher gave it
    str location; // external: where its files are; empty: at its source
    id run;       // that made it; zero: none
    str run_link; // to a run elsewhere
    id model;     // the logged model that it was; zero: none
    str description, user, stage;
    int64_t created_us, updated_us;
    kv *tags;
    size_t n_tags;
    str *aliases, *sealed; // the refs that point at it, movable and not, in the order of names
    size_t n_aliases, n_sealed;
    int64_t mark_sum;    // the sum of the kinds of its marks
    version_mark *marks; // in the order of kinds
    size_t n_marks;
    bool deleted; // a tombstone
} version;

typedef struct version_new {
    const content *content; // sealed; NULL: external
    str source, location, run_link, description;
    id run, model;
    const kv *tags;
    size_t n_tags;
    const version_parent *parents; // at most VERSION_PARENTS_MAX
    size_t n_parents;
} version_new;

bool version_create(ctx *c, str repo_name, const version_new *n, version *out, err *e);
bool version_get(ctx *c, str repo_name, int64_t number, version *out, err *e); // ERR_NOT_FOUND
bool version_by_id(ctx *c, id version_id, version *out, err *e); // deleted: ERR_NOT_FOUND
// What is not set (p NULL) stays. All of it is one transaction. Whether the version may enter
// the stage is asked of what it was before.
typedef struct version_change {
    str description, stage;
    bool alone; // stage: whatever else is in it goes to stage `else_to`
    str else_to;
    const kv *tags; // value p NULL: takes the tag away, if it is there
    size_t n_tags;
} version_change;
bool version_update(ctx *c, str repo_name, int64_t number, const version_change *change,
                    version *out, err *e);
// The same, of one thing each.
bool version_describe(ctx *c, str repo_name, int64_t number, str description, version *out,
                      err *e);
bool version_set_tag(ctx *c, str repo_name, int64_t number, str key, str value, err *e);
bool version_delete_tag(ctx *c, str repo_name, int64_t number, str key, err *e);
bool version_set_stage(ctx *c, str repo_name, int64_t number, str stage, bool alone,
                       str else_to, version *out, err *e);
// Marks it yanked or bad, or (set false) takes the mark away; a mark has a reason.
bool version_set_mark(ctx *c, str repo_name, int64_t number, mark_kind kind, bool set,
                      str reason, version *out, err *e);
// Its row stays as a tombstone, so that its number does; its aliases go. ERR_STATE while a
// sealed ref or a release holds it.
bool version_delete(ctx *c, str repo_name, int64_t number, str reason, err *e);
// In the order in which they were named.
bool version_parents(ctx *c, id version_id, version_parent **out, size_t *n, err *e);

// Versions of one repo in the falling order of numbers below `before`, at most max; with the
// tombstones of deleted ones if wanted.
bool version_page(ctx *c, str repo_name, int64_t before, size_t max, bool tombstones,
                  version **out, size_t *n, err *e);
// The newest of each of these stages that has any.
bool version_latest(ctx *c, str repo_name, const str *stages, size_t n_stages, version **out,
                    size_t *n, err *e);
// All that a run made, or of the whole workspace, in the order of ids behind `after`, at most
// max.
bool version_of_run(ctx *c, id run_id, id after, size_t max, version **out, size_t *n, err *e);
bool version_each(ctx *c, id after, size_t max, version **out, size_t *n, err *e);
// Those of these that are there; `emit` is called for each in their order, outside of
// transactions, with memory that lives until it returns.
bool version_of_ids(ctx *c, const id *ids, size_t n,
                    bool (*emit)(void *arg, const version *v, err *e), void *arg, err *e);

// ---- its place in the artifact tree ---------------------------------------------------------
// Files of a version are read below this path of the artifact tree, where nothing can be put.
#define VERSION_FILES "_versions"
str version_path(arena *a, id version_id);

// Is the digest the content of a version? For gc.
bool version_uses(db_tx *tx, sha256 digest, bool *yes, err *e);

extern const char repo_schema[], repo_history_schema[], repo_mark_schema[],
    repo_prompt_schema[];

#endif
