// SPDX-License-Identifier: Apache-2.0
// user_token: rows of `token`; made, listed, revoked. Any thread.
#include "base/clock.h"
#include "base/hex.h"
#include "base/vec.h"
#include "core/user_internal.h"
#include "core/user_sql.h"

enum { SECRET_BYTES = 32 };

bool user_is_token(str secret) {
    return str_starts(secret, STR(USER_TOKEN_PREFIX));
}

bool user_check_label(str label, err *e) {
    return core_check_text(label, USER_LABEL_MAX, "the label of a token", e);
}

user_fresh user_fresh_make(arena *a, str label, int64_t expires_us) {
    uint8_t bytes[SECRET_BYTES];
    char hex[2 * SECRET_BYTES + 1] = "";
    random_bytes(bytes, sizeof bytes);
    hex_put(hex, bytes, sizeof bytes);
    return (user_fresh){.id = id_new(),
                        .secret = arena_printf(a, USER_TOKEN_PREFIX "%s", hex),
                        .label = str_or_empty(label),
                        .expires_us = expires_us};
}

static str payload(const ctx *c, id token, str label) {
    kv p[] = {{STR("token"), id_str(c->a, token)}, {STR("label"), label}};
    return event_payload(c->a, p, 2);
}

bool user_fresh_put(db_tx *tx, const ctx *c, const user_account *u, const user_fresh *f,
                    err *e) {
    sha256 hash = sha256_of(f->secret.p, f->secret.n);
    return db_push(tx, &Q_token_insert, e, DB_ID(u->id), DB_ID(f->id), DB_ID(hash),
                   DB_TEXT(f->label), DB_I64(clock_now_us()),
                   DB_MAYBE_I64(f->expires_us, f->expires_us)) &&
           event_add_server(tx, c, EVENT_token_made, u->name, payload(c, f->id, f->label), e);
}

typedef struct token_call {
    ctx *c;
    str name;
    id id; // revoke: which; page: behind which
    user_fresh fresh;
    size_t max, n;
    user_token *out;
} token_call;

// ---- create ---------------------------------------------------------------------------------

static bool create(db_tx *tx, void *arg, err *e) {
    token_call *k = arg;
    user_account u;
    return user_read(tx, k->c, k->name, &u, e) && user_fresh_put(tx, k->c, &u, &k->fresh, e);
}

bool user_token_create(ctx *c, str name, str label, int64_t expires_us, user_token *out,
                       str *secret, err *e) {
    int64_t now = clock_now_us();
    if (expires_us < 0 || (expires_us && expires_us <= now))
        return err_set(e, ERR_INVALID, "the token would have expired already");
    if (!user_check_label(label, e)) return false;
    token_call k = {.c = c, .name = name, .fresh = user_fresh_make(c->a, label, expires_us)};
    if (!db_write(core_db(c->core), create, &k, e)) return false;
    *out = (user_token){.id = k.fresh.id,
                        .user = name,
                        .label = k.fresh.label,
                        .created_us = now,
                        .expires_us = expires_us};
    *secret = k.fresh.secret;
    return true;
}

// ---- list -----------------------------------------------------------------------------------

static bool page(db_tx *tx, void *arg, err *e) {
    token_call *p = arg;
    user_account u;
    arena *a = p->c->a;
    VEC(user_token) v = {0};
    if (!user_read(tx, p->c, p->name, &u, e)) return false;
    db_rows *rows = db_select(tx, &Q_token_page, e, DB_ID(u.id), DB_ID(p->id), DB_I64(p->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(a, &v,
                 (user_token){.id = db_id(rows, 0),
                              .user = u.name,
                              .label = arena_str(a, db_text(rows, 1)),
                              .created_us = db_i64(rows, 2),
                              .expires_us = db_i64(rows, 3),
                              .used_us = db_i64(rows, 4)});
    db_end(rows);
    p->out = v.p;
    p->n = v.n;
    return e->code == ERR_NONE;
}

bool user_token_page(ctx *c, str name, id after, size_t max, user_token **out, size_t *n,
                     err *e) {
    token_call p = {.c = c, .name = name, .id = after, .max = max};
    if (!db_read(core_db(c->core), page, &p, e)) return false;
    *out = p.out;
    *n = p.n;
    return true;
}

// ---- revoke ---------------------------------------------------------------------------------

static bool revoke(db_tx *tx, void *arg, err *e) {
    token_call *k = arg;
    user_account u;
    db_rows *row;
    if (!user_read(tx, k->c, k->name, &u, e)) return false;
    int found = db_get(tx, &Q_token_get, &row, e, DB_ID(u.id), DB_ID(k->id));
    if (!found) return err_set(e, ERR_NOT_FOUND, "'%.*s' has no such token", STR_F(u.name));
    str label = found > 0 ? arena_str(k->c->a, db_text(row, 0)) : (str){0};
    return found > 0 && db_push(tx, &Q_token_delete, e, DB_ID(u.id), DB_ID(k->id)) &&
           event_add_server(tx, k->c, EVENT_token_revoked, u.name, payload(k->c, k->id, label),
                            e);
}

bool user_token_revoke(ctx *c, str name, id token, err *e) {
    token_call k = {.c = c, .name = name, .id = token};
    if (!db_write(core_db(c->core), revoke, &k, e)) return false;
    user_forget(c->core);
    return true;
}
