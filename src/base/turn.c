// SPDX-License-Identifier: Apache-2.0
// turn: see turn.h. Who leaves gives it to the first who waits, so that nobody comes between.
#include "base/turn.h"

#include "base/clock.h"
#include "base/thread.h"

struct turn_waiter {
    pthread_cond_t given;
    bool has;
    struct turn_waiter *next;
};

void turn_init(turn *t) {
    *t = (turn){0};
    pthread_mutex_init(&t->m, NULL);
}

void turn_destroy(turn *t) {
    pthread_mutex_destroy(&t->m);
}

static void give_up(turn *t, struct turn_waiter *w) {
    struct turn_waiter *before = NULL;
    for (struct turn_waiter *x = t->first; x != w; x = x->next)
        before = x;
    if (before)
        before->next = w->next;
    else
        t->first = w->next;
    if (t->last == w) t->last = before;
}

// The lock is held.
static bool wait(turn *t, int64_t until) {
    struct turn_waiter w = {.has = false};
    thread_cond_init(&w.given);
    if (t->last)
        t->last->next = &w;
    else
        t->first = &w;
    t->last = &w;
    for (int64_t left; !w.has && (left = until - clock_mono_us()) > 0;)
        thread_cond_wait_us(&w.given, &t->m, left);
    if (!w.has) give_up(t, &w);
    pthread_cond_destroy(&w.given);
    return w.has;
}

bool turn_take(turn *t, int64_t until) {
    pthread_mutex_lock(&t->m);
    bool ok = !t->taken || wait(t, until);
    if (ok) t->taken = true;
    pthread_mutex_unlock(&t->m);
    return ok;
}

void turn_leave(turn *t) {
    pthread_mutex_lock(&t->m);
    struct turn_waiter *w = t->first;
    t->taken = w != NULL;
    if (w) {
        t->first = w->next;
        if (!t->first) t->last = NULL;
        w->has = true;
        pthread_cond_signal(&w->given);
    }
    pthread_mutex_unlock(&t->m);
}
