// SPDX-License-Identifier: Apache-2.0
// lock: the flock(2) of an open file, which is gone with the last process that has it open. Any
// thread.
#ifndef STEMMA_BASE_LOCK_H
#define STEMMA_BASE_LOCK_H

#include "base/err.h"

// Takes it unless somebody has it. False with ERR_NONE: somebody has it. `what` is for the
// words of an error: "a file of ...". e may be NULL.
bool lock_take(int fd, const char *what, err *e);

#endif
