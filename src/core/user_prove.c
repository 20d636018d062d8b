// SPDX-License-Identifier: Apache-2.0
// user_prove: whose a token is. A request costs one SHA-256 and a look into a small table of
// this process; once in USER_FRESH_US a token costs a read.
//
// I1. What is in the table was read less than USER_FRESH_US ago, or is not used: a revocation,
//     a disabled user and a changed role hold on every server within that.
// I2. Unknown secrets are never kept: who tries many fills nothing.
// `lock` guards the slots; it is held for a copy, never while the database is asked. Any
// thread.
#include "base/clock.h"
#include "base/log.h"
#include "core/core_internal.h"
#include "core/user_internal.h"
#include "core/user_sql.h"

#include <stdlib.h>

enum {
    SLOTS = 256,              // by the first byte of the hash; who shares one reads more often
    USED_EVERY_US = 300000000 // used_us is at most so old
};

typedef struct slot {
    sha256 hash;
    int64_t ws, until_us; // monotonic; 0: empty
    user_proof proof;
} slot;

struct user_cache {
    pthread_mutex_t lock;
    slot slots[SLOTS];
    atomic_bool needed;         // there is a user: stays so, users are never deleted
    _Atomic int64_t none_until; // monotonic: till then it is known that there is none
};

user_cache *user_cache_new(void) {
    user_cache *k = mem_alloc(sizeof *k);
    pthread_mutex_init(&k->lock, NULL);
    return k;
}

void user_cache_free(user_cache *k) {
    if (!k) return;
    pthread_mutex_destroy(&k->lock);
    free(k);
}

void user_forget(core *c) {
    user_cache *k = c->users;
    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < SLOTS; i++)
        k->slots[i].until_us = 0;
    pthread_mutex_unlock(&k->lock);
    atomic_store(&k->none_until, 0);
}

static bool recall(user_cache *k, sha256 hash, int64_t ws, slot *out) {
    pthread_mutex_lock(&k->lock);
    const slot *s = &k->slots[hash.b[0] % SLOTS];
    bool known = s->until_us > clock_mono_us() && s->ws == ws && sha256_eq(s->hash, hash);
    if (known) *out = *s;
    pthread_mutex_unlock(&k->lock);
    return known;
}

static void remember(user_cache *k, const slot *s) {
    pthread_mutex_lock(&k->lock);
    k->slots[s->hash.b[0] % SLOTS] = *s;
    pthread_mutex_unlock(&k->lock);
}

// ---- reading --------------------------------------------------------------------------------

typedef struct prove_call {
    slot s;
    int64_t used_us, now_us;
    bool found, enabled;
} prove_call;

static bool read_token(db_tx *tx, void *arg, err *e) {
    prove_call *p = arg;
    db_rows *row;
    int found = db_get(tx, &Q_token_by_hash, &row, e, DB_ID(p->s.hash), DB_I64(p->s.ws),
                       DB_I64(WORKSPACE_DEFAULT));
    if (found < 0) return false;
    // The index may tell by its time how far two hashes agree: of a random secret's hash that
    // helps nobody. The last word has a comparison that does not.
    str hash = found ? db_blob(row, 0) : (str){0};
    p->found = found && secret_eq(hash, str_n((const char *)p->s.hash.b, sizeof p->s.hash.b));
    if (!p->found) return true;
    p->s.proof.user = db_id(row, 1);
    p->s.proof.token = db_id(row, 2);
    p->s.proof.expires_us = db_i64(row, 3);
    p->used_us = db_i64(row, 4);
    str name = str_upto(db_text(row, 5), USER_NAME_MAX);
    memcpy(p->s.proof.name, name.p, name.n);
    p->enabled = db_i64(row, 6) != 0;
    p->s.proof.role = (user_role)db_i64(row, 7);
    p->s.proof.at_default = (user_role)db_i64(row, 8);
    return true;
}

static bool write_used(db_tx *tx, void *arg, err *e) {
    prove_call *p = arg;
    return db_do(tx, &Q_token_used, e, DB_ID(p->s.proof.user), DB_ID(p->s.proof.token),
                 DB_I64(p->now_us), DB_I64(p->now_us - USED_EVERY_US)) >= 0;
}

// When a token was used last helps who looks for forgotten ones: no request fails for it.
static void note_use(core *c, prove_call *p) {
    err e = {0};
    if (p->used_us > p->now_us - USED_EVERY_US) return;
    if (!db_append(c->db, write_used, p, &e))
        log_msg(LOG_WARN, "user.used", "A token's last use is not noted: %s", e.msg);
}

static bool is_over(int64_t expires_us, int64_t now_us) {
    return expires_us && expires_us <= now_us;
}

static bool refuse_expired(err *e) {
    return err_set(e, ERR_UNAUTHENTICATED, "This token has expired: ask for another one.");
}

bool user_unknown(err *e) {
    return err_set(e, ERR_UNAUTHENTICATED,
                   "This token is not known here: it is mistyped, or was revoked.");
}

bool user_prove(core *c, str secret, int64_t ws, user_proof *out, err *e) {
    int64_t began = clock_mono_us();
    prove_call p = {.s = {.hash = sha256_of(secret.p, secret.n), .ws = ws},
                    .now_us = clock_now_us()};
    if (!recall(c->users, p.s.hash, ws, &p.s)) {
        if (!db_read(c->db, read_token, &p, e)) return false;
        if (!p.found) return user_unknown(e);
        if (!p.enabled)
            return err_set(e, ERR_UNAUTHENTICATED, "The user '%s' is disabled.",
                           p.s.proof.name);
        if (is_over(p.s.proof.expires_us, p.now_us)) return refuse_expired(e);
        note_use(c, &p);
        p.s.until_us = began + USER_FRESH_US;
        remember(c->users, &p.s);
    }
    if (is_over(p.s.proof.expires_us, p.now_us)) return refuse_expired(e);
    *out = p.s.proof;
    return true;
}

// ---- does it still hold? --------------------------------------------------------------------

typedef struct standing_call {
    id user, token;
    int64_t ws;
    user_role role;
} standing_call;

static bool read_standing(db_tx *tx, void *arg, err *e) {
    standing_call *k = arg;
    db_rows *row;
    int found =
        db_get(tx, &Q_token_standing, &row, e, DB_I64(k->ws), DB_ID(k->user), DB_ID(k->token));
    bool stands = found > 0 && db_i64(row, 1) && !is_over(db_i64(row, 0), clock_now_us());
    k->role = stands ? (user_role)db_i64(row, 2) : USER_NONE;
    return found >= 0;
}

bool user_standing(core *c, id user, id token, int64_t ws, user_role *role, err *e) {
    standing_call k = {.user = user, .token = token, .ws = ws};
    if (!db_read(c->db, read_standing, &k, e)) return false;
    *role = k.role;
    return true;
}

// ---- is there a user? -----------------------------------------------------------------------

static bool read_first(db_tx *tx, void *arg, err *e) {
    bool *there = arg;
    id least = {0};
    db_rows *row;
    int found = db_get(tx, &Q_user_first, &row, e, DB_ID(least));
    *there = found > 0;
    return found >= 0;
}

bool user_needed(core *c, bool *needed, err *e) {
    user_cache *k = c->users;
    int64_t now = clock_mono_us();
    *needed = atomic_load(&k->needed);
    if (*needed || atomic_load(&k->none_until) > now) return true;
    if (!db_read(c->db, read_first, needed, e)) return false;
    if (*needed)
        atomic_store(&k->needed, true);
    else
        atomic_store(&k->none_until, now + USER_FRESH_US);
    return true;
}
