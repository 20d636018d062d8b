// SPDX-License-Identifier: Apache-2.0
// The two pools. Pool 1 follows epoll: handlers there are short, or wait for a commit that many
// share, so the pool grows when its threads are stuck while events wait, and shrinks when they
// are idle. Pool 2 takes requests that may be long from a queue. A thread of pool 1 that finds
// itself waiting for a slow reader is lent to pool 2 meanwhile, so that pool 1 may replace it.
// `workers` and the queue are guarded by pool_lock.
#include "net/http_internal.h"

#include "base/thread.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    STUCK_US = 500,  // a handler that takes longer is taken to be waiting
    LOOK_US = 500,   // between two looks while no thread is free
    SPARE_MS = 5000, // a thread without work for so long ends
};

http_worker *http_worker_new(http_server *s, bool second) {
    http_worker *w = mem_alloc(sizeof *w);
    w->s = s;
    w->second = second;
    w->in = mem_realloc(NULL, HTTP_INPUT);
    w->head = BUF_MAX(HTTP_HEAD_MAX * 2);
    w->out = BUF_MAX(HTTP_JSON_MAX);
    return w;
}

void http_worker_free(http_worker *w) {
    arena_free(w->spare);
    free(w->in);
    buf_free(&w->head);
    buf_free(&w->out);
    free(w);
}

// ---- pool 1
// ----------------------------------------------------------------------------------------------------------
static bool spare(http_server *s) { // may this idle thread end?
    int n = atomic_load(&s->n1);
    while (n > s->least1)
        if (atomic_compare_exchange_weak(&s->n1, &n, n - 1)) return true;
    return false;
}

static void *follow(void *arg) {
    http_worker *w = arg;
    http_server *s = w->s;
    for (;;) {
        struct epoll_event ev;
        bool extra = atomic_load_explicit(&s->n1, memory_order_relaxed) > s->least1;
        atomic_fetch_add(&s->idle1, 1);
        int n = epoll_wait(s->epoll, &ev, 1, extra ? SPARE_MS : -1);
        atomic_fetch_sub(&s->idle1, 1);
        if (s->quitting) break;
        if (!n && spare(s)) break;
        if (n == 1 && ev.data.ptr) http_conn_event(w, ev.data.ptr);
    }
    w->over = true;
    return NULL;
}

// ---- pool 2
// ----------------------------------------------------------------------------------------------------------
// Under pool_lock.
static http_conn *next_job(http_server *s) {
    http_conn *c = s->queue_first;
    if (!c) return NULL;
    s->queue_first = c->queued;
    if (!c->queued) s->queue_last = NULL;
    c->queued = NULL;
    s->n_queued--;
    return c;
}

static http_conn *wait_job(http_server *s) { // NULL: the thread shall end
    pthread_mutex_lock(&s->pool_lock);
    http_conn *c = next_job(s);
    bool more = true;
    while (!c && more && !s->quitting) {
        s->idle2++;
        more = thread_cond_wait_us(&s->work, &s->pool_lock, SPARE_MS * 1000);
        s->idle2--;
        c = next_job(s);
    }
    if (!c) s->n2--;
    pthread_mutex_unlock(&s->pool_lock);
    return c;
}

static void *take_jobs(void *arg) {
    http_worker *w = arg;
    for (http_conn *c; (c = wait_job(w->s));)
        http_conn_job(w, c);
    w->over = true;
    return NULL;
}

// ---- threads
// -----------------------------------------------------------------------------------------------------------
// Under pool_lock.
static bool spawn(http_server *s, bool second) {
    http_worker *w = http_worker_new(s, second);
    if (!thread_start(&w->thread, second ? "http-long" : "http", 0, false,
                      second ? take_jobs : follow, w)) {
        http_worker_free(w);
        return false;
    }
    w->next = s->workers;
    s->workers = w;
    return true;
}

bool http_pool_submit(http_server *s, http_conn *c) {
    pthread_mutex_lock(&s->pool_lock);
    bool more = s->idle2 <= s->n_queued && s->n2 + s->lent < s->c.long_workers;
    if (more && spawn(s, true)) s->n2++;
    bool ok = s->n2 > 0;
    if (ok) {
        if (s->queue_last)
            s->queue_last->queued = c;
        else
            s->queue_first = c;
        s->queue_last = c;
        s->n_queued++;
        pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->pool_lock);
    return ok;
}

void http_pool_lend(http_worker *w) {
    http_server *s = w->s;
    if (w->second || w->lent) return;
    pthread_mutex_lock(&s->pool_lock);
    w->lent = s->n2 + s->lent < s->c.long_workers;
    if (w->lent) s->lent++;
    pthread_mutex_unlock(&s->pool_lock);
    if (!w->lent) return;
    atomic_fetch_sub(&s->n1, 1);
    http_keeper_poke(s);
}

void http_pool_unlend(http_worker *w) {
    if (!w->lent) return;
    w->lent = false;
    atomic_fetch_add(&w->s->n1, 1);
    pthread_mutex_lock(&w->s->pool_lock);
    w->s->lent--;
    pthread_mutex_unlock(&w->s->pool_lock);
}

// Under pool_lock.
static int stuck(const http_server *s, int64_t now) {
    int n = 0;
    for (const http_worker *w = s->workers; w; w = w->next) {
        int64_t since = atomic_load_explicit(&w->busy, memory_order_relaxed);
        n += !w->second && !w->lent && since && now - since > STUCK_US;
    }
    return n;
}

int64_t http_pool_grow(http_server *s, int64_t now) {
    if (s->idle1 > 0) return -1;
    struct pollfd p = {.fd = s->epoll, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) return LOOK_US;
    pthread_mutex_lock(&s->pool_lock);
    int n = s->n1, waiting = stuck(s, now);
    int want = n - waiting < s->cores ? waiting / 2 + 1 : 0;
    if (n + want > s->c.workers) want = s->c.workers - n;
    for (int i = 0; i < want && spawn(s, false); i++)
        s->n1++;
    pthread_mutex_unlock(&s->pool_lock);
    return LOOK_US;
}

bool http_pool_start(http_server *s) {
    pthread_mutex_lock(&s->pool_lock);
    for (int i = 0; i < s->least1 && spawn(s, false); i++)
        s->n1++;
    pthread_mutex_unlock(&s->pool_lock);
    return s->n1 > 0;
}

void http_pool_reap(http_server *s) {
    http_worker *over = NULL;
    pthread_mutex_lock(&s->pool_lock);
    for (http_worker **p = &s->workers; *p;) {
        http_worker *w = *p;
        if (!w->over) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        w->next = over;
        over = w;
    }
    pthread_mutex_unlock(&s->pool_lock);
    while (over) {
        http_worker *w = over;
        over = w->next;
        pthread_join(w->thread, NULL);
        http_worker_free(w);
    }
}

void http_pool_stop(http_server *s) {
    uint64_t one = 1;
    s->quitting = true;
    (void)!write(s->quit, &one, sizeof one); // level-triggered: it wakes everybody
    pthread_mutex_lock(&s->pool_lock);
    pthread_cond_broadcast(&s->work);
    http_worker *all = s->workers;
    s->workers = NULL;
    pthread_mutex_unlock(&s->pool_lock);
    while (all) {
        http_worker *w = all;
        all = w->next;
        pthread_join(w->thread, NULL);
        http_worker_free(w);
    }
}
