// SPDX-License-Identifier: Apache-2.0
// events: the log by pages, and live. Any thread.
#include "api/native/feed.h"
#include "api/native/native_internal.h"
#include "base/clock.h"
#include "base/when.h"

#define KIND_NAME(name, doc) {#name, EVENT_##name},
static const msg_name kinds[] = {EVENT_TABLE(KIND_NAME){NULL, 0}};
#undef KIND_NAME

SHAPE(static, event_shape, "Event",
      FIELD("number", SHAPE_INT, 0,
            "its place in the workspace's log: 1, 2, 3 ... without gaps; a cursor"),
      FIELD("time_us", SHAPE_INT, 0, "when it happened"),
      FIELD("kind", SHAPE_ENUM, 0, "what happened", .names = kinds),
      FIELD("project", SHAPE_INT, SHAPE_OPTIONAL, "of what was touched; absent: of none"),
      FIELD("project_name", SHAPE_TEXT, SHAPE_OPTIONAL,
            "its name now; absent: it is not there any more"),
      FIELD("object", SHAPE_TEXT, 0, "the id or number of what was touched, or its path"),
      FIELD("user", SHAPE_TEXT, 0, "who did it"),
      FIELD("proven", SHAPE_BOOL, 0, "by a token; else the user only said so"),
      FIELD("payload", SHAPE_ANY, SHAPE_OPTIONAL, "more about it"));

SHAPE(static, events_shape, "Events",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "events in the order asked for",
            .sub = &event_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

// ---- pages ----------------------------------------------------------------------------------

enum { ORDER_OLDEST = 1, ORDER_NEWEST };
static const msg_name orders[] = {
    {"oldest", ORDER_OLDEST}, {"newest", ORDER_NEWEST}, {NULL, 0}};

struct list {
    uint64_t has;
    str project, subject, user, since, until;
    msg_list kind;
    int64_t after, limit, order;
};
static const msg_field list_fields[] = {
    MSG_FIELD(struct list, project, MSG_STRING, MSG_NUMBER_OK,
              .doc = "only events of this project, by number or name"),
    MSG_FIELD(struct list, subject, MSG_STRING, 0, .max = 2000,
              .doc =
                  "only events of this thing: a run by its id, a repo (with its versions and "
                  "refs) by its name"),
    MSG_FIELD(struct list, user, MSG_STRING, 0, .max = 250, .doc = "only what this user did"),
    MSG_FIELD(struct list, kind, MSG_STRINGS, 0, .max = EVENT_COUNT_,
              .doc = "only events of these kinds"),
    MSG_FIELD(struct list, since, MSG_STRING, 0, .max = 100,
              .doc = "only what happened then or later: a date, a time as RFC 3339 writes it, "
                     "`yesterday`, `3 days ago`"),
    MSG_FIELD(struct list, until, MSG_STRING, 0, .max = 100,
              .doc = "only what happened up to then; a day or a minute with all that is in it"),
    MSG_FIELD(struct list, order, MSG_ENUM, 0, .names = orders,
              .doc = "which come first: oldest (default) or newest"),
    MSG_FIELD(struct list, after, MSG_INT64, 0,
              .doc =
                  "the number of an event, such as the cursor `next` of the page before: only "
                  "events behind it in that order, newer ones or (newest first) older ones"),
    MSG_FIELD(struct list, limit, MSG_INT32, 0,
              .doc = "items of a page, 100 by default; one with few matches may be shorter and "
                     "have a `next`"),
};
static const msg_type list_msg = MSG_TYPE(struct list, list_fields);

static bool take_kinds(const struct list *q, uint64_t *out, err *e) {
    for (size_t i = 0; i < q->kind.n; i++) {
        str text = *MSG_AT(str, q->kind, i);
        const msg_name *k = msg_name_find(kinds, text);
        if (!k)
            return err_set(e, ERR_INVALID, "'%.*s' is no kind of event",
                           STR_F(str_upto_code_points(text, 100)));
        *out |= (uint64_t)1 << k->value;
    }
    return true;
}

// Of a span, such as a day, its beginning or its end.
static bool take_time(str text, const char *what, bool end, bool *has, int64_t *us, err *e) {
    when_span span;
    *has = text.n > 0;
    if (!*has) return true;
    if (!when_read(text, clock_now_us(), &span))
        return err_set(e, ERR_INVALID,
                       "'%s' can not be read: write 2026-11-01, 2026-11-01T12:30:00Z, "
                       "yesterday or '3 days ago'",
                       what);
    *us = (end ? span.to_ms : span.from_ms) * 1000;
    return true;
}

static bool take_query(call *k, const struct list *q, event_query *s, err *e) {
    *s = (event_query){.has_project = q->project.n > 0,
                       .subject = q->subject,
                       .user = q->user,
                       .newest = q->order == ORDER_NEWEST,
                       .after = q->after};
    if (s->newest && !msg_has(&list_msg, q, "after")) s->after = INT64_MAX;
    return native_limit(msg_has(&list_msg, q, "limit"), q->limit, &s->max, e) &&
           take_kinds(q, &s->kinds, e) &&
           take_time(q->since, "since", false, &s->has_since, &s->since_us, e) &&
           take_time(q->until, "until", true, &s->has_until, &s->until_us, e) &&
           (!s->has_project || native_project_named(k, q->project, &s->project, e));
}

static bool list(call *k, void *msg, err *e) {
    event_query s;
    event_list page;
    if (!take_query(k, msg, &s, e) || !event_page(&k->c, &s, &page, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < page.n; i++)
        native_put_event(w, &page.v[i]);
    str next = {0};
    if (page.more) next = arena_printf(k->c.a, "%lld", (long long)page.next);
    native_list_end(w, next);
    return true;
}
const rpc native_events_list = {.msg = &list_msg, .fn = list, .reply = &events_shape};

// ---- live -----------------------------------------------------------------------------------

#define FOLLOW_RUNS_MAX 100
#define RECENT_MS_MAX   60000

struct follow {
    uint64_t has;
    str project;
    int64_t after, recent;
    bool moved;
    msg_list run;
};
static const msg_field follow_fields[] = {
    MSG_FIELD(struct follow, project, MSG_STRING, MSG_NUMBER_OK,
              .doc = "only events of this project, by number or name"),
    MSG_FIELD(
        struct follow, after, MSG_INT64, 0,
        .doc =
            "begin behind this number; the header Last-Event-ID wins; without all three: now"),
    MSG_FIELD(struct follow, recent, MSG_INT32, 0,
              .doc =
                  "begin with what happened in the last so many milliseconds (60,000 at most), "
                  "such as since a page was first read; `after` wins"),
    MSG_FIELD(struct follow, moved, MSG_BOOL, 0,
              .doc = "with `project`: also send `moved`, hints without a number, when runs of "
                     "the project change: {project, runs: ids, or all: true}"),
    MSG_FIELD(struct follow, run, MSG_STRINGS, 0, .max = FOLLOW_RUNS_MAX,
              .doc = "with `moved`: hints about these runs only"),
};
static const msg_type follow_msg = MSG_TYPE(struct follow, follow_fields);
const native_stream native_events_stream_io = {.gives = "text/event-stream",
                                               .query = &follow_msg};

static bool start_asked(call *k, const struct follow *q, int64_t last, int64_t *after, err *e) {
    *after = msg_has(&follow_msg, q, "after") ? q->after : last;
    if (!q->recent || msg_has(&follow_msg, q, "after")) return true;
    if (q->recent < 0 || q->recent > RECENT_MS_MAX)
        return err_set(e, ERR_INVALID, "'recent' is a number of milliseconds up to %d",
                       RECENT_MS_MAX);
    bool ok = event_before(&k->c, clock_now_us() - q->recent * 1000, after, e);
    if (*after > last) *after = last; // events that came since
    return ok;
}

// A browser that reconnects sends the number that it saw last.
static bool start_of(call *k, const struct follow *q, int64_t *after, err *e) {
    str seen = http_header(k->r, "last-event-id");
    int64_t last;
    if (!event_last(&k->c, &last, e) || !start_asked(k, q, last, after, e)) return false;
    if (seen.n && !str_to_i64(str_trim(seen), after))
        return err_set(e, ERR_INVALID, "Last-Event-ID is the number of an event");
    if (*after >= 0 && *after <= last) return true;
    return err_set(e, ERR_INVALID,
                   "there is no event %lld to begin behind: the last one is %lld",
                   (long long)*after, (long long)last);
}

static bool wants_moved(call *k, const struct follow *q, native_follow *at, err *e) {
    at->moved = q->moved;
    at->n_runs = q->run.n;
    at->runs = ARENA_ARRAY(k->c.a, id, q->run.n);
    for (size_t i = 0; i < q->run.n; i++) {
        if (!native_run_id(*MSG_AT(str, q->run, i), &at->runs[i], e)) return false;
    }
    if (at->moved && !at->has_project)
        return err_set(e, ERR_INVALID, "'moved' needs a 'project' to look at");
    if (at->n_runs && !at->moved)
        return err_set(e, ERR_INVALID, "'run' chooses hints, which 'moved' asks for");
    return true;
}

static bool follow(call *k, native_feed *feed, err *e) {
    struct follow q;
    native_follow at = {.ws = k->c.ws};
    if (!feed) return err_set(e, ERR_UNIMPLEMENTED, "this server has no streams of events");
    if (!native_query(k->r, &follow_msg, &q, e) || !start_of(k, &q, &at.after, e)) return false;
    at.has_project = q.project.n > 0;
    if (at.has_project && !native_project_named(k, q.project, &at.project, e)) return false;
    if (!wants_moved(k, &q, &at, e)) return false;
    if (http_is_head(k->r)) {
        http_reply(k->r, 200, "text/event-stream", (str){0});
        return true;
    }
    return native_feed_follow(feed, k->r, &at, e);
}

void native_events_stream(http_req *r) {
    const api *app = http_app(r);
    call k = {.r = r, .c = api_ctx(r)};
    err e = {0};
    if (!follow(&k, app->feed, &e)) http_fail(r, &e);
}
