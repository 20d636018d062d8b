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
// numbers what it finds committed. Reading is in event_read.c, checking in event_check.c. Any
// thread.
#include "core/event.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/event_internal.h"
#include "core/once.h"

#define EVENT_MAX_SIZE (1u << 20)

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

// Kinds whose object is a version, "bot/7", something of it, or a ref, "bot@prod".
static const bool of_part[EVENT_COUNT_] = {
    [EVENT_version_created] = true,   [EVENT_version_staged] = true,
    [EVENT_version_deleted] = true,   [EVENT_ref_moved] = true,
    [EVENT_version_marked] = true,    [EVENT_version_unmarked] = true,
    [EVENT_protection_set] = true,    [EVENT_protection_removed] = true,
    [EVENT_version_approved] = true,  [EVENT_approval_withdrawn] = true,
    [EVENT_rule_set] = true,          [EVENT_rule_removed] = true,
    [EVENT_version_evaluated] = true, [EVENT_evaluation_withdrawn] = true,
    [EVENT_version_edited] = true,
};

// The thing that an event is of, whatever part of it was touched: the repo "bot" of these.
static str subject_of(event_kind kind, str object) {
    size_t slash = str_find(object, '/', 0), at = str_find(object, '@', 0);
    return of_part[kind] ? str_upto(object, slash < at ? slash : at) : object;
}

static bool insert_event(db_tx *tx, int64_t ws, id event_id, const event *v,
                         sha256 payload_digest, const event_head *h, err *e) {
    return db_push(tx, &Q_event_insert, e, DB_I64(ws), DB_ID(event_id),
                   DB_MAYBE_I64(h, h ? h->number : 0), DB_I64(v->time_us), DB_I64(v->kind),
                   DB_MAYBE_I64(v->project != EVENT_NO_PROJECT, v->project), DB_TEXT(v->user),
                   DB_I64(v->proven), DB_TEXT(v->object), DB_MAYBE_TEXT(v->payload),
                   DB_ID(payload_digest),
                   h ? DB_BLOB(str_n(h->chain.b, sizeof h->chain)) : DB_NULL,
                   DB_TEXT(subject_of(v->kind, v->object)));
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

bool event_add_server(db_tx *tx, const ctx *c, event_kind kind, str object, str payload,
                      err *e) {
    ctx at_default = *c;
    at_default.ws = WORKSPACE_DEFAULT;
    return event_add(tx, &at_default, kind, EVENT_NO_PROJECT, object, payload, e);
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
