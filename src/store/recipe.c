// SPDX-License-Identifier: Apache-2.0
// recipe: what a large object is made of. Its chunks are the items of pages of level 0, whose
// pages are the items of level 1, and so on until one page is left: the root. Where a page ends
// depends on the digests of its items and on nothing else, so two objects that have a stretch
// of chunks in common have its pages in common. Pages are objects that are linked to what they
// name; the object is linked to the root. Pages are put after what they name, so the store
// finds all of it.
//
// A builder belongs to one thread; it keeps one unfinished page a level and some finished ones.
#include "store/store_internal.h"

#include <endian.h>
#include <stdlib.h>

#define GATHER_PAGES 16
#define READ_BYTES   ((size_t)1 << 20)

// ---- pages ----------------------------------------------------------------------------------

size_t store_recipe_put(char out[STORE_RECIPE_PAGE], const store_recipe_page *p) {
    uint32_t level = htole32(p->level), n = htole32((uint32_t)p->n);
    char *at = out;
    memcpy(at, STORE_RECIPE_MAGIC, 8);
    memcpy(at + 8, &level, 4);
    memcpy(at + 12, &n, 4);
    at += STORE_RECIPE_HEAD;
    for (size_t i = 0; i < p->n; i++, at += STORE_RECIPE_ITEM) {
        uint64_t size = htole64(p->items[i].size);
        memcpy(at, p->items[i].digest.b, sizeof(sha256));
        memcpy(at + sizeof(sha256), &size, 8);
    }
    return (size_t)(at - out);
}

static bool get_item(cur *c, store_recipe_page *p, size_t i) {
    store_chunk_ref *item = &p->items[i];
    sha256_copy(cur_take(c, sizeof item->digest.b), &item->digest);
    item->size = cur_u64(c);
    uint64_t most = p->level ? STORE_OBJECT_MAX : STORE_PACKED;
    if (c->bad || !item->size || item->size > most || item->size > STORE_OBJECT_MAX - p->total)
        return false;
    p->total += item->size;
    return true;
}

bool store_recipe_get(str bytes, store_recipe_page *p) {
    cur c = cur_of(bytes);
    if (!str_eq(cur_take(&c, 8), STR(STORE_RECIPE_MAGIC))) return false;
    p->level = cur_u32(&c);
    p->n = cur_u32(&c);
    p->total = 0;
    if (c.bad || p->level >= STORE_RECIPE_LEVELS || !p->n || p->n > STORE_RECIPE_ITEMS ||
        cur_left(&c) != p->n * STORE_RECIPE_ITEM)
        return false;
    for (size_t i = 0; i < p->n; i++)
        if (!get_item(&c, p, i)) return false;
    return true;
}

// One item in 256 ends its page. A page of one item would have its level's whole chain above
// it.
bool store_recipe_ends(const store_chunk_ref *item, size_t n) {
    return n == STORE_RECIPE_ITEMS || (n > 1 && item->digest.b[31] == 0);
}

// ---- building -------------------------------------------------------------------------------

typedef struct level {
    store_recipe_page page; // not finished
    uint64_t pages;         // finished ones
    store_chunk_ref last;   // the last of them
} level;

struct store_recipe {
    store *s;
    level *levels[STORE_RECIPE_LEVELS];
    uint64_t chunks, total;
    struct {
        char bytes[STORE_RECIPE_PAGE];
        sha256 links[STORE_RECIPE_ITEMS];
    } done[GATHER_PAGES]; // finished, not put yet
    store_item items[GATHER_PAGES];
    size_t n;
};

store_recipe *store_recipe_new(store *s) {
    store_recipe *r = mem_alloc(sizeof *r);
    r->s = s;
    return r;
}

void store_recipe_abort(store_recipe *r) {
    if (!r) return;
    for (size_t i = 0; i < STORE_RECIPE_LEVELS; i++)
        free(r->levels[i]);
    free(r);
}

static bool put_done(store_recipe *r, err *e) {
    bool ok = !r->n || store_put_many(r->s, r->items, r->n, e);
    r->n = 0;
    return ok;
}

// The chunks of a page of level 0 are there, with the sizes that it says. Their leases begin
// anew: until the page is put and names them, gc leaves them alone.
static bool check_chunks(store_recipe *r, const store_recipe_page *p, err *e) {
    sha256 digests[STORE_RECIPE_ITEMS];
    int64_t sizes[STORE_RECIPE_ITEMS];
    for (size_t i = 0; i < p->n; i++)
        digests[i] = p->items[i].digest;
    if (!store_find_many(r->s, digests, p->n, sizes, e)) return false;
    for (size_t i = 0; i < p->n; i++) {
        char hex[SHA256_HEX];
        sha256_hex(digests[i], hex);
        if (sizes[i] < 0) return err_set(e, ERR_NOT_FOUND, "the server has no chunk %s", hex);
        if ((uint64_t)sizes[i] != p->items[i].size)
            return err_set(e, ERR_INVALID, "the chunk %s has %lld bytes, not %llu", hex,
                           (long long)sizes[i], (unsigned long long)p->items[i].size);
    }
    return true;
}

static level *level_at(store_recipe *r, size_t l) {
    if (!r->levels[l]) {
        r->levels[l] = mem_alloc(sizeof *r->levels[l]);
        r->levels[l]->page.level = (unsigned)l;
    }
    return r->levels[l];
}

// The page of this level is whole: it is put, and is the next item of the level above.
static bool finish_page(store_recipe *r, size_t l, err *e) {
    level *v = level_at(r, l);
    store_recipe_page *p = &v->page;
    if ((!l && !check_chunks(r, p, e)) || (r->n == GATHER_PAGES && !put_done(r, e)))
        return false;
    char *bytes = r->done[r->n].bytes;
    sha256 *links = r->done[r->n].links;
    size_t n = store_recipe_put(bytes, p);
    for (size_t i = 0; i < p->n; i++)
        links[i] = p->items[i].digest;
    v->last = (store_chunk_ref){sha256_of(bytes, n), p->total};
    r->items[r->n++] = (store_item){
        .p = bytes, .n = n, .digest = v->last.digest, .links = links, .n_links = p->n};
    v->pages++;
    p->n = 0;
    p->total = 0;
    return true;
}

static bool add(store_recipe *r, size_t l, store_chunk_ref item, err *e) {
    for (;; l++) {
        BUG_ON(l == STORE_RECIPE_LEVELS); // two items a page at least, STORE_CHUNKS_MAX chunks
        level *v = level_at(r, l);
        v->page.items[v->page.n++] = item;
        v->page.total += item.size;
        if (!store_recipe_ends(&item, v->page.n)) return true;
        if (!finish_page(r, l, e)) return false;
        item = v->last;
    }
}

bool store_recipe_add(store_recipe *r, store_chunk_ref chunk, err *e) {
    if (!chunk.size || chunk.size > STORE_PACKED)
        return err_set(e, ERR_INVALID, "a chunk has 1 to %u bytes", STORE_PACKED);
    if (r->chunks == STORE_CHUNKS_MAX || chunk.size > STORE_OBJECT_MAX - r->total)
        return err_set(e, ERR_TOO_LARGE, "an object has %u chunks and %llu bytes at most",
                       STORE_CHUNKS_MAX, (unsigned long long)STORE_OBJECT_MAX);
    r->chunks++;
    r->total += chunk.size;
    return add(r, 0, chunk, e);
}

// What is not finished ends, level by level, until one has a single page.
static bool find_root(store_recipe *r, sha256 *root, err *e) {
    for (size_t l = 0;; l++) {
        level *v = level_at(r, l);
        if (v->page.n) {
            if (!finish_page(r, l, e)) return false;
            if (v->pages > 1 && !add(r, l + 1, v->last, e)) return false;
        }
        if (v->pages > 1) continue;
        *root = v->last.digest;
        return put_done(r, e);
    }
}

// ---- making ---------------------------------------------------------------------------------

static bool hash_made(store_object *o, store_step *step, void *arg, sha256 *is, err *e) {
    sha256_ctx *sum = sha256_new();
    char *p = mem_alloc(READ_BYTES);
    ssize_t n = 0;
    for (uint64_t at = 0; at < o->size; at += (uint64_t)n) {
        if ((n = store_object_read(o, at, p, READ_BYTES, e)) <= 0) break;
        sha256_add(sum, p, (size_t)n);
        if (step && !step(arg, (uint64_t)n, e)) {
            n = -1;
            break;
        }
    }
    *is = sha256_end(sum);
    sha256_free(sum);
    free(p);
    return n >= 0;
}

bool store_made_verify(store *s, sha256 digest, sha256 root, uint64_t *size, store_step *step,
                       void *arg, err *e) {
    sha256 is;
    store_object *o = store_made_of(s, digest, root, e);
    if (!o) return false;
    *size = o->size;
    bool ok = hash_made(o, step, arg, &is, e);
    store_object_close(o);
    if (!ok) return false;
    char hex[SHA256_HEX];
    sha256_hex(digest, hex);
    return (sha256_eq(is, digest) ||
            err_set(e, ERR_INVALID, "the chunks are not the object %s: their SHA-256 differs",
                    hex)) &&
           (*size > STORE_PACKED ||
            err_set(e, ERR_INVALID,
                    "an object of %u bytes and less has no chunks: send it whole",
                    STORE_PACKED));
}

bool store_make(store *s, sha256 digest, sha256 root, err *e) {
    uint64_t size;
    bool added;
    if (!store_made_verify(s, digest, root, &size, NULL, NULL, e)) return false;
    store_row row = {.digest = digest,
                     .size = size,
                     .where = {.kind = STORE_IN_CHUNKS, .part = id_new()},
                     .links = &root,
                     .n_links = 1};
    return store_cat_add(s, &row, &added, e);
}

bool store_recipe_close(store_recipe *r, sha256 *root, err *e) {
    bool ok = (r->chunks || err_set(e, ERR_INVALID, "a recipe without chunks")) &&
              find_root(r, root, e);
    store_recipe_abort(r);
    return ok;
}

bool store_recipe_end(store_recipe *r, sha256 digest, err *e) {
    store *s = r->s;
    sha256 root;
    return store_recipe_close(r, &root, e) && store_make(s, digest, root, e);
}

bool store_is_made(int64_t place) {
    return place == STORE_IN_CHUNKS;
}

bool store_recipe_root(store *s, sha256 digest, sha256 *root, bool *found, err *e) {
    store_row row;
    if (!store_cat_find(s, digest, &row, found, e)) return false;
    *found = *found && row.where.kind == STORE_IN_CHUNKS;
    return !*found || store_cat_recipe(s, digest, root, found, e);
}
