// SPDX-License-Identifier: Apache-2.0
// A folder as a tar stream: its entries depth first, in the order of names. What is held is a
// page of names a level and a piece of one file. Any thread.
#include "api/files.h"
#include "api/tar.h"
#include "core/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE = 100, PIECE = 256 << 10, DEPTH_MAX = 2048 };

typedef struct level {
    arena *a;
    files_place place;
    str path;       // in the archive; empty: its top
    files_entry *f; // a page of entries
    size_t n, i;
    bool last; // no page behind it
} level;

typedef struct walk {
    http_req *r;
    const ctx *c;
    buf *out;
    level *levels; // malloc'd
    size_t n, cap;
} walk;

static bool gone(walk *w, err *e) {
    return http_gone(w->r) && !err_set(e, ERR_CANCELLED, "nobody reads the archive any more");
}

// ---- files ----------------------------------------------------------------------------------

typedef ssize_t (*read_fn)(void *arg, uint64_t at, void *p, size_t n, err *e);

static ssize_t read_object(void *arg, uint64_t at, void *p, size_t n, err *e) {
    return store_object_read(arg, at, p, n, e);
}

static ssize_t read_fd(void *arg, uint64_t at, void *p, size_t n, err *e) {
    ssize_t got;
    do {
        got = pread(*(int *)arg, p, n, (off_t)at);
    } while (got < 0 && errno == EINTR);
    if (got < 0) err_errno(e, "can not read a file of the artifact folder");
    return got;
}

// Exactly `size` bytes, and their padding: the header has promised them.
static bool put_bytes(walk *w, uint64_t size, read_fn read, void *arg, err *e) {
    for (uint64_t at = 0; at < size;) {
        size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
        char *p = buf_room(w->out, n);
        if (!p) return err_set(e, ERR_INTERNAL, "the reply's buffer is full");
        ssize_t got = read(arg, at, p, n, e);
        if (got < 0) return false;
        if (!got) return err_set(e, ERR_CORRUPT, "a file is shorter than it was");
        w->out->n += (size_t)got;
        at += (uint64_t)got;
        http_json_flush(w->r);
        if (gone(w, e)) return false;
    }
    tar_padding(w->out, size);
    return true;
}

static bool put_object(walk *w, const tar_entry *t, sha256 digest, err *e) {
    store_object *o = store_get(core_store(w->c->core), digest, e);
    if (!o) return false;
    tar_entry is = *t;
    is.size = store_object_size(o);
    tar_header(w->out, &is);
    bool ok = put_bytes(w, is.size, read_object, o, e);
    store_object_close(o);
    return ok;
}

static bool put_folder_file(walk *w, const tar_entry *t, str below, err *e) {
    ctx c = *w->c;
    int fd;
    tar_entry is = *t;
    c.a = arena_new();
    bool ok = folder_file(&c, below, &fd, &is.size, e);
    if (ok) {
        tar_header(w->out, &is);
        ok = put_bytes(w, is.size, read_fd, &fd, e);
    }
    arena_free(c.a); // closes it
    return ok;
}

static bool put_file(walk *w, const files_entry *f, const files_place *p, str path, err *e) {
    tar_entry t = {.path = path, .size = f->size, .mtime_s = f->modified_us / 1000000};
    return p->in_folder ? put_folder_file(w, &t, p->path, e) : put_object(w, &t, f->digest, e);
}

// ---- folders --------------------------------------------------------------------------------

static str below(arena *a, str path, str name) {
    return path.n ? arena_printf(a, "%.*s/%.*s", STR_F(path), STR_F(name)) : name;
}

static bool enter(walk *w, files_place place, str path, err *e) {
    if (w->n == DEPTH_MAX)
        return err_set(e, ERR_TOO_LARGE, "the folders are nested too deeply");
    if (w->n == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 16;
        w->levels = mem_realloc(w->levels, w->cap * sizeof *w->levels);
    }
    level *l = &w->levels[w->n++];
    *l = (level){.a = arena_new()};
    l->place = place;
    l->place.path = arena_str(l->a, place.path);
    l->path = arena_str(l->a, path);
    return true;
}

// A page of an operator's folder is all of it: it is read whole in any case.
static bool next_page(walk *w, level *l, err *e) {
    size_t max = l->place.in_folder ? FILES_FOLDER_MAX : PAGE;
    ctx c = *w->c;
    arena *old = l->a;
    str after = l->n ? l->f[l->n - 1].name : (str){0};
    l->a = c.a = arena_new();
    l->place.path = arena_str(l->a, l->place.path);
    l->path = arena_str(l->a, l->path);
    l->i = l->n = 0;
    bool ok = files_list(&c, &l->place, after, max, &l->f, &l->n, e);
    l->last = l->n < max;
    arena_free(old);
    return ok;
}

// The next entry of the deepest level; leaves it at its end.
static bool step(walk *w, err *e) {
    level *l = &w->levels[w->n - 1];
    if (l->i == l->n && !l->last && !next_page(w, l, e)) return false;
    if (l->i == l->n) {
        arena_free(l->a);
        w->n--;
        return true;
    }
    const files_entry *f = &l->f[l->i++];
    str path = below(l->a, l->path, f->name);
    files_place place = l->place;
    place.path = below(l->a, l->place.path, f->name);
    if (!f->is_dir) return put_file(w, f, &place, path, e);
    tar_header(w->out,
               &(tar_entry){.path = path, .is_dir = true, .mtime_s = f->modified_us / 1000000});
    http_json_flush(w->r);
    return enter(w, place, path, e);
}

static bool put_all(walk *w, const files_place *p, const files_entry *top, err *e) {
    if (!top->is_dir) return put_file(w, top, p, top->name, e);
    if (!enter(w, *p, (str){0}, e)) return false;
    while (w->n) {
        if (gone(w, e) || !step(w, e)) return false;
    }
    return true;
}

bool files_tar(http_req *r, ctx *c, const files_place *p, const files_entry *top, buf *out,
               err *e) {
    walk w = {.r = r, .c = c, .out = out};
    bool ok = put_all(&w, p, top, e);
    for (size_t i = 0; i < w.n; i++)
        arena_free(w.levels[i].a);
    free(w.levels);
    if (ok) tar_end(out);
    return ok;
}
