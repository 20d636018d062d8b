// SPDX-License-Identifier: Apache-2.0
// What the files of repos share, within their transactions.
#ifndef STEMMA_CORE_REPO_INTERNAL_H
#define STEMMA_CORE_REPO_INTERNAL_H

#include "core/event.h"
#include "core/repo.h"

// One call of one of the functions of repo.h.
typedef struct repo_call {
    ctx *c;
    str name;       // of the repo
    id id;          // the same
    int64_t number; // of the version
    str key, value; // of a tag, or a new text
    repo *repo;
    version *version;
} repo_call;

// With its event; the name was checked. ERR_EXISTS.
bool repo_insert(db_tx *tx, const ctx *c, id repo_id, const repo_new *n, repo *out, err *e);
// Without tags; ERR_NOT_FOUND.
bool repo_read(db_tx *tx, const ctx *c, str name, repo *out, err *e);
bool repo_touch(db_tx *tx, const ctx *c, id repo_id, int64_t now, err *e); // it was changed
// Everybody sees moves of refs, and what decides about them (protections, approvals, marks,
// rules, evaluations), in one order: a move reads its repo by repo_hold, and who changes what
// decides calls repo_await_holds, which waits for the moves under way; one that read before
// begins anew. Of PostgreSQL's SERIALIZABLE alone a move could still land after the change that
// forbids it was acknowledged, as if it had come before. repo_hold is for transactions that
// write.
bool repo_hold(db_tx *tx, const ctx *c, str name, repo *out, err *e);
bool repo_await_holds(db_tx *tx, const ctx *c, id repo_id, err *e);
// ERR_NOT_FOUND tells who deleted one that is deleted, and why.
bool version_read_bare(db_tx *tx, const ctx *c, str repo_name, int64_t number, version *out,
                       err *e); // without tags and refs
bool version_read_of(db_tx *tx, const ctx *c, const repo *r, int64_t number, version *out,
                     err *e); // the same
bool version_read(db_tx *tx, const ctx *c, str repo_name, int64_t number, version *out, err *e);
bool version_fill(db_tx *tx, const ctx *c, version *v, err *e);
version version_of_row(db_rows *row, arena *a);   // the same
str version_text(const ctx *c, const version *v); // "name/7", the object of its events
// Adds an event of a version: its repo and number, and what else it tells.
bool version_event(db_tx *tx, const ctx *c, event_kind kind, const version *v, const kv *more,
                   size_t n, err *e);

// The row, its tags and its event; the number is the caller's. What it points at is kept from
// gc.
bool version_insert(db_tx *tx, const ctx *c, const version *v, err *e);
bool version_put_parents(db_tx *tx, const ctx *c, id version_id, const version_parent *p,
                         size_t n, err *e);

// db_write of what moves refs of a repo, decides about that, or publishes in it: one after the
// other, since each reads what the others write.
bool repo_write(const ctx *c, str repo_name, db_fn fn, void *arg, err *e);

// Sets a tag of a repo or version, or deletes it when the value's p is NULL.
bool repo_tag(db_tx *tx, const ctx *c, id owner, str key, str value, err *e);
// The aliases of a version that is deleted go, each with a row of its history; ERR_STATE while
// a sealed ref holds it.
bool ref_drop_all(db_tx *tx, const ctx *c, const version *v, str reason, err *e);
bool rule_is_there(db_tx *tx, const ctx *c, const repo *r, str name, err *e); // ERR_NOT_FOUND
// A repo that is deleted loses its rules.
bool rule_drop_all(db_tx *tx, const ctx *c, id repo_id, err *e);
// Is a version of the repo held by a sealed ref?
bool ref_none_sealed(db_tx *tx, const ctx *c, const repo *r, err *e);

#endif
