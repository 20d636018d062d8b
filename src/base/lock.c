// SPDX-License-Identifier: Apache-2.0
// lock: see lock.h.
#include "base/lock.h"

#include <errno.h>
#include <sys/file.h>

bool lock_take(int fd, const char *what, err *e) {
    if (e) e->code = ERR_NONE;
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK) return false;
        if (errno != EINTR) return err_errno(e, "locking %s failed", what);
    }
    return true;
}
