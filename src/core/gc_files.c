// SPDX-License-Identifier: Apache-2.0
// gc_files: see gc_files.h. Any thread.
#include "core/gc_files.h"

#include "base/lock.h"
#include "base/vec.h"
#include "core/gc_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int undo_open_dir(core *c, bool make, err *e) {
    char *path = mem_strdup(core_undo_dir(c));
    e->code = ERR_NONE;
    if (make && mkdir(path, 0700) && errno != EEXIST)
        err_errno(e, "making the undo folder %s failed", path);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 && e->code == ERR_NONE && (make || errno != ENOENT))
        err_errno(e, "opening the undo folder %s failed", path);
    free(path);
    return dir;
}

static int by_name(const void *a, const void *b) {
    return str_cmp(*(const str *)a, *(const str *)b);
}

bool undo_files(int dir, arena *a, str **names, size_t *n, err *e) {
    VEC(str) v = {0};
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0) close(fd);
        return err_errno(e, "reading the undo folder failed");
    }
    for (struct dirent *f; (f = readdir(d));) {
        id made;
        str name = str_of(f->d_name), suffix = STR(UNDO_SUFFIX);
        if (str_ends(name, suffix) && id_parse(str_upto(name, name.n - suffix.n), &made))
            vec_push(a, &v, arena_str(a, name));
    }
    closedir(d);
    if (v.n) qsort(v.p, v.n, sizeof *v.p, by_name);
    *names = v.p;
    *n = v.n;
    return true;
}

static ssize_t read_fd(void *arg, void *p, size_t n) {
    ssize_t got;
    do
        got = read(*(int *)arg, p, n);
    while (got < 0 && errno == EINTR);
    return got;
}

archive_in *undo_open_file(int dir, str name, int *fd, err *e) {
    *fd = openat(dir, name.p, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) {
        err_errno(e, "opening the undo file %s failed", name.p);
        return NULL;
    }
    return archive_in_new(read_fd, fd);
}

bool undo_lock(int fd, err *e) {
    struct stat st;
    if (!lock_take(fd, "an undo file", e)) return false;
    if (fstat(fd, &st)) return err_errno(e, "looking at an undo file failed");
    return st.st_nlink > 0;
}

// When the file was made: its name is a time-ordered id.
static int64_t made_us(str name) {
    id made = {{0}};
    id_parse(str_upto(name, ID_HEX - 1), &made);
    return id_ms(made) * 1000;
}

bool undo_forget(core *c, int64_t before_us, err *e) {
    arena *a = arena_new();
    str *names;
    size_t n;
    int dir = core_undo_dir(c).n ? undo_open_dir(c, false, e) : -1;
    bool ok = dir < 0 ? e->code == ERR_NONE : undo_files(dir, a, &names, &n, e);
    for (size_t i = 0; ok && dir >= 0 && i < n; i++) {
        if (made_us(names[i]) <= before_us && unlinkat(dir, names[i].p, 0) && errno != ENOENT)
            ok = err_errno(e, "removing the undo file %s failed", names[i].p);
    }
    if (dir >= 0) close(dir);
    arena_free(a);
    return ok;
}
