// SPDX-License-Identifier: Apache-2.0
// once: rows of the table `once`; the promises are in once.h. Any thread.
#include "core/once.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/once_sql.h"

#define CLAIM_US      5000000 // much longer than a creation takes
#define CLEAN_AT_ONCE 500

typedef struct once_call {
    ctx *c;
    const once *o;
    once_found *out;
    int status;
    str reply;
} once_call;

static str actor(const ctx *c) {
    return c->user.p ? c->user : STR("");
}

#define OWN_ROW(c, o) DB_I64((c)->ws), DB_TEXT(actor(c)), DB_TEXT((o)->key)

// ---- claiming -------------------------------------------------------------------------------

static bool insert_row(db_tx *tx, once_call *k, int64_t now, err *e) {
    int64_t n = db_do(tx, &Q_once_insert, e, OWN_ROW(k->c, k->o), DB_ID(k->o->request),
                      DB_ID(k->o->claim), DB_I64(now + CLAIM_US), DB_I64(now + ONCE_KEPT_US));
    k->out->state = n == 1 ? ONCE_OURS : ONCE_BUSY;
    return n >= 0;
}

static bool take_over(db_tx *tx, once_call *k, int64_t now, err *e) {
    int64_t n = db_do(tx, &Q_once_take_over, e, OWN_ROW(k->c, k->o), DB_ID(k->o->claim),
                      DB_I64(now + CLAIM_US));
    k->out->state = n == 1 ? ONCE_OURS : ONCE_BUSY;
    return n >= 0;
}

// What the row of an earlier request with this key says; true in *decided unless its attempt
// ran out without creating anything.
static bool read_row(const once_call *k, db_rows *row, int64_t now, bool *decided, err *e) {
    arena *a = k->c->a;
    str request = db_blob(row, 0);
    once_found *out = k->out;
    if (request.n != sizeof k->o->request || memcmp(request.p, k->o->request.b, request.n) != 0)
        return err_set(e, ERR_KEY_REUSED,
                       "the Idempotency-Key '%.*s' was sent with another request before: take a"
                       " new key for a new request",
                       STR_F(k->o->key));
    *decided = true;
    if (!db_is_null(row, 3))
        *out = (once_found){.state = ONCE_DONE,
                            .status = (int)db_i64(row, 3),
                            .reply = arena_str(a, db_text(row, 4))};
    else if (db_i64(row, 1) > now)
        out->state = ONCE_BUSY;
    else if (!db_is_null(row, 2))
        *out = (once_found){.state = ONCE_CREATED, .object = arena_str(a, db_text(row, 2))};
    else
        *decided = false;
    return true;
}

static bool claim(db_tx *tx, void *arg, err *e) {
    once_call *k = arg;
    db_rows *row = NULL;
    int64_t now = clock_now_us();
    bool decided = false;
    *k->out = (once_found){0};
    int found = db_get(tx, &Q_once_get, &row, e, OWN_ROW(k->c, k->o));
    if (found < 0) return false;
    if (found && db_i64(row, 5) < now) {
        if (db_do(tx, &Q_once_delete, e, OWN_ROW(k->c, k->o)) < 0) return false;
        found = 0;
    }
    if (!found) return insert_row(tx, k, now, e);
    if (!read_row(k, row, now, &decided, e)) return false;
    return decided || take_over(tx, k, now, e);
}

bool once_claim(ctx *c, once *o, once_found *out, err *e) {
    if (!o->key.n || o->key.n > ONCE_KEY_MAX || !str_is_text(o->key))
        return err_set(e, ERR_INVALID, "an Idempotency-Key is a text of 1 to %d bytes",
                       ONCE_KEY_MAX);
    o->claim = id_new();
    once_call k = {.c = c, .o = o, .out = out};
    return db_write(core_db(c->core), claim, &k, e);
}

// ---- what came of it ------------------------------------------------------------------------

bool once_created(db_tx *tx, const ctx *c, event_kind kind, str object, err *e) {
    const once *o = c->once;
    if (kind != o->creates) return true;
    int64_t n =
        db_do(tx, &Q_once_set_object, e, OWN_ROW(c, o), DB_ID(o->claim), DB_TEXT(object));
    return n == 1 ||
           (n == 0 &&
            err_set(e, ERR_BUSY,
                    "this request took so long that a repeat of it went ahead: send it"
                    " again with the same Idempotency-Key"));
}

static bool set_reply(db_tx *tx, void *arg, err *e) {
    once_call *k = arg;
    return db_do(tx, &Q_once_set_reply, e, OWN_ROW(k->c, k->o), DB_ID(k->o->claim),
                 DB_I64(k->status), DB_TEXT(k->reply)) >= 0;
}

bool once_finish(ctx *c, const once *o, int status, str reply, err *e) {
    once_call k = {.c = c, .o = o, .status = status, .reply = reply};
    return db_write(core_db(c->core), set_reply, &k, e);
}

static bool release(db_tx *tx, void *arg, err *e) {
    once_call *k = arg;
    return db_do(tx, &Q_once_release, e, OWN_ROW(k->c, k->o), DB_ID(k->o->claim)) >= 0;
}

bool once_release(ctx *c, const once *o, err *e) {
    once_call k = {.c = c, .o = o};
    return db_write(core_db(c->core), release, &k, e);
}

// ---- cleaning -------------------------------------------------------------------------------

static bool clean(db_tx *tx, void *arg, err *e) {
    core_cleaning *k = arg;
    arena *a = db_tx_arena(tx);
    VEC(kv) old = {0};
    db_rows *rows = db_select(tx, &Q_once_expired, e, DB_I64(k->ws), DB_I64(clock_now_us()),
                              DB_I64(CLEAN_AT_ONCE));
    k->n = 0;
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(a, &old, (kv){arena_str(a, db_text(rows, 0)), arena_str(a, db_text(rows, 1))});
    db_end(rows);
    for (size_t i = 0; i < old.n && e->code == ERR_NONE; i++) {
        db_push(tx, &Q_once_delete, e, DB_I64(k->ws), DB_TEXT(old.p[i].key),
                DB_TEXT(old.p[i].value));
    }
    k->n = old.n;
    return e->code == ERR_NONE;
}

bool once_clean(core *c, size_t *n, err *e) {
    return core_clean(c, clean, n, e);
}
