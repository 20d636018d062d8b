// SPDX-License-Identifier: Apache-2.0
// event_read: pages of the log. Number, project and subject have an index; what else a query
// asks for is looked at row by row, a bounded number of them a page. Numbers rise with time,
// but for events that were committed in another order than they happened (event.c): times are
// found by halving the numbers, with SLACK_US to each side, and each event is compared. Any
// thread.
#include "core/event_internal.h"

#define PAGE_BYTES (1u << 20) // of one read
#define LOOKED_AT  5000       // rows of a page that a filter may pass over
#define SLACK_US   ((int64_t)3600 * 1000000)

// Until events were made with their subject, it was cut off their object: the name before the
// last '/' of a version and before the '@' of a ref.
const char event_subject_schema[] =
    "ALTER TABLE event ADD COLUMN subject {text};\n"
    "UPDATE event SET subject = CASE"
    " WHEN kind IN (26, 27, 28, 30, 31) THEN rtrim(rtrim(object, '0123456789'), '/')"
    " WHEN kind = 29 THEN rtrim(rtrim(object, replace(object, '@', '')), '@')"
    " ELSE object END;\n"
    "CREATE INDEX event_by_subject ON event (ws, subject, number)";

typedef struct event_reading {
    int64_t ws;
    event_query q;
    arena *a;
    event_list out;
} event_reading;

// ---- times ----------------------------------------------------------------------------------

static bool time_of(db_tx *tx, int64_t ws, int64_t number, int64_t *us, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_event_time, &row, e, DB_I64(ws), DB_I64(number));
    *us = found > 0 ? db_i64(row, 0) : INT64_MIN; // one that is missing is for the check
    return found >= 0;
}

// The last number whose event, and those before it, happened before a time.
static bool number_before(db_tx *tx, int64_t ws, int64_t us, int64_t *out, err *e) {
    event_head h;
    int64_t low = 0, at;
    if (!event_head_read(tx, ws, &h, e)) return false;
    for (int64_t high = h.number; low < high;) {
        int64_t middle = low + (high - low + 1) / 2;
        if (!time_of(tx, ws, middle, &at, e)) return false;
        if (at < us)
            low = middle;
        else
            high = middle - 1;
    }
    *out = low;
    return true;
}

typedef struct before_call {
    int64_t ws, us, *number;
} before_call;

static bool read_before(db_tx *tx, void *arg, err *e) {
    before_call *k = arg;
    return number_before(tx, k->ws, k->us, k->number, e);
}

bool event_before(ctx *c, int64_t us, int64_t *number, err *e) {
    before_call k = {.ws = c->ws, .us = us, .number = number};
    return db_read(core_db(c->core), read_before, &k, e);
}

// Moves the page's beginning to where the asked times begin, as seen in its order.
static bool seek_time(db_tx *tx, event_reading *r, err *e) {
    event_query *q = &r->q;
    int64_t number;
    if (q->newest) {
        if (!q->has_until) return true;
        if (!number_before(tx, r->ws, q->until_us + SLACK_US, &number, e)) return false;
        if (number + 1 < q->after) q->after = number + 1;
    } else if (q->has_since) {
        if (!number_before(tx, r->ws, q->since_us - SLACK_US, &number, e)) return false;
        if (number > q->after) q->after = number;
    }
    return true;
}

static bool past_time(const event_query *q, int64_t us) {
    return q->newest ? q->has_since && us < q->since_us - SLACK_US
                     : q->has_until && us >= q->until_us + SLACK_US;
}

// ---- rows -----------------------------------------------------------------------------------

static bool filters(const event_query *q) {
    return q->user.p || q->kinds || q->has_since || q->has_until ||
           (q->has_project && q->subject.n);
}

static db_rows *select_events(db_tx *tx, const event_reading *r, size_t most, err *e) {
    const event_query *q = &r->q;
    db_arg ws = DB_I64(r->ws), after = DB_I64(q->after), rows = DB_I64((int64_t)most);
    if (q->subject.n)
        return db_select(tx,
                         q->newest ? &Q_event_page_of_subject_newest : &Q_event_page_of_subject,
                         e, ws, after, rows, DB_TEXT(q->subject));
    if (q->has_project)
        return db_select(tx,
                         q->newest ? &Q_event_page_of_project_newest : &Q_event_page_of_project,
                         e, ws, after, rows, DB_I64(q->project));
    return db_select(tx, q->newest ? &Q_event_page_newest : &Q_event_page, e, ws, after, rows);
}

static event event_of_row(db_rows *row, arena *a) {
    str payload = db_text(row, 7);
    return (event){.number = db_i64(row, 0),
                   .time_us = db_i64(row, 1),
                   .kind = (event_kind)db_i64(row, 2),
                   .project = db_is_null(row, 3) ? EVENT_NO_PROJECT : db_i64(row, 3),
                   .project_name = arena_str(a, db_text(row, 8)),
                   .user = arena_str(a, db_text(row, 4)),
                   .proven = db_i64(row, 5) != 0,
                   .object = arena_str(a, db_text(row, 6)),
                   .payload = payload.p ? arena_str(a, payload) : (str){0}};
}

static bool wanted(const event_query *q, db_rows *row) {
    int64_t us = db_i64(row, 1), kind = db_i64(row, 2);
    if (q->has_since && us < q->since_us) return false;
    if (q->has_until && us >= q->until_us) return false;
    if (q->kinds && (kind < 0 || kind > 63 || !(q->kinds >> kind & 1))) return false;
    if (q->has_project && (db_is_null(row, 3) || db_i64(row, 3) != q->project)) return false;
    return !q->user.p || str_eq(db_text(row, 4), q->user);
}

// The rows of one SELECT of at most `most`, until the page is full.
static void take_rows(event_reading *r, db_rows *rows, size_t most, err *e) {
    event_list *out = &r->out;
    size_t bytes = 0, looked_at = 0;
    while (db_next(rows, e)) {
        if (past_time(&r->q, db_i64(rows, 1))) return;
        out->more = ++looked_at == most || out->n == r->q.max || bytes > PAGE_BYTES;
        if (out->more) return;
        out->next = db_i64(rows, 0);
        if (!wanted(&r->q, rows)) continue;
        event *v = &out->v[out->n++];
        *v = event_of_row(rows, r->a);
        bytes += v->user.n + v->object.n + v->payload.n;
    }
}

static bool read_events(db_tx *tx, void *arg, err *e) {
    event_reading *r = arg;
    r->out = (event_list){.v = ARENA_ARRAY(r->a, event, r->q.max)};
    if (!seek_time(tx, r, e)) return false;
    r->out.next = r->q.after;
    size_t most = 1 + (filters(&r->q) && r->q.max < LOOKED_AT ? LOOKED_AT : r->q.max);
    db_rows *rows = select_events(tx, r, most, e);
    if (!rows) return false;
    take_rows(r, rows, most, e);
    db_end(rows);
    return e->code == ERR_NONE;
}

bool event_page(ctx *c, const event_query *q, event_list *out, err *e) {
    event_reading r = {.ws = c->ws, .q = *q, .a = c->a};
    if (!db_read(core_db(c->core), read_events, &r, e)) return false;
    *out = r.out;
    return true;
}
