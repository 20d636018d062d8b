// SPDX-License-Identifier: Apache-2.0
// ref: a name that points at a version of its repo. An alias moves; a tag is sealed: once set
// it never moves, and while it is there its version can not be deleted. Every move is kept,
// with who, when and why, and is never changed; so what a name pointed at can be asked of any
// time.
//
// The refs of a repo share their names, whatever their kind. A move may be conditional: it says
// where the ref must point now, and of several who saw the same, one succeeds.
#ifndef STEMMA_CORE_REF_H
#define STEMMA_CORE_REF_H

#include "core/repo.h"

// Stored: append only.
typedef enum ref_kind { REF_ALIAS = 1, REF_TAG = 2 } ref_kind;
const char *ref_kind_name(ref_kind kind); // "alias", "tag"

#define REF_NAME_MAX   255  // code points
#define REF_REASON_MAX 2000 // the same
#define REF_ANY        (-1) // expected: wherever it points
#define REF_ABSENT     0    // it must not be there

typedef struct ref_change {
    str repo;
    ref_kind kind;
    str name;
    int64_t number;   // of the version it shall point at; not of a deletion
    int64_t expected; // that it must point at now, REF_ABSENT or REF_ANY
    str reason;
    bool any_name; // of digits too, which an address takes for a version: MLflow allows them
} ref_change;

typedef struct ref_move {
    id id;
    ref_kind kind;
    str name;
    int64_t from, to; // numbers; from 0: it was not there; to 0: it was removed
    str user, reason;
    bool proven;
    int64_t time_us;
    bool made;             // by this call, or would be; else it pointed there already
    struct ref_move *pins; // of a release (release.h) that was just set: what moved with it
    size_t n_pins;
    str repo; // of those
} ref_move;

// ERR_INVALID for a name that an address could not tell from something else: empty, too long,
// with white space or one of '/', ':', '@', '{', '}', '*', '?' in it, ".", "..", "latest",
// "v3", and "3" unless any_name.
bool ref_check_name(str name, bool any_name, err *e);

// Sets it, or moves it; where it points already is fine, and no move. *out (if not NULL) is the
// move, or the one that brought it there. ERR_CONFLICT when it is not where it was expected,
// ERR_STATE for a sealed one and when a protected one asks for more (protect.h), ERR_EXISTS
// when the name is one of the other kind, ERR_NOT_FOUND.
bool ref_set(ctx *c, const ref_change *m, ref_move *out, err *e);
// Of either kind when m->kind is 0. One that is not there is fine, unless it was expected;
// *was_there (if not NULL) tells. A sealed one needs a reason, and a maintainer
// (ERR_FORBIDDEN).
bool ref_delete(ctx *c, const ref_change *m, bool *was_there, err *e);

// Back to the last good version (not deleted, not yanked, not bad; of a release: nor is what it
// pins) that the alias was at before it first came to where it is: so twice goes back twice,
// and never forward. m->number is not read. *out is the move, or with `dry` the one that would
// be made (no id, no time). ERR_STATE when there is no such version.
bool ref_rollback(ctx *c, const ref_change *m, bool dry, ref_move *out, err *e);

// The version that it points at; ERR_NOT_FOUND for the repo. *found is false when there is no
// such ref.
bool ref_version(ctx *c, str repo_name, ref_kind kind, str name, version *out, bool *found,
                 err *e);

typedef struct ref {
    ref_kind kind;
    str name;
    int64_t number;
    str user, reason; // of the move that brought it there
    bool proven;
    int64_t moved_us;
} ref;
// In the order of kinds and names, behind (kind, name) of `behind` (NULL: from the first), at
// most max; kind 0: of all kinds.
bool ref_list(ctx *c, str repo_name, ref_kind kind, const ref *behind, size_t max, ref **out,
              size_t *n, err *e);

// Moves, newest first, behind `behind` (NULL: from the newest; of it id and time_us are read),
// at most max; of one name (ERR_NOT_FOUND when it never was), or of the whole repo (name.p
// NULL).
bool ref_history(ctx *c, str repo_name, str name, const ref_move *behind, size_t max,
                 ref_move **out, size_t *n, err *e);
// The newest move of a name that had happened at a time. *found is false when there is none;
// out->to is 0 when it was not there then.
bool ref_move_at(ctx *c, str repo_name, str name, int64_t time_us, ref_move *out, bool *found,
                 err *e);

#endif
