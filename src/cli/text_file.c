// SPDX-License-Identifier: Apache-2.0
// text_file: see text_file.h. No state.
#include "cli/text_file.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

static bool read_all(int fd, buf *b, const char *path, err *e) {
    for (;;) {
        char *room = buf_room(b, PIECE);
        ssize_t got = room ? read(fd, room, PIECE) : -1;
        if (!room) return err_set(e, ERR_TOO_LARGE, "%s is too long to be read", path);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_errno(e, "reading %s failed", path);
        if (!got) return true;
        b->n += (size_t)got;
    }
}

bool cli_read_file(arena *a, const char *path, size_t max, str *out, err *e) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return err_set(e, ERR_NOT_FOUND, "there is no %s", path);
    if (fd < 0) return err_errno(e, "reading %s failed", path);
    buf b = BUF_MAX(max + PIECE);
    bool ok = read_all(fd, &b, path, e);
    close(fd);
    if (ok && b.n > max)
        ok = err_set(e, ERR_TOO_LARGE, "%s is longer than %zu MiB", path, max >> 20);
    if (ok) *out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return ok;
}
