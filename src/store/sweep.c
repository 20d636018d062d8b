// SPDX-License-Identifier: Apache-2.0
// sweep: what lies in the content folder, seen from the folder's side. Files that no row names
// are what a crash between placing and recording leaves, and copies whose fate was unknown
// (I4).
#include "base/clock.h"
#include "store/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES 256 // looked up in one transaction

typedef struct sweep {
    store *s;
    bool remove;
    uint64_t *orphans;
    struct name {
        store_row row; // as the name says
        bool named;    // by the catalogue
    } names[NAMES];
    size_t n;
} sweep;

static bool look_up_fn(db_tx *tx, void *arg, err *e) {
    sweep *w = arg;
    for (size_t i = 0; i < w->n; i++) {
        store_row row;
        bool found;
        if (!store_cat_find_tx(tx, w->names[i].row.digest, &row, &found, e)) return false;
        w->names[i].named = found && store_where_eq(&row.where, &w->names[i].row.where);
    }
    return true;
}

static int64_t written(const struct stat *st) {
    return (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

static bool flush(sweep *w, err *e) {
    if (w->n && !db_read(w->s->db, look_up_fn, w, e)) return false;
    for (size_t i = 0; i < w->n; i++) {
        if (w->names[i].named) continue;
        ++*w->orphans;
        if (w->remove) store_drop(w->s, &w->names[i].row);
    }
    w->n = 0;
    return true;
}

// Old enough to be looked up? What has no name of ours is counted and left alone.
static bool see(sweep *w, int dir, const char *file, err *e) {
    struct stat st;
    if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT || err_errno(e, "reading %s failed", file);
    if (clock_now_us() - written(&st) < w->s->grace) return true;
    struct name *n = &w->names[w->n];
    *n = (struct name){.row.where.kind = STORE_IN_FILE};
    if (!store_file_name(str_of(file), &n->row.digest, &n->row.where.part)) {
        ++*w->orphans;
        return true;
    }
    return ++w->n < NAMES || flush(w, e);
}

// Calls fn for each entry of a directory; one that is not there has none.
static bool each(store *s, const char *path,
                 bool (*fn)(void *arg, int dir, const char *name, err *e), void *arg, err *e) {
    int fd = s->io->open(s->dir, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 && errno == ENOENT) return true;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        err_errno(e, "reading %s in the content folder failed", path);
        if (fd >= 0) close(fd);
        return false;
    }
    bool ok = true;
    struct dirent *f;
    errno = 0;
    while (ok && (f = readdir(d))) {
        if (f->d_name[0] != '.') ok = fn(arg, fd, f->d_name, e);
        errno = 0;
    }
    if (ok && errno) ok = err_errno(e, "reading %s in the content folder failed", path);
    closedir(d);
    return ok;
}

static bool see_fn(void *arg, int dir, const char *name, err *e) {
    return see(arg, dir, name, e);
}

bool store_sweep_files(store *s, bool remove, uint64_t *orphans, err *e) {
    sweep *w = mem_alloc(sizeof *w);
    *w = (sweep){.s = s, .remove = remove, .orphans = orphans};
    bool ok = true;
    for (unsigned i = 0; ok && i < 256 * 256; i++) {
        char path[STORE_PATH_MAX];
        snprintf(path, sizeof path, "objects/%02x", i >> 8);
        if (i % 256 == 0 && faccessat(s->dir, path, F_OK, 0)) {
            i |= 255; // none of its 256
            continue;
        }
        snprintf(path, sizeof path, "objects/%02x/%02x", i >> 8, i & 255);
        ok = each(s, path, see_fn, w, e);
    }
    ok = ok && flush(w, e);
    free(w);
    return ok;
}

// ---- packs ----------------------------------------------------------------------------------

struct packs {
    bool (*fn)(void *arg, id pack, uint64_t size, int64_t written, err *e);
    void *arg;
};

static bool pack_fn(void *arg, int dir, const char *name, err *e) {
    struct packs *p = arg;
    id pack;
    struct stat st;
    if (!store_pack_name(str_of(name), &pack)) return true;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT || err_errno(e, "reading %s failed", name);
    return p->fn(p->arg, pack, (uint64_t)st.st_size, written(&st), e);
}

bool store_each_pack(store *s,
                     bool (*fn)(void *arg, id pack, uint64_t size, int64_t written, err *e),
                     void *arg, err *e) {
    struct packs p = {fn, arg};
    return each(s, "packs", pack_fn, &p, e);
}

store_tally *store_tally_get(const map *m, id pack) {
    return map_get(m, str_n(pack.b, sizeof pack.b));
}

store_tally *store_tally_at(map *m, arena *a, id pack) {
    store_tally *t = store_tally_get(m, pack);
    if (t) return t;
    t = ARENA_NEW(a, store_tally);
    t->pack = pack;
    t->fd = -1;
    *map_at(m, str_n(t->pack.b, sizeof t->pack.b), NULL) = t; // the map borrows its keys
    return t;
}
