// SPDX-License-Identifier: Apache-2.0
// read: an open object, and the table of places. An object is read by one thread at a time; any
// number of them may be open. Nothing is given out that was not checked against its CRC.
#include "base/log.h"
#include "base/metrics.h"
#include "store/store_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static const store_place places[STORE_KINDS] = {
    [STORE_IN_PACK] = {"pack", store_pack_open, store_pack_drop},
    [STORE_IN_FILE] = {"file", store_file_open, store_file_drop},
    [STORE_IN_CHUNKS] = {"chunks", store_made_open, store_made_drop},
};

bool store_corrupt(err *e, sha256 digest, const char *what) {
    char hex[SHA256_HEX];
    sha256_hex(digest, hex);
    METRIC_ADD(corrupt_total, 1);
    return err_set(e, ERR_CORRUPT, "object %s is damaged: %s", hex, what);
}

store_opened store_open_row(store *s, const store_row *row, store_object **out, err *e) {
    store_object *o = mem_alloc(sizeof *o);
    *o = (store_object){.s = s, .digest = row->digest, .size = row->size, .fd = -1};
    store_opened r = places[row->where.kind].open(s, row, o, e);
    *out = NULL;
    if (r == STORE_OPENED)
        *out = o;
    else
        free(o);
    return r;
}

void store_drop(store *s, const store_row *row) {
    err e = {0};
    if (!places[row->where.kind].drop(s, row, &e))
        log_msg(LOG_WARN, "store.drop", "%s; gc will try again", e.msg);
}

// Between the look into the catalogue and the opening gc may have moved the bytes (I7): then it
// says something else now.
store_object *store_get(store *s, sha256 digest, err *e) {
    store_where before = {0};
    for (;;) {
        store_row row;
        store_object *o;
        bool found;
        if (!store_cat_find(s, digest, &row, &found, e)) return NULL;
        if (!found) {
            char hex[SHA256_HEX];
            sha256_hex(digest, hex);
            err_set(e, ERR_NOT_FOUND, "there is no object %s", hex);
            return NULL;
        }
        if (store_where_eq(&row.where, &before)) {
            store_corrupt(e, digest, "it is missing from the content folder");
            return NULL;
        }
        if (store_open_row(s, &row, &o, e) != STORE_GONE) return o;
        before = row.where;
    }
}

void store_object_close(store_object *o) {
    if (!o) return;
    if (o->fd >= 0) close(o->fd);
    store_made_close(o);
    free(o->record);
    free(o->crcs);
    free(o->block);
    free(o);
}

uint64_t store_object_size(const store_object *o) {
    return o->size;
}

int store_object_fd(const store_object *o, uint64_t *base) {
    *base = 0;
    return o->fd;
}

// What of [offset, offset + n) is in the object.
static uint64_t within(const store_object *o, uint64_t offset, uint64_t n) {
    if (offset >= o->size) return 0;
    return n < o->size - offset ? n : o->size - offset;
}

bool store_object_check(store_object *o, uint64_t offset, uint64_t n, err *e) {
    uint64_t some = within(o, offset, n);
    if (o->made) return store_made_check(o, offset, some, e);
    return o->fd < 0 || store_file_check(o, offset, some, e);
}

uint64_t store_object_same(store_object *a, uint64_t at_a, store_object *b, uint64_t at_b,
                           uint64_t n) {
    n = within(a, at_a, within(b, at_b, n));
    if (sha256_eq(a->digest, b->digest) && at_a == at_b) return n;
    return a->made && b->made ? store_made_same(a, at_a, b, at_b, n) : 0;
}

ssize_t store_object_read(store_object *o, uint64_t offset, void *p, size_t n, err *e) {
    if (n > SSIZE_MAX) n = SSIZE_MAX;
    n = (size_t)within(o, offset, n);
    if (o->fd >= 0) return store_file_read(o, offset, p, n, e);
    if (o->made) return store_made_read(o, offset, p, n, e);
    if (n) memcpy(p, o->bytes + offset, n);
    return (ssize_t)n;
}

bool store_object_read_all(void *object, uint64_t offset, void *p, size_t n, err *e) {
    store_object *o = object;
    ssize_t got = store_object_read(o, offset, p, n, e);
    return got == (ssize_t)n ||
           (got >= 0 && err_set(e, ERR_CORRUPT, "it is shorter than it should be"));
}
