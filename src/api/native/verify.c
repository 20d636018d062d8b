// SPDX-License-Identifier: Apache-2.0
// verify: is the event log's chain whole, and all of a version there? In steps: each call does
// a bounded part and says where the next goes on. Any thread; all state is the request's.
#include "api/native/repos.h"
#include "core/event.h"

#define TOLD_MAX   100 // damages that a reply names; all are counted
#define STEP_MAX   1000000
#define STEP_USUAL 100000

// ---- what was found -------------------------------------------------------------------------

SHAPE(static, damage_shape, "Damage",
      FIELD("where", SHAPE_TEXT, 0,
            "an event's number, or the path of a file; empty: the version as a whole"),
      FIELD("what", SHAPE_TEXT, 0, "what is wrong with it"));

typedef struct found {
    arena *a;
    struct {
        str where, what;
    } told[TOLD_MAX];
    uint64_t n;
} found;

static void tell(found *f, str where, const char *what) {
    if (f->n < TOLD_MAX) {
        f->told[f->n].where = where;
        f->told[f->n].what = str_of(what);
    }
    f->n++;
}

// The members "damaged" and "damage".
static void put_found(json_writer *w, const found *f) {
    json_m_i64(w, "damaged", (int64_t)f->n);
    json_m_array(w, "damage");
    for (size_t i = 0; i < f->n && i < TOLD_MAX; i++) {
        json_object(w);
        json_m_string(w, "where", f->told[i].where);
        json_m_string(w, "what", f->told[i].what);
        json_object_end(w);
    }
    json_array_end(w);
}

#define FOUND_FIELDS                                                                           \
    FIELD("damaged", SHAPE_INT, 0, "how many damages this step found"),                        \
        FIELD("damage", SHAPE_OBJECT, SHAPE_LIST, "the first hundred", .sub = &damage_shape)

// ---- the chain of events --------------------------------------------------------------------

SHAPE(static, head_shape, "EventHead",
      FIELD("number", SHAPE_INT, 0, "of the event; 0: there is none yet"),
      FIELD("chain", SHAPE_TEXT, 0,
            "SHA-256 over it and all before it: keep both elsewhere to prove later that "
            "nothing up to there was changed"));

struct head {
    uint64_t has;
    int64_t number;
};
static const msg_field head_fields[] = {
    MSG_FIELD(struct head, number, MSG_INT64, 0, .doc = "of an event; the last by default"),
};
static const msg_type head_msg = MSG_TYPE(struct head, head_fields);

static bool head(call *k, void *msg, err *e) {
    struct head *q = msg;
    sha256 chain = {0};
    if (msg_has(&head_msg, q, "number") && q->number < 1)
        return err_set(e, ERR_INVALID, "events are numbered from 1");
    if (!event_chain(&k->c, &q->number, &chain, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_i64(w, "number", q->number);
    json_m_string(w, "chain", sha256_str(k->c.a, chain));
    json_object_end(w);
    return true;
}
const rpc native_events_head = {.msg = &head_msg, .fn = head, .reply = &head_shape};

SHAPE(static, events_verified_shape, "EventsVerified",
      FIELD("events", SHAPE_INT, 0, "that this step checked"),
      FIELD("number", SHAPE_INT, 0, "of the last one"),
      FIELD("chain", SHAPE_TEXT, 0, "the chain at that one"),
      FIELD("next", SHAPE_INT, SHAPE_OPTIONAL,
            "`after` of the next step; absent: the log ends here"),
      FOUND_FIELDS);

struct events_verify {
    uint64_t has;
    int64_t after, limit;
};
static const msg_field events_verify_fields[] = {
    MSG_FIELD(struct events_verify, after, MSG_INT64, 0,
              .doc = "go on behind this event, which was checked"),
    MSG_FIELD(struct events_verify, limit, MSG_INT64, 0,
              .doc = "events of a step; 100,000 by default"),
};
static const msg_type events_verify_msg = MSG_TYPE(struct events_verify, events_verify_fields);

static void bad_event(void *arg, int64_t ws, int64_t number, const char *what) {
    (void)ws;
    found *f = arg;
    tell(f, f->n < TOLD_MAX ? arena_printf(f->a, "%lld", (long long)number) : (str){0}, what);
}

static bool check_limits(const struct events_verify *q, err *e) {
    return (q->after >= 0 && q->limit >= 0 && q->limit <= STEP_MAX) ||
           err_set(e, ERR_INVALID, "'after' is 0 or more, 'limit' at most %d", STEP_MAX);
}

static bool events_verify(call *k, void *msg, err *e) {
    struct events_verify *q = msg;
    found *f = ARENA_NEW(k->c.a, found);
    event_step s = {0};
    f->a = k->c.a;
    size_t max = q->limit ? (size_t)q->limit : STEP_USUAL;
    if (!check_limits(q, e) || !event_check_step(&k->c, q->after, max, bad_event, f, &s, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_i64(w, "events", (int64_t)s.n);
    json_m_i64(w, "number", s.last);
    json_m_string(w, "chain", sha256_str(k->c.a, s.chain));
    if (!s.end) json_m_i64(w, "next", s.last);
    put_found(w, f);
    json_object_end(w);
    return true;
}
const rpc native_events_verify = {
    .msg = &events_verify_msg, .fn = events_verify, .reply = &events_verified_shape};

// ---- a version ------------------------------------------------------------------------------

SHAPE(static, version_verified_shape, "VersionVerified",
      FIELD("files", SHAPE_INT, 0, "that this step checked"),
      FIELD("bytes", SHAPE_INT, 0, "theirs"),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL,
            "`after` of the next step; absent: this was the last"),
      FOUND_FIELDS);

struct version_verify {
    uint64_t has;
    str after;
    bool bytes;
};
static const msg_field version_verify_fields[] = {
    MSG_FIELD(struct version_verify, after, MSG_STRING, 0, .max = TREE_PATH_MAX,
              .doc = "go on behind this path, `next` of the step before"),
    MSG_FIELD(struct version_verify, bytes, MSG_BOOL, 0,
              .doc = "read all files, and hold them against their digests; else only whether "
                     "they are there"),
};
static const msg_type version_verify_msg =
    MSG_TYPE(struct version_verify, version_verify_fields);

static void bad_file(void *arg, str path, const char *what) {
    found *f = arg;
    tell(f, f->n < TOLD_MAX ? arena_str(f->a, path) : (str){0}, what);
}

static bool version_verify(call *k, void *msg, err *e) {
    struct version_verify *q = msg;
    found *f = ARENA_NEW(k->c.a, found);
    version v;
    content_step s = {0};
    f->a = k->c.a;
    if (!versions_of_path(k, &v, e)) return false;
    if (v.has_content &&
        !content_check_step(&k->c, &v.content, q->after, q->bytes, bad_file, f, &s, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_i64(w, "files", (int64_t)s.files);
    json_m_i64(w, "bytes", (int64_t)s.bytes);
    if (s.next.p) json_m_string(w, "next", s.next);
    put_found(w, f);
    json_object_end(w);
    return true;
}
const rpc native_version_verify = {
    .msg = &version_verify_msg, .fn = version_verify, .reply = &version_verified_shape};
