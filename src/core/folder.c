// SPDX-License-Identifier: Apache-2.0
// folder: openat2(2) beneath the operator's artifact root. Any thread.
#include "core/folder.h"

#include "base/vec.h"
#include "core/artifact.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_SCHEME "file://"

bool folder_holds(ctx *c, str uri, str client_path, str *below, err *e) {
    str root = core_artifact_root(c->core), rest, more;
    e->code = ERR_NONE;
    while (root.n && root.p[root.n - 1] == '/')
        root.n--;
    if (!str_starts(root, STR(FILE_SCHEME)) || !str_starts(uri, root)) return false;
    rest = str_from(uri, root.n);
    if (rest.n && rest.p[0] != '/') return false; // a neighbour whose name begins alike
    while (rest.n && rest.p[0] == '/')
        rest = str_from(rest, 1);
    if (!artifact_path(c->a, rest, &rest, e) || !artifact_path(c->a, client_path, &more, e))
        return false;
    *below = rest.n && more.n ? arena_printf(c->a, "%.*s/%.*s", STR_F(rest), STR_F(more))
             : rest.n         ? rest
                              : more;
    return true;
}

static void close_fd(void *arg) {
    close((int)(intptr_t)arg);
}

int folder_open(arena *a, str root, str below, int flags) {
    int dir = open(arena_cstr(a, root), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return -1;
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd =
        (int)syscall(SYS_openat2, dir, below.n ? arena_cstr(a, below) : ".", &how, sizeof how);
    int saved = errno;
    close(dir);
    errno = saved;
    return fd;
}

static int by_name(const void *a, const void *b) {
    return str_cmp(((const folder_entry *)a)->name, ((const folder_entry *)b)->name);
}

static str root_of(const ctx *c) {
    return str_from(core_artifact_root(c->core), sizeof FILE_SCHEME - 1);
}

bool folder_list(ctx *c, str below, size_t max, folder_entry **out, size_t *n, err *e) {
    return folder_list_in(c->a, root_of(c), below, max, out, n, e);
}

bool folder_list_in(arena *a, str root, str below, size_t max, folder_entry **out, size_t *n,
                    err *e) {
    VEC(folder_entry) v = {0};
    int fd = folder_open(a, root, below, O_RDONLY | O_DIRECTORY);
    *out = NULL;
    *n = 0;
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return true;
        return err_errno(e, "can not list '%.*s' in the artifact folder", STR_F(below));
    }
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return err_errno(e, "can not list '%.*s' in the artifact folder", STR_F(below));
    }
    for (struct dirent *entry; v.n < max && (entry = readdir(d));) {
        struct stat st;
        str name = str_of(entry->d_name);
        if (str_is(name, ".") || str_is(name, "..") || !str_is_text(name)) continue;
        if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue; // gone meanwhile
        if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) continue;
        vec_push(a, &v,
                 (folder_entry){arena_str(a, name), S_ISDIR(st.st_mode), (uint64_t)st.st_size});
    }
    closedir(d);
    if (v.n) qsort(v.p, v.n, sizeof *v.p, by_name);
    *out = v.p;
    *n = v.n;
    return true;
}

bool folder_file(ctx *c, str below, int *fd, uint64_t *size, err *e) {
    struct stat st;
    *fd = folder_open(c->a, root_of(c), below, O_RDONLY);
    if (*fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != EXDEV) {
        return err_errno(e, "can not read '%.*s' in the artifact folder", STR_F(below));
    }
    if (*fd >= 0) arena_on_reset(c->a, close_fd, (void *)(intptr_t)*fd);
    if (*fd < 0 || fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_NOT_FOUND, "There is no artifact '%.*s'.", STR_F(below));
    }
    *size = (uint64_t)st.st_size;
    return true;
}
