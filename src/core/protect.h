// SPDX-License-Identifier: Apache-2.0
// protect: what a repo asks for before a ref points at a version, or a version is published.
// A protected ref is moved, set back and removed only by who maintains (ctx); and it moves to a
// version only when that has the parts which are asked for, a saved rule holds for it, and as
// many people as are asked for approved it. It goes back (ref_rollback) to where it was without
// asking again. A stage of MLflow is protected by its name, in any case, in the same way. A
// repo with a protection is renamed and deleted only by who maintains: refs are loaded by its
// name.
//
// Approvals are of a version for a ref, each by a proven user and once, and not by who
// published the version. They stay until they are withdrawn, and count while who gave them may
// still give them: is enabled, and writes in the workspace. All is checked in the transaction
// of the move.
#ifndef STEMMA_CORE_PROTECT_H
#define STEMMA_CORE_PROTECT_H

#include "core/parts.h"
#include "core/ref.h"

#define PROTECT_APPROVALS_MAX 100
#define PROTECT_PUBLISHING    STR("") // in place of a ref's name: what publishing asks for

typedef struct protection {
    str ref;           // PROTECT_PUBLISHING: of publishing
    uint64_t parts;    // a sum of parts
    str rule;          // a saved rule that must hold (rule.h); empty: none. Not of publishing
    int64_t approvals; // by how many people; not of publishing
    str user;          // read: who set it, when
    int64_t set_us;
} protection;

// Asks, for p->ref, for what `parts` of *p say, a sum of these; the others stay as they were
// (of one that was not protected: nothing is asked for). *was is what was asked for before;
// with set_us 0: it was not protected. What it is already is no change.
enum { PROTECT_PARTS = 1, PROTECT_RULE = 2, PROTECT_APPROVALS = 4, PROTECT_ALL = 7 };
bool protect_set(ctx *c, str repo_name, const protection *p, unsigned parts, protection *was,
                 err *e);
bool protect_remove(ctx *c, str repo_name, str name, err *e); // ERR_NOT_FOUND
#define PROTECT_MAX 1000                                      // of a repo; more are refused
bool protect_list(ctx *c, str repo_name, protection **out, size_t *n, err *e); // by ref

typedef struct approval {
    str user, reason;
    int64_t time_us;
    bool counts;
} approval;
// ERR_STATE: who asks published it. ERR_FORBIDDEN: who asks is not proven, so might be anybody.
bool protect_approve(ctx *c, str repo_name, int64_t number, str name, str reason, err *e);
// Takes back the caller's approval (`of` is empty), or that of another: that takes a maintainer
// (ERR_FORBIDDEN) and a reason. ERR_NOT_FOUND.
bool protect_withdraw(ctx *c, str repo_name, int64_t number, str name, str of, str reason,
                      err *e);

// How a version stands before a ref.
typedef struct protect_state {
    bool is_protected;
    protection asked;
    uint64_t parts;      // that the version has
    bool rule_holds;     // true when none is asked for
    str rule_fails;      // why it does not: "metrics.acc > 0.9 (0.85)"
    approval *approvals; // in the order of users
    size_t n_approvals, n_counting;
    bool ready; // it has all that is asked for
} protect_state;
bool protect_look(ctx *c, str repo_name, int64_t number, str name, protect_state *out, err *e);

extern const char protect_schema[];

#endif
