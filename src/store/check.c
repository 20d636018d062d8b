// SPDX-License-Identifier: Apache-2.0
// check: is everything that the catalogue names there and whole? Runs beside everything else:
// what gc moves or removes meanwhile is looked up again before it is called damaged.
#include "base/clock.h"
#include "store/store_internal.h"

#include <stdlib.h>

#define ROWS 256 // a transaction
#define STEP ((size_t)1 << 20)

typedef struct check {
    store *s;
    bool deep;
    void (*bad)(void *arg, sha256 digest, const char *what);
    void *arg;
    store_report *r;
    arena *a;
    map packs;
    char *step; // deep: bytes to hash
    sha256_ctx *hash;
    store_cursor from, at;
    store_row rows[ROWS];
    size_t n;
} check;

static bool page_fn(db_tx *tx, void *arg, err *e) {
    check *c = arg;
    c->at = c->from;
    return store_cat_page(tx, &c->at, c->rows, ROWS, &c->n, e);
}

static bool hash_again(check *c, store_object *o, err *e) {
    for (uint64_t at = 0; at < o->size;) {
        ssize_t n = store_object_read(o, at, c->step, STEP, e);
        if (n < 0) return false;
        sha256_add(c->hash, c->step, (size_t)n);
        at += (uint64_t)n;
    }
    return true;
}

static bool is_whole(check *c, store_object *o, err *e) {
    if (!c->deep) return o->fd < 0 || store_file_check(o, 0, o->size, e);
    bool ok = hash_again(c, o, e);
    sha256 d = sha256_end(c->hash); // in each case: it begins anew
    return ok && (sha256_eq(d, o->digest) ||
                  store_corrupt(e, o->digest, "its bytes have another SHA-256"));
}

static bool try_row(check *c, const store_row *row, err *e) {
    store_object *o;
    switch (store_open_row(c->s, row, &o, e)) {
    case STORE_FAILED: return false;
    case STORE_GONE: return err_set(e, ERR_CORRUPT, "it is missing from the content folder");
    case STORE_OPENED: break;
    }
    bool ok = is_whole(c, o, e);
    store_object_close(o);
    return ok;
}

// False only when the catalogue can not be read.
static bool check_row(check *c, store_row row, err *e) {
    for (;;) {
        err why = {0};
        if (try_row(c, &row, &why)) break;
        store_row now;
        bool found;
        if (!store_cat_find(c->s, row.digest, &now, &found, e)) return false;
        if (!found) return true; // removed meanwhile
        if (store_where_eq(&now.where, &row.where)) {
            c->r->bad++;
            if (c->bad) c->bad(c->arg, row.digest, why.msg);
            break;
        }
        row = now; // moved meanwhile
    }
    c->r->objects++;
    c->r->bytes += row.size;
    if (row.where.kind == STORE_IN_PACK)
        store_tally_at(&c->packs, c->a, row.where.part)->live += row.size;
    return true;
}

static bool orphan_pack(void *arg, id pack, uint64_t size, int64_t written, err *e) {
    check *c = arg;
    (void)size, (void)e;
    if (!store_tally_get(&c->packs, pack) && clock_now_us() - written >= c->s->grace)
        c->r->orphan_files++;
    return true;
}

static bool run(check *c, err *e) {
    do {
        if (atomic_load(&c->s->stopping)) return err_set(e, ERR_CANCELLED, "the server stops");
        if (!db_read(c->s->db, page_fn, c, e)) return false;
        c->from = c->at;
        for (size_t i = 0; i < c->n; i++)
            if (!check_row(c, c->rows[i], e)) return false;
    } while (!c->at.end);
    return store_sweep_files(c->s, false, &c->r->orphan_files, e) &&
           store_each_pack(c->s, orphan_pack, c, e);
}

bool store_check(store *s, bool deep, void (*bad)(void *arg, sha256 digest, const char *what),
                 void *arg, store_report *r, err *e) {
    check *c = mem_alloc(sizeof *c);
    *r = (store_report){0};
    *c = (check){.s = s,
                 .deep = deep,
                 .bad = bad,
                 .arg = arg,
                 .r = r,
                 .a = arena_new(),
                 .from = STORE_CURSOR_START};
    c->packs = map_new(c->a);
    if (deep) {
        c->step = mem_alloc(STEP);
        c->hash = sha256_new();
    }
    bool ok = run(c, e);
    if (deep) sha256_free(c->hash);
    free(c->step);
    arena_free(c->a);
    free(c);
    return ok;
}
