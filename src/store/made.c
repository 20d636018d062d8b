// SPDX-License-Identifier: Apache-2.0
// made: the place of objects that are made of chunks. An open one has the page of its recipe
// that was needed last, and the chunks that were needed last, so memory does not grow with the
// object, and a read from front to back looks up each chunk once. An object is read by one
// thread at a time.
#include "base/metrics.h"
#include "store/store_internal.h"

#include <stdlib.h>

// A chunk that is open, and where it begins in the object.
typedef struct held {
    store_object *chunk;
    uint64_t at;
} held;

struct store_made {
    sha256 root;
    store_recipe_page leaf; // n is 0: none yet
    uint64_t leaf_at;       // where it begins in the object
    held held[2];           // two: who sends checks ahead of what is read
    unsigned newest;
};

// ---- pages ----------------------------------------------------------------------------------

// Whoever pushes it is asked for it again, and mends it. `made`: only as what is made of
// chunks: a whole file of these bytes does not need them (recut.c).
static void mark(store *s, sha256 digest, bool made) {
    err ignored = {0}; // it is found again
    store_row row;
    bool found;
    if (store_cat_find(s, digest, &row, &found, &ignored) && found &&
        (!made || row.where.kind == STORE_IN_CHUNKS))
        store_cat_mark(s, &row, true, &ignored);
}

// What came to light on the way to the object's bytes is damage to the object.
static bool damaged(store_object *o, sha256 part, const err *why, err *e) {
    char hex[SHA256_HEX];
    if (why->code != ERR_CORRUPT && why->code != ERR_NOT_FOUND) {
        if (e) *e = *why;
        return false;
    }
    METRIC_ADD(corrupt_total, why->code == ERR_NOT_FOUND); // else it was counted
    mark(o->s, part, false);
    mark(o->s, o->digest, true);
    sha256_hex(o->digest, hex);
    return err_set(e, ERR_CORRUPT, "object %s is damaged: of what it is made of, %s", hex,
                   why->msg);
}

static bool load_page(store_object *o, sha256 digest, store_recipe_page *p, err *e) {
    char bytes[STORE_RECIPE_PAGE];
    err why = {0};
    store_object *page = store_get(o->s, digest, &why);
    ssize_t n = page ? store_object_read(page, 0, bytes, sizeof bytes, &why) : -1;
    bool whole = n >= 0 && (uint64_t)n == page->size;
    store_object_close(page);
    if (n < 0) return damaged(o, digest, &why, e);
    return (whole && store_recipe_get(str_n(bytes, (size_t)n), p)) ||
           store_corrupt(e, o->digest, "a page of its recipe is none");
}

static size_t item_at(const store_recipe_page *p, uint64_t offset, uint64_t *start) {
    size_t i = 0;
    for (; i + 1 < p->n && offset - *start >= p->items[i].size; i++)
        *start += p->items[i].size;
    return i;
}

// The leaf that holds this byte becomes the one at hand.
static bool find_leaf(store_object *o, uint64_t offset, err *e) {
    store_made *m = o->made;
    store_recipe_page *p = &m->leaf;
    sha256 digest = m->root;
    uint64_t start = 0, size = o->size;
    unsigned level = STORE_RECIPE_LEVELS;
    p->n = 0;
    for (bool root = true;; root = false) {
        if (!load_page(o, digest, p, e)) {
            p->n = 0;
            return false;
        }
        if (p->total != size || (root ? p->level >= level : p->level != level - 1)) {
            p->n = 0;
            return store_corrupt(e, o->digest, "its recipe does not hold together");
        }
        level = p->level;
        if (!level) break;
        size_t i = item_at(p, offset, &start);
        digest = p->items[i].digest;
        size = p->items[i].size;
    }
    m->leaf_at = start;
    return true;
}

// The chunk that holds this byte of the object, and where it begins.
static bool seek(store_object *o, uint64_t offset, store_chunk_ref *chunk, uint64_t *at,
                 err *e) {
    store_made *m = o->made;
    bool here = m->leaf.n && offset >= m->leaf_at && offset - m->leaf_at < m->leaf.total;
    if (!here && !find_leaf(o, offset, e)) return false;
    *at = m->leaf_at;
    *chunk = m->leaf.items[item_at(&m->leaf, offset, at)];
    return true;
}

// ---- chunks ---------------------------------------------------------------------------------

// Opening one checks all of it. NULL: it is damaged.
static const held *hold(store_object *o, uint64_t offset, err *e) {
    store_made *m = o->made;
    for (unsigned i = 0; i < 2; i++) {
        held *h = &m->held[i];
        if (!h->chunk || offset - h->at >= h->chunk->size) continue;
        m->newest = i;
        return h;
    }
    store_chunk_ref is;
    held *h = &m->held[!m->newest];
    err why = {0};
    store_object_close(h->chunk);
    h->chunk = NULL;
    if (!seek(o, offset, &is, &h->at, e)) return NULL;
    h->chunk = store_get(o->s, is.digest, &why);
    if (!h->chunk) {
        damaged(o, is.digest, &why, e);
        return NULL;
    }
    m->newest = !m->newest;
    if (h->chunk->size == is.size) return h;
    store_object_close(h->chunk);
    h->chunk = NULL;
    store_corrupt(e, o->digest, "a chunk has another size than its recipe says");
    return NULL;
}

ssize_t store_made_read(store_object *o, uint64_t offset, void *p, size_t n, err *e) {
    size_t done = 0;
    while (done < n) {
        uint64_t at = offset + done;
        err why = {0};
        const held *h = hold(o, at, e);
        if (!h) return -1;
        ssize_t got = store_object_read(h->chunk, at - h->at, (char *)p + done, n - done, &why);
        if (got < 0) damaged(o, h->chunk->digest, &why, e);
        if (got < 0) return -1;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

uint64_t store_made_same(store_object *a, uint64_t at_a, store_object *b, uint64_t at_b,
                         uint64_t n) {
    uint64_t done = 0;
    while (done < n) {
        store_chunk_ref is_a, is_b;
        uint64_t start_a, start_b;
        err ignored = {0}; // who reads it is told
        if (!seek(a, at_a + done, &is_a, &start_a, &ignored) ||
            !seek(b, at_b + done, &is_b, &start_b, &ignored))
            break;
        uint64_t into = at_a + done - start_a;
        if (into != at_b + done - start_b || !sha256_eq(is_a.digest, is_b.digest)) break;
        done += is_a.size - into;
    }
    return done < n ? done : n;
}

bool store_made_check(store_object *o, uint64_t offset, uint64_t n, err *e) {
    for (uint64_t at = offset; at - offset < n;) {
        err why = {0};
        const held *h = hold(o, at, e);
        if (!h) return false;
        if (!store_object_check(h->chunk, 0, h->chunk->size, &why))
            return damaged(o, h->chunk->digest, &why, e);
        at = h->at + h->chunk->size;
    }
    return true;
}

static bool is_placed(store_object *o, const store_chunk_ref *c, err *e) {
    store_row row;
    bool found;
    char hex[SHA256_HEX];
    if (!store_cat_find(o->s, c->digest, &row, &found, e)) return false;
    if (found && !row.damaged && row.size == c->size) return true;
    sha256_hex(c->digest, hex);
    err why = {0};
    err_set(&why, ERR_NOT_FOUND, "chunk %s is %s", hex, found ? "damaged" : "missing");
    return damaged(o, c->digest, &why, e);
}

bool store_made_check_places(store_object *o, err *e) {
    store_made *m = o->made;
    for (uint64_t at = 0; at < o->size; at += m->leaf.total) {
        if (!find_leaf(o, at, e)) return false;
        for (size_t i = 0; i < m->leaf.n; i++)
            if (!is_placed(o, &m->leaf.items[i], e)) return false;
    }
    return true;
}

// ---- the place ------------------------------------------------------------------------------

static void set_root(store_object *o, sha256 root) {
    o->made = mem_alloc(sizeof *o->made);
    o->made->root = root;
}

store_opened store_made_open(store *s, const store_row *row, store_object *o, err *e) {
    sha256 root;
    bool found;
    if (!store_cat_recipe(s, row->digest, &root, &found, e)) return STORE_FAILED;
    if (!found) return STORE_GONE; // removed, or another place took over
    set_root(o, root);
    return STORE_OPENED;
}

// An object that is not there yet: as long as its recipe says.
store_object *store_made_of(store *s, sha256 digest, sha256 root, err *e) {
    store_object *o = mem_alloc(sizeof *o);
    *o = (store_object){.s = s, .digest = digest, .fd = -1};
    set_root(o, root);
    store_made *m = o->made;
    if (load_page(o, root, &m->leaf, e)) {
        o->size = m->leaf.total;
        m->leaf.n = 0; // perhaps no leaf
        return o;
    }
    store_object_close(o);
    return NULL;
}

void store_made_close(store_object *o) {
    if (!o->made) return;
    for (size_t i = 0; i < 2; i++)
        store_object_close(o->made->held[i].chunk);
    free(o->made);
}

// Its chunks are objects, and gc's.
bool store_made_drop(store *s, const store_row *row, err *e) {
    (void)s, (void)row, (void)e;
    return true;
}
