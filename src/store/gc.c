// SPDX-License-Identifier: Apache-2.0
// gc: frees what nothing uses. Three steps, each of which may stop anywhere and be begun again:
//
//  1. A walk over the catalogue. What looks unused in the snapshot of a page is asked about
//     again in a short transaction that sets the object aside when it still is; one that was
//     set aside long enough ago loses its row (I3), and its file after the commit. Packs are
//     tallied on the way.
//  2. Packs with more dead than live bytes are emptied (I6): what lives in them is appended to
//     a pack of ours and its row moved; when a whole walk has moved everything, the pack goes.
//  3. Files that no row names and that are old go (I4).
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS        256                // read in one transaction
#define GROUP       32                 // removed or moved in one
#define GROUP_BYTES ((size_t)16 << 20) // of what is moved in one
#define PACKS       256                // emptied in one run: each has an open descriptor

typedef struct gc {
    store *s;
    bool (*used)(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e);
    void *arg;
    int64_t hold;
    bool dry;
    store_freed *freed;
    arena *a;
    map packs;
    size_t emptying;
    store_cursor from, at;
    store_row rows[ROWS];
    enum fate { KEEP, WAIT, BACK, ASIDE, REMOVE } fate[ROWS]; // step 1
    size_t n;
} gc;

// ---- 1: rows --------------------------------------------------------------------------------

static bool fate_of(gc *g, db_tx *tx, const store_row *row, int64_t now, enum fate *out,
                    err *e) {
    bool used = true;
    *out = KEEP;
    if (row->leased >= now) return true;
    if (!store_cat_linked_tx(tx, row->digest, &used, e)) return false;
    if (!used && !g->used(g->arg, tx, row->digest, &used, e)) return false;
    if (used)
        *out = row->freed ? BACK : KEEP;
    else if (!row->freed)
        *out = ASIDE;
    else
        *out = row->freed <= now - g->hold ? REMOVE : WAIT;
    return true;
}

static bool look_fn(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    int64_t now = clock_now_us();
    g->at = g->from;
    if (!store_cat_page(tx, &g->at, g->rows, ROWS, &g->n, e)) return false;
    for (size_t i = 0; i < g->n; i++)
        if (!fate_of(g, tx, &g->rows[i], now, &g->fate[i], e)) return false;
    return true;
}

struct group {
    gc *g;
    size_t at[GROUP]; // indexes of rows
    bool aside[GROUP], removed[GROUP];
    size_t n;
};

static bool decide(struct group *q, db_tx *tx, size_t i, int64_t now, bool held, err *e) {
    gc *g = q->g;
    const store_row *row = &g->rows[q->at[i]];
    enum fate fate;
    q->aside[i] = q->removed[i] = false;
    if (!fate_of(g, tx, row, now, &fate, e)) return false;
    if (fate == BACK) return store_cat_back_tx(tx, row, e);
    if (fate == ASIDE && !store_cat_aside_tx(tx, row, now, &q->aside[i], e)) return false;
    if (fate == REMOVE || (q->aside[i] && !g->hold))
        return held || store_cat_remove_tx(tx, row, now, &q->removed[i], e);
    return true;
}

static bool group_fn(db_tx *tx, void *arg, err *e) {
    struct group *q = arg;
    int64_t now = clock_now_us();
    bool held;
    if (!store_held_tx(tx, now, &held, e)) return false;
    for (size_t i = 0; i < q->n; i++)
        if (!decide(q, tx, i, now, held, e)) return false;
    return true;
}

static void tally(gc *g, const store_row *row) {
    if (row->where.kind == STORE_IN_PACK)
        store_tally_at(&g->packs, g->a, row->where.part)->live += STORE_RECORD + row->size;
}

static void count(uint64_t *n, uint64_t *bytes, const store_row *row) {
    ++*n;
    *bytes += store_kept(row);
}

static void end_of_one(struct group *q, size_t i) {
    gc *g = q->g;
    store_freed *f = g->freed;
    const store_row *row = &g->rows[q->at[i]];
    enum fate was = g->fate[q->at[i]];
    bool aside = g->dry ? was == ASIDE : q->aside[i];
    bool removed = g->dry ? was == REMOVE || (aside && !g->hold) : q->removed[i];
    if (aside) count(&f->objects, &f->bytes, row);
    if (removed) {
        count(&f->removed, &f->removed_bytes, row);
        if (g->dry) return;
        METRIC_ADD(gc_removed_bytes_total, (int64_t)store_kept(row));
        store_drop(g->s, row);
        return;
    }
    if (aside || was == REMOVE) count(&f->waiting, &f->waiting_bytes, row);
    tally(g, row);
}

static bool end_group(struct group *q, err *e) {
    gc *g = q->g;
    if (q->n && !g->dry && !db_write(g->s->db, group_fn, q, e)) return false;
    for (size_t i = 0; i < q->n; i++)
        end_of_one(q, i);
    q->n = 0;
    return true;
}

static bool walk_rows(gc *g, err *e) {
    struct group q = {.g = g};
    g->from = STORE_CURSOR_START;
    do {
        if (atomic_load(&g->s->stopping)) return err_set(e, ERR_CANCELLED, "the server stops");
        if (!db_read(g->s->db, look_fn, g, e)) return false;
        g->from = g->at;
        for (size_t i = 0; i < g->n; i++) {
            if (g->fate[i] == WAIT)
                count(&g->freed->waiting, &g->freed->waiting_bytes, &g->rows[i]);
            if (g->fate[i] == KEEP || g->fate[i] == WAIT) {
                tally(g, &g->rows[i]);
                continue;
            }
            q.at[q.n++] = i;
            if (q.n == GROUP && !end_group(&q, e)) return false;
        }
        if (!end_group(&q, e)) return false;
    } while (!g->at.end);
    return true;
}

// ---- 2: packs -------------------------------------------------------------------------------

// Locks the pack and looks once more: false when somebody has it, wrote it or removed it.
static bool claim(gc *g, store_tally *t) {
    char path[STORE_PATH_MAX];
    struct stat st;
    store_pack_path(path, t->pack);
    int fd = g->s->io->open(g->s->dir, path, O_RDONLY, 0);
    if (fd < 0) return false;
    if (store_io_lock(fd, NULL) && fstat(fd, &st) == 0 && st.st_nlink &&
        clock_now_us() - (int64_t)st.st_mtim.tv_sec * 1000000 > g->s->quiet) {
        t->fd = fd;
        return true;
    }
    close(fd);
    return false;
}

static bool choose_fn(void *arg, id pack, uint64_t size, int64_t written, err *e) {
    gc *g = arg;
    (void)e;
    if (clock_now_us() - written <= g->s->quiet || g->emptying == PACKS) return true;
    store_tally *t = store_tally_at(&g->packs, g->a, pack);
    uint64_t all = size > STORE_PACK_HEADER ? size - STORE_PACK_HEADER : 0;
    if (t->live && all <= 2 * t->live) return true;
    t->emptying = claim(g, t);
    g->emptying += t->emptying;
    return true;
}

static bool plain_page_fn(db_tx *tx, void *arg, err *e) {
    gc *g = arg;
    g->at = g->from;
    return store_cat_page(tx, &g->at, g->rows, ROWS, &g->n, e);
}

// Reads the object at row i for its move. A damaged one keeps its pack where it is.
static store_object *open_to_move(gc *g, const store_row *row, store_tally *t) {
    store_object *o = NULL;
    err why = {0};
    if (store_open_row(g->s, row, &o, &why) == STORE_OPENED) return o;
    t->stuck = true;
    log_msg(LOG_ERROR, "store.gc", "a pack can not be written anew: %s",
            why.code == ERR_NONE ? "a record is missing" : why.msg);
    return NULL;
}

struct moving {
    store_object *o[GROUP];
    store_append a[GROUP];
    store_move m[GROUP];
    size_t n, bytes;
};

static bool moved_all(gc *g, struct moving *v, err *e) {
    for (size_t i = 0; i < v->n; i++) {
        if (!v->a[i].ok) {
            if (e) *e = v->a[i].why;
            return false;
        }
        v->m[i].to = v->a[i].where;
    }
    return store_cat_move(g->s, v->m, v->n, e);
}

// What was not moved because its row is gone is dead in its new pack too.
static bool move_group(gc *g, struct moving *v, err *e) {
    store_pack_append(g->s, v->a, v->n);
    bool ok = moved_all(g, v, e);
    for (size_t i = 0; i < v->n; i++) {
        store_pack_release(g->s, &v->a[i]);
        store_object_close(v->o[i]);
    }
    v->n = v->bytes = 0;
    return ok;
}

static bool move_page(gc *g, struct moving *v, err *e) {
    for (size_t i = 0; i < g->n; i++) {
        const store_row *row = &g->rows[i];
        store_tally *t = row->where.kind == STORE_IN_PACK
                             ? store_tally_get(&g->packs, row->where.part)
                             : NULL;
        if (!t || !t->emptying) continue;
        store_object *o = open_to_move(g, row, t);
        if (!o) continue;
        v->o[v->n] = o;
        v->a[v->n] = (store_append){.p = o->bytes, .n = (size_t)o->size, .digest = row->digest};
        v->m[v->n] = (store_move){.digest = row->digest, .from = row->where};
        v->bytes += (size_t)o->size;
        if ((++v->n == GROUP || v->bytes >= GROUP_BYTES) && !move_group(g, v, e)) return false;
    }
    return !v->n || move_group(g, v, e);
}

static bool walk_packs(gc *g, err *e) {
    struct moving *v = mem_alloc(sizeof *v);
    bool ok = true;
    g->from = STORE_CURSOR_START;
    do {
        ok = db_read(g->s->db, plain_page_fn, g, e) && move_page(g, v, e);
        g->from = g->at;
    } while (ok && !g->at.end);
    free(v);
    return ok;
}

// The walk is through: what was emptied goes, and all are let go.
static void end_packs(gc *g, bool walked) {
    for (size_t i = 0; i < g->packs.n; i++) {
        store_tally *t = g->packs.entries[i].value;
        if (!t->emptying) continue;
        char path[STORE_PATH_MAX];
        store_pack_path(path, t->pack);
        if (walked && !t->stuck && g->s->io->unlink(g->s->dir, path) && errno != ENOENT)
            log_msg(LOG_WARN, "store.gc", "removing %s failed; the next gc will try again",
                    path);
        close(t->fd);
    }
    store_pack_forget(g->s, false);
}

static bool empty_packs(gc *g, err *e) {
    if (!store_each_pack(g->s, choose_fn, g, e)) {
        end_packs(g, false);
        return false;
    }
    bool ok = !g->emptying || walk_packs(g, e);
    end_packs(g, ok);
    return ok;
}

// ---- all ------------------------------------------------------------------------------------

bool store_gc(store *s, bool (*used)(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e),
              void *arg, int64_t hold_us, bool dry, store_freed *freed, err *e) {
    gc *g = mem_alloc(sizeof *g);
    *freed = (store_freed){0};
    *g = (gc){.s = s,
              .used = used,
              .arg = arg,
              .hold = hold_us,
              .dry = dry,
              .freed = freed,
              .a = arena_new()};
    g->packs = map_new(g->a);
    pthread_mutex_lock(&s->gc_lock);
    bool ok = walk_rows(g, e) && (dry || empty_packs(g, e)) &&
              store_sweep_files(s, !dry, &freed->orphan_files, e);
    pthread_mutex_unlock(&s->gc_lock);
    arena_free(g->a);
    free(g);
    return ok;
}
