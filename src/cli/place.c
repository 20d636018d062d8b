// SPDX-License-Identifier: Apache-2.0
// place: see place.h. Both files are replaced whole (temporary name, sync, rename). One thread.
#include "cli/place.h"

#include "base/digest.h"
#include "base/id.h"
#include "cli/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 200

static const char *path_of(arena *a, str dir, const char *name) {
    return arena_printf(a, "%.*s/%s", STR_F(dir), name).p;
}

// Empty when it is not there.
static bool read_text(arena *a, str dir, const char *name, str *out, err *e) {
    char text[TEXT_MAX];
    const char *path = path_of(a, dir, name);
    *out = (str){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || err_errno(e, "opening %s failed", path);
    ssize_t n = read(fd, text, sizeof text);
    if (n < 0) err_errno(e, "reading %s failed", path);
    close(fd);
    if (n > 0) *out = str_trim(arena_str(a, str_n(text, (size_t)n)));
    return n >= 0;
}

static bool sync_dir(const char *path, err *e) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) err_errno(e, "syncing the folder %s failed", path);
    if (fd >= 0) close(fd);
    return ok;
}

// Servers that start at once on one folder may all do so.
static bool write_text(arena *a, str dir, const char *name, str text, err *e) {
    const char *path = path_of(a, dir, name),
               *tmp = arena_printf(a, "%s.%s.new", path, id_str(a, id_new()).p).p;
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    if (ok && rename(tmp, path) == 0) return sync_dir(arena_cstr(a, dir), e);
    err_errno(e, "writing %s failed", path);
    unlink(tmp);
    return false;
}

// ---- records --------------------------------------------------------------------------------

bool place_set_records(arena *a, str dir, bool postgres, err *e) {
    return write_text(a, dir, "records", postgres ? STR("postgresql\n") : STR("sqlite\n"), e);
}

bool place_is_finished(arena *a, str dir, err *e) {
    str work;
    if (!read_text(a, dir, "unfinished", &work, e)) return false;
    return !work.n ||
           err_set(e, ERR_STATE,
                   "'%.*s' is not whole: 'stemma %.*s' did not end there; run it again",
                   STR_F(dir), STR_F(str_upto(work, str_find(work, ' ', 0))));
}

bool place_may_open(arena *a, str dir, str url, err *e) {
    str where;
    if (!place_is_finished(a, dir, e) || !read_text(a, dir, "records", &where, e)) return false;
    if (!where.n) return !url.n || place_set_records(a, dir, true, e);
    if (str_is(where, "postgresql") && !url.n)
        return err_set(e, ERR_STATE,
                       "the records of '%.*s' are in PostgreSQL: name the database with --db",
                       STR_F(dir));
    if (str_is(where, "sqlite") && url.n)
        return err_set(e, ERR_STATE,
                       "the records of '%.*s' are in its stemma.db (see 'stemma migrate'): "
                       "leave --db out",
                       STR_F(dir));
    return true;
}

// ---- unfinished -----------------------------------------------------------------------------

static bool is_empty(arena *a, str dir, bool *yes, err *e) {
    DIR *d = opendir(arena_cstr(a, dir));
    if (!d) return err_errno(e, "reading the folder '%.*s' failed", STR_F(dir));
    *yes = true;
    for (const char *name; (name = listing_next(d));) {
        if (str_starts(str_of(name), STR("unfinished.")))
            unlinkat(dirfd(d), name, 0); // half written
        else
            *yes = false;
    }
    bool ok = !errno || err_errno(e, "reading the folder '%.*s' failed", STR_F(dir));
    closedir(d);
    return ok;
}

bool place_make(arena *a, str dir, err *e) {
    if (mkdir(arena_cstr(a, dir), 0700) == 0 || errno == EEXIST) return true;
    return err_errno(e, "can not make the data folder '%.*s'", STR_F(dir));
}

bool place_begin(arena *a, str dir, const char *work, str url, bool content, bool *again,
                 err *e) {
    char hex[SHA256_HEX];
    bool empty = true;
    str before;
    sha256_hex(sha256_of(url.p, url.n), hex); // a URL may hold a password
    str mine = arena_printf(a, "%s %s", work, hex);
    if (!place_make(a, dir, e) || !read_text(a, dir, "unfinished", &before, e)) return false;
    *again = str_eq(before, mine);
    if (*again) return true;
    if (before.n)
        return err_set(e, ERR_STATE,
                       "'stemma %.*s' did not end in '%.*s': run that again, or remove what it "
                       "left",
                       STR_F(str_upto(before, str_find(before, ' ', 0))), STR_F(dir));
    if (!content && !is_empty(a, dir, &empty, e)) return false;
    if (!empty)
        return err_set(e, ERR_STATE, "'%.*s' is not empty: 'stemma %s' needs a new folder",
                       STR_F(dir), work);
    return write_text(a, dir, "unfinished", arena_printf(a, "%.*s\n", STR_F(mine)), e);
}

bool place_end(arena *a, str dir, err *e) {
    const char *path = path_of(a, dir, "unfinished");
    if (unlink(path) && errno != ENOENT) return err_errno(e, "removing %s failed", path);
    return sync_dir(arena_cstr(a, dir), e);
}
