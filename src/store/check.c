// SPDX-License-Identifier: Apache-2.0
// check: is everything that the catalogue names there and whole? Runs beside everything else:
// what gc moves or removes meanwhile is looked up again before it is called damaged. What is
// damaged is marked in the catalogue, and whoever pushes it again mends it. What is made of it
// (recipes) is damaged too, and named in a second step.
#include "base/clock.h"
#include "base/vec.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS     256 // a transaction
#define STEP     ((size_t)1 << 20)
#define BAD_MOST 100000 // of which it is said what is made of them

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
    VEC(sha256) spread; // damaged, or a page of a recipe that leads to it
    map seen;           // what is in it, and what was called damaged
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
    if (!c->deep)
        return o->made ? store_made_check_places(o, e) : store_object_check(o, 0, o->size, e);
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

// True the first time.
static bool see(check *c, sha256 digest) {
    bool added;
    sha256 *key = ARENA_NEW(c->a, sha256);
    *key = digest;
    *map_at(&c->seen, str_n(key->b, sizeof key->b), &added) = key;
    return added;
}

static bool call_bad(check *c, const store_row *row, const char *what, err *e) {
    if (!see(c, row->digest)) return true;
    c->r->bad++;
    if (c->bad) c->bad(c->arg, row->digest, what);
    if (c->spread.n < BAD_MOST) vec_push(c->a, &c->spread, row->digest);
    return store_cat_mark(c->s, row, true, e);
}

// False only when the catalogue can not be read.
static bool check_row(check *c, store_row row, err *e) {
    for (;;) {
        err why = {0};
        if (try_row(c, &row, &why)) {
            if (!store_cat_mark(c->s, &row, false, e)) return false;
            break;
        }
        store_row now;
        bool found;
        if (!store_cat_find(c->s, row.digest, &now, &found, e)) return false;
        if (!found) return true; // removed meanwhile
        if (store_where_eq(&now.where, &row.where)) {
            if (!call_bad(c, &row, why.msg, e)) return false;
            break;
        }
        row = now; // moved meanwhile
    }
    c->r->objects++;
    c->r->bytes += store_kept(&row);
    if (row.where.kind == STORE_IN_PACK)
        store_tally_at(&c->packs, c->a, row.where.part)->live += row.size;
    return true;
}

// ---- what is made of it ---------------------------------------------------------------------

static bool is_recipe(check *c, sha256 digest) {
    err unread;
    char bytes[STORE_RECIPE_PAGE];
    store_recipe_page *page = mem_alloc(sizeof *page);
    store_object *o = store_get(c->s, digest, &unread);
    ssize_t n = o ? store_object_read(o, 0, bytes, sizeof bytes, &unread) : -1;
    bool yes = n > 0 && store_recipe_get(str_n(bytes, (size_t)n), page);
    store_object_close(o);
    free(page);
    return yes;
}

static bool spread_to(check *c, sha256 from, sha256 parent, err *e) {
    store_row row;
    bool found;
    char hex[SHA256_HEX], what[SHA256_HEX + 60];
    if (!store_cat_find(c->s, parent, &row, &found, e)) return false;
    if (!found) return true;
    if (row.where.kind == STORE_IN_CHUNKS) {
        sha256_hex(from, hex);
        snprintf(what, sizeof what, "it is made of %s, which is damaged", hex);
        return call_bad(c, &row, what, e);
    }
    if (c->spread.n < BAD_MOST && is_recipe(c, parent) && see(c, parent))
        vec_push(c->a, &c->spread, parent);
    return true;
}

static bool spread(check *c, err *e) {
    for (size_t i = 0; i < c->spread.n; i++) {
        sha256 some[ROWS], after, from = c->spread.p[i];
        size_t n = ROWS;
        for (bool first = true; n == ROWS; first = false) {
            if (!store_cat_parents(c->s, from, first ? NULL : &after, some, ROWS, &n, e))
                return false;
            for (size_t k = 0; k < n; k++)
                if (!spread_to(c, from, some[k], e)) return false;
            if (n) after = some[n - 1];
        }
    }
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
    return spread(c, e) && store_sweep_files(c->s, false, &c->r->orphan_files, e) &&
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
    c->seen = map_new(c->a);
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
