// SPDX-License-Identifier: Apache-2.0
// sqlite_writer: the thread that writes. Callers queue what they want done and sleep; the
// writer runs many of them in one transaction, a savepoint each, and wakes them all after the
// commit is synced.
//
// I1  A call lives on its caller's stack. It is touched by the writer between being queued and
//     `done` being set, and never after; the futex wake that follows uses only its address.
// I2  A call's `ok` is told as true only when the COMMIT that holds its work returned success.
// I3  A function that fails takes back its own work only. The first one of a transaction has no
//     savepoint: to take it back is to start the transaction anew.
// I4  When SQLite itself rolled the whole transaction back within a function (disk full, I/O
//     error), that function fails and the others run again, each in a transaction of its own.
// I5  After a failed fsync nothing is written and nothing checkpointed until the process is
//     started anew: the kernel may have dropped the pages and would report success the next
//     time.
//
// Groups form by themselves: while one commits the next one queues, and what arrives while
// functions run joins them.
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "db/sqlite_internal.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    GROUP_CALLS = 512,
    GROUP_BYTES = 16 << 20, // bound in one group
    GROUP_US = 5000,        // calls that arrive join a group for so long
    IDLE_US = 1000 * 1000,  // without a call: time to tend
};

typedef struct sq_call {
    db_fn fn; // NULL: a step of shrinking
    void *arg;
    err *e;
    bool ok;
    _Atomic uint32_t done; // a futex
    struct sq_call *next;
} sq_call;

struct sq_writer {
    pthread_t thread;
    sq_conn *c;
    sq_tend tend;
    int64_t wait_us;
    // The writer's own:
    sq_call *group[GROUP_CALLS];
    size_t n;    // calls in the group
    size_t live; // of them, those whose work is in the open transaction
    // `m` guards what follows.
    pthread_mutex_t m;
    pthread_cond_t queued;
    sq_call *head, **tail;
    bool sleeping, stop;
};

static const db_query begin_sql = {"begin", "BEGIN IMMEDIATE", false};
static const db_query commit_sql = {"commit", "COMMIT", false};
static const db_query rollback_sql = {"rollback", "ROLLBACK", false};
static const db_query save_sql = {"savepoint", "SAVEPOINT one", false};
static const db_query release_sql = {"release", "RELEASE one", false};
static const db_query undo_sql = {"undo", "ROLLBACK TO one", false};

// ---- the caller's side ----

static void futex_wake(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// Until done, or until the time (monotonic; 0: none) has come.
static bool wait_done(sq_call *k, int64_t until) {
    while (!atomic_load_explicit(&k->done, memory_order_acquire)) {
        struct timespec left, *limit = NULL;
        if (until) {
            int64_t us = until - clock_mono_us();
            if (us <= 0) return false;
            left = (struct timespec){us / 1000000, us % 1000000 * 1000};
            limit = &left;
        }
        syscall(SYS_futex, &k->done, FUTEX_WAIT_PRIVATE, 0, limit, NULL, 0);
    }
    return true;
}

static bool enqueue(sq_writer *w, sq_call *k) {
    pthread_mutex_lock(&w->m);
    bool wake = w->sleeping, open = !w->stop;
    if (open) {
        *w->tail = k;
        w->tail = &k->next;
        w->sleeping = false;
    }
    pthread_mutex_unlock(&w->m);
    if (open && wake) pthread_cond_signal(&w->queued);
    return open;
}

// True when the writer had not taken it yet: it never will.
static bool withdraw(sq_writer *w, const sq_call *k) {
    bool found = false;
    pthread_mutex_lock(&w->m);
    for (sq_call **p = &w->head; *p && !found; p = &(*p)->next) {
        if (*p != k) continue;
        found = true;
        if (w->tail == &k->next) w->tail = p;
        *p = k->next;
        break;
    }
    pthread_mutex_unlock(&w->m);
    return found;
}

static bool submit(sq_writer *w, sq_call *k) {
    BUG_ON(pthread_equal(pthread_self(),
                         w->thread)); // a write within a write would wait for itself
    if (!enqueue(w, k)) return err_set(k->e, ERR_UNAVAILABLE, "the server is stopping");
    if (!wait_done(k, clock_mono_us() + w->wait_us)) {
        if (withdraw(w, k)) {
            return err_set(k->e, ERR_UNAVAILABLE,
                           "the disk is too slow: nothing was written within %lld s",
                           (long long)(w->wait_us / 1000000));
        }
        wait_done(k, 0); // it is being committed: the outcome is near, and must be told
    }
    return k->ok;
}

bool sq_writer_run(sq_writer *w, db_fn fn, void *arg, err *e) {
    sq_call k = {.fn = fn, .arg = arg, .e = e};
    return submit(w, &k);
}

bool sq_shrink(db *d, err *e) {
    sq_call k = {.e = e};
    return submit(((sqlite_db *)d)->writer, &k);
}

// ---- one call ----

static bool in_tx(const sq_conn *c) {
    return !sqlite3_get_autocommit(c->h);
}

static void roll_back(sq_conn *c) {
    err ignored;
    if (in_tx(c)) sq_run(c, &rollback_sql, &ignored);
}

// Takes the work of one function back. False when the others' is gone with it.
static bool undo(sq_writer *w, bool saved) {
    sq_conn *c = w->c;
    err ignored;
    if (!in_tx(c)) return false;
    if (saved) {
        if (sq_run(c, &undo_sql, &ignored) && sq_run(c, &release_sql, &ignored)) return true;
    } else if (sq_run(c, &rollback_sql, &ignored) && sq_run(c, &begin_sql, &ignored)) {
        return true;
    }
    roll_back(c);
    return false;
}

static bool run_fn(sq_conn *c, const sq_call *k) {
    k->e->code = ERR_NONE;
    bool ok = k->fn(&c->tx, k->arg, k->e);
    sq_end_all(c);
    return db_tx_result(&c->tx, ok, k->e);
}

// Runs a call in the open transaction; false when the transaction is lost (I4).
static bool run_call(sq_writer *w, sq_call *k) {
    sq_conn *c = w->c;
    bool saved = w->live > 0;
    size_t hooks = c->tx.hooks_n;
    db_tx_begin(&c->tx, DB_MODE_WRITE);
    k->ok = (!saved || sq_run(c, &save_sql, k->e)) && run_fn(c, k) &&
            (!saved || sq_run(c, &release_sql, k->e));
    if (k->ok) {
        w->live++;
        return true;
    }
    if (c->tx.faulty) METRIC_ADD(db_errors_total, 1);
    c->tx.hooks_n = hooks;
    return undo(w, saved);
}

// ---- a group ----

static bool begin(sq_writer *w, err *e) {
    w->live = 0;
    w->c->tx.hooks_n = 0;
    if (w->c->sync_failed) {
        METRIC_ADD(db_errors_total, (int64_t)w->n);
        return err_set(e, ERR_UNAVAILABLE,
                       "writes are stopped: the disk failed to sync the database, so it is not"
                       " known what it holds; check the disk and start stemma again");
    }
    db_tx_begin(&w->c->tx, DB_MODE_WRITE);
    return sq_run(w->c, &begin_sql, e);
}

static void fail_all(sq_call *const *calls, size_t n, const err *e) {
    for (size_t i = 0; i < n; i++) {
        if (!calls[i]->ok) continue;
        calls[i]->ok = false;
        *calls[i]->e = *e;
    }
}

static void commit(sq_writer *w, sq_call *const *calls, size_t n) {
    err e;
    int64_t began = clock_mono_us();
    if (sq_run(w->c, &commit_sql, &e)) {
        METRIC_TIME(db_commit, clock_mono_us() - began);
        METRIC_ADD(db_writes_total, (int64_t)w->live);
        METRIC_ADD(db_commits_total, w->live > 0);
        return;
    }
    roll_back(w->c);
    w->c->tx.hooks_n = 0;
    fail_all(calls, n, &e);
    METRIC_ADD(db_errors_total, (int64_t)w->live);
    log_msg(LOG_ERROR, "db.commit", "%s", e.msg);
}

static void run_alone(sq_writer *w, sq_call *k) {
    err e;
    k->ok = begin(w, &e);
    if (!k->ok) {
        *k->e = e;
    } else if (run_call(w, k)) {
        commit(w, &k, 1);
        db_run_hooks(&w->c->tx);
    }
}

// A step of shrinking has no place in a transaction: it is done after the group.
static bool is_shrink(const sq_call *k) {
    return !k->fn;
}

// I4: the call at `bad` took the transaction with it.
static void run_others_alone(sq_writer *w, size_t bad) {
    for (size_t i = 0; i < w->n; i++) {
        sq_call *k = w->group[i];
        // Those that failed by themselves have their answer; those behind `bad` have not run.
        if (i != bad && !is_shrink(k) && (k->ok || i > bad)) run_alone(w, k);
    }
}

// Moves calls from the queue to the end of the group.
static size_t take(sq_writer *w) {
    size_t before = w->n;
    while (w->head && w->n < GROUP_CALLS) {
        w->group[w->n++] = w->head;
        w->head = w->head->next;
    }
    if (!w->head) w->tail = &w->head;
    return w->n - before;
}

// Those that arrived since, when the group may still grow.
static bool take_more(sq_writer *w, int64_t since) {
    if (w->c->bytes > GROUP_BYTES || clock_mono_us() - since > GROUP_US) return false;
    pthread_mutex_lock(&w->m);
    bool some = take(w) > 0;
    pthread_mutex_unlock(&w->m);
    return some;
}

static void run_group(sq_writer *w) {
    int64_t since = clock_mono_us();
    err e;
    w->c->bytes = 0;
    bool open = begin(w, &e);
    size_t i = 0;
    do {
        for (; i < w->n; i++) {
            sq_call *k = w->group[i];
            if (is_shrink(k)) continue;
            if (!open)
                *k->e = e;
            else if (!run_call(w, k)) {
                run_others_alone(w, i);
                return;
            }
        }
    } while (open && take_more(w, since));
    if (open) commit(w, w->group, w->n);
}

static void run_shrinks(sq_writer *w) {
    for (size_t i = 0; i < w->n; i++) {
        sq_call *k = w->group[i];
        if (!is_shrink(k)) continue;
        bool more = false;
        db_tx_begin(&w->c->tx, DB_MODE_WRITE);
        k->ok = sq_tend_shrink(&w->tend, &more, k->e) && more;
    }
}

static void wake_all(sq_writer *w) {
    for (size_t i = 0; i < w->n; i++) {
        _Atomic uint32_t *done = &w->group[i]->done;
        atomic_store_explicit(done, 1, memory_order_release);
        futex_wake(done); // I1
    }
    w->n = 0;
}

// ---- the thread ----

// One piece of what is done when idle; false when nothing is left.
static bool tend(sq_writer *w) {
    if (w->c->sync_failed) return false;
    pthread_mutex_unlock(&w->m);
    db_tx_begin(&w->c->tx, DB_MODE_WRITE);
    bool more = sq_tend_idle(&w->tend);
    pthread_mutex_lock(&w->m);
    return more;
}

// Fills the group; false when the server stops and nothing is queued.
static bool next_group(sq_writer *w) {
    int64_t wait = IDLE_US;
    pthread_mutex_lock(&w->m);
    while (!w->head && !w->stop) {
        w->sleeping = true;
        bool woken = thread_cond_wait_us(&w->queued, &w->m, wait);
        w->sleeping = false;
        if (!woken && !w->head && !w->stop) wait = tend(w) ? 0 : IDLE_US;
    }
    bool some = take(w) > 0;
    pthread_mutex_unlock(&w->m);
    return some;
}

static void *writer_main(void *arg) {
    sq_writer *w = arg;
    while (next_group(w)) {
        run_group(w);
        run_shrinks(w);
        db_run_hooks(&w->c->tx); // first: a caller that is awake may free what they use
        wake_all(w);
        arena_reset(w->c->tx.a);
        if (!w->c->sync_failed) sq_tend_after_group(&w->tend);
    }
    return NULL;
}

sq_writer *sq_writer_start(sqlite_db *d, err *e) {
    sq_conn *c = sq_conn_open(d, SQ_WRITER, e);
    if (!c) return NULL;
    sq_writer *w = mem_alloc(sizeof *w);
    w->c = c;
    w->wait_us = d->wait_us;
    w->tail = &w->head;
    pthread_mutex_init(&w->m, NULL);
    thread_cond_init(&w->queued);
    sq_tend_start(&w->tend, c);
    thread_start(&w->thread, "db writer", 1 << 20, true, writer_main, w);
    return w;
}

void sq_writer_stop(sq_writer *w) {
    pthread_mutex_lock(&w->m);
    w->stop = true;
    pthread_cond_signal(&w->queued);
    pthread_mutex_unlock(&w->m);
    pthread_join(w->thread, NULL);
    sq_tend_stop(&w->tend);
    sq_conn_close(w->c);
    pthread_mutex_destroy(&w->m);
    pthread_cond_destroy(&w->queued);
    free(w);
}
