// SPDX-License-Identifier: Apache-2.0
// roots: artifact files in folders. A URI of the source only chooses a path beneath a root that
// the operator named (or that lies beside the source); it is opened with RESOLVE_BENEATH and
// without symbolic links, so no record of a source can make an import read anything else. One
// thread.
#include "cli/import/source.h"
#include "core/artifact.h"
#include "core/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX  1000000 // entries of one folder
#define DEPTH_MAX  64
#define COPY_BYTES (256u << 10)

#define SCHEME "mlflow-artifacts:"

bool source_proxied(str uri, str *path) {
    if (!str_starts(uri, STR(SCHEME))) return false;
    str rest = str_from(uri, sizeof SCHEME - 1);
    if (str_starts(rest, STR("//"))) { // a host
        size_t slash = str_find(rest, '/', 2);
        rest = slash == SIZE_MAX ? (str){0} : str_from(rest, slash);
    }
    while (rest.n && rest.p[0] == '/')
        rest = str_from(rest, 1);
    *path = rest;
    return true;
}

bool source_is_local(str uri, str *path) {
    if (str_starts(uri, STR("file://"))) {
        str rest = str_from(uri, 7);
        *path = str_from(rest, str_find(rest, '/', 0) == SIZE_MAX ? 0 : str_find(rest, '/', 0));
        return true;
    }
    *path = str_starts(uri, STR("file:")) ? str_from(uri, 5) : uri;
    return path->n &&
           (str_starts(uri, STR("file:")) || str_find_str(uri, STR("://"), 0) == SIZE_MAX) &&
           !str_starts(uri, STR(SCHEME)) && !str_starts(uri, STR("dbfs:"));
}

bool source_roots_add(source_roots *r, arena *a, str dir) {
    struct stat st;
    char *real = realpath(arena_cstr(a, dir), NULL);
    bool there = real && stat(real, &st) == 0 && S_ISDIR(st.st_mode);
    if (there && r->n < 2) r->dir[r->n++] = arena_str(a, str_of(real));
    free(real);
    return there;
}

bool source_roots_of(source_roots *r, const source_config *c, str one, str two, err *e) {
    if (c->artifacts.n) {
        return source_roots_add(r, c->a, c->artifacts) ||
               err_set(e, ERR_INVALID, "--artifacts: '%.*s' is no folder", STR_F(c->artifacts));
    }
    if (one.p) source_roots_add(r, c->a, one);
    if (two.p) source_roots_add(r, c->a, two);
    return true;
}

enum { SAID, USUAL, WAYS };

// The paths beneath a root that the owner's files may have, or empty: what its URI says, and
// where MLflow puts them.
static void paths_of(arena *a, const source_owner *o, str root, str out[WAYS]) {
    str path, own = id_str(a, o->id);
    out[SAID] = out[USUAL] = (str){0};
    if (source_proxied(o->uri, &path)) {
        out[SAID] = path;
    } else if (source_is_local(o->uri, &path)) {
        // file: URIs are percent-encoded; artifact_path decodes
        if (str_starts(path, root) && path.n > root.n && path.p[root.n] == '/')
            out[SAID] = str_from(path, root.n + 1);
        out[USUAL] = o->is_model ? arena_printf(a, "%lld/models/m-%.*s/artifacts",
                                                (long long)o->project, STR_F(own))
                                 : arena_printf(a, "%lld/%.*s/artifacts", (long long)o->project,
                                                STR_F(own));
    }
}

static bool holds_some(arena *a, str root, str path, str *below) {
    err e = {0};
    if (!path.n || !artifact_path(a, path, below, &e) || !below->n) return false;
    int fd = folder_open(a, root, *below, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    bool some = false;
    for (struct dirent *x; d && !some && (x = readdir(d));)
        some = !core_is_dots(str_of(x->d_name));
    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
    return some;
}

// The folder of the owner beneath one of the roots. A file store makes the usual one also when
// the files go elsewhere, and leaves it empty.
static bool find(const source_roots *r, arena *a, const source_owner *o, str *root,
                 str *below) {
    for (size_t way = 0; way < WAYS; way++) {
        for (size_t i = 0; i < r->n; i++) {
            str paths[WAYS];
            paths_of(a, o, r->dir[i], paths);
            if (!holds_some(a, r->dir[i], paths[way], below)) continue;
            *root = r->dir[i];
            return true;
        }
    }
    return false;
}

// A URI that could lie beneath the roots; the folder itself may be missing (a run without
// files).
bool source_roots_have(const source_roots *r, const source_owner *o) {
    str path;
    return r->n && (source_proxied(o->uri, &path) || source_is_local(o->uri, &path));
}

typedef struct walk {
    arena *a;
    str root;
    size_t skip; // bytes of the owner's own folder and a slash
    source_take_file take;
    void *arg;
    source_log *log;
} walk;

static bool walk_folder(const walk *w, str below, int depth, err *e) {
    folder_entry *f;
    size_t n;
    if (!folder_list_in(w->a, w->root, below, FILES_MAX, &f, &n, e)) {
        source_lost(w->log, "folder '%.*s/%.*s': %s", STR_F(w->root), STR_F(below), e->msg);
        e->code = ERR_NONE;
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        str path = arena_printf(w->a, "%.*s/%.*s", STR_F(below), STR_F(f[i].name));
        if (!f[i].is_dir) {
            if (!w->take(w->arg, str_from(path, w->skip), f[i].size, e)) return false;
        } else if (depth == DEPTH_MAX) {
            source_lost(w->log, "folder '%.*s': too deep", STR_F(path));
        } else if (!walk_folder(w, path, depth + 1, e)) {
            return false;
        }
    }
    return true;
}

bool source_roots_files(const source_roots *r, const source_owner *o, source_take_file take,
                        void *arg, source_log *log, err *e) {
    walk w = {.a = arena_new(), .take = take, .arg = arg, .log = log};
    str below;
    bool ok = true;
    if (find(r, w.a, o, &w.root, &below)) {
        w.skip = below.n + 1;
        ok = walk_folder(&w, below, 0, e);
    }
    arena_free(w.a);
    return ok;
}

static bool copy(int fd, str path, source_write w, void *arg, err *e) {
    char *bytes = mem_realloc(NULL, COPY_BYTES);
    ssize_t n;
    bool ok = true;
    while (ok && (n = read(fd, bytes, COPY_BYTES)) != 0)
        ok =
            n > 0 ? w(arg, bytes, (size_t)n) : err_errno(e, "can not read '%.*s'", STR_F(path));
    free(bytes);
    return ok;
}

bool source_roots_read(const source_roots *r, const source_owner *o, str path, source_write w,
                       void *arg, err *e) {
    arena *a = arena_new();
    str root, below;
    int fd = -1;
    if (find(r, a, o, &root, &below))
        fd = folder_open(a, root, arena_printf(a, "%.*s/%.*s", STR_F(below), STR_F(path)),
                         O_RDONLY);
    bool ok =
        fd >= 0 ? copy(fd, path, w, arg, e) : err_errno(e, "can not read '%.*s'", STR_F(path));
    if (fd >= 0) close(fd);
    arena_free(a);
    return ok;
}
