// SPDX-License-Identifier: Apache-2.0
// runs_bulk: POST runs/bulk, one act on many runs. What can not be done to a run is told beside
// what was done to the others. Any thread.
#include "api/native/runs.h"

#define BULK_MAX 1000

SHAPE(static, failure_shape, "BulkFailure", FIELD("run", SHAPE_TEXT, 0, "as it was sent"),
      FIELD("detail", SHAPE_TEXT, 0, "why nothing was done to it"));

SHAPE(static, bulk_shape, "BulkDone",
      FIELD("done", SHAPE_INT, 0, "runs that are now as asked for"),
      FIELD("failed", SHAPE_OBJECT, SHAPE_LIST, "the others", .sub = &failure_shape));

enum { ACT_DELETE = 1, ACT_RESTORE, ACT_TAG, ACT_UNTAG, ACT_MOVE };
static const msg_name acts[] = {{"delete", ACT_DELETE}, {"restore", ACT_RESTORE},
                                {"tag", ACT_TAG},       {"untag", ACT_UNTAG},
                                {"move", ACT_MOVE},     {NULL, 0}};

struct bulk {
    uint64_t has;
    int64_t act;
    msg_list runs;
    str key, value, project;
};
static const msg_field bulk_fields[] = {
    MSG_FIELD(struct bulk, act, MSG_ENUM, MSG_REQUIRED, .names = acts),
    MSG_FIELD(struct bulk, runs, MSG_STRINGS, MSG_REQUIRED, .max = BULK_MAX,
              .doc = "their ids"),
    MSG_FIELD(struct bulk, key, MSG_STRING, 0, .max = RUNS_KEY_MAX, .doc = "of tag and untag"),
    MSG_FIELD(struct bulk, value, MSG_STRING, MSG_NUMBER_OK, .max = RUNS_VALUE_MAX,
              .doc = "of tag"),
    MSG_FIELD(struct bulk, project, MSG_STRING, MSG_NUMBER_OK,
              .doc = "of move: the number or name of the project"),
};
static const msg_type bulk_msg = MSG_TYPE(struct bulk, bulk_fields);

static bool take_change(call *k, const struct bulk *q, kv *tag, run_change *c, err *e) {
    if (q->act == ACT_MOVE) {
        c->has_project = true;
        return q->project.n ? native_project_named(k, q->project, &c->project, e)
                            : err_set(e, ERR_INVALID, "'project' is required to move runs");
    }
    if (q->act != ACT_TAG && q->act != ACT_UNTAG) return true;
    if (!q->key.n) return err_set(e, ERR_INVALID, "'key' is required to tag and untag runs");
    *tag = (kv){q->key, q->act == ACT_UNTAG ? (str){0} : q->value.p ? q->value : STR("")};
    c->tags = tag;
    c->n_tags = 1;
    return true;
}

// Those that are ids, and why the others are not.
static size_t take_ids(const struct bulk *q, id *ids, size_t *index, str *failed) {
    size_t n = 0;
    for (size_t i = 0; i < q->runs.n; i++) {
        failed[i] = STR("there is no such run");
        if (!id_parse(*MSG_AT(str, q->runs, i), &ids[n])) continue;
        index[n++] = i;
    }
    return n;
}

static void put_result(json_writer *w, const struct bulk *q, const str *failed) {
    size_t done = 0;
    json_object(w);
    json_m_array(w, "failed");
    for (size_t i = 0; i < q->runs.n; i++) {
        done += !failed[i].p;
        if (!failed[i].p) continue;
        json_object(w);
        json_m_string(w, "run", *MSG_AT(str, q->runs, i));
        json_m_string(w, "detail", failed[i]);
        json_object_end(w);
    }
    json_array_end(w);
    json_m_i64(w, "done", (int64_t)done);
    json_object_end(w);
}

static bool bulk(call *k, void *msg, err *e) {
    struct bulk *q = msg;
    arena *a = k->c.a;
    kv tag;
    run_change c = {0};
    id *ids = ARENA_ARRAY(a, id, q->runs.n);
    size_t *index = ARENA_ARRAY(a, size_t, q->runs.n);
    str *failed = ARENA_ARRAY(a, str, q->runs.n), *of_ids = ARENA_ARRAY(a, str, q->runs.n);
    if (!take_change(k, q, &tag, &c, e)) return false;
    size_t n = take_ids(q, ids, index, failed);
    run_act act = q->act == ACT_DELETE    ? RUN_DO_DELETE
                  : q->act == ACT_RESTORE ? RUN_DO_RESTORE
                                          : RUN_DO_CHANGE;
    if (!run_bulk(&k->c, act, &c, ids, n, of_ids, e)) return false;
    for (size_t i = 0; i < n; i++)
        failed[index[i]] = of_ids[i];
    put_result(rpc_reply(k), q, failed);
    return true;
}
const rpc native_runs_bulk = {.msg = &bulk_msg, .fn = bulk, .reply = &bulk_shape};
