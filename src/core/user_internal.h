// SPDX-License-Identifier: Apache-2.0
// What the files of user share: a user read within a transaction, a token made, the cache
// forgotten.
#ifndef STEMMA_CORE_USER_INTERNAL_H
#define STEMMA_CORE_USER_INTERNAL_H

#include "core/event.h"
#include "core/user.h"

typedef struct user_fresh { // a token that is made
    id id;
    str secret, label;
    int64_t expires_us;
} user_fresh;

bool user_read(db_tx *tx, const ctx *c, str name, user_account *out, err *e); // ERR_NOT_FOUND
user_fresh user_fresh_make(arena *a, str label, int64_t expires_us);
bool user_fresh_put(db_tx *tx, const ctx *c, const user_account *u, const user_fresh *f,
                    err *e);
bool user_check_label(str label, err *e);
// This process knows of a change at once; others within USER_FRESH_US.
void user_forget(core *c);

#endif
