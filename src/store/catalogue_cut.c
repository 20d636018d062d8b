// SPDX-License-Identifier: Apache-2.0
// catalogue_cut: the table object_cut: which objects wait to be cut into chunks (recut.c). A
// row is written in the transaction that makes it due: when a page of a sealed tree, or
// whatever else, comes to name an object that lies whole in a file, and when the bytes of such
// a one were mended. The transaction that points the object at its recipe leaves the file's
// copy in the row, which then waits for the removal of that. So the work is that of what
// changed, and nothing waits twice. Any thread.
#include "base/clock.h"
#include "store/store_internal.h"

// due_us: not before; later than now after a failure. part: the copy that the object had, which
// no row of the table object names any more.
const char store_cut_schema[] =
    "CREATE TABLE object_cut (digest {blob} NOT NULL PRIMARY KEY, due_us {i64} NOT NULL,"
    " part {blob}) {clustered};\n"
    "CREATE INDEX object_cut_by_due ON object_cut (due_us, digest);\n"
    // What was sealed before: place 2 is a file, and more than 4 MiB are chunks.
    "INSERT INTO object_cut (digest, due_us) SELECT o.digest, 0 FROM object o WHERE o.place = 2"
    " AND o.size > 4194304 AND EXISTS (SELECT 1 FROM object_link l WHERE l.child = o.digest)";

static const db_query sql_note = {
    "object_cut.note",
    "INSERT INTO object_cut (digest, due_us) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
    true};
static const db_query sql_due = {
    "object_cut.due",
    "SELECT digest, part FROM object_cut WHERE due_us <= $1 ORDER BY due_us, digest LIMIT 1",
    true};
static const db_query sql_later = {"object_cut.later",
                                   "UPDATE object_cut SET due_us = $2 WHERE digest = $1", true};
static const db_query sql_done = {
    "object_cut.done", "DELETE FROM object_cut WHERE digest = $1 AND due_us <= $2", true};
static const db_query sql_keep = {
    "object_cut.keep",
    "INSERT INTO object_cut (digest, due_us, part) VALUES ($1, $2, $3)"
    " ON CONFLICT (digest) DO UPDATE SET due_us = $2, part = $3",
    true};
static const db_query sql_count = {"object_cut.count",
                                   "SELECT count(*) FROM object_cut WHERE due_us <= $1", false};
static const db_query sql_make = {
    "object_cut.make",
    "UPDATE object SET place = $2, part = $3, start = 0, damaged = NULL WHERE digest = $1"
    " AND part = $4",
    true};

const db_query *const store_cut_queries[] = {&sql_note, &sql_due,   &sql_later, &sql_done,
                                             &sql_keep, &sql_count, &sql_make};
const size_t store_cut_query_count = sizeof store_cut_queries / sizeof *store_cut_queries;

bool store_cut_note_tx(db_tx *tx, const store_row *row, err *e) {
    return row->where.kind != STORE_IN_FILE || row->size <= STORE_PACKED ||
           db_push(tx, &sql_note, e, DB_ID(row->digest), DB_I64(clock_now_us()));
}

typedef struct cut_call {
    sha256 digest;
    const store_row *row;
    const sha256 *root;
    id part;
    int64_t at, n;
    bool yes;
} cut_call;

static bool due_fn(db_tx *tx, void *arg, err *e) {
    cut_call *k = arg;
    db_rows *r;
    int found = db_get(tx, &sql_due, &r, e, DB_I64(k->at));
    k->yes = found > 0;
    if (found <= 0) return found == 0;
    k->part = db_is_null(r, 1) ? (id){0} : db_id(r, 1);
    return sha256_copy(db_blob(r, 0), &k->digest) ||
           err_set(e, ERR_CORRUPT, "a row of the table object_cut is damaged");
}

bool store_cut_due(store *s, sha256 *digest, id *part, bool *found, err *e) {
    cut_call k = {.at = clock_now_us()};
    if (!db_read(s->db, due_fn, &k, e)) return false;
    *digest = k.digest;
    *part = k.part;
    *found = k.yes;
    return true;
}

static bool count_fn(db_tx *tx, void *arg, err *e) {
    cut_call *k = arg;
    db_rows *r;
    int found = db_get(tx, &sql_count, &r, e, DB_I64(k->at));
    if (found > 0) k->n = db_i64(r, 0);
    return found > 0;
}

bool store_cut_waiting(store *s, int64_t *n, err *e) {
    cut_call k = {.at = clock_now_us()};
    bool ok = db_read(s->db, count_fn, &k, e);
    *n = k.n;
    return ok;
}

static bool later_fn(db_tx *tx, void *arg, err *e) {
    cut_call *k = arg;
    return db_do(tx, &sql_later, e, DB_ID(k->digest), DB_I64(k->at)) >= 0;
}

bool store_cut_later(store *s, sha256 digest, int64_t us, err *e) {
    cut_call k = {.digest = digest, .at = clock_now_us() + us};
    return db_write(s->db, later_fn, &k, e);
}

static bool done_fn(db_tx *tx, void *arg, err *e) {
    cut_call *k = arg;
    return db_do(tx, &sql_done, e, DB_ID(k->digest), DB_I64(k->at)) >= 0;
}

bool store_cut_done(store *s, sha256 digest, err *e) {
    cut_call k = {.digest = digest, .at = clock_now_us()};
    return db_write(s->db, done_fn, &k, e);
}

static bool make_fn(db_tx *tx, void *arg, err *e) {
    cut_call *k = arg;
    const store_row *row = k->row;
    int64_t n = db_do(tx, &sql_make, e, DB_ID(row->digest), DB_I64(STORE_IN_CHUNKS),
                      DB_ID(k->part), DB_ID(row->where.part));
    k->yes = n > 0;
    store_row made = {.digest = row->digest, .links = k->root, .n_links = 1};
    if (n <= 0) return n == 0; // somebody was faster
    return store_cat_link_tx(tx, &made, e) && db_do(tx, &sql_keep, e, DB_ID(row->digest),
                                                    DB_I64(k->at), DB_ID(row->where.part)) >= 0;
}

bool store_cut_make(store *s, const store_row *row, sha256 root, int64_t keep_us, bool *made,
                    err *e) {
    cut_call k = {.row = row, .root = &root, .part = id_new(), .at = clock_now_us() + keep_us};
    if (!db_write(s->db, make_fn, &k, e)) return false;
    *made = k.yes;
    return true;
}
