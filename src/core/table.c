// SPDX-License-Identifier: Apache-2.0
// table: reads, writes and removes rows of any table. Any thread; the sets are made once, by
// table_read.c, and never change.
#include "core/table.h"

// ---- pages ----------------------------------------------------------------------------------

enum { ROWS_LEAST = 16, ROWS_MOST = 4096 };

typedef struct pages {
    const table *t;
    table_fn fn;
    void *arg;
    arena *a; // the key of the last row
    enum { ALL, OWNED, RANGE, PROJECT } what;
    db_arg given[3], key[TABLE_KEY_MAX]; // arguments before the key's
    size_t n_given, fixed;               // `fixed` columns of the key are given
    size_t limit, bytes;
} pages;

static db_arg cell_of(const db_rows *row, const table *t, size_t column) {
    int at = (int)column;
    if (db_is_null(row, at)) return DB_NULL;
    switch (t->columns[column].type) {
    case TABLE_I64: return DB_I64(db_i64(row, at));
    case TABLE_TEXT: return DB_TEXT(db_text(row, at));
    case TABLE_BLOB: break;
    }
    return DB_BLOB(db_blob(row, at));
}

static void keep_key(pages *p, const db_rows *row) {
    arena_reset(p->a);
    for (size_t i = 0; i < p->t->n_key; i++) {
        p->key[i] = cell_of(row, p->t, p->t->key[i]);
        if (p->key[i].type != DB_A_I64) p->key[i].s = arena_str(p->a, p->key[i].s);
    }
}

static size_t bytes_of(const db_rows *row, const table *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->columns[i].type == TABLE_I64 ? 8 : cell_of(row, t, i).s.n;
    return n;
}

static const db_query *query_of(const pages *p, bool first) {
    const table *t = p->t;
    switch (p->what) {
    case OWNED: return first ? &t->owned_first : &t->owned_after;
    case RANGE: return first ? &t->range_first : &t->range_after;
    case PROJECT: return first ? &t->project_first : &t->project_after;
    case ALL: break;
    }
    return first ? &t->first : &t->after;
}

static db_rows *select_page(db_tx *tx, pages *p, bool first, err *e) {
    db_arg args[3 + TABLE_KEY_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < p->n_given; i++)
        args[n++] = p->given[i];
    for (size_t i = p->fixed; !first && i < p->t->n_key; i++)
        args[n++] = p->key[i];
    args[n++] = DB_I64(p->limit);
    return db_query_rows(tx, query_of(p, first), args, n, e);
}

static bool one_page(db_tx *tx, pages *p, bool first, size_t *n, err *e) {
    db_rows *rows = select_page(tx, p, first, e);
    bool ok = rows != NULL;
    *n = p->bytes = 0;
    while (ok && db_next(rows, e)) {
        ++*n;
        p->bytes += bytes_of(rows, p->t);
        if (*n == p->limit) keep_key(p, rows);
        ok = p->fn(p->arg, p->t, rows, e);
    }
    if (rows) db_end(rows);
    return ok && e->code == ERR_NONE;
}

// As many rows as make about a block.
static void next_limit(pages *p, size_t n) {
    size_t each = p->bytes / n + 1, limit = TABLE_BLOCK / each;
    p->limit = limit < ROWS_LEAST ? ROWS_LEAST : limit > ROWS_MOST ? ROWS_MOST : limit;
}

static bool each_page(db_tx *tx, pages *p, err *e) {
    size_t n, limit;
    bool ok, first = true;
    e->code = ERR_NONE;
    p->a = arena_new();
    p->limit = 64;
    do {
        limit = p->limit;
        ok = one_page(tx, p, first, &n, e);
        first = false;
        if (n) next_limit(p, n);
        // Nothing can stand behind the only row of a key that is fixed whole.
    } while (ok && n == limit && p->fixed < p->t->n_key);
    arena_free(p->a);
    return ok;
}

bool table_each(db_tx *tx, const table *t, table_fn fn, void *arg, err *e) {
    pages p = {.t = t, .fn = fn, .arg = arg};
    return each_page(tx, &p, e);
}

bool table_each_owned(db_tx *tx, const table *t, int64_t ws, id owner, table_fn fn, void *arg,
                      err *e) {
    pages p = {.t = t,
               .fn = fn,
               .arg = arg,
               .what = OWNED,
               .given = {DB_I64(ws), DB_ID(owner)},
               .n_given = 2,
               .fixed = 2};
    return each_page(tx, &p, e);
}

bool table_each_range(db_tx *tx, const table *t, int64_t ws, str from, str to, table_fn fn,
                      void *arg, err *e) {
    pages p = {.t = t,
               .fn = fn,
               .arg = arg,
               .what = RANGE,
               .given = {DB_I64(ws), DB_TEXT(from), DB_TEXT(to)},
               .n_given = 3,
               .fixed = 1};
    return each_page(tx, &p, e);
}

bool table_each_of_project(db_tx *tx, const table *t, int64_t ws, int64_t project, table_fn fn,
                           void *arg, err *e) {
    pages p = {.t = t,
               .fn = fn,
               .arg = arg,
               .what = PROJECT,
               .given = {DB_I64(ws), DB_I64(project)},
               .n_given = 2,
               .fixed = 1};
    return each_page(tx, &p, e);
}

// ---- a row's bytes --------------------------------------------------------------------------

void table_row_put(buf *b, const table *t, const db_rows *row) {
    for (size_t i = 0; i < t->n; i++) {
        db_arg v = cell_of(row, t, i);
        if (v.type == DB_A_NULL) {
            buf_byte(b, 0);
        } else if (v.type == DB_A_I64) {
            buf_byte(b, 1);
            buf_ivar(b, v.i);
        } else {
            buf_uvar(b, (uint64_t)v.s.n + 1);
            buf_str(b, v.s);
        }
    }
}

static db_arg cell_get(cur *c, table_type type) {
    if (type == TABLE_I64) {
        uint8_t there = cur_u8(c);
        if (there > 1) c->bad = true;
        return there == 1 ? DB_I64(cur_ivar(c)) : DB_NULL;
    }
    uint64_t n = cur_uvar(c);
    if (!n) return DB_NULL;
    str s = n - 1 <= cur_left(c) ? cur_take(c, (size_t)n - 1) : (str){0};
    if (n - 1 != s.n) c->bad = true;
    return type == TABLE_TEXT ? DB_TEXT(s) : DB_BLOB(s);
}

bool table_row_get(cur *c, const table *t, db_arg *cells) {
    for (size_t i = 0; i < t->n && !c->bad; i++)
        cells[i] = cell_get(c, t->columns[i].type);
    return !c->bad;
}

// ---- writing and removing -------------------------------------------------------------------

typedef struct insertion {
    const table *t;
    str block;
    uint64_t n;
} insertion;

static bool insert_fn(db_tx *tx, void *arg, err *e) {
    insertion *i = arg;
    cur c = cur_of(i->block);
    db_arg cells[TABLE_COLUMNS_MAX];
    i->n = 0;
    while (cur_left(&c)) {
        if (!table_row_get(&c, i->t, cells))
            return err_set(e, ERR_CORRUPT, "a row of the table %.*s is damaged",
                           STR_F(i->t->name));
        if (!db_push_args(tx, &i->t->insert, cells, i->t->n, e)) return false;
        i->n++;
    }
    return true;
}

bool table_insert_block(db *d, const table *t, str block, uint64_t *n, err *e) {
    insertion i = {.t = t, .block = block};
    if (!db_append(d, insert_fn, &i, e)) return false;
    *n = i.n;
    return true;
}

typedef struct wiping {
    const table *t;
    int64_t n;
} wiping;

static bool wipe_fn(db_tx *tx, void *arg, err *e) {
    wiping *w = arg;
    w->n = db_change(tx, &w->t->wipe, NULL, 0, e);
    return w->n >= 0;
}

bool table_wipe(db *d, const table *t, err *e) {
    wiping w = {.t = t};
    do {
        if (!db_append(d, wipe_fn, &w, e)) return false;
    } while (w.n);
    return true;
}
