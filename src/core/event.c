// SPDX-License-Identifier: Apache-2.0
// event: the append-only log.
//
// I1. An event is inserted in the transaction of what it tells of: both are there or neither.
// I2. Sealed events of a workspace are numbered 1, 2, 3 ... without gaps; event_head is the
//     last number and chain.
// I3. chain(n) = SHA-256(chain(n-1) | number | time | kind | proven | project | user | object |
//     SHA-256(payload)); a project is 8 bytes behind the byte 1, none the byte 0; each text has
//     its length in front; chain(0) is 32 zero bytes.
// SQLite has one writer, so event_add seals at once; on PostgreSQL ids are not in the order of
// commits, so event_add leaves a row in event_pending and the leased sealer (event_seal.c)
// numbers what it finds committed. Any thread.
#include "core/event.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/event_internal.h"
#include "core/once.h"

#define EVENT_MAX_SIZE (1u << 20)
#define PAGE_BYTES     (1u << 20) // of one read

const char *event_kind_name(event_kind kind) {
#define NAME(name, doc) [EVENT_##name] = #name,
    static const char *const names[] = {EVENT_TABLE(NAME)};
#undef NAME
    bool known = kind > EVENT_NONE_ && kind < EVENT_COUNT_;
    return known ? names[kind] : "unknown";
}

// ---- payloads -------------------------------------------------------------------------------

str event_payload(arena *a, const kv *pairs, size_t n) {
    buf b = BUF_MAX(EVENT_PAYLOAD_MAX);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    for (size_t i = 0; i < n; i++) {
        json_key(&w, pairs[i].key);
        json_string(&w, pairs[i].value);
    }
    json_object_end(&w);
    str text = arena_str(a, buf_view(&b));
    buf_free(&b);
    return text;
}

// ---- the head -------------------------------------------------------------------------------

bool event_head_read(db_tx *tx, int64_t ws, event_head *h, err *e) {
    db_rows *row = NULL;
    *h = (event_head){0};
    int found = db_get(tx, &Q_event_head_get, &row, e, DB_I64(ws));
    if (found > 0) {
        h->number = db_i64(row, 0);
        if (!sha256_copy(db_blob(row, 1), &h->chain))
            return err_set(e, ERR_CORRUPT, "the head of the event log is damaged");
    }
    return found >= 0;
}

bool event_head_write(db_tx *tx, int64_t ws, const event_head *h, err *e) {
    return db_push(tx, &Q_event_head_set, e, DB_I64(ws), DB_I64(h->number), DB_ID(h->chain));
}

static void add_text(buf *b, str s) {
    buf_u32(b, (uint32_t)s.n);
    buf_str(b, s);
}

void event_head_advance(event_head *h, const event *v, sha256 payload_digest) {
    buf b = BUF_MAX(EVENT_MAX_SIZE);
    h->number++;
    buf_add(&b, h->chain.b, sizeof h->chain);
    buf_u64(&b, (uint64_t)h->number);
    buf_u64(&b, (uint64_t)v->time_us);
    buf_u32(&b, v->kind);
    buf_byte(&b, (char)v->proven);
    buf_byte(&b, v->project != EVENT_NO_PROJECT);
    if (v->project != EVENT_NO_PROJECT) buf_u64(&b, (uint64_t)v->project);
    add_text(&b, v->user);
    add_text(&b, v->object);
    buf_add(&b, payload_digest.b, sizeof payload_digest);
    h->chain = sha256_of(b.p, b.n);
    buf_free(&b);
}

// ---- adding ---------------------------------------------------------------------------------

static bool insert_event(db_tx *tx, int64_t ws, id event_id, const event *v,
                         sha256 payload_digest, const event_head *h, err *e) {
    return db_push(tx, &Q_event_insert, e, DB_I64(ws), DB_ID(event_id),
                   DB_MAYBE_I64(h, h ? h->number : 0), DB_I64(v->time_us), DB_I64(v->kind),
                   DB_MAYBE_I64(v->project != EVENT_NO_PROJECT, v->project), DB_TEXT(v->user),
                   DB_I64(v->proven), DB_TEXT(v->object), DB_MAYBE_TEXT(v->payload),
                   DB_ID(payload_digest),
                   h ? DB_BLOB(str_n(h->chain.b, sizeof h->chain)) : DB_NULL);
}

static void hint_added(void *arg) {
    core *c = arg;
    if (c->sealer)
        event_sealer_wake(c->sealer);
    else
        event_hint(c);
}

bool event_add(db_tx *tx, const ctx *c, event_kind kind, int64_t in_project, str object,
               str payload, err *e) {
    event v = {.time_us = clock_now_us(),
               .kind = kind,
               .project = in_project,
               .user = c->user,
               .proven = c->proven,
               .object = object,
               .payload = payload.n ? payload : (str){0}};
    if (payload.n > EVENT_PAYLOAD_MAX)
        return err_set(e, ERR_TOO_LARGE, "what an event tells is limited to %u bytes",
                       EVENT_PAYLOAD_MAX);
    if (!v.user.p) v.user = STR("");
    if (c->once && !once_created(tx, c, kind, object, e)) return false;
    id event_id = id_new();
    sha256 digest = sha256_of(payload.p, payload.n);
    db_after_commit(tx, hint_added, c->core);
    if (db_tx_engine(tx) != DB_SQLITE) {
        return insert_event(tx, c->ws, event_id, &v, digest, NULL, e) &&
               db_push(tx, &Q_event_pending_insert, e, DB_I64(c->ws), DB_ID(event_id));
    }
    event_head h;
    if (!event_head_read(tx, c->ws, &h, e)) return false;
    event_head_advance(&h, &v, digest);
    return insert_event(tx, c->ws, event_id, &v, digest, &h, e) &&
           event_head_write(tx, c->ws, &h, e);
}

// ---- who listens ----------------------------------------------------------------------------

void event_listen(core *c, void (*fn)(void *arg), void *arg) {
    pthread_mutex_lock(&c->listen_lock);
    c->listen = fn;
    c->listen_arg = arg;
    pthread_mutex_unlock(&c->listen_lock);
}

void event_hint(core *c) {
    pthread_mutex_lock(&c->listen_lock);
    if (c->listen) c->listen(c->listen_arg);
    pthread_mutex_unlock(&c->listen_lock);
}

// ---- reading and checking -------------------------------------------------------------------

typedef struct event_reading {
    int64_t ws;
    event_query q;
    arena *a;
    event_list out;
    sha256 *payload_digests, *chains;
} event_reading;

static db_rows *select_events(db_tx *tx, const event_reading *r, err *e) {
    const event_query *q = &r->q;
    if (q->has_project)
        return db_select(
            tx, q->newest ? &Q_event_page_of_project_newest : &Q_event_page_of_project, e,
            DB_I64(r->ws), DB_I64(q->after), DB_I64(q->max + 1), DB_I64(q->project));
    return db_select(tx, q->newest ? &Q_event_page_newest : &Q_event_page, e, DB_I64(r->ws),
                     DB_I64(q->after), DB_I64(q->max + 1));
}

static event event_of_row(db_rows *row, arena *a) {
    str payload = db_text(row, 7);
    return (event){.number = db_i64(row, 0),
                   .time_us = db_i64(row, 1),
                   .kind = (event_kind)db_i64(row, 2),
                   .project = db_is_null(row, 3) ? EVENT_NO_PROJECT : db_i64(row, 3),
                   .project_name = arena_str(a, db_text(row, 10)),
                   .user = arena_str(a, db_text(row, 4)),
                   .proven = db_i64(row, 5) != 0,
                   .object = arena_str(a, db_text(row, 6)),
                   .payload = payload.p ? arena_str(a, payload) : (str){0}};
}

static bool read_events(db_tx *tx, void *arg, err *e) {
    event_reading *r = arg;
    size_t bytes = 0, max = r->q.max;
    r->out = (event_list){.v = ARENA_ARRAY(r->a, event, max)};
    r->payload_digests = ARENA_ARRAY(r->a, sha256, max);
    r->chains = ARENA_ARRAY(r->a, sha256, max);
    db_rows *rows = select_events(tx, r, e);
    if (!rows) return false;
    for (size_t i = 0; db_next(rows, e); i = ++r->out.n) {
        r->out.more = i == max || bytes > PAGE_BYTES;
        if (r->out.more) break;
        event *v = &r->out.v[i];
        *v = event_of_row(rows, r->a);
        bytes += v->user.n + v->object.n + v->payload.n;
        if (!sha256_copy(db_blob(rows, 8), &r->payload_digests[i]) ||
            !sha256_copy(db_blob(rows, 9), &r->chains[i])) {
            db_end(rows);
            return err_set(e, ERR_CORRUPT, "event %lld is damaged", (long long)v->number);
        }
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool event_page(ctx *c, const event_query *q, event_list *out, err *e) {
    event_reading r = {.ws = c->ws, .q = *q, .a = c->a};
    if (!db_read(core_db(c->core), read_events, &r, e)) return false;
    *out = r.out;
    return true;
}

typedef struct last_call {
    int64_t ws;
    event_head head;
} last_call;

static bool read_last(db_tx *tx, void *arg, err *e) {
    last_call *l = arg;
    return event_head_read(tx, l->ws, &l->head, e);
}

bool event_last(ctx *c, int64_t *number, err *e) {
    last_call l = {.ws = c->ws};
    bool ok = db_read(core_db(c->core), read_last, &l, e);
    *number = l.head.number;
    return ok;
}

typedef void event_bad(void *arg, int64_t ws, int64_t number, const char *what);

static void check_event(int64_t ws, event_head *h, const event_reading *r, size_t i,
                        event_bad *bad, void *arg) {
    const event *v = &r->out.v[i];
    if (v->number != h->number + 1) bad(arg, ws, v->number, "the event before it is missing");
    h->number = v->number - 1;
    event_head_advance(h, v, r->payload_digests[i]);
    if (!sha256_eq(h->chain, r->chains[i]))
        bad(arg, ws, v->number, "its chain hash does not match");
    // An erased payload keeps its digest; one that is there must match it.
    if (v->payload.p &&
        !sha256_eq(sha256_of(v->payload.p, v->payload.n), r->payload_digests[i])) {
        bad(arg, ws, v->number, "its payload was changed");
    }
    h->chain = r->chains[i]; // one break is told once
}

static bool check_workspace(core *c, int64_t ws, event_bad *bad, void *arg, uint64_t *n,
                            err *e) {
    arena *a = arena_new();
    event_head h = {0};
    event_reading r = {.ws = ws, .q.max = 1000, .a = a};
    bool ok;
    do {
        arena_reset(a);
        ok = core_goes_on(c, e) && db_read(c->db, read_events, &r, e);
        for (size_t i = 0; ok && i < r.out.n; i++) {
            check_event(ws, &h, &r, i, bad, arg);
            r.q.after = r.out.v[i].number;
            ++*n;
        }
    } while (ok && r.out.more);
    arena_free(a);
    return ok;
}

bool event_check(core *c, event_bad *bad, void *arg, uint64_t *n, err *e) {
    int64_t ws = INT64_MIN;
    bool found = true;
    *n = 0;
    for (;;) {
        if (!core_next_workspace(c, &ws, &found, e)) return false;
        if (!found) return true;
        if (!check_workspace(c, ws, bad, arg, n, e)) return false;
    }
}
