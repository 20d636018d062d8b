// SPDX-License-Identifier: Apache-2.0
// feed: see feed.h. `lock` guards the list of followers and their cursors; it is held while
// bytes are given to a group (which never waits for a peer), and never while the database is
// read. Lock order: feed, then the server's streams. `ready` and `closed` come from the
// server's thread, native_feed_follow from workers, `wake` from whoever sealed events (SQLite:
// its writer), which is why the condition has a lock of its own.
#include "api/native/feed_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <stdlib.h>

enum {
    POLL_US = 50000,   // PostgreSQL, while somebody follows
    LEAST_US = 10000,  // between two passes: events that come at once go out at once
    LOOK_US = 2000000, // without any hint
    RETRY_US = 500000, // after the database failed
    PAGE = 64,         // events read at once for a group
    PIECE = 16 << 10,  // bytes given at once
    GROUPS_MAX = 256,  // a pass; the others come with the next
};

static const char heartbeat[] = ": still here\n\n";

static void wake(void *arg) {
    native_feed *f = arg;
    if (!atomic_load(&f->n)) return;
    pthread_mutex_lock(&f->wake_lock);
    f->woken = true;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->wake_lock);
}

// ---- text -----------------------------------------------------------------------------------

void native_put_event(json_writer *w, const event *v) {
    json_object(w);
    json_m_i64(w, "number", v->number);
    json_m_i64(w, "time_us", v->time_us);
    json_m_string(w, "kind", str_of(event_kind_name(v->kind)));
    if (v->project != EVENT_NO_PROJECT) json_m_i64(w, "project", v->project);
    if (v->project_name.n) json_m_string(w, "project_name", v->project_name);
    json_m_string(w, "object", v->object);
    json_m_string(w, "user", v->user);
    json_m_bool(w, "proven", v->proven);
    if (v->payload.n) {
        json_key(w, STR("payload"));
        json_put(w, v->payload);
    }
    json_object_end(w);
}

// A line break in a payload can only be white space between its parts (within strings JSON
// escapes it), and would end the event's line.
static void flatten(buf *b, size_t from) {
    for (size_t i = from; i < b->n; i++) {
        if (b->p[i] == '\n' || b->p[i] == '\r') b->p[i] = ' ';
    }
}

static void add_event(buf *b, const event *v) {
    buf_printf(b, "id: %lld\nevent: %s\ndata: ", (long long)v->number,
               event_kind_name(v->kind));
    size_t from = b->n;
    json_writer w = json_writer_new(b);
    native_put_event(&w, v);
    flatten(b, from);
    buf_add(b, "\n\n", 2);
}

// ---- groups ---------------------------------------------------------------------------------

static bool same_place(const native_follow *a, const native_follow *b) {
    return a->ws == b->ws && a->has_project == b->has_project &&
           (!a->has_project || a->project == b->project) && a->after == b->after;
}

static void add_group(native_follow *groups, size_t *n, const native_follow *at) {
    for (size_t i = 0; i < *n; i++) {
        if (same_place(&groups[i], at)) return;
    }
    if (*n < GROUPS_MAX) groups[(*n)++] = *at;
}

// Where followers that can take something stand: of one workspace, at most `last`.
static size_t gather(native_feed *f, int64_t ws, int64_t last, native_follow *groups) {
    size_t n = 0;
    pthread_mutex_lock(&f->lock);
    for (const follower *x = f->all; x && n < GROUPS_MAX; x = x->next) {
        if (!x->waits && x->at.ws == ws && x->at.after < last) add_group(groups, &n, &x->at);
    }
    pthread_mutex_unlock(&f->lock);
    return n;
}

// All who stand there get the text and move on.
static void give(native_feed *f, const native_follow *to, int64_t after) {
    pthread_mutex_lock(&f->lock);
    for (follower *x = f->all; x; x = x->next) {
        if (x->waits || !same_place(&x->at, to)) continue;
        x->at.after = after;
        if (f->text.n)
            x->waits = http_stream_send(x->stream, buf_view(&f->text)) != HTTP_STREAM_SENT;
    }
    pthread_mutex_unlock(&f->lock);
}

// `last`: the workspace's last number before the page is read, so that a follower of a quiet
// project need not look at the same numbers again.
static bool serve_group(native_feed *f, const native_follow *to, int64_t last, err *e) {
    arena_reset(f->a);
    ctx c = {.core = f->core, .a = f->a, .ws = to->ws};
    event_query q = {.has_project = to->has_project,
                     .project = to->project,
                     .after = to->after,
                     .max = PAGE};
    event_list list;
    if (!event_page(&c, &q, &list, e)) return false;
    int64_t after = to->after;
    size_t i = 0;
    buf_clear(&f->text);
    for (; i < list.n && f->text.n < PIECE; i++) {
        add_event(&f->text, &list.v[i]);
        after = list.v[i].number;
    }
    if (i == list.n && !list.more && after < last) after = last;
    give(f, to, after);
    return true;
}

// Everybody of a workspace gets a page, at most; *more: somebody was behind.
static bool serve_workspace(native_feed *f, int64_t ws, bool *more, err *e) {
    native_follow groups[GROUPS_MAX];
    int64_t last;
    arena_reset(f->a);
    ctx c = {.core = f->core, .a = f->a, .ws = ws};
    if (!event_last(&c, &last, e)) return false;
    size_t n = gather(f, ws, last, groups);
    *more |= n > 0;
    for (size_t i = 0; i < n; i++) {
        if (!serve_group(f, &groups[i], last, e)) return false;
    }
    return true;
}

bool feed_next_followed(native_feed *f, int64_t *ws) {
    int64_t least = INT64_MAX;
    bool found = false;
    pthread_mutex_lock(&f->lock);
    for (const follower *x = f->all; x; x = x->next) {
        if (x->at.ws > *ws && x->at.ws <= least) {
            least = x->at.ws;
            found = true;
        }
    }
    pthread_mutex_unlock(&f->lock);
    *ws = least;
    return found;
}

static bool serve_all(native_feed *f, bool *more, err *e) {
    int64_t ws = INT64_MIN;
    *more = false;
    while (feed_next_followed(f, &ws)) {
        if (!serve_workspace(f, ws, more, e)) return false;
    }
    return true;
}

// ---- the thread -----------------------------------------------------------------------------

// Waits `us`, or until it is woken; false: stop.
static bool wait_us(native_feed *f, int64_t us, bool for_news) {
    int64_t until = clock_mono_us() + us;
    pthread_mutex_lock(&f->wake_lock);
    while (!f->stop && !(for_news && f->woken)) {
        int64_t left = until - clock_mono_us();
        if (left <= 0) break;
        thread_cond_wait_us(&f->wake, &f->wake_lock, left);
    }
    if (for_news) f->woken = false;
    bool go_on = !f->stop;
    pthread_mutex_unlock(&f->wake_lock);
    return go_on;
}

static bool wait_for_news(native_feed *f) {
    bool polls = db_engine_of(core_db(f->core)) == DB_POSTGRES && atomic_load(&f->n);
    return wait_us(f, feed_moved_wait(f, polls ? POLL_US : LOOK_US), true);
}

static void *feed_main(void *arg) {
    native_feed *f = arg;
    while (wait_for_news(f)) {
        bool more = true, ok = true;
        err e = {0};
        while (more && ok && wait_us(f, 0, false))
            ok = serve_all(f, &more, &e);
        ok = ok && feed_seats(f, &e) && feed_moved(f, &e);
        if (!ok) log_msg(LOG_WARN, "events.stream", "%s; streams wait, nothing is lost", e.msg);
        if (!wait_us(f, ok ? LEAST_US : RETRY_US, false)) break;
    }
    return NULL;
}

native_feed *native_feed_start(core *c) {
    native_feed *f = mem_alloc(sizeof *f);
    f->core = c;
    f->a = arena_new();
    f->text = BUF_MAX(PIECE + 16 * EVENT_PAYLOAD_MAX); // an event is far below the second part
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_init(&f->wake_lock, NULL);
    thread_cond_init(&f->wake);
    thread_start(&f->thread, "events", 0, true, feed_main, f);
    event_listen(c, wake, f);
    return f;
}

void native_feed_stop(native_feed *f) {
    if (!f) return;
    event_listen(f->core, NULL, NULL);
    pthread_mutex_lock(&f->wake_lock);
    f->stop = true;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->wake_lock);
    pthread_join(f->thread, NULL);
    BUG_ON(f->all);
    feed_moved_end(f);
    free(f->logs);
    buf_free(&f->text);
    arena_free(f->a);
    pthread_mutex_destroy(&f->lock);
    pthread_mutex_destroy(&f->wake_lock);
    pthread_cond_destroy(&f->wake);
    free(f);
}

// ---- followers ------------------------------------------------------------------------------

static void on_ready(void *arg) {
    follower *x = arg;
    pthread_mutex_lock(&x->f->lock);
    x->waits = false;
    pthread_mutex_unlock(&x->f->lock);
    wake(x->f);
}

// Under the lock.
static void count(native_feed *f, const follower *x, int by) {
    atomic_fetch_add(&f->n, by);
    if (!x->at.moved) return;
    atomic_fetch_add(&f->n_moved, by);
    f->regroup = true;
}

static void on_closed(void *arg) {
    follower *x = arg;
    native_feed *f = x->f;
    pthread_mutex_lock(&f->lock);
    if (x->prev)
        x->prev->next = x->next;
    else
        f->all = x->next;
    if (x->next) x->next->prev = x->prev;
    count(f, x, -1);
    pthread_mutex_unlock(&f->lock);
    free(x->at.runs);
    free(x);
}

bool native_feed_follow(native_feed *f, http_req *r, const native_follow *what, err *e) {
    follower *x = mem_alloc(sizeof *x);
    *x =
        (follower){.f = f, .at = *what, .seat = api_seat_of(r), .doubted = true, .waits = true};
    http_stream_events on = {.ready = on_ready, .closed = on_closed, .arg = x};
    http_set_header(r, "Cache-Control", STR("no-store"));
    http_set_header(r, "X-Accel-Buffering", STR("no")); // proxies shall pass events on at once
    x->stream = http_reply_stream(r, "text/event-stream", STR(heartbeat), &on, e);
    if (!x->stream) {
        free(x);
        return false;
    }
    feed_moved_only(&x->at);
    // An id without data: who is cut off before the first event still knows where it stood.
    http_stream_send(x->stream, arena_printf(http_arena(r), "retry: 1000\nid: %lld\n\n",
                                             (long long)what->after));
    pthread_mutex_lock(&f->lock);
    x->next = f->all;
    if (f->all) f->all->prev = x;
    f->all = x;
    count(f, x, 1);
    pthread_mutex_unlock(&f->lock);
    return true;
}
