// SPDX-License-Identifier: Apache-2.0
// feed: the live streams of events. One thread reads sealed events and gives them to everybody
// who follows: a page is read and rendered once for all who stand at the same cursor, so a
// thousand followers of one project cost one read. A follower is a cursor and a stream of the
// server (http_reply_stream); one that reads slowly is simply behind, and is fed from its own
// cursor.
//
// On SQLite the thread sleeps until this process seals something; on PostgreSQL it also asks
// the database for the last number, while somebody follows, for the events of other servers.
//
// Beside the events a stream may have hints about runs that changed (feed_moved.c). A stream
// ends when its token is revoked or expires, or its user may not read any more (feed_seats.c).
#ifndef STEMMA_API_NATIVE_FEED_H
#define STEMMA_API_NATIVE_FEED_H

#include "core/event.h"
#include "net/http.h"

typedef struct native_feed native_feed;
native_feed *native_feed_start(core *c);
void native_feed_stop(native_feed *f); // behind http_server_stop: no stream is open any more

typedef struct native_follow {
    int64_t ws;
    bool has_project;
    int64_t project;
    int64_t after; // the number behind which it begins
    bool moved;    // hints too, of has_project's runs that changed
    id *runs;      // only these; none: all
    size_t n_runs;
} native_follow;

// Replies with a stream of server-sent events. False and e: nothing was replied.
bool native_feed_follow(native_feed *f, http_req *r, const native_follow *what, err *e);

// The JSON of an event, as GET /events and the streams show it.
void native_put_event(json_writer *w, const event *v);

#endif
