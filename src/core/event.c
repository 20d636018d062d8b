// SPDX-License-Identifier: Apache-2.0
// event: the append-only log.
//
// I1. An event is inserted in the transaction of what it tells of: both are there or neither.
// I2. Sealed events of a workspace are numbered 1, 2, 3 ... without gaps; event_head is the
// last number and chain. I3. chain(n) = SHA-256(chain(n-1) | number | time | kind | proven |
// user | object | SHA-256(payload)), each text with its
//     length in front; chain(0) is 32 zero bytes.
// SQLite has one writer, so event_add seals at once; on PostgreSQL ids are not in the order of
// commits, so event_add leaves a row in event_pending and the leased sealer numbers what it
// finds committed. Any thread.
#include "core/event.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event_sql.h"
#include "core/lease.h"

#include <stdlib.h>

#define SEAL_EVERY_US  100000
#define SEAL_LEASE_US  10000000
#define SEAL_AT_ONCE   500
#define EVENT_MAX_SIZE (1u << 20)

typedef struct head {
    int64_t number;
    sha256 chain;
} head;

static bool head_read(db_tx *tx, int64_t ws, head *h, err *e) {
    db_rows *row = NULL;
    *h = (head){0};
    int found = db_get(tx, &Q_event_head_get, &row, e, DB_I64(ws));
    if (found > 0) {
        str chain = db_blob(row, 1);
        h->number = db_i64(row, 0);
        if (chain.n != sizeof h->chain)
            return err_set(e, ERR_CORRUPT, "the head of the event log is damaged");
        memcpy(h->chain.b, chain.p, chain.n);
    }
    return found >= 0;
}

static void add_text(buf *b, str s) {
    buf_u32(b, (uint32_t)s.n);
    buf_str(b, s);
}

// I3, for the event behind *h; moves the head on.
static void head_advance(head *h, const event *v, sha256 payload_digest) {
    buf b = BUF_MAX(EVENT_MAX_SIZE);
    h->number++;
    buf_add(&b, h->chain.b, sizeof h->chain);
    buf_u64(&b, (uint64_t)h->number);
    buf_u64(&b, (uint64_t)v->time_us);
    buf_u32(&b, v->kind);
    buf_byte(&b, (char)v->proven);
    add_text(&b, v->user);
    add_text(&b, v->object);
    buf_add(&b, payload_digest.b, sizeof payload_digest);
    h->chain = sha256_of(b.p, b.n);
    buf_free(&b);
}

static bool insert_event(db_tx *tx, int64_t ws, id event_id, const event *v,
                         sha256 payload_digest, const head *h, err *e) {
    return db_push(tx, &Q_event_insert, e, DB_I64(ws), DB_ID(event_id),
                   DB_MAYBE_I64(h, h ? h->number : 0), DB_I64(v->time_us), DB_I64(v->kind),
                   DB_TEXT(v->user), DB_I64(v->proven), DB_TEXT(v->object),
                   DB_MAYBE_TEXT(v->payload), DB_ID(payload_digest),
                   h ? DB_BLOB(str_n(h->chain.b, sizeof h->chain)) : DB_NULL);
}

bool event_add(db_tx *tx, const ctx *c, event_kind kind, str object, str payload, err *e) {
    event v = {.time_us = clock_now_us(),
               .kind = kind,
               .user = c->user,
               .proven = c->proven,
               .object = object,
               .payload = payload.n ? payload : (str){0}};
    if (!v.user.p) v.user = STR("");
    id event_id = id_new();
    sha256 digest = sha256_of(payload.p, payload.n);
    if (db_tx_engine(tx) != DB_SQLITE) {
        return insert_event(tx, c->ws, event_id, &v, digest, NULL, e) &&
               db_push(tx, &Q_event_pending_insert, e, DB_I64(c->ws), DB_ID(event_id));
    }
    head h;
    if (!head_read(tx, c->ws, &h, e)) return false;
    head_advance(&h, &v, digest);
    return insert_event(tx, c->ws, event_id, &v, digest, &h, e) &&
           db_push(tx, &Q_event_head_set, e, DB_I64(c->ws), DB_I64(h.number), DB_ID(h.chain));
}

// ---- sealing (PostgreSQL) -------------------------------------------------------------------

typedef struct pending {
    int64_t ws;
    id id;
    event v;
    sha256 payload_digest;
} pending;

static bool read_pending(db_tx *tx, pending **out, size_t *n, err *e) {
    arena *a = db_tx_arena(tx);
    VEC(pending) v = {0};
    db_rows *rows = db_select(tx, &Q_event_pending_page, e, DB_I64(SEAL_AT_ONCE));
    if (!rows) return false;
    while (db_next(rows, e)) {
        pending p = {.ws = db_i64(rows, 0),
                     .id = db_id(rows, 1),
                     .v = {.time_us = db_i64(rows, 2),
                           .kind = (event_kind)db_i64(rows, 3),
                           .user = arena_str(a, db_text(rows, 4)),
                           .proven = db_i64(rows, 5) != 0,
                           .object = arena_str(a, db_text(rows, 6))}};
        str digest = db_blob(rows, 7);
        if (digest.n == sizeof p.payload_digest) memcpy(p.payload_digest.b, digest.p, digest.n);
        vec_push(a, &v, p);
    }
    db_end(rows);
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

static bool seal_page(db_tx *tx, void *arg, err *e) {
    size_t *sealed = arg, n;
    pending *p;
    head h = {0};
    *sealed = 0;
    if (!read_pending(tx, &p, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || p[i].ws != p[i - 1].ws,
             last = i + 1 == n || p[i].ws != p[i + 1].ws;
        if (first && !head_read(tx, p[i].ws, &h, e)) return false;
        head_advance(&h, &p[i].v, p[i].payload_digest);
        if (!db_push(tx, &Q_event_set_number, e, DB_I64(p[i].ws), DB_ID(p[i].id),
                     DB_I64(h.number), DB_ID(h.chain)) ||
            !db_push(tx, &Q_event_pending_delete, e, DB_I64(p[i].ws), DB_ID(p[i].id))) {
            return false;
        }
        if (last && !db_push(tx, &Q_event_head_set, e, DB_I64(p[i].ws), DB_I64(h.number),
                             DB_ID(h.chain))) {
            return false;
        }
    }
    *sealed = n;
    return true;
}

bool event_seal(core *c, size_t *sealed, err *e) {
    return db_write(c->db, seal_page, sealed, e);
}

struct event_sealer {
    core *core;
    pthread_t thread;
    pthread_mutex_t lock; // guards stop
    pthread_cond_t wake;
    bool stop;
};

static bool sealer_wait(event_sealer *s) { // false: stop
    pthread_mutex_lock(&s->lock);
    if (!s->stop) thread_cond_wait_us(&s->wake, &s->lock, SEAL_EVERY_US);
    bool go_on = !s->stop;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void *sealer_run(void *arg) {
    event_sealer *s = arg;
    do {
        err e = {0};
        size_t sealed = SEAL_AT_ONCE;
        if (lease_take(s->core, STR("seal"), SEAL_LEASE_US, &e)) {
            while (sealed == SEAL_AT_ONCE && event_seal(s->core, &sealed, &e)) {
            }
        }
        if (e.code != ERR_NONE) log_msg(LOG_WARN, "seal.failed", "%s", e.msg);
    } while (sealer_wait(s));
    lease_drop(s->core, STR("seal"));
    return NULL;
}

event_sealer *event_sealer_start(core *c) {
    event_sealer *s = mem_alloc(sizeof *s);
    s->core = c;
    pthread_mutex_init(&s->lock, NULL);
    thread_cond_init(&s->wake);
    thread_start(&s->thread, "sealer", 0, true, sealer_run, s);
    return s;
}

void event_sealer_stop(event_sealer *s) {
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    free(s);
}

// ---- reading and checking -------------------------------------------------------------------

typedef struct event_reading {
    int64_t ws, after;
    size_t max;
    arena *a;
    event *out;
    sha256 *payload_digests, *chains;
    size_t n;
} event_reading;

static bool copy_digest(str from, sha256 *to) {
    if (from.n != sizeof *to) return false;
    memcpy(to->b, from.p, from.n);
    return true;
}

static bool read_events(db_tx *tx, void *arg, err *e) {
    event_reading *r = arg;
    r->n = 0;
    r->out = ARENA_ARRAY(r->a, event, r->max);
    r->payload_digests = ARENA_ARRAY(r->a, sha256, r->max);
    r->chains = ARENA_ARRAY(r->a, sha256, r->max);
    db_rows *rows =
        db_select(tx, &Q_event_page, e, DB_I64(r->ws), DB_I64(r->after), DB_I64(r->max));
    if (!rows) return false;
    while (r->n < r->max && db_next(rows, e)) {
        str payload = db_text(rows, 6);
        r->out[r->n] = (event){.number = db_i64(rows, 0),
                               .time_us = db_i64(rows, 1),
                               .kind = (event_kind)db_i64(rows, 2),
                               .user = arena_str(r->a, db_text(rows, 3)),
                               .proven = db_i64(rows, 4) != 0,
                               .object = arena_str(r->a, db_text(rows, 5)),
                               .payload = payload.p ? arena_str(r->a, payload) : (str){0}};
        if (!copy_digest(db_blob(rows, 7), &r->payload_digests[r->n]) ||
            !copy_digest(db_blob(rows, 8), &r->chains[r->n])) {
            db_end(rows);
            return err_set(e, ERR_CORRUPT, "event %lld is damaged",
                           (long long)r->out[r->n].number);
        }
        r->n++;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool event_page(ctx *c, int64_t after_number, size_t max, event **out, size_t *n, err *e) {
    event_reading r = {.ws = c->ws, .after = after_number, .max = max, .a = c->a};
    if (!db_read(core_db(c->core), read_events, &r, e)) return false;
    *out = r.out;
    *n = r.n;
    return true;
}

typedef void event_bad(void *arg, int64_t ws, int64_t number, const char *what);

static bool check_workspace(core *c, int64_t ws, event_bad *bad, void *arg, uint64_t *n,
                            err *e) {
    arena *a = arena_new();
    head h = {0};
    event_reading r = {.ws = ws, .max = 1000, .a = a};
    bool ok;
    do {
        arena_reset(a);
        ok = db_read(c->db, read_events, &r, e);
        for (size_t i = 0; ok && i < r.n; i++) {
            const event *v = &r.out[i];
            if (v->number != h.number + 1)
                bad(arg, ws, v->number, "the event before it is missing");
            h.number = v->number - 1;
            head_advance(&h, v, r.payload_digests[i]);
            if (!sha256_eq(h.chain, r.chains[i]))
                bad(arg, ws, v->number, "its chain hash does not match");
            // An erased payload keeps its digest; one that is there must match it.
            if (v->payload.p &&
                !sha256_eq(sha256_of(v->payload.p, v->payload.n), r.payload_digests[i])) {
                bad(arg, ws, v->number, "its payload was changed");
            }
            h.chain = r.chains[i]; // one break is told once
            r.after = v->number;
            ++*n;
        }
    } while (ok && r.n == r.max);
    arena_free(a);
    return ok;
}

typedef struct next_workspace {
    int64_t ws;
    bool found;
} next_workspace;

static bool read_next_workspace(db_tx *tx, void *arg, err *e) {
    next_workspace *w = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_workspace_next, &row, e, DB_I64(w->ws));
    if (found > 0) w->ws = db_i64(row, 0);
    w->found = found > 0;
    return found >= 0;
}

bool event_check(core *c, event_bad *bad, void *arg, uint64_t *n, err *e) {
    next_workspace w = {.ws = INT64_MIN};
    *n = 0;
    for (;;) {
        if (!db_read(c->db, read_next_workspace, &w, e)) return false;
        if (!w.found) return true;
        if (!check_workspace(c, w.ws, bad, arg, n, e)) return false;
    }
}
