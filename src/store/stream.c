// SPDX-License-Identifier: Apache-2.0
// stream: many objects of up to STORE_PACKED bytes, one behind the other. A few are gathered
// and go to the shared pack together. When more come they go to a pack of the stream's own as
// they come, and get their rows after a sync for much of it. Memory: what is gathered, and a
// row an object that waits for its sync. One thread; several streams at once know nothing of
// each other, and when two bring the same object, one record has no row and is dead.
#include "base/metrics.h"
#include "store/store_internal.h"

#include <stdlib.h>

#define GATHER_BYTES ((size_t)8 << 20)
#define SYNC_ROWS    4096u
#define ROWS_AT_ONCE 512u // in one transaction

struct store_stream {
    store *s;
    arena *a; // bytes that are gathered
    store_item items[STORE_MANY];
    size_t n, bytes;
    store_pack *pack; // our own; NULL: none yet
    store_row *rows;  // of what is in it and not recorded
    size_t n_rows;
};

store_stream *store_stream_new(store *s) {
    store_stream *t = mem_alloc(sizeof *t);
    t->s = s;
    t->a = arena_new();
    return t;
}

static void leave_pack(store_stream *t) {
    if (t->pack) store_pack_leave(t->s, t->pack);
    t->pack = NULL;
    t->n_rows = 0;
}

// ---- our own pack ---------------------------------------------------------------------------

static bool add_rows(store_stream *t, size_t from, size_t n, err *e) {
    bool added[ROWS_AT_ONCE];
    if (!store_cat_add_many(t->s, t->rows + from, added, n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        METRIC_ADD(objects_written_total, added[i]);
        METRIC_ADD(object_bytes_written_total, added[i] ? (int64_t)t->rows[from + i].size : 0);
    }
    return true;
}

static bool sync_rows(store_stream *t, err *e) {
    if (!t->n_rows) return true;
    bool ok = store_pack_sync(t->s, t->pack, e);
    for (size_t at = 0; ok && at < t->n_rows; at += ROWS_AT_ONCE) {
        size_t left = t->n_rows - at;
        ok = add_rows(t, at, left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE, e);
    }
    t->n_rows = 0;
    if (!ok) leave_pack(t); // I8, I4
    return ok;
}

static bool ready(store_stream *t, size_t n, err *e) {
    if (!t->rows) t->rows = mem_alloc(SYNC_ROWS * sizeof *t->rows);
    bool full = t->pack && store_pack_end(t->pack) + STORE_RECORD + n > t->s->pack_max;
    if ((full || t->n_rows == SYNC_ROWS) && !sync_rows(t, e)) return false;
    if (full) leave_pack(t);
    return t->pack || (t->pack = store_pack_own(t->s, e));
}

static bool write_own(store_stream *t, sha256 digest, const void *p, size_t n, err *e) {
    if (!ready(t, n, e)) return false;
    store_row *row = &t->rows[t->n_rows];
    *row = (store_row){.digest = digest, .size = n};
    if (store_pack_write(t->s, t->pack, digest, p, n, &row->where, e)) {
        t->n_rows++;
        return true;
    }
    err ignored; // what was written whole before may still be saved
    sync_rows(t, &ignored);
    leave_pack(t);
    return false;
}

// ---- gathering ------------------------------------------------------------------------------

static bool spill(store_stream *t, err *e) {
    bool ok = true;
    for (size_t i = 0; ok && i < t->n; i++)
        ok = write_own(t, t->items[i].digest, t->items[i].p, t->items[i].n, e);
    t->n = t->bytes = 0;
    arena_reset(t->a);
    return ok;
}

bool store_stream_add(store_stream *t, sha256 digest, const void *p, size_t n, err *e) {
    BUG_ON(n > STORE_PACKED);
    bool fits = !t->pack && t->n < STORE_MANY && t->bytes + n <= GATHER_BYTES;
    if (!fits) return spill(t, e) && write_own(t, digest, p, n, e);
    t->items[t->n++] =
        (store_item){.p = arena_str(t->a, str_n(p, n)).p, .n = n, .digest = digest};
    t->bytes += n;
    return true;
}

bool store_stream_end(store_stream *t, err *e) {
    bool ok = (!t->n || store_put_many(t->s, t->items, t->n, e)) && sync_rows(t, e);
    leave_pack(t);
    free(t->rows);
    arena_free(t->a);
    free(t);
    return ok;
}
