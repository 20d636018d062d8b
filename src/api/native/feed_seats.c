// SPDX-License-Identifier: Apache-2.0
// feed_seats: streams do not outlive what their token allows. What takes that away is an event
// (a token revoked, a user disabled, a role set), in the log of the default workspace or in
// that of the stream's own; so the feed's thread looks at what came in those logs, each event
// once, and asks about the streams of who is named there. A stream that came just now is asked
// about once too: what let it in was read a moment before. So one that waits costs nothing.
// Only the feed's thread.
#include "api/native/feed_internal.h"
#include "base/clock.h"

#include <stdlib.h>

#define EVERY_US 500000
#define KINDS                                                                                  \
    (UINT64_C(1) << EVENT_user_created | UINT64_C(1) << EVENT_user_disabled |                  \
     UINT64_C(1) << EVENT_token_revoked | UINT64_C(1) << EVENT_role_set)
enum { PAGE = 64 };

// ---- who is in doubt ------------------------------------------------------------------------

// Those of a user in a workspace (the default one tells of all), or those who came while the
// server was open to anybody.
static void doubt(native_feed *f, int64_t ws, const id *user) {
    pthread_mutex_lock(&f->lock);
    for (follower *x = f->all; x; x = x->next) {
        bool named = user ? id_eq(x->seat.user, *user) : x->seat.anybody;
        x->doubted |= named && (ws == WORKSPACE_DEFAULT || x->at.ws == ws);
    }
    pthread_mutex_unlock(&f->lock);
}

static bool take_event(native_feed *f, ctx *c, const event *v, err *e) {
    user_account u;
    if (v->kind == EVENT_user_created) {
        doubt(f, c->ws, NULL);
        return true;
    }
    if (user_get(c, v->object, &u, e))
        doubt(f, c->ws, &u.id);
    else if (e->code == ERR_NOT_FOUND) // of a log that was imported: users stayed behind
        *e = (err){0};
    return e->code == ERR_NONE;
}

// What came in a log behind what was looked at.
static bool look_behind(native_feed *f, feed_log *log, err *e) {
    event_list list;
    do {
        arena_reset(f->a);
        ctx c = {.core = f->core, .a = f->a, .ws = log->ws};
        event_query q = {.kinds = KINDS, .after = log->number, .max = PAGE};
        if (!event_page(&c, &q, &list, e)) return false;
        for (size_t i = 0; i < list.n; i++)
            if (!take_event(f, &c, &list.v[i], e)) return false;
        if (list.more) log->number = list.next;
    } while (list.more);
    return true;
}

static feed_log *log_of(native_feed *f, int64_t ws) {
    for (size_t i = 0; i < f->n_logs; i++)
        if (f->logs[i].ws == ws) return &f->logs[i];
    return NULL;
}

// A log that was not looked at begins now: whoever follows it is new, and in doubt anyway.
static bool look_at(native_feed *f, int64_t ws, err *e) {
    int64_t last;
    feed_log *log = log_of(f, ws);
    arena_reset(f->a);
    ctx c = {.core = f->core, .a = f->a, .ws = ws};
    if (!event_last(&c, &last, e)) return false;
    if (!log) {
        f->logs = mem_realloc(f->logs, (f->n_logs + 1) * sizeof *f->logs);
        log = &f->logs[f->n_logs++];
        *log = (feed_log){.ws = ws, .number = last};
    }
    log->followed = true;
    if (log->number < last && !look_behind(f, log, e)) return false;
    log->number = last;
    return true;
}

static bool look(native_feed *f, err *e) {
    size_t kept = 0;
    for (size_t i = 0; i < f->n_logs; i++)
        f->logs[i].followed = false;
    if (!look_at(f, WORKSPACE_DEFAULT, e)) return false;
    for (int64_t ws = INT64_MIN; feed_next_followed(f, &ws);)
        if (ws != WORKSPACE_DEFAULT && !look_at(f, ws, e)) return false;
    for (size_t i = 0; i < f->n_logs; i++)
        if (f->logs[i].followed) f->logs[kept++] = f->logs[i];
    f->n_logs = kept;
    return true;
}

// ---- who goes -------------------------------------------------------------------------------

// One that is in doubt, or has expired by itself.
static bool next_in_doubt(native_feed *f, api_seat *out) {
    int64_t now = clock_now_us();
    bool found = false;
    pthread_mutex_lock(&f->lock);
    for (follower *x = f->all; x && !found; x = x->next) {
        found = x->doubted || (x->seat.expires_us && x->seat.expires_us <= now);
        if (found) *out = x->seat;
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

static bool same_seat(const api_seat *a, const api_seat *b) {
    return a->ws == b->ws && a->anybody == b->anybody && id_eq(a->user, b->user) &&
           id_eq(a->token, b->token);
}

// All who sit there alike stay, or go.
static void settle(native_feed *f, const api_seat *s, bool holds) {
    pthread_mutex_lock(&f->lock);
    for (follower *x = f->all; x; x = x->next) {
        if (!same_seat(&x->seat, s)) continue;
        x->doubted = false;
        x->seat.expires_us = holds ? x->seat.expires_us : 0; // it is asked about no more
        if (!holds) http_stream_end(x->stream);
    }
    pthread_mutex_unlock(&f->lock);
}

bool feed_seats(native_feed *f, err *e) {
    int64_t now = clock_mono_us();
    if (!atomic_load(&f->n) || now < f->seats_us) return true;
    if (!look(f, e)) return false;
    for (api_seat s; next_in_doubt(f, &s);) {
        bool holds;
        if (!api_seat_holds(f->core, &s, &holds, e)) return false;
        settle(f, &s, holds);
    }
    f->seats_us = now + EVERY_US;
    return true;
}
