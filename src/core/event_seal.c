// SPDX-License-Identifier: Apache-2.0
// The sealer (PostgreSQL): gives committed events their number and chain, under a lease, a page
// in one serialisable transaction. Two at once would do no harm (one would be run again), so
// the lease may be short: it says who works, so that a lost server's events wait seconds only.
// It is woken by events of this server and looks by itself for those of others.
// event_sealer_start and _stop: one thread; _wake, event_seal and event_seal_all: any.
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "base/vec.h"
#include "core/event_internal.h"
#include "core/lease.h"

#include <stdatomic.h>
#include <stdlib.h>

#define LEASE_NAME STR("seal")
enum {
    LOOK_US = 100000, // for events of other servers
    LEAST_US = 20000, // between two rounds: events that come at once share one
    LEASE_US = 4000000,
    RENEW_US = 1000000, // and how often another server asks for the lease
    AT_ONCE = 500,
};

// ---- a page ---------------------------------------------------------------------------------

typedef struct pending {
    int64_t ws;
    id id;
    event v;
    sha256 payload_digest;
} pending;

static bool read_pending(db_tx *tx, pending **out, size_t *n, err *e) {
    arena *a = db_tx_arena(tx);
    VEC(pending) v = {0};
    db_rows *rows = db_select(tx, &Q_event_pending_page, e, DB_I64(AT_ONCE));
    if (!rows) return false;
    while (db_next(rows, e)) {
        pending p = {.ws = db_i64(rows, 0),
                     .id = db_id(rows, 1),
                     .v = {.time_us = db_i64(rows, 2),
                           .kind = (event_kind)db_i64(rows, 3),
                           .project = db_is_null(rows, 4) ? EVENT_NO_PROJECT : db_i64(rows, 4),
                           .user = arena_str(a, db_text(rows, 5)),
                           .proven = db_i64(rows, 6) != 0,
                           .object = arena_str(a, db_text(rows, 7))}};
        sha256_copy(db_blob(rows, 8), &p.payload_digest);
        vec_push(a, &v, p);
    }
    db_end(rows);
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

static bool seal_one(db_tx *tx, const pending *p, event_head *h, err *e) {
    event_head_advance(h, &p->v, p->payload_digest);
    return db_push(tx, &Q_event_set_number, e, DB_I64(p->ws), DB_ID(p->id), DB_I64(h->number),
                   DB_ID(h->chain)) &&
           db_push(tx, &Q_event_pending_delete, e, DB_I64(p->ws), DB_ID(p->id));
}

typedef struct page {
    size_t sealed;
    int64_t oldest_us; // of what was read, sealed or not; 0: nothing was
} page;

static bool seal_page(db_tx *tx, void *arg, err *e) {
    page *g = arg;
    size_t n;
    pending *p;
    event_head h = {0};
    *g = (page){0};
    if (!read_pending(tx, &p, &n, e)) return false;
    g->oldest_us = n ? p[0].v.time_us : 0;
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || p[i].ws != p[i - 1].ws,
             last = i + 1 == n || p[i].ws != p[i + 1].ws;
        if (first && !event_head_read(tx, p[i].ws, &h, e)) return false;
        if (!seal_one(tx, &p[i], &h, e)) return false;
        if (last && !event_head_write(tx, p[i].ws, &h, e)) return false;
    }
    g->sealed = n;
    return true;
}

bool event_seal(core *c, size_t *sealed, err *e) {
    page g = {0};
    bool ok = db_write(c->db, seal_page, &g, e);
    // A full page may have left others; after a failure all wait that did.
    if (ok || g.oldest_us) METRIC_SET(seal_oldest, ok && g.sealed < AT_ONCE ? 0 : g.oldest_us);
    *sealed = g.sealed;
    if (ok && g.sealed) event_hint(c);
    return ok;
}

bool event_seal_all(core *c, err *e) {
    size_t n;
    do {
        if (!event_seal(c, &n, e)) return false;
    } while (n);
    return true;
}

// ---- the thread -----------------------------------------------------------------------------

struct event_sealer {
    core *core;
    pthread_t thread;
    atomic_bool woken;
    pthread_mutex_t lock; // guards stop
    pthread_cond_t wake;
    bool stop;
    int64_t ask_at; // when to take or renew the lease; the thread's own
    bool holds;
};

// False: stop.
static bool sealer_wait(event_sealer *s, int64_t us, bool for_wake) {
    int64_t until = clock_mono_us() + us;
    pthread_mutex_lock(&s->lock);
    while (!s->stop && !(for_wake && atomic_load(&s->woken))) {
        int64_t left = until - clock_mono_us();
        if (left <= 0) break;
        thread_cond_wait_us(&s->wake, &s->lock, left);
    }
    bool go_on = !s->stop;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void sealer_round(event_sealer *s) {
    err e = {0};
    size_t sealed = AT_ONCE;
    int64_t now = clock_mono_us();
    atomic_store(&s->woken, false);
    if (now >= s->ask_at) {
        s->holds = lease_take(s->core, LEASE_NAME, LEASE_US, &e);
        s->ask_at = now + RENEW_US;
    }
    while (s->holds && sealed == AT_ONCE && event_seal(s->core, &sealed, &e))
        job_show(&s->core->shown[JOB_SHOWN_seal], true, (int64_t)sealed, 0);
    if (!s->holds) {
        METRIC_SET(seal_oldest, 0);
        job_show(&s->core->shown[JOB_SHOWN_seal], false, 0, 0);
    }
    if (e.code == ERR_NONE) return;
    s->ask_at = 0;
    log_msg(LOG_WARN, "seal.failed", "%s; nothing is lost, trying again", e.msg);
}

static void *sealer_run(void *arg) {
    event_sealer *s = arg;
    do
        sealer_round(s);
    while (sealer_wait(s, LEAST_US, false) && sealer_wait(s, LOOK_US - LEAST_US, s->holds));
    lease_drop(s->core, LEASE_NAME);
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

void event_sealer_wake(event_sealer *s) {
    if (atomic_exchange(&s->woken, true)) return;
    pthread_mutex_lock(&s->lock);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
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
