// SPDX-License-Identifier: Apache-2.0
// scan: see scan.h.
#include "cli/scan.h"

#include "cli/grow.h"
#include "cli/ignore.h"
#include "cli/landing.h"
#include "cli/listing.h"
#include "cli/out.h"
#include "store/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH      200
#define PATH_SHOWN 300 // bytes

typedef struct walk {
    arena *a;
    str top;   // where links may lead
    str blobs; // and here: of a Hugging Face cache; empty: none
    ignore_list ignored;
    void (*warn)(str sentence);
    GROW(scan_file) files;
    err *e;
} walk;

// Of the top when the path is empty.
static const char *full_path(walk *w, str path) {
    return arena_printf(w->a, "%.*s%s%.*s", STR_F(w->top), path.n ? "/" : "", STR_F(path)).p;
}

// ---- links ----------------------------------------------------------------------------------

static bool is_within(str path, str folder) {
    return folder.n && str_starts(path, folder) && path.n > folder.n && path.p[folder.n] == '/';
}

static bool check_link(walk *w, str path) {
    char *to = realpath(full_path(w, path), NULL);
    str target = to ? arena_str(w->a, str_of(to)) : (str){0};
    free(to);
    if (!target.n)
        return err_set(w->e, ERR_INVALID, "'%.*s' is a link to a file that is not there",
                       STR_F(path));
    return is_within(target, w->top) || is_within(target, w->blobs) ||
           err_set(w->e, ERR_INVALID,
                   "'%.*s' is a link that leads out of the folder, to %.*s: copy the file, or "
                   "name the link in .stemmaignore",
                   STR_F(path), STR_F(target));
}

// models--x--y/snapshots/REV links to models--x--y/blobs.
static str blobs_beside(arena *a, str top) {
    str above = str_upto(top, str_behind_last(top, '/'));
    if (!str_ends(above, STR("/snapshots/"))) return (str){0};
    return arena_printf(a, "%.*sblobs", STR_F(str_upto(above, above.n - 10)));
}

// ---- the walk -------------------------------------------------------------------------------

static void pass_over(walk *w, str path, const char *why) {
    w->warn(arena_printf(w->a, "'%.*s' is passed over: %s", STR_F(path), why));
}

static int64_t ns_of(struct timespec t) {
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Is it a path that a tree can have? If not, the error shows it, whatever bytes it has.
static bool check_path(walk *w, str path) {
    err why = {0};
    if (tree_check_path(path, &why)) return true;
    str shown = out_escape(w->a, str_upto(path, PATH_SHOWN), out_is_utf8());
    return err_set(w->e, why.code, "%s: '%.*s'%s; rename it, or leave it out by " IGNORE_FILE,
                   why.msg, STR_F(shown), path.n > PATH_SHOWN ? " ..." : "");
}

static bool add_file(walk *w, str path, const struct stat *st) {
    if (!check_path(w, path)) return false;
    grow_push(&w->files, (scan_file){.path = path,
                                     .size = (uint64_t)st->st_size,
                                     .mtime_ns = ns_of(st->st_mtim),
                                     .ctime_ns = ns_of(st->st_ctim),
                                     .inode = st->st_ino,
                                     .executable = (st->st_mode & S_IXUSR) != 0});
    return true;
}

static bool walk_folder(walk *w, int dir, const char *name, str path, int depth);

static bool not_read(walk *w, str path) {
    return err_errno(w->e, "reading %s failed", full_path(w, path));
}

// What `dir`, which is `below`, has by this name.
static bool walk_entry(walk *w, int dir, str below, const char *name, int depth) {
    struct stat st;
    str path = below.n ? arena_printf(w->a, "%.*s/%s", STR_F(below), name)
                       : arena_str(w->a, str_of(name));
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) return not_read(w, path);
    bool link = S_ISLNK(st.st_mode), is_folder = S_ISDIR(st.st_mode);
    if (ignore_has(&w->ignored, path, is_folder)) return true;
    if (is_folder && landing_is_rest(name))
        return err_set(w->e, ERR_STATE, "a pull broke off here: end it, or remove '%.*s'",
                       STR_F(path));
    if (is_folder) return walk_folder(w, dir, name, path, depth + 1);
    if (link && !check_link(w, path)) return false;
    if (link && fstatat(dir, name, &st, 0)) return not_read(w, path);
    if (S_ISREG(st.st_mode)) return add_file(w, path, &st);
    pass_over(w, path, link ? "it is a link to a folder" : "it is neither a file nor a folder");
    return true;
}

static bool not_listed(walk *w, str path) {
    return err_errno(w->e, "reading the folder %s failed", full_path(w, path));
}

static bool walk_folder(walk *w, int dir, const char *name, str path, int depth) {
    if (depth > DEPTH)
        return err_set(w->e, ERR_TOO_LARGE, "%s lies more than %d folders deep",
                       full_path(w, path), DEPTH);
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = true;
    if (!d) {
        not_listed(w, path);
        if (fd >= 0) close(fd);
        return false;
    }
    for (const char *entry; ok && (entry = listing_next(d));)
        ok = walk_entry(w, fd, path, entry, depth);
    if (ok && errno) ok = not_listed(w, path);
    closedir(d);
    return ok;
}

// ---- all of it ------------------------------------------------------------------------------

static int by_path(const void *a, const void *b) {
    return tree_order(((const scan_file *)a)->path, ((const scan_file *)b)->path);
}

bool scan_folder(arena *a, str folder, void (*warn)(str sentence), scan *out, err *e) {
    char *given = arena_cstr(a, folder), *real = realpath(given, NULL);
    if (!real) {
        err_errno(e, "reading the folder %s failed", given);
        if (errno == ENOENT) e->code = ERR_NOT_FOUND;
        return false;
    }
    struct stat st;
    if (!stat(real, &st) && !S_ISDIR(st.st_mode)) {
        free(real);
        return err_set(e, ERR_INVALID, "%s is no folder: name the one that it lies in", given);
    }
    walk w = {.a = a, .top = arena_str(a, str_of(real)), .warn = warn, .e = e};
    free(real);
    w.blobs = blobs_beside(a, w.top);
    const char *top = w.top.p;
    if (!ignore_read(a, top, &w.ignored, e) || !walk_folder(&w, AT_FDCWD, top, (str){0}, 0)) {
        grow_free(&w.files);
        return false;
    }
    if (w.files.n) qsort(w.files.p, w.files.n, sizeof *w.files.p, by_path);
    arena_on_reset(a, free, w.files.p);
    *out = (scan){.top = w.top, .files = w.files.p, .n = w.files.n};
    out->collisions = scan_names(out->files, out->n, warn);
    return true;
}
