// SPDX-License-Identifier: Apache-2.0
// What the files of refs and versions ask of releases, within their transactions.
#ifndef STEMMA_CORE_RELEASE_INTERNAL_H
#define STEMMA_CORE_RELEASE_INTERNAL_H

#include "core/ref_internal.h"
#include "core/release.h"

// A repo of releases has versions that pin what is there, and no other has. ERR_NOT_FOUND for a
// version that is not there.
bool release_check_parents(db_tx *tx, const ctx *c, const repo *r, const version_parent *p,
                           size_t n, err *e);
// ERR_STATE when a release that is there pins this version, or one of this repo.
bool release_pins_none(db_tx *tx, const ctx *c, const version *v, err *e);
bool release_pins_none_of(db_tx *tx, const ctx *c, const repo *r, err *e);
// Which version that a release pins is gone, yanked or bad: "bot@v2, which is bad"; empty:
// none.
bool release_bad_pin(db_tx *tx, const ctx *c, id version_id, str *which, err *e);
// Moves the pinned repos' alias of that name, as `how` says; out->pins are the moves.
bool release_follow(db_tx *tx, const ctx *c, const ref_change *m, id version_id,
                    const ref_how *how, ref_move *out, err *e);

#endif
