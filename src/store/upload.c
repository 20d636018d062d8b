// SPDX-License-Identifier: Apache-2.0
// upload: from bytes to a row in the catalogue. An upload stays in memory while it is small;
// past STORE_SMALL it goes to a file in tmp/. It belongs to one thread at a time.
//
// At the end: is the content there already, and whole? Then a lease on it will do. Else the
// bytes are placed (synced, under a name of their own) and the row is added; if somebody else
// added the same content first, ours is dropped. If what the catalogue has is damaged, the row
// is pointed at our copy: uploading again heals.
#include "base/clock.h"
#include "base/metrics.h"
#include "store/store_internal.h"

#include <stdlib.h>

struct store_upload {
    store *s;
    sha256_ctx *hash;
    uint64_t size;
    buf head;         // bytes that are not in the file yet
    store_file *file; // NULL while it is small
    bool failed;
    err why;
};

// ---- is it there? ---------------------------------------------------------------------------

typedef enum state { ABSENT, THERE, DAMAGED } state;

// A lease with half of its time left needs no write: content that comes again and again costs a
// look-up.
static bool lease(store *s, const store_row *row, state *st, err *e) {
    if (row->leased - clock_now_us() > s->lease / 2) return true;
    bool there;
    if (!store_cat_lease(s, row->digest, &there, e)) return false;
    if (!there) *st = ABSENT; // gc was faster
    return true;
}

static bool look(store *s, sha256 digest, state *st, store_row *row, err *e) {
    bool found;
    *st = ABSENT;
    if (!store_cat_find(s, digest, row, &found, e)) return false;
    if (!found) return true;
    *st = DAMAGED; // a check may know more than the CRCs of blocks tell
    if (row->damaged) return true;
    store_object *o;
    err why = {0};
    store_opened opened = store_open_row(s, row, &o, &why);
    // All of it is read: what is dropped in its favour was just as long to write.
    bool whole = opened == STORE_OPENED && store_object_check(o, 0, o->size, &why);
    if (opened == STORE_OPENED) store_object_close(o);
    *st = whole ? THERE : DAMAGED;
    if (whole) return lease(s, row, st, e);
    // Gone: or gc just moved or removed it; `record` sees that.
    if (opened == STORE_GONE || why.code == ERR_CORRUPT) return true;
    if (e) *e = why;
    return false;
}

// ---- recording ------------------------------------------------------------------------------

// The bytes of `mine` are synced. `damaged`: the row that `look` found so, or NULL.
static bool record(store *s, const store_row *mine, const store_row *damaged, err *e) {
    store_row row = *mine;
    bool added;
    if (!store_cat_add(s, &row, &added, e))
        return false; // perhaps it was added: the bytes stay (I4)
    if (!added && damaged && store_where_eq(&row.where, &damaged->where)) {
        store_move m = {.digest = mine->digest, .from = damaged->where, .to = mine->where};
        if (!store_cat_move(s, &m, 1, e)) return false;
        added = m.moved;
    }
    if (added && damaged) store_drop(s, damaged);
    if (!added) {
        store_drop(s, mine);
        return true;
    }
    METRIC_ADD(objects_written_total, 1);
    METRIC_ADD(object_bytes_written_total, (int64_t)mine->size);
    return true;
}

static bool finish_small(store *s, const void *p, size_t n, sha256 digest, err *e) {
    state st;
    store_row old;
    if (!look(s, digest, &st, &old, e)) return false;
    if (st == THERE) return true;
    store_append a = {.p = p, .n = n, .digest = digest};
    store_pack_append(s, &a, 1);
    if (!a.ok) {
        if (e) *e = a.why;
        return false;
    }
    store_row mine = {.digest = digest, .size = n, .where = a.where};
    bool ok = record(s, &mine, st == DAMAGED ? &old : NULL, e);
    store_pack_release(s, &a);
    return ok;
}

static bool finish_large(store_upload *u, sha256 digest, err *e) {
    state st;
    store_row old;
    if (!look(u->s, digest, &st, &old, e)) return false;
    if (st == THERE) return true;
    store_row mine = {.digest = digest, .size = u->size};
    return store_file_place(u->file, digest, &mine.where, e) &&
           record(u->s, &mine, st == DAMAGED ? &old : NULL, e);
}

// ---- the upload -----------------------------------------------------------------------------

store_upload *store_begin(store *s, err *e) {
    (void)e; // nothing is opened before the first 64 KiB are full
    store_upload *u = mem_alloc(sizeof *u);
    u->s = s;
    u->hash = sha256_new();
    u->head = BUF_MAX(STORE_SMALL);
    return u;
}

void store_abort(store_upload *u) {
    if (!u) return;
    store_file_free(u->file);
    sha256_free(u->hash);
    buf_free(&u->head);
    free(u);
}

// What has gathered goes to the file.
static bool spill(store_upload *u, err *e) {
    if (!u->file && !(u->file = store_file_new(u->s, e))) return false;
    bool ok = store_file_write(u->file, u->head.p, u->head.n, e);
    buf_clear(&u->head);
    return ok;
}

static bool take(store_upload *u, const char *p, size_t n, err *e) {
    while (n) {
        size_t k = n;
        if (u->head.n == STORE_SMALL && !spill(u, e)) return false;
        if (u->file && !u->head.n && n >= STORE_SMALL) {
            k -= n % STORE_SMALL; // past the buffer
            if (!store_file_write(u->file, p, k, e)) return false;
        } else {
            if (k > STORE_SMALL - u->head.n) k = STORE_SMALL - u->head.n;
            buf_add(&u->head, p, k);
        }
        p += k;
        n -= k;
    }
    return true;
}

static bool fail(store_upload *u, err *e) {
    u->failed = true;
    if (e) *e = u->why;
    return false;
}

bool store_write(store_upload *u, const void *p, size_t n, err *e) {
    if (u->failed) return fail(u, e);
    if (n > STORE_OBJECT_MAX - u->size) {
        err_set(&u->why, ERR_TOO_LARGE, "an object may hold %llu bytes at most",
                (unsigned long long)STORE_OBJECT_MAX);
        return fail(u, e);
    }
    sha256_add(u->hash, p, n);
    u->size += n;
    return take(u, p, n, &u->why) || fail(u, e);
}

bool store_finish(store_upload *u, sha256 *digest, uint64_t *size, err *e) {
    bool ok = !u->failed || fail(u, e);
    if (ok) {
        *digest = sha256_end(u->hash);
        *size = u->size;
        if (!u->file)
            ok = finish_small(u->s, u->head.p, u->head.n, *digest, e);
        else
            ok = (!u->head.n || spill(u, e)) && finish_large(u, *digest, e);
    }
    store_abort(u); // the rest of it; a file in its place stays
    return ok;
}

bool store_put(store *s, const void *p, size_t n, sha256 *digest, err *e) {
    if (n <= STORE_SMALL) {
        *digest = sha256_of(p, n);
        return finish_small(s, p, n, *digest, e);
    }
    uint64_t size;
    store_upload *u = store_begin(s, e);
    if (store_write(u, p, n, e)) return store_finish(u, digest, &size, e);
    store_abort(u);
    return false;
}

// ---- many -----------------------------------------------------------------------------------

struct many {
    store_append a[STORE_MANY];
    store_row rows[STORE_MANY];
    bool yes[STORE_MANY];
    size_t n;
};

static void many_item(struct many *m, const store_item *i) {
    m->a[m->n] = (store_append){.p = i->p, .n = i->n, .digest = i->digest};
    m->rows[m->n++] = (store_row){
        .digest = i->digest, .size = i->n, .links = i->links, .n_links = i->n_links};
}

// Those that are not there yet.
static bool many_new(store *s, struct many *m, const store_item *items, size_t n, err *e) {
    for (size_t i = 0; i < n; i++)
        many_item(m, &items[i]);
    if (!store_cat_known(s, m->rows, m->yes, m->n, e)) return false;
    m->n = 0;
    for (size_t i = 0; i < n; i++)
        if (!m->yes[i]) many_item(m, &items[i]);
    return true;
}

static bool many_record(store *s, struct many *m, err *e) {
    for (size_t i = 0; i < m->n; i++) {
        m->rows[i].where = m->a[i].where;
        if (m->a[i].ok) continue;
        if (e) *e = m->a[i].why;
        return false;
    }
    if (!store_cat_add_many(s, m->rows, m->yes, m->n, e)) return false;
    for (size_t i = 0; i < m->n; i++) {
        METRIC_ADD(objects_written_total, m->yes[i]);
        METRIC_ADD(object_bytes_written_total, m->yes[i] ? (int64_t)m->rows[i].size : 0);
    }
    return true;
}

bool store_put_many(store *s, const store_item *items, size_t n, err *e) {
    struct many *m = mem_alloc(sizeof *m);
    BUG_ON(n > STORE_MANY);
    bool ok = many_new(s, m, items, n, e);
    if (ok && m->n) {
        store_pack_append(s, m->a, m->n);
        ok = many_record(s, m, e);
        for (size_t i = 0; i < m->n; i++)
            if (m->a[i].ok) store_pack_release(s, &m->a[i]);
    }
    free(m);
    return ok;
}
