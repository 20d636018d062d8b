// SPDX-License-Identifier: Apache-2.0
// catalogue: the SQL table that says where each object's bytes are. The functions that decide
// run in one transaction (db.h: they may run twice, so they fill their results anew each time).
// Any thread.
#include "base/clock.h"
#include "store/store_internal.h"
#include "store/store_sql.h"

const char store_schema[] = STORE_DDL;
const char store_care_schema[] = STORE_CARE_DDL;
const char store_link_schema[] = STORE_LINK_DDL;
const char store_damage_schema[] = STORE_DAMAGE_DDL;

const db_query *const store_queries[] = {
    &sql_find,  &sql_page,  &sql_add,     &sql_lease,    &sql_move,      &sql_remove,
    &sql_aside, &sql_back,  &sql_linked,  &sql_has_link, &sql_is_parent, &sql_unlink,
    &sql_mark,  &sql_child, &sql_parents, &sql_inherit};
const size_t store_query_count = sizeof store_queries / sizeof *store_queries;

// Fills *row from a result of sql_find or sql_page. False when it cannot be what we wrote.
static bool read_row(const db_rows *r, store_row *row, err *e) {
    str digest = db_blob(r, 0), part = db_blob(r, 3);
    int64_t size = db_i64(r, 1), kind = db_i64(r, 2), start = db_i64(r, 4);
    if (digest.n != sizeof row->digest.b || part.n != sizeof row->where.part.b || size < 0 ||
        start < 0 || kind < STORE_IN_PACK || kind >= STORE_KINDS ||
        (uint64_t)size > STORE_OBJECT_MAX)
        return err_set(e, ERR_CORRUPT, "a row of the table object is damaged");
    memcpy(row->digest.b, digest.p, digest.n);
    memcpy(row->where.part.b, part.p, part.n);
    row->size = (uint64_t)size;
    row->where.kind = (store_kind)kind;
    row->where.start = (uint64_t)start;
    row->leased = db_i64(r, 5);
    row->freed = db_i64(r, 6);
    row->damaged = !db_is_null(r, 7);
    return true;
}

bool store_cat_find_tx(db_tx *tx, sha256 digest, store_row *row, bool *found, err *e) {
    db_rows *r;
    int n = db_get(tx, &sql_find, &r, e, DB_ID(digest));
    *found = n > 0;
    return n == 0 || (n > 0 && read_row(r, row, e));
}

struct find {
    sha256 digest;
    store_row *row;
    bool *found;
};

static bool find_fn(db_tx *tx, void *arg, err *e) {
    struct find *f = arg;
    return store_cat_find_tx(tx, f->digest, f->row, f->found, e);
}

bool store_cat_find(store *s, sha256 digest, store_row *row, bool *found, err *e) {
    struct find f = {digest, row, found};
    return db_read(s->db, find_fn, &f, e);
}

// ---- links ----------------------------------------------------------------------------------

static bool is_there(db_tx *tx, const db_query *q, const db_arg *args, size_t n, bool *yes,
                     err *e) {
    db_rows *row;
    int found = db_one(tx, q, &row, args, n, e);
    *yes = found > 0;
    return found >= 0;
}

bool store_cat_linked_tx(db_tx *tx, sha256 digest, bool *yes, err *e) {
    return is_there(tx, &sql_linked, DB_ARGS(DB_ID(digest)), yes, e);
}

// They were added all or none, so one tells of all.
static bool has_links(db_tx *tx, const store_row *row, bool *yes, err *e) {
    *yes = true;
    return !row->n_links || is_there(tx, &sql_has_link,
                                     DB_ARGS(DB_ID(row->links[0]), DB_ID(row->digest)), yes, e);
}

bool store_cat_link_tx(db_tx *tx, const store_row *row, err *e) {
    for (size_t i = 0; i < row->n_links; i++) {
        bool there;
        store_row child;
        if (!store_cat_find_tx(tx, row->links[i], &child, &there, e)) return false;
        char hex[SHA256_HEX];
        sha256_hex(row->links[i], hex);
        if (!there) return err_set(e, ERR_NOT_FOUND, "the server has no object %s", hex);
        if (!db_push(tx, &sql_link, e, DB_ID(row->links[i]), DB_ID(row->digest)) ||
            !store_cut_note_tx(tx, &child, e))
            return false;
    }
    return true;
}

// ---- adding ---------------------------------------------------------------------------------

struct add {
    const store_row *row; // as the caller placed it
    store_row kept;       // what the catalogue has
    int64_t now, leased;
    bool added;
};

// Of a row that was moved to a file: bytes that came again, perhaps of what is named.
static bool note_file(db_tx *tx, sha256 digest, err *e) {
    store_row row;
    bool linked, found;
    return store_cat_linked_tx(tx, digest, &linked, e) &&
           (!linked || (store_cat_find_tx(tx, digest, &row, &found, e) &&
                        (!found || store_cut_note_tx(tx, &row, e))));
}

// The row points to other bytes of the same content. The link to a recipe goes with the place
// that needed it.
static bool move_row(db_tx *tx, store_move *m, err *e) {
    int64_t n = db_do(tx, &sql_move, e, DB_ID(m->digest), DB_I64(m->to.kind), DB_ID(m->to.part),
                      DB_I64(m->to.start), DB_ID(m->from.part), DB_I64(m->from.start));
    m->moved = n > 0;
    if (n <= 0) return n == 0;
    return (m->from.kind != STORE_IN_CHUNKS || db_push(tx, &sql_unlink, e, DB_ID(m->digest))) &&
           (m->to.kind != STORE_IN_FILE || note_file(tx, m->digest, e));
}

// What is known as damaged gives way to what came now.
static bool mend(db_tx *tx, struct add *a, err *e) {
    store_move m = {.digest = a->row->digest, .from = a->kept.where, .to = a->row->where};
    if (!move_row(tx, &m, e)) return false;
    a->kept.where = m.to;
    a->added = m.moved;
    return true;
}

static bool add_row(db_tx *tx, struct add *a, err *e) {
    const store_where *w = &a->row->where;
    a->kept = *a->row;
    int64_t n =
        db_do(tx, &sql_add, e, DB_ID(a->row->digest), DB_I64(a->row->size), DB_I64(w->kind),
              DB_ID(w->part), DB_I64(w->start), DB_I64(a->now), DB_I64(a->leased));
    a->added = n == 1;
    if (n) return n > 0;
    bool found;
    if (db_do(tx, &sql_lease, e, DB_ID(a->row->digest), DB_I64(a->leased)) < 0) return false;
    if (!store_cat_find_tx(tx, a->row->digest, &a->kept, &found, e)) return false;
    if (!found)
        return err_set(e, ERR_CONFLICT, "the object was removed while it was added; try again");
    return !a->kept.damaged || mend(tx, a, e);
}

// An object that is there already keeps its place, and with that its recipe.
static bool add_fn(db_tx *tx, void *arg, err *e) {
    struct add *a = arg;
    bool same = a->row->where.kind != STORE_IN_CHUNKS;
    return add_row(tx, a, e) && ((!same && !a->added) || store_cat_link_tx(tx, a->row, e));
}

bool store_cat_add(store *s, store_row *row, bool *added, err *e) {
    int64_t now = clock_now_us();
    struct add a = {.row = row, .now = now, .leased = now + s->lease};
    if (!db_write(s->db, add_fn, &a, e)) return false;
    *row = a.kept;
    *added = a.added;
    return true;
}

struct lease {
    sha256 digest;
    int64_t until;
    bool there;
};

static bool lease_fn(db_tx *tx, void *arg, err *e) {
    struct lease *l = arg;
    int64_t n = db_do(tx, &sql_lease, e, DB_ID(l->digest), DB_I64(l->until));
    l->there = n > 0;
    return n >= 0;
}

bool store_cat_lease(store *s, sha256 digest, bool *there, err *e) {
    struct lease l = {.digest = digest, .until = clock_now_us() + s->lease};
    if (!db_write(s->db, lease_fn, &l, e)) return false;
    *there = l.there;
    return true;
}

bool store_keep_tx(store *s, db_tx *tx, sha256 digest, err *e) {
    struct lease l = {.digest = digest, .until = clock_now_us() + s->lease};
    if (!lease_fn(tx, &l, e)) return false;
    return l.there || err_set(e, ERR_CONFLICT, "what was to be sealed is gone; try again");
}

struct find_many {
    const sha256 *digests;
    size_t n;
    int64_t *sizes, now, lease;
};

static bool find_many_fn(db_tx *tx, void *arg, err *e) {
    struct find_many *f = arg;
    for (size_t i = 0; i < f->n; i++) {
        store_row row;
        bool there;
        if (!store_cat_find_tx(tx, f->digests[i], &row, &there, e)) return false;
        there = there && !row.damaged;
        f->sizes[i] = there ? (int64_t)row.size : -1;
        bool fresh = there && row.leased - f->now > f->lease / 2; // that is long enough
        if (there && !fresh &&
            !db_push(tx, &sql_lease, e, DB_ID(f->digests[i]), DB_I64(f->now + f->lease)))
            return false;
    }
    return true;
}

bool store_find_many(store *s, const sha256 *digests, size_t n, int64_t *sizes, err *e) {
    struct find_many f = {digests, n, sizes, clock_now_us(), s->lease};
    return db_write(s->db, find_many_fn, &f, e);
}

struct linked {
    sha256 digest;
    bool *yes;
};

static bool is_parent_fn(db_tx *tx, void *arg, err *e) {
    struct linked *l = arg;
    return is_there(tx, &sql_is_parent, DB_ARGS(DB_ID(l->digest)), l->yes, e);
}

bool store_has_links(store *s, sha256 digest, bool *yes, err *e) {
    struct linked l = {digest, yes};
    return db_read(s->db, is_parent_fn, &l, e);
}

struct moves {
    store_move *m;
    size_t n;
};

static bool move_fn(db_tx *tx, void *arg, err *e) {
    struct moves *all = arg;
    for (size_t i = 0; i < all->n; i++)
        if (!move_row(tx, &all->m[i], e)) return false;
    return true;
}

bool store_cat_move(store *s, store_move *m, size_t n, err *e) {
    struct moves all = {m, n};
    return db_write(s->db, move_fn, &all, e);
}

bool store_cat_page(db_tx *tx, store_cursor *at, store_row *rows, size_t max, size_t *n,
                    err *e) {
    *n = 0;
    db_rows *r = db_select(tx, &sql_page, e, DB_BLOB(str_n(at->b, at->n)), DB_I64(max));
    if (!r) return false;
    err step = {0};
    bool ok = true;
    while (ok && *n < max && db_next(r, &step)) {
        ok = read_row(r, &rows[*n], &step);
        *n += ok;
    }
    db_end(r);
    if (step.code != ERR_NONE) {
        if (e) *e = step;
        return false;
    }
    at->end = *n < max;
    if (*n) memcpy(at->b, rows[*n - 1].digest.b, at->n = sizeof at->b);
    return true;
}

static bool changed(int64_t n, bool *yes) {
    *yes = n > 0;
    return n >= 0;
}

bool store_cat_remove_tx(db_tx *tx, const store_row *row, int64_t now, bool *removed, err *e) {
    return changed(db_do(tx, &sql_remove, e, DB_ID(row->digest), DB_ID(row->where.part),
                         DB_I64(row->where.start), DB_I64(now)),
                   removed) &&
           (!*removed || (db_do(tx, &sql_inherit, e, DB_ID(row->digest),
                                DB_I64(row->freed ? row->freed : now), DB_I64(now)) >= 0 &&
                          db_push(tx, &sql_unlink, e, DB_ID(row->digest))));
}

bool store_cat_aside_tx(db_tx *tx, const store_row *row, int64_t now, bool *aside, err *e) {
    return changed(db_do(tx, &sql_aside, e, DB_ID(row->digest), DB_ID(row->where.part),
                         DB_I64(row->where.start), DB_I64(now)),
                   aside);
}

bool store_cat_back_tx(db_tx *tx, const store_row *row, err *e) {
    return db_do(tx, &sql_back, e, DB_ID(row->digest)) >= 0;
}

// ---- damage and recipes ---------------------------------------------------------------------

struct mark {
    const store_row *row;
    bool damaged;
};

static bool mark_fn(db_tx *tx, void *arg, err *e) {
    struct mark *m = arg;
    const store_where *w = &m->row->where;
    return db_do(tx, &sql_mark, e, DB_ID(m->row->digest), DB_ID(w->part), DB_I64(w->start),
                 m->damaged ? DB_I64(clock_now_us()) : DB_NULL) >= 0;
}

bool store_cat_mark(store *s, const store_row *row, bool damaged, err *e) {
    struct mark m = {row, damaged};
    return row->damaged == damaged || db_write(s->db, mark_fn, &m, e);
}

struct kin {
    sha256 of, *out;
    size_t max, n;
};

static bool take_kin(struct kin *k, db_rows *r, err *e) {
    err step = {0};
    if (!r) return false;
    for (k->n = 0; k->n < k->max && db_next(r, &step);)
        if (sha256_copy(db_blob(r, 0), &k->out[k->n])) k->n++;
    db_end(r);
    if (step.code != ERR_NONE && e) *e = step;
    return step.code == ERR_NONE;
}

static bool child_fn(db_tx *tx, void *arg, err *e) {
    struct kin *k = arg;
    return take_kin(k, db_select(tx, &sql_child, e, DB_ID(k->of)), e);
}

bool store_cat_recipe(store *s, sha256 digest, sha256 *root, bool *found, err *e) {
    sha256 two[2];
    struct kin k = {.of = digest, .out = two, .max = 2};
    if (!db_read(s->db, child_fn, &k, e)) return false;
    *found = k.n == 1;
    if (*found) *root = two[0];
    return true;
}

struct parents {
    struct kin kin;
    str after;
};

static bool parents_fn(db_tx *tx, void *arg, err *e) {
    struct parents *p = arg;
    struct kin *k = &p->kin;
    return take_kin(
        k, db_select(tx, &sql_parents, e, DB_ID(k->of), DB_BLOB(p->after), DB_I64(k->max)), e);
}

bool store_cat_parents(store *s, sha256 digest, const sha256 *after, sha256 *out, size_t max,
                       size_t *n, err *e) {
    struct parents p = {.kin = {.of = digest, .out = out, .max = max}};
    p.after = after ? str_n(after->b, sizeof after->b) : str_n("", 1); // a zero byte
    if (!db_read(s->db, parents_fn, &p, e)) return false;
    *n = p.kin.n;
    return true;
}

// ---- many at once ---------------------------------------------------------------------------

struct many {
    store_row *rows;
    bool *yes;
    size_t n;
    int64_t now, leased;
};

static bool known_fn(db_tx *tx, void *arg, err *e) {
    struct many *m = arg;
    store_row row;
    for (size_t i = 0; i < m->n; i++) {
        bool linked;
        if (!store_cat_find_tx(tx, m->rows[i].digest, &row, &m->yes[i], e) ||
            !has_links(tx, &m->rows[i], &linked, e))
            return false;
        m->yes[i] = m->yes[i] && linked && !row.damaged;
    }
    return true;
}

bool store_cat_known(store *s, store_row *rows, bool *known, size_t n, err *e) {
    struct many m = {.rows = rows, .yes = known, .n = n};
    return db_read(s->db, known_fn, &m, e);
}

static bool add_many_fn(db_tx *tx, void *arg, err *e) {
    struct many *m = arg;
    for (size_t i = 0; i < m->n; i++) {
        struct add a = {.row = &m->rows[i], .now = m->now, .leased = m->leased};
        if (!add_fn(tx, &a, e)) return false;
        m->yes[i] = a.added;
    }
    return true;
}

bool store_cat_add_many(store *s, store_row *rows, bool *added, size_t n, err *e) {
    int64_t now = clock_now_us();
    struct many m = {.rows = rows, .yes = added, .n = n, .now = now, .leased = now + s->lease};
    return db_write(s->db, add_many_fn, &m, e);
}

// ---- holds ----------------------------------------------------------------------------------

struct hold {
    str name;
    int64_t now, until;
};

static bool hold_fn(db_tx *tx, void *arg, err *e) {
    struct hold *h = arg;
    return db_do(tx, &sql_gate, e, DB_I64(0)) >= 0 &&
           db_do(tx, &sql_hold, e, DB_TEXT(h->name), DB_I64(h->until)) >= 0;
}

static bool hold_drop_fn(db_tx *tx, void *arg, err *e) {
    struct hold *h = arg;
    return db_do(tx, &sql_hold_drop, e, DB_TEXT(h->name), DB_I64(h->now)) >= 0;
}

bool store_hold(store *s, str name, int64_t us, err *e) {
    struct hold h = {.name = name, .until = clock_now_us() + us};
    return db_write(s->db, hold_fn, &h, e);
}

void store_hold_drop(store *s, str name) {
    err ignored; // then it runs out
    struct hold h = {.name = name, .now = clock_now_us()};
    db_write(s->db, hold_drop_fn, &h, &ignored);
}

bool store_held_tx(db_tx *tx, int64_t now, bool *yes, err *e) {
    db_rows *row;
    *yes = true;
    if (db_do(tx, &sql_gate, e, DB_I64(0)) < 0) return false;
    int found = db_get(tx, &sql_held, &row, e, DB_I64(now));
    *yes = found > 0;
    return found >= 0;
}
