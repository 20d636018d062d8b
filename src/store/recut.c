// SPDX-License-Identifier: Apache-2.0
// recut: an object that came whole is cut into chunks behind its back, where a push would have
// cut it (cut.h), so that it shares what is equal with all that was pushed. Each step may be
// the last:
//
//  1. It is read, cut and hashed; the chunks that the store lacks are put, then the pages of
//     the recipe. Nothing names them yet, their leases keep them from gc.
//  2. The object is read once more, out of the chunks, and its SHA-256 compared.
//  3. One transaction points its row at the recipe, if the row is still the one that was read,
//     and notes its file (catalogue_cut.c).
//  4. A day later the file goes: until then who copied the records first and copies the folder
//     now gets what the records name. gc, which nobody runs in between, takes it before (I4).
//
// Up to 3 the object is the file, from then on it is the chunks; who has the file open reads
// on. Bytes that are not what their digest says are never replaced: the row is marked as
// damaged, as a check does. Memory: a piece of the file, what the stream gathers, and BATCH
// chunks' names. One thread an object; two at once do the same, and the second changes nothing.
#include "base/log.h"
#include "base/metrics.h"
#include "store/cut.h"
#include "store/store_internal.h"

#include <stdlib.h>

#define ROOM     (2 * (size_t)CUT_MAX)
#define GROUP    64u   // chunks that are looked up together
#define BATCH    4096u // chunks that are durable before the recipe gets to know them
#define HOUR_US  (3600 * INT64_C(1000000))
#define LATER_US HOUR_US        // after a failure
#define KEEP_US  (24 * HOUR_US) // the file

typedef struct cutting {
    store *s;
    const store_row *row; // as it was found
    store_object *o;
    store_step *step;
    void *arg;
    cutter cut;
    sha256_ctx *sum; // of what was read
    char *p;         // ROOM bytes: n of them are read and not cut yet
    size_t n;
    uint64_t at; // where reading goes on
    store_recipe *recipe;
    store_stream *to; // NULL: none yet in this batch
    arena *a;         // the map's
    map fresh;        // chunks in `to`: no look-up finds them
    store_chunk_ref refs[BATCH];
    size_t n_refs;
    uint64_t stored;
    bool damaged; // the object, not something on the way
} cutting;

// ---- 1: chunks ------------------------------------------------------------------------------

static bool end_batch(cutting *c, err *e) {
    store_stream *to = c->to;
    c->to = NULL;
    if (to && !store_stream_end(to, e)) return false;
    for (size_t i = 0; i < c->n_refs; i++)
        if (!store_recipe_add(c->recipe, c->refs[i], e)) return false;
    c->n_refs = 0;
    arena_reset(c->a);
    c->fresh = map_new(c->a);
    return true;
}

static bool fill(cutting *c, err *e) {
    ssize_t got = store_object_read(c->o, c->at, c->p + c->n, ROOM - c->n, e);
    c->damaged = got < 0 && e->code == ERR_CORRUPT;
    if (got < 0) return false;
    sha256_add(c->sum, c->p + c->n, (size_t)got);
    c->at += (uint64_t)got;
    c->n += (size_t)got;
    return true;
}

// Names the next chunks of what was read, k of them behind refs[n_refs]; their bytes. A last
// part that more bytes could belong to is left.
static size_t name_chunks(cutting *c, size_t *k) {
    bool last = c->at == c->row->size;
    size_t at = 0;
    for (*k = 0; *k < GROUP && at < c->n && (last || c->n - at >= CUT_MAX); ++*k) {
        size_t some = cut_next(&c->cut, c->p + at, c->n - at);
        c->refs[c->n_refs + *k] = (store_chunk_ref){sha256_of(c->p + at, some), some};
        at += some;
    }
    return at;
}

// Puts those of the k that the store lacks; the others have a lease.
static bool put_chunks(cutting *c, size_t k, err *e) {
    const store_chunk_ref *refs = c->refs + c->n_refs;
    sha256 digests[GROUP];
    int64_t sizes[GROUP];
    const char *p = c->p;
    for (size_t i = 0; i < k; i++)
        digests[i] = refs[i].digest;
    if (!store_find_many(c->s, digests, k, sizes, e)) return false;
    for (size_t i = 0; i < k; p += refs[i++].size) {
        bool added = false;
        if (sizes[i] < 0)
            map_at(&c->fresh, str_n(refs[i].digest.b, sizeof refs[i].digest.b), &added);
        if (!added) continue;
        if (!c->to) c->to = store_stream_new(c->s);
        if (!store_stream_add(c->to, refs[i].digest, p, refs[i].size, e)) return false;
        c->stored += refs[i].size;
    }
    return true;
}

static bool next_chunks(cutting *c, err *e) {
    size_t k, n;
    if ((c->n_refs + GROUP > BATCH && !end_batch(c, e)) || !fill(c, e)) return false;
    n = name_chunks(c, &k);
    if (!put_chunks(c, k, e)) return false;
    c->n_refs += k;
    c->n -= n;
    memmove(c->p, c->p + n, c->n);
    return c->step(c->arg, n, e);
}

static bool put_all(cutting *c, err *e) {
    do {
        if (!next_chunks(c, e)) return false;
    } while (c->n || c->at < c->row->size);
    if (!end_batch(c, e)) return false;
    c->damaged = !sha256_eq(sha256_end(c->sum), c->row->digest);
    return !c->damaged || store_corrupt(e, c->row->digest, "its bytes have another SHA-256");
}

// ---- 2 and 3: the object --------------------------------------------------------------------

static bool replace(cutting *c, store_cut *out, err *e) {
    store_recipe *recipe = c->recipe;
    sha256 root;
    uint64_t size;
    bool made;
    c->recipe = NULL;
    if (!store_recipe_close(recipe, &root, e) ||
        !store_made_verify(c->s, c->row->digest, root, &size, c->step, c->arg, e) ||
        !store_cut_make(c->s, c->row, root, KEEP_US, &made, e))
        return false;
    if (!made) return true;
    out->end = STORE_CUT_DONE;
    out->stored = c->stored;
    METRIC_ADD(objects_cut_total, 1);
    METRIC_ADD(cut_shared_bytes_total, (int64_t)(size - c->stored));
    return true;
}

// Who runs out of room here would stop all others.
static bool has_room(cutting *c, err *e) {
    store_room room = store_room_of(c->s);
    return room.free_bytes < 0 || (uint64_t)room.free_bytes / 2 >= c->row->size ||
           err_set(e, ERR_UNAVAILABLE,
                   "cutting a file of %llu bytes needs twice as many that are free",
                   (unsigned long long)c->row->size);
}

static bool cut_object(cutting *c, store_cut *out, err *e) {
    arena *bounds = arena_new();
    c->p = mem_alloc(ROOM);
    c->sum = sha256_new();
    c->a = arena_new();
    c->fresh = map_new(c->a);
    c->recipe = store_recipe_new(c->s);
    c->cut = cut_file(store_object_read_all, c->o, c->row->size, bounds);
    bool ok = put_all(c, e) && replace(c, out, e);
    err ignored; // what was put is gc's
    if (c->to) store_stream_end(c->to, &ignored);
    store_recipe_abort(c->recipe);
    sha256_free(c->sum);
    arena_free(c->a);
    arena_free(bounds);
    free(c->p);
    return ok;
}

static bool open_and_cut(cutting *c, store_cut *out, err *e) {
    c->o = store_get(c->s, c->row->digest, e);
    if (!c->o) {
        c->damaged = e->code == ERR_CORRUPT;
        return false;
    }
    // Else it was cut since its row was read.
    bool ok = c->o->made || (has_room(c, e) && cut_object(c, out, e));
    store_object_close(c->o);
    return ok;
}

// ---- the queue ------------------------------------------------------------------------------

// It waits no more: it stays whole until its bytes have come again, which is when it is noted
// again.
static bool leave_damaged(store *s, const store_row *row, const err *why, store_cut *out,
                          err *e) {
    out->end = STORE_CUT_DAMAGED;
    out->why = *why;
    return store_cat_mark(s, row, true, e) && store_cut_done(s, row->digest, e);
}

static bool cut_row(store *s, const store_row *row, store_step *step, void *arg, store_cut *out,
                    err *e) {
    err why = {0};
    if (row->damaged) {
        store_corrupt(&why, row->digest, "a check found it so");
        return leave_damaged(s, row, &why, out, e);
    }
    cutting *c = mem_alloc(sizeof *c);
    *c = (cutting){.s = s, .row = row, .step = step, .arg = arg};
    bool ok = open_and_cut(c, out, &why), damaged = c->damaged;
    free(c);
    if (ok) return true;
    if (damaged) return leave_damaged(s, row, &why, out, e);
    if (why.code != ERR_CANCELLED && !store_cut_later(s, row->digest, LATER_US, e))
        return false;
    *e = why;
    return false;
}

// The copy that it had. (Names are used once: it is none that a row names, I1.)
static void drop_file(store *s, sha256 digest, id part) {
    store_row old = {.digest = digest, .where = {.kind = STORE_IN_FILE, .part = part}};
    store_drop(s, &old);
}

bool store_cut_one(store *s, store_step *step, void *arg, store_cut *out, err *e) {
    store_row row;
    id part;
    bool found;
    *out = (store_cut){.end = STORE_CUT_NONE};
    if (!store_cut_due(s, &out->digest, &part, &found, e)) return false;
    if (!found) return true;
    if (!store_cat_find(s, out->digest, &row, &found, e)) return false;
    out->end = STORE_CUT_LEFT;
    if (!id_is_zero(part) && !(found && id_eq(part, row.where.part)))
        drop_file(s, out->digest, part);
    if (!found || row.where.kind != STORE_IN_FILE || row.size <= STORE_PACKED)
        return store_cut_done(s, out->digest, e);
    out->size = row.size;
    return cut_row(s, &row, step, arg, out, e);
}
