// SPDX-License-Identifier: Apache-2.0
// The two pools. Pool 1 follows epoll. Handlers there are short, or wait for a commit that many
// share: so as many threads follow as there are cores, plus (by and large) as many as wait
// inside a handler or compute for long; more would only take turns. `target` is that
// number: raised within a millisecond when events wait and no thread is free, lowered when
// fewer handlers waited in the last half second. Threads above it sit on the bench and end
// after a while. Pool 2 takes requests that may be long from a queue. A thread of pool 1 that
// finds itself waiting for a slow reader is lent to pool 2 meanwhile, so that pool 1 may
// replace it. What pool_lock guards is listed in http_internal.h.
#include "net/http_internal.h"

#include "base/thread.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    LONG_US = 20000,    // a handler that computes for so long shall not hold up the others
    LOOK_US = 500,      // between two looks while no thread is free
    SAMPLE_US = 20000,  // while the target is above the number of cores
    SAMPLES = 25,       // that lower it
    SPARE_US = 5000000, // a thread on the bench for so long ends
};

http_worker *http_worker_new(http_server *s, bool second) {
    http_worker *w = mem_alloc(sizeof *w);
    w->s = s;
    w->second = second;
    w->in = mem_realloc(NULL, HTTP_INPUT);
    w->stat = -1;
    w->head = BUF_MAX(HTTP_HEAD_MAX * 2);
    w->out = BUF_MAX(HTTP_JSON_MAX);
    return w;
}

void http_worker_free(http_worker *w) {
    if (w->stat >= 0) close(w->stat);
    arena_free(w->spare);
    free(w->in);
    buf_free(&w->head);
    buf_free(&w->out);
    free(w);
}

// ---- pool 1 ---------------------------------------------------------------------------
// Waits until the keeper calls a thread back; false: nobody did.
static bool sit_out(http_server *s) {
    bool more = true;
    pthread_mutex_lock(&s->pool_lock);
    s->n1--;
    s->benched++;
    while (!s->called && more && !s->quitting)
        more = thread_cond_wait_us(&s->bench, &s->pool_lock, SPARE_US);
    s->benched--;
    bool back = s->called > 0;
    if (back) s->called--;
    pthread_mutex_unlock(&s->pool_lock);
    return back;
}

static void *follow(void *arg) {
    http_worker *w = arg;
    http_server *s = w->s;
    w->stat = open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC);
    while (!s->quitting) {
        struct epoll_event ev;
        int n1 = s->n1;
        if (n1 > s->target && !sit_out(s)) break;
        s->idle1++;
        int n = epoll_wait(s->epoll, &ev, 1, n1 > s->cores ? SPARE_US / 1000 : -1);
        s->idle1--;
        if (n == 1 && ev.data.ptr) http_conn_event(w, ev.data.ptr);
    }
    w->over = true;
    return NULL;
}

// ---- pool 2 ---------------------------------------------------------------------------
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
        more = thread_cond_wait_us(&s->work, &s->pool_lock, SPARE_US);
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

// ---- threads --------------------------------------------------------------------------
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
    s->n1--;
    http_keeper_poke(s);
}

void http_pool_unlend(http_worker *w) {
    if (!w->lent) return;
    w->lent = false;
    w->s->n1++;
    pthread_mutex_lock(&w->s->pool_lock);
    w->s->lent--;
    pthread_mutex_unlock(&w->s->pool_lock);
}

// ---- how many shall follow ------------------------------------------------------------
// Is the thread asleep (on a lock, a commit, the disk)? A handler that merely computes, or
// waits for a core, is not.
static bool asleep(const http_worker *w) {
    char text[96]; // "pid (name) S ..."
    ssize_t n = pread(w->stat, text, sizeof text, 0);
    const char *p = n > 0 ? memchr(text, ')', (size_t)n) : NULL;
    if (!p || p + 2 >= text + n) return true; // no /proc: all handlers count
    return p[2] == 'S' || p[2] == 'D';
}

// Under pool_lock.
static int waiting_handlers(const http_server *s, int64_t now) {
    int n = 0;
    for (const http_worker *w = s->workers; w; w = w->next) {
        int64_t since = w->busy;
        n += !w->second && !w->lent && since && (now - since > LONG_US || asleep(w));
    }
    return n;
}

// Under pool_lock. What fits `waiting` sleeping handlers, with room for half as many more.
static int fitting(const http_server *s, int waiting) {
    int n = s->cores + waiting + waiting / 2;
    return n < s->c.workers ? n : s->c.workers;
}

// Under pool_lock.
static void fill_up(http_server *s) {
    while (s->n1 < s->target) {
        if (s->benched > s->called) {
            s->called++;
            pthread_cond_signal(&s->bench);
        } else if (!spawn(s, false)) {
            return;
        }
        s->n1++;
    }
}

// Under pool_lock.
static void sample(http_server *s, int64_t now) {
    if (now < s->sample_at) return;
    int waiting = waiting_handlers(s, now);
    if (waiting > s->peak) s->peak = waiting;
    s->sample_at = now + SAMPLE_US;
    if (++s->samples < SAMPLES) return;
    int fits = fitting(s, s->peak);
    if (fits < s->target) s->target = fits;
    s->peak = s->samples = 0;
}

int64_t http_pool_grow(http_server *s, int64_t now) {
    struct pollfd p = {.fd = s->epoll, .events = POLLIN};
    bool pressed = !s->idle1 && poll(&p, 1, 0) > 0;
    pthread_mutex_lock(&s->pool_lock);
    if (pressed) {
        int fits = fitting(s, waiting_handlers(s, now));
        if (fits > s->target) s->target = fits;
    }
    fill_up(s);
    bool high = s->target > s->cores;
    if (high) sample(s, now);
    pthread_mutex_unlock(&s->pool_lock);
    if (!s->idle1)
        return LOOK_US * (1 + s->n1 / 16); // each look costs a few microseconds a thread
    return high ? SAMPLE_US : -1;
}

bool http_pool_start(http_server *s) {
    pthread_mutex_lock(&s->pool_lock);
    s->target = s->cores;
    fill_up(s);
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
    pthread_cond_broadcast(&s->bench);
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
