// SPDX-License-Identifier: Apache-2.0
// move: see move.h. A table after another, all in one snapshot of the source; blocks of about
// 1 MiB of rows, each a transaction of the target. Killed anywhere, the next call begins anew.
#include "core/move.h"

#include "base/digest.h"
#include "core/table.h"

typedef struct moving {
    db *to;
    move_report *r;
    buf block;
    const table *t;
    sha256_ctx *hash; // comparing: of a table's rows
    sha256 *digests;  // by table
} moving;

static bool passes(const table *t) {
    return !str_is(t->name, "lease") && !str_is(t->name, "object_hold");
}

// ---- copying --------------------------------------------------------------------------------

static bool put_block(moving *m, err *e) {
    uint64_t n = 0;
    if (m->block.n && !table_insert_block(m->to, m->t, buf_view(&m->block), &n, e))
        return false;
    m->r->rows += n;
    m->r->bytes += m->block.n;
    buf_clear(&m->block);
    return true;
}

static bool copy_row(void *arg, const table *t, const db_rows *row, err *e) {
    moving *m = arg;
    table_row_put(&m->block, t, row);
    return m->block.n < TABLE_BLOCK || put_block(m, e);
}

static bool copy_fn(db_tx *tx, void *arg, err *e) {
    moving *m = arg;
    const table_set *set = table_set_at(0);
    *m->r = (move_report){0};
    for (size_t i = 0; i < set->n; i++) {
        m->t = &set->tables[i];
        buf_clear(&m->block);
        if (!passes(m->t)) continue;
        m->r->tables++;
        if (!table_each(tx, m->t, copy_row, m, e) || !put_block(m, e)) return false;
    }
    return true;
}

// ---- comparing ------------------------------------------------------------------------------

static bool hash_row(void *arg, const table *t, const db_rows *row, err *e) {
    moving *m = arg;
    (void)e;
    buf_clear(&m->block);
    table_row_put(&m->block, t, row);
    sha256_add(m->hash, m->block.p, m->block.n);
    return true;
}

static bool hash_fn(db_tx *tx, void *arg, err *e) {
    moving *m = arg;
    const table_set *set = table_set_at(0);
    sha256_end(m->hash);
    for (size_t i = 0; i < set->n; i++) {
        if (!passes(&set->tables[i])) continue;
        if (!table_each(tx, &set->tables[i], hash_row, m, e)) return false;
        m->digests[i] = sha256_end(m->hash);
    }
    return true;
}

static bool compare(moving *m, db *from, db *to, err *e) {
    const table_set *set = table_set_at(0);
    arena *a = arena_new();
    sha256 *here = ARENA_ARRAY(a, sha256, set->n), *there = ARENA_ARRAY(a, sha256, set->n);
    m->digests = here;
    bool ok = db_snapshot(from, hash_fn, m, e);
    m->digests = there;
    ok = ok && db_snapshot(to, hash_fn, m, e);
    for (size_t i = 0; ok && i < set->n; i++) {
        if (!sha256_eq(here[i], there[i]))
            ok = err_set(e, ERR_CONFLICT,
                         "the table %.*s is not the same on both sides: was somebody writing?",
                         STR_F(set->tables[i].name));
    }
    arena_free(a);
    return ok;
}

bool move_records(db *from, db *to, move_report *r, err *e) {
    const table_set *set = table_set_at(0);
    moving m = {.to = to, .r = r, .block = BUF_MAX((size_t)64 << 20), .hash = sha256_new()};
    bool ok = true;
    *r = (move_report){0};
    for (size_t i = 0; ok && i < set->n; i++)
        ok = table_wipe(to, &set->tables[i], e);
    ok = ok && db_snapshot(from, copy_fn, &m, e) && compare(&m, from, to, e);
    sha256_free(m.hash);
    buf_free(&m.block);
    return ok;
}

// ---- empty? ---------------------------------------------------------------------------------

static bool empty_fn(db_tx *tx, void *arg, err *e) {
    const table_set *set = table_set_at(0);
    *(bool *)arg = true;
    for (size_t i = 0; i < set->n && *(bool *)arg; i++) {
        db_rows *row;
        int found = db_get(tx, &set->tables[i].first, &row, e, DB_I64(1));
        if (found < 0) return false;
        if (found) *(bool *)arg = false;
    }
    return true;
}

bool move_is_empty(db *d, bool *yes, err *e) {
    int schema = db_schema_number(d, e);
    *yes = schema == 0;
    if (schema <= 0 || schema != table_set_at(0)->schema) return schema >= 0;
    return db_read(d, empty_fn, yes, e);
}
