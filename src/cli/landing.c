// SPDX-License-Identifier: Apache-2.0
// landing: see landing.h.
#include "cli/landing.h"

#include "cli/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE_DIGITS 16
#define BEGINS      ".stemma-"
#define GATHERS     ".part"
#define MOVES       ".moving"

bool landing_is_rest(const char *name) {
    str s = str_of(name);
    return str_starts(s, STR(BEGINS)) && (str_ends(s, STR(GATHERS)) || str_ends(s, STR(MOVES)));
}

// ---- where ----------------------------------------------------------------------------------

static bool refuse(const char *path, const char *has, err *e) {
    return err_set(e, ERR_EXISTS,
                   "%s is there already%s%s%s: name another folder, or move it away", path,
                   has ? " (with '" : "", has ? has : "", has ? "' in it)" : "");
}

static bool look_within(arena *a, landing *l, err *e) {
    char *path = arena_cstr(a, l->folder), *other = NULL;
    const char *part = strrchr(arena_cstr(a, l->part), '/') + 1;
    const char *moving = strrchr(arena_cstr(a, l->moving), '/') + 1;
    DIR *d = opendir(path);
    if (!d)
        return errno == ENOTDIR ? refuse(path, NULL, e)
                                : err_errno(e, "reading the folder %s failed", path);
    for (const char *f; (f = listing_next(d));) {
        if (!strcmp(f, moving))
            l->gathered = true;
        else if (!other && strcmp(f, part))
            other = arena_cstr(a, str_of(f));
    }
    bool ok = !errno || err_errno(e, "reading the folder %s failed", path);
    closedir(d);
    if (!ok) return false;
    return l->gathered || !other || refuse(path, other, e);
}

bool landing_choose(arena *a, str folder, str tree, landing *out, err *e) {
    struct stat st;
    *out = (landing){.folder = folder};
    while (out->folder.n > 1 && str_ends(out->folder, STR("/")))
        out->folder.n--;
    char *path = arena_cstr(a, out->folder);
    bool there = !lstat(path, &st);
    if (!there && errno != ENOENT) return err_errno(e, "reading %s failed", path);
    str digits = str_upto(tree, TREE_DIGITS);
    out->within = there;
    out->part =
        arena_printf(a, "%s%s" BEGINS "%.*s" GATHERS, path, there ? "/" : "", STR_F(digits));
    if (!there) return true;
    out->moving = arena_printf(a, "%s/" BEGINS "%.*s" MOVES, path, STR_F(digits));
    return look_within(a, out, e);
}

// ---- to its place ---------------------------------------------------------------------------

static bool give_name(const char *from, const char *to, err *e) {
    return !rename(from, to) || err_errno(e, "renaming %s to %s failed", from, to);
}

static bool move_one(int from, int to, const char *name, err *e) {
    if (!faccessat(to, name, F_OK, AT_SYMLINK_NOFOLLOW))
        return err_set(e, ERR_EXISTS,
                       "'%s' came into the folder meanwhile: move it away, and pull again",
                       name);
    return !renameat(from, name, to, name) || err_errno(e, "moving %s failed", name);
}

static bool move_all(int to, const char *moving, err *e) {
    DIR *d = opendir(moving);
    if (!d) return err_errno(e, "reading the folder %s failed", moving);
    bool ok = true;
    for (const char *f; ok && (f = listing_next(d));)
        ok = move_one(dirfd(d), to, f, e);
    if (ok && errno) ok = err_errno(e, "reading the folder %s failed", moving);
    closedir(d);
    return ok;
}

// What was moved is synced before the folder that tells of it goes.
static bool move_out(const char *folder, const char *moving, err *e) {
    int to = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = to >= 0 || err_errno(e, "opening the folder %s failed", folder);
    ok = ok && move_all(to, moving, e) &&
         ((!fsync(to) && !rmdir(moving)) || err_errno(e, "removing %s failed", moving));
    if (to >= 0) close(to);
    return ok;
}

bool landing_finish(arena *a, const landing *l, err *e) {
    char *part = arena_cstr(a, l->part), *folder = arena_cstr(a, l->folder);
    char *moving = arena_cstr(a, l->moving);
    if (!l->within) return give_name(part, folder, e);
    return (l->gathered || give_name(part, moving, e)) && move_out(folder, moving, e);
}
