// SPDX-License-Identifier: Apache-2.0
// pg_pool: the connections to PostgreSQL that are open, one pool for reading and one for
// writing, so that neither starves the other. Connections are made when they are needed. Any
// thread.
#include "base/clock.h"
#include "base/thread.h"
#include "db/pg_internal.h"

#include <time.h>

enum {
    PAUSE_US = 5000,       // the first
    PAUSE_MAX_US = 500000, // of one
};

void pg_pool_init(pg_pool *p, int max) {
    pthread_mutex_init(&p->m, NULL);
    thread_cond_init(&p->freed);
    p->max = max;
}

void pg_pool_close(pg_pool *p) {
    pthread_mutex_lock(&p->m);
    while (p->busy)
        pthread_cond_wait(&p->freed, &p->m);
    while (p->idle) {
        pg_conn *c = p->idle;
        p->idle = c->next;
        pg_conn_close(c);
    }
    pthread_mutex_unlock(&p->m);
    pthread_mutex_destroy(&p->m);
    pthread_cond_destroy(&p->freed);
}

void pg_pause(unsigned n, int64_t until) {
    int64_t longest = (int64_t)PAUSE_US << (n < 7 ? n : 7);
    if (longest > PAUSE_MAX_US) longest = PAUSE_MAX_US;
    uint32_t chance;
    random_bytes(&chance, sizeof chance);
    int64_t us = longest / 2 + (int64_t)chance % (longest / 2);
    int64_t left = until - clock_mono_us();
    if (us > left) us = left;
    if (us <= 0) return;
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

// An idle connection, or NULL with the right to open one (*slot), or NULL when the time ran
// out.
static pg_conn *take(pg_pool *p, int64_t until, bool *slot) {
    pg_conn *c = NULL;
    *slot = false;
    pthread_mutex_lock(&p->m);
    while (!p->idle && p->open == p->max && clock_mono_us() < until) {
        thread_cond_wait_us(&p->freed, &p->m, until - clock_mono_us());
    }
    if (p->idle) {
        c = p->idle;
        p->idle = c->next;
        p->busy++;
    } else if (p->open < p->max) {
        *slot = true;
        p->open++;
        p->busy++;
    }
    pthread_mutex_unlock(&p->m);
    return c;
}

// Gives back a connection, or the right to open one (NULL).
static void give(pg_pool *p, pg_conn *c) {
    pthread_mutex_lock(&p->m);
    p->busy--;
    if (c) {
        c->next = p->idle;
        p->idle = c;
    } else {
        p->open--;
    }
    pthread_cond_signal(&p->freed);
    pthread_mutex_unlock(&p->m);
}

void pg_pool_put(pg_pool *p, pg_conn *c) {
    if (c->broken) {
        pg_conn_close(c);
        c = NULL;
    }
    give(p, c);
}

// While the server is away, until the time has come.
static pg_conn *open_one(postgres_db *d, int64_t until, err *e) {
    bool final = false;
    for (unsigned n = 0;; n++) {
        pg_conn *c = pg_connect(d, until, &final, e);
        if (!c) atomic_store(&d->lost_us, clock_mono_us());
        if (c || final || clock_mono_us() >= until) return c;
        pg_pause(n, until);
    }
}

pg_conn *pg_pool_get(postgres_db *d, pg_pool *p, int64_t until, err *e) {
    for (;;) {
        bool slot;
        pg_conn *c = take(p, until, &slot);
        if (slot) {
            c = open_one(d, until, e);
            if (!c) give(p, NULL);
            return c;
        }
        if (!c) {
            err_set(e, ERR_UNAVAILABLE,
                    "all %d connections to PostgreSQL are busy: try again later", p->max);
            return NULL;
        }
        if (pg_conn_check(c)) return c;
        c->broken = true;
        pg_pool_put(p, c);
    }
}
