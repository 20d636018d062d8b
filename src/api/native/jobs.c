// SPDX-License-Identifier: Apache-2.0
// jobs: what works behind the requests: list, look, start. Any thread.
#include "api/native/native_internal.h"
#include "core/event.h"
#include "core/job.h"

static const msg_name states[] = {{"waiting", JOB_WAITING},
                                  {"running", JOB_RUNNING},
                                  {"done", JOB_DONE},
                                  {"failed", JOB_FAILED},
                                  {NULL, 0}};

SHAPE(static, job_shape, "Job", FIELD("id", SHAPE_ID, 0, "its id"),
      FIELD("kind", SHAPE_TEXT, 0, "what it does"),
      FIELD("state", SHAPE_ENUM, 0,
            "waiting (to begin, or to run again), running, done, failed", .names = states),
      FIELD("recurring", SHAPE_BOOL, 0, "does it run by itself, over and over?"),
      FIELD("user", SHAPE_TEXT, 0, "who started it; empty: it runs by itself"),
      FIELD("argument", SHAPE_ANY, SHAPE_OPTIONAL, "what it was started with"),
      FIELD("done", SHAPE_INT, 0, "how much of the work is done"),
      FIELD("total", SHAPE_INT, 0,
            "how much there is, 0: not known. Of pack, fold, seal: total - done waits"),
      FIELD("unit", SHAPE_TEXT, 0, "of done and total"),
      FIELD("detail", SHAPE_TEXT, 0, "what came of it, or what is wrong"),
      FIELD("holder", SHAPE_ID, SHAPE_OPTIONAL, "the process that runs it"),
      FIELD("created_us", SHAPE_INT, 0, "when it was started by its user"),
      FIELD("started_us", SHAPE_INT, SHAPE_OPTIONAL, "when it began to run the last time"),
      FIELD("updated_us", SHAPE_INT, 0, "when this was written"));

SHAPE(static, jobs_shape, "Jobs",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST,
            "jobs, those that run by themselves before all others, then started last first",
            .sub = &job_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static str state_name(job_state s) {
    str name = msg_name_of(states, s);
    return name.n ? name : STR("failed");
}

static void put_job(json_writer *w, const job *j) {
    json_object(w);
    native_m_id(w, "id", j->id);
    json_m_string(w, "kind", str_of(j->kind));
    json_m_string(w, "state", state_name(j->state));
    json_m_bool(w, "recurring", j->recurring);
    json_m_string(w, "user", j->user);
    if (j->argument.n) {
        json_key(w, STR("argument"));
        json_put(w, j->argument);
    }
    json_m_i64(w, "done", j->done);
    json_m_i64(w, "total", j->total);
    json_m_string(w, "unit", j->unit);
    json_m_string(w, "detail", j->detail);
    if (j->held) native_m_id(w, "holder", j->holder);
    json_m_i64(w, "created_us", j->created_us);
    if (j->started_us) json_m_i64(w, "started_us", j->started_us);
    json_m_i64(w, "updated_us", j->updated_us);
    json_object_end(w);
}

static bool parse_id(str text, id *out, err *e) {
    return id_parse(text, out) || err_set(e, ERR_NOT_FOUND, "there is no job '%.*s'",
                                          STR_F(str_upto_code_points(text, 100)));
}

// ---- list, look -----------------------------------------------------------------------------

static bool list(call *k, void *msg, err *e) {
    const struct native_page *q = msg;
    id before = {0};
    job *v;
    size_t max, n;
    bool more;
    if (q->after.n && !id_parse(q->after, &before))
        return err_set(e, ERR_INVALID, "'after' is the cursor `next` of a page before");
    if (!native_page_limit(q, &max, e) || !job_page(&k->c, before, max, &v, &n, &more, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++)
        put_job(w, &v[i]);
    native_list_end(w, more ? id_str(k->c.a, v[n - 1].id) : (str){0});
    return true;
}
const rpc native_jobs_list = {.msg = &native_page_msg, .fn = list, .reply = &jobs_shape};

static bool reply_job(call *k, str text, err *e) {
    id job_id;
    job j;
    if (!parse_id(text, &job_id, e) || !job_get(&k->c, job_id, &j, e)) return false;
    put_job(rpc_reply(k), &j);
    return true;
}

static bool get(call *k, void *msg, err *e) {
    (void)msg;
    return reply_job(k, http_param(k->r, "job"), e);
}
const rpc native_jobs_get = {.fn = get, .reply = &job_shape};

// ---- start ----------------------------------------------------------------------------------

struct start {
    uint64_t has;
    str kind, argument;
};
static const msg_field start_fields[] = {
    MSG_FIELD(struct start, kind, MSG_STRING, MSG_REQUIRED, .max = 100,
              .doc = "check: read everything and say what is damaged"),
    MSG_FIELD(
        struct start, argument, MSG_RAW, 0,
        .doc = "an object, as the kind takes it; check: {\"deep\": true} hashes files again"),
};
static const msg_type start_msg = MSG_TYPE(struct start, start_fields);

static bool start(call *k, void *msg, err *e) {
    struct start *q = msg;
    job j;
    if (!job_start(&k->c, q->kind, q->argument, &j, e)) return false;
    put_job(rpc_reply(k), &j);
    return true;
}
const rpc native_jobs_start = {.msg = &start_msg,
                               .fn = start,
                               .reply = &job_shape,
                               .status = 201,
                               .creates = EVENT_job_started,
                               .again = reply_job};
